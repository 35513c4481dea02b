"""Bodies cut out of a graph: what a program's functions build for a loop or a branch, with parameters for what comes from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import GraphError
from ..ir.body import Body, has_effect, parameter
from ..ir.graph import Graph, Scratch
from ..ir.node import OPERATORS, Node, Operation, describe, here, in_order, reached
from ..ir.operator import declare, elementwise, to_node
from ..ir.types import TensorType
from .math_arithmetic import add, subtract
from .state import Variable, latest

# ---------------------------------------------------------------------- what stands for arguments

@declare("source", lambda types, values, type, of: type, name="parameter", label="parameter", kinds={"type": (TensorType,), "of": (str,)})
def _parameter(*, type: Any, of: Any = "") -> Any:
    """What a body is given when it runs: a loop variable, or a value from outside."""
    raise AssertionError("a parameter has no reference: whoever runs the body gives its value")


@elementwise("uint64({x})")
def _word(x: Any) -> Any:
    """An integer that is not negative as a word of 64 bits, as random streams take them."""
    if np.asarray(x).dtype != np.int32:
        raise TypeError
    return np.asarray(x).astype(np.uint64)


# Knuth's multiplier (MMIX): no two pairs of small numbers give one word. Part of a draw, as which it is not `pure`: of words of 64 bits alone.
@elementwise("{run} * uint64(6364136223846793005) + {index} + uint64(1)", name="stream_of", pure=False)
def _stream_of(run: Any, index: Any) -> Any:
    """What takes the run's number's place within an iteration, for random numbers of its own."""
    if np.asarray(run).dtype != np.uint64 or np.asarray(index).dtype != np.uint64:
        raise TypeError
    with np.errstate(over="ignore"):
        return run * np.uint64(6364136223846793005) + index + np.uint64(1)


# ---------------------------------------------------------------------- what a function builds

def loop_parameter(graph: Graph, type: TensorType, of: str, name: str) -> Node:
    """A node of the graph that stands for a value inside a loop named `of`."""
    return graph.add(_parameter, (), {"type": type, "of": of}, type, name)


def as_result(graph: Graph, value: Any, what: str) -> tuple[Node, list[Node]]:
    """A leaf of what a function gave as a tensor, and what else must run for it: of an operation true, once it has run."""
    if isinstance(value, Operation) or (isinstance(value, Node) and value.type is None and value.operator.name != "variable"):
        return to_node(True, graph=graph), [value.node if isinstance(value, Operation) else value]
    node = to_node(value, graph=graph)
    if node.graph is not graph:
        raise GraphError(f"{what}: {describe(node)} belongs to another graph{here()}")
    return node, []


# ---------------------------------------------------------------------- cutting

class Piece(NamedTuple):
    """Part of a graph, cut out: results, effects, and the new values of the variables that are assigned to within it."""

    results: list[Node]
    effects: list[Node]
    assigned: dict[Node, Node]


class Cut:
    """Bodies cut out of one graph, which all take the same from outside: `outside`, node -> its parameter.

    What was built since the index `since` is inside, but for variables, placeholders and the run's number. So are constants from before, if
    nothing can be differentiated by them: they may be sizes. Assignments become values, so that a body has no state: it takes a variable's
    value and gives the new one.
    """

    def __init__(self, what: str, since: int):
        self.what, self.since = what, since
        self.outside: dict[Node, Node] = {}
        self._streams: dict[int, Node] = {}             # of random numbers, one node for each

    def inside(self, roots: Sequence[Node]) -> list[Node]:
        """What is built inside of all that the roots need, inputs first."""
        return [n for n in in_order(reached(roots, self._uses)) if self._is_inside(n)]

    def _uses(self, n: Node) -> list[Node]:
        return [*n.inputs, *(c for c in n.control_inputs if c.index > self.since)] if self._is_inside(n) else []

    def _is_inside(self, n: Node) -> bool:
        if n.operator.name == "constant":
            return n.index > self.since or n.type.dtype.kind != "f"
        return n.index > self.since and n.operator.name not in ("variable", "placeholder", "run_number")

    def assigned(self, roots: Sequence[Node]) -> list[Node]:
        """The variables that are assigned to inside."""
        return list(dict.fromkeys(n.inputs[0] for n in self.inside(roots) if n.operator.family.assigns))

    def taken(self, x: Node) -> Node:
        """The parameter that stands for a value from outside."""
        if x.operator.name == "run_number":
            x = self._streams.setdefault(x.attrs["stream"], x)
        if x not in self.outside:
            self.outside[x] = parameter(x.type, x.label, x)
        return self.outside[x]

    def piece(self, own: Sequence[Node], results: Sequence[Node], controls: Sequence[Node], held: dict[Node, Node],
              index: Node | None = None) -> Piece:
        """The results as nodes of a body whose own parameters are `own`; `held`: the parameters of variables that are assigned to.

        `index`: the parameter of the iteration's number, by which random numbers are drawn.
        """
        roots = [*results, *controls]
        scratch, new, state = Scratch(), {p: p for p in own}, dict[Node, Node]()
        writes: list[Node] = []

        def value(x: Node) -> Node:
            if x not in new:                # from outside
                new[x] = held[x] if x in held else self.taken(x)
                if x.operator.name == "run_number" and index is not None:
                    new[x] = _stream_of(new[x], _word(index))
            return new[x]

        effects: list[Node] = []
        with scratch.as_default():
            for n in self.inside(roots):
                scratch.place = n
                if n.operator.family.departs:
                    raise GraphError(f"{self.what}: {describe(n)} hands over what a run has found when that is done; within one it cannot{here()}")
                if n in new or n.operator.family.orders:
                    continue
                if n.operator.name == "initialize":
                    raise GraphError(f"{self.what}: {describe(n)} sets a variable to its initial value, which is done before a run, not inside "
                                     f"of one{here()}")
                if n.operator.name == "latest":
                    new[n] = state[n.inputs[0]] if n.inputs[0] in state else value(n.inputs[0])
                elif n.operator.name == "read":
                    earlier = reached(n.control_inputs, self._uses)
                    last = next((w for w in reversed(writes) if w.inputs[0] is n.inputs[0] and w in earlier), None)
                    new[n] = value(n.inputs[0]) if last is None else new[last]
                elif n.operator.family.assigns:
                    ref, given = n.inputs[0], value(n.inputs[1])
                    if n.operator.name != "assign":
                        given = (add if n.operator.name == "assign_add" else subtract)(state.get(ref, held[ref]), given)
                    new[n] = state[ref] = given
                    writes.append(n)
                else:
                    inputs = tuple([value(x) for x in n.inputs])
                    new[n] = n if inputs == n.inputs and not n.control_inputs else n.on(inputs)
                    if has_effect(n):
                        effects.append(new[n])
            scratch.place = None
            found = [value(r) for r in results]
        return Piece(found, effects, {v: state.get(v, p) for v, p in held.items()})


def bodies_of(own: Sequence[Sequence[Node]], pieces: Sequence[Piece], cut: Cut) -> list[Body]:
    """Bodies of pieces, each with its own parameters before those of what all take from outside."""
    return [Body([*p, *cut.outside.values()], [*piece.results, *piece.assigned.values()], piece.effects)
            for p, piece in zip(own, pieces, strict=True)]


def inputs_of(cut: Cut, graph: Graph, assigned: Sequence[Node] = ()) -> list[Node]:
    """What bodies take from outside, as operands: variables as they are read here; the run's number, which must wait for nothing inside.

    Variables that are assigned to inside are taken as the assignments before have left them, so that none of these is lost.
    """
    return [latest.build(graph, (x,), {}) if x in assigned else to_node(x, graph=graph) if isinstance(x, Variable)
            else OPERATORS["run_number"].build(graph, (), x.attrs) if x.operator.name == "run_number" else x for x in cut.outside]


def assigned_to(variables: Sequence[Node], values: Sequence[Node]) -> list[Node]:
    """Assignments of the values that bodies have given to variables."""
    return [OPERATORS["assign"].build(v.graph, (v, x), {"validate_shape": True}) for v, x in zip(variables, values, strict=True)]

