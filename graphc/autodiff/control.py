"""Derivatives of loops and branches: each is a loop or a branch again, whose bodies are the derivatives of bodies.

The gradient of a loop runs over its iterations backwards. What it needs of one of them and cannot compute again for little is stacked by
the loop itself, which gets further results for it (TensorFlow 1 adds its stacks to the forward graph too): nothing else about it changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import GradientError, GraphcError
from ..ir.body import Body, bodies, everywhere, has_effect, parameter, substituted
from ..ir.expressions import HEAVY
from ..ir.families import Memory
from ..ir.graph import Graph, Scratch, get_default_graph
from ..ir.node import OPERATORS, Node, describe, in_order, loc_str, reached
from ..ir.types import TensorType, differentiable
from ..ops.array import fill, reshape, shape, zeros_like
from ..ops.control import COUNT, branch, loop, settled
from ..ops.linalg_matmul import matmul
from ..ops.math_arithmetic import add
from ..ops.math_sums import total
from ..ops.uneven import cotangent_of, cut_row, uneven_row
from .gradients import forward, reverse

Maybe = Node | None
SOME = 24               # a size for what is not known: many numbers divide it
_CALLED = re.compile(r"([a-z_]\w*)\(")


def _floating(x: Node) -> bool:
    return isinstance(x.type, TensorType) and differentiable(x.type.dtype)


def _items(node: Node, numbers: Iterable[int]) -> list[Node]:
    graph = get_default_graph()
    if graph.__class__ is Graph:
        graph = node.graph
    return [OPERATORS["item"].build(graph, (node,), {"index": i}) for i in numbers]


def _like(x: Node, what: str) -> Node:
    """A parameter of a body of the same type."""
    return parameter(x.type, f"{x.label}/{what}", x)


def _made(operator: Any, like: Node, inputs: Sequence[Node], attrs: dict[str, Any], name: str) -> Node:
    """A loop or branch that belongs to another one, named and placed beside it."""
    graph = get_default_graph()
    if graph.__class__ is Graph:
        graph = like.graph
    return operator.build(graph, tuple(inputs), attrs, f"{like.label.rpartition('/')[2]}_{name}")


def quiet(roots: Sequence[Node]) -> list[Node]:
    """The roots without what only watches on the way, which has been done already: of what prints or checks its first operand, that."""
    new: dict[Node, Node] = {}
    for n in in_order(reached(roots, lambda n: n.inputs)):
        if n.operator.effect and n.operator.grad is not None and n.inputs:
            new[n] = new.get(n.inputs[0], n.inputs[0])
        else:
            inputs = tuple([new.get(x, x) for x in n.inputs])
            if inputs != n.inputs:
                new[n] = n.on(inputs)
    return [new.get(r, r) for r in roots]


def _reversed(targets: Sequence[Node], seeds: Sequence[Node], sources: Sequence[Node]) -> list[Maybe]:
    """The gradients by those sources that are floating, None for others."""
    found = dict(zip(filter(_floating, sources), reverse(targets, seeds, [*filter(_floating, sources)]), strict=True))
    return [found.get(x) for x in sources]


# ---------------------------------------------------------------------- branches

def _cond_gradient(g: Sequence[Maybe], y: Sequence[Node]) -> list[Maybe]:
    """The gradient is a branch on the same predicate, which computes again what it needs of the one that was taken."""
    node = y[0].inputs[0]
    pred, *captured = node.inputs
    own = [i for i, gi in enumerate(g) if gi is not None]
    if not own:
        return [None] * len(node.inputs)
    along = [gi for gi in g if gi is not None]
    scratch, parts = Scratch(), []
    with scratch.at(node):
        for body in bodies(node):
            cotangents = [parameter(node.type[i], f"{body.results[i].label}/gradient", body.results[i]) for i in own]
            seeds = [g if _is_of(g.type, r.type) else cotangent_of(g, r) for g, r in zip(cotangents, [body.results[i] for i in own], strict=True)]
            parts.append((body, cotangents, _reversed([body.results[i] for i in own], seeds, body.parameters)))
        wanted = [k for k, x in enumerate(captured) if _floating(x) and any(found[k] is not None for _, _, found in parts)]
        made = []
        for body, cotangents, found in parts:
            results = quiet([zeros_like(body.parameters[k]) if (gk := found[k]) is None else gk for k in wanted])
            made.append(Body([*body.parameters, *cotangents], results))
    if not wanted:
        return [None] * len(node.inputs)
    back = _made(branch, node, [pred, *captured, *along], {"then": made[0], "orelse": made[1]}, "grad")
    by_operand = dict(zip(wanted, _items(back, range(len(wanted))), strict=True))
    return [None, *(by_operand.get(k) for k in range(len(captured)))]


def _is_of(common: TensorType, own: TensorType) -> bool:
    """Whether a branch's result has the shape that results of both have, as far as that is known while the graph is built."""
    return common.known and own.known


def _cond_tangent(node: Node, along: Sequence[Maybe]) -> list[Maybe]:
    """Tangents go through the branch that is taken."""
    pred, *captured = node.inputs
    moved = [k for k, t in enumerate(along[1:]) if t is not None]
    scratch, parts = Scratch(), []
    with scratch.at(node):
        for body in bodies(node):
            tangents = [_like(body.parameters[k], "tangent") for k in moved]
            parts.append((body, tangents, forward(body.results, [body.parameters[k] for k in moved], tangents)))
        own = [i for i in range(len(parts[0][2])) if any(found[i] is not None for _, _, found in parts)]
        made = [Body([*body.parameters, *tangents], quiet([zeros_like(body.results[i]) if (t := found[i]) is None else t for i in own]))
                for body, tangents, found in parts]
    if not own:
        return [None] * len(node.type)
    pushed = _made(branch, node, [pred, *captured, *(t for t in along[1:] if t is not None)], {"then": made[0], "orelse": made[1]}, "tangent")
    found = dict(zip(own, _items(pushed, range(len(own))), strict=True))
    return [found.get(i) for i in range(len(node.type))]


# ---------------------------------------------------------------------- loops

class Parts(NamedTuple):
    """A loop's operands and its body's parameters, by what they are."""

    node: Node
    body: Body
    most: Node
    initial: Sequence[Node]
    rows: Sequence[Node]
    captured: Sequence[Node]
    iteration: Node
    states: Sequence[Node]
    slices: Sequence[Node]
    outside: Sequence[Node]

    @property
    def carried(self) -> int:
        return len(self.states)


def parts_of(node: Node) -> Parts:
    """A loop, taken apart."""
    body, c, m = node.attrs["body"], node.attrs["carried"], node.attrs["sliced"]
    most, *rest = node.inputs
    index, *own = body.parameters
    return Parts(node, body, most, rest[:c], rest[c:c + m], rest[c + m:], index, own[:c], own[c:c + m], own[c + m:])


def _loop_gradient(g: Sequence[Maybe], y: Sequence[Node]) -> list[Maybe]:
    node = y[0].inputs[0]
    p = parts_of(node)
    c = p.carried
    moving = [i for i, s in enumerate(p.states) if _floating(s)]
    stacked = [i for i in range(c, len(p.body.results)) if i + 1 < len(g) and g[i + 1] is not None]
    scratch = Scratch()
    with scratch.at(node):
        down = [_like(p.states[i], "gradient") for i in moving]
        across = [_like(p.body.results[i], "gradient") for i in stacked]
        sources = [*p.states, *p.slices, *p.outside]
        found = _reversed([p.body.results[i] for i in (*moving, *stacked)], [*down, *across], sources)
        of_states, of_slices, of_outside = found[:c], found[c:c + len(p.slices)], found[c + len(p.slices):]
        sums = [k for k, gk in enumerate(of_outside) if gk is not None and _floating(p.outside[k])]
        made = [m for m, gm in enumerate(of_slices) if gm is not None and _floating(p.slices[m])]
        uneven = _uneven(p, found)
        at_once = {k: parts for k in sums if (parts := _products(of_outside[k], {*p.outside})) is not None and uneven.isdisjoint(
            x for pair in parts for x in pair)}
        sums = [k for k in sums if k not in at_once]
        factors = list(dict.fromkeys(x for parts in at_once.values() for pair in parts for x in pair if x not in p.slices))
        ahead = [x for x in factors if x in p.states or x in p.body.order]
        totals = [_like(p.outside[k], "gradient") for k in sums]
        results = [zeros_like(p.states[i]) if (gi := of_states[i]) is None else gi for i in moving]
        results += [add(t, of_outside[k]) for t, k in zip(totals, sums, strict=True)]
        results += [of_slices[m] for m in made]                 # type: ignore[misc]
        results = quiet([*results, *(x for x in factors if x not in ahead)])
    kept = _residuals(p, results, ahead)
    with scratch.at(node):
        padded = {x: (uneven_row(x), shape(x)) for x in kept if x in uneven}
        rows = [row for x in kept for row in padded.get(x, (x,))]
        stand = {x: _like(x, "of iteration") for x in rows}
        results = substituted(results, {x: cut_row(*(stand[row] for row in padded[x])) if x in padded else stand[x] for x in kept})
    stacks = _run_again(p, y[0], rows) if kept and node.attrs["cond"] is not None and _repeats(p.body) else _stacks(p, rows)
    used = reached(results, lambda n: n.inputs)
    slices = [m for m, s in enumerate(p.slices) if s in used]
    outside = [k for k, s in enumerate(p.outside) if s in used]
    body = Body([p.iteration, *down, *totals, *across, *stand.values(), *(p.slices[m] for m in slices), *(p.outside[k] for k in outside)], results)
    operands = [y[0], *(_given(g[i + 1], y[i + 1]) for i in moving), *(zeros_like(p.captured[k]) for k in sums),
                *(_given(g[i + 1], None) for i in stacked), *stacks, *(p.rows[m] for m in slices), *(p.captured[k] for k in outside)]
    attrs = {"cond": None, "body": body, "carried": len(moving) + len(sums), "sliced": len(across) + len(stand) + len(slices),
             "reverse": not node.attrs["reverse"]}
    back = _made(loop, node, operands, attrs, "grad")
    ended = iter(_items(back, range(1, 1 + len(results))))
    by_state, by_outside, by_slice = ({i: next(ended) for i in numbers} for numbers in (moving, sums, made))
    over_time = {**dict(zip(rows, stacks, strict=True)), **dict(zip(p.slices, p.rows, strict=True))}
    over_time.update((x, next(ended)) for x in factors if x not in ahead)
    for k, parts in at_once.items():
        by_outside[k] = total_of([matmul(_in_a_row(over_time[a]), _in_a_row(over_time[b]), transpose_a=True) for a, b in parts])
    return [None, *(by_state.get(i) for i in range(c)), *(by_slice.get(m) for m in range(len(p.slices))),
            *(by_outside.get(k) for k in range(len(p.outside)))]


def _uneven(p: Parts, found: Sequence[Maybe]) -> set[Node]:
    """What a loop computes, or its gradient, that may be of another shape in each iteration.

    What the graph leaves open about the operands is taken for some number; what is open then, iterations decide.
    """
    nodes = in_order(reached([*p.body.results, *(x for x in found if x is not None)], lambda n: n.inputs))
    values = [*p.states, *(n for n in nodes if n.operator.name != "parameter" and isinstance(n.type, TensorType))]
    if all(n.type.known for n in values):
        return set()
    given = [TensorType(COUNT, ()), *(x.type for x in p.initial), *(s.type for s in p.slices), *(x.type for x in p.captured)]
    own = Body([*p.body.parameters], [*p.body.results[:p.carried], *values])
    try:
        made = settled(own, [_with_some_sizes(t) for t in given], p.carried)
    except GraphcError:                     # the numbers do not fit each other: a run will tell
        return set()
    return {x for x, r in zip(values, made.results[p.carried:], strict=True) if not r.type.known}


def _with_some_sizes(t: TensorType) -> TensorType:
    return t if t.shape is None else TensorType(t.dtype, tuple([SOME if d is None else d for d in t.shape]))


def _given(g: Maybe, y: Maybe) -> Node:
    if g is not None:
        return g
    assert y is not None
    return zeros_like(y)


def _products(g: Maybe, outside: set[Node]) -> list[tuple[Node, Node]] | None:
    """The factors of a gradient that is a sum of products a^T b of matrices, as those of weights are; None if it is something else.

    The sum of such products over all iterations is one product of what all iterations had, and adds up nothing in between.
    """
    found, stack = list[tuple[Node, Node]](), [g]
    while stack:
        x = stack.pop()
        if x is None or x.type.rank != 2:
            return None
        if x.operator.name == "add":
            stack += x.inputs
        elif x.operator.name == "matmul" and x.attrs["transpose_a"] and not x.attrs["transpose_b"] and \
                all(i not in outside and i.operator.name != "constant" for i in x.inputs):
            found.append((x.inputs[0], x.inputs[1]))
        else:
            return None
    return found


def _in_a_row(x: Node) -> Node:
    """Matrices [n, rows, columns] below each other."""
    columns = shape(x)[2] if x.type.shape[2] is None else x.type.shape[2]
    return reshape(x, [shape(x)[0] * shape(x)[1], columns])


def total_of(parts: Sequence[Node]) -> Node:
    return parts[0] if len(parts) == 1 else total(parts)


def _residuals(p: Parts, results: Sequence[Node], ahead: Sequence[Node]) -> list[Node]:
    """What the gradient needs of an iteration and does not compute again: states and nodes of the body; `ahead` are such in any case."""
    own = {*p.body.order}
    own.update(n for n in reached(results, lambda n: () if n in own else n.inputs) if n.operator.family.picks and n.inputs[0] in own)
    states = {*p.states}
    ready = {p.iteration, *p.slices, *p.outside}            # what the gradient's own iteration is given as well
    frontier = {r for r in results if r in own or r in states}
    for n in reached(results, lambda n: () if n in own else n.inputs):
        if n not in own:
            frontier.update(x for x in n.inputs if x in own or x in states)
    kept: dict[Node, None] = {s: None for s in p.states if s in frontier or s in ahead}
    kept.update(dict.fromkeys(ahead))
    known: dict[Node, bool] = {}

    def again(x: Node) -> bool:
        """Whether a value is computed again: from what is there, by what takes no longer than reading it."""
        for n in in_order(reached([x], lambda n: () if n in known or n in kept or n in ready or n in states else n.inputs)):
            if n not in known:
                known[n] = n in ready or n in kept or n.operator.name == "constant" or \
                    (n not in states and (_light(n) or _invariant(n, {*p.outside})) and all(known[i] for i in n.inputs))
        return known[x]
    for x in in_order(frontier - states):
        if x.operator.name != "constant" and not again(x):
            kept[x] = None
            known[x] = True
    return [*kept]


def _light(n: Node) -> bool:
    family = n.operator.family
    if family.broadcasts:
        return not n.operator.check and HEAVY.isdisjoint(_CALLED.findall(n.operator.expr))
    return family.memory is Memory.VIEW or family.picks or family.counts


def _invariant(n: Node, outside: set[Node]) -> bool:
    """Whether all that a value needs comes from outside the loop."""
    return n.operator.pure and all(x in outside or x.operator.name == "constant" for x in n.inputs)


def _repeats(body: Body) -> bool:
    """Whether a body may run a second time: nobody would see it."""
    return not any(has_effect(n) or n.operator.family.arrives or (n.operator.family.calls and not n.operator.pure and n.operator.drive is None)
                   for n in everywhere(body.order))


def _run_again(p: Parts, count: Node, kept: Sequence[Node]) -> list[Node]:
    """The values of all iterations, from a loop that runs a second time, as often as the first did.

    How often that is only a run can tell, and how much is stacked; the second loop knows both before it begins, and is machine code.
    """
    node, c = p.node, p.carried
    rows = fill(reshape(count, [1]), np.array(False))
    row = parameter(TensorType(rows.type.dtype, ()), "row", node)
    body = Body([p.iteration, *p.states, row, *p.outside], [*p.body.results[:c], *kept])
    attrs = {"cond": None, "body": body, "carried": c, "sliced": 1, "reverse": False}
    again = _made(loop, node, [count, *p.initial, rows, *p.captured], attrs, "again")
    return _items(again, range(1 + c, 1 + c + len(kept)))


def over_iterations(node: Node, wanted: Sequence[Node]) -> dict[Node, Node | str]:
    """The values that nodes of a loop's body have in all iterations, a row each, from a loop that runs beside it; or why there are none."""
    p = parts_of(node)
    if not _repeats(p.body):
        return dict.fromkeys(wanted, "the body prints, checks, takes elements or calls Python, and may not run once more")
    uneven = _uneven(p, wanted)
    found: dict[Node, Node | str] = dict.fromkeys(wanted, "it may have another shape in each iteration")
    kept, c = [x for x in wanted if x not in uneven], len(p.body.results)
    if kept and node.attrs["cond"] is not None:
        found.update(zip(kept, _run_again(p, _items(node, [0])[0], kept), strict=True))
    elif kept:
        again = _made(loop, node, node.inputs, {**node.attrs, "body": p.body.with_results([*p.body.results, *kept])}, "again")
        found.update(zip(kept, _items(again, range(1 + c, 1 + c + len(kept))), strict=True))
    return found


def _stacks(p: Parts, kept: Sequence[Node]) -> list[Node]:
    """The values of all iterations, as further results of the loop."""
    node = p.node
    present = {r: i for i, r in reversed([*enumerate(p.body.results)]) if i >= p.carried}
    new = [x for x in kept if x not in present]
    if new:
        for x in new:
            if x.type.dtype.hasobject:
                raise GradientError(f"the gradient of {describe(node)} needs the texts {describe(x)} of all iterations\n  at {loc_str(node.loc)}")
        attrs = {**node.attrs, "body": p.body.with_results([*p.body.results, *new])}
        type, _ = node.operator.type_of(node.inputs, attrs)
        node.attrs, node.type = attrs, type
        present.update((x, len(p.body.results) + i) for i, x in enumerate(new))
    return _items(node, [present[x] + 1 for x in kept])


def _loop_tangent(node: Node, along: Sequence[Maybe]) -> list[Maybe]:
    """Tangents of what is carried are carried beside it."""
    p = parts_of(node)
    c, m = p.carried, len(p.slices)
    t_initial, t_rows, t_captured = along[1:1 + c], along[1 + c:1 + c + m], along[1 + c + m:]
    scratch = Scratch()
    with scratch.at(node):
        moving = [i for i, s in enumerate(p.states) if _floating(s)]
        sliced = [i for i, t in enumerate(t_rows) if t is not None]
        outside = [i for i, t in enumerate(t_captured) if t is not None]
        sources = [*(p.states[i] for i in moving), *(p.slices[i] for i in sliced), *(p.outside[i] for i in outside)]
        tangents = [_like(x, "tangent") for x in sources]
        found = forward(p.body.results, sources, tangents)
        state = [zeros_like(p.states[i]) if (t := found[i]) is None else t for i in moving]
        rows = [i for i in range(c, len(found)) if found[i] is not None]
        results = quiet([*p.body.results[:c], *state, *(found[i] for i in rows)])       # type: ignore[list-item]
    n, k = len(moving), len(moving) + len(sliced)
    body = Body([p.iteration, *p.states, *tangents[:n], *p.slices, *tangents[n:k], *p.outside, *tangents[k:]], results)
    cond = node.attrs["cond"]
    if cond is not None:
        spare = [_like(t, "beside") for t in (*tangents[:n], *tangents[k:])]
        own = cond.parameters
        cond = Body([*own[:1 + c], *spare[:n], *own[1 + c:], *spare[n:]], quiet(cond.results))
    operands = [p.most, *p.initial, *(_given(t_initial[i], p.initial[i]) for i in moving), *p.rows, *(t_rows[i] for i in sliced), *p.captured,
                *(t_captured[i] for i in outside)]
    attrs = {**node.attrs, "cond": cond, "body": body, "carried": c + n, "sliced": m + len(sliced)}
    pushed = _made(loop, node, operands, attrs, "tangent")      # type: ignore[arg-type]
    moved: list[Maybe] = [None] * len(node.type)
    for at, item in zip((*(1 + i for i in moving), *(1 + i for i in rows)), _items(pushed, range(1 + c, 1 + c + n + len(rows))), strict=True):
        moved[at] = item
    return moved


OPERATORS["gradient of cond"], OPERATORS["tangent of cond"] = _cond_gradient, _cond_tangent
OPERATORS["gradient of loop"], OPERATORS["tangent of loop"] = _loop_gradient, _loop_tangent
