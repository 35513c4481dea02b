"""Columns of sequences and features, run by whatever library is given: graphc, or TensorFlow to record its values.

`python -m tests.feature_column.sequence_cases` under TensorFlow 2.15 writes tests/golden/sequence_columns.json.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.feature_column.cases import VOCABULARY

FILE = Path(__file__).parents[1] / "golden" / "sequence_columns.json"


def features(tf: Any) -> dict[str, Any]:
    """Rows of several steps of each feature, some without any."""
    def sparse(places: Any, values: Any, shape: list[int]) -> Any:
        return tf.SparseTensor(np.array(places, np.int64), values, np.array(shape, np.int64))
    four = [[0, 0], [0, 1], [2, 0], [2, 3]]
    three = [[0, 0, 0], [0, 0, 1], [2, 1, 0]]
    return {
        "day": sparse(four, np.array([1, 6, 2, 0], np.int64), [4, 5]),
        "days": sparse(three, np.array([1, 6, 2], np.int64), [4, 5, 2]),
        "n": sparse([*four, [3, 4]], np.array([1, 6, 2, 0.5, 7], np.float32), [4, 6]),
        "n3": sparse(three, np.array([1, 6, 2], np.float32), [4, 5, 2]),
        "count": sparse(four, np.array([1, 6, 2, 5], np.int64), [4, 5]),
        "word": tf.constant([["a", "b", "", "c"], ["", "", "", ""], ["c", "q", "a", "a"]]),
        "colour": sparse(four, tf.constant(["red", "blue", "q", "red"]), [4, 5])}


def columns(tf: Any) -> dict[str, Callable[[], list[Any]]]:
    """The columns of each case."""
    fc = tf.feature_column

    def waves(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        return tf.constant(np.sin(np.arange(np.prod(shape, dtype=int))).reshape(shape).astype("f4"))

    def day(key: str = "day") -> Any:
        return fc.sequence_categorical_column_with_identity(key, 7)

    def word(**options: Any) -> Any:
        return fc.sequence_categorical_column_with_vocabulary_list("word", ["a", "b", "c"], **options)

    def colour() -> Any:
        return fc.sequence_categorical_column_with_vocabulary_file("colour", VOCABULARY)

    def doubled(x: Any) -> Any:
        return tf.SparseTensor(x.indices, x.values * 2, x.dense_shape)
    return {
        "numbers": lambda: [fc.sequence_numeric_column("n")],
        "pairs": lambda: [fc.sequence_numeric_column("n", shape=(2,), default_value=-1.0)],
        "numbers of three axes": lambda: [fc.sequence_numeric_column("n3", shape=(2,))],
        "normalised": lambda: [fc.sequence_numeric_column("n", normalizer_fn=doubled)],
        "indicator": lambda: [fc.indicator_column(day())],
        "indicator of three axes": lambda: [fc.indicator_column(day("days"))],
        "embedding": lambda: [fc.embedding_column(day(), 2, initializer=waves)],
        "embedding of three axes": lambda: [fc.embedding_column(day("days"), 2, combiner="sum", initializer=waves)],
        "words": lambda: [fc.embedding_column(word(num_oov_buckets=2), 2, initializer=waves)],
        "words without others": lambda: [fc.indicator_column(word())],
        "hashes": lambda: [fc.indicator_column(fc.sequence_categorical_column_with_hash_bucket("word", 5))],
        "file": lambda: [fc.indicator_column(colour())],
        "several": lambda: [fc.indicator_column(colour()), fc.embedding_column(day(), 2, initializer=waves)],
    }


def record() -> None:
    """Write what TensorFlow makes of the cases."""
    import tensorflow as tf2  # type: ignore[import-not-found]
    from keras.src.feature_column.sequence_feature_column import SequenceFeatures  # type: ignore[import-not-found]
    tf = tf2.compat.v1
    tf.disable_eager_execution()
    told = {}
    for name, given in columns(tf2.compat.v1).items():
        with tf.Graph().as_default(), tf.Session() as sess:
            made = SequenceFeatures(given())(features(tf))
            sess.run([tf.global_variables_initializer(), tf.tables_initializer()])
            x, lengths = sess.run(made)
            told[name] = {"shape": x.shape, "values": np.round(x.ravel().astype(float), 6).tolist(), "lengths": lengths.tolist()}
    FILE.write_text(json.dumps(told, indent=0).replace(",\n", ", ") + "\n")


if __name__ == "__main__":
    record()
