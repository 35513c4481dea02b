"""Losses, metrics, optimizers, regularizers, constraints and activations of Keras against values of TensorFlow, by tables of one row each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.keras.engine.history import metric_of
from tests import ROOT
from tests.keras import training_cases as rows

K = tf.keras
GOLDEN = np.load(ROOT / "tests" / "data" / "keras_golden" / "training.npz")


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def run(fetch: Any, feed: Any = None) -> Any:
    return tf.Session(jit=False).run(fetch, feed)


def operands(name: str, batch: int = 0) -> tuple[Any, Any]:
    return GOLDEN[f"{name}/{batch}/labels"], GOLDEN[f"{name}/{batch}/predictions"]


def close(found: Any, key: str) -> None:
    assert np.shape(found) == GOLDEN[key].shape
    np.testing.assert_allclose(found, GOLDEN[key], rtol=2e-5, atol=2e-6)         # float32, logarithms and sums in another order


def ids(table: list[Any]) -> list[str]:
    return [rows.named(*row) for row in table]


@pytest.mark.parametrize("name, given, arguments", rows.LOSSES, ids=ids(rows.LOSSES))
def test_losses(name: str, given: str, arguments: dict[str, Any]) -> None:
    z, y = operands(given)
    function = K.losses.get(name)
    assert K.losses.get(K.losses.serialize(function)) is function
    close(run(function(tf.constant(z), tf.constant(y), **arguments)), rows.named("loss", name, given, arguments))
    open_z, open_y = tf.placeholder(z.dtype, [None, *z.shape[1:]]), tf.placeholder(y.dtype, [None, *y.shape[1:]])
    loss = function(open_z, open_y, **arguments)
    close(run(loss, {open_z: z, open_y: y}), rows.named("loss", name, given, arguments))
    assert loss.shape.as_list() == [None]


@pytest.mark.parametrize("name, given, arguments", rows.LOSS_CLASSES, ids=ids(rows.LOSS_CLASSES))
@pytest.mark.parametrize("weighted", [None, "w"])
def test_loss_objects(name: str, given: str, arguments: dict[str, Any], weighted: str | None) -> None:
    z, y = operands(given)
    loss = getattr(K.losses, name)(**arguments)
    again = K.losses.deserialize(K.losses.serialize(loss))
    assert type(again) is type(loss) and again.get_config() == loss.get_config()
    weights = None if weighted is None else tf.constant(GOLDEN["weights"])
    close(run(again(tf.constant(z), tf.constant(y), sample_weight=weights)), rows.named("loss object", name, given, arguments, weighted))


@pytest.mark.parametrize("name, given, arguments", rows.METRIC_FUNCTIONS, ids=ids(rows.METRIC_FUNCTIONS))
def test_metric_functions(name: str, given: str, arguments: dict[str, Any]) -> None:
    z, y = operands(given)
    close(run(K.metrics.get(name)(tf.constant(z), tf.constant(y), **arguments)), rows.named("metric function", name, given, arguments))


@pytest.mark.parametrize("name, given, arguments", rows.METRICS, ids=ids(rows.METRICS))
def test_metrics(name: str, given: str, arguments: dict[str, Any]) -> None:
    """Two batches, of which the second has weights; reset, and the first again by a call."""
    metric = getattr(K.metrics, name)(**arguments)
    again = K.metrics.deserialize(K.metrics.serialize(metric))
    assert type(again) is type(metric) and again.get_config() == metric.get_config()
    (z, y), (more_z, more_y) = operands(given), operands(given, 1)
    first, second = metric.update_state(z, y), metric.update_state(more_z, more_y, sample_weight=tf.constant(GOLDEN["weights"]))
    value, called = metric.result(), metric(z, y)
    assert metric_of(called) is metric
    with tf.Session(jit=False) as session:
        found = []
        for update in (first, second):
            session.run(update)
            found.append(session.run(value))
        close(found, rows.named("metric", name, given, arguments))
        metric.reset_states()
        np.testing.assert_allclose(session.run(called), found[0], rtol=1e-6)
        assert all(v in tf.local_variables() and not v.trainable for v in metric.variables)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name, arguments", rows.OPTIMIZERS, ids=ids(rows.OPTIMIZERS))
def test_optimizers(name: str, arguments: dict[str, Any], jit: bool) -> None:
    """Five steps of a linear model; all that is kept has TensorFlow's name."""
    optimizer = getattr(K.optimizers, name)(**arguments)
    k, b = tf.Variable(GOLDEN["k0"], name="k"), tf.Variable(GOLDEN["b0"], name="b")
    loss = tf.reduce_mean(tf.square(tf.matmul(tf.constant(GOLDEN["x"]), k) + b - GOLDEN["t"]))
    step = optimizer.get_updates(loss, [k, b])
    with tf.Session(jit=jit) as session:
        for _ in range(5):
            session.run(step)
        assert session.run(optimizer.iterations) == 5
        found = np.concatenate([session.run(k).ravel(), session.run(b)])
        np.testing.assert_allclose(found, GOLDEN[rows.named("optimizer", name, arguments)], rtol=2e-5, atol=2e-6)
        assert sorted(v.name for v in optimizer.weights) == sorted(n.replace("training/", "") for n in GOLDEN[
            rows.named("optimizer", name, arguments) + " names"])
        again = K.optimizers.deserialize(K.optimizers.serialize(optimizer))
        assert type(again) is type(optimizer)
        for key, value in optimizer.get_config().items():
            assert again.get_config()[key] == pytest.approx(value) if isinstance(value, float) else again.get_config()[key] == value


SPARSE = [row for row in rows.OPTIMIZERS if not set(row[1]) & {"clipnorm", "clipvalue"}]


@pytest.mark.parametrize("name, arguments", SPARSE, ids=ids(SPARSE))
def test_rows(name: str, arguments: dict[str, Any]) -> None:
    """Five steps of a table of which each names two rows."""
    optimizer = getattr(K.optimizers, name)(**arguments)
    table, named = tf.Variable(GOLDEN["emb0"]), tf.placeholder(tf.int32, [2])
    step = optimizer.minimize(tf.reduce_sum(tf.square(tf.gather(table, named) - 1.0)), [table])
    with tf.Session(jit=False) as session:
        for batch in GOLDEN["ids"]:
            session.run(step, {named: batch})
        close(session.run(table), rows.named("rows", name, arguments))


@pytest.mark.parametrize("space, name, arguments", rows.SHAPERS, ids=ids(rows.SHAPERS))
def test_shapers(space: str, name: str, arguments: dict[str, Any]) -> None:
    module = getattr(K, space)
    made = getattr(module, name)(**arguments)
    again = module.get(module.serialize(made))
    assert again.get_config() == made.get_config()
    close(run(again(tf.constant(GOLDEN["m"]))), rows.named("shaper", space, name, arguments))


@pytest.mark.parametrize("name, arguments", rows.ACTIVATIONS, ids=ids(rows.ACTIVATIONS))
def test_activations(name: str, arguments: dict[str, Any]) -> None:
    function = K.activations.get(name)
    assert K.activations.serialize(function) == name
    close(run(tf.identity(function(tf.constant(GOLDEN["m"]), **arguments))), rows.named("activation", name, arguments))
