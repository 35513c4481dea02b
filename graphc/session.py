"""Sessions: they keep the variables' values, compile what is fetched once for each kind of feed, and run it."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import passes, runtime
from .entry import Entry
from .errors import FailedPreconditionError, FeedError, FetchError, GraphcError, GraphGrowthWarning, InvalidArgumentError, SessionClosedError
from .graph import Graph, Node, Operation, caller, describe, get_default_graph, loc_str, session_stack, topological
from .ops.state import Variable
from .program import Program, aligned, interpret, run_reference
from .specialise import Specialised, needed, specialise
from .tracing import RunMetadata, RunOptions, Trace
from .types import TensorType, compatible, shape_str

Array = np.ndarray[Any, Any]
_GROWING = 16           # compilations in a row, each of a larger graph, after which a session says so


class ConfigProto:
    """Options of a session. `intra_op_parallelism_threads`: threads of one kernel (0: all cores); the rest is accepted and ignored."""

    def __init__(self, intra_op_parallelism_threads: int = 0, **other: Any):
        self.intra_op_parallelism_threads = intra_op_parallelism_threads
        self.gpu_options = SimpleNamespace(allow_growth=False, per_process_gpu_memory_fraction=1.0)
        self.graph_options = SimpleNamespace()
        for name, value in other.items():
            setattr(self, name, value)


class GPUOptions(SimpleNamespace):
    """Accepted and ignored: graphc computes on the CPU."""


def default_threads() -> int:
    """GRAPHC_NUM_THREADS, or the cores this process may use."""
    text = os.environ.get("GRAPHC_NUM_THREADS", "")
    if text:
        if not text.isdigit() or int(text) < 1:
            raise InvalidArgumentError(f"GRAPHC_NUM_THREADS={text!r} is not a positive number")
        return int(text)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Session:
    """Runs parts of a graph. Variables live here; the same fetches with the same kinds of feeds are compiled once.

    `jit=False` evaluates the same plan with the operators' numpy references instead of machine code.
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: ConfigProto | None = None, jit: bool = True):
        self.graph = graph if graph is not None else get_default_graph()
        self.jit = jit
        wanted = config.intra_op_parallelism_threads if config is not None else 0
        self.threads = wanted or default_threads()
        self._values: dict[Node, Array] = {}
        self._calls: dict[Any, _Call] = {}
        self._lock = threading.RLock()
        self._closed = False
        self._runs = np.zeros(1, np.uint64)
        self._busy = np.zeros(1, np.int64)
        self.trace: Trace | None = None                # who times the run that is on
        self._stats = {"kernels_compiled": 0, "kernels_loaded": 0, "compile_seconds": 0.0, "programs": 0}
        self._grown = (0, 0)
        self._entered: list[Any] = []

    # ------------------------------------------------------------------ running

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None, options: RunOptions | None = None,
            run_metadata: RunMetadata | None = None, check_numerics: bool = False) -> Any:
        """The values of `fetches`: a tensor, operation (gives None), name, or nested lists, tuples, dicts of them.

        `feed_dict` gives values to placeholders or any other tensors; they are cast to the tensor's dtype.
        `options=RunOptions(trace_level=RunOptions.FULL_TRACE)` leaves the time of every step in `run_metadata`.
        `check_numerics`: find the first operation that makes a nan or an infinity; NumericsError names it. Slow.
        Errors: FetchError, FeedError, InvalidArgumentError (a step failed, a feed is missing), SessionClosedError.
        """
        if options is not None or check_numerics:
            return self._observed(fetches, feed_dict or {}, options, run_metadata, check_numerics)
        try:
            if feed_dict:
                call = self._calls[(tuple(fetches) if fetches.__class__ is list else fetches, *feed_dict)]
                return call.enter(*feed_dict.values())
            return self._calls[(tuple(fetches) if fetches.__class__ is list else fetches,)].enter()
        except (KeyError, TypeError) as e:
            if not isinstance(e, GraphcError) and e.__traceback__ is not None and e.__traceback__.tb_next is None:
                pass                       # not seen before, or not hashable: the long way
            else:
                raise
        feed_dict = feed_dict or {}
        call, values = self._prepare(fetches, feed_dict)
        return call(*values)

    def _observed(self, fetches: Any, feed_dict: Mapping[Any, Any], options: RunOptions | None, metadata: RunMetadata | None,
                  check: bool) -> Any:
        """A run that is looked at."""
        call, values = self._prepare(fetches, feed_dict)
        with self._lock:
            if check:
                from .numerics import check_numerics
                check_numerics(self, call, values)
            if metadata is None or options is None or not options.trace_level:
                return call(*values)
            self.trace = Trace()
            self._busy[0] += 1
            try:
                return call(*values)
            finally:
                self._busy[0] -= 1
                metadata.events, self.trace = self.trace.events(), None

    def make_callable(self, fetches: Any, feed_list: Sequence[Any] | None = None, accept_options: bool = False) -> Callable[..., Any]:
        """A function of the values of `feed_list`, in order, that does what `run` does, with less to look up."""
        places = list(feed_list or ())
        call, _ = self._prepare(fetches, dict.fromkeys(places), check=False)
        return call.entry.function() if self.jit else call

    def partial_run(self, *args: Any, **kwargs: Any) -> Any:
        raise FailedPreconditionError("partial_run is not offered: fetch everything in one run")

    def _prepare(self, fetches: Any, feed_dict: Mapping[Any, Any], check: bool = True) -> tuple[_Call, list[Any]]:
        self._check_open()
        leaves: list[Node] = []
        structure = self._flatten(fetches, leaves)
        places: list[Node] = []
        values: list[Any] = []
        for key, value in feed_dict.items():
            self._feed(key, value, places, values)
        key = (fetches.__class__, tuple(leaves), tuple(places), _shape_of(structure))
        call = self._calls.get(key)
        if call is None:
            self._note_growth()
            call = self._calls[key] = _Call(self, leaves, places, structure)
        try:
            quick = (tuple(fetches) if fetches.__class__ is list else fetches, *feed_dict)
            if len(places) == len(feed_dict) and not isinstance(fetches, tuple):
                self._calls[quick] = call
        except TypeError:
            pass
        return call, values

    def _flatten(self, fetches: Any, leaves: list[Node]) -> Any:
        """Collect the nodes of a fetch structure; returns its form with positions in their place."""
        if isinstance(fetches, (list, tuple)):
            parts = [self._flatten(f, leaves) for f in fetches]
            if hasattr(fetches, "_fields"):
                return type(fetches)(*parts)
            return parts if isinstance(fetches, list) else tuple(parts)
        if isinstance(fetches, Mapping):
            return {k: self._flatten(v, leaves) for k, v in fetches.items()}
        try:
            node = self.graph.as_node(fetches)
        except GraphcError as e:
            raise FetchError(f"cannot fetch {fetches!r:.120}: {e}\n  at {loc_str(caller())}") from None
        leaves.append(node)
        named = isinstance(fetches, str) and ":" not in fetches
        return None if isinstance(fetches, Operation) or named else len(leaves) - 1

    def _feed(self, key: Any, value: Any, places: list[Node], values: list[Any]) -> None:
        if isinstance(key, tuple):
            if not isinstance(value, (tuple, list)) or len(value) != len(key):
                raise FeedError(f"a feed for {len(key)} tensors needs as many values\n  at {loc_str(caller())}")
            for k, v in zip(key, value, strict=True):
                self._feed(k, v, places, values)
            return
        try:
            node = self.graph.as_node(key)
        except GraphcError as e:
            raise FeedError(f"cannot feed {key!r:.120}: {e}\n  at {loc_str(caller())}") from None
        if not isinstance(node.type, TensorType):
            raise FeedError(f"cannot feed {describe(node)}: it is not a tensor\n  at {loc_str(caller())}")
        places.append(node)
        values.append(value)

    def _stage(self, fetches: Sequence[Node], feeds: Mapping[Node, Array]) -> list[Any]:
        """One stage of a run whose shapes depend on data."""
        return self._stage_call(fetches, feeds)(*feeds.values())

    def _stage_call(self, fetches: Sequence[Node], feeds: Mapping[Node, Array]) -> _Call:
        key = ("stage", tuple(fetches), tuple(feeds))
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = _Call(self, fetches, list(feeds), list(range(len(fetches))))
        return call

    def _note_growth(self) -> None:
        size, streak = self._grown
        now = len(self.graph.nodes)
        streak = streak + 1 if now > size and size else 0
        self._grown = (now, streak)
        if streak == _GROWING:
            warnings.warn(f"the graph grows between runs, so each run compiles anew; the newest node is made at "
                          f"{loc_str(self.graph.nodes[-1].loc)}", GraphGrowthWarning, stacklevel=4)

    def explain(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Any:
        """What the compiler makes of `run(fetches, feed_dict)`, without running it: an `Explanation` to print, or to look into.

        Passes and what each changed, fused kernels with source and machine code, why neighbours were not fused, memory and its reuse.
        Only the shapes of what is fed matter; placeholders with a fixed shape need no value.
        Errors: FetchError, FeedError (among others a placeholder of open shape that is not fed), and what compiling raises.
        """
        from .explain import explain
        self._check_open()
        return explain(self, fetches, feed_dict)

    # ------------------------------------------------------------------ variables

    def memory(self, variable: Node) -> Array:
        """The array that holds a variable's value, set to the initial value on first use."""
        value = self._values.get(variable)
        if value is None:
            self.initialise(variable)
            value = self._values[variable]
        return value

    def initialise(self, variable: Node, feeds: Mapping[Node, Array] | None = None) -> None:
        """Set a variable to its initial value, computed with the numpy references: what runs once is not compiled."""
        assert isinstance(variable, Variable)
        self._set(variable, self.evaluate([variable.initial_value], feeds or {})[0])

    def evaluate(self, nodes: Sequence[Node], feeds: Mapping[Node, Array]) -> list[Array]:
        """Values of nodes by their references, outside any compiled program."""
        order = needed(nodes, feeds)
        variables = {n: self.memory(n) for n in order if n.operator.name == "variable"}
        spec = specialise(nodes, order, {f: TensorType(a.dtype, a.shape) for f, a in feeds.items()}, {},
                          {v: TensorType(a.dtype, a.shape) for v, a in variables.items()})
        if spec.pending:
            raise InvalidArgumentError(f"{describe(spec.pending[0])} has a shape that depends on data; an initial value may not")
        given = self.sources([f for f in spec.fetches if f is not None])
        given.update({new: feeds[old] for old, new in spec.feeds.items()})
        for n in topological([f for f in spec.fetches if f is not None]):
            if n.operator.name == "placeholder" and n not in given:
                raise InvalidArgumentError(f"{describe(n)} must be fed", n)
        return [np.array(a) for a in interpret([f for f in spec.fetches if f is not None], given)]

    def sources(self, fetches: Sequence[Node]) -> dict[Node, Array]:
        """The present values of the variables and the run number that specialised nodes depend on."""
        given: dict[Node, Array] = {}
        for n in topological(fetches):
            if n.operator.name == "variable":
                given[n] = self.memory(n.attrs["variable"])
            elif n.operator.name == "run_number":
                given[n] = self._runs.reshape(())
        return given

    def load(self, variable: Node, value: Any) -> None:
        """Set a variable's value. FeedError if it does not fit."""
        with self._lock:
            array = _fed(variable, value)
            self._set(variable, array)

    def _set(self, variable: Node, value: Array) -> None:
        old = self._values.get(variable)
        if old is not None and old.shape == value.shape:
            old[...] = value
            return
        memory = aligned(value.nbytes).view(value.dtype).reshape(value.shape)
        memory[...] = value
        self._values[variable] = memory
        for call in self._calls.values():
            call.forget()

    # ------------------------------------------------------------------ life

    def compile_stats(self) -> dict[str, float]:
        """Kernels compiled, kernels loaded from the cache folder, seconds spent, programs made: since the session began."""
        return dict(self._stats)

    def close(self) -> None:
        """Let go of the variables and programs; later runs raise SessionClosedError."""
        self._closed = True
        self._values.clear()
        for call in self._calls.values():
            call.forget()
        self._calls.clear()

    def _check_open(self) -> None:
        if self._closed:
            raise SessionClosedError(f"the session is closed\n  at {loc_str(caller())}")

    @contextmanager
    def as_default(self) -> Iterator[Session]:
        session_stack().append(self)
        try:
            yield self
        finally:
            session_stack().remove(self)

    def __enter__(self) -> Session:
        self._check_open()
        self._entered.append(self.graph.as_default())
        self._entered[-1].__enter__()
        session_stack().append(self)
        return self

    def __exit__(self, *exc: Any) -> None:
        session_stack().remove(self)
        self._entered.pop().__exit__(*exc)
        self.close()

    @property
    def graph_def(self) -> Graph:
        return self.graph

    def list_devices(self) -> list[str]:
        return ["CPU:0"]


class InteractiveSession(Session):
    """A session that is the default one from its making to its closing."""

    def __init__(self, target: str = "", graph: Graph | None = None, config: ConfigProto | None = None, jit: bool = True):
        super().__init__(target, graph, config, jit)
        session_stack().append(self)

    def close(self) -> None:
        if self in session_stack():
            session_stack().remove(self)
        super().close()


def _shape_of(structure: Any) -> Any:
    if isinstance(structure, (list, tuple)):
        return (structure.__class__, *map(_shape_of, structure))
    if isinstance(structure, dict):
        return (dict, *((k, _shape_of(v)) for k, v in structure.items()))
    return structure


def _fed(node: Node, value: Any) -> Array:
    """A feed as an array of the node's dtype; FeedError says why it does not fit."""
    dtype, shape = node.type.dtype, node.type.shape
    if value.__class__ is not np.ndarray or value.dtype != dtype:
        if isinstance(value, (Node, Operation)):
            raise FeedError(f"{describe(node)} is fed a tensor, {describe(value) if isinstance(value, Node) else value!r}; feed its value"
                            f"\n  at {loc_str(caller())}")
        try:
            array = np.asarray(value)
            if array.dtype.kind not in "fiub" or value is None:
                raise TypeError
            value = array.astype(dtype)
        except (TypeError, ValueError):
            raise FeedError(f"{describe(node)} cannot be fed {value!r:.80}: not an array of numbers\n  at {loc_str(caller())}") from None
    if value.shape != shape and not compatible(shape, value.shape):
        raise FeedError(f"{describe(node)} cannot be fed an array of shape {shape_str(value.shape)}\n  at {loc_str(caller())}")
    return value


class _Call:
    """One set of fetches and fed tensors: its programs, one for each set of feed shapes."""

    def __init__(self, session: Session, fetches: Sequence[Node], feeds: Sequence[Node], structure: Any):
        self.session, self.fetches, self.feeds, self.structure = session, list(fetches), list(feeds), structure
        self.flat = structure == list(range(len(self.fetches)))
        self.wanted = _places(structure)              # fetches whose value is asked for; of an operation only the effect is
        self.programs: dict[Any, Any] = {}
        self.types = [(f.type.dtype, f) for f in feeds]
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
            raise FeedError(f"{len(self.feeds)} values are fed, {len(values)} given\n  at {loc_str(caller())}")
        arrays = []
        shapes = []
        for v, (dtype, node) in zip(values, self.types):  # noqa: B905  (every caller has counted them)
            if v.__class__ is not _ndarray or v.dtype is not dtype:
                v = _fed(node, v)
            arrays.append(v)
            shapes.append(v.shape)
        busy = self.session._busy
        with self.lock:
            busy[0] += 1
            try:
                results = self.run(arrays) if shapes == self.shapes and self.session.trace is None else self._other(arrays, shapes)
            finally:
                busy[0] -= 1
        return results if self.flat else _restore(self.structure, results)

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
            _fed(node, array)
        program = self.programs.get(self._key(arrays, shapes))
        if program is None:
            program = self.compile(arrays)
            if not isinstance(program, _Staged):
                self.programs[self._key(arrays, shapes)] = program
        trace = self.session.trace
        if trace is not None:
            self.session._runs[0] += program.draws
            return program.run_traced(arrays, trace)
        run = self._drawing(program) if program.draws else program.run
        results = run(arrays)
        if not self.by_value and not isinstance(program, _Staged):
            self.shapes, self.run = shapes, run
            self.entry.close()
            if isinstance(program, Program) and program.plain and (listed := _listed(self.structure)) is not None:
                self._open(program, listed)
        return results

    def _open(self, program: Program, listed: bool) -> None:
        """Let a program that only copies small feeds in and small results out be entered without Python frames."""
        memories = dict(program.copied)
        feeds = [(dtype, shape, memories.get(i)) for i, ((dtype, _), shape) in enumerate(zip(self.types, self.shapes or (), strict=True))]
        places = self.structure if listed else [self.structure]
        views = program.views()
        results = [None if place is None else views[place] for place in places]
        self.entry.open(self.session._busy, program.pointer.value, runtime.walker(), program.fail, feeds, results, program.finals, listed)
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
        return [_fed(n, v) for n, v in zip(self.feeds, values, strict=True)]

    def compile(self, arrays: list[Array], observe: passes.Observe | None = None) -> Any:
        """What runs for feeds of these shapes; `observe` sees the graph before and after each pass."""
        resets = [n.attrs["variable"] for n in self.needed() if n.operator.name == "initialize"]
        if resets and len(resets) == sum(n.operator.family not in ("control",) for n in self.needed()):
            return _Initialisation(self.session, resets, self.feeds, len(self.fetches))
        spec = self.specialised(arrays)
        return self.staged(spec, arrays) if spec.pending else self._finish(spec, resets, observe)

    def specialised(self, arrays: list[Array]) -> Specialised:
        """What the fetches need with concrete types; `pending` holds what other nodes decide that only a run can tell."""
        feeds = dict(zip(self.feeds, arrays, strict=True))
        order = self.needed()
        for n in order:
            if n.operator.name == "placeholder" and n not in feeds:
                raise InvalidArgumentError(f"{describe(n)} must be fed, and is not\n  at {loc_str(caller())}", n)
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
            spec.fetches[:] = [None if f.operator.family == "state" and i not in self.wanted else made
                               for i, (f, made) in enumerate(zip(self.fetches, spec.fetches, strict=True))]
        return spec

    def staged(self, spec: Specialised, arrays: list[Array]) -> _Staged:
        """A run that first evaluates what `spec.pending` waits for."""
        return _Staged(self, spec.pending, dict(zip(self.feeds, arrays, strict=True)))

    def _finish(self, spec: Specialised, resets: list[Node], observe: passes.Observe | None) -> Any:
        from . import native
        session = self.session
        folder, recorder = os.environ.get("GRAPHC_DUMP") if observe is None else None, None
        if folder:
            from . import dump, explain
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
            return _Interpreted(session, fetches, feeds, assigns, effects, resets)
        before = native.stats()
        program = Program(spec, fetches, [f if f is not None else _UNFED for f in feeds], assigns, effects, session.memory,
                          session._runs, session.threads)
        after = native.stats()
        session._stats["kernels_compiled"] += after["compiled"] - before["compiled"]
        session._stats["kernels_loaded"] += after["loaded"] - before["loaded"]
        session._stats["compile_seconds"] += after["seconds"] - before["seconds"]
        if folder and recorder is not None:
            dump.write(folder, explain.explanation([f.name for f in self.fetches], self.needed(), recorder, program))
        return _WithReset(program, session, resets) if resets else program


_ndarray = np.ndarray
_UNFED = Node.__new__(Node)


def _restore(structure: Any, results: Sequence[Any]) -> Any:
    if structure is None or isinstance(structure, int):
        return None if structure is None else results[structure]
    if isinstance(structure, list):
        return [_restore(s, results) for s in structure]
    if isinstance(structure, tuple):
        parts = [_restore(s, results) for s in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)
    return {k: _restore(v, results) for k, v in structure.items()}


def _places(structure: Any) -> set[int]:
    """The numbers in a structure of fetches."""
    if isinstance(structure, int):
        return {structure}
    parts = structure.values() if isinstance(structure, dict) else structure if isinstance(structure, (list, tuple)) else ()
    return set().union(*map(_places, parts))


def _listed(structure: Any) -> bool | None:
    """True for a list of tensors and operations, False for one of them, None for other structures."""
    parts = structure if structure.__class__ is list else [structure]
    return structure.__class__ is list if all(p is None or isinstance(p, int) for p in parts) else None


def _shapes(feed: Node, pending: Sequence[Node], feeds: Mapping[Node, Any]) -> bool:
    """Whether a fed tensor's value decides the shape of a pending node."""
    operands = [n.inputs[i] for n in pending for i in n.operator.values if i < len(n.inputs)]
    return feed in needed(operands, {f: None for f in feeds}) if operands else False


class _Initialisation:
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
        with trace.host("initialise"):
            return self.run(arrays)


class _WithReset:
    """A program before which variables are set to their initial values."""

    draws = True

    def __init__(self, program: Any, session: Session, variables: Sequence[Node]):
        self.program, self.session, self.variables = program, session, variables

    def run(self, arrays: Sequence[Array]) -> list[Any]:
        for v in self.variables:
            self.session.initialise(v)
        return self.program.run(arrays)

    def run_traced(self, arrays: Sequence[Array], trace: Trace) -> list[Any]:
        with trace.host("initialise"):
            for v in self.variables:
                self.session.initialise(v)
        return self.program.run_traced(arrays, trace)


class _Interpreted:
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
        values = interpret(nodes, given, trace)
        results = iter([np.array(v) if np.ndim(v) else np.asarray(v)[()] for v in values[:len(wanted)]])
        out = [None if f is None else next(results) for f in self.fetches]
        new = [np.array(v) for v in values[len(wanted):len(wanted) + len(self.assigns)]]
        for (variable, _), value in zip(self.assigns, new, strict=True):
            self.session._set(variable.attrs["variable"], value)
        return out


class _Staged:
    """A run some of whose shapes depend on data: the nodes that decide them are evaluated first and fed to the rest."""

    draws = False

    def __init__(self, call: _Call, pending: Sequence[Node], feeds: Mapping[Node, Array]):
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
            work = partial(run_reference, p, [np.asarray(next(values)) for _ in p.inputs])
            result = work() if session.trace is None else session.trace.node(p, work)
            if isinstance(p.type, TensorType):
                feeds[p] = np.asarray(result)
                continue
            for user in p.graph.digraph.successors(p):
                if user.operator.name == "item" and result is not None:
                    feeds[user] = np.asarray(result[user.attrs["index"]])
        session._runs[0] = number
        return feeds
