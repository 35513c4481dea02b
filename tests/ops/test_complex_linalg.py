"""Linear algebra of complex matrices: values by numpy, derivatives by central differences, and products that must give back what was taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from tests.draws import draws

RNG = draws(3)


def drawn(*shape: int) -> Any:
    return RNG.normal(size=shape) + 1j * RNG.normal(size=shape)


A, B = drawn(2, 3, 3) + 3 * np.eye(3), drawn(2, 3, 2)
POSITIVE = A @ np.conj(np.swapaxes(A, -1, -2))
UPPER, LOWER = np.triu(A), np.tril(A)


def turned(a: Any) -> Any:
    return np.conj(np.swapaxes(a, -1, -2))


def hermitian(a: Any) -> Any:
    return (a + turned(a)) / 2


# name: the function, its operands, what numpy makes of them
ROWS: dict[str, tuple[Any, tuple[Any, ...], Any]] = {
    "inverse": (tf.matrix_inverse, (A,), np.linalg.inv),
    "inverse, adjoint": (lambda a: tf.matrix_inverse(a, adjoint=True), (A,), lambda a: np.linalg.inv(turned(a))),
    "determinant": (tf.matrix_determinant, (A,), np.linalg.det),
    "solve": (tf.matrix_solve, (A, B), np.linalg.solve),
    "solve, adjoint": (lambda a, b: tf.matrix_solve(a, b, adjoint=True), (A, B), lambda a, b: np.linalg.solve(turned(a), b)),
    "lower": (tf.matrix_triangular_solve, (LOWER, B), lambda a, b: np.linalg.solve(np.tril(a), b)),
    "upper": (lambda a, b: tf.matrix_triangular_solve(a, b, lower=False), (UPPER, B), lambda a, b: np.linalg.solve(np.triu(a), b)),
    "lower, adjoint": (lambda a, b: tf.matrix_triangular_solve(a, b, adjoint=True), (LOWER, B), lambda a, b: np.linalg.solve(turned(np.tril(a)), b)),
    "cholesky": (tf.cholesky, (POSITIVE,), lambda a: np.linalg.cholesky(hermitian(a))),
    "cholesky solve": (lambda a, b: tf.cholesky_solve(tf.cholesky(a), b), (POSITIVE, B), lambda a, b: np.linalg.solve(hermitian(a), b)),
}


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("row", ROWS)
def test_values(row: str, dtype: str, session: tf.Session) -> None:
    function, operands, wanted = ROWS[row]
    found = session.run(function(*(tf.constant(x, dtype) for x in operands)))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, wanted(*operands), rtol=2e-4 if dtype == "complex64" else 1e-10, atol=1e-4 if dtype == "complex64" else 1e-11)


@pytest.mark.parametrize("row", ROWS)
def test_gradients_are_the_directions_of_steepest_ascent(row: str, session: tf.Session) -> None:
    """d Re(sum(conj(w) f)) by real and imaginary parts of each operand, as TensorFlow counts complex gradients.

    TensorFlow's own gradient of a determinant lacks a conjugate, and is no derivative.
    """
    function, operands, reference = ROWS[row]
    nodes = [tf.constant(x) for x in operands]
    y = function(*nodes)
    w = np.random.default_rng(5).normal(size=y.shape.as_list()) * (1 + 0.5j)
    found = session.run(tf.gradients(y, nodes, grad_ys=tf.constant(w)))
    step = 1e-6
    for i, x in enumerate(operands):
        wanted = np.zeros_like(x)
        for place in np.ndindex(x.shape):
            for unit in (1, 1j):
                moved = []
                for sign in (1, -1):
                    other = x.copy()
                    other[place] += sign * step * unit
                    moved.append(np.sum(np.real(np.conj(w) * reference(*operands[:i], other, *operands[i + 1:]))))
                wanted[place] += unit * (moved[0] - moved[1]) / (2 * step)
        np.testing.assert_allclose(found[i], wanted, rtol=1e-6, atol=1e-6 * np.abs(wanted).max())


@pytest.mark.parametrize("make", [lambda a: tf.svd(a), lambda a: tf.self_adjoint_eig(a), lambda a: tf.qr(a), lambda a: tf.log_matrix_determinant(a)])
def test_what_is_of_real_matrices_alone(make: Any) -> None:
    with pytest.raises(tf.errors.DTypeError, match="complex128"):
        make(tf.constant(A))
