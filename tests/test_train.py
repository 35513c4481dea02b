"""Optimizers against their papers' formulas in numpy float64, and gradients of graphs as a user asks for them."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc import errors

START, TARGET = np.array([[1.0, -2.0, 3.0]]), np.array([[0.5, 0.25, -1.0]])
STEPS = 4


def gradient(v):
    """Of 0.5 sum (v - TARGET)^2 * [1, 2, 3]."""
    return (v - TARGET) * [1.0, 2.0, 3.0]


def sgd(v, lr=0.1):
    for _ in range(STEPS):
        v = v - lr * gradient(v)
    return v


def momentum(v, lr=0.1, m=0.9, nesterov=False):
    a = 0 * v
    for _ in range(STEPS):
        g = gradient(v)
        a = m * a + g
        v = v - lr * (g + m * a if nesterov else a)
    return v


def adagrad(v, lr=0.1, start=0.1):
    a = 0 * v + start
    for _ in range(STEPS):
        g = gradient(v)
        a = a + g * g
        v = v - lr * g / np.sqrt(a)
    return v


def rmsprop(v, lr=0.1, decay=0.9, m=0.5, eps=1e-3, centered=False):
    ms, mg, p = 0 * v + 1, 0 * v, 0 * v
    for _ in range(STEPS):
        g = gradient(v)
        ms = decay * ms + (1 - decay) * g * g
        mg = decay * mg + (1 - decay) * g
        p = m * p + lr * g / np.sqrt(ms - (mg * mg if centered else 0) + eps)
        v = v - p
    return v


def adam(v, lr=0.1, b1=0.9, b2=0.999, eps=1e-8):
    m, s = 0 * v, 0 * v
    for t in range(1, STEPS + 1):
        g = gradient(v)
        m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g * g
        v = v - lr * np.sqrt(1 - b2 ** t) / (1 - b1 ** t) * m / (np.sqrt(s) + eps)
    return v


def adadelta(v, lr=1.0, rho=0.95, eps=1e-4):
    a, d = 0 * v, 0 * v
    for _ in range(STEPS):
        g = gradient(v)
        a = rho * a + (1 - rho) * g * g
        step = np.sqrt(d + eps) / np.sqrt(a + eps) * g
        d = rho * d + (1 - rho) * step * step
        v = v - lr * step
    return v


OPTIMIZERS = [
    ("sgd", lambda: tf.train.GradientDescentOptimizer(0.1), sgd),
    ("sgd, tensor rate", lambda: tf.train.GradientDescentOptimizer(tf.constant(0.1) * 1.0), sgd),
    ("sgd, function rate", lambda: tf.train.GradientDescentOptimizer(lambda: 0.1), sgd),
    ("momentum", lambda: tf.train.MomentumOptimizer(0.1, 0.9), momentum),
    ("nesterov", lambda: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True), lambda v: momentum(v, nesterov=True)),
    ("adagrad", lambda: tf.train.AdagradOptimizer(0.1), adagrad),
    ("rmsprop", lambda: tf.train.RMSPropOptimizer(0.1, momentum=0.5, epsilon=1e-3), rmsprop),
    ("rmsprop centered", lambda: tf.train.RMSPropOptimizer(0.1, momentum=0.5, epsilon=1e-3, centered=True), lambda v: rmsprop(v, centered=True)),
    ("adam", lambda: tf.train.AdamOptimizer(0.1), adam),
    ("adadelta", lambda: tf.train.AdadeltaOptimizer(1.0, epsilon=1e-4), adadelta),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("jit", [True, False], ids=["jit", "interpreted"])
@pytest.mark.parametrize("make, formula", [o[1:] for o in OPTIMIZERS], ids=[o[0] for o in OPTIMIZERS])
def test_steps_follow_the_formula(make, formula, jit, dtype):
    v = tf.Variable(START.astype(dtype))
    step = tf.Variable(0, trainable=False)
    loss = 0.5 * tf.reduce_sum(tf.square(v - TARGET) * [1.0, 2.0, 3.0])
    train = make().minimize(loss, global_step=step)
    with tf.Session(jit=jit) as s:
        s.run(tf.global_variables_initializer())
        for _ in range(STEPS):
            s.run(train)
        value, count = s.run([v, step])
    np.testing.assert_allclose(value, formula(START), rtol=1e-5 if dtype == "float32" else 1e-6)
    assert count == STEPS and value.dtype == dtype


def test_exponential_decay():
    step = tf.placeholder(tf.int32, [])
    smooth, stairs = (tf.train.exponential_decay(0.5, step, 10, 0.8, staircase=b) for b in (False, True))
    with tf.Session() as s:
        for n in (0, 5, 10, 25):
            got = s.run([smooth, stairs], {step: n})
            np.testing.assert_allclose(got, [0.5 * 0.8 ** (n / 10), 0.5 * 0.8 ** (n // 10)], rtol=1e-6)


def test_clip_by_global_norm():
    a, b = np.array([3.0, 4.0]), np.array([[12.0]])
    clipped, norm = tf.clip_by_global_norm([tf.constant(a), None, tf.constant(b)], 6.5)
    with tf.Session() as s:
        x, y, n = s.run([clipped[0], clipped[2], norm])
    assert clipped[1] is None and n == 13
    np.testing.assert_allclose(x, a / 2)
    np.testing.assert_allclose(y, b / 2)


def test_gradients_are_clipped_and_applied():
    v = tf.Variable([3.0, 4.0])
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    pairs = optimizer.compute_gradients(tf.reduce_sum(v * [30.0, 40.0]))
    grads, _ = tf.clip_by_global_norm([g for g, _ in pairs], 5.0)
    with tf.Session() as s:
        s.run(optimizer.apply_gradients(zip(grads, [v for _, v in pairs], strict=True)))
        np.testing.assert_allclose(s.run(v), [0, 0], atol=1e-6)


def test_gradient_penalty_differentiates_twice():
    x = tf.placeholder(tf.float64, [3])
    w = tf.Variable(np.array([0.5, -1.0, 2.0]))
    (slope,) = tf.gradients(tf.reduce_sum(tf.tanh(w * x)), x)
    loss = tf.reduce_sum(tf.square(slope))
    (g,) = tf.gradients(loss, w)

    def penalty(w, x):
        return np.sum((w * (1 - np.tanh(w * x) ** 2)) ** 2)
    with tf.Session() as s:
        at = np.array([0.3, 0.7, -0.2])
        value, got = s.run([loss, g], {x: at})
        w0 = s.run(w)
    np.testing.assert_allclose(value, penalty(w0, at))
    eps = 1e-6
    numeric = [(penalty(w0 + eps * e, at) - penalty(w0 - eps * e, at)) / (2 * eps) for e in np.eye(3)]
    np.testing.assert_allclose(got, numeric, rtol=1e-7)


def test_paths_add_up_and_stop():
    x = tf.constant([2.0])
    a, b = x * 3, x * 5
    y = a * b + x
    with tf.Session() as s:
        both, only, none = s.run([tf.gradients(y, x)[0], tf.gradients(y, x, stop_gradients=[a])[0], tf.gradients(tf.stop_gradient(a) * b, x)[0]])
        weighted = s.run(tf.gradients([y, a], x, grad_ys=[[2.0], [1.0]])[0])
    assert (both, only, none, weighted) == (61, 31, 30, 125)
    assert tf.gradients(y, tf.constant(1.0)) == [None]
    assert tf.gradients(y, tf.constant([1.0]), unconnected_gradients="zero")[0] is not None


MISTAKES = [
    ("no path", lambda v, w: tf.train.AdamOptimizer().minimize(tf.reduce_sum(v * 2), var_list=[w]), errors.GradientError,
     ["no gradient leads from", "w: float32[2] (test_train.py:"]),
    ("cut path", lambda v, w: tf.train.AdamOptimizer().minimize(tf.reduce_sum(tf.cast(tf.argmax(w), tf.float32)), var_list=[w]),
     errors.GradientError, ["the path ends at", "made by cast"]),
    ("no variables", lambda v, w: tf.train.AdamOptimizer().minimize(tf.constant(1.0), var_list=[]), errors.GraphError, ["no variables to train"]),
    ("loss is a number", lambda v, w: tf.train.AdamOptimizer().minimize(3.0), errors.DTypeError, ["the loss must be a tensor"]),
    ("integers", lambda v, w: tf.gradients(tf.constant(1), v), errors.DTypeError, ["not of a floating dtype"]),
    ("grad_ys shape", lambda v, w: tf.gradients(v, v, grad_ys=[[1.0, 2.0, 3.0]]), errors.ShapeError, ["does not fit"]),
    ("not a variable", lambda v, w: tf.train.AdamOptimizer().minimize(tf.reduce_sum(v), var_list=[v + 1]), errors.DTypeError, ["is not a Variable"]),
    ("assign shape", lambda v, w: v.assign([1.0, 2.0, 3.0]), errors.ShapeError, ["shape [3] cannot be assigned", "test_train.py:"]),
]


@pytest.mark.parametrize("act, kind, texts", [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_mistakes_are_named(act, kind, texts):
    v, w = tf.Variable([1.0, 2.0], name="v"), tf.Variable([1.0, 2.0], name="w")
    with pytest.raises(kind) as caught:
        act(v, w)
    for text in texts:
        assert text in str(caught.value)
