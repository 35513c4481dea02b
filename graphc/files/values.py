"""Dtypes, types and arrays as JSON values, arrays bit for bit; SerializationError says where a value is none."""

from __future__ import annotations

import base64
import math
import re
from typing import Any, NoReturn

import numpy as np

from ..errors import SerializationError
from ..ir.types import DTYPES, MOST_DIMENSIONS, TEXT, Array, TensorType, dtype_name

LONGEST = 2000               # characters of an error, which may quote what a file holds
LISTED = 16                  # elements up to which an array stands in the file as numbers, to be read; more are base64
_DTYPES = {dtype_name(d): d for d in DTYPES}
_TYPE = re.compile(r"([a-z0-9]{1,16})\[(\.\.\.|(?:(?:\?|[0-9]{1,18})(?:,(?:\?|[0-9]{1,18}))*)?)\]\Z")
_WORDS: dict[type, str] = {dict: "an object", list: "a list", str: "a text", int: "an integer", bool: "a truth value"}


def refuse(where: str, why: str) -> NoReturn:
    raise SerializationError(f"{where}: {why}"[:LONGEST])


def expect(value: Any, kind: type, where: str) -> Any:
    """The value, if it is of just that JSON kind."""
    if type(value) is not kind:
        refuse(where, f"{said(value)} is not {_WORDS[kind]}")
    return value


def said(value: Any) -> str:
    return f"{value!r:.60}"


# ---------------------------------------------------------------------- writing

def write_array(a: Array) -> dict[str, Any]:
    """An array bit for bit: as numbers when they are few, real and finite, else as little-endian bytes; texts as a list of base64 each."""
    head = {"dtype": dtype_name(a.dtype), "shape": list(a.shape)}
    if a.dtype.hasobject:
        return {**head, "values": [write_bytes(text) for text in a.flat]}
    if a.size <= LISTED and a.dtype.kind != "c" and np.isfinite(a).all():
        return {**head, "values": a.reshape(-1).tolist()}
    return {**head, "base64": write_bytes(a.astype(a.dtype.newbyteorder("<")).tobytes())}


def write_bytes(data: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(data).decode()


# ---------------------------------------------------------------------- reading

def read_bytes(text: Any, where: str) -> bytes:
    return _bytes(expect(text, str, where), where)


def read_dtype(name: Any, where: str) -> np.dtype[Any]:
    if not isinstance(name, str) or name not in _DTYPES:
        refuse(where, f"{said(name)} is not a dtype")
    return _DTYPES[name]


def read_type(text: Any, where: str) -> TensorType:
    match = _TYPE.match(text) if isinstance(text, str) else None
    if match is None:
        refuse(where, f"{said(text)} is not a type")
    name, dims = match.groups()
    if dims.count(",") >= MOST_DIMENSIONS:
        refuse(where, f"{said(text)} has more dimensions than NumPy's {MOST_DIMENSIONS}")
    shape = None if dims == "..." else tuple(None if d == "?" else int(d) for d in dims.split(",")) if dims else ()
    return TensorType(read_dtype(name, where), shape)


def read_special(text: Any, where: str) -> float:
    if text not in ("nan", "inf", "-inf"):
        refuse(where, f"{said(text)} is not nan, inf or -inf")
    return float(text)


def read_scalar(value: Any, where: str) -> Any:
    array = read_array(value, where)
    if array.shape:
        refuse(where, "a scalar has no dimensions")
    return array[()]


def read_array(value: Any, where: str) -> Array:
    expect(value, dict, where)
    if value.keys() not in ({"dtype", "shape", "values"}, {"dtype", "shape", "base64"}):
        refuse(where, "an array has a dtype, a shape, and values or base64")
    dtype = read_dtype(value["dtype"], f"{where}.dtype")
    shape = expect(value["shape"], list, f"{where}.shape")
    if len(shape) > MOST_DIMENSIONS or any(type(d) is not int or d < 0 for d in shape):
        refuse(f"{where}.shape", f"{said(shape)} is not a shape")
    flat = _listed(value["values"], dtype, f"{where}.values") if "values" in value else _decoded(value["base64"], dtype, f"{where}.base64")
    if flat.size != math.prod(shape) or max(shape, default=0) > 2**62:
        refuse(where, f"{flat.size} values do not fill the shape {said(shape)}")
    array = np.array(flat.reshape(shape), dtype)
    array.flags.writeable = False
    return array


def _listed(values: Any, dtype: np.dtype[Any], where: str) -> Array:
    kinds = {"b": (bool,), "f": (int, float), "O": (str,), "c": ()}.get(dtype.kind, (int,))
    if not isinstance(values, list) or any(type(v) not in kinds for v in values):
        refuse(where, f"{said(values)} is not a list of {dtype_name(dtype)} values")
    if dtype == TEXT:
        return np.array([_bytes(v, where) for v in values], TEXT)
    with np.errstate(over="ignore"):
        try:
            array = np.array(values, dtype)
        except OverflowError:
            refuse(where, f"a value does not fit {dtype}")
    if not np.isfinite(array).all():
        refuse(where, f"a value does not fit {dtype}")
    return array


def _bytes(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as e:
        refuse(where, f"not base64: {e}")


def _decoded(text: Any, dtype: np.dtype[Any], where: str) -> Array:
    data = _bytes(expect(text, str, where), where)
    if dtype == TEXT:
        refuse(where, "texts stand in a list")
    if len(data) % dtype.itemsize:
        refuse(where, f"{len(data)} bytes are not a whole number of {dtype} values")
    array = np.frombuffer(data, dtype.newbyteorder("<"))
    if dtype.kind == "b" and np.frombuffer(data, np.uint8).max(initial=0) > 1:
        refuse(where, "a truth value is neither 0 nor 1")
    return array
