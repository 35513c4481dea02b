"""Adversarial networks as estimators: one step of both networks by hand, what is measured, written and made, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import ArgumentError, GraphError, ShapeError

G = tf.contrib.gan
NOISE, REAL = np.float32([[1.0], [2.0]]), np.float32([[3.0], [5.0]])


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


MODES: list[str] = []


def generator(z: Any, mode: str) -> Any:
    MODES.append(mode)
    return z * tf.get_variable("scale", [], initializer=tf.constant_initializer(0.5))


def discriminator(x: Any, z: Any) -> Any:
    return x * tf.get_variable("slope", [], initializer=tf.constant_initializer(2.0))


def estimator(folder: Path, **options: Any) -> Any:
    given = {"generator_loss_fn": G.losses.wasserstein_generator_loss, "discriminator_loss_fn": G.losses.wasserstein_discriminator_loss,
             "generator_optimizer": tf.train.GradientDescentOptimizer(0.1),
             "discriminator_optimizer": lambda: tf.train.GradientDescentOptimizer(0.01),
             "generator_fn": generator, "discriminator_fn": discriminator}
    return G.estimator.GANEstimator(str(folder), **{**given, **options})


def data() -> Any:
    return tf.data.Dataset.from_tensors((NOISE, REAL)).repeat()


def test_steps_by_hand(tmp_path: Path) -> None:
    """A step moves the generator, then the discriminator of what that makes since; the modes are told; the losses are those of Wasserstein."""
    MODES.clear()
    model = estimator(tmp_path, get_eval_metric_ops_fn=lambda m: {"made": tf.metrics.mean(m.generated_data)})
    model.train(data, steps=1)
    scale = 0.5 + 0.1 * 2.0 * NOISE.mean()                      # up the slope of mean(slope * scale * z)
    slope = 2.0 - 0.01 * (scale * NOISE.mean() - REAL.mean())   # down that of mean(slope * made) - mean(slope * real)
    assert model.get_variable_value("Generator/scale") == pytest.approx(scale, rel=1e-5)
    assert model.get_variable_value("Discriminator/slope") == pytest.approx(slope, rel=1e-5)
    found = model.evaluate(data, steps=2)
    of_generator, of_discriminator = -slope * scale * NOISE.mean(), slope * (scale * NOISE.mean() - REAL.mean())
    wanted = {"generator_loss": of_generator, "discriminator_loss": of_discriminator, "loss": of_generator + of_discriminator,
              "made": scale * NOISE.mean(), "global_step": 1}
    assert found == pytest.approx(wanted, rel=1e-5)
    made = list(model.predict(lambda: tf.data.Dataset.from_tensors(NOISE)))
    np.testing.assert_allclose(made, scale * NOISE, rtol=1e-5)
    assert MODES == ["train", "eval", "infer"]


def test_it_is_trained_twice(tmp_path: Path) -> None:
    model = estimator(tmp_path, generator_optimizer=tf.train.AdamOptimizer(0.1), get_hooks_fn=G.get_joint_train_hooks())
    model.train(data, steps=2)
    model.train(data, steps=3)
    assert model.get_variable_value("global_step") == 5


@pytest.mark.parametrize("kinds, names", [
    ("VARIABLES", ["generator_variables/Generator/scale", "discriminator_variables/Discriminator/slope"]),
    ("IMAGES", ["real_data/image", "generated_data/image", "generator_variables/Generator/scale", "discriminator_variables/Discriminator/slope"]),
    ("IMAGE_COMPARISON", ["image_comparison/image"]), ("NONE", []),
])
def test_what_is_written(kinds: str, names: list[str], tmp_path: Path) -> None:
    pictures = np.random.default_rng(3).uniform(size=(16, 4, 5, 1)).astype(np.float32)
    model = estimator(tmp_path, add_summaries=getattr(G.estimator.SummaryType, kinds), use_loss_summaries=False)
    model.train(lambda: tf.data.Dataset.from_tensors((pictures, pictures)).repeat(), steps=1)
    tags = {value.tag for file in tmp_path.glob("events*") for event in tf.train.summary_iterator(str(file)) for value in event.summary.value}
    assert {t for t in tags if "loss" not in t and "global_step" not in t} == set(names)


@pytest.mark.parametrize("make, error, message", [
    (lambda p: estimator(p, generator_loss_fn=None), ArgumentError, "generator_loss_fn is a function, not None"),
    (lambda p: estimator(p, discriminator_fn=3), ArgumentError, "discriminator_fn is a function, not 3"),
    (lambda p: estimator(p, get_hooks_fn=3), ArgumentError, "get_hooks_fn is a function, not 3"),
    (lambda p: estimator(p, add_summaries=7), ArgumentError, "add_summaries is a SummaryType"),
    (lambda p: estimator(p).train(lambda: tf.data.Dataset.from_tensors(NOISE), steps=1), GraphError, "there are no real data"),
    (lambda p: estimator(p, add_summaries=[2]).train(data, steps=1), ShapeError, r"is \[batch, height, width, channels\]"),
    (lambda p: (lambda e: (e.train(data, steps=1), e.evaluate(data, steps=1)))(estimator(p, get_eval_metric_ops_fn=lambda m: 3)), ArgumentError,
     "gives a dict of metrics, not 3"),
])
def test_refusals(make: Any, error: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        make(tmp_path)
