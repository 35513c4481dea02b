"""What a session keeps of the world outside its runs: the iterators and queues that its graph names, each made when it is first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, Protocol


class Resource(Protocol):
    """Something with a course of its own, that ends with its session."""

    def close(self) -> None:
        """End it: its threads, its files. Those who wait for it get CancelledError."""


class Resources:
    """The resources of one session by what stands for them in the graph. `jit`: whether functions of datasets are compiled."""

    def __init__(self, jit: bool = True):
        self.jit = jit
        self.closed = False
        self._kept: dict[Hashable, Any] = {}
        self._lock = threading.RLock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The resource of that key, made when there is none."""
        found = self._kept.get(key)
        if found is None:
            with self._lock:
                found = self._kept.get(key)
                if found is None:
                    found = self._kept[key] = make()
        return found

    def find(self, key: Hashable) -> Any:
        """The resource of that key, or None."""
        return self._kept.get(key)

    def put(self, key: Hashable, resource: Resource) -> None:
        """Keep a resource; the one that was there ends."""
        with self._lock:
            before, self._kept[key] = self._kept.get(key), resource
        if before is not None:
            before.close()

    def close(self) -> None:
        """End all resources."""
        self.closed = True
        while self._kept:
            _, resource = self._kept.popitem()
            resource.close()
