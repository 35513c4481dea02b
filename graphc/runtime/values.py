"""What a session keeps between runs: the variables' values and the courses of random numbers; how a run changes all of it, or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..compiler.specialise import needed, specialise
from ..cpu.memory import aligned
from ..cpu.subnormal import put_back
from ..cpu.tracing import Trace
from ..errors import InvalidArgumentError, ResourceExhaustedError, SessionClosedError
from ..ir.body import RunBody, interpreted
from ..ir.node import Node, describe, here, loc_str, topological
from ..ir.reference import interpret
from ..ir.types import Array, TensorType, compatible, shape_str
from ..ops.state import Variable, closure
from .fetching import fed, require_fed
from .forks import heed_forks
from .resources import Resources
from .streams import Drawn, Streams, streams_of


class Snapshot(NamedTuple):
    """What a session kept at one moment: the values of variables, and the courses of random numbers."""

    arrays: dict[Node, Array]
    drawn: Drawn | None


class Values:
    """The state of one session. Whoever reads or changes it holds `lock`.

    A run commits by one call of machine code (`Program`) or by `commit`: until then nothing has changed, and then all has.

    `streams` are the courses of random numbers, of which kernels read the numbers;
    `flush`: subnormal numbers are zeros while it runs;
    `busy` (one int64) counts runs that are on, `depth` those of this thread, one inside the other;
    `run_body` runs the bodies of loops and branches; `resources`: iterators and queues;
    `trace` times the run that is on, if one does; `moved` is called with a variable whose array is another one than before,
    `cut_off` in a forked child whose parent was in the middle of a run.
    """

    def __init__(self, flush: bool = True) -> None:
        self.flush = flush
        self.lock: Any = threading.RLock()
        self.busy = np.zeros(1, np.int64)
        self.depth = 0
        self.first: list[Node] = []                     # variables that the run that is on has set to their initial values, as they had none
        self.journal: Callable[[], None] | None = None  # what is left to do of a commit
        self.streams = Streams()
        self._before_first = 0
        self.trace: Trace | None = None
        self.closed = False
        self.resources = Resources()
        self.cut_off: Callable[[], None] = lambda: None
        self.run_body: RunBody = interpreted
        self.moved: Callable[[Node], None] = lambda variable: None
        self._arrays: dict[Node, Array] = {}
        heed_forks(self)

    # ------------------------------------------------------------------ variables

    def has(self, variable: Node) -> bool:
        """Whether a variable has a value already."""
        return variable in self._arrays

    def memory(self, variable: Node, feeds: Mapping[Node, Array] | None = None) -> Array:
        """The array that holds a variable's value, set to the initial value on first use, which may depend on what that run is fed."""
        value = self._arrays.get(variable)
        if value is None:
            made = self.initial(variable, feeds)
            if not self.first:
                self._before_first = self.commits
            self.first.append(variable)
            self._set(variable, made)
            value = self._arrays[variable]
            if not self.depth:
                self.keep_first(())
        return value

    def initial(self, variable: Node, feeds: Mapping[Node, Array] | None = None) -> Array:
        """A variable's initial value, computed with the numpy references: what runs once is not compiled."""
        assert isinstance(variable, Variable)
        value = self._evaluated([variable.initial_value], feeds or {})[0]
        if not compatible(variable.type.shape, value.shape):
            raise InvalidArgumentError(f"{describe(variable)}: its initial value, {describe(variable.initial_value)}, has shape "
                                       f"{shape_str(value.shape)}\n  at {loc_str(variable.loc)}", variable)
        return value

    def evaluate(self, nodes: Sequence[Node], feeds: Mapping[Node, Array]) -> list[Array]:
        """Values of nodes by their references, outside any compiled program."""
        return [np.array(a) for a in self._evaluated(nodes, feeds)]

    def _evaluated(self, nodes: Sequence[Node], feeds: Mapping[Node, Array]) -> list[Array]:
        """The same, where what is a constant's, a variable's or all of one element may be so: nobody writes there."""
        order = needed(nodes, feeds)
        require_fed(order, feeds)
        variables = {n: self.memory(n, feeds) for n in order if n.operator.name == "variable"}
        spec = specialise(nodes, order, {f: TensorType(a.dtype, a.shape) for f, a in feeds.items()}, {},
                          {v: TensorType(a.dtype, a.shape) for v, a in variables.items()}, decide=False)
        if spec.pending:
            raise InvalidArgumentError(f"{describe(spec.pending[0])} has a shape that depends on data; an initial value may not{here()}")
        wanted = [f for f in spec.fetches if f is not None]
        given = self.sources(wanted)
        given.update({new: feeds[old] for old, new in spec.feeds.items()})
        return [np.asarray(a) for a in interpret(wanted, given)]

    def sources(self, fetches: Sequence[Node]) -> dict[Node, Array]:
        """The present values of the variables, and the numbers of streams, that specialised nodes depend on."""
        given: dict[Node, Array] = {}
        for n in topological(fetches):
            if n.operator.name == "variable":
                given[n] = self.memory(n.attrs["variable"])
            elif n.operator.name == "run_number":
                given[n] = self.counter(n.attrs["stream"])[0]
        return given

    def load(self, variable: Node, value: Any) -> None:
        """Set a variable's value. FeedError if it does not fit."""
        with self.still():
            with self.transaction(()):
                self.commit([(variable, fed(variable, value))])

    def _set(self, variable: Node, value: Array) -> None:
        """Copy a value to a variable's memory, or to other memory, if it is of another shape."""
        self._adopt([(variable, _memory(variable, value))] if self._moves(variable, value) else [])
        self._arrays[variable][...] = value

    def _moves(self, variable: Node, value: Array) -> bool:
        old = self._arrays.get(variable)
        return old is None or old.shape != value.shape

    def _adopt(self, others: Sequence[tuple[Node, Array]]) -> None:
        """Variables that have other memory from now on: `moved` is told of each."""
        self._arrays.update(others)
        for variable, _ in others:
            self.moved(variable)

    # ------------------------------------------------------------------ transactions

    @contextmanager
    def transaction(self, streams: Sequence[int]) -> Iterator[None]:
        """What runs inside is one run, perhaps inside another one: it changes what it changes, or fails and has changed nothing.

        `streams` are those that it draws from; `Call` does the same without a `with`.
        """
        with self.lock:
            if self.depth:
                with self._within(), self.streams.beside(streams):
                    yield
                return
            self.settle()
            self.depth = 1
            self.busy[0] += 1
            try:
                yield
                self.succeed(streams)
            except BaseException:
                self.fail()
                raise
            finally:
                self.depth = 0
                self.busy[0] -= 1

    @contextmanager
    def _within(self) -> Iterator[None]:
        """What a run inside another one does is its own transaction; the other one goes on as if nothing had been committed."""
        first, journal, before = self.first, self.journal, self._before_first
        commits = self.counter(None).copy()
        self.first, self.journal = [], None
        self.depth += 1
        try:
            yield
            self.succeed(())
        except BaseException:
            self.fail()
            raise
        finally:
            self.depth -= 1
            self.first, self.journal, self._before_first = first, journal, before
            self.counter(None)[:] = commits

    def succeed(self, streams: Container[int]) -> None:
        """The run has come to its end."""
        if self.journal is not None:
            self._finish(self.journal)
        if self.first:
            self.keep_first(streams)

    def fail(self) -> None:
        """The run has failed, or was interrupted: either it had committed, or nothing has changed."""
        put_back()
        if self.journal is not None:
            self._finish(self.journal)
        if self.first:
            self.drop_first()

    def initialise(self, variables: Sequence[Node]) -> None:
        """Set variables to their initial values."""
        with self.transaction(()):
            self.reset(variables, {})
            self.commit([])

    def reset(self, variables: Sequence[Node], feeds: Mapping[Node, Array]) -> None:
        """Set variables to their initial values, one after another; if the run that is on commits nothing, they get their values back."""
        before = self.commits
        old = {v: a.copy() for v in variables if (a := self._arrays.get(v)) is not None}

        def undo() -> None:
            if self.commits == before:
                for v in variables:
                    if v in old:
                        self._set(v, old[v])
                    elif self._arrays.pop(v, None) is not None:
                        self.moved(v)
        self.journal = undo
        for v in variables:
            self._set(v, self.initial(v, feeds))

    def commit(self, values: Sequence[tuple[Node, Array]], streams: Sequence[int] = ()) -> None:
        """Give variables their new values, and let streams that were drawn from go on: all of it, whatever comes between.

        ResourceExhaustedError: there is no memory for a value of another shape; nothing has changed.
        """
        moving = [(v, a, _memory(v, a)) for v, a in values if self._moves(v, a)]
        for _, a, memory in moving:
            memory[...] = a
        here = [(self._arrays[v], a) for v, a in values if not self._moves(v, a)]
        numbers = [(counter, int(counter[1])) for s in dict.fromkeys((None, *streams)) for counter in [self.counter(s)]]
        self._finish(partial(self._apply, here, [(v, memory) for v, _, memory in moving], numbers))

    def _finish(self, journal: Callable[[], None]) -> None:
        """Do what may be done again: if it is interrupted, whoever comes next goes on with it."""
        self.journal = journal
        journal()
        self.journal = None

    def _apply(self, here: Sequence[tuple[Array, Array]], other: Sequence[tuple[Node, Array]], numbers: Sequence[tuple[Array, int]]) -> None:
        for memory, value in here:
            memory[...] = value
        for counter, number in numbers:
            counter[:] = number, number + 1
        self._adopt(other)

    def promise(self, resized: Sequence[tuple[Node, Array]]) -> None:
        """Once the run that is on has changed anything, these variables have other memory, of other shapes."""
        before, undo = self.commits, self.journal

        def adopt() -> None:
            if self.commits != before:
                self._adopt(resized)
            elif undo is not None:
                undo()
        self.journal = adopt

    def settle(self) -> None:
        """Go on with what is left to do of a commit, unless it is that of the run that is on."""
        if self.journal is not None and not self.depth:
            self._finish(self.journal)

    @property
    def commits(self) -> int:
        """How many runs have changed anything."""
        return int(self.counter(None)[0])

    def keep_first(self, streams: Container[int]) -> None:
        """A run has ended well: the streams that its first values were drawn from go on, but for `streams`, which the run itself has moved."""
        drawn = [s for s in streams_of(initial_closure(self.first)) if s not in streams]
        numbers = [(counter, int(counter[1])) for s in drawn for counter in [self.counter(s)]]
        self._finish(partial(self._apply, [], [], numbers))
        self.first = []

    def drop_first(self) -> None:
        """A run has failed: what it had set to a first value has none. If it had changed anything before, that stands."""
        if self.commits != self._before_first:
            self.keep_first(())
            return
        for variable in self.first:
            self._arrays.pop(variable, None)
            self.moved(variable)
        self.first = []

    def counter(self, stream: int | None) -> Array:
        """The number that a stream of random numbers is drawn by, and that of the run after it."""
        return self.streams.counter(stream)

    # ------------------------------------------------------------------ all of it at one moment

    @contextmanager
    def still(self) -> Iterator[None]:
        """No run of another thread is on inside: entries in machine code, which take no lock, see that something else is."""
        with self.lock:
            self.busy[0] += 1
            try:
                self.settle()
                yield
            finally:
                self.busy[0] -= 1

    def snapshot(self, variables: Sequence[Node]) -> Snapshot:
        """The state as it is between two runs, in memory of its own. SessionClosedError; InvalidArgumentError: an initial value wants a feed."""
        with self.still():
            self.check_open()
            return Snapshot({v: self.memory(v).copy() for v in variables}, self.streams.drawn(self.depth > 0))

    def restore(self, snapshot: Snapshot) -> None:
        """Take the values of a snapshot, whose types fit, and its course of random numbers if it has one. SessionClosedError."""
        with self.still():
            self.check_open()
            with self.transaction(()):
                self.commit(list(snapshot.arrays.items()))
            if snapshot.drawn is not None:
                self.streams.draw_as(snapshot.drawn, self.depth > 0)

    # ------------------------------------------------------------------ looking without touching

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Whatever runs inside, variables and the course of random numbers are afterwards as they were."""
        with self.still(), self.streams.held():
            values = {v: a.copy() for v, a in self._arrays.items()}
            try:
                yield
            finally:
                for v in [v for v in self._arrays if v not in values]:
                    del self._arrays[v]
                for v, value in values.items():
                    self._set(v, value)

    @contextmanager
    def no_new_variables(self) -> Iterator[None]:
        """Variables set to their initial values inside, by nothing that runs, have no value afterwards: a run sets them itself."""
        before = dict(self._arrays)
        try:
            yield
        finally:
            self._arrays.clear()
            self._arrays.update(before)

    # ------------------------------------------------------------------ runs

    @contextmanager
    def traced(self, trace: Trace) -> Iterator[None]:
        """Runs inside are timed by `trace`, and by no other way in."""
        self.trace = trace
        self.busy[0] += 1
        try:
            yield
        finally:
            self.busy[0] -= 1
            self.trace = None

    def check_open(self) -> None:
        if self.closed:
            raise SessionClosedError(f"the session is closed{here()}")

    def close(self) -> None:
        """Let go of the variables; later runs raise SessionClosedError."""
        self.closed = True
        self._arrays.clear()
        self.resources.close()


def initial_closure(variables: Iterable[Node]) -> list[Node]:
    """All that the initial values of variables need."""
    return closure([v.initial_value for v in variables if isinstance(v, Variable)])


def _memory(variable: Node, value: Array) -> Array:
    """Memory for a variable's value; ResourceExhaustedError."""
    try:
        return aligned(value.nbytes).view(value.dtype).reshape(value.shape)
    except MemoryError as e:
        raise ResourceExhaustedError(f"{describe(variable)}: there is no memory for {value.nbytes} bytes: {e}\n  at {loc_str(variable.loc)}",
                                     variable) from None
