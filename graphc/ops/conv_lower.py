"""Convolutions in simpler operators, once all sizes are known: products of matrices over views of windows, or fused sums of products."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..ir.node import OPERATORS, Node
from ..ir.sizes import alike, fixed
from ..ir.types import Array, TensorType, element_count
from .array_gather import gather
from .array_join import as_one_dtype
from .array_move import Types, concrete, expand_dims, reshape, reverse, squeeze, transpose
from .linalg_matmul import matmul
from .math import add, choose, multiply
from .reduce import reduce_sum
from .windows import (
    added_up,
    cut,
    dims_of,
    gathered,
    nothing,
    padded,
    reach,
    surrounded,
    tap,
    widths,
    windows,
)

MUCH = 4                    # times as many columns as products from which the products are added up instead
MOST_TAPS, MOST_PHASES = 256, 16        # elements of a filter, and places within a stride, up to which a convolution is one operator
LEAST_CHANNELS = {"conv": 2, "conv_input": 4, "conv_filter": 2}        # of the input from which it is, and those and outputs of a group
LEAST_OF_GROUP = 8
FEW_CHANNELS = 8            # below which a row of a window is taken for channels
LEAST_APART, MOST_APART = 64, 4 * 4096      # bytes of channels that are convolved each by itself: a vector of them, and as many zeros as a kernel has
LEAST_ROW, MOST_ROW = 2, 48             # elements of a window's row from which, and up to which, it is taken for channels
WRITTEN_OUT = 64            # products of a depthwise filter up to which they are written out: one fused kernel, no columns


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


def _in_tiles(node: Node, sides: Sequence[Any], channels: Any, inner: Any, outputs: Any) -> bool:
    """Whether a convolution or a gradient of it stays one operator, computed in tiles by a kernel of its own.

    It is slower than columns and a product where there are few channels: a tile lists where its places are for less than it takes to multiply
    by them, most of a vector is idle, or a tile of channels has hardly a row; and where windows of one element are columns as they lie.
    """
    if node.type.dtype.kind != "f" or not all(map(fixed, (channels, inner, outputs))) or not inner or not outputs or len(sides) > 3:
        return False
    groups = channels // inner
    if inner == 1 and groups == outputs and LEAST_APART <= groups * node.type.dtype.itemsize <= MOST_APART:
        return prod(sides) <= MOST_TAPS and prod(node.attrs["strides"]) <= MOST_PHASES
    if groups > 1 and min(inner, outputs // groups) < LEAST_OF_GROUP:
        return False
    name, strides = node.operator.name, node.attrs["strides"]
    as_it_lies = name == "conv_filter" and groups == prod(sides) == prod(strides) == 1
    return inner >= LEAST_CHANNELS[name] and not as_it_lies and prod(sides) <= MOST_TAPS and prod(strides) <= MOST_PHASES


def _has_rows(node: Node, sides: Sequence[Any], channels: Any, inner: Any, outputs: Any) -> bool:
    """Whether the elements of a window along the last axis are taken for its channels: where these are few, and lie behind each other."""
    few = fixed(inner) and inner < FEW_CHANNELS and alike(channels, inner) and fixed(sides[-1]) and sides[-1] > 1
    return bool(few and node.attrs["dilations"][-1] == 1 and LEAST_ROW <= sides[-1] * inner <= MOST_ROW and fixed(outputs)
                and node.type.dtype.kind == "f" and len(sides) <= 3 and prod(sides[:-1]) <= MOST_TAPS)


def _rows_of_windows(x: Node, dims: Sequence[Any], sides: Sequence[int], strides: Sequence[int], padding: Any,
                     dilations: Sequence[int]) -> tuple[Node, dict[str, Any]]:
    """[..., *sizes, places, side * c], a view of x with its padding, and how a window moves over it that is one wide along the last axis."""
    seen = windows(surrounded(x, dims, sides, strides, padding, dilations), window=(int(sides[-1]),), strides=(strides[-1],), dilations=(1,))
    *before, side, channels = dims_of(seen)
    return reshape(seen, [*before, side * channels]), {"strides": (*strides[:-1], 1), "padding": "VALID", "dilations": (*dilations[:-1], 1)}


def _row_filter(whole: Sequence[Any]) -> list[Any]:
    *sides, inner, outputs = whole
    return [*sides[:-1], 1, sides[-1] * inner, outputs]


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


def conv_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, strides: Any, padding: Any, dilations: Any) -> Node:
    if not out_type.known or not all(t.known for t in types):
        return node
    dims, sides = concrete(types[0])[-len(strides) - 1:-1], concrete(types[1])[:-2]
    if (empty := nothing(out_type, dims, padding)) is not None:
        return empty
    x, w = as_one_dtype(inputs, out_type.dtype)
    if _has_rows(node, sides, dims_of(x)[-1], *dims_of(w)[-2:]):
        rows, how = _rows_of_windows(x, dims, sides, strides, padding, dilations)
        return OPERATORS["conv"](rows, reshape(w, _row_filter(dims_of(w))), **how)
    if _in_tiles(node, sides, dims_of(x)[-1], *dims_of(w)[-2:]):
        return node.on((x, w))
    return correlated(surrounded(x, dims, sides, strides, padding, dilations), w, strides, dilations)


def conv_filter_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, strides: Any, padding: Any, dilations: Any) -> Node:
    if not out_type.known or not all(t.known for t in types[:2]):
        return node
    x, y = as_one_dtype(inputs[:2], out_type.dtype)
    sides, (inner, outputs) = concrete(out_type)[:-2], concrete(out_type)[-2:]
    count = len(sides)
    dims = concrete(types[0])
    if (empty := nothing(out_type, dims[-count - 1:-1], padding)) is not None:
        return empty
    if _has_rows(node, sides, dims[-1], inner, outputs):
        rows, how = _rows_of_windows(x, dims[-count - 1:-1], sides, strides, padding, dilations)
        whole = concrete(out_type)
        return reshape(OPERATORS["conv_filter"](rows, y, list(_row_filter(whole)), **how), list(whole))
    if _in_tiles(node, sides, dims[-1], inner, outputs):
        return node.on((x, y, inputs[2]))
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


def conv_input_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, strides: Any, padding: Any, dilations: Any) -> Node:
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
    if _in_tiles(node, sides, whole[-1], inner, outputs):
        return node.on((w, y, inputs[2]))
    groups = _groups(whole[-1], inner)
    around = widths(dims, sides, strides, padding, dilations)
    if _written_out(sides, inner, groups) and prod(sides) * (outputs // groups) <= WRITTEN_OUT:
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
        at = np.maximum(numbers, 0)[..., 0]
        total: Any = None
        for m, x in enumerate(slices):
            part = multiply(x, gather(filters[:, :, m], at, axis=0))
            total = part if total is None else add(total, part)
        return total if (numbers >= 0).all() else choose(numbers >= 0, total, 0)
    return gathered([(apart[..., m], 0) for m in range(int(each))], dims, around, tuple(map(int, sides)), strides, dilations, products, True)


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
