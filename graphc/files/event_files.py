"""Event files as programs read them, event by event, and as they write them without a `FileWriter`."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from typing import Any

from ..errors import DataLossError, DTypeError
from ..ir.node import here
from . import events
from .event_messages import Event, read_event
from .records import RecordWriter, read_records

__all__ = ["EventsWriter", "summary_iterator"]


def summary_iterator(path: Any) -> Iterator[Event]:
    """The events of an event file, one after another; one that is still being written ends before its last record that is not whole.

    NotFoundError: there is no file. DataLossError, SerializationError: it is none of events.

    >>> with tf.summary.FileWriter("logs/one") as writer:
    ...     writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=0.5)]), 7)
    >>> [(e.step, v.tag, v.simple_value) for path in tf.gfile.Glob("logs/one/*") for e in tf.train.summary_iterator(path) for v in e.summary.value]
    [(7, 'loss', 0.5)]
    """
    name, found = os.fsdecode(path), 0
    try:
        for record in read_records(path, ""):
            found += 1
            yield read_event(record, name)
    except DataLossError as e:
        if not found or "cut off" not in str(e):
            raise


class EventsWriter:
    """A file of events whose name begins with `file_prefix`. DTypeError: an event that is none. InvalidArgumentError: it cannot be written.

    >>> writer = tf.train.EventsWriter("own")
    >>> writer.WriteEvent(tf.Event(step=1, wall_time=2.0))
    >>> writer.Close()
    >>> [event.step for event in tf.train.summary_iterator(writer.FileName())]
    [0, 1]
    """

    def __init__(self, file_prefix: Any):
        self._prefix = os.fsdecode(file_prefix)
        self._suffix, self._name = "", ""
        self._writer: RecordWriter | None = None

    def InitWithSuffix(self, suffix: Any) -> None:
        """Begin a file whose name ends so."""
        self._suffix = os.fsdecode(suffix)
        self._begun()

    def _begun(self) -> RecordWriter:
        if self._writer is None:
            now = time.time()
            self._name = f"{self._prefix}.out.tfevents.{int(now):010d}.{socket.gethostname()}{self._suffix}"
            self._writer = RecordWriter(self._name, "")
            self._writer.write(events.event(now, None, events.VERSION))
        return self._writer

    def FileName(self) -> str:
        """The name of the file, the last one that was begun."""
        if not self._name:
            self._begun()
        return self._name

    def WriteEvent(self, event: Any) -> None:
        """Write an event."""
        if not isinstance(event, Event):
            raise DTypeError(f"EventsWriter.WriteEvent takes an Event, not {event!r:.60}{here()}")
        self._begun().write(event.SerializeToString())

    def Flush(self) -> None:
        """Have what was written reach the file."""
        self._begun().flush()

    def Close(self) -> None:
        """Write what is kept back to the file, and end."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
