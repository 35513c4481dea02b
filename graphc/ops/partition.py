"""Tensors taken apart by numbers, put together again, and counted."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.known import as_int, static_value
from ..ir.node import Node, describe, here, saying
from ..ir.operator import declare, many, to_node
from ..ir.sizes import has_sizes, unknown
from ..ir.types import as_dtype, compatible, float64, int32
from .array_fill import ones_like, zeros
from .array_gather import boolean_mask, gather, mask_indices, scatter_sum
from .array_index import rank, size
from .array_join import concat, stack
from .array_move import reshape, shape
from .array_scan import unique
from .contract import held
from .math import cast, equal, floor, logical_not, maximum, minimum
from .reduce import reduce_max
from .scopes import composed
from .segments import unsorted_segment_sum
from .slices import among
from .updates import changed


class UniqueWithCounts(NamedTuple):
    """The result of `unique_with_counts`."""

    y: Node
    idx: Node
    count: Node  # type: ignore[assignment]


class ListDiff(NamedTuple):
    """The result of `setdiff1d`."""

    out: Node
    idx: Node


# ---------------------------------------------------------------------- apart, and together

def dynamic_partition(data: Any, partitions: Any, num_partitions: Any, name: str | None = None) -> list[Node]:
    """The parts of a tensor that have the same number, in `num_partitions` tensors.

    data: any[..., ...], partitions: int[...] -> a list of any[?, ...]. DTypeError, ShapeError: they do not fit. InvalidArgumentError, when
    run: a number that is none of the partitions.

    >>> tf.Session(jit=False).run(tf.dynamic_partition([10, 20, 30], [1, 0, 1], 2))
    [array([20], dtype=int32), array([10, 30], dtype=int32)]
    """
    x, numbers = to_node(data), to_node(partitions)
    with saying("dynamic_partition"):
        count = as_int(num_partitions, "num_partitions")
        if numbers.type.dtype.kind not in "iu":
            raise DTypeError(f"{describe(numbers)} are no whole numbers")
        if count < 1:
            raise ShapeError(f"there are {count} partitions")
    numbers = _numbered(held("dynamic_partition", "begins", numbers, x), np.asarray(count, numbers.type.dtype))
    if numbers.type.rank is None:
        x, numbers = _flattened(x, numbers), reshape(numbers, [-1])
    elif numbers.type.rank == 0:
        x, numbers = reshape(x, concat([[1], shape(x)], 0)), reshape(numbers, [1])
    return [boolean_mask(x, equal(numbers, np.asarray(i, numbers.type.dtype)), name=name) for i in range(count)]


def _flattened(x: Node, numbers: Node) -> Node:
    """Parts of a tensor, one for each of some numbers, along one axis: the axes that are the numbers' own become one."""
    own = rank(numbers)
    return reshape(x, concat([[size(numbers)], shape(x)[own:]], 0))


@declare("host", lambda types, values: types[0], samples=(([np.array([1, 0, 1]), np.array(2)], {}),))
def _numbered(numbers: Any, count: Any) -> Any:
    """Whole numbers; the run fails unless each is that of one of `count` partitions."""
    wrong = (numbers < 0) | (numbers >= count)
    if wrong.any():
        raise InvalidArgumentError(f"the number {numbers[wrong].flat[0]} is none of the {count} partitions")
    return numbers


@composed("DynamicStitch", op="DynamicStitch")
def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Node:
    """Tensors put together: part k of `data[i]` stands at `indices[i][k]` of the result, of several the last one.

    indices: a list of int[...], data: as many any[..., ...] -> any[greatest index + 1, ...], 0 where nothing stands. DTypeError,
    ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.dynamic_stitch([[0, 2], [1]], [[10, 30], [20]]))
    array([10, 20, 30], dtype=int32)
    """
    places, parts = ([to_node(x) for x in many("dynamic_stitch", given)] for given in (indices, data))
    with saying("dynamic_stitch"):
        if not places or len(places) != len(parts):
            raise ShapeError(f"{len(places)} tensors of indices for {len(parts)} of data")
        for at in places:
            if at.type.dtype.kind not in "iu":
                raise DTypeError(f"{describe(at)} are no whole numbers")
        if len({x.type.dtype for x in parts}) > 1:
            raise DTypeError(f"{' and '.join(map(describe, parts))} are of different dtypes")
    places = [held("dynamic_stitch", "begins", at, x) for at, x in zip(places, parts, strict=True)]
    flat = concat([reshape(cast(at, dtype=np.int64), [-1]) for at in places], 0) if len(places) > 1 else reshape(places[0], [-1])
    rows = [_flattened(x, at) for at, x in zip(places, parts, strict=True)]
    whole = concat(rows, 0) if len(rows) > 1 else rows[0]
    known = [static_value(at) for at in places]
    count: Any = cast(maximum(reduce_max(flat), -1) + 1, dtype=np.int64)
    if all(v is not None and not has_sizes(v) and not unknown(v).any() for v in known):
        count = np.int64(max((int(np.max(v, initial=-1)) for v in known if v is not None), default=-1) + 1)
    start = zeros(concat([reshape(count, [1]), shape(whole, out_type=np.int64)[1:]], 0), dtype=whole.dtype)
    return changed(start, reshape(flat, [-1, 1]), whole, how="set", name=name)


@composed("parallel_stack", "ParallelConcat", op="ParallelConcat")
def parallel_stack(values: Any, name: str | None = "parallel_stack") -> Node:
    """Tensors of one shape, one behind the other along a new first axis, as `stack`.

    a list of any[...] -> any[n, ...]. DTypeError, ShapeError: they are not of one type.
    """
    return stack(values, axis=0, name=name)


# ---------------------------------------------------------------------- counts

@composed("bincount", "DenseBincount", op="DenseBincount")
def bincount(arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = int32, name: str | None = None) -> Node:
    """How often each of the numbers 0, 1, ... stands in a tensor, or the sums of the weights there.

    arr: int[...], weights: number[...] of the same shape -> dtype[n] (of the weights' dtype), as long as the greatest number needs, at least
    `minlength`; numbers from `maxlength` on are left out. DTypeError, ShapeError: they do not fit. InvalidArgumentError, when run: a number
    below 0.

    >>> tf.Session(jit=False).run(tf.bincount([1, 1, 3]))
    array([0, 2, 0, 1], dtype=int32)
    """
    x = to_node(np.zeros(np.shape(arr), np.int32) if isinstance(arr, (list, tuple)) and not np.size(arr) else arr)
    with saying("bincount"):
        if x.type.dtype.kind not in "iu":
            raise DTypeError(f"{describe(x)} does not hold whole numbers")
        w = None if weights is None else to_node(weights)
    w = None if w is None else held("bincount", "same", w, x)
    flat = _not_negative(reshape(cast(x, dtype=np.int64), [-1]))
    length = maximum(reduce_max(flat), np.int64(-1)) + 1
    if minlength is not None:
        length = maximum(length, cast(minlength, dtype=np.int64) if isinstance(minlength, Node) else np.int64(minlength))
    if maxlength is not None:
        most = cast(maxlength, dtype=np.int64) if isinstance(maxlength, Node) else np.int64(maxlength)
        length = minimum(length, most)
        flat = cast(flat, dtype=np.int64) - (flat + 1) * cast(flat >= most, dtype=np.int64)            # what is left out is -1
    ones = ones_like(flat, dtype=as_dtype(dtype)) if w is None else reshape(w, [-1])
    return unsorted_segment_sum(ones, flat, length, name=name)


@declare("host", lambda types, values: types[0], batch="aligned",
         samples=(([np.array([1, 0, 1])], {}),))
def _not_negative(x: Any) -> Any:
    """x; the run fails at a number below 0."""
    if (x < 0).any():
        raise InvalidArgumentError(f"{x[x < 0].flat[0]} is below 0, and numbers are counted from 0 on")
    return x


@composed("histogram_fixed_width_bins", "Reshape_1")
def histogram_fixed_width_bins(values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None) -> Node:
    """Which of `nbins` equal parts of a range each number lies in; what lies outside is in the first or last.

    values: number[...], value_range: [least, greatest] -> dtype[...]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.histogram_fixed_width_bins([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], nbins=5))
    array([0, 0, 1, 2, 4, 4], dtype=int32)
    """
    x = to_node(values)
    with saying("histogram_fixed_width_bins"):
        ends = to_node(value_range, None if isinstance(value_range, Node) else x.dtype)
        if not compatible(ends.type.shape, (2,)):
            raise ShapeError(f"a range is two numbers, not of shape {ends.type.shape}")
    kind = x.dtype if x.dtype.is_floating else float64
    x, ends = cast(x, dtype=kind), cast(ends, dtype=kind)
    n = cast(nbins, dtype=kind) if isinstance(nbins, Node) else np.asarray(nbins, kind.dtype)
    part = floor(n * ((x - ends[0]) / (ends[1] - ends[0])))
    return cast(minimum(maximum(part, np.zeros((), kind.dtype)), n - 1), dtype=dtype, name=name)


@composed("histogram_fixed_width", op="HistogramFixedWidth")
def histogram_fixed_width(values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None) -> Node:
    """How many numbers lie in each of `nbins` equal parts of a range; what lies outside counts for the first or last.

    values: number[...], value_range: [least, greatest] -> dtype[nbins]. DTypeError, ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.histogram_fixed_width([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], nbins=5))
    array([2, 1, 1, 0, 2], dtype=int32)
    """
    bins = reshape(histogram_fixed_width_bins(values, value_range, nbins), [-1])
    return unsorted_segment_sum(ones_like(bins, dtype=as_dtype(dtype)), bins, nbins, name=name)


def unique_with_counts(x: Any, out_idx: Any = int32, name: str | None = None) -> UniqueWithCounts:
    """The distinct elements of a vector in the order they first appear, where each element of x is among them, and how often each stands.

    any[n] -> (any[m], out_idx[n], out_idx[m]). ShapeError: x is no vector. DTypeError: no such dtype.

    >>> tf.Session(jit=False).run(tf.unique_with_counts([5, 3, 5]).count)
    array([2, 1], dtype=int32)
    """
    found = unique(x, out_idx=out_idx, name=name)
    return UniqueWithCounts(found.y, found.idx, scatter_sum(found.idx, ones_like(found.idx), shape(found.y)))


def setdiff1d(x: Any, y: Any, index_dtype: Any = int32, name: str | None = None) -> ListDiff:
    """The elements of a vector that are not among those of another, and where they stand.

    any[n], any[m] -> (any[k], index_dtype[k]). DTypeError, ShapeError: they are no vectors of one dtype.

    >>> tf.Session(jit=False).run(tf.setdiff1d([1, 2, 3, 4], [2, 4]).out)
    array([1, 3], dtype=int32)
    """
    a = to_node(x)
    b = to_node(y, None if isinstance(y, Node) else a.dtype)
    if a.dtype != b.dtype:
        raise DTypeError(f"setdiff1d: {describe(a)} and {describe(b)} are of different dtypes{here()}")
    if not (compatible(a.type.shape, (None,)) and compatible(b.type.shape, (None,))):
        raise ShapeError(f"setdiff1d: {describe(a)} and {describe(b)} are no vectors{here()}")
    rows = mask_indices(logical_not(among(a, b)), shape(a))
    return ListDiff(gather(a, rows, name=name), cast(rows, dtype=index_dtype))


__all__ = ["dynamic_partition", "dynamic_stitch", "parallel_stack", "bincount", "histogram_fixed_width", "histogram_fixed_width_bins",
           "unique_with_counts", "setdiff1d"]
