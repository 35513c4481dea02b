"""The incomplete gamma and beta functions, the polygamma functions and Hurwitz's zeta function, element by element, as machine code."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from ..errors import DTypeError
from ..ir.node import OPERATORS, Node, describe, here, saying
from ..ir.operator import Values, declare, to_node
from ..ir.registered import MISSING
from ..ir.types import Array, TensorType
from .array_move import broadcast_to, shape, stop_gradient
from .contract import RULES
from .incomplete_loops import beta_loop, gamma_loop, gamma_slope_loop, zeta_loop
from .math import add, cast, equal, exp, floor, lgamma, log, log1p, logical_and, subtract, where
from .math_functions import digamma
from .math_special import xlog1py, xlogy
from .reduce import reduce_sum
from .scopes import composed

__all__ = ["betainc", "igamma", "igammac", "lbeta", "polygamma", "zeta"]

Types = Sequence[TensorType]
_EPS = 2.0**-53


# ---------------------------------------------------------------------- what they share

def _type(types: Types, values: Values, **attrs: Any) -> TensorType:
    """All operands have one floating dtype and one shape."""
    dtype = types[0].dtype
    if dtype.kind != "f" or any(t.dtype != dtype for t in types):
        raise DTypeError(f"operands of one floating dtype are wanted, not {', '.join(str(t.dtype) for t in types)}")
    return TensorType(dtype, RULES["same"]([t.shape for t in types], 0))


def _each(function: Callable[..., float], *operands: Any) -> Array:
    """A function of Python's numbers for every element."""
    return np.vectorize(function, otypes=[np.float64])(*operands).astype(operands[0].dtype)


def _together(what: str, operator: Callable[..., Node], operands: Sequence[Any], name: str | None, **attrs: Any) -> Node:
    """An operator of operands that are repeated to one shape, whole numbers as float32."""
    with saying(what):
        tensors = [x if isinstance(x, Node) else to_node(x) for x in operands]
        floating = [x.type.dtype for x in tensors if x.type.dtype.kind == "f"]
        dtype = np.result_type(*floating) if floating else np.dtype(np.float32)
        for x in tensors:
            if x.type.dtype.kind not in "fiu":
                raise DTypeError(f"{describe(x)} is no real number{here()}")
        tensors = [x if x.type.dtype == dtype else cast(x, dtype=dtype) for x in tensors]
        if any(x.type.shape is None or None in x.type.shape or x.type.shape != tensors[0].type.shape for x in tensors):
            if all(x.type.known for x in tensors):
                whole: Any = np.array(np.broadcast_shapes(*(x.type.shape for x in tensors)), np.int32)
            else:
                whole = shape(reduce(add, tensors))
            tensors = [broadcast_to(x, whole) for x in tensors]
        return operator(*tensors, name=name, **attrs)


# ---------------------------------------------------------------------- gamma

def _factor(a: float, x: float) -> float:
    """The logarithm of x^a e^-x / gamma(a + 1)."""
    if a < 10:
        return a * math.log(x) - x - math.lgamma(a + 1)
    m = (x - a) / a
    ratio = math.log1p(m) - m if abs(m) < 0.5 else math.log(x / a) - m
    stirling = math.lgamma(a + 1) - (a + 0.5) * math.log(a) + a if a < 1e5 else 0.5 * math.log(2 * math.pi) + 1 / (12 * a)
    return a * ratio - 0.5 * math.log(a) - stirling


def _power(e: float) -> float:
    return math.exp(e) if e < 709 else math.inf


def _gamma(a: float, x: float, upper: bool) -> float:
    if not (a > 0 and x >= 0) or math.isinf(a) and math.isinf(x):
        return math.nan
    if x == 0 or math.isinf(x) or math.isinf(a):
        return float((not math.isinf(x)) == upper)
    if x <= 1 or x <= a:
        total = term = 1.0
        below = a
        while term > total * _EPS:
            below += 1
            term *= x / below
            total += term
        lower = _power(_factor(a, x)) * total
        return 1 - lower if upper else lower
    value, _ = _fraction(a, x)
    rest = _power(_factor(a, x)) * a * value
    return rest if upper else 1 - rest


def _fraction(a: float, x: float) -> tuple[float, float]:
    """The continued fraction of the upper function (Abramowitz and Stegun 1964, 6.5.31), and its derivative by a, from behind."""
    value, slope = 0.0, 0.0
    for n in range(30 + int(40 * math.sqrt(a + 10)) + int(400 / x), 0, -1):
        top, below = n * (n - a), x + 2 * n + 1 - a + value
        value, slope = -top / below, n / below + top / below**2 * (slope - 1)
    below = x + 1 - a + value
    return 1 / below, -(slope - 1) / below**2


def _gamma_slope(a: float, x: float) -> float:
    if not (a > 0 and x >= 0) or math.isinf(a) and math.isinf(x):
        return math.nan
    if x == 0 or math.isinf(x) or math.isinf(a):
        return 0.0
    turned = math.log(x) - float(digamma.reference(np.float64(a + 1)))
    if x <= 1 or x <= a:
        total, term, slope, turn, below = 1.0, 1.0, 0.0, 0.0, a
        while term > total * _EPS or abs(turn) > abs(slope) * _EPS:
            below += 1
            turn = (turn - term / below) * (x / below)
            term *= x / below
            total, slope = total + term, slope + turn
        return _power(_factor(a, x)) * (total * turned + slope)
    value, slope = _fraction(a, x)
    return -_power(_factor(a, x)) * a * (slope + value * (turned + 1 / a))


def _density(a: Node, x: Node) -> Node:
    """x^(a-1) e^-x / gamma(a), the derivative of the lower function by x."""
    return exp(_logarithm(a - 1.0, x) - x - lgamma(a))


def _logarithm(a: Node, x: Node, of: Callable[..., Node] = log, product: Callable[..., Node] = xlogy, least: float = 0.0) -> Node:
    """log(x^a), or of 1 + x; 0 where a and the base are, which is at the `least` x. `xlogy` alone has no derivative by an a that is 0."""
    bare = equal(x, least)
    return where(bare, product(a, x), a * of(where(bare, subtract(1.0, x), x)))


_GAMMA_SAMPLES: Any = (([(3, 4), (3, 4)], {"upper": False}), ([(3, 4), (3, 4)], {"upper": True}), ([(0,), (0,)], {"upper": False}),
                       ([np.array([0.5, 3.0, 12.0, 40.0]), np.array([4.0, 9.0, 9.0, 50.0])], {"upper": False}))


@declare("routine", _type, loop=lambda types, type, upper: gamma_loop(types, type, upper), batch="leading", domain=(0.3, 4.0), analytic=False,
         once=(0,), samples=_GAMMA_SAMPLES, label="Igamma",
         grad=lambda g, y, a, x, upper: ((-g if upper else g) * OPERATORS["gamma_slope"](a, x), (-g if upper else g) * _density(a, x)))
def gamma_part(exponent: Any, bound: Any, *, upper: bool = False) -> Any:
    """P(a, x), the part of the gamma function of a that lies below x, or 1 - P(a, x), which lies above it."""
    return _each(lambda a, x: _gamma(a, x, upper), exponent, bound)


@declare("routine", _type, loop=lambda types, type: gamma_slope_loop(types, type), batch="leading", domain=(0.3, 4.0), analytic=False,
         samples=(([(3, 4), (3, 4)], {}), ([(0,), (0,)], {}), ([np.array([0.5, 3.0, 12.0]), np.array([4.0, 9.0, 9.0])], {})),
         once=(0,), grad=lambda g, y, a, x: (MISSING, g * _density(a, x) * (log(x) - digamma(a))))
def gamma_slope(exponent: Any, bound: Any) -> Any:
    """The derivative of P(a, x) by a."""
    return _each(_gamma_slope, exponent, bound)


def igamma(a: Any, x: Any, name: str | None = None) -> Node:
    """The lower regularised incomplete gamma function P(a, x): of t^(a-1) e^-t the part of its integral that lies below x.

    a, x: float, repeated to one shape; nan unless a > 0 and x >= 0. d/dx = x^(a-1) e^-x / gamma(a); once differentiable by a, a second time
    a GradientError. DTypeError.

    >>> tf.Session(jit=False).run(tf.igamma([1.0, 0.5], 2.0))
    array([0.86466..., 0.9544...], dtype=float32)
    """
    return _together("igamma", gamma_part, (a, x), name)


@composed("Igammac", op="Igammac")
def igammac(a: Any, x: Any, name: str | None = None) -> Node:
    """The upper regularised incomplete gamma function 1 - P(a, x), exact where it is small. As `igamma` otherwise. DTypeError.

    >>> tf.Session(jit=False).run(tf.igammac([1.0], [2.0]))
    array([0.13533...], dtype=float32)
    """
    return _together("igammac", gamma_part, (a, x), name, upper=True)


# ---------------------------------------------------------------------- beta

def _beta(a: float, b: float, x: float) -> float:
    if not (0 < a < math.inf and 0 < b < math.inf and 0 <= x <= 1):
        return math.nan
    if x in (0, 1):
        return x
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_fraction(b, a, 1 - x, x)
    return _beta_fraction(a, b, x, 1 - x)


def _beta_fraction(a: float, b: float, x: float, rest: float) -> float:
    """I_x(a, b) by the continued fraction (Abramowitz and Stegun 1964, 26.5.8) from behind."""
    value = 1.0
    for n in range(40 + int(5 * math.sqrt(max(a, b))), 0, -1):
        value = 1 - (a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1)) / value
        value = 1 + n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n)) / value
    value = 1 - (a + b) * x / (a + 1) / value
    factor = a * math.log(x) + b * math.log(rest) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(factor) / a / value


def _beta_density(a: Node, b: Node, x: Node) -> Node:
    """x^(a-1) (1-x)^(b-1) / B(a, b), the derivative of the regularised function by x."""
    return exp(_logarithm(a - 1.0, x) + _logarithm(b - 1.0, -x, log1p, xlog1py, -1.0) + lgamma(a + b) - lgamma(a) - lgamma(b))


@declare("routine", _type, loop=lambda types, type: beta_loop(types, type), batch="leading", domain=(0.2, 0.9), analytic=False, once=(0, 1),
         samples=(([np.array([[0.5, 2.0, 30.0]]), np.array([[3.0, 0.7, 12.0]]), (1, 3)], {}), ([(0,), (0,), (0,)], {})), label="Betainc",
         grad=lambda g, y, a, b, x: (None, None, g * _beta_density(a, b, x)))
def beta_part(first: Any, second: Any, bound: Any) -> Any:
    """I_x(a, b), the part of the beta function of a and b that lies below x."""
    return _each(_beta, first, second, bound)


def betainc(a: Any, b: Any, x: Any, name: str | None = None) -> Node:
    """The regularised incomplete beta function I_x(a, b): of t^(a-1) (1-t)^(b-1) the part of its integral that lies below x.

    a, b, x: float, repeated to one shape; nan unless a > 0, b > 0 and 0 <= x <= 1. d/dx is what is integrated, divided by B(a, b); of a and b
    it is a constant, as in TensorFlow. DTypeError.

    >>> tf.Session(jit=False).run(tf.betainc(2.0, 3.0, [0.25, 0.5]))
    array([0.26171..., 0.6875  ], dtype=float32)
    """
    return _together("betainc", beta_part, (a, b, x), name)


@composed("lbeta", "sub")
def lbeta(x: Any, name: str | None = None) -> Node:
    """The logarithm of the beta function of the numbers along the last axis: the sum of their `lgamma`, less that of their sum.

    float[..., n] -> float[...]. ShapeError: a scalar.

    >>> tf.Session(jit=False).run(tf.lbeta([2.0, 3.0]))
    np.float32(-2.4849...)
    """
    with saying("lbeta"):
        return subtract(reduce_sum(lgamma(x), -1), lgamma(reduce_sum(x, -1)), name=name)


# ---------------------------------------------------------------------- zeta

def _zeta(x: float, q: float) -> float:
    if x == 1 or x > 1 and q <= 0 and q == math.floor(q) and not math.isinf(q):
        return math.inf
    if not x > 1 or not (q > 0 or x == math.floor(x)) or math.isinf(q):
        return 0.0 if x > 1 and q == math.inf else math.nan
    total, term, least = 0.0, 1.0, 12 + 0.6 * min(x, 1e6)
    while q < least and abs(term) > _EPS * abs(total):
        with np.errstate(all="ignore"):
            term = float(np.power(np.float64(abs(q)), -x)) * (-1 if q < 0 and x % 2 == 1 else 1)
        total, q = total + term, q + 1
    if q < least:
        return total
    power = q**-x
    total += power * q / (x - 1) + power / 2
    rising, power = x, power / q
    for j, ratio in enumerate(_BERNOULLI, 1):
        total += ratio * rising * power
        rising, power = rising * (x + 2 * j - 1) * (x + 2 * j), power / q**2
    return total


_BERNOULLI = [b / math.factorial(2 * j) for j, b in enumerate((1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510), 1)]


@declare("routine", _type, loop=lambda types, type: zeta_loop(types, type), batch="leading", domain=(1.2, 4.0), analytic=False, once=(0,),
         samples=(([(3, 4), (3, 4)], {}), ([(0,), (0,)], {}), ([np.array([2.0, 3.0, 30.0, 1.01]), np.array([0.1, -2.5, 8.0, 20.0])], {})),
         label="Zeta", grad=lambda g, y, x, q: (None, -(g * x * OPERATORS["zeta_sum"](x + 1.0, q))))
def zeta_sum(order: Any, start: Any) -> Any:
    """The sum of (q + k)^-x over k = 0, 1, ..."""
    return _each(_zeta, order, start)


def zeta(x: Any, q: Any, name: str | None = None) -> Node:
    """Hurwitz's zeta function: the sum of (q + k)^-x over k = 0, 1, ...; of q = 1 it is Riemann's.

    x, q: float, repeated to one shape; infinite for x = 1 and at the poles q = 0, -1, ..., nan for x < 1, and for q < 0 unless x is whole.
    d/dq = -x zeta(x + 1, q); of x it is a constant, as in TensorFlow. DTypeError.

    >>> tf.Session(jit=False).run(tf.zeta([2.0, 4.0], 1.0))
    array([1.644934..., 1.082323...], dtype=float32)
    """
    return _together("zeta", zeta_sum, (x, q), name)


@composed("Polygamma", op="Polygamma")
def polygamma(a: Any, x: Any, name: str | None = None) -> Node:
    """The derivative of `digamma` of order a at x: (-1)^(a+1) a! zeta(a + 1, x); of a = 0 `digamma` itself, nan if a is no whole number.

    a, x: float, repeated to one shape. d/dx = polygamma(a + 1, x); of a it is a constant. DTypeError.

    >>> tf.Session(jit=False).run(tf.polygamma([0.0, 1.0, 2.0], 1.0))
    array([-0.577215...,  1.644934..., -2.404113...], dtype=float32)
    """
    return _together("polygamma", _polygamma, (a, x), name)


def _polygamma(a: Node, x: Node, name: str | None = None) -> Node:
    order = stop_gradient(a)
    known = logical_and(equal(floor(order), order), order >= 0.0)
    sign = 4.0 * (0.5 * order - floor(0.5 * order)) - 1.0
    above = where(known, order, 1.0) + 1.0
    derivative = sign * exp(lgamma(above)) * zeta(where(equal(order, 0.0), 2.0, above), x)
    return where(known, where(equal(order, 0.0), digamma(x), derivative), math.nan, name=name)
