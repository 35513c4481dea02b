"""Readers: what takes names of files from a queue and gives what stands in the files, a record a run."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import GraphError, InvalidArgumentError, NotFoundError
from ..files.records import RecordFile, compression_of, opened
from ..ir.graph import get_default_graph
from ..ir.node import Node, Operation, here
from ..ir.operator import to_node
from ..ir.types import TEXT, TensorType
from ..ops.outside import arrival, departure
from ..runtime.resources import Resources
from . import sources
from .blocks import rows_of
from .queues import QueueBase

__all__ = ["ReaderBase", "TextLineReader", "WholeFileReader", "TFRecordReader", "FixedLengthRecordReader", "IdentityReader"]

_WORD, _COUNT = TensorType(TEXT, ()), TensorType(np.dtype(np.int64), ())
Found = Iterator[tuple[bytes, bytes]]


def _text(value: bytes) -> Any:
    return np.array(value, TEXT)


class _Work:
    """How far a session's reader has come."""

    def __init__(self, reader: ReaderBase):
        self.reader, self.lock = reader, threading.Lock()
        self.records: Found = iter(())
        self.work = False
        self.produced = self.completed = 0

    def next(self, queue: QueueBase, kept: Resources) -> tuple[bytes, bytes]:
        """The next record, of the next file that has one. OutOfRangeError: the queue of names is closed and empty."""
        with self.lock:
            while True:
                found = next(self.records, None)
                if found is not None:
                    self.produced += 1
                    return found
                self.completed += self.work
                self.work = False
                name = bytes(np.asarray(queue._store(kept).take(1)[0][0]).item())
                self.records, self.work = self.reader._records(name), True

    def some(self, queue: QueueBase, kept: Resources, count: int) -> list[tuple[bytes, bytes]]:
        """Up to `count` records, of one file, at least one."""
        found = [self.next(queue, kept)]
        with self.lock:
            while len(found) < count and (more := next(self.records, None)) is not None:
                self.produced += 1
                found.append(more)
        return found

    def close(self) -> None:
        self.records = iter(())


class _Read:
    def __init__(self, reader: ReaderBase, queue: QueueBase, many: bool):
        self.reader, self.queue, self.many = reader, queue, many

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Any]:
        work = self.reader._work(kept)
        if not self.many:
            return [_text(v) for v in work.next(self.queue, kept)]
        count = int(np.asarray(inputs[0]))
        if count < 1:
            raise InvalidArgumentError(f"{count} records are wanted")
        return [sources.texts(part).arrays[0] for part in zip(*work.some(self.queue, kept, count), strict=True)]


class _Counted:
    def __init__(self, reader: ReaderBase, what: str):
        self.reader, self.what = reader, what

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Any]:
        return [np.array(getattr(self.reader._work(kept), self.what), np.int64)]


class _Reset:
    def __init__(self, reader: ReaderBase):
        self.reader = reader

    def take(self, kept: Resources, inputs: Sequence[Any]) -> None:
        kept.put(self.reader, _Work(self.reader))


class ReaderBase:
    """What all readers have in common: `read(queue)` gives the key and the value of the next record, of files that a queue names."""

    def __init__(self, name: str):
        self._name = name

    def _records(self, work: bytes) -> Found:
        raise NotImplementedError

    def _work(self, kept: Resources) -> _Work:
        found: _Work = kept.get(self, lambda: _Work(self))
        return found

    def read(self, queue: Any, name: str | None = None) -> tuple[Node, Node]:
        """The key and the value of the next record, as texts. OutOfRangeError, when run: the queue of names is closed and empty."""
        key, value = arrival(get_default_graph(), _Read(self, _queue(queue), False), (), [_WORD, _WORD], name or f"{self._name}Read")
        return key, value

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> tuple[Node, Node]:
        """The keys and values of the next records, of one file, `num_records` at most."""
        row = TensorType(TEXT, (None,))
        keys, values = arrival(get_default_graph(), _Read(self, _queue(queue), True), (to_node(num_records),), [row, row],
                               name or f"{self._name}ReadUpTo")
        return keys, values

    def num_records_produced(self, name: str | None = None) -> Node:
        """How many records the session has read, int64."""
        return arrival(get_default_graph(), _Counted(self, "produced"), (), [_COUNT], name or f"{self._name}NumRecordsProduced")[0]

    def num_work_units_completed(self, name: str | None = None) -> Node:
        """How many files the session has read to their end, int64."""
        return arrival(get_default_graph(), _Counted(self, "completed"), (), [_COUNT], name or f"{self._name}NumWorkUnitsCompleted")[0]

    def reset(self, name: str | None = None) -> Operation:
        """An operation that lets the reader begin with the next file."""
        return departure(get_default_graph(), _Reset(self), (), name or f"{self._name}Reset")


def _queue(queue: Any) -> QueueBase:
    if not isinstance(queue, QueueBase) or queue.dtypes[0].dtype != TEXT:
        raise GraphError(f"a reader takes a queue of names of files, not {queue!r:.80}{here()}")
    return queue


class TextLineReader(ReaderBase):
    """A reader of lines, without their ends; the key is `file:line`. The first `skip_header_lines` of each file are left out."""

    def __init__(self, skip_header_lines: int | None = None, name: str | None = None):
        super().__init__(name or "TextLineReader")
        self._skipped = skip_header_lines or 0

    def _records(self, work: bytes) -> Found:
        for number, (line,) in enumerate(rows_of(sources.lines(_text(work), "")), 1):
            if number > self._skipped:
                yield work + b":%d" % number, line.item()


class WholeFileReader(ReaderBase):
    """A reader of whole files; the key is the file's name. NotFoundError, when run: there is none."""

    def __init__(self, name: str | None = None):
        super().__init__(name or "WholeFileReader")

    def _records(self, work: bytes) -> Found:
        try:
            with open(os.fsdecode(work), "rb") as file:
                yield work, file.read()
        except FileNotFoundError:
            raise NotFoundError(f"there is no file {os.fsdecode(work)}") from None
        except OSError as e:
            raise InvalidArgumentError(f"the file {os.fsdecode(work)!r:.200} cannot be read: {e}") from None


class TFRecordReader(ReaderBase):
    """A reader of TFRecord files; the key is `file:byte`. DataLossError, when run: a file is damaged."""

    def __init__(self, name: str | None = None, options: Any = None):
        super().__init__(name or "TFRecordReader")
        self._compression = compression_of(options)

    def _records(self, work: bytes) -> Found:
        with opened(work, self._compression) as file:
            found = RecordFile(file, os.fsdecode(work))
            at = 0
            for record in found:
                yield work + b":%d" % at, record
                at = found.at


class FixedLengthRecordReader(ReaderBase):
    """A reader of records of one size; the key is `file:number`. DataLossError, when run: a file ends within a record."""

    def __init__(self, record_bytes: int, header_bytes: int | None = None, footer_bytes: int | None = None, hop_bytes: int | None = None,
                 name: str | None = None, encoding: str | None = None):
        super().__init__(name or "FixedLengthRecordReader")
        if hop_bytes not in (None, 0, record_bytes):
            raise GraphError(f"FixedLengthRecordReader: records that overlap, or leave bytes out, are not read: hop_bytes={hop_bytes}{here()}")
        self._sizes = (record_bytes, header_bytes or 0, footer_bytes or 0)
        self._compression = compression_of(encoding)

    def _records(self, work: bytes) -> Found:
        size, header, footer = self._sizes
        for number, (record,) in enumerate(rows_of(sources.fixed(_text(work), size, header, footer, self._compression))):
            yield work + b":%d" % number, record.item()


class IdentityReader(ReaderBase):
    """A reader that gives what the queue gives, as key and as value."""

    def __init__(self, name: str | None = None):
        super().__init__(name or "IdentityReader")

    def _records(self, work: bytes) -> Found:
        yield work, work
