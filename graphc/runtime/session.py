"""Sessions: they keep the variables' values, compile what is fetched once for each kind of feed, and run it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..compiler.specialise import needed, specialise
from ..cpu.program import aligned
from ..cpu.tape import default_threads
from ..cpu.tracing import RunOptions, Trace
from ..errors import FailedPreconditionError, GraphcError, GraphGrowthWarning, InvalidArgumentError, SessionClosedError
from ..ir.graph import Graph, get_default_graph, session_stack
from ..ir.node import Node, describe, here, loc_str, topological
from ..ir.reference import interpret
from ..ir.types import TensorType
from ..ops.state import Variable
from .call import Call
from .fetching import Array, collect_feed, fed, flattened, require_fed, shape_of
from .timeline import RunMetadata

_GROWING = 16           # compilations in a row, each of a larger graph, after which a session says so


class ConfigProto:
    """Options of a session. `intra_op_parallelism_threads`: threads of one kernel (0: all cores); the rest is accepted and ignored.

    >>> tf.ConfigProto(intra_op_parallelism_threads=1).intra_op_parallelism_threads
    1
    """

    def __init__(self, intra_op_parallelism_threads: int = 0, **other: Any):
        self.intra_op_parallelism_threads = intra_op_parallelism_threads
        self.gpu_options = SimpleNamespace(allow_growth=False, per_process_gpu_memory_fraction=1.0)
        self.graph_options = SimpleNamespace()
        for name, value in other.items():
            setattr(self, name, value)


class GPUOptions(SimpleNamespace):
    """Accepted and ignored: graphc computes on the CPU."""

    def __init__(self, **options: Any):
        super().__init__(**options)


class Session:
    """Runs parts of a graph. Variables live here; the same fetches with the same kinds of feeds are compiled once.

    `jit=False` evaluates the same plan with the operators' numpy references instead of machine code.

    >>> x = tf.placeholder(tf.float32, [2])
    >>> with tf.Session(jit=False) as sess:
    ...     print(sess.run([x + 1, tf.reduce_sum(x)], feed_dict={x: [1, 2]}))
    [array([2., 3.], dtype=float32), np.float32(3.0)]
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: ConfigProto | None = None, jit: bool = True):
        self.graph = graph if graph is not None else get_default_graph()
        self.jit = jit
        wanted = config.intra_op_parallelism_threads if config is not None else 0
        self.threads = wanted or default_threads()
        self._values: dict[Node, Array] = {}
        self._calls: dict[Any, Call] = {}
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
        return self._watched(*self._prepare(fetches, feed_dict), options, metadata, check)

    def _watched(self, call: Call, values: Sequence[Any], options: RunOptions | None, metadata: RunMetadata | None, check: bool = False) -> Any:
        for given, kind in ((options, RunOptions), (metadata, RunMetadata)):
            if not isinstance(given, (kind, type(None))):
                raise InvalidArgumentError(f"a run takes a {kind.__name__}, not {given!r:.80}{here()}")
        with self._lock:
            if check:
                from .check_numerics import check_numerics
                check_numerics(self, call, values)
            if metadata is None or options is None or not options.trace_level:
                return call(*values)
            self.trace = trace = Trace(self.graph)
            self._busy[0] += 1
            try:
                return call(*values)
            finally:
                self._busy[0] -= 1
                self.trace = None
                metadata.events = trace.events()

    def make_callable(self, fetches: Any, feed_list: Sequence[Any] | None = None, accept_options: bool = False) -> Callable[..., Any]:
        """A function of the values of `feed_list`, in order, that does what `run` does, with less to look up.

        With `accept_options` it takes the keywords `options` and `run_metadata` of `run` as well.
        """
        places = list(feed_list or ())
        call, _ = self._prepare(fetches, dict.fromkeys(places), check=False)
        enter: Callable[..., Any] = call.entry.function() if self.jit else call
        if not accept_options:
            return enter

        def with_options(*values: Any, options: RunOptions | None = None, run_metadata: RunMetadata | None = None) -> Any:
            return enter(*values) if options is None else self._watched(call, values, options, run_metadata)
        return with_options

    def partial_run(self, *args: Any, **kwargs: Any) -> Any:
        """TensorFlow 1's runs in parts, which graphc does not have: FailedPreconditionError."""
        raise FailedPreconditionError(f"partial_run is not offered: fetch everything in one run{here()}")

    def _prepare(self, fetches: Any, feed_dict: Mapping[Any, Any], check: bool = True) -> tuple[Call, list[Any]]:
        self._check_open()
        leaves: list[Node] = []
        structure = flattened(self.graph, fetches, leaves)
        places: list[Node] = []
        values: list[Any] = []
        for key, value in feed_dict.items():
            collect_feed(self.graph, key, value, places, values)
        key = (fetches.__class__, tuple(leaves), tuple(places), shape_of(structure))
        call = self._calls.get(key)
        if call is None:
            self._note_growth()
            call = self._calls[key] = Call(self, leaves, places, structure)
        try:
            quick = (tuple(fetches) if fetches.__class__ is list else fetches, *feed_dict)
            if len(places) == len(feed_dict) and not isinstance(fetches, tuple):
                self._calls[quick] = call
        except TypeError:
            pass
        return call, values

    def _stage(self, fetches: Sequence[Node], feeds: Mapping[Node, Array]) -> list[Any]:
        """One stage of a run whose shapes depend on data."""
        return self._stage_call(fetches, feeds)(*feeds.values())

    def _stage_call(self, fetches: Sequence[Node], feeds: Mapping[Node, Array]) -> Call:
        key = ("stage", tuple(fetches), tuple(feeds))
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = Call(self, fetches, list(feeds), list(range(len(fetches))))
        return call

    def _note_growth(self) -> None:
        size, streak = self._grown
        now = len(self.graph.nodes)
        streak = streak + 1 if now > size and size else 0
        self._grown = (now, streak)
        if streak == _GROWING:
            warnings.warn(f"the graph grows between runs, so each run compiles anew; the newest node is made at "
                          f"{loc_str(self.graph.nodes[-1].loc)}", GraphGrowthWarning, stacklevel=4)

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Whatever runs inside, variables and the course of random numbers are afterwards as they were."""
        with self._lock:
            values, number = {v: a.copy() for v, a in self._values.items()}, int(self._runs[0])
            try:
                yield
            finally:
                self._runs[0] = number
                for v in [v for v in self._values if v not in values]:
                    del self._values[v]
                for v, value in values.items():
                    self._set(v, value)

    def explain(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Any:
        """What the compiler makes of `run(fetches, feed_dict)`, without running it: an `Explanation` to print, or to look into.

        Passes and what each changed, fused kernels with source and machine code, why neighbours were not fused, memory and its reuse.
        Only the shapes of what is fed matter; placeholders with a fixed shape need no value.
        Errors: FetchError, FeedError (among others a placeholder of open shape that is not fed), and what compiling raises.
        """
        from ..inspection.explain import explain
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
        require_fed(order, feeds)
        variables = {n: self.memory(n) for n in order if n.operator.name == "variable"}
        spec = specialise(nodes, order, {f: TensorType(a.dtype, a.shape) for f, a in feeds.items()}, {},
                          {v: TensorType(a.dtype, a.shape) for v, a in variables.items()})
        if spec.pending:
            raise InvalidArgumentError(f"{describe(spec.pending[0])} has a shape that depends on data; an initial value may not{here()}")
        wanted = [f for f in spec.fetches if f is not None]
        given = self.sources(wanted)
        given.update({new: feeds[old] for old, new in spec.feeds.items()})
        return [np.array(a) for a in interpret(wanted, given)]

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
            array = fed(variable, value)
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
            raise SessionClosedError(f"the session is closed{here()}")

    @contextmanager
    def as_default(self) -> Iterator[Session]:
        """The session as the default one inside a `with` block: `eval` and `run` of tensors and operations use it."""
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
        """The processor, as TensorFlow 1 lists devices."""
        return ["CPU:0"]


class InteractiveSession(Session):
    """A session that is the default one from its making to its closing.

    >>> sess = tf.InteractiveSession(jit=False)
    >>> tf.constant(2.0).eval()
    np.float32(2.0)
    >>> sess.close()
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: ConfigProto | None = None, jit: bool = True):
        super().__init__(target, graph, config, jit)
        session_stack().append(self)

    def close(self) -> None:
        """End the session, which then is no longer the default one."""
        if self in session_stack():
            session_stack().remove(self)
        super().close()
