"""Operators of what lies outside runs, datasets and queues: what arrives before a run, and what departs after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ..errors import FailedPreconditionError, GraphError, InvalidArgumentError
from ..ir.graph import Graph
from ..ir.node import Node, Operation
from ..ir.operator import Values, declare, items
from ..ir.types import TensorType


class Source(Protocol):
    """What gives values to a run before it begins, from the values of some tensors and from what a session keeps."""

    def bring(self, kept: Any, inputs: Sequence[Any]) -> Sequence[Any]:
        """The values, one for each result; it may wait for them."""


class Sink(Protocol):
    """What takes the values of some tensors when a run is done."""

    def take(self, kept: Any, inputs: Sequence[Any]) -> None:
        """Take the values; it may wait for room."""


class Saveable:
    """What a saver keeps beside variables: the state of a resource in each session, as bytes under a name."""

    name: str
    graph: Any

    def saved_state(self, kept: Any) -> Any:
        """The state, uint8[n]."""
        raise NotImplementedError

    def take_state(self, kept: Any, state: Any) -> None:
        """Go on from a state. DataLossError: it is none of this."""
        raise NotImplementedError


class Absent:
    """What a graph that was read has in the place of a dataset, a queue or a function, which are the program's that wrote it."""

    def bring(self, kept: Any, inputs: Sequence[Any]) -> Sequence[Any]:
        """FailedPreconditionError."""
        raise FailedPreconditionError("it has no dataset and no queue in a graph that was read from a file: feed it")

    def take(self, kept: Any, inputs: Sequence[Any]) -> None:
        """FailedPreconditionError."""
        raise FailedPreconditionError("it has no dataset and no queue in a graph that was read from a file")

    def __call__(self, *arrays: Any) -> Any:
        """FailedPreconditionError."""
        raise FailedPreconditionError("it has no Python function in a graph that was read from a file: feed it")


def _type(types: Sequence[TensorType], values: Values, outside: Any, out: Any) -> Any:
    return out


def _source(types: Sequence[TensorType], outside: Any, out: Any) -> dict[str, Any]:
    if not callable(getattr(outside, "bring", None)):
        raise GraphError(f"{outside!r:.60} brings nothing")
    several = isinstance(out, tuple) and not isinstance(out, TensorType)
    if not all(isinstance(t, TensorType) for t in (out if several else (out,))) or (several and not out):
        raise GraphError(f"{out!r:.60} are no types of what is brought")
    return {"outside": outside, "out": out}


def _sink(types: Sequence[TensorType], outside: Any) -> dict[str, Any]:
    if not callable(getattr(outside, "take", None)):
        raise GraphError(f"{outside!r:.60} takes nothing")
    return {"outside": outside}


@declare("arrival", _type, name="arrive", pure=False, text=True, prepare=_source)
def _arrive(*inputs: Any, outside: Any, out: Any) -> Any:
    """What `outside` gives before a run."""
    raise InvalidArgumentError("what datasets and queues give arrives before a run; an initial value cannot be made of it")


@declare("departure", lambda types, values, outside: None, name="depart", pure=False, text=True, prepare=_sink)
def _depart(*inputs: Any, outside: Any) -> Any:
    """What `outside` takes after a run."""
    raise AssertionError("a departure has no reference: it is handed over")


def arrival(graph: Graph, outside: Source, inputs: Sequence[Node], types: Sequence[TensorType], name: str) -> list[Node]:
    """Tensors of some types, whose values `outside` brings before each run that needs one of them: all at once, for one run once."""
    out = types[0] if len(types) == 1 else tuple(types)
    return items(_arrive.build(graph, tuple(inputs), {"outside": outside, "out": out}, name))


def departure(graph: Graph, outside: Sink, inputs: Sequence[Node], name: str) -> Operation:
    """An operation that hands the values of some tensors to `outside` when a run is done."""
    return Operation(_depart.build(graph, tuple(inputs), {"outside": outside}, name))
