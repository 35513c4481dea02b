"""The loop nests of places of extremes: vectors find the part of a row that holds it, and then that part is searched; columns go side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.loops import Loop, word
from ..ir.types import element_count

_PART = 256             # elements of a row whose extreme is kept, and that are searched where it is the row's
_SHORT = 32             # elements up to which a row is searched one by one
_PACKED = ("int8", "int16", "int32", "uint8", "uint16")         # what stands above a place in one number: of random rows no branch is foreseen
_WIDE = 1024            # columns that are searched at a time: what is known of them stays in the nearest cache


def _keys(dtype: np.dtype[Any], sign: str) -> tuple[str, list[str]]:
    """The dtype of integers in the order of the elements, nan beyond all others, and the lines that make `key` of `v`."""
    if dtype.kind != "f":
        return ("int8" if dtype.kind == "b" else dtype.name), ["key = int8(v)" if dtype.kind == "b" else "key = v"]
    kind = f"int{8 * dtype.itemsize}"
    limits = np.iinfo(kind)
    beyond = limits.max if sign == ">" else limits.min
    return kind, [f"bits = bits_{kind}(v + {dtype.name}(0))",          # of -0, too, those of 0; of numbers below 0 all but the sign turned round
                  f"turned = {kind}({kind}(bits >> {kind}({8 * dtype.itemsize - 1})) & {kind}({limits.max}))", f"key = {kind}(bits ^ turned)",
                  f"key = select(v != v, {kind}({beyond}), key)"]


def _top(dtype: np.dtype[Any], sign: str) -> str:
    """The lines that make `top`, the key of the extreme of a part of a row, from extremes of bits as they are, two instructions a vector.

    As integers floats from 0 up are in order, those below 0 in the opposite one and, taken without a sign, beyond all others; nan is further
    on either side than the infinity. Where the extreme is below 0 of a maximum, or not of a minimum, a third extreme is its bits. The sum with 0
    makes those of -0, and of what is subnormal if that is flushed, those of 0.
    """
    if dtype.kind != "f":
        return """top = load(input, at + begin)
                for i in range(begin, end):
                    top = accumulate_ACC(top, load(input, at + i))""".replace("ACC", "max" if sign == ">" else "min")
    bits = 8 * dtype.itemsize
    infinity = int(np.array(np.inf, dtype).view(f"int{bits}"))
    signed, plain, top = f"int{bits}", f"uint{bits}", 2 ** (bits - 1)
    beyond = top - 1 if sign == ">" else -top
    of_signed, of_plain = (f"bits_{kind}(load(input, at + i))" for kind in (signed, plain))
    usual, its, start, third, made = (
        ("high >= 0", f"{signed}(high)", f"bits_{plain}(high)", of_plain, f"bits_{signed}(rest)") if sign == ">" else
        (f"far >= {plain}({top})", f"bits_{signed}(far)", "high", of_signed, "rest"))
    return f"""high = bits_{signed}(load(input, at + begin))
                far = bits_{plain}(high)
                rest = {start}
                for i in range(begin, end):
                    high = accumulate_max(high, {of_signed})
                    far = accumulate_max(far, {of_plain})
                if {usual}:
                    top = {its}
                else:
                    for i in range(begin, end):
                        rest = accumulate_min(rest, {third})
                    top = {made}
                top = bits_{signed}(bits_{dtype.name}(top) + {dtype.name}(0))
                top = {signed}(top ^ ({signed}(top >> {signed}({bits - 1})) & {signed}({top - 1})))
                if high > {signed}({infinity}) or far > {plain}({infinity + top}):
                    top = {signed}({beyond})"""


def _hit(dtype: np.dtype[Any], kind: str) -> tuple[str, str]:
    """What an element of the part that holds the extreme is compared with, made of the key, and whether it is one that has it."""
    if dtype.kind != "f":
        return "best", "v == value"
    limit = np.iinfo(kind).max
    return f"bits_{dtype.name}({kind}(best ^ ({kind}(best >> {kind}({8 * dtype.itemsize - 1})) & {kind}({limit}))))", "(v == value) | (v != v)"


def _rows(key: Callable[[str, int], str], dtype: np.dtype[Any], kind: str, place: str, sign: str, accumulate: str) -> str:
    """The loop over rows that lie in one piece: `key` makes the lines that give an element's, of dtype `kind`."""
    place_of = "n - 1 - {}" if sign == ">" else "{}"        # of equal elements the first is to be found
    short = f"""
            total = int64(key) * {1 << 32} + ({place_of.format("0")})
            for i in range(1, n):
                {key("at + i", 4)}
                total = {accumulate}(total, int64(key) * {1 << 32} + ({place_of.format("i")}))
            first = {place_of.format(f"(total & {(1 << 32) - 1})")}
""" if kind in _PACKED else f"""
            for i in range(1, n):
                {key("at + i", 4)}
                better = key {sign} best
                best = select(better, key, best)
                first = select(better, i, first)
"""
    value, hit = _hit(dtype, kind)
    return f"""
    for row in range(lo, hi):
        at = row * n
        {key("at", 2)}
        best = key
        first = int64(0)
        if n <= {_SHORT}:
            {short.strip()}
        else:
            for part in range((n + {_PART - 1}) // {_PART}):
                begin = part * {_PART}
                end = min(begin + {_PART}, n)
                {_top(dtype, sign)}
                if top {sign} best:
                    best = top
                    first = begin
            value = {value}
            nearest = int32({_PART})
            for i in range(min({_PART}, n - first)):
                v = load(input, at + first + i)
                nearest = accumulate_min(nearest, select({hit}, int32(i), int32({_PART})))
            first = first + nearest
        store(out, row, {place}(first))
    """


def extreme_loop(types: Any, type: Any, sign: str, accumulate: str, axis: int, output_type: Any) -> Loop:
    """Where along an axis the first element stands that no other exceeds (`sign` ">") or falls below ("<"), or the first nan."""
    x, dims = types[0], types[0].shape
    outer, n, inner = element_count(dims[:axis]), dims[axis], element_count(dims[axis + 1:])
    (kind, made), place = _keys(x.dtype, sign), word(type.dtype)

    def key(at: str, by: int) -> str:
        return ("\n" + "    " * by).join([f"v = load(input, {at})", *made])

    if axis == len(dims) - 1:
        return Loop(_rows(key, x.dtype, kind, place, sign, accumulate), {"n": n}, outer, outer * n)
    body = f"""
    for unit in range(lo, hi):
        row = unit // parts
        begin = unit % parts * {_WIDE}
        end = min(begin + {_WIDE}, inner)
        for j in range(begin, end):
            {key("row * n * inner + j", 3)}
            store(scratch0, row * inner + j, key)
            store(out, row * inner + j, {place}(0))
        for i in range(1, n):
            for j in range(begin, end):
                {key("(row * n + i) * inner + j", 4)}
                best = load(scratch0, row * inner + j)
                better = key {sign} best
                store(scratch0, row * inner + j, select(better, key, best))
                store(out, row * inner + j, select(better, {place}(i), load(out, row * inner + j)))
    """
    parts = (inner + (_WIDE - 1)) // _WIDE
    return Loop(body, {"n": n, "inner": inner, "parts": parts}, outer * parts, outer * n * inner, scratch=[(np.dtype(kind), outer * inner)])
