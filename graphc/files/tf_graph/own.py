"""Operators of graphc's that are no row of the table, as TensorFlow's operations: sources, variables, slices, windows, parts of gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ir.node import Node
from ...ir.types import TensorShape
from .leaving import Leaving

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


def _no_op(w: Leaving, n: Node) -> None:
    w.add("NoOp", "", [])


_DRAWS = {"uniform": "RandomUniform", "normal": "RandomStandardNormal", "truncated": "TruncatedNormal"}


def _random(w: Leaving, n: Node) -> None:
    """Numbers of the same distribution; TensorFlow's streams are others."""
    sizes = n.inputs[0]
    how = {"T": sizes.type.dtype, "seed": 0, "seed2": 0}
    if n.attrs["distribution"] == "integer":
        ends = [w.constant(v, n.type.dtype, word) for v, word in ((0, "minval"), (n.attrs["bound"], "maxval"))]
        w.add("RandomUniformInt", "", [w.name_of(sizes), *ends], Tout=n.type.dtype, **how)
    else:
        w.add(_DRAWS[n.attrs["distribution"]], "", [w.name_of(sizes)], dtype=n.type.dtype, **how)


# ---------------------------------------------------------------------- parts of tensors

def _sliced(w: Leaving, n: Node) -> None:
    """A slice whose bounds are numbers, as bounds and masks, one bit an entry."""
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
    bounds = [w.constant(v, "int32", word) for v, word in ((begin, "stack"), (end, "stack_1"), (step, "stack_2"))]
    w.add("StridedSlice", "", [w.name_of(n.inputs[0]), *bounds], T=n.type.dtype, Index=np.dtype(np.int32), **masks)


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


# ---------------------------------------------------------------------- windows

def _moved(n: Node) -> dict[str, Any]:
    """How windows over two or three axes move, channels last; padding of other widths is spelled out."""
    padding = n.attrs["padding"]
    around = {} if isinstance(padding, str) else {"explicit_paddings": [0, 0, *(int(k) for pair in padding for k in pair), 0, 0]}
    return {"strides": [1, *n.attrs["strides"], 1], "dilations": [1, *n.attrs["dilations"], 1], **around,
            "padding": padding if isinstance(padding, str) else "EXPLICIT", "data_format": "NHWC" if len(n.attrs["strides"]) == 2 else "NDHWC"}


def _axes(n: Node, *known: Node) -> int:
    """Over how many axes windows move, if TensorFlow has the operation: of two or three, the latter without padding of its own; else 0."""
    count = len(n.attrs["strides"])
    plain = isinstance(n.attrs["padding"], str) or count == 2
    return count if count in (2, 3) and plain and all(x.type.rank == count + 2 for x in known) else 0


def _conv(w: Leaving, n: Node) -> bool:
    x, f = n.inputs
    if (count := _axes(n, x, f)) and n.type.dtype in (x.type.dtype,) and x.type.dtype == f.type.dtype:
        w.add(f"Conv{count}D", "", [w.name_of(x), w.name_of(f)], T=n.type.dtype, **_moved(n))
    return bool(count)


def _conv_input(w: Leaving, n: Node) -> bool:
    f, y, whole = n.inputs
    if (count := _axes(n, f, y)) == 2:
        w.add("Conv2DBackpropInput", "", [w.name_of(x) for x in (whole, f, y)], T=n.type.dtype, **_moved(n))
    return count == 2


def _conv_filter(w: Leaving, n: Node) -> bool:
    x, y, whole = n.inputs
    if (count := _axes(n, x, y)) == 2:
        w.add("Conv2DBackpropFilter", "", [w.name_of(v) for v in (x, whole, y)], T=n.type.dtype, **_moved(n))
    return count == 2


def _max_pool(w: Leaving, n: Node) -> bool:
    how = _moved(n)
    count = _axes(n, n.inputs[0]) if isinstance(n.attrs["padding"], str) and {*how.pop("dilations")} == {1} else 0
    if count:
        w.add("MaxPool" if count == 2 else "MaxPool3D", "", [w.name_of(n.inputs[0])], T=n.type.dtype, ksize=[1, *n.attrs["window"], 1], **how)
    return bool(count)


# ---------------------------------------------------------------------- of numbers

def _quotient(w: Leaving, n: Node) -> None:
    """x / y, integers as the floating numbers that they are divided as."""
    inputs = [w.name_of(x) if x.type.dtype == n.type.dtype else
              w.add("Cast", "Cast", [w.name_of(x)], SrcT=x.type.dtype, DstT=n.type.dtype) for x in n.inputs]
    w.add("RealDiv", "", inputs, T=n.type.dtype)


def _cross_entropy(w: Leaving, n: Node) -> None:
    """max(x, 0) - x z + log(1 + exp(-|x|)) of labels z and logits x."""
    t = {"T": n.type.dtype}
    z, x = (w.name_of(v) for v in n.inputs)
    high = w.add("Relu", "relu_logits", [x], **t)
    rest = w.add("Log1p", "Log1p", [w.add("Exp", "Exp", [w.add("Neg", "Neg", [w.add("Abs", "Abs", [x], **t)], **t)], **t)], **t)
    w.add("AddV2", "", [w.add("Sub", "sub", [high, w.add("Mul", "mul", [x, z], **t)], **t), rest], **t)


def _swish(w: Leaving, n: Node) -> None:
    t, x = {"T": n.type.dtype}, w.name_of(n.inputs[0])
    w.add("Mul", "", [x, w.add("Sigmoid", "Sigmoid", [x], **t)], **t)


def _mean_gradient(w: Leaving, n: Node) -> bool:
    """A gradient spread over the axes that a mean was taken of, and divided by how many elements there were."""
    x, g = n.inputs
    if x.type.rank is None:
        return False
    dtype, number, name = n.type.dtype, np.dtype(np.int32), w.name_of(g)
    axes = range(x.type.rank) if n.attrs["axis"] is None else n.attrs["axis"]
    for axis in () if n.attrs["keepdims"] else sorted(axes):
        name = w.add("ExpandDims", "ExpandDims", [name, w.constant(axis, number, "dim")], T=dtype, Tdim=number)
    shape = w.add("Shape", "Shape", [w.name_of(x)], T=x.type.dtype, out_type=number)
    wide = w.add("BroadcastTo", "wide", [name, shape], T=dtype, Tidx=number)
    sizes = [w.add("Size", "Size", [w.name_of(v)], T=v.type.dtype, out_type=number) for v in (x, g)]
    count = w.add("FloorDiv", "count", [sizes[0], w.add("Maximum", "Maximum", [sizes[1], w.constant(1, number, "one")], T=number)], T=number)
    w.add("RealDiv", "", [wide, w.add("Cast", "Cast", [count], SrcT=number, DstT=dtype)], T=dtype)
    return True


def _unbroadcast(w: Leaving, n: Node) -> None:
    """A gradient summed over the axes along which an operand was repeated."""
    g, x = n.inputs
    number = np.dtype(np.int32)
    shapes = [w.add("Shape", "Shape", [w.name_of(v)], T=v.type.dtype, out_type=number) for v in (x, g)]
    axes = w.add("BroadcastGradientArgs", "BroadcastGradientArgs", shapes, T=number)
    total = w.add("Sum", "Sum", [w.name_of(g), axes], T=g.type.dtype, Tidx=number, keep_dims=False)
    w.add("Reshape", "", [total, shapes[0]], T=g.type.dtype, Tshape=number)


# By graphc's names of operators: what writes a node, or gives False where TensorFlow has nothing for it.
OWN: dict[str, Callable[[Leaving, Node], bool | None]] = {
    "constant": _constant, "placeholder": _placeholder, "variable": _variable, "read": _first, "latest": _first, "initialize": _initialized,
    "assign": _assigned("Assign"), "assign_add": _assigned("AssignAdd"), "assign_sub": _assigned("AssignSub"), "no_op": _no_op,
    "contract": _first, "check_index": _first, "of_rank": _first, "of_shape": _first, "random": _random, "strided_slice": _sliced,
    "split": _split, "iota": _counted, "conv": _conv, "conv_input": _conv_input, "conv_filter": _conv_filter, "max_pool_nd": _max_pool,
    "truediv": _quotient, "sigmoid_cross_entropy": _cross_entropy, "swish": _swish, "mean_gradient": _mean_gradient,
    "unbroadcast_dynamic": _unbroadcast,
}
