"""What a session keeps of a queue: elements in order of arrival, of chance or of rank, and those who wait for them or for room."""

from __future__ import annotations

import atexit
import heapq
import itertools
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import CancelledError, OutOfRangeError
from ..process.forking import guard

Element = Sequence[Any]
PATIENCE = 5.0          # seconds that a fork waits for a queue to come to rest
_alive: weakref.WeakValueDictionary[int, Store] = weakref.WeakValueDictionary()


class Store:
    """A queue's elements. `capacity` of them at most; `reserve`: so many stay behind while it is open, for the others to be drawn evenly."""

    reserve = 0

    def __init__(self, capacity: int):
        self.capacity = capacity
        self.lock = threading.RLock()
        self.change = threading.Condition(self.lock)
        self.closed = self.cancelled = self.ended = False
        _alive[id(self)] = self

    def _add(self, element: Element) -> None:
        raise NotImplementedError

    def _next(self) -> Element:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def put(self, element: Element) -> None:
        """Append an element, when there is room. CancelledError: the queue is closed, or those who wait for room are not to wait on."""
        with self.change:
            if self.closed:
                raise CancelledError("the queue is closed")
            while len(self) >= self.capacity:
                if self.cancelled:
                    raise CancelledError("the queue was closed while there was no room in it")
                self.change.wait()
            self._add(element)
            self.change.notify_all()

    def take(self, count: int, fewer: bool = False) -> list[Element]:
        """Take `count` elements, when they are there; of a closed queue `fewer`, if that is allowed. OutOfRangeError: it has not so many."""
        with self.change:
            while not self._has(count):
                if self.ended:
                    raise CancelledError("the session is closed")
                if self.closed:
                    left = len(self)
                    if fewer and left:
                        return self._taken(left)
                    raise OutOfRangeError(f"the queue is closed and has {left} elements; {count} are wanted")
                self.change.wait()
            return self._taken(count)

    def _has(self, count: int) -> bool:
        return len(self) - (0 if self.closed else self.reserve) >= count

    def _taken(self, count: int) -> list[Element]:
        found = [self._next() for _ in range(count)]
        self.change.notify_all()
        return found

    def shut(self, cancel: bool) -> None:
        """Take no more elements. Those who wait for room wait on, unless they are to be cancelled."""
        with self.change:
            self.closed = True
            self.cancelled = self.cancelled or cancel
            self.change.notify_all()

    def close(self) -> None:
        """End with the session: nobody waits on."""
        self.ended = True
        self.shut(True)

    def renew(self) -> None:
        """In a forked child whose parent was in the midst of a change."""
        self.lock = threading.RLock()
        self.change = threading.Condition(self.lock)


class InOrder(Store):
    """First come, first served."""

    def __init__(self, capacity: int):
        super().__init__(capacity)
        self.elements: deque[Element] = deque()

    def __len__(self) -> int:
        return len(self.elements)

    def _add(self, element: Element) -> None:
        self.elements.append(element)

    def _next(self) -> Element:
        return self.elements.popleft()


class AtRandom(Store):
    """Any of those that are there."""

    def __init__(self, capacity: int, reserve: int, draw: np.random.Generator):
        super().__init__(capacity)
        self.reserve, self.draw = reserve, draw
        self.elements: list[Element] = []

    def __len__(self) -> int:
        return len(self.elements)

    def _add(self, element: Element) -> None:
        self.elements.append(element)

    def _next(self) -> Element:
        i = int(self.draw.integers(len(self.elements)))
        self.elements[i], self.elements[-1] = self.elements[-1], self.elements[i]
        return self.elements.pop()


class ByRank(Store):
    """The least first component first; of equal ones the first that came."""

    def __init__(self, capacity: int):
        super().__init__(capacity)
        self.heap: list[Any] = []
        self.serial = itertools.count()

    def __len__(self) -> int:
        return len(self.heap)

    def _add(self, element: Element) -> None:
        heapq.heappush(self.heap, (int(element[0]), next(self.serial), element))

    def _next(self) -> Element:
        found: Element = heapq.heappop(self.heap)[2]
        return found


Make = Callable[[], Store]


def _all() -> list[Store]:
    return [store for reference in _alive.valuerefs() if (store := reference()) is not None]


@atexit.register
def _stop_all() -> None:
    """Who waits for a queue does not wait on while the interpreter ends."""
    for store in _all():
        store.close()


guard(_all, lambda store: store.lock, PATIENCE, Store.renew)
