"""Operators that choose elements by tensors of positions: gather, scatter, masks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.axes import normal_axis
from ..ir.loops import Check, Loop, word
from ..ir.node import OPERATORS, Node, describe, here
from ..ir.operator import Values, declare, to_node
from ..ir.types import TensorType, compatible, element_count, shape_str
from .array_join import concat
from .array_move import SHAPE_OPERAND, Types, integers, reshape, shape, vector_shape
from .scopes import composed

MANY = 256              # updates to a place, on average, from which they are added up in float64

# ---------------------------------------------------------------------- gather and scatter

def check_bounds(indices: Any, bound: int) -> None:
    """InvalidArgumentError that names the first index outside [0, bound)."""
    bad = (np.asarray(indices) < 0) | (np.asarray(indices) >= bound)
    if bad.any():
        raise InvalidArgumentError(f"index {np.asarray(indices)[bad].flat[0]} is not in [0, {bound})")


def _gathered(types: Types, values: Values, axis: int) -> TensorType:
    x, indices = types
    integers(indices, "indices")
    if x.shape is None or indices.shape is None:
        return TensorType(x.dtype, None)
    if not x.shape:
        raise ShapeError("a scalar has no axis to gather along")
    return TensorType(x.dtype, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1:]))


def _gather_attrs(types: Types, axis: Any) -> dict[str, Any]:
    return {"axis": normal_axis(axis, types[0].rank)}


def _gather_grad(g: Node, y: Node, params: Node, indices: Node, axis: int) -> tuple[Node, None]:
    return scatter_sum(indices, g, shape(params), axis=axis), None


@declare("gather", _gathered, name="gather", prepare=_gather_attrs, from_tensors={"axis": "axis"}, fixed={"indices": "int32"}, shape_math=True,
         grad=_gather_grad,
         samples=(([(4, 3), np.array([3, 0, 3])], {"axis": 0}), ([(2, 3), np.array([[1, 2], [0, 0]])], {"axis": 1}),
                  ([(4,), np.array(2)], {"axis": 0}), ([(4, 2), np.zeros((0,), int)], {"axis": -2})), label="GatherV2")
def _gather(params: Any, indices: Any, *, axis: int) -> Any:
    """The subtensors of `params` at `indices` along `axis`."""
    indices = np.asarray(indices).astype(np.int64)
    check_bounds(indices, params.shape[axis])
    return np.take(params, indices, axis)


def gather(params: Any, indices: Any, validate_indices: Any = None, name: str | None = None, axis: Any = None, batch_dims: int = 0) -> Node:
    """The subtensors of `params` at `indices` along `axis`. An index outside the axis fails when run.

    params: any[...], indices: int[...] -> the dtype of params. `batch_dims`: so many leading axes belong together: each of their elements has
    indices of its own; `axis` (default: the first one after them, 0 without) counts them. DTypeError: the indices are no integers. ShapeError: no
    such axis. InvalidArgumentError, when run: an index outside the axis.

    >>> tf.Session(jit=False).run([tf.gather([10, 20, 30], [2, 0]), tf.gather([[1, 2], [3, 4]], [[0], [1]], batch_dims=1)])
    [array([30, 10], dtype=int32), array([[1],
           [4]], dtype=int32)]
    """
    if batch_dims:
        return OPERATORS["batched_gather"](params, indices, axis, batch_dims, name)
    return _gather(params, indices, axis=0 if axis is None else axis, name=name)


def _scattered(types: Types, values: Values, axis: int) -> TensorType:
    indices, updates, whole = types
    integers(indices, "indices")
    dims = vector_shape(whole, values[2])
    if dims is not None and indices.shape is not None:
        wanted = (*dims[:axis], *indices.shape, *dims[axis + 1:])
        if not compatible(updates.shape, wanted):
            raise ShapeError(f"updates have shape {shape_str(updates.shape)}, but {shape_str(wanted)} would fit")
    return TensorType(updates.dtype, dims)


def _scatter_attrs(types: Types, axis: Any) -> dict[str, Any]:
    whole = types[2].shape
    return {"axis": normal_axis(axis, whole[0] if whole else None)}


@declare("scatter", _scattered, by_value=(2,), prepare=_scatter_attrs, fixed={"indices": "int32", **SHAPE_OPERAND}, weak=False,
         grad=lambda h, y, indices, updates, whole, axis: (None, _gather(h, indices, axis=axis), None),
         samples=(([np.array([3, 0, 3]), (3, 2), np.array([4, 2])], {"axis": 0}),
                  ([np.array([[1, 1]]), (2, 1, 2), np.array([2, 3])], {"axis": 1}),
                  ([np.array(1), (), np.array([3])], {"axis": 0}),
                  ([np.zeros(0, int), (0,), np.array([3])], {"axis": 0})))
def scatter_sum(indices: Any, updates: Any, shape: Any, *, axis: int = 0) -> Any:
    """Zeros of `shape` plus the updates at `indices` along `axis`: the transpose of gather; equal indices add up."""
    indices, dims = np.asarray(indices), tuple(np.asarray(shape).tolist())
    check_bounds(indices, dims[axis])
    return _added_up(dims, (*[slice(None)] * axis, indices), updates, indices.size > MANY * dims[axis])


def _added_up(dims: tuple[int, ...], at: Any, updates: Any, many: bool) -> Any:
    """Zeros plus the updates at some places; many float32 with the digits of float64."""
    out = np.zeros(dims, np.float64 if many and updates.dtype == np.float32 else updates.dtype)
    np.add.at(out, at, updates)
    return out.astype(updates.dtype, copy=False)


def _nd_gathered(types: Types, values: Values) -> TensorType:
    x, indices = types
    integers(indices, "indices")
    if x.shape is None or indices.shape is None or not indices.shape or indices.shape[-1] is None:
        return TensorType(x.dtype, None)
    if indices.shape[-1] > len(x.shape):
        raise ShapeError(f"indices of {indices.shape[-1]} numbers for an operand of rank {len(x.shape)}")
    return TensorType(x.dtype, (*indices.shape[:-1], *x.shape[indices.shape[-1]:]))


def _nd_index(indices: Any, dims: Sequence[int]) -> tuple[Any, ...]:
    parts = tuple(np.moveaxis(np.asarray(indices), -1, 0))
    for i, d in zip(parts, dims, strict=False):
        check_bounds(i, d)
    return parts


def _nd_gather_grad(g: Node, y: Node, params: Node, indices: Node) -> tuple[Node, None]:
    return scatter_nd(indices, g, shape(params)), None


def _places_text(depth: int, checked: int) -> list[str]:
    """Lines that find in `at` the number of the slice whose position is row k of `indices`; what is out of bounds fails the run."""
    lines = ["at = int64(0)"]
    for i in range(depth):
        lines += [f"i{i} = int64(load(indices, k * {depth} + {i}))", f"if i{i} < 0 or i{i} >= d{i}:", f"    extents[0] = i{i}",
                  f"    return {i + checked}", f"at = at * d{i} + i{i}"]
    return lines


def _nd_gather_loop(types: Any, type: Any) -> Loop:
    x, indices = types
    depth = indices.shape[-1]
    count, inner = element_count(indices.shape[:-1]), element_count(x.shape[depth:])
    lines = ["for k in range(lo, hi):", *("    " + line for line in _places_text(depth, 1)), "    for j in range(inner):",
             "        store(out, k * inner + j, load(params, at * inner + j))"]
    return Loop("\n".join(lines), {"inner": inner, **{f"d{i}": d for i, d in enumerate(x.shape[:depth])}}, count, count * (inner + depth),
                [Check(1, d) for d in x.shape[:depth]])


@declare("routine", _nd_gathered, fixed={"indices": "int32"}, grad=_nd_gather_grad, batch="trailing", loop=_nd_gather_loop, complex=True,
         samples=(([(3, 4), np.array([[0, 1], [2, 3]])], {}), ([(3, 2), np.array([[2], [2], [0]])], {}),
                  ([(3,), np.zeros((0, 1), int)], {}), ([(3,), np.zeros((2, 0), int)], {})), label="GatherNd")
def gather_nd(params: Any, indices: Any) -> Any:
    """The subtensors of `params` whose positions are the rows of `indices`.

    >>> tf.Session(jit=False).run(tf.gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]]))
    array([2, 3], dtype=int32)
    """
    if not np.shape(indices)[-1]:           # no numbers say all of it
        return np.broadcast_to(params, (*np.shape(indices)[:-1], *params.shape))
    return params[_nd_index(indices, params.shape)]


def _nd_scattered(types: Types, values: Values) -> TensorType:
    indices, updates, whole = types
    integers(indices, "indices")
    dims = vector_shape(whole, values[2])
    if dims is not None and indices.shape and (count := indices.shape[-1]) is not None:
        if count > len(dims):
            raise ShapeError(f"indices of {count} numbers for a result of rank {len(dims)}")
        wanted = (*indices.shape[:-1], *dims[count:])
        if not compatible(updates.shape, wanted):
            raise ShapeError(f"updates have shape {shape_str(updates.shape)}, but {shape_str(wanted)} would fit")
    return TensorType(updates.dtype, dims)


def _nd_scatter_loop(types: Any, type: Any) -> Loop:
    """Zeros, then one update after the other, as they come: always the same sum. Many float32 to a place add up in float64."""
    indices, updates, _ = types
    depth = indices.shape[-1]
    count, inner = element_count(indices.shape[:-1]), element_count(type.shape[depth:])
    t = word(type.dtype)
    wide = type.dtype == np.float32
    total, w = ("scratch0", "float64") if wide else ("out", t)
    lines = ["for i in range(size):", f"    store({total}, i, {w}(0))", "for k in range(count):",
             *("    " + line for line in _places_text(depth, 1)), "    for j in range(inner):",
             f"        store({total}, at * inner + j, {w}(load({total}, at * inner + j) + load(updates, k * inner + j)))"]
    if wide:
        lines += ["for i in range(size):", "    store(out, i, float32(load(scratch0, i)))"]
    size = element_count(type.shape)
    sizes = {"size": size, "count": count, "inner": inner, **{f"d{i}": d for i, d in enumerate(type.shape[:depth])}}
    return Loop("\n".join(lines), sizes, 1, size + 2 * count * inner, [Check(0, d) for d in type.shape[:depth]],
                [(np.dtype(np.float64), size)] if wide else [])


@declare("routine", _nd_scattered, loop=_nd_scatter_loop, by_value=(2,), fixed={"indices": "int32", **SHAPE_OPERAND}, weak=False, label="ScatterNd",
         batch="trailing", complex=True,
         grad=lambda h, y, indices, updates, whole: (None, gather_nd(h, indices), None),
         samples=(([np.array([[1], [1], [0]]), (3, 2), np.array([3, 2])], {}),
                  ([np.array([[0, 1]]), (1,), np.array([2, 2])], {}), ([np.zeros((2, 0), int), (2, 3), np.array([3])], {})))
def scatter_nd(indices: Any, updates: Any, shape: Any) -> Any:
    """Zeros of `shape` plus the updates at the positions that are the rows of `indices`; equal positions add up.

    >>> tf.Session(jit=False).run(tf.scatter_nd([[1], [3]], [7, 8], [5]))
    array([0, 7, 0, 8, 0], dtype=int32)
    """
    dims, indices = tuple(np.asarray(shape).tolist()), np.asarray(indices)
    if not indices.shape[-1]:
        return np.asarray(updates).reshape(-1, *dims).sum(0, dtype=updates.dtype)
    at = _nd_index(indices, dims)
    return _added_up(dims, at, updates, math.prod(indices.shape[:-1]) > MANY * math.prod(dims[:indices.shape[-1]]))


# ---------------------------------------------------------------------- masks

@declare("host", lambda types, values: TensorType(np.dtype(np.int64), (None,)), fixed={"mask": "bool", "dims": "int32"},
         samples=(([np.array([True, False, True]), np.array([3])], {}),
                  ([np.zeros((2, 2), bool), np.array([2, 2])], {})))
def mask_indices(mask: Any, dims: Any) -> Any:
    """The positions, in C order, at which a mask of shape `dims` is true."""
    if mask.shape != tuple(np.asarray(dims).tolist()):
        raise InvalidArgumentError(f"the mask has shape {mask.shape}, what it masks {tuple(np.asarray(dims).tolist())}")
    return np.flatnonzero(mask)


@composed("boolean_mask", "GatherV2")
def boolean_mask(tensor: Any, mask: Any, name: str | None = "boolean_mask", axis: int | None = None) -> Node:
    """The elements (subtensors, if the mask has fewer axes) at which `mask`, laid from `axis` on, is true.

    tensor: any[...], mask: bool[...] of known rank. ShapeError: the mask's rank is unknown or 0, or its shape is not the tensor's.
    DTypeError: the mask is not bool.

    >>> tf.Session(jit=False).run(tf.boolean_mask([1, 2, 3], [True, False, True]))
    array([1, 3], dtype=int32)
    """
    tensor, mask = to_node(tensor), to_node(mask)
    rank, first = mask.type.rank, axis or 0
    if mask.type.dtype.kind != "b":
        raise DTypeError(f"boolean_mask: {describe(mask)} is not boolean{here()}")
    if not rank:
        raise ShapeError(f"boolean_mask: the rank of {describe(mask)} must be known and not 0{here()}")
    if tensor.type.shape is not None and not compatible(tensor.type.shape[first:first + rank], mask.type.shape):
        raise ShapeError(f"boolean_mask: {describe(mask)} does not fit {describe(tensor)} from axis {first} on{here()}")
    dims = shape(tensor)
    chosen = mask_indices(mask, dims[first:first + rank])
    if rank > 1:
        tensor = reshape(tensor, concat([dims[:first], np.array([-1], np.int32), dims[first + rank:]], axis=0))
    return gather(tensor, chosen, axis=first, name=name)
