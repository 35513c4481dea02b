"""Ready-made estimators as programs of TensorFlow 1 write them, run by whatever library is given: graphc, or TensorFlow to record its values.

`python -m tests.feature_column.models` under TensorFlow 2.15 writes tests/golden/estimators.json.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).parents[1] / "golden" / "estimators.json"
ROWS = 48
_DRAWS = np.random.RandomState(1)
DATA = {"age": _DRAWS.randint(16, 80, ROWS).astype(np.float32), "hours": _DRAWS.randint(1, 60, ROWS).astype(np.float32),
        "edu": np.array(["BA", "HS", "MA", "PhD"])[_DRAWS.randint(0, 4, ROWS)],
        "job": np.array([f"job{i}" for i in _DRAWS.randint(0, 20, ROWS)]), "w": _DRAWS.uniform(0.5, 2, ROWS).astype(np.float32)}
RICH = ((DATA["age"] / 80 + (DATA["edu"] == "PhD")) > 0.9).astype(np.int64)
KIND = _DRAWS.randint(0, 3, ROWS)
NUMBER = DATA["age"] / 50


def columns(tf: Any) -> tuple[list[Any], list[Any]]:
    """Columns of a linear model, and of a deep one."""
    fc = tf.feature_column
    age, hours = (fc.numeric_column(k, normalizer_fn=lambda x: x / 100) for k in ("age", "hours"))
    edu = fc.categorical_column_with_vocabulary_list("edu", ["BA", "HS", "MA", "PhD"])
    job = fc.categorical_column_with_hash_bucket("job", 30)
    ages = fc.bucketized_column(fc.numeric_column("age"), [20, 40, 60])
    return ([edu, job, ages, fc.crossed_column(["edu", "job"], 60)],
            [age, hours, fc.indicator_column(edu), fc.embedding_column(job, 4, initializer=tf.constant_initializer(0.1))])


def cases(tf: Any) -> dict[str, tuple[Callable[[str], Any], Any]]:
    """What makes an estimator in a folder, and its labels."""
    e, (wide, deep) = tf.estimator, columns(tf)
    mean, texts = tf.losses.Reduction.SUM_OVER_BATCH_SIZE, ["no", "yes"]
    both = {"linear_feature_columns": wide, "dnn_feature_columns": deep, "dnn_hidden_units": [8, 4]}
    return {
        "linear": (lambda d: e.LinearClassifier(wide, d), RICH),
        "linear, weights": (lambda d: e.LinearClassifier(wide, d, weight_column="w", optimizer="SGD", loss_reduction=mean), RICH),
        "linear, three": (lambda d: e.LinearClassifier(wide, d, n_classes=3, sparse_combiner="mean"), KIND),
        "linear, texts": (lambda d: e.LinearClassifier(wide, d, label_vocabulary=texts), np.array(texts)[RICH]),
        "linear, number": (lambda d: e.LinearRegressor(wide, d, optimizer=tf.train.GradientDescentOptimizer(0.01)), NUMBER),
        "deep": (lambda d: e.DNNClassifier([8, 4], deep, d), RICH),
        "deep, three": (lambda d: e.DNNClassifier([8], deep, d, n_classes=3, optimizer="Adam", activation_fn=tf.nn.tanh, batch_norm=True), KIND),
        "deep, numbers": (lambda d: e.DNNRegressor([8], deep, d, label_dimension=2, optimizer="RMSProp", weight_column="w"),
                          np.stack([RICH, NUMBER], 1)),
        "both": (lambda d: e.DNNLinearCombinedClassifier(d, **both), RICH),
        "both, number": (lambda d: e.DNNLinearCombinedRegressor(d, linear_optimizer="Adam", dnn_optimizer="SGD", **both), NUMBER),
        "baseline": (lambda d: e.BaselineClassifier(d), RICH), "baseline, three": (lambda d: e.BaselineClassifier(d, n_classes=3), KIND),
        "baseline, number": (lambda d: e.BaselineRegressor(d), NUMBER)}


def sines(tf: Any) -> Any:
    """A hook that sets all trained variables to sines before the first step."""
    class Sines(tf.train.SessionRunHook):           # type: ignore[misc]
        def begin(self) -> None:
            self.fed = {v: tf.placeholder(tf.float32, v.shape) for v in tf.trainable_variables()}
            self.set = [tf.assign(v, p) for v, p in self.fed.items()]

        def after_create_session(self, session: Any, coord: Any) -> None:
            session.run(self.set, {p: _of(v.shape.as_list()) for v, p in self.fed.items()})
    return Sines()


def _of(shape: list[int]) -> Any:
    size = int(np.prod(shape))
    return (0.3 * np.sin(np.arange(size) * 1.7 + size)).astype(np.float32).reshape(shape)


def given(tf: Any, labels: Any, epochs: int | None) -> Any:
    return tf.estimator.inputs.numpy_input_fn(DATA, labels, batch_size=16, num_epochs=epochs, shuffle=False)


def made(tf: Any, make: Callable[[str], Any], labels: Any, folder: str) -> dict[str, Any]:
    """Metrics after six steps, the prediction for one row, and the sizes of the variables that were trained."""
    estimator = make(folder)
    estimator.train(given(tf, labels, None), steps=6, hooks=[sines(tf)])
    metrics = estimator.evaluate(given(tf, labels, 1))
    prediction = list(estimator.predict(given(tf, None, 1)))[5]
    kept = ("weights", "kernel", "bias", "bias_weights", "embedding_weights", "beta", "gamma", "moving_mean", "moving_variance", "global_step")
    names = [n for n in estimator.get_variable_names() if n.rpartition("/")[2] in kept]
    return {"metrics": {k: float(v) for k, v in sorted(metrics.items())},
            "prediction": {k: np.asarray(v).astype(str).tolist() if np.asarray(v).dtype.kind in "OSU" else np.asarray(v).tolist()
                           for k, v in sorted(prediction.items())},
            "variables": {n: float(np.abs(estimator.get_variable_value(n)).sum()) for n in sorted(names)}}


if __name__ == "__main__":
    import tensorflow.compat.v1 as tensorflow
    tensorflow.disable_v2_behavior()
    lines = []
    for name, (make, labels) in cases(tensorflow).items():
        with tempfile.TemporaryDirectory() as folder:
            lines.append(f"{json.dumps(name)}: {json.dumps(made(tensorflow, make, labels, folder))}")
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    sys.exit()
