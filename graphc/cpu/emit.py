"""Kernel source: the loop nest of a fused group as Python text for Numba, one statement a node, names of graphc's making only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..compiler.groups import Group, data_inputs
from ..compiler.layout import Storage, contiguous
from ..ir.node import Node
from ..ir.sizes import fixed, maximum
from ..ir.types import element_count
from .kernel_text import KernelText, Slot, heavy, indent, initial, numba_name, step_text
from .statements import Keyed, Loop, Statements, prod

CHUNK = 8192            # elements of a full reduction that one partial result covers
LONG = 2 * CHUNK        # elements from which a row is summed in blocks
BLOCK_OF_ROW = 4096
TOGETHER = 4            # rows that are added up before their sum is added to the columns': a quarter of the loads, stores and roundings
SHORT = 2 * TOGETHER    # rows from which they are
LIGHT = 8               # statements an element up to which they are: what takes longer to compute gains nothing, and the text is there twice
TALL = 1024             # steps one after another from which columns are summed by partial results: rows, or rows together
CHAIN = 512             # such steps that one of them covers; a row's elements are 32 and more side by side,
SIDES = 32              # but not in inner loops shorter than that, or where they do not lie side by side: then a row's blocks are as small
WIDE = 4096             # columns whose partial results are at work at a time: they stay in the first cache
UNROLLED = 15           # inner extents up to this stand in the text, so that LLVM unrolls them; longer loops it vectorises
BLOCK = 64              # 1-d ranges are split at multiples of this, so vector bodies are the same for any number of threads


def emit(group: Group, stored: set[Node], place: Callable[[Node], Storage]) -> list[KernelText]:
    """The kernel of a group (two for a full reduction: partial results, then their combination)."""
    return _Emitter(group, stored, place).kernels()


class _Emitter(Statements):
    """The four forms of a loop nest.

    A sum of many floats is the sum of partial sums, each of a block whose size is fixed: so its error does not grow with the number of
    elements, and its bits are the same for any number of threads. What adds the partial sums has the digits of float64.
    """

    def __init__(self, group: Group, stored: set[Node], place: Callable[[Node], Storage]):
        super().__init__(group, stored, place)
        self.total: dict[Node, str] = {}        # of a row's sums, once their loop is done

    def kernels(self) -> list[KernelText]:
        sweeps = self.count_sweeps()
        if self.kind == "row":
            self.spill(sweeps)
        self.collect()
        return getattr(self, "_" + self.kind)(sweeps)

    def _map(self, sweeps: int) -> list[KernelText]:
        loops = self.loops(range(len(self.group.dims)))
        nodes = self.wanted(0)
        total = element_count(tuple(self.group.dims))
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

    def inner_extent(self, loop: Loop, tag: str, literal: bool = True) -> str:
        """The extent of an inner loop: in the text if LLVM may unroll it, unless that is not wanted."""
        return str(loop.extent) if literal and unrolled(loop) else self.extent(loop.extent, "n" + tag)

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
        return [self.finish(wrap(body), prod(outer), 1, element_count(tuple(self.group.dims)))]

    def row_level(self, q: int, inner: Sequence[Loop], terms: Any, fresh: dict[Any, str], out: list[Any]) -> None:
        """Between sweeps: finished reductions, and what is computed once a row."""
        for m in self.group.members:
            if m in self.sums:
                if self.sweep_of[m] + 1 == q:
                    out.append((f"{self.names[m]} = {self.total[m]}", m))
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
        sums = [m for m in nodes if m in self.sums]
        self.long = not unrolled(inner[-1])
        begin: list[Any] = [(f"a{self.names[m]} = {self.kept_total(m).start}", m) for m in sums]
        names = [f"j{q}" if len(inner) == 1 else f"j{q}_{k}" for k in range(len(inner))]
        body = self.region(nodes, q, [*terms, *((v, loop, f"j{k}") for k, (v, loop) in enumerate(zip(names, inner, strict=True)))], fresh)
        blocked = [m for m in sums if _rounds(m)] if prod(inner) > LONG else []
        cut = _cut(inner, BLOCK_OF_ROW) if blocked else None
        for m in sums:
            name = self.names[m]
            self.total[m] = f"{numba_name(m.type.dtype)}(t{name})" if m in blocked else self.kept_total(m).end
        self.long = False
        for k in range(len(inner) - 1, -1, -1):
            if cut is None or k != cut.loop:
                size = str(inner[k].extent) if k == len(inner) - 1 and unrolled(inner[k]) else self.named(inner[k].extent, f"nj{k}")
                body = [(f"for {names[k]} in range({size}):", None), *indent(body)]
                continue
            over = [(f"for {names[k]} in {self.span(cut, f'b{q}', f'nj{k}')}:", None), *indent(body)]
            first, begin = [line for line in begin if line[1] in blocked], [line for line in begin if line[1] not in blocked]
            begin += [(f"t{self.names[m]} = {initial(m.operator.combine, _wide(m))}", m) for m in blocked]
            add = [(f"t{self.names[m]} = {_add_wide(m, f't{self.names[m]}', f'a{self.names[m]}')}", m) for m in blocked]
            body = [(f"for b{q} in range({self.named(cut.blocks, 'blocks')}):", None), *indent([*first, *over, *add])]
        return begin + body

    def span(self, cut: _Cut, block: str, size: str) -> str:
        """The range of a loop that one block covers."""
        self.named(cut.extent, size)
        most = str(cut.most) if cut.literal else self.named(cut.most, f"most_{size}")
        return f"range({block} * {most}, min({block} * {most} + {most}, {size}))"

    def _column(self, sweeps: int) -> list[KernelText]:
        dims = range(len(self.group.dims))
        nodes, reduced = self.wanted(0), self.loops(sorted(self.inner))
        many = self.together(nodes, reduced)
        if self.size(self.inner) > TALL * many:
            return self.tall(nodes, many)
        end = max(self.inner)
        *more, last = self.loops([d for d in dims if d > end])
        before = [d for d in dims if d < end and d not in self.inner]
        outer = [*(self.loops(before) if before else []), *more]
        terms, wrap = self.rows(outer) if outer else ([], lambda body: body)
        span = self.inner_extent(last, "j", many == 1) if outer else "lo, hi"
        column = [*terms, ("j", last, "j")]
        start = [(f"store(p{self.access[self.writes[m]][0]}, {self.index(self.writes[m], column)}, "
                  f"{initial(m.operator.combine, m.type.dtype)})", m) for m in nodes if m in self.sums]
        loops = [(f"k{k}", loop, f"k{k}") for k, loop in enumerate(reduced)]
        begin = [(f"for j in range({span}):", None), *indent(start)]

        def over_columns(body: list[Any]) -> list[Any]:
            body = [(f"for j in range({span}):", None), *indent(body)]
            return body if before else wrap(body)
        ranges = [f"range({self.named(loop.extent, f'n{k}')})" for k, loop, _ in loops]
        lines = self.over_rows(nodes, many, [terms, loops, [("j", last, "j")]], ranges, "", over_columns)
        # Reduced dims that lie outside all kept ones are walked outermost: memory is then read in order.
        lines = wrap([*begin, *lines]) if before else [*wrap(begin), *lines]
        total = element_count(tuple(self.group.dims))
        return [self.finish(lines, prod(outer) if outer else last.extent, 1 if outer else BLOCK, total)]

    def together(self, nodes: Sequence[Node], reduced: Sequence[Loop]) -> int:
        """How many rows are added up before their sum is added to that of the columns."""
        light = len(nodes) <= LIGHT and not any(heavy(m) or m.operator.check or m.operator.family.gathers for m in nodes)
        rows = reduced[-1].extent
        return TOGETHER if light and not ((fixed(rows) or len(reduced) > 1) and rows < SHORT) else 1

    def over_rows(self, nodes: Sequence[Node], many: int, loops: Sequence[Any], ranges: Sequence[str], first: str,
                  over_columns: Callable[[list[Any]], list[Any]]) -> list[Any]:
        """The loops over the reduced dims around those over columns, `many` rows of the innermost, which begins at `first`, at a time."""
        terms, rows, columns = loops
        everything = [*terms, *rows, *columns]
        body = over_columns(self.region(nodes, 0, everything, {}))
        if many == 1:
            return _nest(rows, ranges, body)
        row, sums = rows[-1][0], [m for m in nodes if m in self.sums]
        # A short loop of a fixed size has that in its range, and no name for it.
        begin, end = (f"{first} + ", "end") if first else ("", ranges[-1].removeprefix("range(").removesuffix(")"))
        self.apart = True
        one = [(f"{row} = {begin}g{row} * {many} + u", None), *self.region(nodes, 0, everything, {})]
        self.apart = False
        some = [*((f"a{self.names[m]} = {initial(m.operator.combine, m.type.dtype)}", m) for m in sums),
                (f"for u in range({many}):", None), *indent(one),
                *((self.accumulate(m, f"a{self.names[m]}", everything), m) for m in sums)]
        groups = f"({end} - {first}) // {many}" if first else f"{end} // {many}"
        return _nest(rows[:-1], ranges[:-1], [(f"for g{row} in range({groups}):", None), *indent(over_columns(some)),
                                              (f"for {row} in range({begin}{groups} * {many}, {end}):", None), *indent(body)])

    def tall(self, nodes: Sequence[Node], many: int) -> list[KernelText]:
        """Columns of many rows: partial results of blocks of rows, as many columns at a time as the cache holds, and their combination."""
        results = [m for m in self.group.members if m in self.sums]
        kept = [d for d in range(len(self.group.dims)) if d not in self.inner]
        size, end = self.size(kept), max(self.inner)
        partial = [self.writes[m] for m in results]
        for key in partial:
            self.access[key] = (self.access[key][0], _contiguous_over(kept, self.group.dims))
        before, columns = [d for d in kept if d < end], self.loops([d for d in kept if d > end])
        reduced = self.loops(sorted(self.inner))
        rows, wide = _cut(reduced, CHAIN * many, CHAIN * many), _cut(columns, WIDE) if prod(columns) > WIDE else None
        parts = 1
        blocks: list[Loop] = []
        for loop in reversed([*reduced[:rows.loop], self.blocks(rows)]):
            blocks.insert(0, Loop(loop.extent, Keyed(loop.strides | dict.fromkeys(partial, parts * size))))
            parts *= loop.extent
        outer = [*(self.loops(before) if before else []), *blocks, *([*columns[:wide.loop], self.blocks(wide)] if wide else [])]
        terms, wrap = self.rows(outer)
        along = [(f"k{k}", loop, f"k{k}") for k, loop in enumerate(reduced)][rows.loop:]
        across = [(f"j{k}", loop, f"j{k}") for k, loop in enumerate(columns)][wide.loop if wide else 0:]
        block = terms[len(outer) - 1 - (wide.loop + 1 if wide else 0)][0]
        over_rows = [self.span(rows, block, f"n{along[0][0]}"), *self.ranges(along[1:])]
        cut: list[Any] = []
        if many > 1 and len(along) == 1:
            cut = [(f"first = {block} * {rows.most}", None), (f"end = min(first + {rows.most}, n{along[0][0]})", None)]
        # A short loop over columns around one over rows together is faster if LLVM unrolls the inner one alone.
        over_columns = [self.span(wide, terms[-1][0], f"n{across[0][0]}")] if wide else []
        over_columns += self.ranges(across[len(over_columns):], many == 1)
        begin = [(f"store(p{self.access[key][0]}, {self.index(key, [*terms, *across])}, {initial(m.operator.combine, m.type.dtype)})", m)
                 for m, key in zip(results, partial, strict=True)]

        def columnwise(body: list[Any]) -> list[Any]:
            return _nest(across, over_columns, body)
        lines = wrap([*columnwise(begin), *cut, *self.over_rows(nodes, many, [terms, along, across], over_rows, "first" if cut else "", columnwise)])
        return self.combined(lines, prod(outer), results, parts, size)

    def _full(self, sweeps: int) -> list[KernelText]:
        results = [m for m in self.group.members if m in self.sums]
        loops = self.loops(range(len(self.group.dims)))
        cut = _cut(loops, CHUNK)
        outer = [*loops[:cut.loop], self.blocks(cut)]
        terms, wrap = self.rows(outer)
        along = [("i", loops[0], "i")] if len(loops) == 1 else [(f"j{k}", loop, f"j{k}") for k, loop in enumerate(loops)][cut.loop:]
        ranges = [self.span(cut, terms[-1][0], "n" if len(loops) == 1 else f"n{along[0][0]}"), *self.ranges(along[1:])]
        self.long = not unrolled(loops[-1])
        body = self.region(self.wanted(0), 0, [*terms, *along] if len(loops) > 1 else along, {})
        begin = [(f"a{self.names[m]} = {self.kept_total(m).start}", m) for m in results]
        end = [(f"store(p{self.access[self.writes[m]][0]}, row, {self.kept_total(m).end})", m) for m in results]
        lines = wrap([*begin, *_nest(along, ranges, body), *end])
        return self.combined(lines, prod(outer), results, prod(outer), 1)

    def blocks(self, cut: _Cut) -> Loop:
        """The loop over the blocks that a loop is cut into: no operand moves with it, the loop over a block counts on."""
        return Loop(cut.blocks, Keyed(dict.fromkeys(self.access, 0)))

    def ranges(self, loops: Sequence[tuple[str, Loop, str]], literal: bool = True) -> list[str]:
        return [f"range({self.inner_extent(loop, var, literal)})" for var, loop, _ in loops]

    def combined(self, lines: list[Any], n: int, results: Sequence[Node], parts: int, size: int) -> list[KernelText]:
        """The kernel that leaves partial results in what were the results' slots, and those that combine them."""
        for m in results:
            slot = self.access[self.writes[m]][0]
            self.slots[slot] = Slot("partial", m, m.type.dtype, parts * size)
        return [self.finish(lines, n, 1, self.size(range(len(self.group.dims)))),
                *(combine_text(self.group, self.place, m, parts) for m in results)]

    def size(self, dims: Iterable[int]) -> int:
        """How many elements the loop nest has over some dims."""
        return element_count(tuple(self.group.dims[d] for d in dims))

    def finish(self, lines: list[tuple[str, Node | None]], n: int, unit: int, work: int) -> KernelText:
        whole = [("def kernel(buffers, extents, lo, hi):", None), *indent([*((h, None) for h in self.head), *lines, ("return 0", None)])]
        source = "\n".join(text for text, _ in whole) + "\n"
        return KernelText(source, self.slots, self.extents, n, unit, work, self.checks, whole, self.chunk)


def unrolled(loop: Loop) -> bool:
    """Whether a loop's extent stands in the text."""
    return fixed(loop.extent) and 1 < loop.extent <= UNROLLED


def combine_text(group: Group, place: Callable[[Node], Storage], m: Node, parts: int) -> KernelText:
    """The second half of a reduction by partial results: those of each element of the result, in order, to one."""
    made = _Emitter(group, {m}, place)
    kept = [d for d in range(len(group.dims)) if d not in made.inner]
    size = made.size(kept)
    made.slot("partial", None, m.type.dtype)
    made.slots[0] = Slot("partial", m, m.type.dtype, parts * size)
    made.access["partial"] = (0, _contiguous_over(kept, group.dims))
    out = made.output(m)
    loops = made.loops(kept)
    terms, wrap = made.rows(loops)
    steps = f" * {made.extent(size, 'size')}" if kept else ""
    start = f"{made.index('partial', terms)} + " if kept else ""
    lines = [(f"a = {initial(m.operator.combine, _wide(m))}", m),
             (f"for i in range({made.extent(parts, 'n')}):", m),
             (f"    a = {_add_wide(m, 'a', f'load(p0, {start}i{steps})')}", m),
             (f"store(p1, {made.index(out, terms)}, {numba_name(m.type.dtype)}(a))", m)]
    return made.finish(wrap(lines), prod(loops), BLOCK if len(loops) == 1 else 1, parts * size)


class _Cut(NamedTuple):
    """Which of some nested loops is cut into blocks, so that one block with the loops inside has at most so many elements."""

    loop: int
    extent: int
    most: int               # iterations a block
    literal: bool           # that number is the same for all sizes

    @property
    def blocks(self) -> int:
        return -(-self.extent // self.most)


def _cut(loops: Sequence[Loop], most: int, chain: int = CHAIN) -> _Cut:
    """The innermost loop with which a block would have more than `most` elements; the outermost, in one block, if there is none.

    Elements that do not lie side by side are added one after another, at most `chain` of them.
    """
    k, inside = len(loops) - 1, 1
    side_by_side = (not k or loops[k].extent >= SIDES) and all(abs(s) <= 1 for s in loops[k].strides.values())
    most = most if side_by_side else min(most, chain)
    while k and inside * loops[k].extent <= most:
        inside *= loops[k].extent
        k -= 1
    return _Cut(k, loops[k].extent, maximum(most // inside, 1), k == len(loops) - 1)


def _nest(loops: Sequence[tuple[str, Loop, str]], ranges: Sequence[str], body: list[Any]) -> list[Any]:
    for (var, _, _), over in zip(reversed(loops), reversed(ranges), strict=True):
        body = [(f"for {var} in {over}:", None), *indent(body)]
    return body


def _contiguous_over(kept: Sequence[int], dims: Sequence[int]) -> tuple[int, ...]:
    """Strides over all dims of what varies over the kept ones alone."""
    steps = dict(zip(kept, contiguous([dims[d] for d in kept]), strict=True))
    return tuple(steps.get(d, 0) for d in range(len(dims)))


_WIDEST = {"f": np.dtype(np.float64), "c": np.dtype(np.complex128)}


def _rounds(m: Node) -> bool:
    """Whether a reduction's digits depend on the order of its steps."""
    return m.operator.combine.rounds and m.type.dtype.kind in _WIDEST


def _wide(m: Node) -> np.dtype[Any]:
    """In which dtype a reduction's partial results are combined."""
    return _WIDEST[m.type.dtype.kind] if _rounds(m) else m.type.dtype


def _add_wide(m: Node, total: str, x: str) -> str:
    """The total of a reduction's partial results with one more, as text."""
    wide = _wide(m)
    return step_text(m.operator.combine, wide, total, x if wide == m.type.dtype else f"{numba_name(wide)}({x})")
