"""Event files as TensorBoard reads them: records of `Event` messages, with summaries, graphs and the times of runs in them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence

import numpy as np

from ..errors import DataLossError, InvalidArgumentError
from ..ir.node import Node, Operation
from ..ir.types import DATATYPES, Array, TensorType, dtype_name
from .wire import BYTES, EIGHT, FOUR, VARINT, fields, put_bytes, put_varint


def number(field: int, value: int) -> bytes:
    """A field of a whole number."""
    return put_varint(field << 3 | VARINT) + put_varint(int(value))


def double(field: int, value: float) -> bytes:
    """A field of a float64."""
    return put_varint(field << 3 | EIGHT) + struct.pack("<d", value)


def single(field: int, value: float) -> bytes:
    """A field of a float32."""
    with np.errstate(over="ignore"):
        return put_varint(field << 3 | FOUR) + np.float32(value).astype("<f4").tobytes()


def text(field: int, value: str) -> bytes:
    """A field of a text."""
    return put_bytes(field, value.encode(errors="replace"))


def event(wall_time: float, step: int | None, content: bytes) -> bytes:
    """An `Event` with one content, a field by itself."""
    return double(1, wall_time) + (b"" if step is None else number(2, step)) + content


VERSION = text(3, "brain.Event:2")          # the content of the first event of a file


# ---------------------------------------------------------------------- values of summaries

def value(tag: str, content: bytes, metadata: bytes = b"") -> bytes:
    """A `Summary` with one value."""
    return put_bytes(1, text(1, tag) + content + (put_bytes(9, metadata) if metadata else b""))


def histogram(values: Array, limits: Sequence[float]) -> bytes:
    """A `HistogramProto` of finite numbers: how many lie below each limit and not below the one before; empty buckets at both ends left out."""
    flat = values.reshape(-1)
    if not flat.size:
        return b""
    counts = np.bincount(np.searchsorted(limits, flat, side="right"), minlength=len(limits) + 1)[:len(limits)]
    used = np.flatnonzero(counts)
    first, last = max(int(used[0]) - 1, 0), int(used[-1]) + 1
    numbers = (flat.min(), flat.max(), flat.size, flat.sum(), flat.dot(flat))
    buckets = (np.asarray(limits[first:last], "<f8"), counts[first:last].astype("<f8"))
    return b"".join([*(double(i, float(n)) for i, n in enumerate(numbers, 1)), *(put_bytes(i, b.tobytes()) for i, b in enumerate(buckets, 6))])


def png(pixels: Array) -> bytes:
    """A picture [height, width, 1 to 4] of uint8 as PNG (W3C, 2003): one chunk, rows not filtered."""
    height, width, channels = pixels.shape
    rows = np.zeros((height, width * channels + 1), np.uint8)
    rows[:, 1:] = pixels.reshape(height, width * channels)
    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)


def picture(pixels: Array) -> bytes:
    """A `Summary.Image`."""
    height, width, channels = pixels.shape
    return number(1, height) + number(2, width) + number(3, channels) + put_bytes(4, png(pixels))


def words(tag: str, content: str) -> bytes:
    """A `Summary` of a text, for the plugin that shows texts."""
    tensor = number(1, DATATYPES["string"]) + put_bytes(2, put_bytes(2, number(1, 1))) + text(8, content)
    return value(f"{tag}/text_summary", put_bytes(8, tensor), put_bytes(1, text(1, "text")))


def check_summary(data: bytes) -> None:
    """InvalidArgumentError unless some bytes are a `Summary`."""
    try:
        for field, kind, place in fields(data):
            if (field, kind) != (1, BYTES):
                raise DataLossError(f"it has a field {field}")
            for _ in fields(data, *place):
                pass
    except DataLossError as e:
        raise InvalidArgumentError(str(e)) from None


# ---------------------------------------------------------------------- graphs

def _shape(t: TensorType) -> bytes:
    if t.shape is None:
        return number(3, 1)
    return b"".join(put_bytes(2, number(1, -1 if d is None else int(d))) for d in t.shape)


def _entry(key: str, attribute: bytes) -> bytes:
    return put_bytes(5, text(1, key) + put_bytes(2, attribute))


def _node(n: Node) -> bytes:
    types = [n.type] if isinstance(n.type, TensorType) else n.type or ()
    inputs = [x.name.removesuffix(":0") for x in n.inputs] + [f"^{c.label}" for c in n.control_inputs]
    parts = [text(1, n.label), text(2, Operation(n).type), *(text(3, i) for i in inputs)]
    if types:
        parts.append(_entry("T", number(6, DATATYPES.get(dtype_name(types[0].dtype), 0))))
    parts.append(_entry("_output_shapes", put_bytes(1, b"".join(put_bytes(7, _shape(t)) for t in types))))
    return put_bytes(1, b"".join(parts))


def graph(nodes: Iterable[Node]) -> bytes:
    """A `GraphDef`: names, operators, inputs, dtypes and shapes of nodes."""
    return b"".join(map(_node, nodes)) + put_bytes(4, number(1, 22))


def check_event(data: bytes) -> None:
    """InvalidArgumentError unless some bytes are a message."""
    try:
        for _ in fields(data):
            pass
    except DataLossError as e:
        raise InvalidArgumentError(str(e)) from None
