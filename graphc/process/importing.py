"""Modules that are imported late, whole or not at all: not even Control-C leaves one half imported, as some cannot be imported twice."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

from .forking import guard

PATIENCE = 20.0         # seconds that a fork waits for imports in other threads
_lock = threading.RLock()


def _renew(_: None) -> None:
    global _lock
    _lock = threading.RLock()


guard(lambda: [None], lambda _: _lock, PATIENCE, _renew)


def whole(name: str) -> Any:
    """The module of that name, imported now if it is not yet. ImportError and what else importing it raises."""
    module = sys.modules.get(name)
    if module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False):
        return module
    return undisturbed(lambda: import_module(name))


def undisturbed(make: Callable[[], Any]) -> Any:
    """What `make()` gives or raises. What signals raise while it is made, KeyboardInterrupt or another, is raised here, and `make` goes on.

    Python runs the handlers of signals in its main thread alone, so what runs in another is never interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        with _lock:
            return make()
    outcome: list[Any] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            with _lock:
                outcome.append(make())
        except BaseException as e:
            failure.append(e)

    thread = threading.Thread(target=work, name="graphc imports")
    try:
        thread.start()
    except RuntimeError:            # the interpreter is ending
        return make()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]
