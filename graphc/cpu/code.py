"""A plan as machine code: kernels, what each is called on, and in one column every number that sizes decide."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from ..compiler.groups import Group, Single, shapes_of
from ..compiler.layout import Buffer
from ..compiler.placement import Placement
from ..compiler.plan import Plan
from ..errors import InternalError
from ..ir.node import Node
from ..ir.scope import Scope
from ..ir.sizes import all_at_hand, at_hand, fixed, listed, sizes_in
from ..ir.types import Array, TensorType, element_count
from . import native
from .alike import Writer
from .bodies import Bodies, Control, control
from .conv import conv_texts, fused_texts
from .few_rows import few_rows
from .kernel_text import SCRATCH, KernelText, Slot, effort
from .loop_kernel import NEXT, PAUSED_AT, STRETCH, LoopText
from .panels import panel_texts
from .routines import Commit, Product, product, routine_texts, scatter_texts
from .steps import CommitStep, HostStep, NativeStep, Step, Value
from .tape_code import code_address

COPY = ctypes.cast(ctypes.memmove, ctypes.c_void_p).value or 0


class Numbers:
    """Numbers one behind the other, of which some are sizes of a scope."""

    def __init__(self, scope: Scope):
        self.scope = scope
        self.column: list[Any] = []

    def add(self, numbers: Sequence[Any]) -> slice:
        """Their place in the column."""
        start = len(self.column)
        self.column += numbers
        return slice(start, len(self.column))

    @cached_property
    def which(self) -> tuple[list[Any], Array, Array]:
        """The different sizes, by structure; the positions of sizes in the column, and which of them they are."""
        places = [i for i, n in enumerate(self.column) if not fixed(n)]
        number: dict[Any, int] = {}
        sizes: list[Any] = []
        found = []
        for i in places:
            found.append(number.setdefault(self.column[i].terms, len(sizes)))
            if found[-1] == len(sizes):
                sizes.append(self.column[i])
        return sizes, np.array(places, np.int64), np.array(found, np.int64)

    def positions(self) -> list[list[int]]:
        """Where in the column each of the different sizes is."""
        sizes, places, which = self.which
        return [places[which == k].tolist() for k in range(len(sizes))]

    @cached_property
    def values(self) -> Callable[..., tuple[int, ...]]:
        """A function of the free sizes' numbers: what the different sizes are, in order. Guards and limits hold of the numbers."""
        return self.scope.evaluator(self.which[0])

    @cached_property
    def at_hand(self) -> Array:
        """The column for the numbers at hand."""
        sizes, places, which = self.which
        column = np.array([at_hand(n) if fixed(n) else 0 for n in self.column], np.int64)
        if len(places):                 # each of the different sizes is computed once
            column[places] = np.array(all_at_hand(sizes), np.int64)[which]
        return column

    def at(self, ints: Sequence[int]) -> Array:
        """The column for free sizes of these numbers."""
        column = self.at_hand.copy()
        _, places, size = self.which
        if len(places):
            column[places] = np.array(self.values(*ints), np.int64)[size]
        return column


class Fetch(NamedTuple):
    """Where a fetched value lies; `handed_over`: the caller gets the memory in which it was computed, if that is large."""

    value: Value
    handed_over: bool


class Late(NamedTuple):
    """A variable that gets its new value at the end of a run, and where both lie."""

    variable: Node
    memory: Value
    value: Value


class Move(NamedTuple):
    """What follows a size that only says where values begin: entries of tables, of those that show buffers, and positions in the column.

    `seen`: what Python sees begins there too.
    """

    entries: list[int]
    positions: list[int]
    seen: bool


class Run(NamedTuple):
    """Steps of one kind one after another: the first, how many; of native ones, from which on a run that has begun goes on to its end."""

    native: bool
    first: int
    steps: int
    lasting: int | None


class Code:
    """What is made of a plan once, for all sizes. `bind.bind` makes programs of it without looking at a node.

    `numbers` holds one behind another what depends on sizes; slices of it are named by what they say. `steps[i]` computes (part of) the step
    `origins[i]` of the plan's schedule; `place[i]` is its
    place in the columns of native steps. `flush`: subnormal numbers are zeros.
    """

    def __init__(self, plan: Plan, threads: int, scope: Scope, flush: bool = False):
        self.plan, self.threads, self.scope, self.flush = plan, threads, scope, flush
        self.numbers = Numbers(scope)
        self._begins: set[int] = set()                  # where among the numbers they are offsets of values
        write = Writer(plan.schedule.stored, plan.layout)
        found = [(step, text) for step in plan.schedule.steps for text in texts(step, plan, write, lambda p: Code(p, threads, scope))]
        sources = [text.source for _, text in found if isinstance(text, (KernelText, Product)) and text.source]
        kernels = iter(native.compile_kernels(sources))
        self.origins = [origin for origin, _ in found]
        self.scratch: dict[Any, Buffer] = {}
        self.rows: list[tuple[Buffer, int]] = []        # of them those of which each chunk of a step has its own
        self.steps: list[Step] = []
        self.hosts: dict[int, HostStep] = {}            # the steps of the host, by their place among all
        self.count = len(found)                         # of steps
        for at, (origin, text) in enumerate(found):
            nodes = origin.members if isinstance(origin, Group) else [origin.node]
            if isinstance(text, KernelText):
                slots: list[Any] = [self._slot(s, at, i) for i, s in enumerate(text.slots)]
                self.steps.append(NativeStep(next(kernels).address, slots, nodes, text))
            elif isinstance(text, Control):
                self.steps.append(NativeStep(text.address, [self._place(x) for x in text.operands], nodes, text))
            elif isinstance(text, Product):
                slots = [*(self._place(x) for x in text.operands), *text.words]
                self.steps.append(NativeStep(next(kernels).address if text.source else text.address, slots, nodes, text))
            else:
                outs = [x for x in ([text] if isinstance(text.type, TensorType) else plan.items(text)) if plan.stored(x)]
                attributes = self.numbers.add(sizes_in([*text.attrs.values()]))
                self.hosts[at] = HostStep(text, attributes, [self._value(x) for x in text.inputs], outs, [self._value(x) for x in outs])
                self.steps.append(self.hosts[at])
        plan.note_lifetimes(self.origins)
        self.place = {i: k for k, i in enumerate(i for i, s in enumerate(self.steps) if isinstance(s, NativeStep))}
        self.runs = self._find_runs()
        self._find_feeds()
        self._find_fetches()
        self.commit = self._committed()
        self._find_buffers()
        self._find_columns([s for s in (*self.steps, self.commit) if isinstance(s, (NativeStep, CommitStep))])
        for shape, itemsize in {(n.type.shape, n.type.dtype.itemsize) for n in plan.order if isinstance(n.type, TensorType)}:
            scope.limit(element_count(tuple(d for d in shape or () if d.__class__ is not int or d)) * itemsize)
        self.texts = any(f is not None and f.type.dtype.hasobject for f in (*plan.fetches, *plan.feeds))

    @property
    def whole(self) -> Code:
        """The same with its plan, and nodes for all steps: of code that was read from a file, made anew."""
        return self

    # ------------------------------------------------------------------ what is called on what

    def _slot(self, slot: Slot, at: int, i: int) -> tuple[Buffer, Any]:
        if slot.role in SCRATCH:
            key = slot.node if slot.role == "partial" else (at, i)
            buffer = self.scratch.setdefault(key, Buffer("arena", slot.dtype, slot.size))
            buffer.touch(at)
            if slot.role == "row":
                self.rows.append((buffer, at))
            return buffer, 0
        assert slot.node is not None
        return self._place(slot.node)

    def _place(self, node: Node) -> tuple[Buffer, Any]:
        where = self.plan.layout(node)
        return where.buffer, where.offset

    def _value(self, node: Node) -> Value:
        where = self.plan.layout(node)
        numbers = self.numbers.add([where.offset, *node.type.shape, *where.strides])
        self._begins.add(numbers.start)
        return Value(where.buffer, node.type.dtype, len(node.type.shape), numbers)

    def _find_runs(self) -> list[Run]:
        """Native steps that follow each other become one tape; from the first on that writes a value over a variable, what it does lasts."""
        found = []
        for of_tape, steps in groupby(range(len(self.steps)), lambda i: isinstance(self.steps[i], NativeStep)):
            first, *others = steps
            lasting = (k for k, i in enumerate((first, *others)) if of_tape and any(m in self.plan.inplace for m in self.steps[i].computed))
            found.append(Run(of_tape, first, 1 + len(others), next(lasting, None)))
        return found

    # ------------------------------------------------------------------ what goes in and comes out

    def _find_feeds(self) -> None:
        """The feeds that are used: their place among the feeds, and where they lie."""
        present = ((i, f) for i, f in enumerate(self.plan.feeds) if f is not None and f in self.plan.sources)
        self.feeds = [(i, self._value(f)) for i, f in present]

    def _find_fetches(self) -> None:
        times: dict[Node, int] = {}
        for f in self.plan.fetches:
            if f is not None:
                times[f] = times.get(f, 0) + 1
        taken: set[Buffer] = set()
        self.fetches = [None if f is None else Fetch(self._value(f), self._handed_over(f, times[f], taken)) for f in self.plan.fetches]
        self.late = []
        for variable, value in self.plan.late:
            if variable.type.dtype != value.type.dtype:
                raise InternalError(f"{value} is not of the dtype of {variable}")
            self.late.append(Late(variable.attrs["variable"], self._value(variable), self._value(value)))

    def _handed_over(self, f: Node, times: int, taken: set[Buffer]) -> bool:
        """Whether a fetch is all that a buffer holds, in some shape, and the first such; `taken`: the buffers that are handed over."""
        buffer = self.plan.layout(f).buffer
        mine = buffer.given and buffer.key in shapes_of(f) and buffer not in taken and times == 1    # of one value fetched twice each is a copy
        if mine:
            taken.add(buffer)
        return mine

    def _committed(self) -> CommitStep | None:
        """The last step of all, if the run changes anything; the counters are those of the streams it has drawn from, and of such runs."""
        late, streams = self.plan.late, self.plan.streams
        self.counters = {} if not (self.plan.inplace or late or streams) else {
            Buffer("counter", np.dtype(np.uint64), 2): stream for stream in (None, *streams)}
        if not self.counters:
            return None
        slots: list[Any] = [COPY]
        for variable, value in late:
            slots += [self._place(variable), self._place(value)]
        slots += [(counter, 0) for counter in self.counters]
        sizes = [element_count(value.type.shape) * value.type.dtype.itemsize for _, value in late]
        return CommitStep(code_address("graphc_commit"), slots, Commit([0, len(late), len(self.counters), *sizes]))

    # ------------------------------------------------------------------ columns

    def _find_buffers(self) -> None:
        """The buffers, those that the arena may hold, and how these share it."""
        self.buffers = [*self.plan.sources.values(), *self.plan.layout.buffers, *self.scratch.values(), *self.counters]
        self.sizes = self.numbers.add([b.size for b in self.buffers])
        self.bound = {b: self.numbers.add(listed(b.key.attrs["value"].reshape(-1)))             # constants that are sizes
                      for b in self.buffers if b.kind == "constant" and b.key is not None and b.key.operator.name == "bound"}
        self._sort_buffers()

    def _sort_buffers(self) -> None:
        """What all of them are in columns, and those that lie outside of the arena by what they are to a binding."""
        self.number = {b: i for i, b in enumerate(self.buffers)}
        self.itemsizes = np.array([b.dtype.itemsize for b in self.buffers], np.int64)
        self.inside = np.array([i for i, b in enumerate(self.buffers) if b.kind == "arena"], np.int64)
        self.given = np.array([b.given for b in self.buffers], bool)
        outside = [(i, b) for i, b in enumerate(self.buffers) if b.kind != "arena"]
        self.there = [(i, b) for i, b in outside if b.kind in ("constant", "run_number", "counter", "variable") and b not in self.bound]
        self.made = [(i, b) for i, b in outside if b in self.bound or (b.dtype.hasobject and (i, b) not in self.there)]
        self.fed = np.array([i for i, b in outside if b.kind == "feed" and not b.dtype.hasobject], np.int64)
        self.lasting: tuple[dict[Buffer, Array], Array] | None = None       # of `there`: the arrays, and where each buffer begins
        self._placement: Placement | None = None
        self._showing: dict[int, Array] = {}

    def placement(self, nbytes: Array) -> tuple[Array, int]:
        """Offsets of the buffers inside the arena, of so many bytes each, and the arena's size."""
        if self._placement is None:
            inside = [self.buffers[i] for i in self.inside.tolist()]
            self._placement = Placement([b.first for b in inside], [b.last for b in inside], nbytes)
        return self._placement.at(nbytes)

    def showing(self, buffer: int) -> Array:
        """Which of the entries of tables show a buffer."""
        if buffer not in self._showing:
            self._showing[buffer] = np.flatnonzero(self.shown == buffer)
        return self._showing[buffer]

    @cached_property
    def moves(self) -> list[Move | None]:
        """What follows each of the open sizes, of those that only say where values begin; of others None."""
        at = [self.offsets.start + j for j in range(len(self.shown))]
        entry = {p: j for j, p in enumerate(at)}
        begins = self._begins
        found: list[Move | None] = []
        for positions in self.numbers.positions():
            only = all(p in entry or p in begins for p in positions)
            found.append(Move([entry[p] for p in positions if p in entry], positions, any(p in begins for p in positions)) if only else None)
        return found

    def _find_columns(self, steps: Sequence[NativeStep | CommitStep]) -> None:
        """What the tape is made of, a row a native step, and the entries of all tables of pointers in one column."""
        made = [s.text for s in steps]
        kernels = [t if isinstance(t, KernelText) else None for t in made]
        add = self.numbers.add
        self.addresses = np.array([s.address for s in steps], np.int64)
        self.tables = _starts([max(len(s.slots) + isinstance(s.text, (Product, Control)), 1) for s in steps])
        self.extents_at = _starts([len(t.extents) for t in made])
        self.extents = add([e for t in made for e in t.extents])
        self.n = add([0 if t is None else t.n for t in kernels])             # of products: as each is split
        self.work = add([t.work for t in made])
        self.bounds = add([c.bound if c.sized else 0 for t in made for c in t.checks])
        self.bounds_at = _starts([len(t.checks) for t in made])
        self.unit = np.array([1 if t is None else t.grain for t in kernels], np.int64)       # what a range may be cut at, without other bits
        self.effort = np.array([1 if t is None else effort(t.source) for t in kernels], np.int64)      # operations an element takes
        self.body = np.array([0 if t is None else effort(t.source) - len(t.slots) - len(t.extents) for t in kernels], np.int64)
        self.chunked = [(k, self.extents_at[k] + t.chunk) for k, t in enumerate(kernels) if t is not None and t.chunk]
        self.multiplied = [(self.number[buffer], self.place[i]) for buffer, i in self.rows]
        self.products = [(k, t, add(t.numbers())) for k, t in enumerate(made) if isinstance(t, Product)]
        self.controls: list[tuple[int, Bodies, slice]] = [(k, t, add(t.numbers())) for k, t in enumerate(made) if isinstance(t, Control)]
        loops = [(self.extents_at[k], t) for k, t in enumerate(kernels) if isinstance(t, LoopText)]
        self.paused = np.array([at + i for at, _ in loops for i in (NEXT, PAUSED_AT)], np.int64)
        self.stretches = np.array([at + STRETCH for at, _ in loops], np.int64)
        self.stretch = np.array([t.extents[STRETCH] for _, t in loops], np.int64)
        entries = [(at + i, slot) for at, s in zip(self.tables.tolist(), steps, strict=False) for i, slot in enumerate(s.slots)]
        shown = [(at, slot) for at, slot in entries if not isinstance(slot, int)]
        self.words = [(at, slot) for at, slot in entries if isinstance(slot, int)]
        self.shown_at = np.array([at for at, _ in shown], np.int64)
        self.shown = np.array([self.number[buffer] for _, (buffer, _) in shown], np.int64)
        self.offsets = add([offset for _, (_, offset) in shown])


def _starts(counts: Sequence[int]) -> Array:
    """Where each of several pieces of so many elements begins in a column, and where the last ends."""
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))


def texts(step: Group | Single, plan: Plan, write: Writer,
          code_of: Callable[[Plan], Code] | None = None) -> Iterator[KernelText | Product | Control | Node]:
    """What computes a step: texts of kernels, a product, what runs bodies that `code_of` makes code of, or the node itself, by its reference."""
    if isinstance(step, Group):
        yield from fused_texts(step, plan.schedule.stored, plan.layout) if step.convolution is not None else (t for t in write(step) if t.n)
        return
    family = step.node.operator.family
    if family.multiplies:
        for made in (few_rows, panel_texts, product):
            if (found := made(step.node, plan.layout)) is not None:
                yield from found if isinstance(found, list) else [found]
                break
    elif family.scatters:
        yield from scatter_texts(step.node, plan.layout)
    elif family.convolves:
        yield from conv_texts(step.node, plan.layout)
    elif family.routine:
        loops = routine_texts(step.node, {x.attrs["index"]: x for x in plan.items(step.node)}, step.node in plan.inplace)
        yield from [step.node] if loops is None else loops
    elif step.node.operator.drive is not None and code_of is not None:
        yield control(step.node, plan, code_of) or step.node
    elif not family.joins:
        yield step.node
