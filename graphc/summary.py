"""`tf.summary`: values of a run as TensorBoard shows them, and the event files that it reads."""

from __future__ import annotations

import atexit
import itertools
import os
import socket
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DTypeError, GraphError, InvalidArgumentError, ShapeError
from .files import events, summaries
from .files.events import Summary
from .files.records import RecordWriter
from .ir.collecting import GraphKeys
from .ir.graph import Graph, get_default_graph
from .ir.node import Node, describe, here
from .ir.operator import Values, declare, to_node
from .ir.types import TEXT, TensorType
from .runtime.timeline import RunMetadata

__all__ = ["FileWriter", "FileWriterCache", "Summary", "histogram", "image", "merge", "merge_all", "scalar", "text"]

_SERIALIZED = TensorType(TEXT, ())


# ---------------------------------------------------------------------- operators

_MAKERS: dict[str, Callable[..., bytes]] = {"scalar": summaries.scalar, "histogram": summaries.histogram, "image": summaries.image}


def _summary_attrs(types: Sequence[TensorType], kind: Any = "scalar", tag: Any = "", options: Any = ()) -> dict[str, Any]:
    """The attributes as a node keeps them; GraphError for what no summary of a program has."""
    wanted = 1 if kind == "image" else 0
    if not isinstance(kind, str) or kind not in _MAKERS or not isinstance(tag, str) or not isinstance(options, tuple) or len(options) != wanted \
            or not all(type(o) is int for o in options):
        raise GraphError(f"there is no summary {kind!r:.60} of the options {options!r:.60}")
    return {"kind": kind, "tag": tag, "options": options}


@declare("host", lambda types, values, **attrs: _SERIALIZED, name="summary", label="Summary",
         op_type=lambda node: f"{node.attrs['kind'].title()}Summary", pure=False, prepare=_summary_attrs)
def _summary(value: Any, *, kind: Any = "scalar", tag: Any = "", options: Any = ()) -> Any:
    """A serialised Summary of a value: bytes, as a 0-d array of one object."""
    return np.array(_MAKERS[kind](value, tag, *options), object)


@declare("host", lambda types, values, **attrs: _SERIALIZED, name="text_summary", label="TextSummary", op_type="TensorSummaryV2", pure=False,
         text=True)
def _text_summary(words: Any, *, tag: Any = "") -> Any:
    """A serialised Summary of texts, a paragraph each."""
    return np.array(events.words(tag, "\n\n".join(w.decode(errors="replace") for w in words.flat)), object)


def _merged(types: Sequence[TensorType], values: Values) -> TensorType:
    if any(t != _SERIALIZED for t in types):
        raise DTypeError("only summaries can be merged")
    return _SERIALIZED


@declare("host", _merged, name="merge_summary", label="MergeSummary", pure=False, text=True)
def _merge_summary(*inputs: Any) -> Any:
    """Serialised Summaries as one: the bytes of a repeated field, one after the other."""
    return np.array(b"".join(np.asarray(x).item() for x in inputs), object)


def _made(kind: str, name: str, value: Any, collections: Any, family: str | None, options: tuple[Any, ...] = ()) -> Node:
    node = to_node(value)
    if node.type.dtype.kind not in "fiub":
        raise DTypeError(f"summary.{kind}: {describe(node)} is not of numbers{here()}")
    made = _summary.build(node.graph, (node,), {"kind": kind, "tag": "", "options": options}, _clean(name))
    return _filed(made, collections, family)


def _filed(made: Node, collections: Any, family: str | None) -> Node:
    made.attrs["tag"] = f"{family}/{made.label}" if family else made.label       # unique within the graph, scopes included
    for key in [GraphKeys.SUMMARIES] if collections is None else collections:
        made.graph.add_to_collection(key, made)
    return made


def _clean(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise GraphError(f"a summary's name is a text, not {name!r:.60}{here()}")
    kept = "".join(c if c.isalnum() and c.isascii() or c in "_./-" else "_" for c in name).lstrip("/")
    return kept if kept[:1].isalnum() or kept[:1] == "." else f"s{kept}"


def scalar(name: str, tensor: Any, collections: Any = None, family: str | None = None) -> Node:
    """A summary of a tensor with one element: a point of TensorBoard's curve `name` (within the name scopes). Running it gives bytes.

    number[] -> string[]. DTypeError, ShapeError: the tensor is no number.

    >>> x = tf.constant(1.5)
    >>> tf.summary.scalar("loss", x).dtype
    graphc.string
    """
    node = to_node(tensor)
    if node.type.rank is not None and any(d not in (1, None) for d in node.type.shape):
        raise ShapeError(f"summary.scalar: {describe(node)} has more than one element{here()}")
    return _made("scalar", name, node, collections, family)


def histogram(name: str, values: Any, collections: Any = None, family: str | None = None) -> Node:
    """A summary of how a tensor's elements are distributed. All must be finite when it runs (InvalidArgumentError).

    >>> tf.summary.histogram("weights", tf.constant([1.0, 2.0])).dtype
    graphc.string
    """
    return _made("histogram", name, values, collections, family)


def image(name: str, tensor: Any, max_outputs: int = 3, collections: Any = None, family: str | None = None, max_images: int | None = None) -> Node:
    """A summary of the first `max_outputs` pictures [batch, height, width, 1, 3 or 4] of uint8, or of floats, which are scaled.

    Floats without a negative: the largest is 255; others: 0 is 127 and the one furthest from it 127 away (TensorFlow's rule).
    number[batch, height, width, 1, 3 or 4] -> string[]. ShapeError: no images.

    >>> tf.summary.image("first", tf.zeros([1, 2, 2, 3])).dtype
    graphc.string
    """
    node = to_node(tensor)
    channels = node.type.shape[-1] if node.type.rank else None
    if node.type.rank not in (None, 4) or channels not in (None, 1, 3, 4):
        raise ShapeError(f"summary.image: {describe(node)} is not [batch, height, width, 1, 3 or 4]{here()}")
    most = max_images or max_outputs
    if not isinstance(most, (int, np.integer)) or most < 1:
        raise DTypeError(f"image: max_outputs is {most!r:.60}, not a number of pictures{here()}")
    return _made("image", name, node, collections, family, (int(most),))


def text(name: str, tensor: Any, collections: Any = None) -> Node:
    """A summary of a tensor of texts (or str, or a list of them), a paragraph each; TensorBoard reads Markdown.

    string[...] -> string[]. DTypeError: no texts.
    """
    node = to_node(tensor)
    if node.type.dtype != TEXT:
        raise DTypeError(f"summary.text: {describe(node)} is no text{here()}")
    return _filed(_text_summary.build(node.graph, (node,), {"tag": ""}, _clean(name)), collections, None)


def merge(inputs: Sequence[Any], collections: Any = None, name: str | None = None) -> Node:
    """All of the summaries as one.

    DTypeError: an input is no summary.

    >>> x = tf.constant(1.5)
    >>> tf.summary.merge([tf.summary.scalar("a", x), tf.summary.scalar("b", x)]).dtype
    graphc.string
    """
    nodes = [to_node(x) for x in inputs]
    if not nodes:
        raise GraphError(f"summary.merge: there is no summary to merge{here()}")
    made = _merge_summary.build(nodes[0].graph, tuple(nodes), {}, name or "Merge")
    for key in collections or ():
        made.graph.add_to_collection(key, made)
    return made


def merge_all(key: str = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None) -> Node | None:
    """All summaries of the default graph's collection as one; None if there are none.

    DTypeError: a member of the collection is no summary.

    >>> tf.summary.merge_all("no such key") is None
    True
    """
    found = get_default_graph().get_collection(key, scope)
    return merge(found, name=name) if found else None


# ---------------------------------------------------------------------- as before TensorFlow 1

def scalar_summary(tags: str, values: Any, collections: Any = None, name: str | None = None) -> Node:
    """`scalar`. Errors (DTypeError, ShapeError) as of that."""
    return scalar(tags, values, collections)


def histogram_summary(tag: str, values: Any, collections: Any = None, name: str | None = None) -> Node:
    """`histogram`. DTypeError as of that."""
    return histogram(tag, values, collections)


def image_summary(tag: str, tensor: Any, max_images: int = 3, collections: Any = None, name: str | None = None) -> Node:
    """`image`. Errors (DTypeError, ShapeError) as of that."""
    return image(tag, tensor, max_images, collections)


def merge_summary(inputs: Sequence[Any], collections: Any = None, name: str | None = None) -> Node:
    """`merge`. DTypeError as of that."""
    return merge(inputs, collections, name)


def merge_all_summaries(key: str = GraphKeys.SUMMARIES) -> Node | None:
    """`merge_all`. DTypeError as of that."""
    return merge_all(key)


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


def __dir__() -> list[str]:
    return [*__all__]
