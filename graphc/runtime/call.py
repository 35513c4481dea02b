"""One set of fetches and fed tensors: its programs, one for each set of feed shapes, and the ways into them."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence, Set
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from ..compiler import passes
from ..compiler.plan import Plan
from ..compiler.specialise import Specialised, needed, specialise, stage
from ..cpu import native, telling
from ..cpu.bind import bind
from ..cpu.entry import Entry
from ..cpu.program import Program
from ..cpu.tape import walker
from ..cpu.tracing import Trace
from ..errors import FeedError
from ..ir.node import Node, here, in_order, loc_str, reached
from ..ir.sizes import Scope, integers_of, sizes_of
from ..ir.types import Array, TensorType
from ..process.collecting import uncollected
from .fetching import Form, all_of, exhausted, fed, is_listed, places_of, require_fed, restored
from .forms import Initialisation, Interpreted, Runnable, WithReset
from .stages import NOTHING, Before, Stage, Staged
from .values import Values

Make = Callable[[Specialised, Sequence[Node]], Runnable]        # of specialised work, fed the values of these nodes

_turns = count()
KEPT, KEPT_BYTES = 256, 256 << 20        # programs that a call keeps, for other feed shapes, and the bytes they work in
_ndarray = np.ndarray           # looked up for every feed of every run


class Last(NamedTuple):
    """The run before: the shapes of its feeds, the values of those that its program depends on, and its last stage if it had several.

    `turn` is greater than those of calls that ran, or changed to other shapes, earlier.
    """

    turn: int
    shapes: list[Any]
    values: dict[int, Array]
    stage: Stage | None


class Call:
    """One set of fetches and fed tensors. Called with the feeds' values it gives the fetched ones, in their `form`.

    `enter` is the quickest way in that there is: machine code (`Entry`) for programs that only copy small feeds in and small results out.
    `stats` counts what is compiled.

    What a call does depends on what it has seen. *Unseen* (`shapes` is None): no program is set, as at first, after `forget`, and always
    where values decide shapes. *Same shapes* (those of the last run): `run` is that program's own, with no other question asked. *Open*: the
    same, and `entry` runs it in machine code while feeds fit. Feeds of other shapes, and all feeds under a trace, go by `_of_other_shapes`:
    it finds the program of these shapes or makes it, and sets the state that the program allows.
    """

    def __init__(self, values: Values, fetches: Sequence[Node], feeds: Sequence[Node], form: Form | int | None, jit: bool, threads: int,
                 stats: dict[str, Any]):
        self.values, self.jit, self.threads, self.stats = values, jit, threads, stats
        self.fetches, self.feeds, self.form = list(fetches), list(feeds), form
        self.listed = is_listed(form)
        self.flat = form == all_of(self.fetches)
        self.wanted = places_of(form)              # fetches whose value is asked for; of an operation only the effect is
        self.programs: OrderedDict[Any, Runnable] = OrderedDict()       # the one that ran last at the end
        self.types = [(None if f.type.dtype.hasobject else f.type.dtype, f) for f in feeds]      # texts always pass `fed`
        self.shapes: list[Any] | None = None           # of the last run, and what ran it
        self.run: Callable[[list[Array]], list[Any]] = self._unseen
        self.entry = Entry(self.__call__)
        self.enter: Callable[..., Any] = self.__call__
        self.by_value: list[int] = []
        self.order: list[Node] = []                    # what the fetches need
        self.variables: frozenset[Node] = frozenset()  # the variables among it
        self.running = False
        self.last: Last | None = None
        self.inner: Call | None = None                 # what runs inside a run of this

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
        busy = self.values.busy
        with self.values.lock:
            if self.running:
                return self._inside()(*values)
            self.running = True
            busy[0] += 1
            try:
                results = self.run(arrays) if shapes == self.shapes and self.values.trace is None else self._of_other_shapes(arrays, shapes)
            except MemoryError as e:
                raise exhausted(self.fetches, e) from None
            finally:
                busy[0] -= 1
                self.running = False
        return results if self.flat else restored(self.form, results)

    def _inside(self) -> Call:
        """The same call with memory of its own: for a finaliser, a signal handler or a py_func that runs it in the midst of a run of it."""
        if self.inner is None:
            self.inner = Call(self.values, self.fetches, self.feeds, self.form, self.jit, self.threads, self.stats)
        return self.inner

    def _unseen(self, arrays: list[Array]) -> list[Any]:
        raise AssertionError("no program has run yet")

    def forget(self) -> None:
        """Drop all programs: the variables they point to have moved, or the session is closed."""
        self.programs.clear()
        self.shapes = None
        if self.last is not None:
            self.last = self.last._replace(stage=None)
        self.entry.close()
        if self.inner is not None:
            self.inner.forget()

    def _of_other_shapes(self, arrays: list[Array], shapes: list[Any]) -> list[Any]:
        """Run with feeds of other shapes than last time."""
        self.values.check_open()
        for node, array in zip(self.feeds, arrays, strict=True):
            fed(node, array)
        program = self.programs.get(self._key(arrays, shapes))
        if program is None:
            program = self.compile(arrays)
            self._keep(self._key(arrays, shapes), program)
        elif program is not self.programs[next(reversed(self.programs))]:
            self.programs.move_to_end(self._key(arrays, shapes))
        run = self.drawing(program)
        trace = self.values.trace
        results = run(arrays) if trace is None else run(arrays, trace)
        stage = _last_stage(program)
        by_value = self.by_value if stage is None else stage.by_value
        self.last = Last(next(_turns), shapes, {i: arrays[i].copy() for i in by_value}, stage)
        # A run that gave a variable another shape has forgotten its own program.
        if trace is None and stage is None and not self.by_value and self.programs.get((*shapes,)) is program:
            self.shapes, self.run = shapes, run
            self.entry.close()
            if isinstance(program, Program) and program.plain and self.listed is not None:
                self._open(program)
        return results

    def _keep(self, key: Any, program: Runnable) -> None:
        """Keep a program for feeds of these shapes, and let go of those that ran longest ago if there are too many."""
        self.programs[key] = program
        size = sum(p.nbytes for p in self.programs.values())
        while len(self.programs) > KEPT or (size > KEPT_BYTES and len(self.programs) > 1):
            size -= self.programs.popitem(last=False)[1].nbytes

    def _open(self, program: Program) -> None:
        """Let a program that only copies small feeds in and small results out be entered without Python frames."""
        memories = dict(program.copied)
        feeds = [(dtype, shape, memories.get(i)) for i, ((dtype, _), shape) in enumerate(zip(self.types, self.shapes or (), strict=True))]
        places = self.form.parts if isinstance(self.form, Form) else [self.form]
        views = program.arrays()
        results = [None if place is None else views[place] for place in places]
        self.entry.open(self.values.busy, program.pointer.value, walker(), program.fail, feeds, results, program.finals, bool(self.listed))
        self.enter = self.entry.enter

    def _key(self, arrays: list[Array], shapes: list[Any]) -> Any:
        return (*shapes, *(arrays[i].tobytes() for i in self.by_value))

    def drawing(self, program: Runnable) -> Callable[..., list[Any]]:
        """The run of a program; of one that draws random numbers, each time others."""
        if not program.draws:
            return program.run

        def run(arrays: list[Array], trace: Trace | None = None) -> list[Any]:
            values, present = self.values, self.values.run_number[0]
            values.drawn += 1
            values.run_number[0] = values.drawn
            try:
                return program.run(arrays, trace)
            finally:
                if values.busy[0] > 1:          # the run that this one is inside of goes on with its own numbers
                    values.run_number[0] = present
        return run

    def needed(self) -> list[Node]:
        """What the fetches need, in order."""
        if not self.order:
            self.order = needed(self.fetches, dict.fromkeys(self.feeds))
            self.variables = frozenset(n for n in self.order if n.operator.name == "variable")
        return self.order

    def arrays(self, values: Sequence[Any]) -> list[Array]:
        """Values to feed as arrays of the right dtypes and shapes; FeedError if one does not fit."""
        return [fed(n, v) for n, v in zip(self.feeds, values, strict=True)]

    @uncollected
    def compile(self, arrays: Sequence[Array], make: Make | None = None) -> Runnable:
        """What runs for feeds of these shapes; `make` is what makes a program of specialised work, if another than a session's own."""
        if self.jit:
            walker()            # first: if it is not kept, a worker imports Numba while the graph is ordered and specialised
        make = make or self.finish
        # In the order in which they were made: the initial value of one may be that of another.
        resets = in_order(n.attrs["variable"] for n in self.needed() if n.operator.name == "initialize")
        read = [v for v in resets if v in self.variables]
        reset = Initialisation(self.values, resets, self.feeds, len(self.fetches), [v for v in read if not self.values.has(v)])
        if resets and len(resets) == sum(not n.operator.family.orders for n in self.needed()):
            return reset
        first = self.stage(make, arrays, NOTHING, self.by_value)
        program = first.program
        if first.work is not None:
            program = Staged(first, partial(self.stage, make), any(n.operator.family.draws for n in self.needed()))
        return WithReset(reset, program, read, partial(self.compile, make=make)) if resets else program

    @uncollected
    def stage(self, make: Make, arrays: Sequence[Array], before: Before, by_value: list[int]) -> Stage:
        """One stage of a run; the only one, unless nodes are pending."""
        spec = self._specialised(arrays, before, by_value)
        settled = {*self.feeds, *before.done}
        work = stage(self.fetches, self.needed(), spec, settled) if spec.pending else None
        program = make(spec if work is None else work.work, [*self.feeds, *before.types])
        return Stage(program, before, spec.pending, work, by_value, OrderedDict())

    def _specialised(self, arrays: Sequence[Array], before: Before, by_value: list[int]) -> Specialised:
        """What the fetches need with concrete types; `pending` holds what other nodes decide that only a run can tell."""
        feeds = dict(zip(self.feeds, arrays, strict=True))
        order = self.needed()
        require_fed(order, feeds)
        memory = {n: self.values.memory(n, feeds) for n in order if n.operator.name == "variable"}
        variables = {v: TensorType(a.dtype, a.shape) for v, a in memory.items()}
        free = self.jit and os.environ.get("GRAPHC_SIZES") == "free"
        while True:
            scope = Scope()
            chosen = {self.feeds[i]: arrays[i] for i in by_value}
            values = {**before.constants, **{f: integers_of(scope, f.label, a) if free else a for f, a in chosen.items()}}
            types = {**before.types, **{f: TensorType(f.type.dtype, a.shape) for f, a in feeds.items() if f not in values}}
            if free:
                types = {f: TensorType(t.dtype, sizes_of(scope, f.label, f.type.shape, t.shape or ())) for f, t in types.items()}
            spec = specialise(self.fetches, order, types, values, variables, before.done)._replace(scope=scope)
            deciding = _deciding(spec.pending, {*feeds, *before.done})
            new = [i for i, f in enumerate(self.feeds) if i not in by_value and f in deciding]
            if not new:
                break
            by_value += new
        if not spec.pending:
            spec.fetches[:] = [None if f.operator.family.assigns and i not in self.wanted else made
                               for i, (f, made) in enumerate(zip(self.fetches, spec.fetches, strict=True))]
        return spec

    def finish(self, spec: Specialised, feeds: Sequence[Node], observe: passes.Observe | None = None) -> Runnable:
        """A program for specialised work that is fed values of `feeds`; `observe` sees the graph before and after each pass."""
        start = time.perf_counter()
        folder, recorder = os.environ.get("GRAPHC_DUMP") if observe is None else None, None
        if folder:
            from ..inspection import dump, explain
            observe = recorder = explain.Recorder()
        flat = [f for f in spec.fetches if f is not None] + [v for _, v in spec.assigns] + spec.effects
        done = iter(passes.optimise(flat, observe))
        fetches = [None if f is None else next(done) for f in spec.fetches]
        assigns = [(variable, next(done)) for variable, _ in spec.assigns]
        effects = list(done)
        places = [spec.feeds.get(f) for f in feeds]
        self.stats["programs"] += 1
        if not self.jit:
            return Interpreted(self.values, fetches, places, assigns, effects)
        before = native.stats()
        program = bind(Plan(fetches, places, assigns, effects), self.values, self.threads)
        after = native.stats()
        self.stats["kernels_compiled"] += after["compiled"] - before["compiled"]
        self.stats["kernels_loaded"] += after["loaded"] - before["loaded"]
        self.stats["compile_seconds"] += after["seconds"] - before["seconds"]
        if telling.told():
            telling.tell(self._told(program, before, after, time.perf_counter() - start))
        if folder and recorder is not None:
            dump.write(folder, explain.explanation([f.name for f in self.fetches], self.needed(), recorder, program))
        return program

    def _told(self, program: Program, before: dict[str, float], after: dict[str, float], seconds: float) -> str:
        """What was compiled, in a line for people."""
        what = ", ".join(dict.fromkeys(f"{f.label} ({loc_str(f.loc)})" for f in self.fetches))
        made, kept = (int(after[k] - before[k]) for k in ("compiled", "loaded"))
        return (f"compiled {what[:200]}: {len(self.needed())} nodes to {len(program.steps)} steps in {seconds:.3f} s; "
                f"{made} kernels compiled, {kept} kept ones loaded, in {after['seconds'] - before['seconds']:.3f} s")


def _last_stage(program: Runnable) -> Stage | None:
    """The last stage of the run that a program has just made, None if it has no stages."""
    program = program.program if isinstance(program, WithReset) else program
    return program.recent() if isinstance(program, Staged) else None


def _deciding(pending: Sequence[Node], settled: Set[Node]) -> set[Node]:
    """The nodes whose values decide the shape of a pending one by the value of an operand."""
    operands = [n.inputs[i] for n in pending for i in n.operator.by_value if i < len(n.inputs)]
    return reached(operands, lambda n: () if n in settled else (*n.inputs, *n.control_inputs))
