"""Layers: what they compute against NumPy, and their variables' names, sharing, collections and penalties as TensorFlow 1 has them."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from graphc.layers.base import snake_case
from tests.draws import draws

RANDOM = draws(3)
X = RANDOM.normal(size=(4, 3)).astype("float32")
CUBE = RANDOM.normal(size=(2, 5, 3)).astype("float32")
PICTURE = RANDOM.normal(size=(2, 3, 4, 5)).astype("float32")
KERNEL, BIAS = RANDOM.normal(size=(3, 2)).astype("float32"), np.array([0.5, -0.25], "float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# ---------------------------------------------------------------------- dense

DENSE = [
    ("matrix", X, {}, X @ KERNEL + BIAS), ("no bias", X, {"use_bias": False}, X @ KERNEL), ("a row of matrices", CUBE, {}, CUBE @ KERNEL + BIAS),
    ("activation", X, {"activation": tf.sigmoid}, sigmoid(X @ KERNEL + BIAS)),
    ("by name", X, {"activation": "relu"}, np.maximum(X @ KERNEL + BIAS, 0)),
    ("linear", X, {"activation": "linear"}, X @ KERNEL + BIAS),
]


@pytest.mark.parametrize("open_shape", [False, True], ids=["known", "open"])
@pytest.mark.parametrize("x, options, wanted", [row[1:] for row in DENSE], ids=[row[0] for row in DENSE])
def test_dense(x, options, wanted, open_shape, session):
    fed = tf.placeholder(tf.float32, [*[None if open_shape else d for d in x.shape[:-1]], 3])
    out = tf.layers.dense(fed, 2, kernel_initializer=tf.constant_initializer(KERNEL), bias_initializer=tf.constant_initializer(BIAS), **options)
    np.testing.assert_allclose(session.run(out, {fed: x}), wanted, rtol=1e-5, atol=1e-6)
    assert out.shape.as_list() == [*[None if open_shape else d for d in x.shape[:-1]], 2]


def test_gradient_reaches_kernel_and_bias(session):
    fed = tf.placeholder(tf.float64, [None, 5, 3])
    out = tf.layers.dense(fed, 2, tf.tanh, kernel_initializer=tf.constant_initializer(KERNEL))
    kernel, bias = tf.trainable_variables()
    assert kernel.dtype == tf.float64
    got = session.run(tf.gradients(tf.reduce_sum(out * out), [kernel, bias]), {fed: CUBE})
    y = np.tanh(CUBE.astype(float) @ KERNEL)
    slope = 2 * y * (1 - y * y)
    np.testing.assert_allclose(got[0], np.einsum("bti,bto->io", CUBE, slope), rtol=1e-6)
    np.testing.assert_allclose(got[1], slope.sum((0, 1)), rtol=1e-6)


# ---------------------------------------------------------------------- names and sharing

def _twice(x):
    tf.layers.dense(x, 2)
    tf.layers.dense(x, 2)


def _scoped(x):
    with tf.variable_scope("q"):
        tf.layers.dense(x, 2)
        tf.layers.dense(x, 2, name="out")
    with tf.variable_scope("q", reuse=True):
        tf.layers.dense(x, 2)
        tf.layers.dense(x, 2, name="out")


def _named(x):
    tf.layers.dense(x, 2, name="fc")
    tf.layers.dense(x, 2, name="fc", reuse=True)


def _auto(x):
    for _ in range(2):
        with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
            tf.layers.dense(x, 2)
            tf.layers.dense(x, 2)


def _explicit_before(x):
    with tf.variable_scope("dense"):
        tf.get_variable("w", [1])
    tf.layers.dense(x, 2)


def _object(x):
    layer = tf.layers.Dense(2)
    layer(x)
    layer.apply(x)
    tf.layers.Dense(2)(x)


def _inside_object(x):
    with tf.variable_scope("a") as scope:
        tf.layers.dense(x, 2)
    with tf.variable_scope(scope, reuse=True):
        tf.layers.dense(x, 2)
    with tf.variable_scope(scope):
        tf.layers.dense(x, 2, name="late")


# A program, and the names that TensorFlow 1.15 gives to its variables and to the results of its matrix products.
NAMED = [
    (_twice, ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"], ["dense/MatMul", "dense_1/MatMul"]),
    (_scoped, ["q/dense/kernel", "q/dense/bias", "q/out/kernel", "q/out/bias"],
     ["q/dense/MatMul", "q/out/MatMul", "q_1/dense/MatMul", "q_1/out/MatMul"]),
    (_named, ["fc/kernel", "fc/bias"], ["fc/MatMul", "fc_1/MatMul"]),
    (_auto, ["net/dense/kernel", "net/dense/bias", "net/dense_1/kernel", "net/dense_1/bias"],
     ["net/dense/MatMul", "net/dense_1/MatMul", "net_1/dense/MatMul", "net_1/dense_1/MatMul"]),
    (_explicit_before, ["dense/w", "dense_1/kernel", "dense_1/bias"], ["dense_1/MatMul"]),
    (_object, ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"], ["dense/MatMul", "dense/MatMul_1", "dense_1/MatMul"]),
    (_inside_object, ["a/dense/kernel", "a/dense/bias", "a/late/kernel", "a/late/bias"], ["a/dense/MatMul", "a_1/dense/MatMul", "a_2/late/MatMul"]),
]


@pytest.mark.parametrize("program, variables, products", NAMED, ids=[row[0].__name__ for row in NAMED])
def test_names(program, variables, products, fresh_graph):
    program(tf.constant(X))
    assert [v.op.name for v in tf.global_variables()] == variables
    assert [n.label for n in fresh_graph.nodes if n.operator.name == "matmul"] == products


SHARED = [
    ("the name again", lambda x: [tf.layers.dense(x, 2, name="fc"),
     tf.layers.dense(x, 2, name="fc")], errors.GraphError, "variable fc/kernel exists"),
    ("only reuses", lambda x: tf.layers.dense(x, 2, name="new", reuse=True), errors.GraphError, "variable new/kernel does not exist"),
    ("another size", lambda x: [tf.layers.dense(x, 2, name="fc"),
     tf.layers.dense(x, 3, name="fc", reuse=True)], errors.ShapeError, "exists with shape"),
    ("open last dimension", lambda x: tf.layers.dense(tf.placeholder(tf.float32, [2, None]), 2, name="fc"),
     errors.ShapeError, "fc: inputs of shape (2, ?) have no"),
    ("a vector", lambda x: tf.layers.dense(tf.constant([1.0]), 2, name="fc"), errors.ShapeError, "needs a known rank of 2 or more"),
    ("open rank", lambda x: tf.layers.dense(tf.placeholder(tf.float32), 2, name="fc"), errors.ShapeError, "needs a known rank"),
    ("integers", lambda x: tf.layers.dense(tf.constant([[1]]), 2, name="fc"), errors.DTypeError, "fc: Const_1: int32[1,1] (test_layers.py:"),
    ("units", lambda x: tf.layers.dense(x, "a"), errors.GraphError, "units is a number, not 'a'"),
    ("units below 0", lambda x: tf.layers.dense(x, -1), errors.GraphError, "units is -1"),
    ("activation", lambda x: tf.layers.dense(x, 2, "reluu"), errors.GraphError, "'reluu' is no activation"),
    ("initializer", lambda x: tf.layers.dense(x, 2, kernel_initializer="zeroes"), errors.GraphError, "'zeroes' is no initializer"),
    ("argument", lambda x: tf.layers.Dense(2, unit=3), errors.GraphError, "Dense has no argument 'unit'"),
    ("name", lambda x: tf.layers.Dense(2, name=3), errors.GraphError, "3 is no name"),
    ("scope before a call", lambda x: tf.layers.Dense(2).scope_name, errors.GraphError, "has no scope before it is called"),
    ("count before a call", lambda x: tf.layers.Dense(2).count_params(), errors.GraphError, "has no variables before"),
    ("output before a call", lambda x: tf.layers.Dense(2).output, errors.GraphError, "was called 0 times"),
    ("rate", lambda x: tf.layers.dropout(x, 1.5), errors.GraphError, "the rate 1.5 is not in [0, 1)"),
    ("training", lambda x: tf.layers.dropout(x, 0.5, training="yes"), errors.GraphError, "'yes' is no truth value"),
    ("dropout of integers", lambda x: tf.layers.dropout(tf.constant([1]), training=True), errors.DTypeError, "is not of a floating dtype"),
    ("flatten a scalar", lambda x: tf.layers.flatten(tf.constant(1.0)), errors.ShapeError, "needs a known rank of 1"),
    ("data format", lambda x: tf.layers.flatten(x, data_format="NHWC"), errors.GraphError, "not 'NHWC'"),
    ("axis", lambda x: tf.layers.batch_normalization(x, axis=2), errors.ShapeError, "has no axis 2"),
    ("two axes", lambda x: tf.layers.batch_normalization(x, axis=[0, 1]), errors.GraphError, "axis is one number"),
    ("renorm", lambda x: tf.layers.batch_normalization(x, renorm=True), errors.GraphError, "renorm is not offered"),
    ("open channels", lambda x: tf.layers.batch_normalization(tf.placeholder(tf.float32, [3, None])), errors.ShapeError, "no known last dimension"),
    ("normalized integers", lambda x: tf.layers.batch_normalization(tf.constant([[1]])), errors.DTypeError, "is not of a floating dtype"),
]


@pytest.mark.parametrize("act, kind, text", [row[1:] for row in SHARED], ids=[row[0] for row in SHARED])
def test_mistakes_are_named(act, kind, text):
    x = tf.constant(X)
    with pytest.raises(kind) as caught:
        act(x)
    assert text in str(caught.value) and "test_layers.py:" in str(caught.value)


def test_missing_layers_are_missing():
    with pytest.raises(AttributeError, match="module 'graphc.layers' has no attribute 'dens'"):
        tf.layers.dens          # noqa: B018


# ---------------------------------------------------------------------- what a layer knows and leaves

def test_a_layer_object(session):
    layer = tf.layers.Dense(2, tf.nn.relu, name="hidden", trainable=False)
    y = layer(tf.constant(X))
    assert (layer.name, layer.scope_name, layer.dtype, layer.built) == ("hidden", "hidden", tf.float32, True)
    assert layer.weights == [layer.kernel, layer.bias] == layer.variables and layer.trainable_weights == [] == tf.trainable_variables()
    assert layer.count_params() == 8 and layer.output is y and layer.input.shape == [4, 3] and layer.losses == layer.updates == []
    assert layer.compute_output_shape([None, 7, 3]) == [None, 7, 2]
    layer(tf.constant(X))
    assert len(tf.global_variables()) == 2
    assert [tf.layers.Dense(1).name for _ in range(3)] == ["dense", "dense_1", "dense_2"]


def test_penalties_are_collected(session):
    x = tf.constant(X)
    out = tf.layers.dense(x, 2, kernel_regularizer=lambda w: 0.5 * tf.reduce_sum(w * w), bias_regularizer=lambda b: None,
                          activity_regularizer=tf.reduce_sum, kernel_initializer=tf.constant_initializer(KERNEL), name="fc")
    tf.layers.dense(x, 2, kernel_regularizer=tf.reduce_sum, name="fc", reuse=True)
    losses = tf.losses.get_regularization_losses()
    assert losses[0].op.name.startswith("fc/kernel/Regularizer/") and losses[1].op.name.startswith("fc/ActivityRegularizer/")
    np.testing.assert_allclose(session.run(losses), [0.5 * np.sum(KERNEL ** 2), np.sum(X @ KERNEL) / 4], rtol=1e-5)
    np.testing.assert_allclose(session.run(tf.losses.get_regularization_loss()), np.sum(session.run(losses)), rtol=1e-6)
    assert session.run(out).shape == (4, 2)


def test_constraints_reach_the_variables(session):
    tf.layers.dense(tf.constant(X), 2, kernel_constraint=tf.nn.relu, kernel_initializer="ones", name="fc")
    kernel, bias = tf.trainable_variables()
    session.run(tf.train.GradientDescentOptimizer(10.0).minimize(tf.reduce_sum(kernel) + tf.reduce_sum(bias)))
    assert session.run(kernel).tolist() == [[0.0, 0.0]] * 3 and session.run(bias).tolist() == [-10.0, -10.0]


def test_scopes_hand_down_what_layers_are_not_given(session):
    with tf.variable_scope("net", initializer=tf.ones_initializer(), regularizer=tf.reduce_sum, constraint=tf.nn.relu) as scope:
        tf.layers.dense(tf.constant(X), 2)
        assert scope.get_variable("own", [2]).op.name == "net/own" and scope.original_name_scope == "net/"
    kernel, bias, own = scope.trainable_variables()
    assert session.run([kernel, bias, own])[0].tolist() == [[1.0, 1.0]] * 3 and session.run(bias).tolist() == [0.0, 0.0]
    assert kernel.constraint is tf.nn.relu and len(tf.losses.get_regularization_losses()) == 3


def test_a_layer_of_ones_own(session):
    class Affine(tf.layers.Layer):
        def build(self, input_shape):
            self.factor = self.add_variable("factor", [int(input_shape[-1])], initializer=tf.constant_initializer([1.0, 2.0, 3.0]))
            self.shift = self.add_weight("shift", [], initializer="ones", trainable=False)
            super().build(input_shape)

        def call(self, inputs, twice=False):
            self.add_update(self.shift.assign_add(1.0))
            self.add_loss(tf.reduce_sum(self.factor))
            return inputs * self.factor * (2.0 if twice else 1.0) + self.shift
    layer = Affine()
    np.testing.assert_allclose(session.run(layer(tf.constant(X), twice=True)), X * [2, 4, 6] + 1, rtol=1e-6)
    assert [v.op.name for v in layer.weights] == ["affine/factor", "affine/shift"]
    assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == layer.updates and session.run(layer.losses) == [6.0]
    with pytest.raises(NotImplementedError):
        layer.compute_output_shape([2])


@pytest.mark.parametrize("name, snake", [("Dense", "dense"), ("BatchNormalization", "batch_normalization"), ("Conv2DTranspose", "conv2d_transpose"),
                                         ("MaxPooling2D", "max_pooling2d"), ("MyLSTMLayer", "my_lstm_layer")])
def test_names_of_classes(name, snake):
    assert snake_case(name) == snake


# ---------------------------------------------------------------------- dropout, flatten

@pytest.mark.parametrize("kind, shape", [(tf.bool, []), (tf.int32, []), (tf.bool, None), (None, [])],
                         ids=["a truth", "a number", "a truth of open rank", "known"])
def test_dropout(kind, shape, session):
    x = tf.ones([1000])
    trains = True if kind is None else tf.placeholder(kind, shape)
    out = tf.layers.dropout(x, rate=0.25, training=trains, seed=3)
    assert out.shape.as_list() == [1000]
    dropped = session.run(out, {} if kind is None else {trains: 1})
    np.testing.assert_allclose(np.unique(dropped), [0, 4 / 3], rtol=1e-6)
    assert 180 < (dropped == 0).sum() < 320
    if kind is not None:
        assert (session.run(out, {trains: 0}) == 1).all()


def test_dropout_of_a_rate_that_is_fed(session):
    rate = tf.placeholder_with_default(0.5, [])
    keep = tf.placeholder(tf.float32)
    assert tf.nn.dropout(tf.placeholder(tf.float32, [None, 3]), keep).shape.as_list() == [None, 3]
    out = tf.layers.dropout(tf.ones([100]), rate, training=True)
    assert set(session.run(out)) == {0.0, 2.0} and set(session.run(out, {rate: 0.0})) == {1.0}
    assert tf.layers.dropout(tf.ones([3]), 0.5).shape == [3] and tf.layers.Dropout(0.1).compute_output_shape([2, 3]) == [2, 3]


FLATTENED = [([2, 3, 4], [2, 3, 4], [2, 12]), ([None, 3, 4], [5, 3, 4], [None, 12]), ([None, None, 4], [5, 3, 4], [None, None]),
             ([2, None], [2, 7], [2, None]), ([None], [3], [None, 1]), (None, [2, 3, 2], [None, None]), ([None, 3, 4], [0, 3, 4], [None, 12]),
             ([None, 0], [4, 0], [None, 0]), ([None, None, 4], [0, 3, 4], [None, None]), (None, [0, 5], [None, None])]


@pytest.mark.parametrize("declared, fed, known", FLATTENED, ids=str)
def test_flatten(declared, fed, known, session):
    x = tf.placeholder(tf.float32, declared)
    out = tf.layers.flatten(x)
    value = np.arange(np.prod(fed), dtype=np.float32).reshape(fed)
    assert out.shape.as_list() == known
    np.testing.assert_array_equal(session.run(out, {x: value}), value.reshape(fed[0], int(np.prod(fed[1:]))))


def test_flatten_with_channels_first(session):
    out = tf.layers.flatten(tf.constant(PICTURE), data_format="channels_first")
    np.testing.assert_array_equal(session.run(out), PICTURE.transpose(0, 2, 3, 1).reshape(2, -1))


# ---------------------------------------------------------------------- batch normalization

NORMALIZED = [
    ("matrix", X, -1, {}, False), ("a row of matrices", CUBE, -1, {}, False), ("pictures", PICTURE, -1, {}, True),
    ("pictures, channels first", PICTURE, 1, {}, True), ("pictures apart", PICTURE, 3, {"fused": False}, False),
    ("axis in a list", CUBE, [1], {}, False),
    ("plain", X, -1, {"center": False, "scale": False}, False), ("other constants", X, 1, {"momentum": 0.5, "epsilon": 0.1}, False),
]


@pytest.mark.parametrize("switch", ["known", "fed", "open"])
@pytest.mark.parametrize("x, axis, options, unbiased", [row[1:] for row in NORMALIZED], ids=[row[0] for row in NORMALIZED])
def test_batch_normalization(x, axis, options, unbiased, switch, session):
    """Two steps of training, and then what the averages make of the inputs: in numpy float64."""
    along = (axis[0] if isinstance(axis, list) else axis) % x.ndim
    others, size = tuple(i for i in range(x.ndim) if i != along), x.shape[along]
    gamma, beta = np.linspace(0.5, 2, size), np.linspace(-1, 1, size)
    given = {"gamma_initializer": tf.constant_initializer(gamma), "beta_initializer": tf.constant_initializer(beta)}
    fed = tf.placeholder(tf.float32, [None, *x.shape[1:]])
    trains = tf.placeholder(tf.bool, None if switch == "open" else [])
    layer = tf.layers.BatchNormalization(axis=axis, **given, **options)
    if switch != "known":
        training = testing = layer(fed, training=trains)
    else:
        training, testing = layer(fed, training=True), layer(fed, training=False)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    assert len(updates) == 2 and training.shape.as_list() == [None, *x.shape[1:]]
    momentum, epsilon = options.get("momentum", 0.99), options.get("epsilon", 1e-3)
    wide = [1] * x.ndim
    wide[along] = size
    scale = gamma.reshape(wide) if options.get("scale", True) else 1.0
    shift = beta.reshape(wide) if options.get("center", True) else 0.0
    mean, spread = np.zeros(size), np.ones(size)
    for step in range(2):
        value = x.astype(float) * (1 + step) + step
        m, v = value.mean(others), value.var(others)
        got = session.run([training, updates], {fed: value, **({trains: True} if switch != "known" else {})})[0]
        np.testing.assert_allclose(got, (value - m.reshape(wide)) / np.sqrt(v.reshape(wide) + epsilon) * scale + shift, rtol=2e-4, atol=2e-5)
        n = value.size / size
        mean, spread = (momentum * a + (1 - momentum) * b for a, b in ((mean, m), (spread, v * n / (n - 1) if unbiased else v)))
    np.testing.assert_allclose(session.run(layer.moving_mean), mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(session.run(layer.moving_variance), spread, rtol=1e-4)
    rested = session.run([testing, *([] if switch == "known" else updates)], {fed: x, **({trains: False} if switch != "known" else {})})[0]
    np.testing.assert_allclose(rested, (x - mean.reshape(wide)) / np.sqrt(spread.reshape(wide) + epsilon) * scale + shift, rtol=2e-4, atol=2e-5)
    np.testing.assert_allclose(session.run(layer.moving_mean), mean, rtol=1e-4, atol=1e-6)


def test_moving_averages_go_with_the_training_step(session):
    x = tf.constant(X)
    y = tf.layers.batch_normalization(x, training=True, name="bn")
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(y * y))
    session.run(train)
    np.testing.assert_allclose(session.run("bn/moving_mean:0"), 0.01 * X.mean(0), rtol=1e-4)
    names = ["bn/gamma", "bn/beta", "bn/moving_mean", "bn/moving_variance"]
    assert [v.op.name for v in tf.global_variables()] == names and [v.op.name for v in tf.trainable_variables()] == names[:2]


def test_no_updates_without_training():
    layer = tf.layers.BatchNormalization()
    layer(tf.constant(X))
    assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == [] and layer.compute_output_shape([None, 3]) == [None, 3]


def test_gradient_of_batch_normalization(session):
    x = tf.placeholder(tf.float64, [4, 3])
    probe = RANDOM.normal(size=(4, 3))
    y = tf.layers.batch_normalization(x, training=True)
    g = tf.gradients(tf.reduce_sum(y * probe), x)[0]

    def loss(a):
        return np.sum((a - a.mean(0)) / np.sqrt(a.var(0) + 1e-3) * probe)
    at, eps = X.astype(float), 1e-6
    numeric = [[(loss(at + eps * d) - loss(at - eps * d)) / (2 * eps) for d in np.eye(12)[3 * i:3 * i + 3].reshape(3, 4, 3)] for i in range(4)]
    np.testing.assert_allclose(session.run(g, {x: at}), numeric, rtol=1e-5, atol=1e-8)
