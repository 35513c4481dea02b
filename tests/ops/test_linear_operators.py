"""Linear operators: what each does is what NumPy does with its matrix."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from tests.draws import draws

RANDOM = draws(3)
FULL = RANDOM.normal(size=(2, 3, 3)) + 3 * np.eye(3)
X, V = RANDOM.normal(size=(2, 3, 4)), RANDOM.normal(size=(2, 3))
U, D = RANDOM.normal(size=(2, 3, 2)), RANDOM.normal(size=(2, 2))
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
    "blocks": (lambda x: tf.linalg.LinearOperatorBlockDiag([tf.linalg.LinearOperatorFullMatrix(x[:, :2, :2]),
                                                            tf.linalg.LinearOperatorDiag(x[:, 2, 2:])]), FULL,
               np.stack([np.block([[m[:2, :2], np.zeros((2, 1))], [np.zeros((1, 2)), m[2:, 2:]]]) for m in FULL])),
    "low rank": (lambda x: tf.linalg.LinearOperatorLowRankUpdate(tf.linalg.LinearOperatorFullMatrix(x), U, D, X[:, :, :2]), FULL,
                 FULL + (U * D[:, None]) @ np.swapaxes(X[:, :, :2], 1, 2)),
    "low rank of one": (lambda x: tf.linalg.LinearOperatorLowRankUpdate(tf.linalg.LinearOperatorDiag(x), U), np.abs(V) + 1.0,
                        np.stack([np.diag(v) for v in np.abs(V) + 1.0]) + U @ np.swapaxes(U, 1, 2)),
    "circulant": (lambda x: tf.linalg.LinearOperatorCirculant(tf.spectral.fft(tf.cast(x, tf.complex128)), tf.float64), V + [[4.0, 0.0, 0.0]],
                  np.stack([np.stack([np.roll(v, k) for k in range(3)], 1) for v in V + [[4.0, 0.0, 0.0]]])),
    "Toeplitz": (lambda x: tf.linalg.LinearOperatorToeplitz(x, np.concatenate([V[:, :1] + 5.0, V[:, :2]], 1)),
                 np.concatenate([V[:, :1] + 5.0, V[:, 1:]], 1),
                 np.stack([[[v[0] + 5, v[0], v[1]], [v[1], v[0] + 5, v[0]], [v[2], v[1], v[0] + 5]] for v in V])),
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


@pytest.mark.parametrize("kind", KINDS)
def test_names_of_results(kind):
    make, given, _ = KINDS[kind]
    operator = make(tf.constant(given))
    made = {"to_dense": (), "matmul": (X,), "matvec": (V,), "solve": (X,), "solvevec": (V,), "diag_part": (), "trace": (), "determinant": (),
            "log_abs_determinant": (), "add_to_tensor": (FULL,), "shape_tensor": ()}
    assert {method: getattr(operator, method)(*operands, name=f"of_{method}").op.name for method, operands in made.items()} \
        == {method: f"of_{method}" for method in made}


def test_adjoint_operands_are_conjugated(session):
    matrix, x = FULL[0] + 1j * FULL[1], X[0] + 1j * X[1]
    for operator in (tf.linalg.LinearOperatorFullMatrix(matrix), tf.linalg.LinearOperatorInversion(tf.linalg.LinearOperatorFullMatrix(matrix))):
        whole = session.run(operator.to_dense())
        np.testing.assert_allclose(session.run(operator.solve(x.conj().T, adjoint_arg=True)), np.linalg.solve(whole, x), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(session.run(operator.matmul(x.conj().T, adjoint_arg=True)), whole @ x, rtol=1e-10, atol=1e-12)


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


# ---------------------------------------------------------------------- circulant matrices of pictures, zeros

SPECTRUM = RANDOM.normal(size=(2, 3, 2, 2)) + 1j * RANDOM.normal(size=(2, 3, 2, 2))


@pytest.mark.parametrize("make, depth", [
    (tf.linalg.LinearOperatorCirculant, 1), (tf.linalg.LinearOperatorCirculant2D, 2), (tf.linalg.LinearOperatorCirculant3D, 3)])
def test_convolutions(make, depth, session):
    spectrum = SPECTRUM.reshape({1: (2, 12), 2: (2, 3, 4), 3: (2, 3, 2, 2)}[depth])
    axes = tuple(range(1, 1 + depth))
    operator = make(tf.constant(spectrum), tf.complex128)
    x = (RANDOM.normal(size=(2, 12)) + 1j * RANDOM.normal(size=(2, 12))).astype(complex)
    wanted = np.fft.ifftn(np.fft.fftn(x.reshape(spectrum.shape), axes=axes) * spectrum, axes=axes).reshape(2, 12)
    found, matrix, back, kernel, log_abs, determinant, trace = session.run(
        [operator.matvec(x), operator.to_dense(), operator.solvevec(wanted), operator.convolution_kernel(), operator.log_abs_determinant(),
         operator.determinant(), operator.trace()])
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(np.einsum("bij,bj->bi", matrix, x), wanted, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(back, x, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(kernel, np.fft.ifftn(spectrum, axes=axes), atol=1e-14)
    np.testing.assert_allclose([log_abs, np.log(np.abs(determinant))], [np.linalg.slogdet(matrix)[1]] * 2, rtol=1e-10)
    np.testing.assert_allclose(determinant, np.linalg.det(matrix), rtol=1e-9)
    np.testing.assert_allclose(trace, np.trace(matrix, axis1=1, axis2=2), rtol=1e-10)
    assert operator.block_depth == depth and operator.block_shape.as_list() == list(spectrum.shape[1:]) and operator.dtype == tf.complex128
    assert session.run(operator.block_shape_tensor()).tolist() == list(spectrum.shape[1:])
    np.testing.assert_allclose(session.run(operator.matvec(x, adjoint=True)), np.einsum("bji,bj->bi", matrix.conj(), x), rtol=1e-10, atol=1e-12)


def test_hermitian_spectra(session):
    session.run(tf.linalg.LinearOperatorCirculant(np.array([1.0, 2.0, 3.0, 2.0]), tf.float64).assert_hermitian_spectrum())
    with pytest.raises(tf.errors.InvalidArgumentError, match="not hermitian"):
        session.run(tf.linalg.LinearOperatorCirculant(np.array([1.0, 2.0, 3.0, 4.0]), tf.float64).assert_hermitian_spectrum())
    assert tf.linalg.LinearOperatorCirculant([1.0, 2.0]).is_self_adjoint and tf.linalg.LinearOperatorCirculant([1.0]).dtype == tf.complex64


def test_zeros(session):
    operator = tf.linalg.LinearOperatorZeros(2, 3, [2], tf.float64, is_self_adjoint=False, is_square=False)
    assert session.run(operator.matmul(X)).tolist() == np.zeros((2, 2, 4)).tolist() and operator.shape.as_list() == [2, 2, 3]
    square = tf.linalg.LinearOperatorZeros(2)
    assert session.run([square.determinant(), square.trace()]) == [0.0, 0.0] and square.dtype == tf.float32
    with pytest.raises(tf.errors.GraphError, match="solve nothing"):
        square.solve([[1.0], [2.0]])


def test_hints_of_updates():
    base = tf.linalg.LinearOperatorDiag([1.0, 2.0], is_self_adjoint=True, is_positive_definite=True)
    operator = tf.linalg.LinearOperatorLowRankUpdate(base, [[1.0], [1.0]])
    assert operator.is_self_adjoint and operator.is_positive_definite and operator.is_diag_update_positive and operator.diag_update is None
    assert operator.u is operator.v and operator.base_operator is base and len(operator.graph_parents) == 3


@pytest.mark.parametrize("make, error", [
    (lambda: tf.linalg.LinearOperatorBlockDiag([]), tf.errors.GraphError),
    (lambda: tf.linalg.LinearOperatorBlockDiag([tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0]])]), tf.errors.ShapeError),
    (lambda: tf.linalg.LinearOperatorLowRankUpdate(FULL, U), tf.errors.GraphError),
    (lambda: tf.linalg.LinearOperatorLowRankUpdate(tf.linalg.LinearOperatorDiag([1.0]), tf.ones([1, 1], tf.float64)), tf.errors.DTypeError),
    (lambda: tf.linalg.LinearOperatorLowRankUpdate(tf.linalg.LinearOperatorDiag([1.0]), [1.0]), tf.errors.ShapeError),
    (lambda: tf.linalg.LinearOperatorLowRankUpdate(tf.linalg.LinearOperatorDiag([1.0]), [[1.0]], is_diag_update_positive=False),
     tf.errors.GraphError),
    (lambda: tf.linalg.LinearOperatorCirculant(1.0), tf.errors.ShapeError), (lambda: tf.linalg.LinearOperatorCirculant([1]), tf.errors.DTypeError),
    (lambda: tf.linalg.LinearOperatorCirculant([1.0], tf.int32), tf.errors.DTypeError),
    (lambda: tf.linalg.LinearOperatorCirculant2D([1.0]), tf.errors.ShapeError),
    (lambda: tf.linalg.LinearOperatorToeplitz([1.0, 2.0], [1.0]), tf.errors.ShapeError),
    (lambda: tf.linalg.LinearOperatorToeplitz(1.0, [1.0]), tf.errors.ShapeError),
    (lambda: tf.linalg.LinearOperatorToeplitz([1.0], [1.0], is_square=False), tf.errors.GraphError),
    (lambda: tf.linalg.LinearOperatorZeros(2, 3), tf.errors.GraphError),
    (lambda: tf.linalg.LinearOperatorZeros(2, is_non_singular=True), tf.errors.GraphError),
])
def test_what_has_no_such_structure(make, error):
    with pytest.raises(error):
        make()


@pytest.mark.parametrize("make, use", [
    (lambda: tf.linalg.LinearOperatorCirculant(np.ones(2, np.complex64)), "matmul"),
    (lambda: tf.linalg.LinearOperatorCirculant(np.ones(2, np.complex64)), "solve"),
    (lambda: tf.linalg.LinearOperatorToeplitz([1.0, 2.0], [1.0, 2.0]), "matmul"),
    (lambda: tf.linalg.LinearOperatorBlockDiag([tf.linalg.LinearOperatorIdentity(2)]), "matmul"),
    (lambda: tf.linalg.LinearOperatorBlockDiag([tf.linalg.LinearOperatorIdentity(2)]), "solve")])
def test_rows_that_do_not_fit_are_told(make, use):
    operator = make()
    with pytest.raises(tf.errors.ShapeError, match=r"x: \w+\[3,1\] .*has 3 rows, and the operator is of shape"):
        getattr(operator, use)(tf.ones([3, 1], operator.dtype, name="x"))
