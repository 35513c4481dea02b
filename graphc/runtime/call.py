"""One set of fetches and fed tensors: its programs, one for each set of feed shapes, and the ways into them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..compiler import passes
from ..compiler.plan import Plan
from ..compiler.specialise import Specialised, needed, ordered, specialise, stage
from ..cpu import native, telling
from ..cpu.bind import bind
from ..cpu.code import Code
from ..cpu.compile_pool import expect
from ..cpu.entry import Entry, Way
from ..cpu.memory import Arena
from ..cpu.program import Program
from ..cpu.tape import walker
from ..errors import FeedError
from ..ir.node import Node, here, in_order, loc_str
from ..ir.scope import Scope, integers_of, listable, sizes_of
from ..ir.types import Array, TensorType
from ..process.collecting import uncollected
from . import keeping
from .fetching import Form, all_of, exhausted, fed, is_listed, places_of, require_fed, restored
from .forms import Initialisation, Interpreted, Runnable, WithReset
from .stages import Last, Staged, deciding, ran
from .streams import streams_of
from .values import Values, initial_closure
from .variants import NOTHING, PREFERRING, Before, Bind, Open, Variant, Variants

Make = Callable[[Specialised, Sequence[Node]], Bind]        # of specialised work, fed the values of these nodes

_ndarray = np.ndarray           # looked up for every feed of every run


class Call:
    """One set of fetches and fed tensors. Called with the feeds' values it gives the fetched ones, in their `form`.

    `enter` is the quickest way in that there is: machine code (`Entry`) for programs that only copy small feeds in and small results out.
    `stats` counts what is compiled.

    What a call does depends on what it has seen. *Unseen* (`shapes` is None): no program is set, as at first, after `forget`, and always
    where data decides sizes. *Same shapes* (those of the last run): `run` is that program's own, with no other question asked; where fed
    values decide sizes it is `_of_other_values`, which asks for them. *Open*: the same, and `entry` runs it in machine code while feeds fit.
    Feeds of other shapes, and all feeds under a trace, go by `_of_other_shapes`: it finds the program of these shapes, binds a variant to
    them or compiles one, and sets the state that the program allows.
    """

    def __init__(self, values: Values, fetches: Sequence[Node], feeds: Sequence[Node], form: Form | int | None, jit: bool, threads: int,
                 stats: dict[str, Any]):
        self.values, self.jit, self.threads, self.stats = values, jit, threads, stats
        self.fetches, self.feeds, self.form = list(fetches), list(feeds), form
        self.listed = is_listed(form)
        self.flat = form == all_of(self.fetches)
        self.wanted = places_of(form)              # fetches whose value is asked for; of an operation only the effect is
        self.variants = Variants(self.first_stage)
        self.arena = Arena()                           # the memory of all programs: one of them runs at a time
        self.types = [(None if f.type.dtype.hasobject else f.type.dtype, f) for f in feeds]      # texts always pass `fed`
        self.shapes: list[Any] | None = None           # of the last run, and what ran it
        self.run: Callable[[list[Array]], list[Any]] = self._unseen
        self.entry = Entry(self.__call__)
        self.enter: Callable[..., Any] = self.__call__
        self.order: list[Node] = []                    # what the fetches need
        self.variables: frozenset[Node] = frozenset()  # the variables among it
        self.resets: list[Node] = []                   # those that it sets to their initial values
        self.streams: list[int] = []                   # of random numbers that it draws from
        self.running = False
        self.forgotten = 0                             # times that all programs were dropped
        self.last: Last | None = None
        self.inner: Call | None = None                 # what runs inside a run of this

    def __call__(self, *values: Any) -> Any:
        """The values of the fetches for any feeds; what `entry` turns to when it has no machine code for them."""
        if len(values) != len(self.types):
            raise FeedError(f"{len(self.feeds)} values are fed, {len(values)} given{here()}")
        arrays = []
        shapes = []
        made, fit = False, True
        for v, (dtype, node) in zip(values, self.types):  # noqa: B905  (every caller has counted them)
            if v.__class__ is not _ndarray or v.dtype is not dtype:
                v = fed(node, v)
                made, fit = True, fit and v.dtype is dtype
            arrays.append(v)
            shapes.append(v.shape)
        if made and fit and self.entry.opened:          # of numbers that are arrays now: machine code takes them, or comes here once more
            return self.entry.enter(*arrays)            # not `enter`, which in an exchange brings and hands over once more
        state, busy = self.values, self.values.busy
        with state.lock:
            if self.running:
                return self._inside()(*values)
            if state.depth:
                results = self._within(arrays)
                return results if self.flat else restored(self.form, results)
            if state.journal is not None:
                state.settle()
            try:
                self.running = True
                state.depth = 1
                busy[0] += 1
                results = self.run(arrays) if shapes == self.shapes and state.trace is None else self._of_other_shapes(arrays, shapes)
                if state.journal is not None or state.first:
                    state.succeed(self.streams)
            except BaseException as e:
                state.fail()
                if isinstance(e, MemoryError):
                    raise exhausted(self.fetches, e) from None
                raise
            finally:
                self.running = False
                state.depth = 0
                busy[0] -= 1
        return results if self.flat else restored(self.form, results)

    def function(self) -> Callable[..., Any]:
        """A function of what is fed that does what `enter` does, now and later."""
        return self.entry.function() if self.jit else self

    def brought(self, values: Sequence[Any]) -> Sequence[Any]:
        """All that the call takes when it is called, from what a user feeds: that."""
        return values

    def handed(self, results: Any) -> Any:
        """What a user is given, of what the call gives: that."""
        return results

    def _inside(self) -> Call:
        """The same call with memory of its own: for a finaliser, a signal handler or a py_func that runs it in the midst of a run of it."""
        if self.inner is None:
            self.inner = Call(self.values, self.fetches, self.feeds, self.form, self.jit, self.threads, self.stats)
        return self.inner

    def _within(self, arrays: list[Array]) -> list[Any]:
        """Run inside a run of another call of the same thread: a transaction of its own."""
        self.needed()
        shapes = [a.shape for a in arrays]      # not below: what a trace raises in a list's loop passes by `finally` in Python 3.13.0
        try:
            self.running = True
            with self.values.transaction(self.streams):
                return self._of_other_shapes(arrays, shapes)
        except MemoryError as e:
            raise exhausted(self.fetches, e) from None
        finally:
            self.running = False

    def _unseen(self, arrays: list[Array]) -> list[Any]:
        raise AssertionError("no program has run yet")

    def forget(self) -> None:
        """Drop all programs: the variables they point to have moved, or the session is closed."""
        self.variants.clear()
        self.forgotten += 1
        self.shapes = None
        self.entry.close()
        self.arena = Arena()                           # not cleared: the run that makes this call forget may lie in it
        if self.inner is not None:
            self.inner.forget()

    def _of_other_shapes(self, arrays: list[Array], shapes: list[Any]) -> list[Any]:
        """Run with feeds of other shapes than last time."""
        # What runs now may move the arena, from under the program that ran last too.
        self.shapes = None
        self.entry.close()
        variants = self.variants
        if variants.find(arrays) is None:
            self.values.check_open()
            for node, array in zip(self.feeds, arrays, strict=True):
                fed(node, array)
        program = self.runnable(variants, arrays)
        run, forgotten = program.run, self.forgotten
        trace = self.values.trace
        results = run(arrays) if trace is None else run(arrays, trace)
        staged = program.program if isinstance(program, WithReset) else program
        ended = staged.ended if isinstance(staged, Staged) else None
        self.last = ran(variants, arrays, shapes, None) if ended is None else ran(*ended, [a.shape for a in ended.arrays], ended.variants.before)
        # A run that gave a variable another shape has forgotten its own program.
        if trace is None and ended is None and self.forgotten == forgotten:
            if variants.by_value:
                if isinstance(program, Program):
                    self.shapes, self.run = shapes, self._of_other_values
                return results
            self.shapes, self.run = shapes, run
            if isinstance(program, Program) and program.plain and self.listed is not None:
                if program.way is None:
                    self.run = partial(self._again, program, run)
                else:
                    self._open(program.way)
        return results

    def _again(self, program: Program, run: Callable[[list[Array]], list[Any]], arrays: list[Array]) -> list[Any]:
        """The second run in a row of a program: it gets a way in without Python frames, if there is one."""
        self.run = run
        results = run(arrays)
        if self.run is run and self.shapes is not None:
            program.way = self._way(program, self.shapes)
            if program.way is not None:
                self._open(program.way)
        return results

    def _open(self, way: Way) -> None:
        self.entry.open(way)
        self.enter = self.entry.enter

    def _of_other_values(self, arrays: list[Array]) -> list[Any]:
        """Run with feeds of the same shapes as last time where values decide sizes: most often only where other values begin."""
        program = self.variants.moved(arrays)
        if program is None:
            return self._of_other_shapes(arrays, [a.shape for a in arrays])
        if self.last is not None:
            self.last.values.update([(i, arrays[i].copy()) for i in self.variants.by_value])
        return program.run(arrays)

    def _way(self, program: Program, shapes: list[Any]) -> Way | None:
        """What lets a program that only copies small feeds in and small results out be entered without Python frames."""
        memories = dict(program.copied)
        feeds = [(dtype, shape, memories.get(i)) for i, ((dtype, _), shape) in enumerate(zip(self.types, shapes, strict=True))]
        places = self.form.parts if isinstance(self.form, Form) else [self.form]
        views = program.arrays()
        results = [None if place is None else views[place] for place in places]
        return self.entry.prepare(self.values.busy, program.pointer.value, walker(), program.fail, feeds, results, bool(self.listed))

    def needed(self) -> list[Node]:
        """What the fetches need, in order."""
        if not self.order:
            self.order = needed(self.fetches, dict.fromkeys(self.feeds))
            self.variables = frozenset(n for n in self.order if n.operator.name == "variable")
            # In the order in which they were made: the initial value of one may be that of another.
            self.resets = in_order(n.attrs["variable"] for n in self.order if n.operator.name == "initialize")
            self.streams = streams_of([*self.order, *initial_closure(self.resets)])
        return self.order

    def arrays(self, values: Sequence[Any]) -> list[Array]:
        """Values to feed as arrays of the right dtypes and shapes; FeedError if one does not fit."""
        return [fed(n, v) for n, v in zip(self.feeds, values, strict=True)]

    def compile(self, arrays: Sequence[Array], make: Make | None = None) -> Runnable:
        """What runs for feeds of these shapes, made anew; `make` is what makes programs of specialised work, if another than a session's own."""
        return self.runnable(Variants(partial(self.stage, make or self.finish)), arrays)

    def runnable(self, variants: Variants, arrays: Sequence[Array]) -> Runnable:
        """What runs for feeds of these shapes: a variant's program, and what goes before it."""
        self.needed()
        resets = self.resets
        if not resets:
            first = variants.at(arrays)
            return first.program if first.variant.work is None else Staged(first, self.values.flush, self.values.run_body)
        read = [v for v in resets if v in self.variables]
        reset = Initialisation(self.values, resets, self.feeds, len(self.fetches), self.streams, [v for v in read if not self.values.has(v)])
        if len(resets) == sum(not n.operator.family.orders for n in self.order):
            return reset
        first = variants.at(arrays)
        program = first.program if first.variant.work is None else Staged(first, self.values.flush, self.values.run_body)
        return WithReset(reset, program, read, partial(self.runnable, variants))

    @uncollected
    def first_stage(self, arrays: Sequence[Array], before: Before, by_value: list[int]) -> Variant:
        """The first stage of a run, often the only one: a plan that is kept, or one that is compiled and, if there is no other, kept."""
        self._check_fed()
        where = keeping.kept(self, self.needed(), self._held(arrays), self._free()) if self.jit else None
        if where is None:
            return self.stage(self.finish, arrays, before, by_value)
        start, loaded = time.perf_counter(), native.stats()
        found = keeping.find(self, where, arrays, by_value)
        if isinstance(found, Variant):
            self._count(loaded)
            self.stats["programs"] += 1
            self.stats["plans_loaded"] += 1
            if telling.told():
                telling.tell(f"read the kept plan of {self._name()}: {len(self.needed())} nodes, in {time.perf_counter() - start:.3f} s")
            return found
        expect()            # a worker imports Numba while the graph is ordered and specialised
        variant = self.stage(self.finish, arrays, before, by_value)
        if variant.work is not None:
            return variant
        return variant._replace(bind=keeping.keeping(variant.bind, self, where, found, arrays, by_value))

    @uncollected
    def stage(self, make: Make, arrays: Sequence[Array], before: Before, by_value: list[int]) -> Variant:
        """One stage of a run, compiled; the only one, unless nodes are pending."""
        if self.jit:
            walker()            # first: if it is not kept, a worker imports Numba while the graph is ordered and specialised
        spec, where = self._specialised(arrays, before, by_value, len(self.variants.variants) < PREFERRING)
        inputs, scope = [*self.feeds, *before.inputs], spec.scope
        work = stage(self.fetches, self.needed(), spec, {*self.feeds, *before.done}) if spec.pending else None
        bind = make(spec if work is None else work.work, inputs)        # which decides on sizes too
        if work is None:
            return Variant(where, where.structure(arrays), scope.holds(), bind, [], None, None)
        decided = [n for results in work.results for n in results]
        after = Before(list(dict.fromkeys([*before.inputs, *work.kept, *decided])), {**before.constants, **work.constants}, before.done | work.done)
        following = Variants(partial(self.stage, make), after, by_value)
        return Variant(where, where.structure(arrays), scope.holds(), bind, spec.pending, work, following)

    def _specialised(self, arrays: Sequence[Array], before: Before, by_value: list[int], preferring: bool) -> tuple[Specialised, Open]:
        """What the fetches need with the sizes of these arrays; `pending` holds what other nodes decide that only a run can tell.

        Dimensions that are open where they are declared are free, and so are small integers among what decides types by its values.
        """
        self._check_fed()
        inputs, free, variables = [*self.feeds, *before.inputs], self._free(), self._held(arrays)
        order = ordered(self.needed(), set(self.feeds))
        while True:
            scope = Scope()
            scope.preferring = preferring
            values = {i: integers_of(scope, inputs[i].label, arrays[i]) if free else arrays[i] for i in by_value}
            types: dict[Node, TensorType] = {}
            for i, (f, a) in enumerate(zip(inputs, arrays, strict=True)):
                if i not in values:
                    types[f] = TensorType(f.type.dtype, sizes_of(scope, f.label, f.type.shape, a.shape) if free else a.shape)
            spec = specialise(self.fetches, order, types, {**before.constants, **{inputs[i]: v for i, v in values.items()}}, variables, before.done)
            decisive = deciding(spec.pending, {*self.feeds, *before.done})
            new = [i for i, f in enumerate(inputs) if i not in by_value and f in decisive and (i < len(self.feeds) or listable(arrays[i]))]
            if not new:
                break
            by_value += new
        if not spec.pending:
            spec.fetches[:] = [None if f.operator.family.assigns and i not in self.wanted else made
                               for i, (f, made) in enumerate(zip(self.fetches, spec.fetches, strict=True))]
        return spec._replace(scope=scope), Open.of(inputs, arrays, by_value, free)

    def _free(self) -> bool:
        """Whether dimensions that are open where they are declared are free."""
        return self.jit and os.environ.get("GRAPHC_SIZES") != "fixed"

    def _check_fed(self) -> None:
        require_fed(self.needed(), set(self.feeds))

    def _held(self, arrays: Sequence[Array]) -> dict[Node, TensorType]:
        """The types of the variables' present values; those that have none are set to their initial ones."""
        feeds = dict(zip(self.feeds, arrays, strict=False))
        memory = {n: self.values.memory(n, feeds) for n in self.needed() if n.operator.name == "variable"}
        return {v: TensorType(a.dtype, a.shape) for v, a in memory.items()}

    def remade(self, arrays: Sequence[Array], by_value: Sequence[int], preferring: bool) -> Code:
        """The code of a plan that was kept, made anew with its plan."""
        spec, _ = self._specialised(arrays, NOTHING, [*by_value], preferring)
        return self._code(spec, self.feeds)

    def finish(self, spec: Specialised, feeds: Sequence[Node], observe: passes.Observe | None = None) -> Bind:
        """What makes programs of specialised work that is fed values of `feeds`; `observe` sees the graph before and after each pass."""
        start = time.perf_counter()
        folder, recorder = os.environ.get("GRAPHC_DUMP") if observe is None else None, None
        if folder:
            from ..inspection import dump, explain
            observe = recorder = explain.Recorder()
        optimised = self._optimised(spec, feeds, observe)
        self.stats["programs"] += 1
        if not self.jit:
            fetches, places, assigns, effects, streams = optimised
            interpreted = Interpreted(self.values, fetches, places, assigns, effects, streams=streams)
            return lambda numbers: interpreted
        before = native.stats()
        code = Code(Plan(*optimised), self.threads, spec.scope, self.values.flush)
        after = self._count(before)
        if telling.told():
            telling.tell(self._told(code, before, after, time.perf_counter() - start))
        if folder and recorder is not None:
            program = bind(code, spec.scope.at_hand(), self.values, self.arena)
            dump.write(folder, explain.explanation([f.name for f in self.fetches], self.needed(), recorder, program))
        return partial(bind, code, state=self.values, arena=self.arena)

    def _optimised(self, spec: Specialised, feeds: Sequence[Node], observe: passes.Observe | None = None) -> Any:
        """Specialised work after all passes: fetches, where values of `feeds` go, assignments, effects, and what streams it moves."""
        flat = [f for f in spec.fetches if f is not None] + [v for _, v in spec.assigns] + spec.effects
        done = iter(passes.optimise(flat, observe))
        fetches = [None if f is None else next(done) for f in spec.fetches]
        assigns = [(variable, next(done)) for variable, _ in spec.assigns]
        effects = list(done)
        streams = [] if spec.pending else self.streams          # of a run in stages the last one ends it
        return fetches, [spec.feeds.get(f) for f in feeds], assigns, effects, streams

    def _code(self, spec: Specialised, feeds: Sequence[Node]) -> Code:
        return Code(Plan(*self._optimised(spec, feeds)), self.threads, spec.scope, self.values.flush)

    def _count(self, before: dict[str, float]) -> dict[str, float]:
        """Count what was compiled or loaded since then; the counts of the process now."""
        after = native.stats()
        self.stats["kernels_compiled"] += after["compiled"] - before["compiled"]
        self.stats["kernels_loaded"] += after["loaded"] - before["loaded"]
        self.stats["compile_seconds"] += after["seconds"] - before["seconds"]
        return after

    def _name(self) -> str:
        return ", ".join(dict.fromkeys(f"{f.label} ({loc_str(f.loc)})" for f in self.fetches))[:200]

    def _told(self, code: Code, before: dict[str, float], after: dict[str, float], seconds: float) -> str:
        """What was compiled, in a line for people."""
        made, kept = (int(after[k] - before[k]) for k in ("compiled", "loaded"))
        return (f"compiled {self._name()}: {len(self.needed())} nodes to {len(code.steps)} steps in {seconds:.3f} s; "
                f"{made} kernels compiled, {kept} kept ones loaded, in {after['seconds'] - before['seconds']:.3f} s")
