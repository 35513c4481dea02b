"""The arrays of ragged tensors, and what a run checks of where rows begin."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import InvalidArgumentError
from ..ir.operator import declare
from ..ir.types import TensorType, merge
from .sparse_tensor import INDEX


class _Parts(NamedTuple):
    values: Any
    row_splits: Any


class RaggedTensorValue(_Parts):
    """The arrays of a ragged tensor: what a run gives for one, and what one is fed; `values` of several ragged axes is such a value itself.

    >>> tf.ragged.constant_value([[1, 2], [], [3]]).row_splits
    array([0, 2, 2, 3])
    """

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        return self.values.dtype

    @property
    def flat_values(self) -> Any:
        """The values of all rows of all axes."""
        return self.values.flat_values if isinstance(self.values, RaggedTensorValue) else self.values

    @property
    def nested_row_splits(self) -> tuple[Any, ...]:
        """Where rows begin, of each ragged axis."""
        inner = self.values.nested_row_splits if isinstance(self.values, RaggedTensorValue) else ()
        return (self.row_splits, *inner)

    @property
    def ragged_rank(self) -> int:
        """How many axes are ragged."""
        return len(self.nested_row_splits)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The sizes, None along ragged axes."""
        return (len(self.row_splits) - 1, None, *self.values.shape[1:])

    def to_list(self) -> list[Any]:
        """The rows as lists."""
        held = self.values.to_list() if isinstance(self.values, RaggedTensorValue) else self.values.tolist()
        return [held[a:b] for a, b in zip(self.row_splits[:-1], self.row_splits[1:], strict=True)]


@declare("host", lambda types, values: TensorType(INDEX, types[0].shape),
         samples=(([np.array([0, 2, 2, 3]), np.array(3)], {}), ([np.array([0]), np.array(0)], {})))
def ragged_checked(row_splits: Any, count: Any) -> Any:
    """Where rows begin, as they are. The run fails if they do not ascend from 0 to the number of values."""
    if not len(row_splits) or row_splits[0] != 0 or row_splits[-1] != count or (row_splits[1:] < row_splits[:-1]).any():
        raise InvalidArgumentError(f"row splits ascend from 0 to the number of values, {int(count)}: {row_splits.tolist()[:20]} do not")
    return row_splits.astype(INDEX)


@declare("host", lambda types, values: TensorType(INDEX, types[0].shape), samples=(([np.array([0, 0, 2])], {}), ([np.zeros(0, int)], {})))
def ragged_ordered(value_rowids: Any) -> Any:
    """The row of each value, as they are. The run fails if they do not ascend from 0 or above."""
    if len(value_rowids) and (value_rowids[0] < 0 or (value_rowids[1:] < value_rowids[:-1]).any()):
        raise InvalidArgumentError(f"the rows of values ascend from 0 or above: {value_rowids.tolist()[:20]} do not")
    return value_rowids.astype(INDEX)


@declare("host", lambda types, values: TensorType(INDEX, types[0].shape), samples=(([np.array([0, 2, 3]), np.array([0, 1, 0])], {}),))
def ragged_packed(row_splits: Any, columns: Any) -> Any:
    """Where rows begin, as it is. The run fails if the values of a row do not stand at its first places, in order."""
    wanted = np.arange(len(columns)) - np.repeat(row_splits[:-1], np.diff(row_splits))
    if (columns != wanted).any():
        i = int(np.argmax(columns != wanted))
        raise InvalidArgumentError(f"a sparse tensor whose rows have gaps is no ragged one: an element stands in column {int(columns[i])}, where "
                                   f"{int(wanted[i])} is next")
    return row_splits


@declare("host", lambda types, values: TensorType(INDEX, merge(types[0].shape, types[1].shape)),
         samples=(([np.array([0, 2, 3]), np.array([0, 2, 3])], {}),))
def ragged_same(row_splits: Any, other: Any) -> Any:
    """Where rows begin, as it is. The run fails if those of another operand have other lengths."""
    if not np.array_equal(row_splits, other):
        raise InvalidArgumentError(f"ragged operands have rows of one length each, and these differ: {np.diff(row_splits).tolist()[:20]} and "
                                   f"{np.diff(other).tolist()[:20]}")
    return row_splits


__all__ = ["RaggedTensorValue"]
