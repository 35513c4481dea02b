"""Estimators: trained, evaluated and asked in graphs of their own, from checkpoints; against NumPy on a line and on digits."""

from __future__ import annotations

import os

import numpy as np
import pytest

import graphc as tf
from tests import ROOT

ESTIMATOR = tf.estimator
X = np.linspace(-1, 1, 40, dtype=np.float32).reshape(40, 1)
Y = 3 * X + 1


def line(features, labels, mode, params):
    x = features["x"] if isinstance(features, dict) else features
    predictions = tf.layers.dense(x, 1, name="line")
    if mode == ESTIMATOR.ModeKeys.PREDICT:
        return ESTIMATOR.EstimatorSpec(mode, predictions={"y": predictions, "twice": predictions * 2})
    loss = tf.losses.mean_squared_error(labels, predictions)
    if mode == ESTIMATOR.ModeKeys.EVAL:
        return ESTIMATOR.EstimatorSpec(mode, loss=loss, eval_metric_ops={"off": tf.metrics.mean_absolute_error(labels, predictions)})
    train = tf.train.GradientDescentOptimizer(params["rate"]).minimize(loss, global_step=tf.train.get_global_step())
    return ESTIMATOR.EstimatorSpec(mode, loss=loss, train_op=train)


def given(batch=10, epochs=None, shuffle=True):
    return ESTIMATOR.inputs.numpy_input_fn({"x": X}, Y, batch_size=batch, num_epochs=epochs, shuffle=shuffle)


def of_dataset():
    return tf.data.Dataset.from_tensor_slices(({"x": X}, Y)).repeat(3).batch(8)


@pytest.fixture
def estimator(tmp_path):
    return ESTIMATOR.Estimator(line, str(tmp_path / "model"), ESTIMATOR.RunConfig(tf_random_seed=1), {"rate": 0.2})


def test_a_line(estimator):
    before = len(tf.get_default_graph().get_operations())
    assert estimator.train(given(), steps=150) is estimator
    found = estimator.evaluate(given(7, 1, False))
    assert found["global_step"] == 150 and found["loss"] < 1e-3 and list(found) == ["global_step", "loss", "off"]
    w, b = estimator.get_variable_value("line/kernel"), estimator.get_variable_value("line/bias")
    off = np.abs(X @ w + b - Y)
    assert found["off"] == pytest.approx(off.mean(), rel=1e-4)
    batches = [np.mean((X[i:i + 7] @ w + b - Y[i:i + 7]) ** 2) for i in range(0, 40, 7)]
    assert found["loss"] == pytest.approx(np.mean(batches), rel=1e-3)
    made = list(estimator.predict(ESTIMATOR.inputs.numpy_input_fn({"x": X}, batch_size=16, shuffle=False)))
    assert len(made) == 40 and np.allclose([m["y"] for m in made], X @ w + b, atol=1e-6)
    assert len(tf.get_default_graph().get_operations()) == before           # each call has a graph of its own
    assert sorted(estimator.get_variable_names()) == ["global_step", "line/bias", "line/kernel"]
    assert any("tfevents" in n for n in os.listdir(os.path.join(estimator.model_dir, "eval")))


def test_steps_go_on(estimator):
    estimator.train(given(), steps=5).train(given(), steps=5)
    assert estimator.evaluate(given(), steps=2)["global_step"] == 10
    estimator.train(given(), max_steps=12)
    estimator.train(given(), max_steps=12)
    assert int(estimator.get_variable_value("global_step")) == 12
    again = ESTIMATOR.Estimator(line, estimator.model_dir, params={"rate": 0.2})
    assert again.evaluate(given(), steps=1, name="other")["global_step"] == 12


@pytest.mark.filterwarnings("error::graphc.errors.CheckpointWarning")
def test_the_end_of_a_dataset_ends_training(estimator):
    """Its checkpoints have their graph."""
    estimator.train(of_dataset)
    with tf.Graph().as_default() as graph:
        tf.train.import_meta_graph(f"{estimator.latest_checkpoint()}.meta")
        assert "IteratorGetNext" in [n.label for n in graph.nodes]
    assert estimator.evaluate(of_dataset)["global_step"] == 15


def test_some_predictions_and_whole_batches(estimator):
    estimator.train(given(), steps=3)
    features = ESTIMATOR.inputs.numpy_input_fn({"x": X}, batch_size=16, shuffle=False)
    assert [[*m] for m in estimator.predict(features, predict_keys="twice")] == [["twice"]] * 40
    batches = list(estimator.predict(features, yield_single_examples=False))
    assert [b["y"].shape for b in batches] == [(16, 1), (16, 1), (8, 1)]
    assert len(list(estimator.predict(lambda: {"x": tf.constant(X[:3])}))) == 3
    with pytest.raises(tf.errors.ArgumentError, match="there are the predictions y, twice"):
        next(estimator.predict(features, predict_keys=["no"]))


def test_in_turns(tmp_path):
    config = ESTIMATOR.RunConfig(str(tmp_path), tf_random_seed=1, save_checkpoints_steps=20)
    estimator = ESTIMATOR.Estimator(line, config=config, params={"rate": 0.1})
    found, _ = ESTIMATOR.train_and_evaluate(estimator, ESTIMATOR.TrainSpec(given(), max_steps=50), ESTIMATOR.EvalSpec(given(), steps=4))
    assert found["global_step"] == 50
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    events = EventAccumulator(str(tmp_path / "eval")).Reload()
    assert [e.step for e in events.Scalars("loss")] == [20, 40, 50]


def test_digits(tmp_path):
    with np.load(ROOT / "examples" / "data" / "digits.npz") as data:
        images, labels = np.float32(data["images"] / 16), np.int32(data["labels"])

    def model(features, labels, mode):
        hidden = tf.layers.dense(features, 32, activation=tf.nn.relu)
        logits = tf.layers.dense(tf.layers.dropout(hidden, 0.2, training=mode == ESTIMATOR.ModeKeys.TRAIN), 10)
        classes = tf.argmax(logits, 1, output_type=tf.int32)
        if mode == ESTIMATOR.ModeKeys.PREDICT:
            return ESTIMATOR.EstimatorSpec(mode, predictions=classes)
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        train = tf.train.AdamOptimizer(0.01).minimize(loss, tf.train.get_global_step())
        return ESTIMATOR.EstimatorSpec(mode, loss=loss, train_op=train, eval_metric_ops={"accuracy": tf.metrics.accuracy(labels, classes)})
    estimator = ESTIMATOR.Estimator(model, str(tmp_path), ESTIMATOR.RunConfig(tf_random_seed=2))
    estimator.train(ESTIMATOR.inputs.numpy_input_fn(images[:1400], labels[:1400], 64, None, True), steps=300)
    held_out = ESTIMATOR.inputs.numpy_input_fn(images[1400:], labels[1400:], 64, 1, False)
    found = estimator.evaluate(held_out)
    assert found["accuracy"] > 0.9
    classes = np.array(list(estimator.predict(held_out)))
    assert found["accuracy"] == pytest.approx(np.mean(classes == labels[1400:]))


SPEC = ESTIMATOR.EstimatorSpec
REFUSED = [
    (lambda e: tf.estimator.Estimator(lambda features: None, warm_start_from=3), tf.errors.ArgumentError, "warm_start_from is a checkpoint's path"),
    (lambda e: ESTIMATOR.Estimator(lambda x: x), tf.errors.GraphError, "takes features, labels, mode, params and config, not x"),
    (lambda e: e.train(given(), steps=1, max_steps=1), tf.errors.ArgumentError, "steps or max_steps"),
    (lambda e: e.train(given(), steps=0), tf.errors.ArgumentError, "steps is above 0, not 0"),
    (lambda e: e.evaluate(given()), tf.errors.NotFoundError, "is not trained: there is no checkpoint"),
    (lambda e: next(e.predict(given())), tf.errors.NotFoundError, "is not trained"),
    (lambda e: SPEC("train", loss=tf.constant(1.0)), tf.errors.GraphError, "to train it needs train_op"),
    (lambda e: SPEC("infer"), tf.errors.GraphError, "to infer it needs predictions"),
    (lambda e: SPEC("test"), tf.errors.GraphError, "a mode is one of train, eval, infer, not 'test'"),
    (lambda e: SPEC("eval", loss=tf.constant(1.0), eval_metric_ops={"a": 3}), tf.errors.GraphError, "the metric a is a pair"),
    (lambda e: ESTIMATOR.RunConfig(save_checkpoints_steps=1, save_checkpoints_secs=1), tf.errors.ArgumentError, "save_checkpoints_steps or"),
    (lambda e: ESTIMATOR.inputs.numpy_input_fn(X, Y), tf.errors.ArgumentError, "shuffle is True or False"),
    (lambda e: ESTIMATOR.inputs.numpy_input_fn(X, Y[1:], shuffle=True), tf.errors.ArgumentError, "arrays of 39, 40 rows"),
    (lambda e: ESTIMATOR.Estimator(lambda features: 3).train(lambda: tf.constant(X), steps=1), tf.errors.GraphError, "returned 3, which is no Est"),
    (lambda e: ESTIMATOR.Estimator(lambda features: 3).train(given(), steps=1), tf.errors.GraphError, "the input has labels, and model_fn"),
]


@pytest.mark.parametrize("make, kind, text", REFUSED)
def test_refused(make, kind, text, estimator):
    with pytest.raises(kind, match=text) as caught:
        make(estimator)
    assert "test_estimator.py:" in str(caught.value)
