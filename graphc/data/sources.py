"""Where datasets begin: arrays, counts, Python generators, and files, as streams of blocks."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any

import numpy as np

from ..errors import DataLossError, GraphcError, InvalidArgumentError, NotFoundError
from ..files.records import DAMAGED, RecordFile, opened
from ..ir.types import TEXT, Array, TensorType, as_array, compatible, shape_str
from .blocks import ROWS, Block, Stream, one
from .structure import Structure, flatten, same_form

PIECE = 1 << 18         # bytes read from a file at a time


def single(arrays: Sequence[Array]) -> Stream:
    """One element."""
    yield one(arrays)


def slices(arrays: Sequence[Array]) -> Stream:
    """The rows of arrays. InvalidArgumentError: they have not as many each."""
    lengths = {len(a) for a in arrays}
    if len(lengths) != 1:
        raise InvalidArgumentError(f"arrays of the shapes {', '.join(shape_str(a.shape) for a in arrays)} have not as many rows each")
    n = lengths.pop()
    if n:
        yield Block(n, [np.ascontiguousarray(a) for a in arrays])


def counted(start: int, stop: int, step: int) -> Stream:
    """Numbers from `start` on to before `stop`, as int64."""
    if step == 0:
        raise InvalidArgumentError("a range whose step is 0 has no end")
    for first in range(start, stop, step * ROWS):
        last = min(stop, first + step * ROWS) if step > 0 else max(stop, first + step * ROWS)
        numbers = np.arange(first, last, step, dtype=np.int64)
        yield Block(len(numbers), [numbers])


def drawn(draw: np.random.Generator) -> Stream:
    """Numbers of 32 bits without end."""
    while True:
        yield Block(ROWS, [draw.integers(0, 1 << 32, ROWS, np.int64)])


def generated(begin: Callable[[], Iterable[Any]], structure: Structure, said: str) -> Stream:
    """What a Python generator gives. InvalidArgumentError: something that is not of the types that are declared."""
    elements = begin()
    if not hasattr(elements, "__iter__") and not hasattr(elements, "__getitem__"):
        raise InvalidArgumentError(f"{said} gave {elements!r:.80}, which is nothing to go through: an iterable of elements")
    for value in elements:
        form, parts = flatten(tuple(value) if isinstance(value, list) and isinstance(structure.form, tuple) else value)
        if not same_form(form, structure.form):
            raise InvalidArgumentError(f"{said} gave {value!r:.80}, which does not nest as {len(structure.types)} components are declared to")
        yield one([_as_type(part, t, said) for part, t in zip(parts, structure.types, strict=True)])


def _as_type(value: Any, t: TensorType, said: str) -> Array:
    try:
        array = value if value.__class__ is np.ndarray and value.dtype == t.dtype != TEXT else as_array(value, t.dtype)
    except (GraphcError, ValueError, TypeError) as e:
        raise InvalidArgumentError(f"{said} gave {value!r:.80}, which is not {t}: {e}") from None
    if not compatible(t.shape, array.shape):
        raise InvalidArgumentError(f"{said} gave an array of shape {shape_str(array.shape)}, which is not {t}")
    return array


# ---------------------------------------------------------------------- files

def names_of(names: Array) -> list[bytes]:
    return [bytes(n) for n in names.reshape(-1)]


def texts(found: Sequence[bytes]) -> Block:
    array = np.empty(len(found), object)
    array[:] = found
    return Block(len(found), [array])


def reading(name: bytes, pieces: Iterator[Block]) -> Stream:
    """The blocks of a file; DataLossError if it is damaged."""
    try:
        yield from pieces
    except DAMAGED as e:
        raise DataLossError(f"the file {os.fsdecode(name)} is damaged: {e}") from None


def lines(names: Array, compression: str) -> Stream:
    """The lines of files, without their ends."""
    for name in names_of(names):
        with opened(name, compression) as file:
            yield from reading(name, _lines(file))


def _lines(file: IO[bytes]) -> Iterator[Block]:
    rest = b""
    while piece := file.read(PIECE):
        found = (rest + piece).split(b"\n")
        rest = found.pop()
        if found:
            yield texts([line.removesuffix(b"\r") for line in found])
    if rest:
        yield texts([rest.removesuffix(b"\r")])


def fixed(names: Array, size: int, header: int, footer: int, compression: str) -> Stream:
    """The records of `size` bytes of files, between a header and a footer."""
    if size <= 0 or header < 0 or footer < 0:
        raise InvalidArgumentError(f"records of {size} bytes behind {header} and before {footer} others")
    for name in names_of(names):
        with opened(name, compression) as file:
            yield from reading(name, _fixed(name, file, size, header, footer))


def _fixed(name: bytes, file: IO[bytes], size: int, header: int, footer: int) -> Iterator[Block]:
    if len(file.read(header)) < header:
        raise DataLossError(f"the file {os.fsdecode(name)} is shorter than its header of {header} bytes")
    held = b""
    while piece := file.read(max(PIECE, size)):
        held += piece
        n = max(0, (len(held) - footer) // size)
        if n:
            yield texts([held[i * size:(i + 1) * size] for i in range(n)])
            held = held[n * size:]
    if len(held) != footer:
        raise DataLossError(f"the file {os.fsdecode(name)} ends within a record of {size} bytes: {len(held) - footer} are left over")


def records(names: Array, compression: str) -> Stream:
    """The records of TFRecord files."""
    for name in names_of(names):
        with opened(name, compression) as file:
            yield from reading(name, _records(RecordFile(file, os.fsdecode(name))))


def _records(found: Iterable[bytes]) -> Iterator[Block]:
    for record in found:
        yield texts([record])


def matching(patterns: Array) -> Stream:
    """The names of the files that match, sorted. NotFoundError: none."""
    found = sorted({os.fsencode(p) for pattern in names_of(patterns) for p in glob.glob(os.fsdecode(pattern))})
    if not found:
        raise NotFoundError(f"no file matches {', '.join(map(os.fsdecode, names_of(patterns)))}")
    yield texts(found)
