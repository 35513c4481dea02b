"""`tf.summary`: values of a run as TensorBoard shows them, and the event files it reads, written by the package tensorboardX."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DTypeError, GraphError, InvalidArgumentError, MissingPackageError, ShapeError
from .ir.graph import Graph, GraphKeys, get_default_graph
from .ir.node import Node, Operation, describe, here
from .ir.operator import Values, declare, to_node
from .ir.types import TEXT, TensorType, dtype_name
from .process.importing import whole
from .runtime.timeline import RunMetadata

__all__ = ["FileWriter", "histogram", "image", "merge", "merge_all", "scalar", "text"]

_SERIALIZED = TensorType(TEXT, ())
# Modules of tensorboardX.proto, and the message of each that a graph is written in.
_MESSAGES = [("attr_value", "AttrValue"), ("graph", "GraphDef"), ("node_def", "NodeDef"), ("tensor_shape", "TensorShapeProto"),
             ("types", "DataType"), ("versions", "VersionDef")]


def _package() -> None:
    if importlib.util.find_spec("tensorboardX") is None:
        raise MissingPackageError(f"summaries need a package: pip install tensorboardX{here()}")


# ---------------------------------------------------------------------- what is written of a value

def _scalar(value: Any, tag: str) -> Any:
    Summary = whole("tensorboardX.summary").Summary
    return Summary(value=[Summary.Value(tag=tag, simple_value=float(np.asarray(value).item()))])


def _histogram(value: Any, tag: str) -> Any:
    made = whole("tensorboardX.summary")
    values = np.asarray(value, np.float64)
    if not np.isfinite(values).all():
        raise InvalidArgumentError(f"histogram {tag}: there are values that are not finite")
    return made.Summary(value=[made.Summary.Value(tag=tag, histo=made.make_histogram(values, _limits()) if values.size else None)])


@cache
def _limits() -> list[float]:
    """TensorFlow's buckets: each a tenth wider than the one before, from 1e-12 to 1e20, of both signs."""
    positive = (1e-12 * 1.1 ** np.arange(int(np.log(1e32) / np.log(1.1)) + 1)).tolist()
    return [-v for v in reversed(positive)] + [0.0] + positive


def _image(value: Any, tag: str, max_outputs: int) -> Any:
    made = whole("tensorboardX.summary")
    pictures = _pixels(np.asarray(value)[:max_outputs])
    names = [f"{tag}/image"] if max_outputs == 1 else [f"{tag}/image/{i}" for i in range(len(pictures))]
    return made.Summary(value=[made.Summary.Value(tag=name, image=made.make_image(p)) for name, p in zip(names, pictures, strict=True)])


def _pixels(pictures: Any) -> Any:
    """TensorFlow's rule for floats: from 0 to the largest as 0 to 255 if none is negative, else 0 is 127 and the largest size 127 away."""
    if pictures.dtype != np.uint8:
        shown = np.nan_to_num(pictures.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        axes = tuple(range(1, shown.ndim))
        low, size = shown.min(axis=axes, keepdims=True, initial=0.0), np.abs(shown).max(axis=axes, keepdims=True, initial=0.0)
        scale = np.where(size > 0, np.where(low < 0, 127.0, 255.0) / np.where(size > 0, size, 1.0), 0.0)
        pictures = np.clip(shown * scale + np.where(low < 0, 128.0, 0.0), 0, 255).astype(np.uint8)
    return np.repeat(pictures, 3, axis=3) if pictures.shape[3] == 1 else pictures


def _text(tag: str, words: Any) -> Any:
    return whole("tensorboardX.summary").text(tag, words)


# ---------------------------------------------------------------------- operators

_MAKERS: dict[str, Callable[..., Any]] = {"scalar": _scalar, "histogram": _histogram, "image": _image}


@declare("host", lambda types, values, **attrs: _SERIALIZED, name="summary", label="Summary", pure=False)
def _summary(value: Any, *, kind: Any = "scalar", tag: Any = "", options: Any = ()) -> Any:
    """A serialised Summary of a value: bytes, as a 0-d array of one object."""
    return np.array(_MAKERS[kind](value, tag, *options).SerializeToString(), object)


@declare("host", lambda types, values, **attrs: _SERIALIZED, name="text_summary", label="TextSummary", pure=False, text=True)
def _text_summary(words: Any, *, tag: Any = "") -> Any:
    """A serialised Summary of texts, a paragraph each."""
    return np.array(_text(tag, "\n\n".join(w.decode(errors="replace") for w in words.flat)).SerializeToString(), object)


def _merged(types: Sequence[TensorType], values: Values) -> TensorType:
    if any(t != _SERIALIZED for t in types):
        raise DTypeError("only summaries can be merged")
    return _SERIALIZED


@declare("host", _merged, name="merge_summary", label="MergeSummary", pure=False, text=True)
def _merge_summary(*inputs: Any) -> Any:
    """Serialised Summaries as one: the bytes of a repeated field, one after the other."""
    return np.array(b"".join(np.asarray(x).item() for x in inputs), object)


def _made(kind: str, name: str, value: Any, collections: Any, family: str | None, options: tuple[Any, ...] = ()) -> Node:
    _package()
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

    number[] -> string[]. DTypeError, ShapeError: the tensor is no number. MissingPackageError, when run: tensorboardX is not installed.

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
    number[batch, height, width, 1, 3 or 4] -> string[]. ShapeError: no images. MissingPackageError, when run: tensorboardX
    is not installed.

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

    string[...] -> string[]. DTypeError: no texts. MissingPackageError, when run: tensorboardX is not installed.
    """
    _package()
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


# ---------------------------------------------------------------------- event files

class FileWriter:
    """Writes event files into a folder. TensorBoard shows them: `tensorboard --logdir FOLDER`.

    MissingPackageError: tensorboardX is not installed. InvalidArgumentError: the folder cannot be written to.

    >>> writer = tf.summary.FileWriter("logs")
    >>> writer.add_graph(tf.Graph())
    >>> writer.close()
    """

    def __init__(self, logdir: Any, graph: Graph | None = None, max_queue: int = 10, flush_secs: int = 120, graph_def: Graph | None = None,
                 filename_suffix: str | None = None, session: Any = None):
        _package()
        EventFileWriter = whole("tensorboardX.event_file_writer").EventFileWriter
        self._logdir, self._opened, self._tags = str(logdir), 0, set[str]()
        self._open = lambda: EventFileWriter(self._logdir, max_queue, flush_secs, f"{filename_suffix or ''}.{self._opened}")
        try:
            Path(self._logdir).mkdir(parents=True, exist_ok=True)
            self._events = self._open()
        except (OSError, ValueError) as e:
            raise InvalidArgumentError(f"FileWriter: nothing can be written to {self._logdir[:200]!r}: {e}{here()}") from None
        if graph is not None or graph_def is not None:
            self.add_graph(graph if graph is not None else graph_def)

    def get_logdir(self) -> str:
        """The folder that the events are written to."""
        return self._logdir

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Write what running a summary gave (bytes, or a Summary message), as of that step."""
        Summary, DecodeError = whole("tensorboardX.summary").Summary, whole("google.protobuf.message").DecodeError
        if isinstance(summary, np.ndarray):
            summary = summary.item()
        if isinstance(summary, bytes):
            try:
                summary = Summary.FromString(summary)
            except DecodeError:
                pass
        if not isinstance(summary, Summary):
            raise InvalidArgumentError(f"add_summary: {summary!r:.60} is no summary; run it first{here()}")
        self._add(global_step, summary=summary)

    def add_graph(self, graph: Graph | None, global_step: Any = None, graph_def: Graph | None = None) -> None:
        """Write the graph: names, operators, inputs, dtypes and shapes, as TensorBoard's graph page shows them."""
        self._add(global_step, graph_def=graph_message(graph if graph is not None else graph_def).SerializeToString())

    def add_run_metadata(self, run_metadata: RunMetadata, tag: str, global_step: Any = None) -> None:
        """Write the times of a traced run's steps, which TensorBoard's graph page shows under that tag.

        InvalidArgumentError: no RunMetadata, or one of that tag is written already.
        """
        if not isinstance(run_metadata, RunMetadata):
            raise InvalidArgumentError(f"add_run_metadata: {run_metadata!r:.60} is no RunMetadata{here()}")
        if tag in self._tags:
            raise InvalidArgumentError(f"add_run_metadata: the tag {tag!r:.60} is taken{here()}")
        self._tags.add(tag)
        Tagged = whole("tensorboardX.proto.event_pb2").TaggedRunMetadata
        self._add(global_step, tagged_run_metadata=Tagged(tag=tag, run_metadata=run_metadata.SerializeToString()))

    def add_event(self, event: Any) -> None:
        """Write an Event message."""
        Event = whole("tensorboardX.proto.event_pb2").Event
        if not isinstance(event, Event):            # the writer's thread would end
            raise InvalidArgumentError(f"add_event: {event!r:.60} is no Event{here()}")
        self._events.add_event(event)

    def _add(self, global_step: Any, **content: Any) -> None:
        Event = whole("tensorboardX.proto.event_pb2").Event
        step = None if global_step is None else int(np.asarray(global_step).item())
        self._events.add_event(Event(wall_time=time.time(), step=step, **content))

    def flush(self) -> None:
        """Write what is kept back to the file."""
        self._events.flush()

    def close(self) -> None:
        """Write what is kept back to the file, and end."""
        self._events.close()

    def reopen(self) -> None:
        """Go on after `close`, in a new file of the same folder."""
        self._opened += 1
        self._events = self._open()

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()


def graph_message(graph: Graph | None) -> Any:
    """A graph as TensorFlow's GraphDef message."""
    AttrValue, GraphDef, NodeDef, TensorShapeProto, DataType, VersionDef = (
        getattr(whole(f"tensorboardX.proto.{module}_pb2"), name) for module, name in _MESSAGES)
    if not isinstance(graph, Graph):
        raise GraphError(f"add_graph: {graph!r:.60} is not a graph{here()}")

    def shape(t: TensorType) -> Any:
        if t.shape is None:
            return TensorShapeProto(unknown_rank=True)
        return TensorShapeProto(dim=[TensorShapeProto.Dim(size=-1 if d is None else d) for d in t.shape])

    def attributes(n: Node) -> dict[str, Any]:
        types = [n.type] if isinstance(n.type, TensorType) else n.type or ()
        made = {"_output_shapes": AttrValue(list=AttrValue.ListValue(shape=[shape(t) for t in types]))}
        if types:
            name = dtype_name(types[0].dtype)
            known = {"float32": "DT_FLOAT", "float64": "DT_DOUBLE"}.get(name, f"DT_{name.upper()}")
            if known in DataType.keys():        # uint64, of what graphc adds to draw random numbers, is not
                made["T"] = AttrValue(type=DataType.Value(known))
        return made
    nodes = []
    for n in graph.nodes:
        inputs = [x.name.removesuffix(":0") for x in n.inputs] + [f"^{c.label}" for c in n.control_inputs]
        nodes.append(NodeDef(name=n.label, op=Operation(n).type, input=inputs, attr=attributes(n)))
    return GraphDef(node=nodes, versions=VersionDef(producer=22))


def __dir__() -> list[str]:
    return [*__all__]
