"""Sums of many elements: their error does not grow with the number of elements, their bits do not depend on the number of threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import graphc as tf


class Case(NamedTuple):
    """What is computed from an array made by `shape`, and the wanted value, computed from the array in float64."""

    name: str
    shape: tuple[int, ...]
    build: Callable[[Any], Any]
    wanted: Callable[[np.ndarray], np.ndarray]
    error: float = 5e-6         # relative: of partial sums of 512 equal elements, one after another


def sums(name: str, shape: tuple[int, ...], axis: Any, error: float = 5e-6, view: Callable[[Any], Any] = lambda x: x) -> Case:
    return Case(name, shape, lambda x: tf.reduce_sum(view(x), axis=axis), lambda x: view(x).sum(axis, dtype=np.float64), error)


def by_id(x: np.ndarray) -> np.ndarray:
    return np.stack([x[IDS == i].sum(0, dtype=np.float64) for i in range(3)])


IDS = np.arange(200_000, dtype=np.int32) % 3
CASES = [
    sums("rows", (2, 1_000_000), 1, 1e-6),
    sums("rows of two axes", (3, 200, 3000), (1, 2), 1e-6),
    sums("rows with a hole", (3, 200, 3001), (1, 2), 1e-6, lambda x: x[:, :, :-1]),
    sums("rows of short ends", (3, 50_000, 4), (1, 2), 5e-6, lambda x: x[:, :, :-1]),
    sums("every other of a row", (2, 600_000), 1, 5e-6, lambda x: x[:, ::2]),
    sums("all", (1_000_000,), None, 2e-6),
    sums("all, with a hole", (3, 300_001), None, 2e-6, lambda x: x[:, :-1]),
    sums("all, in short rows", (300_000, 4), None, 5e-6, lambda x: x[:, :-1]),
    sums("columns", (300_000, 3), 0),
    sums("columns of 1,024 times four rows", (4096, 20), 0, 1e-5),
    sums("columns of four rows at a time and a rest", (4095, 3), 0, 1e-5),
    sums("columns of two axes, the inner one short", (1200, 3, 20), (0, 1), view=lambda x: x[:, :-1]),
    sums("one column", (300_000, 3), 0, view=lambda x: x[:, 1]),
    sums("wide columns", (2000, 5000), 0),
    sums("columns of two axes", (300, 1000, 5), (0, 1), view=lambda x: x[:, :-1]),
    sums("columns of three axes, two of them short", (400, 15, 15, 5), (0, 1, 2), view=lambda x: x[:, :-1, :-1]),
    sums("columns that lie inside", (5, 60_000, 3), 1),
    sums("columns around an axis", (2000, 3, 40), (0, 2), 5e-6),
    sums("columns, every other", (3, 5000, 4, 3), (1, 2), view=lambda x: x[:, :, ::2]),
    sums("columns behind another axis", (5000, 6, 8), 0, view=lambda x: x[:, :, ::2]),
    sums("wide columns behind another axis", (2000, 90, 101), 0, view=lambda x: x[:, :, :-1]),
    Case("mean of rows", (2, 1_000_000), lambda x: tf.reduce_mean(x, axis=1), lambda x: x.mean(1, dtype=np.float64), 1e-6),
    Case("norm of columns", (300_000, 2), lambda x: tf.reduce_sum(tf.square(x), axis=0), lambda x: np.square(np.float64(x)).sum(0)),
    Case("softmax of a long row", (2, 300_000), tf.nn.softmax, lambda x: np.full(x.shape, 1 / x.shape[1]), 1e-6),
    Case("segments", (200_000, 2), lambda x: tf.unsorted_segment_sum(x, IDS, 3), lambda x: by_id(x), 1e-7),
    Case("places", (200_000, 2), lambda x: tf.scatter_nd(IDS[:, None], x, [3, 2]), lambda x: by_id(x), 1e-7),
    Case("running sums", (300_000, 2), lambda x: tf.cumsum(x, axis=0), lambda x: np.cumsum(x, 0, dtype=np.float64), 1e-7),
]


def run(case: Case, x: np.ndarray, threads: int = 2, jit: bool = True) -> np.ndarray:
    with tf.Graph().as_default():
        given = tf.placeholder(x.dtype, x.shape)
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads), jit=jit) as session:
            return session.run(case.build(given), {given: x})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_error_does_not_grow_with_the_number_of_elements(case: Case) -> None:
    """Equal elements are the worst there is: all roundings go the same way."""
    x = np.full(case.shape, 0.1, np.float32)
    wanted = case.wanted(x)
    for jit in (True, False):
        found = run(case, x, jit=jit)
        assert found.dtype == np.float32 and found.shape == wanted.shape
        assert np.max(np.abs(found / wanted - 1)) < case.error, "compiled" if jit else "interpreted"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bits_are_the_same_for_any_number_of_threads(case: Case) -> None:
    x = np.random.default_rng(0).standard_normal(case.shape).astype(np.float32)
    found = [run(case, x, threads) for threads in (1, 2, 3)]
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])
    scale = np.abs(case.wanted(np.abs(x))).max()
    assert np.allclose(found[0], case.wanted(x), rtol=0, atol=1e-6 * scale) or case.name.startswith("softmax")


def test_mean_of_twenty_million_ones_is_one() -> None:
    x = np.ones((20_000_000, 1), np.float32)
    for view in (lambda x: x, lambda x: tf.concat([x[:4_000_000]] * 5, axis=0)):
        with tf.Graph().as_default(), tf.Session() as session:
            given = tf.placeholder(tf.float32, [None, 1])
            both = tf.concat([view(given), given], axis=1)
            assert session.run(tf.reduce_mean(both, axis=0), {given: x}).tolist() == [1.0, 1.0]


# Reductions that do not round, of integers, and several in one loop: rows that are cut into blocks for a sum's sake, and columns.
@pytest.mark.parametrize("shape, axis", [((3, 40_000), 1), ((40_000, 3), 0), ((3, 4000, 5), 1), ((70_000,), 0)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.uint8])
def test_all_reductions_of_many_elements(shape: tuple[int, ...], axis: int, dtype: Any) -> None:
    x = np.random.default_rng(1).integers(0, 100, shape).astype(dtype)
    with tf.Graph().as_default(), tf.Session() as session:
        given = tf.placeholder(dtype, shape)
        found = session.run([tf.reduce_sum(given, axis=axis), tf.reduce_max(given, axis=axis), tf.reduce_min(given, axis=axis),
                             tf.reduce_any(given > 98, axis=axis), tf.reduce_all(given < 99, axis=axis), tf.reduce_sum(given * given, axis=axis),
                             tf.reduce_prod(tf.where(given > 90, tf.ones_like(given), given - given), axis=axis)], {given: x})
    exact = np.float64 if dtype == np.float32 else dtype
    wanted = [x.sum(axis, dtype=exact), x.max(axis), x.min(axis), (x > 98).any(axis), (x < 99).all(axis), (x * x).sum(axis, dtype=exact),
              np.where(x > 90, 1, 0).prod(axis)]
    for got, want in zip(found, wanted, strict=True):
        assert np.allclose(got, want, rtol=1e-6 if dtype == np.float32 else 1e-14)
