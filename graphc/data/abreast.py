"""Elements made at once: threads call a function of several elements at a time, and give the results in the order of the elements."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np

from ..errors import CancelledError
from ..ir.types import Array
from ..process.forking import guard
from .blocks import Block, Stream, one
from .stages import Mapped, Rows

PATIENCE = 5.0          # seconds that a fork waits for threads to come to rest between two elements
WORTH = 2e-4            # seconds that an element takes at least, for a thread to be woken for it
TRIED = 3               # elements in a row that take so long, until threads are started
_alive: weakref.WeakValueDictionary[int, _Worker] = weakref.WeakValueDictionary()


class _Task:
    """One element: what the function is given, and what it gives or raises."""

    __slots__ = ("row", "taken", "done", "result", "error")

    def __init__(self, row: Sequence[Array], error: BaseException | None = None):
        self.row, self.error = row, error
        self.result: list[Array] = []
        self.taken = self.done = error is not None

    def run(self, function: Rows) -> None:
        try:
            self.result = [np.asarray(v) for v in function(self.row)]
        except BaseException as e:
            self.error = e


class _Worker:
    """A thread, and the function that it calls. `work` is held while it does: a fork waits for it."""

    def __init__(self, crew: _Crew, number: int):
        self.crew, self.number = crew, number
        self.function: Rows | None = None               # made when threads are started
        self.work = threading.Lock()
        _alive[id(self)] = self

    def loop(self) -> None:
        crew = self.crew
        while True:
            with crew.change:
                while (task := crew.untaken()) is None and not crew.stopped:
                    crew.change.wait()
                if task is None or crew.stopped:
                    return
                task.taken = True
            with self.work:
                assert self.function is not None
                task.run(self.function)
                task.done = True
            del task                            # and what it holds, while this one waits
            with crew.change:
                crew.change.notify_all()

    def renew(self) -> None:
        """In a forked child: threads of its own go on, when an element is asked for, with what the parent's had not ended."""
        self.crew.renew()

    def break_off(self) -> None:
        """In a forked child whose parent was in the midst of an element, which is made anew, by a function that nobody else is in."""
        self.work, self.function, self.number = threading.Lock(), None, self.number + self.crew.size
        self.renew()


class _Crew:
    """What the threads and the one who asks share. `pending`: the elements that are not handed over yet, in order.

    Nothing here leads to the session, which would never end by itself while threads hold it.
    """

    def __init__(self, size: int):
        self.size = size
        self.pending: deque[_Task] = deque()
        self.change, self.stopped, self.process = threading.Condition(), False, os.getpid()
        self.workers = [_Worker(self, i + 1) for i in range(size)]
        self.threads: list[threading.Thread] = []

    def untaken(self) -> _Task | None:
        return next((t for t in tuple(self.pending) if not t.taken), None)

    def start(self, make: Callable[[int], Rows]) -> None:
        for worker in self.workers:
            worker.function = worker.function or make(worker.number)
        self.threads = [threading.Thread(target=w.loop, name="graphc dataset", daemon=True) for w in self.workers]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """End the threads, and wait for them, but not for a function of the user's that blocks."""
        self.stopped = True
        if self.process != os.getpid():
            return
        with self.change:
            self.change.notify_all()
        for thread in self.threads:
            if thread is not threading.current_thread():
                thread.join(1.0)

    def renew(self) -> None:
        if self.process != os.getpid():
            self.process, self.change, self.threads = os.getpid(), threading.Condition(), []
            for task in self.pending:
                task.taken = task.done


class Abreast(Mapped):
    """A function of each element, of up to `size` elements at once, by threads; results come in order, and what fails in its place.

    `make(i)` gives the function for thread i, 0 for the one who asks. `waits`: it calls Python, and may wait for something: threads call it from
    the start. Else they do if elements take long enough to be worth it.
    """

    def __init__(self, stream: Stream, make: Callable[[int], Rows], size: int, waits: bool):
        super().__init__(stream, make(0))
        self.make, self.crew = make, _Crew(size)
        self.close = weakref.finalize(self, _Crew.stop, self.crew)
        self.close.atexit = False               # below: for all, threads first
        self.slow = TRIED if waits else 0

    def __next__(self) -> Block:
        if self.slow >= TRIED:
            return self._handed()
        row = self.next_row()
        start = perf_counter()
        found = one([np.asarray(v) for v in self.function(row)])
        self.slow = self.slow + 1 if perf_counter() - start > WORTH else 0
        return found

    def _handed(self) -> Block:
        """The next element, from the threads, which have others to do meanwhile."""
        crew = self.crew
        pending = crew.pending
        while len(pending) < crew.size:
            try:
                pending.append(_Task(self.next_row()))
            except StopIteration:
                break
            except Exception as e:              # of what comes before: its place is behind what is being made
                pending.append(_Task((), e))
        if not pending:
            self.close()
            raise StopIteration
        task = pending[0]
        with crew.change:
            if not crew.threads and not crew.stopped:
                crew.start(self.make)
            crew.change.notify_all()
            while not task.done:
                if crew.stopped:
                    raise CancelledError("the session was closed while the dataset's next element was waited for")
                crew.change.wait()
        pending.popleft()
        if task.error is not None:
            try:
                raise task.error
            finally:
                del task                # which the error's own traceback leads to
        return one(task.result)


def _all() -> list[_Worker]:
    return [worker for reference in _alive.valuerefs() if (worker := reference()) is not None]


@atexit.register
def _stop_all() -> None:
    """Threads end before the interpreter does, which would end them in the midst of an element."""
    crews = {id(w.crew): w.crew for w in _all()}.values()
    for crew in crews:
        crew.stopped = True
    for crew in crews:
        crew.stop()


guard(_all, lambda worker: worker.work, PATIENCE, _Worker.break_off, _Worker.renew)
