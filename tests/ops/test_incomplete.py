"""Incomplete gamma and beta functions, zeta and polygamma: against scipy, and where it has nothing to say, against TensorFlow's values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

import graphc as tf
from graphc import errors

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


SECOND_BY_A = {
    "gradients": lambda y, a, x: tf.gradients(tf.gradients(y, a)[0], a),
    "gradients by both": lambda y, a, x: tf.gradients(tf.gradients(y, a)[0], [x, a]),
    "hessians": lambda y, a, x: tf.hessians(y, a),
    "jvp of a gradient": lambda y, a, x: tf.jvp(tf.gradients(y, a)[0], a, tf.ones_like(a)),
}


@pytest.mark.parametrize("build", [tf.igamma, tf.igammac])
@pytest.mark.parametrize("of", SECOND_BY_A)
def test_the_second_derivative_by_the_exponent_is_no_silent_part_of_it(build, of):
    a, x = tf.constant(a0), tf.constant(x0)
    with pytest.raises(errors.GradientError, match="has no derivative by"):
        SECOND_BY_A[of](tf.reduce_sum(build(a, x)), a, x)


def test_the_mixed_derivative_is_there(session):
    a, x = tf.constant(a0), tf.constant(x0)
    mixed = tf.gradients(tf.gradients(tf.igamma(a, x), a)[0], x)[0]
    other = tf.gradients(tf.gradients(tf.igamma(a, x), x)[0], a)[0]
    density = np.exp((a0 - 1) * np.log(x0) - x0 - special.gammaln(a0))
    for found in session.run([mixed, other]):
        np.testing.assert_allclose(found, density * (np.log(x0) - special.digamma(a0)), rtol=1e-9)


def test_the_derivative_of_the_density_of_beta_by_exponents_of_1(session):
    a, b, x = (tf.constant(v, tf.float64) for v in ([1.0, 1.0, 2.5], [1.0, 3.0, 1.0], [0.25, 0.5, 0.75]))
    p = session.run([a, b, x])
    density = np.exp((p[0] - 1) * np.log(p[2]) + (p[1] - 1) * np.log1p(-p[2]) - special.betaln(p[0], p[1]))
    found = session.run(tf.gradients(tf.gradients(tf.betainc(a, b, x), x)[0], [a, b]))
    shared = special.digamma(p[0] + p[1])
    np.testing.assert_allclose(found[0], density * (np.log(p[2]) + shared - special.digamma(p[0])), rtol=1e-9)
    np.testing.assert_allclose(found[1], density * (np.log1p(-p[2]) + shared - special.digamma(p[1])), rtol=1e-9)


def test_densities_at_the_ends(session):
    x = tf.constant([0.0, 1.0], tf.float64)
    one, two = tf.ones_like(x), 2 * tf.ones_like(x)
    found = [tf.gradients(tf.igamma(one, x), x)[0], tf.gradients(tf.betainc(one, one, x), x)[0], tf.gradients(tf.betainc(one, two, x), x)[0]]
    np.testing.assert_allclose(session.run(found), [[1, np.exp(-1)], [1, 1], [2, 0]], atol=1e-12)
