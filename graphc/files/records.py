"""TFRecord files: records with their lengths and checksums, one after another, as TensorFlow's documentation of the format has them."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Any

from ..errors import ArgumentError, DataLossError, InvalidArgumentError, NotFoundError
from ..ir.node import here
from .crc import masked_crc

LONGEST = 1 << 31       # bytes of a record: none is longer in practice, and a damaged length does not fill memory


class RecordFile:
    """The records of a file that is open, from where it stands on. DataLossError: it is damaged or cut off.

    A record: its length (uint64), the length's masked CRC-32C, its bytes, their masked CRC-32C; all in little-endian order.
    """

    def __init__(self, file: IO[bytes], name: str):
        self.file, self.name, self.at = file, name, 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        head = self.file.read(12)
        if not head:
            raise StopIteration
        if len(head) < 12:
            raise DataLossError(f"{self.name} is cut off within the length of the record at byte {self.at}")
        length, check = struct.unpack("<QI", head)
        if masked_crc(head[:8]) != check or length > LONGEST:
            raise DataLossError(f"{self.name}: the length of the record at byte {self.at} is damaged, or this is no file of records")
        record, tail = self.file.read(length), self.file.read(4)
        if len(record) < length or len(tail) < 4:
            raise DataLossError(f"{self.name} is cut off within the record at byte {self.at}")
        if masked_crc(record) != struct.unpack("<I", tail)[0]:
            raise DataLossError(f"{self.name}: the record at byte {self.at} is damaged: its checksum is another")
        self.at += length + 16
        return record


def opened(path: Any, compression: str) -> IO[bytes]:
    """A file to read, decompressed ("GZIP", "ZLIB"; "": as it is). NotFoundError, InvalidArgumentError: there is none, or it cannot be read."""
    name = os.fsdecode(path)
    try:
        if compression == "GZIP":
            return gzip.open(name, "rb")        # type: ignore[return-value]
        file = open(name, "rb")
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {name[:200]}") from None
    except (OSError, ValueError) as e:
        raise InvalidArgumentError(f"the file {name!r:.200} cannot be read: {e}") from None
    return _Inflated(file) if compression == "ZLIB" else file       # type: ignore[return-value]


class _Inflated:
    """What a zlib stream holds, read in order. EOFError: it is cut off."""

    def __init__(self, file: IO[bytes]):
        self.file, self.inflate, self.held = file, zlib.decompressobj(), b""

    def read(self, size: int) -> bytes:
        while len(self.held) < size:
            piece = self.inflate.unconsumed_tail or self.file.read(1 << 16)
            if not piece:
                if not self.inflate.eof:
                    raise EOFError("it ends before its zlib stream does")
                break
            self.held += self.inflate.decompress(piece, 1 << 20)
            if self.inflate.eof:
                break
        found, self.held = self.held[:size], self.held[size:]
        return found

    def close(self) -> None:
        self.file.close()

    def __enter__(self) -> _Inflated:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def compression_of(options: Any) -> str:
    """"", "GZIP" or "ZLIB" from what stands for it: the name, its number, or options that hold one. ArgumentError: none of them."""
    value = getattr(options, "compression_type", options)
    name = {None: "", 0: "", 1: "ZLIB", 2: "GZIP"}.get(value, value) if not isinstance(value, bytes) else value.decode("ascii", "replace")
    if name not in ("", "GZIP", "ZLIB"):
        raise ArgumentError(f"a file is compressed by GZIP, ZLIB or not at all, not {value!r:.40}{here()}")
    return str(name)


class RecordWriter:
    """A file of records, written in order; closed, or left by `with`, it is whole. InvalidArgumentError: it cannot be written."""

    def __init__(self, path: Any, compression: str):
        self.path = os.fspath(path)
        try:
            file = open(self.path, "wb")
        except OSError as e:
            raise InvalidArgumentError(f"{self.path!r:.200} cannot be written: {e}{here()}") from None
        self.raw = file
        self.file: Any = gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) if compression == "GZIP" else file
        self.deflate = zlib.compressobj() if compression == "ZLIB" else None

    def write(self, record: bytes) -> None:
        head = struct.pack("<Q", len(record))
        whole = b"".join((head, struct.pack("<I", masked_crc(head)), record, struct.pack("<I", masked_crc(record))))
        self.file.write(whole if self.deflate is None else self.deflate.compress(whole))

    def flush(self) -> None:
        if self.deflate is not None:
            self.file.write(self.deflate.flush(zlib.Z_SYNC_FLUSH))
        self.file.flush()

    def close(self) -> None:
        if self.raw.closed:
            return
        if self.deflate is not None:
            self.file.write(self.deflate.flush())
        self.file.close()
        self.raw.close()

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)      # what decompressing a damaged file raises


def read_records(path: Any, compression: str) -> Iterator[bytes]:
    """The records of a file. NotFoundError, DataLossError."""
    with opened(path, compression) as file:
        try:
            yield from RecordFile(file, os.fsdecode(path))
        except DAMAGED as e:
            raise DataLossError(f"{os.fsdecode(path)} is damaged: {e}") from None
