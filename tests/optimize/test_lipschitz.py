"""`optimize.lipschitz_estimate`: exact on linear functions, at the steepest point of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

opt = tf.optimize


@pytest.mark.parametrize(("norm", "constant"), [(1, 4.0), (2, np.sqrt(26)), (np.inf, 8.0)])
def test_lipschitz_constant_of_a_linear_function(norm: float, constant: float) -> None:
    x, y = tf.placeholder(tf.float64, [2]), tf.placeholder(tf.float64, [])
    with tf.Session() as session:
        found = tf.optimize.lipschitz_estimate(tf.reduce_sum(x * [3.0, -4.0]) + y, [x, y], [(-1, 1), (0, 2)], samples=5, norm=norm, session=session)
    assert found.constant == pytest.approx(constant) and [v.shape for v in found.at] == [(2,), ()]


SLOPES: dict[str, tuple[Callable[[Any], Any], tuple[float, float], float]] = {
    "square": (lambda x: tf.reduce_sum(x * x), (-1, 3), 2 * 3 * 2**0.5),        # at a corner
    "sine": (lambda x: tf.reduce_sum(tf.sin(x)), (-2, 2), 2**0.5),              # inside
    "bump": (lambda x: tf.exp(-tf.reduce_sum(x * x)), (-3, 3), (2 / np.e)**0.5),
}


@pytest.mark.parametrize("name", SLOPES)
def test_lipschitz_estimate_climbs_to_the_steepest_point(name: str) -> None:
    make, (low, high), constant = SLOPES[name]
    x = tf.Variable(np.zeros(2))
    y = make(x)
    with tf.Session() as session:
        found = opt.lipschitz_estimate(y, x, (low, high), samples=50)
        again = opt.lipschitz_estimate(y, x, (low, high), samples=50)
        plain = opt.lipschitz_estimate(y, x, (low, high), samples=50, climbs=0)
        values = [(p, session.run(y, {x: p})) for p in np.random.default_rng(0).uniform(low, high, (60, 2))]
        assert session.run(x).tolist() == [0, 0]
    assert found.constant == pytest.approx(constant, rel=1e-6) and found.constant == again.constant
    assert plain.constant == plain.sampled == found.sampled <= found.constant
    assert all(abs(a - b) <= found.constant * np.linalg.norm(p - q) * (1 + 1e-6) for p, a in values for q, b in values)
