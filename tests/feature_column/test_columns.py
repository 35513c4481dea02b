"""Feature columns against TensorFlow's: values, variables and gradients recorded from it; what is refused; and rows alone that are trained."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

from . import cases

FC = tf.feature_column
GOLDEN = json.loads(cases.FILE.read_text())


def test_all_cases_are_recorded():
    assert list(cases.columns(tf)) == list(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_as_tensorflow(name):
    found, wanted = cases.made(tf, name, cases.columns(tf)[name]), GOLDEN[name]
    assert found["variables"] == wanted["variables"]
    assert all(w in (None, f) for f, w in zip(found["shape"], wanted["shape"], strict=True))        # TensorFlow knows less of a cross
    np.testing.assert_allclose(found["value"], wanted["value"], rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(found["slopes"], wanted["slopes"], rtol=1e-4, atol=1e-4)


def run(y: Any, feed: Any = None) -> Any:
    return tf.Session().run(y, feed)


DAY = FC.categorical_column_with_identity("day", 3)
AGE = FC.numeric_column("age")
# What is done, and what its error says; each names the line of the program.
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: FC.numeric_column(3), tf.errors.ArgumentError, "a key is a text, not 3"),
    (lambda: FC.numeric_column("a", shape=[0]), tf.errors.ArgumentError, r"numeric_column('a'): a shape is whole numbers above 0, not [0]"),
    (lambda: FC.numeric_column("a", dtype=tf.string), tf.errors.DTypeError, "numbers are integers or floats, not string"),
    (lambda: FC.numeric_column("a", default_value="x"), tf.errors.ArgumentError, "default_value is a float32"),
    (lambda: FC.numeric_column("a", normalizer_fn=3), tf.errors.ArgumentError, "normalizer_fn is a function, not 3"),
    (lambda: FC.bucketized_column(DAY, [1]), tf.errors.ArgumentError, "bucketized_column takes a numeric_column"),
    (lambda: FC.bucketized_column(AGE, [2, 1]), tf.errors.ArgumentError, "bucketized_column('age'): boundaries are numbers, each above"),
    (lambda: FC.bucketized_column(FC.numeric_column("m", shape=[2, 2]), [1]), tf.errors.ArgumentError, "not of shape [2, 2]"),
    (lambda: FC.categorical_column_with_hash_bucket("a", -3), tf.errors.ArgumentError, "hash_bucket_size is a whole number of 1 or more, not -3"),
    (lambda: FC.categorical_column_with_hash_bucket("a", 3, tf.float32), tf.errors.DTypeError, "texts or whole numbers, not float32"),
    (lambda: FC.categorical_column_with_identity("a", 0), tf.errors.ArgumentError, "num_buckets is a whole number of 1 or more, not 0"),
    (lambda: FC.categorical_column_with_identity("a", 2, 2), tf.errors.ArgumentError, "default_value is below num_buckets, 2, and not 2"),
    (lambda: FC.categorical_column_with_vocabulary_list("a", []), tf.errors.ArgumentError, "a vocabulary is a list of texts or whole numbers"),
    (lambda: FC.categorical_column_with_vocabulary_list("a", ["x", "x"]), tf.errors.ArgumentError, "b'x' stands twice in the vocabulary"),
    (lambda: FC.categorical_column_with_vocabulary_list("a", ["x", 3]), tf.errors.DTypeError, "a vocabulary holds texts, or whole numbers"),
    (lambda: FC.categorical_column_with_vocabulary_list("a", [1], tf.string), tf.errors.DTypeError, "dtype is string, and the vocabulary int64"),
    (lambda: FC.categorical_column_with_vocabulary_list("a", ["x"], default_value=0, num_oov_buckets=1), tf.errors.ArgumentError, "or default_value"),
    (lambda: FC.categorical_column_with_vocabulary_file("a", "no/such.txt"), tf.errors.NotFoundError, "vocabulary_file('a'): 'no/such.txt': No such"),
    (lambda: FC.input_layer({"c": ["x"]}, FC.indicator_column(FC.categorical_column_with_vocabulary_file("c", cases.VOCABULARY, 9))),
     tf.errors.ArgumentError, "has 3 lines, and vocabulary_size is 9"),
    (lambda: FC.crossed_column(["a"], 5), tf.errors.ArgumentError, "crossed_column takes two keys or more"),
    (lambda: FC.crossed_column(["a", FC.categorical_column_with_hash_bucket("b", 5)], 5), tf.errors.ArgumentError, "would be hashed twice: its key"),
    (lambda: FC.crossed_column(["a", AGE], 5), tf.errors.ArgumentError, "crossed_column takes keys and columns of categories"),
    (lambda: FC.embedding_column(AGE, 3), tf.errors.ArgumentError, "embedding_column takes a column of categories"),
    (lambda: FC.embedding_column(DAY, 0), tf.errors.ArgumentError, "dimension is a whole number of 1 or more, not 0"),
    (lambda: FC.embedding_column(DAY, 3, "max"), tf.errors.ArgumentError, "the combiner is 'mean', 'sqrtn' or 'sum', not 'max'"),
    (lambda: FC.embedding_column(DAY, 3, ckpt_to_load_from="x"), tf.errors.ArgumentError, "or neither"),
    (lambda: FC.indicator_column("day"), tf.errors.ArgumentError, "indicator_column takes a column of categories"),
    (lambda: FC.shared_embedding_columns([DAY, FC.categorical_column_with_identity("b", 9)], 2), tf.errors.ArgumentError, "day of 3, b of 9"),
    (lambda: FC.weighted_categorical_column(AGE, "w"), tf.errors.ArgumentError, "not NumericColumn 'age'"),
    (lambda: FC.input_layer({"age": [[1.0]]}, []), tf.errors.ArgumentError, "input_layer takes a list of feature columns"),
    (lambda: FC.input_layer([[1.0]], [AGE]), tf.errors.ArgumentError, "input_layer takes a dict of features"),
    (lambda: FC.input_layer({"a": [[1.0]]}, [AGE]), tf.errors.GraphError, "no feature 'age', which NumericColumn 'age' (test_columns.py:"),
    (lambda: FC.input_layer({"day": [[1]]}, [DAY]), tf.errors.ArgumentError, "takes dense columns, and IdentityColumn 'day'"),
    (lambda: FC.input_layer({"age": [[1.0]]}, [AGE, FC.numeric_column("age", dtype=tf.int32)]), tf.errors.ArgumentError, "two columns have one name"),
    (lambda: FC.input_layer({"age": [["x"]]}, [AGE]), tf.errors.DTypeError, "the feature 'age' holds numbers, and"),
    (lambda: FC.input_layer({"age": 3.0}, [AGE]), tf.errors.ShapeError, "is a scalar, and a row for each example is wanted"),
    (lambda: FC.input_layer({"age": [[1.0, 2.0]]}, [AGE]), tf.errors.ShapeError, "is of shape [1] for each row, and the feature 'age' is"),
    (lambda: FC.input_layer({"age": [[1.0]], "b": [[1.0], [2.0]]}, [AGE, FC.numeric_column("b")]), tf.errors.ShapeError, "has 1 rows, and"),
    (lambda: FC.linear_model({"day": [[1.0]]}, [DAY]), tf.errors.DTypeError, "IdentityColumn 'day'"),
    (lambda: FC.linear_model({"day": [["x"]]}, [DAY]), tf.errors.DTypeError, "the feature 'day' is string, and the column is int64"),
    (lambda: FC.linear_model({"day": [[1]]}, [DAY], sparse_combiner="max"), tf.errors.ArgumentError, "sparse_combiner is 'mean', 'sqrtn' or 'sum'"),
    (lambda: run(FC.linear_model({"day": [[3]]}, [DAY])), tf.errors.InvalidArgumentError, "categories are below num_buckets, 3"),
    (lambda: FC.make_parse_example_spec([AGE, FC.bucketized_column(FC.numeric_column("age", shape=[2]), [1])]), tf.errors.GraphError,
     "of the feature 'age'"),
]


@pytest.mark.parametrize("make, kind, text", REFUSED, ids=[text for _, _, text in REFUSED])
def test_refused(make, kind, text):
    with pytest.raises(kind, match=re.escape(text)) as caught:
        make()
    assert "test_columns.py:" in str(caught.value)


def test_records_are_parsed_for_columns():
    town = FC.categorical_column_with_hash_bucket("town", 10)
    weighted = FC.weighted_categorical_column(DAY, "w")
    chosen = [FC.numeric_column("age", default_value=7.0), FC.indicator_column(weighted), FC.embedding_column(town, 2)]
    spec = FC.make_parse_example_spec(chosen)
    assert spec == {"age": tf.FixedLenFeature([1], tf.float32, (7.0,)), "day": tf.VarLenFeature(tf.int64), "w": tf.VarLenFeature(tf.float32),
                    "town": tf.VarLenFeature(tf.string)}
    feature = {"day": tf.train.Feature(int64_list=tf.train.Int64List(value=[2, 0])),
               "w": tf.train.Feature(float_list=tf.train.FloatList(value=[0.5, 3.0]))}
    record = tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
    found = run(FC.input_layer(tf.parse_example([record], spec), chosen))
    np.testing.assert_array_equal(found, [[7, 3, 0, 0.5, 0, 0]])


def test_only_the_rows_of_a_batch_are_trained():
    """A table of a million rows moves where the ids are, by rows alone: Adagrad's slots of other rows stay."""
    column = FC.embedding_column(FC.categorical_column_with_identity("id", 1_000_000), 4)
    ids = tf.placeholder(tf.int64, [None, 1])
    y = FC.input_layer({"id": ids}, [column])
    table, = tf.trainable_variables()
    optimizer = tf.train.AdagradOptimizer(0.5)
    step = optimizer.minimize(tf.reduce_sum(y * y))
    with tf.Session() as sess:
        before = sess.run(table)
        sess.run(step, {ids: [[5], [999_999], [5]]})
        after, slot = sess.run([table, optimizer.get_slot(table, "accumulator")])
    moved = np.flatnonzero((before != after).any(1))
    assert moved.tolist() == [5, 999_999] and np.flatnonzero((slot != slot[0]).any(1)).tolist() == [5, 999_999]
    slope = 4 * before[5]
    np.testing.assert_allclose(after[5], before[5] - 0.5 * slope / np.sqrt(0.1 + slope ** 2), rtol=1e-5)


def test_a_table_begins_with_a_checkpoint(tmp_path):
    with tf.Graph().as_default(), tf.Session() as sess:
        theirs = tf.Variable(np.arange(6, dtype=np.float32).reshape(3, 2), name="theirs")
        path = tf.train.Saver([theirs]).save(sess, str(tmp_path / "model"))
    column = FC.embedding_column(DAY, 2, ckpt_to_load_from=path, tensor_name_in_ckpt="theirs", trainable=False)
    y = FC.input_layer({"day": [[2], [0]]}, [column])
    assert tf.trainable_variables() == []
    np.testing.assert_array_equal(run(y), [[4, 5], [0, 1]])


def test_vectors_and_open_shapes_are_rows():
    """A feature of rank 1 has a row for each element; one of unknown rank is looked at when it comes."""
    for shape, value in ((None, [1.0, 2.0]), (None, [[1.0], [2.0]]), ([None], [1.0, 2.0]), ([None, None], [[1.0], [2.0]])):
        age = tf.placeholder(tf.float32, shape)
        y = FC.input_layer({"age": age}, [AGE, FC.bucketized_column(AGE, [1.5])])
        np.testing.assert_array_equal(run(y, {age: value}), [[1, 1, 0], [2, 0, 1]])
    day = tf.placeholder(tf.int64, None)
    y = FC.input_layer({"day": day}, [FC.indicator_column(DAY)])
    np.testing.assert_array_equal(run(y, {day: [2, 0]}), [[0, 0, 1], [1, 0, 0]])


def test_what_is_filled_for_the_program():
    variables: dict[Any, Any] = {}
    outputs: dict[Any, Any] = {}
    column = FC.embedding_column(DAY, 2)
    FC.input_layer({"day": [[1]], "age": [[1.0]]}, [column, AGE], cols_to_vars=variables, cols_to_output_tensors=outputs)
    assert [v.name for v in variables[column]] == ["input_layer/day_embedding/embedding_weights:0"] and variables[AGE] == []
    assert outputs[column].shape.as_list() == [1, 2]
    linear: dict[Any, Any] = {}
    FC.linear_model({"day": [[1]]}, [DAY], cols_to_vars=linear)
    assert [v.name for v in linear["bias"] + linear[DAY]] == ["linear_model/bias_weights:0", "linear_model/day/weights:0"]
