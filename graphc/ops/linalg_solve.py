"""Factorisations, inverses and solutions of matrices: LAPACK through numpy, with gradients of the same operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.loops import Loop
from ..ir.node import Node
from ..ir.operator import Values, declare
from ..ir.types import TensorType, broadcast, shape_str
from . import continued
from .array import matrix_band_part, matrix_diag, matrix_diag_part, matrix_set_diag
from .array_move import Types, expand_dims, unbroadcast
from .linalg_loops import cholesky_loop, determinant_loop, inverse_loop, solve_loop
from .linalg_matmul import matmul, matrix_transpose
from .math import equal, where
from .math_arithmetic import conjugate
from .scopes import composed
from .triangular_loop import triangular_loop

SPD = np.array([[[4.0, 1.0, 0.5], [1.0, 3.0, -0.7], [0.5, -0.7, 2.5]],
                 [[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 3.0]]])
GENERAL = np.array([[2.0, -1.0, 0.5], [0.7, 1.5, -0.4], [-0.3, 0.8, 1.8]])
_SIDES = np.array([[1.0, 2.0], [-0.5, 0.3], [0.8, -1.1]])


def square_matrices(t: TensorType) -> TensorType:
    if t.dtype.kind not in "fc":
        raise DTypeError(f"matrices must be of a floating dtype, not {t.dtype}")
    if t.rank is not None and t.rank < 2:
        raise ShapeError(f"a matrix has rank 2 or more, not {t.rank}")
    if t.shape is not None and None not in t.shape[-2:] and t.shape[-1] != t.shape[-2]:
        raise ShapeError(f"matrices must be square, not {shape_str(t.shape[-2:])}")
    return t


def factored(function: Any, *operands: Any) -> Any:
    try:
        return function(*operands)
    except np.linalg.LinAlgError as e:
        raise InvalidArgumentError(str(e)) from None


def _of_reals(loop: Callable[..., Loop | None]) -> Callable[..., Loop | None]:
    """A loop nest for real numbers; of complex ones the reference runs."""
    return lambda types, type, **attrs: None if types[0].dtype.kind == "c" else loop(types, type, **attrs)


def _transposed(matrix: Any, adjoint: bool) -> Any:
    """Matrices, or their transposes: of complex steps the continuation of what is a transpose of real numbers."""
    return np.swapaxes(matrix, -1, -2) if adjoint else matrix


def _turned(matrix: Any, adjoint: bool) -> Any:
    """Matrices, or their adjoints."""
    turned = _transposed(matrix, adjoint)
    return np.conj(turned) if adjoint and turned.dtype.kind == "c" else turned


def _of_matrix(g: Node, adjoint: bool) -> Node:
    """A gradient by the conjugates of matrices, if it is their adjoint that is solved for, as one by the matrices."""
    return conjugate(g) if adjoint else g


# ---------------------------------------------------------------------- Cholesky

def _cholesky_grad(g: Node, y: Node, input: Node) -> tuple[Node]:
    """sym(L^-H phi(L^H g) L^-1), phi the lower triangle with half the diagonal; of complex numbers for conjugates of gradients.

    Murray 2016, "Differentiation of the Cholesky decomposition", eq. 8.
    """
    phi = matrix_band_part(matmul(conjugate(y), matrix_band_part(conjugate(g), -1, 0), transpose_a=True), -1, 0)
    phi = matrix_set_diag(phi, matrix_diag_part(phi) * 0.5)
    half = matrix_triangular_solve(y, phi, lower=True, adjoint=True)
    s = matrix_transpose(matrix_triangular_solve(conjugate(y), matrix_transpose(half), lower=True, adjoint=True))
    return (conjugate((s + matrix_transpose(conjugate(s))) * 0.5),)


@declare("routine", lambda types, values: square_matrices(types[0]), loop=_of_reals(cholesky_loop), grad=_cholesky_grad, label="Cholesky",
         batch="aligned", complex=True, samples=(([SPD], {}), ([SPD[0]], {})), analytic=continued.cholesky)
def cholesky(input: Any) -> Any:
    """The lower triangular L with L L^H = (A + A^H) / 2, A positive definite."""
    return factored(np.linalg.cholesky, (input + np.conj(np.swapaxes(input, -1, -2))) * input.dtype.type(0.5))


@composed("cholesky_solve", "MatrixTriangularSolve_1")
def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Node:
    """X with A X = rhs, from A's Cholesky factor.

    chol: float[..., n, n], rhs: float[..., n, k]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.cholesky_solve([[2.0]], [[8.0]]))
    array([[2.]], dtype=float32)
    """
    half = matrix_triangular_solve(chol, rhs, lower=True)
    return matrix_triangular_solve(chol, half, lower=True, adjoint=True, name=name)


# ---------------------------------------------------------------------- inverses, determinants, solutions

def _inverse_grad(g: Node, y: Node, input: Node, adjoint: bool) -> tuple[Node]:
    inner = matmul(matmul(y, g, transpose_a=True), y, transpose_b=True)
    return (-_of_matrix(matrix_transpose(inner) if adjoint else inner, adjoint),)


def _inverses(linalg: Any, input: Any, adjoint: bool) -> Any:
    return factored(linalg.inv, _turned(input, adjoint))


@declare("routine", lambda types, values, adjoint: square_matrices(types[0]), loop=_of_reals(inverse_loop), factor=_inverses,
         grad=_inverse_grad, label="MatrixInverse", batch="aligned", complex=True,
         analytic=lambda input, adjoint: factored(np.linalg.inv, _transposed(input, adjoint)),
         samples=(([GENERAL], {}), ([SPD], {"adjoint": True})))
def matrix_inverse(input: Any, *, adjoint: bool = False) -> Any:
    """Inverses of matrices, or of their transposes; of complex numbers of their conjugate transposes."""
    return _inverses(np.linalg, input, adjoint)


def _determinant_type(types: Types, values: Values) -> TensorType:
    t = square_matrices(types[0])
    return TensorType(t.dtype, None if t.shape is None else t.shape[:-2])


def _determinant_grad(g: Node, y: Node, input: Node) -> tuple[Node]:
    return (expand_dims(g * y, (-2, -1)) * matrix_inverse(conjugate(input), adjoint=True),)


def _determinants(linalg: Any, input: Any) -> Any:
    return linalg.det(input)


@declare("routine", _determinant_type, loop=_of_reals(determinant_loop), factor=_determinants, grad=_determinant_grad, label="MatrixDeterminant",
         batch="aligned", complex=True, samples=(([GENERAL], {}), ([SPD], {})))
def matrix_determinant(input: Any) -> Any:
    """Determinants of matrices."""
    return _determinants(np.linalg, input)


def _solution(types: Types, values: Values, **_: Any) -> TensorType:
    a, b = square_matrices(types[0]), types[1]
    if a.dtype != b.dtype:
        raise DTypeError(f"operands have different dtypes, {a.dtype} and {b.dtype}")
    if b.rank is not None and b.rank < 2:
        raise ShapeError(f"right-hand sides must be the columns of a matrix (rank 2 or more), not of rank {b.rank}")
    if a.shape is None or b.shape is None:
        return TensorType(a.dtype, None)
    n = a.shape[-1] if a.shape[-1] is not None else a.shape[-2]
    if None not in (n, b.shape[-2]) and n != b.shape[-2]:
        raise ShapeError(f"{b.shape[-2]} rows on the right do not fit matrices of {n} rows")
    batch = broadcast(a.shape[:-2], b.shape[:-2])
    assert batch is not None
    return TensorType(a.dtype, (*batch, n if n is not None else b.shape[-2], b.shape[-1]))


def _solve_grad(g: Node, y: Node, matrix: Node, rhs: Node, adjoint: bool) -> tuple[Node, Node]:
    gb = matrix_solve(conjugate(matrix), g, adjoint=not adjoint)
    ga = matmul(y, gb, transpose_b=True) if adjoint else matmul(gb, y, transpose_b=True)
    return unbroadcast(-_of_matrix(ga, adjoint), matrix), unbroadcast(gb, rhs)


def _solutions(linalg: Any, matrix: Any, rhs: Any, adjoint: bool) -> Any:
    return factored(linalg.solve, _turned(matrix, adjoint), rhs)


@declare("routine", _solution, loop=_of_reals(solve_loop), factor=_solutions, grad=_solve_grad, label="MatrixSolve", batch="aligned", complex=True,
         analytic=lambda matrix, rhs, adjoint: factored(np.linalg.solve, _transposed(matrix, adjoint), rhs),
         samples=(([GENERAL, _SIDES], {}), ([SPD, (2, 3, 1)], {"adjoint": True})))
def matrix_solve(matrix: Any, rhs: Any, *, adjoint: bool = False) -> Any:
    """X with matrix X = rhs (the transposed matrix if `adjoint`, of complex numbers its conjugate)."""
    return _solutions(np.linalg, matrix, rhs, adjoint)


def _triangular_grad(g: Node, y: Node, matrix: Node, rhs: Node, lower: bool, adjoint: bool) -> tuple[Node, Node]:
    gb = matrix_triangular_solve(conjugate(matrix), g, lower=lower, adjoint=not adjoint)
    ga = matmul(y, gb, transpose_b=True) if adjoint else matmul(gb, y, transpose_b=True)
    ga = matrix_band_part(-_of_matrix(ga, adjoint), -1, 0) if lower else matrix_band_part(-_of_matrix(ga, adjoint), 0, -1)
    return unbroadcast(ga, matrix), unbroadcast(gb, rhs)


@declare("routine", _solution, grad=_triangular_grad, label="triangular_solve/MatrixTriangularSolve",
         batch="aligned", loop=_of_reals(triangular_loop), complex=True,
         analytic=lambda matrix, rhs, lower, adjoint: _substituted(_transposed(matrix, adjoint), rhs, lower is not adjoint),
         samples=(([GENERAL, _SIDES], {}), ([GENERAL, _SIDES], {"lower": False}),
                  ([GENERAL, _SIDES], {"adjoint": True}), ([GENERAL, (3, 23)], {}),
                  ([GENERAL, (3, 22)], {"adjoint": True}),
                  ([SPD, (3, 5)], {}), ([GENERAL, (2, 3, 1)], {"lower": False, "adjoint": True}),
                  ([SPD, (2, 3, 2)], {"lower": False, "adjoint": True})))
def matrix_triangular_solve(matrix: Any, rhs: Any, *, lower: bool = True, adjoint: bool = False) -> Any:
    """X with T X = rhs, T the lower (or upper) triangle of `matrix`, transposed if `adjoint`; infinite where T has a 0 on its diagonal."""
    return _substituted(_turned(matrix, adjoint), rhs, lower is not adjoint)


_BLOCK = 32             # rows that are substituted one by one; what they need of the others is a product of matrices


def _substituted(t: Any, b: Any, lower: bool) -> Any:
    """X with T X = b by substitution, the rows of a triangle in their order: each is as exact as its numbers, however T is conditioned."""
    n = t.shape[-1]
    x = np.array(np.broadcast_to(b, (*np.broadcast_shapes(t.shape[:-2], b.shape[:-2]), *b.shape[-2:])), np.result_type(t, b))
    starts = range(0, n, _BLOCK)
    for start in starts if lower else reversed(starts):
        end = min(start + _BLOCK, n)
        block, done = slice(start, end), slice(0, start) if lower else slice(end, n)
        x[..., block, :] -= t[..., block, done] @ x[..., done, :]
        rows = range(start, end)
        for i in rows if lower else reversed(rows):
            done = slice(start, i) if lower else slice(i + 1, end)
            x[..., i, :] -= (t[..., i:i + 1, done] @ x[..., done, :])[..., 0, :]
            x[..., i, :] /= t[..., i, i, None]
    return x


# ---------------------------------------------------------------------- eigenvalues

def _eigen_types(types: Types, values: Values) -> tuple[TensorType, TensorType]:
    t = square_matrices(types[0])
    return TensorType(t.dtype, None if t.shape is None else t.shape[:-1]), t


def _eigen_grad(g: Any, y: Any, tensor: Node) -> tuple[Node]:
    """V (diag(g_e) + F * V^T g_V) V^T, F_ij = 1 / (e_j - e_i) off the diagonal, 0 on it.

    Giles 2008, "Collected matrix derivative results for forward and reverse mode", section 3.1.
    """
    e, v = y
    gap = expand_dims(e, -2) - expand_dims(e, -1)
    same = equal(gap, 0.0)
    f = where(same, 0.0, 1.0 / where(same, 1.0, gap))
    inner = matrix_diag(g[0]) + f * matmul(v, g[1], transpose_a=True)
    s = matmul(matmul(v, inner), v, transpose_b=True)
    return ((s + matrix_transpose(s)) * 0.5,)


def _eigen(linalg: Any, tensor: Any) -> Any:
    e, v = factored(linalg.eigh, (tensor + np.swapaxes(tensor, -1, -2)) * tensor.dtype.type(0.5))
    largest = np.take_along_axis(v, np.argmax(np.abs(v), axis=-2, keepdims=True), -2) if v.size else v[..., :0, :]
    return e, v * np.where(largest < 0, -1, 1).astype(v.dtype) if v.size else v


@declare("host", _eigen_types, results=("e", "v"), factor=_eigen, grad=_eigen_grad, label="SelfAdjointEigV2", batch="aligned", analytic=False,
         samples=(([SPD[0]], {}),))
def self_adjoint_eig(tensor: Any) -> Any:
    """Eigenvalues, ascending, and eigenvectors (columns, the largest component positive) of symmetric matrices.

    float[..., n, n] -> (float[..., n], float[..., n, n]). DTypeError: not floating. ShapeError: not square.

    >>> tf.Session(jit=False).run(tf.self_adjoint_eig([[2.0, 0.0], [0.0, 1.0]])[0])
    array([1., 2.], dtype=float32)
    """
    return _eigen(np.linalg, tensor)


__all__ = ["cholesky", "cholesky_solve", "matrix_inverse", "matrix_determinant", "matrix_solve",
           "matrix_triangular_solve", "self_adjoint_eig"]
