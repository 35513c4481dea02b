"""Reductions over segments: parts of a tensor that are combined because they have the same number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.known import known_shape, static_value
from ..ir.loops import Check, Loop, word
from ..ir.node import Node, describe, here, saying
from ..ir.operator import Values, declare, to_node
from ..ir.sizes import unknown
from ..ir.types import TensorType, compatible, element_count, shape_str
from .array_fill import ones_like, zeros_like
from .array_gather import gather, scatter_sum
from .array_join import concat
from .array_move import Types, integers, reshape, shape
from .array_scan import invert_permutation, linear_recurrence, shifted, stable_order
from .contract import RULES, held
from .later import deferrable, later
from .math import cast, divide, equal, floordiv, greater_equal, logical_and, maximum, sqrt, where
from .math_operands import greatest, least
from .parts import only, over
from .scopes import composed


def segment_type(types: Types, values: Values) -> TensorType:
    """Parts by the numbers of their segments, which stand for the leading axes: so many of them, of the shape of one part."""
    data, ids, count = types
    integers(ids, "segment_ids")
    integers(count, "num_segments")
    if data.dtype.kind == "b":
        raise DTypeError("not defined for bool")
    if not compatible(count.shape, ()):
        raise ShapeError(f"num_segments is a scalar, not of shape {shape_str(count.shape)}")
    if data.shape is None or ids.shape is None:
        return TensorType(data.dtype, None)
    rank = len(ids.shape)
    RULES["leading"]((data.shape, ids.shape), rank)
    known = known_shape(values[2])
    n = None if known is None else known[0]
    if n is not None and n < 0:
        raise ShapeError(f"num_segments is {n}")
    return TensorType(data.dtype, (n, *data.shape[rank:]))


def _numbers(ids: Any, count: Any) -> tuple[Any, Any]:
    """Which of the ids are not left out, and which these are; the run fails at one that is too large."""
    there = ids >= 0
    chosen = ids[there]
    if (chosen >= count).any():
        raise InvalidArgumentError(f"segment id {chosen[chosen >= count][0]} is not in [0, {int(count)})")
    return there, chosen


def _segment_loop(types: Any, type: Any, start: Any, step: str) -> Loop:
    """One part after the other, as they come."""
    data, ids, _ = types
    count, inner = element_count(ids.shape), element_count(type.shape[1:])
    t = word(type.dtype)
    body = f"""
    for i in range(segments * inner):
        store(out, i, {t}({start}))
    for k in range(count):
        s = int64(load(segment_ids, k))
        if s >= segments:
            extents[0] = s
            return 1
        if s >= 0:
            for j in range(inner):
                store(out, s * inner + j, {t}({step.format(old="load(out, s * inner + j)", x="load(data, k * inner + j)")}))
    """
    return Loop(body, {"segments": type.shape[0], "count": count, "inner": inner}, 1, (count + type.shape[0]) * inner, [Check(1, type.shape[0])])


def _combined(function: Any, data: Any, ids: Any, count: Any, start: Any) -> Any:
    there, chosen = _numbers(ids, count)
    out = np.full((int(count), *data.shape[ids.ndim:]), start, data.dtype)
    function.at(out, chosen, data[there])
    return out


def _at_segments(x: Node, ids: Node) -> Node:
    """What stands at its segment for each part; 0 for parts that are left out."""
    return only(greater_equal(ids, 0), gather(x, maximum(ids, 0)))


def _extreme_grad(g: Node, y: Node, data: Node, ids: Node, count: Node) -> tuple[Node, None, None]:
    return _to_extremes(g, y, data, ids, count), None, None


@deferrable("gradient of segment_max")
def _to_extremes(g: Node, y: Node, data: Node, ids: Node, count: Node) -> Node:
    """The gradient in equal shares to those that have the extreme value, as TensorFlow."""
    if None in (data.type.rank, ids.type.rank):
        return later("gradient of segment_max", (g, y, data, ids, count), data.type)
    chosen = cast(logical_and(equal(data, gather(y, maximum(ids, 0))), over(greater_equal(ids, 0), data)), dtype=data.type.dtype)
    shares = unsorted_sum(chosen, ids, count)
    return chosen * _at_segments(g / maximum(shares, 1), ids)


# None is empty: what an extreme is there depends on the dtype.
_SAMPLES: tuple[Any, ...] = (
    ([(5, 2), np.array([1, 0, 1, -1, 2]), np.array(3)], {}), ([(2, 2), np.array([[0, 1], [1, 1]]), np.array(2)], {}),
    ([(0,), np.zeros(0, int), np.array(0)], {}), ([(3,), np.array([0, 0, 0]), np.array(1)], {}),
)


@declare("routine", segment_type, by_value=(2,), batch="trailing", name="segment_max_of",
         loop=lambda types, type: _segment_loop(types, type, least(type.dtype), "maximum({old}, {x})"),
         grad=_extreme_grad, samples=_SAMPLES, analytic=False, weak=False)
def segment_max_of(data: Any, segment_ids: Any, num_segments: Any) -> Any:
    """The greatest part of each segment, the dtype's least number where there is none."""
    return _combined(np.maximum, data, segment_ids, num_segments, least(data.dtype))


@declare("routine", segment_type, by_value=(2,), batch="trailing", name="segment_min_of",
         loop=lambda types, type: _segment_loop(types, type, greatest(type.dtype), "minimum({old}, {x})"),
         grad=_extreme_grad, samples=_SAMPLES, analytic=False, weak=False)
def segment_min_of(data: Any, segment_ids: Any, num_segments: Any) -> Any:
    """The smallest part of each segment, the dtype's greatest number where there is none."""
    return _combined(np.minimum, data, segment_ids, num_segments, greatest(data.dtype))


def _prod_grad(g: Node, y: Node, data: Node, ids: Node, count: Node) -> tuple[Node, None, None]:
    return _to_factors(g, data, ids), None, None


@deferrable("gradient of segment_prod")
def _to_factors(g: Node, data: Node, ids: Node) -> Node:
    """The gradient times the product of the others, as those before times those behind: with no division, zeros do no harm in any order."""
    rank = ids.type.rank
    if None in (data.type.rank, rank):
        return later("gradient of segment_prod", (g, data, ids), data.type)
    assert rank is not None
    flat = reshape(ids, [-1])
    order = stable_order(flat)
    x = gather(reshape(data, concat([[-1], shape(data)[rank:]], 0)), order)
    number = 2 * gather(flat, order) + 1                 # odd, so that none is what moves in
    sides = []
    for by in (1, -1):
        same = over(equal(number, shifted(number, 0, by)), x)
        zero, one = zeros_like(x), ones_like(x)
        sides.append(linear_recurrence(where(same, shifted(x, 0, by), zero), where(same, zero, one), axis=0, reverse=by < 0))
    others = gather(sides[0] * sides[1], invert_permutation(order))
    return _at_segments(g, ids) * reshape(others, shape(data))


@declare("routine", segment_type, by_value=(2,), batch="trailing", name="segment_prod_of",
         loop=lambda types, type: _segment_loop(types, type, 1, "{old} * {x}"), grad=_prod_grad, weak=False,
         samples=(*_SAMPLES, ([(3,), np.array([2, 0, -1]), np.array(4)], {}),
                  ([np.array([2.0, 0.0, 3.0, 0.0, 0.0]), np.array([0, 0, 0, 1, 1]), np.array(2)], {})))
def segment_prod_of(data: Any, segment_ids: Any, num_segments: Any) -> Any:
    """The product of the parts of each segment, 1 where there is none."""
    return _combined(np.multiply, data, segment_ids, num_segments, 1)


# ---------------------------------------------------------------------- sums

def unsorted_sum(data: Node, ids: Node, count: Node, name: str | None = None) -> Node:
    """The sum of the parts of each segment, of ids of known rank; those of an id below 0 are left out."""
    known = static_value(ids)
    rank = ids.type.rank
    assert rank is not None
    data = held("unsorted_segment_sum", "leading", data, ids, place=rank)
    whole = concat([reshape(cast(count, np.int64), [1]), shape(data, out_type=np.int64)[rank:]], 0)
    if known is not None and not unknown(known).any() and (known >= 0).all():
        return scatter_sum(ids, data, whole, axis=0, name=name)
    return scatter_sum(maximum(ids, 0), only(greater_equal(ids, 0), data), whole, axis=0, name=name)


def _counted(data: Node, ids: Node, count: Node) -> Node:
    """How many parts each segment has, to divide its sum by: at least 1."""
    ones = ones_like(ids, dtype=data.type.dtype)
    n = maximum(unsorted_sum(ones, ids, count), np.ones((), data.type.dtype))
    return over(n, data)


def _mean(data: Node, ids: Node, count: Node, name: str | None = None) -> Node:
    return divide(unsorted_sum(data, ids, count), _counted(data, ids, count), name=name)


def _over_root(data: Node, ids: Node, count: Node, name: str | None = None) -> Node:
    return divide(unsorted_sum(data, ids, count), sqrt(_counted(data, ids, count)), name=name)


_UNSORTED: dict[str, Callable[..., Node]] = {
    "sum": unsorted_sum, "prod": segment_prod_of, "max": segment_max_of, "min": segment_min_of, "mean": _mean, "sqrt_n": _over_root,
}
_EMPTY = {"max": 0, "min": 0}      # of a sorted reduction, where a segment between others is empty; the others have it by themselves


def _unsorted(data: Any, segment_ids: Any, num_segments: Any, name: str | None, how: str) -> Node:
    data, ids, count = to_node(data), to_node(segment_ids), to_node(num_segments)
    if None in (data.type.rank, ids.type.rank):
        return later(f"unsorted_segment_{how}", (data, ids, count), TensorType(data.type.dtype, None), name)
    with saying(f"unsorted_segment_{how}"):
        segment_type((data.type, ids.type, count.type), (None, None, None))
    if how in ("mean", "sqrt_n") and data.type.dtype.kind != "f":
        raise DTypeError(f"unsorted_segment_{how}: {describe(data)} is not floating{here()}")
    return _UNSORTED[how](data, ids, count, name=name)


def of_sorted(data: Any, segment_ids: Any, name: str | None, how: str) -> Node:
    data, ids = to_node(data), to_node(segment_ids)
    if None in (data.type.rank, ids.type.rank):
        return later(f"segment_{how}", (data, ids), TensorType(data.type.dtype, None), name)
    with saying(f"segment_{how}"):
        if ids.type.rank != 1:
            raise ShapeError(f"segment ids are a vector, not of shape {shape_str(ids.type.shape)}")
        segment_type((data.type, ids.type, TensorType(np.dtype(np.int32), ())), (None, None, None))
    count = ascending(ids)
    if how in _EMPTY:
        there = over(unsorted_sum(ones_like(ids), ids, count), data)
        return where(greater_equal(there, 1), _UNSORTED[how](data, ids, count), np.asarray(_EMPTY[how], data.type.dtype), name=name)
    if how == "mean" and data.type.dtype.kind != "f":
        return cast(floordiv(unsorted_sum(data, ids, count), _counted(data, ids, count)), dtype=data.type.dtype, name=name)
    return _UNSORTED[how](data, ids, count, name=name)


def _ascending_type(types: Types, values: Values) -> TensorType:
    integers(types[0], "segment_ids")
    return TensorType(types[0].dtype, ())


@declare("host", _ascending_type, samples=(([np.array([0, 0, 2])], {}), ([np.zeros(0, int)], {})))
def ascending(segment_ids: Any) -> Any:
    """The number of segments that sorted ids count, the last one and one more; the run fails if they are not sorted, or one is below 0."""
    wrong = np.flatnonzero(segment_ids[1:] < segment_ids[:-1])
    if wrong.size:
        i = int(wrong[0]) + 1
        raise InvalidArgumentError(f"segment ids are to be sorted, and {segment_ids[i]} comes after {segment_ids[i - 1]}")
    if segment_ids.size and segment_ids[0] < 0:
        raise InvalidArgumentError(f"segment id {segment_ids[0]} is below 0")
    return np.asarray(segment_ids[-1] + 1 if segment_ids.size else 0, segment_ids.dtype)


# ---------------------------------------------------------------------- by name

@composed("UnsortedSegmentSum", op="UnsortedSegmentSum")
@deferrable("unsorted_segment_sum")
def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: Any, name: str | None = "UnsortedSegmentSum") -> Node:
    """result[s] = the sum of the parts of `data` whose segment id is s; those of an id below 0 are left out.

    data: number[..., ...], segment_ids: int[...], num_segments: int[]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.unsorted_segment_sum([1, 2, 3], [1, 0, 1], 2))
    array([2, 4], dtype=int32)
    """
    return _unsorted(data, segment_ids, num_segments, name, "sum")


@composed("UnsortedSegmentProd", op="UnsortedSegmentProd")
@deferrable("unsorted_segment_prod")
def unsorted_segment_prod(data: Any, segment_ids: Any, num_segments: Any, name: str | None = "UnsortedSegmentProd") -> Node:
    """The product of the parts of each segment, 1 where there is none; otherwise as `unsorted_segment_sum`.

    data: number[..., ...], segment_ids: int[...], num_segments: int[]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.unsorted_segment_prod([1, 2, 3], [1, 0, 1], 2))
    array([2, 3], dtype=int32)
    """
    return _unsorted(data, segment_ids, num_segments, name, "prod")


@composed("UnsortedSegmentMax", op="UnsortedSegmentMax")
@deferrable("unsorted_segment_max")
def unsorted_segment_max(data: Any, segment_ids: Any, num_segments: Any, name: str | None = "UnsortedSegmentMax") -> Node:
    """The greatest part of each segment, the dtype's least number where there is none; equal ones share the gradient.

    data: number[..., ...], segment_ids: int[...], num_segments: int[]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.unsorted_segment_max([1, 2, 3], [1, 0, 1], 2))
    array([2, 3], dtype=int32)
    """
    return _unsorted(data, segment_ids, num_segments, name, "max")


@composed("UnsortedSegmentMin", op="UnsortedSegmentMin")
@deferrable("unsorted_segment_min")
def unsorted_segment_min(data: Any, segment_ids: Any, num_segments: Any, name: str | None = "UnsortedSegmentMin") -> Node:
    """The smallest part of each segment, the dtype's greatest number where there is none; equal ones share the gradient.

    data: number[..., ...], segment_ids: int[...], num_segments: int[]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.unsorted_segment_min([1, 2, 3], [1, 0, 1], 2))
    array([2, 1], dtype=int32)
    """
    return _unsorted(data, segment_ids, num_segments, name, "min")


@composed("UnsortedSegmentMean", "truediv")
@deferrable("unsorted_segment_mean")
def unsorted_segment_mean(data: Any, segment_ids: Any, num_segments: Any, name: str | None = "UnsortedSegmentMean") -> Node:
    """The mean of the parts of each segment, 0 where there is none.

    data: floating[..., ...], segment_ids: int[...], num_segments: int[]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.unsorted_segment_mean([1.0, 2.0, 3.0], [1, 0, 1], 2))
    array([2., 2.], dtype=float32)
    """
    return _unsorted(data, segment_ids, num_segments, name, "mean")


@composed("UnsortedSegmentSqrtN", "truediv")
@deferrable("unsorted_segment_sqrt_n")
def unsorted_segment_sqrt_n(data: Any, segment_ids: Any, num_segments: Any, name: str | None = "UnsortedSegmentSqrtN") -> Node:
    """The sum of the parts of each segment, over the square root of their number; 0 where there is none.

    data: floating[..., ...], segment_ids: int[...], num_segments: int[]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.unsorted_segment_sqrt_n([1.0, 2.0, 3.0, 1.0, 1.0], [1, 0, 1, 1, 1], 2))
    array([2., 3.], dtype=float32)
    """
    return _unsorted(data, segment_ids, num_segments, name, "sqrt_n")


@composed("SegmentSum", op="SegmentSum")
@deferrable("segment_sum")
def segment_sum(data: Any, segment_ids: Any, name: str | None = "SegmentSum") -> Node:
    """result[s] = the sum of the rows of `data` whose segment id is s, as many as the last id tells; 0 where there is none.

    data: number[n, ...], segment_ids: int[n], sorted. DTypeError, ShapeError: they do not fit. InvalidArgumentError, when run: not sorted.

    >>> tf.Session(jit=False).run(tf.segment_sum([1, 2, 3], [0, 0, 1]))
    array([3, 3], dtype=int32)
    """
    return of_sorted(data, segment_ids, name, "sum")


@composed("SegmentMean", op="SegmentMean")
@deferrable("segment_mean")
def segment_mean(data: Any, segment_ids: Any, name: str | None = "SegmentMean") -> Node:
    """The mean of the rows of each segment, 0 where there is none; otherwise as `segment_sum`.

    data: number[n, ...], segment_ids: int[n], sorted. DTypeError, ShapeError: they do not fit. InvalidArgumentError, when run: not sorted.

    >>> tf.Session(jit=False).run(tf.segment_mean([1.0, 2.0, 3.0], [0, 0, 1]))
    array([1.5, 3. ], dtype=float32)
    """
    return of_sorted(data, segment_ids, name, "mean")


@composed("SegmentProd", op="SegmentProd")
@deferrable("segment_prod")
def segment_prod(data: Any, segment_ids: Any, name: str | None = "SegmentProd") -> Node:
    """The product of the rows of each segment, 1 where there is none; otherwise as `segment_sum`.

    data: number[n, ...], segment_ids: int[n], sorted. DTypeError, ShapeError: they do not fit. InvalidArgumentError, when run: not sorted.

    >>> tf.Session(jit=False).run(tf.segment_prod([1, 2, 3], [0, 0, 1]))
    array([2, 3], dtype=int32)
    """
    return of_sorted(data, segment_ids, name, "prod")


@composed("SegmentMax", op="SegmentMax")
@deferrable("segment_max")
def segment_max(data: Any, segment_ids: Any, name: str | None = "SegmentMax") -> Node:
    """The greatest row element of each segment, 0 where there is none; otherwise as `segment_sum`.

    data: number[n, ...], segment_ids: int[n], sorted. DTypeError, ShapeError: they do not fit. InvalidArgumentError, when run: not sorted.

    >>> tf.Session(jit=False).run(tf.segment_max([1, 2, 3], [0, 0, 2]))
    array([2, 0, 3], dtype=int32)
    """
    return of_sorted(data, segment_ids, name, "max")


@composed("SegmentMin", op="SegmentMin")
@deferrable("segment_min")
def segment_min(data: Any, segment_ids: Any, name: str | None = "SegmentMin") -> Node:
    """The smallest row element of each segment, 0 where there is none; otherwise as `segment_sum`.

    data: number[n, ...], segment_ids: int[n], sorted. DTypeError, ShapeError: they do not fit. InvalidArgumentError, when run: not sorted.

    >>> tf.Session(jit=False).run(tf.segment_min([1, 2, 3], [0, 0, 2]))
    array([1, 0, 3], dtype=int32)
    """
    return of_sorted(data, segment_ids, name, "min")


__all__ = ["unsorted_segment_sum", "unsorted_segment_prod", "unsorted_segment_max", "unsorted_segment_min", "unsorted_segment_mean",
           "unsorted_segment_sqrt_n", "segment_sum", "segment_mean", "segment_prod", "segment_max", "segment_min"]
