"""Columns of sequences give what TensorFlow's do, in both executors; lengths, lengths that differ, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

import graphc as tf
from graphc.errors import ArgumentError, DTypeError, InvalidArgumentError
from tests.feature_column.sequence_cases import FILE, columns, features

FC, LAYER = tf.feature_column, tf.contrib.feature_column.sequence_input_layer
TOLD = json.loads(FILE.read_text())


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


@pytest.mark.parametrize("name", TOLD)
def test_values_are_tensorflows(name):
    x, lengths = LAYER(features(tf), columns(tf)[name]())
    got, count = tf.Session(jit=name in ("pairs", "embedding")).run([x, lengths])
    assert got.dtype == np.float32 and count.dtype == np.int64 and [*got.shape] == TOLD[name]["shape"]
    np.testing.assert_allclose(got.ravel(), TOLD[name]["values"], rtol=1e-5, atol=1e-6)
    assert count.tolist() == TOLD[name]["lengths"]


def test_every_case_is_recorded():
    assert TOLD.keys() == columns(tf).keys()


def test_whole_numbers_become_floats():
    x, _ = LAYER(features(tf), [FC.sequence_numeric_column("count", dtype=tf.int64)])
    assert tf.Session(jit=False).run(x)[0, :2, 0].tolist() == [1.0, 6.0]


def test_variables_and_gradients():
    day = FC.embedding_column(FC.sequence_categorical_column_with_identity("day", 7), 2)
    x, lengths = LAYER(features(tf), [day])
    [table] = tf.trainable_variables()
    assert table.name == "sequence_input_layer/day_embedding/embedding_weights:0" and table.shape == (7, 2)
    session = tf.Session(jit=False)
    dense = session.run(tf.convert_to_tensor(tf.gradients(tf.reduce_sum(x), [table])[0]))
    assert dense[:, 0].tolist() == [1, 1, 1, 0, 0, 0, 1]
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicRNNCell(3), x, sequence_length=lengths, dtype=tf.float32)
    assert session.run(outputs).shape == (4, 5, 3)


def test_what_examples_are_parsed_for():
    spec = FC.make_parse_example_spec([FC.sequence_numeric_column("n"), FC.indicator_column(FC.sequence_categorical_column_with_identity("day", 7))])
    assert spec == {"n": tf.VarLenFeature(tf.float32), "day": tf.VarLenFeature(tf.int64)}


DAY = FC.sequence_categorical_column_with_identity("day", 7)


@pytest.mark.parametrize("build, error, message", [
    (lambda: LAYER(features(tf), [FC.numeric_column("n")]), ArgumentError, "takes sequence_numeric_column, .*not NumericColumn 'n'"),
    (lambda: LAYER(features(tf), [DAY]), ArgumentError, "not SequenceCategoricalColumn 'day'"),
    (lambda: FC.input_layer(features(tf), [FC.indicator_column(DAY)]), ArgumentError, "takes columns of rows, and IndicatorColumn .*sequences"),
    (lambda: FC.linear_model(features(tf), [DAY]), ArgumentError, "linear_model takes columns of rows"),
    (lambda: FC.weighted_categorical_column(DAY, "w"), ArgumentError, "weighted_categorical_column takes a column of rows"),
    (lambda: FC.sequence_numeric_column("n", default_value="x"), ArgumentError, "default_value is a number, not 'x'"),
    (lambda: LAYER({"n": [[1.0]]}, [FC.sequence_numeric_column("n")]), DTypeError, "the feature 'n' is a SparseTensor"),
    (lambda: tf.Session(jit=False).run(LAYER({**features(tf), "n": tf.SparseTensor([[0, 0]], [1.0], [4, 5])}, [
        FC.indicator_column(DAY), FC.sequence_numeric_column("n")])), InvalidArgumentError,
     "IndicatorColumn 'day_indicator' .*and SequenceNumericColumn 'n' .*are of other lengths"),
])
def test_refusals(build, error, message):
    with pytest.raises(error, match=message):
        build()
