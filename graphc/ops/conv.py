"""The convolution of neural networks and the two operators that are its derivatives, each of which is bilinear: three, closed under derivation.

    y[p, o] = sum over t, c of x[p * stride + t * dilation - before, c] * w[t, c, o]

p and t are places in the output and in the filter, along any number of axes; x has any axes before these, and channels behind. In groups, the
filter's channels are a part of x's, and its outputs are dealt out to the parts in order. What lies outside of x is zeros, which are
multiplied too: 0 * inf is nan.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.node import Node
from ..ir.operator import Values, declare
from ..ir.types import Shape, TensorType, compatible, shape_str
from .array_move import Types, shape, vector_shape
from .conv_lower import conv_filter_lower, conv_input_lower, conv_lower
from .windows import Pairs, edges, movement, places, span, split_shape

# ---------------------------------------------------------------------- types

def _conv_attrs(types: Types, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> dict[str, Any]:
    count = len(strides) if isinstance(strides, (list, tuple, np.ndarray)) else 1
    return movement(count, strides, padding, dilations)


def _number_type(types: Types) -> np.dtype[Any]:
    dtype = np.result_type(*(t.dtype for t in types))
    if dtype.kind == "b":
        raise DTypeError("booleans are not numbers")
    return dtype


def output_shape(x: TensorType, w: TensorType, strides: tuple[int, ...], padding: str | Pairs, dilations: tuple[int, ...]) -> Shape | None:
    """The shape of a convolution; ShapeError: operand and filter do not fit."""
    count = len(strides)
    if w.shape is not None and len(w.shape) != count + 2:
        raise ShapeError(f"a filter over {count} axes has rank {count + 2} ([*sides, channels, outputs]), not {len(w.shape)}")
    parts = split_shape(x, count)
    if parts is None:
        return None
    lead, dims, channels = parts
    if w.shape is None:
        return (*lead, *((None,) * count), None)
    *sides, inner, outputs = w.shape
    if channels is not None and inner is not None:
        if channels != inner and (inner == 0 or channels == 0 or channels % inner):
            raise ShapeError(f"the operand has {channels} channels, which is no multiple of the filter's {inner}")
        if outputs is not None and channels != inner and outputs % (channels // inner):
            raise ShapeError(f"{channels} channels and a filter of {inner} are {channels // inner} groups, of which its {outputs} outputs "
                             "are no multiple")
    if any(k == 0 for k in sides):
        raise ShapeError(f"the filter, of shape {shape_str(w.shape)}, is empty")
    return (*lead, *places(dims, sides, strides, padding, dilations, "the filter"), outputs)


def _conv_type(types: Types, values: Values, strides: Any, padding: Any, dilations: Any) -> TensorType:
    return TensorType(_number_type(types), output_shape(types[0], types[1], strides, padding, dilations))


def _conv_input_type(types: Types, values: Values, strides: Any, padding: Any, dilations: Any) -> TensorType:
    w, y, whole = types
    dtype = _number_type([w, y])
    dims = vector_shape(whole, values[2], "whole")
    if dims is None:
        return TensorType(dtype, None)
    fits = output_shape(TensorType(dtype, dims), w, strides, padding, dilations)
    if not compatible(fits, y.shape):
        raise ShapeError(f"a convolution of shape {shape_str(dims)} has a result of shape {shape_str(fits)}, not {shape_str(y.shape)}")
    return TensorType(dtype, dims)


def _conv_filter_type(types: Types, values: Values, strides: Any, padding: Any, dilations: Any) -> TensorType:
    x, y, whole = types
    dtype = _number_type([x, y])
    dims = vector_shape(whole, values[2], "whole")
    if dims is None:
        return TensorType(dtype, None if whole.shape is None or whole.shape[0] is None else (None,) * (len(strides) + 2))
    fits = output_shape(x, TensorType(dtype, dims), strides, padding, dilations)
    if not compatible(fits, y.shape):
        raise ShapeError(f"a convolution with a filter of shape {shape_str(dims)} has a result of shape {shape_str(fits)}, not {shape_str(y.shape)}")
    return TensorType(dtype, dims)


# ---------------------------------------------------------------------- the operators

def _conv_grad(g: Node, y: Node, x: Node, w: Node, **how: Any) -> tuple[Node, Node]:
    return conv_input(w, g, shape(x), **how), conv_filter(x, g, shape(w), **how)


_SAMPLES: tuple[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]], ...] = (
    ((2, 5, 4, 3), (3, 2, 3, 2), {"strides": (1, 1), "padding": "SAME"}),
    ((1, 6, 5, 2), (3, 3, 2, 3), {"strides": (2, 2), "padding": "SAME"}),
    ((2, 6, 5, 1), (2, 2, 1, 3), {"strides": (2, 1), "padding": "VALID"}),
    ((1, 7, 6, 2), (3, 2, 2, 1), {"strides": (1, 1), "padding": "SAME", "dilations": (2, 3)}),
    ((1, 8, 1), (3, 1, 2), {"strides": (2,), "padding": ((2, 1),), "dilations": (2,)}),
    ((1, 5, 4, 4), (2, 3, 2, 4), {"strides": (1, 2), "padding": "VALID"}),
    ((1, 5, 4, 3), (3, 2, 1, 6), {"strides": (1, 1), "padding": "SAME"}),
    ((1, 3, 4, 3, 2), (2, 2, 2, 2, 2), {"strides": (1, 2, 1), "padding": "SAME"}),
    ((2, 3, 3), (1, 3, 2), {"strides": (1,), "padding": "VALID"}),
    ((0, 4, 4, 2), (2, 2, 2, 3), {"strides": (1, 1), "padding": "VALID"}),
)


def _sampled(inputs: Sequence[int]) -> tuple[Any, ...]:
    """Samples of one of the three: of operand, filter and result, those that it takes, and the shape of the one that it gives."""
    found = []
    for x, w, attrs in _SAMPLES:
        how = {"dilations": (1,) * len(attrs["strides"]), **attrs}
        double = np.dtype("float64")
        y = output_shape(TensorType(double, x), TensorType(double, w), **how)
        tensors = (x, w, y)
        left = next(i for i in range(3) if i not in inputs)
        found.append(([*(tensors[i] for i in inputs), *([np.array(tensors[left])] if left < 2 else [])], attrs))
    return tuple(found)


def _whole_padding(x_shape: Sequence[int], sides: Sequence[int], how: dict[str, Any]) -> list[tuple[int, int]]:
    return edges(x_shape[-len(sides) - 1:-1], sides, how["strides"], how["padding"], how["dilations"])


@declare("convolution", _conv_type, prepare=_conv_attrs, lower=conv_lower, batch="convolved", grad=_conv_grad, label="Conv",
         samples=_sampled((0, 1)))
def conv(x: Any, w: Any, *, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """The convolution of [..., *sizes, channels] by a filter [*sides, channels / groups, outputs]."""
    how = {"strides": strides, "padding": padding, "dilations": dilations}
    count, inner = len(strides), w.shape[-2]
    groups = x.shape[-1] // inner if inner else 1
    each = w.shape[-1] // groups
    lead = x.ndim - count - 1
    x = np.pad(x, [(0, 0)] * lead + _whole_padding(x.shape, w.shape[:-2], how) + [(0, 0)])
    spans = [span(k, d) for k, d in zip(w.shape[:-2], dilations, strict=True)]
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape[lead:-1], spans, strides, strict=True)]
    y = np.zeros((*x.shape[:lead], *counts, w.shape[-1]), np.result_type(x, w))
    for at in np.ndindex(*w.shape[:-2]):
        there = tuple(slice(t * d, t * d + (n - 1) * s + 1, s) if n else slice(0) for t, d, n, s in zip(at, dilations, counts, strides, strict=True))
        part = x[(*[slice(None)] * lead, *there)]
        for g in range(groups):
            y[..., g * each:(g + 1) * each] += part[..., g * inner:(g + 1) * inner] @ w[at][:, g * each:(g + 1) * each]
    return y


def _conv_input_grad(h: Node, x: Node, w: Node, y: Node, whole: Node, **how: Any) -> tuple[Node, Node, None]:
    return conv_filter(h, y, shape(w), **how), conv(h, w, **how), None


@declare("convolution", _conv_input_type, by_value=(2,), fixed={"whole": "int32"}, prepare=_conv_attrs, lower=conv_input_lower, weak=False,
         batch="convolved", grad=_conv_input_grad, label="ConvInput", samples=_sampled((1, 2)))
def conv_input(w: Any, y: Any, whole: Any, *, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """The gradient of `conv` to an input of shape `whole`, of y, the gradient of the result. A window that is not there counts as zeros."""
    whole = tuple(np.asarray(whole).tolist())
    count, inner = len(strides), w.shape[-2]
    lead, groups = len(whole) - count - 1, whole[-1] // inner if inner else 1
    how = {"strides": strides, "padding": padding, "dilations": dilations}
    around = _whole_padding(whole, w.shape[:-2], how)
    x = np.zeros(whole, np.result_type(w, y))
    each = w.shape[-1] // groups
    for at in np.ndindex(*w.shape[:-2]):
        places_of_x, part = [], y
        for i, (t, n, (before, _), s, d) in enumerate(zip(at, whole[lead:-1], around, strides, dilations, strict=True)):
            far = np.arange(n) + before - t * d
            there = far % s == 0
            window = far[there] // s
            inside = (window >= 0) & (window < y.shape[lead + i])
            part = np.take(part, np.where(inside, window, 0), lead + i) if y.shape[lead + i] else np.zeros(
                (*part.shape[:lead + i], len(window), *part.shape[lead + i + 1:]), part.dtype)
            part = np.where(inside.reshape([-1 if a == lead + i else 1 for a in range(part.ndim)]), part, 0)
            places_of_x.append(np.flatnonzero(there))
        grid: tuple[Any, ...] = np.ix_(*[np.arange(n) for n in whole[:lead]], *places_of_x)
        for g in range(groups):
            mine = slice(g * each, (g + 1) * each)
            x[(*grid, slice(g * inner, (g + 1) * inner))] += part[..., mine] @ w[at][:, mine].T
    return x


def _conv_filter_grad(h: Node, w: Node, x: Node, y: Node, whole: Node, **how: Any) -> tuple[Node, Node, None]:
    return conv_input(h, y, shape(x), **how), conv(x, h, **how), None


@declare("convolution", _conv_filter_type, by_value=(2,), fixed={"whole": "int32"}, prepare=_conv_attrs, lower=conv_filter_lower, weak=False,
         batch="convolved", grad=_conv_filter_grad, label="ConvFilter", samples=_sampled((0, 2)))
def conv_filter(x: Any, y: Any, whole: Any, *, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """The gradient of `conv` to a filter of shape `whole`, of y, the gradient of the result."""
    whole = tuple(np.asarray(whole).tolist())
    count, inner = len(strides), whole[-2]
    lead, groups = x.ndim - count - 1, x.shape[-1] // inner if inner else 1
    each = whole[-1] // groups
    how = {"strides": strides, "padding": padding, "dilations": dilations}
    x = np.pad(x, [(0, 0)] * lead + _whole_padding(x.shape, whole[:-2], how) + [(0, 0)])
    w = np.zeros(whole, np.result_type(x, y))
    rows = y.reshape(-1, y.shape[-1])
    for at in np.ndindex(*whole[:-2]):
        there = tuple(slice(t * d, t * d + (n - 1) * s + 1, s) if n else slice(0)
                      for t, d, n, s in zip(at, dilations, y.shape[lead:-1], strides, strict=True))
        part = x[(*[slice(None)] * lead, *there)].reshape(-1, x.shape[-1])
        for g in range(groups):
            mine = slice(g * each, (g + 1) * each)
            w[(*at, slice(None), mine)] = part[:, g * inner:(g + 1) * inner].T @ rows[:, mine]
    return w


