"""Operators that choose elements by position: slices and Python's indexing, gather and scatter, masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..graph import OPERATORS, Node, caller, describe, get_default_graph, loc_str
from ..op import Values, declare, elementwise, normal_axis, static_value, to_node
from ..types import Shape, TensorType, compatible, shape_str
from .array_move import (
    SHAPE_OPERAND,
    Placement,
    Types,
    as_one_dtype,
    broadcast_to,
    integers,
    reshape,
    shape,
    vector_shape,
)
from .array_move import _concat as concatenate
from .math import cast, where

Index = tuple[tuple[Any, ...], ...]   # entries ("slice", begin, end, step), ("int", i), ("new",), ("ellipsis",)
_ALL = ("slice", None, None, None)

_slice = slice


# ---------------------------------------------------------------------- slices with fixed bounds

def to_numpy(index: Index) -> tuple[Any, ...]:
    """The index as numpy takes it."""
    return tuple(_slice(*e[1:]) if e[0] == "slice" else e[1] if e[0] == "int" else np.newaxis if e[0] == "new" else Ellipsis
                 for e in index)


def spelled_out(index: Index, rank: int) -> list[tuple[Any, ...]]:
    """The index with one entry a dimension (and a "new" an added one): no ellipsis, nothing left off; ShapeError if too long."""
    used = sum(e[0] in ("slice", "int") for e in index)
    if used > rank:
        raise ShapeError(f"{used} indices for an operand of rank {rank}")
    full = [_ALL] * (rank - used)
    at = next((i for i, e in enumerate(index) if e[0] == "ellipsis"), len(index))
    return [*index[:at], *full, *index[at + 1:]]


def _sliced(types: Types, values: Values, index: Index) -> TensorType:
    x = types[0]
    if x.shape is None:
        return TensorType(x.dtype, None)
    dims, out = iter(enumerate(x.shape)), []
    for kind, *entry in spelled_out(index, len(x.shape)):
        if kind == "new":
            out.append(1)
            continue
        axis, size = next(dims)
        if kind == "slice":
            whole = entry == [None, None, None] or entry == [0, None, None]
            out.append(size if whole else None if size is None else len(range(*_slice(*entry).indices(size))))
        elif size is not None and not -size <= entry[0] < size:
            raise ShapeError(f"index {entry[0]} is out of range for axis {axis} of size {size}")
    return TensorType(x.dtype, tuple(out))


def _sliced_view(shape: Any, strides: Any, index: Index, **_: Any) -> Placement:
    dims, out, offset = iter(zip(shape, strides, strict=True)), [], 0
    for kind, *entry in spelled_out(index, len(shape)):
        if kind == "new":
            out.append((1, 0))
            continue
        size, stride = next(dims)
        if kind == "int":
            offset += (entry[0] % size if size else 0) * stride
        else:
            begin, end, step = _slice(*entry).indices(size)
            count = len(range(begin, end, step))
            offset += begin * stride if count else 0
            out.append((count, stride * step))
    return tuple(d for d, _ in out), tuple(s for _, s in out), offset


_SLICES = (([(4, 5)], {"index": (("slice", 1, None, 2), ("slice", None, None, -2))}),
           ([(4, 5)], {"index": (("int", -1), ("new",), ("slice", -3, 5, None))}),
           ([(2, 3, 4)], {"index": (("ellipsis",), ("slice", 1, 100, None))}),
           ([(4,)], {"index": (("slice", 3, 1, None),)}), ([(2, 6)], {"index": (_ALL, ("slice", 5, 0, -2))}))


@declare("view", _sliced, name="strided_slice", view=_sliced_view, shape_math=True, label="strided_slice", samples=_SLICES,
         grad=lambda g, y, input_, index: (_scatter_slice(g, shape(input_), index=index),))
def _strided_slice(input_: Any, *, index: Index) -> Any:
    """Basic indexing with fixed integers and slices."""
    return np.asarray(input_)[to_numpy(index)]


def _scatter_slice_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, index: Index) -> Node:
    """Axis by axis, last first: zeros around what a unit step cut out, a scatter into zeros for other steps."""
    g, dims = inputs[0], out_type.shape
    assert dims is not None
    rank = len(dims)
    g = _with_every_axis(g, index, rank)
    for axis in reversed(range(rank)):
        kind, *entry = [e for e in spelled_out(index, rank) if e[0] != "new"][axis]
        begin, end, step = _slice(*entry).indices(dims[axis]) if kind == "slice" else _one(entry[0], dims[axis])
        count = len(range(begin, end, step))
        if step == 1 and begin < end:
            g = _between_zeros(g, axis, begin, dims[axis] - end)
        elif count < dims[axis] or step < 0:
            at = np.arange(begin, end, step, dtype=np.int32) if count else np.zeros(0, np.int32)
            whole = [*(g.type.shape or ())]
            whole[axis] = dims[axis]
            g = scatter_sum(at, g, np.array(whole, np.int32), axis=axis)
    return g if g is not inputs[0] else OPERATORS["identity"](g)


def _one(i: int, size: int) -> tuple[int, int, int]:
    return i % size, i % size + 1, 1


def _with_every_axis(g: Node, index: Index, rank: int) -> Node:
    """g with size 1 where an integer took an axis away, and without the axes that were added."""
    at, dims = iter(g.type.shape or ()), []
    for kind, *_ in spelled_out(index, rank):
        if kind == "new":
            next(at)
        else:
            dims.append(1 if kind == "int" else next(at))
    return reshape(g, dims) if tuple(dims) != g.type.shape else g


def _between_zeros(g: Node, axis: int, before: int, after: int) -> Node:
    dims = list(g.type.shape or ())
    zero = to_node(np.zeros((), g.type.dtype), graph=get_default_graph())
    blocks = [broadcast_to(zero, [*dims[:axis], n, *dims[axis + 1:]]) if n else None for n in (before, after)]
    parts = [b for b in (blocks[0], g, blocks[1]) if b is not None]
    return concatenate(parts, axis=axis) if len(parts) > 1 else g


@declare("lowered", lambda types, values, index: TensorType(types[0].dtype, vector_shape(types[1], values[1])), values=(1,),
         fixed={"whole": "int32"}, name="scatter_slice", lower=_scatter_slice_lower,
         grad=lambda h, y, g, whole, index: (_strided_slice(h, index=index), None),
         samples=tuple(([np.zeros(x)[to_numpy(a["index"])].shape, np.array(x)], a) for (x,), a in _SLICES))
def _scatter_slice(g: Any, whole: Any, *, index: Index) -> Any:
    """Zeros of shape `whole` with g at an index: the transpose of basic indexing."""
    out = np.zeros(tuple(np.asarray(whole).tolist()), g.dtype)
    out[to_numpy(index)] = g
    return out


# ---------------------------------------------------------------------- slices with bounds that are tensors

def _cut(types: Types, values: Values) -> TensorType:
    x = types[0]
    begin, size = (vector_shape(t, v, what) for t, v, what in zip(types[1:], values[1:], ("begin", "size"), strict=True))
    rank = next((len(s) for s in (x.shape, begin, size) if s is not None), None)
    if rank is None:
        return TensorType(x.dtype, None)
    dims: Shape = x.shape if x.shape is not None else (None,) * rank
    begin, size = begin or (None,) * rank, size or (None,) * rank
    if {len(begin), len(size), len(dims)} != {rank}:
        raise ShapeError(f"begin and size must have one element for each of {len(dims)} axes, not {len(begin)} and {len(size)}")
    return TensorType(x.dtype, tuple(_cut_size(*d) for d in zip(range(rank), dims, begin, size, strict=True)))


def _cut_size(axis: int, dim: int | None, begin: int | None, size: int | None) -> int | None:
    if begin is not None and (begin < 0 or (dim is not None and begin > dim)):
        raise ShapeError(f"begin {begin} is outside axis {axis} of size {dim}")
    if size is not None and size < -1:
        raise ShapeError(f"size {size} is negative; -1 stands for all that is left")
    if size == -1:
        return None if dim is None or begin is None else dim - begin
    if None not in (dim, begin, size) and begin + size > dim:  # type: ignore[operator]
        raise ShapeError(f"axis {axis} has size {dim}, which ends before begin {begin} + size {size}")
    return size


def _cut_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType) -> Node:
    """A view once the begin is known, which it is unless it is data of this very run."""
    begin = static_value(inputs[1])
    if begin is None or np.isnan(begin).any() or out_type.shape is None:
        return node
    index = tuple(("slice", int(b), int(b) + n, None) for b, n in zip(begin, out_type.shape, strict=True))
    return _strided_slice(inputs[0], index=index)


def _cut_grad(g: Node, y: Node, input_: Node, begin: Node, size: Node) -> tuple[Node, None, None]:
    begin, whole, part = as_one_dtype((begin, shape(input_), shape(y)), np.dtype(np.int32))
    return OPERATORS["pad"](g, OPERATORS["stack"]([begin, whole - begin - part], axis=1)), None, None


@declare("host", _cut, values=(1, 2), fixed={"begin": "int32", "size": "int32"}, lower=_cut_lower, grad=_cut_grad, label="Slice",
         shape_math=True, samples=(([(4, 5), np.array([1, 0]), np.array([2, -1])], {}), ([(3,), np.array([3]), np.array([0])], {}),
                                   ([(), np.zeros(0, int), np.zeros(0, int)], {})))
def slice(input_: Any, begin: Any, size: Any) -> Any:
    """`size[i]` elements (-1: all that are left) from `begin[i]` along each axis i."""
    bounds = zip(np.shape(input_), np.asarray(begin).astype(int).tolist(), np.asarray(size).astype(int).tolist(), strict=True)
    cuts = tuple((b, d if n == -1 else b + n, d) for d, b, n in bounds)
    for b, e, d in cuts:
        if not 0 <= b <= e <= d:
            raise InvalidArgumentError(f"elements {b} to {e} are not within an axis of size {d}")
    return np.asarray(input_)[tuple(_slice(b, e) for b, e, _ in cuts)]


@elementwise("minimum(maximum(select({bound} < {T}(0), {bound} + {length}, {bound}), {T}(0)), {length})", shape_math=True)
def slice_bound(bound: Any, length: Any) -> Any:
    """Where a slice's bound lies in an axis of that length: from the end if negative, and no further than the ends."""
    return np.minimum(np.maximum(np.where(np.less(bound, 0), np.add(bound, length), bound), 0), length)


# ---------------------------------------------------------------------- Python's indexing

def getitem(x: Any, key: Any, name: str | None = None) -> Node:
    """x[key]: integers, slices (bounds and integers may be scalar tensors), None, ..., integer vectors, boolean masks."""
    x = to_node(x)
    keys = key if isinstance(key, tuple) else (key,)
    entries = [_entry(x, k) for k in keys]
    if sum(e[0] == "ellipsis" for e in entries) > 1:
        raise ShapeError(f"{describe(x)}: an index can have only a single ellipsis\n  at {loc_str(caller())}")
    late = [e for e in entries if e[0] in ("cut", "take", "mask")]
    index = tuple(_ALL if e in late else e for e in entries)
    if not late:
        return _strided_slice(x, index=index, name=name)
    if any(e != _ALL for e in index):
        x = _strided_slice(x, index=index)
    return _late(x, entries, name)


def _entry(x: Node, k: Any) -> tuple[Any, ...]:
    if k is None:
        return ("new",)
    if k is Ellipsis:
        return ("ellipsis",)
    if isinstance(k, _slice):
        begin, end, step = (_bound(x, b) for b in (k.start, k.stop, k.step))
        if step == 0 or isinstance(step, Node):
            raise ShapeError(f"{describe(x)}: a slice's step must be a number other than 0\n  at {loc_str(caller())}")
        return ("cut" if isinstance(begin, Node) or isinstance(end, Node) else "slice", begin, end, step)
    if isinstance(k, (bool, np.bool_)) or not isinstance(k, (int, np.integer, Node, list, np.ndarray)):
        raise DTypeError(f"{describe(x)}: {k!r:.60} is no index\n  at {loc_str(caller())}")
    if isinstance(k, (int, np.integer)):
        return ("int", int(k))
    node = to_node(k)
    if node.type.dtype.kind == "b":
        return ("mask", node)
    if node.type.dtype.kind not in "iu":
        raise DTypeError(f"{describe(x)}: {describe(node)} is no index: it is not of integers\n  at {loc_str(caller())}")
    exact = _exact(node)
    return ("int", exact) if exact is not None else ("take", node)


def _exact(node: Node) -> int | None:
    """The value of a scalar tensor that is known while the graph is built."""
    known = static_value(node) if node.type.shape == () else None
    return None if known is None or np.isnan(known) else int(known)


def _bound(x: Node, b: Any) -> Any:
    if isinstance(b, Node):
        exact = _exact(b)
        return b if exact is None else exact
    if b is None:
        return None
    try:
        return int(b.__index__())
    except (AttributeError, TypeError):
        raise DTypeError(f"{describe(x)}: {b!r:.60} is no bound of a slice\n  at {loc_str(caller())}") from None


def _late(x: Node, entries: list[tuple[Any, ...]], name: str | None) -> Node:
    """What depends on tensors: x has had the rest of the index applied. From the last axis back, so that axes keep their number."""
    at = next((i for i, e in enumerate(entries) if e[0] == "ellipsis"), len(entries))
    left = [e for e in entries if e[0] != "int"]
    at -= sum(e[0] == "int" for e in entries[:at])
    behind = left[at + 1:]
    if any(e[0] not in ("new", "slice") for e in behind) and x.type.rank is None:
        raise ShapeError(f"{describe(x)}: its rank must be known to index behind an ellipsis\n  at {loc_str(caller())}")
    places = [(i, e) for i, e in enumerate(left[:at])]
    places += [((x.type.rank or 0) - len(behind) + i, e) for i, e in enumerate(behind)]
    picks = [(i, e) for i, e in places if e[0] in ("cut", "take", "mask")]
    for n, (axis, (kind, *what)) in enumerate(reversed(picks), 1):
        last = name if n == len(picks) else None
        if kind == "cut":
            x = _cut_axis(x, axis, *what, name=last)
        elif kind == "mask":
            x = boolean_mask(x, what[0], axis=axis, name=last)
        else:
            x = gather(x, _from_end(x, what[0], axis), axis=axis, name=last)
    return x


def _from_end(x: Node, i: Node, axis: int) -> Node:
    return where(i < 0, i + cast(shape(x)[axis], i.type.dtype), i)


def _cut_axis(x: Node, axis: int, begin: Any, end: Any, step: int | None, name: str | None) -> Node:
    if step is not None and step < 0:
        raise ShapeError(f"{describe(x)}: a slice whose bounds are tensors cannot go backwards\n  at {loc_str(caller())}")
    length = shape(x)[axis]
    begin, end = (cast(b, np.int32) if isinstance(b, Node) else b for b in (begin, end))
    first = 0 if begin is None else slice_bound(begin, length)
    last = length if end is None else slice_bound(end, length)
    rest = [-1] * ((x.type.rank or axis + 1) - axis - 1)
    if x.type.rank is None:
        raise ShapeError(f"{describe(x)}: its rank must be known to cut it at tensors\n  at {loc_str(caller())}")
    size = OPERATORS["maximum"](last - first, 0)
    part = slice(x, [*([0] * axis), first, *([0] * len(rest))], [*([-1] * axis), size, *rest], name=name if step is None else None)
    return part if step is None else _strided_slice(part, index=(*([_ALL] * axis), ("slice", None, None, step)), name=name)


OPERATORS["getitem"] = getitem


def strided_slice(input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0,
                  ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0, var: Any = None,
                  name: str | None = None) -> Node:
    """Elements from `begin` to `end` in steps of `strides`; bit i of a mask changes what entry i means, as in TensorFlow."""
    lists = [_members(v) for v in (begin, end, strides if strides is not None else [1] * len(_members(begin)))]
    key: list[Any] = []
    for i, (b, e, s) in enumerate(zip(*lists, strict=True)):
        if ellipsis_mask >> i & 1:
            key.append(Ellipsis)
        elif new_axis_mask >> i & 1:
            key.append(None)
        elif shrink_axis_mask >> i & 1:
            key.append(b)
        else:
            key.append(_slice(None if begin_mask >> i & 1 else b, None if end_mask >> i & 1 else e, s))
    return getitem(input_, tuple(key), name)


def _members(vector: Any) -> list[Any]:
    if not isinstance(vector, Node):
        return list(vector)
    known = static_value(vector)
    return [vector[i] if known is None or np.isnan(known[i]) else int(known[i]) for i in range(len(list(vector)))]


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


@declare("gather", _gathered, name="gather", prepare=_gather_attrs, fixed={"indices": "int32"}, shape_math=True,
         grad=lambda g, y, params, indices, axis: (scatter_sum(indices, g, shape(params), axis=axis), None),
         samples=(([(4, 3), np.array([3, 0, 3])], {"axis": 0}), ([(2, 3), np.array([[1, 2], [0, 0]])], {"axis": 1}),
                  ([(4,), np.array(2)], {"axis": 0}), ([(4, 2), np.zeros((0,), int)], {"axis": -2})))
def _gather(params: Any, indices: Any, *, axis: int) -> Any:
    """The subtensors of `params` at `indices` along `axis`."""
    indices = np.asarray(indices).astype(np.int64)
    check_bounds(indices, params.shape[axis])
    return np.take(params, indices, axis)


def gather(params: Any, indices: Any, validate_indices: Any = None, name: str | None = None, axis: Any = 0) -> Node:
    """The subtensors of `params` at `indices` along `axis`. An index outside the axis fails when run."""
    return _gather(params, indices, axis=axis, name=name)


def _scattered(types: Types, values: Values, axis: int) -> TensorType:
    indices, updates, whole = types
    integers(indices, "indices")
    dims = vector_shape(whole, values[2])
    if dims is not None and indices.shape is not None:
        wanted = (*dims[:axis], *indices.shape, *dims[axis + 1:])
        if not compatible(updates.shape, wanted):
            raise ShapeError(f"updates have shape {shape_str(updates.shape)}, but {shape_str(wanted)} would fit")
    return TensorType(updates.dtype, dims)


@declare("scatter", _scattered, values=(2,), fixed={"indices": "int32", **SHAPE_OPERAND}, weak=False,
         grad=lambda h, y, indices, updates, whole, axis: (None, _gather(h, indices, axis=axis), None),
         samples=(([np.array([3, 0, 3]), (3, 2), np.array([4, 2])], {"axis": 0}),
                  ([np.array([[1, 1]]), (2, 1, 2), np.array([2, 3])], {"axis": 1}),
                  ([np.array(1), (), np.array([3])], {"axis": 0}), ([np.zeros(0, int), (0,), np.array([3])], {"axis": 0})))
def scatter_sum(indices: Any, updates: Any, shape: Any, *, axis: int = 0) -> Any:
    """Zeros of `shape` plus the updates at `indices` along `axis`: the transpose of gather; equal indices add up."""
    out = np.zeros(tuple(np.asarray(shape).tolist()), updates.dtype)
    check_bounds(indices, out.shape[axis])
    np.add.at(out, (_slice(None),) * axis + (np.asarray(indices),), updates)
    return out


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


@declare("host", _nd_gathered, fixed={"indices": "int32"},
         grad=lambda g, y, params, indices: (scatter_nd(indices, g, shape(params)), None),
         samples=(([(3, 4), np.array([[0, 1], [2, 3]])], {}), ([(3, 2), np.array([[2], [2], [0]])], {}),
                  ([(3,), np.zeros((0, 1), int)], {})))
def gather_nd(params: Any, indices: Any) -> Any:
    """The subtensors of `params` whose positions are the rows of `indices`."""
    return params[_nd_index(indices, params.shape)]


def _nd_scattered(types: Types, values: Values) -> TensorType:
    integers(types[0], "indices")
    return TensorType(types[1].dtype, vector_shape(types[2], values[2]))


@declare("host", _nd_scattered, values=(2,), fixed={"indices": "int32", **SHAPE_OPERAND}, weak=False, label="ScatterNd",
         grad=lambda h, y, indices, updates, whole: (None, gather_nd(h, indices), None),
         samples=(([np.array([[1], [1], [0]]), (3, 2), np.array([3, 2])], {}),
                  ([np.array([[0, 1]]), (1,), np.array([2, 2])], {})))
def scatter_nd(indices: Any, updates: Any, shape: Any) -> Any:
    """Zeros of `shape` plus the updates at the positions that are the rows of `indices`; equal positions add up."""
    out = np.zeros(tuple(np.asarray(shape).tolist()), updates.dtype)
    np.add.at(out, _nd_index(indices, out.shape), updates)
    return out


# ---------------------------------------------------------------------- masks

@declare("host", lambda types, values: TensorType(np.dtype(np.int64), (None,)), fixed={"mask": "bool", "dims": "int32"},
         samples=(([np.array([True, False, True]), np.array([3])], {}), ([np.zeros((2, 2), bool), np.array([2, 2])], {})))
def mask_indices(mask: Any, dims: Any) -> Any:
    """The positions, in C order, at which a mask of shape `dims` is true."""
    if mask.shape != tuple(np.asarray(dims).tolist()):
        raise InvalidArgumentError(f"the mask has shape {mask.shape}, what it masks {tuple(np.asarray(dims).tolist())}")
    return np.flatnonzero(mask)


def boolean_mask(tensor: Any, mask: Any, name: str | None = "boolean_mask", axis: int | None = None) -> Node:
    """The elements (subtensors, if the mask has fewer axes) at which `mask`, laid from `axis` on, is true."""
    tensor, mask = to_node(tensor), to_node(mask)
    rank, first = mask.type.rank, axis or 0
    if mask.type.dtype.kind != "b":
        raise DTypeError(f"boolean_mask: {describe(mask)} is not boolean\n  at {loc_str(caller())}")
    if not rank:
        raise ShapeError(f"boolean_mask: the rank of {describe(mask)} must be known and not 0\n  at {loc_str(caller())}")
    if tensor.type.shape is not None and not compatible(tensor.type.shape[first:first + rank], mask.type.shape):
        raise ShapeError(f"boolean_mask: {describe(mask)} does not fit {describe(tensor)} from axis {first} on\n  at {loc_str(caller())}")
    dims = shape(tensor)
    chosen = mask_indices(mask, dims[first:first + rank])
    if rank > 1:
        tensor = reshape(tensor, concatenate([dims[:first], np.array([-1], np.int32), dims[first + rank:]], axis=0))
    return gather(tensor, chosen, axis=first, name=name)


__all__ = ["slice", "strided_slice", "gather", "gather_nd", "scatter_nd", "boolean_mask"]
