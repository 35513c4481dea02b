"""What an explanation is made of: records of passes, steps, kernels, buffers, in plain values that JSON can hold."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from typing import Any

from ...cpu import native
from ...cpu.program import Program
from ...ir.node import Node
from . import text

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
        return text.kernel_text(self).rstrip()

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
    kind: str                       # a fused loop: "map", "row", "column", "full"; "product", "scatter": ready-made; "library"; "host"
    nodes: list[str]
    lines: list[str]
    kernel: int | None              # index in `kernels`; None for a host call
    bytes_read: int
    bytes_written: int
    operations: int
    elements: int                   # of its loop nest; of the result where there is none
    pieces: int                     # how many parts the threads share out

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
        return text.page(self.sections())

    def _repr_html_(self) -> str:
        return text.html_page(self.sections())

    def sections(self) -> list[tuple[str, str]]:
        """(title, text) of each part, in the order of the compilation."""
        return text.sections(self)


def _plain(x: Any) -> Any:
    if isinstance(x, KernelRecord):
        return x.to_dict()
    return asdict(x) if hasattr(x, "__dataclass_fields__") else x
