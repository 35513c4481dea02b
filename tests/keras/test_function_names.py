"""Losses and metrics of a program's own, whatever its functions are called: they train, and histories name them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

K = tf.keras.backend


def _private(a: Any, b: Any) -> Any:
    return K.mean(K.abs(a - b), axis=-1)


def scaled(a: Any, b: Any, by: float) -> Any:
    return by * K.mean(K.abs(a - b), axis=-1)


class Called:
    """An object that is called."""

    def __call__(self, a: Any, b: Any) -> Any:
        return K.mean(K.square(a - b), axis=-1)


FUNCTIONS: dict[str, Callable[..., Any]] = {"<lambda>": lambda a, b: K.mean(K.square(a - b), axis=-1), "_private": _private,
                                            "partial": functools.partial(scaled, by=2.0), "Called": Called()}
X, Y = np.linspace(-1, 1, 24).reshape(6, 4), np.linspace(1, -1, 18).reshape(6, 3)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_function_is_a_loss_and_a_metric(name: str) -> None:
    """The loss that is told is what the metric says of the same weights, a rate of 0 having moved nothing."""
    with tf.Graph().as_default():
        model = tf.keras.Sequential([tf.keras.layers.Dense(3, input_shape=(4,))])
        model.compile(tf.train.GradientDescentOptimizer(0.0), FUNCTIONS[name], [FUNCTIONS[name]])
        told = model.fit(X, Y, verbose=0).history
        assert list(told) == ["loss", name] and told["loss"] == pytest.approx(told[name])
