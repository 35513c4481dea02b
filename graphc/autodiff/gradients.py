"""Differentiation of graphs in reverse and forward mode: derivatives as ordinary graph, built from the operators' own gradient rules.

The gradient g of a complex z is here the number by which a change dz counts as Re(g dz): then rules are written for complex numbers as for real
ones, and forward mode is their transpose. TensorFlow's gradient is its conjugate, the direction of steepest ascent: `gradients` and `vjp` take
and give that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from ..errors import DTypeError, GradientError, GraphError, ShapeError
from ..ir.graph import Graph, Scratch, get_default_graph
from ..ir.node import OPERATORS, Node, Operation, caller, describe, here, in_order, loc_str, reached
from ..ir.operator import items, to_node
from ..ir.registered import MISSING, REGISTERED, no_gradient
from ..ir.types import TensorType, compatible, differentiable
from ..ops.array import broadcast_to, identity, ones_like, shape, unbroadcast, zeros_like
from ..ops.contract import held
from ..ops.math import cast
from ..ops.math_sums import total
from .registered import conjugates, registered_gradient


def gradients(ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", colocate_gradients_with_ops: bool = False,
              gate_gradients: bool = False, aggregation_method: Any = None, stop_gradients: Any = None,
              unconnected_gradients: str = "none") -> list[Node | None]:
    """Derivatives of the sum of all elements of `ys` (each weighted by its `grad_ys`) with respect to each of `xs`.

    Of complex numbers, as TensorFlow has it: the real part of the sum of y conj(grad_y) is what is differentiated, by real and imaginary parts,
    dRe(x) + i dIm(x); a complex y needs its grad_y. Nodes in `stop_gradients` count as constants. A gradient is None where no path leads from the
    x to a y (zeros with unconnected_gradients="zero"). GradientError: an operator on the way has no gradient.

    >>> x = tf.constant(3.0)
    >>> tf.Session(jit=False).run(tf.gradients(x * x, x))
    [np.float32(6.0)]
    """
    check_given("gradients", xs)
    targets, sources = listed(ys), listed(xs)
    check_targets("gradients", targets)
    check_sources("gradients", sources, targets[0])
    check_unconnected("gradients", unconnected_gradients, ("none", "zero"))
    graph = targets[0].graph
    with graph.as_default(), graph.control_dependencies(None), graph.name_scope(name):
        seeds = _seeds(targets, grad_ys)
        found = conjugates(reverse(targets, conjugates(seeds), sources, frozenset(listed(stop_gradients))))
        if unconnected_gradients == "zero":
            return [zeros_like(x) if g is None else g for x, g in zip(sources, found, strict=True)]
        return found


# ---------------------------------------------------------------------- what the caller wrote

def listed(nodes: Any) -> list[Any]:
    """The nodes that a tensor, an operation, or a list of them stands for."""
    if nodes is None:
        return []
    many = nodes if isinstance(nodes, (list, tuple)) else [nodes]
    return [n.node if isinstance(n, Operation) else n if isinstance(n, Node) else to_node(n) for n in many]


def check_given(what: str, xs: Any) -> None:
    """GraphError unless tensors are given to differentiate by: what is made of a number or a text here is part of nothing."""
    for x in xs if isinstance(xs, (list, tuple)) else [xs]:
        if not isinstance(x, (Node, Operation)):
            raise GraphError(f"{what}: {x!r:.80} is not a tensor to differentiate by{here()}")


def check_targets(what: str, targets: Sequence[Node]) -> None:
    """DTypeError unless all targets are floating or complex; GraphError if there are none, or of several graphs."""
    if not targets:
        raise GraphError(f"{what}: there is nothing to differentiate{here()}")
    for y in targets:
        if not isinstance(y.type, TensorType) or not differentiable(y.type.dtype):
            raise DTypeError(f"{what}: {describe(y)} is not of a floating dtype{here()}")
        if y.graph is not targets[0].graph:
            raise GraphError(f"{what}: {describe(y)} is of another graph than {describe(targets[0])}{here()}")


def check_sources(what: str, sources: Sequence[Node], target: Node) -> None:
    """GraphError unless all sources are tensors of the target's graph."""
    for x in sources:
        if x.graph is not target.graph or not isinstance(x.type, TensorType):
            raise GraphError(f"{what}: {x!r:.80} is not a tensor of the graph of {describe(target)}{here()}")


def check_unconnected(what: str, given: Any, known: Sequence[str]) -> None:
    """GraphError unless what is asked for where there is no path is known."""
    if given not in known:
        raise GraphError(f"{what}: unconnected_gradients is one of {', '.join(known)}, not {given!r:.40}{here()}")


def _seeds(targets: Sequence[Node], grad_ys: Any) -> list[Node]:
    given = list(grad_ys) if isinstance(grad_ys, (list, tuple)) else [grad_ys] * len(targets)
    if len(given) != len(targets):
        raise GraphError(f"gradients: {len(targets)} ys but {len(given)} grad_ys{here()}")
    seeds = []
    for y, g in zip(targets, given, strict=True):
        if g is None and y.type.dtype.kind == "c":
            raise DTypeError(f"gradients: {describe(y)} is complex: grad_ys says what its parts count{here()}")
        seed = ones_like(y) if g is None else to_node(g, None if isinstance(g, Node) else y.dtype)
        if not compatible(y.type.shape, seed.type.shape):
            raise ShapeError(f"gradients: grad_ys {describe(seed)} does not fit {describe(y)}{here()}")
        seeds.append(seed if g is None else held("gradients", "same", seed, y))
    return seeds


# ---------------------------------------------------------------------- the nodes that matter

def between(targets: Iterable[Node], sources: Iterable[Node], stop: frozenset[Node] = frozenset()) -> list[Node]:
    """The nodes on a path that derivatives take from a source to a target, users before inputs."""
    wanted, on_path = set(sources), set()
    oldest = min((x.index for x in wanted), default=0)      # what is older than all sources depends on none

    def uses(node: Node) -> list[Node]:
        return [] if node in stop else [x for x in node.inputs if x.index >= oldest]

    order = in_order(reached([y for y in targets if y.index >= oldest], uses))
    for node in order:
        if node in wanted or (node not in stop and _floating(node) and not _stops(node) and any(x in on_path for x in node.inputs)):
            on_path.add(node)
    return [n for n in reversed(order) if n in on_path]


def _stops(node: Node) -> bool:
    """Whether no derivative passes the node: as its operator has it, or as a program registered for it."""
    if node.gradient is not None:
        return REGISTERED.get(node.gradient, no_gradient) is None
    return node.operator.grad is no_gradient


def _floating(node: Node) -> bool:
    return not isinstance(node.type, TensorType) or differentiable(node.type.dtype)


def _differentiable(node: Node) -> bool:
    """Whether derivatives pass through the node; GradientError if they are due and there is no rule."""
    if not _floating(node):
        return False
    if node.operator.grad is not None or node.gradient is not None:
        return True
    raise GradientError(f"{node.operator.name} has no gradient: {describe(node)} lies on the path that is differentiated"
                        f"\n  at {loc_str(node.loc or caller())}")


def _total(node: Node, contributions: list[Any]) -> Any:
    """The sum of what reached a node over several paths; for several results a list, None where nothing came."""
    if isinstance(node.type, TensorType):
        return contributions[0] if len(contributions) == 1 else total(contributions)
    by_index: dict[int, list[Node]] = {}
    for index, g in contributions:
        by_index.setdefault(index, []).append(g)
    return [total(by_index[i]) if len(by_index.get(i, ())) > 1 else by_index[i][0] if i in by_index else None
            for i in range(len(node.type))]


def _shape(g: Node, x: Node) -> None:
    """Have a gradient know of its shape what is known of what it belongs to: a rule may have asked a run for it."""
    if not g.type.known and g.type.shape != x.type.shape and compatible(g.type.shape, x.type.shape):
        g.set_shape(x.type.shape)


# ---------------------------------------------------------------------- reverse mode

def reverse(targets: Sequence[Node], seeds: Sequence[Node], sources: Sequence[Node],
            stop: frozenset[Node] = frozenset()) -> list[Node | None]:
    """The gradients of sum(seed * target) by each source, built in the default graph; None where no path leads to it."""
    order = between(targets, sources, stop)
    live = set(order)
    graph = get_default_graph()
    first = len(graph.nodes)
    recorded = graph.__class__ is Graph          # a Scratch is thrown away: nobody asks it which gradient belongs to what
    parts: dict[Node, list[Any]] = {}
    for y, seed in zip(targets, seeds, strict=True):
        parts.setdefault(y, []).append(seed)
    wanted = set(sources)
    found: dict[Node, Node] = {}
    for node in order:
        contributions = parts.pop(node, None)
        if contributions is None:
            continue
        g = _total(node, contributions)
        if isinstance(g, Node) and g.index >= first:
            _shape(g, node)
        if recorded and isinstance(g, Node):
            graph.gradients_of.setdefault(node, []).append(g)
        if node in wanted:
            found[node] = g
        if node in stop or not any(x in live for x in node.inputs):
            continue
        if recorded:
            graph.backward.append((graph.nodes[-1].index, node))
        elif isinstance(graph, Scratch) and graph.place is not None:        # of a body: named and placed as what it is the gradient of
            graph.place = node
        with graph.name_scope(f"{node.label}_grad") if recorded and node.operator.name != "item" else nullcontext():
            for x, gx in _pull_back(node, g, live):
                parts.setdefault(x, []).append(gx)
    if recorded:
        graph.backward.append((graph.nodes[-1].index, None))
    return [found.get(x) for x in sources]


OPERATORS["gradients"] = reverse


def _pull_back(node: Node, g: Any, live: set[Node]) -> Iterable[tuple[Node, Any]]:
    """The node's contributions to the gradients of those inputs that are on the path."""
    operator = node.operator
    if operator.name == "item":
        return [(node.inputs[0], (node.attrs["index"], g))]
    if not _differentiable(node):
        return []
    y: Any = node
    if not isinstance(node.type, TensorType):
        y = items(node, get_default_graph())
        if operator.drive is None:
            g = [zeros_like(y[i]) if gi is None and differentiable(y[i].type.dtype) else gi for i, gi in enumerate(g)]
    rule = operator.grad(g, y, *node.inputs, **node.attrs) if node.gradient is None else registered_gradient(node, g, y)
    if len(rule) != len(node.inputs):
        raise GradientError(f"the gradient rule of {operator.name} gives {len(rule)} results for {len(node.inputs)} inputs\n  at {loc_str(node.loc)}")
    return [(x, _fit(_there(gx, x, node), x, operator.family.broadcasts)) for x, gx in zip(node.inputs, rule, strict=True)
            if gx is not None and x in live and differentiable(x.type.dtype)]


def _there(g: Any, x: Node, node: Node) -> Node:
    """A gradient that is asked for; GradientError for one that no operator computes."""
    if g is MISSING:
        raise GradientError(f"{node.operator.name} has no derivative by {describe(x)}: {describe(node)} lies on the path that is differentiated"
                            f"\n  at {loc_str(node.loc or caller())}")
    return g


def _fit(g: Node, x: Node, broadcasts: bool) -> Node:
    """A gradient in the shape and dtype of what it belongs to: the one place where broadcasting and promotion are undone."""
    if broadcasts and not (g.type.known and g.type.shape == x.type.shape):
        g = unbroadcast(g, x)
    return g if g.type.dtype == x.type.dtype else cast(g, x.type.dtype)


# ---------------------------------------------------------------------- forward mode

def forward(targets: Sequence[Node], sources: Sequence[Node], tangents: Sequence[Node]) -> list[Node | None]:
    """How each target moves when the sources move along their tangents, built in the default graph; None where it does not.

    One sweep from the inputs to the users, with the same rules as `reverse`. A source that depends on another one moves with that too.
    """
    moved: dict[Node, Any] = {}
    seeds: dict[Node, list[Any]] = {}
    for x, t in zip(sources, tangents, strict=True):
        seeds.setdefault(x, []).append(t)
    for node in reversed(between(targets, sources)):
        parts = seeds.get(node, [])
        along = [moved.get(x) for x in node.inputs]
        if any(t is not None for t in along):
            parts = [*parts, *_push_forward(node, along)]
        if parts:
            moved[node] = parts[0] if len(parts) == 1 else total(parts)
    return [moved.get(y) for y in targets]


def _push_forward(node: Node, along: Sequence[Any]) -> list[Any]:
    """What the tangents of its inputs add to the node's own: nothing, one tensor, or one list for several results."""
    if node.operator.name == "item":
        t = along[0][node.attrs["index"]]
        return [] if t is None else [t]
    if not _differentiable(node):
        return []
    if node.operator.tangent is not None and node.gradient is None:
        moved = node.operator.tangent(node, along)
        return [moved] if any(t is not None for t in (moved if isinstance(moved, list) else [moved])) else []
    if node.gradient is None and node.operator.family.broadcasts and not any(x.type.dtype.kind == "c" for x in (node, *node.inputs)):
        return _push_elementwise(node, along)
    return _push_transposed(node, along)


def _push_elementwise(node: Node, along: Sequence[Node | None]) -> list[Node]:
    """A diagonal Jacobian of real numbers is its own transpose: the gradient rule, applied to a tangent, gives a tangent."""
    parts = []
    for i, t in enumerate(along):
        if t is None:
            continue
        part = node.operator.grad(_cast(t, node), node, *node.inputs, **node.attrs)[i]
        if part is not None:
            part = _there(part, node.inputs[i], node)
            known = part.type.known and part.type.shape == node.type.shape
            parts.append(_cast(part if known else broadcast_to(part, shape(node)), node))
    return [total(parts)] if len(parts) > 1 else parts


def _cast(t: Node, like: Node) -> Node:
    return t if t.type.dtype == like.type.dtype else cast(t, like.type.dtype)


def _push_transposed(node: Node, along: Sequence[Node | None]) -> list[Any]:
    """A gradient rule is linear in its upstream gradient u: the transpose of that map, u -> J^T u, is t -> J t.

    u stands for a gradient by its type alone: what is left after differentiating by it does not contain it.
    """
    many = not isinstance(node.type, TensorType)
    y: Any = items(node, get_default_graph()) if many else node
    us = [identity(yi) if differentiable(yi.type.dtype) else None for yi in (y if many else [y])]
    g: Any = us if many else us[0]
    rule = node.operator.grad(g, y, *node.inputs, **node.attrs) if node.gradient is None else registered_gradient(node, g, y)
    broadcasts = node.operator.family.broadcasts
    pairs = [(_fit(_there(gx, x, node), x, broadcasts), t) for x, gx, t in zip(node.inputs, rule, along, strict=True)
             if gx is not None and t is not None]
    if not pairs:
        return []
    upstream = [u for u in us if u is not None]
    found = iter(reverse([gx for gx, _ in pairs], [t for _, t in pairs], upstream))
    moved = [None if u is None else next(found) for u in us]
    if all(t is None for t in moved):
        return []
    return [moved] if many else moved
