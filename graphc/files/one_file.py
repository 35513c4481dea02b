"""Checkpoints as TensorFlow 1 wrote them first (`SaverDef.V1`): one file PATH, a sorted table of the variables' parts; read, every checksum compared.

The value of the empty key is a `SavedTensorSlices` that describes all variables: name, dtype, shape, and which parts of it are there. Each other
value is one that holds a part: its name, where it begins and how long it is along each axis, and its elements. With `sharded=True` there are
several such files, PATH-?????-of-00002, each with some of the parts. The messages are described in TensorFlow's public
`core/util/saved_tensor_slice.proto`.
"""

from __future__ import annotations

import glob
import math
import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataLossError
from ..ir.types import TEXT, Array
from .bundle import CODES, OWN, read_shape
from .safetensors import Entry, open_file, refuse
from .table import ends_as_table, read_table
from .wire import BYTES, EIGHT, FOUR, VARINT, fields, whole_numbers

_LONGEST = 1 << 34              # bytes of a file
_MOST_FILES = 1 << 10
_SHARDS = re.compile(r"-\?{5}-of-[0-9]{5}\Z")
Part = tuple[tuple[int, ...], tuple[int, ...]]     # where a part begins and how long it is along each axis; -1: as long as the axis


class _Data(NamedTuple):
    """Where the elements of a part stand: the bytes of its message, and of these the begin and end."""

    message: bytes
    start: int
    end: int


def files_of(path: str) -> list[str]:
    """The files of such a checkpoint: that of the path, or those that it is a pattern of; none if there is no such checkpoint."""
    found = sorted(glob.glob(path))[:_MOST_FILES] if _SHARDS.search(path) else [path]
    return found if found and all(map(is_one_file, found)) else []


def is_one_file(path: str) -> bool:
    """Whether a file ends as a table."""
    try:
        with open(path, "rb") as file:
            file.seek(-min(8, os.fstat(file.fileno()).st_size), os.SEEK_END)
            return ends_as_table(file.read())
    except OSError:
        return False


class OneFile:
    """Such a checkpoint that is open: `entries` by name, as a `Checkpoint` has them; it has no graph. DataLossError, NotFoundError."""

    def __init__(self, path: str):
        self.path = path
        self.state: dict[str, Any] = {}
        self.entries: dict[str, Entry] = {}
        self._parts: dict[str, dict[Part, _Data]] = {}
        try:
            for file in files_of(path) or [path]:
                self._take(file)
        except DataLossError as e:
            refuse(self.path, str(e))

    def _take(self, path: str) -> None:
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > _LONGEST:
                raise DataLossError(f"it has {size} bytes")
            found = read_table(file.read(size))
        if b"" not in found:
            raise DataLossError("it has no header")
        told = _described(found.pop(b""))
        for name, entry in told.items():
            if self.entries.setdefault(name, entry) != entry:
                raise DataLossError(f"{name!r:.80} is {self.entries[name]} in one file and {entry} in another")
        for message in found.values():
            name, part, data = _part(message)
            if name not in told:
                raise DataLossError(f"a part of {name!r:.80} is there, which is not described")
            self._parts.setdefault(name, {})[part] = data

    @property
    def readable(self) -> list[str]:
        """The names of all that `array` reads: values of dtypes that graphc has."""
        return [name for name, entry in self.entries.items() if entry.dtype is not None]

    def array(self, name: str) -> Array:
        """The value of that name; DataLossError: its parts do not make it, or numbers that graphc has not."""
        entry = self.entries[name]
        if entry.dtype is None:
            refuse(self.path, f"{name!r:.80} holds {entry.code} values, which graphc has not")
        try:
            return self._joined(name, entry, entry.dtype)
        except DataLossError as e:
            refuse(self.path, f"{name!r:.80}: {e}")

    def _joined(self, name: str, entry: Entry, dtype: np.dtype[Any]) -> Array:
        parts = []
        for place, data in self._parts.get(name, {}).items():
            where = _within(place, entry.shape)
            parts.append((where, _elements(data, dtype, [s.stop - s.start for s in where])))
        if sum(p.size for _, p in parts) != math.prod(entry.shape):
            raise DataLossError("its parts do not make a whole")
        whole = np.empty(entry.shape, dtype)
        seen = np.zeros(entry.shape, bool) if len(parts) > 1 else None
        for where, value in parts:
            whole[where] = value
            if seen is not None:
                if seen[where].any():
                    raise DataLossError("two of its parts overlap")
                seen[where] = True
        return whole

    def graph(self) -> str | None:
        """None: the graph that lies beside, PATH.meta, is TensorFlow's."""
        return None

    def __enter__(self) -> OneFile:
        return self

    def __exit__(self, *exc: Any) -> None:
        pass


# ---------------------------------------------------------------------- messages

def _inside(data: bytes, wanted: int, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Where the messages of a field of that number begin and end."""
    return (value for number, kind, value in fields(data, start, end) if number == wanted and kind == BYTES)


def _described(data: bytes) -> dict[str, Entry]:
    """The variables that a header describes."""
    found: dict[str, Entry] = {}
    for meta in _inside(data, 1):
        for tensor in _inside(data, 1, *meta):
            name, code = "", 0
            shape: tuple[int, ...] = ()
            for number, kind, value in fields(data, *tensor):
                if number == 1 and kind == BYTES:
                    name = _text(data[slice(*value)])
                elif number == 2 and kind == BYTES:
                    shape = read_shape(data, *value)
                elif number == 3 and kind == VARINT:
                    code = value
            if code not in CODES or name in found:
                raise DataLossError(f"{name!r:.80} is of the dtype {code}" if code not in CODES else f"{name!r:.80} is described twice")
            found[name] = Entry(OWN.get(CODES[code][0]), CODES[code][0], shape, 0, 0)
    return found


def _part(data: bytes) -> tuple[str, Part, _Data]:
    """The name of a variable, which part of it a message holds, and where its elements stand."""
    name, elements = "", _Data(data, 0, 0)
    part: Part = (), ()
    for saved in _inside(data, 2):
        for number, kind, value in fields(data, *saved):
            if number == 1 and kind == BYTES:
                name = _text(data[slice(*value)])
            elif number == 2 and kind == BYTES:
                part = _extents(data, *value)
            elif number == 3 and kind == BYTES:
                elements = _Data(data, *value)
    return name, part, elements


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise DataLossError(f"the name {data!r:.80} is no text of UTF-8") from None


def _extents(data: bytes, start: int, end: int) -> Part:
    """A `TensorSliceProto`: an axis that is whole has no length there."""
    starts, lengths = [], []
    for value in _inside(data, 1, start, end):
        extent = {1: 0, 2: -1}
        extent.update({n: v for n, k, v in fields(data, *value) if k == VARINT})
        starts.append(extent[1])
        lengths.append(extent[2])
    return tuple(starts), tuple(lengths)


def _within(part: Part, shape: tuple[int, ...]) -> tuple[slice, ...]:
    if len(part[0]) != len(shape):
        raise DataLossError(f"a part of rank {len(part[0])} for the shape {list(shape)}")
    found = tuple(slice(a, d if n < 0 else a + n) for a, n, d in zip(*part, shape, strict=True))
    if any(not 0 <= s.start <= s.stop <= d for s, d in zip(found, shape, strict=True)):
        raise DataLossError(f"a part {part[0]} of {part[1]} lies beyond the shape {list(shape)}")
    return found


# Where a `TensorProto` has its elements, by the kind of its dtype: the field, and how they stand there.
_FIELDS = {"float32": (5, "<f4"), "float64": (6, "<f8"), "complex64": (9, "<f4"), "complex128": (12, "<f8"), "string": (8, "texts"),
           "int64": (10, ""), "bool": (11, ""), "float16": (13, ""), "uint32": (16, ""), "uint64": (17, "")}
_SMALL = (7, "")                # int32 and what is smaller


def _elements(data: _Data, dtype: np.dtype[Any], shape: list[int]) -> Array:
    """The elements of a part. DataLossError: they are not as many, or do not fit the dtype."""
    field, kind = _FIELDS.get("string" if dtype == TEXT else dtype.name, _SMALL)
    found: list[Any] = []
    for number, form, value in fields(*data):
        if number != field:
            continue
        if kind == "texts" and form == BYTES:
            found.append(data.message[slice(*value)])
        elif not kind and form == VARINT:
            found.append(np.array([value], np.uint64).astype(np.int64))
        elif not kind and form == BYTES:
            found.append(whole_numbers(data.message, *value))
        elif kind != "texts" and kind and form in (BYTES, FOUR, EIGHT):
            piece = data.message[slice(*value)]
            if len(piece) % np.dtype(kind).itemsize:
                raise DataLossError(f"{len(piece)} bytes are no whole number of elements")
            found.append(np.frombuffer(piece, kind))
        else:
            raise DataLossError(f"its elements are of the kind {form}")
    if kind == "texts":
        flat = np.empty(len(found), TEXT)
        flat[:] = found
    else:
        flat = _as(np.concatenate(found) if found else np.zeros(0, kind or np.int64), dtype)
    if flat.size != math.prod(shape):
        raise DataLossError(f"{flat.size} elements do not fill a part of the shape {shape}")
    return flat.reshape(shape)


def _as(numbers: Array, dtype: np.dtype[Any]) -> Array:
    """Numbers as they stand in a message, as those of a dtype."""
    if dtype.kind == "c":
        if len(numbers) % 2:
            raise DataLossError("a complex number has no second part")
        return numbers.astype(numbers.dtype.newbyteorder("=")).view(dtype)
    if dtype == np.float16:
        return _as(numbers, np.dtype(np.uint16)).view(np.float16)
    if dtype.kind == "u" and dtype.itemsize == 8:
        return numbers.view(np.uint64)
    made = numbers.astype(dtype)
    if dtype.kind in "iub" and not (made == numbers).all():
        raise DataLossError(f"a number does not fit {dtype}")
    return made
