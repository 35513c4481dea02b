"""Incomplete gamma and beta functions, zeta and polygamma: against scipy, and where it has nothing to say, against TensorFlow's values."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc import errors

special = pytest.importorskip("scipy.special")
RANDOM = np.random.default_rng(0)
N = 2000
A = np.exp(RANDOM.uniform(-4, 9, N))
X = np.concatenate([np.exp(RANDOM.uniform(-5, 6, N // 2)), A[N // 2:] * np.exp(RANDOM.normal(0, 0.5, N // 2))])
B, C, U = np.exp(RANDOM.uniform(-3, 6, N)), np.exp(RANDOM.uniform(-3, 6, N)), RANDOM.uniform(0, 1, N)
S, Q, K = 1 + np.exp(RANDOM.uniform(-4, 4, N)), np.exp(RANDOM.uniform(-4, 4, N)), RANDOM.integers(0, 12, N).astype(float)

# What is computed, and by scipy; the accuracy is that of both together where the factor before the series is of large exponents.
BESIDE = [
    ("igamma", lambda: tf.igamma(A, X), lambda: special.gammainc(A, X), 1e-10, 1e-12),
    ("igammac", lambda: tf.igammac(A, X), lambda: special.gammaincc(A, X), 1e-10, 1e-12),
    ("betainc", lambda: tf.betainc(B, C, U), lambda: special.betainc(B, C, U), 1e-11, 1e-12),
    ("zeta", lambda: tf.zeta(S, Q), lambda: special.zeta(S, Q), 1e-11, 0.0),
    ("polygamma", lambda: tf.polygamma(K, Q), lambda: special.polygamma(K.astype(int), Q), 1e-12, 1e-12),
]


@pytest.mark.parametrize("build, wanted, rtol, atol", [row[1:] for row in BESIDE], ids=[row[0] for row in BESIDE])
def test_beside_scipy(build, wanted, rtol, atol, session):
    np.testing.assert_allclose(session.run(build()), wanted(), rtol=rtol, atol=atol)


INF, NAN = np.inf, np.nan
# Operands | value, of TensorFlow 2.15 but for igamma(0, 0), igamma(-1, 0) and igamma(inf, inf), which are nan here and 0 there.
EDGES = [
    (tf.igamma, (0.0, 1.0), NAN), (tf.igamma, (-1.0, 1.0), NAN), (tf.igamma, (1.0, -0.5), NAN), (tf.igamma, (2.0, 0.0), 0.0),
    (tf.igamma, (2.0, INF), 1.0), (tf.igamma, (INF, 5.0), 0.0), (tf.igamma, (0.0, 0.0), NAN), (tf.igamma, (INF, INF), NAN),
    (tf.igammac, (2.0, 0.0), 1.0), (tf.igammac, (2.0, INF), 0.0), (tf.igammac, (INF, 5.0), 1.0), (tf.igammac, (NAN, 1.0), NAN),
    (tf.betainc, (1.0, 1.0, 0.0), 0.0), (tf.betainc, (1.0, 1.0, 1.0), 1.0), (tf.betainc, (0.0, 1.0, 0.5), NAN), (tf.betainc, (1.0, 1.0, 1.5), NAN),
    (tf.betainc, (1.0, 1.0, -0.1), NAN), (tf.betainc, (INF, 1.0, 0.5), NAN),
    (tf.zeta, (1.0, 1.0), INF), (tf.zeta, (0.5, 1.0), NAN), (tf.zeta, (2.5, -1.5), NAN), (tf.zeta, (2.0, 0.0), INF), (tf.zeta, (2.0, -2.0), INF),
    (tf.zeta, (3.0, -1.5), 0.11810202582086413), (tf.zeta, (2.0, -1.5), 9.379246644989124), (tf.zeta, (3.0, INF), 0.0), (tf.zeta, (NAN, 1.0), NAN),
    (tf.polygamma, (1.5, 1.0), NAN), (tf.polygamma, (-1.0, 1.0), NAN), (tf.polygamma, (1.0, 0.0), INF),
    (tf.polygamma, (1.0, -0.5), 8.934802200544679),
]


@pytest.mark.parametrize("function, operands, wanted", EDGES, ids=[f"{f.__name__}{x}" for f, x, _ in EDGES])
def test_edges(function, operands, wanted, session):
    np.testing.assert_allclose(session.run(function(*map(tf.constant, map(np.float64, operands)))), wanted, rtol=1e-12)


def five(function, x, h):
    """The derivative by differences of fourth order."""
    return (8 * (function(x + h) - function(x - h)) - (function(x + 2 * h) - function(x - 2 * h))) / (12 * h)


a0, x0 = np.array([0.3, 1.0, 2.5, 7.0, 30.0, 2.0, 12.0]), np.array([0.2, 4.0, 2.0, 9.0, 25.0, 40.0, 14.0])
FIRST = [
    ("igamma by a", lambda a, x: tf.igamma(a, x), 0, lambda a: special.gammainc(a, x0), a0),
    ("igammac by a", lambda a, x: tf.igammac(a, x), 0, lambda a: special.gammaincc(a, x0), a0),
    ("igamma by x", lambda a, x: tf.igamma(a, x), 1, lambda x: special.gammainc(a0, x), x0),
    ("igammac by x", lambda a, x: tf.igammac(a, x), 1, lambda x: special.gammaincc(a0, x), x0),
    ("zeta by q", lambda a, x: tf.zeta(a + 1.0, x), 1, lambda x: special.zeta(a0 + 1, x), x0),
    ("betainc by x", lambda a, x: tf.betainc(a, 2.0, x / 50.0), 1, lambda x: special.betainc(a0, 2.0, x / 50), x0),
    ("polygamma by x", lambda a, x: tf.polygamma(tf.constant(2.0, tf.float64), x), 1, lambda x: special.polygamma(2, x), x0),
]


@pytest.mark.parametrize("build, by, function, at", [row[1:] for row in FIRST], ids=[row[0] for row in FIRST])
def test_first_derivatives(build, by, function, at, session):
    operands = tf.constant(a0), tf.constant(x0)
    slope, = tf.gradients(build(*operands), operands[by])
    np.testing.assert_allclose(session.run(slope), five(function, at, 1e-4 * at), rtol=1e-7, atol=1e-11)


def test_operands_are_repeated_to_one_shape(session):
    a, x = tf.placeholder(tf.float64, [None, 1]), tf.placeholder(tf.float64)
    found = tf.igamma(a, x)
    feed = {a: [[0.5], [3.0]], x: np.array([1.0, 2.0, 8.0])}
    np.testing.assert_allclose(session.run(found, feed), special.gammainc(feed[a], feed[x]), rtol=1e-13)
    assert session.run(tf.igamma(2, 3)).dtype == np.float32 and tf.zeta(2, [1.0, 2.0]).shape == [2]


def test_texts_are_refused():
    with pytest.raises(errors.DTypeError, match="is no real number"):
        tf.igamma("a", 1.0)
