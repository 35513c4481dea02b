"""Threads that work together: any of them asks all to stop, and whoever waits for them learns why."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import GraphError, OutOfRangeError
from ..ir.node import here

__all__ = ["Coordinator", "LooperThread"]


class Coordinator:
    """What threads ask whether to go on, and whom they tell to stop. `join` waits for them, and raises the error that stopped them.

    `clean_stop_exception_types`: errors that only say that there is no more to do; `OutOfRangeError` unless others are given.

    >>> coord = tf.train.Coordinator()
    >>> coord.request_stop()
    >>> coord.should_stop(), coord.join([])
    (True, None)
    """

    def __init__(self, clean_stop_exception_types: Any = None):
        self._clean = tuple(clean_stop_exception_types) if clean_stop_exception_types is not None else (OutOfRangeError,)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        self._threads: set[threading.Thread] = set()
        self._joined = False

    @property
    def joined(self) -> bool:
        """Whether `join` has waited for all threads."""
        return self._joined

    def request_stop(self, ex: Any = None) -> None:
        """Ask all threads to stop; `ex`, an exception or what `sys.exc_info()` gives, is what `join` raises, unless it is a clean stop."""
        error = ex[1] if isinstance(ex, tuple) and len(ex) == 3 else ex
        if error is not None and not isinstance(error, BaseException):
            raise GraphError(f"request_stop takes an exception, not {ex!r:.60}{here()}")
        with self._lock:
            if self._joined and error is not None and not isinstance(error, self._clean):
                raise error
            if not self._stop.is_set():
                if error is not None and not isinstance(error, self._clean):
                    self._error = error
                self._stop.set()

    def clear_stop(self) -> None:
        """Go on after a stop: threads may be started and joined again."""
        with self._lock:
            self._joined, self._error = False, None
            self._stop.clear()

    def should_stop(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.is_set()

    @contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """An exception inside asks for a stop, and is raised by `join` and not here."""
        try:
            yield
        except BaseException as e:
            self.request_stop(e)

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait until a stop is asked for, `timeout` seconds at most; whether it was."""
        return self._stop.wait(timeout)

    def register_thread(self, thread: threading.Thread) -> None:
        """Let `join` wait for a thread too."""
        with self._lock:
            self._threads.add(thread)

    def join(self, threads: Iterable[threading.Thread] | None = None, stop_grace_period_secs: float = 120, ignore_live_threads: bool = False) -> None:
        """Wait for the threads, those given and those registered, and raise the error that stopped them, if one did.

        When a stop was asked for they have `stop_grace_period_secs`. GraphError: then some run still, and `ignore_live_threads` is not given.
        """
        with self._lock:
            waited = {*self._threads, *(threads or ())}
        me = threading.current_thread()
        waited.discard(me)
        while any(t.is_alive() for t in waited) and not self._stop.is_set():
            self._stop.wait(0.05)
        end = time.monotonic() + stop_grace_period_secs
        for t in waited:
            if t.ident is not None:
                t.join(max(0.0, end - time.monotonic()))
        left = [t.name for t in waited if t.is_alive()]
        with self._lock:
            self._joined, self._threads, error = True, set(), self._error
        if error is not None:
            raise error
        if left and not ignore_live_threads:
            raise GraphError(f"threads go on {stop_grace_period_secs} seconds after a stop was asked for: {', '.join(left)}{here()}")

    def raise_requested_exception(self) -> None:
        """Raise the error that asked for a stop, if one did."""
        with self._lock:
            error = self._error
        if error is not None:
            raise error


class LooperThread(threading.Thread):
    """A thread that calls a function again and again, every `timer_interval_secs` (None: at once), until its coordinator stops it."""

    def __init__(self, coord: Coordinator, timer_interval_secs: float | None, target: Callable[..., Any] | None = None, args: Any = None,
                 kwargs: Any = None):
        super().__init__(daemon=True)
        if not isinstance(coord, Coordinator):
            raise GraphError(f"LooperThread takes a Coordinator, not {coord!r:.60}{here()}")
        self._coord, self._interval, self._call = coord, timer_interval_secs, (target, args or (), kwargs or {})
        coord.register_thread(self)

    @staticmethod
    def loop(coord: Coordinator, timer_interval_secs: float | None, target: Callable[..., Any], args: Any = None, kwargs: Any = None) -> LooperThread:
        """A thread that is started."""
        made = LooperThread(coord, timer_interval_secs, target, args, kwargs)
        made.start()
        return made

    def run(self) -> None:
        """What the thread does."""
        with self._coord.stop_on_exception():
            self.start_loop()
            at = time.monotonic()
            while not (self._coord.wait_for_stop(max(0.0, at - time.monotonic())) if self._interval else self._coord.should_stop()):
                at += self._interval or 0
                self.run_loop()
            self.stop_loop()

    def start_loop(self) -> None:
        """Called before the first round."""

    def stop_loop(self) -> None:
        """Called after the last round."""

    def run_loop(self) -> None:
        """One round."""
        target, args, kwargs = self._call
        if target is not None:
            target(*args, **kwargs)
