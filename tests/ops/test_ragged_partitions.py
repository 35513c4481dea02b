"""`tf.ragged.stack_dynamic_partitions`: the rows that TensorFlow 2.15 gives, in both executors; gradients, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import GraphcError, InvalidArgumentError, ShapeError

# What is built | the rows that TensorFlow 2.15 gives.
ROWS: list[tuple[Callable[[], Any], Any]] = [
    (lambda: tf.ragged.stack_dynamic_partitions(["a", "b", "c", "d"], [2, 0, 2, 0], 4), [[b'b', b'd'], [], [b'a', b'c'], []]),
    (lambda: tf.ragged.stack_dynamic_partitions([[1, 2], [3, 4], [5, 6]], [1, 0, 1], 2), [[[3, 4]], [[1, 2], [5, 6]]]),
    (lambda: tf.ragged.stack_dynamic_partitions(tf.ragged.constant([["a", "b"], ["c"], []]), [1, 0, 1], 2), [[[b'c']], [[b'a', b'b'], []]]),
    (lambda: tf.ragged.stack_dynamic_partitions([["a", "b"], ["c", "d"]], [[1, 0], [1, 1]], 3), [[b'b'], [b'a', b'c', b'd'], []]),
    (lambda: tf.ragged.stack_dynamic_partitions(tf.ragged.constant([["a", "b"], ["c"], []]), tf.ragged.constant([[1, 0], [1], []], tf.int32), 2),
     [[b'b'], [b'a', b'c']]),
    (lambda: tf.ragged.stack_dynamic_partitions(tf.ragged.constant([[["a", "b"], []], [["c"]]]), tf.ragged.constant([[1, 0], [1]]), 2),
     [[[]], [[b'a', b'b'], [b'c']]]),
    (lambda: tf.ragged.stack_dynamic_partitions(["a", "b"], 1, 3), [[], [[b'a', b'b']], []]),
    (lambda: tf.ragged.stack_dynamic_partitions(tf.constant([], tf.float32), tf.constant([], tf.int32), 2), [[], []]),
    (lambda: tf.ragged.stack_dynamic_partitions([[[1, 2], [3, 4]]], [[[1, 0], [0, 1]]], tf.constant(2)), [[2, 3], [1, 4]]),
]


@pytest.mark.parametrize("made, wanted", ROWS)
def test_as_tensorflow(made: Callable[[], Any], wanted: Any, session: tf.Session) -> None:
    assert session.run(made()).to_list() == wanted


def test_gradient(session: tf.Session) -> None:
    x = tf.constant([1.0, 2.0, 3.0])
    made = tf.ragged.stack_dynamic_partitions(x, [1, 0, 1], 2)
    (slope,) = tf.gradients(made.values * [10.0, 20.0, 30.0], [x])
    np.testing.assert_array_equal(session.run(slope), [20.0, 10.0, 30.0])


@pytest.mark.parametrize("make", [
    lambda: tf.ragged.stack_dynamic_partitions(["a"], [2], 2), lambda: tf.ragged.stack_dynamic_partitions(["a"], [-1], 2),
    lambda: tf.ragged.stack_dynamic_partitions(tf.ragged.constant([["a"], ["b", "c"]]), tf.ragged.constant([[0, 1], [1]]), 2),
])
def test_refused_when_run(make: Callable[[], Any], session: tf.Session) -> None:
    with pytest.raises(InvalidArgumentError):
        session.run(make())


@pytest.mark.parametrize("make, error, message", [
    (lambda: tf.ragged.stack_dynamic_partitions(["a"], tf.placeholder(tf.int32), 2), ShapeError, "is not known"),
    (lambda: tf.ragged.stack_dynamic_partitions([["a"]], [[0, 1]], 2), GraphcError, "rows of one length each"),
])
def test_refused(make: Callable[[], Any], error: type[GraphcError], message: str, session: tf.Session) -> None:
    with pytest.raises(error, match=message):
        session.run(make())
