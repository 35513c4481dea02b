"""Layers of Keras beyond their values: what is random, functions as layers, regularizers and constraints, settings, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import DTypeError, GraphError, SerializationError, ShapeError

K, L = tf.keras, tf.keras.layers


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def run(fetch: Any, feed: Any = None) -> Any:
    return K.backend.get_session().run(fetch, feed)


# ---------------------------------------------------------------------- random ones

ONES = np.ones((40, 50), np.float32)


@pytest.mark.parametrize("layer, shape, check", [
    (lambda: L.Dropout(0.25), (40, 50), lambda y: (np.isclose(y, 0) | np.isclose(y, 4 / 3)).all() and abs((y == 0).mean() - 0.25) < 0.04),
    (lambda: L.Dropout(0.5, noise_shape=(None, 1)), (40, 50), lambda y: (y == y[:, :1]).all() and 0 < (y == 0).mean() < 1),
    (lambda: L.SpatialDropout1D(0.5), (20, 5, 20), lambda y: (y == y[:, :1]).all() and abs((y == 0).mean() - 0.5) < 0.1),
    (lambda: L.SpatialDropout2D(0.5), (20, 3, 4, 20), lambda y: (y == y[:, :1, :1]).all() and abs((y == 0).mean() - 0.5) < 0.1),
    (lambda: L.SpatialDropout2D(0.5, "channels_first"), (20, 20, 3, 4), lambda y: (y == y[:, :, :1, :1]).all() and abs((y == 0).mean() - 0.5) < 0.1),
    (lambda: L.SpatialDropout3D(0.5), (20, 2, 2, 2, 20), lambda y: (y == y[:, :1, :1, :1]).all() and abs((y == 0).mean() - 0.5) < 0.1),
    (lambda: L.GaussianNoise(0.5), (40, 50), lambda y: abs(y.mean() - 1) < 0.05 and abs(y.std() - 0.5) < 0.05),
    (lambda: L.GaussianDropout(0.2), (40, 50), lambda y: abs(y.mean() - 1) < 0.05 and abs(y.std() - 0.5) < 0.05),
    (lambda: L.AlphaDropout(0.3), (40, 50), lambda y: len(np.unique(np.round(y, 4))) == 2 and abs((y == y.min()).mean() - 0.3) < 0.05),
], ids=["dropout", "noise shape", "spatial 1d", "spatial 2d", "channels first", "spatial 3d", "noise", "gaussian", "alpha"])
def test_random_layers(layer: Any, shape: tuple[int, ...], check: Any) -> None:
    """In training they do it, told by the call, or by the learning phase of a run; else the inputs go through."""
    made, x = layer(), np.ones(shape, np.float32)
    told, open_ = made(tf.constant(x), training=True), made(tf.constant(x))
    assert check(run(told)) and check(run(open_, {K.backend.learning_phase(): True}))
    np.testing.assert_array_equal(run(open_), x)
    np.testing.assert_array_equal(run(made(tf.constant(x), training=False)), x)


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).normal(size=(200, 200)).astype(np.float32)
    y = run(L.AlphaDropout(0.4)(tf.constant(x), training=True))
    assert abs(y.mean()) < 0.03 and abs(y.std() - 1) < 0.03


def test_batch_normalization_takes_the_phase_of_the_run() -> None:
    layer, x = L.BatchNormalization(epsilon=0.0, momentum=0.5), np.array([[1.0], [3.0]], np.float32)
    y, phase = layer(tf.constant(x)), K.backend.learning_phase()
    np.testing.assert_allclose(run([y, *layer.updates], {phase: True})[0], [[-1], [1]])
    np.testing.assert_allclose(run(layer.non_trainable_weights), [[1.0], [1.0]])
    np.testing.assert_allclose(run(y), x - 1)
    run(layer.updates)                                      # of a run that does not train
    np.testing.assert_allclose(run(layer.non_trainable_weights), [[1.0], [1.0]])


# ---------------------------------------------------------------------- functions

def doubled(x: Any, by: float = 2.0) -> Any:
    return x * by


@pytest.mark.parametrize("layer, shape", [
    (lambda: L.Lambda(doubled, arguments={"by": 3.0}), [None, 2]), (lambda: L.Lambda(lambda x: tf.reduce_sum(x, axis=1)), [None]),
    (lambda: L.Lambda(lambda x: x[:, :1], output_shape=(1,)), [None, 1]),
    (lambda: L.Lambda(lambda x: x, output_shape=lambda s: s), [None, 2]),
])
def test_functions_as_layers(layer: Any, shape: list[Any]) -> None:
    x = tf.placeholder(tf.float32, [None, 2])
    made = layer()
    again = L.Lambda.from_config(made.get_config(), {"doubled": doubled})
    one, two = run([made(x), again(x)], {x: [[1.0, 2.0], [3.0, 4.0]]})
    np.testing.assert_array_equal(one, two)
    assert made(x).shape.as_list() == shape == made.compute_output_shape(tf.TensorShape([None, 2])).as_list()


def test_functions_from_elsewhere_are_not_run() -> None:
    config = L.Lambda(lambda x: x).get_config()
    with pytest.raises(SerializationError, match="is not run"):
        L.Lambda.from_config({**config, "function": ("AAAA\n", None, None)})
    with pytest.raises(SerializationError, match="'doubled' is not among custom_objects"):
        L.Lambda.from_config(L.Lambda(doubled).get_config())


def test_registered_names_are_known() -> None:
    with K.utils.CustomObjectScope({"doubled": doubled}):
        assert K.activations.get("doubled") is doubled
        layer = L.Dense(2, activation="doubled")
        assert L.deserialize(L.serialize(layer)).activation is doubled
    with pytest.raises(GraphError, match="'doubled' is no activation function"):
        K.activations.get("doubled")


# ---------------------------------------------------------------------- regularizers and constraints

def test_regularizers_are_losses_of_the_layer() -> None:
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    layer = L.Dense(1, kernel_initializer="ones", kernel_regularizer="l2", bias_regularizer=K.regularizers.l1(0.5),
                    bias_initializer=K.initializers.Constant(3.0), activity_regularizer=K.regularizers.l1(0.1))
    layer(x)
    np.testing.assert_allclose(run(layer.losses), [0.01 * 2, 0.5 * 3, 0.1 * (6 + 10) / 2], rtol=1e-6)
    assert tf.losses.get_regularization_losses() == []      # in a collection those of tf.layers are
    own = L.ActivityRegularization(l1=0.5, l2=0.25)
    own(x)
    np.testing.assert_allclose(run(own.losses), [(0.5 * 10 + 0.25 * 30) / 2], rtol=1e-6)


def test_constraints_hold_after_each_step() -> None:
    layer = L.Dense(2, use_bias=False, kernel_constraint="non_neg", kernel_initializer="ones")
    loss = tf.reduce_sum(layer(tf.constant([[5.0, -1.0]])))
    step = K.optimizers.SGD(1.0).get_updates(loss, layer.trainable_weights)
    run(step)
    np.testing.assert_array_equal(run(layer.kernel), [[0, 0], [2, 2]])


# ---------------------------------------------------------------------- what they are

@pytest.mark.parametrize("name", ["Dense", "Dropout", "Flatten", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose",
                        "SeparableConv1D",
                                  "SeparableConv2D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D",
                                  "AveragePooling3D", "BatchNormalization", "Layer"])
def test_layers_of_variable_scopes_are_layers_of_keras(name: str) -> None:
    assert issubclass(getattr(tf.layers, name), getattr(L, name))


@pytest.mark.parametrize("short, long", [("MaxPool2D", "MaxPooling2D"), ("AvgPool1D", "AveragePooling1D"), ("Convolution2D", "Conv2D"),
                                         ("GlobalMaxPool2D", "GlobalMaxPooling2D"), ("GlobalAvgPool3D", "GlobalAveragePooling3D")])
def test_short_names(short: str, long: str) -> None:
    assert getattr(L, short) is getattr(L, long)


@pytest.mark.parametrize("name", ["add", "multiply", "average", "maximum", "minimum", "subtract"])
def test_functions_of_merging(name: str) -> None:
    a, b = np.array([[1.0, 5.0]], np.float32), np.array([[4.0, 2.0]], np.float32)
    wanted = {"add": a + b, "multiply": a * b, "average": (a + b) / 2, "maximum": np.maximum(a, b), "minimum": np.minimum(a, b), "subtract": a - b}
    np.testing.assert_array_equal(run(getattr(L, name)([tf.constant(a), tf.constant(b)], name="joined")), wanted[name])


CHANNELS = [("Conv2D", {"filters": 2, "kernel_size": 2}), ("Conv2DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2}),
            ("SeparableConv2D", {"filters": 3, "kernel_size": 2}), ("DepthwiseConv2D", {"kernel_size": 2}), ("MaxPooling2D", {}),
            ("AveragePooling2D", {}), ("GlobalMaxPooling2D", {}), ("UpSampling2D", {}), ("ZeroPadding2D", {"padding": ((1, 0), (0, 2))}),
            ("Cropping2D", {"cropping": 1}), ("LocallyConnected2D", {"filters": 2, "kernel_size": 2})]


@pytest.mark.parametrize("name, arguments", CHANNELS, ids=[name for name, _ in CHANNELS])
def test_channels_may_stand_first(name: str, arguments: dict[str, Any]) -> None:
    """The same layer of pictures whose channels stand second gives the same, with its channels second."""
    x = np.random.default_rng(1).normal(size=(2, 4, 6, 3)).astype(np.float32)
    last, first = getattr(L, name)(**arguments), getattr(L, name)(**arguments, data_format="channels_first")
    one, two = last(tf.constant(x)), first(tf.constant(x.transpose(0, 3, 1, 2)))
    weights = last.get_weights()
    if name == "LocallyConnected2D":            # its windows lie channel by channel
        weights[0] = weights[0].reshape(-1, 4, 3, 2).transpose(0, 2, 1, 3).reshape(weights[0].shape)
        weights[1] = weights[1]
    first.set_weights(weights)
    found, other = run([one, two])
    np.testing.assert_allclose(other if other.ndim < 4 else other.transpose(0, 2, 3, 1), found, rtol=1e-5, atol=1e-6)
    assert first.compute_output_shape([None, 3, 4, 6]).as_list()[1:] == list(other.shape[1:])


@pytest.mark.parametrize("build, error, text", [
    (lambda: L.Dense("a"), GraphError, "units is a number, not 'a'"), (lambda: L.Dense(-1), GraphError, "units is -1, below 0"),
    (lambda: L.Dense(2, unknown=1), GraphError, "Dense has no argument 'unknown'"),
    (lambda: L.Dense(2, kernel_initializer="one"), GraphError, "dense: 'one' is no initializer"),
    (lambda: L.Dense(2)(tf.placeholder(tf.float32, [None, None])), ShapeError, "have no known last dimension"),
    (lambda: L.Dense(2)(tf.constant([[1, 2]])), DTypeError, "is not of a floating dtype"),
    (lambda: (lambda d: (d(tf.zeros([1, 2])), d(tf.zeros([1, 3]))))(L.Dense(2)), ShapeError, "expected axis -1 of input shape to have value 2"),
    (lambda: L.Dropout(1.5), GraphError, r"the rate 1.5 is not in \[0, 1\)"), (lambda: L.Reshape((3,))(tf.zeros([2, 4])), ShapeError, "elements"),
    (lambda: L.Permute((1, 3)), GraphError, "dims is an order of 1, 2"), (lambda: L.RepeatVector("a"), GraphError, "n is a number"),
    (lambda: L.Conv2D(2, 0), GraphError, "kernel_size is a number of 1 or more"),
    (lambda: L.Conv2D(2, 2, padding="causal"), GraphError, "padding is one"),
    (lambda: L.Conv2D(2, 2, data_format="first"), GraphError, "data_format is one of"),
    (lambda: L.Cropping1D(3)(tf.zeros([1, 4, 1])), ShapeError, "is more than an axis of 4 has"),
    (lambda: L.LocallyConnected1D(2, 2, padding="same"), GraphError, "padding is one of 'valid'"),
    (lambda: L.LocallyConnected1D(2, 2, implementation=2), GraphError, "of the implementations"),
    (lambda: L.Add()(tf.zeros([1])), GraphError, "is called with a list"), (lambda: L.Add()([tf.zeros([1])]), GraphError, "a list of 2 or more"),
    (lambda: L.Subtract()([tf.zeros([1])] * 3), GraphError, "there are two inputs, not 3"), (lambda: L.Dot("a"), GraphError, "axes is a number"),
    (lambda: L.Attention()(tf.zeros([1, 2, 3])), GraphError, "the inputs are a list of query and value"),
    (lambda: L.Embedding(3, 2, input_length=4)(tf.zeros([2, 3], tf.int32)), ShapeError, "input_length is 4"),
    (lambda: L.BatchNormalization(axis=3)(tf.zeros([2, 2])), ShapeError, "has no axis 3"), (lambda: L.ReLU(max_value=-1.0), GraphError, "0 or more"),
    (lambda: L.BatchNormalization(renorm=True), GraphError, "renorm is not offered"), (lambda: L.GaussianDropout(1), GraphError, "is not in"),
    (lambda: L.Dropout(0.5)(tf.zeros([2]), training="yes"), GraphError, "'yes' is no truth value"),
    (lambda: L.deserialize({"class_name": "Dence", "config": {}}), GraphError, "'Dence' is no layer"),
])
def test_errors(build: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        build()
