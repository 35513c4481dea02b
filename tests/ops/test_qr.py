"""QR of small matrices by reflections of our own: the factors that LAPACK gives by way of NumPy, signs included, whatever numbers there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf

# The last two are beyond what the loop is for.
SHAPES = [(1, 1), (2, 2), (8, 8), (4, 1), (1, 4), (3, 5, 2), (2, 2, 5), (2, 3, 6, 6), (64, 9), (9, 64), (0, 3, 3), (0, 3), (3, 0), (65, 3), (3, 65)]
# name: what becomes of drawn numbers; of full rank or nothing but zeros below, or rounding would decide the signs
KINDS: dict[str, Any] = {
    "any": lambda x: x, "zeros": lambda x: 0 * x, "upper": np.triu, "large": lambda x: x * 1e300,
    "tiny": lambda x: x * 1e-300, "first column large": lambda x: x * np.where(np.arange(x.shape[-1]) == 0, 1e300, 1.0),
}


def drawn(shape: tuple[int, ...], kind: str) -> Any:
    return KINDS[kind](np.random.default_rng(11).normal(size=shape))


def factors(x: Any, full: bool, known: bool = True) -> Any:
    with tf.Graph().as_default(), tf.Session() as session:
        place = tf.placeholder(x.dtype, x.shape if known else [None] * x.ndim)
        return session.run(list(tf.qr(place, full_matrices=full)), {place: x})


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_factors_are_those_of_lapack(shape: tuple[int, ...], full: bool) -> None:
    for kind in KINDS:
        x = drawn(shape, kind)
        wanted = np.linalg.qr(x, "complete" if full else "reduced")
        for known in (True, False):
            for found, right in zip(factors(x, full, known), wanted, strict=True):
                largest = np.abs(right).max(-2, keepdims=True, initial=0.0)        # of each column
                assert found.shape == right.shape and found.dtype == right.dtype
                assert (np.abs(found - right) <= 1e-12 * largest).all(), (kind, known)


@pytest.mark.parametrize("shape", [(8, 8), (3, 5, 2), (2, 2, 5)], ids=str)
def test_float32_is_computed_in_float64(shape: tuple[int, ...]) -> None:
    x = drawn(shape, "any").astype(np.float32)
    for found, right in zip(factors(x, False), np.linalg.qr(x.astype(np.float64)), strict=True):
        assert found.dtype == np.float32
        assert (np.abs(found - right) <= 0.51 * np.spacing(np.abs(right).astype(np.float32)) + 1e-12).all()


def test_what_is_no_number_stays_in_its_matrix() -> None:
    x = drawn((3, 4, 4), "any")
    x[1, 2, 1] = np.nan
    for found, right in zip(factors(x, False), np.linalg.qr(x), strict=True):
        assert np.isnan(found[1]).any()
        np.testing.assert_allclose(found[[0, 2]], right[[0, 2]], rtol=0, atol=1e-12)
