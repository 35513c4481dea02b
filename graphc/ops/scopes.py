"""Name scopes of functions that are several nodes here: TensorFlow's names for them, and the operation of its that the last node stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from sys import maxsize
from typing import Any, TypeVar, cast

from ..errors import InternalError
from ..ir.graph import Graph, Scratch, get_default_graph
from ..ir.node import Node
from ..ir.standing import Standing

__all__ = ["composed", "scope", "stand"]

Function = TypeVar("Function", bound=Callable[..., Any])


@contextmanager
def scope(name: str | None, default: str, x: Node, last: str = "", op: str = "", inputs: Sequence[Node] | None = None,
          **attrs: Any) -> Iterator[str]:
    """A name scope for a function of several nodes, in the graph of its operand `x`; yields the name, to be taken literally, of the last of them.

    That is the scope's own name, or `last` within the scope, as TensorFlow has it ("Reshape_2"). Where TensorFlow has one operation there,
    of the type `op`, the last node stands for it, with the `inputs` (default: `x`) and attributes that it has there.
    """
    graph = _graph(x)
    with _scoped(graph, name or default, last) as full:
        yield full
    made = graph.node_named(full[:-1])
    if op and made is not None:
        stand(op, [made], (x,) if inputs is None else inputs, **attrs)


def composed(default: str, last: str = "", op: str = "") -> Callable[[Function], Function]:
    """The decorated function of several nodes in a name scope, as `scope` says: its argument `name` names the last node.

    What it stands for has those arguments as inputs that are tensors.
    """
    def decorate(function: Function) -> Function:
        parameters = signature(function).parameters
        if "name" not in parameters:
            raise InternalError(f"{function.__name__} takes no name")
        order = [name for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
        at = order.index("name") if "name" in order else maxsize

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            tensors = _tensors([*args, *kwargs.values()])
            graph = _graph(tensors[0] if tensors else None)
            if graph.__class__ is Scratch:
                return function(*args, **kwargs)        # whose names nobody sees
            if len(args) > at:
                args, kwargs = args[:at], {**dict(zip(order[at:], args[at:], strict=False)), **kwargs}
            with _scoped(graph, kwargs.pop("name", None) or default, last) as full:
                made = function(*args, **kwargs, name=full)
            if op and isinstance(made, Node) and made.label == full[:-1]:
                stand(op, [made], tensors)
            return made
        return cast(Function, call)
    return decorate


def stand(op: str, nodes: Sequence[Node], inputs: Sequence[Node], **attrs: Any) -> None:
    """Let nodes stand for the results, in order, of one operation of TensorFlow's; the first has its name."""
    standing = Standing(op, tuple(nodes), tuple(inputs), attrs)
    for node in nodes:
        node.standing = standing


def _graph(x: Node | None) -> Graph:
    graph = get_default_graph()
    return x.graph if x is not None and graph.__class__ is Graph else graph


def _tensors(values: Sequence[Any]) -> list[Node]:
    """The tensors among arguments, and in lists of them."""
    return [t for v in values for t in (v if isinstance(v, (list, tuple)) else (v,)) if isinstance(t, Node)]


@contextmanager
def _scoped(graph: Graph, name: str, last: str) -> Iterator[str]:
    with graph.name_scope(name) as within:
        yield graph.unique_name(last) + "/" if last else within         # taken, so that no other node within has it
