"""What an explanation is made of, in plain values that JSON can hold, and how it reads as text and as a page for notebooks."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from typing import Any

from ...cpu import native
from ...cpu.program import Program
from ...ir.node import Node
from ..show.outline import printable

FEW = 6         # names that a line holds
SIZES, LAST_RUN, NOBODY = "sizes", "last run", "nobody"     # what says how many trips a loop takes
OPEN = 2        # sections that a notebook shows unfolded, the graph before them not
# x86: an instruction that names a register of 256 or 512 bits; ARM: one that names all lanes of a vector register.
_PACKED = re.compile(r"^\s+v\w+\s.*%[yz]mm\d|^\s+\w+\s.*\bv\d+\.(?:16b|8h|4s|2d)\b", re.MULTILINE)


@cache
def _assembly(source: str) -> str:
    return native.compile_kernels([source])[0].asm()


def packed_instructions(assembly: str) -> int:
    """How many instructions of an assembly text work on whole vector registers (x86: of at least 256 bits)."""
    return len(_PACKED.findall(assembly))


@dataclass(frozen=True)
class PassRecord:
    """One pass: nodes it found and left, its seconds, why it stands where it does, and the lines of nodes that it changed."""

    name: str
    before: int
    after: int
    seconds: float
    reason: str
    removed: list[str]
    added: list[str]
    replaced: list[list[str]]       # [old line, new line] of nodes of one name
    diff: str                       # the three in the order of the graph, - before old lines and + before new ones


@dataclass(frozen=True)
class KernelRecord:
    """One kernel, or one library routine (its `source` is empty): what it computes where it is first used, and how it came to be.

    `bytes_moved`, `operations` and `elements` (of results, or of what a reduction reads) are sums over the `calls` steps that use it.
    """

    title: str
    nodes: list[str]
    lines: list[str]                # of the user's program
    source: str
    origins: list[str]              # for each line of `source` the node and line of the user's program it comes from, or ""
    compile_seconds: float          # in this process; 0 if it came from the cache
    from_cache: bool
    calls: int
    bytes_moved: int
    operations: int
    elements: int

    def __str__(self) -> str:
        """The source, each line with the node and line of the user's program it comes from, behind what it costs."""
        return kernel_text(self).rstrip()

    @property
    def operations_per_element(self) -> float:
        return self.operations / max(self.elements, 1)

    @cached_property
    def machine_code(self) -> str:
        """Assembly text, made anew from the source in about 0.2 s; empty for a library's routine."""
        return _assembly(self.source) if self.source else ""

    @cached_property
    def packed_instructions(self) -> int:
        """Instructions of the machine code on whole vector registers (x86: of at least 256 bits)."""
        return packed_instructions(self.machine_code)

    @property
    def vectorised(self) -> bool | None:
        """Whether the machine code has packed instructions; None for a library's routine, which is not read."""
        return self.packed_instructions > 0 if self.source else None

    def to_dict(self) -> dict[str, Any]:
        """The fields, and what was read off the machine code."""
        return {**asdict(self), "vectorised": self.vectorised, "packed_instructions": self.packed_instructions}


@dataclass(frozen=True)
class StepRecord:
    """One step of a run, with the bytes it must move and the arithmetic operations it must do at least."""

    index: int
    kind: str                       # a fused loop: "map", "row", "column", "full"; "product", "scatter", "convolution": ready-made;
                                    # "routine": a declaration's own; "library"; "host"; "while", "cond": runs bodies in machine code
    nodes: list[str]
    lines: list[str]
    kernel: int | None              # index in `kernels`; None for a host call
    bytes_read: int
    bytes_written: int
    operations: int
    elements: int                   # of its loop nest; of the result where there is none
    pieces: int                     # how many parts the threads share out
    bodies: dict[str, list[StepRecord]] = field(default_factory=dict)       # the steps of each body that it runs
    trips: int | None = None        # of a loop, how often it runs its body, which its bytes and operations count so often; None: see below
    trips_by: str = ""              # what says so: SIZES, LAST_RUN; NOBODY: known only when it runs, the cost is that of one trip; "": no loop

    @property
    def operations_per_element(self) -> float:
        return self.operations / max(self.elements, 1)


@dataclass(frozen=True)
class Separation:
    """Two neighbours that are not in one kernel, and why."""

    producer: str
    user: str
    reason: str


@dataclass(frozen=True)
class BufferRecord:
    """A piece of memory, needed from step `first` to step `last` (the number of steps: after the last one).

    `kind`: "arena" (temporaries, which share one block), "constant", "feed", "variable", "result" (given to the caller), "objects".
    """

    name: str
    kind: str
    bytes: int
    offset: int                     # in the arena
    first: int
    last: int
    reuses: list[str]               # the buffers that its place in the arena held before
    line: str


@dataclass(frozen=True)
class Explanation:
    """What `Session.explain` gives: `print` it, or look into its lists. In a notebook it shows itself as a page that folds."""

    fetches: list[str]
    graph: list[str]                # the user's graph, a line a node
    passes: list[PassRecord]
    final: list[str]                # what is scheduled, a line a node
    steps: list[StepRecord]
    kernels: list[KernelRecord]
    separations: list[Separation]
    buffers: list[BufferRecord]
    arena_bytes: int                # the block that all temporaries share
    live_bytes: int                 # the most of them that any one step needs: no block could be smaller
    unshared_bytes: int             # all of them together
    updated_in_place: list[str]     # variables whose new value the kernel that computes it writes over the old one
    threads: int
    program: Program | None = field(repr=False, compare=False, default=None)                           # None: nothing of it is compiled
    stages: list[tuple[str, list[Node]]] = field(repr=False, compare=False, default_factory=list)   # the nodes after each pass
    listings: list[list[str]] = field(repr=False, compare=False, default_factory=list)      # of each stage, a line a node

    def to_dict(self) -> dict[str, Any]:
        """All but the program and the stages, in JSON's types. Reads every kernel's machine code."""
        own = {k: v for k, v in vars(self).items() if k not in ("program", "stages", "listings")}
        return {k: [_plain(x) for x in v] if isinstance(v, list) else v for k, v in own.items()}

    def __str__(self) -> str:
        return page(self.sections())

    def _repr_html_(self) -> str:
        return html_page(self.sections())

    def sections(self) -> list[tuple[str, str]]:
        """(title, text) of each part, in the order of the compilation."""
        return sections(self)


def _plain(x: Any) -> Any:
    if isinstance(x, KernelRecord):
        return x.to_dict()
    return asdict(x) if hasattr(x, "__dataclass_fields__") else x


# ---------------------------------------------------------------------- text

def page(sections: Sequence[tuple[str, str]]) -> str:
    """Sections under underlined titles."""
    return "\n".join(f"{title}\n{'-' * len(title)}\n{text}\n" for title, text in sections)


def html_page(sections: Sequence[tuple[str, str]]) -> str:
    """Sections that fold."""
    parts = [f"<details{' open' if 1 <= i <= OPEN else ''}><summary><b>{html.escape(title)}</b></summary><pre>{html.escape(text)}</pre></details>"
             for i, (title, text) in enumerate(sections)]
    return "<div>" + "".join(parts) + "</div>"


def sections(e: Explanation) -> list[tuple[str, str]]:
    """(title, text) of each part, in the order of the compilation."""
    return [(f"The graph: {len(e.graph)} nodes", "\n".join(e.graph)), *plan_sections(e), (kernels_title(e), kernels_text(e))]


def plan_sections(e: Explanation) -> list[tuple[str, str]]:
    """All but the graph and the kernels: what can be told without looking at machine code."""
    memory = f"Memory: {size(e.arena_bytes)} for temporaries, of which a step needs {size(e.live_bytes)} at most; " \
             f"{size(e.unshared_bytes)} if they did not share it"
    return [("Passes", passes_text(e)), (f"The plan: {len(e.steps)} steps, {e.threads} threads", plan_text(e)),
            ("Not fused", separations_text(e)), (memory, memory_text(e))]


def passes_text(e: Explanation) -> str:
    """A line a pass, then what each changed."""
    lines = []
    for p in e.passes:
        changed = f"{len(p.removed)} removed, {len(p.added)} added, {len(p.replaced)} replaced"
        lines.append(f"{p.name:22} {p.before:5} -> {p.after:5} nodes {1e3 * p.seconds:8.2f} ms   {changed}   ({p.reason})")
    return "\n".join(lines + [f"\n{p.name}\n{p.diff}" for p in e.passes if p.diff])


def plan_text(e: Explanation) -> str:
    """A line a step: its form, kernel, nodes, bytes moved and operations an element."""
    return "\n".join(_plan_lines(e.steps, "")) or "nothing to compute"


def _plan_lines(steps: Sequence[StepRecord], margin: str) -> list[str]:
    out = []
    for s in steps:
        kernel = "" if s.kernel is None else f"kernel {s.kernel}"
        done = f"{s.operations} operations" if s.trips_by else f"{s.operations_per_element:.3g} operations an element"
        work = f"{trips_text(s)}{size(s.bytes_read)} read, {size(s.bytes_written)} written, {done}"
        shared = f", {s.pieces} pieces" if s.pieces > 1 else ""
        out.append(f"{margin}{s.index:4} {s.kind:8} {kernel:11} {names(s.nodes)}   # {names(s.lines)}; {work}{shared}")
        for name, inside in s.bodies.items():
            out += [f"{margin}     {name}:", *_plan_lines(inside, margin + "      ")]
    return out


def trips_text(s: StepRecord) -> str:
    """How often a loop runs its body; "" for what is none."""
    count = "" if s.trips is None else f"{s.trips} trip{'s' * (s.trips != 1)}"
    return {"": "", SIZES: f"{count}: ", LAST_RUN: f"{count} in the last run: ",
            NOBODY: "how many trips is known only when it runs, in each "}[s.trips_by]


def separations_text(e: Explanation) -> str:
    return "\n".join(f"{printable(s.producer)} | {printable(s.user)}: {s.reason}" for s in e.separations) or "nothing that could be"


def kernels_title(e: Explanation) -> str:
    own = [k for k in e.kernels if k.source]
    compiled = [k for k in own if not k.from_cache]
    seconds = sum(k.compile_seconds for k in compiled)
    return (f"Kernels: {len(compiled)} compiled in {seconds:.2f} s, {len(own) - len(compiled)} from the cache, "
            f"{len(e.kernels) - len(own)} of a library")


def kernels_text(e: Explanation) -> str:
    """Each kernel's origin, cost and source."""
    return "\n".join(f"kernel {i}: {kernel_text(k)}" for i, k in enumerate(e.kernels)) or "none"


def kernel_text(k: KernelRecord) -> str:
    """One kernel; behind each of its lines the node and the user's line that it comes from."""
    used = f"{k.calls} step{'s' * (k.calls != 1)}, {size(k.bytes_moved)}, {k.operations_per_element:.3g} operations an element"
    if not k.source:
        return f"{printable(k.title)}   ({used})"
    vector = f"{k.packed_instructions} packed instructions" if k.vectorised else "not vectorised"
    came = "from the cache" if k.from_cache else f"compiled in {k.compile_seconds:.2f} s"
    lines = k.source.splitlines()
    width = min(max(map(len, lines)), 60)
    body = [f"{line:{width}}  # {printable(origin)}" if origin else line for line, origin in zip(lines, k.origins, strict=True)]
    return "\n".join([f"{printable(k.title)}   ({used}; {vector}, {came})", *body, ""])


def memory_text(e: Explanation) -> str:
    """A line a buffer, with those whose place it takes."""
    out = [f"updated in place: {names(e.updated_in_place)}"] if e.updated_in_place else []
    for b in e.buffers:
        place = f"at {b.offset}" if b.kind == "arena" else ""
        reused = f"   where {names(b.reuses)} was" if b.reuses else ""
        out.append(f"{b.kind:9} {size(b.bytes):>10} {place:12} steps {b.first}-{b.last}  {printable(b.name)}{reused}")
    return "\n".join(out) or "none"


def size(n: int) -> str:
    """A number of bytes."""
    for unit, one in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if n >= one:
            return f"{n / one:.1f} {unit}"
    return f"{n} B"


def names(every: Sequence[str]) -> str:
    """The first few names, shortened, and how many more there are."""
    return ", ".join(map(printable, every[:FEW])) + (f" and {len(every) - FEW} more" if len(every) > FEW else "")
