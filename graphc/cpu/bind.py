"""Code and numbers become a program: ranges and chunks of its steps, extents, tables, memory. No node is looked at, no kernel looked up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ..ir.types import Array
from .code import Code
from .memory import Arena, Memory, State, address
from .program import QUICK, Program, Ranges
from .routines import MODE, PART

PARALLEL = 150_000      # estimated scalar operations from which a kernel is split over threads
CHUNKS = 4              # pieces a thread, so that a late thread costs little
FEW = 16                # units of a piece from which one more or less is nothing to wait for


def bind(code: Code, sizes: Sequence[int], state: State, arena: Arena) -> Program:
    """A program that runs code on the variables of a state, for these numbers of the free sizes, of which the scope's guards hold."""
    numbers = code.numbers.at(sizes)
    extents, n, work, unit = numbers[code.extents].copy(), numbers[code.n].copy(), numbers[code.work], code.unit.copy()
    grain = _grains(code, n, work)
    extents[[at for _, at in code.chunked]] = grain[[k for k, _ in code.chunked]]
    memory = Memory(code, _sizes(code, numbers, n, grain), numbers, state, arena)
    for at, word in code.words:
        memory.table[at] = word
    tables: dict[int, Any] = {}
    for k, product, column in code.products:
        own = numbers[column].tolist()
        n[k], grain[k], mode, unit[k] = product.split(own, code.threads)
        if not product.source:
            at = code.extents_at[k]
            extents[at + MODE], extents[at + PART] = mode, unit[k]
        tables[k] = product.table(own)
        memory.table[code.tables[k + 1] - 1] = address(tables[k])

    def inside(part: Code) -> Program:
        return bind(part, sizes, state, Arena())
    for k, step, column in code.controls:
        n[k] = grain[k] = unit[k] = 1
        # What a length of a sequence does not decide, as most bodies, is bound to the next one already.
        own, lasts = numbers[column].tolist(), bool(work[k] >= QUICK)
        decided = [_decided(part.code, sizes) for part in step.parts.values()]
        bound = tables[k] = arena.bodies((id(step), lasts, *own, *decided), partial(step.bind, inside, own, lasts))
        memory.table[code.tables[k + 1] - 1] = address(bound.words)
    return Program(code, sizes, Ranges(n, grain, work, unit, extents, tables), memory, state)


def _decided(code: Code, sizes: Sequence[int]) -> tuple[Any, ...]:
    """All that the numbers of the free sizes decide about code, that of its bodies included."""
    return (*code.numbers.values(*sizes), *(_decided(part.code, sizes) for _, step, _ in code.controls for part in step.parts.values()))


def _sizes(code: Code, numbers: Array, n: Array, grain: Array) -> Array:
    """The elements of each buffer: of a row's scratch as many rows as chunks may be worked at."""
    sizes = numbers[code.sizes].copy()
    for buffer, k in code.multiplied:
        sizes[buffer] *= -(-n[k] // grain[k])
    return sizes


def _grains(code: Code, n: Array, work: Array) -> Array:
    """Elements of each step's range that a thread takes at a time; all of them if sharing out costs more than it saves."""
    whole = np.maximum(n, 1)
    if code.threads == 1:
        return whole
    pieces = np.minimum(code.threads * CHUNKS, np.maximum(2, work * code.body // (PARALLEL // 4)))
    units = -(-n // code.unit)
    # Of few units a piece has too few rather than too many: the last ones make up for it.
    pieced = np.maximum(np.where(units < FEW * pieces, units // pieces, -(-units // pieces)), 1) * code.unit
    return np.where((n <= code.unit) | (work * np.maximum(code.body, 2) < PARALLEL), whole, pieced)
