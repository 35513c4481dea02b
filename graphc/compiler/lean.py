"""Loops once their types are known: what their bodies needed the shape of alone, and nobody else needs, is neither taken nor kept."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import GraphcError
from ..ir.body import Body, by_python
from ..ir.graph import Scratch
from ..ir.node import Node, topological
from ..ir.types import TensorType, same_type
from .specialise import rebuilt
from .trim import Trim, of_loop


def lean_loops(fetches: Sequence[Node]) -> Sequence[Node]:
    """The gradient of a loop asks in which shape a value was broadcast, of each iteration: once that is a number, the value is not kept for it."""
    order = topological(fetches)
    if not any(n.operator.name == "loop" for n in order):
        return fetches
    trims = _trims(order, fetches)
    scratch, new = Scratch(), dict[Node, Node]()
    with scratch.as_default():
        for n in order:
            scratch.place = n
            picked = trims.get(n.inputs[0]) if n.operator.family.picks else None
            if n in trims:
                trim = trims[n]
                new[n] = n.operator.build(scratch, tuple([new.get(n.inputs[i], n.inputs[i]) for i in trim.operands]), trim.attrs)
            elif picked is not None:
                if n.attrs["index"] in picked.results:
                    new[n] = n.operator.build(scratch, (new[n.inputs[0]],), {"index": picked.results[n.attrs["index"]]})
            elif not new.keys().isdisjoint(n.inputs):
                new[n] = n.on(tuple([new.get(x, x) for x in n.inputs]))
    return [new.get(f, f) for f in fetches]


def _trims(order: Sequence[Node], fetches: Sequence[Node]) -> dict[Node, Trim]:
    """The loops that are trimmed, users before what they use."""
    wanted, used, found = {*fetches}, dict[Node, set[int]](), dict[Node, Trim]()
    for n in reversed(order):
        if n not in wanted:
            continue
        trim = _trim(n, used.get(n, set())) if n.operator.name == "loop" else None
        if trim is not None:
            found[n] = trim
            wanted.update(n.inputs[i] for i in trim.operands)
            continue
        if n.operator.family.picks:
            used.setdefault(n.inputs[0], set()).add(n.attrs["index"])
        wanted.update(n.inputs)
    return found


def _trim(node: Node, used: set[int]) -> Trim | None:
    """What a loop needs, with its body as its operands' types make it; None if that is all that it has, or a run alone knows types."""
    body = _concrete(node)
    if body is None:
        return None
    trim = of_loop(node.inputs, {**node.attrs, "body": body}, used)
    return trim if len(trim.operands) < len(node.inputs) or len(trim.results) < len(node.type) - 1 else None


def _concrete(node: Node) -> Body | None:
    c, m, body = node.attrs["carried"], node.attrs["sliced"], node.attrs["body"]
    types = [x.type for x in node.inputs]
    if body.effects or not all(isinstance(t, TensorType) and t.known for t in (*types, *node.type)):
        return None
    state = node.type[1:1 + c]
    if not all(same_type(a, b) for a, b in zip(state, types[1:1 + c], strict=True)):
        return None
    rows = [TensorType(t.dtype, t.shape[1:]) for t in types[1 + c:1 + c + m]]
    try:
        made = rebuilt(body, [node.type[0], *state, *rows, *types[1 + c + m:]])
    except GraphcError:                 # of sizes that may never come to this body: a run will tell
        return None
    return None if made is None or (by_python(made.order) and made.sizes()) else made        # of other sizes Python runs another body
