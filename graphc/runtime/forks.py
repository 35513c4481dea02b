"""What a fork does to sessions: it waits for runs that are on, and in a child whose parent was in the middle of one they go on without it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from ..ir.types import Array
from ..process.forking import Lock, Turnstile, guard

PATIENCE = 5.0          # seconds that a fork waits for runs in other threads


class State(Protocol):
    """What a fork looks at and sets of a session's state, as `Values` describes it."""

    lock: Any
    busy: Array
    depth: int
    trace: Any
    cut_off: Callable[[], None]


_alive: weakref.WeakValueDictionary[int, State] = weakref.WeakValueDictionary()


def heed_forks(state: State) -> None:
    """From now on forks wait for the runs of this session, as long as there is one."""
    _alive[id(state)] = state


def _all() -> list[State]:
    """The states there are, oldest first."""
    return [state for reference in _alive.valuerefs() if (state := reference()) is not None]


def _let_fork(state: State) -> Lock:
    """The lock of a session, whose runs after the present one wait for a fork."""
    if not isinstance(state.lock, Turnstile):
        state.lock = Turnstile(state.lock)
    lock: Lock = state.lock.lock
    return lock


def _go_on(state: State) -> None:
    """Runs need not wait any longer."""
    turnstile = state.lock
    if isinstance(turnstile, Turnstile):
        state.lock = turnstile.lock
        turnstile.open()


def _renew(state: State) -> None:
    """In a child whose parent was in the middle of a run: variables are as the run had left them, programs are made anew."""
    state.lock, state.trace = threading.RLock(), None
    state.busy[0], state.depth = 0, 0
    state.cut_off()


guard(_all, _let_fork, PATIENCE, _renew, _go_on)
