"""TensorFlow's single operators of branches as functions, `switch` and `merge`, for programs that take them from its inner modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import DTypeError, GraphError
from ..ir.graph import get_default_graph
from ..ir.node import Node, describe, here, reached
from ..ir.operator import to_node
from ..ir.types import compatible
from .array import identity
from .control_flow import cond
from .math import logical_and, logical_not
from .scopes import stand
from .sources import constant

__all__ = ["Merge", "Switch", "merge", "switch"]


class Switch(NamedTuple):
    """A tensor as what two branches take: the one that is built on `output_true` counts where the predicate is true."""

    output_false: Node
    output_true: Node


class Merge(NamedTuple):
    """What came out of the branch that counts, and its number."""

    output: Node
    value_index: Node


def switch(data: Any, pred: Any, dtype: Any = None, name: str | None = None) -> Switch:
    """A tensor for two branches, of which `merge` takes the one that counts.

    data: any[...], pred: bool[]. Both are evaluated, whichever counts: `tf.cond` evaluates one. DTypeError: another predicate.
    """
    held = to_node(pred)
    if held.type.dtype.kind != "b" or not compatible(held.type.shape, ()):
        raise DTypeError(f"switch: the predicate {describe(held)} is not bool[]{here()}")
    x = to_node(data, dtype)
    with get_default_graph().name_scope(name or "Switch"):
        made = Switch(identity(x), identity(x))
    stand("Switch", made, data=x, pred=held)
    return made


def merge(inputs: Sequence[Any], name: str | None = None) -> Merge:
    """Of tensors that are built on what `switch` gave, the first whose predicates have the sides that it is built on; if none, the last.

    any[...] each, of one dtype -> any[...]. GraphError: no tensors, or one before the last that is built on no switch. DTypeError: dtypes differ.
    """
    nodes = [to_node(x) for x in inputs]
    if not nodes:
        raise GraphError(f"merge takes tensors, one of which counts{here()}")
    with get_default_graph().name_scope(name or "Merge"):
        found = [nodes[-1], constant(len(nodes) - 1)]
        for i, x in reversed([*enumerate(nodes[:-1])]):
            found = _chosen(_counts(x), x, i, found)
        return Merge(*found)


def _chosen(counts: Node, x: Node, i: int, otherwise: Sequence[Node]) -> list[Node]:
    chosen: list[Node] = cond(counts, lambda: [identity(x), constant(i)], lambda: [identity(v) for v in otherwise], strict=True)
    return chosen


def _counts(x: Node) -> Node:
    """Whether all switches that a tensor is built on have the sides that it takes."""
    sides = {n: n.standing for n in reached([x], lambda n: n.inputs) if n.standing is not None and n.standing.op == "Switch"}
    if not sides:
        raise GraphError(f"merge: {describe(x)} is built on no switch, and would always count{here()}")
    tests: dict[tuple[Node, int], Node] = {}
    for n in sorted(sides, key=lambda n: n.index):
        pred, side = sides[n].arguments["pred"], next(i for i, r in enumerate(sides[n].results) if r is n)
        if (pred, side) not in tests:
            tests[pred, side] = pred if side else logical_not(pred)
    first, *others = tests.values()
    for test in others:
        first = logical_and(first, test)
    return first
