"""Sums, maxima and places of maxima over windows, and what undoes them: operators that are each other's transposes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.node import OPERATORS, Node
from ..ir.operator import Values, declare
from ..ir.sizes import fixed
from ..ir.types import Array, Shape, TensorType, compatible, shape_str
from . import continued
from .array_index import iota
from .array_move import Types, concrete, expand_dims, integers, reshape, shape, transpose, vector_shape
from .math import add, choose, equal, greater, less, logical_and, logical_or, maximum, not_equal
from .reduce import argmax, reduce_max, reduce_sum
from .windows import (
    dims_of,
    edges,
    gathered,
    nothing,
    places,
    span,
    split_shape,
    surrounded,
    tap,
    widths,
    window_attrs,
    windows,
)

WRITTEN_OUT = 32            # elements of a window up to which its sum or maximum is written out: one fused kernel over slices
LONG = 64                   # a side of a window from which on it is asked whether it is longer than what it moves over

# ---------------------------------------------------------------------- types

def _pool_attrs(types: Types, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> dict[str, Any]:
    attrs = window_attrs(types, window, strides, padding, dilations)
    if isinstance(attrs["padding"], tuple):
        for pair, k, d in zip(attrs["padding"], attrs["window"], attrs["dilations"], strict=True):
            if max(pair) >= span(k, d):
                raise ShapeError(f"a padding of {max(pair)} has windows of {span(k, d)} elements that lie in it altogether")
    if any(s > 1 and d > 1 for s, d in zip(attrs["strides"], attrs["dilations"], strict=True)):
        raise ShapeError(f"a dilated window moves by 1: strides {attrs['strides']} and dilations {attrs['dilations']} are both larger")
    return attrs


def _moved_attrs(types: Types, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> dict[str, Any]:
    """Of a pool of `types[0]`. With "SAME", windows of twice an axis see all of it, wherever they are; longer ones would see padding alone."""
    attrs = _pool_attrs(types, window, strides, padding, dilations)
    parts = split_shape(types[0], len(attrs["window"]))
    if parts is None or attrs["padding"] != "SAME":
        return attrs
    sides = [k if n is None or d > 1 or not fixed(n) else min(k, max(2 * n, 1))
             for n, k, d in zip(parts[1], attrs["window"], attrs["dilations"], strict=True)]
    return attrs | {"window": tuple(sides)}


def clipped(dims: Sequence[Any], how: dict[str, Any]) -> dict[str, Any]:
    """How windows move over axes of these sizes: of long ones no more than is to be seen, as in `_moved_attrs`, which did not know the sizes.

    What places of elements within windows are counted by. An axis that is so short is no longer of any size.
    """
    if how["padding"] != "SAME":
        return how
    sides = [max(2 * int(n), 1) if d == 1 and k > LONG and k > 2 * n else k
             for n, k, d in zip(dims, how["window"], how["dilations"], strict=True)]
    return {**how, "window": tuple(sides)}


def _pooled_shape(x: TensorType, window: Any, strides: Any, padding: Any, dilations: Any) -> Shape | None:
    parts = split_shape(x, len(window))
    if parts is None:
        return None
    lead, dims, channels = parts
    return (*lead, *places(dims, window, strides, padding, dilations), channels)


def _pool_type(types: Types, values: Values, **how: Any) -> TensorType:
    if types[0].dtype.kind == "b":
        raise DTypeError("booleans are not numbers")
    return TensorType(types[0].dtype, _pooled_shape(types[0], **how))


def _index_type(types: Types, values: Values, **how: Any) -> TensorType:
    return TensorType(np.dtype(np.int32), _pool_type(types, values, **how).shape)


def _check_places(index: TensorType, dims: Shape | None, how: dict[str, Any]) -> None:
    integers(index, "index")
    fits = _pooled_shape(TensorType(index.dtype, dims), **how)
    if not compatible(fits, index.shape):
        raise ShapeError(f"windows over shape {shape_str(dims)} have the shape {shape_str(fits)}, not {shape_str(index.shape)}")


def _spread_type(types: Types, values: Values, **how: Any) -> TensorType:
    """Of an operator from places of windows to elements: the last operand is the shape of these."""
    dims = vector_shape(types[-1], values[-1], "whole")
    if types[0].dtype.kind == "b":
        raise DTypeError("booleans are not numbers")
    for t in types[:-1]:
        _check_places(TensorType(np.dtype(np.int32), t.shape), dims, how)
    if len(types) == 3:
        integers(types[1], "index")
    return TensorType(types[0].dtype, dims)


def _taken_type(types: Types, values: Values, **how: Any) -> TensorType:
    x, index = types
    _check_places(index, x.shape, how)
    return TensorType(x.dtype, index.shape)


# ---------------------------------------------------------------------- in simpler operators

def _sizes(t: TensorType, how: dict[str, Any]) -> tuple[int, ...]:
    return concrete(t)[-len(how["window"]) - 1:-1]


def _least(dtype: np.dtype[Any]) -> Any:
    """What no other number is less than."""
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _seen(x: Node, value: Any, window: Any, strides: Any, padding: Any, dilations: Any) -> Node:
    """The windows of x, with elements of one value where they reach over its ends."""
    around = surrounded(x, _sizes(x.type, {"window": window}), window, strides, padding, dilations, value)
    return windows(around, window=window, strides=strides, dilations=dilations)


def _taps(seen: Node, window: Sequence[int]) -> Iterator[Node]:
    """The elements of all windows at one place after another, row by row."""
    first = len(dims_of(seen)) - len(window) - 1
    return (tap(seen, at, first, 1) for at in np.ndindex(*window))


def _over(seen: Node, window: Sequence[int], combine: Callable[..., Node], reduce: Callable[..., Node]) -> Node:
    """The elements of each window combined: written out, or of many in loops of their own."""
    if prod(window) > WRITTEN_OUT:
        first = len(dims_of(seen)) - len(window) - 1
        return reduce(seen, axis=tuple(range(first, first + len(window))))
    total: Any = None
    for x in _taps(seen, window):
        total = x if total is None else combine(total, x)
    return OPERATORS["identity"](total)


def _max_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, **how: Any) -> Node:
    if not types[0].known:
        return node
    if (empty := nothing(out_type, _sizes(types[0], how), how["padding"])) is not None:
        return empty
    how = clipped(_sizes(types[0], how), how)
    return _over(_seen(inputs[0], _least(out_type.dtype), **how), how["window"], maximum, reduce_max)


def _sum_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, **how: Any) -> Node:
    if not types[0].known:
        return node
    if (empty := nothing(out_type, _sizes(types[0], how), how["padding"])) is not None:
        return empty
    how = clipped(_sizes(types[0], how), how)
    return _over(_seen(inputs[0], 0, **how), how["window"], add, reduce_sum)


def _index_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, **how: Any) -> Node:
    if not types[0].known:
        return node
    if (empty := nothing(out_type, _sizes(types[0], how), how["padding"])) is not None:
        return empty
    how = clipped(_sizes(types[0], how), how)
    x, window = inputs[0], how["window"]
    first = len(types[0].shape or ()) - len(window) - 1
    seen = _seen(x, _least(types[0].dtype), **how)
    if prod(window) > WRITTEN_OUT:
        rank = first + 2 * len(window) + 1
        sides = range(first + len(window), rank - 1)
        turned = transpose(seen, (*range(first + len(window)), rank - 1, *sides))
        place = argmax(reshape(turned, [*dims_of(turned)[:-len(window)], prod(window)]), axis=-1, output_type=np.int32)
    else:
        place = _first_largest(_taps(seen, window), types[0].dtype.kind == "f")
    dims = _sizes(types[0], how)
    return _within(place, widths(dims, **how), dims, **how)


def _first_largest(taps: Iterator[Node], nan: bool) -> Node:
    """The number of the first one that is largest, or nan."""
    best = next(taps)
    place: Any = OPERATORS["cast"](not_equal(best, best), np.int32) * 0
    for i, x in enumerate(taps, 1):
        better = greater(x, best)
        if nan:
            better = logical_or(better, logical_and(not_equal(x, x), equal(best, best)))
        place, best = choose(better, np.int32(i), place), choose(better, x, best)
    return place


def _within(place: Node, around: Sequence[tuple[Any, Any]], dims: Sequence[Any], window: Any, strides: Any, dilations: Any, padding: Any) -> Node:
    """The place 0 of a window whose first elements are padding is that of the first one that is not: all others are least ones, too.

    Where the elements of a dilated window all lie in padding, it stays 0.
    """
    rank = len(dims_of(place))
    total: Any = None
    inside: Any = None
    first = rank - len(window) - 1
    for i, ((before, _), size, s, d) in enumerate(zip(around, dims, strides, dilations, strict=True)):
        if before == 0:
            continue
        n = dims_of(place)[first + i]
        begin = iota([n if a == first + i else 1 for a in range(rank)], axis=first + i, dtype=np.int32) * s - before
        skipped = OPERATORS["floordiv"](maximum(d - 1 - begin, 0), d)
        if d > 1:
            ends = less(begin + skipped * d, size)
            inside = ends if inside is None else logical_and(inside, ends)
        part = skipped * prod(window[i + 1:])
        total = part if total is None else add(total, part)
    if total is None:
        return place
    return choose(equal(place, 0), total if inside is None else choose(inside, total, 0), place)


def _taken_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, **how: Any) -> Node:
    if not types[0].known or not types[1].known:
        return node
    if (empty := nothing(out_type, _sizes(types[0], how), how["padding"])) is not None:
        return empty
    x, index = inputs
    how = clipped(_sizes(types[0], how), how)
    seen = _seen(x, 0, **how)
    if prod(how["window"]) > WRITTEN_OUT:
        return _taken_of_many(seen, index, how["window"])
    total: Any = None
    for i, element in enumerate(_taps(seen, how["window"])):
        total = element if total is None else choose(equal(index, i), element, total)
    return OPERATORS["identity"](total)


def _taken_of_many(seen: Node, index: Node, window: Sequence[int]) -> Node:
    first = len(dims_of(seen)) - len(window) - 1
    sides = tuple(range(first, first + len(window)))
    hot = equal(expand_dims(index, sides), _numbered(window, first, index.type.dtype))
    return reduce_sum(choose(hot, seen, 0), axis=sides)


def _numbered(window: Sequence[int], lead: int, dtype: Any) -> Node:
    """The number of each element of a window, row by row, behind `lead` axes and before one, of size 1."""
    shape = [*[1] * lead, *window, 1]
    total: Any = None
    for i in range(len(window)):
        part = iota([k if a == lead + i else 1 for a, k in enumerate(shape)], axis=lead + i, dtype=dtype) * prod(window[i + 1:])
        total = part if total is None else add(total, part)
    return total


def _put_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, **how: Any) -> Node:
    if not out_type.known or not all(t.known for t in types[:2]):
        return node
    if (empty := nothing(out_type, _sizes(out_type, how), how["padding"])) is not None:
        return empty
    g, index, _ = inputs
    dims = _sizes(out_type, how)
    return _put_back(g, OPERATORS["cast"](index, np.int32), dims, **clipped(dims, how))


def _spread_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, **how: Any) -> Node:
    if not out_type.known or not types[0].known:
        return node
    if (empty := nothing(out_type, _sizes(out_type, how), how["padding"])) is not None:
        return empty
    dims = _sizes(out_type, how)
    return _put_back(inputs[0], None, dims, **clipped(dims, how))


def _put_back(g: Node, index: Node | None, dims: Sequence[Any], window: Any, strides: Any, padding: Any, dilations: Any) -> Node:
    """For each element the sum of g over the windows that hold it, if it is the one that a window's index names."""
    def named(slices: list[Node], numbers: Array) -> Node:
        return choose(equal(slices[1], numbers), slices[0], 0)

    def held(slices: list[Node], numbers: Array) -> Node:
        return slices[0] if (numbers >= 0).all() else choose(numbers >= 0, slices[0], 0)
    around = widths(dims, window, strides, padding, dilations)
    parts: list[tuple[Node, Any]] = [(g, 0)] if index is None else [(g, 0), (index, -1)]
    return gathered(parts, dims, around, window, strides, dilations, held if index is None else named)


# ---------------------------------------------------------------------- the operators

_SAMPLES: tuple[tuple[tuple[int, ...], dict[str, Any]], ...] = (
    ((2, 5, 4, 3), {"window": (2, 2), "strides": (2, 2), "padding": "SAME"}),
    ((1, 6, 5, 2), {"window": (3, 3), "strides": (2, 2), "padding": "SAME"}),
    ((1, 5, 6, 2), {"window": (3, 2), "strides": (1, 3), "padding": "VALID"}),
    ((2, 7, 1), {"window": (3,), "strides": (1,), "padding": "SAME", "dilations": (2,)}),
    ((1, 5, 2), {"window": (2,), "strides": (2,), "padding": "SAME"}),
    ((1, 8, 2), {"window": (3,), "strides": (2,), "padding": ((1, 2),)}),
    ((1, 7, 6, 1), {"window": (6, 6), "strides": (1, 1), "padding": "SAME"}),
    ((1, 10, 9, 1), {"window": (9, 8), "strides": (1, 1), "padding": "SAME"}),
    ((2, 6, 4, 2), {"window": (6, 4), "strides": (1, 1), "padding": "VALID"}),
    ((1, 3, 4, 3, 2), {"window": (2, 2, 2), "strides": (1, 2, 1), "padding": "SAME"}),
    ((0, 4, 4, 2), {"window": (2, 2), "strides": (2, 2), "padding": "VALID"}),
)


def _full(attrs: dict[str, Any]) -> dict[str, Any]:
    return {"dilations": (1,) * len(attrs["window"]), **attrs}


def _places_of(x: tuple[int, ...], attrs: dict[str, Any]) -> tuple[int, ...]:
    found = _pooled_shape(TensorType(np.dtype("float64"), x), **_full(attrs))
    assert found is not None
    return tuple(n for n in found if n is not None)


def _named(x: tuple[int, ...], attrs: dict[str, Any]) -> Array:
    """Some index of a real element of each window."""
    numbers = np.random.default_rng(3).normal(size=x)
    return _index(numbers, **_full(attrs))


def _walk(x: Any, fill: Any, window: Any, strides: Any, padding: Any, dilations: Any) -> Any:
    """The windows of x [*lead, *places, elements, c], padding filled with one value, and which elements are none."""
    lead = x.ndim - len(window) - 1
    window = clipped(x.shape[lead:-1], {"window": window, "padding": padding, "dilations": dilations})["window"]
    around = edges(x.shape[lead:-1], window, strides, padding, dilations)
    whole = [*[(0, 0)] * lead, *around, (0, 0)]
    parts = []
    for a in (np.pad(x, whole, constant_values=fill), np.pad(np.zeros(x.shape, bool), whole, constant_values=True)):
        seen = windows.reference(a, window=window, strides=strides, dilations=dilations)
        parts.append(seen.reshape(*seen.shape[:lead + len(window)], prod(window), x.shape[-1]))
    return parts


def _index(x: Any, **how: Any) -> Any:
    """Where in its window the first largest number is, or the first nan; never in the padding."""
    numbers, missing = _walk(x, 0, **how)
    if x.dtype.kind == "f":
        least: Any = -np.inf
        ranks = np.where(np.isnan(numbers), np.inf, numbers)
        first_nan = np.where(missing, False, np.isnan(numbers))
        best = np.argmax(np.where(missing, least, ranks), axis=-2)
        some = np.argmin(missing, axis=-2)
        all_least = np.take_along_axis(np.where(missing, least, ranks), best[..., None, :], -2)[..., 0, :] == least
        best = np.where(all_least, some, best)
        return np.where(first_nan.any(axis=-2), np.argmax(first_nan, axis=-2), best).astype(np.int32)
    least = np.iinfo(x.dtype).min
    shown = np.where(missing, least, numbers)
    best = np.argmax(shown, axis=-2)
    all_least = np.take_along_axis(shown, best[..., None, :], -2)[..., 0, :] == least
    return np.where(all_least, np.argmin(missing, axis=-2), best).astype(np.int32)


def _max_grad(g: Node, y: Node, x: Node, **how: Any) -> tuple[Node]:
    return (pool_put(g, pool_index(x, **how), shape(x), **how),)


@declare("lowered", _pool_type, prepare=_moved_attrs, lower=_max_lower, grad=_max_grad, label="MaxPool", analytic=continued.max_pool,
         samples=tuple(([x], attrs) for x, attrs in _SAMPLES))
def max_pool_nd(x: Any, *, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """The largest number of each window, padding apart; nan if one of them is: number[..., *sizes, c] -> number[..., *places, c]."""
    numbers, missing = _walk(x, 0, window, strides, padding, dilations)
    if x.dtype.kind == "b":
        raise TypeError("booleans are not numbers")
    return np.max(numbers, axis=-2, where=~missing, initial=_least(x.dtype))


@declare("lowered", _index_type, prepare=_moved_attrs, lower=_index_lower, label="PoolIndex",
         samples=(*(([x], attrs) for x, attrs in _SAMPLES),
                  ([np.array([[-np.inf], [-np.inf], [np.nan], [2.0], [2.0]])], {"window": (3,), "strides": (1,), "padding": "SAME"}),
                  ([(2, 2, 2, 3)], {"window": (2, 2), "strides": (1, 1), "padding": "SAME", "dilations": (1, 3)}),
                  ([np.full((1, 4, 3, 1), -np.inf)], {"window": (3, 3), "strides": (1, 1), "padding": "SAME"}),
                  ([np.array([[3], [3], [-2**31], [-2**31]], np.int32)], {"window": (2,), "strides": (1,), "padding": "SAME"})))
def pool_index(x: Any, *, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """Where in its window the first of the largest numbers is, counted row by row; the first nan, if there is one."""
    return _index(x, window=window, strides=strides, padding=padding, dilations=dilations)


def _put_grad(h: Node, y: Node, g: Node, index: Node, whole: Node, **how: Any) -> tuple[Node, None, None]:
    return pool_take(h, index, **how), None, None


@declare("windowed", _spread_type, by_value=(2,), fixed={"index": "int32", "whole": "int32"}, prepare=lambda types, **how: _pool_attrs(types, **how),
         lower=_put_lower, weak=False, batch="leading", grad=_put_grad, label="PoolPut",
         samples=tuple(([_places_of(x, attrs), _named(x, attrs), np.array(x)], attrs) for x, attrs in _SAMPLES))
def pool_put(g: Any, index: Any, whole: Any, *, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """Zeros of shape `whole` plus g at the element of each window that the index names: the gradient of `max_pool`."""
    whole = tuple(np.asarray(whole).tolist())
    lead = len(whole) - len(window) - 1
    window = clipped(whole[lead:-1], {"window": window, "padding": padding, "dilations": dilations})["window"]
    around = edges(whole[lead:-1], window, strides, padding, dilations)
    out = np.zeros([*whole[:lead], *(n + a + b + span(k, d) for n, (a, b), k, d in zip(whole[lead:-1], around, window, dilations, strict=True)),
                    whole[-1]], g.dtype)
    at = list(np.indices(g.shape))
    rest = index.astype(np.int64)
    for i in reversed(range(len(window))):
        rest, t = np.divmod(rest, window[i])
        at[lead + i] = at[lead + i] * strides[i] + t * dilations[i]
    np.add.at(out, tuple(at), g)
    return out[(*[slice(None)] * lead, *(slice(a, a + n) for n, (a, _) in zip(whole[lead:-1], around, strict=True)))]


def _taken_grad(h: Node, y: Node, x: Node, index: Node, **how: Any) -> tuple[Node, None]:
    return pool_put(h, index, shape(x), **how), None


@declare("lowered", _taken_type, fixed={"index": "int32"}, prepare=lambda types, **how: _pool_attrs(types, **how), lower=_taken_lower,
         grad=_taken_grad, label="PoolTake", weak=False,
         samples=tuple(([x, _named(x, attrs)], attrs) for x, attrs in _SAMPLES))
def pool_take(x: Any, index: Any, *, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """The element of each window that the index names."""
    numbers, _ = _walk(x, 0, window, strides, padding, dilations)
    return np.take_along_axis(numbers, index.astype(np.int64)[..., None, :], -2)[..., 0, :]


def _sum_grad(g: Node, y: Node, x: Node, **how: Any) -> tuple[Node]:
    return (pool_spread(g, shape(x), **how),)


@declare("windowed", _pool_type, prepare=_moved_attrs, lower=_sum_lower, batch="leading", grad=_sum_grad, label="PoolSum",
         samples=tuple(([x], attrs) for x, attrs in _SAMPLES))
def pool_sum(x: Any, *, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """The sum of each window, padding apart."""
    if x.dtype.kind == "b":
        raise TypeError("booleans are not numbers")
    return _walk(x, 0, window, strides, padding, dilations)[0].sum(axis=-2, dtype=x.dtype)


def _spread_grad(h: Node, y: Node, g: Node, whole: Node, **how: Any) -> tuple[Node, None]:
    return pool_sum(h, **how), None


@declare("windowed", _spread_type, by_value=(1,), fixed={"whole": "int32"}, prepare=lambda types, **how: _pool_attrs(types, **how),
         lower=_spread_lower, weak=False, batch="leading", grad=_spread_grad, label="PoolSpread",
         samples=tuple(([_places_of(x, attrs), np.array(x)], attrs) for x, attrs in _SAMPLES))
def pool_spread(g: Any, whole: Any, *, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """Zeros of shape `whole` plus g at all elements of each window: the gradient of `pool_sum`."""
    dims = np.asarray(whole).tolist()[-len(window) - 1:-1]
    window = clipped(dims, {"window": window, "padding": padding, "dilations": dilations})["window"]
    numbers = np.broadcast_to(np.arange(prod(window)), (*g.shape, prod(window)))
    return sum(pool_put.reference(g, numbers[..., i], whole, window=window, strides=strides, padding=padding, dilations=dilations)
               for i in range(prod(window)))
