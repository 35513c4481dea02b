"""Columns and features as programs of TensorFlow 1 write them, run by whatever library is given: graphc, or TensorFlow to record its values.

`python -m tests.feature_column.cases` under TensorFlow 2.15 writes tests/golden/feature_columns.json.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).parents[1] / "golden" / "feature_columns.json"
VOCABULARY = os.path.join(os.path.dirname(__file__), "colours.txt")


def columns(tf: Any) -> dict[str, list[Any]]:
    """The columns of each case, dense ones under names with d, those of linear models under names with w."""
    fc = tf.feature_column
    age, pair = fc.numeric_column("age"), fc.numeric_column("pair", shape=[2], normalizer_fn=lambda x: x * 2)
    ages, pairs = fc.bucketized_column(age, [18, 25, 30]), fc.bucketized_column(pair, [0.0, 1.0])
    listed = fc.categorical_column_with_vocabulary_list("colour", ["red", "green", "blue"], num_oov_buckets=2)
    numbers = fc.categorical_column_with_vocabulary_list("number", [5, 7, 9], default_value=1)
    filed = fc.categorical_column_with_vocabulary_file("colours", VOCABULARY)
    town = fc.categorical_column_with_hash_bucket("town", 50)
    code = fc.categorical_column_with_hash_bucket("zip", 50, dtype=tf.int64)
    day = fc.categorical_column_with_identity("day", 7, default_value=0)
    weighted = fc.weighted_categorical_column(day, "w")
    cross, cross3 = fc.crossed_column(["town", listed], 30), fc.crossed_column([ages, "town", "zip"], 40)
    keyed = fc.crossed_column(["town", "zip"], 1000, hash_key=7)
    shared = fc.shared_embedding_columns([fc.categorical_column_with_identity(k, 5) for k in ("s1", "s2")], 2)
    dense = [age, pair, ages, pairs, *(fc.indicator_column(c) for c in (listed, numbers, weighted, cross)), fc.embedding_column(filed, 3),
             fc.embedding_column(town, 2, "sqrtn"), fc.embedding_column(weighted, 2, "sum"), fc.embedding_column(cross3, 2, max_norm=0.2)]
    wide = [age, pair, ages, pairs, listed, numbers, filed, town, code, weighted, cross, cross3, keyed]
    return {"d all": [*dense, *shared], "w all": wide, **{f"d {c.name}": [c] for c in dense}, **{f"w {c.name} {i}": [c] for i, c in enumerate(wide)},
            "w3 all": wide, "d shared": shared}


def features(tf: Any) -> dict[str, Any]:
    """Four rows of each feature."""
    def sparse(places: list[list[int]], values: Any) -> Any:
        return tf.SparseTensor(np.array(places, np.int64), values, [4, 2])
    three, four = [[0, 0], [0, 1], [2, 0]], [[0, 0], [0, 1], [1, 0], [3, 0]]
    return {
        "age": tf.constant([[17.0], [18.0], [29.0], [50.0]]), "pair": tf.constant([[0.0, 1.0], [-1.0, 0.3], [0.5, 0.5], [9.0, 9.0]]),
        "colour": tf.constant(["red", "x", "", "blue"]), "number": tf.constant([[5], [7], [8], [-1]], tf.int64),
        "colours": sparse(three, ["red", "nope", "blue"]), "town": tf.constant([["a", "b"], ["c", ""], ["d", "a"], ["", ""]]),
        "zip": tf.constant([[1], [22], [333], [4]], tf.int64), "day": sparse(four, np.array([1, 6, 2, 9], np.int64)),
        "w": sparse(four, np.array([0.5, -2, 2, 9], np.float32)), "s1": tf.constant([[1], [2], [3], [4]], tf.int64),
        "s2": tf.constant([[0, 1], [1, -1], [2, 2], [3, -1]], tf.int64)}


def made(tf: Any, name: str, given: list[Any]) -> dict[str, Any]:
    """Names and shapes of the variables of a case, its value and its gradients where each variable holds sines."""
    makers: dict[str, Callable[..., Any]] = {"d": tf.feature_column.input_layer, "w": tf.feature_column.linear_model,
                                             "w3": lambda f, c: tf.feature_column.linear_model(f, c, units=3, sparse_combiner="mean")}
    with tf.Graph().as_default():
        y = makers[name.partition(" ")[0]](features(tf), given)
        variables = tf.trainable_variables()
        slopes = tf.gradients(tf.reduce_sum(y * y), variables) if variables else []
        fed = {v: tf.placeholder(tf.float32, v.shape) for v in variables}
        filled = [tf.assign(v, p) for v, p in fed.items()]
        with tf.Session() as sess:
            sess.run([tf.global_variables_initializer(), tf.tables_initializer()])
            sess.run(filled, {p: sines(v.shape.as_list()) for v, p in fed.items()})
            value, found = sess.run([y, [tf.convert_to_tensor(g) for g in slopes]])
        return {"variables": [[v.name, v.shape.as_list()] for v in tf.global_variables()], "shape": y.shape.as_list(), "value": value.tolist(),
                "slopes": [[float(g.sum()), float(np.abs(g).sum())] for g in found]}


def sines(shape: list[int]) -> Any:
    size = int(np.prod(shape))
    return np.sin(np.arange(size) * 1.7 + size).astype(np.float32).reshape(shape)


def rounded(x: Any) -> Any:
    return [rounded(v) for v in x] if isinstance(x, list) else float(f"{x:.7g}") if isinstance(x, float) else x


if __name__ == "__main__":
    import tensorflow.compat.v1 as tensorflow
    tensorflow.disable_v2_behavior()
    found = {name: {k: rounded(v) for k, v in made(tensorflow, name, given).items()} for name, given in columns(tensorflow).items()}
    FILE.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in found.items()) + "\n}\n")
    sys.exit()
