"""The bar that shows how far an epoch is, and what it has come to."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


class Progbar:
    """A bar of `target` units, which `update` moves on; with the values it is told, averaged but for the `stateful_metrics`.

    `verbose`: 1 shows the bar, 2 one line at the end, 0 nothing. `interval`: seconds between two showings at least.

    >>> bar = tf.keras.utils.Progbar(2, verbose=2)
    >>> bar.update(1, [("loss", 3.0)]); bar.update(2, [("loss", 1.0)])
    2/2 - 0s - loss: 2.0000
    """

    def __init__(self, target: int | None, width: int = 30, verbose: int = 1, interval: float = 0.05,
                 stateful_metrics: Iterable[str] | None = None, unit_name: str = "step"):
        self.target, self.width, self.verbose, self.interval, self.unit_name = target, width, verbose, interval, unit_name
        self.stateful_metrics = frozenset(stateful_metrics or ())
        self._seen = 0
        self._sums: dict[str, list[float]] = {}
        self._start = time.time()
        self._last = 0.0
        self._wide = 0
        self._overwrites = sys.stdout.isatty() if hasattr(sys.stdout, "isatty") else False
        self._overwrites = self._overwrites or "ipykernel" in sys.modules or "posix" in sys.modules

    def update(self, current: int, values: Sequence[tuple[str, Any]] | None = None, finalize: bool | None = None) -> None:
        """Be at unit `current`, the last units with these values."""
        weight = max(current - self._seen, 1)
        for name, value in values or ():
            if name in self.stateful_metrics:
                self._sums[name] = [value, 1]
            else:
                held = self._sums.setdefault(name, [0.0, 0])
                held[0] += value * weight
                held[1] += weight
        self._seen = current
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        now = time.time()
        if self.verbose == 1 and (finalize or now - self._last >= self.interval):
            self._show(self._bar(current, now, finalize))
        elif self.verbose == 2 and finalize:
            digits = len(str(self.target or current))
            self._show(f"{current:{digits}d}/{self.target or current} - {now - self._start:.0f}s{self._told()}\n")
        else:
            return
        self._last = now

    def add(self, n: int, values: Sequence[tuple[str, Any]] | None = None) -> None:
        """Be `n` units further."""
        self.update(self._seen + n, values)

    def _show(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    def _told(self) -> str:
        found = ""
        for name, (total, weight) in self._sums.items():
            mean = float(np.mean(total / max(1, weight)))
            found += f" - {name}: {mean:.4f}" if abs(mean) > 1e-3 else f" - {name}: {mean:.4e}"
        return found

    def _bar(self, current: int, now: float, finalize: bool) -> str:
        before, each = self._wide, (now - self._start) / current if current else 0.0
        if self.target is None:
            bar = f"{current:7d}/Unknown"
        else:
            full = int(self.width * current / self.target) if self.target else self.width
            filled = "=" * (full - 1) + ("=" if current >= self.target else ">") if full > 0 else ""
            bar = f"{current:{len(str(self.target))}d}/{self.target} [{filled}{'.' * (self.width - full)}]"
        if self.target is None or finalize:
            info = f" - {now - self._start:.0f}s {_duration(each)}/{self.unit_name}"
        else:
            info = f" - ETA: {_clock(each * (self.target - current))}"
        info += self._told()
        self._wide = len(bar) + len(info)
        return ("\b" * before + "\r" if self._overwrites else "\n") + bar + info + " " * max(0, before - self._wide) + "\n" * finalize


def _duration(seconds: float) -> str:
    return f"{seconds:.0f}s" if seconds >= 1 or seconds == 0 else f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    if whole > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if whole > 60 else f"{whole}s"
