"""The loop nests of the incomplete gamma and beta functions and of Hurwitz's zeta function: series and fractions, in double precision throughout."""

from __future__ import annotations

import math
from typing import Any

from ..ir.loops import Loop, word
from ..ir.types import element_count
from .gamma_loops import DIGAMMA, STIRLING, horner

_HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)
_EPS = 2.0**-53
# B_2j / (2j)! of the Bernoulli numbers.
_RATIOS = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600, -3617 / 10670622842880000,
           43867 / 5109094217170944000, -174611 / 802857662698291200000)
_WORK = 64                      # what an element costs, beside one of a loop that adds

# log of x^a e^-x / gamma(a + 1). From 10 on by what x deviates from a and Stirling's series, else by what a recurrence leads to: near x = a
# the terms of the logarithm are large, and nearly cancel.
_GAMMA_FACTOR = f"""
if a >= 10.0:
    m = (x - a) / a
    if abs(m) < 0.5:
        ratio = log1p(m) - m
    else:
        ratio = log(x / a) - m
    r = 1.0 / a
    s = r * r
    factor = a * ratio - 0.5 * log(a) - {_HALF_LOG_TAU!r} - r * {horner(STIRLING, "s")}
else:
    p = 1.0
    v = a + 1.0
    while v < 10.0:
        p *= v
        v += 1.0
    r = 1.0 / v
    s = r * r
    factor = a * log(x) - x + log(p) - ((v - 0.5) * log(v) - v + {_HALF_LOG_TAU!r} + r * {horner(STIRLING, "s")})
"""

# The lower function by its series (Abramowitz and Stegun 1964, 6.5.29), `slope` being its derivative by a.
_GAMMA_SERIES = """
term = 1.0
total = 1.0
below = a
while term > total * EPS:
    below += 1.0
    term *= x / below
    total += term
"""
_GAMMA_SERIES_SLOPE = """
term = 1.0
total = 1.0
slope = 0.0
turn = 0.0
below = a
while term > total * EPS or abs(turn) > abs(slope) * EPS:
    below += 1.0
    turn = (turn - term / below) * (x / below)
    term *= x / below
    total += term
    slope += turn
"""

# The upper function by its continued fraction (6.5.31), as numerators p and denominators q of its convergents, `slope` being its derivative by a.
# What only the derivative needs is marked with *, what only the value alone with -.
_GAMMA_CONVERGENTS = """
  y = 1.0 - a
  z = x + y + 1.0
  count = 0.0
  p2 = 1.0
  q2 = x
  p1 = x + 1.0
  q1 = z * x
* dp2 = 0.0
* dq2 = 0.0
* dp1 = 0.0
* dq1 = -x
  value = p1 / q1
* slope = -value * dq1 / q1
  change = 1.0
  while change > EPS and count < 2000.0:
      count += 1.0
      y += 1.0
      z += 2.0
      p0 = p1 * z - p2 * (y * count)
      q0 = q1 * z - q2 * (y * count)
*     dp0 = dp1 * z - p1 - dp2 * (y * count) + p2 * count
*     dq0 = dq1 * z - q1 - dq2 * (y * count) + q2 * count
      p2 = p1
      q2 = q1
      p1 = p0
      q1 = q0
*     dp2 = dp1
*     dq2 = dq1
*     dp1 = dp0
*     dq1 = dq0
      if q0 != 0.0:
-         change = abs((value - p0 / q0) / (p0 / q0))
          value = p0 / q0
*         change = slope
*         slope = (dp0 - value * dq0) / q0
*         change = abs(change - slope) / max(abs(slope), 1e-300)
      if abs(p0) > 1e100:
          p2 *= 1e-100
          q2 *= 1e-100
          p1 *= 1e-100
          q1 *= 1e-100
*         dp2 *= 1e-100
*         dq2 *= 1e-100
*         dp1 *= 1e-100
*         dq1 *= 1e-100
"""
_GAMMA_FRACTION, _GAMMA_FRACTION_SLOPE = ("\n".join(line[2:] for line in _GAMMA_CONVERGENTS.splitlines() if line[:1] != left_out)
                                          for left_out in "*-")

# digamma(a + 1)
_DIGAMMA_ABOVE = f"""
w = a + 1.0
psi = 0.0
while w < 10.0:
    psi -= 1.0 / w
    w += 1.0
r = 1.0 / w
s = r * r
psi += log(w) - 0.5 * r - s * {horner(DIGAMMA, "s")}
"""


def _within(text: str, depth: int) -> str:
    return "".join(f"{'    ' * depth}{line}\n" for line in text.strip().replace("EPS", repr(_EPS)).splitlines())


def _pointwise(body: str, type: Any) -> Loop:
    n = element_count(type.shape)
    return Loop(body, {}, n, _WORK * n)


def gamma_loop(types: Any, type: Any, upper: bool) -> Loop:
    """P(a, x), or Q = 1 - P: the series up to x = max(1, a), then the fraction, whichever is the smaller of the two."""
    series, fraction = ("1.0 - series", "fraction") if upper else ("series", "1.0 - fraction")
    at_zero, at_infinity = ("1.0", "0.0") if upper else ("0.0", "1.0")
    return _pointwise(f"""
    for i in range(lo, hi):
        a = float64(load(exponent, i))
        x = float64(load(bound, i))
        if not (a > 0.0 and x >= 0.0) or (a == inf and x == inf):
            out_value = float64(inf) - float64(inf)
        elif x == 0.0 or a == inf:
            out_value = {at_zero}
        elif x == inf:
            out_value = {at_infinity}
        else:
{_within(_GAMMA_FACTOR, 3)}
            if x <= 1.0 or x <= a:
{_within(_GAMMA_SERIES, 4)}
                series = exp(factor) * total
                out_value = {series}
            else:
{_within(_GAMMA_FRACTION, 4)}
                fraction = exp(factor) * a * value
                out_value = {fraction}
        store(out, i, {word(type.dtype)}(out_value))
    """, type)


def gamma_slope_loop(types: Any, type: Any) -> Loop:
    """The derivative of P(a, x) by a: of the series' terms, or of the fraction's convergents."""
    return _pointwise(f"""
    for i in range(lo, hi):
        a = float64(load(exponent, i))
        x = float64(load(bound, i))
        if not (a > 0.0 and x >= 0.0) or (a == inf and x == inf):
            out_value = float64(inf) - float64(inf)
        elif x == 0.0 or x == inf or a == inf:
            out_value = 0.0
        else:
{_within(_GAMMA_FACTOR, 3)}
{_within(_DIGAMMA_ABOVE, 3)}
            if x <= 1.0 or x <= a:
{_within(_GAMMA_SERIES_SLOPE, 4)}
                out_value = exp(factor) * (total * (log(x) - psi) + slope)
            else:
{_within(_GAMMA_FRACTION_SLOPE, 4)}
                out_value = -exp(factor) * a * (slope + value * (log(x) - psi + 1.0 / a))
        store(out, i, {word(type.dtype)}(out_value))
    """, type)


# log gamma of v, at least 0.
_LOG_GAMMA = f"""
p = 1.0
while v < 10.0:
    p *= v
    v += 1.0
r = 1.0 / v
s = r * r
found = (v - 0.5) * log(v) - v + {_HALF_LOG_TAU!r} + r * {horner(STIRLING, "s")} - log(p)
"""


# x^a (1 - x)^b / beta(a, b): for large a and b of what x deviates from a / (a + b), and Stirling's series.
_BETA_FACTOR = f"""
if a >= 10.0 and b >= 10.0:
    d = x * b - a * rest
    corrections = 0.0
    v = a + b
    r = 1.0 / v
    s = r * r
    corrections += r * {horner(STIRLING, "s")}
    r = 1.0 / a
    s = r * r
    corrections -= r * {horner(STIRLING, "s")}
    r = 1.0 / b
    s = r * r
    corrections -= r * {horner(STIRLING, "s")}
    factor = a * log1p(d / a) + b * log1p(-d / b) + 0.5 * log(a * b / v) - {_HALF_LOG_TAU!r} + corrections
else:
    factor = a * log(x) + b * log(rest)
    v = a + b
{_within(_LOG_GAMMA, 1)}
    factor += found
    v = a
{_within(_LOG_GAMMA, 1)}
    factor -= found
    v = b
{_within(_LOG_GAMMA, 1)}
    factor -= found
"""

# The rest by its continued fraction (26.5.8) in Lentz's way.
_BETA_FRACTION = """
c = 1.0
d = 1.0 - (a + b) * x / (a + 1.0)
if abs(d) < 1e-300:
    d = 1e-300
d = 1.0 / d
value = d
count = 0.0
change = 1.0
while change > EPS and count < 10000.0:
    count += 1.0
    two = 2.0 * count
    step = count * (b - count) * x / ((a + two - 1.0) * (a + two))
    d = 1.0 + step * d
    c = 1.0 + step / c
    if abs(d) < 1e-300:
        d = 1e-300
    if abs(c) < 1e-300:
        c = 1e-300
    d = 1.0 / d
    value *= d * c
    step = -(a + count) * (a + b + count) * x / ((a + two) * (a + two + 1.0))
    d = 1.0 + step * d
    c = 1.0 + step / c
    if abs(d) < 1e-300:
        d = 1e-300
    if abs(c) < 1e-300:
        c = 1e-300
    d = 1.0 / d
    value *= d * c
    change = abs(d * c - 1.0)
"""


def beta_loop(types: Any, type: Any) -> Loop:
    """I_x(a, b) by its continued fraction (Abramowitz and Stegun 1964, 26.5.8), or 1 - I_{1-x}(b, a) where that is quicker."""
    return _pointwise(f"""
    for i in range(lo, hi):
        a = float64(load(first, i))
        b = float64(load(second, i))
        x = float64(load(bound, i))
        if not (a > 0.0 and b > 0.0 and x >= 0.0 and x <= 1.0) or a == inf or b == inf:
            out_value = float64(inf) - float64(inf)
        elif x == 0.0 or x == 1.0:
            out_value = x
        else:
            rest = 1.0 - x
            turned = x > (a + 1.0) / (a + b + 2.0)
            if turned:
                v = a
                a = b
                b = v
                rest = x
                x = 1.0 - x
{_within(_BETA_FACTOR, 3)}{_within(_BETA_FRACTION, 3)}            out_value = exp(factor) * value / a
            if turned:
                out_value = 1.0 - out_value
        store(out, i, {word(type.dtype)}(out_value))
    """, type)


def zeta_loop(types: Any, type: Any) -> Loop:
    """The first terms, and the sum of the others by Euler and Maclaurin (Abramowitz and Stegun 1964, 23.2.9 and 25.4.7)."""
    corrections = "\n".join(f"""
                total += {ratio!r} * rising * power
                rising *= (x + {2 * j + 1}.0) * (x + {2 * j + 2}.0)
                power *= r * r""" for j, ratio in enumerate(_RATIOS))
    return _pointwise(f"""
    for i in range(lo, hi):
        x = float64(load(order, i))
        q = float64(load(start, i))
        whole = q <= 0.0 and q == floor(q)
        if x == 1.0 or (x > 1.0 and whole):
            total = float64(inf)
        elif not (x > 1.0) or not (q > 0.0 or x == floor(x)) or q == inf or q == -inf:
            total = float64(inf) - float64(inf)
            if q == inf and x > 1.0:
                total = 0.0
        else:
            odd = x - 2.0 * floor(0.5 * x)
            total = 0.0
            term = 1.0
            while q < 12.0 + 0.6 * min(x, 1e6) and abs(term) > {_EPS!r} * abs(total):
                term = pow(abs(q), -x)
                if q < 0.0 and odd == 1.0:
                    term = -term
                total += term
                q += 1.0
            if q >= 12.0 + 0.6 * min(x, 1e6):
                r = 1.0 / q
                power = pow(q, -x)
                total += power * q / (x - 1.0) + 0.5 * power
                power *= r
                rising = x
{corrections}
        store(out, i, {word(type.dtype)}(total))
    """, type)
