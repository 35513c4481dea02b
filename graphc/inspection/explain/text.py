"""An explanation as text and as a page for notebooks."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..show.outline import printable

if TYPE_CHECKING:
    from .records import Explanation, KernelRecord

FEW = 6         # names that a line holds
OPEN = 2        # sections that a notebook shows unfolded, the graph before them not


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
    out = []
    for s in e.steps:
        kernel = "" if s.kernel is None else f"kernel {s.kernel}"
        work = f"{size(s.bytes_read)} read, {size(s.bytes_written)} written, {s.operations_per_element:.3g} operations an element"
        shared = f", {s.pieces} pieces" if s.pieces > 1 else ""
        out.append(f"{s.index:4} {s.kind:8} {kernel:11} {names(s.nodes)}   # {names(s.lines)}; {work}{shared}")
    return "\n".join(out) or "nothing to compute"


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
