"""Trigonometric functions and their inverses, as branch-free sequences of vectorisable instructions.

Arguments up to REDUCTION_LIMIT are reduced by subtracting a multiple of pi in three parts, each step one fused multiply-add (Cody and Waite,
1980): the first step is exact, so nothing is lost by cancellation. Larger ones go through `vecmath_huge`. The polynomials are minimax
(E. Remez, 1934), fitted with 160-bit arithmetic. The error quoted is the largest seen, in units of the last place (float32 / float64),
against mpmath.
"""

from __future__ import annotations

from math import inf, pi

from .vecmath_huge import COSINE, SINE, TANGENT, repair
from .vecmath_value import Value, fma, mad, poly, select

PI = {
    32: (3.1415927, -8.742278e-08, -3.430249e-15),
    64: (3.141592653589793, 1.2246467991473532e-16, -2.9947698097183397e-33),
}
REDUCTION_LIMIT = {32: 2.0**18, 64: 2.0**40}

# (sin(r) - r) / r**3 in r**2 <= 2.5, for |r| <= pi/2.
SIN_HALF_TURN = {
    32: (-0.16666658, 0.008333025, -0.00019806199, 2.5977188e-06),
    64: (-0.16666666666666666, 0.008333333333333203, -0.00019841269841210357, 2.75573192110901e-06, -2.5052106851548853e-08,
         1.605893793753988e-10, -7.642929646297087e-13, 2.7203730207267826e-15),
}
# The same, and (cos(r) - 1 + r**2 / 2) / r**4, in r**2 <= 0.63, for |r| <= pi/4.
SIN_QUARTER_TURN = {
    32: (-0.16666651, 0.008331919, -0.00019483038),
    64: (-0.16666666666666627, 0.008333333333321048, -0.00019841269828671358, 2.755731328684043e-06, -2.5050693358567673e-08,
         1.5892978158268012e-10),
}
COS_QUARTER_TURN = {
    32: (0.041666638, -0.0013886959, 2.4393645e-05),
    64: (0.04166666666666658, -0.001388888888887097, 2.4801587287527967e-05, -2.755731379157235e-07, 2.087564749173212e-09,
         -1.1355744129317668e-11),
}
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

def subtract_turns(x: Value, n: Value, unit: float) -> Value:
    """x - n pi unit, exact but for the last rounding; unit is a power of two."""
    r = x
    for part in PI[x.format.bits]:
        r = fma(n, -part * unit, r)
    return r


def sine_of_remainder(r: Value, shifted: Value) -> Value:
    """(-1)**n sin(r) for |r| <= pi/2, where the low bit of `shifted` is that of n."""
    z = r * r
    y = mad(r * z, poly(z, SIN_HALF_TURN[r.format.bits]), r)
    return (y.to_bits() ^ (shifted.to_bits() << (r.format.bits - 1))).from_bits()


def sin(x: Value) -> Value:
    """Sine. Error 0 / 0 ulp."""
    f = x.format
    shifted = mad(x, 1 / pi, f.shifter)
    y = sine_of_remainder(subtract_turns(x, shifted - f.shifter, 1.0), shifted)
    return repair(SINE, REDUCTION_LIMIT[f.bits], x, select(x.same(0.0), x, y))


def cos(x: Value) -> Value:
    """Cosine, as the sine of the distance to an odd multiple of pi/2. Error 0 / 0 ulp."""
    f = x.format
    shifted = mad(x, 1 / pi, 0.5) + f.shifter
    y = sine_of_remainder(subtract_turns(x, (shifted - f.shifter) - 0.5, 1.0), shifted)
    return repair(COSINE, REDUCTION_LIMIT[f.bits], x, y)


def tan(x: Value) -> Value:
    """Tangent, as a quotient of sine and cosine. Error 0 / 0 ulp."""
    f = x.format
    shifted = mad(x, 2 / pi, f.shifter)
    r = subtract_turns(x, shifted - f.shifter, 0.5)
    z = r * r
    sine = mad(r * z, poly(z, SIN_QUARTER_TURN[f.bits]), r)
    cosine = mad(z, mad(z, poly(z, COS_QUARTER_TURN[f.bits]), -0.5), 1.0)
    odd = (shifted.to_bits() & 1).differs(0)
    y = select(odd, -cosine, sine) / select(odd, sine, cosine)
    return repair(TANGENT, REDUCTION_LIMIT[f.bits], x, select(x.same(0.0), x, y))


# ---------------------------------------------------------------------- inverses

def asin_parts(x: Value) -> tuple[Value, Value, Value]:
    """Whether |x| > 1/2; s = |x|, or sqrt((1 - |x|) / 2) then; and asin(s) - s."""
    a = abs(x)
    outer = a > 0.5
    z = select(outer, mad(a, -0.5, 0.5), a * a)
    s = select(outer, z.sqrt(), a)
    return outer, s, s * z * poly(z, ASIN[x.format.bits])


def low_part(x: Value, turns: float) -> float:
    """What the rounding of `turns` pi leaves out, turns a power of two."""
    return PI[x.format.bits][1] * turns


def high_part(x: Value, turns: float) -> float:
    return PI[x.format.bits][0] * turns


def asin(x: Value) -> Value:
    """Inverse sine; nan outside [-1, 1]. Error 0 / 0 ulp."""
    outer, s, rest = asin_parts(x)
    angle = s + rest
    complement = high_part(x, 0.5) - (angle + angle - low_part(x, 0.5))
    return select(outer, complement, angle).copysign(x)


def acos(x: Value) -> Value:
    """Inverse cosine; nan outside [-1, 1]. Error 0 / 0 ulp."""
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
    base = select(beyond_three_eighths, y.constant(high_part(y, 0.5)), select(beyond_eighth, y.constant(high_part(y, 0.25)), 0.0))
    base_low = select(beyond_three_eighths, y.constant(low_part(y, 0.5)), select(beyond_eighth, y.constant(low_part(y, 0.25)), 0.0))
    t = numerator / denominator
    z = t * t
    return base + (t + mad(t * z, poly(z, ATAN[y.format.bits]), base_low))


def atan(x: Value) -> Value:
    """Inverse tangent. Error 0 / 0 ulp."""
    return atan_ratio(abs(x), x.constant(1.0)).copysign(x)


def atan2(y: Value, x: Value) -> Value:
    """Angle of the point (x, y), with the signs and special values of C99 (annex F.9.1.4). Error 0 / 0 ulp."""
    f = y.format
    a, b = abs(y), abs(x)
    largest, smallest = select(a > b, a, b), select(a > b, b, a)
    # Both infinite, or both zero, are the directions of (1, 1) and of (1, 0).
    a = select(smallest.same(inf), 1.0, a)
    b = select(smallest.same(inf), 1.0, select(largest.same(0.0), 1.0, b))
    # Scaled, so that their sum does not overflow and denormals keep their digits.
    factor = select(largest > 2.0 ** (f.bias - 1), largest.constant(0.25),
                    select(largest < 2.0 ** (2 * f.mantissa - f.bias), largest.constant(2.0 ** (f.mantissa + 2)), 1.0))
    angle = atan_ratio(a * factor, b * factor)
    reflected = high_part(y, 1.0) - (angle - low_part(y, 1.0))
    return select(x.to_bits() < 0, reflected, angle).copysign(y)


FUNCTIONS = {"sin": sin, "cos": cos, "tan": tan, "asin": asin, "acos": acos, "atan": atan, "atan2": atan2}
