"""`tf.summary`: values of a run as TensorBoard shows them, and the event files that it reads."""

from __future__ import annotations

import atexit
import itertools
import os
import socket
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from .errors import GraphError, InvalidArgumentError
from .files import events, summary_ops
from .files.event_messages import Event, SessionLog, Summary, SummaryDescription, TaggedRunMetadata
from .files.records import RecordWriter
from .files.summary_ops import *  # noqa: F403
from .ir.graph import Graph, get_default_graph
from .ir.node import here
from .runtime.timeline import RunMetadata
from .tf1_names import namespace as _namespace

__all__ = ["Event", "FileWriter", "FileWriterCache", "SessionLog", "Summary", "SummaryDescription", "TaggedRunMetadata", *summary_ops.__all__]


# ---------------------------------------------------------------------- files

_alive: weakref.WeakSet[FileWriter] = weakref.WeakSet()
_serial = itertools.count()         # no two files of a process have one name


class FileWriter:
    """Writes event files into a folder. TensorBoard shows them: `tensorboard --logdir FOLDER`.

    What is written reaches the file after `max_queue` events, or with the first one after `flush_secs` seconds, and at the end of the program.
    InvalidArgumentError: the folder cannot be written to.

    >>> writer = tf.summary.FileWriter("logs")
    >>> writer.add_graph(tf.Graph())
    >>> writer.close()
    """

    def __init__(self, logdir: Any, graph: Graph | None = None, max_queue: int = 10, flush_secs: int = 120, graph_def: Graph | None = None,
                 filename_suffix: str | None = None, session: Any = None):
        self._logdir, self._suffix = str(logdir), filename_suffix or ""
        self._tags = set[str]()
        self._most, self._seconds = max(1, int(max_queue)), flush_secs
        self._lock = threading.RLock()
        self._file: RecordWriter | None = None
        self._begin()
        _alive.add(self)
        if graph is not None or graph_def is not None:
            self.add_graph(graph if graph is not None else graph_def)

    def _begin(self) -> None:
        """Open a file, and say of which version it is."""
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_serial)}{self._suffix}"
        try:
            Path(self._logdir).mkdir(parents=True, exist_ok=True)
            self._file = RecordWriter(os.path.join(self._logdir, name), "")
        except (OSError, ValueError, InvalidArgumentError) as e:
            raise InvalidArgumentError(f"FileWriter: nothing can be written to {self._logdir[:200]!r}: {e}{here()}") from None
        self._waiting, self._flushed = 0, time.monotonic()
        self._write(None, events.VERSION)
        self.flush()

    def get_logdir(self) -> str:
        """The folder that the events are written to."""
        return self._logdir

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Write what running a summary gave (bytes, or a Summary message), as of that step."""
        data = summary.item() if isinstance(summary, np.ndarray) and summary.size == 1 else summary
        if hasattr(data, "SerializeToString"):
            data = data.SerializeToString()
        try:
            if not isinstance(data, bytes):
                raise InvalidArgumentError("it is no bytes")
            events.check_summary(data)
        except InvalidArgumentError:
            raise InvalidArgumentError(f"add_summary: {summary!r:.60} is no summary; run it first{here()}") from None
        self._write(global_step, events.put_bytes(5, data))

    def add_graph(self, graph: Graph | None, global_step: Any = None, graph_def: Graph | None = None) -> None:
        """Write the graph: names, operators, inputs, dtypes and shapes, as TensorBoard's graph page shows them."""
        found = graph if graph is not None else graph_def
        if not isinstance(found, Graph):
            raise GraphError(f"add_graph: {found!r:.60} is not a graph{here()}")
        self._write(global_step, events.put_bytes(4, events.graph(found.nodes)))

    def add_session_log(self, session_log: Any, global_step: Any = None) -> None:
        """Write a SessionLog message. InvalidArgumentError: it is none."""
        data = session_log.SerializeToString() if hasattr(session_log, "SerializeToString") else session_log
        if not isinstance(data, bytes):
            raise InvalidArgumentError(f"add_session_log: {session_log!r:.60} is no SessionLog{here()}")
        self._write(global_step, events.put_bytes(7, data))

    def add_run_metadata(self, run_metadata: RunMetadata, tag: str, global_step: Any = None) -> None:
        """Write the times of a traced run's steps, which TensorBoard's graph page shows under that tag.

        InvalidArgumentError: no RunMetadata, or one of that tag is written already.
        """
        if not isinstance(run_metadata, RunMetadata):
            raise InvalidArgumentError(f"add_run_metadata: {run_metadata!r:.60} is no RunMetadata{here()}")
        if tag in self._tags:
            raise InvalidArgumentError(f"add_run_metadata: the tag {tag!r:.60} is taken{here()}")
        self._tags.add(tag)
        self._write(global_step, events.put_bytes(8, events.text(1, tag) + events.put_bytes(2, run_metadata.SerializeToString())))

    def add_event(self, event: Any) -> None:
        """Write an Event message."""
        data = event.SerializeToString() if hasattr(event, "SerializeToString") else event
        try:
            if not isinstance(data, bytes):
                raise InvalidArgumentError("it is no bytes")
            events.check_event(data)
        except InvalidArgumentError:
            raise InvalidArgumentError(f"add_event: {event!r:.60} is no Event{here()}") from None
        self._record(data)

    def _write(self, global_step: Any, content: bytes) -> None:
        step = None if global_step is None else int(np.asarray(global_step).item())
        self._record(events.event(time.time(), step, content))

    def _record(self, data: bytes) -> None:
        with self._lock:
            if self._file is None:
                return                          # closed: as TensorFlow, nothing is written and nothing said
            self._file.write(data)
            self._waiting += 1
            if self._waiting >= self._most or time.monotonic() - self._flushed >= self._seconds:
                self.flush()

    def flush(self) -> None:
        """Write what is kept back to the file."""
        with self._lock:
            if self._file is not None:
                self._file.flush()
                self._waiting, self._flushed = 0, time.monotonic()

    def close(self) -> None:
        """Write what is kept back to the file, and end."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def reopen(self) -> None:
        """Go on after `close`, in a new file of the same folder."""
        with self._lock:
            self.close()
            self._begin()

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()


class FileWriterCache:
    """Writers by folder: one for each.

    >>> tf.summary.FileWriterCache.get("logs") is tf.summary.FileWriterCache.get("logs")
    True
    """

    _writers: dict[str, FileWriter] = {}

    @staticmethod
    def get(logdir: Any) -> FileWriter:
        """The folder's writer, made when there is none."""
        key = os.path.abspath(str(logdir))
        if key not in FileWriterCache._writers:
            FileWriterCache._writers[key] = FileWriter(logdir, graph=get_default_graph())
        return FileWriterCache._writers[key]

    @staticmethod
    def clear() -> None:
        """Close all of them."""
        for writer in FileWriterCache._writers.values():
            writer.close()
        FileWriterCache._writers.clear()


@atexit.register
def _close_all() -> None:
    for writer in [*_alive]:
        writer.close()


_namespace(globals())
