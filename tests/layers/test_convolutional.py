"""Convolutional and pooling layers against loops over their definition; names, shapes, channels first, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from tests.draws import draws

RANDOM = draws(17)
INPUTS = {1: RANDOM.normal(size=(2, 9, 3)), 2: RANDOM.normal(size=(2, 7, 8, 3)), 3: RANDOM.normal(size=(2, 5, 4, 6, 2))}
BIAS = np.array([0.5, -0.25, 1.0, 0.0])


def windows(x, size, strides, dilation, padding, fill):
    """The windows' elements, [batch, *places, *window, channels], and how many of each are no padding."""
    rank = x.ndim - 2
    wide = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    if padding == "same":
        places = [-(-n // s) for n, s in zip(x.shape[1:-1], strides, strict=True)]
        total = [max((p - 1) * s + w - n, 0) for p, s, w, n in zip(places, strides, wide, x.shape[1:-1], strict=True)]
        pads = [(0, 0), *((t // 2, t - t // 2) for t in total), (0, 0)]
    else:
        places, pads = [(n - w) // s + 1 for n, w, s in zip(x.shape[1:-1], wide, strides, strict=True)], [(0, 0)] * x.ndim
    padded, real = np.pad(x, pads, constant_values=fill), np.pad(np.ones_like(x), pads)
    out, count = np.zeros((x.shape[0], *places, *size, x.shape[-1])), np.zeros((*places, *size))
    for place in itertools.product(*map(range, places)):
        cut = (slice(None), *(slice(p * s, p * s + w, d) for p, s, w, d in zip(place, strides, wide, dilation, strict=True)))
        out[(slice(None), *place)], count[place] = padded[cut], real[cut][0, ..., 0]
    return out, count.sum(tuple(range(rank, 2 * rank)))


def convolved(x, w, strides, dilation, padding):
    found, _ = windows(x, w.shape[:-2], strides, dilation, padding, 0.0)
    rank = x.ndim - 2
    return np.tensordot(found, w, (range(1 + rank, 2 + 2 * rank), range(rank + 1)))


def each(value, rank):
    return list(value) if isinstance(value, tuple) else [value] * rank


CONVOLVED = [
    (1, {"kernel_size": 3}), (1, {"kernel_size": 4, "strides": 2, "padding": "same"}), (1, {"kernel_size": 2, "dilation_rate": 3}),
    (2, {"kernel_size": 3}), (2, {"kernel_size": (2, 3), "strides": (2, 1), "padding": "same"}), (2, {"kernel_size": 3, "padding": "SAME"}),
    (2, {"kernel_size": (1, 2), "dilation_rate": (1, 3)}), (3, {"kernel_size": 2}), (3, {"kernel_size": (2, 1, 3), "strides": 2, "padding": "same"}),
]


@pytest.mark.parametrize("first", [False, True], ids=["channels last", "channels first"])
@pytest.mark.parametrize("rank, options", CONVOLVED, ids=str)
def test_convolution(rank, options, first, session):
    x, size = INPUTS[rank], each(options["kernel_size"], rank)
    w = RANDOM.normal(size=(*size, x.shape[-1], 4))
    wanted = np.maximum(convolved(x, w, each(options.get("strides", 1), rank), each(options.get("dilation_rate", 1), rank),
                                  options.get("padding", "valid").lower()) + BIAS, 0)
    fed = np.moveaxis(x, -1, 1) if first else x
    shape = [None, *fed.shape[1:]]
    made = {"activation": tf.nn.relu, "kernel_initializer": tf.constant_initializer(w), "bias_initializer": tf.constant_initializer(BIAS), **options}
    layer = getattr(tf.layers, f"Conv{rank}D")(4, data_format="channels_first" if first else "channels_last", **made)
    place = tf.placeholder(tf.float64, shape)
    out = layer(place)
    np.testing.assert_allclose(session.run(out, {place: fed}), np.moveaxis(wanted, -1, 1) if first else wanted, rtol=1e-5, atol=1e-6)
    assert out.shape.as_list() == [None, *(np.moveaxis(wanted, -1, 1) if first else wanted).shape[1:]]
    assert layer.compute_output_shape(shape).as_list() == out.shape.as_list() and layer.count_params() == w.size + 4
    if not first:
        again = getattr(tf.layers, f"conv{rank}d")(place, 4, **made)
        np.testing.assert_array_equal(*session.run([out, again], {place: fed}))


TRANSPOSED = [(2, {"kernel_size": 3}), (2, {"kernel_size": (2, 4), "strides": 3}), (2, {"kernel_size": 3, "strides": (2, 1), "padding": "same"}),
              (3, {"kernel_size": 2, "strides": 2}), (3, {"kernel_size": 3, "strides": 1, "padding": "same"})]


@pytest.mark.parametrize("declared", ["known", "open"])
@pytest.mark.parametrize("rank, options", TRANSPOSED, ids=str)
def test_transposed_convolution(rank, options, declared, session):
    """The transpose of the linear map that the convolution with the same kernel is, written out as a matrix."""
    x, size, strides = INPUTS[rank][:1], each(options["kernel_size"], rank), each(options.get("strides", 1), rank)
    padding = options.get("padding", "valid")
    w = RANDOM.normal(size=(*size, 4, x.shape[-1]))
    whole = [n * s + (max(k - s, 0) if padding == "valid" else 0) for n, s, k in zip(x.shape[1:-1], strides, size, strict=True)]
    units = np.eye(int(np.prod(whole)) * 4).reshape(-1, *whole, 4)
    matrix = convolved(units, w, strides, [1] * rank, padding).reshape(len(units), -1)
    wanted = (matrix @ x.reshape(-1)).reshape(1, *whole, 4) + BIAS
    place = tf.placeholder(tf.float64, [None] * (rank + 1) + [x.shape[-1]] if declared == "open" else x.shape)
    layer = getattr(tf.layers, f"Conv{rank}DTranspose")(4, kernel_initializer=tf.constant_initializer(w),
    bias_initializer=tf.constant_initializer(BIAS),
                                                        **options)
    out = layer(place)
    np.testing.assert_allclose(session.run(out, {place: x}), wanted, rtol=1e-5, atol=1e-6)
    assert out.shape.as_list() == ([None] * (rank + 1) + [4] if declared == "open" else [1, *whole, 4])
    assert layer.kernel.shape == w.shape
    assert getattr(tf.layers, f"conv{rank}d_transpose")(place, 4, **options).shape.as_list() == out.shape.as_list()


@pytest.mark.parametrize("rank, options", [(1, {"kernel_size": 3, "padding": "same"}), (1, {"kernel_size": 2, "strides": 2}),
                                           (2, {"kernel_size": 3, "padding": "same"}), (2, {"kernel_size": (2, 3), "strides": 2}),
                                           (2, {"kernel_size": 2, "dilation_rate": 2})], ids=str)
def test_separable_convolution(rank, options, session):
    x, size = INPUTS[rank], each(options["kernel_size"], rank)
    deep, mix = RANDOM.normal(size=(*size, 3, 2)), RANDOM.normal(size=(*[1] * rank, 6, 4))
    found, _ = windows(x, size, each(options.get("strides", 1), rank), each(options.get("dilation_rate", 1), rank),
    options.get("padding", "valid"), 0.0)
    letters = "ijk"[:rank]
    apart = np.einsum(f"...{letters}c,{letters}cm->...cm", found, deep)
    wanted = apart.reshape(*apart.shape[:-2], 6) @ mix.reshape(6, 4) + BIAS
    place = tf.placeholder(tf.float64, [None, *x.shape[1:]])
    out = getattr(tf.layers, f"separable_conv{rank}d")(
        place, 4, depth_multiplier=2, depthwise_initializer=tf.constant_initializer(deep), pointwise_initializer=tf.constant_initializer(mix),
        bias_initializer=tf.constant_initializer(BIAS), name="sep", **options)
    np.testing.assert_allclose(session.run(out, {place: x}), wanted, rtol=1e-5, atol=1e-6)
    assert [v.op.name for v in tf.global_variables()] == ["sep/depthwise_kernel", "sep/pointwise_kernel", "sep/bias"]
    assert getattr(tf.layers, f"SeparableConv{rank}D")(4, 2).compute_output_shape(x.shape).as_list()[-1] == 4


POOLED = [(1, 2, 2, "valid"), (1, 3, 1, "same"), (2, 2, 2, "valid"), (2, (3, 2), (2, 1), "same"), (3, 2, 2, "valid"), (3, 2, 1, "same"),
(2, 2, None, "valid")]


@pytest.mark.parametrize("first", [False, True], ids=["channels last", "channels first"])
@pytest.mark.parametrize("kind", ["Max", "Average"])
@pytest.mark.parametrize("rank, size, strides, padding", POOLED, ids=str)
def test_pool(rank, size, strides, padding, kind, first, session):
    x, sizes = INPUTS[rank], each(size, rank)
    steps = each(size if strides is None else strides, rank)
    found, count = windows(x, sizes, steps, [1] * rank, padding, -np.inf if kind == "Max" else 0.0)
    over = tuple(range(1 + rank, 1 + 2 * rank))
    wanted = found.max(over) if kind == "Max" else found.sum(over) / count[..., None]
    fed, wanted = (np.moveaxis(a, -1, 1) if first else a for a in (x, wanted))
    place = tf.placeholder(tf.float64, [None, *fed.shape[1:]])
    layer = getattr(tf.layers, f"{kind}Pooling{rank}D")(size, strides, padding, "channels_first" if first else "channels_last")
    out = layer(place)
    np.testing.assert_allclose(session.run(out, {place: fed}), wanted, rtol=1e-9)
    assert layer.compute_output_shape(place.shape).as_list() == out.shape.as_list() == [None, *wanted.shape[1:]] and layer.weights == []
    function = getattr(tf.layers, f"{kind.lower()}_pooling{rank}d")
    np.testing.assert_array_equal(session.run(function(place, size, steps, padding, layer.data_format), {place: fed}), session.run(out, {place: fed}))


def test_names_of_a_small_network(fresh_graph):
    x = tf.placeholder(tf.float32, [None, 28, 28, 1])
    for reuse in (False, True):
        with tf.variable_scope("net", reuse=reuse):
            h = tf.layers.conv2d(x, 4, 5, padding="same", activation=tf.nn.relu)
            h = tf.layers.max_pooling2d(h, 2, 2)
            h = tf.layers.conv2d(h, 8, 5, kernel_regularizer=tf.contrib.layers.l2_regularizer(0.1), name="deep")
            h = tf.layers.average_pooling2d(h, 2, 2)
            tf.layers.dense(tf.layers.flatten(h), 10)
            tf.layers.conv2d_transpose(h, 1, 3)
    assert [v.op.name for v in tf.global_variables()] == ["net/conv2d/kernel", "net/conv2d/bias", "net/deep/kernel", "net/deep/bias",
    "net/dense/kernel",
                                                           "net/dense/bias", "net/conv2d_transpose/kernel", "net/conv2d_transpose/bias"]
    assert tf.trainable_variables()[4].shape == [200, 10] and len(tf.losses.get_regularization_losses()) == 1
    for name in ("net/conv2d/Conv2D", "net/conv2d/BiasAdd", "net/max_pooling2d/MaxPool", "net/deep/Conv2D", "net/average_pooling2d/AvgPool",
                 "net_1/conv2d/Conv2D"):
        assert fresh_graph.get_operation_by_name(name).name == name


def test_training_moves_every_kernel(session):
    tf.set_random_seed(1)           # by chance the beginning is as near as 60 steps may come
    x = tf.constant(INPUTS[2].astype("float32"))
    h = tf.layers.max_pooling2d(tf.layers.conv2d(x, 4, 3, activation=tf.nn.relu), 2, 2)
    loss = tf.losses.mean_squared_error([[1.0], [-1.0]], tf.layers.dense(tf.layers.flatten(h), 1))
    step = tf.train.AdamOptimizer(0.05).minimize(loss)
    losses = [session.run([loss, step])[0] for _ in range(60)]
    assert losses[-1] < 0.01 * losses[0]


def x(*shape):
    return tf.placeholder(tf.float32, shape)


MISTAKES = [
    ("rank", lambda: tf.layers.conv2d(x(2, 3, 3), 4, 3), errors.ShapeError, "conv2d: Placeholder: float32[2,3,3]"),
    ("channels", lambda: tf.layers.conv2d(x(2, 8, 8, None), 4, 3), errors.ShapeError, "have no known last dimension"),
    ("integers", lambda: tf.layers.conv1d(tf.ones([1, 4, 2], tf.int32), 4, 3), errors.DTypeError, "is not of a floating dtype"),
    ("kernel", lambda: tf.layers.conv2d(x(2, 8, 8, 1), 4, (3, 3, 3)), errors.GraphError, "kernel_size is a number of 1 or more, or 2 of them"),
    ("strides", lambda: tf.layers.conv2d(x(2, 8, 8, 1), 4, 3, strides=0), errors.GraphError, "strides is a number of 1 or more"),
    ("filters", lambda: tf.layers.conv2d(x(2, 8, 8, 1), "a", 3), errors.GraphError, "filters is a number of 1 or more, or 1 of them, not 'a'"),
    ("padding", lambda: tf.layers.conv2d(x(2, 8, 8, 1), 4, 3, padding="full"), errors.GraphError, "padding is one of 'valid', 'same', not 'full'"),
    ("format", lambda: tf.layers.max_pooling2d(x(2, 8, 8, 1), 2, 2, data_format="NHWC"), errors.GraphError, "not 'NHWC'"),
    ("pool", lambda: tf.layers.max_pooling2d(x(2, 8, 8), 2, 2), errors.ShapeError, "needs a known rank of 4"),
    ("window", lambda: tf.layers.average_pooling1d(x(2, 8, 1), 0, 1), errors.GraphError, "pool_size is a number of 1 or more"),
    ("multiplier", lambda: tf.layers.separable_conv2d(x(2, 8, 8, 1), 4, 3, depth_multiplier=0), errors.GraphError, "depth_multiplier"),
]


@pytest.mark.parametrize("act, kind, text", [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistakes_are_named(act, kind, text):
    with pytest.raises(kind) as caught:
        act()
    assert text in str(caught.value) and "test_convolutional.py:" in str(caught.value)
