"""Where the time of a run goes: every step's start, duration and thread, as a table, a timeline for Perfetto, or TensorFlow's step stats."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .cost import Cost, cost
from .errors import InvalidArgumentError
from .graph import Node, caller, loc_str
from .tape_code import CLOCK
from .schedule import Group
from .types import TensorType

Array = np.ndarray[Any, Any]
SHOWN = 12              # rows of each table that `summary` prints


class RunOptions:
    """How `Session.run` runs: `trace_level=RunOptions.FULL_TRACE` with a `RunMetadata` records every step."""

    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE, FULL_TRACE = range(4)

    def __init__(self, trace_level: int = 0, timeout_in_ms: int = 0, **other: Any):
        if trace_level not in range(4):
            raise InvalidArgumentError(f"RunOptions: {trace_level!r} is no trace level, 0 to 3\n  at {loc_str(caller())}")
        self.trace_level = trace_level
        self.timeout_in_ms = timeout_in_ms


class Event(NamedTuple):
    """One call of a step: a whole step, or the piece of it that one thread took. Times in nanoseconds of a clock that only goes forward."""

    name: str                       # labels of the nodes it computes, or "feed", "fetch"
    kind: str                       # "map", "row", "column", "full", "library", "host", "copy"
    lines: tuple[str, ...]          # the user's lines
    step: int                       # which step of its program; -1: before or after them
    thread: int                     # 0: the thread that called `run`
    start: int
    end: int
    cost: Cost                      # of this piece


class Trace:
    """The events of one run, as they come."""

    def __init__(self) -> None:
        self._found: list[Any] = []           # events, and what becomes some once the run is over
        self._known: dict[tuple[Any, int], tuple[str, str, tuple[str, ...], Cost]] = {}

    @contextmanager
    def host(self, name: str, program: Any = None, step: int = -1) -> Iterator[None]:
        """Time what Python does: the feeding, the fetching, or a host step of a program."""
        start = now()
        try:
            yield
        finally:
            self._found.append((name, program, step, start, now()))

    def native(self, program: Any, first: int, rows: Array) -> None:
        """The events of a tape whose first step is the program's step `first`: (step, thread, from where, start, end) each."""
        self._found.append((program, first, rows))

    def events(self) -> list[Event]:
        """All events, in the order of their starts."""
        made: list[Event] = []
        for found in self._found:
            if isinstance(found, Event):
                made.append(found)
            elif len(found) == 3:
                made.extend(self._pieces(*found))
            else:
                name, program, step, start, end = found
                about = (name, "copy", (), Cost(0, 0, 0)) if program is None else self._about(program, step)
                made.append(Event(about[0], about[1], about[2], step, 0, start, end, about[3]))
        return sorted(made, key=lambda e: e.start)

    def _pieces(self, program: Any, first: int, rows: Array) -> Iterator[Event]:
        for k, thread, at, start, end in rows.tolist():
            name, kind, lines, whole = self._about(program, first + k)
            step = program.steps[first + k]
            part = min(step.grain, step.n - at) / step.n if step.n else 1.0
            share = whole if part >= 1 else Cost(*(int(c * part) for c in whole))
            yield Event(name, kind, lines, first + k, thread, start, end, share)

    def node(self, n: Node, work: Callable[[], Any]) -> Any:
        """Do a node's work on the host, timed."""
        start = now()
        result = work()
        lines = () if n.loc is None else (loc_str(n.loc),)
        sized = all(isinstance(x.type, TensorType) and x.type.known for x in (n, *n.inputs))
        self._found.append(Event(n.label, "host", lines, -1, 0, start, now(), cost([n], [n]) if sized else Cost(0, 0, 0)))
        return result

    def _about(self, program: Any, step: int) -> tuple[str, str, tuple[str, ...], Cost]:
        key = (program, step)
        if key not in self._known:
            where = program.origins[step]
            nodes = where.members if isinstance(where, Group) else [where.node]
            kind = where.kind if isinstance(where, Group) else "library" if program.is_native(step) else "host"
            labels = dict.fromkeys(n.label for n in nodes)
            lines = tuple(dict.fromkeys(loc_str(n.loc) for n in nodes if n.loc is not None))
            self._known[key] = ", ".join(labels), kind, lines, cost(nodes, program.schedule.stored)
        return self._known[key]


def now() -> int:
    """Nanoseconds on the clock that native steps read."""
    return time.clock_gettime_ns(CLOCK)


@dataclass
class NodeExecStats:
    """TensorFlow's record of one call: microseconds from the start of the run."""

    node_name: str
    all_start_micros: float
    op_end_rel_micros: float
    all_end_rel_micros: float
    thread_id: int
    timeline_label: str


@dataclass
class DeviceStepStats:
    device: str
    node_stats: list[NodeExecStats]


@dataclass
class StepStats:
    dev_stats: list[DeviceStepStats]


class Row(NamedTuple):
    """A line of a summary: wall time is what at least one thread spent there; rates are over it."""

    name: str
    calls: int
    seconds: float
    share: float                    # of the run's time
    bytes: int
    operations: int
    bandwidth: float                # bytes a second
    flops: float                    # operations a second


@dataclass
class Summary:
    """Where the time went, by kernel and by the user's line, beside what the machine can do. `print` it."""

    seconds: float                  # from the first event's start to the last one's end
    idle: float                     # of them, those in which no step ran
    kernels: list[Row]
    lines: list[Row]
    limits: Any

    def __str__(self) -> str:
        head = f"{1e6 * self.seconds:.1f} us, {1e6 * self.idle:.1f} of them between steps"
        limit = self.limits
        bound = (f"measured limits: {limit.bandwidth_bytes_per_s / 1e9:.1f} GB/s, {limit.flops_per_s_f32 / 1e9:.0f} GFLOP/s in float32, "
                 f"{limit.flops_per_s_f64 / 1e9:.0f} in float64; small data comes from caches, faster than memory") if limit is not None else ""
        return "\n".join([head, bound, "", *_table("kernel", self.kernels), "", *_table("line", self.lines)])


def _table(title: str, rows: Sequence[Row]) -> list[str]:
    out = [f"{'us':>10} {'share':>6} {'calls':>5} {'GB/s':>7} {'GFLOP/s':>8}  {title}"]
    for r in rows[:SHOWN]:
        name = r.name if len(r.name) <= 90 else r.name[:87] + "..."
        out.append(f"{1e6 * r.seconds:10.1f} {100 * r.share:5.1f}% {r.calls:5} {r.bandwidth / 1e9:7.1f} {r.flops / 1e9:8.1f}  {name}")
    if len(rows) > SHOWN:
        left = rows[SHOWN:]
        out.append(f"{1e6 * sum(r.seconds for r in left):10.1f} {100 * sum(r.share for r in left):5.1f}%{'':23}  {len(left)} more")
    return out


@dataclass
class RunMetadata:
    """What a traced run leaves: give it to `Session.run(..., options=RunOptions(trace_level=RunOptions.FULL_TRACE), run_metadata=m)`."""

    events: list[Event] = field(default_factory=list)

    @property
    def step_stats(self) -> StepStats:
        """The events as TensorFlow has them."""
        origin = min((e.start for e in self.events), default=0)
        stats = [NodeExecStats(e.name, (e.start - origin) / 1e3, (e.end - e.start) / 1e3, (e.end - e.start) / 1e3, e.thread,
                               f"{e.name} = {e.kind}") for e in self.events]
        return StepStats([DeviceStepStats("/device:CPU:0", stats)])

    def to_chrome_trace(self, path: Any = None) -> str:
        """The run as JSON in the Trace Event Format (complete events, microseconds), which Perfetto and chrome://tracing open.

        `path`: a file to write as well; InvalidArgumentError if it cannot be written.
        """
        origin = min((e.start for e in self.events), default=0)
        threads = sorted({e.thread for e in self.events})
        made: list[dict[str, Any]] = [{"name": "process_name", "ph": "M", "pid": 1, "tid": 0, "args": {"name": "graphc"}}]
        made += [{"name": "thread_name", "ph": "M", "pid": 1, "tid": t, "args": {"name": f"worker {t}" if t else "caller"}} for t in threads]
        for e in self.events:
            seconds = max(e.end - e.start, 1) / 1e9
            made.append({"name": e.name[:200], "cat": e.kind, "ph": "X", "pid": 1, "tid": e.thread, "ts": (e.start - origin) / 1e3,
                         "dur": (e.end - e.start) / 1e3,
                         "args": {"step": e.step, "lines": list(e.lines), "bytes": e.cost.bytes, "operations": e.cost.operations,
                                  "GB/s": round(e.cost.bytes / seconds / 1e9, 3), "GFLOP/s": round(e.cost.operations / seconds / 1e9, 3)}})
        text = json.dumps({"traceEvents": made, "displayTimeUnit": "ns"})
        if path is not None:
            try:
                Path(path).write_text(text, encoding="utf-8")
            except (OSError, TypeError, ValueError) as e:
                raise InvalidArgumentError(f"the trace cannot be written to {str(path)[:200]!r}: {e}\n  at {loc_str(caller())}") from None
        return text

    def summary(self, limits: bool = True) -> Summary:
        """Tables by kernel and by the user's line, the longest first. `limits`: measure the machine's too (about a second, once a process)."""
        from .doctor import limits as measured
        start, end = min((e.start for e in self.events), default=0), max((e.end for e in self.events), default=0)
        total = max(end - start, 1) / 1e9
        idle = total - _covered(self.events)
        return Summary(total, idle, _rows(self.events, lambda e: [e.name], total), _rows(self.events, lambda e: e.lines or [e.name], total),
                       measured() if limits else None)


def _covered(events: Sequence[Event]) -> float:
    """Seconds in which at least one of the events was on."""
    covered, reached = 0, 0
    for e in sorted(events, key=lambda e: e.start):
        covered += max(0, e.end - max(e.start, reached))
        reached = max(reached, e.end)
    return covered / 1e9


def _rows(events: Sequence[Event], keys: Callable[[Event], Sequence[str]], total: float) -> list[Row]:
    """Events grouped; one that belongs to several groups counts in each, its cost shared out among them."""
    groups: dict[str, list[Event]] = {}
    for e in events:
        for key in keys(e):
            groups.setdefault(key, []).append(e)
    rows = []
    for name, own in groups.items():
        seconds = max(_covered(own), 1e-9)
        moved = sum(e.cost.bytes // max(len(keys(e)), 1) for e in own)
        done = sum(e.cost.operations // max(len(keys(e)), 1) for e in own)
        calls = len({(e.step, e.start if e.step < 0 else 0) for e in own})      # the pieces of a step are one call
        rows.append(Row(name, calls, seconds, seconds / total, moved, done, moved / seconds, done / seconds))
    return sorted(rows, key=lambda r: -r.seconds)


__all__ = ["Event", "RunMetadata", "RunOptions", "Summary", "Trace"]
