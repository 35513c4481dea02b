"""Gradients registered by name and given to operations: values that TensorFlow 2.15 gives too, forward mode, bodies, files, mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf

V = np.array([-2.0, -0.5, 0.5, 3.0], np.float32)
W = np.array([1.0, -1.0, 2.0, -3.0], np.float32)


@tf.RegisterGradient("TestGuided")
def guided(op, grad):
    return tf.where(grad > 0.0, grad, tf.zeros_like(grad)) * tf.cast(op.outputs[0] > 0.0, tf.float32)


@tf.RegisterGradient("TestFlipped")
def flipped(op, grad):
    return [tf.negative(grad) * 0.5]


@tf.RegisterGradient("TestPair")
def pair(op, grad):
    return grad * op.inputs[1], None


@tf.RegisterGradient("TestRows")
def rows(op, first, second):
    return first * 10.0 + second


tf.NotDifferentiable("TestOpaque")

GUIDED = [0.0, 0.0, 2.0, 0.0]
FLIPPED = [-0.5, 0.5, -1.0, 1.5]


def halves(x):
    return tf.py_func(lambda a: (a * 2, a * 3), [x], [tf.float32, tf.float32])


# What is overridden by what | a function of x | the gradient of sum(W * y) by x.
ROWS = {
    "guided": ({"Relu": "TestGuided"}, tf.nn.relu, GUIDED),
    "graphc's name": ({"relu": "TestGuided"}, tf.nn.relu, GUIDED),
    "reversal": ({"Identity": "TestFlipped"}, tf.identity, FLIPPED),
    "straight through": ({"Sign": "Identity"}, tf.sign, W),
    "straight through a rounding": ({"Round": "Identity"}, tf.round, W),
    "another operator's rule": ({"Sign": "Tanh"}, tf.sign, [0.0, 0.0, 0.0, 0.0]),
    "one of two inputs": ({"Mul": "TestPair"}, lambda x: tf.multiply(x, x + 1.0), W * (V + 1.0)),
    "nothing passes": ({"Relu": "TestOpaque"}, lambda x: tf.nn.relu(x) + x, W),
    "another type": ({"Tanh": "TestFlipped"}, tf.identity, W),
    "function of Python": ({"PyFunc": "TestFlipped"}, lambda x: tf.reshape(tf.py_func(np.sign, [x], tf.float32), [4]), FLIPPED),
    "two results": ({"PyFunc": "TestRows"}, lambda x: halves(x)[0] + 2.0 * halves(x)[1], 12.0 * W),
    "two results, one used": ({"PyFunc": "TestRows"}, lambda x: halves(x)[1], W),
    "branch": ({"Relu": "TestGuided"}, lambda x: tf.cond(tf.reduce_sum(x) > 0.0, lambda: tf.nn.relu(x), lambda: x), GUIDED),
    "loop": ({"Tanh": "TestFlipped"},
             lambda x: tf.while_loop(lambda i, v: i < 2, lambda i, v: (i + 1, tf.tanh(v)), [0, x])[1], W * 0.25),
}


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("name", ROWS)
def test_gradient_is_the_registered_one(name, jit):
    types, f, expected = ROWS[name]
    x = tf.placeholder(tf.float32, [4])
    with tf.get_default_graph().gradient_override_map(types):
        y = f(x)
    with tf.Session(jit=jit) as session:
        np.testing.assert_allclose(session.run(tf.gradients(y, x, W)[0], {x: V}), expected, rtol=1e-6)


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("shape", [[4], [None], None])
def test_bodies_of_other_sizes_keep_it(shape, jit):
    """Three turns with a branch each, twice the second branch's: (-1/2)^3 4, and by the first derivative once more."""
    x, n = tf.placeholder(tf.float32, shape), tf.placeholder(tf.int32, [])
    with tf.get_default_graph().gradient_override_map({"Sign": "TestFlipped"}):
        y = tf.while_loop(lambda i, v: i < n, lambda i, v: (i + 1, tf.cond(i < 1, lambda: tf.sign(v), lambda: tf.sign(v) * 2.0)), [0, x])[1]
    slope = tf.gradients(y, x)[0]
    with tf.Session(jit=jit) as session:
        np.testing.assert_allclose(session.run([slope, tf.gradients(slope * x, x)[0]], {x: V, n: 3}), np.full((2, 4), -0.5))


def test_blocks_nest_and_end():
    x, graph = tf.constant(V), tf.get_default_graph()
    with graph.gradient_override_map({"Identity": "TestFlipped"}):
        with graph.gradient_override_map({"Identity": "TestOpaque", "Relu": "TestGuided"}):
            inner, relu = tf.identity(x), tf.nn.relu(x)
        outer = tf.identity(x)
    after = tf.identity(x)
    assert tf.gradients(inner, x) == [None]
    with tf.Session(jit=False) as session:
        found = session.run([tf.gradients(y, x, W)[0] for y in (relu, outer, after)])
    np.testing.assert_allclose(found, [GUIDED, FLIPPED, W])


def test_forward_mode_is_the_transpose():
    """The registered gradients are linear maps: J t by jvp has <u, J t> = <J^T u, t>."""
    x, t = tf.constant(V), np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    with tf.get_default_graph().gradient_override_map({"Sign": "TestFlipped"}):
        y = tf.sign(x)
    with tf.Session(jit=False) as session:
        moved = session.run(tf.jvp(y, x, t))
    np.testing.assert_allclose(np.ravel(moved), -0.5 * t)


def test_files_keep_the_name():
    x = tf.placeholder(tf.float32, [4], name="x")
    with tf.get_default_graph().gradient_override_map({"Relu": "TestGuided"}):
        tf.identity(tf.nn.relu(x), name="y")
    graph = tf.Graph.from_json(tf.get_default_graph().to_json())
    with graph.as_default(), tf.Session(jit=False) as session:
        x, y = (graph.get_tensor_by_name(f"{n}:0") for n in "xy")
        np.testing.assert_allclose(session.run(tf.gradients(y, x, W)[0], {x: V}), GUIDED)


def test_a_graph_that_is_read_inside_gets_them():
    """Guided backpropagation through a network that was trained before."""
    with tf.Graph().as_default() as trained:
        tf.identity(tf.nn.relu(tf.placeholder(tf.float32, [4], name="x")), name="y")
    graph = tf.get_default_graph()
    with graph.gradient_override_map({"Relu": "TestGuided"}):
        tf.import_graph_def(trained.as_graph_def(), name="net")
    with tf.Session(jit=False) as session:
        x, y = (graph.get_tensor_by_name(f"net/{n}:0") for n in "xy")
        np.testing.assert_allclose(session.run(tf.gradients(y, x, W)[0], {x: V}), GUIDED)


def overridden(types, f=tf.nn.relu):
    x = tf.constant(V)
    with tf.get_default_graph().gradient_override_map(types):
        y = f(x)
    return tf.gradients(y, x)


tf.RegisterGradient("TestThree")(lambda op, grad: [grad, grad, grad])
tf.RegisterGradient("TestShape")(lambda op, grad: grad[:2])

MISTAKES = {
    "taken": (lambda: tf.RegisterGradient("TestGuided"), tf.errors.GraphError, "'TestGuided' already"),
    "an operator's": (lambda: tf.RegisterGradient("Relu"), tf.errors.GraphError, "'Relu' already"),
    "taken by none": (lambda: tf.NoGradient("TestOpaque"), tf.errors.GraphError, "'TestOpaque' already"),
    "no text": (lambda: tf.RegisterGradient(3), tf.errors.DTypeError, "is a text, not 3"),
    "no function": (lambda: tf.RegisterGradient("TestNone")(3), tf.errors.DTypeError, "TestNone is a function, not 3"),
    "no dict": (lambda: overridden([("Relu", "TestGuided")]), tf.errors.DTypeError, "takes a dict"),
    "no names": (lambda: overridden({"Relu": guided}), tf.errors.DTypeError, "named by texts"),
    "no operator": (lambda: overridden({"Rellu": "TestGuided"}), tf.errors.GraphError, "no operator 'Rellu'"),
    "not registered": (lambda: overridden({"Relu": "TestGided"}), tf.errors.GradientError, "no gradient named TestGided"),
    "too many": (lambda: overridden({"Relu": "TestThree"}), tf.errors.GradientError, "3 results for 1 inputs of Relu"),
    "another shape": (lambda: overridden({"Relu": "TestShape"}), tf.errors.GradientError, "another shape"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(name):
    call, error, said = MISTAKES[name]
    with pytest.raises(error, match=said):
        call()


def opaque(x):
    with tf.get_default_graph().gradient_override_map({"Identity": "TestOpaque"}):
        return tf.identity(x)


def seen(x):
    y = tf.py_func(lambda a: a * 2, [x], tf.float32)
    y.set_shape([4])
    return y


# What has no gradient, behind what passes none: no derivative is due there. The gradient by x, as TensorFlow 2.15 has it.
BEHIND = [
    ("a function of Python", lambda x: tf.reduce_sum(seen(tf.stop_gradient(x * 3.0)) * x), 6 * V),
    ("an operator", lambda x: tf.reduce_sum(tf.unique(tf.stop_gradient(x))[0] * x), V),
    ("what a program declared so", lambda x: tf.reduce_sum(seen(opaque(x * 3.0)) * x), 6 * V),
    ("far behind", lambda x: tf.reduce_sum(tf.exp(seen(tf.stop_gradient(x) + 1.0) * 0.0) * x), np.ones(4)),
    ("nothing beside it", lambda x: tf.reduce_sum(seen(tf.stop_gradient(x))), None),
    ("in a branch", lambda x: tf.cond(tf.reduce_sum(x) > 0.0, lambda: tf.reduce_sum(seen(tf.stop_gradient(x)) * x), lambda: 0.0), 2 * V),
]


@pytest.mark.parametrize("name, build, wanted", BEHIND, ids=[n for n, _, _ in BEHIND])
def test_nothing_is_differentiated_behind_what_passes_no_gradient(name, build, wanted):
    x = tf.Variable(V)
    (gradient,) = tf.gradients(build(x), [x])
    if wanted is None:
        assert gradient is None
        return
    with tf.Session(jit=False) as session:
        np.testing.assert_allclose(session.run(gradient), wanted, rtol=1e-6)


def test_what_is_not_behind_it_has_no_gradient_still():
    x = tf.Variable(V)
    with pytest.raises(tf.errors.GradientError, match="py_func has no gradient"):
        tf.gradients(tf.reduce_sum(seen(x) * tf.stop_gradient(x)), x)
