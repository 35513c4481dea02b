"""The loop nests of the gamma function's logarithm and its derivative: recurrences and series, in double precision throughout."""

from __future__ import annotations

import math
from typing import Any

from ..ir.loops import Loop, word
from ..ir.types import element_count

_EULER = 0.57721566490153286
_TERMS = 30             # of the series at 2, whose k-th is below 4^-k / k where it is used


def _zeta_above_one(k: int) -> float:
    """Riemann's zeta(k) - 1: the first terms, then the integral of the rest with three corrections (Euler and Maclaurin)."""
    n = 50
    rest = n ** (1.0 - k) / (k - 1) - 0.5 * n ** -float(k) + k / 12 * n ** (-1.0 - k) - k * (k + 1) * (k + 2) / 720 * n ** (-3.0 - k)
    rest += k * (k + 1) * (k + 2) * (k + 3) * (k + 4) / 30240 * n ** (-5.0 - k)
    return math.fsum([*(j ** -float(k) for j in range(2, n + 1)), rest])


# log gamma(2 + z) = (1 - euler) z + sum_k (-1)^k (zeta(k) - 1) z^k / k (Abramowitz and Stegun 1964, 6.1.33).
_AT_TWO = [0.0, 1.0 - _EULER, *((-1) ** k * _zeta_above_one(k) / k for k in range(2, _TERMS))]
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)
DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)


def horner(coefficients: Any, x: str) -> str:
    text = repr(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        text = f"({c!r} + {x} * {text})"
    return text


def lgamma_loop(types: Any, type: Any) -> Loop:
    """Series at 2 between 1.5 and 2.5, to which recurrences lead from 0 to 8; Stirling's series from 8 on; reflection below 0."""
    body = f"""
    for i in range(lo, hi):
        v = float64(load(x, i))
        whole = v <= 0.0 and v == floor(v)
        below = v < 0.0
        sine = 1.0
        if below:
            sine = abs(sin({math.pi!r} * (v - rint(v))))
            v = 1.0 - v
        factor = 1.0
        if v < 8.0:
            divided = v < 1.5
            if v < 0.5:
                factor = v * (1.0 + v)
                z = v
            elif v < 1.5:
                factor = v
                z = v - 1.0
            else:
                while v >= 2.5:
                    v -= 1.0
                    factor *= v
                z = v - 2.0
            y = {horner(_AT_TWO, "z")}
            if divided:
                y -= log(factor)
            else:
                y += log(factor)
        else:
            r = 1.0 / v
            s = r * r
            y = (v - 0.5) * log(v) - v + {0.5 * math.log(2 * math.pi)!r} + r * {horner(STIRLING, "s")}
            if v == inf:
                y = v
        if below:
            y = log({math.pi!r} / sine) - y
        if whole or v == inf:
            y = float64(inf)
        store(out, i, {word(type.dtype)}(y))
    """
    n = element_count(type.shape)
    return Loop(body, {}, n, 8 * n)


def digamma_loop(types: Any, type: Any) -> Loop:
    """Recurrence up to 10, then the asymptotic series (Bernardo 1976); reflection below 0."""
    body = f"""
    for i in range(lo, hi):
        v = float64(load(x, i))
        whole = v <= 0.0 and v == floor(v)
        y = float64(0)
        if v <= 0.0:
            angle = {math.pi!r} * (v - floor(v))
            y = -{math.pi!r} * cos(angle) / sin(angle)
            v = 1.0 - v
        while v < 10.0:
            y -= 1.0 / v
            v += 1.0
        r = 1.0 / v
        s = r * r
        y += log(v) - 0.5 * r - s * {horner(DIGAMMA, "s")}
        if whole:
            y = float64(inf) - float64(inf)
        store(out, i, {word(type.dtype)}(y))
    """
    n = element_count(type.shape)
    return Loop(body, {}, n, 8 * n)
