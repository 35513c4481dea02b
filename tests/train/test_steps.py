"""What a count of steps may be: a whole number, a scalar: all that `assert_global_step` lets pass."""

from __future__ import annotations

import pytest

import graphc as tf
from graphc.errors import DTypeError, GraphError


@pytest.mark.parametrize("make", [
    tf.train.get_or_create_global_step, lambda: tf.constant(3), lambda: tf.placeholder(tf.int64), lambda: tf.placeholder(tf.int64, []).op.outputs[0]])
def test_counts_of_steps(make):
    with tf.Graph().as_default():
        assert tf.train.assert_global_step(make()) is None


@pytest.mark.parametrize("make, error, said", [
    (lambda: 3, GraphError, "3 is no tensor"), (lambda: tf.constant(3.0), DTypeError, "is no whole number"),
    (lambda: tf.constant([3]), GraphError, "is no scalar"), (lambda: tf.placeholder(tf.int64, [None]), GraphError, "is no scalar")])
def test_what_is_no_count_of_steps(make, error, said):
    with tf.Graph().as_default(), pytest.raises(error, match=said):
        tf.train.assert_global_step(make())
