"""The elementary functions and a few special ones, element by element."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ir.node import OPERATORS
from ..ir.operator import Values, declare, elementwise
from ..ir.types import TensorType
from . import continued
from .gamma_loops import BERNOULLI, cotangent_factors, digamma_loop, lgamma_loop, polygamma_loop
from .math_arithmetic import at_pole, square
from .math_operands import wide

__all__ = ["exp", "log", "log1p", "expm1", "sqrt", "rsqrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2",
           "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sigmoid", "erf", "erfc", "lgamma", "digamma"]


@elementwise("exp({x})", grad=lambda g, y, x: (g * y,), complex=True, label="Exp")
def exp(x: Any) -> Any:
    """e ** x.  Its derivative is itself.

    >>> tf.Session(jit=False).run(tf.exp([0.0, 1.0]))
    array([1.      , 2.71828...], dtype=float32)
    """
    return np.exp(wide(x))


@elementwise("log({x})", grad=lambda g, y, x: (g / x,), domain=(0.2, 4.0), complex=True, label="Log")
def log(x: Any) -> Any:
    """Natural logarithm.  d log(x)/dx = 1 / x.

    >>> tf.Session(jit=False).run(tf.log([1.0, 2.0]))
    array([0.       , 0.69314...], dtype=float32)
    """
    return np.log(wide(x))


@elementwise("log1p({x})", grad=lambda g, y, x: (g / (1.0 + x),), domain=(-0.7, 4.0), complex=True, label="Log1p")
def log1p(x: Any) -> Any:
    """log(1 + x), exact near 0.  d/dx = 1 / (1 + x)."""
    x = wide(x)
    if x.dtype.kind != "c":
        return np.log1p(x)
    near = 0.5 * np.log1p(x.real * (2 + x.real) + x.imag * x.imag)      # numpy's own is not exact near 0
    above = np.array(x)
    above.real += 1                     # adding a complex number would lose the sign of a zero
    found = np.log(above)
    return np.where(np.maximum(np.abs(x.real), np.abs(x.imag)) < 0.5, near + 1j * found.imag, found).astype(x.dtype)


@elementwise("expm1({x})", grad=lambda g, y, x: (g * exp(x),), complex=True, label="Expm1")
def expm1(x: Any) -> Any:
    """exp(x) - 1, exact near 0.  d/dx = exp(x)."""
    return np.expm1(wide(x))


@elementwise("sqrt({x})", grad=lambda g, y, x: (g * 0.5 / at_pole(g, y, math.inf),), domain=(0.2, 4.0), complex=True, label="Sqrt")
def sqrt(x: Any) -> Any:
    """Square root.  d sqrt(x)/dx = 1 / (2 sqrt(x)), infinite at 0, where a gradient of 0 stays 0.

    >>> tf.Session(jit=False).run(tf.sqrt([4.0, 2.0]))
    array([2.       , 1.41421...], dtype=float32)
    """
    return np.sqrt(wide(x))


def _rsqrt_grad(g: Any, y: Any, x: Any) -> Any:
    y = at_pole(g, y, 0.0)
    return (g * -0.5 * y * y * y,)


@elementwise("{T}(1) / sqrt({x})", grad=_rsqrt_grad, domain=(0.3, 4.0), complex=True, label="Rsqrt")
def rsqrt(x: Any) -> Any:
    """1 / sqrt(x).  d/dx = -rsqrt(x)**3 / 2.

    >>> tf.Session(jit=False).run(tf.rsqrt([4.0, 16.0]))
    array([0.5 , 0.25], dtype=float32)
    """
    root = np.sqrt(wide(x))
    return np.ones((), root.dtype) / root


@elementwise("sin({x})", grad=lambda g, y, x: (g * OPERATORS["cos"](x),), complex=True, label="Sin")
def sin(x: Any) -> Any:
    """Sine of an angle in radians.  d sin(x)/dx = cos(x).

    >>> tf.Session(jit=False).run(tf.sin([0.0, 1.0]))
    array([0.      , 0.84147...], dtype=float32)
    """
    return np.sin(wide(x))


@elementwise("cos({x})", grad=lambda g, y, x: (-(g * sin(x)),), complex=True, label="Cos")
def cos(x: Any) -> Any:
    """Cosine of an angle in radians.  d cos(x)/dx = -sin(x).

    >>> tf.Session(jit=False).run(tf.cos([0.0, 1.0]))
    array([1.       , 0.54030...], dtype=float32)
    """
    return np.cos(wide(x))


@elementwise("tan({x})", grad=lambda g, y, x: (g * (1.0 + y * y),), domain=(-1.2, 1.2), complex=True, label="Tan")
def tan(x: Any) -> Any:
    """Tangent of an angle in radians.  d tan(x)/dx = 1 + tan(x)**2."""
    return np.tan(wide(x))


@elementwise("asin({x})", grad=lambda g, y, x: (g * rsqrt((1.0 - x) * (1.0 + x)),), domain=(-0.8, 0.8), label="Asin")
def asin(x: Any) -> Any:
    """The angle in [-pi/2, pi/2] whose sine is x.  d/dx = 1 / sqrt(1 - x**2)."""
    return np.arcsin(wide(x))


@elementwise("acos({x})", grad=lambda g, y, x: (-(g * rsqrt((1.0 - x) * (1.0 + x))),), domain=(-0.8, 0.8), label="Acos")
def acos(x: Any) -> Any:
    """The angle in [0, pi] whose cosine is x.  d/dx = -1 / sqrt(1 - x**2)."""
    return np.arccos(wide(x))


@elementwise("atan({x})", grad=lambda g, y, x: (g / (1.0 + square(x)),), analytic=continued.atan, label="Atan")
def atan(x: Any) -> Any:
    """The angle in (-pi/2, pi/2) whose tangent is x.  d/dx = 1 / (1 + x**2)."""
    return np.arctan(wide(x))


def _atan2_grad(g: Any, out: Any, y: Any, x: Any) -> Any:
    y, x = (v if v.type.dtype == g.type.dtype else OPERATORS["cast"](v, dtype=g.type.dtype.name) for v in (y, x))   # int8 squares wrap around
    scaled = g / (square(x) + square(y))
    return scaled * x, -(scaled * y)


@elementwise("atan2({y}, {x})", grad=_atan2_grad, domain=(0.3, 2.0), analytic=continued.atan2, label="Atan2")
def atan2(y: Any, x: Any) -> Any:
    """The angle of the point (x, y), in [-pi, pi]."""
    return np.arctan2(wide(y), wide(x))


@elementwise("sinh({x})", grad=lambda g, y, x: (g * OPERATORS["cosh"](x),), complex=True, label="Sinh")
def sinh(x: Any) -> Any:
    """Hyperbolic sine.  d sinh(x)/dx = cosh(x)."""
    return np.sinh(wide(x))


@elementwise("cosh({x})", grad=lambda g, y, x: (g * sinh(x),), complex=True, label="Cosh")
def cosh(x: Any) -> Any:
    """Hyperbolic cosine.  d cosh(x)/dx = sinh(x)."""
    return np.cosh(wide(x))


@elementwise("tanh({x})", grad=lambda g, y, x: (g * (1.0 - y * y),), complex=True, label="Tanh")
def tanh(x: Any) -> Any:
    """Hyperbolic tangent.  d tanh(x)/dx = 1 - tanh(x)**2.

    >>> tf.Session(jit=False).run(tf.tanh([0.0, 1.0]))
    array([0.       , 0.76159...], dtype=float32)
    """
    return np.tanh(wide(x))


# The squares of large numbers overflow; beyond 2**28 their logarithm is exact to the last place.
@elementwise("copysign(select(abs({x}) > {T}(268435456), log(abs({x})) + {T}(0.6931471805599453), "
             "log1p(abs({x}) + {x} * {x} / ({T}(1) + sqrt({x} * {x} + {T}(1))))), {x})",
             grad=lambda g, y, x: (g / cosh(y),), label="Asinh")
def asinh(x: Any) -> Any:
    """Inverse of sinh.  d/dx = 1 / sqrt(1 + x**2) = 1 / cosh(asinh(x))."""
    return np.arcsinh(wide(x))


@elementwise("select({x} > {T}(268435456), log({x}) + {T}(0.6931471805599453), "
             "log1p(({x} - {T}(1)) + sqrt({x} - {T}(1)) * sqrt({x} + {T}(1))))",
             grad=lambda g, y, x: (g / sinh(y),), domain=(1.2, 4.0), label="Acosh")
def acosh(x: Any) -> Any:
    """Inverse of cosh, of x >= 1.  d/dx = 1 / sqrt(x**2 - 1) = 1 / sinh(acosh(x))."""
    return np.arccosh(wide(x))


@elementwise("copysign({T}(0.5) * log1p({T}(2) * abs({x}) / ({T}(1) - abs({x}))), {x})",
             grad=lambda g, y, x: (g / ((1.0 - x) * (1.0 + x)),), domain=(-0.8, 0.8), label="Atanh")
def atanh(x: Any) -> Any:
    """Inverse of tanh.  d/dx = 1 / (1 - x**2)."""
    return np.arctanh(wide(x))


@elementwise("sigmoid({x})", grad=lambda g, y, x: (g * y * (1.0 - y),), analytic=continued.sigmoid, complex=True, label="Sigmoid")
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)).  d/dx = y (1 - y).

    >>> tf.Session(jit=False).run(tf.sigmoid([0.0, 2.0]))
    array([0.5     , 0.88079...], dtype=float32)
    """
    x = wide(x)
    if x.dtype.kind == "c":
        left = x.real < 0
        small = np.exp(np.where(left, x, -x))
        return np.where(left, small, np.ones((), x.dtype)) / (1 + small)
    small = np.exp(-np.abs(x.astype(np.result_type(x, np.float16))))        # never overflows, nor do integers wrap around
    return np.where(x >= 0, np.ones((), small.dtype), small) / (1 + small)


def each(function: Callable[[float], float], x: Any) -> Any:
    """A function of one Python float (or complex number) for every element, in the dtype numpy's own functions would answer in."""
    x = wide(x)
    dtype = x.dtype if x.dtype.kind in "fc" else np.result_type(x.dtype, np.float32)
    return np.vectorize(function, otypes=[np.result_type(dtype, np.float64)])(x).astype(dtype)


_TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)


@elementwise("erf({x})", grad=lambda g, y, x: (g * _TWO_OVER_SQRT_PI * exp(-square(x)),), analytic=continued.erf, label="Erf")
def erf(x: Any) -> Any:
    """Error function, 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x.

    >>> tf.Session(jit=False).run(tf.erf([0.0, 1.0]))
    array([0.       , 0.84270...], dtype=float32)
    """
    return each(math.erf, x)


def real_type(types: Sequence[TensorType], values: Values) -> TensorType:
    """The operand's type; of integers, the floating one that holds them."""
    dtype = types[0].dtype
    if dtype.kind != "f":
        dtype = np.result_type(dtype, np.float32)
    return TensorType(dtype, types[0].shape)


@elementwise("erfc({x})", grad=lambda g, y, x: (-(g * _TWO_OVER_SQRT_PI * exp(-square(x))),), analytic=continued.erfc, label="Erfc")
def erfc(x: Any) -> Any:
    """1 - erf(x), exact where erf(x) is near 1.

    Within 0.51 (float32) or 2.3 (float64) units in the last place. The source: Shepherd and Laframboise (1981).

    >>> tf.Session(jit=False).run(tf.erfc([0.0, 3.0]))
    array([1.0000000e+00, 2.20904...e-05], dtype=float32)
    """
    return each(math.erfc, x)


def _lgamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):  # a pole, or beyond the largest float
        return math.inf


def _digamma(x: float) -> float:
    """Logarithmic derivative of the gamma function: recurrence up to 10, then the asymptotic series (Bernardo 1976)."""
    if x <= 0:
        if math.isinf(x) or x == math.floor(x):
            return math.nan
        return _digamma(1 - x) - math.pi / math.tan(math.pi * (x - math.floor(x)))
    below = 0.0
    while x < 10:
        below -= 1 / x
        x += 1
    s = 1 / (x * x)
    series = s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * (691 / 32760 - s / 12))))))
    return below + math.log(x) - 0.5 / x - series


def _polygamma(x: float, order: int) -> float:
    """Recurrence up to 15 + order, then the asymptotic series (Abramowitz and Stegun 1964, 6.4.6 and 6.4.11); of x < 0 by reflection, 6.4.7."""
    if -math.inf < x.real < 0 and x != math.floor(x.real):
        return (-1) ** order * _polygamma(1 - x, order) - _cotangent(x, order)
    if not 0 < x.real < math.inf:
        return math.inf * -(-1) ** order if x == 0 else 0.0 if x > 0 else math.nan
    total = 0.0
    while x.real < 15 + order:
        total += (1 / x) ** (order + 1) if x.real > 1e-50 else math.inf
        x += 1
    total = math.factorial(order) * (total + 0.5 * x ** -(order + 1)) + math.factorial(order - 1) * x**-order
    for j, b in enumerate(BERNOULLI, 1):
        total += b * math.factorial(2 * j + order - 1) / math.factorial(2 * j) * x ** -(2 * j + order)
    return -(-1) ** order * total


def _cotangent(x: Any, order: int) -> Any:
    """The derivative of that order of pi cot(pi x)."""
    angle = math.pi * (x - math.floor(x.real))
    c = cmath.cos(angle) / cmath.sin(angle) if isinstance(angle, complex) else math.cos(angle) / math.sin(angle)
    return sum(f * c**i for i, f in enumerate(cotangent_factors(order)))


def _polygamma_type(types: Sequence[TensorType], values: Values, order: int) -> TensorType:
    return real_type(types, values)


@declare("routine", _polygamma_type, loop=polygamma_loop, domain=(0.3, 4.0), batch="aligned",
         samples=(([(3, 4)], {"order": 1}), ([(4,)], {"order": 3}), ([np.array([-2.6, -0.3, 0.01, 1.4, 30.0])], {"order": 2})),
         grad=lambda g, y, x, order: (g * OPERATORS["polygamma"](x, order=order + 1),))
def polygamma(x: Any, *, order: int = 1) -> Any:
    """The derivative of `digamma` of that order, at least 1; nan at the negative integers.

    Within 4 units in the last place of a float64 above 0 for the orders 1 and 2, and 10 up to 7. The source: Abramowitz and Stegun (1964), 6.4.
    """
    return each(lambda v: _polygamma(v, order), x)


@declare("routine", real_type, loop=digamma_loop, grad=lambda g, y, x: (g * polygamma(x),), domain=(0.3, 4.0),
         samples=(([(3, 4)], {}),), batch="aligned",
             analytic=continued.digamma, label="Digamma")
def digamma(x: Any) -> Any:
    """Derivative of `lgamma`; nan at 0 and the negative integers."""
    return each(_digamma, x)


@declare("routine", real_type, loop=lgamma_loop, grad=lambda g, y, x: (g * digamma(x),), domain=(0.3, 4.0),
         samples=(([(3, 4)], {}),), batch="aligned",
             analytic=continued.lgamma, label="Lgamma")
def lgamma(x: Any) -> Any:
    """Logarithm of the absolute value of the gamma function.  d/dx = digamma(x)."""
    return each(_lgamma, x)
