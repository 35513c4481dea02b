"""What programs ask of tensors: whether something is one, what is known of it while the graph is built, whether its numbers rise."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.graph import get_default_graph
from ..ir.known import static_value
from ..ir.node import Node
from ..ir.operator import Values, declare, to_node
from ..ir.types import Dimension, TensorShape, TensorType
from .array import reshape
from .math import less, less_equal
from .reduce import reduce_all
from .slices import IndexedSlices
from .sparse_tensor import SparseTensor

__all__ = ["convert_to_tensor_or_indexed_slices", "dimension_at_index", "dimension_value", "get_static_value", "guarantee_const",
           "is_non_decreasing", "is_numeric_tensor", "is_strictly_increasing", "is_tensor", "timestamp"]


def is_tensor(x: Any) -> bool:
    """Whether something is a tensor, a sparse one, or a variable.

    >>> tf.is_tensor(tf.constant(1)), tf.is_tensor([1])
    (True, False)
    """
    return isinstance(x, (Node, SparseTensor, IndexedSlices))


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether something is a tensor of numbers: neither texts nor truth values.

    >>> tf.is_numeric_tensor(tf.constant(1)), tf.is_numeric_tensor(tf.constant("a")), tf.is_numeric_tensor(1)
    (True, False, False)
    """
    return isinstance(tensor, Node) and tensor.type.dtype.kind in "iufc"


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a tensor as an array, if it is known while the graph is built; else None. DTypeError: no tensor.

    >>> tf.get_static_value(tf.constant([1, 2]))
    array([1, 2], dtype=int32)
    """
    return static_value(to_node(tensor))


def guarantee_const(input: Any, name: str | None = None) -> Node:
    """The tensor: what a program promises of it changes nothing here. DTypeError: no tensor."""
    return to_node(input)


def convert_to_tensor_or_indexed_slices(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """`IndexedSlices` and sparse tensors as they are, anything else as a tensor. DTypeError: no tensor, or one of another dtype."""
    return value if isinstance(value, (IndexedSlices, SparseTensor)) else to_node(value, dtype, name)


def dimension_value(dimension: Any) -> Any:
    """The number that a dimension is; what is no `Dimension` as it is.

    >>> tf.dimension_value(tf.Dimension(3)), tf.dimension_value(None)
    (3, None)
    """
    return dimension.value if isinstance(dimension, Dimension) else dimension


def dimension_at_index(shape: Any, index: int) -> Dimension:
    """The dimension of a shape at a place, an unknown one where the rank is not known. ShapeError: no shape. IndexError: no such place.

    >>> tf.dimension_at_index(tf.TensorShape([3, None]), 0).value
    3
    """
    dims = TensorShape(shape).dims
    return Dimension(None) if dims is None else dims[index]


# ---------------------------------------------------------------------- numbers that rise

def _neighbours(x: Any) -> tuple[Node, Node]:
    flat = reshape(to_node(x), [-1])
    return flat[:-1], flat[1:]


def is_non_decreasing(x: Any, name: str | None = None) -> Node:
    """Whether no element is less than the one before, in order of rows: number[...] -> bool[]. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.is_non_decreasing([1, 1, 2]))
    np.True_
    """
    return reduce_all(less_equal(*_neighbours(x)), name=name)


def is_strictly_increasing(x: Any, name: str | None = None) -> Node:
    """Whether each element is more than the one before, in order of rows: number[...] -> bool[]. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.is_strictly_increasing([1, 1, 2]))
    np.False_
    """
    return reduce_all(less(*_neighbours(x)), name=name)


# ---------------------------------------------------------------------- the time

def _seconds(types: Sequence[TensorType], values: Values) -> TensorType:
    return TensorType(np.dtype(np.float64), ())


@declare("host", _seconds, name="timestamp", label="Timestamp", pure=False)
def _timestamp() -> Any:
    """The seconds since 1970 when the graph runs."""
    return np.float64(time.time())


def timestamp(name: str | None = None) -> Node:
    """The seconds since the beginning of 1970, UTC, at the moment when it is computed: float64[]."""
    return _timestamp.build(get_default_graph(), (), {}, name)
