"""Operators of graphc's that leave as several of its others, which TensorFlow has: what stands in the place of each, built anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...ir.node import OPERATORS, Node
from ...ops import array, math, segments
from ...ops.rows import is_unset

Part = Node | None | tuple[Node | None, ...]


# ---------------------------------------------------------------------- rows of arrays of arrays

def _first(x: Node, count: Any) -> Node:
    """The first rows, so many."""
    return array.strided_slice(x, [0], array.reshape(count, [1]), [1])


def _tail(x: Node) -> Node:
    """The sizes of a row."""
    return array.shape(x)[1:]


def _zeros(count: Node, like: Node) -> Node:
    """So many rows of zeros, of the sizes that those of a tensor have."""
    return array.fill(array.concat([array.reshape(count, [1]), _tail(like)], 0), array.zeros([], dtype=like.dtype))


def _whole(rows: Node, value: Node) -> Node:
    """Rows that may have been made before it was known of which sizes they are: then zeros of those of a value, [1, ...]."""
    dims = rows.type.shape
    if dims is not None and None not in dims[1:] and not is_unset(dims[1:]):
        return rows
    count = array.shape(rows)[0]
    missing = array.zeros(array.reshape(count * array.size(value) - array.size(rows), [1]), dtype=rows.dtype)
    return array.reshape(array.concat([array.reshape(rows, [-1]), missing], 0), array.concat([array.reshape(count, [1]), _tail(value)], 0))


def _put_row(rows: Node, index: Node, value: Node, of: str, grow: bool) -> Part:
    if grow:
        return None
    row = array.expand_dims(value, 0)
    found: Node = OPERATORS["changed"](_whole(rows, row), array.reshape(index, [1, 1]), row, how="set")
    return found


def _row_at(row: Node, index: Node, count: Node, of: str) -> Part:
    new = array.expand_dims(row, 0)
    found: Node = OPERATORS["changed"](_zeros(count, new), array.reshape(index, [1, 1]), new, how="set")
    return found


def _filled_rows(rows: Node, written: Node, new: Node, of: str, grow: bool) -> Part:
    """New rows in front of the others; these are zeros if nothing was written to them."""
    known, own = new.type.shape, rows.type.shape
    if known is not None and own is not None and known[0] is not None and known[0] == own[0]:
        return new
    rest = math.maximum(array.shape(rows)[0] - array.shape(new)[0], 0)
    return array.concat([new, _zeros(rest, new) if own is not None and is_unset(own[1:]) else rows[array.shape(new)[0]:]], 0)


def _marked_rows(written: Node, count: Node, of: str, grow: bool) -> Part:
    return None if grow else math.logical_or(written, math.less(array.range(array.shape(written)[0]), count))


def _more_rows(rows: Node, count: Node) -> Part:
    return array.concat([rows, _zeros(math.maximum(count - array.shape(rows)[0], 0), rows)], 0)


def _fresh_rows(size: Node, dtype: Any, shape: Any) -> Part:
    found: Node = OPERATORS["fresh_rows"].lower(None, [size], None, None, dtype, shape)
    return found


# ---------------------------------------------------------------------- sums by place

def _scatter_sum(indices: Node, updates: Node, shape: Node, axis: int) -> Part:
    """Sums along another axis than the first, which is brought to the front for it."""
    rank, wide = indices.type.rank, updates.type.rank
    if rank is None or wide is None or not axis:
        return None
    front = [*range(axis, axis + rank), *range(axis), *range(axis + rank, wide)]
    order = [axis, *range(axis), *range(axis + 1, wide - rank + 1)]
    found: Node = OPERATORS["scatter_sum"](indices, array.transpose(updates, front), array.gather(shape, order), axis=0)
    return array.transpose(found, [order.index(i) for i in range(len(order))])


def _united_rows(indices: Node, rows: Node) -> Part:
    """The places, -1 for those that were there before, the sums of the rows of each, and the first of each."""
    found = array.unique(indices, out_idx="int64")
    count = array.size(found.y)
    numbers = array.range(array.size(indices, out_type="int64"))
    first = array.gather(segments.unsorted_segment_min(numbers, found.idx, count), found.idx)
    own = math.equal(first, numbers)
    total = array.gather(segments.unsorted_segment_sum(rows, found.idx, count), found.idx)
    return math.where(own, math.cast(indices, "int64"), array.fill(array.shape(indices), -1 + array.zeros([], "int64"))), math.where(
        own, total, array.zeros_like(total)), first


def _row_sums(columns: Node, values: Node, b: Node, starts: Node, order: Node, rows: Node) -> Part:
    """A sparse matrix times another one: rows of the latter, times the values, summed by the former's rows."""
    if starts.operator.name != "item" or starts.inputs[0].operator.name != "rows_sorted":
        return None
    count = array.reshape(starts.inputs[0].inputs[1], [])
    return segments.unsorted_segment_sum(array.expand_dims(values, 1) * array.gather(b, columns), rows, count)


# ---------------------------------------------------------------------- of numbers

def _trunc(x: Node) -> Part:
    return math.choose(math.less(x, array.zeros([], dtype=x.dtype)), math.ceil(x), math.floor(x))


def _xor(x: Node, y: Node) -> Part:
    return math.logical_and(math.logical_or(x, y), math.logical_not(math.logical_and(x, y)))


# By graphc's names of operators: what builds nodes in the place of one, of its inputs and attributes; None where TensorFlow has nothing for it.
PARTS: dict[str, Callable[..., Part]] = {
    "logical_xor": _xor, "trunc": _trunc, "reciprocal_no_nan": lambda x: math.div_no_nan(array.ones_like(x), x),
    "fresh_rows": _fresh_rows, "put_row": _put_row, "row_at": _row_at, "filled_rows": _filled_rows, "marked_rows": _marked_rows,
    "more_rows": _more_rows, "take_row": lambda rows, index, of: array.gather(rows, index), "first_rows": _first,
    "rows_for": lambda rows, written, count, of, some: _first(rows, count),
    "pieces": lambda value, lengths, of: array.reshape(value, array.concat([array.shape(lengths), [-1], array.shape(value)[1:]], 0)),
    "scatter_sum": _scatter_sum, "united_rows": _united_rows, "row_sums": _row_sums, "below": lambda x, limit: x,
    "slice_bound": lambda bound, length: math.minimum(math.maximum(math.choose(math.less(bound, 0), bound + length, bound), 0), length),
}
