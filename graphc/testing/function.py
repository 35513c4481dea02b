"""What `check_grads` differentiates: a function of arrays whose graph can be built again, in double or in single precision."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, GraphError
from ..ir.graph import Graph, get_default_graph, get_default_session
from ..ir.node import Node, describe, here, topological
from ..ir.operator import constant_node, to_node
from ..ir.types import Array, DType, TensorType
from ..ops.sources import placeholder
from ..ops.state import READS
from ..runtime.session import Session


class Function(NamedTuple):
    """A function of tensors, its arguments' values, and which of them it is differentiated by."""

    name: str
    make: Callable[[Sequence[Node], np.dtype[Any]], list[Node]]    # from tensors whose floating ones have the dtype
    at: list[Array]
    labels: list[str]
    wanted: list[int]
    written: Callable[[], tuple[list[Node], dict[Node, Array]]]    # the nodes as the user wrote them, and what to feed
    open: bool = False                                             # whether the tensors' sizes are unknown until it runs

    def arguments(self, dtype: Any) -> list[Array]:
        return [x.astype(dtype, order="K", copy=False) if x.dtype.kind == "f" else x for x in self.at]

    def build(self, dtype: Any) -> tuple[list[Node], list[Node]]:
        """The arguments and the results, in the default graph. GraphError: a result that is not the same at every run."""
        args = [placeholder(x.dtype, (None,) * x.ndim if self.open else x.shape) for x in self.arguments(dtype)]
        ys = self.make(args, np.dtype(dtype))
        for n in topological(ys):
            if not n.operator.family.repeatable:
                raise GraphError(f"check_grads: {describe(n)} = {n.operator.name}(...) is not the same at every run{here()}")
        return args, ys


def function(f: Any, args: Any, feed_dict: Mapping[Any, Any] | None, session: Any) -> Function:
    """The function that a Python function, or tensors of a graph, stand for."""
    if callable(f) and not isinstance(f, Node):
        return _of_python(f, list(args) if isinstance(args, (list, tuple)) else [args])
    ys = [to_node(y) for y in (f if isinstance(f, (list, tuple)) else [f])]
    if not ys:
        raise GraphError(f"check_grads: there are no tensors to differentiate{here()}")
    return _of_tensors(ys, list(args) if isinstance(args, (list, tuple)) else [args], feed_dict or {}, session)


# ---------------------------------------------------------------------- Python functions of tensors

def _of_python(f: Callable[..., Any], args: Sequence[Any]) -> Function:
    at = [np.asarray(a) for a in args]
    for i, x in enumerate(at):
        if x.dtype.kind not in "fiub":
            raise DTypeError(f"check_grads: argument {i} is {x.dtype}, not an array of numbers{here()}")
    wanted = [i for i, x in enumerate(at) if x.dtype.kind == "f"]
    if not wanted:
        raise DTypeError(f"check_grads: no argument is floating: {', '.join(str(x.dtype) for x in at)}{here()}")
    name = getattr(f, "__name__", type(f).__name__)

    def make(nodes: Sequence[Node], dtype: np.dtype[Any]) -> list[Node]:
        result = f(*nodes)
        ys = list(result) if isinstance(result, (list, tuple)) else [result]
        for y in ys:
            if not isinstance(y, Node):
                raise GraphError(f"check_grads: {name} gives {y!r:.80}, not a tensor{here()}")
        return ys

    def written() -> tuple[list[Node], dict[Node, Array]]:
        nodes = [placeholder(np.float64 if x.dtype.kind == "f" else x.dtype, x.shape) for x in at]
        return make(nodes, np.dtype(np.float64)), dict(zip(nodes, at, strict=True))
    labels = _labels(f, len(at))
    called = ", ".join(f"{label}: {TensorType(x.dtype, x.shape)}" for label, x in zip(labels, at, strict=True))
    return Function(f"{name}({called})", make, at, labels, wanted, written)


def _labels(f: Callable[..., Any], count: int) -> list[str]:
    try:
        names = [p.name for p in inspect.signature(f).parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        names = []
    return [*names[:count], *(f"argument {i}" for i in range(len(names), count))]


# ---------------------------------------------------------------------- tensors of a graph

def _of_tensors(ys: Sequence[Node], xs: Sequence[Any], feed_dict: Mapping[Any, Any], session: Any) -> Function:
    graph = ys[0].graph
    sources = [graph.as_node(x) for x in xs]
    for x in sources:
        if not isinstance(x.type, TensorType) or x.type.dtype.kind != "f":
            raise DTypeError(f"check_grads: {describe(x)} is not a tensor of a floating dtype{here()}")
    values = _values(ys, sources, {graph.as_node(k): v for k, v in feed_dict.items()}, session or get_default_session() or Session(graph=graph))
    nodes = list(values)

    def make(tensors: Sequence[Node], dtype: np.dtype[Any]) -> list[Node]:
        return _replayed(ys, dict(zip(nodes, tensors, strict=True)), dtype)
    return Function(", ".join(describe(y) for y in ys), make, list(values.values()), [n.label for n in nodes], list(range(len(sources))),
                    lambda: (list(ys), dict(values)))


def _values(ys: Sequence[Node], xs: Sequence[Node], fed: Mapping[Node, Any], session: Any) -> dict[Node, Array]:
    """What the results depend on, and its values: the xs first, then what else is fed or a variable."""
    free = [n for n in topological(ys, stop={*xs, *fed}.__contains__) if n in fed or n.operator.name in ("variable", "placeholder")]
    nodes = list(dict.fromkeys([*xs, *free]))
    return {n: np.array(a) for n, a in zip(nodes, session.run(nodes, fed), strict=True)}


def _replayed(ys: Sequence[Node], given: Mapping[Node, Node], dtype: np.dtype[Any]) -> list[Node]:
    """The nodes once more, upon other tensors and with another floating dtype, in the default graph."""
    graph: Graph = get_default_graph()
    new = dict(given)
    for n in topological(ys, stop=lambda n: n in given):
        if n in new:
            continue
        if n.operator.name == "constant":
            value = n.attrs["value"]
            new[n] = constant_node(graph, value.astype(dtype) if value.dtype.kind == "f" else value)
        elif n.operator.name in READS:
            new[n] = new[n.inputs[0]]
        else:
            new[n] = n.operator.build(graph, tuple([new[x] for x in n.inputs]), {k: _in(dtype, v) for k, v in n.attrs.items()})
    return [new[y] for y in ys]


def _in(dtype: np.dtype[Any], value: Any) -> Any:
    """An attribute, a floating dtype replaced."""
    if isinstance(value, DType):
        value = value.dtype
    return dtype if isinstance(value, np.dtype) and value.kind == "f" else value
