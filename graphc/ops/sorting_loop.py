"""The loop nest that sorts rows: by the digits of keys that are in the order of the elements, few elements by insertion; equal ones stay in order."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.loops import Loop, word
from ..ir.types import element_count

_FEW = 24               # elements up to which insertion was measured to be faster
_LONG = 4096            # elements from which digits have 11 bits, not 8: fewer passes, and tables that take longer to clear


def _key(dtype: np.dtype[Any], descending: bool) -> tuple[str, int, list[str]]:
    """The dtype of keys, without sign, its bits, and the lines that make `key` of `v`: in the order of the elements, nan beyond all others."""
    bits = 64 if dtype.itemsize == 8 else 32
    plain, signed, top, full = f"uint{bits}", f"int{bits}", 1 << (bits - 1), (1 << bits) - 1
    if dtype.kind == "f":                       # the sum makes -0 0, and what is subnormal if that is flushed; of numbers below 0 all bits turn
        lines = [f"raw = bits_{signed}(v + {word(dtype)}(0))", f"turned = select(raw < {signed}(0), {plain}({full}), {plain}({top}))",
                 f"key = select(v != v, {plain}({full}), {plain}(bits_{plain}(raw) ^ turned))"]
    elif dtype.kind == "i":
        lines = [f"key = {plain}(bits_{plain}({signed}(v)) ^ {plain}({top}))"]
    else:
        lines = [f"key = {plain}(v)"]
    return plain, bits, [*lines, *([f"key = {plain}(key ^ {plain}({full}))"] if descending else [])]


_INSERTED = """
            for i in range(1, n):
                key = load(scratch0, a + i)
                free = i
                while free > 0 and load(scratch0, a + free - 1) > key:
                    store(scratch0, a + free, load(scratch0, a + free - 1))
                    store(scratch1, a + free, load(scratch1, a + free - 1))
                    free -= 1
                store(scratch0, a + free, key)
                store(scratch1, a + free, uint32(i))
"""


def _by_digits(plain: str, bits: int) -> str:
    """Keys and places go to and fro between two halves of scratch memory, once for each digit in which keys differ, the lowest first."""
    return f"""
            width = select(n < {_LONG}, int64(8), int64(11))
            most = (int64(1) << width) - 1
            shift = int64(0)
            while shift < {bits}:
                if (int64((ones & zeros) >> {plain}(shift)) & most) != 0:
                    for digit in range(most + 1):
                        store(counts, digit, int64(0))
                    for i in range(n):
                        digit = int64(load(scratch0, a + i) >> {plain}(shift)) & most
                        store(counts, digit, load(counts, digit) + 1)
                    to = b
                    for digit in range(most + 1):
                        count = load(counts, digit)
                        store(counts, digit, to)
                        to += count
                    for i in range(n):
                        key = load(scratch0, a + i)
                        digit = int64(key >> {plain}(shift)) & most
                        to = load(counts, digit)
                        store(counts, digit, to + 1)
                        store(scratch0, to, key)
                        store(scratch1, to, load(scratch1, a + i))
                    other = a
                    a = b
                    b = other
                shift += width
"""


def sorting_loop(types: Any, type: Any, axis: int, descending: bool, store: str) -> Loop:
    """Rows along an axis in order; `store` is what the result has for the element that `place` says, counted from the first of the row.

    Keys and places of a row lie in the first of two parts of scratch memory.
    """
    x, dims = types[0], types[0].shape
    rows, n, inner = element_count(dims[:axis]) * element_count(dims[axis + 1:]), dims[axis], element_count(dims[axis + 1:])
    plain, bits, made = _key(x.dtype, descending)
    body = f"""
    counts = scratch(0, 2048, int64)
    for row in range(lo, hi):
        at = row // inner * n * inner + row % inner
        a = 2 * n * row
        b = a + n
        ones = {plain}(0)
        zeros = {plain}(0)
        for i in range(n):
            v = load(x, at + i * inner)
            {(chr(10) + " " * 12).join(made)}
            store(scratch0, a + i, key)
            store(scratch1, a + i, uint32(i))
            ones = {plain}(ones | key)
            zeros = {plain}(zeros | (key ^ {plain}({(1 << bits) - 1})))
        if n <= {_FEW}:
            {_INSERTED.strip()}
        else:
            {_by_digits(plain, bits).strip()}
        for i in range(n):
            place = int64(load(scratch1, a + i))
            store(out, at + i * inner, {store})
    """
    return Loop(body, {"n": n, "inner": inner}, rows, 16 * rows * n,
                scratch=[(np.dtype(plain), 2 * rows * n), (np.dtype(np.uint32), 2 * rows * n)])


def order_loop(types: Any, type: Any, axis: int = 0, descending: bool = False) -> Loop:
    """The places of the elements along an axis in their order."""
    return sorting_loop(types, type, axis, descending, f"{word(type.dtype)}(place)")


def values_loop(types: Any, type: Any, axis: int, descending: bool) -> Loop:
    """The elements along an axis in order."""
    return sorting_loop(types, type, axis, descending, "load(x, at + place * inner)")
