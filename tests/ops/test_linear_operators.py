"""Linear operators: what each does is what NumPy does with its matrix."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

RANDOM = np.random.default_rng(3)
FULL = RANDOM.normal(size=(2, 3, 3)) + 3 * np.eye(3)
X, V = RANDOM.normal(size=(2, 3, 4)), RANDOM.normal(size=(2, 3))
KINDS: dict[str, tuple[Any, Any, Any]] = {
    "full": (tf.linalg.LinearOperatorFullMatrix, FULL, FULL),
    "lower": (tf.linalg.LinearOperatorLowerTriangular, FULL, np.tril(FULL)),
    "diagonal": (tf.linalg.LinearOperatorDiag, V + 3.0 * np.sign(V), np.stack([np.diag(v + 3.0 * np.sign(v)) for v in V])),
    "scaled unit": (lambda x: tf.linalg.LinearOperatorScaledIdentity(3, x), np.array([2.0, -0.5]), np.array([2.0 * np.eye(3), -0.5 * np.eye(3)])),
    "unit": (lambda x: tf.linalg.LinearOperatorIdentity(3, [2], tf.float64), 0.0, np.stack([np.eye(3)] * 2)),
    "reflection": (tf.linalg.LinearOperatorHouseholder, V, np.stack([np.eye(3) - 2 * np.outer(v, v) / (v @ v) for v in V])),
    "product": (lambda x: tf.linalg.LinearOperatorComposition([tf.linalg.LinearOperatorLowerTriangular(x), tf.linalg.LinearOperatorFullMatrix(x)]),
                FULL, np.tril(FULL) @ FULL),
    "adjoint": (lambda x: tf.linalg.LinearOperatorAdjoint(tf.linalg.LinearOperatorLowerTriangular(x)), FULL, np.swapaxes(np.tril(FULL), 1, 2)),
    "inverse": (lambda x: tf.linalg.LinearOperatorInversion(tf.linalg.LinearOperatorFullMatrix(x)), FULL, np.linalg.inv(FULL)),
    "Kronecker": (lambda x: tf.linalg.LinearOperatorKronecker([tf.linalg.LinearOperatorFullMatrix(np.array([[2.0]])),
                                                               tf.linalg.LinearOperatorFullMatrix(x)]), FULL, 2.0 * FULL),
}
# A method, and what it gives of a matrix.
METHODS: list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = [
    ("to_dense", lambda op: op.to_dense(), lambda m: m),
    ("matmul", lambda op: op.matmul(X), lambda m: m @ X),
    ("matmul adjoint", lambda op: op.matmul(X, adjoint=True), lambda m: np.swapaxes(m, 1, 2) @ X),
    ("matmul of an adjoint", lambda op: op.matmul(np.swapaxes(X, 1, 2), adjoint_arg=True), lambda m: m @ X),
    ("matvec", lambda op: op.matvec(V), lambda m: np.einsum("bij,bj->bi", m, V)),
    ("solve", lambda op: op.solve(X), lambda m: np.linalg.solve(m, X)),
    ("solve adjoint", lambda op: op.solve(X, adjoint=True), lambda m: np.linalg.solve(np.swapaxes(m, 1, 2), X)),
    ("solve of an adjoint", lambda op: op.solve(np.swapaxes(X, 1, 2), adjoint_arg=True), lambda m: np.linalg.solve(m, X)),
    ("solvevec", lambda op: op.solvevec(V), lambda m: np.linalg.solve(m, V[..., None])[..., 0]),
    ("diag_part", lambda op: op.diag_part(), lambda m: np.diagonal(m, axis1=1, axis2=2)),
    ("trace", lambda op: op.trace(), lambda m: np.trace(m, axis1=1, axis2=2)),
    ("determinant", lambda op: op.determinant(), np.linalg.det),
    ("log_abs_determinant", lambda op: op.log_abs_determinant(), lambda m: np.linalg.slogdet(m)[1]),
    ("add_to_tensor", lambda op: op.add_to_tensor(FULL), lambda m: m + FULL),
    ("shape_tensor", lambda op: op.shape_tensor(), lambda m: np.array(m.shape, "int32")),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method, wanted", [m[1:] for m in METHODS], ids=[m[0] for m in METHODS])
def test_method(method, wanted, kind, session):
    make, given, matrix = KINDS[kind]
    operator = make(tf.constant(given))
    assert operator.shape.as_list() == [2, 3, 3] and operator.dtype == tf.float64
    found = session.run(method(operator))
    np.testing.assert_allclose(found, wanted(matrix), rtol=1e-10, atol=1e-12)
    assert found.dtype == wanted(matrix).dtype


@pytest.mark.parametrize("make, error", [
    (lambda: tf.linalg.LinearOperatorFullMatrix([[1, 2], [3, 4]]), tf.errors.DTypeError),
    (lambda: tf.linalg.LinearOperatorLowerTriangular([1.0]), tf.errors.ShapeError),
    (lambda: tf.linalg.LinearOperatorDiag(1.0), tf.errors.ShapeError)])
def test_what_is_no_matrix(make, error):
    with pytest.raises(error):
        make()


def test_kronecker_of_two():
    a, b = np.array([[1.0, 2.0, 3.0]]), np.array([[0.0, 5.0], [6.0, 7.0]])
    found = tf.linalg.LinearOperatorKronecker([tf.linalg.LinearOperatorFullMatrix(m) for m in (a, b, a)]).to_dense()
    np.testing.assert_array_equal(tf.Session(jit=False).run(found), np.kron(np.kron(a, b), a))


@pytest.mark.parametrize("make, error", [
    (lambda: tf.linalg.LinearOperatorComposition([]), tf.errors.GraphError), (lambda: tf.linalg.LinearOperatorAdjoint(FULL), tf.errors.GraphError),
    (lambda: tf.linalg.LinearOperatorScaledIdentity(2, 1), tf.errors.DTypeError),
    (lambda: tf.linalg.LinearOperatorHouseholder(1.0), tf.errors.ShapeError),
    (lambda: tf.linalg.LinearOperatorKronecker([tf.linalg.LinearOperatorDiag([1.0]),
                                                        tf.linalg.LinearOperatorDiag(np.ones(1))]), tf.errors.DTypeError)])
def test_what_is_no_operator(make, error):
    with pytest.raises(error):
        make()
