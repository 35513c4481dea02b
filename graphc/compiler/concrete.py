"""Bodies whose types a compilation knows, as a plan takes them: lowered, optimised, each result in memory of its own."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import GraphcError
from ..ir.body import Body
from ..ir.families import Memory
from ..ir.graph import Scratch
from ..ir.node import Node, topological
from ..ir.types import TensorType
from ..ops.state import copy
from .passes import optimise
from .plan import Plan
from .specialise import rebuilt


def plan_of(body: Body, types: Sequence[TensorType]) -> tuple[Plan, list[Node]] | None:
    """The plan of a body for arguments of these types, and its parameters, which are what the plan is fed.

    None if it is none of native steps alone: a shape within it is not known, a Python function or a reference is called, or a dataset gives
    an element.
    """
    if body.effects or not all(t.known and not t.dtype.hasobject for t in types):
        return None
    try:
        made = rebuilt(body, types)
    except GraphcError:                 # of sizes that may never come to this body: a run will tell
        return None
    if made is None:
        return None
    results = optimise(made.results)
    order = topological(results)
    if any(n.operator.family.arrives or (n.operator.family.calls and n.operator.drive is None) for n in order):
        return None
    joined = {x for n in order if n.operator.family.joins for part in n.inputs for x in _seen_through(part)}
    apart = [x if _is_apart(x) and x not in joined and x not in results[:i] else _copied(x) for i, x in enumerate(results)]
    return Plan(apart, made.parameters, [], []), [*made.parameters]


def _seen_through(x: Node) -> list[Node]:
    """A part of a concatenation, and what it shows under another shape: that is computed where it belongs."""
    found = [x]
    while found[-1].operator.family.memory is Memory.VIEW:
        found.append(found[-1].inputs[0])
    return found


def _is_apart(x: Node) -> bool:
    """Whether a value lies in memory of its own."""
    family = x.operator.family
    return family.memory is Memory.OWN or (family.picks and x.inputs[0].operator.drive is not None)


def _copied(x: Node) -> Node:
    scratch = Scratch()
    with scratch.at(x):
        return copy.build(scratch, (x,), {})
