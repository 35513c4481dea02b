"""Operators of summaries: values of a run as TensorBoard shows them, each in the bytes of a Summary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph
from ..ir.node import Node, describe, here
from ..ir.operator import Values, declare, to_node
from ..ir.types import TEXT, TensorType
from . import events, summaries
from .event_messages import SummaryDescription, SummaryMetadata

__all__ = ["audio", "get_summary_description", "histogram", "image", "merge", "merge_all", "scalar", "tensor_summary", "text"]

_SERIALIZED = TensorType(TEXT, ())


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


def _sound_attrs(types: Sequence[TensorType], tag: Any = "", most: Any = 3) -> dict[str, Any]:
    if not isinstance(tag, str) or type(most) is not int or most < 1:
        raise GraphError(f"there is no summary of sound of the tag {tag!r:.60} and {most!r:.40} of it")
    return {"tag": tag, "most": most}


@declare("host", lambda types, values, **attrs: _SERIALIZED, name="audio_summary", label="AudioSummary", op_type="AudioSummaryV2", pure=False,
         prepare=_sound_attrs)
def _audio_summary(sound: Any, sample_rate: Any, *, tag: Any = "", most: Any = 3) -> Any:
    """A serialised Summary of the first of several sounds, each a WAV file."""
    return np.array(summaries.audio(sound, float(sample_rate), tag, most), object)


def audio(name: str, tensor: Any, sample_rate: Any, max_outputs: int = 3, collections: Any = None, family: str | None = None) -> Node:
    """A summary of the first `max_outputs` sounds [batch, samples, channels], or [batch, samples], from -1 to 1.

    float32[batch, samples(, channels)], number[] -> string[]. DTypeError, ShapeError: no sounds, or no rate.

    >>> tf.summary.audio("first", tf.zeros([1, 8]), 8000).dtype
    graphc.string
    """
    node = to_node(tensor)
    rate = to_node(sample_rate, None if isinstance(sample_rate, Node) else np.float32)
    if node.type.dtype != np.float32 or rate.type.dtype.kind not in "fi":
        raise DTypeError(f"summary.audio: {describe(node)} is no float32, or {describe(rate)} is no rate{here()}")
    if node.type.rank not in (None, 2, 3) or rate.type.rank not in (None, 0):
        raise ShapeError(f"summary.audio: {describe(node)} is not [batch, samples, channels], or {describe(rate)} no scalar{here()}")
    if not isinstance(max_outputs, (int, np.integer)) or max_outputs < 1:
        raise DTypeError(f"summary.audio: max_outputs is {max_outputs!r:.60}, not a number of sounds{here()}")
    made = _audio_summary.build(node.graph, (node, rate), {"tag": "", "most": int(max_outputs)}, _clean(name))
    return _filed(made, collections, family)


@declare("host", lambda types, values, **attrs: _SERIALIZED, name="tensor_summary", label="TensorSummary", op_type="TensorSummaryV2", pure=False,
         text=True)
def _tensor_summary(tensor: Any, *, tag: Any = "", metadata: Any = b"") -> Any:
    """A serialised Summary of a tensor as it is."""
    return np.array(summaries.tensor(np.asarray(tensor), tag, metadata), object)


def tensor_summary(name: str, tensor: Any, summary_description: Any = None, collections: Any = None, summary_metadata: Any = None,
                   family: str | None = None, display_name: str | None = None) -> Node:
    """A summary of a tensor as it is; what is said of it stands in a `SummaryMetadata`, or in `display_name` and `summary_description`.

    any[...] -> string[]. DTypeError: no tensor, or no SummaryMetadata.

    >>> tf.summary.tensor_summary("weights", tf.constant([1.0, 2.0])).dtype
    graphc.string
    """
    said = SummaryMetadata()
    if summary_metadata is not None:
        said.CopyFrom(summary_metadata)
    if display_name is not None:
        said.display_name = display_name
    if summary_description is not None:
        said.summary_description = summary_description
    node = to_node(tensor)
    made = _tensor_summary.build(node.graph, (node,), {"tag": "", "metadata": said.SerializeToString()}, _clean(name))
    return _filed(made, collections, family)


def get_summary_description(node_def: Any) -> SummaryDescription:
    """What a node of a graph's definition says of its summary: nothing, but of a `TensorSummary`. GraphError: it is no such node."""
    if getattr(node_def, "op", None) not in ("TensorSummary", "TensorSummaryV2"):
        raise GraphError(f"get_summary_description takes the definition of a TensorSummary, not {node_def!r:.60}{here()}")
    return SummaryDescription()


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
