"""Special functions element by element: inverses of the error function, Bessel functions, and products that are 0 whatever the other factor is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from ..ir.node import OPERATORS, Node
from ..ir.operator import declare, elementwise
from ..ir.types import TensorType
from .math_arithmetic import sign, square
from .math_functions import each, exp, log, real_type
from .math_operands import wide

__all__ = ["bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e", "erfcinv", "erfinv", "multiply_no_nan", "ndtri", "reciprocal_no_nan", "xdivy",
           "xlog1py", "xlogy"]


# ---------------------------------------------------------------------- 0 times anything is 0

def _present(x: Any) -> Any:
    """1 where x is not 0, else 0, in x's dtype."""
    return OPERATORS["cast"](OPERATORS["not_equal"](x, 0), dtype=x.type.dtype.name)


@elementwise("select({x} == {T}(0), {T}(0), {x} * log({y}))", domain=(0.3, 3.0),
             grad=lambda g, out, x, y: (g * OPERATORS["xlogy"](_present(x), y), g * OPERATORS["xdivy"](x, y)), label="Xlogy")
def xlogy(x: Any, y: Any) -> Any:
    """x * log(y), 0 where x is 0, whatever y is.  d/dx = log(y), d/dy = x / y, both 0 there.

    >>> tf.Session(jit=False).run(tf.math.xlogy([0.0, 2.0], [0.0, 1.0]))
    array([0., 0.], dtype=float32)
    """
    x, y = wide(x), wide(y)
    return np.where(x == 0, np.zeros((), np.result_type(x, y)), x * np.log(y))


@elementwise("select({x} == {T}(0), {T}(0), {x} * log1p({y}))", domain=(0.3, 3.0),
             grad=lambda g, out, x, y: (g * OPERATORS["xlog1py"](_present(x), y), g * OPERATORS["xdivy"](x, 1.0 + y)),
             label="xlog1py/Xlog1py")
def xlog1py(x: Any, y: Any) -> Any:
    """x * log(1 + y), 0 where x is 0, whatever y is.  d/dx = log(1 + y), d/dy = x / (1 + y), both 0 there."""
    x, y = wide(x), wide(y)
    return np.where(x == 0, np.zeros((), np.result_type(x, y)), x * np.log1p(y))


@elementwise("select({x} == {T}(0), {T}(0), {x} / {y})", domain=(0.3, 3.0),
             grad=lambda g, out, x, y: (g * OPERATORS["xdivy"](_present(x), y), -(g * OPERATORS["xdivy"](out, y))), label="xdivy/Xdivy",
             op_type="Xdivy")
def xdivy(x: Any, y: Any) -> Any:
    """x / y, 0 where x is 0, whatever y is.  d/dx = 1 / y, d/dy = -x / y**2, both 0 there."""
    x, y = wide(x), wide(y)
    return np.where(x == 0, np.zeros((), np.result_type(x, y)), np.true_divide(x, y))


@elementwise("select({y} == {T}(0), {T}(0), {x} * {y})",
             grad=lambda g, out, x, y: (OPERATORS["multiply_no_nan"](g, y), OPERATORS["multiply_no_nan"](x, g)),
             label="multiply_no_nan", op_type="MulNoNan")
def multiply_no_nan(x: Any, y: Any) -> Any:
    """x * y, 0 where y is 0, even if x is infinite or nan.

    >>> tf.Session(jit=False).run(tf.math.multiply_no_nan([float("inf"), 2.0], [0.0, 3.0]))
    array([0., 6.], dtype=float32)
    """
    return np.where(y == 0, np.zeros((), np.result_type(x, y)), np.multiply(x, y))


@elementwise("select({x} == {T}(0), {T}(0), {T}(1) / {x})", domain=(0.4, 2.0), grad=lambda g, y, x: (-(g * square(y)),))
def reciprocal_no_nan(x: Any) -> Any:
    """1 / x, 0 where x is 0.  d/dx = -1 / x**2, 0 there."""
    x = wide(x)
    return np.where(x == 0, np.zeros((), x.dtype), np.ones((), x.dtype) / x)


# ---------------------------------------------------------------------- inverses of the error function

def _horner(variable: str, factors: Sequence[float]) -> str:
    """A polynomial as an expression, the factor of the highest power first."""
    text = f"{{T}}({factors[0]!r})"
    for factor in factors[1:]:
        text = f"fma({text}, {variable}, {{T}}({factor!r}))"
    return text


def _polynomial(factors: Sequence[float], x: Any) -> Any:
    return reduce(lambda y, factor: y * x + factor, factors[1:], factors[0])


_SLOPE = math.sqrt(math.pi) / 2            # of erfinv at 0

# erfinv(x) / x as polynomials in w = -log(1 - x^2), in its root s, and in 1 / s, as M. B. Giles, Approximating the erfinv function (2012),
# divides the range; the factors are Chebyshev fits of at most 3e-18 to values of 40 digits.
_CENTRE = (-1.9123778045391186e-23, -3.3795536525485224e-22, 4.357475280244854e-21, 1.8739434875095462e-20, -3.7848217521105335e-19,
    6.396664855709971e-19, 1.5992591736199305e-17, -1.226305743260548e-16, -4.417003393665373e-17, 6.525767922399858e-15, -3.998852309540432e-14,
    -8.074665167507013e-14, 2.6303859148085384e-12, -1.2978692479994892e-11, -5.4142609576164565e-11, 1.051223070748762e-09, -4.112661266924503e-09,
    -2.907039074871087e-08, 4.234788178266526e-07, -1.3654691764135042e-06, -1.3882523394637344e-05, 0.0001867342080200925, -0.0007407025341544301,
    -0.006033670871426909, 0.2401581824255883, 1.6536545626831027)
_MIDDLE = (-1.4414402902576647e-09, 7.602734181548034e-09, -1.1037793186805448e-08, -2.069721217948336e-08, 1.2617019273822622e-07,
    -2.4575721605517875e-07, -2.3768438869458365e-08, 1.4817686493076977e-06, -3.987383279152877e-06, 2.9325103785542764e-06,
    1.2465490012885596e-05, -4.732066388775043e-05, 6.828703766281446e-05, 2.4031510350318603e-05, -0.00035503780550499826, 0.000953289341795833,
    -0.001688275535921936, 0.002491442097947516, -0.003751208508212327, 0.005370914553555193, 1.0052589676941652, 3.0838856104922208)
_TAIL = (5.0294638317171275e-12, -1.5691036320801854e-11, 2.5642334664972383e-12, 7.870516370080181e-11, -3.2873300626025563e-10,
    1.0457388953820878e-09, -2.7011823678111614e-09, 5.8087843476216895e-09, -1.1157237339184449e-08, 2.1819954198957403e-08,
    -5.4953735846437286e-08, 2.0161977749293592e-07, -9.070804867494313e-07, 4.19385359839948e-06, -1.8374536902451674e-05, 7.124031543921429e-05,
    -0.000200312006632442, -0.00016985809149409954, 1.0102850175977713, 4.90042105144364)
_FAR = (5.875460003025913e+21, -6.565519111309196e+20, -1.006107051248296e+20, 1.1185341980776495e+19, 1.0592306229988101e+18,
    -1.1825010909548365e+17, -4729778091832352.0, 519276988646370.6, 34566268090551.184, -3967760785194.8374, 138379211877.04953,
    -17747554963.832123, 3089754117.444881, -390794642.8738537, 48973258.809211284, -6471095.88342291, 878642.9874365435, -122756.97763056836,
    17818.697434231883, -2716.6744359117884, 441.80705846278596, -78.1082409156849, 15.529554770453817, -4.077511979312785, 1.6118269080885619,
    -0.34209934164176536, -0.17018124907741494, 0.988792632209219)


def _ratio_expression() -> str:
    root = "sqrt({T}({w}))"
    centre = _horner("({T}({w}) - {T}(3.125))", _CENTRE)
    middle, tail = (_horner(f"({root} - {{T}}({c}))", factors) for c, factors in ((3.25, _MIDDLE), (5.05, _TAIL)))
    far = _horner(f"({{T}}(1) / {root} - {{T}}(0.10158150851581509))", _FAR)
    near = f"select({{w}} < {{T}}(6.25), {centre}, select({{w}} < {{T}}(16), {middle}, select({{w}} < {{T}}(36), {tail}, {root} * ({far}))))"
    return f"select({{w}} < {{T}}(0), {root}, {near})"


def _ratio_grad(g: Any, y: Any, w: Any) -> Any:
    square_x = -OPERATORS["expm1"](-w)
    return (g * (_SLOPE * exp(square(y) * square_x) - y) * exp(-w) / (2.0 * square_x),)


@elementwise(_ratio_expression(), domain=(0.4, 5.0), analytic=False, grad=_ratio_grad)
def inverse_erf_ratio(w: Any) -> Any:
    """erfinv(x) / x, of w = -log(1 - x**2); nan below 0, where no x is."""
    w = wide(w)
    w = w.astype(w.dtype if w.dtype.kind == "f" else np.result_type(w.dtype, np.float32))
    s = np.sqrt(w)
    far = s * _polynomial(_FAR, 1 / s - 0.10158150851581509)
    near = np.where(w < 16, _polynomial(_MIDDLE, s - 3.25), np.where(w < 36, _polynomial(_TAIL, s - 5.05), far))
    return np.where(w < 0, s, np.where(w < 6.25, _polynomial(_CENTRE, w - 3.125), near)).astype(w.dtype)


def _newton(x: float, rest: float) -> float:
    """y > 0 with erf(y) = x and erfc(y) = rest: Winitzki's estimate, then Halley's steps on the smaller of the two."""
    if not 0 < x <= 1 or rest == 0:
        return 0.0 if x == 0 else math.inf if x == 1 else math.nan
    logarithm = math.log(rest) + math.log1p(x)
    half = 2 / (math.pi * 0.147) + logarithm / 2
    y = math.sqrt(math.sqrt(half * half - logarithm / 0.147) - half) or x
    for _ in range(6):
        error = math.erf(y) - x if x < 0.5 else rest - math.erfc(y)
        step = error * math.sqrt(math.pi) / 2 * math.exp(y * y)
        y -= step / (1 + y * step)
    return y


def _inverse_erf(x: float) -> float:
    return math.copysign(_newton(abs(x), 1 - abs(x)), x)


def _inverse_erfc(d: float) -> float:
    return _newton(1 - d, d) if d <= 1 else -_newton(d - 1, 2 - d)


def _erfinv_lower(node: Node, inputs: Sequence[Node], types: Sequence[TensorType], out_type: TensorType) -> Node:
    x = OPERATORS["cast"](inputs[0], dtype=out_type.dtype.name)
    w = -log((1.0 - x) * (1.0 + x))
    return x * inverse_erf_ratio(w)


def _erfcinv_lower(node: Node, inputs: Sequence[Node], types: Sequence[TensorType], out_type: TensorType) -> Node:
    x = OPERATORS["cast"](inputs[0], dtype=out_type.dtype.name)
    w = -log(x * (2.0 - x))
    return (1.0 - x) * inverse_erf_ratio(w)


@declare("lowered", real_type, lower=_erfinv_lower, domain=(-0.9, 0.9), batch="aligned", samples=(([(3, 4)], {}), ([(0,)], {})), analytic=False,
         grad=lambda g, y, x: (g * _SLOPE * exp(square(y)),), label="erfinv/Erfinv")
def erfinv(x: Any) -> Any:
    """The y with erf(y) = x; infinite at -1 and 1, nan beyond.  d/dx = sqrt(pi)/2 exp(y**2).

    float[...] -> the same type; the source of the polynomials: Giles (2012).

    >>> tf.Session(jit=False).run(tf.math.erfinv([0.0, 0.5]))
    array([0.       , 0.47693...], dtype=float32)
    """
    return each(_inverse_erf, x)


@declare("lowered", real_type, lower=_erfcinv_lower, domain=(0.1, 1.9), batch="aligned", samples=(([(3, 4)], {}), ([(0,)], {})), analytic=False,
         grad=lambda g, y, x: (-(g * _SLOPE * exp(square(y))),))
def erfcinv(x: Any) -> Any:
    """The y with erfc(y) = x, exact where x is near 0; infinite at 0 and 2, nan beyond.  d/dx = -sqrt(pi)/2 exp(y**2)."""
    return each(_inverse_erfc, x)


def _ndtri_lower(node: Node, inputs: Sequence[Node], types: Sequence[TensorType], out_type: TensorType) -> Node:
    return -math.sqrt(2) * erfcinv(2.0 * OPERATORS["cast"](inputs[0], dtype=out_type.dtype.name))


@declare("lowered", real_type, lower=_ndtri_lower, domain=(0.1, 0.9), batch="aligned", samples=(([(3, 4)], {}), ([(0,)], {})), analytic=False,
         grad=lambda g, y, x: (g * math.sqrt(2 * math.pi) * exp(0.5 * square(y)),), label="ndtri/Ndtri")
def ndtri(p: Any) -> Any:
    """The quantile of the standard normal distribution: the y below which a part p of it lies.  d/dp = sqrt(2 pi) exp(y**2 / 2).

    >>> tf.Session(jit=False).run(tf.math.ndtri([0.8, 0.975]))
    array([0.8416..., 1.9599...], dtype=float32)
    """
    return each(lambda v: -math.sqrt(2) * _inverse_erfc(2 * v), p)


# ---------------------------------------------------------------------- modified Bessel functions of the first kind

# exp(-x) I(x) of orders 0 and 1 as polynomials in x - 4 up to 8 (of order 1 divided by x), and sqrt(x) times it in 1/x - 1/16 beyond:
# Chebyshev fits of at most 2e-18 to values of 50 digits.
_NEAR = (
    (-4.046382978143884e-27, 6.202500432506996e-26, -4.363381715670862e-25, 5.83385969427228e-24, -1.0071520227501111e-22,
     1.3058329149687229e-21, -1.5478412201030262e-20, 1.83569287802802e-19, -2.10334226409381e-18, 2.2921332842489295e-17,
     -2.383223956943953e-16, 2.363310592338325e-15, -2.2287801195969568e-14, 1.993764304544648e-13, -1.6874513148605378e-12,
     1.3474846108544847e-11, -1.0121464419769613e-10, 7.128761949517338e-10, -4.692710568447688e-09, 2.8779899619644985e-08,
     -1.6397838383585884e-07, 8.663487551855959e-07, -4.2444577403212535e-06, 1.9354303199992428e-05, -8.297205167592895e-05,
     0.00034118521943563636, -0.0013913037712618736, 0.0059072267837469395, -0.02825108172155137, 0.2070019212239867),
    (-3.2493979416008946e-28, 5.1731263845358355e-27, -4.09632945917673e-26, 5.781557997029167e-25, -9.939833602580833e-24,
     1.3510277217345154e-22, -1.705354415820234e-21, 2.136971702389543e-20, -2.5876850346048703e-19, 2.9957801985570806e-18,
     -3.322146336458406e-17, 3.5264756927016666e-16, -3.575493668610069e-15, 3.455701317785226e-14, -3.177437407294221e-13,
     2.773524616962545e-12, -2.293102389054818e-11, 1.7915740129692506e-10, -1.319543781410356e-09, 9.139978552602825e-09,
     -5.9399830843258325e-08, 3.6141993648871196e-07, -2.0551364453088587e-06, 1.09068780813611e-05, -5.3984413307666585e-05,
     0.00024909142075549685, -0.0010700407219660234, 0.004253599994344475, -0.015281084507416573, 0.044687709875608835))
_AWAY = (
    (2.639354506604662e+19, -4.678442465992121e+18, -7.460378147380186e+17, 1.3861580384090998e+17, 9907799229324942.0, -1925861723239446.0,
     -86504608130708.38, 16993607172444.977, 621377249924.2218, -109122831797.08626, -4502424366.527167, 533675478.510425, 34845012.49824655,
     -1518404.5836423167, -236901.53087640196, -7422.310728782762, 519.9557837547547, 92.55179335251628, 10.55605707065855,
     1.4885105583440812, 0.3118045197712357, 0.09724543426818827, 0.0456418663937859, 0.034871315044317966, 0.05376883173868631,
     0.4021765094450081),
    (-2.4943666421232447e+19, 4.861386793431864e+18, 7.019866960459464e+17, -1.4410116600158352e+17, -9282135415863880.0, 2004114548018429.8,
     80964245268677.19, -17725135247813.46, -587957221044.5308, 114424860425.80542, 4385500067.547293, -566589200.4147426,
     -35204495.373382896, 1678617.0621495754, 247847.87816024732, 7407.952372060074, -579.9099825273273, -100.39257507346584,
     -11.577027760623798, -1.677936786281904, -0.3653088565131185, -0.12025267065973347, -0.06159788932038071, -0.05612435554145864,
     -0.1559932350917723, 0.38939845902587233))


_SIZE = "abs({T}({x}))"


def _scaled_bessel(order: int) -> str:
    near, far = _NEAR[order], _AWAY[order]
    inside = _horner(f"({_SIZE} - {{T}}(4))", near) + (f" * {_SIZE}" if order else "")
    outside = _horner(f"({{T}}(1) / {_SIZE} - {{T}}(0.0625))", far) + f" / sqrt({_SIZE})"
    value = f"select({_SIZE} <= {{T}}(8), {inside}, {outside})"
    return f"copysign({value}, {{T}}({{x}}))" if order else value


def _bessel_expression(order: int) -> str:
    whole = f"exp({_SIZE}) * {_scaled_bessel(order)}"
    return f"select({_SIZE} == {{T}}(inf), {'{T}({x})' if order else '{T}(inf)'}, {whole})"


_ANGLES = (np.arange(256) + 0.5) * (math.pi / 256)      # the rule of rectangles converges exponentially: Trefethen and Weideman (2014)


def _bessel(order: int, x: Any, scaled: bool) -> Any:
    """I(x) of order 0 or 1 by an integral (Abramowitz and Stegun 1964, 9.6.18); of |x| > 500 by the series 9.7.1."""
    x = wide(x)
    size = np.abs(x.astype(np.float64))
    small = np.minimum(size, 500.0)[..., None]
    inside = np.mean(np.exp(small * (np.cos(_ANGLES) - 1)) * np.sin(_ANGLES) ** (2 * order), axis=-1) * size**order
    with np.errstate(all="ignore"):
        outside, term = np.zeros_like(size), 1 / np.sqrt(2 * np.pi * size)
        for k in range(1, 12):
            outside, term = outside + term, -term * (4.0 * order - (2 * k - 1) ** 2) / (8 * k * size)
        value = np.where(size > 500, np.where(np.isinf(size), 0.0, outside), inside) * (1.0 if scaled else np.exp(size))
    value = np.where(np.isinf(size), 0.0 if scaled else np.inf, value)
    return (np.copysign(value, x) if order else value).astype(x.dtype if x.dtype.kind == "f" else np.result_type(x.dtype, np.float32))


@elementwise(_scaled_bessel(0), analytic=False, grad=lambda g, y, x: (g * (OPERATORS["bessel_i1e"](x) - sign(x) * y),),
             label="bessel_i0e/BesselI0e")
def bessel_i0e(x: Any) -> Any:
    """exp(-abs(x)) I0(x), the modified Bessel function of the first kind of order 0, scaled.  d/dx = i1e(x) - sign(x) i0e(x)."""
    return _bessel(0, x, True)


def _over(y: Any, x: Any) -> Any:
    """I1(x) / x, 1/2 at 0."""
    return OPERATORS["where"](OPERATORS["equal"](x, 0), 0.5, y / OPERATORS["where"](OPERATORS["equal"](x, 0), 1.0, x))


@elementwise(_scaled_bessel(1), analytic=False, grad=lambda g, y, x: (g * (bessel_i0e(x) - sign(x) * y - _over(y, x)),),
             label="bessel_i1e/BesselI1e")
def bessel_i1e(x: Any) -> Any:
    """exp(-abs(x)) I1(x), the modified Bessel function of the first kind of order 1, scaled.  d/dx = i0e(x) - i1e(x) (sign(x) + 1 / x)."""
    return _bessel(1, x, True)


@elementwise(_bessel_expression(0), analytic=False, grad=lambda g, y, x: (g * OPERATORS["bessel_i1"](x),),
             label="bessel_i0/BesselI0")
def bessel_i0(x: Any) -> Any:
    """I0(x), the modified Bessel function of the first kind of order 0.  d/dx = I1(x).

    >>> tf.Session(jit=False).run(tf.math.bessel_i0([0.0, 1.0]))
    array([1.      , 1.26606...], dtype=float32)
    """
    return _bessel(0, x, False)


@elementwise(_bessel_expression(1), analytic=False, grad=lambda g, y, x: (g * (bessel_i0(x) - _over(y, x)),),
             label="bessel_i1/BesselI1")
def bessel_i1(x: Any) -> Any:
    """I1(x), the modified Bessel function of the first kind of order 1.  d/dx = I0(x) - I1(x) / x, 1/2 at 0."""
    return _bessel(1, x, False)
