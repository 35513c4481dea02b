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
from .tape_code import CALLS, COND, CREW, EVENT, FAILED, HEADER, MUTEX, N_STEPS, POOL, POOL_WORDS, STEP, TRACE, WORKERS, code_address, walker


def default_threads() -> int:
    """GRAPHC_NUM_THREADS, or the cores this process may use."""
    text = os.environ.get("GRAPHC_NUM_THREADS", "")
    if text:
        if not text.isdigit() or int(text) < 1:
            raise InvalidArgumentError(f"GRAPHC_NUM_THREADS={text!r} is not a positive number")
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


class Tape:
    """Native steps in order. `run()` is one call; it returns 0, or the status of the step `failed_step` that stopped it.

    Steps: (function address, table of pointers, extents, n, grain). A step with n > grain is shared out in chunks of `grain`.
    The tables stay the caller's, who may change what they hold between runs.
    """

    def __init__(self, steps: Sequence[tuple[int, Any, Any, int, int]], threads: int):
        self._keep = [(table, extents) for _, table, extents, _, _ in steps]
        self.words = np.zeros(HEADER + STEP * len(steps), np.int64)
        self.words[N_STEPS] = len(steps)
        self.words[POOL] = _pool.words.ctypes.data
        self.words[CREW] = threads
        for k, (address, table, extents, n, grain) in enumerate(steps):
            at = HEADER + STEP * k
            self.words[at:at + STEP] = address, table.ctypes.data, extents.ctypes.data, n, grain if threads > 1 else max(n, 1)
        if threads > 1 and any(n > grain for _, _, _, n, grain in steps):
            _pool.want(threads - 1)
        self.pointer = ctypes.c_void_p(self.words.ctypes.data)
        self._call = self.entry(False)

    @staticmethod
    def entry(locked: bool, timed: bool = False) -> Callable[[Any], int]:
        """The native function that walks a tape, given its `pointer`; `locked`: without letting go of Python's lock, 0.1 us less."""
        kind = ctypes.PYFUNCTYPE if locked else ctypes.CFUNCTYPE
        return kind(ctypes.c_int64, ctypes.c_void_p)(walker(timed))

    def run(self) -> int:
        return self._call(self.pointer)

    def trace(self, room: int) -> tuple[int, Array]:
        """Run as `run` does, and the time of every call of a step: rows (step, thread, range from, to, start, end), times in ns of `CLOCK`.

        At most `room` rows are kept. FailedPreconditionError: there is no such clock.
        """
        if not _pool.possible:
            raise FailedPreconditionError("steps are timed by clock_gettime, which this system does not have")
        record = np.zeros(2 + EVENT * room, np.int64)
        record[1] = room
        self.words[TRACE] = record.ctypes.data
        status = self.entry(False, timed=True)(self.pointer)
        return status, record[2:2 + EVENT * min(int(record[0]), room)].reshape(-1, EVENT)

    @property
    def failed_step(self) -> int:
        return int(self.words[FAILED])


@cache
def timing_cost() -> tuple[float, float]:
    """Nanoseconds that timing adds to a step: as seen in its own time, and in all. Medians over steps that do nothing."""
    steps, nothing = 500, np.zeros(1, np.int64)
    tape = Tape([(code_address("graphc_nothing"), nothing, nothing, 1, 1)] * steps, 1)
    rows = np.stack([tape.trace(steps)[1] for _ in range(9)])
    return float(np.median(rows[..., 5] - rows[..., 4])), float(np.median((rows[:, -1, 4] - rows[:, 0, 4]) / (steps - 1)))
