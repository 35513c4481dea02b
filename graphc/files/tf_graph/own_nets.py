"""Operators of nets that are no row of the table, as TensorFlow's operations: windows, pools and their gradients, losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ir.node import OPERATORS, Node
from .leaving import Leaving

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


def _pool_mean(w: Leaving, n: Node) -> bool:
    if count := _plain_pool(n, n.inputs[0]):
        w.add("AvgPool" if count == 2 else "AvgPool3D", "", [w.name_of(n.inputs[0])], T=n.type.dtype, **_pooled(n))
    return bool(count)


def _places(n: Node, x: Node) -> Any:
    """Of how many elements each window of an array consists, padding apart: a number or an array that broadcasts; None where it is not known."""
    how, count, dims = n.attrs, len(n.attrs["window"]), x.type.shape
    if how["padding"] == "VALID":
        return np.asarray(np.prod(how["window"]), x.type.dtype)
    if dims is None or None in dims[-count - 1:-1]:
        return None
    with_ones = np.ones((1,) * (len(dims) - count - 1) + (*map(int, dims[-count - 1:-1]), 1), x.type.dtype)
    return OPERATORS["pool_sum"].reference(with_ones, **how)


def _pool_sum(w: Leaving, n: Node) -> bool:
    """The sum of each window: its mean, which TensorFlow has, times its number of elements."""
    (x,) = n.inputs
    counts = _places(n, x)
    if _plain_pool(n, x) != 2 or counts is None:
        return False
    mean = w.add("AvgPool", "AvgPool", [w.name_of(x)], T=n.type.dtype, **_pooled(n))
    w.add("Mul", "", [mean, w.constant(counts, n.type.dtype, "counts")], T=n.type.dtype)
    return True


def _plain_pool(n: Node, *known: Node) -> int:
    return _axes(n, *known) if isinstance(n.attrs["padding"], str) and {*n.attrs["dilations"]} == {1} else 0


def _pooled(n: Node) -> dict[str, Any]:
    how = _moved(n)
    del how["dilations"]
    return {**how, "ksize": [1, *n.attrs["window"], 1]}


def _pool_spread(w: Leaving, n: Node) -> bool:
    """The gradient of a sum of windows: that of their mean, of what is multiplied by the number of elements."""
    g, whole = n.inputs
    counts = _places(n, n)
    if _plain_pool(n, g) != 2 or counts is None:
        return False
    times = w.add("Mul", "counted", [w.name_of(g), w.constant(counts, n.type.dtype, "counts")], T=n.type.dtype)
    w.add("AvgPoolGrad", "", [w.name_of(whole), times], T=n.type.dtype, **_pooled(n))
    return True


def _pool_put(w: Leaving, n: Node) -> bool:
    """The gradient of the largest of each window, of which the node knows where it is."""
    g, index, _ = n.inputs
    if index.operator.name != "pool_index" or index.attrs != n.attrs or _plain_pool(n, g) != 2:
        return False
    x, t = w.name_of(index.inputs[0]), {"T": n.type.dtype}
    y = w.add("MaxPool", "MaxPool", [x], **t, **_pooled(n))
    w.add("MaxPoolGrad", "", [x, y, w.name_of(g)], **t, **_pooled(n))
    return True


# ---------------------------------------------------------------------- losses and activations, parts of gradients

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


NETS: dict[str, Callable[[Leaving, Node], bool | None]] = {
    "conv": _conv, "conv_input": _conv_input, "conv_filter": _conv_filter, "max_pool_nd": _max_pool, "pool_sum": _pool_sum,
    "pool_mean": _pool_mean, "pool_spread": _pool_spread, "pool_put": _pool_put, "sigmoid_cross_entropy": _cross_entropy, "swish": _swish,
    "mean_gradient": _mean_gradient, "unbroadcast_dynamic": _unbroadcast,
}
