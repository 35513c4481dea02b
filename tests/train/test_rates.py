"""Learning rates against their formulas, step by step, in numpy float64."""

from __future__ import annotations

import math

import numpy as np
import pytest

import graphc as tf
from graphc import errors

STEPS = [0, 1, 4, 10, 11, 25, 40, 100]


def polynomial(n, measure=10, start=0.5, end=0.1, power=2.0, cycle=False):
    measure = measure * (math.ceil(n / measure) if n else 1) if cycle else measure
    n = n if cycle else min(n, measure)
    return (start - end) * (1 - n / measure) ** power + end


def cosine(n, alpha=0.2):
    return 0.5 * ((1 - alpha) * 0.5 * (1 + math.cos(math.pi * min(n, 10) / 10)) + alpha)


def restarts(n, length=10.0, t_mul=2.0, m_mul=0.5, alpha=0.1):
    """Period after period, each t_mul times as long as the one before, and of m_mul times its height."""
    height = 1.0
    while n >= length - 1e-9:
        n, length, height = n - length, length * t_mul, height * m_mul
    return 0.5 * ((1 - alpha) * height * 0.5 * (1 + math.cos(math.pi * n / length)) + alpha)


def linear_cosine(n, periods=1.5, alpha=0.1, beta=0.01):
    n = min(n, 10)
    return 0.5 * ((alpha + (10 - n) / 10) * 0.5 * (1 + math.cos(2 * math.pi * periods * n / 10)) + beta)


RATES = [
    ("exponential", lambda n: tf.train.exponential_decay(0.5, n, 10, 0.8), lambda n: 0.5 * 0.8 ** (n / 10)),
    ("exponential in stairs", lambda n: tf.train.exponential_decay(0.5, n, 10, 0.8, True), lambda n: 0.5 * 0.8 ** (n // 10)),
    ("natural", lambda n: tf.train.natural_exp_decay(0.5, n, 10, 0.8), lambda n: 0.5 * math.exp(-0.8 * n / 10)),
    ("natural in stairs", lambda n: tf.train.natural_exp_decay(0.5, n, 10, 0.8, staircase=True), lambda n: 0.5 * math.exp(-0.8 * (n // 10))),
    ("inverse", lambda n: tf.train.inverse_time_decay(0.5, n, 10, 0.8), lambda n: 0.5 / (1 + 0.8 * n / 10)),
    ("inverse in stairs", lambda n: tf.train.inverse_time_decay(0.5, n, 10, 0.8, staircase=True), lambda n: 0.5 / (1 + 0.8 * (n // 10))),
    ("polynomial", lambda n: tf.train.polynomial_decay(0.5, n, 10, 0.1, 2.0), polynomial),
    ("polynomial in cycles", lambda n: tf.train.polynomial_decay(0.5, n, 10, 0.1, 2.0, cycle=True), lambda n: polynomial(n, cycle=True)),
    ("piecewise", lambda n: tf.train.piecewise_constant(n, [4, 25], [1.0, 0.5, 0.1]), lambda n: 1.0 if n <= 4 else 0.5 if n <= 25 else 0.1),
    ("cosine", lambda n: tf.train.cosine_decay(0.5, n, 10, alpha=0.2), cosine),
    ("restarts", lambda n: tf.train.cosine_decay_restarts(0.5, n, 10, m_mul=0.5, alpha=0.1), restarts),
    ("restarts of one length", lambda n: tf.train.cosine_decay_restarts(0.5, n, 10, t_mul=1.0, m_mul=0.5, alpha=0.1),
     lambda n: restarts(n, t_mul=1.0)),
    ("linear cosine", lambda n: tf.train.linear_cosine_decay(0.5, n, 10, num_periods=1.5, alpha=0.1, beta=0.01), linear_cosine),
]


# Logarithms of float32 decide which period a step of restarts is in: at its first steps the formula jumps.
JUMPS = {"restarts": [10]}


@pytest.mark.parametrize("name, rate, formula", RATES, ids=[row[0] for row in RATES])
def test_rate(name, rate, formula, session):
    n = tf.placeholder(tf.int64, [])
    made = rate(n)
    assert made.dtype == tf.float32
    steps = [k for k in STEPS if k not in JUMPS.get(name, [])]
    np.testing.assert_allclose([session.run(made, {n: k}) for k in steps], [formula(k) for k in steps], rtol=3e-5, atol=1e-6)


def test_noise_is_that_of_the_linear_part(session):
    n = tf.placeholder(tf.int32, [])
    made = tf.train.noisy_linear_cosine_decay(1.0, n, 10, initial_variance=4.0, variance_decay=1.0, num_periods=0.0, beta=0.0)
    drawn = np.array([session.run(made, {n: 3}) for _ in range(400)])
    assert abs(drawn.mean() - 0.7) < 0.2 and abs(drawn.std() - 1.0) < 0.15


def test_names_and_dtypes():
    step = tf.train.get_or_create_global_step()
    rate = tf.train.polynomial_decay(tf.constant(0.1, tf.float64), step, tf.constant(100), name="rate")
    assert rate.op.name == "rate" and rate.dtype == tf.float64
    assert tf.train.piecewise_constant_decay is tf.train.piecewise_constant
    assert tf.train.piecewise_constant(step, [np.int64(3)], [1, 2]).dtype == tf.int32


MISTAKES = [
    (lambda: tf.train.exponential_decay(0.1, None, 10, 0.5), errors.GraphError, "exponential_decay: global_step is None"),
    (lambda: tf.train.cosine_decay(tf.constant(1), 3, 10), errors.DTypeError, "cosine_decay: the rate Const: int32[] (test_rates.py:"),
    (lambda: tf.train.piecewise_constant(3, [1, 2], [1.0, 2.0]), errors.GraphError, "2 boundaries take 3 values, not 2"),
    (lambda: tf.train.piecewise_constant(3, [1], [tf.constant(1), tf.constant(2.0)]), errors.DTypeError, "are of two dtypes"),
    (lambda: tf.train.inverse_time_decay(0.1, 3, "a", 0.5), errors.DTypeError, "'a' is no number"),
]


@pytest.mark.parametrize("act, kind, text", MISTAKES)
def test_mistakes_are_named(act, kind, text):
    with pytest.raises(kind) as caught:
        act()
    assert text in str(caught.value) and "test_rates.py:" in str(caught.value)
