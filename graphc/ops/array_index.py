"""Sizes as tensors, and the index itself: where along an axis each element is, and what is composed of that."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.axes import normal_axis
from ..ir.known import as_int, static_value
from ..ir.node import Node, describe, dtype_of, here
from ..ir.operator import declare, to_node
from ..ir.sizes import unknown
from ..ir.types import TensorType, as_array, as_dtype, float32, int32, int64
from .array_move import (
    SHAPE_OPERAND,
    Types,
    exact_cast,
    expand_dims,
    shape,
    vector_shape,
)
from .later import deferrable, later
from .math import add, cast, ceil, equal, floordiv, less, maximum, where
from .reduce import reduce_prod
from .scopes import composed

# ---------------------------------------------------------------------- sizes

@composed("Size", op="Size")
def size(input: Any, name: str | None = None, out_type: Any = int32) -> Node:
    """The number of elements of a tensor.

    any[...] -> out_type[]. DTypeError: no tensor. InvalidArgumentError, when run: more elements than the dtype can count.

    >>> tf.Session(jit=False).run(tf.size([[1, 2], [3, 4]]))
    np.int32(4)
    """
    return exact_cast(reduce_prod(shape(input, out_type=int64)), dtype=out_type, name=name or "Size")


@composed("Rank", op="Rank")
def rank(input: Any, name: str | None = None) -> Node:
    """The number of dimensions of a tensor.

    any[...] -> int32[]. DTypeError: no tensor.

    >>> tf.Session(jit=False).run(tf.rank([[1, 2], [3, 4]]))
    np.int32(2)
    """
    known = to_node(input).type.rank
    return to_node(np.int32(known), name=name) if known is not None else shape(shape(input), name=name)[0]


# ---------------------------------------------------------------------- the index itself

def _iota_attrs(types: Types, axis: Any, dtype: Any) -> dict[str, Any]:
    return {"axis": normal_axis(axis, types[0].shape[0] if types[0].shape else None), "dtype": as_dtype(dtype).dtype}


@declare("generator", lambda types, values, axis, dtype: TensorType(dtype, vector_shape(types[0], values[0])),
         by_value=(0,), fixed=SHAPE_OPERAND, prepare=_iota_attrs, shape_math=True,
         samples=(([np.array([3, 4])], {"axis": 1}), ([np.array([5])], {"dtype": "float32"}), ([np.array([0])], {})), label="range", op_type="Range")
def iota(shape: Any, *, axis: int = 0, dtype: Any = int32) -> Any:
    """Each element's own index along `axis`."""
    dims = np.asarray(shape).astype(np.int64).tolist()
    line = np.arange(dims[axis]).astype(dtype)
    return np.broadcast_to(line.reshape([-1 if i == axis else 1 for i in builtins.range(len(dims))]), dims)


def along(n: Any, axis: int, rank: int, dtype: Any = int32) -> Node:
    """0, 1, ..., n - 1 along one of `rank` axes, size 1 along the others."""
    return iota([n if i == axis else 1 for i in builtins.range(rank)], axis=axis, dtype=dtype)


def _exact(value: Any) -> Any:
    """A number from a number or a scalar tensor known while the graph is built; None otherwise."""
    if not isinstance(value, Node):
        return np.asarray(value)[()]
    known = static_value(value)
    return None if known is None or known.size != 1 or unknown(known).any() else known.reshape(())[()]


@composed("range", op="Range")
def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = "range") -> Node:
    """The numbers from `start` (0 if only a limit is given) up to but without `limit`, in steps of `delta`.

    Numbers of one dtype, scalars. DTypeError: no numbers. ShapeError: not scalars, or `delta` is 0.

    >>> tf.Session(jit=False).run(tf.range(1, 10, 3))
    array([1, 4, 7], dtype=int32)
    """
    first, last = (0, start) if limit is None else (start, limit)
    types = [_number(x) for x in (first, last, delta)]
    if dtype is None:
        kinds = {t.dtype for t in types}
        dtype = max(kinds, key=_ORDER.index) if kinds <= {*_ORDER} else np.result_type(*kinds)
    dtype = dtype_of("range", dtype).dtype
    exact = [_exact(x) for x in (first, last, delta)]
    if exact[2] == 0:
        raise ShapeError(f"range: the step is 0{here()}")
    if None not in exact:
        count: Any = max(0, int(np.ceil((exact[1] - exact[0]) / exact[2])))
    elif dtype.kind == "f":
        count = cast(maximum(ceil((cast(last, dtype) - first) / delta), 0.0), np.int64)
    else:
        count = maximum(0 - floordiv(_integer(first) - _integer(last), _integer(delta)), 0)
    plain = exact[0] == 0 and exact[2] == 1
    line = iota([count], dtype=dtype, name=name if plain else None)
    return line if plain else _line(line, first, delta, dtype, name)


_ORDER = [np.dtype(d) for d in ("int32", "int64", "float32", "float64")]      # the dtype of a range is the last one of those that make it


def _number(x: Any) -> TensorType:
    """The type of a bound of `range`, which is a scalar and a number."""
    value = x.type if isinstance(x, Node) else as_array(x)
    if value.dtype.kind not in "biuf":
        raise DTypeError(f"range: {describe(x) if isinstance(x, Node) else repr(x)[:60]} is no number{here()}")
    if value.shape:
        raise ShapeError(f"range: {describe(x) if isinstance(x, Node) else repr(x)[:60]} is no scalar{here()}")
    return TensorType(value.dtype, value.shape)


def _integer(x: Any) -> Any:
    return cast(x, np.int64) if isinstance(x, Node) else int(x)


def _line(i: Node, first: Any, step: Any, dtype: Any, name: str | None) -> Node:
    first, step = (cast(x, dtype) if isinstance(x, Node) else np.asarray(x, dtype) for x in (first, step))
    return add(i * step, first, name=name)


@composed("linspace", "Slice")
def linspace(start: Any, stop: Any, num: Any, name: str | None = "linspace") -> Node:
    """`num` evenly spaced numbers from `start` to `stop`, both included, exactly.

    start, stop: number[], num: int[] -> floating. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.linspace(0.0, 1.0, 5))
    array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    start = to_node(start)
    start = start if start.type.dtype.kind == "f" else cast(start, np.float32)
    dtype = start.type.dtype
    stop = cast(stop, dtype) if isinstance(stop, Node) else np.asarray(stop, dtype)
    exact = _exact(num)
    i = iota([num if exact is None else int(exact)], dtype=dtype)
    gaps = maximum(cast(num, dtype) - 1.0, 1.0) if exact is None else np.asarray(max(int(exact) - 1, 1), dtype)
    # Halves, which are exact: the distance of the largest numbers from the smallest is none of the dtype's.
    half = start * 0.5
    return where(less(i, gaps), (half + i * ((stop * 0.5 - half) / gaps)) * 2.0, stop if exact != 1 else start, name=name)


lin_space = linspace


def _kind_of(on_value: Any, off_value: Any) -> Any:
    """The dtype of the first value that is given."""
    given = [v for v in (on_value, off_value) if v is not None]
    return to_node(given[0]).dtype if given else float32


@composed("one_hot", op="OneHot")
@deferrable("one_hot", axis=(int,), dtype=(np.dtype,))
def one_hot(indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: int | None = None,
            dtype: Any = None, name: str | None = None) -> Node:
    """Along a new axis of size `depth`: `on_value` (1) at the index, `off_value` (0) elsewhere and if out of it.

    indices: int[...] -> dtype[..., depth]; `axis`: where the new axis lies (-1: last); dtype: that of on_value, default float32.
    DTypeError: the indices are no integers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.one_hot([1, 0], 3))
    array([[0., 1., 0.],
           [1., 0., 0.]], dtype=float32)
    """
    indices = to_node(indices)
    if indices.type.dtype.kind not in "iu":
        raise DTypeError(f"one_hot: {describe(indices)} is not of integers{here()}")
    rank, at = indices.type.rank, -1 if axis is None else as_int(axis)
    n = depth if isinstance(depth, Node) else as_int(depth, "depth")
    if rank is None and at != -1:
        options = {"axis": at} if dtype is None else {"axis": at, "dtype": dtype_of("one_hot", dtype).dtype}
        kind = dtype_of("one_hot", dtype if dtype is not None else _kind_of(on_value, off_value)).dtype
        given = [to_node(v, None if isinstance(v, Node) else kind) for v in (on_value, off_value) if v is not None]
        if len(given) == 1:
            given = [given[0], to_node(np.zeros((), kind))] if on_value is not None else [to_node(np.ones((), kind)), given[0]]
        return later("one_hot", (indices, to_node(n), *given), TensorType(kind, None), name, **options)
    where_to = 0 if rank is None else normal_axis(at, rank + 1)
    line = along(n, where_to, 1 if rank is None else rank + 1, indices.type.dtype)
    hot = equal(expand_dims(indices, at), line)
    if dtype is None:
        dtype = _kind_of(on_value, off_value)
    if on_value is None and off_value is None:
        return cast(hot, dtype, name=name or "one_hot")
    on, off = (v if isinstance(v, Node) else to_node(d if v is None else v, dtype)
               for v, d in ((on_value, 1), (off_value, 0)))
    return where(hot, on, off, name=name or "one_hot")
