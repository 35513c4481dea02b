"""What a session keeps between runs: the variables' values and the course of random numbers; and who may use them now."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..compiler.specialise import needed, specialise
from ..cpu.memory import aligned
from ..cpu.tracing import Trace
from ..errors import InvalidArgumentError, ResourceExhaustedError, SessionClosedError
from ..ir.body import RunBody, interpreted
from ..ir.node import Node, describe, here, loc_str, topological
from ..ir.reference import interpret
from ..ir.types import Array, TensorType, compatible, shape_str
from ..ops.state import Variable
from ..process.forking import Lock, Turnstile, guard
from .fetching import fed, require_fed
from .resources import Resources

PATIENCE = 5.0          # seconds that a fork waits for runs in other threads
_alive: weakref.WeakValueDictionary[int, Values] = weakref.WeakValueDictionary()


class Snapshot(NamedTuple):
    """What a session kept at one moment: the values of variables, and how many runs have drawn random numbers, which decides what the next draws."""

    arrays: dict[Node, Array]
    drawn: int | None


class Values:
    """The state of one session. Whoever reads or changes it holds `lock`.

    `run_number` (one uint64, which kernels read) is what a run's random numbers are drawn by, the last one of any run; while one
    is `drawing`, runs inside it have those up to `drawn`;
    `busy` (one int64) counts runs that are on;
    `run_body` runs the bodies of loops and branches; `resources`: iterators and queues;
    `trace` times the run that is on, if one does; `moved` is called with a variable whose array is another one than before,
    `cut_off` in a forked child whose parent was in the middle of a run.
    """

    def __init__(self) -> None:
        self.lock: Any = threading.RLock()
        self.run_number = np.zeros(1, np.uint64)
        self.drawn, self.drawing = 0, False
        self.busy = np.zeros(1, np.int64)
        self.trace: Trace | None = None
        self.closed = False
        self.resources = Resources()
        self.cut_off: Callable[[], None] = lambda: None
        self.run_body: RunBody = interpreted
        self.moved: Callable[[Node], None] = lambda variable: None
        self._arrays: dict[Node, Array] = {}
        _alive[id(self)] = self

    # ------------------------------------------------------------------ variables

    def has(self, variable: Node) -> bool:
        """Whether a variable has a value already."""
        return variable in self._arrays

    def memory(self, variable: Node, feeds: Mapping[Node, Array] | None = None) -> Array:
        """The array that holds a variable's value, set to the initial value on first use, which may depend on what that run is fed."""
        value = self._arrays.get(variable)
        if value is None:
            self.initialise(variable, feeds)
            value = self._arrays[variable]
        return value

    def initialise(self, variable: Node, feeds: Mapping[Node, Array] | None = None) -> None:
        """Set a variable to its initial value, computed with the numpy references: what runs once is not compiled."""
        assert isinstance(variable, Variable)
        value = self.evaluate([variable.initial_value], feeds or {})[0]
        if not compatible(variable.type.shape, value.shape):
            raise InvalidArgumentError(f"{describe(variable)}: its initial value, {describe(variable.initial_value)}, has shape "
                                       f"{shape_str(value.shape)}\n  at {loc_str(variable.loc)}", variable)
        self.set(variable, value)

    def evaluate(self, nodes: Sequence[Node], feeds: Mapping[Node, Array]) -> list[Array]:
        """Values of nodes by their references, outside any compiled program."""
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
        return [np.array(a) for a in interpret(wanted, given)]

    def sources(self, fetches: Sequence[Node]) -> dict[Node, Array]:
        """The present values of the variables and the run number that specialised nodes depend on."""
        given: dict[Node, Array] = {}
        for n in topological(fetches):
            if n.operator.name == "variable":
                given[n] = self.memory(n.attrs["variable"])
            elif n.operator.name == "run_number":
                given[n] = self.run_number.reshape(())
        return given

    def load(self, variable: Node, value: Any) -> None:
        """Set a variable's value. FeedError if it does not fit."""
        with self.still():
            self.set(variable, fed(variable, value))

    def set(self, variable: Node, value: Array) -> None:
        """Copy a value to a variable's memory. Of another shape it gets other memory, and `moved` is told."""
        old = self._arrays.get(variable)
        if old is not None and old.shape == value.shape:
            old[...] = value
            return
        try:
            memory = aligned(value.nbytes).view(value.dtype).reshape(value.shape)
        except MemoryError as e:
            raise ResourceExhaustedError(f"{describe(variable)}: there is no memory for {value.nbytes} bytes: {e}\n  at {loc_str(variable.loc)}",
                                         variable) from None
        memory[...] = value
        self._arrays[variable] = memory
        self.moved(variable)

    # ------------------------------------------------------------------ all of it at one moment

    @contextmanager
    def still(self) -> Iterator[None]:
        """No run of another thread is on inside: entries in machine code, which take no lock, see that something else is."""
        with self.lock:
            self.busy[0] += 1
            try:
                yield
            finally:
                self.busy[0] -= 1

    def snapshot(self, variables: Sequence[Node]) -> Snapshot:
        """The state as it is between two runs, in memory of its own. SessionClosedError; InvalidArgumentError: an initial value wants a feed."""
        with self.still():
            self.check_open()
            return Snapshot({v: self.memory(v).copy() for v in variables},
                            self.drawn if self.drawing else int(self.run_number[0]))

    def restore(self, snapshot: Snapshot) -> None:
        """Take the values of a snapshot, whose types fit, and its course of random numbers if it has one. SessionClosedError."""
        with self.still():
            self.check_open()
            for variable, value in snapshot.arrays.items():
                self.set(variable, value)
            if snapshot.drawn is not None:
                if self.drawing:                # inside a run, which goes on with its own numbers
                    self.drawn = snapshot.drawn
                else:
                    self.run_number[0] = snapshot.drawn

    # ------------------------------------------------------------------ looking without touching

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Whatever runs inside, variables and the course of random numbers are afterwards as they were."""
        with self.still(), self.same_random_numbers():
            values = {v: a.copy() for v, a in self._arrays.items()}
            try:
                yield
            finally:
                for v in [v for v in self._arrays if v not in values]:
                    del self._arrays[v]
                for v, value in values.items():
                    self.set(v, value)

    @contextmanager
    def same_random_numbers(self) -> Iterator[None]:
        """Runs inside draw what the next run will draw."""
        number = int(self.run_number[0])
        try:
            yield
        finally:
            self.run_number[0] = number

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


# ---------------------------------------------------------------------- forks

def _all() -> list[Values]:
    """The states there are, oldest first."""
    return [values for reference in _alive.valuerefs() if (values := reference()) is not None]


def _let_fork(values: Values) -> Lock:
    """The lock of a session, whose runs after the present one wait for a fork."""
    if not isinstance(values.lock, Turnstile):
        values.lock = Turnstile(values.lock)
    lock: Lock = values.lock.lock
    return lock


def _go_on(values: Values) -> None:
    """Runs need not wait any longer."""
    turnstile = values.lock
    if isinstance(turnstile, Turnstile):
        values.lock = turnstile.lock
        turnstile.open()


def _renew(values: Values) -> None:
    """In a child whose parent was in the middle of a run: variables are as the run had left them, programs are made anew."""
    values.lock, values.trace = threading.RLock(), None
    values.busy[0], values.drawing = 0, False
    values.cut_off()


guard(_all, _let_fork, PATIENCE, _renew, _go_on)
