"""Buffers that share a block of memory: never two at a time in one place, and little more than what lives at once, whatever their sizes become."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from graphc.compiler.groups import NEVER
from graphc.compiler.placement import ALIGN, COMPARED, Placement, rooms

# (buffers, steps, sizes to draw from, how long they live at most, how much larger than what lives at once the block may be)
CASES = [
    (1, 1, [0], 1, 1.0), (1, 5, [100], 3, 1.0), (40, 10, [8, 64, 100, 5000, 1 << 20], 10, 1.3), (COMPARED, 200, [64, 4096, 4097], 20, 1.3),
    (COMPARED + 1, 200, [64], 20, 1.1), (2 * COMPARED, 1000, [112, 128, 896, 5000], 30, 2.0), (2 * COMPARED, 1000, [112], 1000, 1.3),
    (40_000, 10_000, [8, 112, 1792], 9000, 1.3),
]
# How sizes change behind those that a placement was made for, and how much more than at those it may then waste.
CHANGES = {"halved": (lambda size: size // 2, 1.0), "a third more": (lambda size: size * 4 // 3, 1.1), "one more": (lambda size: size + 1, 1.1),
           "all of one size": (lambda size: np.full_like(size, 640), 1.5), "the small ones large": (lambda size: 1_000_000 // (size + 1), 1.5)}


def drawn(count: int, steps: int, sizes: Sequence[int], longest: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(count)
    size, first, lives = rng.choice(sizes, count), rng.integers(0, steps, count), rng.integers(0, longest, count)
    return first, np.minimum(first + lives, steps), size


def peak_of(first: np.ndarray, last: np.ndarray, size: np.ndarray, offsets: np.ndarray, arena: int) -> int:
    """The most that lives at once; every byte of the arena belongs to one buffer at a time."""
    cells = np.zeros(arena // ALIGN, np.int64)      # which buffer is in each line of the arena
    events = sorted([(b, 1, i) for i, b in enumerate(first.tolist())] + [(b + 1, 0, i) for i, b in enumerate(last.tolist())])
    room, needed, peak = rooms(size), 0, 0
    for _, begins, i in events:
        lines = cells[offsets[i] // ALIGN:-(-(offsets[i] + max(size[i], 1)) // ALIGN)]
        assert offsets[i] % ALIGN == 0 and len(lines) and (lines == (0 if begins else i + 1)).all()
        lines[:] = i + 1 if begins else 0
        needed += room[i] if begins else -room[i]
        peak = max(peak, needed)
    assert needed == 0 and peak <= arena
    return peak


@pytest.mark.parametrize("count, steps, sizes, longest, spare", CASES)
def test_buffers_that_live_together_lie_apart(count, steps, sizes, longest, spare):
    first, last, size = drawn(count, steps, sizes, longest)
    offsets, arena = Placement(first, last, size).at(size)
    assert arena <= spare * peak_of(first, last, size, offsets, arena)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("count, steps, sizes, longest, spare", CASES[2:-1])
def test_sizes_that_change(count, steps, sizes, longest, spare, change):
    first, last, size = drawn(count, steps, sizes, longest)
    how, more = CHANGES[change]
    offsets, arena = Placement(first, last, size).at(how(size))
    assert arena <= spare * more * peak_of(first, last, how(size), offsets, arena)


def test_at_its_own_sizes_a_placement_keeps_its_places():
    first, last, size = drawn(*CASES[2][:4])
    placed = Placement(first, last, size)
    offsets, arena = placed.at(size)
    assert placed.at(size + 7)[1] > arena
    assert placed.at(size)[0] is offsets and placed.at(size)[1] == arena


def test_what_no_step_touches_lies_anywhere_inside():
    offsets, arena = Placement([0, NEVER], [3, -1], [100, 5000]).at([100, 6000])
    assert arena >= max(offsets + [100, 6000]) and Placement([], [], []).at([])[1] == 0
