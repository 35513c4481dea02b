"""Arrays by name in the safetensors format: a header of JSON, then the bytes; DataLossError says what of a file is damaged.

    8 bytes: the header's length | {"__metadata__": {...}, "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, ...} | data

Files that are written here have three texts among the metadata: "digests", JSON that has the SHA-256 of each array, "digest", that of the
header with zeros in its own place, and whatever the caller adds. Files of others have none, and are read without.

Complex numbers stand as floats, with a last axis of 2 for their parts, which all readers know, and "complex", a JSON list among the metadata,
has their names. The format's own word for complex64, which few readers know, is read too.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np

from ..errors import DataLossError, NotFoundError
from ..ir.node import here
from ..ir.types import Array, dtype_name, shape_str

_CODES = {"F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
          "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool", "C64": "complex64"}
_DTYPES = {code: np.dtype(name) for code, name in _CODES.items()}
_WIDTHS = {"BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}       # no dtypes of graphc's
_METADATA, _DIGEST, _DIGESTS, _COMPLEX = "__metadata__", "digest", "digests", "complex"
_OF_PARTS: dict[np.dtype[Any], np.dtype[Any]] = {np.dtype(np.float32): np.dtype(np.complex64), np.dtype(np.float64): np.dtype(np.complex128)}
_LONGEST_HEADER = 100_000_000       # bytes, as the format's own readers have it
_ALIGNED = 64                       # the data begins at a multiple of it
_ZEROS = "0" * 64
OPENING = f'{{"{_METADATA}":{{"{_DIGEST}":"'.encode()         # what the header of a file that is written here begins with


class Entry(NamedTuple):
    """Where an array lies in the data. `dtype` is None for a kind of number that graphc has not; `code` is the format's word for it."""

    dtype: np.dtype[Any] | None
    code: str
    shape: tuple[int, ...]
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.code if self.dtype is None else dtype_name(self.dtype)}{shape_str(self.shape)}"


class Header(NamedTuple):
    """What stands before the data: arrays by name, texts by name, the arrays' digests if there are any, and where the data begins."""

    entries: dict[str, Entry]
    metadata: dict[str, str]
    digests: dict[str, str]
    begin: int


# ---------------------------------------------------------------------- writing

def encode(arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> list[Any]:
    """The buffers that make a file, one behind the other. Arrays are ordered so that each lies at a multiple of its elements' size."""
    parts = sorted(name for name, a in arrays.items() if a.dtype.kind == "c")
    metadata = {**metadata, _COMPLEX: json.dumps(parts)} if parts else metadata
    arrays = {name: _as_parts(a) if a.dtype.kind == "c" else a for name, a in arrays.items()}
    flat = {name: np.ascontiguousarray(a, a.dtype.newbyteorder("<")) for name, a in arrays.items()}
    order = sorted(flat, key=lambda name: (-flat[name].dtype.itemsize, name))
    codes = {dtype: code for code, dtype in _DTYPES.items()}
    data: list[Any] = [flat[name].reshape(-1).view(np.uint8).data for name in order]
    digests = {name: hashlib.sha256(part).hexdigest() for name, part in zip(order, data, strict=True)}
    entries, end = {}, 0
    for name, part in zip(order, data, strict=True):
        start, end = end, end + len(part)
        entries[name] = {"dtype": codes[flat[name].dtype.newbyteorder("=")], "shape": list(arrays[name].shape), "data_offsets": [start, end]}
    header = json.dumps({_METADATA: {_DIGEST: _ZEROS, _DIGESTS: json.dumps(digests), **metadata}, **entries}, separators=(",", ":")).encode()
    header += b" " * (-(8 + len(header)) % _ALIGNED)
    length = len(header).to_bytes(8, "little")
    signed = header.replace(_ZEROS.encode(), hashlib.sha256(length + header).hexdigest().encode(), 1)
    return [length, signed, *data]


def _as_parts(a: Array) -> Array:
    """Complex numbers as floats, the parts of each along a last axis."""
    return np.stack([a.real, a.imag], -1)


# ---------------------------------------------------------------------- reading

def open_file(path: str) -> Any:
    """The file, open to be read; NotFoundError, DataLossError: there is none, or it cannot be read."""
    try:
        return open(path, "rb")
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"there is no file {path}{here()}") from None
    except OSError as e:
        refuse(path, f"it cannot be read: {e.strerror}")


def refuse(path: str, why: str) -> NoReturn:
    raise DataLossError(f"{path} is damaged, or no file of tensors: {why}{here()}")


def read_header(file: Any, path: str) -> Header:
    """The header of an open file. DataLossError: it is not one, or not the one that was written; nothing that it claims is believed."""
    size = os.fstat(file.fileno()).st_size
    first = _read(file, 8, path)
    length = int.from_bytes(first, "little")
    if length > min(_LONGEST_HEADER, size - 8):
        refuse(path, f"a header of {length} bytes does not fit into {size}")
    text = _read(file, length, path)
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as e:
        refuse(path, f"its header is not JSON: {e!s:.80}")
    if not isinstance(found, dict):
        refuse(path, "its header is not an object")
    metadata = found.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        refuse(path, "its metadata are not texts")
    entries = {name: _entry(path, name, value) for name, value in found.items()}
    place = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1][-2:]):
        if entry.start != place:
            refuse(path, f"{name!r:.80} begins at {entry.start} of the data, and not at {place}")
        place = entry.end
    if place != size - 8 - length:
        refuse(path, f"{place} bytes of data are wanted, {size - 8 - length} are there")
    digests = _digests(path, first + text, metadata, entries)
    return Header(_joined(path, metadata, entries) if digests else entries, metadata, digests, 8 + length)


def _joined(path: str, metadata: dict[str, str], entries: dict[str, Entry]) -> dict[str, Entry]:
    """The entries, those of complex numbers as such, of a file that was written here."""
    try:
        names = json.loads(metadata.get(_COMPLEX, "[]"))
    except (ValueError, RecursionError):
        refuse(path, "the names of its complex numbers are no JSON")
    if not isinstance(names, list) or not all(isinstance(name, str) and name in entries for name in names):
        refuse(path, "the names of its complex numbers are not among its arrays")
    made = dict(entries)
    for name in names:
        entry = entries[name]
        whole = None if entry.dtype is None else _OF_PARTS.get(entry.dtype)
        if whole is None or entry.shape[-1:] != (2,):
            refuse(path, f"{name!r:.80} is said to be complex, and has no two parts")
        made[name] = entry._replace(dtype=whole, shape=entry.shape[:-1])
    return made


def _digests(path: str, header: bytes, metadata: dict[str, str], entries: dict[str, Entry]) -> dict[str, str]:
    """The digests of the arrays, once that of the header is right; none in a file of others."""
    if not {_DIGEST, _DIGESTS} & metadata.keys():
        return {}
    digest = metadata.get(_DIGEST, "")
    if len(digest) != len(_ZEROS) or hashlib.sha256(header.replace(digest.encode(), _ZEROS.encode(), 1)).hexdigest() != digest:
        refuse(path, "its header has another digest than was written")
    try:
        digests = json.loads(metadata[_DIGESTS])
    except (KeyError, ValueError, RecursionError):
        refuse(path, "its digests are no JSON")
    if not isinstance(digests, dict) or digests.keys() != entries.keys():
        refuse(path, "its digests are not those of its arrays")
    return digests


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _entry(path: str, name: str, value: Any) -> Entry:
    what = f"{name!r:.80}"
    if not isinstance(value, dict) or value.keys() != {"dtype", "shape", "data_offsets"}:
        refuse(path, f"{what} has not a dtype, a shape and data_offsets")
    code, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(code, str) or code not in _DTYPES and code not in _WIDTHS:
        refuse(path, f"{what} is of the dtype {code!r:.40}")
    counts = all(isinstance(part, list) and all(type(n) is int and 0 <= n < 2**62 for n in part) for part in (shape, offsets))
    if not counts or len(shape) > 64 or len(offsets) != 2:
        refuse(path, f"{what} has no shape, or no place in the data")
    dtype = _DTYPES.get(code)
    if math.prod(shape) * (dtype.itemsize if dtype is not None else _WIDTHS[code]) != offsets[1] - offsets[0]:
        refuse(path, f"{what} does not fill its place in the data")
    return Entry(dtype, code, tuple(shape), *offsets)


def read_array(file: Any, path: str, header: Header, name: str) -> Array:
    """An array of an open file, compared with its digest; DataLossError: it is another one than was written."""
    entry = header.entries[name]
    if entry.dtype is None:
        refuse(path, f"{name!r:.80} holds {entry.code} numbers, which graphc has not")
    file.seek(header.begin + entry.start)
    data = _read(file, entry.end - entry.start, path)
    if header.digests and hashlib.sha256(data).hexdigest() != header.digests[name]:
        refuse(path, f"{name!r:.80} has another digest than was written")
    array = np.frombuffer(data, entry.dtype.newbyteorder("<")).astype(entry.dtype, copy=False).reshape(entry.shape)
    if entry.dtype.kind == "b" and array.view(np.uint8).max(initial=0) > 1:
        refuse(path, f"{name!r:.80} has a truth value that is neither 0 nor 1")
    return array


def _read(file: Any, count: int, path: str) -> bytes:
    try:
        data: bytes = file.read(count)
    except OSError as e:
        refuse(path, f"it cannot be read: {e.strerror}")
    if len(data) != count:
        refuse(path, f"it ends after {len(data)} of {count} bytes")
    return data
