"""Functions of matrices: their exponential, square root and LU factors, systems of three diagonals, products with vectors, unit lengths."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.node import Node, describe, here, saying
from ..ir.operator import Values, declare, to_node
from ..ir.types import TensorType, compatible, int32
from .array import (
    concat,
    expand_dims,
    eye,
    matrix_band_part,
    matrix_diag_part,
    matrix_set_diag,
    ones_like,
    reshape,
    shape,
    squeeze,
    stack,
    zeros_like,
)
from .array import range as numbers
from .array_move import Types, identity, stop_gradient
from .control_flow import while_loop
from .linalg import einsum, norm
from .linalg_matmul import matmul, matrix_transpose
from .linalg_solve import GENERAL, SPD, matrix_solve, matrix_triangular_solve, square_matrices
from .math import abs as absolute
from .math import add, cast, ceil, choose, equal, less, log, maximum
from .math_arithmetic import conjugate
from .reduce import reduce_max, reduce_sum
from .scopes import composed

__all__ = ["matrix_square_root"]


@composed("matvec", "Squeeze", op="Squeeze")
def matvec(a: Any, b: Any, transpose_a: bool = False, adjoint_a: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False,
           name: str | None = None) -> Node:
    """Matrices times vectors.

    a: number[..., m, n] (transposed first on demand), b: the same dtype[..., n] -> [..., m]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.linalg.matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]))
    array([3., 7.], dtype=float32)
    """
    x = to_node(a)
    v = to_node(b, None if isinstance(b, Node) else x.dtype)
    return squeeze(matmul(x, expand_dims(v, -1), transpose_a=transpose_a, adjoint_a=adjoint_a), axis=[-1], name=name)


def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None) -> tuple[Node, Node]:
    """A tensor over its `norm` along `axis` (of all elements without it), and that norm, whose axes have the size 1.

    number[...] -> (floating[...], floating[...]). Errors as `norm`: DTypeError, ShapeError.

    >>> tf.Session(jit=False).run(tf.linalg.normalize([3.0, 4.0]))
    (array([0.6, 0.8], dtype=float32), array([5.], dtype=float32))
    """
    x = to_node(tensor)
    length = cast(norm(x, ord, axis, keepdims=True), x.dtype)
    return identity(x / length, name=name), length


# ---------------------------------------------------------------------- the exponential

# Of each dtype the order of Pade's approximant, and the 1-norm up to which it errs by no more than rounding does: Higham 2005, table 2.3.
_PADE = {np.dtype(np.float32): (7, 3.925724783138660), np.dtype(np.float64): (13, 5.371920351148152)}


@composed("matrix_exponential", "Identity", op="Identity")
def matrix_exponential(input: Any, name: str | None = None) -> Node:
    """The exponential of matrices, sum_k A^k / k!: Pade's approximant of A / 2^s, squared s times.

    float[..., n, n] -> the same. DTypeError: neither float32 nor float64. ShapeError: not square. Higham 2005, "The scaling and squaring method
    for the matrix exponential revisited", SIAM J. Matrix Anal. Appl. 26(4).

    >>> tf.Session(jit=False).run(tf.linalg.expm([[0.0, 1.0], [0.0, 0.0]]))
    array([[1., 1.],
           [0., 1.]], dtype=float32)
    """
    a = to_node(input)
    with saying("matrix_exponential"):
        square_matrices(a.type)
        if a.type.dtype not in _PADE:
            raise DTypeError(f"{describe(a)} is neither of float32 nor of float64{here()}")
    order, exact = _PADE[a.type.dtype]
    real = a.type.dtype.type
    size = stop_gradient(reduce_max(reduce_sum(absolute(a), axis=-2), axis=-1))
    times = ceil(log(maximum(size / real(exact), real(1))) / real(np.log(2.0)))
    scaled = a / expand_dims(real(2) ** times, (-2, -1))
    weights = [real(factorial(2 * order - k) * factorial(order) / (factorial(2 * order) * factorial(k) * factorial(order - k)))
               for k in range(order + 1)]
    unit = eye(shape(a)[-1] if a.type.shape is None or a.type.shape[-1] is None else a.type.shape[-1], dtype=a.dtype)
    square = matmul(scaled, scaled)
    even, odd = weights[-2] * unit, weights[-1] * unit          # the orders are odd
    for k in range(order - 3, -1, -2):                          # Horner's scheme, of even and of odd powers
        even, odd = matmul(square, even) + weights[k] * unit, matmul(square, odd) + weights[k + 1] * unit
    odd = matmul(scaled, odd)
    most = reduce_max(concat([reshape(times, [-1]), np.zeros(1, real)], 0))

    def again(k: Node, power: Node) -> tuple[Node, Node]:
        more = expand_dims(less(k, times), (-2, -1))
        held = choose(more, power, real(0))                     # what is done overflows where it goes on
        return k + real(1), choose(more, matmul(held, held), power)
    start = matrix_solve(even - odd, even + odd)
    return identity(while_loop(lambda k, power: less(k, most), again, [to_node(real(0)), start])[1], name=name)


# ---------------------------------------------------------------------- the square root

def _root_grad(g: Node, y: Node, input: Node) -> tuple[Node]:
    """The S of S Y^T + Y^T S = g, Sylvester's equation, by one system of n^2 equations: Horn and Johnson 1991, section 4.4."""
    n = shape(y)[-1]
    unit = eye(n, dtype=y.dtype)
    # S[k, l] counts in the equation [i, j] by y[k, i] where j = l, and by y[j, l] where i = k.
    both = einsum("...ki,jl->...ijkl", y, unit) + einsum("ik,...jl->...ijkl", unit, y)
    batch = shape(y)[:-2]
    flat = concat([batch, stack([n * n, n * n])], 0)
    found = matrix_solve(reshape(both, flat), reshape(g, concat([batch, stack([n * n, 1])], 0)))
    return (reshape(found, shape(y)),)


def _root(a: Any) -> Any:
    """Y of the iteration Y' = (Y + Z^-1) / 2, Z' = (Z + Y^-1) / 2: Denman and Beavers 1976."""
    wide = a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)
    y, z = wide, np.broadcast_to(np.eye(a.shape[-1]), a.shape).astype(wide.dtype)
    for _ in range(100):
        try:
            y, z, before = (y + np.linalg.inv(z)) / 2, (z + np.linalg.inv(y)) / 2, y
        except np.linalg.LinAlgError:
            raise InvalidArgumentError("a matrix is singular, and so are its roots") from None
        if not np.isfinite(y).all():
            break
        if np.abs(y - before).max(initial=0.0) <= 1e-14 * np.abs(y).max(initial=0.0):
            return y.astype(a.dtype)
    raise InvalidArgumentError("a matrix has no real square root without negative eigenvalues")


@declare("host", lambda types, values: square_matrices(types[0]), grad=_root_grad, batch="aligned", analytic=False, label="MatrixSquareRoot",
         samples=(([GENERAL], {}), ([SPD], {})))
def matrix_square_root(input: Any) -> Any:
    """The matrices whose squares are given ones, without eigenvalues on the negative half of the real line, nor 0.

    float[..., n, n] -> the same. DTypeError: not floating. ShapeError: not square. InvalidArgumentError, when run: there is none.

    >>> tf.Session(jit=False).run(tf.linalg.sqrtm([[4.0, 0.0], [0.0, 9.0]]))
    array([[2., 0.],
           [0., 3.]], dtype=float32)
    """
    return _root(input)


# ---------------------------------------------------------------------- LU

def _lu_types(types: Types, values: Values) -> tuple[TensorType, TensorType]:
    t = square_matrices(types[0])
    return t, TensorType(np.dtype(np.int32), None if t.shape is None else t.shape[:-1])


def _lu_grad(g: Any, y: Any, input: Node) -> tuple[Node]:
    """P^T L^-T [tril(L^T g_L, -1) + triu(g_U U^T)] U^-T, g_L below the diagonal and g_U on and above it."""
    packed, order = y
    unit = matrix_set_diag(matrix_band_part(packed, -1, 0), ones_like(matrix_diag_part(packed)))
    upper = matrix_band_part(packed, 0, -1)
    above = matrix_band_part(g[0], 0, -1)
    low = matmul(unit, g[0] - above, transpose_a=True)
    inner = low - matrix_band_part(low, 0, -1) + matrix_band_part(matmul(above, upper, transpose_b=True), 0, -1)
    left = matrix_triangular_solve(unit, inner, lower=True, adjoint=True)
    turned = matrix_transpose(matrix_triangular_solve(upper, matrix_transpose(left), lower=False))
    moved = cast(equal(expand_dims(order, -2), expand_dims(numbers(shape(order)[-1]), -1)), packed.dtype)
    return (matmul(moved, turned),)


@declare("host", _lu_types, results=("lu", "p"), grad=_lu_grad, batch="aligned", analytic=False, label="Lu", name="lu_parts",
         samples=(([GENERAL], {}), ([SPD], {})))
def _lu_parts(input: Any) -> Any:
    """Factors by rows whose pivots are the largest of what is left of their columns, both in one matrix, and where those rows were."""
    a = np.array(input)
    n = a.shape[-1]
    flat = a.reshape(-1, n, n)
    order = np.tile(np.arange(n, dtype=np.int32), (len(flat), 1))
    rows = np.arange(len(flat))
    for k in range(n):
        best = k + np.abs(flat[:, k:, k]).argmax(axis=1)
        for held in (flat, order):
            held[rows, best], held[:, k] = held[:, k].copy(), held[rows, best]
        if (flat[:, k, k] == 0).any():
            raise InvalidArgumentError("a matrix is singular")
        flat[:, k + 1:, k] /= flat[:, k, k, None]
        flat[:, k + 1:, k + 1:] -= flat[:, k + 1:, k, None] * flat[:, k, None, k + 1:]
    return a, order.reshape(a.shape[:-1])


def lu(input: Any, output_idx_type: Any = int32, name: str | None = None) -> tuple[Node, Node]:
    """The factors of matrices by Gauss's elimination, L and U in one matrix (L's diagonal is of ones), and the order of rows, A[p] = L U.

    float[..., n, n] -> (the same, int32[..., n]). DTypeError: not floating. ShapeError: not square. InvalidArgumentError, when run: singular.

    >>> tf.Session(jit=False).run(tf.linalg.lu([[1.0, 3.0], [2.0, 4.0]]))
    (array([[2. , 4. ],
           [0.5, 1. ]], dtype=float32), array([1, 0], dtype=int32))
    """
    packed, order = _lu_parts(input, name=name)
    return packed, cast(order, output_idx_type)


# ---------------------------------------------------------------------- three diagonals

def _diagonals(what: str, given: Any, form: str) -> tuple[Node, Node, Node]:
    """The diagonal above, the main one and the one below of systems, each [..., n]; the last element of the first, the first of the last is none."""
    if form not in ("compact", "sequence", "matrix"):
        raise GraphError(f"{what}: diagonals_format is 'compact', 'sequence' or 'matrix', not {form!r:.40}{here()}")
    if form == "sequence":
        if not isinstance(given, (list, tuple)) or len(given) != 3:
            raise GraphError(f"{what}: a sequence of three diagonals is wanted, not {given!r:.60}{here()}")
        above, main, below = (to_node(d) for d in given)
        return _to_size(above, main, behind=True), main, _to_size(below, main, behind=False)
    x = to_node(given)
    if x.type.rank is None or x.type.rank < 2:
        raise ShapeError(f"{what}: {describe(x)} has fewer than 2 axes, or a rank that is not known{here()}")
    if form == "compact":
        if not compatible(x.type.shape[-2:-1], (3,)):
            raise ShapeError(f"{what}: the last axis but one of {describe(x)} is of three diagonals{here()}")
        return x[..., 0, :], x[..., 1, :], x[..., 2, :]
    with saying(what):
        square_matrices(x.type)
    main = matrix_diag_part(x)
    nothing = zeros_like(main[..., :1])
    return (concat([matrix_diag_part(x[..., :-1, 1:]), nothing], -1), main, concat([nothing, matrix_diag_part(x[..., 1:, :-1])], -1))


def _to_size(other: Node, main: Node, behind: bool) -> Node:
    """A diagonal with an element more, if it has one less than the main one."""
    if other.type.shape is None or main.type.shape is None or compatible(other.type.shape, main.type.shape):
        return other
    nothing = zeros_like(main[..., :1])
    return concat([other, nothing] if behind else [nothing, other], -1)


@composed("tridiagonal_matmul")
def tridiagonal_matmul(diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None) -> Node:
    """Matrices of three diagonals times matrices.

    diagonals: "compact", float[..., 3, n]: above (its last element is none), main, below (its first is none); "sequence", three of [..., n];
    "matrix", [..., n, n], of which they are taken. rhs: the same dtype[..., n, k] -> [..., n, k]. DTypeError, ShapeError: they do not fit.
    GraphError: another format.

    >>> tf.Session(jit=False).run(tf.linalg.tridiagonal_matmul([[1.0, 0.0], [2.0, 3.0], [0.0, 4.0]], [[1.0], [10.0]]))
    array([[12.],
           [34.]], dtype=float32)
    """
    above, main, below = _diagonals("tridiagonal_matmul", diagonals, diagonals_format)
    x = to_node(rhs, None if isinstance(rhs, Node) else main.dtype)
    nothing = zeros_like(x[..., :1, :])
    up, down = concat([x[..., 1:, :], nothing], -2), concat([nothing, x[..., :-1, :]], -2)
    return add(expand_dims(main, -1) * x + expand_dims(above, -1) * up, expand_dims(below, -1) * down, name=name)


def _bands_type(types: Types, values: Values) -> TensorType:
    above, main, below, rhs = types
    if len({t.dtype for t in types}) > 1 or rhs.dtype.kind not in "fc":
        raise DTypeError(f"diagonals and right sides are of one floating dtype, not {', '.join(str(t) for t in types)}")
    if rhs.shape is None or main.shape is None:
        return TensorType(rhs.dtype, rhs.shape)
    for t in (above, below, TensorType(rhs.dtype, rhs.shape[:-1])):
        if not compatible(t.shape, main.shape):
            raise ShapeError(f"{t} does not fit to a diagonal of {main}")
    return rhs


def _bands_grad(g: Node, y: Node, above: Node, main: Node, below: Node, rhs: Node) -> tuple[Node, Node, Node, Node]:
    """g_rhs = A^-T g, and of each diagonal its part of -g_rhs y^T."""
    nothing = zeros_like(main[..., :1])
    back = tridiagonal_solved(concat([below[..., 1:], nothing], -1), main, concat([nothing, above[..., :-1]], -1), g)
    return (concat([-reduce_sum(back[..., :-1, :] * y[..., 1:, :], axis=-1), nothing], -1), -reduce_sum(back * y, axis=-1),
            concat([nothing, -reduce_sum(back[..., 1:, :] * y[..., :-1, :], axis=-1)], -1), back)


_BAND = np.array([0.5, -1.0, 0.7])


@declare("host", _bands_type, grad=_bands_grad, batch="unrolled", analytic=False,
         samples=(([_BAND, np.array([3.0, -2.5, 2.0]), _BAND[::-1].copy(), np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.2]])], {}),))
def tridiagonal_solved(above: Any, main: Any, below: Any, rhs: Any) -> Any:
    """What systems of three diagonals have for solutions, by elimination that takes the larger of two rows for the pivot."""
    n = main.shape[-1]
    # Row i of what is left has elements at i, i + 1 and, where rows were exchanged, i + 2.
    x = np.array(rhs)
    first, second, third = np.array(main), np.array(above), np.zeros_like(main)
    if n:
        second[..., -1] = 0
    for i in range(n - 1):
        low = np.stack([below[..., i + 1], first[..., i + 1], second[..., i + 1]])
        high = np.stack([first[..., i], second[..., i], third[..., i]])
        swap = np.abs(low[0]) > np.abs(high[0])
        high, low = np.where(swap, low, high), np.where(swap, high, low)
        wide = swap[..., None]
        upper, lower = np.where(wide, x[..., i + 1, :], x[..., i, :]), np.where(wide, x[..., i, :], x[..., i + 1, :])
        factor = _over(low[0], high[0])
        first[..., i], second[..., i], third[..., i] = high
        first[..., i + 1], second[..., i + 1] = low[1] - factor * high[1], low[2] - factor * high[2]
        x[..., i, :], x[..., i + 1, :] = upper, lower - factor[..., None] * upper
    for i in range(n - 1, -1, -1):
        rest = x[..., i, :]
        if i + 1 < n:
            rest = rest - second[..., i, None] * x[..., i + 1, :]
        if i + 2 < n:
            rest = rest - third[..., i, None] * x[..., i + 2, :]
        x[..., i, :] = _over(rest, first[..., i, None])
    return x


def _over(x: Any, pivot: Any) -> Any:
    if (pivot == 0).any():
        raise InvalidArgumentError("a matrix of three diagonals is singular")
    return x / pivot


@composed("tridiagonal_solve")
def tridiagonal_solve(diagonals: Any, rhs: Any, diagonals_format: str = "compact", transpose_rhs: bool = False, conjugate_rhs: bool = False,
                      name: str | None = None) -> Node:
    """The X of A X = rhs, A of three diagonals, in as many steps as it has rows.

    diagonals: as of `tridiagonal_matmul`; rhs: the same dtype[..., n, k], or [..., n], transposed and conjugated on demand -> the same shape.
    DTypeError, ShapeError: they do not fit. GraphError: another format. InvalidArgumentError, when run: singular.

    >>> tf.Session(jit=False).run(tf.linalg.tridiagonal_solve([[1.0, 0.0], [2.0, 3.0], [0.0, 4.0]], [12.0, 34.0]))
    array([ 1., 10.], dtype=float32)
    """
    above, main, below = _diagonals("tridiagonal_solve", diagonals, diagonals_format)
    x = to_node(rhs, None if isinstance(rhs, Node) else main.dtype)
    if x.type.rank is None or main.type.rank is None:
        raise ShapeError(f"tridiagonal_solve: the rank of {describe(x)} and of {describe(main)} must be known{here()}")
    vector = x.type.rank == main.type.rank
    if conjugate_rhs:
        x = conjugate(x)
    if transpose_rhs and not vector:
        x = matrix_transpose(x)
    found = tridiagonal_solved(above, main, below, expand_dims(x, -1) if vector else x)
    return squeeze(found, axis=[-1], name=name) if vector else identity(found, name=name)
