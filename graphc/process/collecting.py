"""Python's cyclic garbage collector, left out of work that makes many objects and no garbage: it would look at all of them again and again."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
MANY = 50_000           # objects, from which the first collection afterwards is worth avoiding
_working: dict[object, int] = {}        # calls that are under way, and the thread of each
_frozen = False
_lock = threading.RLock()               # a finaliser or the handler of a signal may come here in the midst of it
_enabled = False                        # whether the collector is to be enabled again when all have ended


def uncollected(function: Callable[P, T]) -> Callable[P, T]:
    """The function, and while any thread is in it, or in another such, no garbage collector; whatever ends it, Control-C too."""
    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        token = object()
        try:
            _begin(token)
            return function(*args, **kwargs)
        finally:
            # The first may be interrupted by Control-C before it has done anything.
            try:
                _end(token)
            except BaseException:
                _end(token)
                raise
    return call


def _begin(token: object) -> None:
    global _enabled
    with _lock:
        if not _working:
            _enabled = _enabled or gc.isenabled()
        _working[token] = threading.get_ident()
        gc.disable()


def _end(token: object) -> None:
    """Whatever was interrupted, once more does no harm."""
    global _enabled
    with _lock:
        _working.pop(token, None)
        if not _working and _enabled:
            _let_grow_old()
            gc.enable()
            _enabled = False


def _let_grow_old() -> None:
    """Count what was made among the old objects, which are looked at rarely; else the collector would go through all of it at once."""
    global _frozen
    try:
        if gc.get_count()[0] > MANY and not gc.get_freeze_count():      # what the user has frozen stays so
            _frozen = True
            gc.freeze()
    finally:
        if _frozen:
            gc.unfreeze()
            _frozen = False


def _after_fork() -> None:
    """In a child: what other threads were doing has ended."""
    global _lock
    _lock = threading.RLock()
    me = threading.get_ident()
    for token in [token for token, thread in _working.items() if thread != me]:
        _end(token)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
