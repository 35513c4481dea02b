"""Singular values, QR, logarithms of determinants and least squares: LAPACK through numpy, with gradients of the same operators."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, GradientError, ShapeError
from ..ir.node import Node, saying
from ..ir.operator import Values, declare, to_node
from ..ir.sizes import minimum
from ..ir.types import TensorType, shape_str
from .array import eye, matrix_band_part, matrix_diag, matrix_diag_part
from .array_join import concat
from .array_move import Types, expand_dims, shape
from .linalg_loops import log_determinant_loop
from .linalg_matmul import matmul, matrix_transpose
from .linalg_solve import (
    GENERAL,
    SPD,
    cholesky,
    cholesky_solve,
    factored,
    matrix_inverse,
    matrix_triangular_solve,
    self_adjoint_eig,
    square_matrices,
)
from .math import equal, log, where
from .qr_loop import qr_loop
from .reduce import reduce_sum
from .scopes import composed

_TALL = np.array([[2.0, -1.0], [0.7, 1.5], [-0.3, 0.8]])


def _matrices(t: TensorType) -> TensorType:
    if t.dtype.kind != "f":
        raise DTypeError(f"matrices must be of a floating dtype, not {t.dtype}")
    if t.rank is not None and t.rank < 2:
        raise ShapeError(f"a matrix has rank 2 or more, not {t.rank}")
    return t


def _sides(t: TensorType) -> tuple[Any, Any, Any, Any]:
    """The axes of the batch, rows, columns, and the smaller of both, of matrices of known rank."""
    assert t.shape is not None
    *batch, m, n = t.shape
    return tuple(batch), m, n, None if m is None or n is None else minimum(m, n)


def _differ(t: TensorType) -> bool:
    """Whether matrices are known to have more of rows or columns."""
    return t.shape is not None and None not in t.shape[-2:] and t.shape[-1] != t.shape[-2]


# ---------------------------------------------------------------------- singular values

def _svd_types(types: Types, values: Values, full_matrices: bool) -> tuple[TensorType, TensorType, TensorType]:
    t = _matrices(types[0])
    if t.shape is None:
        return (TensorType(t.dtype, None),) * 3
    batch, m, n, k = _sides(t)
    return (TensorType(t.dtype, (*batch, k)), TensorType(t.dtype, (*batch, m, m if full_matrices else k)),
            TensorType(t.dtype, (*batch, n, n if full_matrices else k)))


def _svd_grad(g: Any, y: Any, tensor: Node, full_matrices: bool) -> tuple[Node]:
    """U [F * skew(U^T g_U) S + S (F * skew(V^T g_V)) + diag(g_S)] V^T and what leaves the spaces of U and V, F_ij = 1 / (s_j^2 - s_i^2).

    Townsend 2016, "Differentiating the singular value decomposition".
    """
    s, u, v = y
    if full_matrices and _differ(tensor.type):
        raise GradientError("svd: with full_matrices only square matrices have a gradient: what completes U and V is a choice")
    squared = s * s
    gap = expand_dims(squared, -2) - expand_dims(squared, -1)
    same = equal(gap, 0.0)
    f = where(same, 0.0, 1.0 / where(same, 1.0, gap))
    ug, vg = matmul(u, g[1], transpose_a=True), matmul(v, g[2], transpose_a=True)
    rows, columns = expand_dims(s, -2), expand_dims(s, -1)
    inner = f * (ug - matrix_transpose(ug)) * rows + columns * (f * (vg - matrix_transpose(vg))) + matrix_diag(g[0])
    whole = matmul(matmul(u, inner), v, transpose_b=True)
    outside_u = (g[1] - matmul(u, ug)) / rows
    outside_v = (g[2] - matmul(v, vg)) / rows
    return (whole + matmul(outside_u, v, transpose_b=True) + matmul(u, outside_v, transpose_b=True),)


def _singular(linalg: Any, tensor: Any, full_matrices: bool) -> Any:
    u, s, vt = factored(lambda a: linalg.svd(a, full_matrices=full_matrices), tensor)
    k = s.shape[-1]
    v = np.swapaxes(vt, -1, -2).copy()
    if u.size and k:
        first = u[..., :k]
        largest = np.take_along_axis(first, np.argmax(np.abs(first), axis=-2, keepdims=True), -2)
        sign = np.where(largest < 0, -1, 1).astype(u.dtype)
        u = np.concatenate([first * sign, u[..., k:]], -1)
        v[..., :k] *= sign
    return s, u, v


@declare("host", _svd_types, name="svd_parts", results=("s", "u", "v"), factor=_singular, grad=_svd_grad, batch="aligned", analytic=False,
         samples=(([GENERAL], {}), ([_TALL], {}), ([_TALL.T.copy()], {}), ([SPD], {"full_matrices": True})), label="Svd")
def _svd_parts(tensor: Any, *, full_matrices: bool = False) -> Any:
    """Singular values, descending, and the vectors to both sides (columns); of each on the left the largest component is positive."""
    return _singular(np.linalg, tensor, full_matrices)


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """Singular values, descending, and if `compute_uv` the vectors: (s, u, v) with tensor = u diag(s) v^T.

    float[..., m, n] -> s: float[..., k], u: float[..., m, k], v: float[..., n, k], k the smaller of m and n; with `full_matrices` u and v are
    square. DTypeError: not floating. ShapeError: no matrices.

    >>> tf.Session(jit=False).run(tf.svd([[0.0, 2.0], [1.0, 0.0]], compute_uv=False))
    array([2., 1.], dtype=float32)
    """
    parts = _svd_parts(tensor, full_matrices=bool(full_matrices), name=name)
    return parts if compute_uv else parts.s


# ---------------------------------------------------------------------- QR

def _qr_types(types: Types, values: Values, full_matrices: bool) -> tuple[TensorType, TensorType]:
    t = _matrices(types[0])
    if t.shape is None:
        return t, t
    batch, m, n, k = _sides(t)
    k = m if full_matrices else k
    return TensorType(t.dtype, (*batch, m, k)), TensorType(t.dtype, (*batch, k, n))


def _qr_grad(g: Any, y: Any, input: Node, full_matrices: bool) -> tuple[Node]:
    """(g_Q + Q copyltu(R g_R^T - g_Q^T Q)) R^-T, copyltu the lower triangle mirrored; of a wide matrix that of its first square part.

    Walter, Lehmann and Lamour 2012, "On evaluating higher-order derivatives of the QR decomposition"; Liao et al. 2019 for wide ones.
    """
    q, r = y
    if full_matrices and _differ(input.type):
        raise GradientError("qr: with full_matrices only square matrices have a gradient: what completes Q is a choice")
    gq, gr = g
    dims = input.type.shape
    if dims is not None and None not in dims[-2:] and dims[-2] >= dims[-1]:
        return (_square_qr_grad(gq, gr, q, r),)
    m = shape(input)[-2] if dims is None or dims[-2] is None else dims[-2]
    rest, g_rest = input[..., m:], gr[..., m:]          # nothing, if there are no more columns than rows
    first = _square_qr_grad(gq + matmul(rest, g_rest, transpose_b=True), gr[..., :m], q, r[..., :m])
    return (concat([first, matmul(q, g_rest)], -1),)


def _square_qr_grad(gq: Node, gr: Node, q: Node, r: Node) -> Node:
    inner = matmul(r, gr, transpose_b=True) - matmul(gq, q, transpose_a=True)
    below = matrix_band_part(inner, -1, 0)
    mirrored = below + matrix_transpose(below) - matrix_diag(matrix_diag_part(inner))
    left = gq + matmul(q, mirrored)
    return matrix_transpose(matrix_triangular_solve(r, matrix_transpose(left), lower=False))


def _qr(linalg: Any, input: Any, full_matrices: bool) -> Any:
    q, r = factored(lambda a: linalg.qr(a, "complete" if full_matrices else "reduced"), input)
    return q, r


@declare("routine", _qr_types, results=("q", "r"), loop=qr_loop, factor=_qr, grad=_qr_grad, batch="aligned", analytic=False, label="Qr",
         samples=(([GENERAL], {}), ([_TALL], {}), ([_TALL.T.copy()], {}), ([SPD], {"full_matrices": True})))
def qr(input: Any, *, full_matrices: bool = False) -> Any:
    """Matrices as a product of one with orthonormal columns and an upper triangular one, by Householder's reflections (LAPACK).

    float[..., m, n] -> (float[..., m, k], float[..., k, n]), k the smaller of m and n, or m with `full_matrices`. DTypeError: not floating.
    ShapeError: no matrices.

    >>> tf.Session(jit=False).run(tf.abs(tf.qr([[0.0, 2.0], [3.0, 1.0]]).r))
    array([[3., 1.],
           [0., 2.]], dtype=float32)
    """
    return _qr(np.linalg, input, full_matrices)


# ---------------------------------------------------------------------- determinants

def _slogdet_types(types: Types, values: Values) -> tuple[TensorType, TensorType]:
    t = square_matrices(types[0])
    one = TensorType(t.dtype, None if t.shape is None else t.shape[:-2])
    return one, one


def _log_determinants(linalg: Any, input: Any) -> Any:
    sign, value = linalg.slogdet(input)
    return np.asarray(sign, input.dtype), np.asarray(value, input.dtype)


@declare("routine", _slogdet_types, loop=log_determinant_loop, factor=_log_determinants, results=("sign", "log_abs_determinant"),
         label="LogMatrixDeterminant", batch="aligned", samples=(([GENERAL], {}), ([SPD], {})), analytic=False,
         grad=lambda g, y, input: (expand_dims(g[1], (-2, -1)) * matrix_inverse(input, adjoint=True),))
def log_matrix_determinant(input: Any) -> Any:
    """The sign of determinants, and the logarithm of their magnitude, which may be beyond the dtype.

    float[..., n, n] -> (float[...], float[...]). DTypeError: not floating. ShapeError: not square.

    >>> tf.Session(jit=False).run(tf.log_matrix_determinant([[0.0, 1.0], [1.0, 0.0]]).sign)
    np.float32(-1.0)
    """
    return _log_determinants(np.linalg, input)


slogdet = log_matrix_determinant


@composed("logdet", "mul")
def logdet(matrix: Any, name: str | None = None) -> Node:
    """The logarithm of the determinants of positive definite matrices, from their Cholesky factors.

    float[..., n, n] -> float[...]. DTypeError: not floating. ShapeError: not square. InvalidArgumentError, when run: not positive definite.

    >>> tf.Session(jit=False).run(tf.linalg.logdet([[1.0, 0.0], [0.0, 1.0]]))
    np.float32(0.0)
    """
    return reduce_sum(2.0 * log(matrix_diag_part(cholesky(matrix))), axis=-1, name=name)


# ---------------------------------------------------------------------- least squares

@composed("matrix_solve_ls", "cholesky_solve")
def matrix_solve_ls(matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None) -> Node:
    """The X that makes |matrix X - rhs|^2 + l2_regularizer |X|^2 least; of several the shortest.

    By the normal equations if `fast`, else by QR, which loses fewer digits. matrix: float[..., m, n] of full rank, rhs: float[..., m, k]
    -> float[..., n, k]. DTypeError, ShapeError: they do not fit, or their rank or sizes are unknown.

    >>> tf.Session(jit=False).run(tf.matrix_solve_ls([[1.0], [1.0]], [[1.0], [3.0]]))
    array([[2.]], dtype=float32)
    """
    a = to_node(matrix)
    b = to_node(rhs, None if isinstance(rhs, Node) else a.dtype)
    with saying("matrix_solve_ls"):
        _matrices(a.type)
        if a.type.shape is None or None in a.type.shape[-2:]:
            raise ShapeError(f"which side of a matrix is longer must be known, and of {shape_str(a.type.shape)} is not")
    m, n = a.type.shape[-2:]
    plain = not isinstance(l2_regularizer, Node) and l2_regularizer == 0
    if not fast and plain:
        if m >= n:
            q, r = qr(a)
            return matrix_triangular_solve(r, matmul(q, b, transpose_a=True), lower=False, name=name)
        q, r = qr(matrix_transpose(a))
        return matmul(q, matrix_triangular_solve(r, b, lower=False, adjoint=True), name=name)
    small = n if m >= n else m
    ridge = 0.0 if plain else l2_regularizer * eye(small, dtype=a.dtype)
    if m >= n:
        return cholesky_solve(cholesky(matmul(a, a, transpose_a=True) + ridge), matmul(a, b, transpose_a=True), name=name)
    return matmul(a, cholesky_solve(cholesky(matmul(a, a, transpose_b=True) + ridge), b), transpose_a=True, name=name)


lstsq = matrix_solve_ls


def self_adjoint_eigvals(tensor: Any, name: str | None = None) -> Node:
    """The eigenvalues of symmetric matrices, ascending.

    float[..., n, n] -> float[..., n]. DTypeError: not floating. ShapeError: not square.

    >>> tf.Session(jit=False).run(tf.self_adjoint_eigvals([[2.0, 0.0], [0.0, 1.0]]))
    array([1., 2.], dtype=float32)
    """
    return self_adjoint_eig(tensor, name=name).e


__all__ = ["svd", "qr", "log_matrix_determinant", "matrix_solve_ls", "self_adjoint_eigvals"]
