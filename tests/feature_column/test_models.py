"""Ready-made estimators against TensorFlow's: metrics, predictions and variables after some steps; exports; what is refused."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

from . import models

E, FC = tf.estimator, tf.feature_column
GOLDEN = json.loads(models.FILE.read_text())
AGE = FC.numeric_column("age", normalizer_fn=lambda x: x / 100)


def test_all_cases_are_recorded():
    assert list(models.cases(tf)) == list(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_as_tensorflow(name, tmp_path):
    make, labels = models.cases(tf)[name]
    found, wanted = models.made(tf, make, labels, str(tmp_path)), GOLDEN[name]
    assert found["metrics"] == pytest.approx(wanted["metrics"], rel=1e-4, abs=1e-6)
    assert found["variables"] == pytest.approx(wanted["variables"], rel=1e-4, abs=1e-6)
    assert list(found["prediction"]) == list(wanted["prediction"])
    for key, value in wanted["prediction"].items():
        if isinstance(value[0], str):
            assert found["prediction"][key] == value
        else:
            np.testing.assert_allclose(found["prediction"][key], value, rtol=1e-4, atol=1e-6)


def test_thresholds_and_a_head_of_ones_own(tmp_path):
    head = E.BinaryClassHead(thresholds=[0.25], name="rich")
    model = E.DNNLinearCombinedEstimator(head, str(tmp_path), linear_feature_columns=[AGE], linear_optimizer="SGD")
    model.train(models.given(tf, models.RICH, None), steps=3)
    found = model.evaluate(models.given(tf, models.RICH, 1))
    chances = np.array([p["logistic"][0] for p in model.predict(models.given(tf, None, 1))])
    assert found["accuracy/positive_threshold_0.25/rich"] == pytest.approx(np.mean((chances >= 0.25) == models.RICH))
    assert found["precision/positive_threshold_0.25/rich"] == pytest.approx(models.RICH[chances > 0.25].mean())


def test_dropout_and_regularisers_are_of_training_alone(tmp_path):
    model = E.DNNRegressor([16], [AGE], str(tmp_path), dropout=0.5, config=E.RunConfig(tf_random_seed=1))
    model.train(models.given(tf, models.NUMBER, None), steps=5)
    first, again = (model.evaluate(models.given(tf, models.NUMBER, 1)) for _ in range(2))
    assert first == again


def test_warm_start(tmp_path):
    first = E.LinearClassifier([AGE], str(tmp_path / "first"), optimizer="SGD")
    first.train(models.given(tf, models.RICH, None), steps=5)
    name = "linear/linear_model/age/weights"
    for start, same in ((first.model_dir, True), (E.WarmStartSettings(first.model_dir, ".*bias.*"), False)):
        second = E.LinearClassifier([AGE], str(tmp_path / f"second {same}"), optimizer=tf.train.GradientDescentOptimizer(0.0), warm_start_from=start)
        second.train(models.given(tf, models.RICH, None), steps=1)
        assert (second.get_variable_value(name) == first.get_variable_value(name)).all() == same
        assert second.get_variable_value("linear/linear_model/bias_weights") == first.get_variable_value("linear/linear_model/bias_weights")


# ---------------------------------------------------------------------- exports

def example(age: float, job: str) -> bytes:
    feature = {"age": tf.train.Feature(float_list=tf.train.FloatList(value=[age])),
               "job": tf.train.Feature(bytes_list=tf.train.BytesList(value=[job.encode()]))}
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def test_an_exported_model_serves(tmp_path):
    """Serialised examples in, classes and their chances out: what the estimator predicts."""
    job = FC.categorical_column_with_hash_bucket("job", 30)
    columns = [AGE, FC.embedding_column(job, 4)]
    model = E.DNNClassifier([8], columns, str(tmp_path / "model"), label_vocabulary=["no", "yes"])
    given = E.inputs.numpy_input_fn({k: models.DATA[k] for k in ("age", "job")}, np.array(["no", "yes"])[models.RICH], 16, None, False)
    receiver = E.export.build_parsing_serving_input_receiver_fn(FC.make_parse_example_spec(columns))
    evaluated = E.EvalSpec(given, steps=2, exporters=[E.LatestExporter("latest", receiver), E.FinalExporter("final", receiver),
                                                      E.BestExporter("best", receiver)])
    _, exported = E.train_and_evaluate(model, E.TrainSpec(given, max_steps=10), evaluated)
    assert len(exported) == 3 and all(os.path.isdir(path) for path in exported)
    assert os.path.dirname(os.fsdecode(exported[1])) == os.path.join(model.model_dir, "export", "final")
    wanted = list(model.predict(E.inputs.numpy_input_fn({"age": np.float32([30, 60]), "job": np.array(["job1", "job7"])}, shuffle=False)))
    with tf.Graph().as_default(), tf.Session() as sess:
        signatures = tf.saved_model.loader.load(sess, ["serve"], os.fsdecode(exported[1])).signature_def
        assert sorted(signatures) == ["classification", "predict", "regression", "serving_default"]
        serving = signatures["serving_default"]
        assert serving.method_name == "tensorflow/serving/classify" and [*serving.inputs] == ["inputs"]
        records = [example(30, "job1"), example(60, "job7")]
        scores, classes = sess.run([serving.outputs["scores"].name, serving.outputs["classes"].name], {serving.inputs["inputs"].name: records})
    np.testing.assert_allclose(scores, [w["probabilities"] for w in wanted], rtol=1e-5)
    assert classes.tolist() == [[b"no", b"yes"]] * 2


def test_raw_features_are_received(tmp_path):
    model = E.LinearRegressor([AGE], str(tmp_path / "model"))
    model.train(models.given(tf, models.NUMBER, None), steps=2)
    receiver = E.export.build_raw_serving_input_receiver_fn({"age": tf.placeholder(tf.float32, [None, 1])})
    extra = tmp_path / "words.txt"
    extra.write_text("a")
    path = os.fsdecode(model.export_savedmodel(str(tmp_path / "out"), receiver, assets_extra={"sub/words.txt": str(extra)}))
    assert os.path.isfile(os.path.join(path, "assets.extra", "sub", "words.txt"))
    with tf.Graph().as_default(), tf.Session() as sess:
        serving = tf.saved_model.loader.load(sess, ["serve"], path).signature_def["serving_default"]
        found = sess.run(serving.outputs["outputs"].name, {serving.inputs["age"].name: [[20.0]]})
    wanted = next(iter(model.predict(E.inputs.numpy_input_fn({"age": np.float32([20])}, shuffle=False))))["predictions"]
    np.testing.assert_allclose(found[0], wanted, rtol=1e-6)


def test_as_many_exports_are_kept(tmp_path):
    model = E.BaselineRegressor(str(tmp_path))
    model.train(models.given(tf, models.NUMBER, None), steps=1)
    receiver = E.export.build_raw_serving_input_receiver_fn({"age": tf.placeholder(tf.float32, [None, 1])})
    exporter = E.LatestExporter("x", receiver, exports_to_keep=2)
    made = [exporter.export(model, str(tmp_path / "x"), None, {}, False) for _ in range(3)]
    assert sorted(os.listdir(tmp_path / "x")) == [os.path.basename(os.fsdecode(m)) for m in made[1:]]


def test_what_records_must_hold():
    assert E.classifier_parse_example_spec([AGE], "rich", weight_column="w") == {
        "age": tf.FixedLenFeature([1], tf.float32), "rich": tf.FixedLenFeature((1,), tf.int64), "w": tf.FixedLenFeature([1], tf.float32)}
    assert E.regressor_parse_example_spec([AGE], "y", label_dimension=2)["y"] == tf.FixedLenFeature((2,), tf.float32)


class Index:
    def equals(self, other):
        return self is other


class Column(list):
    index = Index()

    def to_numpy(self):
        return np.array(self, object if isinstance(self[0], str) else None)


class Frame(dict):
    """What is used of a DataFrame of pandas, which graphc does not need."""

    columns, index = property(dict.keys), Column.index

    def __getitem__(self, name):
        return Column(super().__getitem__(name))


@pytest.mark.parametrize("kind", ["pandas", "alike"])
def test_a_data_frame_is_given(kind):
    make = pytest.importorskip("pandas", reason="pandas is not installed, and not needed").DataFrame if kind == "pandas" else Frame
    frame = make({"age": [1.0, 2.0, 3.0], "job": ["a", "b", "c"]})
    features, labels = E.inputs.pandas_input_fn(frame, frame["age"], batch_size=2, shuffle=False)()
    found, of = tf.Session().run([features, labels])
    assert found["job"].tolist() == [b"a", b"b"] and of.tolist() == [1, 2]


# ---------------------------------------------------------------------- what is refused

def trained(model: Any, labels: Any) -> Any:
    return model.train(models.given(tf, labels, None), steps=1)


BIG = FC.categorical_column_with_identity("hours", 9)
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: E.LinearClassifier([]), tf.errors.ArgumentError, "LinearClassifier takes a list of feature columns"),
    (lambda: E.LinearClassifier([AGE], n_classes=1), tf.errors.ArgumentError, "n_classes is a whole number of 2 or more, not 1"),
    (lambda: E.LinearClassifier([AGE], optimizer="Nadam"), tf.errors.ArgumentError, "an optimizer is one of Adagrad, Adam, Ftrl, RMSProp, SGD"),
    (lambda: E.LinearClassifier([AGE], label_vocabulary=["a", "b", "c"]), tf.errors.ArgumentError, "names 3 classes, and there are 2"),
    (lambda: E.LinearClassifier([AGE], weight_column=3), tf.errors.ArgumentError, "weight_column is a key or a numeric_column, not 3"),
    (lambda: E.LinearClassifier([AGE], loss_reduction="sum"), tf.errors.ArgumentError, "loss_reduction is one of tf.losses.Reduction"),
    (lambda: E.LinearClassifier([AGE], warm_start_from=3), tf.errors.ArgumentError, "warm_start_from is a checkpoint's path"),
    (lambda: E.DNNClassifier([], [AGE]), tf.errors.ArgumentError, "DNNClassifier: hidden_units are whole numbers of 1 or more"),
    (lambda: E.DNNClassifier([3], [BIG]).train(models.given(tf, models.RICH, None), steps=1), tf.errors.ArgumentError, "takes dense columns"),
    (lambda: E.DNNLinearCombinedClassifier(), tf.errors.ArgumentError, "takes linear_feature_columns or dnn_feature_columns"),
    (lambda: E.DNNEstimator("head", [3], [AGE]), tf.errors.ArgumentError, "a head is tf.estimator.BinaryClassHead"),
    (lambda: trained(E.LinearClassifier([AGE]), None), tf.errors.GraphError, "BinaryClassHead: there are no labels"),
    (lambda: trained(E.LinearClassifier([AGE]), np.array(["x"] * 48)), tf.errors.DTypeError, "the labels are texts"),
    (lambda: trained(E.LinearClassifier([AGE], label_vocabulary=["a", "b"]), models.RICH), tf.errors.DTypeError, "are the texts of label_vocabulary"),
    (lambda: trained(E.LinearClassifier([AGE], n_classes=3), models.NUMBER), tf.errors.DTypeError, "labels are numbers of classes"),
    (lambda: trained(E.LinearClassifier([AGE]), models.KIND), tf.errors.InvalidArgumentError, "labels are classes, 1 at most"),
    (lambda: trained(E.LinearClassifier([AGE], label_vocabulary=["a", "b"]), np.array(["z"] * 48)), tf.errors.InvalidArgumentError, "0 or above"),
    (lambda: trained(E.LinearRegressor([AGE], label_dimension=2), models.NUMBER), tf.errors.ShapeError, "a row has 2 labels, and the labels are"),
    (lambda: trained(E.LinearRegressor([FC.numeric_column("no")]), models.NUMBER), tf.errors.GraphError, "there is no feature 'no', which"),
    (lambda: E.LinearRegressor([AGE]).export_savedmodel("x", lambda: 3), tf.errors.NotFoundError, "is not trained"),
    (lambda: trained(E.BaselineRegressor(), models.NUMBER).export_savedmodel("x", lambda: 3), tf.errors.GraphError, "returned 3, which is no"),
    (lambda: E.export.ServingInputReceiver({"a": 3}, {}), tf.errors.ArgumentError, "features are tensors by name, and a is 3"),
    (lambda: E.export.ClassificationOutput(), tf.errors.ArgumentError, "takes scores, classes, or both"),
    (lambda: E.export.RegressionOutput(tf.constant(["a"])), tf.errors.DTypeError, "RegressionOutput: a tensor of floats"),
    (lambda: E.LatestExporter("", None), tf.errors.ArgumentError, "LatestExporter: a name is a text"),
    (lambda: E.MultiClassHead(2), tf.errors.ArgumentError, "n_classes is a whole number of 3 or more, not 2"),
    (lambda: E.BinaryClassHead(thresholds=[1.5]), tf.errors.ArgumentError, "thresholds lie between 0 and 1"),
    (lambda: E.inputs.pandas_input_fn([1], shuffle=False), tf.errors.ArgumentError, "pandas_input_fn takes a DataFrame"),
    (lambda: E.BoostedTreesClassifier, AttributeError, "trees are not offered"),
]


@pytest.mark.parametrize("make, kind, text", REFUSED, ids=[text for _, _, text in REFUSED])
def test_refused(make, kind, text):
    with pytest.raises(kind, match=re.escape(text)) as caught:
        make()
    assert kind is AttributeError or "test_models.py:" in str(caught.value) or "models.py:" in str(caught.value)
