"""Dtypes, shapes, tensors and attributes of TensorFlow's messages as graphc has them; what it has not is refused with its name."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ...errors import DTypeError, SerializationError
from ...ir.types import HALF, MOST_DIMENSIONS, TEXT, Array, DType, TensorShape, as_dtype, as_shape
from ...ir.types import dtype_name as own_name
from ..bundle import CODES
from .messages import AttrValue, NameAttrList, TensorProto, TensorShapeProto

_REFERENCE = 100            # the number of a dtype's reference is so much greater
LISTED = 1 << 12            # elements that a tensor may have beyond those that stand in its message
_MOST = 2**62
_FIELDS = {"float32": "float_val", "float64": "double_val", "int32": "int_val", "int16": "int_val", "int8": "int_val", "uint8": "int_val",
           "float16": "half_val", "uint16": "int_val", "uint32": "uint32_val", "uint64": "uint64_val",
           "int64": "int64_val", "bool": "bool_val", "string": "string_val", "complex64": "scomplex_val", "complex128": "dcomplex_val"}
_KINDS = ("s", "i", "f", "b", "type", "shape", "tensor", "func")
_NUMBERS = {name: code for code, (name, _) in CODES.items()}


class Filled(NamedTuple):
    """A tensor whose elements are all one: what a short message says of a large one."""

    element: Array
    shape: tuple[int, ...]


def dtype_name(code: int) -> str:
    """TensorFlow's name of a dtype, by its number in `types.proto`."""
    plain = code - _REFERENCE if code > _REFERENCE else code
    return CODES[plain][0] if plain in CODES else f"dtype {code}"


def dtype(code: int) -> DType:
    """The dtype of a number. DTypeError: graphc has it not."""
    name = dtype_name(code)
    if name not in _FIELDS:
        raise DTypeError(f"graphc has no {name}")
    return as_dtype(name)


def dtype_number(name: str) -> int:
    """The number of a dtype by its name."""
    return _NUMBERS[name]


def shape(proto: TensorShapeProto) -> TensorShape:
    """A shape. SerializationError: sizes that are none."""
    if proto.unknown_rank:
        return TensorShape(None)
    sizes = [d.size for d in proto.dim]
    if len(sizes) > MOST_DIMENSIONS or any(not -1 <= n < _MOST for n in sizes):
        raise SerializationError(f"{sizes[:8]} is not a shape")
    return TensorShape([None if n == -1 else n for n in sizes])


def tensor(proto: TensorProto) -> Array | Filled:
    """The array that a message holds. DTypeError: of numbers that graphc has not. SerializationError: it is none."""
    kind = dtype(proto.dtype).dtype
    found = as_shape(shape(proto.tensor_shape))
    if found is None or None in found:
        raise SerializationError("a tensor has an unknown size")
    sizes = [n for n in found if n is not None]
    count = math.prod(sizes)
    if count >= _MOST:
        raise SerializationError(f"a tensor of the shape {sizes[:8]}")
    content = proto.tensor_content
    if content:
        if kind == TEXT or len(content) != count * kind.itemsize:
            raise SerializationError(f"{len(content)} bytes for a tensor of {kind} of the shape {sizes[:8]}")
        array = np.frombuffer(content, kind.newbyteorder("<")).astype(kind).reshape(sizes)
        return array if kind != np.bool_ else np.asarray(np.frombuffer(content, np.uint8).reshape(sizes) != 0)
    return _listed(getattr(proto, _FIELDS[dtype_name(proto.dtype)]), kind, sizes, count)


def _listed(members: list[Any], kind: Any, sizes: list[int], count: int) -> Array | Filled:
    """A tensor whose elements stand in a list, the last of them for all that are left out; without any they are 0."""
    if kind == TEXT:
        given = np.empty(len(members), TEXT)
        given[:] = members
    else:
        given = np.asarray(members, np.uint16).view(kind) if kind == HALF else \
            np.asarray(members, np.float64 if kind.kind in "fc" else np.uint64 if kind == np.uint64 else np.int64)
        if kind.kind == "c":
            given = (given[0:len(given) // 2 * 2:2] + 1j * given[1::2])
        given = given.astype(kind)
    if len(given) > count:
        raise SerializationError(f"{len(given)} elements for a tensor of the shape {sizes[:8]}")
    if not len(given):
        given = np.array([b""], TEXT) if kind == TEXT else np.zeros(1, kind)
    if count - len(given) > LISTED:
        if len(given) > 1:
            raise SerializationError(f"{len(given)} elements of {count}, of which the others are not written")
        return Filled(given[0] if kind == TEXT else given.reshape(()), tuple(sizes))
    return np.concatenate([given, np.repeat(given[-1:], max(count - len(given), 0))])[:count].reshape(sizes)


def put_elements(proto: TensorProto, array: Array) -> None:
    """Put elements into the list that a message of a tensor has for their dtype."""
    flat = array.reshape(-1)
    if array.dtype.kind == "c":
        flat = flat.view(array.real.dtype)
    elif array.dtype == HALF:               # by their bits
        flat = flat.view(np.uint16)
    members = [bytes(v) for v in flat] if array.dtype == TEXT else flat.tolist()
    getattr(proto, _FIELDS[own_name(array.dtype)]).extend(members)


def attribute(value: AttrValue) -> Any:
    """The value of an attribute: a text, number, dtype, shape, tensor, function's name, or a list of such."""
    kind = value.WhichOneof("value")
    if kind == "list":
        listed = value.list
        word = next((k for k in _KINDS if k in listed._values and len(listed._values[k])), None)
        return [] if word is None else [_single(word, x) for x in getattr(listed, word)]
    return None if kind is None else _single(kind, getattr(value, kind))


def _single(kind: str, value: Any) -> Any:
    if kind == "s":
        return value.decode("utf-8", "surrogateescape")
    if kind == "type":
        return dtype(value)
    if kind == "shape":
        return shape(value)
    if kind == "tensor":
        return tensor(value)
    return value


def function_name(value: AttrValue) -> str:
    """The function that an attribute names. SerializationError: it names none."""
    if not isinstance(value.func, NameAttrList) or not value.HasField("func"):
        raise SerializationError("an attribute names no function")
    name: str = value.func.name
    return name
