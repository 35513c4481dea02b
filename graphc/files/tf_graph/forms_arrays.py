"""TensorFlow's operators of arrays of arrays, whose flow is a `TensorArray` here: a new value with each write, so that order needs no handle."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import UnimplementedError
from ...ir.known import static_value
from ...ir.node import Node
from ...ops import state
from ...ops.array import shape
from ...ops.tensor_array import TensorArray


class _OfOneShape(TensorArray):
    """An array whose elements have the shape of the first that is written: those that are not written are zeros then, as in TensorFlow."""

    _some = True


def made(size: Node, dtype: Any, element_shape: Any = None, dynamic_size: bool = False, identical_element_shapes: bool = False) -> list[TensorArray]:
    array = (_OfOneShape if identical_element_shapes else TensorArray)(dtype, size, dynamic_size, element_shape=element_shape)
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


# ---------------------------------------------------------------------- lists of tensors

def _shape_of(element_shape: Node) -> Any:
    """The shape of elements as far as it is known while the graph is built."""
    value = static_value(element_shape)
    return None if value is None or not np.ndim(value) else [None if n != n or n < 0 else int(n) for n in np.asarray(value, float)]


def reserved(element_shape: Node, num_elements: Node, element_dtype: Any) -> TensorArray:
    return TensorArray(element_dtype, num_elements, element_shape=_shape_of(element_shape))


def from_tensor(tensor: Node, element_shape: Node) -> TensorArray:
    return TensorArray(tensor.dtype, shape(tensor)[0], element_shape=_shape_of(element_shape)).unstack(tensor)


def set_item(input_handle: Any, index: Node, item: Node) -> TensorArray:
    return _array(input_handle).write(index, item)


def get_item(input_handle: Any, index: Node, element_shape: Node) -> Node:
    return _array(input_handle).read(index)


def stacked(input_handle: Any, element_shape: Node) -> Node:
    return _array(input_handle).stack()


def length(input_handle: Any) -> Node:
    return _array(input_handle).size()
