"""Traced runs: the start, duration, thread, bytes and operations of every step, and the user's lines that it serves."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..compiler.groups import Group
from ..errors import InvalidArgumentError
from ..ir.body import Body, RunBody
from ..ir.graph import Graph
from ..ir.node import Node, here, loc_str
from ..ir.sizes import all_at_hand
from ..ir.types import Array, TensorType
from .bodies import trips
from .cost import Cost, cost_by, size, time_weight
from .kernel_text import KernelText
from .loop_kernel import LoopText
from .steps import NativeStep
from .tape import timing_cost
from .tape_code import CLOCK

NO_STEP = -1            # the step of what happens before or after the steps of a program


class RunOptions:
    """How `Session.run` runs: `trace_level=RunOptions.FULL_TRACE` (or any but NO_TRACE) with a `RunMetadata` records every step.

    TensorFlow's other options are accepted and change nothing; InvalidArgumentError for a trace level that does not exist.
    """

    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE, FULL_TRACE = range(4)

    def __init__(self, trace_level: int = NO_TRACE, timeout_in_ms: int = 0, inter_op_thread_pool: int = 0,
                 output_partition_graphs: bool = False, report_tensor_allocations_upon_oom: bool = False):
        if trace_level not in range(4):
            raise InvalidArgumentError(f"RunOptions: {trace_level!r} is no trace level, 0 to 3{here()}")
        self.trace_level = trace_level
        self.timeout_in_ms = timeout_in_ms
        self.inter_op_thread_pool = inter_op_thread_pool
        self.output_partition_graphs = output_partition_graphs
        self.report_tensor_allocations_upon_oom = report_tensor_allocations_upon_oom


class Part(NamedTuple):
    """What a line of the user's has in a step: a share of its time, estimated from the elements moved and computed, and of its cost."""

    line: str                       # "train.py:10"; "train.py:8 (gradient)" for nodes that `gradients` made for those of that line
    share: float
    cost: Cost


class Made(NamedTuple):
    """What an operation has in a step that computes it."""

    label: str
    share: float                    # of the step's time, in proportion to the elements computed
    written: int                    # bytes that the step leaves of it in memory
    shape: tuple[int, ...] | None   # of the result; None of what is no single tensor


class Work(NamedTuple):
    """What a step does."""

    name: str                       # labels of the nodes it computes, or "feed", "fetch"
    kind: str                       # "map", "row", "column", "full", "library", "host", "copy"
    parts: tuple[Part, ...]
    double: bool                    # whether it computes in float64
    made: tuple[Made, ...] = ()     # by operation, in the order of `name`


class Event(NamedTuple):
    """One call of a step: a whole step, or the piece of it that one thread took. Times in nanoseconds of a clock that only goes forward."""

    work: Work
    stage: int                      # which program of the run: several if data decide shapes
    step: int                       # which step of its program, as in `Session.explain`; NO_STEP: before or after them
    thread: int                     # 0: the thread that called `run`
    start: int
    end: int
    cost: Cost                      # of this piece
    fraction: float = 1.0           # of the step
    inside: str = ""                # of a step of a body, where that is: "7.body" of the loop that is step 7, "7.body.2.then" within it
    iteration: tuple[int, ...] = () # of which iteration of the loops that it is inside

    @property
    def name(self) -> str:
        return self.work.name

    @property
    def kind(self) -> str:
        return self.work.kind

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(p.line for p in self.work.parts)


class Trace:
    """The events of one run, as they come; what they mean is looked up when it is over."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.stage = 0
        self.inside, self.iteration = "", tuple[int, ...]()            # which body Python is running, and for which time
        self._found: list[Callable[[], Iterable[Event]]] = []
        self._known: dict[tuple[Any, int], tuple[Work, Cost]] = {}

    def begin(self) -> None:
        """A program begins."""
        self.stage += not self.inside

    def _later(self, found: Callable[[], Iterable[Event]]) -> None:
        """Note what will be asked for its events when the run is over."""
        inside, iteration = self.inside, self.iteration
        self._found.append(found if not inside else lambda: [
            e._replace(inside=f"{inside}.{e.inside}" if e.inside else inside, iteration=(*iteration, *e.iteration)) for e in found()])

    def running(self, node: Node, place: str, run_body: RunBody | None, attrs: Mapping[str, Any] | None = None) -> RunBody | None:
        """`run_body`, whose events are those of the body of `node` that it is called with; `place`: the node's step, or its name.

        `attrs`: the node's, where a step has other bodies in them.
        """
        if node.operator.drive is None or run_body is None:
            return run_body
        names = {id(v): name for name, v in (attrs or node.attrs).items() if isinstance(v, Body)}

        def run(body: Body, arguments: Sequence[Any]) -> Sequence[Any]:
            before = self.inside, self.iteration
            self.inside = f"{self.inside}.{place}.{names.get(id(body), 'body')}".lstrip(".")
            self.iteration += (int(arguments[0]),) if "body" in node.attrs else ()
            try:
                return run_body(body, arguments)
            finally:
                self.inside, self.iteration = before
        return run

    @contextmanager
    def copy(self, name: str, moved: int = 0) -> Iterator[None]:
        """Time feeding, fetching or initialising, in which so many bytes are copied."""
        start, stage = now(), self.stage
        try:
            yield
        finally:
            event = Event(Work(name, "copy", (), False), stage, NO_STEP, 0, start, now(), Cost(moved, moved, 0))
            self._later(lambda: [event])

    @contextmanager
    def host(self, program: Any, step: int) -> Iterator[None]:
        """Time a host step of a program."""
        start, stage = now(), self.stage
        try:
            yield
        finally:
            self._later(partial(self._whole, program, stage, step, start, now()))

    def native(self, program: Any, first: int, rows: Array) -> None:
        """The calls that a tape made, as `Tape.trace` gives them; its first step is the program's step `first`."""
        self._later(partial(self._pieces, program, self.stage, first, rows))

    def bodies(self, records: Mapping[int, Sequence[Any]]) -> None:
        """What the steps of bodies took, as `Bound.record` keeps it, by the steps that run them."""
        stage = self.stage
        self._later(lambda: self._within(records, stage, "", None))

    def _within(self, records: Mapping[int, Sequence[Any]], stage: int, path: str, outer: Any) -> Iterator[Event]:
        """`outer`: when the iterations of the loops around began, and which they were."""
        for step, bodies in records.items():
            for record in bodies:
                rows, numbers = record.rows()
                inside = f"{path}{step}.{record.name}"
                around = _around(rows[:, 4], outer)
                found = [(*above, int(n)) if record.notes is not None else above for above, n in zip(around, numbers, strict=True)]
                for event, iteration in zip(self._pieces(record.program, stage, 0, rows), found, strict=True):
                    yield event._replace(inside=inside, iteration=iteration)
                order = np.argsort(rows[:, 4])
                begun = rows[order, 4], [found[k] for k in order]
                yield from self._within(record.within, stage, f"{inside}.", begun)

    def committed(self, rows: Array, moved: int) -> None:
        """The commit of a run, as `Tape.trace` gives it, in which so many bytes are copied; no rows: there was none."""
        stage = self.stage
        self._later(lambda: [Event(Work("commit", "copy", (), False), stage, NO_STEP, 0, start, end, Cost(moved, moved, 0))
                                    for *_, start, end in rows.tolist()])

    def node(self, run: Callable[[Node, Sequence[Any]], Any], n: Node, inputs: Sequence[Any]) -> Any:
        """`run(n, inputs)`, timed: a node that is computed on its own."""
        start, stage = now(), self.stage
        result = run(n, inputs)
        end = now()
        moved = Cost(_nbytes(inputs), _nbytes([result]), 0)
        made = Made(n.label, 1.0, moved.written, None if isinstance(result, (tuple, list)) else np.shape(result))
        work = Work(n.label, "host", (Part(self._line(n), 1.0, moved),), False, (made,))
        event = Event(work, stage, NO_STEP, 0, start, end, moved)
        self._later(lambda: [event])
        return result

    def events(self) -> list[Event]:
        """All events, in the order of their starts."""
        return sorted((event for found in self._found for event in found()), key=lambda e: e.start)

    def _whole(self, program: Any, stage: int, step: int, start: int, end: int) -> Iterable[Event]:
        work, cost = self._about(program, step)
        return [Event(work, stage, step, 0, start, end, cost)]

    def _pieces(self, program: Any, stage: int, first: int, rows: Array) -> Iterator[Event]:
        timing = round(timing_cost()[0])
        for k, thread, lo, hi, start, end in rows.tolist():
            work, cost = self._about(program, first + k)
            fraction = (hi - lo) / max(program.range(first + k)[0], 1)
            yield Event(work, stage, first + k, thread, start, max(end - timing, start), Cost(*(round(c * fraction) for c in cost)), fraction)

    def _about(self, program: Any, step: int) -> tuple[Work, Cost]:
        """What a step of a program does, and what all of it costs."""
        if (program, step) not in self._known:
            program.take_sizes()
            where = program.origins[step]
            fused = isinstance(where, Group)
            nodes = where.members if fused else [where.node]
            made = program.steps[step]
            native = isinstance(made, NativeStep)
            kind = where.kind if fused else "host" if not native else "library" if where.node.operator.drive is None else where.node.operator.label
            often = 1
            if not fused and native and isinstance(made.text, LoopText):       # a loop over scalars: what its kernel computes
                inside = dict.fromkeys(n for _, n in made.text.annotated if n is not None and isinstance(n.type, TensorType))
                nodes, often = [*inside] or nodes, trips(where.node) or 1
            share = made.text.share if isinstance(made, NativeStep) and isinstance(made.text, KernelText) else 1
            left = program.plan.schedule.left_by(where)
            found = cost_by(self._line, nodes, left, program.waiting(step))
            costs = {line: c.part(share)._replace(operations=often * c.part(share).operations) for line, c in found.items()}
            weights = {line: c.bytes / 4 + 1 for line, c in costs.items()}
            for n in nodes if len(costs) > 1 else ():
                weights[self._line(n)] += time_weight(n)
            parts = tuple(Part(line, weights[line] / sum(weights.values()), c) for line, c in costs.items())
            name = ", ".join(dict.fromkeys(n.label for n in nodes))
            double = any(isinstance(n.type, TensorType) and n.type.dtype == np.float64 for n in nodes)
            made_here = _made(where.members if fused else [where.node], left, share)
            self._known[program, step] = Work(name, kind, parts, double, made_here), Cost(*map(sum, zip(*costs.values(), strict=True)))
        return self._known[program, step]

    def _line(self, n: Node) -> str:
        forward = self.graph.differentiated(n.label)
        return loc_str(n.loc) if forward is None else f"{loc_str(forward.loc)} (gradient)"


def _around(starts: Array, outer: Any) -> list[tuple[int, ...]]:
    """Of which iterations of the loops around each of some times is."""
    if outer is None or not len(outer[1]):
        return [()] * len(starts)
    times, iterations = outer
    return [iterations[max(k, 0)] for k in (np.searchsorted(times, starts, "right") - 1).tolist()]


def _made(nodes: Sequence[Node], left: Container[Node], part: float) -> tuple[Made, ...]:
    """What operations have in a step that leaves some of them in memory, or a part of those; several nodes of one label are one."""
    weights: dict[str, int] = {}
    found: dict[str, tuple[int, tuple[int, ...] | None]] = {}
    for n in nodes:
        single = isinstance(n.type, TensorType) and n.type.known
        weights[n.label] = weights.get(n.label, 1) + (time_weight(n) if single and len(nodes) > 1 else 0)
        written = found.get(n.label, (0, None))[0] + (round(part * size(n)) if n in left else 0)
        found[n.label] = written, all_at_hand(n.type.shape) if single else None
    return tuple(Made(label, weight / sum(weights.values()), *found[label]) for label, weight in weights.items())


def now() -> int:
    """Nanoseconds on the clock that native steps read."""
    return time.clock_gettime_ns(CLOCK)


def _nbytes(values: Sequence[Any]) -> int:
    return sum(_nbytes(v) if isinstance(v, (tuple, list)) else np.asarray(v).nbytes for v in values)


__all__ = ["Event", "Made", "Part", "RunOptions", "Trace", "Work", "now"]
