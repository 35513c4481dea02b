"""Exponentials, logarithms and what is made of them, as branch-free sequences of vectorisable instructions.

Method (W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980; P. T. P. Tang, ACM TOMS 15, 1989,
and 16, 1990): an exact reduction to a short interval, a polynomial there, and the power of two put back through the
exponent bits. The polynomials are minimax (E. Remez, 1934), fitted with 160-bit arithmetic. The leading part of a
constant in two parts has so few bits that its product with any exponent is exact. The error quoted is the largest seen,
in units of the last place (float32 / float64), against mpmath.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan

from .vecmath_value import FLOAT32, Value, at_least, at_most, fma, mad, poly, select

LOG2_E = 1.4426950408889634
LN2_HIGH = {32: 0.693115234375, 64: 0.6931471805598903}
LN2_LOW = {32: 3.1946183e-05, 64: 5.497923018708371e-14}

# (exp(r) - 1 - r) / r**2 on |r| <= 0.3475.
EXP = {
    32: (0.5, 0.16666542, 0.041666277, 0.008366755, 0.0013946742),
    64: (0.5000000000000006, 0.16666666666666685, 0.0416666666665717, 0.008333333333314258, 0.0013888888933053804,
         0.00019841269903870715, 2.4801503589964114e-05, 2.755722710935664e-06, 2.7626682343137227e-07,
         2.5114766036829097e-08),
}
# (log((1 + s) / (1 - s)) - 2 s) / s**3 as a polynomial in s**2 <= 0.02945.
LOG = {
    32: (0.66666776, 0.39977577, 0.2987106),
    64: (0.6666666666666735, 0.3999999999940932, 0.2857142874369788, 0.22222198427475462, 0.18183572450078958,
         0.15313829265044945, 0.14798292930656265),
}
# The same for pow: float32 in float64 arithmetic, and float64 without its leading 2/3, which is added in two parts.
LOG_POW32 = (0.6666666564368666, 0.400003356326298, 0.28537277844375397, 0.23582780009289436)
EXP_POW32 = (0.5, 0.16666666666666677, 0.04166635, 0.008333272, 0.0013941277, 0.00019914488)
LOG_POW64 = (0.4000000000000226, 0.28571428570096835, 0.2222222252043055, 0.18181784321143182, 0.15386759518148874,
             0.13256765280704488, 0.13196829444324198)
TWO_THIRDS = (0.6666666666666666, 3.700743415417188e-17)
# erf(x) / x - 1 in x**2 <= 1, and -log(1 - erf(1 + u)) in u <= 2.95 (float32), u <= 4.95 (float64).
ERF = {
    32: (0.12837917, -0.37612626, 0.112835854, -0.026853811, 0.0051883273, -0.0008010191, 7.8538535e-05),
    64: (0.12837916709551256, -0.3761263890318352, 0.11283791670944185, -0.026866170643111437, 0.005223977606118152,
         -0.0008548325929298709, 0.00012055293576479509, -1.4924712295542136e-05, 1.6447131515342132e-06,
         -1.6206313523845764e-07, 1.3710980222090875e-08, -7.779469679215317e-10),
}
LOG_ERFC = {
    32: (1.8496056, 2.6389668, 0.8431183, 0.041500688, -0.009890888, 0.0018261579, -0.00018557205),
    64: (1.8496055099332482, 2.6389675142347757, 0.8431072563594133, 0.04156109802506966, -0.010033825179034573,
         0.0019779012153944638, -0.00023731643362084965, -2.629632898507214e-05, 2.71989751410552e-05,
         -9.671379020847891e-06, 2.1319410320367194e-06, -2.0481242425548223e-07, -5.80114632928641e-08,
         3.339124093533237e-08, -8.518773161923572e-09, 1.3191037684949597e-09, -1.1932601262163785e-10,
         4.865027580792883e-12),
}
# (1 + 2 x) exp(x**2) erfc(x) as a polynomial in (x - c) / (x + c) up to where erfc ends (M. M. Shepherd and J. G. Laframboise,
# Chebyshev approximation of (1 + 2 x) exp(x**2) erfc(x), Mathematics of Computation 36, 1981): from 0 on for float32, in float64
# arithmetic, to 6e-11, and from 1/2 on for float64, to 3e-17; c is 3 and 4.
ERFC = {
    32: (1.2530080582387246, -0.13562110679852069, -0.04756229030550163, 0.12964519790970114, -0.11927373008046004,
         0.06830736684160335, -0.023770463089534476, 0.0025338959954526235, 0.001892451414134764,
         -0.0007920180321977957, -0.00012513955115017728, 0.0001298528161492549, 3.430210174434385e-05),
    64: (1.2329951186255526, -0.13962111684056167, 0.015379652102614326, 0.06809705425458629, -0.10103906603595898,
         0.09373283500231766, -0.06633036582071933, 0.037167515469392724, -0.016197733951702216,
         0.005031970622578297, -0.000757774050442098, -0.00019926037848441567, 0.00015062502981923369,
         -2.4385943645068475e-05, -1.1231313462223791e-05, 5.679288358706678e-06, 3.0984858329317407e-07,
         -7.819682825465302e-07, 5.814244871748509e-08, 7.420791375193749e-08, -8.974265272544443e-09),
}
ERFC_CENTRE = {32: 3.0, 64: 4.0}
ERFC_LIMIT = {32: 10.3, 64: 27.4}
EXP_RANGE = {32: (-104.5, 89.5), 64: (-746.0, 711.0)}  # exp is 0 below and inf above
EXPM1_RANGE = {32: (-25.0, 88.8), 64: (-45.0, 709.9)}  # expm1 is -1 below and inf above
SINH_LIMIT = {32: 89.5, 64: 710.6}
TANH_LIMIT = {32: 9.5, 64: 20.0}
ERF_LIMIT = {32: 3.95, 64: 5.95}


# ---------------------------------------------------------------------- the reduction of exp

def reduce_exp_parts(x: Value) -> tuple[Value, Value, Value]:
    """k, n and exactly x - n LN2_HIGH, n the integer nearest to x / ln 2, k its integer Value plus the bias."""
    f = x.format
    shifted = mad(x, LOG2_E, f.shifter)
    n = shifted - f.shifter
    return shifted.to_bits() - (f.shifter_bits - f.bias), n, mad(n, -LN2_HIGH[f.bits], x)


def reduce_exp(x: Value) -> tuple[Value, Value]:
    """k and r with x = k ln 2 + r, |r| <= ln(2)/2; k biased."""
    k, n, r = reduce_exp_parts(x)
    return k, mad(n, -LN2_LOW[x.format.bits], r)


def power_of_two(biased: Value) -> Value:
    """2**k from k + bias, which lies strictly within the exponent field."""
    return (biased << biased.format.mantissa).from_bits()


def scale(y: Value, biased: Value) -> Value:
    """y 2**k by two factors, so that k may pass the exponent range on either side."""
    biased = biased + biased.format.bias
    half = biased >> 1
    return y * power_of_two(half) * power_of_two(biased - half)


def expm1_reduced(r: Value) -> Value:
    return mad(r * r, poly(r, EXP[r.format.bits]), r)


def expm1_scaled(x: Value, shift: int) -> Value:
    """(exp(x) - 1) 2**-shift, for x in a range where 2**(k - shift) is normal."""
    k, r = reduce_exp(x)
    power = power_of_two(k - shift)
    return mad(power, expm1_reduced(r), power - 2.0 ** -shift)


def exp(x: Value) -> Value:
    """Exponential. Error 1.1 / 1.1 ulp."""
    low, high = EXP_RANGE[x.format.bits]
    k, r = reduce_exp(at_least(at_most(x, high), low))
    return scale(expm1_reduced(r) + 1.0, k)


def expm1(x: Value) -> Value:
    """exp(x) - 1 without cancellation. Error 1.7 / 2.0 ulp."""
    low, high = EXPM1_RANGE[x.format.bits]
    half = expm1_scaled(at_least(at_most(x, high), low), 1)
    return select(abs(x) < 2.0 ** -(x.format.mantissa + 2), x, half + half)


def sigmoid(x: Value) -> Value:
    """1 / (1 + exp(-x)), accurate in both tails. Error 2.4 / 2.1 ulp."""
    k, r = reduce_exp(at_least(-abs(x), EXP_RANGE[x.format.bits][0]))
    tail = scale(expm1_reduced(r) + 1.0, k)
    return select(x < 0.0, tail, 1.0) / (tail + 1.0)


def tanh(x: Value) -> Value:
    """Hyperbolic tangent, as m / (m + 2) with m = exp(2|x|) - 1. Error 2.5 / 2.5 ulp."""
    a = at_most(abs(x), TANH_LIMIT[x.format.bits])
    m = expm1_scaled(a + a, 0)
    return (m / (m + 2.0)).copysign(x)


def sinh(x: Value) -> Value:
    """Hyperbolic sine, as (m + m / (m + 1)) / 2 with m = exp(|x|) - 1. Error 2.2 / 2.3 ulp."""
    a = at_most(abs(x), SINH_LIMIT[x.format.bits])
    quarter = expm1_scaled(a, 2)
    half = quarter + quarter / mad(quarter, 4.0, 1.0)
    return select(abs(x) < 2.0 ** -(x.format.mantissa // 2 + 2), x, (half + half).copysign(x))


def cosh(x: Value) -> Value:
    """Hyperbolic cosine, as (e + 1/e) / 2 with e = exp(|x|). Error 1.5 / 1.3 ulp."""
    k, r = reduce_exp(at_most(abs(x), SINH_LIMIT[x.format.bits]))
    quarter = (expm1_reduced(r) + 1.0) * power_of_two(k - 2)
    half = quarter + 0.0625 / quarter
    return half + half


# ---------------------------------------------------------------------- logarithms

def split(x: Value) -> tuple[Value, Value, Value]:
    """m, n and the biased exponent bits of 2**n, with x = m 2**n, sqrt(1/2) <= m < sqrt(2); x positive and normal."""
    f = x.format
    fraction_mask = (1 << f.mantissa) - 1
    below_one = 0x3F3504F3 if f is FLOAT32 else 0x3FE6A09E667F3BCD  # the bits of sqrt(1/2)
    offset = x.to_bits() - (below_one - f.one_bits)
    m = ((offset & fraction_mask) + below_one).from_bits()
    # An integer under the exponent of 2**mantissa reads as 2**mantissa + k.
    counter = ((offset >> f.mantissa) | ((f.bias + f.mantissa) << f.mantissa)).from_bits()
    return m, counter - (2.0 ** f.mantissa + f.bias), offset & ~fraction_mask


def split_any(x: Value) -> tuple[Value, Value]:
    """m and n of `split` for denormals too."""
    f = x.format
    tiny = x < f.smallest_normal
    m, n, _ = split(select(tiny, x * 2.0 ** (f.mantissa + 2), x))
    return m, n - select(tiny, x.constant(f.mantissa + 2.0), 0.0)


def log_sum(f: Value, n: Value) -> Value:
    """log(1 + f) + n ln 2 for 1 + f between sqrt(1/2) and sqrt(2).

    With s = f / (2 + f), log(1 + f) = log((1 + s) / (1 - s)) = f - f**2/2 + s (f**2/2 + s**2 LOG(s**2)).
    """
    bits = f.format.bits
    s = f / (f + 2.0)
    z = s * s
    half_square = f * f * 0.5
    tail = mad(s, mad(z, poly(z, LOG[bits]), half_square), n * LN2_LOW[bits])
    return mad(n, LN2_HIGH[bits], f - (half_square - tail))


def guard_log(y: Value, x: Value, pole: float) -> Value:
    """y with the special values of a logarithm: -inf at the pole, nan below, inf and nan as they are."""
    return select(x > pole, select(x < inf, y, x), select(x.same(pole), x.constant(-inf), nan))


def log(x: Value) -> Value:
    """Natural logarithm. Error 0.9 / 0.9 ulp."""
    m, n = split_any(x)
    return guard_log(log_sum(m - 1.0, n), x, 0.0)


def log1p(x: Value) -> Value:
    """log(1 + x), accurate near 0. Error 1.4 / 1.4 ulp."""
    m, n, exponent = split(x + 1.0)
    one = x.format.one_bits
    power = (2 * one - exponent).from_bits()  # 2**-n
    # (1 + x) 2**-n - 1 with one rounding; x itself when n = 0.
    f = select(x < 2.0 ** (2 * x.format.mantissa), mad(power, x, power - 1.0), m - 1.0)
    y = guard_log(log_sum(f, n), x, -1.0)
    return select(x.same(0.0), x, y)


# ---------------------------------------------------------------------- erf and pow

def erf(x: Value) -> Value:
    """Error function: an odd polynomial below 1, 1 - exp(-g(|x|)) above. Error 1.2 / 1.2 ulp."""
    bits = x.format.bits
    a = abs(x)
    inner = mad(a, poly(a * a, ERF[bits]), a)
    k, r = reduce_exp(-poly(at_most(a, ERF_LIMIT[bits]) - 1.0, LOG_ERFC[bits]))
    complement = (expm1_reduced(r) + 1.0) * power_of_two(k)
    return select(a < 1.0, inner, 1.0 - complement).copysign(x)


def erfc(x: Value) -> Value:
    """1 - erf(x), exp(-x**2) times a polynomial (Shepherd and Laframboise 1981), so exact in the tail. Error 0.51 / 2.3 ulp.

    float32 computes in float64; float64 carries x**2 in two parts, and is 1 - erf(x) between -1/2 and 1/2.
    """
    if x.format is FLOAT32:
        return erfc_tail(x.to_float64(), 32).to_float32()
    a = at_most(abs(x), 1.0)
    near = 1.0 - mad(x, poly(a * a, ERF[64]), x)
    return select(abs(x) < 0.5, near, erfc_tail(x, 64))


def erfc_tail(x: Value, bits: int) -> Value:
    """erfc of a float64, from the polynomial for one of `bits`."""
    a, c, (first, *rest) = at_most(abs(x), ERFC_LIMIT[bits]), ERFC_CENTRE[bits], ERFC[bits]
    twice, t = a + a, (a - c) / (a + c)
    slope, divisor, square = poly(t, tuple(rest)), twice + 1.0, a * a
    p = mad(t, slope, first)
    k, r = reduce_exp(-square)
    if bits == 32:
        tail = scale(mad(r * r, poly(r, EXP_POW32), r) + 1.0, k) * (p / divisor)
    else:               # the quotient and the argument of exp in two parts
        reciprocal = 1.0 / divisor
        quotient = p * reciprocal
        p_low, divisor_low = fma(t, slope, first - p), 1.0 - (divisor - twice)
        low = (fma(-quotient, divisor, p) + fma(-quotient, divisor_low, p_low)) * reciprocal
        r = r - fma(a, a, -square)
        tail = scale(quotient + mad(quotient, mad(r * r, poly(r, EXP[64]), r), low), k)
    return select(x < 0.0, 2.0 - tail, tail)


def log_pair(m: Value, n: Value) -> tuple[Value, Value]:
    """log(m 2**n) as a sum of two float64, good to 2**-64 (T. J. Dekker, 1971, for the error-free steps)."""
    f = m - 1.0
    d = m + 1.0
    d_low = m - (d - 1.0)
    reciprocal = 1.0 / d
    s = f * reciprocal
    s_low = fma(-s, d_low, fma(-s, d, f)) * reciprocal
    z = s * s
    z_low = mad(s + s, s_low, fma(s, s, -z))
    tail = z * poly(z, LOG_POW64)
    w = tail + TWO_THIRDS[0]
    w_low = (tail - (w - TWO_THIRDS[0])) + TWO_THIRDS[1]
    v = z * w
    v_low = mad(z_low, w, mad(z, w_low, fma(z, w, -v)))
    p = s * v
    p_low = mad(s_low, v, mad(s, v_low, fma(s, v, -p)))
    # n ln 2, then 2 s, then p: each smaller than the sum before it, so that the rounding error of each sum is exact.
    a = n * LN2_HIGH[64]
    b = s + s
    first = a + b
    total = first + p
    low = mad(n, LN2_LOW[64], mad(s_low, 2.0, p_low)) + (b - (first - a)) + (p - (total - first))
    return total, low


def log_pow32(m: Value, n: Value) -> Value:
    """log(m 2**n) in float64, good to 2**-37."""
    f = m - 1.0
    s = f / (m + 1.0)
    z = s * s
    return mad(n, LN2_HIGH[64], mad(s * z, poly(z, LOG_POW32), s + s))


def finite_log(logarithm: Value, a: Value) -> Value:
    """The logarithm of a >= 0 made right for 0, inf and nan."""
    return select(a.same(0.0), -inf, select(a < inf, logarithm, a))


def clamp_power(product: Value, a: Value, limit: float) -> Value:
    """y log(a) within +-limit; 0 for a = 1, whatever y is."""
    return at_least(at_most(select(a.same(1.0), 0.0, product), limit), -limit)


def pow_magnitude32(a: Value, y: Value) -> Value:
    """a**y for float32 values in float64, a >= 0."""
    m, n, _ = split(a)
    k, r = reduce_exp(clamp_power(y * finite_log(log_pow32(m, n), a), a, 200.0))
    return (mad(r * r, poly(r, EXP_POW32), r) + 1.0) * power_of_two(k)


def pow_magnitude64(a: Value, y: Value) -> Value:
    """a**y for float64 a >= 0, with less than 0.1 ulp lost before the last rounding: exact powers come out exact."""
    logarithm, low = log_pair(*split_any(a))
    logarithm = finite_log(logarithm, a)
    product = y * logarithm
    product_low = mad(y, low, fma(y, logarithm, -product))
    k, n, exact = reduce_exp_parts(clamp_power(product, a, 800.0))
    correction = mad(n, -LN2_LOW[64], select(abs(product) < 800.0, product_low, 0.0))
    r = exact + correction
    r_low = (exact - r) + correction
    head = r + 1.0
    return scale(head + (mad(r * r, poly(r, EXP[64]), r_low) + (r - (head - 1.0))), k)


def pow(x: Value, y: Value) -> Value:
    """x to the power y, with the special values of C99 (annex F.9.4.4). Error 0.6 / 1.0 ulp.

    float64 carries log x in two parts; float32 computes in float64, where one part suffices.
    """
    if x.format is FLOAT32:
        magnitude = pow_magnitude32(abs(x).to_float64(), y.to_float64()).to_float32()
    else:
        magnitude = pow_magnitude64(abs(x), y)
    return guard_pow(magnitude, x, y)


def guard_pow(magnitude: Value, x: Value, y: Value) -> Value:
    """|x|**y with its sign, nan for a fractional power of a negative number, and 1 where x is 1 or y is 0."""
    f = x.format
    half = y * 0.5
    whole = y.same(y.trunc())
    odd = Value(y.builder, y.builder.and_(whole.raw, half.differs(half.trunc()).raw))
    sign = x.to_bits() & (1 << (f.bits - 1))
    signed = (magnitude.to_bits() ^ select(odd, sign, 0)).from_bits()
    finite_negative = Value(x.builder, x.builder.and_((x < 0.0).raw, (x > -inf).raw))
    result = select(finite_negative, select(whole, signed, nan), signed)
    return select(x.same(1.0), 1.0, select(y.same(0.0), 1.0, result))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "exp": exp, "expm1": expm1, "sigmoid": sigmoid, "tanh": tanh, "sinh": sinh, "cosh": cosh,
    "log": log, "log1p": log1p, "erf": erf, "erfc": erfc, "pow": pow,
}
