"""The tape of native steps, which one call runs, and the pool of threads that long steps are shared out to."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..errors import FailedPreconditionError, InvalidArgumentError
from ..ir.types import Array
from ..process.cores import cores
from ..process.forking import guard
from .tape_code import (
    CALLS,
    COND,
    CREW,
    EVENT,
    FAILED,
    FLUSH,
    HEADER,
    LIMIT,
    MUTEX,
    N_STEPS,
    PATIENCE,
    PAUSED,
    POOL,
    POOL_WORDS,
    RESUME,
    STEP,
    TRACE,
    WORKERS,
    code_address,
    pausing_walker,
    walker,
)

PIECE = 50_000_000      # estimated operations that a thread does in one go: 3 to 20 ms
LOOK = 1_000_000        # after so many it is worth to look at the clock
NEVER = 1 << 62         # nanoseconds


MOST_THREADS = 4096     # of a session: more than there are cores anywhere, and fewer than a system refuses


_asked = [0]            # by the program, for all sessions; 0: nothing


def ask_for_threads(count: int) -> None:
    """Have `default_threads` give this number from now on; 0: what it gave before."""
    _asked[0] = count


def asked_threads() -> int:
    """What was asked for by `ask_for_threads`."""
    return _asked[0]


def default_threads() -> int:
    """What the program asked for, GRAPHC_NUM_THREADS, or the cores this process may use."""
    if _asked[0]:
        return _asked[0]
    text = os.environ.get("GRAPHC_NUM_THREADS", "")
    if text:
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_THREADS:
            raise InvalidArgumentError(f"GRAPHC_NUM_THREADS={text!r:.60} is not a number from 1 to {MOST_THREADS}")
        return int(text)
    return cores()


class _Pool:
    """The process's worker threads. They are parked in machine code and never hold Python's lock."""

    def __init__(self) -> None:
        memory = np.zeros(POOL_WORDS + 8, np.int64)
        # Workers look at this memory until the process is gone, after the interpreter has dropped its last object.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(memory))
        self.words = memory[(-memory.ctypes.data % 64) // 8:][:POOL_WORDS]
        self.started = 0
        self.lock = threading.Lock()
        self.possible = self._find_calls()

    def _find_calls(self) -> bool:
        """Put the addresses of pthread's calls in the pool; False where there are none: then all runs are serial."""
        try:
            library = ctypes.CDLL(None)
            for i, name in enumerate(("lock", "unlock")):
                self.words[CALLS + i] = ctypes.cast(getattr(library, f"pthread_mutex_{name}"), ctypes.c_void_p).value or 0
            for i, name in enumerate(("wait", "broadcast"), 2):
                self.words[CALLS + i] = ctypes.cast(getattr(library, f"pthread_cond_{name}"), ctypes.c_void_p).value or 0
            self.words[CALLS + 4] = ctypes.cast(library.clock_gettime, ctypes.c_void_p).value or 0
            library.pthread_mutex_init(ctypes.c_void_p(self.words[MUTEX:].ctypes.data), None)
            library.pthread_cond_init(ctypes.c_void_p(self.words[COND:].ctypes.data), None)
        except (OSError, AttributeError, TypeError):
            return False
        return True

    def want(self, workers: int) -> None:
        """Have at least so many workers."""
        with self.lock:
            while self.possible and self.started < workers:
                entry = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(code_address("graphc_worker"))
                threading.Thread(target=entry, args=(self.words.ctypes.data,), name="graphc worker", daemon=True).start()
                self.started += 1
                self.words[WORKERS] = self.started

    def after_fork(self) -> None:
        """A child has none of its parent's threads: begin afresh, in the same memory, which tapes point to."""
        self.words[:CALLS] = 0
        self.words[MUTEX:] = 0
        self.started = 0
        self.lock = threading.Lock()
        self.possible = self._find_calls()


_pool = _Pool()
guard(lambda: [_pool], lambda pool: pool.lock, 5.0, lambda pool: None)      # `after_fork` makes another lock
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.after_fork)


def pool_address() -> int:
    """Where the pool lies that all tapes share."""
    return int(_pool.words.ctypes.data)


class Tape:
    """Native steps in order. `run()` is one call; it returns 0, or the status of the step `failed_step` that stopped it.

    A row a step: addresses of function, table of pointers and extents, n, grain. A step with n > grain is shared out in chunks of `grain`.
    What the addresses point to is the caller's, who may change it between runs; the tape keeps what is in `kept`.

    `effort`: operations that each step is estimated to take, and `unit`, what its range may be cut at multiples of: long ones are done in
    pieces. `lasting`: from which step on a run that is interrupted goes on to the end, as what it has done would stay half done.
    `flush`: subnormal numbers are zeros.
    """

    def __init__(self, rows: Array, threads: int, kept: Any, effort: Array, unit: Array, lasting: int | None = None, flush: bool = False):
        self._kept = kept
        n, grain = rows[:, 3], rows[:, 4]
        if threads == 1:
            grain = np.maximum(n, 1)
        elif (n > grain).any():
            _pool.want(threads - 1)
        self.step_of, begin, end = _pieces(n, grain, effort, unit, threads)
        shared = grain < n
        self._lasting = len(begin) if lasting is None else int(np.searchsorted(self.step_of, lasting))
        done = np.cumsum((effort // np.bincount(self.step_of, minlength=len(n)))[self.step_of]) // LOOK
        self.words = np.zeros(HEADER + STEP * len(begin), np.int64)
        self.words[N_STEPS] = len(begin)
        self.words[POOL] = _pool.words.ctypes.data
        self.words[FLUSH] = flush
        self.words[CREW] = threads
        steps = self.words[HEADER:].reshape(-1, STEP)
        steps[:, :3] = rows[self.step_of, :3]
        steps[:, 3] = end
        steps[:, 4] = np.where(shared[self.step_of], grain[self.step_of], np.maximum(end - begin, 1))
        steps[:, 5] = begin
        steps[:, 6] = np.diff(done, prepend=0) > 0          # it is worth to look at the clock
        self.pointer = ctypes.c_void_p(self.words.ctypes.data)
        self._call = self.entry(False)
        self._pausing = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(pausing_walker()) if _pool.possible else self._call

    @classmethod
    def of(cls, steps: Sequence[tuple[int, Any, Any, int, int]], threads: int, efforts: Sequence[tuple[int, int]] | None = None,
           lasting: int | None = None) -> Tape:
        """The tape of steps with tables of their own: (function address, table of pointers, extents, n, grain)."""
        rows = np.array([[code, table.ctypes.data, extents.ctypes.data, n, grain] for code, table, extents, n, grain in steps], np.int64)
        effort, unit = np.array(efforts or [(0, 1)] * len(steps), np.int64).reshape(-1, 2).T
        return cls(rows.reshape(-1, 5), threads, steps, effort, unit, lasting)

    @staticmethod
    def entry(locked: bool, timed: bool = False) -> Callable[[Any], int]:
        """The native function that walks a tape, given its `pointer`; `locked`: without letting go of Python's lock, 0.1 us less."""
        kind = ctypes.PYFUNCTYPE if locked else ctypes.CFUNCTYPE
        return kind(ctypes.c_int64, ctypes.c_void_p)(walker(timed))

    def run(self) -> int:
        return self._call(self.pointer)

    def run_long(self, pointer: Any = None) -> int:
        """As `run`, but Python calls its handlers of signals now and then. What they raise ends the run: before the first step that lasts, or
        else at the end.
        """
        self.words[RESUME], self.words[FAILED], self.words[LIMIT] = 0, -1, PATIENCE
        call, pointer = self._pausing, self.pointer
        try:
            while (status := call(pointer)) == PAUSED:
                pass                # between two statements of Python the handlers are called
        except BaseException:
            if self._lasting < self.words[RESUME] <= self.words[N_STEPS]:
                self.words[LIMIT] = NEVER       # in one go: the signal may come once more
                while call(pointer) == PAUSED:
                    pass
            raise
        return status

    def trace(self) -> tuple[int, Array]:
        """Run as `run` does, and the time of every call of a step: rows (step, thread, range from, to, start, end), times in ns of `CLOCK`.

        FailedPreconditionError: there is no such clock.
        """
        if not _pool.possible:
            raise FailedPreconditionError("steps are timed by clock_gettime, which this system does not have")
        steps = self.words[HEADER:].reshape(-1, STEP)
        record = self.begin_record(int(np.maximum(-(-(steps[:, 3] - steps[:, 5]) // steps[:, 4]), 1).sum()))
        status = self.entry(False, timed=True)(self.pointer)
        return status, self.recorded(record)

    def begin_record(self, room: int) -> Array:
        """Memory for so many timed calls, which what walks the tape writes there: how many came, how many fit, then the calls."""
        record = np.empty(2 + EVENT * room, np.int64)
        record[:2] = 0, room
        self.words[TRACE] = record.ctypes.data
        return record

    def recorded(self, record: Array) -> Array:
        """The calls of a record, as rows."""
        rows = record[2:2 + EVENT * min(int(record[0]), int(record[1]))].reshape(-1, EVENT)
        rows[:, 0] = np.take(self.step_of, rows[:, 0])
        return rows

    @property
    def failed_step(self) -> int:
        return int(self.step_of[self.words[FAILED]])


def _pieces(n: Array, grain: Array, effort: Array, unit: Array, threads: int) -> tuple[Array, Array, Array]:
    """Ranges in parts that are done one after another: which step each is of, its begin, its end. One that is shared has a chunk for each thread."""
    shared = grain < n
    cut, most = np.where(shared, threads * grain, unit), np.where(shared, threads * PIECE, PIECE)
    size = np.maximum(-(-n // np.maximum(-(-effort // most), 1) // cut) * cut, cut)
    parts = np.maximum(-(-n // size), 1)
    step = np.repeat(np.arange(len(n)), parts)
    begin = (np.arange(len(step)) - np.repeat(np.cumsum(parts) - parts, parts)) * size[step]
    return step, begin, np.minimum(begin + size[step], n[step])


@cache
def timing_cost() -> tuple[float, float]:
    """Nanoseconds that timing adds to a step: as seen in its own time, and in all. Medians over steps that do nothing."""
    steps, nothing = 500, np.zeros(1, np.int64)
    tape = Tape.of([(code_address("graphc_nothing"), nothing, nothing, 1, 1)] * steps, 1)
    rows = np.stack([tape.trace()[1] for _ in range(9)])
    return float(np.median(rows[..., 5] - rows[..., 4])), float(np.median((rows[:, -1, 4] - rows[:, 0, 4]) / (steps - 1)))
