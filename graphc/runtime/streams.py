"""The numbers that streams of random numbers are drawn by: that of the next run and that of the run after it, and how they go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from ..ir.node import Node
from ..ir.types import Array


class Drawn(NamedTuple):
    """The number that each stream of random numbers is drawn by next; `base`: those that have not been drawn from."""

    base: int
    numbers: dict[int, int]


FRESH = Drawn(1, {})


class Streams:
    """The courses of a session's random numbers; `counters` has those of the streams that were asked for."""

    def __init__(self) -> None:
        self.base = FRESH.base
        self.counters: dict[int | None, Array] = {}

    def counter(self, stream: int | None) -> Array:
        """The number of a stream that the next run draws, and the one after it, uint64[2]; None: of runs that have changed something."""
        counter = self.counters.get(stream)
        if counter is None:
            first = 0 if stream is None else self.base
            counter = self.counters.setdefault(stream, np.array([first, first + 1], np.uint64))
        return counter

    @contextmanager
    def beside(self, streams: Sequence[int]) -> Iterator[None]:
        """Inside, other numbers of these streams are drawn than by the run that is on, which goes on with its own, and by the next one."""
        before = {s: int(self.counter(s)[0]) for s in streams}
        for s in streams:
            counter = self.counter(s)
            counter[:] = counter[1], counter[1] + np.uint64(1)
        try:
            yield
        finally:
            for s, number in before.items():
                counter = self.counter(s)
                counter[:] = number, counter[0]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Runs inside draw what the next run will draw."""
        numbers = {s: c.copy() for s, c in self.counters.items()}
        try:
            yield
        finally:
            for s, counter in self.counters.items():
                counter[:] = numbers.get(s, (self.base, self.base + 1) if s is not None else counter)

    def drawn(self, inside: bool) -> Drawn:
        """The courses as the next run finds them; `inside` a run, which has drawn by its numbers, as the run after it does."""
        at = int(inside)
        return Drawn(self.base, {s: int(c[at]) for s, c in self.counters.items() if s is not None and int(c[at]) != self.base})

    def draw_as(self, drawn: Drawn, inside: bool) -> None:
        """Let the next run, not one that is on, draw by these numbers; `inside`: there is one that is on."""
        self.base = drawn.base
        for s in {*self.counters, *drawn.numbers} - {None}:
            number, counter = drawn.numbers.get(s, drawn.base), self.counter(s)     # type: ignore[arg-type]
            counter[1:] = number + (not inside)
            if not inside:
                counter[0] = number


def streams_of(order: Iterable[Node]) -> list[int]:
    """The streams of random numbers that nodes draw from."""
    return list(dict.fromkeys(n.attrs["stream"] for n in order if n.operator.name == "run_number"))
