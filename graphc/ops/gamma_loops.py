"""The loop nests of the gamma function's logarithm and its derivatives: recurrences and series, in double precision throughout."""

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

# B(2), B(4), ...: Bernoulli's numbers.
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
ORDERS = 30             # of polygamma functions that are machine code: factors of higher ones do not fit


_SINE = [(-1) ** k * math.pi ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(12)]       # of sin(pi t) / t, in t^2, for |t| <= 1/2
_COSINE = [(-1) ** k * math.pi ** (2 * k) / math.factorial(2 * k) for k in range(12)]               # of cos(pi t)
_BLOCK = 256            # elements that wait on the stack until it is known whether one of them is below 0


def horner(coefficients: Any, x: str) -> str:
    text = repr(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        text = f"fma({x}, {text}, {c!r})"
    return text


def _blocks(type: Any, above: str, below: str, last: str) -> Loop:
    """y of each v by statements that vectors can take; of v below 0 from y at 1 - v, for which no time is lost if there is none."""
    lines = "\n".join(" " * 12 + line.strip() for line in above.strip().splitlines())
    body = f"""
    beside = scratch(0, {_BLOCK}, float64)
    for block in range(lo, hi):
        begin = block * {_BLOCK}
        end = min(begin + {_BLOCK}, n)
        negative = int64(0)
        for i in range(begin, end):
            x_i = float64(load(x, i))
            negative = accumulate_add(negative, int64(x_i <= 0.0))
            v = select(x_i <= 0.0, 1.0 - x_i, x_i)
{lines}
            store(beside, i - begin, y)
        if negative > 0:
            for i in range(begin, end):
                x_i = float64(load(x, i))
                y = load(beside, i - begin)
                t = x_i - rint(x_i)
                s = t * t
                sine = t * {horner(_SINE, "s")}
                {below}
                store(beside, i - begin, select(x_i <= 0.0, y_below, y))
        for i in range(begin, end):
            x_i = float64(load(x, i))
            whole = (x_i <= 0.0) & (x_i == floor(x_i))
            y = load(beside, i - begin)
            {last}
            store(out, i, {word(type.dtype)}(y))
    """
    n = element_count(type.shape)
    return Loop(body, {"n": n}, (n + (_BLOCK - 1)) // _BLOCK, 8 * n)


def lgamma_loop(types: Any, type: Any) -> Loop:
    """Series at 2 between 1.5 and 2.5, to which recurrences lead from 0 to 8; Stirling's series from 8 on; reflection below 0."""
    down = "\n".join("""less = u - 1.0
            factor = select(u >= 2.5, factor * less, factor)
            u = select(u >= 2.5, less, u)""" for _ in range(6))
    above = f"""
            u = v
            factor = float64(1)
            {down}
            factor = select(v < 0.5, v * (1.0 + v), select(v < 1.5, v, factor))
            z = select(v < 0.5, v, select(v < 1.5, v - 1.0, u - 2.0))
            low = v < 8.0
            logarithm = log(select(low, factor, v))
            near = {horner(_AT_TWO, "z")} + select(v < 1.5, -logarithm, logarithm)
            r = 1.0 / v
            s = r * r
            far = (v - 0.5) * logarithm - v + {0.5 * math.log(2 * math.pi)!r} + r * {horner(STIRLING, "s")}
            y = select(low, near, far)
    """
    return _blocks(type, above, f"y_below = log({math.pi!r} / abs(sine)) - y", "y = select(whole | (abs(x_i) == inf), float64(inf), y)")


def cotangent_factors(order: int) -> list[float]:
    """The derivative of that order of pi cot(pi x), as factors of the powers of c = cot(pi x), for dc/dx = -pi (1 + c^2)."""
    factors = [0.0, math.pi]
    for _ in range(order):
        slopes = [i * f * -math.pi for i, f in enumerate(factors)][1:]
        factors = [a + b for a, b in zip([*slopes, 0.0, 0.0], [0.0, 0.0, *slopes], strict=True)]
    return factors


def polygamma_terms(order: int) -> list[float]:
    """Of the asymptotic series of a polygamma function (Abramowitz and Stegun 1964, 6.4.11) in x^-2, divided by order! x^-order."""
    return [b * math.comb(2 * j + order - 1, order - 1) / order for j, b in enumerate(BERNOULLI, 1)]


def polygamma_loop(types: Any, type: Any, order: int) -> Loop | None:
    """Terms of x up to x + 9 + order, smallest first, and the asymptotic series beyond; reflection below 0. None: by Python, of high orders.

    The terms have a sum of their own: of a large x they are small beside the series, which each of them would round once more.
    """
    if order > ORDERS:
        return None
    steps = 10 + order
    power = "\n".join(["power = r"] + ["power = power * r"] * (order - 1))
    down = "\n".join(f"""u = v + {float(k)!r}
            r = 1.0 / u
            {power}
            nearer = fma(power, r, nearer)""" for k in reversed(range(steps)))
    sign, turned = (-1) ** (order + 1), "-y" if order % 2 else "y"
    above = f"""
            u = v + {float(steps)!r}
            r = 1.0 / u
            s = r * r
            {power}
            total = power * ({1 / order!r} + 0.5 * r + s * ({horner(polygamma_terms(order), "s")}))
            nearer = float64(0)
            {down}
            y = (total + nearer) * {sign * float(math.factorial(order))!r}
    """
    below = f"""c = {horner(_COSINE, "s")} / sine
                y_below = {turned} - ({horner(cotangent_factors(order), "c")})"""
    pole = "float64(inf)" if sign > 0 else "-float64(inf)"
    return _blocks(type, above, below, f"y = select(x_i == 0.0, {pole}, select(whole, float64(inf) - float64(inf), y))")


def digamma_loop(types: Any, type: Any) -> Loop:
    """Recurrence up to 10, then the asymptotic series (Bernardo 1976); reflection below 0. The recurrence is one quotient p / q."""
    up = "\n".join("""p = select(u < 10.0, p * u + q, p)
            q = select(u < 10.0, q * u, q)
            u = select(u < 10.0, u + 1.0, u)""" for _ in range(10))
    above = f"""
            u = v
            p = float64(0)
            q = float64(1)
            {up}
            r = 1.0 / u
            s = r * r
            y = log(u) - 0.5 * r - s * {horner(DIGAMMA, "s")} - p / q
    """
    return _blocks(type, above, f"y_below = y - {math.pi!r} * {horner(_COSINE, 's')} / sine", "y = select(whole, float64(inf) - float64(inf), y)")
