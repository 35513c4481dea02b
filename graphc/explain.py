"""What the compiler made of a run: passes, fusion, kernels, memory, as objects that print themselves and hold all the numbers."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import unified_diff
from functools import cached_property
from typing import Any

import numpy as np

from . import native
from .cost import cost
from .errors import FeedError
from .graph import Node, caller, describe, loc_str, topological
from .layout import Buffer
from .passes import PIPELINE
from .program import NativeStep, Program
from .schedule import Call, Group, source
from .show import line
from .show.outline import outline

_PACKED = re.compile(r"^\s+v\w+p[sd]\b.*%[yz]mm|^\s+vp\w+\b.*%[yz]mm", re.MULTILINE)


@dataclass(frozen=True)
class PassRecord:
    """One pass: how many nodes it found and left, seconds, why it stands where it does, and a diff of the graph's lines."""

    name: str
    before: int
    after: int
    seconds: float
    reason: str
    diff: str


@dataclass(frozen=True)
class KernelRecord:
    """One kernel: names and lines of the nodes it computes, its source, how it came to be. `calls` counts the steps that use it."""

    title: str
    nodes: list[str]
    lines: list[str]
    source: str
    compile_seconds: float
    from_cache: bool
    calls: int

    @cached_property
    def machine_code(self) -> str:
        """Assembly text, made anew from the source; empty for a library's routine."""
        return native.compile_kernels([self.source])[0].asm() if self.source else ""

    @cached_property
    def packed_instructions(self) -> int:
        """Instructions on whole 256- or 512-bit registers: 0 means that the kernel did not vectorise."""
        return len(_PACKED.findall(self.machine_code))

    @property
    def vectorised(self) -> bool | None:
        """Whether packed instructions do its work; None for a library's routine."""
        return self.packed_instructions > 0 if self.source else None


@dataclass(frozen=True)
class StepRecord:
    """One step of a run: a kernel, a library call or a host call, with the least that it must move and do."""

    index: int
    kind: str                       # "map", "row", "column", "full": the form of a fused loop; "library", "host"
    nodes: list[str]
    lines: list[str]
    kernel: int | None              # index in `kernels`; None for a host call
    bytes_read: int
    bytes_written: int
    operations: int
    pieces: int                     # how many parts the threads share out


@dataclass(frozen=True)
class Separation:
    """Two neighbours that are not in one kernel, and why."""

    producer: str
    user: str
    reason: str


@dataclass(frozen=True)
class BufferRecord:
    """A piece of memory: whose ("arena": reused within a run), where in the arena, from which step to which it is needed."""

    name: str
    kind: str
    bytes: int
    offset: int
    first: int
    last: int
    shares_with: list[str]          # buffers at overlapping addresses, needed at other times
    line: str


@dataclass(frozen=True)
class Explanation:
    """What `Session.explain` gives: `print` it, or look into its lists. In a notebook it shows itself as a page."""

    fetches: list[str]
    graph: list[str]                # the user's graph, a line a node
    passes: list[PassRecord]
    final: list[str]                # what is scheduled, a line a node
    steps: list[StepRecord]
    kernels: list[KernelRecord]
    separations: list[Separation]
    buffers: list[BufferRecord]
    arena_bytes: int                # the memory that all temporaries share; without sharing it would be `unshared_bytes`
    unshared_bytes: int
    updated_in_place: list[str]     # variables whose new value is written over the old one by the kernel that computes it
    threads: int
    program: Any = field(repr=False, compare=False, default=None)
    stages: list[tuple[str, list[Node]]] = field(repr=False, compare=False, default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """All of it in JSON's types."""
        own = {k: v for k, v in vars(self).items() if k not in ("program", "stages")}
        return {k: [asdict(x) if hasattr(x, "__dataclass_fields__") else x for x in v] if isinstance(v, list) else v for k, v in own.items()}

    def __str__(self) -> str:
        return "\n".join(f"{title}\n{'-' * len(title)}\n{text}\n" for title, text in self.sections())

    def _repr_html_(self) -> str:
        parts = [f"<details{' open' if i in (1, 2) else ''}><summary><b>{html.escape(title)}</b></summary><pre>{html.escape(text)}</pre></details>"
                 for i, (title, text) in enumerate(self.sections())]
        return "<div>" + "".join(parts) + "</div>"

    def sections(self) -> list[tuple[str, str]]:
        """(title, text) of each part, in the order of the compilation."""
        return [(f"The graph: {len(self.graph)} nodes", "\n".join(self.graph)), ("Passes", self.passes_text()),
                (f"The plan: {len(self.steps)} steps, {self.threads} threads", self.plan_text()),
                ("Not fused", "\n".join(f"{s.producer} | {s.user}: {s.reason}" for s in self.separations) or "nothing that could be"),
                (f"Kernels: {len(self.kernels)}", self.kernels_text()),
                (f"Memory: {_bytes(self.arena_bytes)} of temporaries, {_bytes(self.unshared_bytes)} if nothing were shared", self.memory_text())]

    def passes_text(self) -> str:
        """A line a pass, then what each changed."""
        lines = [f"{p.name:24} {p.before:6} -> {p.after:6} nodes  {1e3 * p.seconds:8.2f} ms  ({p.reason})" for p in self.passes]
        return "\n".join(lines + [f"\n{p.name}\n{p.diff}" for p in self.passes if p.diff])

    def plan_text(self) -> str:
        """A line a step: its form, kernel, nodes, bytes moved and operations an element."""
        out = []
        for s in self.steps:
            kernel = "" if s.kernel is None else f" kernel {s.kernel}"
            work = f"{_bytes(s.bytes_read + s.bytes_written)}, {s.operations} operations" + (f", {s.pieces} pieces" if s.pieces > 1 else "")
            out.append(f"{s.index:4} {s.kind:8}{kernel:11} {_names(s.nodes)}   # {work}; {', '.join(s.lines[:3])}")
        return "\n".join(out) or "nothing to compute"

    def kernels_text(self) -> str:
        """Each kernel's origin and source."""
        out = []
        for i, k in enumerate(self.kernels):
            if not k.source:
                out.append(f"kernel {i}: {k.title}")
                continue
            vector = f"{k.packed_instructions} packed instructions" if k.vectorised else "scalar"
            came = "from the cache" if k.from_cache else f"compiled in {k.compile_seconds:.2f} s"
            out.append(f"kernel {i}: {k.title}   ({vector}, {came}, {k.calls} {'step' if k.calls == 1 else 'steps'})\n{k.source}")
        return "\n".join(out)

    def memory_text(self) -> str:
        """A line a buffer, with the ones whose place it takes."""
        out = [f"updated in place: {', '.join(self.updated_in_place)}"] if self.updated_in_place else []
        for b in self.buffers:
            place = f"at {b.offset}" if b.kind == "arena" else ""
            shared = f"   shares its place with {', '.join(b.shares_with[:3])}" if b.shares_with else ""
            out.append(f"{b.kind:9} {_bytes(b.bytes):>10} {place:12} steps {b.first}-{b.last}  {b.name}{shared}")
        return "\n".join(out) or "none"


def _bytes(n: int) -> str:
    for unit, size in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if n >= size:
            return f"{n / size:.1f} {unit}"
    return f"{n} B"


def _names(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


# ---------------------------------------------------------------------- making one

class Recorder:
    """Sees the graph before and after each pass: what `passes.optimise` is given to observe."""

    def __init__(self) -> None:
        self.passes: list[PassRecord] = []
        self.stages: list[tuple[str, list[Node]]] = []

    def __call__(self, name: str, before: Sequence[Node], after: Sequence[Node], seconds: float) -> None:
        if not self.stages:
            self.stages.append(("specialised", topological(before)))
        old, new = self.stages[-1][1], topological(after)
        reason = next(why for n, _, why in PIPELINE if n == name)
        self.passes.append(PassRecord(name, len(old), len(new), seconds, reason, _diff(old, new)))
        self.stages.append((name, new))


def _diff(old: Sequence[Node], new: Sequence[Node]) -> str:
    """What a pass removed (-) and added (+), as lines of nodes; lines that stay are left out."""
    kept = set(old) & set(new)
    before, after = ([line(n) for n in side if n not in kept] for side in (old, new))
    shown = unified_diff(before, after, lineterm="", n=0)
    return "\n".join(s for s in shown if s[:1] in "+-" and s[:3] not in ("+++", "---"))


def explain(session: Any, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Explanation:
    """See `Session.explain`."""
    call, values = session._prepare(fetches, feed_dict or {})
    values = list(values)
    fed = set(call.feeds)
    missing = [n for n in call.needed() if n.operator.name == "placeholder" and n not in fed]
    for n in missing:
        if not n.type.known:
            raise FeedError(f"explain: {describe(n)} has no fixed shape; give a value for it in feed_dict\n  at {loc_str(caller())}")
    if missing:
        everything = {**dict(zip(call.feeds, values, strict=True)), **{n: np.zeros(n.type.shape, n.type.dtype) for n in missing}}
        call, values = session._prepare(fetches, everything)
    recorder = Recorder()
    arrays = call.arrays(values)
    program: Any = call.compile(arrays, recorder)
    while hasattr(program, "known"):                     # data decides shapes: explain what runs once it is there
        known = program.known(arrays)
        call = session._stage_call(call.fetches, known)
        arrays = list(known.values())
        program = call.compile(arrays, recorder)
    program = getattr(program, "program", program)       # one that first sets variables to their initial values
    return explanation([n.name for n in call.fetches], call.needed(), recorder, program if isinstance(program, Program) else None)


def explanation(fetches: list[str], user_graph: Sequence[Node], recorder: Recorder, program: Program | None) -> Explanation:
    """The explanation of a program already made; None: nothing of it is compiled."""
    graph, final = _listing(user_graph), _listing(program.order if program else recorder.stages[-1][1] if recorder.stages else [])
    if program is None:
        return Explanation(fetches, graph, recorder.passes, final, [], [], [], [], 0, 0, [], 1, None, recorder.stages)
    kernels, steps = _steps(program)
    buffers = _buffers(program)
    unshared = sum(b.bytes for b in buffers if b.kind == "arena")
    return Explanation(fetches, graph, recorder.passes, final, steps, kernels, _separations(program), buffers, program.arena_bytes, unshared,
                       [v.label for v in program.inplace.values()], program.threads, program, recorder.stages)


def _listing(nodes: Sequence[Node]) -> list[str]:
    return [box.line() for box in outline(nodes, None, None).boxes]


def _labels(nodes: Sequence[Node]) -> list[str]:
    return list(dict.fromkeys(n.label for n in nodes))


def _lines(nodes: Sequence[Node]) -> list[str]:
    return list(dict.fromkeys(loc_str(n.loc) for n in nodes if n.loc is not None))


def _steps(program: Program) -> tuple[list[KernelRecord], list[StepRecord]]:
    kernels: list[KernelRecord] = []
    counts: dict[str, int] = {}
    for s in program.steps:
        if isinstance(s, NativeStep):
            counts[s.text.source] = counts.get(s.text.source, 0) + 1
    number: dict[str, int] = {}
    steps = []
    for i, (s, where) in enumerate(zip(program.steps, program.origins, strict=True)):
        kind, nodes = _kind(where), list(where.members if isinstance(where, Group) else [where.node])
        k = None
        if isinstance(s, NativeStep):
            key = s.text.source or f"{nodes[0].operator.name} {nodes[0].type.dtype}"
            if key not in number:
                number[key] = len(kernels)
                made = native.compile_kernels([s.text.source])[0] if s.text.source else None
                title = _names(_labels(nodes)) if made else f"{nodes[0].type.dtype.name} {nodes[0].operator.name} by OpenBLAS"
                kernels.append(KernelRecord(title, _labels(nodes), _lines(nodes), s.text.source, made.seconds if made else 0.0,
                                            made.from_cache if made else False, counts[s.text.source]))
            k = number[key]
        c = cost(nodes, program.schedule.stored)
        pieces = -(-s.n // s.grain) if isinstance(s, NativeStep) else 1
        steps.append(StepRecord(i, kind, _labels(nodes), _lines(nodes), k, c.read, c.written, c.operations, pieces))
    return kernels, steps


def _kind(where: Group | Call) -> str:
    if isinstance(where, Group):
        return where.kind
    return "library" if where.node.operator.family in ("contraction", "scatter") else "host"


_CALLS = {"contraction": "is a library's routine", "scatter": "adds rows in an order of its own", "concat": "only joins what others write"}


def _separations(program: Program) -> list[Separation]:
    """Neighbours in different steps: what the scheduler noted, and the calls that nothing fuses with."""
    home, found = program.schedule.home, []
    for n in program.order:
        for shown in n.inputs:
            x = shown
            while x not in home and (seen := source(x)) is not None:
                x = seen
            a, b = home.get(x), home.get(n)
            if a is None or b is None or a is b:
                continue
            call = next((s for s in (a, b) if isinstance(s, Call)), None)
            if call is not None:
                reason = f"{call.node.operator.name} {_CALLS.get(call.node.operator.family, 'is a host call')}"
            elif x is not shown:
                reason = f"the view {shown.label} stands between them: the value must be in memory first"
            else:
                reason = program.schedule.apart.get((x, n), "one of them needed memory before the other was placed")
            found.append(Separation(x.label, n.label, reason))
    return list(dict.fromkeys(found))


def _buffers(program: Program) -> list[BufferRecord]:
    every = [b for b in dict.fromkeys((*program.sources(), *program.layout.buffers, *program.temps.values())) if b.last >= 0]
    names = {b: b.key.label if isinstance(b.key, Node) else f"scratch {i}" for i, b in enumerate(every)}
    out = []
    for b in sorted(every, key=lambda b: (b.first, b.offset)):
        shares = [names[o] for o in every if o is not b and b.kind == o.kind == "arena" and _overlap(b, o)]
        where = b.key.loc if isinstance(b.key, Node) else None
        at = "" if where is None else loc_str(where)
        out.append(BufferRecord(names[b], b.kind, b.nbytes, b.offset, b.first, min(b.last, len(program.steps)), shares, at))
    return out


def _overlap(a: Buffer, b: Buffer) -> bool:
    return a.offset < b.offset + b.nbytes and b.offset < a.offset + a.nbytes


__all__ = ["Explanation", "Recorder", "explain", "explanation"]
