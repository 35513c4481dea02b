"""Operators of graphc's that are no row of the table, as TensorFlow's operations: sources, variables, messages, slices, places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ir.node import Node
from ...ir.types import TensorShape, as_dtype
from ...ops import array, math
from .leaving import Leaving
from .leaving_flow import write_branch, write_loop
from .own_nets import NETS

# ---------------------------------------------------------------------- sources and variables

def _constant(w: Leaving, n: Node) -> None:
    value = n.attrs["value"]
    w.add("Const", "", [], value=np.asarray(value), dtype=value.dtype)


def _placeholder(w: Leaving, n: Node) -> None:
    w.add("Placeholder", "", [], dtype=n.type.dtype, shape=TensorShape(n.type.shape))


def _variable(w: Leaving, n: Any) -> None:
    """The variable, and the node that gives it its initial value, which TensorFlow has made from the first."""
    w.add("VariableV2", "", [], dtype=n.type.dtype, shape=TensorShape(n.type.shape), container="", shared_name="")
    w.add("Assign", "Assign", [n.label, w.name_of(n.initial_value)], own=True, T=n.type.dtype, validate_shape=True, use_locking=True)


def _initialized(w: Leaving, n: Node) -> None:
    w.name_of(n.attrs["variable"])          # which writes this node


def _assigned(op: str) -> Callable[[Leaving, Node], None]:
    return lambda w, n: _put(w.add(op, "", [w.name_of(x) for x in n.inputs], T=n.type.dtype))


def _put(name: str) -> None:
    return None


def _first(w: Leaving, n: Node) -> None:
    """What gives its first operand on, having looked at the others: TensorFlow's operations look for themselves."""
    w.add("Identity", "", [w.name_of(n.inputs[0])], T=n.type.dtype)


def _second(w: Leaving, n: Node) -> None:
    w.add("Identity", "", [w.name_of(n.inputs[1])], T=n.type.dtype)


def _cast(w: Leaving, n: Node) -> None:
    w.add("Cast", "", [w.name_of(n.inputs[0])], SrcT=n.inputs[0].type.dtype, DstT=n.type.dtype)


def _no_op(w: Leaving, n: Node) -> None:
    w.add("NoOp", "", [])


def _told(w: Leaving, n: Node) -> tuple[list[str], list[Any]]:
    """What a message shows, texts and tensors, and their dtypes."""
    shown = [n.inputs[1 + p] if isinstance(p, int) else p for p in n.attrs["parts"]]
    return [w.name_of(x) if isinstance(x, Node) else w.constant(x, "string", "text") for x in shown], \
        [as_dtype(x.type.dtype if isinstance(x, Node) else "string") for x in shown]


def _print(w: Leaving, n: Node) -> bool:
    texts, kinds = _told(w, n)
    most, first = n.attrs["summarize"], n.attrs["first_n"]
    w.add("Print", "", [w.name_of(n.inputs[0]), *texts], T=n.type.dtype, U=kinds, message=n.attrs["message"], summarize=3 if most is None else most,
          first_n=-1 if first is None else first)
    return True


def _assert(w: Leaving, n: Node) -> bool:
    condition = n.inputs[0]
    if condition.type.rank is None:
        return False
    texts, kinds = _told(w, n)
    held, most = w.name_of(condition), n.attrs["summarize"]
    if condition.type.rank:
        held = w.add("All", "All", [held, w.constant(range(condition.type.rank), "int32", "axes")], Tidx=np.dtype(np.int32), keep_dims=False)
    w.add("Assert", "", [held, *texts], T=kinds, summarize=3 if most is None else most)
    return True


_SUMMARIES = {"scalar": ("ScalarSummary", ()), "histogram": ("HistogramSummary", ()), "image": ("ImageSummary", ("max_images",))}


def _summary(w: Leaving, n: Node) -> bool:
    if n.attrs["kind"] not in _SUMMARIES:
        return False
    op, options = _SUMMARIES[n.attrs["kind"]]
    (x,) = n.inputs
    w.add(op, "", [w.constant(n.attrs["tag"], "string", "tag"), w.name_of(x)], T=x.type.dtype, **dict(zip(options, n.attrs["options"], strict=False)))
    return True


_DRAWS = {"uniform": "RandomUniform", "normal": "RandomStandardNormal", "truncated": "TruncatedNormal"}


def _random(w: Leaving, n: Node) -> None:
    """Numbers of the same distribution; TensorFlow's streams are others."""
    sizes = n.inputs[0]
    how = {"T": sizes.type.dtype, **w.seeds(n)}
    if n.attrs["distribution"] == "integer":
        ends = [w.constant(v, n.type.dtype, word) for v, word in ((0, "minval"), (n.attrs["bound"], "maxval"))]
        w.add("RandomUniformInt", "", [w.name_of(sizes), *ends], Tout=n.type.dtype, **how)
    else:
        w.add(_DRAWS[n.attrs["distribution"]], "", [w.name_of(sizes)], dtype=n.type.dtype, **how)


# ---------------------------------------------------------------------- parts of tensors

def _bounds(w: Leaving, n: Node) -> tuple[list[str], dict[str, Any]]:
    """The bounds of a slice that are numbers, as constants, and as masks of one bit an entry."""
    begin, end, step = [], [], []
    masks: dict[str, Any] = dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    for i, (kind, *entry) in enumerate(n.attrs["index"]):
        low, high, by = entry if kind == "slice" else (entry[0], entry[0] + 1, 1) if kind == "int" else (0, 0, 1)
        masks["begin_mask"] |= (low is None) << i
        masks["end_mask"] |= (high is None or (kind == "int" and high == 0)) << i
        masks["ellipsis_mask"] |= (kind == "ellipsis") << i
        masks["new_axis_mask"] |= (kind == "new") << i
        masks["shrink_axis_mask"] |= (kind == "int") << i
        begin.append(low or 0)
        end.append(high or 0)
        step.append(1 if by is None else by)
    return [w.constant(v, "int32", word) for v, word in ((begin, "stack"), (end, "stack_1"), (step, "stack_2"))], masks


def _sliced(w: Leaving, n: Node) -> None:
    bounds, masks = _bounds(w, n)
    w.add("StridedSlice", "", [w.name_of(n.inputs[0]), *bounds], T=n.type.dtype, Index=np.dtype(np.int32), **masks)


def _slice_scattered(w: Leaving, n: Node) -> None:
    """The gradient of a slice."""
    (g, whole), (bounds, masks) = n.inputs, _bounds(w, n)
    w.add("StridedSliceGrad", "", [w.name_of(whole), *bounds, w.name_of(g)], T=n.type.dtype, Index=np.dtype(np.int32), **masks)


def _split(w: Leaving, n: Node) -> None:
    parts, axis, value = n.attrs["parts"], n.attrs["axis"], w.name_of(n.inputs[0])
    dtype = n.inputs[0].type.dtype
    at = w.constant(axis, "int32", "split_dim")
    if isinstance(parts, (int, np.integer)):
        w.add("Split", "", [at, value], T=dtype, num_split=int(parts))
    else:
        w.add("SplitV", "", [value, w.constant(parts, "int64", "sizes"), at], T=dtype, Tlen=np.dtype(np.int64), num_split=len(parts))


def _counted(w: Leaving, n: Node) -> None:
    """0, 1, 2, ... along an axis of a shape, the same along the others."""
    dims, dtype, axis, rank = w.name_of(n.inputs[0]), np.dtype(np.int32), n.attrs["axis"], n.type.rank
    index: dict[str, Any] = {"T": n.inputs[0].type.dtype, "Index": dtype, "shrink_axis_mask": 1}
    size = w.add("StridedSlice", "size", [dims, *(w.constant([v], dtype, "at") for v in (axis, axis + 1, 1))], **index)
    ends = [w.constant(v, n.inputs[0].type.dtype, "end") for v in (0, 1)]
    count = w.add("Range", "range", [ends[0], size, ends[1]], Tidx=n.inputs[0].type.dtype)
    count = w.add("Cast", "number", [count], SrcT=n.inputs[0].type.dtype, DstT=n.type.dtype)
    wide = w.constant([-1 if i == axis else 1 for i in range(rank)], dtype, "wide")
    count = w.add("Reshape", "column", [count, wide], T=n.type.dtype, Tshape=dtype)
    w.add("BroadcastTo", "", [count, dims], T=n.type.dtype, Tidx=n.inputs[0].type.dtype)


# ---------------------------------------------------------------------- of places

def _expand_dims(w: Leaving, n: Node) -> None:
    """Axes of size 1, one after another: TensorFlow's operation adds one."""
    axes, rank = n.attrs["axis"], n.type.rank
    axes = sorted(a % rank if rank is not None else a for a in (axes if isinstance(axes, (tuple, list)) else (axes,)))
    name, number = w.name_of(n.inputs[0]), np.dtype(np.int32)
    for i, axis in enumerate(axes):
        name = w.add("ExpandDims", "" if i == len(axes) - 1 else "ExpandDims", [name, w.constant(axis, number, "dim")], T=n.type.dtype, Tdim=number)
    if not axes:
        _first(w, n)


def _scatter_sum(w: Leaving, n: Node) -> bool:
    """Sums of updates by the numbers of rows."""
    indices, updates, shape = n.inputs
    if n.attrs["axis"]:
        return False
    number = shape.type.dtype
    ends = [w.constant([v], np.int32, "at") for v in (0, 1, 1)]
    count = w.add("StridedSlice", "count", [w.name_of(shape), *ends], T=number, Index=np.dtype(np.int32), shrink_axis_mask=1)
    w.add("UnsortedSegmentSum", "", [w.name_of(updates), w.name_of(indices), count], T=n.type.dtype, Tindices=indices.type.dtype, Tnumsegments=number)
    return True


_CHANGES = {"set": "TensorScatterUpdate", "add": "TensorScatterAdd", "sub": "TensorScatterSub", "max": "TensorScatterMax", "min": "TensorScatterMin"}


def _changed(w: Leaving, n: Node) -> bool:
    """A tensor with other values at some places, those of -1 left out where the node says so."""
    x, indices, updates = n.inputs
    if n.attrs["how"] not in _CHANGES:
        return False
    if n.attrs["skip"]:
        def kept() -> Any:
            there = array.reshape(math.where(math.not_equal(array.reshape(indices, [-1]), -1)), [-1])
            return array.gather(indices, there), array.gather(updates, there)
        indices, updates = w.built(kept)
    w.add(_CHANGES[n.attrs["how"]], "", [w.name_of(v) for v in (x, indices, updates)], T=n.type.dtype, Tindices=indices.type.dtype)
    return True


def _densified(w: Leaving, n: Node) -> None:
    places, shape, values, default = n.inputs
    w.add("SparseToDense", "", [w.name_of(v) for v in (places, shape, values, default)], T=n.type.dtype, Tindices=places.type.dtype,
          validate_indices=n.attrs["validate"])


def _segments(op: str) -> Callable[[Leaving, Node], None]:
    def write(w: Leaving, n: Node) -> None:
        w.add(op, "", [w.name_of(x) for x in n.inputs], T=n.type.dtype, Tindices=n.inputs[1].type.dtype, Tnumsegments=n.inputs[2].type.dtype)
    return write


def _where(w: Leaving, n: Node) -> None:
    w.add("Where", "", [w.name_of(n.inputs[0])], T=np.dtype(bool))


def _mask_indices(w: Leaving, n: Node) -> None:
    """Where a mask is true, counted in a row."""
    number = np.dtype(np.int64)
    flat = w.add("Reshape", "Reshape", [w.name_of(n.inputs[0]), w.constant([-1], "int32", "shape")], T=np.dtype(bool), Tshape=np.dtype(np.int32))
    found = w.add("Where", "Where", [flat], T=np.dtype(bool))
    w.add("Squeeze", "", [found], T=number, squeeze_dims=[1])


def _sorted(output: int) -> Callable[[Leaving, Node], bool]:
    """Along the last axis the values in order, or where they were: all of the greatest, of the negated ones for the smallest first."""
    def write(w: Leaving, n: Node) -> bool:
        (x,), axis, down = n.inputs, n.attrs.get("axis", -1), n.attrs.get("descending", False)
        if axis != (-1 if x.type.rank is None else x.type.rank - 1) and axis != -1 or x.type.dtype.kind not in "if":
            return False
        t, number = {"T": x.type.dtype}, np.dtype(np.int32)
        name = w.name_of(x) if down else w.add("Neg", "Neg", [w.name_of(x)], **t)
        shape = w.add("Shape", "Shape", [name], out_type=number, **t)
        count = w.add("StridedSlice", "count", [shape, *(w.constant([v], number, "at") for v in (-1, 0, 1))], T=number, Index=number, end_mask=1,
                      shrink_axis_mask=1)
        found = w.add("TopKV2", "TopKV2", [name, count], sorted=True, **t)
        if output:
            w.add("Identity", "", [f"{found}:1"], T=number)
        else:
            w.add("Identity" if down else "Neg", "", [found], **t)
        return True
    return write


# ---------------------------------------------------------------------- of numbers

def _quotient(w: Leaving, n: Node) -> None:
    """x / y, integers as the floating numbers that they are divided as."""
    inputs = [w.name_of(x) if x.type.dtype == n.type.dtype else
              w.add("Cast", "Cast", [w.name_of(x)], SrcT=x.type.dtype, DstT=n.type.dtype) for x in n.inputs]
    w.add("RealDiv", "", inputs, T=n.type.dtype)


def _power(w: Leaving, n: Node) -> bool:
    x, y = n.inputs
    if x.type.dtype != y.type.dtype or x.type.dtype != n.type.dtype:
        return False
    w.add("Pow", "", [w.name_of(x), w.name_of(y)], T=n.type.dtype)
    return True


# By graphc's names of operators: what writes a node, or gives False where TensorFlow has nothing for it.
OWN: dict[str, Callable[[Leaving, Node], bool | None]] = {
    **NETS, "cond": write_branch, "loop": write_loop,
    # Checks that TensorFlow's operations make themselves, and what names a value anew.
    **dict.fromkeys(("read", "latest", "contract", "check_index", "of_rank", "of_shape", "of_rank_texts", "inner_agree", "all_rows", "not_negative",
                     "numbered", "below", "copy"), _first), "checked_place": _second,
    **{f"segment_{word}_of": _segments(f"UnsortedSegment{word.title()}") for word in ("max", "min", "prod")},
    "constant": _constant, "bound": _constant, "placeholder": _placeholder, "variable": _variable, "initialize": _initialized,
    "assign": _assigned("Assign"), "assign_add": _assigned("AssignAdd"), "assign_sub": _assigned("AssignSub"), "no_op": _no_op,
    "print": _print, "summary": _summary, "assert": _assert, "random": _random, "strided_slice": _sliced, "split": _split, "iota": _counted,
    "expand_dims": _expand_dims, "scatter_sum": _scatter_sum, "changed": _changed, "densified": _densified, "scatter_slice": _slice_scattered,
    "sorted_values": _sorted(0), "sorted_order": _sorted(1), "sorting_order": _sorted(1), "where_indices": _where,
    "mask_indices": _mask_indices, "exact_cast": _cast, "integer_pow": _power, "truediv": _quotient,
}
