"""Losses, metrics, optimizers, regularizers, constraints and activations of Keras against values of TensorFlow, by tables of one row each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import GraphError
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


@pytest.mark.parametrize("name, kind, given", [("categorical_crossentropy", "softmax", [[0.0, 1.0]]),
                                               ("sparse_categorical_crossentropy", "softmax", [1]), ("binary_crossentropy", "sigmoid", [[0.0, 1.0]])])
def test_losses_of_activations_look_at_logits(name: str, kind: str, given: Any) -> None:
    """What a softmax or sigmoid gives as 0 in float32 still has the loss, and the slope, that its logits have."""
    x = tf.constant([[100.0, -100.0]])
    function, logits = K.losses.get(name), K.losses.get(name)(tf.constant(given), x, from_logits=True)
    loss = function(tf.constant(given), K.activations.get(kind)(x))
    found, wanted, slope, told = run([loss, logits, tf.gradients(loss, x)[0], tf.gradients(logits, x)[0]])
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    np.testing.assert_allclose(slope, told, rtol=1e-6)
    assert wanted[0] >= 100.0 and (slope != 0).any()
    clipped = run(function(tf.constant(given), tf.identity(K.activations.get(kind)(x))))
    assert clipped[0] < 20.0                        # of probabilities alone epsilon is the least


@pytest.mark.parametrize("made, name", [(lambda: tf.train.AdamOptimizer(0.1), "Adam"), (lambda: tf.train.MomentumOptimizer(0.1, 0.9), "Momentum")])
def test_optimizers_of_train_are_wrapped(made: Any, name: str) -> None:
    optimizer, v, w = K.optimizers.get(made()), tf.Variable([1.0, 2.0]), tf.Variable([1.0, 2.0])
    step, other = optimizer.get_updates(tf.reduce_sum(v * v), [v]), made().minimize(tf.reduce_sum(w * w), var_list=[w])
    with tf.Session(jit=False) as session:
        for _ in range(3):
            session.run([step, other])
        np.testing.assert_array_equal(session.run(v), session.run(w))
        assert session.run(optimizer.iterations) == 3 and optimizer.get_name() == name
    with pytest.raises(GraphError, match="has no configuration"):
        optimizer.get_config()


def test_hyperparameters_are_set_between_steps() -> None:
    v = tf.Variable(1.0)
    optimizer = K.optimizers.SGD(lr=0.5, momentum=0.0)
    step = optimizer.get_updates(2.0 * v, [v])
    with tf.Session(jit=False).as_default() as session:
        session.run(step)
        optimizer.lr = 0.25
        session.run(step)
        K.backend.set_value(optimizer.learning_rate, 0.125)
        session.run(step)
        assert session.run(v) == 1.0 - 1.0 - 0.5 - 0.25 and K.backend.get_value(optimizer.lr) == 0.125
        assert optimizer.get_config()["learning_rate"] == 0.125


def test_schedules_follow_the_steps() -> None:
    v, rates = tf.Variable(0.0), K.optimizers.schedules.PiecewiseConstantDecay([1, 2], [1.0, 0.5, 0.25])
    optimizer = K.optimizers.SGD(rates)
    step = optimizer.get_updates(-v, [v])
    with tf.Session(jit=False) as session:
        seen = [0.0]
        for _ in range(4):
            session.run(step)
            seen.append(float(session.run(v)))
    np.testing.assert_allclose(np.diff(seen), [1.0, 1.0, 0.5, 0.25])        # steps 0 and 1 are not beyond the first boundary
    again = K.optimizers.deserialize(K.optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config() and again.learning_rate.values == [1.0, 0.5, 0.25]


@pytest.mark.parametrize("build, text", [
    (lambda: K.optimizers.get("sgdd"), "'sgdd' is no optimizer"), (lambda: K.optimizers.SGD(momentum=2.0), "the momentum 2.0 is not in"),
    (lambda: K.optimizers.Adam(clipnorm=-1.0), "clipnorm is -1.0, below 0"), (lambda: K.optimizers.Adam(rate=1.0), "Adam has no argument 'rate'"),
    (lambda: K.optimizers.get(3), "3 is no optimizer"), (lambda: K.losses.get("msee"), "'msee' is no loss function"),
    (lambda: K.losses.MeanSquaredError(reduction="mean"), "'mean' is no reduction"), (lambda: K.metrics.AUC(curve="X"), "curve is 'ROC' or 'PR'"),
    (lambda: K.metrics.Precision(thresholds=2.0), "thresholds are numbers in"), (lambda: K.regularizers.get("l3"), "'l3' is no regularizer"),
    (lambda: K.constraints.get({"class_name": "NonNeg"}), "is written as its class_name and config"),
])
def test_errors(build: Any, text: str) -> None:
    with pytest.raises(GraphError, match=text):
        build()


def test_a_metric_counts_classes() -> None:
    metric = K.metrics.MeanIoU(num_classes=3)
    first, second = metric.update_state([0, 1, 2], [0, 2, 2]), metric.update_state([1, 1], [1, 0], sample_weight=[2.0, 1.0])
    with tf.Session(jit=False) as session:
        session.run(first)
        session.run(second)
        counts = np.array([[1, 0, 0], [1, 2, 1], [0, 0, 1.0]])
        hits, union = np.diag(counts), counts.sum(0) + counts.sum(1) - np.diag(counts)
        assert session.run(metric.result()) == pytest.approx((hits / union).mean())


@pytest.mark.parametrize("name, level, first, second", [("SensitivityAtSpecificity", 0.6, "tp", "fn"), ("SpecificityAtSensitivity", 0.6, "tn", "fp")])
def test_rates_at_rates(name: str, level: float, first: str, second: str) -> None:
    z, y = np.array([0, 0, 1, 1, 0, 1]), np.array([0.1, 0.4, 0.35, 0.8, 0.7, 0.6], np.float32)
    metric = getattr(K.metrics, name)(level, num_thresholds=11)
    rows = [{"tp": np.sum(z * (y > t)), "fn": np.sum(z * (y <= t)), "tn": np.sum((1 - z) * (y <= t)), "fp": np.sum((1 - z) * (y > t))}
            for t in np.linspace(0, 1, 11).astype(np.float32)]
    chosen = ("tn", "fp") if first == "tp" else ("tp", "fn")
    best = min(rows, key=lambda r: abs(r[chosen[0]] / (r[chosen[0]] + r[chosen[1]]) - level))
    assert run(metric(z, y)) == pytest.approx(best[first] / (best[first] + best[second]))
