"""TensorFlow's own checkpoints, PREFIX.index and PREFIX.data-00000-of-00001, read and written: values by name, every checksum compared.

The index is a sorted table (`files.table`). The value of the empty key is a `BundleHeaderProto`: how many files of data there are, and
their order of bytes. That of each name is a `BundleEntryProto`: dtype, shape, and where in which file the value's bytes lie, with their
CRC-32C. A variable that was partitioned has its slices in entries of their own. The format is described in the comments of TensorFlow's
public `tensor_bundle.h` and `tensor_bundle.proto`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataLossError
from ..ir.types import DTYPES, TEXT, Array
from .crc import masked_crc
from .safetensors import Entry, open_file, refuse
from .table import encode_table, read_table
from .wire import BYTES, FOUR, VARINT, fields, put_bytes, put_varint, varint

_INDEX = ".index"
_LONGEST_INDEX = 1 << 28        # bytes
_MOST_FILES = 1 << 16

# DataType of TensorFlow's `types.proto` by number: its name here, and the bytes of an element.
CODES = {1: ("float32", 4), 2: ("float64", 8), 3: ("int32", 4), 4: ("uint8", 1), 5: ("int16", 2), 6: ("int8", 1), 7: ("string", 0),
          8: ("complex64", 8), 9: ("int64", 8), 10: ("bool", 1), 11: ("qint8", 1), 12: ("quint8", 1), 13: ("qint32", 4), 14: ("bfloat16", 2),
          15: ("qint16", 2), 16: ("quint16", 2), 17: ("uint16", 2), 18: ("complex128", 16), 19: ("float16", 2), 20: ("resource", 0),
          21: ("variant", 0), 22: ("uint32", 4), 23: ("uint64", 8)}
OWN = {d.name: dtype for dtype, d in DTYPES.items()}


class _Slice(NamedTuple):
    """A part of a partitioned variable: where it begins and how long it is along each axis, and its own entry."""

    starts: tuple[int, ...]
    lengths: tuple[int, ...]


class _Place(NamedTuple):
    """Where a value's bytes are: the number of the file of data, and their checksum; of a partitioned variable its slices."""

    shard: int
    crc: int
    slices: tuple[_Slice, ...]


class Bundle:
    """A checkpoint of TensorFlow's that is open: `entries` by name, as a `Checkpoint` has them; it has no graph. DataLossError, NotFoundError."""

    def __init__(self, prefix: str):
        self.path = index_of(prefix)
        self.state: dict[str, Any] = {}
        with open_file(self.path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > _LONGEST_INDEX:
                refuse(self.path, f"it has {size} bytes")
            data: bytes = file.read(size)
        try:
            found = read_table(data)
            if b"" not in found:
                raise DataLossError("it has no header")
            count = _shards(found.pop(b""))
            self._files = [data_of(prefix, i, count) for i in range(count)]
            read = {key: _entry(value) for key, value in found.items()}
            self.entries, self._places = _by_name(read)
        except DataLossError as e:
            refuse(self.path, str(e))
        self._read = read

    @property
    def readable(self) -> list[str]:
        """The names of all that `array` reads: values of dtypes that graphc has."""
        return [name for name, entry in self.entries.items() if entry.dtype is not None]

    def array(self, name: str) -> Array:
        """The value of that name; DataLossError: it is not what was written, or numbers that graphc has not."""
        entry, place = self.entries[name], self._places[name]
        if entry.dtype is None:
            refuse(self.path, f"{name!r:.80} holds {entry.code} values, which graphc has not")
        if not place.slices:
            return self._value(name, entry, place)
        parts = []
        for part in place.slices:
            found = self._read.get(_slice_key(name, part))
            if found is None or found[0].dtype != entry.dtype or found[0].shape != part.lengths:
                refuse(self.path, f"{name!r:.80} lacks its part {part.starts}")
            parts.append(self._value(name, *found))
        if sum(p.size for p in parts) != math.prod(entry.shape):
            refuse(self.path, f"the parts of {name!r:.80} do not make a whole")
        whole = np.zeros(entry.shape, entry.dtype)
        for part, value in zip(place.slices, parts, strict=True):
            whole[tuple(slice(a, a + n) for a, n in zip(*part, strict=True))] = value
        return whole

    def graph(self) -> str | None:
        """None: the graph that lies beside, PREFIX.meta, is TensorFlow's."""
        return None

    def _value(self, name: str, entry: Entry, place: _Place) -> Array:
        assert entry.dtype is not None
        if place.shard >= len(self._files):
            refuse(self.path, f"{name!r:.80} lies in the file {place.shard} of {len(self._files)}")
        path, size = self._files[place.shard], entry.end - entry.start
        with open_file(path) as file:
            there = os.fstat(file.fileno()).st_size
            if entry.end > there:
                refuse(path, f"{name!r:.80} ends at {entry.end} of {there} bytes")
            file.seek(entry.start)
            data: bytes = file.read(size)
        if entry.dtype == TEXT:
            return _texts(path, name, data, entry.shape, place.crc)
        if len(data) != size or masked_crc(data) != place.crc:
            refuse(path, f"{name!r:.80} has another checksum than was written")
        array = np.frombuffer(data, entry.dtype.newbyteorder("<")).astype(entry.dtype, copy=False).reshape(entry.shape)
        if entry.dtype.kind == "b" and array.view(np.uint8).max(initial=0) > 1:
            refuse(path, f"{name!r:.80} has a truth value that is neither 0 nor 1")
        return array

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *exc: Any) -> None:
        pass


def index_of(prefix: str) -> str:
    """The file that such a checkpoint begins with."""
    return prefix + _INDEX


def data_of(prefix: str, number: int = 0, count: int = 1) -> str:
    """One of the files of data."""
    return f"{prefix}.data-{number:05d}-of-{count:05d}"


def files_of(prefix: str, meta: str = "meta") -> list[str]:
    """The files of a checkpoint of TensorFlow's that are there; `meta`: how the one of its graph ends."""
    folder, name = os.path.split(prefix)
    there = os.listdir(folder or ".") if os.path.isdir(folder or ".") else []
    return [os.path.join(folder, n) for n in there if n in (name + _INDEX, f"{name}.{meta}") or n.startswith(f"{name}.data-")]


# ---------------------------------------------------------------------- reading

def _shards(data: bytes) -> int:
    """How many files of data a header speaks of. DataLossError: it is none, or its bytes are in the other order."""
    count = endian = 0
    for number, kind, value in fields(data):
        if kind == VARINT and number == 1:
            count = value
        elif kind == VARINT and number == 2:
            endian = value
    if endian:
        raise DataLossError("its numbers have their highest byte first")
    if not 0 < count <= _MOST_FILES:
        raise DataLossError(f"it speaks of {count} files of data")
    return count


def _entry(data: bytes) -> tuple[Entry, _Place]:
    """The entry of a value, and where it lies. DataLossError: it is none, or its size is not that of its shape."""
    code, shard, start, size, crc = 0, 0, 0, 0, 0
    shape: tuple[int, ...] = ()
    slices = []
    for number, kind, value in fields(data):
        if kind == VARINT:
            code, shard = (value if number == 1 else code), (value if number == 3 else shard)
            start, size = (value if number == 4 else start), (value if number == 5 else size)
        elif kind == FOUR and number == 6:
            crc = int.from_bytes(data[slice(*value)], "little")
        elif kind == BYTES and number == 2:
            shape = read_shape(data, *value)
        elif kind == BYTES and number == 7:
            slices.append(_slice(data, *value))
    if code not in CODES:
        raise DataLossError(f"a value is of the dtype {code}")
    name, width = CODES[code]
    dtype = OWN.get(name)
    if max(start, size, start + size) >= 2**62:
        raise DataLossError(f"a value lies at {start} and has {size} bytes")
    if not slices and (size != width * math.prod(shape) if width else dtype is not None and size < math.prod(shape)):
        raise DataLossError(f"a value of shape {list(shape)} has {size} bytes")
    for s in slices:
        if len(s.starts) != len(shape) or not all(0 <= a and 0 <= n <= d - a for a, n, d in zip(s.starts, s.lengths, shape, strict=True)):
            raise DataLossError(f"a part {s.starts} of {s.lengths} lies beyond the shape {list(shape)}")
    return Entry(dtype, name, shape, start, start + size), _Place(shard, crc, tuple(slices))


def read_shape(data: bytes, start: int, end: int) -> tuple[int, ...]:
    """The shape that a `TensorShapeProto` says. DataLossError: it has none, or sizes that are none."""
    sizes = []
    for number, kind, value in fields(data, start, end):
        if number == 2 and kind == BYTES:
            size = 0
            for n, k, v in fields(data, *value):
                if n == 1 and k == VARINT:
                    size = v
            sizes.append(size)
        elif number == 3 and kind == VARINT and value:
            raise DataLossError("a value has no rank")
    if len(sizes) > 64 or any(n >= 2**62 for n in sizes) or math.prod(sizes) >= 2**62:
        raise DataLossError(f"a value has the shape {sizes[:64]}")
    return tuple(sizes)


def _slice(data: bytes, start: int, end: int) -> _Slice:
    """A `TensorSliceProto`; an axis without a length, which is one that is whole, is not written by TensorFlow for parts that it saves."""
    starts, lengths = [], []
    for number, kind, value in fields(data, start, end):
        if number == 1 and kind == BYTES:
            extent = {1: 0, 2: -1}
            extent.update({n: v for n, k, v in fields(data, *value) if k == VARINT})
            starts.append(extent[1])
            lengths.append(extent[2])
    return _Slice(tuple(starts), tuple(lengths))


def _by_name(read: Mapping[bytes, tuple[Entry, _Place]]) -> tuple[dict[str, Entry], dict[str, _Place]]:
    """Entries and places by the names of variables; those of slices have keys that begin with a zero, which no name does."""
    entries, places = {}, {}
    for key, (entry, place) in read.items():
        if key.startswith(b"\0"):
            continue
        try:
            name = key.decode()
        except UnicodeDecodeError:
            raise DataLossError(f"the name {key!r:.80} is no text of UTF-8") from None
        entries[name], places[name] = entry, place
    return entries, places


def _texts(path: str, name: str, data: bytes, shape: tuple[int, ...], crc: int) -> Array:
    """Texts: their lengths, the checksum of these, and then their bytes. The entry's checksum takes the lengths as numbers of 4 or 8 bytes."""
    lengths, at = [], 0
    try:
        for _ in range(math.prod(shape)):
            length, at = varint(data, at, len(data))
            lengths.append(length)
    except DataLossError as e:
        refuse(path, f"{name!r:.80}: {e}")
    begin = at + 4
    if begin + sum(lengths) != len(data):
        refuse(path, f"the texts of {name!r:.80} do not fill their place")
    fixed = b"".join(n.to_bytes(4 if n < 2**32 else 8, "little") for n in lengths)
    if masked_crc(fixed) != int.from_bytes(data[at:begin], "little") or masked_crc(fixed + data[at:]) != crc:
        refuse(path, f"{name!r:.80} has another checksum than was written")
    out = np.empty(len(lengths), TEXT)
    for i, n in enumerate(lengths):
        out[i], begin = data[begin:begin + n], begin + n
    return out.reshape(shape)


def _slice_key(name: str, part: _Slice) -> bytes:
    """The key of a slice: zero, the name, the rank, and start and length of each axis, in bytes that sort as these do (OrderedCode)."""
    escaped = name.encode().replace(b"\0", b"\0\xff")         # of 255, which would be escaped too, there is none in UTF-8
    numbers = b"".join(_signed(n) for pair in zip(part.starts, part.lengths, strict=True) for n in pair)
    return _unsigned(0) + escaped + b"\0\1" + _unsigned(len(part.starts)) + numbers


def _unsigned(n: int) -> bytes:
    """A number as its length in bytes, and those, the highest first."""
    data = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([len(data)]) + data


def _signed(n: int) -> bytes:
    """A number of 0 or more: as many ones at the front as it has bytes, then a zero, its sign, and its bits."""
    length = 1
    while n >= 1 << (7 * length - 1):
        length += 1
    return (n | ((1 << length) - 1) << 7 * length).to_bytes(length, "big")


# ---------------------------------------------------------------------- writing

def encode(arrays: Mapping[str, Array]) -> tuple[bytes, list[bytes]]:
    """The index of a checkpoint, and the pieces of its one file of data."""
    at, pieces, places = 0, [], {}
    for name in sorted(arrays, key=str.encode):
        array = np.asarray(arrays[name])
        if array.dtype == TEXT:
            data, summed = _put_texts(array)
            places[name] = Lying(array.dtype, array.shape, at, data, summed)
        else:
            data = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
            places[name] = Lying(array.dtype, array.shape, at, data)
        pieces.append(data)
        at += len(data)
    return encode_index(places), pieces


def _put_texts(array: Array) -> tuple[bytes, bytes]:
    """Texts as `_texts` reads them, and what their checksum is of."""
    texts = [bytes(text) for text in array.flat]
    fixed = b"".join(len(text).to_bytes(4 if len(text) < 2**32 else 8, "little") for text in texts)
    rest = masked_crc(fixed).to_bytes(4, "little") + b"".join(texts)
    return b"".join(put_varint(len(text)) for text in texts) + rest, fixed + rest


class Lying(NamedTuple):
    """A value that lies in a file of data: its dtype and shape, where its bytes begin there, these, and, of texts, what their checksum is of."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    data: Any
    summed: Any = None


def encode_index(places: Mapping[str, Lying]) -> bytes:
    """The index of values by name that lie in one file of data, in whatever order and with whatever between them."""
    numbers = {name: code for code, (name, _) in CODES.items()}
    entries = {b"": put_varint(1 << 3) + put_varint(1) + put_bytes(3, put_varint(1 << 3) + put_varint(1))}
    for name, (dtype, sizes, start, data, summed) in places.items():
        shape = b"".join(put_bytes(2, put_varint(1 << 3) + put_varint(n) if n else b"") for n in sizes)
        entry = put_varint(1 << 3) + put_varint(numbers[DTYPES[dtype.newbyteorder("=")].name]) + put_bytes(2, shape)
        entry += b"".join(put_varint(number << 3) + put_varint(n) for number, n in ((4, start), (5, len(data))) if n)
        entries[name.encode()] = entry + put_varint(6 << 3 | FOUR) + masked_crc(data if summed is None else summed).to_bytes(4, "little")
    return encode_table(entries)
