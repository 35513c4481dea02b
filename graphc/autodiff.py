"""Reverse-mode differentiation: gradients as ordinary graph, built from the operators' own rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .errors import DTypeError, GradientError, GraphError, ShapeError
from .graph import OPERATORS, Node, Operation, caller, describe, loc_str
from .op import to_node
from .ops.array import ones_like, unbroadcast, zeros_like
from .ops.math import add_n, cast
from .types import TensorType, compatible


def gradients(ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", colocate_gradients_with_ops: bool = False,
              gate_gradients: bool = False, aggregation_method: Any = None, stop_gradients: Any = None,
              unconnected_gradients: str = "none") -> list[Node | None]:
    """Derivatives of the sum of all elements of `ys` (each weighted by its `grad_ys`) with respect to each of `xs`.

    Nodes in `stop_gradients` count as constants. A gradient is None where no path leads from the x to a y
    (zeros with unconnected_gradients="zero"). GradientError: an operator on the way has no gradient.
    """
    targets, sources = _listed(ys), _listed(xs)
    for y in targets:
        if y.type.dtype.kind != "f":
            raise DTypeError(f"gradients: {describe(y)} is not of a floating dtype\n  at {loc_str(caller())}")
    for x in sources:
        if not isinstance(x, Node) or x.graph is not targets[0].graph:
            raise GraphError(f"gradients: {x!r:.80} is not a tensor of the graph of {describe(targets[0])}\n  at {loc_str(caller())}")
    graph = targets[0].graph
    with graph.as_default(), graph.control_dependencies(None), graph.name_scope(name):
        seeds = _seeds(targets, grad_ys)
        found = _sweep(targets, seeds, sources, frozenset(_listed(stop_gradients)))
        if unconnected_gradients == "zero":
            return [zeros_like(x) if g is None else g for x, g in zip(sources, found, strict=True)]
        return found


def _listed(nodes: Any) -> list[Any]:
    if nodes is None:
        return []
    many = nodes if isinstance(nodes, (list, tuple)) else [nodes]
    return [n.node if isinstance(n, Operation) else n if isinstance(n, Node) else to_node(n) for n in many]


def _seeds(targets: Sequence[Node], grad_ys: Any) -> list[Node]:
    given = list(grad_ys) if isinstance(grad_ys, (list, tuple)) else [grad_ys] * len(targets)
    if len(given) != len(targets):
        raise GraphError(f"gradients: {len(targets)} ys but {len(given)} grad_ys\n  at {loc_str(caller())}")
    seeds = []
    for y, g in zip(targets, given, strict=True):
        seed = ones_like(y) if g is None else to_node(g, None if isinstance(g, Node) else y.dtype)
        if not compatible(y.type.shape, seed.type.shape):
            raise ShapeError(f"gradients: grad_ys {describe(seed)} does not fit {describe(y)}\n  at {loc_str(caller())}")
        seeds.append(seed)
    return seeds


def _between(targets: Iterable[Node], sources: Iterable[Node], stop: frozenset[Node]) -> list[Node]:
    """The nodes on a path from a source to a target, users before inputs."""
    wanted, reached = set(sources), set()
    stack = list(targets)
    while stack:
        node = stack.pop()
        if node in reached:
            continue
        reached.add(node)
        if node not in stop:
            stack.extend(node.inputs)
    on_path = set()
    order = sorted(reached, key=lambda n: n.index)
    for node in order:
        if node in wanted or (node not in stop and any(x in on_path for x in node.inputs)):
            on_path.add(node)
    return [n for n in reversed(order) if n in on_path]


def _sweep(targets: Sequence[Node], seeds: Sequence[Node], sources: Sequence[Node], stop: frozenset[Node]) -> list[Node | None]:
    order = _between(targets, sources, stop)
    live = set(order)
    parts: dict[Node, list[Any]] = {}
    for y, seed in zip(targets, seeds, strict=True):
        parts.setdefault(y, []).append(seed)
    wanted = {x: None for x in sources}
    found: dict[Node, Node] = {}
    for node in order:
        contributions = parts.pop(node, None)
        if contributions is None:
            continue
        g = _total(node, contributions)
        if isinstance(g, Node):
            node.graph.gradients_of.setdefault(node, []).append(g)
        if node in wanted:
            found[node] = g
        if node in stop or not any(x in live for x in node.inputs):
            continue
        for x, gx in _pull_back(node, g, live):
            parts.setdefault(x, []).append(gx)
    return [found.get(x) for x in sources]


def _total(node: Node, contributions: list[Any]) -> Any:
    """The sum of what reached a node over several paths; for several results a list, None where nothing came."""
    if isinstance(node.type, TensorType):
        return contributions[0] if len(contributions) == 1 else add_n(contributions)
    by_index: dict[int, list[Node]] = {}
    for index, g in contributions:
        by_index.setdefault(index, []).append(g)
    return [add_n(by_index[i]) if len(by_index.get(i, ())) > 1 else by_index[i][0] if i in by_index else None
            for i in range(len(node.type))]


def _pull_back(node: Node, g: Any, live: set[Node]) -> Iterable[tuple[Node, Any]]:
    operator = node.operator
    if operator.name == "item":
        return [(node.inputs[0], (node.attrs["index"], g))]
    if operator.grad is None:
        if isinstance(node.type, TensorType) and node.type.dtype.kind != "f":
            return []
        raise GradientError(f"{operator.name} has no gradient: {describe(node)} lies on the path that is differentiated"
                            f"\n  at {loc_str(node.loc)}")
    y: Any = node
    if not isinstance(node.type, TensorType):
        y = [OPERATORS["item"].build(node.graph, (node,), {"index": i}) for i in range(len(node.type))]
        g = [zeros_like(y[i]) if gi is None and y[i].type.dtype.kind == "f" else gi for i, gi in enumerate(g)]
    rule = operator.grad(g, y, *node.inputs, **node.attrs)
    assert len(rule) == len(node.inputs), f"gradient rule of {operator.name} gave {len(rule)} results"
    return [(x, _fit(gx, x, operator.family == "elementwise")) for x, gx in zip(node.inputs, rule, strict=True)
            if gx is not None and x in live and x.type.dtype.kind == "f"]


def _fit(g: Node, x: Node, broadcasts: bool) -> Node:
    """A gradient in the shape and dtype of what it belongs to: the one place where broadcasting and promotion are undone."""
    if broadcasts and not (g.type.known and g.type.shape == x.type.shape):
        g = unbroadcast(g, x)
    return g if g.type.dtype == x.type.dtype else cast(g, x.type.dtype)
