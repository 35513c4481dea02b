"""`tf.contrib.summary`: summaries that runs write by themselves, with the global step, while a writer is the default one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError
from ..files import summaries
from ..files.event_messages import Event
from ..ir.arguments import hold as _hold
from ..ir.graph import Graph, get_default_graph, get_default_session
from ..ir.node import Node, Operation, describe, here
from ..ir.operator import to_node
from ..ops.math import equal, floormod
from ..ops.outside import departure
from ..ops.state import no_op
from ..runtime.resources import Resources
from ..summary import FileWriter
from ..tf1_names import namespace as _namespace
from ..train.steps import get_or_create_global_step

__all__ = ["SummaryWriter", "all_summary_ops", "always_record_summaries", "audio", "create_file_writer", "flush", "generic", "graph", "histogram",
           "image", "import_event", "initialize", "never_record_summaries", "record_summaries_every_n_global_steps", "scalar",
           "should_record_summaries", "summary_writer_initializer_op"]

_SUMMARIES, _WRITERS = "_SUMMARY_V2", "_SUMMARY_WRITER_INIT"
_defaults: list[SummaryWriter | None] = [None]
_recording: list[Any] = [False]         # True, False, or a tensor that says so


class SummaryWriter:
    """A folder's event file, to which runs write: the default one of a block, or from `set_as_default` on."""

    def __init__(self, logdir: Any, max_queue: int | None = None, flush_millis: int | None = None, filename_suffix: str | None = None):
        self._options = (logdir, None, 10 if max_queue is None else max_queue, 120 if flush_millis is None else flush_millis / 1000, None,
                         filename_suffix)
        self._file: FileWriter | None = None

    @property
    def file(self) -> FileWriter:
        """The writer of the file, which is begun when it is first asked for."""
        if self._file is None:
            self._file = FileWriter(*self._options)     # type: ignore[arg-type]
        return self._file

    def set_as_default(self) -> None:
        """Let what is built from now on write here."""
        _defaults[-1] = self

    @contextmanager
    def as_default(self) -> Iterator[SummaryWriter]:
        """Let what is built in the block write here."""
        _defaults.append(self)
        try:
            yield self
        finally:
            _defaults.pop()

    def init(self) -> Operation:
        """An operation that begins the file."""
        return departure(get_default_graph(), _Act(lambda: self.file), (), "CreateSummaryFileWriter")

    def flush(self) -> Operation:
        """An operation that has what was written reach the file."""
        return departure(get_default_graph(), _Act(lambda: self.file.flush()), (), "FlushSummaryWriter")

    def close(self) -> Operation:
        """An operation that ends the file."""
        return departure(get_default_graph(), _Act(lambda: self.file.close()), (), "CloseSummaryWriter")


class _Act:
    """The sink of an operation on a file."""

    def __init__(self, act: Callable[[], Any]):
        self.act = act

    def take(self, kept: Resources, inputs: Sequence[Any]) -> None:
        self.act()


class _Write:
    """The sink of a summary: values, a step, and, if `asks`, whether they are to be written."""

    def __init__(self, writer: SummaryWriter, make: Callable[..., bytes], asks: bool):
        self.writer, self.make, self.asks = writer, make, asks

    def take(self, kept: Resources, inputs: Sequence[Any]) -> None:
        values, step = inputs[:-1 - self.asks], inputs[-1 - self.asks]
        if not self.asks or np.all(inputs[-1]):
            self.writer.file.add_summary(self.make(*values), int(np.asarray(step)))


def create_file_writer(logdir: Any, max_queue: int | None = None, flush_millis: int | None = None, filename_suffix: str | None = None,
                       name: str | None = None) -> SummaryWriter:
    """A writer of event files in a folder: `with writer.as_default(), tf.contrib.summary.always_record_summaries():` summaries write to it.

    None for a folder: nothing is written. InvalidArgumentError, when run: the folder cannot be written to.

    >>> writer = tf.contrib.summary.create_file_writer("logs/runs")
    >>> with writer.as_default(), tf.contrib.summary.always_record_summaries():
    ...     write = tf.contrib.summary.scalar("loss", 0.5, step=tf.constant(3, tf.int64))
    >>> with tf.Session(jit=False) as sess:
    ...     sess.run([writer.init(), *tf.contrib.summary.all_summary_ops()])[0]
    ...     sess.run(writer.close())
    >>> [event.step for path in tf.gfile.Glob("logs/runs/*") for event in tf.train.summary_iterator(path)]
    [0, 3]
    """
    writer = SummaryWriter(logdir, max_queue, flush_millis, filename_suffix)
    if logdir is not None:
        get_default_graph().add_to_collection(_WRITERS, writer.init())
    else:
        writer = _Nowhere()
    return writer


class _Nowhere(SummaryWriter):
    """What writes nothing."""

    def __init__(self) -> None:
        super().__init__(None)

    def set_as_default(self) -> None:
        _defaults[-1] = None

    @contextmanager
    def as_default(self) -> Iterator[SummaryWriter]:
        _defaults.append(None)
        try:
            yield self
        finally:
            _defaults.pop()

    def init(self) -> Operation:
        return no_op()

    flush = close = init


@contextmanager
def _recorded(value: Any) -> Iterator[None]:
    _recording.append(value)
    try:
        yield
    finally:
        _recording.pop()


def always_record_summaries() -> Any:
    """A block whose summaries are written in every run.

    GraphError: no block.
    """
    return _recorded(True)


def never_record_summaries() -> Any:
    """A block whose summaries are not written.

    GraphError: no block.
    """
    return _recorded(False)


def record_summaries_every_n_global_steps(n: int, global_step: Any = None) -> Any:
    """A block whose summaries are written in runs whose global step is a multiple of n. DTypeError: it is no whole number."""
    step = get_or_create_global_step() if global_step is None else to_node(global_step)
    if step.type.dtype.kind not in "iu":
        raise DTypeError(f"record_summaries_every_n_global_steps: {describe(step)} is no whole number{here()}")
    return _recorded(equal(floormod(step, n), 0))


def should_record_summaries() -> Any:
    """Whether summaries are written here: True, False, or a tensor. GraphError: never."""
    return _recording[-1]


def all_summary_ops() -> list[Any]:
    """The operations of the default graph that write summaries. GraphError: never."""
    return get_default_graph().get_collection(_SUMMARIES)


def summary_writer_initializer_op() -> list[Any]:
    """The operations that begin the files of the default graph's writers. GraphError: never."""
    return get_default_graph().get_collection(_WRITERS)


def initialize(graph: Any = None, session: Any = None) -> None:
    """Begin the files of the writers, in a session (None: the default one), and write a graph to them. GraphError: there is no session."""
    found = session or get_default_session()
    if found is None:
        raise GraphError(f"contrib.summary.initialize: there is no session{here()}")
    found.run(summary_writer_initializer_op())
    writer = _defaults[-1]
    if graph is not None and writer is not None:
        writer.file.add_graph(graph, 0)


def _written(kind: str, name: str, make: Callable[..., bytes], tensors: Sequence[Any], family: str | None, step: Any) -> Operation:
    writer, record = _defaults[-1], _recording[-1]
    asks = isinstance(record, Node)
    if writer is None or (not asks and not record):
        return no_op()
    nodes = [to_node(t) for t in tensors]
    owner: Graph = get_default_graph()
    label = owner.unique_name(name)
    tag = f"{family}/{label}" if family else label
    at = get_or_create_global_step() if step is None else to_node(step)
    made = departure(owner, _Write(writer, lambda *values: make(*values, tag), asks), [*nodes, at, *([record] if asks else [])], kind)
    owner.add_to_collection(_SUMMARIES, made)
    return made


def _numbers(what: str, tensor: Any) -> Node:
    node = to_node(tensor)
    if node.type.dtype.kind not in "fiub":
        raise DTypeError(f"contrib.summary.{what}: {describe(node)} is not of numbers{here()}")
    return node


def scalar(name: str, tensor: Any, family: str | None = None, step: Any = None) -> Operation:
    """An operation that writes a number as of a step (None: the global one). DTypeError: no numbers."""
    return _written("WriteScalarSummary", name, summaries.scalar, [_numbers("scalar", tensor)], family, step)


def histogram(name: str, tensor: Any, family: str | None = None, step: Any = None) -> Operation:
    """An operation that writes how elements are distributed as of a step. DTypeError: no numbers."""
    return _written("WriteHistogramSummary", name, summaries.histogram, [_numbers("histogram", tensor)], family, step)


def image(name: str, tensor: Any, bad_color: Any = None, max_images: int = 3, family: str | None = None, step: Any = None) -> Operation:
    """An operation that writes the first pictures of a batch as of a step. DTypeError: no numbers."""
    return _written("WriteImageSummary", name, lambda x, tag: summaries.image(x, tag, max_images), [_numbers("image", tensor)], family, step)


def audio(name: str, tensor: Any, sample_rate: Any, max_outputs: int, family: str | None = None, step: Any = None) -> Operation:
    """An operation that writes the first sounds of a batch as of a step. DTypeError: no numbers."""
    return _written("WriteAudioSummary", name, lambda x, rate, tag: summaries.audio(x, float(rate), tag, max_outputs),
                    [_numbers("audio", tensor), _numbers("audio", sample_rate)], family, step)


def generic(name: str, tensor: Any, metadata: Any = None, family: str | None = None, step: Any = None) -> Operation:
    """An operation that writes a tensor as it is, with a SummaryMetadata, as of a step. DTypeError: no tensor."""
    said = metadata if isinstance(metadata, bytes) else b"" if metadata is None else metadata.SerializeToString()
    return _written("WriteSummary", name, lambda x, tag: summaries.tensor(np.asarray(x), tag, said), [tensor], family, step)


def import_event(tensor: Any, name: str | None = None) -> Operation:
    """An operation that writes an Event of a tensor of its bytes. GraphError: there is no default writer."""
    writer = _writer("import_event")
    return departure(get_default_graph(), _Import(writer), [to_node(tensor)], name or "ImportEvent")


class _Import:
    def __init__(self, writer: SummaryWriter):
        self.writer = writer

    def take(self, kept: Resources, inputs: Sequence[Any]) -> None:
        self.writer.file.add_event(Event.FromString(bytes(inputs[0])))


def graph(param: Any, step: Any = None, name: str | None = None) -> Operation:
    """An operation that writes a graph. GraphError: there is no default writer."""
    writer = _writer("graph")
    return departure(get_default_graph(), _Act(lambda: writer.file.add_graph(param)), (), name or "WriteGraphSummary")


def flush(writer: SummaryWriter | None = None, name: str | None = None) -> Operation:
    """An operation that has what was written reach the file of a writer (None: the default one). GraphError: there is none."""
    return (writer or _writer("flush")).flush()


def _writer(what: str) -> SummaryWriter:
    found = _defaults[-1]
    if found is None:
        raise GraphError(f"contrib.summary.{what}: there is no default writer{here()}")
    return found


_hold(globals(), __all__)

_namespace(globals())
