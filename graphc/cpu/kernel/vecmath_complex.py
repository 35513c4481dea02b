"""Arithmetic and elementary functions of complex numbers, as branch-free sequences of instructions on their real and imaginary parts.

Nothing on the way overflows or is lost to zero that is not so in the result, but for a few units in the last place at either end of the
range. Errors are of the modulus of the result: of a part that is much smaller than the other, and a difference, fewer digits are right.
Branch cuts are those of C (Kahan 1987, "Branch cuts for complex elementary functions"), a zero's sign telling on which side of one a number
lies.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any, NamedTuple

from . import vecmath_exp as real_exp
from . import vecmath_trig as real_trig
from .vecmath_value import Value, select

STEEP = {32: 40.0, 64: 350.0}       # where tanh is 1 or -1 to the last place, and squares of sinh do not overflow


class Pair(NamedTuple):
    """A complex number: its parts."""

    re: Value
    im: Value


# ---------------------------------------------------------------------- arithmetic

def add(x: Pair, y: Pair) -> Pair:
    return Pair(x.re + y.re, x.im + y.im)


def subtract(x: Pair, y: Pair) -> Pair:
    return Pair(x.re - y.re, x.im - y.im)


def multiply(x: Pair, y: Pair) -> Pair:
    return Pair(x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re)


def divide(x: Pair, y: Pair) -> Pair:
    """The quotient, by the ratio of the divisor's smaller part to its larger one (Smith 1962, algorithm 116); by 0, that of the parts by 0."""
    steep = abs(y.im) > abs(y.re)
    large, small = select(steep, y.im, y.re), select(steep, y.re, y.im)
    none = large.same(0.0)
    ratio = select(none, 0.0, small / large)
    whole = select(none, abs(large), large) + small * ratio
    first, second = select(steep, x.im, x.re), select(steep, x.re, x.im)
    cross = second - first * ratio
    return Pair((first + second * ratio) / whole, select(steep, -cross, cross) / whole)


def negative(x: Pair) -> Pair:
    return Pair(-x.re, -x.im)


def conjugate(x: Pair) -> Pair:
    return Pair(x.re, -x.im)


# ---------------------------------------------------------------------- modulus and angle

def modulus(x: Pair) -> Value:
    """sqrt(re^2 + im^2), by the ratio of the parts; infinite if one of them is, even beside nan."""
    a, b = abs(x.re), abs(x.im)
    large, small = select(b > a, b, a), select(b > a, a, b)
    ratio = small / large
    found = large * (1.0 + ratio * ratio).sqrt()
    found = select(large.same(0.0), small, found)
    return select(a.same(inf), inf, select(b.same(inf), inf, found))


def angle(x: Pair) -> Value:
    return real_trig.atan2(x.im, x.re)


def _log_modulus(x: Pair) -> Value:
    """log |x|, near |x| = 1 by what its square has above 1."""
    a, b = abs(x.re), abs(x.im)
    large, small = select(b > a, b, a), select(b > a, a, b)
    ratio = small / large
    far = real_exp.log(large) + 0.5 * real_exp.log1p(ratio * ratio)
    near = 0.5 * real_exp.log1p((large - 1.0) * (large + 1.0) + small * small)
    found = select(abs(large - 1.0) < 0.5, near, far)
    found = select(large.same(0.0), -inf, found)
    return select(a.same(inf), inf, select(b.same(inf), inf, found))


# ---------------------------------------------------------------------- elementary functions

def exp(x: Pair) -> Pair:
    """exp(re) (cos(im) + i sin(im)), exp(re) in two halves: the last of the range is not lost to a factor; of a real number it is real."""
    half = real_exp.exp(0.5 * x.re)
    real, lost = x.im.same(0.0), x.re.same(-inf)
    re, im = ((half * part) * half for part in (real_trig.cos(x.im), real_trig.sin(x.im)))
    return Pair(select(real, half * half, select(lost, 0.0, re)), select(real, x.im, select(lost, 0.0, im)))


def log_of(x: Pair) -> Pair:
    return Pair(_log_modulus(x), angle(x))


def expm1(x: Pair) -> Pair:
    """exp(x) - 1: expm1(re) cos(im) - 2 sin(im / 2)^2, and exp(re) sin(im)."""
    sine = real_trig.sin(0.5 * x.im)
    found = exp(x)
    return Pair(real_exp.expm1(x.re) * real_trig.cos(x.im) - 2.0 * (sine * sine), found.im)


def log1p(x: Pair) -> Pair:
    """log(1 + x): where x is small, half of log1p(re (2 + re) + im^2)."""
    above = Pair(1.0 + x.re, x.im)
    near = 0.5 * real_exp.log1p(x.re * (2.0 + x.re) + x.im * x.im)
    small = abs(x.re) < 0.5
    return Pair(select(small, select(abs(x.im) < 0.5, near, _log_modulus(above)), _log_modulus(above)), angle(above))


def sqrt(x: Pair) -> Pair:
    """The root in the right half plane, by the larger of its parts: sqrt((|re| + |x|) / 2)."""
    halved = modulus(Pair(0.5 * x.re, 0.5 * x.im))
    large = (0.5 * abs(x.re) + halved).sqrt()
    other = abs(x.im) / (2.0 * large)
    other = select(large.same(0.0), abs(x.im), select(large.same(inf), select(abs(x.im).same(inf), inf, large.constant(0.0)), other))
    right = x.re >= 0.0
    return Pair(select(right, large, other), select(right, other, large).copysign(x.im))


def sinh(x: Pair) -> Pair:
    return Pair(real_exp.sinh(x.re) * real_trig.cos(x.im), real_exp.cosh(x.re) * real_trig.sin(x.im))


def cosh(x: Pair) -> Pair:
    return Pair(real_exp.cosh(x.re) * real_trig.cos(x.im), real_exp.sinh(x.re) * real_trig.sin(x.im))


def sin(x: Pair) -> Pair:
    return Pair(real_trig.sin(x.re) * real_exp.cosh(x.im), real_trig.cos(x.re) * real_exp.sinh(x.im))


def cos(x: Pair) -> Pair:
    return Pair(real_trig.cos(x.re) * real_exp.cosh(x.im), -(real_trig.sin(x.re) * real_exp.sinh(x.im)))


def tanh(x: Pair) -> Pair:
    """(sinh cosh + i sin cos) / (sinh^2 + cos^2), the first two of re, the others of im: the denominator's terms do not cancel."""
    limit = STEEP[x.re.format.bits]
    a = select(x.re > limit, limit, select(x.re < -limit, -limit, x.re))
    sinh_a, cosh_a = real_exp.sinh(a), real_exp.cosh(a)
    sine, cosine = real_trig.sin(x.im), real_trig.cos(x.im)
    whole = sinh_a * sinh_a + cosine * cosine
    return Pair(sinh_a * cosh_a / whole, sine * cosine / whole)


def tan(x: Pair) -> Pair:
    """-i tanh(i x)."""
    turned = tanh(Pair(-x.im, x.re))
    return Pair(turned.im, -turned.re)


def sigmoid(x: Pair) -> Pair:
    """1 / (1 + exp(-x)): of the side on which the exponential is small, which does not overflow."""
    left = x.re < 0.0
    small = exp(Pair(-abs(x.re), select(left, x.im, -x.im)))
    one = small.re.constant(1.0)
    top = Pair(select(left, small.re, one), select(left, small.im, small.re.constant(0.0)))
    return divide(top, Pair(1.0 + small.re, small.im))


def power(x: Pair, y: Pair) -> Pair:
    """exp(y log x); of 0 it is 0, and 1 if y is 0 too."""
    logarithm = log_of(x)
    found = exp(multiply(y, logarithm))
    none, plain = x.re.same(0.0) & x.im.same(0.0), y.re.same(0.0) & y.im.same(0.0)
    lost = select(y.re > 0.0, 0.0, found.re.constant(nan))      # 0 to a power that is not to the right of it
    re = select(plain, 1.0, select(none, lost, found.re))
    return Pair(re, select(plain, 0.0, select(none, lost, found.im)))


def sign(x: Pair) -> Pair:
    """x / |x|; 0 stays 0."""
    size = modulus(x)
    none = size.same(0.0)
    return Pair(select(none, x.re, x.re / size), select(none, x.im, x.im / size))


# From pairs to a pair, and from a pair to a number.
ARITHMETIC: dict[str, Callable[..., Pair]] = {"add": add, "sub": subtract, "mul": multiply, "truediv": divide, "neg": negative}
FUNCTIONS: dict[str, Callable[..., Pair]] = {
    "exp": exp, "log": log_of, "expm1": expm1, "log1p": log1p, "sqrt": sqrt, "sinh": sinh, "cosh": cosh, "sin": sin, "cos": cos, "tanh": tanh,
    "tan": tan, "sigmoid": sigmoid, "pow": power, "sign": sign, "conj": conjugate,
}
MEASURES: dict[str, Callable[[Pair], Any]] = {"abs": modulus, "angle": angle, "real": lambda x: x.re, "imag": lambda x: x.im}
