"""`LossScaleOptimizer` of Keras: what it passes on to the optimizer inside, its configuration, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

import graphc as tf
from graphc import errors

keras = tf.keras
LossScaleOptimizer = keras.mixed_precision.experimental.LossScaleOptimizer


@pytest.mark.parametrize("scale", [4, "dynamic"])
def test_configurations_make_it_anew(scale):
    made = LossScaleOptimizer(keras.optimizers.Adam(0.25, beta_1=0.5), scale)
    again = LossScaleOptimizer.from_config(made.get_config())
    assert again.get_config() == made.get_config()
    assert (type(again._optimizer), again.get_config()["optimizer"]["config"]["beta_1"]) == (keras.optimizers.Adam, 0.5)


def test_hyperparameters_are_those_of_the_optimizer_inside():
    inner = keras.optimizers.SGD(0.5)
    made = LossScaleOptimizer(inner, 4)
    v = tf.Variable([1.0])
    step = made.minimize(tf.reduce_sum(v), [v])
    made.lr = 0.25
    with keras.backend.get_session() as session:
        session.run(step)
        assert session.run([v, inner.lr, made.learning_rate, made.iterations]) == [0.75, 0.25, 0.25, 1]


def test_a_model_is_trained_by_it():
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(1,), kernel_initializer="ones", use_bias=False)])
    model.compile(LossScaleOptimizer(keras.optimizers.SGD(0.25), "dynamic"), "mse")
    losses = [model.train_on_batch([[1.0]], [[3.0]]) for _ in range(3)]
    assert losses == [4.0, 1.0, 0.25]


REFUSED: dict[str, tuple[Any, str]] = {
    "one of tf.train": (lambda: LossScaleOptimizer(tf.train.AdamOptimizer(), 4), "is none of Keras' optimizers, or scales already"),
    "twice": (lambda: LossScaleOptimizer(LossScaleOptimizer(keras.optimizers.SGD(), 4), 4), "scales already"),
    "clipped": (lambda: LossScaleOptimizer(keras.optimizers.SGD(clipnorm=1.0), 4), "SGD has a clipnorm, and scaled gradients are not clipped"),
    "no scale": (lambda: LossScaleOptimizer(keras.optimizers.SGD(), None),
                 "LossScaleOptimizer: a loss scale is a number, 'dynamic' or a LossScale, not None"),
    "an unknown scale": (lambda: LossScaleOptimizer.from_config(
        {"optimizer": "sgd", "loss_scale": {"class_name": "Random", "config": {}}}), "there is no loss scale 'Random'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what):
    make, told = REFUSED[what]
    with pytest.raises(errors.GraphError, match=told):
        make()
