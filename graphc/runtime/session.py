"""Sessions: what a user runs a graph with; the variables are in `values`, what was fetched before in `calls`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..cpu.tape import MOST_THREADS, default_threads
from ..cpu.tracing import RunOptions, Trace
from ..errors import ArgumentError, FailedPreconditionError, GraphcError, InvalidArgumentError
from ..ir.graph import Graph, get_default_graph, session_stack
from ..ir.node import Node, here
from .call import Call
from .calls import Calls
from .options import GraphOptions
from .targets import runs_here
from .timeline import RunMetadata
from .values import Values


def threads_of(given: Any) -> int:
    """A number of threads as a user gives it, 0 for all cores; ArgumentError if it is none."""
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or not 0 <= given <= MOST_THREADS:
        raise ArgumentError(f"intra_op_parallelism_threads is a number from 0 (all cores) to {MOST_THREADS}, not {given!r:.60}{here()}")
    return int(given)


class ConfigProto:
    """Options of a session. `intra_op_parallelism_threads`: threads of one kernel (0: all cores); the rest is accepted and ignored.

    `flush_denormals`: while a graph runs, numbers too small for all their digits (below 1.2e-38 of float32, 2.2e-308 of float64) are zeros,
    as in TensorFlow; they would take up to a hundred times as long. False keeps them.

    >>> tf.ConfigProto(intra_op_parallelism_threads=1).intra_op_parallelism_threads
    1
    """

    def __init__(self, intra_op_parallelism_threads: int = 0, flush_denormals: bool = True, **other: Any):
        self.intra_op_parallelism_threads = threads_of(intra_op_parallelism_threads)
        if not isinstance(flush_denormals, bool):
            raise ArgumentError(f"flush_denormals is True or False, not {flush_denormals!r:.60}{here()}")
        self.flush_denormals = flush_denormals
        self.gpu_options = SimpleNamespace(allow_growth=False, per_process_gpu_memory_fraction=1.0)
        self.graph_options = GraphOptions()
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
        for word, given, kind in (("graph", graph, Graph), ("config", config, ConfigProto)):
            if given is not None and not isinstance(given, kind):
                raise ArgumentError(f"{type(self).__name__}: {word} is a {kind.__name__}, not {given!r:.60}{here()}")
        runs_here(target)
        self.graph = graph if graph is not None else get_default_graph()
        self.jit = jit
        self.threads = default_threads() if config is None else threads_of(config.intra_op_parallelism_threads) or default_threads()
        self.values = Values(True if config is None else config.flush_denormals)
        self.values.resources.jit = jit
        self.calls = Calls(self.graph, self.values, jit, self.threads)
        self._known = self.calls.known
        self._entered: list[Any] = []

    def __repr__(self) -> str:
        state = "closed" if self.values.closed else f"{'compiled' if self.jit else 'interpreted'}, {self.threads} threads"
        return f"<{type(self).__name__} of {self.graph!r}: {state}>"

    # ------------------------------------------------------------------ running

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None, options: RunOptions | None = None,
            run_metadata: RunMetadata | None = None, check_numerics: bool = False) -> Any:
        """The values of `fetches`: a tensor, operation (gives None), name, or nested lists, tuples, dicts of them.

        `feed_dict` gives values to placeholders or any other tensors; they are cast to the tensor's dtype.
        `options=RunOptions(trace_level=RunOptions.FULL_TRACE)` leaves the time of every step in `run_metadata`.
        `check_numerics`: find the first operation that makes a nan or an infinity, before variables change; NumericsError names it. Slow.
        Errors: FetchError, FeedError, InvalidArgumentError (a step failed, a feed is missing), SessionClosedError.
        """
        if options is not None or check_numerics:
            return self._watched(*self.calls.prepare(fetches, feed_dict or {}), options, run_metadata, check_numerics)
        try:
            if feed_dict:
                call = self._known[(None, tuple(fetches), *feed_dict) if fetches.__class__ is list else (fetches, *feed_dict)]
                return call.enter(*feed_dict.values())
            return self._known[(None, tuple(fetches)) if fetches.__class__ is list else (fetches,)].enter()
        except (KeyError, TypeError, AttributeError) as e:
            if not isinstance(e, GraphcError) and e.__traceback__ is not None and e.__traceback__.tb_next is None:
                pass                       # not seen before, not hashable, or no dict: the long way
            else:
                raise
        feed_dict = feed_dict or {}
        call, values = self.calls.prepare(fetches, feed_dict)
        return call.enter(*values)

    def _watched(self, call: Call, values: Sequence[Any], options: RunOptions | None, metadata: RunMetadata | None, check: bool = False) -> Any:
        """A run that is looked at."""
        for given, kind in ((options, RunOptions), (metadata, RunMetadata)):
            if not isinstance(given, (kind, type(None))):
                raise InvalidArgumentError(f"a run takes a {kind.__name__}, not {given!r:.80}{here()}")
        values = call.brought(values)
        with self.values.lock:
            run: Callable[..., Any] = call
            if check:
                from .check_numerics import check_numerics
                run = partial(check_numerics, self.calls, call)
            if metadata is None or options is None or not options.trace_level:
                results = run(*values)
            else:
                trace = Trace(self.graph)
                try:
                    with self.values.traced(trace):
                        results = run(*values)
                finally:
                    metadata.events = trace.events()
        return call.handed(results)

    def make_callable(self, fetches: Any, feed_list: Sequence[Any] | None = None, accept_options: bool = False) -> Callable[..., Any]:
        """A function of the values of `feed_list`, in order, that does what `run` does, with less to look up.

        With `accept_options` it takes the keywords `options` and `run_metadata` of `run` as well.
        """
        places = list(feed_list or ())
        call, _ = self.calls.prepare(fetches, dict.fromkeys(places))
        enter = call.function()
        if not accept_options:
            return enter

        def with_options(*values: Any, options: RunOptions | None = None, run_metadata: RunMetadata | None = None) -> Any:
            return enter(*values) if options is None else self._watched(call, values, options, run_metadata)
        return with_options

    def partial_run(self, *args: Any, **kwargs: Any) -> Any:
        """TensorFlow 1's runs in parts, which graphc does not have: FailedPreconditionError."""
        raise FailedPreconditionError(f"partial_run is not offered: fetch everything in one run{here()}")

    def explain(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Any:
        """What the compiler makes of `run(fetches, feed_dict)`, without running it: an `Explanation` to print, or to look into.

        Passes and what each changed, fused kernels with source and machine code, why neighbours were not fused, memory and its reuse.
        Only the shapes of what is fed matter; without `feed_dict` they are those with which the same fetches ran last, and placeholders with
        a fixed shape never need a value. Where data decides sizes, what decides them is evaluated, Python functions too; no variable changes.
        Errors: FetchError, FeedError (among others a placeholder of open shape that was never fed), and what compiling raises.
        """
        from ..inspection.explain import explain
        return explain(self.calls, fetches, feed_dict)

    def load(self, variable: Node, value: Any) -> None:
        """Set a variable's value. FeedError if it does not fit."""
        self.values.load(variable, value)

    # ------------------------------------------------------------------ life

    def compile_stats(self) -> dict[str, float]:
        """Kernels compiled, kernels loaded from the cache folder, seconds spent, programs made: since the session began."""
        return dict(self.calls.stats)

    def close(self) -> None:
        """Let go of the variables and programs; later runs raise SessionClosedError."""
        self.values.close()
        self.calls.close()

    @contextmanager
    def as_default(self) -> Iterator[Session]:
        """The session as the default one inside a `with` block: `eval` and `run` of tensors and operations use it."""
        session_stack().append(self)
        try:
            yield self
        finally:
            session_stack().remove(self)

    def __enter__(self) -> Session:
        self.values.check_open()
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
    """A session that is the default one from its making to its closing, and so is a graph that it is given.

    >>> sess = tf.InteractiveSession(jit=False)
    >>> tf.constant(2.0).eval()
    np.float32(2.0)
    >>> sess.close()
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: ConfigProto | None = None, jit: bool = True):
        super().__init__(target, graph, config, jit)
        if graph is not None:
            self._entered.append(graph.as_default())
            self._entered[-1].__enter__()
        session_stack().append(self)

    def close(self) -> None:
        """End the session, which then is no longer the default one."""
        if self in session_stack():
            session_stack().remove(self)
        while self._entered:
            self._entered.pop().__exit__(None, None, None)
        super().close()
