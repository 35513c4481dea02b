"""Hashes of texts that are the same everywhere and always: FarmHash's `Fingerprint64`, MurmurHash64A and SipHash-2-4, as TensorFlow has them.

Sources: G. Pike, FarmHash (2014), `farmhashna::Hash64`; A. Appleby, MurmurHash2 (2008), the variant of 64 bits; J.-P. Aumasson and
D. J. Bernstein, "SipHash: a fast short-input PRF" (2012).
"""

from __future__ import annotations

from collections.abc import Sequence

_ALL = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


# ---------------------------------------------------------------------- FarmHash

def _word(s: bytes, at: int) -> int:
    return int.from_bytes(s[at:at + 8], "little")


def _half(s: bytes, at: int) -> int:
    return int.from_bytes(s[at:at + 4], "little")


def _right(x: int, by: int) -> int:
    """The 64 bits of x turned to the right."""
    x &= _ALL
    return (x >> by | x << (64 - by)) & _ALL


def _mixed(x: int) -> int:
    x &= _ALL
    return x ^ (x >> 47)


def _joined(u: int, v: int, factor: int) -> int:
    a = _mixed((u ^ v & _ALL) * factor)
    return _mixed((v ^ a) * factor) * factor & _ALL


def fingerprint64(text: bytes) -> int:
    """FarmHash's fingerprint of a text, a number of 64 bits.

    >>> fingerprint64(b""), hex(fingerprint64(b"hello"))
    (11160318154034397263, '0xb48be5a931380ce8')
    """
    n = len(text)
    if n <= 16:
        return _up_to_16(text, n)
    factor = _K2 + 2 * n
    if n <= 32:
        a, b = _word(text, 0) * _K1, _word(text, 8)
        c, d = _word(text, n - 8) * factor, _word(text, n - 16) * _K2
        return _joined(_right(a + b, 43) + _right(c, 30) + d & _ALL, a + _right(b + _K2, 18) + c & _ALL, factor)
    if n <= 64:
        return _up_to_64(text, n, factor)
    return _longer(text, n)


def _up_to_16(s: bytes, n: int) -> int:
    factor = _K2 + 2 * n
    if n >= 8:
        a, b = _word(s, 0) + _K2 & _ALL, _word(s, n - 8)
        return _joined(_right(b, 37) * factor + a & _ALL, (_right(a, 25) + b) * factor & _ALL, factor)
    if n >= 4:
        return _joined(n + (_half(s, 0) << 3), _half(s, n - 4), factor)
    if n > 0:
        return _mixed((s[0] + (s[n >> 1] << 8)) * _K2 ^ (n + (s[n - 1] << 2)) * _K0) * _K2 & _ALL
    return _K2


def _up_to_64(s: bytes, n: int, factor: int) -> int:
    a, b = _word(s, 0) * _K2, _word(s, 8)
    c, d = _word(s, n - 8) * factor, _word(s, n - 16) * _K2
    y = _right(a + b, 43) + _right(c, 30) + d & _ALL
    z = _joined(y, a + _right(b + _K2, 18) + c & _ALL, factor)
    e, f = _word(s, 16) * factor, _word(s, 24)
    g, h = (y + _word(s, n - 32)) * factor, (z + _word(s, n - 24)) * factor
    return _joined(_right(e + f, 43) + _right(g, 30) + h & _ALL, e + _right(f + a, 18) + g & _ALL, factor)


def _weak(s: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = (_word(s, at + i) for i in (0, 8, 16, 24))
    a = a + w & _ALL
    b = _right(b + a + z, 21)
    total = a + x + y & _ALL
    return total + z & _ALL, b + _right(total, 44) + a & _ALL


def _longer(s: bytes, n: int) -> int:
    x, y = 81, 81 * _K1 + 113 & _ALL
    z = _mixed(y * _K2 + 113) * _K2 & _ALL
    v = w = (0, 0)
    x = x * _K2 + _word(s, 0) & _ALL
    for at in range(0, (n - 1) // 64 * 64, 64):
        x, y, z, v, w = _step(s, at, x, y, z, v, w, _K1, 1)
    factor = _K1 + ((z & 255) << 1)
    w = w[0] + (n - 1 & 63) & _ALL, w[1]
    v = v[0] + w[0] & _ALL, v[1]
    w = w[0] + v[0] & _ALL, w[1]
    x, y, z, v, w = _step(s, n - 64, x, y, z, v, w, factor, 9)
    return _joined(_joined(v[0], w[0], factor) + _mixed(y) * _K0 + z & _ALL, _joined(v[1], w[1], factor) + x & _ALL, factor)


def _step(s: bytes, at: int, x: int, y: int, z: int, v: tuple[int, int], w: tuple[int, int], factor: int,
          times: int) -> tuple[int, int, int, tuple[int, int], tuple[int, int]]:
    """64 bytes more."""
    x = _right(x + y + v[0] + _word(s, at + 8), 37) * factor & _ALL
    y = _right(y + v[1] + _word(s, at + 48), 42) * factor & _ALL
    x ^= w[1] * times & _ALL
    y = y + v[0] * times + _word(s, at + 40) & _ALL
    z = _right(z + w[0], 33) * factor & _ALL
    v = _weak(s, at, v[1] * factor, x + w[0])
    w = _weak(s, at + 32, z + w[1], y + _word(s, at + 16))
    return z, y, x, v, w


# ---------------------------------------------------------------------- MurmurHash and SipHash

def murmur64(text: bytes, seed: int = 0xDECAFCAFFE) -> int:
    """MurmurHash64A of a text, by the seed that TensorFlow's `Hash64` has."""
    factor = 0xC6A4A7935BD1E995
    h = seed ^ len(text) * factor & _ALL
    whole = len(text) & ~7
    for at in range(0, whole, 8):
        h = (h ^ _mixed(_word(text, at) * factor) * factor & _ALL) * factor & _ALL
    if len(text) > whole:
        h = (h ^ _word(text, whole)) * factor & _ALL
    return _mixed(_mixed(h) * factor)


def _left(x: int, by: int) -> int:
    return (x << by | x >> (64 - by)) & _ALL


def _round(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    a, c = a + b & _ALL, c + d & _ALL
    b, d = _left(b, 13) ^ a, _left(d, 16) ^ c
    a = _left(a, 32)
    c, a = c + b & _ALL, a + d & _ALL
    b, d = _left(b, 17) ^ c, _left(d, 21) ^ a
    return a, b, _left(c, 32), d


def siphash(text: bytes, key: Sequence[int]) -> int:
    """SipHash-2-4 of a text by a key of two numbers of 64 bits.

    >>> hex(siphash(bytes(range(15)), (0x0706050403020100, 0x0F0E0D0C0B0A0908)))
    '0xa129ca6149be45e5'
    """
    k0, k1 = (k & _ALL for k in key)
    state = (k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573)
    padded = text + b"\0" * (-(len(text) + 1) % 8) + bytes([len(text) & 255])
    for at in range(0, len(padded), 8):
        m = _word(padded, at)
        a, b, c, d = _round(*_round(state[0], state[1], state[2], state[3] ^ m))
        state = a ^ m, b, c, d
    state = state[0], state[1], state[2] ^ 255, state[3]
    for _ in range(4):
        state = _round(*state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]
