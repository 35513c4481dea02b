"""Buffers that share one block of memory: never two at a time in one place, and not much more than what lives at once."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.compiler.layout import ALIGN, COMPARED, Buffer, _room, assign_offsets

# (buffers, steps, sizes to draw from, how long they live at most, how much larger than what lives at once the block may be)
CASES = [
    (1, 1, [0], 1, 1.0), (1, 5, [100], 3, 1.0), (40, 10, [8, 64, 100, 5000, 1 << 20], 10, 1.3), (COMPARED, 200, [64, 4096, 4097], 20, 1.3),
    (COMPARED + 1, 200, [64], 20, 1.1), (4000, 1000, [112, 128, 896, 5000], 30, 2.0), (4000, 1000, [112], 1000, 1.3),
    (40_000, 10_000, [8, 112, 1792], 9000, 1.3),
]


@pytest.mark.parametrize("count, steps, sizes, longest, spare", CASES)
def test_buffers_that_live_together_lie_apart(count, steps, sizes, longest, spare):
    rng = np.random.default_rng(count)
    buffers = []
    for size, first, lives in zip(rng.choice(sizes, count), rng.integers(0, steps, count), rng.integers(0, longest, count), strict=True):
        buffers.append(Buffer("arena", np.dtype(np.uint8), int(size), first=int(first), last=int(min(first + lives, steps))))
    arena = assign_offsets(buffers)
    cells = np.zeros(arena // ALIGN, np.int64)      # which buffer is in each line of the arena
    events = sorted([(b.first, 1, i) for i, b in enumerate(buffers)] + [(b.last + 1, 0, i) for i, b in enumerate(buffers)])
    needed = peak = 0
    for _, begins, i in events:
        b = buffers[i]
        lines = cells[b.offset // ALIGN:-(-(b.offset + max(b.nbytes, 1)) // ALIGN)]
        assert b.offset % ALIGN == 0 and len(lines) and (lines == (0 if begins else i + 1)).all()
        lines[:] = i + 1 if begins else 0
        needed += _room(b) if begins else -_room(b)
        peak = max(peak, needed)
    assert needed == 0 and peak <= arena <= spare * peak
