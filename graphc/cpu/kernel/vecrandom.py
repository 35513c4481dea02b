"""The random numbers of `philox` as Numba intrinsics, in instructions that vectorise in the loop around the call."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from ...ops.philox import CENTRE, CUT, KEY_STEPS, MULTIPLIERS, QUANTILE32, QUANTILE64, ROUNDS
from .vecmath_exp import log
from .vecmath_value import Value, at_least, at_most, poly, select

# (2 pi)**n / n! with the signs of cosine (even n) and sine (odd n): an eighth of a turn either way, to 1e-10 and 1e-18.
_TURNS = [(-1) ** (n // 2) * (2.0 * math.pi) ** n / math.factorial(n) for n in range(20)]
_COSINE = {32: tuple(_TURNS[0:11:2]), 64: tuple(_TURNS[0:19:2])}
_SINE = {32: tuple(_TURNS[1:10:2]), 64: tuple(_TURNS[1:20:2])}


# ---------------------------------------------------------------------- integers

def narrow(x: Value) -> Value:
    """The low 32 bits."""
    from llvmlite import ir

    return Value(x.builder, x.builder.trunc(x.raw, ir.IntType(32)))


def widen(x: Value) -> Value:
    """A 32-bit word as 64 bits."""
    from llvmlite import ir

    return Value(x.builder, x.builder.zext(x.raw, ir.IntType(64)))


def real(x: Value, bits: int) -> Value:
    """A signed integer as a float of that many bits."""
    from llvmlite import ir

    return Value(x.builder, x.builder.sitofp(x.raw, ir.FloatType() if bits == 32 else ir.DoubleType()))


def words(index: Value, run: Value, key: Value) -> tuple[Value, Value, Value, Value]:
    """The four 32-bit words of a counter (Philox4x32-10)."""
    c0, c1, c2, c3 = narrow(index), narrow(index >> 32), narrow(run), narrow(run >> 32)
    k0, k1 = narrow(key), narrow(key >> 32)
    for _ in range(ROUNDS):
        a, b = widen(c0) * MULTIPLIERS[0], widen(c2) * MULTIPLIERS[1]
        c0, c1, c2, c3 = narrow(b >> 32) ^ c1 ^ k0, narrow(b), narrow(a >> 32) ^ c3 ^ k1, narrow(a)
        k0, k1 = k0 + KEY_STEPS[0], k1 + KEY_STEPS[1]
    return c0, c1, c2, c3


def long(high: Value, low: Value) -> Value:
    """Two words as one of 64 bits."""
    return (widen(high) << 32) | widen(low)


def integer(index: Value, run: Value, key: Value, bound: Value) -> Value:
    """A number in [0, bound): the high 64 bits of a random word times the bound."""
    w0, w1, _, _ = words(index, run, key)
    x_high, x_low = widen(w0), widen(w1)
    high, low = bound >> 32, bound & 0xFFFFFFFF
    middle = x_high * low + ((x_low * low) >> 32)
    return x_high * high + (middle >> 32) + ((x_low * high + (middle & 0xFFFFFFFF)) >> 32)


# ---------------------------------------------------------------------- real numbers

def uniform32(index: Value, run: Value, key: Value) -> Value:
    """Uniform in [0, 1), 24 bits."""
    w0, _, _, _ = words(index, run, key)
    return real(w0 >> 8, 32) * 2.0**-24


def uniform64(index: Value, run: Value, key: Value) -> Value:
    """Uniform in [0, 1), 53 bits."""
    w0, w1, _, _ = words(index, run, key)
    return real(long(w0, w1) >> 11, 64) * 2.0**-53


def cos_turns(k: Value, bits: int, width: int) -> Value:
    """cos(2 pi k / 2**bits) of a nonnegative integer k, reduced to an eighth of a turn without rounding."""
    quadrant = (k + (1 << (bits - 3))) >> (bits - 2)
    t = real(k - (quadrant << (bits - 2)), width) * 2.0**-bits
    square = t * t
    size = select((quadrant & 1).same(0), poly(square, _COSINE[width]), t * poly(square, _SINE[width]))
    sign = ((quadrant + 1) >> 1) << (width - 1)
    return (size.to_bits() ^ sign).from_bits()


def normal32(index: Value, run: Value, key: Value) -> Value:
    """Standard normal (Box and Muller 1958)."""
    w0, w1, _, _ = words(index, run, key)
    u = real(w0 >> 1, 32) * 2.0**-31 + 2.0**-32
    return (log(u) * -2.0).sqrt() * cos_turns(w1 >> 8, 24, 32)


def normal64(index: Value, run: Value, key: Value) -> Value:
    """Standard normal (Box and Muller 1958)."""
    w0, w1, w2, w3 = words(index, run, key)
    u = real((long(w0, w1) >> 11) + 1, 64) * 2.0**-53
    return (log(u) * -2.0).sqrt() * cos_turns(long(w2, w3) >> 11, 53, 64)


def quantile(odd: Value, bits: int, coefficients: tuple[float, ...]) -> Value:
    """The normal number, within 2 standard deviations, that `odd` / 2**bits in (-1, 1) stands for."""
    v = odd * (CUT * 2.0**-bits)
    w = -log((1.0 - v) * (1.0 + v)) - CENTRE
    return at_least(at_most(v * poly(w, coefficients), 2.0), -2.0)


def truncated32(index: Value, run: Value, key: Value) -> Value:
    """Standard normal within two standard deviations."""
    w0, _, _, _ = words(index, run, key)
    return quantile(real(((w0 >> 8) << 1) + (1 - (1 << 24)), 32), 24, QUANTILE32)


def truncated64(index: Value, run: Value, key: Value) -> Value:
    """Standard normal within two standard deviations."""
    w0, w1, _, _ = words(index, run, key)
    return quantile(real(((long(w0, w1) >> 11) << 1) + (1 - (1 << 53)), 64), 53, QUANTILE64)


FUNCTIONS: dict[str, tuple[Callable[..., Value], str]] = {
    "philox_uniform32": (uniform32, "float32"), "philox_uniform64": (uniform64, "float64"),
    "philox_normal32": (normal32, "float32"), "philox_normal64": (normal64, "float64"),
    "philox_truncated32": (truncated32, "float32"), "philox_truncated64": (truncated64, "float64"),
    "philox_integer": (integer, "uint64")}


@cache
def intrinsics() -> dict[str, Any]:
    """Each function's name with a Numba intrinsic of uint64 operands: index, run, key (and the bound of integers).

    Numba is imported here and not before.
    """
    from numba.core import types
    from numba.core.typing import signature
    from numba.extending import intrinsic

    def make(name: str, function: Callable[..., Value], result: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
            return function(*(Value(builder, operand) for operand in operands)).raw

        def three(typing_context: Any, index: Any, run: Any, key: Any) -> Any:
            return signature(result, types.uint64, types.uint64, types.uint64), generate

        def four(typing_context: Any, index: Any, run: Any, key: Any, bound: Any) -> Any:
            return signature(result, types.uint64, types.uint64, types.uint64, types.uint64), generate

        typed = four if name == "philox_integer" else three
        typed.__name__ = typed.__qualname__ = name
        typed.__doc__ = function.__doc__
        return intrinsic(typed)

    return {name: make(name, function, getattr(types, result)) for name, (function, result) in FUNCTIONS.items()}
