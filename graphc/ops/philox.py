"""Random numbers as a function of (key, run, index): the counter-based generator Philox4x32-10, in numpy.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. Element i of run r has
the counter (i low, i high, r low, r high). `vecrandom` computes the same in kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
DISTRIBUTIONS = ("uniform", "normal", "truncated", "integer")

# The normal distribution cut off at 2 standard deviations is sqrt(2) erfinv(v), v uniform between -CUT and CUT. It is
# v P(-log(1 - v**2) - CENTRE), the variable of Giles 2010; P interpolates at Chebyshev points, to 2e-20 with all its
# coefficients and to 9e-11 with the nine for single precision.
CUT = math.erf(math.sqrt(2.0))
CENTRE = 1.2099514409455525
QUANTILE64 = (
    1.6681679208087217, 0.35257415188525054, 0.0039369281486164075, -0.0032191387748108057,
    0.00019407434518807813, 4.576003103987146e-05, -7.002955623709798e-06, -4.999551919741898e-07,
    1.8076434988711376e-07, -1.9456562070451587e-10, -3.962004883384463e-09, 2.4028228243139587e-10,
    7.447351260776781e-11, -9.800077728234817e-12, -1.1135204589816674e-12, 2.8840047793394797e-13,
    8.861375985185621e-15, -7.073699370260369e-15, 1.2981053704108602e-16, 1.3333201759978267e-16,
)
QUANTILE32 = (
    1.6681679208087217, 0.35257415179970414, 0.003936928750106727, -0.003219138029602731,
    0.00019406885562360787, 4.575842544282818e-05, -6.989380265542203e-06, -4.98982907002738e-07,
    1.682376639311594e-07,
)

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_CHUNK = 1 << 14  # temporary arrays of one chunk stay in cache


def words(index: Array, run: int, key: int) -> tuple[Array, Array, Array, Array]:
    """The four random 32-bit words of each index, as uint64.

    >>> [hex(int(w[0])) for w in words(np.zeros(1, np.uint64), 0, 0)]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    c0, c1 = index & _LOW, index >> _HALF
    c2, c3 = np.full_like(c0, run & 0xFFFFFFFF), np.full_like(c0, run >> 32)
    a, b = np.empty_like(c0), np.empty_like(c0)
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(ROUNDS):                     # in place: a hundred temporary arrays would not stay in cache
        np.multiply(c0, np.uint64(MULTIPLIERS[0]), out=a)
        np.multiply(c2, np.uint64(MULTIPLIERS[1]), out=b)
        _next(b, c0, c1, k0)
        _next(a, c2, c3, k1)
        k0, k1 = (k0 + KEY_STEPS[0]) & 0xFFFFFFFF, (k1 + KEY_STEPS[1]) & 0xFFFFFFFF
    return c0, c1, c2, c3


def _next(product: Array, high: Array, low: Array, key: int) -> None:
    """Set two of the words to the halves of the other's product, the high one mixed with the low word of before and the key."""
    np.right_shift(product, _HALF, out=high)
    np.bitwise_xor(high, low, out=high)
    np.bitwise_xor(high, np.uint64(key), out=high)
    np.bitwise_and(product, _LOW, out=low)


def draw(distribution: str, dtype: np.dtype[Any], count: int, run: int, key: int, bound: int = 0) -> Array:
    """The first `count` elements of a stream: uniform in [0, 1), standard normal, standard normal within two standard
    deviations, or integers in [0, bound)."""
    out = np.empty(count, dtype)
    for start in range(0, count, _CHUNK):
        index = np.arange(start, min(start + _CHUNK, count), dtype=np.uint64)
        block = words(index, run, key)
        if distribution == "integer":
            out[start:start + index.size] = _below(_long(block[0], block[1]), bound).astype(dtype)
        else:
            out[start:start + index.size] = _REAL[distribution, dtype.itemsize](*block)
    return out


def _long(high: Array, low: Array) -> Array:
    return (high << _HALF) | low


def _below(x: Array, bound: int) -> Array:
    """The high 64 bits of x * bound: in [0, bound), each number equally often but for 2**-64 * bound."""
    high, low = np.uint64(bound >> 32), np.uint64(bound & 0xFFFFFFFF)
    x_high, x_low = x >> _HALF, x & _LOW
    middle = x_high * low + ((x_low * low) >> _HALF)
    return x_high * high + (middle >> _HALF) + ((x_low * high + (middle & _LOW)) >> _HALF)


def _uniform32(w0: Array, w1: Array, w2: Array, w3: Array) -> Array:
    return (w0 >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-24)


def _uniform64(w0: Array, w1: Array, w2: Array, w3: Array) -> Array:
    return (_long(w0, w1) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _cos_turns(k: Array, bits: int) -> Array:
    """cos(2 pi k / 2**bits) of integers k, reduced to an eighth of a turn without rounding."""
    k = k.astype(np.int64)
    quadrant = (k + (1 << (bits - 3))) >> (bits - 2)
    angle = (k - (quadrant << (bits - 2))) * (2.0 * math.pi / 2.0**bits)
    size = np.where(quadrant & 1, np.sin(angle), np.cos(angle))
    return np.where((quadrant + 1) & 2, -size, size)


def _normal32(w0: Array, w1: Array, w2: Array, w3: Array) -> Array:
    # Box and Muller 1958. The uniform number is in (0, 1]: 31 bits and a half, rounded to float32.
    u = (w0 >> np.uint64(1)).astype(np.float32) * np.float32(2.0**-31) + np.float32(2.0**-32)
    return np.sqrt(-2.0 * np.log(u.astype(np.float64))) * _cos_turns(w1 >> np.uint64(8), 24)


def _normal64(w0: Array, w1: Array, w2: Array, w3: Array) -> Array:
    u = ((_long(w0, w1) >> np.uint64(11)) + np.uint64(1)).astype(np.float64) * 2.0**-53
    return np.sqrt(-2.0 * np.log(u)) * _cos_turns(_long(w2, w3) >> np.uint64(11), 53)


def _quantile(v: Array) -> Array:
    v = v.astype(np.float64)
    w = -np.log((1.0 - v) * (1.0 + v)) - CENTRE
    return np.clip(v * np.polynomial.polynomial.polyval(w, QUANTILE64), -2.0, 2.0)


def _truncated32(w0: Array, w1: Array, w2: Array, w3: Array) -> Array:
    odd = (w0 >> np.uint64(8)).astype(np.int64) * 2 + (1 - (1 << 24))
    return _quantile(odd.astype(np.float32) * np.float32(CUT * 2.0**-24))


def _truncated64(w0: Array, w1: Array, w2: Array, w3: Array) -> Array:
    odd = (_long(w0, w1) >> np.uint64(11)).astype(np.int64) * 2 + (1 - (1 << 53))
    return _quantile(odd.astype(np.float64) * (CUT * 2.0**-53))


_REAL: dict[tuple[str, int], Callable[..., Array]] = {
    ("uniform", 4): _uniform32, ("uniform", 8): _uniform64, ("normal", 4): _normal32, ("normal", 8): _normal64,
    ("truncated", 4): _truncated32, ("truncated", 8): _truncated64}
