"""Arithmetic of ragged tensors: elementwise operators on the values of equal rows, and reductions along any axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import GraphError, ShapeError
from ..ir.node import OPERATORS, Node, describe, here
from ..ir.operator import to_node
from ..ir.types import int32
from .array import gather, squeeze
from .array import ones_like as _ones_like
from .array import size as _size
from .array import zeros_like as _zeros_like
from .math import cast, choose, greater, maximum, truediv
from .nn import embedding_lookup as _embedding_lookup
from .ragged_rows import axis_of, rank_of
from .ragged_tensor import RaggedTensor, function_of_ragged, longest, of_ragged, splits_of
from .ragged_value import ragged_same
from .segments import unsorted_segment_max, unsorted_segment_min, unsorted_segment_prod, unsorted_segment_sum

# ---------------------------------------------------------------------- elementwise

def aligned(operands: Sequence[Any]) -> tuple[list[Any], Callable[[Any], Any]]:
    """Operands as flat values that fit each other, and what makes a ragged tensor of a result. ShapeError: they do not broadcast."""
    ragged = [x for x in operands if isinstance(x, RaggedTensor)]
    if not ragged:
        return list(operands), lambda made: made
    first = max(ragged, key=lambda x: x.ragged_rank)
    if any(x.ragged_rank != first.ragged_rank for x in ragged):
        raise ShapeError(f"ragged operands have as many ragged axes: {' and '.join(map(repr, ragged))}{here()}")
    splits = first.row_splits
    for x in ragged:
        splits = splits if x.row_splits is splits else ragged_same(splits, x.row_splits)
    within = RaggedTensor(first.values, splits)
    rank = rank_of(first)
    found, back = aligned([x.values if isinstance(x, RaggedTensor) else _spread(x, within, rank) for x in operands])
    return found, lambda made: RaggedTensor(back(made), splits)


def _spread(x: Any, rows: RaggedTensor, rank: int) -> Any:
    """A dense operand for the values of all rows: as it is where it has no ragged axis, else its row for each value."""
    x = x if isinstance(x, Node) else np.asarray(x) if isinstance(x, (list, tuple)) else x
    own = x.type.rank if isinstance(x, Node) else np.ndim(x)
    if own is None:
        raise ShapeError(f"beside a ragged tensor {describe(x)} is of a rank that is known{here()}")
    if own < rank:
        if own > rank - 1 - rows.ragged_rank:
            raise ShapeError(f"{x!r:.80} does not broadcast over the rows of {rows!r}: it has as many axes, 1 long where these are ragged{here()}")
        return x
    x = to_node(x)
    dims = x.type.shape
    if own > rank or dims is None or dims[1] != 1:
        raise ShapeError(f"{describe(x)} does not broadcast over the rows of {rows!r}: it is 1 long along ragged axes{here()}")
    column = squeeze(x, axis=[1])
    return column if dims[0] == 1 else gather(column, rows.value_rowids())


@of_ragged("elementwise")
def _elementwise(operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Any:
    options = {k: v for k, v in attrs.items() if k != "operator"}
    given, back = aligned(operands)
    return back(attrs["operator"](*given, **options, name=name))


@function_of_ragged
def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """`tf.where` of ragged operands of the same rows. GraphError: of a condition alone."""
    if x is None or y is None:
        raise GraphError(f"where takes x and y beside a ragged condition{here()}")
    given, back = aligned([condition, x, y])
    return back(choose(*given, name=name))


@function_of_ragged
def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Any:
    """Zeros in the same rows."""
    return tensor.with_flat_values(_zeros_like(tensor.flat_values, dtype, name))


@function_of_ragged
def ones_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Any:
    """Ones in the same rows."""
    return tensor.with_flat_values(_ones_like(tensor.flat_values, dtype, name))


@function_of_ragged
def size(input: Any, name: str | None = None, out_type: Any = int32) -> Node:
    """How many values there are in all rows."""
    return _size(input.flat_values, name, out_type)


@function_of_ragged
def rank(input: Any, name: str | None = None) -> Node:
    """How many axes it has."""
    return to_node(np.int32(rank_of(input)), name=name)


@function_of_ragged
def embedding_lookup(params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None, validate_indices: bool = True,
                     max_norm: Any = None) -> Any:
    """The rows of a table for ragged ids."""
    return ids.with_flat_values(_embedding_lookup(params, ids.flat_values, partition_strategy, name, validate_indices, max_norm))


# ---------------------------------------------------------------------- reductions

Segments = Callable[[Any, Node, Node], Node]


def aggregated(segments: Segments, values: Any, rows: Node, count: Node) -> Any:
    """What a sum, or the like, makes of the values of each row; of ragged ones of those at each place of it."""
    if not isinstance(values, RaggedTensor):
        return segments(values, rows, count)
    lengths = maximum(unsorted_segment_max(values.row_lengths(), rows, count), np.int64(0))
    splits = splits_of(lengths)
    at = gather(gather(splits, rows), values.value_rowids()) + values.columns()
    return RaggedTensor(aggregated(segments, values.values, at, splits[-1]), splits)


def reduced(operator: Any, segments: Segments, x: Any, axis: int) -> Any:
    """A reduction along one axis."""
    if not isinstance(x, RaggedTensor):
        return operator(x, axis=axis)
    if axis == 0:
        return aggregated(segments, x.values, x.columns(), longest(x))
    if axis == 1:
        return aggregated(segments, x.values, x.value_rowids(), x.nrows())
    return x.with_values(reduced(operator, segments, x.values, axis - 1))


def _reduce(name: str, segments: Segments) -> None:
    @of_ragged(name)
    def reduce(operands: Sequence[Any], attrs: dict[str, Any], label: str | None) -> Any:
        return along(name, OPERATORS[name], segments, operands[0], attrs)


def along(name: str, operator: Any, segments: Segments, x: RaggedTensor, attrs: dict[str, Any]) -> Any:
    """A reduction along axes, all of them for None."""
    if attrs.get("keepdims"):
        raise GraphError(f"{name}: keepdims is not offered for ragged tensors{here()}")
    axis, rank = attrs.get("axis"), rank_of(x)
    if axis is None:
        return operator(x.flat_values)
    given = np.atleast_1d(np.asarray(axis)).tolist()
    made: Any = x
    for one in sorted({axis_of(name, a, rank) for a in given}, reverse=True):
        made = reduced(operator, segments, made, one)
    return made


for _name, _segments in {"reduce_sum": unsorted_segment_sum, "reduce_prod": unsorted_segment_prod, "reduce_max": unsorted_segment_max,
                         "reduce_min": unsorted_segment_min}.items():
    _reduce(_name, _segments)


def _whether(name: str, numbers_of: str, segments: Segments) -> None:
    @of_ragged(name)
    def reduce(operands: Sequence[Any], attrs: dict[str, Any], label: str | None) -> Any:
        x = operands[0]
        if attrs.get("axis") is None:
            return OPERATORS[name](x.flat_values)
        held = x.with_flat_values(cast(x.flat_values, dtype=int32))
        return greater(along(name, OPERATORS[numbers_of], segments, held, attrs), np.int32(0))


_whether("reduce_all", "reduce_prod", unsorted_segment_prod)
_whether("reduce_any", "reduce_sum", unsorted_segment_sum)


@of_ragged("reduce_mean")
def _mean(operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Any:
    x = operands[0]
    if attrs.get("axis") is None:
        return OPERATORS["reduce_mean"](x.flat_values)
    ones = x.with_flat_values(_ones_like(x.flat_values))
    total, count = (along("reduce_mean", OPERATORS["reduce_sum"], unsorted_segment_sum, v, attrs) for v in (x, ones))
    return truediv(total, count)


__all__: list[str] = []
