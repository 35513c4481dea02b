"""One compiled run: feeds brought in, the tape of native steps between host calls, results handed out and variables set."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from ..compiler.layout import Buffer
from ..compiler.plan import Plan
from ..compiler.schedule import Group, Single, viewed
from ..errors import InternalError
from ..ir.node import Node
from ..ir.sizes import all_at_hand, at_hand
from ..ir.types import Array
from .memory import Memory, State
from .steps import HostStep, NativeStep, Step
from .tape import Tape
from .tracing import Trace

QUICK = 20_000          # elements a step up to which a run keeps Python's lock


class Segment(NamedTuple):
    """Native steps in a row, and the tape that runs them."""

    tape: Tape
    steps: list[NativeStep]

    def run(self) -> None:
        """Raises InvalidArgumentError for a step that finds its operands wrong."""
        if status := self.tape.run_long():
            raise self.error(status)

    def error(self, status: int) -> Exception:
        return self.steps[self.tape.failed_step].error(status)


class Program:
    """What runs for one set of fetches and feed types. `run(arrays)` takes the feeds in order, gives the fetched values.

    `steps[i]` computes (part of) the step `origins[i]` of the plan's schedule.
    """

    def __init__(self, plan: Plan, steps: Sequence[Step], origins: Sequence[Group | Single], memory: Memory, scratch: Sequence[Buffer],
                 state: State, threads: int):
        self.plan, self.steps, self.origins, self.memory, self.scratch = plan, steps, origins, memory, scratch
        self.state, self.threads = state, threads
        self.draws, self.nbytes = plan.draws, memory.nbytes
        self.segments = _segments(steps, threads, plan.layout.inplace)
        alone = self.segments[0] if len(self.segments) == 1 else None
        self.alone = alone if isinstance(alone, Segment) else None      # a program that is one tape is run without a loop over segments
        quick = all(s.n <= s.grain and s.work < QUICK for s in steps if isinstance(s, NativeStep)) and len(steps) < 50
        # A short run is not interrupted, and keeps Python's lock: other threads may wait for it.
        self.call: Any = None if self.alone is None else self.alone.tape.entry(True) if quick else self.alone.tape.run_long
        self.pointer: Any = self.alone.tape.pointer if self.alone is not None else None
        self._find_feeds()
        self.fresh = [b for b in plan.layout.buffers if b.kind == "result"]
        self.takes = [self._take(f) for f in plan.fetches]
        self._find_assigned()
        texts = any(f is not None and f.type.dtype.hasobject for f in (*plan.fetches, *plan.feeds))
        # A run so short that other Python threads may wait for it keeps Python's lock; if it only copies feeds and results, `entry` runs it.
        self.plain = self.alone is not None and not (self.direct or self.fresh or self.moving or self.resized or self.draws or texts) and quick

    def _find_feeds(self) -> None:
        """Which feeds are copied to places of the program's own, and which are used where they lie."""
        self.copied: list[tuple[int, Array]] = []
        self.direct: list[tuple[int, Array, Buffer]] = []
        for i, f in enumerate(self.plan.feeds):
            buffer = self.plan.sources.get(f) if f is not None else None
            if f is None or buffer is None:
                continue
            place = self.memory[buffer].reshape(all_at_hand(f.type.shape))
            if self.plan.copies_feed(f):
                self.copied.append((i, place))
            else:
                self.direct.append((i, place, buffer))

    def _find_assigned(self) -> None:
        """Where the variables are that get their new value at the end of a run, and where that lies then."""
        self.finals: list[tuple[Array, Array]] = []         # a variable's memory, and its new value
        self.moving: list[tuple[Array, Node]] = []          # a variable's memory, and a new value that lies elsewhere each run
        self.resized: list[tuple[Node, Node]] = []          # a variable, and its new value of another shape
        for variable, value in self.plan.late:
            memory = self.memory.array(variable)
            if memory.dtype != value.type.dtype:
                raise InternalError(f"{value} is not of the dtype of {variable}")
            if memory.shape != all_at_hand(value.type.shape):
                self.resized.append((variable.attrs["variable"], value))
            elif self.plan.layout(value).buffer.kind in ("result", "feed"):
                self.moving.append((memory, value))
            else:
                self.finals.append((memory, self.memory.array(value)))

    def arrays(self) -> list[Array | None]:
        """Where the fetched values lie after a run, if `plain`."""
        return [None if f is None else self.memory.array(f) for f in self.plan.fetches]

    def _take(self, f: Node | None) -> Callable[[], Any]:
        """A function that gives the caller an array of its own."""
        if f is None:
            return lambda: None
        buffer = self.plan.layout(f).buffer
        shape = all_at_hand(f.type.shape)
        if self._handed_over(f):
            return lambda: self.memory[buffer].reshape(shape)
        if buffer.kind in ("result", "feed"):
            return lambda: self.memory.array(f).copy()[()]
        view = self.memory.array(f)
        return view.copy if view.ndim else partial(view.__getitem__, ())

    def _handed_over(self, f: Node) -> bool:
        """Whether the caller gets the memory in which a fetched value was computed."""
        where = self.plan.layout(f)
        mine = where.buffer.kind == "result" and where.offset == 0 and viewed(f) is None
        return mine and self.plan.fetches.count(f) == 1       # fetches that turn out to be one value get a copy each

    # ------------------------------------------------------------------ running

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        """The fetched values for one set of feeds, already of the right types and shapes."""
        if trace is not None:
            return self._run_traced(arrays, trace)
        self._bring(arrays)
        if self.call is None:
            for segment in self.segments:
                segment.run()
        else:
            try:
                status = self.call(self.pointer)
            except BaseException:       # Control-C: what has begun to change variables has gone on to its end
                if self.alone is not None and self.alone.tape.finished:
                    self._results()
                raise
            if status:
                self.fail(status)
        return self._results()

    def _run_traced(self, arrays: Sequence[Array], trace: Trace) -> list[Any]:
        """`run`, each step timed."""
        trace.begin()
        with trace.copy("feed", self._copied_in(arrays)):
            self._bring(arrays)
        at = 0
        for segment in self.segments:
            if isinstance(segment, HostStep):
                with trace.host(self, at):
                    segment.run()
                at += 1
                continue
            status, events = segment.tape.trace()
            trace.native(self, at, events)
            if status:
                raise segment.error(status)
            at += len(segment.steps)
        with trace.copy("fetch", self._copied_out()):
            return self._results()

    def fail(self, status: int) -> None:
        """Raise the error of the step that stopped the only tape."""
        assert self.alone is not None
        raise self.alone.error(status)

    def _copied_in(self, arrays: Sequence[Array]) -> int:
        """Bytes of feeds that are not used where they lie."""
        return sum(m.nbytes for _, m in self.copied) + sum(m.nbytes for i, m, _ in self.direct if not _usable(arrays[i]))

    def _copied_out(self) -> int:
        """Bytes of results and of new values of variables that are copied at the end of a run."""
        copied = sum(at_hand(f.type.nbytes) for f in self.plan.fetches if f is not None and not self._handed_over(f))
        late = sum(at_hand(value.type.nbytes) for _, value in self.plan.late)
        return copied + late

    def _bring(self, arrays: Sequence[Array]) -> None:
        """Small feeds copied, large ones pointed to, memory for large results."""
        for i, place in self.copied:
            place[...] = arrays[i]
        for i, place, buffer in self.direct:
            array = arrays[i]
            if array.shape != place.shape or array.dtype != place.dtype:
                raise InternalError(f"a feed is {array.dtype}{list(array.shape)}, and was compiled for as {place.dtype}{list(place.shape)}")
            if not _usable(array):
                place[...] = array
                array = place
            self.memory.move(buffer, array.reshape(-1))
        for buffer in self.fresh:
            self.memory.renew(buffer)

    def _results(self) -> list[Any]:
        """Variables set to their new values, and what is fetched."""
        for memory, view in self.finals:
            memory[...] = view
        for memory, value in self.moving:
            memory[...] = self.memory.array(value)
        for variable, value in self.resized:
            self.state.set(variable, self.memory.array(value))
        results = []
        for take in self.takes:            # a loop, not a comprehension, which costs a frame before Python 3.12
            results.append(take())
        return results


def _segments(steps: Sequence[Step], threads: int, inplace: Container[Node]) -> list[Segment | HostStep]:
    """Native steps that follow each other become one tape; from the first on that writes a value over a variable, what it does lasts."""
    found: list[Segment | HostStep] = []
    for native, run in groupby(steps, lambda s: isinstance(s, NativeStep)):
        if native:
            kernels: list[Any] = list(run)
            rows = [(k.address, k.table, k.extents, k.n, k.grain) for k in kernels]
            lasting = next((i for i, k in enumerate(kernels) if any(m in inplace for m in k.nodes)), None)
            found.append(Segment(Tape(rows, threads, [(k.effort, k.unit) for k in kernels], lasting), kernels))
        else:
            found.extend(s for s in run if isinstance(s, HostStep))
    return found


def _usable(array: Array) -> bool:
    """Whether kernels can read a feed where it lies."""
    return array.flags.c_contiguous and array.flags.aligned
