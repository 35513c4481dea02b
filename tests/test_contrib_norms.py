"""`contrib.layers` on pictures: normalisation of each by itself against NumPy, and windows along three axes or of sizes that are shapes."""

from __future__ import annotations

import re

import numpy as np
import pytest

import graphc as tf

L = tf.contrib.layers
X = np.random.RandomState(0).normal(size=(3, 4, 5, 6)).astype(np.float32) * 3 + 1


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()


def normal(x, axes, epsilon=1e-6):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


def of_groups(x, groups):
    n, h, w, c = x.shape
    return normal(x.reshape(n, h, w, groups, c // groups), (1, 2, 4)).reshape(x.shape)


def first(x):
    return np.moveaxis(x, -1, 1)


NORMS = [
    ("InstanceNorm", lambda x: L.instance_norm(x), X, normal(X, (1, 2))),
    ("InstanceNorm", lambda x: L.instance_norm(x, data_format="NCHW"), first(X), first(normal(X, (1, 2)))),
    ("InstanceNorm", lambda x: L.instance_norm(x, param_initializers={"beta": tf.constant_initializer(2.0), "gamma": tf.constant_initializer(3.0)}),
     X, 3 * normal(X, (1, 2)) + 2),
    ("InstanceNorm", lambda x: L.instance_norm(x, activation_fn=tf.nn.relu), X, np.maximum(normal(X, (1, 2)), 0)),
    ("GroupNorm", lambda x: L.group_norm(x, groups=3), X, of_groups(X, 3)),
    ("GroupNorm", lambda x: L.group_norm(x, groups=6), X, normal(X, (1, 2))),
    ("GroupNorm", lambda x: L.group_norm(x, groups=2, channels_axis=-3, reduction_axes=(-2, -1)), first(X), first(of_groups(X, 2))),
    ("GroupNorm", lambda x: L.group_norm(x, groups=1, param_initializers={"gamma": tf.constant_initializer(2.0)}), X, 2 * of_groups(X, 1)),
]


@pytest.mark.parametrize("open_batch", [False, True])
@pytest.mark.parametrize("scope, norm, given, expected", NORMS, ids=[f"{i}-{row[0]}" for i, row in enumerate(NORMS)])
def test_norms(scope, norm, given, expected, open_batch):
    x = tf.placeholder(tf.float32, [None if open_batch else len(given), *given.shape[1:]])
    y = norm(x)
    assert y.shape.as_list() == x.shape.as_list() and [v.op.name for v in tf.model_variables()] == [f"{scope}/beta", f"{scope}/gamma"]
    np.testing.assert_allclose(tf.Session(jit=False).run(y, {x: given}), expected, rtol=2e-4, atol=2e-4)


def test_norms_without_parameters_and_of_open_sizes():
    x = tf.placeholder(tf.float32, [None, None, None, 6])
    for norm, expected in ((L.instance_norm, normal(X, (1, 2))), (lambda x, **k: L.group_norm(x, groups=3, **k), of_groups(X, 3))):
        y = norm(x, center=False, scale=False)
        np.testing.assert_allclose(tf.Session(jit=False).run(y, {x: X}), expected, rtol=2e-4, atol=2e-4)
    assert not tf.global_variables()


@pytest.mark.parametrize("call, error, message", [
    (lambda: L.group_norm(tf.zeros([1, 2, 2, 6]), groups=4), tf.errors.GraphError, "the 6 channels of"),
    (lambda: L.group_norm(tf.zeros([1, 2, 2, 6]), groups=3, reduction_axes=(-1, -2)), tf.errors.GraphError, "are not those of places and channels"),
    (lambda: L.instance_norm(tf.zeros([1, 2, 2, 6]), data_format="CHWN"), tf.errors.GraphError, "data_format is 'NHWC' or 'NCHW'"),
    (lambda: L.instance_norm(tf.placeholder(tf.float32, [1, 2, 2, None])), tf.errors.ShapeError, "a size that is not known"),
])
def test_refusals(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


# ---------------------------------------------------------------------- windows

def test_windows_along_three_axes():
    x = tf.constant(np.arange(64, dtype=np.float32).reshape(1, 4, 4, 4, 1))
    largest, mean = L.max_pool3d(x, 2), L.avg_pool3d(x, [2, 2, 2])
    summed = L.conv3d(x, 1, 2, stride=2, weights_initializer=tf.ones_initializer(), activation_fn=None)
    with tf.contrib.framework.arg_scope([L.conv3d], activation_fn=lambda v: -v):
        turned = L.convolution3d(x, 1, 2, stride=2, weights_initializer=tf.ones_initializer(), scope="Conv", reuse=True)
    windows = np.arange(64).reshape(2, 2, 2, 2, 2, 2).transpose(0, 2, 4, 1, 3, 5).reshape(8, 8)
    found = tf.Session(jit=False).run([largest, mean, summed, turned])
    for value, expected in zip(found, (windows.max(1), windows.mean(1), windows.sum(1), -windows.sum(1)), strict=True):
        np.testing.assert_allclose(value.ravel(), expected)
    assert [v.op.name for v in tf.model_variables()] == ["Conv/weights", "Conv/biases"]


def test_sizes_of_windows_are_taken_from_shapes():
    x = tf.placeholder(tf.float32, [None, 4, 6, 2])
    shapes = [f(x).shape.as_list() for f in (
        lambda x: L.avg_pool2d(x, x.get_shape()[1:3]), lambda x: tf.layers.max_pooling2d(x, x.shape[1:3], 1),
        lambda x: L.conv2d(x, 3, x.get_shape()[1:3], padding="VALID"), lambda x: tf.layers.conv2d(x, 3, x.shape[1:3]))]
    assert shapes == [[None, 1, 1, n] for n in (2, 2, 3, 3)]
    with pytest.raises(tf.errors.GraphError, match="a number of 1 or more, or 2 of them"):
        tf.layers.conv2d(tf.placeholder(tf.float32, [None, None, 6, 2]), 3, tf.TensorShape([None, 2]))
    y = L.elu(tf.constant([[1.0]]), 1, weights_initializer=tf.constant_initializer(-1.0))
    assert tf.Session(jit=False).run(y) == pytest.approx(np.expm1(-1.0), rel=1e-6)
