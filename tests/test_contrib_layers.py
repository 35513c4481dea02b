"""`contrib.layers`: layers, penalties and initial values against NumPy; names and collections as TensorFlow 1 has them; training in one call."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc import errors

L = tf.contrib.layers
RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(4, 3)).astype("float32")
CUBE = RANDOM.normal(size=(2, 5, 3)).astype("float32")
KERNEL = RANDOM.normal(size=(3, 2)).astype("float32")


def given(options=None):
    return {"weights_initializer": tf.constant_initializer(KERNEL), **(options or {})}


CONNECTED = [
    ("relu by default", X, lambda x: L.fully_connected(x, 2, **given()), np.maximum(X @ KERNEL, 0)),
    ("no activation", X, lambda x: L.fully_connected(x, 2, None, **given()), X @ KERNEL),
    ("linear", CUBE, lambda x: L.linear(x, 2, **given()), CUBE @ KERNEL),
    ("relu", X, lambda x: L.relu(x, 2, **given()), np.maximum(X @ KERNEL, 0)),
    ("relu6", 9 * X, lambda x: L.relu6(x, 2, **given()), np.clip(9 * X @ KERNEL, 0, 6)),
    ("biases", X, lambda x: L.linear(x, 2, **given({"biases_initializer": tf.constant_initializer(1.5)})), X @ KERNEL + 1.5),
    ("normalized", X, lambda x: L.linear(x, 2, **given({"normalizer_fn": L.layer_norm, "normalizer_params": {"center": False}})),
     (lambda y: (y - y.mean(1, keepdims=True)) / y.std(1, keepdims=True))(X @ KERNEL)),
    ("layer_norm", CUBE, lambda x: L.layer_norm(x), (CUBE - CUBE.mean((1, 2), keepdims=True)) / CUBE.std((1, 2), keepdims=True)),
    ("layer_norm of the last axis", CUBE, lambda x: L.layer_norm(x, begin_norm_axis=-1, activation_fn=tf.nn.relu),
     np.maximum((CUBE - CUBE.mean(2, keepdims=True)) / CUBE.std(2, keepdims=True), 0)),
    ("batch_norm", X, lambda x: L.batch_norm(x, epsilon=0.0, scale=True), (X - X.mean(0)) / X.std(0)),
    ("batch_norm at rest", X, lambda x: L.batch_norm(x, epsilon=0.0, is_training=False), X),
    ("flatten", CUBE, lambda x: L.flatten(x), CUBE.reshape(2, 15)),
    ("dropout at rest", X, lambda x: L.dropout(x, is_training=False), X),
]


@pytest.mark.parametrize("value, layer, wanted", [row[1:] for row in CONNECTED], ids=[row[0] for row in CONNECTED])
def test_layer(value, layer, wanted, session):
    x = tf.placeholder(tf.float32, [None, *value.shape[1:]])
    np.testing.assert_allclose(session.run(layer(x), {x: value}), wanted, rtol=2e-4, atol=2e-5)


PICTURE = RANDOM.normal(size=(2, 6, 5, 3)).astype("float32")
WINDOW = RANDOM.normal(size=(3, 2, 3, 4)).astype("float32")


@pytest.mark.parametrize("options, own", [
    ({}, {"padding": "same", "activation": tf.nn.relu}), ({"padding": "VALID", "stride": 2, "activation_fn": None}, {"strides": 2}),
    ({"rate": 2, "biases_initializer": None}, {"padding": "same", "dilation_rate": 2, "activation": tf.nn.relu, "use_bias": False}),
    ({"data_format": "NCHW", "padding": "VALID"}, {"data_format": "channels_first", "activation": tf.nn.relu}),
], ids=["by default", "strides", "rate", "channels first"])
def test_convolution(options, own, session):
    """As the layer of `tf.layers`, which is held against loops."""
    x = tf.constant(np.moveaxis(PICTURE, -1, 1) if options.get("data_format") == "NCHW" else PICTURE)
    y = L.conv2d(x, 4, (3, 2), weights_initializer=tf.constant_initializer(WINDOW), **options)
    np.testing.assert_allclose(*session.run([y, tf.layers.conv2d(x, 4, (3, 2), kernel_initializer=tf.constant_initializer(WINDOW), **own)]),
    rtol=1e-6)
    names = ["Conv/weights", "Conv/biases"][:1 if "biases_initializer" in options else 2]
    assert [v.op.name for v in tf.model_variables()] == names == [v.op.name for v in tf.global_variables("Conv")]


def test_convolutions_are_shared_normalized_and_pooled(session):
    x = tf.constant(PICTURE)
    for reuse in (False, True):
        with tf.variable_scope("net", reuse=reuse):
            h = L.convolution2d(x, 4, 3, normalizer_fn=L.batch_norm, weights_regularizer=L.l2_regularizer(0.5))
            h = L.max_pool2d(L.conv2d(h, 4, 3, scope="deep"), 2)
            y = L.conv2d_transpose(L.avg_pool2d(h, 2, 1), 2, 3, stride=2, activation_fn=None)
    assert [v.op.name for v in tf.global_variables()] == [
        "net/Conv/weights", "net/Conv/BatchNorm/beta", "net/Conv/BatchNorm/moving_mean", "net/Conv/BatchNorm/moving_variance", "net/deep/weights",
        "net/deep/biases", "net/Conv2d_transpose/weights", "net/Conv2d_transpose/biases"]
    assert y.shape == [2, 4, 2, 2] == session.run(tf.shape(y)).tolist() and len(tf.losses.get_regularization_losses()) == 1


def test_dropout_in_training(session):
    assert set(session.run(L.dropout(tf.ones([100]), keep_prob=0.5))) == {0.0, 2.0}


def test_one_hot_and_embeddings(session):
    assert session.run(L.one_hot_encoding([[0, 2]], 3, on_value=2.0, off_value=-1.0)).tolist() == [[[2, -1, -1], [-1, -1, 2]]]
    ids = tf.placeholder(tf.int32, [None, None])
    rows = L.embed_sequence(ids, 4, 2, initializer=tf.constant_initializer(np.arange(8)), scope="emb")
    again = L.embed_sequence(ids, scope="emb", reuse=True)
    assert session.run([rows, again], {ids: [[3, 0]]})[0].tolist() == [[[6, 7], [0, 1]]] == session.run(again, {ids: [[3, 0]]}).tolist()


def _default(x):
    L.fully_connected(x, 2)
    L.fully_connected(x, 2)


def _scoped(x):
    for reuse in (None, True):
        with tf.variable_scope("net", reuse=reuse):
            L.fully_connected(x, 2, scope="fc")
            L.fully_connected(x, 2, normalizer_fn=L.batch_norm)


# A program, and the names that TensorFlow 1.15 gives its variables.
NAMED = [
    (_default, ["fully_connected/weights", "fully_connected/biases", "fully_connected_1/weights", "fully_connected_1/biases"]),
    (_scoped, ["net/fc/weights", "net/fc/biases", "net/fully_connected/weights", "net/fully_connected/BatchNorm/beta",
               "net/fully_connected/BatchNorm/moving_mean", "net/fully_connected/BatchNorm/moving_variance"]),
    (lambda x: L.layer_norm(x, scope="ln"), ["ln/beta", "ln/gamma"]), (lambda x: L.batch_norm(x, scale=True, center=False, trainable=False),
                                                                       ["BatchNorm/gamma", "BatchNorm/moving_mean", "BatchNorm/moving_variance"]),
]


@pytest.mark.parametrize("program, names", NAMED)
def test_names(program, names):
    program(tf.constant(X))
    assert [v.op.name for v in tf.global_variables()] == names and {*tf.model_variables()} == {*tf.global_variables()}
    assert len(tf.model_variables()) == len(names)


def test_collections(session):
    x = tf.constant(X)
    out = L.fully_connected(x, 2, variables_collections={"weights": ["mine"]}, outputs_collections="outs", trainable=False)
    L.fully_connected(x, 2, variables_collections=["both"], weights_regularizer=L.l2_regularizer(0.5))
    assert [v.op.name for v in tf.get_collection("mine")] == ["fully_connected/weights"] and tf.get_collection("outs") == [out]
    assert [v.op.name for v in tf.get_collection("both")] == ["fully_connected_1/weights",
    "fully_connected_1/biases"] and len(tf.trainable_variables()) == 2
    w = tf.get_collection("both")[0]
    np.testing.assert_allclose(session.run(tf.losses.get_regularization_loss()), 0.25 * np.sum(session.run(w) ** 2), rtol=1e-6)


@pytest.mark.parametrize("collections, found", [(tf.GraphKeys.UPDATE_OPS, 2), ("elsewhere", 0), (None, 0)])
def test_updates_of_batch_norm(collections, found, session):
    tf.layers.batch_normalization(tf.constant(X), training=True)      # of another layer, whose updates stay
    out = L.batch_norm(tf.constant(X), decay=0.5, updates_collections=collections)
    assert len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)) == 2 + found and len(tf.get_collection("elsewhere")) == 2 * (collections == "elsewhere")
    session.run(out)
    np.testing.assert_allclose(session.run("BatchNorm/moving_mean:0"), 0.5 * X.mean(0) if collections is None else 0 * X[0], rtol=1e-4, atol=1e-7)


# ---------------------------------------------------------------------- penalties, initial values

W = np.array([[1.0, -2.0], [0.5, 3.0]], "float32")
PENALTIES = [
    (lambda: L.l1_regularizer(0.5), 0.5 * 6.5), (lambda: L.l2_regularizer(0.5), 0.25 * 14.25), (lambda: L.l1_regularizer(0.0), None),
    (lambda: L.l2_regularizer(0.0), None), (lambda: L.l1_l2_regularizer(0.5, 0.25), 3.25 + 0.125 * 14.25),
    (lambda: L.l1_l2_regularizer(0.0, 2.0), 14.25), (lambda: L.sum_regularizer([L.l1_regularizer(1.0), None, tf.reduce_max]), 9.5),
]


@pytest.mark.parametrize("make, wanted", PENALTIES)
def test_penalty(make, wanted, session):
    loss = make()(tf.constant(W))
    assert (loss is None) == (wanted is None)
    if wanted is not None:
        np.testing.assert_allclose(session.run(loss), wanted, rtol=1e-6)
        total = L.apply_regularization(make(), [tf.constant(W), tf.constant(2 * W)])
        assert tf.losses.get_regularization_losses() == [total]
        np.testing.assert_allclose(session.run(total), wanted + session.run(make()(tf.constant(2 * W))), rtol=1e-6)


def test_penalties_of_nothing(session):
    assert L.sum_regularizer([None]) is None
    tf.add_to_collection(tf.GraphKeys.WEIGHTS, tf.constant(W))
    assert session.run(L.apply_regularization(L.l1_regularizer(0.0))) == 0.0


INITIAL = [
    ("xavier", lambda: L.xavier_initializer(), 2 / 150, (6 / 150) ** 0.5), ("xavier, normal", lambda: L.xavier_initializer(False), 2 / 150, None),
    ("inputs", lambda: L.variance_scaling_initializer(), 2 / 100, None),
    ("outputs", lambda: L.variance_scaling_initializer(1.0, "FAN_OUT"), 1 / 50, None),
    ("uniform mean", lambda: L.variance_scaling_initializer(1.0, "FAN_AVG", uniform=True), 1 / 75, (3 / 75) ** 0.5),
]


@pytest.mark.parametrize("make, variance, limit", [row[1:] for row in INITIAL], ids=[row[0] for row in INITIAL])
def test_initial_values(make, variance, limit, session):
    tf.set_random_seed(3)
    drawn = session.run(make()([100, 50]))
    assert abs(drawn.var() / variance - 1) < 0.08 and abs(drawn.mean()) < 0.01
    assert limit is None or 0.98 * limit < abs(drawn).max() <= limit


# ---------------------------------------------------------------------- training in one call

def _by_hand(steps=3, rate=0.1, clip=None, factor=1.0, decay=1.0):
    w = np.array([3.0, -4.0])
    for _ in range(steps):
        g = 2 * w * factor
        if clip is not None:
            g = g * clip / max(np.linalg.norm(g), clip)
        w, rate = w - rate * g, rate * decay
    return w


TRAINED = [
    ("a name", "SGD", 0.1, {}, {}), ("a class", tf.train.GradientDescentOptimizer, 0.1, {}, {}),
    ("an object", lambda: tf.train.GradientDescentOptimizer(0.1), None, {}, {}),
    ("a function", lambda rate: tf.train.GradientDescentOptimizer(rate), 0.1, {}, {}),
    ("clipped", "SGD", 0.1, {"clip_gradients": 1.0}, {"clip": 1.0}),
    ("clipped by a function", "SGD", 0.1, {"clip_gradients": lambda pairs: [(g * 0.5, v) for g, v in pairs]}, {"factor": 0.5}),
    ("multiplied", "SGD", 0.1, {"gradient_multipliers": {"w": 0.5}}, {"factor": 0.5}),
    ("a rate that decays", "SGD", 0.1, {"learning_rate_decay_fn": lambda rate, step: tf.train.exponential_decay(rate, step, 1, 0.5)}, {"decay": 0.5}),
    ("a tensor", "SGD", "tensor", {}, {}), ("all summaries", "SGD", 0.1, {"summaries": ["gradients", "gradient_norm", "loss"]}, {}),
    ("some variables", "SGD", 0.1, {"variables": "w"}, {}), ("quiet noise", "SGD", 0.1, {"gradient_noise_scale": 1e-9}, {}),
]


@pytest.mark.parametrize("optimizer, rate, options, by_hand", [row[1:] for row in TRAINED], ids=[row[0] for row in TRAINED])
def test_optimize_loss(optimizer, rate, options, by_hand, session):
    w, step = tf.Variable([3.0, -4.0], name="w"), tf.train.create_global_step()
    tf.Variable([1.0], name="idle", trainable=False)
    seen = tf.Variable(0.0, trainable=False)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, seen.assign_add(1.0))
    options = {**options, **({"variables": [w]} if "variables" in options else {})}
    train = L.optimize_loss(tf.reduce_sum(w * w), step, tf.constant(0.1) if rate == "tensor" else rate, optimizer, **options)
    losses = [session.run(train) for _ in range(3)]
    np.testing.assert_allclose(session.run(w), _by_hand(**by_hand), rtol=1e-5)
    assert losses[0] == 25.0 and session.run([step, seen]) == [3, 3.0]
    if isinstance(rate, float):
        assert "OptimizeLoss/learning_rate" in [v.op.name for v in tf.global_variables()]


@pytest.mark.parametrize("name", L.OPTIMIZER_CLS_NAMES)
def test_optimizer_by_name(name, session):
    w = tf.Variable([3.0, -4.0])
    train = L.optimize_loss(tf.reduce_sum(w * w), None, 0.1, name)
    assert session.run(train) == 25.0 and session.run(train) < 25.0


def x(*shape):
    return tf.placeholder(tf.float32, shape)


MISTAKES = [
    ("size", lambda: L.fully_connected(x(2, None), 2), errors.ShapeError, "fully_connected: Placeholder: float32[2,?]"),
    ("rank", lambda: L.fully_connected(x(3), 2), errors.ShapeError, "known rank of 2"),
    ("integers", lambda: L.layer_norm(tf.constant([[1]])), errors.DTypeError, "layer_norm: Const: int32[1,1]"),
    ("picture", lambda: L.conv2d(x(2, 3, 3), 4, 3), errors.ShapeError, "conv2d: Placeholder: float32[2,3,3]"),
    ("order of channels", lambda: L.max_pool2d(x(2, 4, 4, 1), 2, data_format="NWHC"), errors.GraphError, "max_pool2d: data_format is 'NHWC'"),
    ("size of a kernel", lambda: L.conv2d(x(2, 4, 4, 1), 4, 0), errors.GraphError, "kernel_size is a number of 1 or more"),
    ("count", lambda: L.fully_connected(x(2, 2), 1.5), errors.GraphError, "num_outputs is a number, not 1.5"),
    ("axis", lambda: L.layer_norm(x(2, 2), begin_norm_axis=3), errors.ShapeError, "has no axes 3 and -1"),
    ("scale", lambda: L.l2_regularizer(-0.5), errors.GraphError, "l2_regularizer: the scale is a float of 0 or more, not -0.5"),
    ("whole scale", lambda: L.l1_regularizer(1), errors.GraphError, "not 1"),
    ("no weights", lambda: L.apply_regularization(L.l1_regularizer(1.0)), errors.GraphError, "there are no weights"),
    ("a penalty of two", lambda: L.apply_regularization(tf.abs, [tf.constant([1.0, 2.0])]), errors.ShapeError, "is not one number"),
    ("mode", lambda: L.variance_scaling_initializer(mode="FAN"), errors.GraphError, "not 'FAN'"),
    ("dtype", lambda: L.xavier_initializer(dtype=tf.int32), errors.DTypeError, "int32 is not a floating dtype"),
    ("format", lambda: L.batch_norm(x(2, 2), data_format="NWHC"), errors.GraphError, "not 'NWHC'"),
    ("weights of batches", lambda: L.batch_norm(x(2, 2), batch_weights=x(2)), errors.GraphError, "batch_weights is not offered"),
    ("table", lambda: L.embed_sequence(tf.constant([[1]])), errors.GraphError, "vocab_size and embed_dim are not given"),
    ("optimizer", lambda: L.optimize_loss(x(), None, 0.1, "Sgd"), errors.GraphError, "'Sgd' is no optimizer"),
    ("optimizer without rate", lambda: L.optimize_loss(x(), None, None, tf.train.AdamOptimizer), errors.GraphError, "needs a learning_rate"),
    ("no optimizer", lambda: L.optimize_loss(x(), None, 0.1, lambda rate: rate), errors.GraphError, "gives no optimizer"),
    ("rate", lambda: L.optimize_loss(x(), None, -0.1, "SGD"), errors.GraphError, "not -0.1"),
    ("rate of two", lambda: L.optimize_loss(x(), None, x(2), "SGD"), errors.GraphError, "is not one number"),
    ("decay", lambda: L.optimize_loss(x(), None, 0.1, "SGD", learning_rate_decay_fn=lambda r, s: r), errors.GraphError, "needs a learning_rate and"),
    ("clip", lambda: L.optimize_loss(tf.Variable(1.0) * 2, None, 0.1, "SGD", clip_gradients="a"),
     errors.GraphError, "a number or a function, not 'a'"),
    ("summary", lambda: L.optimize_loss(x(), None, 0.1, "SGD", summaries=["los"]), errors.GraphError, "'los' is no summary"),
]


@pytest.mark.parametrize("act, kind, text", [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistakes_are_named(act, kind, text):
    with pytest.raises(kind) as caught:
        act()
    assert text in str(caught.value) and "test_contrib_layers.py:" in str(caught.value)
