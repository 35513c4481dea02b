"""Loops that count: `while i < n` runs n times; arrays read at the counter are sliced, and arrays written at it stacked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..ir.body import Body, parameter, substituted
from ..ir.graph import Graph
from ..ir.node import Node
from ..ir.operator import constant_node
from ..ir.types import TensorType
from .control import COUNT
from .math import cast, maximum, minimum
from .rows import filled_rows, marked_rows, rows_for

Final = Callable[[Sequence[Node]], Node]


class Counted(NamedTuple):
    """A loop in its counted form: attributes, operands, and for each of its variables a function of its results that gives the final value."""

    attrs: dict[str, Any]
    operands: list[Node]
    finals: list[Final]


def counter(attrs: dict[str, Any], operands: Sequence[Node]) -> tuple[int, Node | int] | None:
    """Which loop variable counts from 0 on by ones, and what the loop's condition says it is below: an operand or a number; None if none does."""
    body, cond, c = attrs["body"], attrs["cond"], attrs["carried"]
    if cond is None or cond.effects:
        return None
    test = cond.results[0]
    if test.operator.name not in ("less", "greater"):
        return None
    i, n = test.inputs if test.operator.name == "less" else test.inputs[::-1]
    own = [*cond.parameters]
    j = own.index(i) - 1 if i in own else -1
    if not 0 <= j < c or not _is_constant(operands[1 + j], 0) or not _steps(body.results[j], body.parameters[1 + j]):
        return None
    if n.operator.name == "constant" and n.type.shape == ():
        return j, int(n.attrs["value"])
    k = own.index(n) if n in own else 0
    return (j, operands[k]) if k > c else None


def _is_constant(x: Node, value: int) -> bool:
    return bool(x.operator.name == "constant" and x.type.shape == () and x.type.dtype == COUNT and x.attrs["value"] == value)


def _steps(after: Node, before: Node) -> bool:
    """Whether a value is another one and 1."""
    return after.operator.name == "add" and ((after.inputs[0] is before and _is_constant(after.inputs[1], 1)) or
                                             (after.inputs[1] is before and _is_constant(after.inputs[0], 1)))


def counted(graph: Graph, attrs: dict[str, Any], operands: Sequence[Node]) -> Counted | None:
    """The counted form of a loop; None if it does not count."""
    found = counter(attrs, operands)
    if found is None:
        return None
    j, limit = found
    body, c = attrs["body"], attrs["carried"]
    trips = _trips(graph, operands[0], limit)
    index, *own = body.parameters
    states, outside = own[:c], own[c:]
    made = substituted([*body.results, *body.effects], {states[j]: index})
    made[j] = body.results[j]               # what nobody needs if the counter is used for nothing else
    body = Body(body.parameters, made[:len(body.results)], made[len(body.results):])
    written = _written(body, c)
    taken = _taken(body, c)
    gone = {*written, *(w for w, *_ in written.values())}
    kept = [i for i in range(c) if i not in gone]
    new_slices = [parameter(TensorType(r.type.dtype, None if r.type.shape is None else r.type.shape[1:]), f"{r.label}/row", r) for r, _, _ in taken]
    swap = {n: s for (_, _, reads), s in zip(taken, new_slices, strict=True) for n in reads}
    values = [body.results[rows].inputs[2] for rows in written]
    made = substituted([*(body.results[i] for i in kept), *values, *body.effects], swap)
    count = len(kept) + len(values)
    shaped = Body([index, *(states[i] for i in kept), *new_slices, *outside], made[:count], made[count:])
    place = {p: 1 + i for i, p in enumerate(own)}
    rows = [rows_for(operands[place[r]], operands[place[w]], trips, of=reads[0].attrs["of"],
                     some=reads[0].inputs[1].attrs["some"]) for r, w, reads in taken]
    finals = {i: _picked(1 + k) for k, i in enumerate(kept)}
    for k, (i, (w, of, grow)) in enumerate(written.items()):
        finals[i] = _filled(operands[1 + i], operands[1 + w], 1 + len(kept) + k, of, grow)
        finals[w] = _marked(operands[1 + w], trips, of, grow)
    operand = [trips, *(operands[1 + i] for i in kept), *rows, *operands[1 + c:]]
    more = {"cond": None, "body": shaped, "carried": len(kept), "sliced": len(rows), "reverse": False}
    return Counted(more, operand, [finals[i] for i in range(c)])


def _picked(i: int) -> Final:
    return lambda items: items[i]


def _filled(rows: Node, record: Node, i: int, of: str, grow: bool) -> Final:
    return lambda items: filled_rows(rows, record, items[i], of=of, grow=grow)


def _marked(record: Node, trips: Node, of: str, grow: bool) -> Final:
    return lambda items: marked_rows(record, trips, of=of, grow=grow)


def _trips(graph: Graph, most: Node, limit: Node | int) -> Node:
    """How often the loop runs."""
    if isinstance(limit, int):
        trips = constant_node(graph, np.array(max(limit, 0), COUNT))
    else:
        trips = maximum(limit if limit.type.dtype == COUNT else cast(limit, COUNT), 0)
    return trips if _is_constant(most, -1) else minimum(most, trips)


def _users(body: Body) -> dict[Node, list[Node]]:
    found: dict[Node, list[Node]] = {}
    for n in body.order:
        for x in n.inputs:
            found.setdefault(x, []).append(n)
    return found


def _written(body: Body, c: int) -> dict[int, tuple[int, str, bool]]:
    """The arrays that are written at the counter, once an iteration, and used for nothing else: number of the rows -> that of the record of
    what is written, the array's name, whether it grows."""
    index, own, users = body.parameters[0], body.parameters[1:1 + c], _users(body)
    found: dict[int, tuple[int, str, bool]] = {}
    for i, p in enumerate(own):
        put = body.results[i]
        if put.operator.name != "put_row" or put.inputs[0] is not p:
            continue
        place = put.inputs[1]
        if place.operator.name != "checked_place" or place.attrs["wanted"] or place.inputs[1] is not index or place.inputs[0] not in own:
            continue
        w = own.index(place.inputs[0])
        mark = body.results[w]
        alone = users.get(p) == [put] and all(u in (place, mark) for u in users[own[w]]) and w != i and put not in users and mark not in users
        if alone and mark.operator.name == "put_row" and mark.inputs[:2] == (own[w], place) and all(u in (put, mark) for u in users[place]):
            found[i] = (w, put.attrs["of"], put.attrs["grow"])
    return found


def _taken(body: Body, c: int) -> list[tuple[Node, Node, list[Node]]]:
    """The arrays that no iteration changes and that are read at the counter: parameters of rows and record, and the reads."""
    index, own = body.parameters[0], body.parameters[1:1 + c]
    changed = {p for p, r in zip(own, body.results[:c], strict=True) if r is not p}
    found: dict[tuple[Node, Node], list[Node]] = {}
    for n in body.order:
        if n.operator.name != "take_row" or n.inputs[1].operator.name != "checked_place":
            continue
        rows, place = n.inputs
        record, at = place.inputs
        if at is index and place.attrs["wanted"] and {rows, record} <= {*body.parameters} - changed:
            found.setdefault((rows, record), []).append(n)
    return [(rows, record, reads) for (rows, record), reads in found.items()]
