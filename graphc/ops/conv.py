"""The convolution of neural networks and the two operators that are its derivatives, each of which is bilinear: three, closed under derivation.

    y[p, o] = sum over t, c of x[p * stride + t * dilation - before, c] * w[t, c, o]

p and t are places in the output and in the filter, along any number of axes; x has any axes before these, and channels behind. In groups, the
filter's channels are a part of x's, and its outputs are dealt out to the parts in order. What lies outside of x is zeros, which are
multiplied too: 0 * inf is nan.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.node import Node
from ..ir.operator import Values, declare
from ..ir.sizes import alike, fixed
from ..ir.types import Array, Shape, TensorType, compatible, element_count, shape_str
from .array_gather import gather
from .array_join import as_one_dtype
from .array_move import Types, concrete, expand_dims, reshape, reverse, shape, squeeze, transpose, vector_shape
from .linalg_matmul import matmul
from .math import add, choose, multiply
from .reduce import reduce_sum
from .windows import (
    Pairs,
    added_up,
    cut,
    dims_of,
    edges,
    gathered,
    movement,
    nothing,
    over_rests,
    padded,
    places,
    reach,
    span,
    split_shape,
    surrounded,
    tap,
    widths,
    windows,
)

MUCH = 4                    # times as many columns as products from which the products are added up instead
WRITTEN_OUT = 64            # products of a depthwise filter up to which they are written out: one fused kernel, no columns

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


# ---------------------------------------------------------------------- in simpler operators

def _groups(channels: Any, inner: Any) -> Any:
    """In how many groups so many channels are, of which a filter has `inner`."""
    return 1 if alike(channels, inner) else channels // inner


def _grouped(x: Node, groups: Any) -> Node:
    """The last axis as two, groups and what each of them has."""
    *dims, last = dims_of(x)
    return reshape(x, [*dims, groups, last // groups])


def _columns(x: Node, count: int, groups: Any = 1) -> Node:
    """The windows [..., *places, *window, c] as a matrix, [places, window * c]; of each group as one of a stack."""
    dims = dims_of(x)
    rows, sides, channels = element_count(dims[:-count - 1]), element_count(dims[-count - 1:-1]), dims[-1]
    if groups == 1:
        return reshape(x, [rows, sides * channels])
    apart = _grouped(x, groups)
    rank = len(dims) + 1
    turned = transpose(apart, (rank - 2, *range(rank - 2), rank - 1))
    return reshape(turned, [groups, rows, sides * (channels // groups)])


def _rows(y: Node, groups: Any = 1) -> Node:
    """Results of a convolution as a matrix, [places, outputs]; of each group as one of a stack."""
    dims = dims_of(y)
    rows, outputs = element_count(dims[:-1]), dims[-1]
    if groups == 1:
        return reshape(y, [rows, outputs])
    return transpose(reshape(y, [rows, groups, outputs // groups]), (1, 0, 2))


def _matrix(w: Node, groups: Any = 1) -> Node:
    """A filter as a matrix, [sides * channels, outputs]; of each group as one of a stack."""
    dims = dims_of(w)
    depth, outputs = element_count(dims[:-1]), dims[-1]
    if groups == 1:
        return reshape(w, [depth, outputs])
    return transpose(reshape(w, [depth, groups, outputs // groups]), (1, 0, 2))


def _written_out(sides: Sequence[Any], inner: Any, groups: Any) -> bool:
    """Whether the products are written out: of filters for one channel each, with few elements."""
    return groups != 1 and inner == 1 and all(map(fixed, sides)) and prod(sides) <= WRITTEN_OUT


def correlated(x: Node, w: Node, strides: Sequence[int], dilations: Sequence[int]) -> Node:
    """The convolution of an operand that has its padding: one product of matrices for each group, or the products of each channel written out."""
    count = len(strides)
    *sides, inner, outputs = dims_of(w)
    x_dims = dims_of(x)
    groups = _groups(x_dims[-1], inner)
    seen = windows(x, window=tuple(map(int, sides)), strides=tuple(strides), dilations=tuple(dilations))
    dims = dims_of(seen)[:-count - 1]
    if _written_out(sides, inner, groups):
        total: Any = None
        for at in np.ndindex(*map(int, sides)):
            product = multiply(expand_dims(tap(seen, at, len(dims), 1), -1), _grouped(tap(w, (*at, 0), 0, 1), groups))
            total = product if total is None else add(total, product)
        return reshape(total, [*dims, outputs])
    product = matmul(_columns(seen, count, groups), _matrix(w, groups))
    if groups != 1:
        product = transpose(product, (1, 0, 2))
    return reshape(product, [*dims, outputs])


def _conv_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, strides: Any, padding: Any, dilations: Any) -> Node:
    if not out_type.known or not all(t.known for t in types):
        return node
    dims, sides = concrete(types[0])[-len(strides) - 1:-1], concrete(types[1])[:-2]
    if (empty := nothing(out_type, dims, padding)) is not None:
        return empty
    x, w = as_one_dtype(inputs, out_type.dtype)
    return correlated(surrounded(x, dims, sides, strides, padding, dilations), w, strides, dilations)


def _conv_filter_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, strides: Any, padding: Any, dilations: Any) -> Node:
    if not out_type.known or not all(t.known for t in types[:2]):
        return node
    x, y = as_one_dtype(inputs[:2], out_type.dtype)
    sides, (inner, outputs) = concrete(out_type)[:-2], concrete(out_type)[-2:]
    count = len(sides)
    dims = concrete(types[0])
    if (empty := nothing(out_type, dims[-count - 1:-1], padding)) is not None:
        return empty
    groups = _groups(dims[-1], inner)
    around = surrounded(x, dims[-count - 1:-1], sides, strides, padding, dilations)
    seen = windows(around, window=tuple(map(int, sides)), strides=strides, dilations=dilations)
    if _written_out(sides, inner, groups):
        lead = len(dims) - 1
        apart = expand_dims(_grouped(y, groups), tuple(range(lead, lead + count)))
        return reshape(reduce_sum(multiply(expand_dims(seen, -1), apart), axis=tuple(range(lead))), [*sides, inner, outputs])
    product = matmul(_columns(seen, count, groups), _rows(y, groups), transpose_a=True)
    if groups != 1:
        product = transpose(product, (1, 0, 2))
    return reshape(product, [*sides, inner, outputs])


def _conv_input_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, strides: Any, padding: Any, dilations: Any) -> Node:
    """By the filter turned round, where each place of the input needs the same number of its elements; else by products that are added up.

    Of input places a * stride + r, all r are computed as so many more outputs: a convolution of y by a filter whose side is that of w divided
    by the stride. The other way has a product for each element of the filter, and no columns, but the windows that reach over the ends too:
    it is also taken where it is much less memory.
    """
    if not out_type.known or not all(t.known for t in types[:2]):
        return node
    w, y = as_one_dtype(inputs[:2], out_type.dtype)
    sides, (inner, outputs) = concrete(types[0])[:-2], concrete(types[0])[-2:]
    count, whole = len(sides), concrete(out_type)
    dims = whole[-count - 1:-1]
    if (empty := nothing(out_type, dims, padding)) is not None:
        return empty
    groups = _groups(whole[-1], inner)
    around = widths(dims, sides, strides, padding, dilations)
    if _written_out(sides, inner, groups):
        return _by_channel(w, y, dims, around, strides, dilations, groups)
    even = all(s == 1 or (k % s == 0 and d == 1) for k, s, d in zip(sides, strides, dilations, strict=True))
    far = [reach(k, s, d) // (d if s == 1 else 1) + 1 for k, s, d in zip(sides, strides, dilations, strict=True)]
    if even and prod(far) * (outputs // groups) <= MUCH * prod(sides) * inner:
        return _turned_round(w, y, dims, around, strides, dilations, groups)
    return _by_elements(w, y, dims, around, strides, dilations, groups)


def _turned_round(w: Node, y: Node, dims: Sequence[Any], around: Sequence[tuple[Any, Any]], strides: Sequence[int], dilations: Sequence[int],
                  groups: Any) -> Node:
    *sides, inner, outputs = dims_of(w)
    count, lead = len(sides), len(dims_of(y)) - len(sides) - 1
    steps: list[int] = []
    for i, (n, (before, _), k, s, d) in enumerate(zip(dims, around, sides, strides, dilations, strict=True)):
        first = before // s                             # the row, of s places each, in which the input begins
        behind = -(-(before + n) // s) - dims_of(y)[lead + i]
        y = padded(y, lead + i, reach(k, s, d) - first, behind)
        steps.append(d if s == 1 else 1)
    # w[e * s + r, c, (g, o)] -> [g, (r, c), (e reversed, o)]: rows of outputs stay whole, so that it is copied fast
    apart = reshape(w, [*(m for k, s in zip(sides, strides, strict=True) for m in (k // s, s)), inner, groups, outputs // groups])
    rows, rests = range(0, 2 * count, 2), range(1, 2 * count, 2)
    turned = reverse(transpose(apart, (2 * count + 1, *rests, 2 * count, *rows, 2 * count + 2)), tuple(range(count + 2, 2 * count + 2)))
    smaller = [k // s for k, s in zip(sides, strides, strict=True)]
    seen = windows(y, window=tuple(map(int, smaller)), strides=(1,) * count, dilations=tuple(steps))
    filters = reshape(turned, [groups, prod(strides) * inner, prod(smaller) * (outputs // groups)])
    if groups == 1:
        product = matmul(_columns(seen, count), squeeze(filters, 0), transpose_b=True)
    else:
        product = transpose(matmul(_columns(seen, count, groups), filters, transpose_b=True), (1, 0, 2))
    found = reshape(product, [*dims_of(seen)[:-count - 1], groups * prod(strides) * inner])
    if prod(strides) > 1:
        found = _interleaved(found, lead, strides, groups, inner)
    for i, (n, (before, _), s) in enumerate(zip(dims, around, strides, strict=True)):
        found = cut(found, lead + i, before % s, n)
    return found


def _by_channel(w: Node, y: Node, dims: Sequence[Any], around: Sequence[tuple[Any, Any]], strides: Sequence[int], dilations: Sequence[int],
                groups: Any) -> Node:
    """Of filters for one channel each: the products that each place of the input is the sum of, in one fused kernel, as `pool.pool_put` has it."""
    *sides, _, outputs = dims_of(w)
    each = outputs // groups
    filters, apart = reshape(w, [prod(sides), groups, each]), _grouped(y, groups)

    def products(slices: list[Node], numbers: Array) -> Node:
        at = over_rests(np.maximum(numbers, 0))
        total: Any = None
        for m, x in enumerate(slices):
            part = multiply(x, gather(filters[:, :, m], at, axis=0))
            total = part if total is None else add(total, part)
        return total if (numbers >= 0).all() else choose(np.expand_dims(over_rests(numbers >= 0), -1), total, 0)
    return gathered([(apart[..., m], 0) for m in range(int(each))], dims, around, tuple(map(int, sides)), strides, dilations, products)


def _interleaved(x: Node, lead: int, strides: Sequence[int], groups: Any, inner: Any) -> Node:
    """[..., *rows, (groups, *strides, c)] -> [..., *(rows * strides), (groups, c)]."""
    dims, count = dims_of(x), len(strides)
    rows = dims[lead:lead + count]
    apart = reshape(x, [*dims[:-1], groups, *strides, inner])
    first = lead + count + 1                            # of the axes of strides
    order = [*range(lead), *(a for i in range(count) for a in (lead + i, first + i)), lead + count, first + count]
    return reshape(transpose(apart, order), [*dims[:lead], *(a * s for a, s in zip(rows, strides, strict=True)), groups * inner])


def _by_elements(w: Node, y: Node, dims: Sequence[Any], around: Sequence[tuple[Any, Any]], strides: Sequence[int], dilations: Sequence[int],
                 groups: Any) -> Node:
    *sides, inner, outputs = dims_of(w)
    lead = len(dims_of(y)) - len(sides) - 1
    full = [before + n for n, (before, _) in zip(dims, around, strict=True)]
    for i, (n, k, s, d) in enumerate(zip(full, sides, strides, dilations, strict=True)):
        y = padded(y, lead + i, reach(k, s, d), -(-n // s) - dims_of(y)[lead + i])
    product = matmul(_rows(y, groups), _matrix(w, groups), transpose_b=True)        # [places, (sides, c)], perhaps of each group
    before_channels = dims_of(y)[:-1]
    if groups == 1:
        parts = reshape(product, [*before_channels, *sides, inner])
    else:
        apart = reshape(product, [groups, *before_channels, *sides, inner])
        rank = len(dims_of(apart))
        parts = reshape(transpose(apart, (*range(1, rank - 1), 0, rank - 1)), [*before_channels, *sides, groups * inner])
    found = added_up(parts, full, tuple(map(int, sides)), strides, dilations, ready=True)
    for i, (n, (before, _)) in enumerate(zip(dims, around, strict=True)):
        found = cut(found, lead + i, before, n)
    return found


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


@declare("windowed", _conv_type, prepare=_conv_attrs, lower=_conv_lower, batch="convolved", grad=_conv_grad, label="Conv",
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


@declare("windowed", _conv_input_type, by_value=(2,), fixed={"whole": "int32"}, prepare=_conv_attrs, lower=_conv_input_lower, weak=False,
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


@declare("windowed", _conv_filter_type, by_value=(2,), fixed={"whole": "int32"}, prepare=_conv_attrs, lower=_conv_filter_lower, weak=False,
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


