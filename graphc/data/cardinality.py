"""How many elements datasets have, as far as that is known without making them: a number, without end, or unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..errors import InvalidArgumentError
from .run import Run

INFINITE, UNKNOWN = -1, -2

Count = Callable[[Run], int]


def unknown(run: Run) -> int:
    """The number of elements that functions, files and generators decide: unknown."""
    return UNKNOWN


def always(n: int) -> Count:
    """A number of elements that is the same in each run."""
    return lambda run: n


def counted(start: int, stop: int, step: int) -> int:
    """How many numbers a range has. InvalidArgumentError: it has no end, for its step is 0."""
    if step == 0:
        raise InvalidArgumentError("a range whose step is 0 has no end")
    return len(range(start, stop, step))


def rows(arrays: Sequence[Any], wholes: Iterable[Any]) -> int:
    """How many rows arrays have, the first of which may be a sparse tensor's."""
    first = next((w.places for w in wholes if w.places[0] == 0), None)
    return len(arrays[0]) if first is None else int(arrays[first[2]][0])


def repeated(n: int, times: int) -> int:
    """How many elements so many passes over n have, without end if that is below 0."""
    if times == 0 or n == 0:
        return 0
    return INFINITE if times < 0 else n if n < 0 else n * times


def taken(n: int, count: int) -> int:
    """How many are left of the first `count` of n, of all if that is below 0."""
    return n if n == UNKNOWN or count < 0 else count if n == INFINITE else min(n, count)


def skipped(n: int, count: int) -> int:
    """How many are left of n without the first `count`; none if that is below 0."""
    return n if n < 0 else 0 if count < 0 else max(0, n - count)


def batched(n: int, size: int, drop: bool) -> int:
    """How many batches n elements make, without a smaller one at the end or with it."""
    return n if n < 0 or size < 1 else n // size if drop else -(-n // size)


def windowed(n: int, size: int, shift: int, stride: int, drop: bool) -> int:
    """How many windows n elements make; a whole one reaches over (size - 1) * stride elements and one more."""
    return n if n < 0 else -(-max(0, n - (size - 1) * stride * drop) // shift)


def sharded(n: int, count: int, index: int) -> int:
    """How many of n elements a shard has: every `count`-th from `index` on."""
    return n if n < 0 else n // count + (index < n % count)


def in_turn(first: int, second: int) -> int:
    """How many elements two datasets have one after the other."""
    return INFINITE if INFINITE in (first, second) else UNKNOWN if UNKNOWN in (first, second) else first + second


def side_by_side(several: Sequence[int]) -> int:
    """How many elements several datasets have side by side, where they end with the shortest."""
    ends = [n for n in several if n != INFINITE]
    return UNKNOWN if UNKNOWN in ends else min(ends, default=INFINITE)
