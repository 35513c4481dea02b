"""Slices whose bounds are numbers: views of a tensor, and zeros with a slice added, which are each other's gradients."""

from __future__ import annotations

from builtins import slice as _slice
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import GraphError, ShapeError
from ..ir.node import OPERATORS, Node
from ..ir.operator import Values, declare
from ..ir.sizes import Size, alike, fixed, has_sizes
from ..ir.types import TensorType, compatible, shape_str
from .array_gather import scatter_sum
from .array_join import between
from .array_move import Placement, Types, concrete, reshape, shape, vector_shape

Index = tuple[tuple[Any, ...], ...]   # entries ("slice", begin, end, step), ("int", i), ("new",), ("ellipsis",)
ALL = ("slice", None, None, None)
LONG_STEP = 1 << 31     # no axis is as long


def bounds(size: int, begin: int | None, end: int | None, step: int | None) -> tuple[int, int, int, int]:
    """Where a slice of that many elements begins and ends, its step, and how many elements it has; all but the step may be open sizes."""
    step = 1 if step is None else step
    if not has_sizes((size, begin, end)):
        places = _slice(begin, end, step).indices(size)
        return (*places, len(range(*places)))
    low, high = (0, size) if step > 0 else (-1, size - 1)

    def place(bound: int | None, default: int) -> int:
        if bound is None:
            return default
        if bound < 0:
            return low if bound + size < low else bound + size
        return high if bound > high else bound
    first, last = (place(b, d) for b, d in ((begin, low if step > 0 else high), (end, high if step > 0 else low)))
    distance = last - first if step > 0 else first - last
    return first, last, step, (distance - 1) // abs(step) + 1 if distance > 0 else 0


def to_numpy(index: Index) -> tuple[Any, ...]:
    """The index as numpy takes it."""
    marks = {"new": np.newaxis, "ellipsis": Ellipsis}
    return tuple(_slice(*e[1:]) if e[0] == "slice" else e[1] if e[0] == "int" else marks[e[0]] for e in index)


def spelled_out(index: Index, rank: int) -> list[tuple[Any, ...]]:
    """The index with one entry a dimension (and a "new" an added one), nothing left out; ShapeError if too long."""
    used = sum(e[0] in ("slice", "int") for e in index)
    if used > rank:
        raise ShapeError(f"{used} indices for an operand of rank {rank}")
    full = [ALL] * (rank - used)
    at = next((i for i, e in enumerate(index) if e[0] == "ellipsis"), len(index))
    return [*index[:at], *full, *index[at + 1:]]


def _sliced(types: Types, values: Values, index: Index) -> TensorType:
    x = types[0]
    if x.shape is None:
        return TensorType(x.dtype, None)
    dims = iter(enumerate(x.shape))
    out: list[int | None] = []
    for kind, *entry in spelled_out(index, len(x.shape)):
        if kind == "new":
            out.append(1)
            continue
        axis, size = next(dims)
        if kind == "slice":
            whole = entry[1:] == [None, None] and (entry[0] is None or alike(entry[0], 0))
            out.append(size if whole else None if size is None else bounds(size, *entry)[3])
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
            offset += (entry[0] + size if entry[0] < 0 else entry[0]) * stride
        else:
            begin, end, step, count = bounds(size, *entry)
            offset += begin * stride if count else 0
            # Of a step beyond all axes it is decided that nothing is taken with it: a stride must be one of int64.
            out.append((count, stride * step if (not fixed(count) and abs(step) < LONG_STEP) or count > 1 else stride))
    return tuple(d for d, _ in out), tuple(s for _, s in out), offset


def _is_entry(e: Any) -> bool:
    if not isinstance(e, tuple) or not e:
        return False
    kind, *numbers = e
    if kind == "slice":
        return len(numbers) == 3 and all(n is None or type(n) in (int, Size) for n in numbers[:2]) and type(numbers[2]) in (int, type(None)) \
            and numbers[2] != 0
    return e in (("new",), ("ellipsis",)) or (kind == "int" and len(numbers) == 1 and type(numbers[0]) in (int, Size))


def _index_attrs(types: Types, index: Any) -> dict[str, Any]:
    """The index, if it is one: views take it as it stands, and a file may hold anything."""
    if not isinstance(index, tuple) or not all(map(_is_entry, index)) or sum(e[0] == "ellipsis" for e in index) > 1:
        raise GraphError(f"{index!r:.80} is not an index")
    return {"index": index}


_SLICES = (([(4, 5)], {"index": (("slice", 1, None, 2), ("slice", None, None, -2))}),
           ([(4, 5)], {"index": (("int", -1), ("new",), ("slice", -3, 5, None))}),
           ([(2, 3, 4)], {"index": (("ellipsis",), ("slice", 1, 100, None))}),
           ([(4,)], {"index": (("slice", 3, 1, None),)}), ([(4,)], {"index": (("slice", 1, None, 10**30),)}),
           ([(2, 6)], {"index": (ALL, ("slice", 5, 0, -2))}))


def _sliced_grad(g: Node, y: Node, input_: Node, index: Index) -> tuple[Node]:
    return (_scatter_slice(g, shape(input_), index=index),)


@declare("view", _sliced, name="strided_slice", prepare=_index_attrs, view=_sliced_view, shape_math=True, samples=_SLICES,
         grad=_sliced_grad, label="strided_slice", op_type="StridedSlice")
def fixed_slice(input_: Any, *, index: Index) -> Any:
    """Basic indexing with fixed integers and slices."""
    return np.asarray(input_)[to_numpy(index)]


def _scatter_slice_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, index: Index) -> Node:
    """Axis by axis, last first: zeros around what a unit step cut out, a scatter into zeros for other steps."""
    if not out_type.known:
        return node
    g, dims = inputs[0], concrete(out_type)
    rank = len(dims)
    g = _with_every_axis(g, index, rank)
    for axis in reversed(range(rank)):
        kind, *entry = [e for e in spelled_out(index, rank) if e[0] != "new"][axis]
        begin, end, step, count = bounds(dims[axis], *entry) if kind == "slice" else _one(entry[0], dims[axis])
        if step == 1 and begin < end:
            g = between(g, axis, begin, dims[axis] - end)
        elif count < dims[axis] or step < 0:
            at = _places(begin, end, step, count)
            whole = [*(g.type.shape or ())]
            whole[axis] = dims[axis]
            g = scatter_sum(at, g, whole, axis=axis)
    return g if g is not inputs[0] else OPERATORS["identity"](g)


def _places(begin: int, end: int, step: int, count: int) -> Any:
    """The elements that a slice takes, as a vector."""
    if has_sizes((begin, count)):
        return OPERATORS["iota"]([count]) * (step if abs(step) < LONG_STEP else 1) + begin      # with a longer one there is one at the most
    return np.arange(begin, end, step, dtype=np.int32) if count else np.zeros(0, np.int32)


def _one(i: int, size: int) -> tuple[int, int, int, int]:
    i = i + size if i < 0 else i
    return i, i + 1, 1, 1


def _with_every_axis(g: Node, index: Index, rank: int) -> Node:
    """g with size 1 where an integer took an axis away, and without the axes that were added."""
    at, dims = iter(g.type.shape or ()), []
    for kind, *_ in spelled_out(index, rank):
        if kind == "new":
            next(at)
        else:
            dims.append(1 if kind == "int" else next(at))
    return reshape(g, dims) if not alike(tuple(dims), g.type.shape) else g


def _slice_scattered(types: Types, values: Values, index: Index) -> TensorType:
    whole = TensorType(types[0].dtype, vector_shape(types[1], values[1]))
    cut = _sliced([whole], (), index)
    if not compatible(types[0].shape, cut.shape):
        raise ShapeError(f"what is scattered has shape {shape_str(types[0].shape)}, the slice {shape_str(cut.shape)}")
    return whole


@declare("lowered", _slice_scattered, by_value=(1,), fixed={"whole": "int32"}, name="scatter_slice", complex=True, prepare=_index_attrs,
         lower=_scatter_slice_lower,
         grad=lambda h, y, g, whole, index: (fixed_slice(h, index=index), None),
         samples=tuple(([np.zeros(x)[to_numpy(a["index"])].shape, np.array(x)], a) for (x,), a in _SLICES))
def _scatter_slice(g: Any, whole: Any, *, index: Index) -> Any:
    """Zeros of shape `whole` with g at an index: the transpose of basic indexing."""
    out = np.zeros(tuple(np.asarray(whole).tolist()), g.dtype)
    out[to_numpy(index)] = g
    return out
