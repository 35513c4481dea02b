"""`tf.contrib.slim.summaries`: summaries of tensors under their own names, one by one or of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import summary
from ...ir.arguments import hold as _hold
from ...ir.collecting import GraphKeys
from ...ir.graph import get_default_graph
from ...ir.node import Node
from ...nn import zero_fraction
from ...ops.debug import Print
from ...tf1_names import namespace as _namespace

__all__ = ["add_histogram_summaries", "add_histogram_summary", "add_image_summaries", "add_image_summary", "add_scalar_summaries",
           "add_scalar_summary", "add_zero_fraction_summaries", "add_zero_fraction_summary"]


def _named(tensor: Any, name: str | None, prefix: str | None) -> str:
    found = name or tensor.op.name
    return f"{prefix}/{found}" if prefix else found


def _kept(made: Node, shown: Any, name: str, print_summary: bool) -> Node:
    """The summary; where it is to be printed, in a run of its collection."""
    if print_summary:
        get_default_graph().add_to_collection(GraphKeys.SUMMARIES, Print(made, [shown], name))
    return made


def add_histogram_summary(tensor: Any, name: str | None = None, prefix: str | None = None) -> Node:
    """A histogram under the tensor's name, or another. DTypeError: no numbers."""
    return summary.histogram(_named(tensor, name, prefix), tensor)


def add_image_summary(tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False) -> Node:
    """Pictures under the tensor's name, or another; printed too, if asked for. ShapeError: no pictures. DTypeError: no numbers."""
    called = _named(tensor, name, prefix)
    return _kept(summary.image(called, tensor), tensor, called, print_summary)


def add_scalar_summary(tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False) -> Node:
    """A number under the tensor's name, or another; printed too, if asked for. ShapeError: no scalar. DTypeError: no number.

    >>> loss = tf.constant(0.5, name="loss")
    >>> tf.contrib.slim.summaries.add_scalar_summary(loss, prefix="eval").op.name
    'eval/loss'
    """
    called = _named(tensor, name, prefix)
    return _kept(summary.scalar(called, tensor), tensor, called, print_summary)


def add_zero_fraction_summary(tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False) -> Node:
    """The part of a tensor's elements that are zero, as a number. DTypeError: no numbers."""
    called = _named(tensor, name, prefix)
    part = zero_fraction(tensor)
    return _kept(summary.scalar(called, part), part, called, print_summary)


def add_histogram_summaries(tensors: Sequence[Any], prefix: str | None = None) -> list[Node]:
    """A histogram of each. DTypeError: no numbers."""
    return [add_histogram_summary(tensor, prefix=prefix) for tensor in tensors]


def add_image_summaries(tensors: Sequence[Any], prefix: str | None = None) -> list[Node]:
    """Pictures of each. ShapeError: no pictures. DTypeError: no numbers."""
    return [add_image_summary(tensor, prefix=prefix) for tensor in tensors]


def add_scalar_summaries(tensors: Sequence[Any], prefix: str | None = None, print_summary: bool = False) -> list[Node]:
    """A number of each; printed too, if asked for. ShapeError: no scalar. DTypeError: no number."""
    return [add_scalar_summary(tensor, prefix=prefix, print_summary=print_summary) for tensor in tensors]


def add_zero_fraction_summaries(tensors: Sequence[Any], prefix: str | None = None) -> list[Node]:
    """The part of each tensor's elements that are zero. DTypeError: no numbers."""
    return [add_zero_fraction_summary(tensor, prefix=prefix) for tensor in tensors]


_hold(globals(), __all__)

_namespace(globals())
