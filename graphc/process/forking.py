"""What a fork waits for: locks are taken before it and let go after it, so that no child begins with one that a thread it lacks has taken."""

from __future__ import annotations

import gc
import logging  # noqa: F401  (its lock, which imports take, is to be taken after ours: what registers later is called earlier)
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Protocol


class Lock(Protocol):
    """What `threading` calls a lock, of either kind."""

    def acquire(self, blocking: bool = ..., timeout: float = ...) -> bool: ...

    def release(self) -> None: ...


class Turnstile:
    """A lock that only its owner can take again until `open`: others, who would take it as soon as it is free, let a fork go first."""

    def __init__(self, lock: Any):
        self.lock = lock
        # Not an Event, which has a lock of its own inside that a fork may find taken.
        self.gate = threading.Lock()
        self.gate.acquire()

    def open(self) -> None:
        self.gate.release()

    def __enter__(self) -> None:
        if not self.lock._is_owned():
            with self.gate:
                pass
        self.lock.acquire()

    def __exit__(self, *exc: Any) -> None:
        self.lock.release()


def guard(owners: Callable[[], Sequence[Any]], prepare: Callable[[Any], Lock], patience: float, renew: Callable[[Any], None],
          restore: Callable[[Any], None] = lambda owner: None) -> None:
    """From now on a fork first takes the locks of all owners, in order, and waits at most `patience` seconds for all of them.

    `prepare(owner)` gives its lock; `restore(owner)` comes after the fork, in parent and child. `renew(owner)`: in the child, for a lock that
    could not be had; what another thread was doing then has stopped in the middle. Who takes several locks takes first those guarded last.
    """
    forks: dict[int, list[tuple[Any, Lock, bool]]] = {}          # of a thread: owners, their locks, and whether each is taken

    def before() -> None:
        end = time.monotonic() + patience
        held = forks[threading.get_ident()] = []
        prepared = [(owner, prepare(owner)) for owner in owners()]
        for owner, lock in prepared:
            held.append((owner, lock, lock.acquire(timeout=max(0.0, end - time.monotonic()))))

    def after(in_child: bool) -> None:
        held = forks.pop(threading.get_ident(), [])
        if in_child:
            forks.clear()
        for owner, lock, taken in reversed(held):
            if taken:
                lock.release()
            restore(owner)
            if in_child and not taken:
                renew(owner)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_parent=lambda: after(False), after_in_child=lambda: after(True))


def _renew_cached_properties() -> None:
    """Of each `cached_property` there is, networkx's too: its lock, which all instances of its class share, may be a thread's that is no more."""
    for found in gc.get_objects():
        if type(found) is cached_property:
            found.lock = threading.RLock()      # type: ignore[attr-defined]


if hasattr(os, "register_at_fork") and sys.version_info < (3, 12):          # later ones have none
    os.register_at_fork(after_in_child=_renew_cached_properties)
