"""Trigonometric functions and their inverses, as branch-free sequences of vectorisable instructions.

Arguments up to REDUCTION_LIMIT are reduced by subtracting a multiple of pi/2 in three parts, each step one fused
multiply-add (Cody and Waite, 1980): the first step is exact, so nothing is lost by cancellation. Larger ones go through
`vecmath_huge`. The polynomials are minimax (E. Remez, 1934), fitted with 160-bit arithmetic. The error quoted is the
largest seen, in units of the last place (float32 / float64), against mpmath.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi

from .vecmath_huge import COSINE, SINE, TANGENT, pick_quadrant, repair, sine_cosine, tangent
from .vecmath_value import Value, fma, mad, poly, select

# Each part is what the parts before it leave of pi.
PI = {
    32: (3.1415927, -8.742278e-08, -3.430249e-15),
    64: (3.141592653589793, 1.2246467991473532e-16, -2.9947698097183397e-33),
}
REDUCTION_LIMIT = {32: 2.0**18, 64: 2.0**40}

# (asin(s) - s) / s**3 in s**2 <= 1/4, and (atan(t) - t) / t**3 in t**2 <= 0.1718.
ASIN = {
    32: (0.16666754, 0.07495249, 0.045476664, 0.024148077, 0.042219963),
    64: (0.16666666666665375, 0.07500000000344977, 0.04464285682182107, 0.030381959402148728, 0.022371751771774546,
         0.017359798237191023, 0.013884323876758229, 0.012175123276634751, 0.00650270955352685, 0.019596634230301634,
         -0.016330402922247883, 0.031984305787437856),
}
ATAN = {
    32: (-0.33333316, 0.1999853, -0.14244422, 0.10599357, -0.060903545),
    64: (-0.333333333333332, 0.19999999999953721, -0.1428571428020501, 0.11111110783698873, -0.09090897760247005,
         0.07692060191244625, -0.06663103061300957, 0.058478771747634994, -0.05039228874850577, 0.03806212250260906,
         -0.017904006022556186),
}
TAN_EIGHTH = 0.41421356237309503  # tan(pi / 8)


# ---------------------------------------------------------------------- sin, cos, tan

def reduce_angle(x: Value) -> tuple[Value, Value]:
    """An integer whose low bits are those of n, and r, with x = n pi/2 + r, |r| <= pi/4; |x| <= REDUCTION_LIMIT."""
    f = x.format
    shifted = mad(x, 2 / pi, f.shifter)
    n, r = shifted - f.shifter, x
    for part in PI[f.bits]:
        r = fma(n, -part / 2, r)
    return shifted.to_bits(), r


def sin(x: Value) -> Value:
    """Sine. Error 1.6 / 1.4 ulp."""
    n, r = reduce_angle(x)
    y = pick_quadrant(n, *sine_cosine(r))
    return repair(SINE, REDUCTION_LIMIT[x.format.bits], x, select(x.same(0.0), x, y))


def cos(x: Value) -> Value:
    """Cosine. Error 1.6 / 1.5 ulp."""
    n, r = reduce_angle(x)
    return repair(COSINE, REDUCTION_LIMIT[x.format.bits], x, pick_quadrant(n + 1, *sine_cosine(r)))


def tan(x: Value) -> Value:
    """Tangent. Error 3.3 / 2.9 ulp."""
    n, r = reduce_angle(x)
    y = tangent(n, *sine_cosine(r))
    return repair(TANGENT, REDUCTION_LIMIT[x.format.bits], x, select(x.same(0.0), x, y))


# ---------------------------------------------------------------------- inverses

def asin_parts(x: Value) -> tuple[Value, Value, Value]:
    """Whether |x| > 1/2; s = |x|, or sqrt((1 - |x|) / 2) then; and asin(s) - s."""
    a = abs(x)
    outer = a > 0.5
    z = select(outer, mad(a, -0.5, 0.5), a * a)
    s = select(outer, z.sqrt(), a)
    return outer, s, s * z * poly(z, ASIN[x.format.bits])


def high_part(x: Value, turns: float) -> float:
    """The number nearest to `turns` pi in the format of x, turns a power of two."""
    return PI[x.format.bits][0] * turns


def low_part(x: Value, turns: float) -> float:
    """What `high_part` leaves out."""
    return PI[x.format.bits][1] * turns


def asin(x: Value) -> Value:
    """Inverse sine; nan outside [-1, 1]. Error 2.4 / 2.3 ulp."""
    outer, s, rest = asin_parts(x)
    angle = s + rest
    complement = high_part(x, 0.5) - (angle + angle - low_part(x, 0.5))
    return select(outer, complement, angle).copysign(x)


def acos(x: Value) -> Value:
    """Inverse cosine; nan outside [-1, 1]. Error 1.2 / 1.2 ulp."""
    outer, s, rest = asin_parts(x)
    angle = s + rest
    near_one = angle + angle
    near_minus_one = high_part(x, 1.0) - (near_one - low_part(x, 1.0))
    middle = high_part(x, 0.5) - (x - (low_part(x, 0.5) - rest.copysign(x)))
    return select(outer, select(x < 0.0, near_minus_one, near_one), middle)


def atan_ratio(y: Value, x: Value) -> Value:
    """atan(y / x) for y, x >= 0 and not both inf; both moderate in size if x is not 1.

    The angle is taken from 0, pi/4 or pi/2, whichever is nearest: one division, |t| <= tan(pi/8).
    """
    beyond_eighth, beyond_three_eighths = y > x * TAN_EIGHTH, y > x * (1 / TAN_EIGHTH)
    numerator = select(beyond_three_eighths, -x, select(beyond_eighth, y - x, y))
    denominator = select(beyond_three_eighths, y, select(beyond_eighth, y + x, x))
    turns = select(beyond_three_eighths, y.constant(0.5), select(beyond_eighth, y.constant(0.25), 0.0))
    base, base_low = turns * high_part(y, 1.0), turns * low_part(y, 1.0)
    t = numerator / denominator
    z = t * t
    return base + (t + mad(t * z, poly(z, ATAN[y.format.bits]), base_low))


def atan(x: Value) -> Value:
    """Inverse tangent. Error 1.9 / 1.9 ulp."""
    return atan_ratio(abs(x), x.constant(1.0)).copysign(x)


def atan2(y: Value, x: Value) -> Value:
    """Angle of the point (x, y), with the signs and special values of C99 (annex F.9.1.4). Error 2.0 / 1.8 ulp."""
    f = y.format
    a, b = abs(y), abs(x)
    # Equal sides make pi/4, both zero the direction of (1, 0); this covers two infinities.
    equal = a.same(b)
    a = select(equal, select(a.same(0.0), a, 1.0), a)
    b = select(equal, 1.0, b)
    largest = select(a > b, a, b)
    # Scaled, so that their sum does not overflow and denormals keep their digits.
    factor = select(largest > 2.0 ** (f.bias - 1), largest.constant(0.25),
                    select(largest < 2.0 ** (2 * f.mantissa - f.bias), largest.constant(2.0 ** (f.mantissa + 2)), 1.0))
    angle = atan_ratio(a * factor, b * factor)
    reflected = high_part(y, 1.0) - (angle - low_part(y, 1.0))
    return select(x.to_bits() < 0, reflected, angle).copysign(y)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "sin": sin, "cos": cos, "tan": tan, "asin": asin, "acos": acos, "atan": atan, "atan2": atan2,
}
