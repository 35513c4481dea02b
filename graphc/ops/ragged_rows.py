"""Rows of ragged tensors: chosen, cut, joined, and set beside each other; what indices and the operators of dense tensors that move rows do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.node import OPERATORS, Node, describe, here
from ..ir.operator import to_node
from .array import concat, expand_dims, gather, reshape, stack
from .array import range as numbers
from .math import cast, clip_by_value, floordiv, maximum, where
from .ragged_tensor import RaggedTensor, of_ragged, splits_of
from .ragged_value import ragged_same
from .sparse_tensor import INDEX


def rank_of(x: Any) -> int:
    """How many axes a tensor has. ShapeError: that is not known."""
    flat, more = (x.flat_values, x.ragged_rank) if isinstance(x, RaggedTensor) else (x, 0)
    if flat.type.rank is None:
        raise ShapeError(f"{x!r} is of unknown rank{here()}")
    return int(flat.type.rank) + more


def axis_of(what: str, axis: Any, rank: int) -> int:
    """An axis counted from the front. ShapeError: there is none such."""
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)) or not -rank <= axis < rank:
        raise ShapeError(f"{what}: there is no axis {axis!r:.40} of {rank}{here()}")
    return int(axis) % rank


def rows_of(x: Any, at: Node) -> Any:
    """The rows at some places, in that order."""
    if not isinstance(x, RaggedTensor):
        return gather(x, at)
    lengths = gather(x.row_lengths(), at)
    return cut(x, gather(x.row_starts(), at), lengths, 1)


def cut(x: RaggedTensor, starts: Node, lengths: Node, step: int) -> RaggedTensor:
    """Rows that begin at some values, of those lengths, of each `step`th value."""
    made = RaggedTensor(numbers(splits_of(lengths)[-1]), splits_of(lengths))
    rows = made.value_rowids()
    at = gather(starts, rows) + (made.places() - gather(made.row_starts(), rows)) * np.int64(step)
    return RaggedTensor(rows_of(x.values, at), made.row_splits)


def expanded(x: Any, axis: int) -> Any:
    """One more axis of size 1 before an axis."""
    if not isinstance(x, RaggedTensor):
        return expand_dims(x, axis=axis)
    if axis == 0:
        return RaggedTensor(x, stack([np.int64(0), x.nrows()], 0))
    if axis == 1:
        return RaggedTensor(x, numbers(x.nrows() + np.int64(1)))
    return x.with_values(expanded(x.values, axis - 1))


def as_ragged(x: Any, like: RaggedTensor) -> RaggedTensor:
    """A tensor as a ragged one of as many ragged axes as another."""
    made = x if isinstance(x, RaggedTensor) else RaggedTensor.from_tensor(to_node(x, like.dtype), ragged_rank=like.ragged_rank)
    if made.ragged_rank != like.ragged_rank or made.dtype != like.dtype:
        raise DTypeError(f"ragged operands are of one dtype and as many ragged axes: {like!r} and {made!r}{here()}")
    return made


def joined(parts: Sequence[Any], axis: int) -> Any:
    """Tensors, all ragged or none, one after the other along an axis."""
    if not isinstance(parts[0], RaggedTensor):
        return concat(list(parts), axis)
    if axis == 0:
        return RaggedTensor(joined([p.values for p in parts], 0), splits_of(concat([p.row_lengths() for p in parts], 0)))
    if axis > 1:
        splits = parts[0].row_splits
        for p in parts[1:]:
            splits = splits if p.row_splits is splits else ragged_same(splits, p.row_splits)
        return RaggedTensor(joined([p.values for p in parts], axis - 1), splits)
    # The rows of all one after another, then those of one number beside each other.
    counts = [p.nrows() for p in parts]
    order = reshape(expand_dims(numbers(counts[0]), 1) + expand_dims(splits_of(stack(counts, 0))[:-1], 0), [-1])
    rows = rows_of(joined(parts, 0), order)
    return RaggedTensor(rows.values, gather(rows.row_splits, numbers(counts[0] + np.int64(1)) * np.int64(len(parts))))


@of_ragged("concat")
def _concat(operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Any:
    like = next(x for x in operands if isinstance(x, RaggedTensor))
    return joined([as_ragged(x, like) for x in operands], axis_of("concat", attrs["axis"], rank_of(like)))


@of_ragged("stack")
def _stack(operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Any:
    like = next(x for x in operands if isinstance(x, RaggedTensor))
    axis = axis_of("stack", attrs.get("axis", 0), rank_of(like) + 1)
    return joined([expanded(as_ragged(x, like), axis) for x in operands], axis)


@of_ragged("expand_dims")
def _expand(operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Any:
    return expanded(operands[0], axis_of("expand_dims", attrs["axis"], rank_of(operands[0]) + 1))


@of_ragged("gather")
def _gather(operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Any:
    x, at = operands
    if attrs.get("axis") not in (None, 0) or attrs.get("batch_dims"):
        raise ShapeError(f"gather: of a ragged tensor rows are gathered, along axis 0{here()}")
    if isinstance(at, RaggedTensor):
        return at.with_flat_values(_gather([x, at.flat_values], attrs, name))
    at = to_node(at)
    if at.type.rank != 1 and isinstance(x, RaggedTensor):
        raise ShapeError(f"gather: the rows of a ragged tensor are given by a vector, or by ragged numbers, not by {describe(at)}{here()}")
    return rows_of(x, cast(at, dtype=INDEX) if isinstance(x, RaggedTensor) else at)


@of_ragged("identity")
def _identity(operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Any:
    x = operands[0]
    return x.with_flat_values(OPERATORS["identity"](x.flat_values, name=name))


# ---------------------------------------------------------------------- indices

@of_ragged("index")
def _index(operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Any:
    x, key = operands[0], attrs["key"]
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(k is Ellipsis for k in keys):
        i = next(i for i, k in enumerate(keys) if k is Ellipsis)
        rest = [k for k in keys[i + 1:] if k is not None]
        keys[i:i + 1] = [slice(None)] * (rank_of(x) - len([k for k in keys[:i] if k is not None]) - len(rest))
    return chosen(x, keys)


def chosen(x: Any, keys: list[Any]) -> Any:
    """What indices choose, one for each axis, from the first on."""
    if not isinstance(x, RaggedTensor):
        return x[tuple(keys)] if keys else x
    if not keys:
        return x
    first, *rest = keys
    if first is None:
        return expanded(chosen(x, rest), 0)
    if isinstance(first, slice):
        return _within(_rows(x, first), rest)
    at = to_node(first)
    if at.type.rank != 0 or at.type.dtype.kind not in "iu":
        raise DTypeError(f"an index of a ragged tensor is a whole number, a slice, None or ..., not {first!r:.60}{here()}")
    at = cast(at, dtype=INDEX)
    at = where(at < np.int64(0), at + x.nrows(), at)
    start, stop = gather(x.row_splits, at), gather(x.row_splits, at + np.int64(1))
    return chosen(rows_of(x.values, start + numbers(stop - start)), rest)


def _rows(x: RaggedTensor, key: slice) -> RaggedTensor:
    return x if key == slice(None) else rows_of(x, numbers(x.nrows())[key])


def _within(x: RaggedTensor, keys: list[Any]) -> Any:
    """What indices choose in each row."""
    if not keys:
        return x
    first, *rest = keys
    if first is None:
        return RaggedTensor(_within(x, rest), numbers(x.nrows() + np.int64(1)))
    if not isinstance(first, slice):
        raise ShapeError(f"an axis whose rows differ in length takes slices, not the index {first!r:.60}{here()}")
    found = x if first == slice(None) else _sliced(x, first)
    return found.with_values(chosen(found.values, [slice(None), *rest])) if rest else found


def _sliced(x: RaggedTensor, key: slice) -> RaggedTensor:
    """A part of each row, as Python slices lists."""
    step = 1 if key.step is None else key.step
    if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or step == 0:
        raise DTypeError(f"the step of a slice of a ragged axis is a whole number other than 0, not {step!r:.60}{here()}")
    lengths = x.row_lengths()
    least, most = (np.int64(0), lengths) if step > 0 else (np.int64(-1), lengths - np.int64(1))

    def end(given: Any, default: Any) -> Any:
        if given is None:
            return default
        at = cast(to_node(given), dtype=INDEX)
        return clip_by_value(where(at < np.int64(0), at + lengths, at + lengths * np.int64(0)), least + lengths * np.int64(0), most)
    start = end(key.start, least if step > 0 else most)
    stop = end(key.stop, most if step > 0 else least)
    count = maximum(floordiv(stop - start + np.int64(step - (1 if step > 0 else -1)), np.int64(step)), np.int64(0)) + lengths * np.int64(0)
    return cut(x, x.row_starts() + start, count, int(step))


__all__: list[str] = []
