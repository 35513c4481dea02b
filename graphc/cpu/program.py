"""One compiled run: feeds brought in, the tape of native steps between host calls, which ends with what is to last, results handed out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..compiler.groups import Group, Single
from ..compiler.layout import Buffer
from ..compiler.plan import Plan, copied
from ..errors import InternalError
from ..ir.body import RunBody
from ..ir.node import Node
from ..ir.sizes import with_numbers
from ..ir.types import Array
from . import lapack
from .bodies import NEVER, Bound, Control
from .code import Code, Fetch, Run
from .entry import Way
from .kernel_text import SCRATCH, KernelText
from .memory import Memory, State, address, aligned, uninitialised
from .steps import HostStep, NativeStep, Step, Value
from .subnormal import subnormals
from .tape import Tape
from .tracing import Trace

QUICK = 20_000          # elements a step up to which a run keeps Python's lock


class HostPart(NamedTuple):
    """A host step, and its node's attributes with numbers for sizes."""

    step: HostStep
    attrs: Mapping[str, Any]
    flush: bool
    threads: int

    def run(self, memory: Memory, run_body: RunBody | None) -> None:
        with subnormals(self.flush, self.step.node):
            self.step.run(memory.seen, memory.place, memory.give, self.attrs, run_body, lambda: lapack.factors(self.threads, self.flush))


class Segment(NamedTuple):
    """Native steps in a row, from the program's step `first` on, and the tape that runs them; behind the last ones of all it commits."""

    tape: Tape
    first: int
    steps: int


class Ranges(NamedTuple):
    """A number each native step, in order: the size of its range, of a chunk of it, the elements it touches, what its range may be cut at
    multiples of; all extents; tables of products and of steps that run bodies."""

    n: Array
    grain: Array
    work: Array
    unit: Array
    extents: Array
    tables: dict[int, Any]


class Program:
    """What runs code for feeds of some shapes. `run(arrays)` takes the feeds in order, gives the fetched values.

    It lies in the arena from the first run on, until another program of the same arena needs a larger one, and then from its next run on.
    """

    def __init__(self, code: Code, sizes: Sequence[int], ranges: Ranges, memory: Memory, state: State):
        self.code, self.threads = code, code.threads
        self.sizes, self.ranges, self.memory, self.state = sizes, ranges, memory, state
        self.bound: list[Bound] = [b for b in ranges.tables.values() if isinstance(b, Bound)]
        place = {k: i for i, k in code.place.items()}
        self.within = {place[k]: b for k, b in ranges.tables.items() if isinstance(b, Bound)}       # step -> the bodies that it runs
        self.native = code.place                            # of its native steps: which they are among these
        self.segments = self._segments()
        alone = self.segments[0] if len(self.segments) == 1 else None
        self.alone = alone if isinstance(alone, Segment) else None      # a program that is one tape is run without a loop over segments
        n, grain, work = ranges.n, ranges.grain, ranges.work
        quick = code.count < 50 and bool(((n <= grain) & (work < QUICK)).all())
        # A short run is not interrupted, and keeps Python's lock: other threads may wait for it.
        self.call: Any = None if self.alone is None else self.alone.tape.entry(True) if quick else self.alone.tape.run_long
        self.pointer: Any = self.alone.tape.pointer if self.alone is not None else None
        self.direct = [(i, memory.shape(v), v.dtype, v.buffer) for i, v in code.feeds if memory.used_in_place(v)]
        self.fresh = memory.fresh
        self.resized = self._resized()
        self.large = self._large()
        self.room: list[Array] = []                         # for them, in a run
        self.settled = False
        self._values = code.numbers.values(*sizes)
        self.way: Way | None = None                         # into it without Python frames, if there is one and as long as it lies where it does
        # A run so short that other Python threads may wait for it keeps Python's lock; if it only copies feeds and results, `entry` runs it.
        self.plain = self.alone is not None and not (self.direct or self.fresh or self.resized or code.texts or self.large) and quick

    def _segments(self) -> list[Segment | HostPart]:
        """Native steps that follow each other on one tape; host steps with their attributes. What only hands feeds on has a tape of none."""
        code, ranges, table, found, at = self.code, self.ranges, self.memory.table, list[Segment | HostPart](), 0
        rows = np.stack([code.addresses, table.ctypes.data + code.tables[:-1] * table.itemsize,
                         ranges.extents.ctypes.data + code.extents_at[:-1] * ranges.extents.itemsize, ranges.n, ranges.grain], 1)
        effort = ranges.work * code.effort
        runs = [*code.runs]
        if not runs or (code.commit is not None and not runs[-1].native):
            runs.append(Run(True, sum(run.steps for run in runs), 0, None))
        for run in runs:
            if run.native:
                last = run is runs[-1] and code.commit is not None
                mine = slice(at, at + run.steps + last)
                lasting = run.steps if last and run.lasting is None else run.lasting
                tape = Tape(rows[mine], code.threads, (table, ranges), effort[mine], ranges.unit[mine], lasting, code.flush)
                found.append(Segment(tape, run.first, run.steps))
                at += run.steps
                continue
            for step in (code.hosts[i] for i in range(run.first, run.first + run.steps)):
                numbers = iter(self.memory.numbers[step.numbers].tolist())
                found.append(HostPart(step, {name: with_numbers(value, numbers) for name, value in step.node.attrs.items()}, code.flush,
                                      code.threads))
        return found

    def _resized(self) -> list[tuple[int, Node, Value]]:
        """Variables whose new value has another shape: the entry of the table that shows where the commit copies it to, and the value."""
        at = int(self.code.tables[-2]) + 1 if self.code.commit is not None else 0
        return [(at + 2 * i, late.variable, late.value) for i, late in enumerate(self.code.late)
                if self.memory.shape(late.memory) != self.memory.shape(late.value)]

    def _large(self) -> list[tuple[int, Value]]:
        """Fetches of runs that change something for which memory is asked before they do: small ones are not what there is no memory for."""
        if self.code.commit is None:
            return []
        return [(i, f.value) for i, f in enumerate(self.code.fetches) if f is not None and not self._given(f) and not f.value.dtype.hasobject
                and not copied(self._bytes(f.value))]

    def _given(self, fetch: Fetch) -> bool:
        """Whether the caller gets the memory in which a value is computed."""
        return fetch.handed_over and self.memory.kind(fetch.value.buffer) == "result"

    # ------------------------------------------------------------------ memory

    def settle(self) -> None:
        """Lie in the arena, and know what lies where: feeds that are copied, results, new values of variables."""
        memory = self.memory
        memory.settle(self)
        self.copied = [(i, memory.array(v)) for i, v in self.code.feeds if not memory.used_in_place(v)]
        self.takes = [self._take(f) for f in self.code.fetches]
        for k, (i, value) in enumerate(self.large):
            self.takes[i] = partial(self._filled, k, value)
        self.settled = True

    def let_go(self) -> None:
        """Forget where in the arena things lie."""
        self.settled, self.way = False, None
        self.copied, self.takes = [], []
        self.memory.let_go()

    def rest(self) -> None:
        """Keep nothing of the caller's until the next run."""
        self.memory.rest()

    def shift(self, sizes: Sequence[int]) -> bool:
        """Be bound to other sizes, if all that they decide is where values begin; whether that is so."""
        values, moves = self.code.numbers.values(*sizes), self.code.moves
        changed = [(move, new) for move, old, new in zip(moves, self._values, values, strict=True) if old != new]
        if any(move is None for move, _ in changed):
            return False
        self.sizes, self._values = sizes, values
        for move, new in changed:
            if move is not None:
                self.memory.shift(move.entries, move.positions, new)
                if move.seen:
                    self.settled, self.way = False, None
        return True

    def arrays(self) -> list[Array | None]:
        """Where the fetched values lie after a run, if `plain`."""
        return [None if f is None else self.memory.array(f.value) for f in self.code.fetches]

    def _take(self, fetch: Fetch | None) -> Callable[[], Any]:
        """A function that gives the caller an array of its own."""
        if fetch is None:
            return lambda: None
        value, memory = fetch.value, self.memory
        if self._given(fetch):
            shape = memory.shape(value)
            return lambda: memory.flat(value.buffer).reshape(shape)
        if memory.kind(value.buffer) in ("result", "feed"):
            return lambda: memory.array(value).copy()[()]
        view = memory.array(value)
        return view.copy if view.ndim else partial(view.__getitem__, ())

    def _filled(self, k: int, value: Value) -> Array:
        """A value in memory that was there before the run."""
        room = self.room[k]
        room[...] = self.memory.array(value)
        return room

    # ------------------------------------------------------------------ steps

    @property
    def planned(self) -> Code:
        """The code with its plan and the nodes of its steps, for those who look at them: made anew if this was read from a file."""
        whole = self.code.whole
        if whole is not self.code:
            whole.scope.take(self.sizes)
        return whole

    @property
    def plan(self) -> Plan:
        return self.planned.plan

    @property
    def steps(self) -> list[Step]:
        return self.planned.steps

    @property
    def origins(self) -> list[Group | Single]:
        """Of each step that of the plan's schedule which it computes."""
        return self.planned.origins

    def waiting(self, step: int) -> dict[Node, int]:
        """Bytes of a kernel's own memory, by the node whose value waits there."""
        made = self.steps[step]
        if not isinstance(made, NativeStep) or not isinstance(made.text, KernelText):
            return {}
        own = [(s.node, place) for s, place in zip(made.text.slots, made.slots, strict=True) if s.role in SCRATCH]
        number = self.planned.number
        return {node: int(self.memory.nbytes[number[place[0]]]) for node, place in own if node is not None and not isinstance(place, int)}

    @property
    def scratch(self) -> list[Buffer]:
        """The buffers that hold no node's value."""
        return list(self.planned.scratch.values())

    def range(self, step: int) -> tuple[int, int]:
        """The size of a step's range, and of the chunks in which threads take it."""
        k = self.native.get(step)
        return (1, 1) if k is None else (int(self.ranges.n[k]), int(self.ranges.grain[k]))

    def extents(self, step: int) -> list[int]:
        """What a native step's kernel is told of sizes and strides."""
        k = self.native[step]
        found: list[int] = self.ranges.extents[self.code.extents_at[k]:self.code.extents_at[k + 1]].tolist()
        return found

    def take_sizes(self) -> None:
        """Let the sizes of nodes be at hand as the numbers that this program is for: for messages, and to count what steps do."""
        self.code.scope.take(self.sizes)

    def error(self, segment: Segment, status: int) -> Exception:
        """The error of the step that stopped a tape."""
        self.take_sizes()
        at = segment.first + segment.tape.failed_step
        step, k = self.steps[at], self.native[at]
        assert isinstance(step, NativeStep)
        if isinstance(step.text, Control):
            return self.ranges.tables[k].error(status, self.sizes)
        bound = self.memory.numbers[self.code.bounds][self.code.bounds_at[k] + status - 1]
        return step.error(status, self.extents(at)[0], int(bound))

    # ------------------------------------------------------------------ running

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        """The fetched values for one set of feeds, already of the right types and shapes."""
        if trace is not None:
            return self._run_traced(arrays, trace)
        if not self.settled:
            self.settle()
        self._bring(arrays)
        if self.call is None:
            self.take_sizes()
            try:
                for segment in self.segments:
                    if isinstance(segment, HostPart):
                        segment.run(self.memory, self.state.run_body)
                    elif status := segment.tape.run_long():
                        raise self.error(segment, status)
            except BaseException:
                self.break_off()
                raise
        else:
            try:
                status = self.call(self.pointer)
            except BaseException:       # Control-C: what has begun to last has gone on to its end
                self.break_off()
                raise
            if status:
                self.fail(status)
        return self._results()

    def break_off(self) -> None:
        """Let loops that have paused begin anew at the next run."""
        for bound in self.bound:
            bound.reset()
        self.ranges.extents[self.code.paused] = 0

    def set_patience(self, long: bool) -> None:
        """Whether loops may pause."""
        for bound in self.bound:
            bound.set_patience(long)
        self.ranges.extents[self.code.stretches] = self.code.stretch if long else NEVER

    def _run_traced(self, arrays: Sequence[Array], trace: Trace) -> list[Any]:
        """`run`, each step timed."""
        trace.begin()
        self.take_sizes()
        if not self.settled:
            self.settle()
        with trace.copy("feed", self._copied_in(arrays)):
            self._bring(arrays)
        at = 0
        for segment in self.segments:
            if isinstance(segment, HostPart):
                with trace.host(self, at):
                    segment.run(self.memory, trace.running(segment.step.node, str(at), self.state.run_body, segment.attrs))
                at += 1
                continue
            self.set_patience(False)
            inside = {i: b.record() for i, b in self.within.items() if at <= i < at + segment.steps}
            status, events = segment.tape.trace()
            for i in inside:
                self.within[i].stop_recording()
            self.set_patience(True)
            of_steps = events[:, 0] < segment.steps
            trace.native(self, at, events[of_steps])
            trace.bodies(inside)
            trace.committed(events[~of_steps], self._committed())
            if status:
                raise self.error(segment, status)
            at += segment.steps
        with trace.copy("fetch", self._copied_out()):
            return self._results()

    def fail(self, status: int) -> None:
        """Raise the error of the step that stopped the only tape."""
        assert self.alone is not None
        raise self.error(self.alone, status)

    def _copied_in(self, arrays: Sequence[Array]) -> int:
        """Bytes of feeds that are not used where they lie."""
        return sum(m.nbytes for _, m in self.copied) + sum(arrays[i].nbytes for i, _, _, _ in self.direct if not _usable(arrays[i]))

    def _copied_out(self) -> int:
        """Bytes of results that are copied at the end of a run."""
        return sum(self._bytes(f.value) for f in self.code.fetches if f is not None and not self._given(f))

    def _committed(self) -> int:
        """Bytes of new values of variables that are copied at the end of a run."""
        return sum(self._bytes(late.value) for late in self.code.late)

    def _bytes(self, value: Value) -> int:
        return math.prod(self.memory.shape(value)) * value.dtype.itemsize

    def _bring(self, arrays: Sequence[Array]) -> None:
        """Small feeds copied, large ones pointed to, memory for large results."""
        for i, place in self.copied:
            place[...] = arrays[i]
        for i, shape, dtype, buffer in self.direct:
            array = arrays[i]
            if array.shape != shape or array.dtype != dtype:
                raise InternalError(f"a feed is {array.dtype}{list(array.shape)}, and was compiled for as {dtype}{list(shape)}")
            if not _usable(array):
                array = self.memory.arena.copy(i, array)
            self.memory.move(buffer, array.reshape(-1))
        for buffer in self.fresh:
            self.memory.renew(buffer)
        if self.large:
            self.room = [uninitialised(self._bytes(v), np.uint8).view(v.dtype).reshape(self.memory.shape(v)) for _, v in self.large]
        if self.resized:
            self._resize()

    def _resize(self) -> None:
        """Memory for variables whose new values have other shapes; it is theirs if the run comes to its end."""
        made = []
        for entry, variable, value in self.resized:
            array = aligned(self._bytes(value)).view(value.dtype).reshape(self.memory.shape(value))
            self.memory.table[entry] = address(array)
            made.append((variable, array))
        self.state.promise(made)

    def _results(self) -> list[Any]:
        """What is fetched."""
        results = []
        for take in self.takes:            # a loop, not a comprehension, which costs a frame before Python 3.12
            results.append(take())
        return results


def _usable(array: Array) -> bool:
    """Whether kernels can read a feed where it lies."""
    return array.flags.c_contiguous and array.flags.aligned
