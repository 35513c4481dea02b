"""The public array operators: those of the modules array_*, and what is composed of them and of the index itself."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.home import home
from ..ir.known import static_value
from ..ir.node import Node, describe, dtype_of, here
from ..ir.operator import Values, declare, to_node
from ..ir.sizes import listed, minimum, unknown
from ..ir.types import TensorType, bool_, compatible, float32, int32
from .array_batched import gather_nd as gather_nd
from .array_fill import fill as fill
from .array_fill import ones as ones
from .array_fill import ones_like as ones_like
from .array_fill import zeros as zeros
from .array_fill import zeros_like as zeros_like
from .array_gather import boolean_mask as boolean_mask
from .array_gather import gather as gather
from .array_gather import scatter_nd as scatter_nd
from .array_index import along, iota
from .array_index import lin_space as lin_space
from .array_index import linspace as linspace
from .array_index import one_hot as one_hot
from .array_index import range as range
from .array_index import rank as rank
from .array_index import size as size
from .array_join import concat as concat
from .array_join import pad_constant
from .array_join import split as split
from .array_join import stack as stack
from .array_join import tile as tile
from .array_join import unstack as unstack
from .array_move import Placement, Types, sizes
from .array_move import broadcast_to as broadcast_to
from .array_move import expand_dims as expand_dims
from .array_move import identity as identity
from .array_move import reshape as reshape
from .array_move import reverse as reverse
from .array_move import shape as shape
from .array_move import squeeze as squeeze
from .array_move import stop_gradient as stop_gradient
from .array_move import transpose as transpose
from .array_move import unbroadcast as unbroadcast
from .array_scan import cumprod as cumprod
from .array_scan import cumsum as cumsum
from .array_scan import invert_permutation as invert_permutation
from .array_scan import unique as unique
from .array_sequence import reverse_sequence as reverse_sequence
from .contract import held
from .indexing import slice as slice
from .indexing import strided_slice as strided_slice
from .later import deferrable, later
from .math import abs as absolute
from .math import cast, check_index, equal, less, less_equal, logical_and, position, where
from .reduce import reduce_max, reduce_prod
from .scopes import composed

__all__ = ["shape", "size", "rank", "identity", "stop_gradient", "reshape", "expand_dims", "squeeze", "transpose",
           "broadcast_to", "reverse", "reverse_v2", "reverse_sequence", "concat", "stack", "pack", "split", "unstack", "unpack", "pad",
           "tile", "fill", "zeros", "ones", "zeros_like", "ones_like", "slice", "strided_slice", "gather",
           "gather_nd", "scatter_nd", "boolean_mask", "cumsum", "cumprod", "invert_permutation", "unique", "range",
           "linspace", "lin_space", "one_hot", "eye", "diag", "diag_part", "matrix_diag", "matrix_diag_part",
           "matrix_set_diag", "matrix_band_part", "meshgrid", "sequence_mask"]

pack, unpack, reverse_v2 = stack, unstack, reverse


# ---------------------------------------------------------------------- diagonals

@composed("eye", "diag", op="MatrixDiagV3")
def eye(num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = float32,
        name: str | None = None) -> Node:
    """The identity matrix, or several of them.

    -> dtype[*batch_shape, num_rows, num_columns]; num_columns: default num_rows. DTypeError: no such dtype.

    >>> tf.Session(jit=False).run(tf.eye(2))
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    columns = num_rows if num_columns is None else num_columns
    hot = equal(along(num_rows, 0, 2), along(columns, 1, 2))
    if batch_shape is None:
        return cast(hot, dtype, name=name or "eye")
    return broadcast_to(cast(hot, dtype), concat([to_node(batch_shape, int32), shape(hot)], 0), name=name or "eye")


def _places(x: Node) -> tuple[Node, Node]:
    """Row numbers [m, 1] and column numbers [1, n] of matrices [..., m, n]."""
    last = [None, None] if x.type.shape is None else list(x.type.shape[-2:])
    m, n = (shape(x)[i] if d is None else d for i, d in zip((-2, -1), last, strict=True))
    return along(m, 0, 2), along(n, 1, 2)


def _across(diagonal: Node, x: Node) -> Node:
    """A diagonal [..., min(m, n)] as rows [..., 1, n] to lay over the columns of x[..., m, n]."""
    dims = x.type.shape
    assert dims is not None and diagonal.type.rank is not None
    if None in dims[-2:] or dims[-2] < dims[-1]:
        missing = shape(x)[-1] - shape(diagonal)[-1]
        before = np.zeros((diagonal.type.rank, 1), np.int32)
        after = concat([np.zeros(diagonal.type.rank - 1, np.int32), reshape(missing, [1])], 0)
        diagonal = pad_constant(diagonal, concat([before, expand_dims(after, 1)], 1))
    return expand_dims(diagonal, -2)


def _diagonal_type(types: Types, values: Values) -> TensorType:
    x = types[0]
    if x.rank is not None and x.rank < 2:
        raise ShapeError(f"a diagonal is one of matrices, not of rank {x.rank}")
    if x.shape is None:
        return x
    m, n = x.shape[-2:]
    return TensorType(x.dtype, (*x.shape[:-2], None if m is None or n is None else minimum(m, n)))


def _diagonal_view(shape: Any, strides: Any, **_: Any) -> Placement:
    return (*shape[:-2], minimum(*shape[-2:])), (*strides[:-2], strides[-2] + strides[-1]), 0


def _diagonal_grad(g: Node, y: Node, input: Node) -> tuple[Node]:
    return (_on_diagonal(g, input),)


@deferrable("gradient of matrix_diag_part")
def _on_diagonal(g: Node, input: Node) -> Node:
    """Diagonals as the only elements of matrices like `input` that are not 0."""
    if None in (g.type.rank, input.type.rank):
        return later("gradient of matrix_diag_part", (g, input), TensorType(g.type.dtype, input.type.shape))
    return where(equal(*_places(input)), _across(g, input), 0.0)


@declare("view", _diagonal_type, view=_diagonal_view, grad=_diagonal_grad, label="diag_part", op_type="MatrixDiagPartV3",
         samples=(([(2, 3, 3)], {}), ([(2, 4)], {}), ([(4, 2)], {}), ([(0, 2)], {})))
def matrix_diag_part(input: Any) -> Any:
    """The main diagonals of matrices."""
    return np.diagonal(input, axis1=-2, axis2=-1)


@composed("diag", op="MatrixDiagV3")
def matrix_diag(diagonal: Any, name: str | None = "MatrixDiag") -> Node:
    """Square matrices of zeros with the given main diagonals.

    any[..., n] -> any[..., n, n]. ShapeError: the operand is a scalar.

    >>> tf.Session(jit=False).run(tf.matrix_diag([1, 2]))
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    diagonal = to_node(diagonal)
    if diagonal.type.rank == 0:
        raise ShapeError(f"matrix_diag: {describe(diagonal)} is no vector{here()}")
    dims = diagonal.type.shape
    n = shape(diagonal)[-1] if dims is None or dims[-1] is None else dims[-1]
    zero = np.zeros((), diagonal.type.dtype)
    return where(equal(along(n, 0, 2), along(n, 1, 2)), expand_dims(diagonal, -2), zero, name=name)


@composed("set_diag", op="MatrixSetDiagV3")
@deferrable("matrix_set_diag")
def matrix_set_diag(input: Any, diagonal: Any, name: str | None = "MatrixSetDiag") -> Node:
    """Matrices with other main diagonals.

    input: any[..., m, n], diagonal: any[..., min(m, n)]. ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.matrix_set_diag([[1, 2], [3, 4]], [8, 9]))
    array([[8, 2],
           [3, 9]], dtype=int32)
    """
    x, d = to_node(input), to_node(diagonal)
    if None in (x.type.rank, d.type.rank):
        return later("matrix_set_diag", (x, d), x.type, name)
    d = held("matrix_set_diag", "diagonal", d, x)
    return where(equal(*_places(x)), _across(d, x), x, name=name)


@composed("MatrixBandPart", op="MatrixBandPart")
def matrix_band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = "MatrixBandPart") -> Node:
    """Matrices with zeros outside a band: `num_lower` diagonals below the main one, `num_upper` above (-1: all).

    any[..., m, n] -> the same type. ShapeError: the rank is below 2.

    >>> tf.Session(jit=False).run(tf.matrix_band_part([[1, 2], [3, 4]], 0, -1))
    array([[1, 2],
           [0, 4]], dtype=int32)
    """
    x = to_node(input)
    if x.type.rank is not None and x.type.rank < 2:
        raise ShapeError(f"matrix_band_part: {describe(x)} is no matrix{here()}")
    rows, columns = _places(x)
    inside = None
    for width, distance in ((num_lower, rows - columns), (num_upper, columns - rows)):
        width = to_node(width, graph=home(x))
        near = less_equal(distance, where(width < 0, shape(x)[-2] + shape(x)[-1], position(width)))
        inside = near if inside is None else logical_and(inside, near)
    return where(inside, x, np.zeros((), x.type.dtype), name=name)


@composed("Diag", op="Diag")
def diag(diagonal: Any, name: str | None = "Diag") -> Node:
    """Zeros with a tensor along the diagonal: of a vector a matrix, of rank k a tensor of rank 2 k.

    DTypeError: no tensor. ShapeError: a scalar.

    >>> tf.Session(jit=False).run(tf.diag([1, 2]))
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    diagonal = to_node(diagonal)
    if diagonal.type.rank == 0:
        raise ShapeError(f"diag: {describe(diagonal)} is a scalar, and no diagonal{here()}")
    if diagonal.type.rank == 1:
        return matrix_diag(diagonal, name)
    dims = shape(diagonal)
    return reshape(matrix_diag(reshape(diagonal, [-1])), concat([dims, dims], 0), name=name)


@composed("DiagPart", op="DiagPart")
@deferrable("diag_part")
def diag_part(input: Any, name: str | None = "DiagPart") -> Node:
    """The diagonal of a tensor of rank 2 k whose first and last k sizes agree.

    ShapeError: the rank is odd, or sizes do not agree.

    >>> tf.Session(jit=False).run(tf.diag_part([[1, 2], [3, 4]]))
    array([1, 4], dtype=int32)
    """
    x = to_node(input)
    rank = x.type.rank
    if rank is None:
        return later("diag_part", (x,), x.type, name)
    if not rank or rank % 2:
        raise ShapeError(f"diag_part: the rank of {describe(x)} must be even and not 0{here()}")
    dims = x.type.shape
    if any(a is not None and b is not None and a != b for a, b in zip(dims[:rank // 2], dims[rank // 2:], strict=True)):
        raise ShapeError(f"diag_part: the first and the last sizes of {describe(x)} are not the same{here()}")
    if rank == 2 and None not in dims:
        return matrix_diag_part(x, name=name)
    half = sizes(x, list(builtins.range(rank // 2)))
    count = reduce_prod(half)
    return reshape(matrix_diag_part(reshape(x, [count, count])), half, name=name)


# ---------------------------------------------------------------------- others

@deferrable("pad", mode=(str,))
def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", name: str | None = None, constant_values: Any = 0) -> Node:
    """The tensor with `paddings[i]` (before, after) more elements along axis i: a constant, or its own, mirrored.

    REFLECT mirrors about the edge elements, SYMMETRIC repeats them.
    tensor: any[...], paddings: int[rank, 2]. ShapeError: they do not fit, or there is no such mode.

    >>> tf.Session(jit=False).run(tf.pad([1, 2], [[1, 2]]))
    array([0, 1, 2, 0, 0], dtype=int32)
    """
    kind = mode.upper()
    if kind == "CONSTANT":
        return pad_constant(tensor, paddings, constant_values=constant_values, name=name)
    if kind not in ("REFLECT", "SYMMETRIC"):
        raise ShapeError(f"pad: mode {mode!r} is none of CONSTANT, REFLECT, SYMMETRIC{here()}")
    x, widths = to_node(tensor), pad_constant.converted(tensor, paddings)[1]
    if x.type.shape is None and compatible(widths.type.shape, (None, 2)):
        return later("pad", (x, widths), x.type, name, mode=mode)
    if x.type.shape is None or not compatible(widths.type.shape, (x.type.rank, 2)):
        raise ShapeError(f"pad: {describe(widths)} must have a row of 2 for each axis of {describe(x)}{here()}")
    known = static_value(widths)
    for axis, dim in enumerate(x.type.shape):
        ends = None if known is None or unknown(known[axis]).any() else listed(known[axis])
        if ends == [0, 0]:
            continue
        most = None if dim is None else dim - (kind == "REFLECT")
        if ends is not None and min(ends) < 0:
            raise ShapeError(f"pad: {ends} elements cannot be added to axis {axis} of {describe(x)}{here()}")
        if ends is not None and most is not None and max(ends) > most:
            raise ShapeError(f"pad: {kind} can add at most {most} elements to axis {axis} of {describe(x)}{here()}")
        n = shape(x)[axis]
        bound = n if kind == "REFLECT" else n + 1
        before, after = (check_index(position(widths[axis, i]), bound) for i in (0, 1))
        x = gather(x, _mirrored(n, before, after, kind), axis=axis)
    return identity(x, name=name or "MirrorPad")


def _mirrored(n: Node, before: Node, after: Node, kind: str) -> Node:
    """Which of n elements stands at each place of an axis padded with mirror images."""
    i = iota([n + before + after]) - before
    if kind == "REFLECT":
        return (n - 1) - absolute((n - 1) - absolute(i))
    i = where(i < 0, -1 - i, i)
    return where(i < n, i, 2 * n - 1 - i)


def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Node]:
    """The coordinates of every point of the grid that vectors span; "xy" swaps the first two axes, "ij" does not.

    Operands of another rank count as vectors of their elements. ShapeError: no such indexing.

    >>> tf.Session(jit=False).run(tf.meshgrid([1, 2], [3, 4]))
    [array([[1, 2],
           [1, 2]], dtype=int32), array([[3, 3],
           [4, 4]], dtype=int32)]
    """
    if indexing not in ("xy", "ij"):
        raise ShapeError(f"meshgrid: indexing {indexing!r} is neither 'xy' nor 'ij'{here()}")
    nodes = [reshape(a, [-1]) for a in args]
    order = list(builtins.range(len(nodes)))
    if indexing == "xy" and len(nodes) > 1:
        order[:2] = 1, 0
    lengths = [shape(nodes[i]) for i in order]
    whole = concat(lengths, 0) if lengths else None
    return [broadcast_to(reshape(x, [-1 if k == i else 1 for k in order]), whole) for i, x in enumerate(nodes)]


@composed("SequenceMask", "Less")
def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = bool_, name: str | None = None) -> Node:
    """mask[..., j] = j < lengths[...], for j below `maxlen` (the longest length without it).

    lengths: number[...] -> dtype[..., maxlen]. DTypeError: no such dtype.

    >>> tf.Session(jit=False).run(tf.sequence_mask([1, 2], 3))
    array([[ True, False, False],
           [ True,  True, False]])
    """
    lengths = to_node(lengths)
    kind = lengths.type.dtype
    n = reduce_max(lengths) if maxlen is None else maxlen
    line = iota([cast(n, np.int64) if isinstance(n, Node) else n], dtype=kind)
    if dtype_of("sequence_mask", dtype) == bool_:
        return less(line, expand_dims(lengths, -1), name=name or "SequenceMask")
    return cast(less(line, expand_dims(lengths, -1)), dtype, name=name or "SequenceMask")
