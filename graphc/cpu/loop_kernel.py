"""Loops over scalars as one kernel: what is carried lies in variables of the text, rows and further results where iterations find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..compiler.concrete import plan_of
from ..compiler.groups import data_inputs
from ..compiler.plan import Plan
from ..ir.node import Node
from ..ir.types import TensorType
from .kernel_text import Check, KernelText, Slot, effort, indent, literal, numba_name
from .statements import Statements

MOST = 200              # statements of such a kernel
PIECE = 20_000_000      # plain operations after which it pauses, so that Python can see to its signals
FEWEST = 20_000         # iterations that it does in one go at least
# Its extents: how often it runs at most (negative: its first operand says it), the iteration with which it goes on, whether it has paused,
# and after how many iterations it does.
TRIPS, NEXT, PAUSED_AT, STRETCH = 1, 2, 3, 4
Line = tuple[str, "Node | None"]


@dataclass
class LoopText(KernelText):
    """A kernel that may pause, and goes on when it is called again."""


class _Scalars:
    """The statements of bodies of scalars, one body behind or within another."""

    def __init__(self, operands: Sequence[Node]):
        self.names: dict[Node, str] = {}
        self.checks: list[Check] = []
        self.slots = [Slot("in", x, x.type.dtype) for x in operands]
        self.loads: list[Line] = []             # of constants, before the loop
        self.count = 0

    def new(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def value(self, m: Node, x: Node, terms: Any = None, fresh: Any = None, out: Any = None) -> str:
        """The name or the literal of an operand."""
        if x not in self.names:
            text = literal(x)
            if text is not None:
                return text
            self.names[x] = f"c{len(self.slots)}"
            self.loads.append((f"{self.names[x]} = load(p{len(self.slots)}, 0)", x))
            self.slots.append(Slot("in", x, x.type.dtype))
        return self.names[x]

    def body(self, plan: Plan, given: dict[Node, str]) -> list[Line] | None:
        """The statements that compute a body's results, given names for its parameters; None if one of them is no scalar's."""
        self.names.update(given)
        out: list[Line] = []
        for m in plan.order:
            if m in self.names or m.operator.name == "constant" or (m.operator.family.picks and m.inputs[0].operator.name == "cond"):
                continue
            if m.operator.name == "cond":
                lines = self.branch(m, plan)
                if lines is None:
                    return None
                out += lines
                continue
            if not _scalar(m.type) or any(not _scalar(x.type) for x in data_inputs(m)):
                return None
            if m.operator.family.reshapes:
                self.names[m] = self.value(m, m.inputs[0])
            elif m.operator.family.broadcasts and not m.operator.check:
                self.names[m] = self.new()
                _elementwise(self, m, None, {}, out)
            else:
                return None
        return out if self.count <= MOST else None

    def branch(self, m: Node, plan: Plan) -> list[Line] | None:
        """Both branches, of which one is run."""
        made = {name: plan_of(m.attrs[name], [x.type for x in m.inputs[1:]]) for name in ("then", "orelse")}
        results = {x.attrs["index"]: x for x in plan.items(m)}
        for x in results.values():
            self.names[x] = self.new()
        pred, out = self.value(m, m.inputs[0]), list[Line]()
        for head, name in ((f"if {pred}:", "then"), ("else:", "orelse")):
            found = made[name]
            if found is None:
                return None
            inside, parameters = found
            lines = self.body(inside, {p: self.value(m, x) for p, x in zip(parameters, m.inputs[1:], strict=True)})
            if lines is None:
                return None
            lines += [(f"{self.names[results[i]]} = {self.value(m, r)}", m) for i, r in enumerate(inside.fetches) if r is not None and i in results]
            out += [(head, m), *indent(lines or [("pass", m)])]
        return out


_elementwise: Any = Statements.elementwise


def _scalar(type: Any) -> bool:
    return isinstance(type, TensorType) and type.shape == () and not type.dtype.hasobject


def loop_kernel(node: Node, body: tuple[Plan, list[Node]], cond: tuple[Plan, list[Node]] | None, outs: Sequence[Node], trips: Any) -> LoopText | None:
    """The kernel of a loop all of whose values are scalars in an iteration; None if they are not."""
    c, m = node.attrs["carried"], node.attrs["sliced"]
    plan, parameters = body
    if any(not _scalar(p.type) for p in (*parameters, *(r for r in plan.fetches if r is not None))):
        return None
    text = _Scalars(node.inputs)
    kinds = [p.type.dtype for p in parameters]
    states, outside = [f"s{j}" for j in range(c)], [f"o{j}" for j in range(len(node.inputs) - 1 - c - m)]
    rows = [f"r{j}" for j in range(m)]
    tested: list[Line] | None = []
    if cond is not None:
        tested = text.body(cond[0], dict(zip(cond[1], ["index", *states, *outside], strict=True)))
    lines = text.body(plan, dict(zip(parameters, ["index", *states, *rows, *outside], strict=True)))
    if tested is None or lines is None:
        return None
    held = [] if cond is None else [*tested, (f"if not {text.value(node, _first(cond[0]))}:", node), ("    more = False", None), ("    break", None)]
    found = [text.value(node, r) for r in plan.fetches if r is not None]
    places = {x.attrs["index"]: len(text.slots) + i for i, x in enumerate(outs)}
    slots = [*text.slots, *(Slot("out", x, x.type.dtype) for x in outs)]
    kept = {j: len(slots) + j for j in range(c)}
    slots += [Slot("row", None, kinds[1 + j], 1) for j in range(c)]
    taken = [(f"{name} = load(p{1 + c + j}, at)", node) for j, name in enumerate(rows)]
    stacked: list[Line] = [(f"store(p{places[1 + j]}, at, {v})", node) for j, v in enumerate(found) if j >= c and 1 + j in places]
    news = [(f"n{j} = {v}", node) for j, v in enumerate(found[:c])]
    moved = [(f"s{j} = n{j}", None) for j in range(c)]
    at = "trips - 1 - i" if node.attrs["reverse"] else "i"
    step = [(f"at = {at}", None), ("index = int32(at)", None), *held, *taken, *lines, *stacked, *news, *moved, ("i = i + 1", None)]
    begin = [(f"s{j} = load(p{1 + j}, 0)", node.inputs[1 + j]) for j in range(c)]
    resumed = [(f"s{j} = load(p{kept[j]}, 0)", None) for j in range(c)]
    whole: list[Line] = [("trips = extents[1]", None), ("if trips < 0:", None), ("    trips = int64(load(p0, 0))", None),
                         *((f"{name} = load(p{1 + c + m + j}, 0)", node) for j, name in enumerate(outside)), *text.loads,
                         *(begin if not c else []), ("i = extents[2]", None),
                         *([("if extents[3] == 0:", None), *indent(begin), ("else:", None), *indent(resumed)] if c else []),
                         ("stop = i + extents[4]", None), ("if trips >= 0 and trips < stop:", None), ("    stop = trips", None),
                         ("more = True", None),
                         ("while i < stop:", None), *indent(step),
                         ("if more and (trips < 0 or i < trips):", None),
                         *indent([*((f"store(p{kept[j]}, 0, s{j})", None) for j in range(c)), ("extents[2] = i", None), ("extents[3] = 1", None),
                                  ("return -1", None)]),
                         ("extents[2] = 0", None), ("extents[3] = 0", None),
                         *((f"store(p{places[1 + j]}, 0, s{j})", node) for j in range(c) if 1 + j in places),
                         *([(f"store(p{places[0]}, 0, int32(i))", node)] if 0 in places else []), ("return 0", None)]
    pointers: list[Line] = [(f"p{i} = pointer(buffers, {i}, {numba_name(s.dtype)})", None) for i, s in enumerate(slots)]
    annotated: list[Line] = [("def kernel(buffers, extents, lo, hi):", None), *indent([*pointers, *whole])]
    source = "\n".join(line for line, _ in annotated) + "\n"
    unlimited = trips.__class__ is int and trips < 0
    stretch = max(PIECE // effort(source), FEWEST)
    work = 1 << 40 if unlimited else (trips + 1) * len(lines)
    return LoopText(source, slots, [0, trips, 0, 0, stretch], 1, 1, work, text.checks, annotated)


def _first(plan: Plan) -> Node:
    found = plan.fetches[0]
    assert found is not None
    return found
