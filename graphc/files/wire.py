"""Protocol buffers on the wire: fields by number, as the public encoding of the format has them, read with every length checked and written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..errors import DataLossError
from ..ir.types import Array

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5         # the kinds of fields
_LONGEST = 10                                   # bytes of a varint: 64 bits, 7 in each


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The number that begins at a place, and where it ends. DataLossError: it does not."""
    number = shift = 0
    while at < end and shift < 7 * _LONGEST:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number & (2**64 - 1), at
        shift += 7
    raise DataLossError("a number is cut off, or longer than 64 bits")


def fields(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, Any]]:
    """The fields of a message: number, kind, and value: an int, or where its bytes begin and end. DataLossError: it is no message."""
    at, end = start, len(data) if end is None else end
    while at < end:
        key, at = varint(data, at, end)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = varint(data, at, end)
            yield number, kind, value
            continue
        if kind == BYTES:
            size, at = varint(data, at, end)
        elif kind in (EIGHT, FOUR):
            size = 8 if kind == EIGHT else 4
        else:
            raise DataLossError(f"there is no kind {kind} of fields")
        if number == 0 or size > end - at:
            raise DataLossError(f"the field {number} of {size} bytes does not end within its message")
        yield number, kind, (at, at + size)
        at += size


def whole_numbers(data: bytes, start: int, end: int) -> Array:
    """Varints one after another, as int64."""
    raw = np.frombuffer(data, np.uint8, end - start, start)
    last = raw < 128
    if not len(raw):
        return np.zeros(0, np.int64)
    if not last[-1]:
        raise DataLossError("a number is cut off")
    if last.all():
        return raw.astype(np.int64)
    ends = np.flatnonzero(last)
    starts = np.concatenate(([0], ends[:-1] + 1))
    if int((ends - starts).max()) >= _LONGEST:
        raise DataLossError("a number is longer than 64 bits")
    places = np.arange(len(raw)) - np.repeat(starts, ends - starts + 1)
    parts = (raw & 127).astype(np.uint64) << (7 * places).astype(np.uint64)
    return np.bitwise_or.reduceat(parts, starts).astype(np.int64)


def put_varint(number: int) -> bytes:
    """A number of 64 bits, a negative one as its two's complement."""
    number &= 2**64 - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def put_bytes(number: int, value: bytes) -> bytes:
    """A field of bytes, texts or a message."""
    return put_varint(number << 3 | BYTES) + put_varint(len(value)) + value


def put_varints(number: int, values: Iterable[int]) -> bytes:
    """A packed field of whole numbers."""
    return put_bytes(number, b"".join(map(put_varint, values)))
