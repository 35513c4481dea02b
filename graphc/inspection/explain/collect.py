"""The records of a compilation, read off its passes and its program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...compiler.groups import Group, Single, data_inputs, viewed
from ...compiler.layout import Buffer
from ...compiler.passes import PIPELINE
from ...cpu import native
from ...cpu.bodies import Bound, Control, trips
from ...cpu.cost import Cost, cost, elements, of_trips, operations
from ...cpu.kernel_text import KernelText
from ...cpu.loop_kernel import LoopText
from ...cpu.program import Program
from ...cpu.routines import Product
from ...cpu.steps import NativeStep
from ...ir.node import Node, loc_str, topological
from ...ir.sizes import at_hand
from ...ir.types import TensorType, element_count
from ..show.outline import outline
from .records import LAST_RUN, NOBODY, SIZES, BufferRecord, Explanation, KernelRecord, PassRecord, Separation, StepRecord, names


class Recorder:
    """Sees the graph before and after each pass: what `passes.optimise` is given to observe."""

    def __init__(self) -> None:
        self.passes: list[PassRecord] = []
        self.stages: list[tuple[str, list[Node]]] = []
        self.lines: list[dict[str, str]] = []           # of each stage, by the name shown

    def __call__(self, name: str, before: Sequence[Node], after: Sequence[Node], seconds: float) -> None:
        if not self.stages:
            self._add("specialised", before)
        self._add(name, after)
        old, new = self.lines[-2:]
        reason = next(why for n, _, why in PIPELINE if n == name)
        self.passes.append(PassRecord(name, len(old), len(new), seconds, reason, *difference(old, new)))

    def _add(self, name: str, fetches: Sequence[Node]) -> None:
        nodes = topological(fetches)
        same = self.stages and self.stages[-1][1] == nodes      # most passes find nothing to change in most graphs
        self.lines.append(self.lines[-1] if same else {box.name: box.line() for box in outline(nodes, None, None).boxes})
        self.stages.append((name, nodes))


def difference(old: dict[str, str], new: dict[str, str]) -> tuple[list[str], list[str], list[list[str]], str]:
    """Lines removed, added, replaced (those of one name), and all of them in order, with - and + before them."""
    removed, added, replaced, shown = [], [], [], []
    place = {name: i for i, name in enumerate(old)}
    gone = [(i, line) for i, (name, line) in enumerate(old.items()) if name not in new]
    at = 0
    for name, line in new.items():
        while name in place and at < len(gone) and gone[at][0] < place[name]:
            shown.append(f"-{gone[at][1]}")
            at += 1
        if name not in old:
            added.append(line)
            shown.append(f"+{line}")
        elif line != old[name]:
            replaced.append([old[name], line])
            shown += [f"-{old[name]}", f"+{line}"]
    removed = [line for _, line in gone]
    shown += [f"-{line}" for _, line in gone[at:]]
    return removed, added, replaced, "\n".join(shown)


def explanation(fetches: list[str], user_graph: Sequence[Node], recorder: Recorder, program: Program | None,
                ran: Program | None = None) -> Explanation:
    """The explanation of a program already made; None: nothing of it is compiled. `ran`: the program that ran last, for the same sizes."""
    graph, stages, listings = listing(user_graph), recorder.stages, [list(lines.values()) for lines in recorder.lines]
    if program is None:
        return Explanation(fetches, graph, recorder.passes, listings[-1] if listings else [], [], [], [], [], 0, 0, 0, [], 1, None, stages, listings)
    kernels, steps = _steps(program, ran)
    buffers = _buffers(program)
    arena = [b for b in buffers if b.kind == "arena"]
    live = max((sum(b.bytes for b in arena if b.first <= at <= b.last) for at in {b.first for b in arena}), default=0)
    return Explanation(fetches, graph, recorder.passes, listing(program.plan.order), steps, kernels, _separations(program), buffers,
                       program.memory.arena_bytes, live, sum(b.bytes for b in arena), [v.label for v in program.plan.inplace.values()],
                       program.threads, program, stages, listings)


def listing(nodes: Sequence[Node]) -> list[str]:
    """A line a node."""
    return [box.line() for box in outline(nodes, None, None).boxes]


# ---------------------------------------------------------------------- steps and kernels

def _steps(program: Program, ran: Program | None) -> tuple[list[KernelRecord], list[StepRecord]]:
    users: dict[str, list[tuple[NativeStep, StepRecord]]] = {}
    steps = _steps_of(program, users, {}, _iterations(program, ran))
    return [_kernel(u) for u in users.values()], steps


def _iterations(program: Program, ran: Program | None) -> dict[int, int]:
    """How many iterations the steps of a program had that are loops, when the same program ran last."""
    if ran is None or not ran.within or len(ran.origins) != len(program.origins):
        return {}
    return {i: bound.ran for i, bound in ran.within.items() if bound.step.form.loops and isinstance(own := program.origins[i], Single)
            and own.node.label == bound.step.node.label}


def _steps_of(program: Program, users: dict[str, list[tuple[NativeStep, StepRecord]]], number: dict[str, int],
              iterations: Mapping[int, int]) -> list[StepRecord]:
    """The steps of a program, those of the bodies that they run within them; who uses which kernel joins `users`, its number `number`."""
    steps = []
    for i, (made, where) in enumerate(zip(program.steps, program.origins, strict=True)):
        key = _key(made)
        if key:
            number.setdefault(key, len(number))
        nodes = list(where.members) if isinstance(where, Group) else [where.node]
        c = cost(nodes, program.plan.schedule.left_by(where), program.waiting(i))
        if isinstance(made, NativeStep) and isinstance(made.text, KernelText):
            c = c.part(made.text.share)
        n, grain = program.range(i)
        c = c if n else c.part(0)                   # of a product that another step computes for these sizes, and of what is empty
        bound = program.ranges.tables.get(program.native.get(i, -1))
        inside = {name: _steps_of(p, users, number, {}) for name, p in bound.programs.items()} if isinstance(bound, Bound) else {}
        often, by = _trips(where, iterations.get(i))
        c = _with_bodies(c, made, inside, often)
        steps.append(StepRecord(i, _kind(where, made), _labels(nodes), _lines(nodes), number.get(key), c.read, c.written, c.operations,
                                _elements(where), -(-n // grain), inside, often, by))
        if isinstance(made, NativeStep) and key:
            users.setdefault(key, []).append((made, steps[-1]))
    return steps


def _trips(where: Group | Single, ran: int | None) -> tuple[int | None, str]:
    """How often a step that is a loop runs its body, and what says so."""
    if isinstance(where, Group) or where.node.operator.name != "loop":
        return None, ""
    often = trips(where.node)
    return (often, SIZES) if often is not None else (ran, NOBODY if ran is None else LAST_RUN)


def _with_bodies(own: Cost, made: Any, inside: Mapping[str, Sequence[StepRecord]], often: int | None) -> Cost:
    """The cost of a step with what it runs: of a loop each trip, of a branch what the cheaper one takes."""
    if isinstance(made, NativeStep) and isinstance(made.text, LoopText):
        nodes = dict.fromkeys(n for _, n in made.text.annotated if n is not None and isinstance(n.type, TensorType))
        body = Cost(0, 0, sum(operations(n) for n in nodes))
        return own._replace(operations=of_trips(often, body, Cost(0, 0, 0)).operations)
    if not inside:
        return own
    found = {name: Cost(*(sum(kind) for kind in zip((0, 0, 0), *((s.bytes_read, s.bytes_written, s.operations) for s in steps), strict=True)))
             for name, steps in inside.items()}
    if "body" in found:
        return of_trips(often, found["body"], found.get("cond", Cost(0, 0, 0)))
    return Cost(*map(min, zip(*found.values(), strict=True)))


def _key(step: Any) -> str:
    """What steps of one kernel have in common; "" for a host call, and for what runs bodies, which have kernels of their own."""
    if not isinstance(step, NativeStep) or isinstance(step.text, Control):
        return ""
    return step.text.source or _routine(step.nodes[0])


def _kernel(users: Sequence[tuple[NativeStep, StepRecord]]) -> KernelRecord:
    made, first = users[0]
    text = made.text
    code = native.compile_kernels([text.source])[0] if text.source else None
    steps = [s for _, s in users]
    return KernelRecord(names(first.nodes) if code else _routine(made.nodes[0]), first.nodes, first.lines, text.source, _origins(text),
                        0.0 if code is None or code.from_cache else code.seconds, code is not None and code.from_cache, len(steps),
                        sum(s.bytes_read + s.bytes_written for s in steps), sum(s.operations for s in steps), sum(s.elements for s in steps))


def _routine(node: Node) -> str:
    return f"{node.type.dtype.name} {node.operator.name} by OpenBLAS"


def _origins(text: KernelText | Product) -> list[str]:
    annotated = text.annotated if isinstance(text, KernelText) else [(line, None) for line in text.source.splitlines()]
    return ["" if n is None else f"{n.label}  {loc_str(n.loc)}" for _, n in annotated]


def _labels(nodes: Sequence[Node]) -> list[str]:
    return list(dict.fromkeys(n.label for n in nodes))


def _lines(nodes: Sequence[Node]) -> list[str]:
    return list(dict.fromkeys(loc_str(n.loc) for n in nodes if n.loc is not None))


def _kind(where: Group | Single, made: Any) -> str:
    if isinstance(where, Group):
        return where.kind if where.convolution is None else "convolution"
    if not isinstance(made, NativeStep):
        return "host"
    if isinstance(made.text, (Control, LoopText)):
        return where.node.operator.label
    if isinstance(made.text, Product):
        return "product" if made.text.source else "library"
    family = where.node.operator.family
    return "routine" if family.routine else "product" if family.multiplies else "convolution" if family.convolves else "scatter"


def _elements(where: Group | Single) -> int:
    if isinstance(where, Group):
        return at_hand(element_count(tuple(where.dims)))
    types = [where.node.type] if isinstance(where.node.type, TensorType) else where.node.type or ()
    return sum(elements(t) for t in types)


def _separations(program: Program) -> list[Separation]:
    """Neighbours in different steps: what the scheduler noted, and the calls that nothing fuses with."""
    home, found = program.plan.schedule.home, []
    for n in program.plan.order:
        for shown in data_inputs(n):
            x = shown
            while x not in home and (seen := viewed(x)) is not None:
                x = seen
            a, b = home.get(x), home.get(n)
            if a is None or b is None or a is b or (isinstance(b, Group) and x in b.copies):
                continue
            call = next((s for s in (a, b) if isinstance(s, Single)), None)
            if call is not None:
                reason = f"{call.node.operator.name} {call.node.operator.family.apart}"
            elif x is not shown:
                reason = f"the view {shown.label} stands between them: the value must be in memory first"
            else:
                reason = program.plan.schedule.apart[x, n]
            found.append(Separation(x.label, n.label, reason))
    return list(dict.fromkeys(found))


# ---------------------------------------------------------------------- memory

def _buffers(program: Program) -> list[BufferRecord]:
    memory = program.memory
    every = [b for b in dict.fromkeys((*program.plan.sources.values(), *program.plan.layout.buffers, *program.scratch)) if b.last >= 0]
    place = {b: (int(memory.offsets[i]), int(memory.nbytes[i])) for b, i in program.code.number.items()}
    every.sort(key=lambda b: (b.first, place[b][0]))
    label = {b: b.key.label if isinstance(b.key, Node) else f"scratch of step {b.first}" for b in every}
    reused = _reused([b for b in every if memory.kind(b) == "arena"], place)
    return [BufferRecord(label[b], memory.kind(b), place[b][1], place[b][0], b.first, min(b.last, len(program.steps)),
                         list(dict.fromkeys(label[o] for o in reused.get(b, ()))),
                         loc_str(b.key.loc) if isinstance(b.key, Node) and b.key.loc is not None else "") for b in every]


def _reused(arena: Sequence[Buffer], place: Mapping[Buffer, tuple[int, int]]) -> dict[Buffer, list[Buffer]]:
    """For each buffer (in the order of first use) those that lay last where it lies."""
    owners: list[tuple[int, int, Buffer]] = []          # who wrote a range of the arena last
    reused = {}
    for b in arena:
        begin, end = place[b][0], sum(place[b])
        before = [o for o in owners if o[0] < end and begin < o[1]]
        reused[b] = [o for _, _, o in before]
        owners = [o for o in owners if not (o[0] < end and begin < o[1])]
        owners += [(lo, hi, o) for first, last, o in before for lo, hi in ((first, begin), (end, last)) if lo < hi]
        owners.append((begin, end, b))
    return reused
