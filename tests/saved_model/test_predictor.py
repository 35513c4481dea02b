"""`tf.contrib.predictor`: saved models and estimators as functions of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf

P = tf.contrib.predictor


@pytest.fixture
def model(tmp_path: Any) -> str:
    folder = str(tmp_path / "model")
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        x = tf.placeholder(tf.float32, [None], name="x")
        y = tf.identity(x * tf.Variable(3.0), name="y")
        builder = tf.saved_model.Builder(folder)
        signatures = {k: tf.saved_model.predict_signature_def({"x": x}, {k: v}) for k, v in (("serving_default", y), ("halves", x / 2))}
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()
    return folder


@pytest.mark.parametrize("options, wanted", [
    ({}, {"serving_default": [3.0, 6.0]}), ({"signature_def_key": "halves"}, {"halves": [0.5, 1.0]}),
    ({"input_names": {"x": "x:0"}, "output_names": {"tripled": "y:0"}}, {"tripled": [3.0, 6.0]}),
    ({"tags": "serve"}, {"serving_default": [3.0, 6.0]}),
])
def test_saved_models(model: str, options: Any, wanted: Any) -> None:
    predictor = P.from_saved_model(model, **options)
    for _ in range(2):
        found = predictor({"x": [1.0, 2.0]})
        assert {k: v.tolist() for k, v in found.items()} == wanted
    with pytest.raises(tf.errors.FeedError, match="has the inputs x, and is given z"):
        predictor({"z": [1.0]})


@pytest.mark.parametrize("options, message", [
    ({"signature_def_key": "thirds"}, "has the signatures serving_default, halves, not 'thirds'"),
    ({"signature_def_key": "halves", "input_names": {"x": "x:0"}}, "takes one of"),
])
def test_mistakes(model: str, options: Any, message: str) -> None:
    with pytest.raises(tf.errors.ArgumentError, match=message):
        P.from_saved_model(model, **options)


def test_estimators(tmp_path: Any) -> None:
    def network(features: Any, labels: Any, mode: str) -> Any:
        w = tf.get_variable("w", [], initializer=tf.ones_initializer())
        y = features["x"] * w
        if mode == tf.estimator.ModeKeys.PREDICT:
            return tf.estimator.EstimatorSpec(mode, {"y": y})
        loss = tf.reduce_mean(tf.square(y - labels))
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=tf.train.GradientDescentOptimizer(0.5).minimize(loss, tf.train.get_global_step()))

    def received() -> Any:
        x = tf.placeholder(tf.float32, [None], name="given")
        return tf.estimator.export.ServingInputReceiver({"x": x}, {"x": x})
    estimator = tf.estimator.Estimator(network, str(tmp_path))
    estimator.train(lambda: tf.data.Dataset.from_tensors(({"x": np.float32([1.0])}, np.float32([4.0]))))
    predictor = P.from_estimator(estimator, received)
    assert predictor({"x": [1.0, 2.0]})["y"].tolist() == [4.0, 8.0]
