"""Heads for labels that do not exclude each other, for counts and shares, and several as one: against values of TensorFlow 2.15."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import ArgumentError, DTypeError, GraphError, InvalidArgumentError, ShapeError

H, C = tf.estimator, tf.contrib.estimator
LOGITS = np.float32([[-1.0, 1.0, 2.0], [-1.5, 0.5, -0.25], [0.75, -2.0, 1.5], [0.2, 0.4, -0.6]])
LABELS = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 1], [1, 0, 0]])
COUNTS = np.float32([[0, 3], [2, 1], [1, 5], [1, 0]])
SHARES = np.float32([[0.0], [0.25], [1.0], [1.0]])
WEIGHTS = {"w": np.float32([1.0, 2.0, 0.5, 1.0])}
MEASURED: dict[str, Any] = {"thresholds": [0.5, 0.7], "classes_for_class_based_metrics": [0, 2]}


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def measured(head: Any, logits: Any, labels: Any) -> dict[str, float]:
    """The loss and the metrics of one batch."""
    spec = head.create_estimator_spec(WEIGHTS, H.ModeKeys.EVAL, logits, labels)
    with tf.Session(jit=False) as session:
        loss = session.run(spec.loss)
        session.run([update for _, update in spec.eval_metric_ops.values()])
        return {"loss": float(loss), **{k: float(session.run(value)) for k, (value, _) in spec.eval_metric_ops.items()}}


def both(name: str, area: float, precision_recall: float) -> dict[str, float]:
    return {f"auc{name}": area, f"auc_precision_recall{name}": precision_recall}


ROWS: list[tuple[str, Any, Any, Any, dict[str, float]]] = [
    ("labels", lambda: H.MultiLabelHead(3, **MEASURED), LOGITS, LABELS, {
        "loss": 0.743228, "average_loss": 0.743228, **both("", 0.583333, 0.681318), "accuracy/positive_threshold_0.5": 0.583333,
        "precision/positive_threshold_0.5": 0.571429, "recall/positive_threshold_0.5": 0.666667, "accuracy/positive_threshold_0.7": 0.583333,
        "precision/positive_threshold_0.7": 0.666667, "recall/positive_threshold_0.7": 0.333333, "probability_mean/class0": 0.420095,
        "probability_mean/class2": 0.622635, **both("/class0", 0.0, 0.537902), **both("/class2", 1.0, 1.0)}),
    ("labels, weighed", lambda: C.multi_label_head(3, "w", **MEASURED), LOGITS, LABELS, {
        "loss": 0.911463, "average_loss": 0.81019, **both("", 0.511111, 0.654051), "accuracy/positive_threshold_0.5": 0.592593,
        "precision/positive_threshold_0.5": 0.642857, "recall/positive_threshold_0.5": 0.6, "accuracy/positive_threshold_0.7": 0.481481,
        "precision/positive_threshold_0.7": 0.6, "recall/positive_threshold_0.7": 0.2, "probability_mean/class0": 0.338492,
        "probability_mean/class2": 0.559906, **both("/class0", 0.0, 0.725347), **both("/class2", 1.0, 1.0)}),
    ("shares", lambda: C.logistic_regression_head("w"), LOGITS[:, :1], SHARES,
     {"loss": 0.5644157, "average_loss": 0.5017029, "prediction/mean": 0.3384924, "label/mean": 0.4444445}),
    ("counts", lambda: C.poisson_regression_head("w", 2), LOGITS[:, :2], COUNTS,
     {"loss": 2.8184221, "average_loss": 2.505264, "prediction/mean": 1.1854732, "label/mean": 1.4444444}),
    ("several", lambda: C.multi_head([H.MultiLabelHead(2, name="a"), H.RegressionHead(name="b")], [0.5, 2.0]), LOGITS,
     {"a": LABELS[:, :2], "b": COUNTS[:, :1]},
     {"loss": 6.4098105, "loss/a": 0.947121, "loss/b": 2.968125, "average_loss/a": 0.947121, "auc/a": 0.3125, "auc_precision_recall/a": 0.377556,
      "average_loss/b": 2.968125, "prediction/mean/b": 0.6625, "label/mean/b": 1.0}),
]


@pytest.mark.parametrize("make, logits, labels, wanted", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_losses_and_metrics(make: Any, logits: Any, labels: Any, wanted: dict[str, float]) -> None:
    found = measured(make(), tf.constant(logits) if not isinstance(logits, dict) else logits, labels)
    assert found == pytest.approx(wanted, abs=2e-4, rel=2e-4)


@pytest.mark.parametrize("sparse, options", [([0, 2, 0, 1, 2, 0], {}), ([b"x", b"z", b"x", b"y", b"z", b"x"], {"label_vocabulary": ["x", "y", "z"]})])
def test_sparse_labels_are_the_classes_of_a_row(sparse: Any, options: dict[str, Any]) -> None:
    places = [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [3, 0]]
    labels = tf.SparseTensor(places, sparse, [4, 2])
    one, other = H.MultiLabelHead(3, **options), H.MultiLabelHead(3)
    losses = [one.create_loss({}, "eval", tf.constant(LOGITS), labels), other.create_loss({}, "eval", tf.constant(LOGITS), LABELS)]
    with tf.Session(jit=False) as session:
        session.run(tf.tables_initializer())
        first, second = session.run([spec.unreduced_loss for spec in losses])
    np.testing.assert_array_equal(first, second)


def test_what_is_predicted_and_exported() -> None:
    heads = [H.MultiLabelHead(2, label_vocabulary=["x", "y"], name="a"), H.PoissonRegressionHead(name="b")]
    spec = H.MultiHead(heads).create_estimator_spec({}, H.ModeKeys.PREDICT, {"a": LOGITS[:, :2], "b": LOGITS[:, 2:]})
    assert list(spec.predictions) == [("a", "logits"), ("a", "probabilities"), ("a", "classes"), ("b", "predictions"), ("b", "logits")]
    with tf.Session(jit=False) as session:
        session.run(tf.tables_initializer())
        found = session.run(spec.predictions)
    assert found["a", "classes"].tolist() == [[b"x", b"y"]] * 4
    np.testing.assert_allclose(found["b", "predictions"], np.exp(LOGITS[:, 2:]), rtol=1e-6)
    assert set(spec.export_outputs) == {"serving_default", "predict", "a", "a/classification", "a/predict", "b", "b/regression", "b/predict"}
    assert spec.export_outputs["serving_default"] is spec.export_outputs["a"]
    assert set(spec.export_outputs["predict"].outputs) == {"a/logits", "a/probabilities", "a/classes", "b/predictions", "b/logits"}


def test_an_estimator_of_several_heads(tmp_path: Path) -> None:
    """It learns what both heads ask for, in its own steps."""
    x = np.linspace(-1, 1, 16, dtype=np.float32)[:, None]
    labels = {"a": np.hstack([x > 0, x < 0.5]).astype(np.int64), "b": 2 * x}
    head = H.MultiHead([H.MultiLabelHead(2, name="a"), H.RegressionHead(name="b")])
    estimator = H.LinearEstimator(head, [tf.feature_column.numeric_column("x")], str(tmp_path), optimizer=tf.train.AdamOptimizer(0.1))
    data = tf.estimator.inputs.numpy_input_fn({"x": x}, labels, 16, None, False)
    once = tf.estimator.inputs.numpy_input_fn({"x": x}, labels, 16, 1, False)
    estimator.train(data, steps=5)
    first = estimator.evaluate(once)
    estimator.train(data, steps=60)
    last = estimator.evaluate(once)
    assert last["loss/a"] < first["loss/a"] and last["loss/b"] < first["loss/b"] and last["global_step"] == 65
    assert last["loss"] == pytest.approx(last["loss/a"] + last["loss/b"], rel=1e-5)


def test_a_loss_of_a_programs_own_and_what_is_added() -> None:
    head = H.MultiLabelHead(3, loss_fn=lambda labels, logits: tf.reduce_sum(logits * tf.cast(labels, tf.float32), 1, keepdims=True))
    spec = head.create_loss({}, "train", tf.constant(LOGITS), LABELS)
    added = [tf.constant(2.0)]
    step = H.MultiHead([H.RegressionHead(name="b")]).create_estimator_spec(
        {}, H.ModeKeys.TRAIN, tf.constant(LOGITS[:, :1]), {"b": SHARES}, train_op_fn=lambda loss: tf.no_op(), regularization_losses=added)
    found, loss = tf.Session(jit=False).run([spec.unreduced_loss, step.loss])
    np.testing.assert_allclose(found[:, 0], (LOGITS * LABELS).sum(1), rtol=1e-6)
    assert loss == pytest.approx(2.0 + ((LOGITS[:, :1] - SHARES) ** 2).mean(), rel=1e-5)


def test_k_means_by_its_newer_name() -> None:
    points = np.float32([[0, 0], [0, 1], [9, 9], [9, 8]])
    assert "KMeans" in dir(H.experimental) and H.experimental.KMeans is tf.contrib.factorization.KMeansClustering
    model = H.experimental.KMeans(2, initial_clusters=points[1:3], use_mini_batch=False)
    for _ in range(3):
        model.train(lambda: tf.data.Dataset.from_tensors(points))
    np.testing.assert_allclose(model.cluster_centers(), [[0, 0.5], [9, 8.5]], atol=1e-2)


def loss_of(head: Any, labels: Any, columns: int = 3) -> Any:
    return tf.Session(jit=False).run(head.create_loss({}, "eval", tf.constant(LOGITS[:, :columns]), labels).training_loss)


@pytest.mark.parametrize("make, error, message", [
    (lambda: H.MultiLabelHead(1), ArgumentError, "n_classes is a whole number of 2 or more"),
    (lambda: H.MultiLabelHead(3, thresholds=[1.0]), ArgumentError, "thresholds lie between 0 and 1"),
    (lambda: H.MultiLabelHead(3, label_vocabulary=["x"]), ArgumentError, "names 1 classes, and there are 3"),
    (lambda: H.MultiLabelHead(3, classes_for_class_based_metrics=[3]), ArgumentError, "a number below 3"),
    (lambda: H.MultiLabelHead(2, label_vocabulary=["x", "y"], classes_for_class_based_metrics=["z"]), ArgumentError, "one of label_vocabulary"),
    (lambda: loss_of(H.MultiLabelHead(3), LABELS * 2), InvalidArgumentError, "labels are classes, 1 at most"),
    (lambda: loss_of(H.MultiLabelHead(3), LABELS.astype(np.float32)), DTypeError, "0 or 1 for each class"),
    (lambda: loss_of(H.MultiLabelHead(3), LABELS[:, :2]), ShapeError, "a row has 3 labels"),
    (lambda: loss_of(H.MultiLabelHead(3), tf.SparseTensor([[0, 0]], [3], [4, 1])), InvalidArgumentError, "2 at most"),
    (lambda: loss_of(H.MultiLabelHead(3), tf.SparseTensor([[0, 0]], [1.0], [4, 1])), DTypeError, "sparse labels are numbers of classes"),
    (lambda: loss_of(H.LogisticRegressionHead(), SHARES + 1, 1), InvalidArgumentError, "LogisticRegressionHead"),
    (lambda: H.MultiHead([]), ArgumentError, "takes a list of heads"),
    (lambda: H.MultiHead([H.RegressionHead()]), ArgumentError, "each head has a name of its own"),
    (lambda: H.MultiHead([H.RegressionHead(name="a"), H.RegressionHead(name="a")]), ArgumentError, "each head has a name of its own"),
    (lambda: H.MultiHead([H.RegressionHead(name="a")], [1.0, 2.0]), ArgumentError, "2 head_weights for 1 heads"),
    (lambda: loss_of(H.MultiHead([H.RegressionHead(name="a")]), {"a": SHARES}), ShapeError, "the logits have 1 columns"),
    (lambda: loss_of(H.MultiHead([H.RegressionHead(name="a")]), SHARES, 1), GraphError, "labels are a dict"),
    (lambda: loss_of(H.MultiHead([H.RegressionHead(name="a")]), {"b": SHARES}, 1), GraphError, "labels has nothing for the head 'a'"),
    (lambda: H.MultiHead([H.RegressionHead(name="a")]).predictions({"b": LOGITS}), GraphError, "logits has nothing for the head 'a'"),
])
def test_refusals(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
