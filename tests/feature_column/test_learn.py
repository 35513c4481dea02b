"""`tf.contrib.learn`, `tf.contrib.factorization` and the columns of `tf.contrib.layers`, against NumPy."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

from . import models

L, C, F = tf.contrib.learn, tf.contrib.layers, tf.contrib.factorization
X = np.random.RandomState(0).randn(60, 2).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64)
SUM = X @ np.float32([2, -1]) + 1


def columns(x: Any = X) -> Any:
    return L.infer_real_valued_columns_from_input(x)


# ---------------------------------------------------------------------- columns

def features() -> dict[str, Any]:
    places = [[0, 0], [1, 0]]
    edu, job = (tf.SparseTensor(places, values, [2, 1]) for values in (["a", "b"], ["x", "z"]))
    return {"age": tf.constant([[1.0], [2.5]]), "edu": edu, "job": job}


def test_columns_side_by_side():
    """In TensorFlow's order, which is that of the columns' classes, with its names of variables."""
    age, edu, job = C.real_valued_column("age"), C.sparse_column_with_hash_bucket("edu", 10), C.sparse_column_with_keys("job", ["x", "y"])
    ages = C.bucketized_column(age, [1, 2])
    y = C.input_from_feature_columns(features(), [age, C.one_hot_column(job), C.embedding_column(edu, 3), ages])
    table, = tf.trainable_variables()
    assert table.name == "input_from_feature_columns/edu_embedding/weights:0" and table in tf.model_variables()
    with tf.Session() as sess:
        found, rows = sess.run([y, table])
    at = tf.Session().run(tf.string_to_hash_bucket_fast(["a", "b"], 10))
    np.testing.assert_allclose(found, np.hstack([[[0, 1, 0], [0, 0, 1]], rows[at], [[1, 0], [0, 0]], [[1], [2.5]]]), rtol=1e-6)


def test_a_weighted_sum_of_columns():
    age, edu, job = C.real_valued_column("age"), C.sparse_column_with_hash_bucket("edu", 10), C.sparse_column_with_keys("job", ["x", "y"])
    y, variables, bias = C.weighted_sum_from_feature_columns(features(), [age, edu, C.crossed_column([edu, job], 30)], 2)
    assert [v.op.name.partition("/")[2] for v in tf.trainable_variables()] == ["edu_X_job/weights", "age/weight", "edu/weights", "bias_weight"]
    with tf.Session() as sess:
        sess.run([tf.assign(variables[age][0], [[1.0, 2.0]]), tf.assign(bias, [10.0, 20.0])])
        np.testing.assert_allclose(sess.run(y), [[11, 22], [12.5, 25]])


def test_columns_stand_for_the_same():
    """A crossed column of contrib's has the buckets of `tf.feature_column`'s."""
    edu, job = C.sparse_column_with_hash_bucket("edu", 10), C.sparse_column_with_keys("job", ["x", "y"])
    both = C.one_hot_column(C.crossed_column([job, edu], 50))
    wanted = tf.feature_column.indicator_column(tf.feature_column.crossed_column(["edu", "job"], 50))
    found, other = tf.Session().run([tf.feature_column.input_layer(features(), [c]) for c in (both, wanted)])
    np.testing.assert_array_equal(found, other)
    spec = C.create_feature_spec_for_parsing([C.real_valued_column("age"), C.weighted_sparse_column(job, "w"),
                                              C.sparse_column_with_integerized_feature("day", 7)])
    assert spec == {"age": tf.FixedLenFeature([1], tf.float32), "job": tf.VarLenFeature(tf.string), "w": tf.VarLenFeature(tf.float32),
                    "day": tf.VarLenFeature(tf.int64)}


# ---------------------------------------------------------------------- estimators

def test_a_classifier_is_fitted(tmp_path):
    model = L.DNNClassifier([8], columns(), str(tmp_path), optimizer=tf.train.AdamOptimizer(0.05), config=L.RunConfig(tf_random_seed=1))
    assert model.fit(X, Y, steps=80, batch_size=20) is model
    found = model.evaluate(X, Y)
    classes, chances = np.array(list(model.predict(X))), np.array(list(model.predict_proba(X)))
    assert found["accuracy"] == pytest.approx(np.mean(classes == Y)) and found["accuracy"] > 0.9
    assert found["loss"] == pytest.approx(-np.mean(np.log(chances[np.arange(60), Y])), rel=1e-4)
    assert set(found) == {"accuracy", "accuracy/baseline_label_mean", "accuracy/threshold_0.500000_mean", "auc", "auc_precision_recall",
                          "global_step", "labels/actual_label_mean", "labels/prediction_mean", "loss", "precision/positive_threshold_0.500000_mean",
                          "recall/positive_threshold_0.500000_mean"}
    hidden = np.maximum(X @ model.get_variable_value("dnn/hiddenlayer_0/weights") + model.get_variable_value("dnn/hiddenlayer_0/biases"), 0)
    logits = hidden @ model.get_variable_value("dnn/logits/weights") + model.get_variable_value("dnn/logits/biases")
    np.testing.assert_allclose(chances[:, 1:], 1 / (1 + np.exp(-logits)), rtol=1e-4)
    found = model.predict(X, outputs=["classes", "logits"], as_iterable=False)
    assert {k: v.shape for k, v in found.items()} == {"classes": (60,), "logits": (60, 1)}


def test_a_regressor_learns_a_plane(tmp_path):
    model = L.LinearRegressor(columns(), str(tmp_path), optimizer=tf.train.GradientDescentOptimizer(0.2))
    scores = model.fit(X, SUM, steps=200).predict(X, as_iterable=False)
    np.testing.assert_allclose(scores, SUM, atol=1e-3)
    np.testing.assert_allclose(model.get_variable_value("linear/column/weight"), [[2], [-1]], atol=1e-3)
    np.testing.assert_allclose(model.get_variable_value("linear/bias_weight"), [1], atol=1e-3)
    assert list(model.evaluate(X, SUM)) == ["global_step", "loss"]


@pytest.mark.parametrize("kind, name", [(L.DNNLinearCombinedClassifier, "classes"), (L.DNNLinearCombinedRegressor, "scores")])
def test_wide_and_deep(kind, name, tmp_path):
    """A table of a census as TensorFlow's tutorial has it: sparse columns of an input function."""
    edu, job = C.sparse_column_with_keys("edu", ["BA", "HS", "MA", "PhD"]), C.sparse_column_with_hash_bucket("job", 30)
    ages = C.bucketized_column(C.real_valued_column("age"), boundaries=[20, 40, 60])

    def given() -> Any:
        rows = [[i, 0] for i in range(models.ROWS)]
        found = {k: tf.SparseTensor(indices=rows, values=models.DATA[k], dense_shape=[models.ROWS, 1]) for k in ("edu", "job")}
        return {"age": tf.constant(models.DATA["age"]), **found}, tf.constant(models.RICH)
    model = kind(model_dir=str(tmp_path), linear_feature_columns=[edu, job, ages, C.crossed_column([edu, job], 60)],
                 dnn_feature_columns=[C.embedding_column(job, 4), C.embedding_column(edu, 2), C.one_hot_column(edu)], dnn_hidden_units=[8, 4])
    first = model.fit(input_fn=given, steps=1).evaluate(input_fn=given, steps=1)["loss"]
    assert model.fit(input_fn=given, steps=60).evaluate(input_fn=given, steps=1)["loss"] < first * 0.8
    assert len(list(model.predict(input_fn=given))) == models.ROWS
    assert {"linear/edu/weights", "linear/edu_X_job/weights", "linear/bias_weight", "dnn/input_from_feature_columns/job_embedding/weights",
            "dnn/hiddenlayer_1/biases"} <= set(model.get_variable_names())


def line(features, labels, mode, params=None):
    y = tf.layers.dense(features, 1, name="line")[:, 0]
    loss = tf.losses.mean_squared_error(labels, y) if mode != L.ModeKeys.INFER else None
    step = tf.contrib.layers.optimize_loss(loss, tf.train.get_global_step(), 0.2, "SGD") if mode == L.ModeKeys.TRAIN else None
    return {"y": y}, loss, step


def test_a_model_function_of_that_time(tmp_path):
    """A tuple, or ModelFnOps; what is measured beside it; and scikit-learn's methods."""
    model = L.Estimator(line, str(tmp_path / "a"))
    found = L.SKCompat(model).fit(X, SUM, steps=100).score(X, SUM, metrics={
        "off": L.MetricSpec(tf.contrib.metrics.streaming_mean_absolute_error, prediction_key="y"), ("same", "y"): tf.contrib.metrics.streaming_mean})
    y = L.SKCompat(model).predict(X)["y"]
    assert found["off"] == pytest.approx(np.mean(np.abs(y - SUM)), rel=1e-4) and found["loss"] == pytest.approx(np.mean((y - SUM) ** 2), rel=1e-3)
    ops = L.Estimator(lambda x, z, mode: L.ModelFnOps(mode, *line(x, z, mode)), str(tmp_path / "b"),
                      feature_engineering_fn=lambda x, z: (x * 2.0, z))
    ops.fit(X, SUM, steps=50).partial_fit(X, SUM)
    assert int(ops.get_variable_value("global_step")) == 51
    np.testing.assert_allclose(ops.predict(X, as_iterable=False)["y"], 2 * X @ ops.get_variable_value("line/kernel")[:, 0]
                               + ops.get_variable_value("line/bias"), rtol=1e-4, atol=1e-5)


def test_a_model_function_without_a_mode(tmp_path):
    """It computes its loss from labels when it predicts, too: they stand there, and nobody feeds them."""
    def model(x, y):
        predictions = tf.contrib.layers.fully_connected(x, 1, None)[:, 0]
        loss = tf.losses.mean_squared_error(tf.reshape(y, [-1]), predictions)
        step = tf.contrib.framework.get_global_step()
        return predictions, loss, tf.contrib.layers.optimize_loss(loss, step, optimizer="Adagrad", learning_rate=0.5)
    fitted = L.SKCompat(L.Estimator(model, str(tmp_path))).fit(X, SUM[:, None], batch_size=60, steps=100)
    np.testing.assert_allclose(fitted.predict(X), SUM, atol=0.2)


# ---------------------------------------------------------------------- monitors and experiments

class Kept(L.monitors.EveryN):
    def __init__(self) -> None:
        super().__init__(every_n_steps=10, first_n_steps=1)
        self.seen: list[tuple[int, bool]] = []

    def every_n_step_begin(self, step):
        return ["line/bias:0"]

    def every_n_step_end(self, step, outputs):
        self.seen.append((step, outputs["line/bias:0"].shape == (1,)))
        return step >= 21


def test_monitors_are_asked(tmp_path):
    kept = Kept()
    model = L.Estimator(line, str(tmp_path)).fit(X, SUM, steps=100, monitors=[kept])
    assert kept.seen == [(1, True), (11, True), (21, True)] and int(model.get_variable_value("global_step")) == 21


def test_training_ends_when_nothing_gets_better(tmp_path):
    watch = L.monitors.ValidationMonitor(X, SUM, every_n_steps=5, early_stopping_rounds=20)
    config = L.RunConfig(save_checkpoints_steps=5, save_checkpoints_secs=None)
    model = L.LinearRegressor(columns(), str(tmp_path), optimizer=tf.train.GradientDescentOptimizer(0.0), config=config)
    model.fit(X, SUM, steps=200, monitors=[watch])
    assert watch.early_stopped and 20 < int(model.get_variable_value("global_step")) < 60
    assert watch.best_value == pytest.approx(np.mean(SUM ** 2), rel=1e-4) and watch.best_metrics["loss"] == watch.best_value


@pytest.mark.parametrize("schedule, step", [("train_and_evaluate", 30), ("train", 30), ("test", 1)])
def test_experiments(schedule, step, tmp_path):
    def made(config, hparams):
        assert hparams == 3
        model = L.Estimator(line, config=config)
        return L.Experiment(model, lambda: (tf.constant(X), tf.constant(SUM)), lambda: (tf.constant(X), tf.constant(SUM)), train_steps=30,
                            eval_steps=1, min_eval_frequency=10, eval_metrics={"off": L.MetricSpec(tf.contrib.metrics.streaming_mean_absolute_error)})
    found = L.learn_runner.run(made, run_config=L.RunConfig(model_dir=str(tmp_path)), schedule=schedule, hparams=3)
    if schedule == "train_and_evaluate":
        assert found[0]["off"] > 0 and found[0]["global_step"] == 30
    assert int(L.Estimator(line, str(tmp_path)).get_variable_value("global_step")) == step


def test_columns_of_input():
    found = L.infer_real_valued_columns_from_input({"a": X, "b": Y})
    assert [(c.key, c.shape, c.dtype.name) for c in found] == [("a", (2,), "float32"), ("b", (1,), "int64")]
    found, = L.infer_real_valued_columns_from_input_fn(lambda: (tf.constant(X), tf.constant(Y)))
    assert (found.key, found.shape) == ("", (2,))


# ---------------------------------------------------------------------- clusters

def points() -> Any:
    draws = np.random.RandomState(3)
    return np.concatenate([draws.randn(20, 3) + c for c in (0, 9, -9)]).astype(np.float32)


def lloyd(x: Any, centres: Any, steps: int, cosine: bool) -> Any:
    """k-means by NumPy."""
    for _ in range(steps):
        near = np.argmax(x @ (centres / np.linalg.norm(centres, axis=1, keepdims=True)).T, 1) if cosine else np.argmin(
            ((x[:, None] - centres[None]) ** 2).sum(2), 1)
        centres = np.stack([x[near == k].mean(0) for k in range(len(centres))])
        if cosine:
            centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return centres


@pytest.mark.parametrize("cosine", [False, True])
def test_clusters_move_to_means(cosine):
    data = points()
    x = tf.placeholder(tf.float32, [None, 3])
    start = data[[0, 1, 45]]
    scores, places, nearest, begun, centres, init, step = F.KMeans(x, 3, start, "cosine" if cosine else "squared_euclidean").training_graph()
    whole = data / np.linalg.norm(data, axis=1, keepdims=True) if cosine else data
    first = start / np.linalg.norm(start, axis=1, keepdims=True) if cosine else start
    with tf.Session() as sess:
        assert not sess.run(begun)
        sess.run(init, {x: data})
        assert sess.run(begun)
        np.testing.assert_allclose(sess.run(centres), first, rtol=1e-5)
        for _ in range(4):
            sess.run(step, {x: data})
        sess.run(init, {x: data})                   # begun already: it stays
        found = sess.run(centres)
        np.testing.assert_allclose(found, lloyd(whole, first, 4, cosine), rtol=1e-4, atol=1e-4)
        far, at, near = sess.run([scores[0], places[0], nearest[0]], {x: data})
    wanted = 1 - whole @ found.T if cosine else ((whole[:, None] - found[None]) ** 2).sum(2)
    np.testing.assert_allclose(far, wanted, rtol=1e-3, atol=1e-3)
    assert (at == far.argmin(1)).all() and (near == far.min(1)).all()


def test_small_batches_move_clusters_by_how_many_rows_they_had():
    data = points()
    x = tf.placeholder(tf.float32, [None, 3])
    *_, centres, init, step = F.KMeans(x, 1, data[:1], use_mini_batch=True).training_graph()
    with tf.Session() as sess:
        sess.run(init, {x: data})
        for i in range(0, 60, 20):
            sess.run(step, {x: data[i:i + 20]})
        np.testing.assert_allclose(sess.run(centres)[0], data.mean(0), rtol=1e-4)


def test_clusters_begin_far_from_each_other():
    data = points()
    x = tf.placeholder(tf.float32, [None, 3])
    *_, centres, init, _ = F.KMeans(x, 3, F.KMEANS_PLUS_PLUS_INIT, random_seed=1).training_graph()
    with tf.Session() as sess:
        sess.run(init, {x: data})
        found = sess.run(centres)
    assert sorted(int(np.argmin(((data - c) ** 2).sum(1))) // 20 for c in found) == [0, 1, 2]


def test_an_estimator_of_clusters(tmp_path):
    data = points()
    model = F.KMeansClustering(3, str(tmp_path), initial_clusters=data[[0, 20, 40]], use_mini_batch=False)

    def given() -> Any:
        return tf.data.Dataset.from_tensors(data)
    for _ in range(3):
        model.train(given)
    centres = lloyd(data, data[[0, 20, 40]], 3, False)
    np.testing.assert_allclose(model.cluster_centers(), centres, rtol=1e-4)
    assert [int(i) for i in model.predict_cluster_index(given)] == [0] * 20 + [1] * 20 + [2] * 20
    assert model.score(given) == pytest.approx(sum(((data[20 * k:20 * k + 20] - centres[k]) ** 2).sum() for k in range(3)), rel=1e-3)
    assert np.stack(list(model.transform(given))).shape == (60, 3)


# ---------------------------------------------------------------------- what is refused

REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: L.DNNClassifier([], columns()), tf.errors.ArgumentError, "DNNClassifier: hidden_units are whole numbers of 1 or more"),
    (lambda: L.LinearClassifier(columns(), n_classes=1), tf.errors.ArgumentError, "n_classes is a whole number of 2 or more, not 1"),
    (lambda: L.DNNLinearCombinedClassifier(), tf.errors.ArgumentError, "takes linear_feature_columns or dnn_feature_columns"),
    (lambda: L.LinearClassifier(columns()).fit(), tf.errors.ArgumentError, "fit takes x (and y), or input_fn"),
    (lambda: L.LinearClassifier(columns()).fit(X, Y[1:]), tf.errors.ArgumentError, "fit: arrays of 59, 60 rows"),
    (lambda: L.LinearClassifier(columns()).fit(X, Y, steps=1, monitors=[3]), tf.errors.ArgumentError, "monitors are those of tf.contrib.learn"),
    (lambda: L.LinearClassifier([C.real_valued_column("no")]).fit(X, Y, steps=1), tf.errors.GraphError, "there is no feature 'no'"),
    (lambda: L.DNNClassifier([3], [C.sparse_column_with_hash_bucket("", 9)]).fit(X, Y, steps=1), tf.errors.ArgumentError, "takes dense columns"),
    (lambda: L.Estimator(lambda x, y: 3).fit(X, Y, steps=1), tf.errors.GraphError, "model_fn returned 3, and no ModelFnOps"),
    (lambda: L.MetricSpec(3), tf.errors.ArgumentError, "MetricSpec takes a function"),
    (lambda: L.MetricSpec(tf.metrics.mean).create_metric_ops(None, None, {"a": 1, "b": 2}), tf.errors.ArgumentError, "prediction_key names one"),
    (lambda: L.SKCompat(3), tf.errors.ArgumentError, "SKCompat takes an estimator"),
    (lambda: L.Experiment(3, None, None), tf.errors.ArgumentError, "Experiment takes an estimator"),
    (lambda: L.learn_runner.run(lambda d: 3, "x"), tf.errors.ArgumentError, "the function gave 3, and no Experiment"),
    (lambda: L.learn_runner.run(lambda d: 3), tf.errors.ArgumentError, "takes output_dir or run_config"),
    (lambda: L.monitors.ValidationMonitor(), tf.errors.ArgumentError, "ValidationMonitor takes x and y, or input_fn"),
    (lambda: L.infer_real_valued_columns_from_input(np.array(["a"])), tf.errors.ArgumentError, "and no number"),
    (lambda: C.input_from_feature_columns({}, [3]), tf.errors.ArgumentError, "input_from_feature_columns takes feature columns, not 3"),
    (lambda: F.KMeans(X, 3, distance_metric="l1"), tf.errors.ArgumentError, "distance_metric is 'squared_euclidean' or 'cosine', not 'l1'"),
    (lambda: F.KMeans(X, 3, "first"), tf.errors.ArgumentError, "initial_clusters is 'random', 'kmeans_plus_plus'"),
    (lambda: F.KMeans(X, 0), tf.errors.ArgumentError, "num_clusters is a whole number of 1 or more, not 0"),
    (lambda: F.KMeans(Y, 3), tf.errors.ShapeError, "is no matrix of floats of known width"),
    (lambda: tf.contrib.tensor_forest, AttributeError, "trees are not offered"),
    (lambda: L.SVM, AttributeError, "tf.contrib.learn.LinearClassifier"),
    (lambda: F.GMM, AttributeError, "tf.contrib.factorization.KMeans"),
]


@pytest.mark.parametrize("make, kind, text", REFUSED, ids=[text for _, _, text in REFUSED])
def test_refused(make, kind, text):
    with pytest.raises(kind, match=re.escape(text)) as caught:
        make()
    assert kind is AttributeError or "test_learn.py:" in str(caught.value)
