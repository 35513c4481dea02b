"""Name scopes of functions that are several nodes here: TensorFlow's names for them, and the operation of its that the last node stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from sys import maxsize
from typing import Any, TypeVar, cast

import numpy as np

from ..errors import InternalError
from ..ir.composite import taken
from ..ir.graph import Graph, Scratch, get_default_graph
from ..ir.home import home
from ..ir.node import Node
from ..ir.operator import to_node
from ..ir.standing import Standing
from ..ir.types import DType, TensorShape

__all__ = ["composed", "scope", "stand"]

Function = TypeVar("Function", bound=Callable[..., Any])


@contextmanager
def scope(name: str | None, default: str, x: Node, /, last: str = "", op: str = "", **arguments: Any) -> Iterator[str]:
    """A name scope for a function of several nodes, in the graph of its operand `x`; yields the name, to be taken literally, of the last of them.

    That is the scope's own name, or `last` within the scope, as TensorFlow has it ("Reshape_2"). Where TensorFlow has one operation there,
    of the type `op`, the last node stands for it, with the arguments of that operation, as `files.tf_graph` names them; without them it is
    known that `x` is an input, and no more.
    """
    graph = _graph(x)
    with _scoped(graph, name or default, last) as full:
        yield full
    made = graph.node_named(full[:-1])
    if op and made is not None:
        stand(op, [made], **(arguments or {"": x}))


def composed(default: str, last: str = "", op: str = "") -> Callable[[Function], Function]:
    """The decorated function of several nodes in a name scope, as `scope` says: its argument `name` names the last node.

    The arguments of what it stands for are those of the call.
    """
    def decorate(function: Function) -> Function:
        parameters = signature(function).parameters
        if "name" not in parameters:
            raise InternalError(f"{function.__name__} takes no name")
        order = [name for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
        at = order.index("name") if "name" in order else maxsize

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            other = taken(function.__name__, [*args, *kwargs.values()])
            if other is not None:
                return other(*args, **kwargs)
            graph = _graph(next(_tensors([*args, *kwargs.values()]), None))
            if graph.__class__ is Scratch:
                return function(*args, **kwargs)        # whose names nobody sees
            if len(args) > at:
                args, kwargs = args[:at], {**dict(zip(order[at:], args[at:], strict=False)), **kwargs}
            with _scoped(graph, kwargs.pop("name", None) or default, last) as full:
                made = function(*args, **kwargs, name=full)
            if op and isinstance(made, Node) and made.label == full[:-1]:
                stand(op, [made], **dict(zip(order, args, strict=False)), **kwargs)
            return made
        return cast(Function, call)
    return decorate


_DATA = (bool, int, float, str, bytes, np.generic, DType, np.dtype, Node, type(None))
_LARGEST = 1000                     # elements of an array that is kept twice


def stand(op: str, nodes: Sequence[Node], /, **arguments: Any) -> None:
    """Let nodes stand for the results, in order, of one operation of TensorFlow's; the first has its name. Arguments that are no data go."""
    kept = {k: v for k, v in ((k, _kept(v)) for k, v in arguments.items()) if v is not _NO_DATA}
    standing = Standing(op, tuple(nodes), kept)
    for node in nodes:
        node.standing = standing


_NO_DATA = object()


def _kept(value: Any) -> Any:
    """An argument as it is kept: a variable as what is read of it, a list as a tuple."""
    if isinstance(value, Node):
        return to_node(value)
    if isinstance(value, (list, tuple)):
        parts = tuple(_kept(v) for v in value)
        return _NO_DATA if any(part is _NO_DATA for part in parts) else parts      # equality is not asked of arrays
    if isinstance(value, np.ndarray):
        return value.copy() if value.size <= _LARGEST and not value.dtype.hasobject else _NO_DATA
    if isinstance(value, TensorShape):
        return _NO_DATA if value.rank is None else tuple(value.as_list())
    return value if isinstance(value, _DATA) else _NO_DATA


def _graph(x: Node | None) -> Graph:
    return get_default_graph() if x is None else home(x)


def _tensors(values: Iterable[Any]) -> Iterator[Node]:
    """The tensors among arguments, and in lists of them."""
    return (t for v in values for t in (v if isinstance(v, (list, tuple)) else (v,)) if isinstance(t, Node))


@contextmanager
def _scoped(graph: Graph, name: str, last: str) -> Iterator[str]:
    with graph.name_scope(name) as within:
        yield graph.unique_name(last) + "/" if last else within         # taken, so that no other node within has it
