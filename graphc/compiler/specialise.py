"""From the user's graph to the part one run needs: state as plain values, every type concrete, operators lowered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.graph import Scratch
from ..ir.node import OPERATORS, Node, describe_call, loc_str, reached
from ..ir.operator import constant_node, static_value
from ..ir.types import TensorType, exactly
from ..process.importing import whole


class Specialised(NamedTuple):
    """One run's work: pure nodes with concrete types, and what has effects.

    `fetches[i]` is None where the fetch has no result. `assigns` are (variable, new value): each variable at most once.
    """

    fetches: list[Node | None]
    feeds: dict[Node, Node]                # fed node of the user's graph -> placeholder
    assigns: list[tuple[Node, Node]]
    effects: list[Node]                    # host calls with effects, in order
    pending: list[Node]                    # nodes of the user's graph whose type depends on data: run these first


def needed(fetches: Iterable[Node], fed: Any) -> list[Node]:
    """What a run evaluates, inputs and controls first: networkx's topological order, creation order deciding ties."""
    def uses(node: Node) -> tuple[Node, ...]:
        return () if node in fed else (*node.inputs, *node.control_inputs)
    nx = whole("networkx")  # 0.1 s to import: not before something runs
    graph = nx.DiGraph()
    graph.add_nodes_from(reached(fetches, uses))
    graph.add_edges_from((x, n) for n in list(graph) for x in uses(n))
    return list(nx.lexicographical_topological_sort(graph, key=lambda n: n.index))


def specialise(fetches: Sequence[Node], order: Sequence[Node], feeds: dict[Node, TensorType], values: dict[Node, np.ndarray[Any, Any]],
               variables: dict[Node, TensorType]) -> Specialised:
    """Rebuild what `fetches` need, `order` as `needed` gives it, with concrete types.

    `feeds`: the types fed; `values`: fed values that shapes depend on, taken as constants; `variables`: the types of their
    present values. Raises the operators' own errors when concrete shapes do not fit, InvalidArgumentError where a value does not fit
    the variable that it is assigned to.
    """
    scratch = Scratch()
    held = {v: Node(v.operator, (), {"variable": v}, type, v.label, v.loc, (), scratch) for v, type in variables.items()}
    state = _State(order, held)
    new: dict[Node, Node] = {}
    placeholders: dict[Node, Node] = {}
    effects: list[Node] = []
    pending: list[Node] = []
    waiting: set[Node] = set()
    with scratch.as_default():
        for node in order:
            scratch.place = node
            if node in values:
                new[node] = constant_node(scratch, values[node])
            elif node in feeds:
                new[node] = placeholders[node] = scratch.add(OPERATORS["placeholder"], (), {"type": feeds[node]}, feeds[node])
            elif any(x in waiting for x in (*node.inputs, *node.control_inputs)):
                waiting.add(node)
            elif node.operator.name == "variable":
                new[node] = held[node]
            else:
                built = _rebuild(node, new, state, scratch)
                if built is not None and not _known(built):
                    waiting.add(node)
                    pending.append(node)
                elif built is not None:
                    new[node] = built
                    if built.operator.effect:
                        effects.append(built)
    if pending:
        return Specialised([], placeholders, [], [], pending)
    assigns = [(held[v], value) for v, value in state.assigned.items()]
    return Specialised([new.get(f) if f.type is not None else None for f in fetches], placeholders, assigns, effects, [])


def _known(node: Node) -> bool:
    types = [node.type] if isinstance(node.type, TensorType) else node.type or ()
    return all(t.known for t in types)


def _rebuild(node: Node, new: dict[Node, Node], state: _State, scratch: Scratch) -> Node | None:
    operator = node.operator
    if operator.name == "read":
        return state.read(node, new)
    if operator.family.assigns:
        return state.assign(node, new)
    if operator.family.orders:
        return None
    inputs = tuple(new[x] for x in node.inputs)
    if operator.lower is not None:
        probe = operator.build(scratch, inputs, node.attrs)
        return operator.lower(probe, inputs, [x.type for x in inputs], probe.type, **node.attrs)
    return _known_value(operator.build(scratch, inputs, node.attrs), scratch)


def _known_value(node: Node, scratch: Scratch) -> Node:
    """Sizes are numbers now: what follows from them is a constant, and costs nothing at run time."""
    if not isinstance(node.type, TensorType) or node.type.dtype.kind not in "iu" or not node.operator.pure:
        return node
    value = static_value(node)
    if value is None or np.isnan(value).any():
        return node
    try:
        return constant_node(scratch, exactly(value, node.type.dtype))
    except DTypeError as e:
        raise InvalidArgumentError(f"{describe_call(node.operator.name, node.inputs)}: {e}\n  at {loc_str(node.loc)}", node) from None


def _check_assigned(node: Node, present: TensorType, value: TensorType) -> None:
    """The assignment's own type rule, asked again now that a run knows the shapes: of the variable's present value, and of the new one."""
    declared = node.inputs[0].type
    held = declared if node.operator.resizes and not declared.known else present
    try:
        node.operator.infer([held, value], (), **node.attrs)
    except (ShapeError, DTypeError) as e:
        raise InvalidArgumentError(f"{describe_call(node.operator.name, node.inputs)}: {e}\n  at {loc_str(node.loc)}", node) from None


class _State:
    """Variables as values: each assignment makes a new one, and reads find the one that their control dependencies name."""

    def __init__(self, order: Sequence[Node], held: dict[Node, Node]):
        self.assigned: dict[Node, Node] = {}
        self._held = held
        self._assignments = [n for n in order if n.operator.family.assigns]
        self._before: dict[tuple[Node, ...], set[Node]] = {}

    def assign(self, node: Node, new: dict[Node, Node]) -> Node:
        variable, value = node.inputs[0], new[node.inputs[1]]
        if node.operator.name != "assign":
            current = self.assigned.get(variable, new[variable])                # of a variable that is fed, what is fed
            _check_assigned(node, current.type, value.type)
            value = OPERATORS["add" if node.operator.name == "assign_add" else "subtract"](current, value)
        _check_assigned(node, self.assigned.get(variable, self._held[variable]).type, value.type)
        self.assigned[variable] = value
        return value

    def read(self, node: Node, new: dict[Node, Node]) -> Node:
        variable = node.inputs[0]
        earlier = self._earlier(node.control_inputs) if node.control_inputs and self._assignments else ()
        writes = [a for a in self._assignments if a in earlier and a.inputs[0] is variable]
        return new[writes[-1]] if writes else new[variable]

    def _earlier(self, controls: tuple[Node, ...]) -> set[Node]:
        found = self._before.get(controls)
        if found is None:
            found = self._before[controls] = reached(controls, lambda n: (*n.inputs, *n.control_inputs))
        return found
