"""Which runs of a process take its time: every session's are counted, and the page on the hottest is written before its session closes."""

from __future__ import annotations

import functools
import sys
import time
from typing import Any

from ..errors import GraphcError
from ..runtime.call import Call
from ..runtime.session import Session
from .report import report


class Tally:
    """What the runs of one call took: their number, the seconds of all but the first (which compiles), and what was fed last."""

    def __init__(self, session: Session, fetches: Any):
        self.session, self.fetches = session, fetches
        self.runs, self.first, self.later = 0, 0.0, 0.0
        self.feeds: dict[Any, Any] = {}

    def add(self, seconds: float, feeds: Any) -> None:
        """One more run."""
        if self.runs:
            self.later += seconds
        else:
            self.first = seconds
        self.runs += 1
        self.feeds = dict(feeds or {})

    @property
    def heat(self) -> tuple[float, float]:
        """Seconds of runs, then of the first one: by it the hottest is found."""
        return self.later, self.first


class Watch:
    """Counts the runs of all sessions from `begin` to `end`; the page at `path` is on the call that took most of the time."""

    def __init__(self, path: str):
        self.path = path
        self.tallies: dict[Call, Tally] = {}
        self.written: Tally | None = None
        self._kept: dict[str, Any] = {}
        self._inside = False            # a run that is counted, or one that the page makes

    def begin(self) -> None:
        """Count from now on."""
        run, close = Session.run, Session.close
        self._kept = {"run": run, "close": close}

        @functools.wraps(run)
        def counted(session: Session, fetches: Any, feed_dict: Any = None, *args: Any, **kwargs: Any) -> Any:
            if self._inside:            # a Python function of the graph that runs another: its time is the outer run's
                return run(session, fetches, feed_dict, *args, **kwargs)
            self._inside = True
            start = time.perf_counter()
            try:
                result = run(session, fetches, feed_dict, *args, **kwargs)
            finally:
                self._inside = False
            took = time.perf_counter() - start
            call, _ = session.calls.prepare(fetches, feed_dict or {})
            self.tallies.setdefault(call, Tally(session, fetches)).add(took, feed_dict)
            return result

        @functools.wraps(close)
        def closing(session: Session) -> None:
            if not session.values.closed:
                self.write(session)
            close(session)
        self._set(run=counted, close=closing)

    def _set(self, **methods: Any) -> None:
        for name, method in methods.items():
            setattr(Session, name, method)

    def end(self) -> None:
        """Write the page, and count no more."""
        self.write(None)
        self._set(**self._kept)
        if self.written is None:
            print(f"graphc: {self.path} is not written: no graph was run", file=sys.stderr)
        else:
            runs, seconds = self.written.runs, self.written.later or self.written.first
            print(f"graphc: {self.path} shows what took most of the time: {runs} runs, {seconds:.3g} s", file=sys.stderr)

    def write(self, session: Session | None) -> None:
        """Write the page on the hottest call, if it is one of this session (None: of any), and hotter than the page that is there."""
        hottest = max(self.tallies.values(), key=lambda t: t.heat, default=None)
        if hottest is None or (session is not None and hottest.session is not session) or hottest.session.values.closed:
            return
        if self.written is not None and self.written.heat >= hottest.heat:
            return
        self._inside = True
        try:
            report(hottest.session, hottest.fetches, self.path, hottest.feeds)
            self.written = hottest
        except GraphcError as e:
            print(f"graphc: {self.path} is not written: {e}", file=sys.stderr)
        finally:
            self._inside = False
