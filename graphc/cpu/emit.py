"""Kernel source: the loop nest of a fused group as Python text for Numba, one statement a node, names of graphc's making only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..compiler.layout import Storage
from ..compiler.schedule import Group, data_inputs
from ..ir.node import Node
from .kernel_text import KernelText, Slot, indent, initial, numba_name, step_text
from .statements import Loop, Statements, prod

CHUNK = 8192            # elements of a full reduction that one row of partial results covers
UNROLLED = 15           # inner extents up to this stand in the text, so that LLVM unrolls them; longer loops it vectorises
BLOCK = 64              # 1-d ranges are split at multiples of this, so vector bodies are the same for any number of threads


def emit(group: Group, stored: set[Node], place: Callable[[Node], Storage]) -> list[KernelText]:
    """The kernel of a group (two for a full reduction: partial results, then their combination)."""
    return _Emitter(group, stored, place).kernels()


class _Emitter(Statements):
    """The four forms of a loop nest."""

    def kernels(self) -> list[KernelText]:
        sweeps = self.count_sweeps()
        if self.kind == "row":
            self.spill(sweeps)
        self.collect()
        return getattr(self, "_" + self.kind)(sweeps)

    def _map(self, sweeps: int) -> list[KernelText]:
        loops = self.loops(range(len(self.group.dims)))
        nodes = self.wanted(0)
        total = int(np.prod(self.group.dims, dtype=np.int64))
        if len(loops) == 1:
            body = self.region(nodes, 0, [("i", loops[0], "i")], {})
            lines = [("for i in range(lo, hi):", None), *indent(body)]
            return [self.finish(lines, loops[0].extent, BLOCK, total)]
        *outer, last = loops
        terms, wrap = self.rows(outer)
        fresh: dict[Any, str] = {}
        hoisted: list[tuple[str, Node | None]] = []
        self.hoist(nodes, last, terms, fresh, hoisted)
        body = self.region(nodes, 0, [*terms, ("j", last, "j")], fresh)
        inner = [(f"for j in range({self.inner_extent(last, 'j')}):", None), *indent(body)]
        return [self.finish(wrap([*hoisted, *inner]), prod(outer), 1, total)]

    def hoist(self, nodes: Sequence[Node], last: Loop, terms: Any, fresh: dict[Any, str], out: list[Any]) -> None:
        """Load before the inner loop what does not vary in it."""
        for m in nodes:
            for x in data_inputs(m):
                key = self.reads.get((m, x))
                if key is not None and last.strides[key] == 0:
                    self.value(m, x, terms, fresh, out)

    def inner_extent(self, loop: Loop, tag: str) -> str:
        return str(loop.extent) if 1 < loop.extent <= UNROLLED else self.extent(loop.extent, "n" + tag)

    def rows(self, outer: Sequence[Loop]) -> tuple[list[tuple[str, Loop, str]], Callable[[list[Any]], list[Any]]]:
        """One index a loop for the rows lo to hi, and what wraps a row's body in their loop.

        The indices count up like an odometer: dividing `row` anew each time would cost more than a short row.
        """
        if len(outer) == 1:
            return [("row", outer[0], "r")], lambda body: [("for row in range(lo, hi):", None), *indent(body)]
        last = len(outer) - 1
        start: list[tuple[str, Node | None]] = [("rest = lo", None)]
        count: list[tuple[str, Node | None]] = []
        for k in range(last, 0, -1):
            n = self.named(outer[k].extent, f"n{k}")
            start += [(f"i{k} = rest % {n}", None), (f"rest = rest // {n}", None)]
            pad = "    " * (last - k)
            count += [(f"{pad}i{k} += 1", None), (f"{pad}if i{k} == {n}:", None), (f"{pad}    i{k} = 0", None)]
        start.append(("i0 = rest", None))
        count.append(("    " * last + "i0 += 1", None))
        terms = [(f"i{k}", loop, f"r{k}") for k, loop in enumerate(outer)]
        return terms, lambda body: [*start, ("for row in range(lo, hi):", None), *indent([*body, *count])]

    def _row(self, sweeps: int) -> list[KernelText]:
        kept = [d for d in range(len(self.group.dims)) if d not in self.inner]
        outer, inner = self.loops(kept), self.loops(sorted(self.inner))
        terms, wrap = self.rows(outer)
        fresh: dict[Any, str] = {}
        body: list[tuple[str, Node | None]] = []
        for q in range(sweeps):
            self.row_level(q, inner, terms, fresh, body)
            nodes = self.wanted(q)
            if nodes:
                body += self.inner_sweep(nodes, q, inner, terms, dict(fresh))
        self.row_level(sweeps, inner, terms, fresh, body)
        return [self.finish(wrap(body), prod(outer), 1, int(np.prod(self.group.dims, dtype=np.int64)))]

    def row_level(self, q: int, inner: Sequence[Loop], terms: Any, fresh: dict[Any, str], out: list[Any]) -> None:
        """Between sweeps: finished reductions, and what is computed once a row."""
        for m in self.group.members:
            if m in self.sums:
                if self.sweep_of[m] + 1 == q:
                    out.append((f"{self.names[m]} = a{self.names[m]}", m))
                    if m in self.writes:
                        out.append((self.store(m, terms), m))
            elif not self.level(m) and self.sweep_of[m] == q:
                self.statement(m, terms, fresh, out)
                if m in self.writes:
                    out.append((self.store(m, terms), m))
        if q == 0:
            for (m, x), key in self.reads.items():
                if all(loop.strides[key] == 0 for loop in inner):
                    self.value(m, x, terms, fresh, out)

    def inner_sweep(self, nodes: Sequence[Node], q: int, inner: Sequence[Loop], terms: Any, fresh: dict[Any, str]) -> list[Any]:
        out: list[Any] = []
        for m in nodes:
            if m in self.sums:
                out.append((f"a{self.names[m]} = {initial(m.operator.combine, m.type.dtype)}", m))
        names = [f"j{q}" if len(inner) == 1 else f"j{q}_{k}" for k in range(len(inner))]
        body = self.region(nodes, q, [*terms, *((v, loop, f"j{k}") for k, (v, loop) in enumerate(zip(names, inner, strict=True)))], fresh)
        for k in range(len(inner) - 1, -1, -1):
            size = str(inner[k].extent) if k == len(inner) - 1 and 1 < inner[k].extent <= UNROLLED else self.named(inner[k].extent, f"nj{k}")
            body = [(f"for {names[k]} in range({size}):", None), *indent(body)]
        return out + body

    def _column(self, sweeps: int) -> list[KernelText]:
        dims = range(len(self.group.dims))
        end = max(self.inner)
        *more, last = self.loops([d for d in dims if d > end])
        before = [d for d in dims if d < end and d not in self.inner]
        outer = [*(self.loops(before) if before else []), *more]
        reduced = self.loops(sorted(self.inner))
        terms, wrap = self.rows(outer) if outer else ([], lambda body: body)
        nodes = self.wanted(0)
        span = self.inner_extent(last, "j") if outer else "lo, hi"
        column = [*terms, ("j", last, "j")]
        start = [(f"store(p{self.access[self.writes[m]][0]}, {self.index(self.writes[m], column)}, "
                  f"{initial(m.operator.combine, m.type.dtype)})", m) for m in nodes if m in self.sums]
        loops = [(f"k{k}", loop, f"k{k}") for k, loop in enumerate(reduced)]
        body = [(f"for j in range({span}):", None), *indent(self.region(nodes, 0, [*terms, *loops, ("j", last, "j")], {}))]
        begin = [(f"for j in range({span}):", None), *indent(start)]

        def over_reduced(body: list[Any]) -> list[Any]:
            for k in range(len(reduced) - 1, -1, -1):
                body = [(f"for k{k} in range({self.named(reduced[k].extent, f'nk{k}')}):", None), *indent(body)]
            return body
        # Reduced dims that lie outside all kept ones are walked outermost: memory is then read in order.
        lines = [*wrap(begin), *over_reduced(wrap(body))] if not before else wrap([*begin, *over_reduced(body)])
        total = int(np.prod(self.group.dims, dtype=np.int64))
        return [self.finish(lines, prod(outer) if outer else last.extent, 1 if outer else BLOCK, total)]

    def _full(self, sweeps: int) -> list[KernelText]:
        results = [m for m in self.group.members if m in self.sums]
        loops = self.loops(range(len(self.group.dims)))
        total = int(np.prod(self.group.dims, dtype=np.int64))
        rows = -(-total // CHUNK) if len(loops) == 1 else loops[0].extent
        partial = {m: self.slot("temp", m, m.type.dtype, rows) for m in results}
        for m, slot in partial.items():
            self.slots[slot] = Slot("partial", m, m.type.dtype, rows)
        nodes = self.wanted(0)
        if len(loops) == 1:
            size = self.extent(total, "n")
            span = f"range(row * {CHUNK}, min(row * {CHUNK} + {CHUNK}, {size}))"
            body = [(f"for i in {span}:", None), *indent(self.region(nodes, 0, [("i", loops[0], "i")], {}))]
        else:
            names = [f"i{k}" for k in range(1, len(loops))]
            terms = [("row", loops[0], "r"), *((v, loop, v) for v, loop in zip(names, loops[1:], strict=True))]
            body = self.region(nodes, 0, terms, {})
            for k in range(len(names) - 1, -1, -1):
                body = [(f"for {names[k]} in range({self.extent(loops[k + 1].extent, f'm{k}')}):", None), *indent(body)]
        begin = [(f"a{self.names[m]} = {initial(m.operator.combine, m.type.dtype)}", m) for m in results]
        end = [(f"store(p{partial[m]}, row, a{self.names[m]})", m) for m in results]
        lines = [("for row in range(lo, hi):", None), *indent([*begin, *body, *end])]
        return [self.finish(lines, rows, 1, total), *(combine_text(m, rows) for m in results)]

    def finish(self, lines: list[tuple[str, Node | None]], n: int, unit: int, work: int) -> KernelText:
        whole = [("def kernel(buffers, extents, lo, hi):", None), *indent([*((h, None) for h in self.head), *lines, ("return 0", None)])]
        source = "\n".join(text for text, _ in whole) + "\n"
        return KernelText(source, self.slots, self.extents, n, unit, work, self.checks, whole, self.chunk)


def combine_text(m: Node, rows: int) -> KernelText:
    """The second half of a full reduction: partial results, in order, to one."""
    name, combine = numba_name(m.type.dtype), m.operator.combine
    source = (f"def kernel(buffers, extents, lo, hi):\n    p0 = pointer(buffers, 0, {name})\n    p1 = pointer(buffers, 1, {name})\n"
              f"    n = extents[1]\n    a = {initial(combine, m.type.dtype)}\n    for i in range(n):\n"
              f"        a = {step_text(combine, m.type.dtype, 'a', 'load(p0, i)')}\n    store(p1, 0, a)\n    return 0\n")
    slots = [Slot("partial", m, m.type.dtype, rows), Slot("out", m, m.type.dtype)]
    return KernelText(source, slots, [0, rows], 1, 1, rows, [], [(line, m) for line in source.splitlines()])
