"""Sums, maxima and places of maxima over windows, and what undoes them: operators that are each other's transposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.loops import Loop
from ..ir.node import Node, describe
from ..ir.operator import Values, declare
from ..ir.sizes import fixed
from ..ir.types import Array, Shape, TensorType, compatible, shape_str
from . import continued, pool_back_loops, pool_loops
from .array_join import concat
from .array_move import Types, broadcast_to, integers, shape, sizes, vector_shape
from .windows import edges, places, span, split_shape, widths, window_attrs, windows

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


def _over(loop: Callable[..., Loop], back: bool = False) -> Callable[..., Loop]:
    """A loop nest over windows, by which places within them are counted as `clipped` says; `back`: the result is what they move over."""
    def made(types: Any, type: Any, **how: Any) -> Loop:
        return loop(types, type, **clipped((type if back else types[0]).shape[-len(how["window"]) - 1:-1], how))
    return made


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
    return TensorType(_number(how["window"]), _pool_type(types, values, **how).shape)


def _number(window: Sequence[int]) -> np.dtype[Any]:
    """Of the numbers of a window's elements: bytes, if they hold them, for gradients read them again from memory."""
    return np.dtype(np.int8 if prod(window) <= np.iinfo(np.int8).max + 1 else np.int32)


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


def _least(dtype: np.dtype[Any]) -> Any:
    """What no other number is less than."""
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


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
    dtype = _number(how["window"])
    if x.dtype.kind == "f":
        least: Any = -np.inf
        ranks = np.where(np.isnan(numbers), np.inf, numbers)
        first_nan = np.where(missing, False, np.isnan(numbers))
        best = np.argmax(np.where(missing, least, ranks), axis=-2)
        some = np.argmin(missing, axis=-2)
        all_least = np.take_along_axis(np.where(missing, least, ranks), best[..., None, :], -2)[..., 0, :] == least
        best = np.where(all_least, some, best)
        return np.where(first_nan.any(axis=-2), np.argmax(first_nan, axis=-2), best).astype(dtype)
    least = np.iinfo(x.dtype).min
    shown = np.where(missing, least, numbers)
    best = np.argmax(shown, axis=-2)
    all_least = np.take_along_axis(shown, best[..., None, :], -2)[..., 0, :] == least
    return np.where(all_least, np.argmin(missing, axis=-2), best).astype(dtype)


def _best_types(types: Types, values: Values, **how: Any) -> tuple[TensorType, TensorType]:
    return _pool_type(types, values, **how), _index_type(types, values, **how)


def _best_grad(g: Sequence[Node], y: Sequence[Node], x: Node, **how: Any) -> tuple[Node]:
    return (pool_put(g[0], y[1], shape(x), **how),)


@declare("routine", _best_types, prepare=_moved_attrs, results=("value", "index"), loop=_over(pool_loops.first_largest), label="PoolBest",
         grad=_best_grad,
         batch="leading", analytic=False, samples=tuple(([x], attrs) for x, attrs in _SAMPLES))
def pool_best(x: Any, *, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """`max_pool_nd` and `pool_index`: what both become, so that a run that needs both walks over x once."""
    how = {"window": window, "strides": strides, "padding": padding, "dilations": dilations}
    return max_pool_nd.reference(x, **how), _index(x, **how)


def _one_of(result: str) -> Callable[..., Node]:
    """One of `pool_best`'s results in the place of an operator, as soon as its operand's sizes are known."""
    def lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, **how: Any) -> Node:
        return getattr(pool_best(inputs[0], **how), result) if types[0].known else node
    return lower


def _max_grad(g: Node, y: Node, x: Node, **how: Any) -> tuple[Node]:
    return (pool_put(g, pool_index(x, **how), shape(x), **how),)


@declare("lowered", _pool_type, prepare=_moved_attrs, lower=_one_of("value"), grad=_max_grad, label="MaxPool", analytic=continued.max_pool,
         samples=tuple(([x], attrs) for x, attrs in _SAMPLES))
def max_pool_nd(x: Any, *, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """The largest number of each window, padding apart; nan if one of them is: number[..., *sizes, c] -> number[..., *places, c]."""
    numbers, missing = _walk(x, 0, window, strides, padding, dilations)
    if x.dtype.kind == "b":
        raise TypeError("booleans are not numbers")
    return np.max(numbers, axis=-2, where=~missing, initial=_least(x.dtype))


@declare("lowered", _index_type, prepare=_moved_attrs, lower=_one_of("index"), label="PoolIndex",
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


@declare("routine", _spread_type, by_value=(2,), fixed={"index": "int32", "whole": "int32"}, prepare=lambda types, **how: _pool_attrs(types, **how),
         loop=_over(pool_back_loops.put_back, back=True), weak=False, batch="leading", grad=_put_grad, label="PoolPut",
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


@declare("routine", _taken_type, fixed={"index": "int32"}, prepare=lambda types, **how: _pool_attrs(types, **how), loop=_over(pool_loops.taken),
         batch="leading", grad=_taken_grad, label="PoolTake", weak=False,
         samples=tuple(([x, _named(x, attrs)], attrs) for x, attrs in _SAMPLES))
def pool_take(x: Any, index: Any, *, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """The element of each window that the index names."""
    numbers, _ = _walk(x, 0, window, strides, padding, dilations)
    return np.take_along_axis(numbers, index.astype(np.int64)[..., None, :], -2)[..., 0, :]


def _sum_grad(g: Node, y: Node, x: Node, **how: Any) -> tuple[Node]:
    return (pool_spread(g, shape(x), **how),)


@declare("routine", _pool_type, prepare=_moved_attrs, loop=_over(pool_loops.totals), batch="leading", grad=_sum_grad, label="PoolSum",
         samples=tuple(([x], attrs) for x, attrs in _SAMPLES))
def pool_sum(x: Any, *, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """The sum of each window, padding apart."""
    if x.dtype.kind == "b":
        raise TypeError("booleans are not numbers")
    return _walk(x, 0, window, strides, padding, dilations)[0].sum(axis=-2, dtype=x.dtype)


def _mean_type(types: Types, values: Values, **how: Any) -> TensorType:
    if types[0].dtype.kind not in "fc":
        raise DTypeError(f"means are of floating numbers, not {types[0].dtype}")
    return _pool_type(types, values, **how)


def _mean_grad(g: Node, y: Node, x: Node, **how: Any) -> tuple[Node]:
    return (pool_spread(g / _counted(x, y.type.shape, **how), shape(x), **how),)


def _counted(x: Node, whole: Shape | None, **how: Any) -> Any:
    """Of how many elements each window of x consists, padding apart: what a sum is divided by for a mean."""
    count, dims, dtype = len(how["window"]), x.type.shape, x.type.dtype
    if how["padding"] == "VALID":
        return np.asarray(prod(how["window"]), dtype)
    if dims is None:
        raise ShapeError(f"the rank of {describe(x)} must be known")
    known = tuple(int(n) for n in dims[-count - 1:-1] if n is not None)
    if len(known) == count and whole is not None:
        return _counts(known, whole[-count - 1:-1], dtype, **how)
    inner = sizes(x, range(len(dims) - count - 1, len(dims) - 1))
    ones = broadcast_to(np.ones((1,) * len(dims), dtype), concat([np.ones(len(dims) - count - 1, np.int32), inner, np.ones(1, np.int32)], 0))
    return pool_sum(ones, **how)


def _counts(dims: Sequence[int], places: Sequence[Any], dtype: np.dtype[Any], window: Any, strides: Any, padding: Any, dilations: Any) -> Any:
    """How many elements of each window are no padding, [*places, 1]; of one number if it is the same for all."""
    around = widths(dims, window, strides, padding, dilations)
    found: Any = np.ones(1)
    for i, (n, m, k, s, d, (before, _)) in enumerate(zip(dims, places, window, strides, dilations, around, strict=True)):
        begin = np.arange(m) * s - before
        inside = np.minimum(-(-(n - begin) // d), k) - np.maximum(-(begin // d), 0)
        found = found * np.maximum(inside, 0).reshape(-1, *[1] * (len(dims) - i))
    return (found.reshape(-1)[0] if found.size and (found == found.reshape(-1)[0]).all() else found).astype(dtype)


@declare("routine", _mean_type, prepare=_moved_attrs, loop=_over(pool_loops.means), batch="leading", grad=_mean_grad, label="AvgPool",
         samples=tuple(([x], attrs) for x, attrs in _SAMPLES))
def pool_mean(x: Any, *, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """The mean of each window, padding apart; nan of one that lies in it altogether: float[..., *sizes, c] -> float[..., *places, c]."""
    numbers, missing = _walk(x, 0, window, strides, padding, dilations)
    with np.errstate(invalid="ignore"):
        return numbers.sum(axis=-2, dtype=x.dtype) / np.count_nonzero(~missing, axis=-2).astype(x.dtype)


def _spread_grad(h: Node, y: Node, g: Node, whole: Node, **how: Any) -> tuple[Node, None]:
    return pool_sum(h, **how), None


@declare("routine", _spread_type, by_value=(1,), fixed={"whole": "int32"}, prepare=lambda types, **how: _pool_attrs(types, **how),
         loop=_over(pool_back_loops.spread_back, back=True), weak=False, batch="leading", grad=_spread_grad, label="PoolSpread",
         samples=tuple(([_places_of(x, attrs), np.array(x)], attrs) for x, attrs in _SAMPLES))
def pool_spread(g: Any, whole: Any, *, window: Any, strides: Any, padding: Any = "VALID", dilations: Any = 1) -> Any:
    """Zeros of shape `whole` plus g at all elements of each window: the gradient of `pool_sum`."""
    dims = np.asarray(whole).tolist()[-len(window) - 1:-1]
    window = clipped(dims, {"window": window, "padding": padding, "dilations": dilations})["window"]
    numbers = np.broadcast_to(np.arange(prod(window)), (*g.shape, prod(window)))
    return sum(pool_put.reference(g, numbers[..., i], whole, window=window, strides=strides, padding=padding, dilations=dilations)
               for i in range(prod(window)))
