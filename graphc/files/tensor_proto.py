"""Arrays as TensorFlow's messages of tensors, in the bytes that TensorFlow writes, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.node import Node, describe, here, saying
from ..ir.types import TEXT, Array, as_array, as_dtype, as_shape, dtype_name, shape_str
from .tf_graph.messages import TensorProto
from .tf_graph.values import Filled, dtype_number, put_elements, tensor

__all__ = ["make_ndarray", "make_tensor_proto"]

# What stands in the bytes of a message where there is more than one element; all else stands in a list, as a single element does.
_CONTENT = ("float16", "float32", "float64", "int32", "uint8", "int16", "int8", "int64", "uint32", "uint64")


def make_tensor_proto(values: Any, dtype: Any = None, shape: Any = None, verify_shape: bool = False, allow_broadcast: bool = False) -> TensorProto:
    """Numbers or texts as TensorFlow's message of a tensor; the last element stands for all that a larger `shape` has beyond them.

    `verify_shape`: they are of just that shape. DTypeError: a tensor, or not of the dtype. ShapeError: more elements than the shape has.

    >>> proto = tf.make_tensor_proto([1.0, 2.0])
    >>> proto.tensor_content.hex(), tf.make_ndarray(proto)
    ('0000803f00000040', array([1., 2.], dtype=float32))
    """
    if isinstance(values, TensorProto):
        return values
    if isinstance(values, Node):
        raise DTypeError(f"make_tensor_proto takes values, not {describe(values)}: session.run gives one{here()}")
    with saying("make_tensor_proto"):
        array = as_array(values, None if dtype is None else as_dtype(dtype))
        sizes = array.shape if shape is None else as_shape(shape)
    if sizes is None or None in sizes:
        raise ShapeError(f"make_tensor_proto: the shape {shape!r:.60} is not whole{here()}")
    whole = math.prod(int(d) for d in sizes if d is not None)
    if array.size > whole or (shape is not None and not array.size and whole) or (verify_shape and array.shape != sizes):
        raise ShapeError(f"make_tensor_proto: an array of the shape {shape_str(array.shape)} for the shape {shape_str(sizes)}{here()}")
    made = _of_shape(array.dtype, sizes)
    if dtype_name(array.dtype) in _CONTENT and array.size == whole and whole > 1:
        made.tensor_content = _bytes(array)
    else:
        put_elements(made, array)
    return made


def tensor_message(array: Array) -> TensorProto:
    """An array as a message, as TensorFlow's operators write it: numbers as bytes, however few they are."""
    made = _of_shape(array.dtype, array.shape)
    if array.dtype == TEXT:
        put_elements(made, array)
    elif array.size:
        made.tensor_content = _bytes(array)
    return made


def _of_shape(dtype: np.dtype[Any], sizes: Sequence[int | None]) -> TensorProto:
    made = TensorProto(dtype=dtype_number(dtype_name(dtype)))
    for d in sizes:
        made.tensor_shape.dim.add(**({"size": int(d)} if d else {}))        # what is 0 is not written
    made.tensor_shape.__dict__["_told"] = True          # a scalar's shape is written too
    return made


def _bytes(array: Array) -> bytes:
    return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()


def make_ndarray(tensor_proto: Any) -> Array:
    """The array that a message of a tensor holds; texts are bytes.

    DTypeError: no such message, or of a dtype that is not here. SerializationError: it is damaged.

    >>> tf.make_ndarray(tf.make_tensor_proto(7, shape=[2]))
    array([7, 7], dtype=int32)
    """
    if not isinstance(tensor_proto, TensorProto):
        raise DTypeError(f"make_ndarray takes a TensorProto, not {tensor_proto!r:.60}{here()}")
    with saying("make_ndarray"):
        found = tensor(tensor_proto)
    return np.full(found.shape, found.element, found.element.dtype) if isinstance(found, Filled) else np.array(found)
