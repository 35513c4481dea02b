"""Files as a disk, a network or somebody leaves them: some bytes of one are others, missing, or too many."""

from __future__ import annotations

import numpy as np


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    """One to three changes: bytes written over, taken out, put in from the end, a bit turned, or all behind a place cut off."""
    buffer = bytearray(data)
    for _ in range(random.integers(1, 4)):
        place, count = int(random.integers(len(buffer) + 1)), int(random.integers(1, 9))
        kind = random.integers(5)
        if kind == 0:
            buffer[place:place + count] = random.bytes(count)
        elif kind == 1:
            del buffer[place:place + count]
        elif kind == 2:
            buffer[place:place] = bytes(buffer[-count:])
        elif kind == 3 and len(buffer):
            buffer[place % len(buffer)] ^= 1 << int(random.integers(8))
        else:
            del buffer[place:]
    return bytes(buffer)
