"""Loops and branches over a batch: their bodies over the batch, if no element of it decides which body runs; and loops over the batch itself."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.body import Body, has_effect, parameter
from ..ir.graph import Scratch, get_default_graph
from ..ir.node import OPERATORS, Node, reached
from ..ir.operator import items
from ..ir.types import TensorType
from ..ops.array import transpose
from ..ops.control import COUNT, loop
from ..ops.math import cast
from . import batching
from .batch import Batch, Size, Use

Results = list[tuple[Node, bool]]       # each result of a node, and whether it has the batch's axis


def _wide_type(t: TensorType, size: Size) -> TensorType:
    first = size if not isinstance(size, Node) else None
    return TensorType(t.dtype, None if t.shape is None else (first, *t.shape))


def _moved(results: Sequence[Node], wide: set[Node]) -> list[bool]:
    """Which results depend on parameters that have the batch's axis."""
    return [bool(wide & reached([r], lambda n: n.inputs)) for r in results]


def _over(body: Body, wide: dict[Node, Node], size: Size, wanted: Sequence[bool]) -> list[Node]:
    """The results of a body, given what stands for its parameters that have the axis; those that are wanted with it have it."""
    batch = Batch(size, dict(wide), {})
    for node in body.order:
        if any(x in batch.wide or x in batch.unrolled or x in batch.results for x in node.inputs):
            batching.widen(batch, node)
        else:
            inputs = tuple([batch.plain.get(x, x) for x in node.inputs])
            if inputs != node.inputs:
                batch.plain[node] = node.on(inputs)
    return [batch.wide[r] if r in batch.wide else batch.spread(batch.plain.get(r, r)) if want else batch.plain.get(r, r)
            for r, want in zip(body.results, wanted, strict=True)]


def _items(node: Node, wide: Sequence[bool]) -> Results:
    return [(OPERATORS["item"].build(get_default_graph(), (node,), {"index": i}), w) for i, w in enumerate(wide)]


def branch_over(use: Use) -> Results | None:
    """A branch whose predicate is the same for all of the batch."""
    node, (pred, *captured) = use.node, use.inputs
    bodies = [node.attrs["then"], node.attrs["orelse"]]
    if use.wide[0] or any(body.effects for body in bodies) or isinstance(use.batch.size, Node):
        return None
    size, wide = use.batch.size, use.wide[1:]
    moved = [any(pair) for pair in zip(*(_moved(b.results, _wide_of(b.parameters, wide)) for b in bodies), strict=True)]
    made = []
    scratch = Scratch()
    with scratch.at(node):
        for body in bodies:
            new = {p: parameter(_wide_type(p.type, size), p.label, p) for p, w in zip(body.parameters, wide, strict=True) if w}
            made.append(Body([new.get(p, p) for p in body.parameters], _over(body, new, size, moved)))
    built = node.operator.build(get_default_graph(), (pred, *captured), {"then": made[0], "orelse": made[1]})
    return _items(built, moved)


def _wide_of(parameters: Sequence[Node], wide: Sequence[bool]) -> set[Node]:
    return {p for p, w in zip(parameters, wide, strict=True) if w}


def loop_over(use: Use) -> Results | None:
    """A loop that ends for all of the batch at once. Rows and stacked results have the batch's axis behind that of the rows."""
    node, body, cond, c, m = use.node, *(use.node.attrs[k] for k in ("body", "cond", "carried", "sliced"))
    size = use.batch.size
    if use.wide[0] or body.effects or isinstance(size, Node) or any(use.node.inputs[1 + c + k].type.rank is None for k in range(m)):
        return None
    own, flags = body.parameters[1:], [*use.wide[1:]]
    while True:
        moved = _moved(body.results, _wide_of(own, flags))
        if all(not new or old for new, old in zip(moved[:c], flags[:c], strict=True)):
            break
        flags[:c] = [a or b for a, b in zip(flags[:c], moved[:c], strict=True)]
    moved[:c] = flags[:c]
    if any(r.type.rank is None for r in body.results) or (cond is not None and any(_moved(
            cond.results, _wide_of(cond.parameters[1:], [*flags[:c], *flags[c + m:]])))):
        return None
    scratch = Scratch()
    with scratch.at(node):
        new = {p: parameter(_wide_type(p.type, size), p.label, p) for p, w in zip(own, flags, strict=True) if w}
        inside = Body([body.parameters[0], *(new.get(p, p) for p in own)], _over(body, new, size, moved))
        if cond is not None:
            mine = {p: parameter(_wide_type(p.type, size), p.label, p)
                    for p, w in zip(cond.parameters[1:], [*flags[:c], *flags[c + m:]], strict=True) if w}
            cond = Body([mine.get(p, p) for p in cond.parameters], cond.results, cond.effects)
    operands = [use.inputs[0]]
    for i, (x, was, w) in enumerate(zip(use.inputs[1:], use.wide[1:], flags, strict=True)):
        if c <= i < c + m and w:
            x = _swapped(x, use.rank(1 + i) + 1)
        operands.append(use.batch.spread(x) if w and not was else x)
    built = node.operator.build(get_default_graph(), tuple(operands), {**node.attrs, "cond": cond, "body": inside})
    found = _items(built, [False, *moved])
    return [(_swapped(x, (body.results[i - 1].type.rank or 0) + 2), w) if w and i > c else (x, w) for i, (x, w) in enumerate(found)]


def one_by_one(use: Use) -> Results | None:
    """A node of any operator for one element of the batch after the other, by a loop, however many there are."""
    node, size = use.node, use.batch.size
    if has_effect(node) or not isinstance(size, Node):
        return None
    scratch = Scratch()
    with scratch.at(node):
        own = [x if x.operator.name == "constant" and not w else parameter(p.type, p.label, p)
               for p, x, w in zip(node.inputs, use.inputs, use.wide, strict=True)]
        results = items(node.operator.build(scratch, tuple(own), node.attrs))
    rows = [(x, p) for x, p, w in zip(use.inputs, own, use.wide, strict=True) if w]
    others = [(x, p) for x, p, w in zip(use.inputs, own, use.wide, strict=True) if not w and p.operator.name == "parameter"]
    index = parameter(TensorType(COUNT, ()), "index", node)
    body = Body([index, *(p for _, p in [*rows, *others])], results)
    attrs = {"cond": None, "body": body, "carried": 0, "sliced": len(rows), "reverse": False}
    built = loop.build(get_default_graph(), (cast(size, COUNT), *(x for x, _ in [*rows, *others])), attrs)
    return _items(built, [False, *[True] * len(results)])[1:]


def _swapped(x: Node, rank: int) -> Node:
    """The first two axes exchanged."""
    return transpose(x, (1, 0, *range(2, rank)))


batching.CONTROL.update({"any": one_by_one, "cond": branch_over, "loop": loop_over})
