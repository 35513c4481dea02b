"""Gradients of single operators as functions: against those that `tf.gradients` gives, by both names and both paths of TensorFlow's modules."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import graphc as tf
from tests.draws import draws

RNG = draws(0)
X = RNG.normal(size=(2, 4, 4, 3)).astype(np.float32) * 4
POOL = ([1, 2, 2, 1], [1, 2, 2, 1], "VALID")


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()


@pytest.fixture(params=["gen_nn_ops", "gen_math_ops"])
def module(request):
    return importlib.import_module(f"graphc.python.ops.{request.param}")


# The function, its arguments by the operand, the result and the gradient, and the operator.
SLOPES = [
    ("relu_grad", lambda x, y, g: (g, x), tf.nn.relu), ("relu_grad", lambda x, y, g: (g, y), tf.nn.relu),
    ("relu6_grad", lambda x, y, g: (g, x), tf.nn.relu6), ("elu_grad", lambda x, y, g: (g, y), tf.nn.elu),
    ("softplus_grad", lambda x, y, g: (g, x), tf.nn.softplus), ("softsign_grad", lambda x, y, g: (g, x), tf.nn.softsign),
    ("sigmoid_grad", lambda x, y, g: (y, g), tf.sigmoid), ("tanh_grad", lambda x, y, g: (y, g), tf.tanh),
    ("max_pool_grad", lambda x, y, g: (x, y, g, *POOL), lambda x: tf.nn.max_pool(x, *POOL)),
    ("avg_pool_grad", lambda x, y, g: (tf.shape(x), g, *POOL), lambda x: tf.nn.avg_pool(x, *POOL)),
]


@pytest.mark.parametrize("underscore", ["", "_"])
@pytest.mark.parametrize("name, arguments, operator", SLOPES, ids=[f"{i}-{row[0]}" for i, row in enumerate(SLOPES)])
def test_slopes(name, arguments, operator, underscore, module):
    x = tf.constant(X)
    y = operator(x)
    g = tf.constant(RNG.normal(size=y.shape.as_list()).astype(np.float32))
    found, expected = tf.Session(jit=False).run([getattr(module, underscore + name)(*arguments(x, y, g)), tf.gradients(y, x, g)[0]])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("data_format, axes", [("NHWC", (0, 1, 2)), ("NCHW", (0, 2, 3))])
def test_slope_of_a_bias(data_format, axes, module):
    found = tf.Session(jit=False).run(module.bias_add_grad(tf.constant(X), data_format))
    np.testing.assert_allclose(found, X.sum(axes), rtol=1e-5)


def test_guided_gradients():
    """As programs that show what a network looks at write them."""
    @tf.RegisterGradient("GuidedByGenerated")
    def guided(op, grad):
        return tf.where(0.0 < grad, importlib.import_module("graphc.python.ops.gen_nn_ops")._relu_grad(grad, op.outputs[0]), tf.zeros_like(grad))
    x = tf.constant([-1.0, 2.0, 3.0])
    with tf.get_default_graph().gradient_override_map({"Relu": "GuidedByGenerated"}):
        y = tf.nn.relu(x) * [1.0, 1.0, -1.0]
    assert tf.Session(jit=False).run(tf.gradients(y, x)[0]).tolist() == [0, 1, 0]
