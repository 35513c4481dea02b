"""TensorFlow's operators of arrays of arrays, whose flow is a `TensorArray` here: a new value with each write, so that order needs no handle."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import UnimplementedError
from ...ir.known import static_value
from ...ir.node import Node
from ...ops import state
from ...ops.tensor_array import TensorArray


def made(size: Node, dtype: Any, element_shape: Any = None, dynamic_size: bool = False) -> list[TensorArray]:
    array = TensorArray(dtype, size, dynamic_size, element_shape=element_shape)
    return [array, array]


def _array(flow: Any) -> TensorArray:
    if not isinstance(flow, TensorArray):
        raise UnimplementedError("the flow of an array is not that which its operators give")
    return flow


def _all(indices: Node) -> bool:
    """Whether the indices are 0, 1, ... to the end of what they are of, as stacking and unstacking write them."""
    value = static_value(indices)
    return indices.operator.name == "iota" or value is not None and np.array_equal(value, np.arange(len(value)))


def read(index: Node, flow: Any) -> Node:
    return _array(flow).read(index)


def write(index: Node, value: Node, flow: Any) -> TensorArray:
    return _array(flow).write(index, value)


def scatter(indices: Node, value: Node, flow: Any) -> TensorArray:
    array = _array(flow)
    return array.unstack(value) if _all(indices) else array.scatter(indices, value)


def gather(indices: Node, flow: Any, element_shape: Any = None) -> Node:
    array = _array(flow)
    return array.stack() if _all(indices) else array.gather(indices)


def size(flow: Any) -> Node:
    return _array(flow).size()


def concat(flow: Any) -> list[Node | None]:
    return [_array(flow).concat(), None]


def split(value: Node, lengths: Node, flow: Any) -> TensorArray:
    return _array(flow).split(value, lengths)


def close() -> Any:
    return state.no_op()
