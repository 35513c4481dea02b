"""Gradients that a program gives itself, Python functions of eager tensors, confusion matrices, counting, batched gathers, parametric activations."""

from __future__ import annotations

import re

import numpy as np
import pytest

import graphc as tf

JIT = pytest.mark.parametrize("jit", [True, False])


# ---------------------------------------------------------------------- custom_gradient

@tf.custom_gradient
def log1pexp(x):
    """TensorFlow's own example: log(1 + exp(x)), whose gradient by the rule is nan for large x."""
    e = tf.exp(x)
    return tf.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))


@tf.custom_gradient
def crossed(a, b):
    """a b and a + b, with gradients that no rule gives."""
    return (a * b, a + b), lambda da, db: (3.0 * da + 5.0 * db, 7.0 * da + 11.0 * db)


@JIT
def test_gradient_is_the_programs(jit):
    x = tf.placeholder(tf.float32, [None])
    y = log1pexp(x)
    with tf.Session(jit=jit) as sess:
        value, slope = sess.run([y, tf.gradients(y, x)[0]], {x: [0.0, 100.0]})
    np.testing.assert_allclose(value, [np.log(2), np.inf], rtol=1e-6)
    np.testing.assert_allclose(slope, [0.5, 1.0])


@JIT
def test_gradients_of_several_results(jit):
    a, b = tf.constant(2.0), tf.constant(3.0)
    y, z = crossed(a, b)
    with tf.Session(jit=jit) as sess:
        assert sess.run([y, z]) == [6.0, 5.0]
        assert sess.run(tf.gradients(y, [a, b])) == [3.0, 7.0]
        assert sess.run(tf.gradients(z, [a, b])) == [5.0, 11.0]
        assert sess.run(tf.gradients([y, 2.0 * z], [a, b])) == [13.0, 29.0]


@JIT
def test_second_derivative_is_that_of_the_programs_gradient(jit):
    @tf.custom_gradient
    def cube(x):
        return x * x * x, lambda dy: dy * 10.0 * x * x
    x = tf.constant(2.0)
    first = tf.gradients(cube(x), x)[0]
    with tf.Session(jit=jit) as sess:
        assert sess.run([first, tf.gradients(first, x)[0]]) == [40.0, 40.0]


def test_variables_are_given_to_it():
    w = tf.Variable(3.0, name="w")

    @tf.custom_gradient
    def scaled(x):
        def grad(dy, variables):
            assert variables == [w]
            return dy * 100.0, [dy * 1000.0]
        return w * x, grad
    x = tf.constant(2.0)
    y = scaled(x)
    assert tf.Session(jit=False).run([y, *tf.gradients(y, [x, w])]) == [6.0, 100.0, 1000.0]


@pytest.mark.parametrize("function, message", [
    (lambda x: x, "gives its results and a function of their gradients, not"),
    (lambda x: (x, x), "gives its results and a function of their gradients, not"),
    (lambda x: (x * tf.Variable(1.0), lambda dy: dy), "and its function of gradients takes no variables"),
    (lambda x: tf.gradients(tf.custom_gradient(lambda x: (x * 2.0, lambda dy: [dy, dy]))(x), x), "has 1 arguments and 0 variables, and 2 gradients"),
])
def test_custom_gradient_refuses(function, message):
    with pytest.raises(tf.errors.GraphError, match=message) as caught:
        tf.custom_gradient(function)(tf.constant(1.0))
    assert "at test_custom.py:" in str(caught.value)


def test_a_graph_with_one_is_not_saved():
    y = log1pexp(tf.constant(1.0))
    with pytest.raises(tf.errors.SerializationError):
        y.graph.to_json()
    with pytest.raises(tf.errors.SerializationError):
        y.graph.as_graph_def().SerializeToString()
    assert "CustomGradient" in [n.name for n in y.graph.as_graph_def().node]


# ---------------------------------------------------------------------- py_function

@JIT
def test_python_functions_of_eager_tensors(jit):
    x = tf.placeholder(tf.float64, [2])
    one = tf.py_function(lambda a: a.numpy().sum(), [x], tf.float32)
    several = tf.py_function(lambda a, b: (a + b, "text"), [x, 1.0], [tf.float64, tf.string])
    none = tf.py_function(lambda a: seen.append(a.numpy().tolist()), [x], [])
    seen: list[object] = []
    with tf.Session(jit=jit) as sess:
        found, (added, text), _ = sess.run([one, several, none], {x: [1.5, 2.0]})
    assert found == np.float32(3.5) and found.dtype == np.float32 and added.tolist() == [2.5, 3.0] and text == b"text" and seen == [[1.5, 2.0]]


# ---------------------------------------------------------------------- confusion_matrix

CONFUSED = [([0, 1, 2, 2], [0, 2, 2, 1], None, None), ([0, 1], [1, 1], 4, None), ([0, 1, 1], [1, 1, 1], None, [0.5, 2.0, 3.0]), ([], [], 3, None)]


@JIT
@pytest.mark.parametrize("labels, predictions, classes, weights", CONFUSED)
def test_confusion_matrix(labels, predictions, classes, weights, jit):
    n = classes or max([*labels, *predictions]) + 1
    wanted = np.zeros((n, n))
    for i, (y, p) in enumerate(zip(labels, predictions, strict=True)):
        wanted[y, p] += 1 if weights is None else weights[i]
    y, p = tf.placeholder(tf.int64, [None]), tf.placeholder(tf.int64, [None])
    given = None if weights is None else tf.constant(weights)
    found = tf.confusion_matrix(y, p, classes, tf.float32 if weights else tf.int32, weights=given)
    value = tf.Session(jit=jit).run(found, {y: labels, p: predictions})
    np.testing.assert_array_equal(value, wanted)
    assert value.dtype == (np.float32 if weights else np.int32)


@pytest.mark.parametrize("call, error", [
    (lambda: tf.confusion_matrix([0, 1], [1]), tf.errors.ShapeError), (lambda: tf.confusion_matrix([[0, 1]], [[1, 1]]), ValueError),
    (lambda: tf.Session(jit=False).run(tf.confusion_matrix([0, 5], [1, 1], 3)), tf.errors.InvalidArgumentError),
    (lambda: tf.Session(jit=False).run(tf.confusion_matrix([0, -1], [1, 1], 3)), tf.errors.InvalidArgumentError),
])
def test_confusion_matrix_refuses(call, error):
    with pytest.raises(error):
        call()


# ---------------------------------------------------------------------- count_up_to

@JIT
def test_counting_up_to_a_limit(jit):
    v = tf.Variable(0, name="v")
    count = v.count_up_to(3)
    with tf.Session(jit=jit) as sess:
        assert [sess.run(count) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(tf.errors.OutOfRangeError, match="3 is not below the limit 3"):
            sess.run(count)
        assert sess.run(v) == 3


@pytest.mark.parametrize("call, error", [(lambda: tf.count_up_to(tf.constant(1), 2), tf.errors.GraphError),
                                         (lambda: tf.count_up_to(tf.Variable(1.0), 2), tf.errors.DTypeError),
                                         (lambda: tf.count_up_to(tf.Variable([1]), 2), tf.errors.ShapeError)])
def test_counting_refuses(call, error):
    with pytest.raises(error, match="at test_custom.py:"):
        call()


# ---------------------------------------------------------------------- gather(batch_dims=)

def batched(x, at, b, axis):
    """params[b..., i..., indices[b..., j...], k...], from its definition."""
    out = np.zeros((*x.shape[:axis], *at.shape[b:], *x.shape[axis + 1:]), x.dtype)
    for place in np.ndindex(x.shape[:b]):
        out[place] = np.take(x[place], at[place], axis - b)
    return out


@JIT
@pytest.mark.parametrize("open_", [False, True])
@pytest.mark.parametrize("sizes, own, b, axis", [((2, 3), (2, 2), 1, None), ((2, 3, 4), (2, 5), 1, 1), ((2, 3, 4), (2, 5), 1, 2),
                                                 ((2, 3, 4), (2,), 1, 1),
                                                 ((2, 3, 4), (2, 3, 2), 2, None), ((2, 3, 4, 2), (2, 3), 1, 2), ((2, 3, 4), (2, 3, 1, 2), 2, -1),
                                                 ((2, 3), (2, 0), 1, 1)])
def test_gather_of_batches(sizes, own, b, axis, open_, jit):
    rng = np.random.default_rng(0)
    x = rng.normal(size=sizes).astype(np.float32)
    at = b if axis is None else axis % len(sizes)
    indices = rng.integers(0, sizes[at], own)
    places = [tf.placeholder(d, [None] * len(s) if open_ else s) for d, s in ((tf.float32, sizes), (tf.int32, own))]
    y = tf.gather(*places, axis=axis, batch_dims=b)
    wanted = batched(x, indices, b, at)
    weights = rng.normal(size=wanted.shape).astype(np.float32)
    with tf.Session(jit=jit) as sess:
        feeds = dict(zip(places, (x, indices), strict=True))
        np.testing.assert_array_equal(sess.run(y, feeds), wanted)
        slope = sess.run(tf.gradients(y, places[0], tf.constant(weights))[0], feeds)
    moved = x.astype(np.float64)
    for place in np.ndindex(x.shape):           # linear in x: the gradient is what weights make of unit arrays
        unit = np.zeros_like(moved)
        unit[place] = 1
        assert abs((batched(unit, indices, b, at) * weights).sum() - slope[place]) < 1e-5
    assert open_ or y.shape.as_list() == list(wanted.shape)


@pytest.mark.parametrize("call, error", [
    (lambda: tf.gather(tf.zeros([2, 3]), tf.zeros([3, 1], tf.int32), batch_dims=1), tf.errors.ShapeError),
    (lambda: tf.gather(tf.zeros([2, 3]), [0], batch_dims=2), tf.errors.ShapeError),
    (lambda: tf.gather(tf.zeros([2, 3]), [[0], [1]], axis=0, batch_dims=1), tf.errors.ShapeError),
    (lambda: tf.gather(tf.placeholder(tf.float32), [[0], [1]], batch_dims=1), tf.errors.ShapeError),
    (lambda: tf.Session(jit=False).run(tf.gather([[1, 2], [3, 4]], [[0], [2]], batch_dims=1)), tf.errors.InvalidArgumentError),
])
def test_gather_of_batches_refuses(call, error):
    with pytest.raises(error, match="at test_custom.py:"):
        call()


# ---------------------------------------------------------------------- activations with parameters

ACTIVATIONS = [
    (lambda x, p: tf.nn.elu(x, alpha=p), lambda x, p: np.where(x > 0, x, p * np.expm1(x))),
    (lambda x, p: tf.nn.swish(x, beta=p), lambda x, p: x / (1 + np.exp(-p * x))),
]


@JIT
@pytest.mark.parametrize("build, formula", ACTIVATIONS)
@pytest.mark.parametrize("parameter", [1.0, 0.5, 2.0])
def test_activations_with_parameters_that_are_learned(build, formula, parameter, jit):
    at = np.array([-2.0, -0.5, 0.5, 3.0])
    x, p = tf.constant(at), tf.Variable(parameter, dtype=tf.float64)
    learned, fixed = build(x, p), build(x, parameter)
    h = 1e-6
    by_x = (formula(at + h, parameter) - formula(at - h, parameter)) / (2 * h)
    by_p = ((formula(at, parameter + h) - formula(at, parameter - h)) / (2 * h)).sum()
    with tf.Session(jit=jit) as sess:
        for y in (learned, fixed):
            np.testing.assert_allclose(sess.run(y), formula(at, parameter), rtol=1e-12)
            np.testing.assert_allclose(sess.run(tf.gradients(y, x)[0]), by_x, rtol=1e-8)
        np.testing.assert_allclose(sess.run(tf.gradients(learned, p)[0]), by_p, rtol=1e-8)


def test_plain_activations_are_the_operators_that_they_were():
    x = tf.constant([1.0])
    assert [tf.nn.elu(x).op.type, tf.nn.elu(x, alpha=1.0).op.type, tf.nn.swish(x).op.type, tf.nn.silu(x).op.type] == ["Elu", "Elu", "swish", "swish"]


@JIT
@pytest.mark.parametrize("axis, units", [(-1, 2), (0, 1), (1, 3)])
def test_maxout(axis, units, jit):
    at = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)
    wanted = np.stack([part.max(axis) for part in np.split(at, units, axis)], axis)
    assert np.array_equal(tf.Session(jit=jit).run(tf.contrib.layers.maxout(tf.constant(at), units, axis)), wanted)


def test_maxout_refuses():
    with pytest.raises(tf.errors.ShapeError, match=re.escape("the 6 features")):
        tf.contrib.layers.maxout(tf.zeros([2, 6]), 4)
