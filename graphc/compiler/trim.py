"""What a run needs of loops and branches: results that nothing uses are left out, and all that only they need; constants come inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..ir.body import Body
from ..ir.node import Node


class Trim(NamedTuple):
    """A node with bodies as far as it is needed: the operands that are left, the attributes, and the number of each result that is left."""

    operands: list[int]
    attrs: dict[str, Any]
    results: dict[int, int]


def trims(order: Iterable[Node]) -> dict[Node, Trim]:
    """For each node with bodies among those that a run evaluates."""
    used: dict[Node, set[int]] = {}
    for n in order:
        if n.operator.drive is not None:
            used.setdefault(n, set())
        elif n.operator.family.picks and n.inputs[0].operator.drive is not None:
            used.setdefault(n.inputs[0], set()).add(n.attrs["index"])
    return {n: of_loop(n.inputs, n.attrs, wanted) if n.operator.name == "loop" else _of_branch(n, wanted) for n, wanted in used.items()}


def _divided(inputs: Sequence[Node], needed: Sequence[int]) -> tuple[list[int], list[tuple[int, Node]]]:
    """Of the operands that are needed, by number, those that are no constants, and those that are."""
    constants = [(k, inputs[k]) for k in needed if inputs[k].operator.name == "constant"]
    return [k for k in needed if inputs[k].operator.name != "constant"], constants


def _of_branch(node: Node, used: set[int]) -> Trim:
    results = sorted(used)
    then, orelse = node.attrs["then"], node.attrs["orelse"]
    seen = then.needs(results) | orelse.needs(results)
    captured = node.inputs[1:]
    kept, constants = _divided(captured, [k for k in range(len(captured)) if then.parameters[k] in seen or orelse.parameters[k] in seen])
    attrs = {name: body.part(kept, results, constants) for name, body in (("then", then), ("orelse", orelse))}
    return Trim([0, *(1 + k for k in kept)], attrs, {i: k for k, i in enumerate(results)})


def of_loop(inputs: Sequence[Node], attrs: Mapping[str, Any], used: set[int]) -> Trim:
    """A loop with these operands and attributes, of whose results those are used."""
    body, cond, c, m = (attrs[name] for name in ("body", "cond", "carried", "sliced"))
    stacked = [i - 1 for i in sorted(used) if i > c]
    states = _carried(body, cond, c, {i - 1 for i in used if 0 < i <= c}, stacked)
    seen = body.needs([*states, *stacked])
    slices = [k for k in range(m) if body.parameters[1 + c + k] in seen] or [*range(min(m, 1))]         # they say how often
    captured, first = inputs[1 + c + m:], 1 + c + m
    tested: set[Node] = set() if cond is None else cond.needs([0])
    kept, constants = _divided(captured, [k for k in range(len(captured)) if body.parameters[first + k] in seen
                                          or (cond is not None and cond.parameters[1 + c + k] in tested)])
    operands = [0, *(1 + i for i in states), *(1 + c + k for k in slices), *(first + k for k in kept)]
    attrs = {**attrs, "carried": len(states), "sliced": len(slices),
             "body": body.part(operands, [*states, *stacked], [(first + k, x) for k, x in constants])}
    if cond is not None:
        attrs["cond"] = cond.part([0, *(1 + i for i in states), *(1 + c + k for k in kept)], [0], [(1 + c + k, x) for k, x in constants])
    numbers = {0: 0, **{1 + i: 1 + k for k, i in enumerate(states)}, **{1 + i: 1 + len(states) + k for k, i in enumerate(stacked)}}
    return Trim(operands, attrs, numbers)


def _carried(body: Body, cond: Body | None, carried: int, used: set[int], stacked: Sequence[int]) -> list[int]:
    """The carried values that are needed: used, tested, or needed for such."""
    tested: set[Node] = set() if cond is None else cond.needs([0])
    while True:
        seen = body.needs([*used, *stacked])
        more = {i for i in range(carried) if body.parameters[1 + i] in seen or (cond is not None and cond.parameters[1 + i] in tested)} | used
        if more == used:
            return sorted(used)
        used = more
