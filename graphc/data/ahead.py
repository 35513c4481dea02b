"""Running ahead: a thread that prepares elements while the session computes, and ends with what it works for.

It may wait for the threads of `abreast`, which is imported here so that a fork, which stops last what is guarded first, stops those after it.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections import deque
from time import perf_counter
from typing import Any

from ..errors import CancelledError, FailedPreconditionError
from ..process.forking import guard
from .abreast import PATIENCE
from .blocks import Block, Stream

PROMPT = 1e-4           # seconds that an element takes at least, for a thread to be woken for it
TRIED = 5               # elements in a row that take so long, until a thread is started
_alive: weakref.WeakValueDictionary[int, _Buffer] = weakref.WeakValueDictionary()


class _Buffer:
    """What thread and consumer share. `work` is held while a block is made: a fork waits for it, and finds the stream between two blocks.

    Blocks are handed over by a deque, which needs no lock; `change` is only for the one that has nothing to do.
    """

    def __init__(self, stream: Stream, size: int):
        self.stream, self.size = stream, size
        self.ready: deque[Block | BaseException | None] = deque()        # None: the end
        self.made = self.taken = 0                      # elements: each counted by one thread
        self.idle = self.hungry = self.stopped = self.ended = self.broken = False
        self.work, self.change = threading.Lock(), threading.Condition()
        self.thread: threading.Thread | None = None
        self.process = os.getpid()
        _alive[id(self)] = self

    def start(self) -> None:
        self.thread = threading.Thread(target=_fill, args=(self,), name="graphc dataset", daemon=True)
        self.thread.start()

    def wake(self) -> None:
        with self.change:
            self.change.notify_all()

    def stop(self) -> None:
        """End the thread, and wait for it, but not for a generator of the user's that blocks."""
        self.stopped = True
        self.wake()
        thread = self.thread
        if thread is not None and thread is not threading.current_thread() and self.process == os.getpid():
            thread.join(1.0)

    def renew(self) -> None:
        """In a forked child: a thread of its own goes on, when something is asked for."""
        if self.process != os.getpid():
            self.process, self.change, self.thread = os.getpid(), threading.Condition(), None
            self.idle = self.hungry = False

    def break_off(self) -> None:
        """In a forked child whose parent was in the midst of making a block."""
        self.work = threading.Lock()
        self.broken = True
        self.renew()


def _fill(buffer: _Buffer) -> None:
    """Make blocks as long as there is room; what fails is handed over in its place."""
    while not buffer.stopped:
        item: Block | BaseException | None
        with buffer.work:
            try:
                item = next(buffer.stream)
            except StopIteration:
                item = None
            except BaseException as e:
                item = e
        buffer.ended = item is None
        if isinstance(item, Block):
            buffer.made += item.n
        buffer.ready.append(item)
        if buffer.hungry:
            buffer.wake()
        if item is None:
            return
        if buffer.made - buffer.taken >= buffer.size:
            with buffer.change:
                buffer.idle = True
                while buffer.made - buffer.taken > buffer.size // 2 and not buffer.stopped:
                    buffer.change.wait()
                buffer.idle = False


class Ahead:
    """A stream whose blocks a thread makes, up to `size` elements ahead of the one that asks.

    `silent`: nobody can see when an element is made. Then the thread waits until elements take longer than handing them over does.
    """

    def __init__(self, stream: Stream, size: int, silent: bool = False):
        self.buffer = _Buffer(stream, size)
        self.slow = 0 if silent else TRIED
        self.close = weakref.finalize(self, _Buffer.stop, self.buffer)
        self.close.atexit = False               # below: for all, threads first

    def __iter__(self) -> Ahead:
        return self

    def begin(self) -> None:
        """Start the thread, before the first element is asked for."""
        if self.slow >= TRIED and self.buffer.thread is None:
            self.buffer.start()

    def __next__(self) -> Block:
        buffer = self.buffer
        if self.slow < TRIED:
            start = perf_counter()
            block = next(buffer.stream)
            self.slow = self.slow + 1 if perf_counter() - start > PROMPT * block.n else 0
            return block
        try:
            item = buffer.ready.popleft()
        except IndexError:
            item = self._wait()
        if item is None:
            buffer.ready.append(None)
            raise StopIteration
        if not isinstance(item, Block):
            try:
                raise item
            finally:
                del item                # which its own traceback leads to
        buffer.taken += item.n
        if buffer.idle and buffer.made - buffer.taken <= buffer.size // 2:
            buffer.wake()
        return item

    def _wait(self) -> Any:
        """The next thing that the thread makes; it is started when it is first waited for."""
        buffer = self.buffer
        if buffer.broken:
            raise FailedPreconditionError("the process was forked while the dataset's next element was being made; initialise the iterator anew")
        with buffer.change:
            if buffer.thread is None and not buffer.ended and not buffer.stopped:
                buffer.start()
            buffer.hungry = True
            try:
                while not buffer.ready:
                    if buffer.stopped:
                        raise CancelledError("the session was closed while the dataset's next element was waited for")
                    buffer.change.wait()
            finally:
                buffer.hungry = False
        return buffer.ready.popleft()


def _all() -> list[_Buffer]:
    return [buffer for reference in _alive.valuerefs() if (buffer := reference()) is not None]


@atexit.register
def _stop_all() -> None:
    """Threads end before the interpreter does, which would end them in the midst of a step."""
    buffers = _all()
    for buffer in buffers:
        buffer.stopped = True
        buffer.wake()
    for buffer in buffers:
        buffer.stop()


guard(_all, lambda buffer: buffer.work, PATIENCE, _Buffer.break_off, _Buffer.renew)
