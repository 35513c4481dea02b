"""One set of fetches and fed tensors: its programs, one for each set of feed shapes, and the forms a run can take."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compiler import passes
from ..compiler.specialise import Specialised, needed, specialise
from ..cpu import native
from ..cpu.entry import Entry
from ..cpu.program import Program
from ..cpu.tape import walker
from ..cpu.tracing import Trace
from ..errors import FeedError
from ..ir.node import Node, here
from ..ir.reference import interpret, run_reference
from ..ir.types import TensorType
from .fetching import Array, fed, is_listed, places_of, require_fed, restored

if TYPE_CHECKING:
    from .session import Session

_ndarray = np.ndarray           # looked up for every feed of every run


class Call:
    """One set of fetches and fed tensors: its programs, one for each set of feed shapes."""

    def __init__(self, session: Session, fetches: Sequence[Node], feeds: Sequence[Node], structure: Any):
        self.session, self.fetches, self.feeds, self.structure = session, list(fetches), list(feeds), structure
        self.flat = structure == list(range(len(self.fetches)))
        self.wanted = places_of(structure)              # fetches whose value is asked for; of an operation only the effect is
        self.programs: dict[Any, Any] = {}
        self.types = [(None if f.type.dtype.hasobject else f.type.dtype, f) for f in feeds]      # texts always pass `fed`
        self.lock = session._lock
        self.shapes: list[Any] | None = None           # of the last run, and what ran it
        self.run: Callable[[list[Array]], list[Any]] = self._never
        self.entry = Entry(self.__call__)
        self.enter: Callable[..., Any] = self.__call__
        self.by_value: list[int] = []
        self.order: list[Node] = []                    # what the fetches need

    def __call__(self, *values: Any) -> Any:
        """The values of the fetches for any feeds; what `entry` turns to when it has no machine code for them."""
        if len(values) != len(self.types):
            raise FeedError(f"{len(self.feeds)} values are fed, {len(values)} given{here()}")
        arrays = []
        shapes = []
        for v, (dtype, node) in zip(values, self.types):  # noqa: B905  (every caller has counted them)
            if v.__class__ is not _ndarray or v.dtype is not dtype:
                v = fed(node, v)
            arrays.append(v)
            shapes.append(v.shape)
        busy = self.session._busy
        with self.lock:
            busy[0] += 1
            try:
                results = self.run(arrays) if shapes == self.shapes and self.session.trace is None else self._other(arrays, shapes)
            finally:
                busy[0] -= 1
        return results if self.flat else restored(self.structure, results)

    def _never(self, arrays: list[Array]) -> list[Any]:
        raise AssertionError("no program has run yet")

    def forget(self) -> None:
        """Drop all programs: the variables they point to have moved, or the session is closed."""
        self.programs.clear()
        self.shapes = None
        self.entry.close()

    def _other(self, arrays: list[Array], shapes: list[Any]) -> list[Any]:
        """Run with feeds of other shapes than last time."""
        self.session._check_open()
        for node, array in zip(self.feeds, arrays, strict=True):
            fed(node, array)
        program = self.programs.get(self._key(arrays, shapes))
        if program is None:
            program = self.compile(arrays)
            if not isinstance(program, Staged):
                self.programs[self._key(arrays, shapes)] = program
        trace = self.session.trace
        if trace is not None:
            self.session._runs[0] += program.draws
            return program.run_traced(arrays, trace)
        run = self._drawing(program) if program.draws else program.run
        results = run(arrays)
        if not self.by_value and not isinstance(program, Staged):
            self.shapes, self.run = shapes, run
            self.entry.close()
            if isinstance(program, Program) and program.plain and (listed := is_listed(self.structure)) is not None:
                self._open(program, listed)
        return results

    def _open(self, program: Program, listed: bool) -> None:
        """Let a program that only copies small feeds in and small results out be entered without Python frames."""
        memories = dict(program.copied)
        feeds = [(dtype, shape, memories.get(i)) for i, ((dtype, _), shape) in enumerate(zip(self.types, self.shapes or (), strict=True))]
        places = self.structure if listed else [self.structure]
        views = program.views()
        results = [None if place is None else views[place] for place in places]
        self.entry.open(self.session._busy, program.pointer.value, walker(), program.fail, feeds, results, program.finals, listed)
        self.enter = self.entry.enter

    def _key(self, arrays: list[Array], shapes: list[Any]) -> Any:
        return (*shapes, *(arrays[i].tobytes() for i in self.by_value))

    def _drawing(self, program: Any) -> Callable[[list[Array]], list[Any]]:
        """The run of a program that draws random numbers: each time others."""
        def run(arrays: list[Array]) -> list[Any]:
            self.session._runs[0] += 1
            return program.run(arrays)
        return run

    def needed(self) -> list[Node]:
        """What the fetches need, in order."""
        self.order = self.order or needed(self.fetches, dict.fromkeys(self.feeds))
        return self.order

    def arrays(self, values: Sequence[Any]) -> list[Array]:
        """Values to feed as arrays of the right dtypes and shapes; FeedError if one does not fit."""
        return [fed(n, v) for n, v in zip(self.feeds, values, strict=True)]

    def compile(self, arrays: list[Array], observe: passes.Observe | None = None) -> Any:
        """What runs for feeds of these shapes; `observe` sees the graph before and after each pass."""
        resets = [n.attrs["variable"] for n in self.needed() if n.operator.name == "initialize"]
        if resets and len(resets) == sum(not n.operator.family.orders for n in self.needed()):
            return Initialisation(self.session, resets, self.feeds, len(self.fetches))
        spec = self.specialised(arrays)
        return self.staged(spec, arrays) if spec.pending else self._finish(spec, resets, observe)

    def specialised(self, arrays: list[Array]) -> Specialised:
        """What the fetches need with concrete types; `pending` holds what other nodes decide that only a run can tell."""
        feeds = dict(zip(self.feeds, arrays, strict=True))
        order = self.needed()
        require_fed(order, feeds)
        memory = {n: self.session.memory(n) for n in order if n.operator.name == "variable"}
        variables = {v: TensorType(a.dtype, a.shape) for v, a in memory.items()}
        while True:
            values = {self.feeds[i]: arrays[i] for i in self.by_value}
            types = {f: TensorType(f.type.dtype, a.shape) for f, a in feeds.items() if f not in values}
            spec = specialise(self.fetches, order, types, values, variables)
            new = [i for i, f in enumerate(self.feeds) if i not in self.by_value and _shapes(f, spec.pending, feeds)]
            if not new:
                break
            self.by_value += new
        if not spec.pending:
            spec.fetches[:] = [None if f.operator.family.assigns and i not in self.wanted else made
                               for i, (f, made) in enumerate(zip(self.fetches, spec.fetches, strict=True))]
        return spec

    def staged(self, spec: Specialised, arrays: list[Array]) -> Staged:
        """A run that first evaluates what `spec.pending` waits for."""
        return Staged(self, spec.pending, dict(zip(self.feeds, arrays, strict=True)))

    def _finish(self, spec: Specialised, resets: list[Node], observe: passes.Observe | None) -> Any:
        session = self.session
        folder, recorder = os.environ.get("GRAPHC_DUMP") if observe is None else None, None
        if folder:
            from ..inspection import dump, explain
            observe = recorder = explain.Recorder()
        effects = [e for e in spec.effects if e.operator.name != "initialize"]
        flat = [f for f in spec.fetches if f is not None] + [v for _, v in spec.assigns] + effects
        done = iter(passes.optimise(flat, observe))
        fetches = [None if f is None else next(done) for f in spec.fetches]
        assigns = [(variable, next(done)) for variable, _ in spec.assigns]
        effects = list(done)
        feeds = [spec.feeds.get(f) for f in self.feeds]
        session._stats["programs"] += 1
        if not session.jit:
            return Interpreted(session, fetches, feeds, assigns, effects, resets)
        before = native.stats()
        program = Program(fetches, feeds, assigns, effects, session.memory, session._runs, session.threads)
        after = native.stats()
        session._stats["kernels_compiled"] += after["compiled"] - before["compiled"]
        session._stats["kernels_loaded"] += after["loaded"] - before["loaded"]
        session._stats["compile_seconds"] += after["seconds"] - before["seconds"]
        if folder and recorder is not None:
            dump.write(folder, explain.explanation([f.name for f in self.fetches], self.needed(), recorder, program))
        return WithReset(program, session, resets) if resets else program


def _shapes(feed: Node, pending: Sequence[Node], feeds: Mapping[Node, Any]) -> bool:
    """Whether a fed tensor's value decides the shape of a pending node."""
    operands = [n.inputs[i] for n in pending for i in n.operator.values if i < len(n.inputs)]
    return feed in needed(operands, {f: None for f in feeds}) if operands else False


# ---------------------------------------------------------------------- other forms of a run

class Initialisation:
    """A run that only sets variables to their initial values."""

    draws = True

    def __init__(self, session: Session, variables: Sequence[Node], feeds: Sequence[Node], fetches: int):
        self.session, self.variables, self.feeds, self.fetches = session, variables, feeds, fetches

    def run(self, arrays: Sequence[Array]) -> list[Any]:
        feeds = dict(zip(self.feeds, arrays, strict=True))
        for v in self.variables:
            self.session.initialise(v, feeds)
        return [None] * self.fetches

    def run_traced(self, arrays: Sequence[Array], trace: Trace) -> list[Any]:
        with trace.copy("initialise"):
            return self.run(arrays)


class WithReset:
    """A program before which variables are set to their initial values."""

    draws = True

    def __init__(self, program: Any, session: Session, variables: Sequence[Node]):
        self.program, self.session, self.variables = program, session, variables

    def run(self, arrays: Sequence[Array]) -> list[Any]:
        for v in self.variables:
            self.session.initialise(v)
        return self.program.run(arrays)

    def run_traced(self, arrays: Sequence[Array], trace: Trace) -> list[Any]:
        with trace.copy("initialise"):
            for v in self.variables:
                self.session.initialise(v)
        return self.program.run_traced(arrays, trace)


class Interpreted:
    """The optimised graph by numpy references: `Session(jit=False)`."""

    draws = True

    def __init__(self, session: Session, fetches: Sequence[Node | None], feeds: Sequence[Node | None],
                 assigns: Sequence[tuple[Node, Node]], effects: Sequence[Node], resets: Sequence[Node]):
        self.session, self.fetches, self.feeds, self.assigns, self.effects = session, fetches, feeds, assigns, effects
        self.resets = resets

    def run(self, arrays: Sequence[Array]) -> list[Any]:
        return self.run_traced(arrays, None)

    def run_traced(self, arrays: Sequence[Array], trace: Trace | None) -> list[Any]:
        for v in self.resets:
            self.session.initialise(v)
        wanted = [f for f in self.fetches if f is not None]
        nodes = [*wanted, *(v for _, v in self.assigns), *self.effects]
        given = self.session.sources(nodes)
        given.update({f: a for f, a in zip(self.feeds, arrays, strict=True) if f is not None})
        values = interpret(nodes, given, run_reference if trace is None else partial(trace.node, run_reference))
        results = iter([np.array(v) if np.ndim(v) else np.asarray(v)[()] for v in values[:len(wanted)]])
        out = [None if f is None else next(results) for f in self.fetches]
        new = [np.array(v) for v in values[len(wanted):len(wanted) + len(self.assigns)]]
        for (variable, _), value in zip(self.assigns, new, strict=True):
            self.session._set(variable.attrs["variable"], value)
        return out


class Staged:
    """A run some of whose shapes depend on data: the nodes that decide them are evaluated first and fed to the rest."""

    draws = False

    def __init__(self, call: Call, pending: Sequence[Node], feeds: Mapping[Node, Array]):
        self.call, self.pending, self.feeds = call, pending, dict(feeds)

    def run(self, arrays: Sequence[Array]) -> list[Any]:
        call, session = self.call, self.call.session
        return session._stage(call.fetches, self.known(arrays))

    def run_traced(self, arrays: Sequence[Array], trace: Trace) -> list[Any]:
        return self.run(arrays)              # each stage is a call of its own, which finds the session traced

    def known(self, arrays: Sequence[Array]) -> dict[Node, Any]:
        """The feeds, and the values of what decides shapes."""
        call, session = self.call, self.call.session
        feeds = dict(zip(call.feeds, arrays, strict=True))
        operands = [x for p in self.pending for x in p.inputs]
        number = session._runs[0]          # all stages of a run draw the same random numbers
        first = session._stage(operands, feeds) if operands else []
        values = iter(first)
        for p in self.pending:
            inputs = [np.asarray(next(values)) for _ in p.inputs]
            result = run_reference(p, inputs) if session.trace is None else session.trace.node(run_reference, p, inputs)
            if isinstance(p.type, TensorType):
                feeds[p] = np.asarray(result)
                continue
            for user in p.graph.digraph.successors(p):
                if user.operator.name == "item" and result is not None:
                    feeds[user] = np.asarray(result[user.attrs["index"]])
        session._runs[0] = number
        return feeds
