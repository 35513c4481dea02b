"""What a traced run leaves: tables by kernel and by the user's line, a timeline for Perfetto, TensorFlow's step stats."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ..cpu.cost import Cost
from ..cpu.limits import Limits
from ..cpu.limits import limits as measured
from ..cpu.tape import timing_cost
from ..cpu.tracing import NO_STEP, Event, Part
from ..errors import InvalidArgumentError
from ..ir.node import here
from .messages import message

SHOWN = 12              # rows of each table that a summary prints
NAME = 90               # characters of a kernel's name that it prints


@dataclass
class NodeExecStats:
    """TensorFlow's record of one call: microseconds, `all_start_micros` from the start of the run, the others from that of the call."""

    node_name: str
    all_start_micros: float
    op_start_rel_micros: float
    op_end_rel_micros: float
    all_end_rel_micros: float
    thread_id: int
    timeline_label: str


@dataclass
class DeviceStepStats:
    """TensorFlow's records of one device."""

    device: str
    node_stats: list[NodeExecStats]


@dataclass
class StepStats:
    """TensorFlow's records of one run."""

    dev_stats: list[DeviceStepStats]


class Timeline:
    """TensorFlow's `python.client.timeline.Timeline`: the records of a run as a text for chrome://tracing and Perfetto."""

    def __init__(self, step_stats: StepStats, graph: Any = None):
        self._step_stats, self._graph = step_stats, graph

    def generate_chrome_trace_format(self, show_dataflow: bool = True, show_memory: bool = False, op_time: str = "schedule") -> str:
        """JSON in the Trace Event Format: a process for each device, a complete event for each call, in microseconds.

        `show_dataflow`: with an arrow from each call to those that use its results, if the timeline was made with the graph.
        """
        made: list[dict[str, Any]] = []
        for pid, device in enumerate(self._step_stats.dev_stats, 1):
            made.append({"name": "process_name", "ph": "M", "pid": pid, "args": {"name": f"{device.device} Compute"}})
            made += [{"name": s.timeline_label.partition(" = ")[2], "cat": "Op", "ph": "X", "pid": pid, "tid": s.thread_id, "ts": s.all_start_micros,
                      "dur": s.all_end_rel_micros, "args": {"name": s.node_name, "op": s.timeline_label.partition(" = ")[2]}}
                     for s in device.node_stats]
            if show_dataflow and self._graph is not None:
                made += self._arrows(pid, device.node_stats)
        return json.dumps({"traceEvents": made}, indent=4)

    def _arrows(self, pid: int, calls: Sequence[NodeExecStats]) -> Iterator[dict[str, Any]]:
        """Pairs of flow events, from the end of a call to the start of one that reads what it has left."""
        left: dict[str, NodeExecStats] = {}
        count = 0
        for call in sorted(calls, key=lambda c: c.all_start_micros):
            labels = call.node_name.split(", ")             # no name of an operation holds a comma
            nodes = [n for n in map(self._graph.node_named, labels) if n is not None]
            for source in dict.fromkeys(x.op.name for n in nodes for x in (*n.inputs, *n.op.inputs)):
                made = left.get(source) if source not in labels else None
                if made is not None and made.all_start_micros + made.all_end_rel_micros <= call.all_start_micros:
                    ends = (("s", made, made.all_start_micros + made.all_end_rel_micros), ("t", call, call.all_start_micros))
                    yield from ({"name": source, "cat": "DataFlow", "ph": ph, "id": count, "pid": pid, "tid": at.thread_id, "ts": when}
                                for ph, at, when in ends)
                    count += 1
            left.update(dict.fromkeys(labels, call))


class Row(NamedTuple):
    """A line of a summary. Seconds are those in which at least one thread was there; rates are over them."""

    name: str
    step: int                       # of the plan, as `Session.explain` counts; NO_STEP for what is none or several
    calls: int
    seconds: float
    share: float                    # of the run's time
    bytes: int
    operations: int
    bandwidth: float                # bytes a second
    flops: float                    # operations a second
    of_limit: float | None          # the time that the machine's limits allow, over the time it took: above 1 if caches held the data


@dataclass
class Summary:
    """Where the time went, by kernel and by the user's line, beside what the machine can do. `print` it."""

    seconds: float                  # from the first event's start to the last one's end
    idle: float                     # of them, those in which no step ran
    timing: float                   # of the idle ones, about how many the timing itself took
    kernels: list[Row]
    lines: list[Row]
    limits: Limits | None           # the machine's
    iterations: dict[str, list[float]] = field(default_factory=dict)     # of each loop, "7.body": the seconds of each iteration recorded

    def __str__(self) -> str:
        out = [f"{1e6 * self.seconds:.1f} us, {1e6 * self.idle:.1f} of them between steps (timing them took about {1e6 * self.timing:.1f})"]
        if self.limits is not None:
            out.append(f"limit: {self.limits.bandwidth_bytes_per_s / 1e9:.1f} GB/s from memory, {self.limits.flops_per_s_f32 / 1e9:.0f} GFLOP/s in "
                       f"float32, {self.limits.flops_per_s_f64 / 1e9:.0f} in float64, measured; data in caches come faster")
        found = [f"{path}: {len(took)} iterations, {1e6 * min(took):.2f} to {1e6 * max(took):.2f} us, the longest is number "
                 f"{took.index(max(took))}" for path, took in self.iterations.items()]
        return "\n".join([*out, *found, "", *_table("kernel", self.kernels), "", *_table("line", self.lines)])


def _table(title: str, rows: Sequence[Row]) -> list[str]:
    out = [f"{'us':>10} {'share':>6} {'calls':>5} {'MB':>8} {'GB/s':>6} {'GFLOP/s':>8} {'limit':>6}  {title}"]
    for r in rows[:SHOWN]:
        name = r.name if len(r.name) <= NAME else r.name[:NAME - 3] + "..."
        limit = "" if r.of_limit is None else f"{100 * r.of_limit:.0f}%"
        step = f"{r.step}: " if r.step >= 0 else ""
        out.append(f"{1e6 * r.seconds:10.1f} {100 * r.share:5.1f}% {r.calls:5} {r.bytes / 1e6:8.2f} {r.bandwidth / 1e9:6.1f} {r.flops / 1e9:8.1f} "
                   f"{limit:>6}  {step}{name}")
    if len(rows) > SHOWN:
        left = rows[SHOWN:]
        out.append(f"{1e6 * sum(r.seconds for r in left):10.1f} {100 * sum(r.share for r in left):5.1f}% {sum(r.calls for r in left):5}"
                   f"{sum(r.bytes for r in left) / 1e6:9.2f}{'':23}  {len(left)} more")
    return out


@dataclass
class RunMetadata:
    """What a traced run leaves: give it to `Session.run(..., options=RunOptions(trace_level=RunOptions.FULL_TRACE), run_metadata=m)`."""

    events: list[Event] = field(default_factory=list)

    @property
    def _origin(self) -> int:
        return min((e.start for e in self.events), default=0)

    @property
    def step_stats(self) -> StepStats:
        """The events as TensorFlow has them."""
        origin = self._origin
        stats = [NodeExecStats(e.name, (e.start - origin) / 1e3, 0.0, (e.end - e.start) / 1e3, (e.end - e.start) / 1e3, e.thread,
                               f"{e.name} = {e.kind}") for e in self.events]
        return StepStats([DeviceStepStats("/device:CPU:0", stats)])

    def SerializeToString(self) -> bytes:
        """The events as TensorFlow's message RunMetadata, which TensorBoard reads."""
        device, = self.step_stats.dev_stats
        nodes = [message([(1, n.node_name), (2, round(n.all_start_micros)), (4, round(n.op_end_rel_micros)), (5, round(n.all_end_rel_micros)),
                          (8, n.timeline_label), (10, n.thread_id)]) for n in device.node_stats]
        return message([(1, message([(1, message([(1, device.device), *((2, n) for n in nodes)]))]))])

    def to_chrome_trace(self, path: Any = None) -> str:
        """The run as JSON in the Trace Event Format (complete events, microseconds), which Perfetto and chrome://tracing open.

        `path`: a file to write as well; InvalidArgumentError if it cannot be written.
        """
        origin, threads = self._origin, sorted({e.thread for e in self.events})
        made: list[dict[str, Any]] = [{"name": "process_name", "ph": "M", "pid": 1, "tid": 0, "args": {"name": "graphc"}}]
        made += [{"name": "thread_name", "ph": "M", "pid": 1, "tid": t, "args": {"name": f"worker {t}" if t else "caller"}} for t in threads]
        for e in self.events:
            seconds = max(e.end - e.start, 1) / 1e9
            made.append({"name": e.name[:200], "cat": e.kind, "ph": "X", "pid": 1, "tid": e.thread, "ts": (e.start - origin) / 1e3,
                         "dur": (e.end - e.start) / 1e3,
                         "args": {"stage": e.stage, "step": e.step, **_in_bodies(e), "lines": list(e.lines), "bytes": e.cost.bytes,
                                  "operations": e.cost.operations, "GB/s": round(e.cost.bytes / seconds / 1e9, 3),
                                  "GFLOP/s": round(e.cost.operations / seconds / 1e9, 3)}})
        text = json.dumps({"traceEvents": made, "displayTimeUnit": "ns"})
        if path is not None:
            write(path, text, "trace")
        return text

    def summary(self, limits: bool = True) -> Summary:
        """Tables by kernel and by the user's line, the longest first. `limits`: measure the machine's too (about a second, once a process).

        The time of a kernel that serves several lines is shared out among them in proportion to the elements they move and compute.
        """
        most = measured() if limits else None
        total = max(max((e.end for e in self.events), default=0) - self._origin, 1) / 1e9
        kernels: dict[str, _Sum] = {}
        lines: dict[str, _Sum] = {}
        inner = _inner(self.events)
        for pieces in by_call(self.events):
            work, first = pieces[0].work, pieces[0]
            seconds = max(0.0, _covered(pieces) - inner.pop(_place(first), 0.0))
            parts = work.parts or [Part(work.name, 1.0, pieces[0].cost)]
            whole = Cost(*(sum(c) for c in zip(*(p.cost for p in parts), strict=True)))
            kernels.setdefault(_name(first), _Sum()).add(whole, seconds, _allowed(whole, work.double, most), NO_STEP if first.inside else first.step)
            for p in parts:
                lines.setdefault(p.line, _Sum()).add(p.cost, p.share * seconds, _allowed(p.cost, work.double, most), NO_STEP)
        passed = iterations(self.events)
        idle = max(0.0, total - _covered(self.events))
        timed = sum(e.kind not in ("host", "copy") for e in self.events)
        return Summary(total, idle, min(idle, timed * timing_cost()[1] / 1e9 if timed else 0.0),
                       _rows(kernels, total, limits), _rows(lines, total, limits), most, passed)


def write(path: Any, text: str, what: str) -> None:
    """The text in a file; InvalidArgumentError if it cannot be written."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except (OSError, TypeError, ValueError) as e:
        raise InvalidArgumentError(f"the {what} cannot be written to {str(path)[:200]!r}: {e}{here()}") from None


class _Sum:
    """What becomes a row."""

    def __init__(self) -> None:
        self.calls, self.seconds, self.bytes, self.operations, self.limited = 0, 0.0, 0, 0, 0.0
        self.steps: set[int] = set()

    def add(self, cost: Cost, seconds: float, limited: float, step: int) -> None:
        self.calls += 1
        self.seconds += seconds
        self.bytes += cost.bytes
        self.operations += cost.operations
        self.limited += limited
        self.steps.add(step)


def by_call(events: Iterable[Event]) -> list[list[Event]]:
    """The pieces of a step that threads shared are one call."""
    calls: dict[tuple[Any, ...], list[Event]] = {}
    for e in events:
        calls.setdefault((e.stage, e.step, e.start if e.step == NO_STEP else 0, e.inside, e.iteration), []).append(e)
    return list(calls.values())


def _in_bodies(e: Event) -> dict[str, Any]:
    """Which body a step is of, and in which iteration, for the timeline."""
    return {"inside": e.inside, "iteration": list(e.iteration)} if e.inside else {}


def _name(e: Event) -> str:
    """What a step computes; of one in a body with where that is before it."""
    place = f"{e.inside}.{e.step}" if e.step >= 0 else e.inside
    return f"{place}: {e.name}" if e.inside else e.name


def _place(e: Event) -> tuple[Any, ...]:
    """Where a call was: of a node that no step computes, by its name."""
    return e.stage, e.inside, str(e.step) if e.step >= 0 else e.name, e.iteration


def _inner(events: Iterable[Event]) -> dict[tuple[Any, ...], float]:
    """For each call of a step that runs bodies, the seconds in which a step of them was on."""
    found: dict[tuple[Any, ...], list[Event]] = {}
    for e in events:
        if e.inside:
            *above, step, name = e.inside.split(".")
            iteration = e.iteration[:-1] if name in ("body", "cond") else e.iteration
            found.setdefault((e.stage, ".".join(above), step, iteration), []).append(e)
    return {key: _covered(inside) for key, inside in found.items()}


def iterations(events: Iterable[Event]) -> dict[str, list[float]]:
    """Of each loop the seconds of its iterations, from the start of the first step to the end of the last."""
    found: dict[tuple[int, str], dict[tuple[int, ...], tuple[int, int]]] = {}
    for e in events:
        if e.inside.endswith(".body"):
            times = found.setdefault((e.stage, e.inside), {})
            start, end = times.get(e.iteration, (e.start, e.end))
            times[e.iteration] = min(start, e.start), max(end, e.end)
    return {path: [(end - start) / 1e9 for _, (start, end) in sorted(times.items())] for (_, path), times in found.items()}


def _covered(events: Iterable[Event]) -> float:
    """Seconds in which at least one of the events was on."""
    covered, reached = 0, 0
    for e in sorted(events, key=lambda e: e.start):
        covered += max(0, e.end - max(e.start, reached))
        reached = max(reached, e.end)
    return covered / 1e9


def _allowed(cost: Cost, double: bool, limits: Any) -> float:
    """Seconds that the machine needs at least: for the memory's or the arithmetic's sake (the roofline of Williams, Waterman, Patterson 2009)."""
    if limits is None:
        return 0.0
    return max(cost.bytes / limits.bandwidth_bytes_per_s, cost.operations / (limits.flops_per_s_f64 if double else limits.flops_per_s_f32))


def _rows(sums: dict[str, _Sum], total: float, limited: bool) -> list[Row]:
    rows = []
    for name, s in sums.items():
        least = max(s.seconds, 1e-9)                # the clock's tick: a call may begin and end in one
        step = s.steps.pop() if len(s.steps) == 1 else NO_STEP
        rows.append(Row(name, step, s.calls, s.seconds, s.seconds / total, s.bytes, s.operations, s.bytes / least, s.operations / least,
                        s.limited / least if limited else None))
    return sorted(rows, key=lambda r: -r.seconds)


__all__ = ["DeviceStepStats", "NodeExecStats", "Row", "RunMetadata", "StepStats", "Summary", "by_call", "write"]
