"""Places and shapes worked out from one another: of flat positions, of repeated elements, of several tensors at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from types import NoneType
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.node import OPERATORS, Node, describe, here, saying
from ..ir.operator import declare, many, to_node
from ..ir.sizes import maximum
from ..ir.types import TensorShape, TensorType, as_shape, broadcast, compatible, int32, merge, shape_str
from .array_fill import ones
from .array_gather import gather
from .array_index import range as counted
from .array_move import expand_dims, identity, reshape, shape
from .array_scan import cumprod, cumsum
from .math import cast, check_index
from .ordering import searchsorted
from .reduce import reduce_prod, reduce_sum
from .scopes import composed

__all__ = ["batch_gather", "broadcast_dynamic_shape", "broadcast_static_shape", "ensure_shape", "identity_n", "repeat", "shape_n", "unravel_index"]


def _integers(what: str, x: Any) -> Node:
    node = to_node(x)
    if node.type.dtype.kind not in "iu":
        raise DTypeError(f"{what}: {describe(node)} are no integers{here()}")
    return node


def identity_n(input: Sequence[Any], name: str | None = None) -> list[Node]:
    """The same tensors, as a list. GraphError: no list of tensors."""
    return [identity(x, name=name) for x in many("identity_n", input)]


def shape_n(input: Sequence[Any], out_type: Any = int32, name: str | None = None) -> list[Node]:
    """The shapes of several tensors, a vector each. GraphError: no list of tensors. DTypeError: no integer dtype.

    >>> tf.Session(jit=False).run(tf.shape_n([[[1, 2]], [3]]))
    [array([1, 2], dtype=int32), array([1], dtype=int32)]
    """
    return [shape(x, out_type=out_type, name=name) for x in many("shape_n", input)]


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape of what is computed of tensors of two shapes, as far as they are known. ShapeError: they do not fit.

    >>> tf.broadcast_static_shape([3, 1], [None, 4])
    TensorShape((3, 4))
    """
    with saying("broadcast_static_shape"):
        return TensorShape(broadcast(as_shape(shape_x), as_shape(shape_y)))


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Node:
    """The shape, a vector, of what is computed of tensors of two shapes, known when the graph runs. DTypeError: no integers.

    InvalidArgumentError, when run: they do not fit.

    >>> tf.Session(jit=False).run(tf.broadcast_dynamic_shape([3, 1], [2, 1, 4]))
    array([2, 3, 4], dtype=int32)
    """
    x, y = _integers("broadcast_dynamic_shape", shape_x), _integers("broadcast_dynamic_shape", shape_y)
    with saying("broadcast_dynamic_shape"):
        return cast(joined_sizes(x, y), dtype=x.dtype)


def _joined_type(types: Sequence[TensorType], values: Any) -> TensorType:
    ranks = [t.shape[0] if t.shape is not None and len(t.shape) == 1 else None for t in types]
    if any(t.rank not in (None, 1) for t in types):
        raise ShapeError("a shape is a vector")
    return TensorType(np.dtype(np.int64), (None if None in ranks else reduce(maximum, ranks),))


@declare("host", _joined_type, batch="unrolled", weak=False,
         samples=(([np.array([3, 1]), np.array([2, 1, 4])], {}), ([np.array([2]), np.array([2])], {})))
def joined_sizes(x: Any, y: Any) -> Any:
    """The shape that two shapes are repeated to."""
    try:
        return np.array(np.broadcast_shapes(tuple(map(int, x)), tuple(map(int, y))), np.int64)
    except ValueError:
        raise InvalidArgumentError(f"shapes {x.tolist()} and {y.tolist()} do not fit") from None


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Node:
    """The tensor, which has that shape as far as it is named; what is not known yet is compared in every run.

    ShapeError: it has another. InvalidArgumentError, when run: the same.

    >>> tf.ensure_shape(tf.placeholder(tf.float32), [None, 3]).shape
    TensorShape((None, 3))
    """
    node, wanted = to_node(x), as_shape(shape)
    with saying("ensure_shape"):
        if not compatible(node.type.shape, wanted):
            raise ShapeError(f"{describe(node)} has not the shape {shape_str(wanted)}{here()}")
    checked: Node = of_shape(node, wanted=None if wanted is None else tuple(wanted), name=name)
    return checked


def _of_shape_type(types: Sequence[TensorType], values: Any, wanted: Any) -> TensorType:
    if not compatible(types[0].shape, wanted):
        raise ShapeError(f"the shape {shape_str(types[0].shape)} is not {shape_str(wanted)}")
    return TensorType(types[0].dtype, merge(types[0].shape, wanted))


@declare("host", _of_shape_type, text=True, batch="unrolled", kinds={"wanted": (tuple, NoneType)}, grad=lambda g, y, x, wanted: (g,),
         lower=lambda node, inputs, types, type, wanted: inputs[0] if types[0].known else node,        # compared when the plan was made
         samples=(([(3, 4)], {"wanted": (3, None)}), ([(2,)], {"wanted": None})), label="EnsureShape")
def of_shape(x: Any, *, wanted: Any) -> Any:
    """x, whose shape is one that is named in part."""
    if not compatible(x.shape, wanted):
        raise InvalidArgumentError(f"the shape {shape_str(x.shape)} is not {shape_str(wanted)}")
    return x


@composed("BatchGather", "Reshape_3")
def batch_gather(params: Any, indices: Any, name: str | None = None) -> Node:
    """The slices of each row of a batch at the places of its own: `gather` with all axes of the indices but the last for those of the batch.

    any[..., n, ...], int[..., k] -> any[..., k, ...]. ShapeError: the rank of the indices is not known.

    >>> tf.Session(jit=False).run(tf.batch_gather([[1, 2], [3, 4]], [[1], [0]]))
    array([[2],
           [3]], dtype=int32)
    """
    at = to_node(indices)
    if not at.type.rank:
        raise ShapeError(f"batch_gather: {describe(at)} has no axis, or a rank that is not known{here()}")
    return gather(params, at, axis=at.type.rank - 1, batch_dims=at.type.rank - 1, name=name)


@composed("UnravelIndex", op="UnravelIndex")
def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Node:
    """Places along each axis of positions in a tensor's elements, in row-major order.

    indices: int[] or int[n], dims: int[rank] -> int[rank] or int[rank, n]. DTypeError: no integers. ShapeError: another rank.
    InvalidArgumentError, when run: there is no such position.

    >>> tf.Session(jit=False).run(tf.unravel_index([5, 7], [3, 4]))
    array([[1, 1],
           [1, 3]], dtype=int32)
    """
    places, sizes = _integers("unravel_index", indices), _integers("unravel_index", dims)
    if places.type.rank not in (0, 1) or sizes.type.rank != 1:
        raise ShapeError(f"unravel_index takes a number or a vector, and a vector of sizes, not {describe(places)} and {describe(sizes)}{here()}")
    sizes = cast(sizes, places.dtype)
    places = check_index(places, reduce_prod(sizes))
    strides = cumprod(sizes, exclusive=True, reverse=True)
    if places.type.rank:
        places, strides, sizes = expand_dims(places, 0), expand_dims(strides, 1), expand_dims(sizes, 1)
    return OPERATORS["floormod"](OPERATORS["floordiv"](places, strides), sizes, name=name or "unravel_index")


@composed("Repeat", "Reshape_1", op="Reshape")
def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Node:
    """Each element along `axis` (of all elements in a row, without it) as often as `repeats` says: one number, or one for each.

    any[...], int[] or int[n] -> the same dtype. DTypeError: no integers. ShapeError: another rank, no such axis.

    >>> tf.Session(jit=False).run(tf.repeat([[1, 2], [3, 4]], [2, 1], axis=0))
    array([[1, 2],
           [1, 2],
           [3, 4]], dtype=int32)
    """
    x, often = to_node(input), _integers("repeat", repeats)
    if axis is None:
        x, axis = reshape(x, [-1]), 0
    if often.type.rank not in (0, 1):
        raise ShapeError(f"repeat: {describe(often)} is neither a number nor a vector{here()}")
    often = cast(often, "int64") * ones(expand_dims(shape(x, out_type="int64")[axis], 0), "int64")
    ends = cumsum(often)
    places = searchsorted(ends, counted(reduce_sum(often)), side="right", out_type="int64")
    return gather(x, places, axis=axis, name=name or "repeat")
