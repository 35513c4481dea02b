"""Values of attributes, shapes and arrays as TensorFlow's messages have them: what is written of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.types import TEXT, Array, DType, TensorShape, as_dtype, dtype_name
from .messages import AttrValue, TensorProto, TensorShapeProto
from .values import dtype_number, put_elements


def attribute(value: Any) -> AttrValue:
    """The message of an attribute's value: a flag, number, text, dtype, shape, tensor, or a list of numbers or texts."""
    if isinstance(value, AttrValue):
        return value
    if isinstance(value, (bool, np.bool_)):
        return AttrValue(b=bool(value))
    if isinstance(value, (int, np.integer)):
        return AttrValue(i=int(value))
    if isinstance(value, (float, np.floating)):
        return AttrValue(f=float(value))
    if isinstance(value, (str, bytes)):
        return AttrValue(s=value.encode() if isinstance(value, str) else value)
    if isinstance(value, (np.dtype, DType)):
        return AttrValue(type=dtype_number(as_dtype(value).name))
    if isinstance(value, TensorShape):
        return AttrValue(shape=shape_message(value))
    if isinstance(value, np.ndarray):
        return AttrValue(tensor=tensor_message(value))
    made = AttrValue()
    parts = [*value]
    if parts and isinstance(parts[0], (str, bytes)):
        made.list.s.extend(p.encode() if isinstance(p, str) else p for p in parts)
    elif parts and isinstance(parts[0], DType):
        made.list.type.extend(dtype_number(p.name) for p in parts)
    elif parts and isinstance(parts[0], float):
        made.list.f.extend(map(float, parts))
    else:
        made.list.i.extend(map(int, parts))
    return made


def shape_message(shape: TensorShape) -> TensorShapeProto:
    """A shape, -1 for what is not known of it."""
    made = TensorShapeProto()
    if shape.rank is None:
        made.unknown_rank = True
        return made
    for d in shape.as_list():
        made.dim.add(size=-1 if d is None else int(d))
    return made


_ONE = 1 << 10                  # elements from which on an array of one number is written as that


def tensor_message(array: Array) -> TensorProto:
    """An array: its bytes, or its texts; of a large one whose elements are all the same, such as the zeros that a slot begins with, one of them."""
    made = TensorProto(dtype=dtype_number(dtype_name(array.dtype)), tensor_shape=shape_message(TensorShape(array.shape)))
    if array.dtype == TEXT:
        made.string_val.extend(x if isinstance(x, bytes) else str(x).encode() for x in array.reshape(-1))
    elif array.size >= _ONE and _all_one(array):
        put_elements(made, array.reshape(-1)[:1])
    else:
        made.tensor_content = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
    return made


def _all_one(array: Array) -> bool:
    """Whether all elements have the same bits."""
    flat = np.ascontiguousarray(array).reshape(-1)
    bits = flat.view(np.uint8).reshape(len(flat), -1)
    return bool((bits[1] == bits[0]).all()) and bool((bits == bits[0]).all())
