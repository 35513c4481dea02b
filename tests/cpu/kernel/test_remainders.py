"""Remainders of floats, by vectors and lane by lane, are numpy's to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cpu.kernels import evaluate

# name, quotients of floats by a divisor: those up to the last bits of the mantissa are made by vectors, others lane by lane
QUOTIENTS = {
    "small": lambda rng, n: rng.normal(size=n) * 100,
    "beside integers": lambda rng, n: rng.integers(-(10**6), 10**6, n) * (1 + rng.integers(-2, 3, n) * 2.0**-23),
    "beside integers in float64": lambda rng, n: rng.integers(-(10**6), 10**6, n) * (1 + rng.integers(-2, 3, n) * 2.0**-52),
    "of the mantissa's bits": lambda rng, n: rng.normal(size=n) * 2.0 ** rng.integers(20, 26, n),
    "of the mantissa's bits in float64": lambda rng, n: rng.normal(size=n) * 2.0 ** rng.integers(49, 55, n),
    "one in forty is large": lambda rng, n: np.where(rng.integers(0, 40, n) == 0, 1e30, 1.7) * rng.normal(size=n),
    "of any size": lambda rng, n: rng.normal(size=n) * 10.0 ** rng.uniform(-36, 36, n),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("quotients", QUOTIENTS)
def test_remainders_are_exact(quotients, dtype):
    rng = np.random.default_rng(5)
    y = (rng.normal(size=5003) + 0.01).astype(dtype)
    x = (QUOTIENTS[quotients](rng, y.size) * y).astype(dtype)
    for expression, wanted in (("floormod(x0, x1)", np.remainder(x, y)), ("floordiv(x0, x1)", np.floor_divide(x, y))):
        found = evaluate(expression, [x, y], dtype)
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))
