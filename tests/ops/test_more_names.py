"""Names of TensorFlow 1 that are made of others: a row each, with the value that TensorFlow 2.15's `compat.v1` gives."""

from __future__ import annotations

import inspect
from operator import attrgetter
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors


def _ids() -> Any:
    return tf.SparseTensor([[0, 0], [1, 0], [1, 1]], tf.constant([2, 0, 1], tf.int64), [2, 2])


def _values() -> Any:
    return tf.SparseTensor([[0, 0], [1, 0], [1, 1]], [1.0, 2.0, 3.0], [2, 2])


def _gaps() -> Any:
    return tf.SparseTensor([[0, 0], [0, 2], [1, 1]], [3.0, 2.0, -1.0], [2, 3])


def _scattered(indices: Any, updates: Any) -> Any:
    return tf.batch_scatter_update(tf.get_variable("v", [2, 3], initializer=tf.zeros_initializer()), indices, updates)


VALUES: list[Any] = [
    ("broadcast_dynamic_shape", lambda: tf.broadcast_dynamic_shape([3, 1], [2, 1, 4]), [2, 3, 4]),
    ("broadcast_dynamic_shape, long", lambda: tf.broadcast_dynamic_shape(tf.constant([2], tf.int64), tf.constant([1, 1], tf.int64)), [1, 2]),
    ("ensure_shape", lambda: tf.ensure_shape(tf.placeholder_with_default(np.ones((2, 3)), None), [None, 3]), [[1, 1, 1], [1, 1, 1]]),
    ("ensure_shape, of texts", lambda: tf.ensure_shape(tf.constant(["a"]), [1]), [b"a"]),
    ("batch_gather", lambda: tf.batch_gather([[1, 2], [3, 4]], [[1, 1, 0], [0, 1, 1]]), [[2, 2, 1], [3, 4, 4]]),
    ("batch_gather of a vector", lambda: tf.batch_gather([5, 6, 7], [2, 0]), [7, 5]),
    ("lbeta", lambda: tf.lbeta(tf.constant([[2.0, 3.0], [1.0, 1.0]], tf.float64)), [-2.4849066497880004, 0.0]),
    ("sparse_merge", lambda: tf.sparse_tensor_to_dense(tf.sparse_merge(_ids(), _values(), 3)), [[0, 0, 1], [2, 3, 0]]),
    ("sparse_merge of two", lambda: tf.sparse_merge([_ids(), _ids()], _values(), [3, 4]).indices, [[0, 2, 2], [1, 0, 0], [1, 1, 1]]),
    *((f"reduce_max_sparse {axis} {keep} {part}",
       lambda axis=axis, keep=keep, part=part: getattr(tf.sparse.reduce_max_sparse(_gaps(), axis, keep), part), wanted)
      for axis, keep, parts in ((1, False, ([[0], [1]], [3, -1], [2])), (1, True, ([[0, 0], [1, 0]], [3, -1], [2, 1])),
                                (None, False, (np.zeros((1, 0)), [3], [])))
      for part, wanted in zip(("indices", "values", "dense_shape"), parts, strict=True)),
    ("sparse.eye", lambda: tf.sparse.to_dense(tf.sparse.eye(2, 3)), [[1, 0, 0], [0, 1, 0]]),
    ("sparse.eye, its places", lambda: tf.sparse.eye(tf.constant(2)).indices, [[0, 0], [1, 1]]),
    ("batch_scatter_update", lambda: _scattered([[0, 2], [1, 1]], [[1.0, 2.0], [3.0, 4.0]]), [[1, 0, 2], [0, 4, 0]]),
    ("batch_scatter_update of rows", lambda: _scattered([1, 0], [[1.0, 2, 3], [4, 5, 6]]), [[4, 5, 6], [1, 2, 3]]),
    ("sparse.merge, sorted", lambda: tf.sparse.merge(_ids(), _values(), tf.constant(3), already_sorted=True).dense_shape, [2, 3]),
]


@pytest.mark.parametrize("build, wanted", [row[1:] for row in VALUES], ids=[row[0] for row in VALUES])
def test_values(build, wanted, session):
    found = session.run(build())
    np.testing.assert_allclose(found, wanted, atol=1e-15) if found.dtype != object else np.testing.assert_array_equal(found, wanted)


def test_a_shape_is_ensured_in_every_run(session):
    x = tf.placeholder(tf.float32)
    y = tf.ensure_shape(x, [None, 3])
    assert y.shape.as_list() == [None, 3]
    np.testing.assert_array_equal(session.run(tf.gradients(2.0 * y, x)[0], {x: np.ones((1, 3))}), [[2, 2, 2]])
    with pytest.raises(errors.InvalidArgumentError, match=r"the shape \[2,4\] is not \[\?,3\]"):
        session.run(y, {x: np.ones((2, 4))})


def test_assertions():
    tf.assert_proper_iterable([1.0, 2.0])
    assert tf.assert_same_float_dtype([tf.zeros([1], tf.float64)], tf.float64) == tf.double and tf.assert_same_float_dtype() == tf.float32
    assert isinstance(tf.debugging.assert_rank_in(tf.zeros([2, 2]), (1, 2)), tf.Operation)


REFUSED: list[Any] = [
    ("shapes that do not fit", lambda: tf.Session(jit=False).run(tf.broadcast_dynamic_shape([3], [2])), errors.InvalidArgumentError, "do not fit"),
    ("a shape of fractions", lambda: tf.broadcast_dynamic_shape([1.5], [2]), errors.DTypeError, "are no integers"),
    ("a matrix for a shape", lambda: tf.broadcast_dynamic_shape([[1]], [2]), errors.ShapeError, "a shape is a vector"),
    ("another shape", lambda: tf.ensure_shape(tf.zeros([2, 4]), [None, 3]), errors.ShapeError, r"has not the shape \[\?,3\]"),
    ("no rows", lambda: tf.batch_gather([1], 0), errors.ShapeError, "has no axis"),
    ("another rank", lambda: tf.assert_rank_in(tf.zeros([2]), (0, 2)), errors.ShapeError, r"has rank 1, not one of \[0, 2\]"),
    ("a rank of a half", lambda: tf.assert_rank(tf.zeros([2]), 0.5), errors.DTypeError, "a rank is a whole number"),
    ("ranks for one", lambda: tf.assert_rank(tf.zeros([2]), tf.constant([1])), errors.ShapeError, "a rank is one number"),
    ("a tensor for a list", lambda: tf.assert_proper_iterable(tf.zeros([2])), errors.DTypeError, "a list of values is wanted"),
    ("no axis", lambda: _scattered(1, [1.0]), errors.ShapeError, "has no axis"),
    ("places of fractions", lambda: _scattered([[0.5]], [[1.0]]), errors.DTypeError, "batch_scatter_update: indices"),
    ("a seed of a half", lambda: tf.get_seed(0.5), errors.DTypeError, "get_seed: a seed is a whole number"),
    ("an eye of fractions", lambda: tf.sparse.eye(1.5), errors.DTypeError, "num_rows are whole numbers"),
    ("two dtypes", lambda: tf.assert_same_float_dtype([tf.zeros([1]), tf.zeros([1], tf.float64)]), errors.DTypeError, "float32, float64"),
    ("integers", lambda: tf.assert_same_float_dtype([tf.zeros([1], tf.int32)]), errors.DTypeError, "one floating dtype is wanted, not int32"),
    ("too few sizes", lambda: tf.sparse_merge([_ids(), _ids()], _values(), [3]), errors.GraphError, "2 tensors of ids, and 1 sizes"),
    ("ids that are no integers", lambda: tf.sparse_merge(_values(), _values(), 3), errors.DTypeError, "are no integers"),
]


@pytest.mark.parametrize("build, kind, message", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(build, kind, message):
    with pytest.raises(kind, match=message):
        build()


def test_choices_by_name(session):
    x, other = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    zero, = tf.gradients(x * 2.0, other, aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE,
                         unconnected_gradients=tf.UnconnectedGradients.ZERO)
    assert session.run(zero, {other: 1.0}) == 0.0 and tf.io.gfile.exists is tf.gfile.exists


# The seed of a graph, nodes in it, and the seeds of an operator, with what they stand for.
SEEDS: list[Any] = [(None, 0, {None: (None, None), 3: (87654321, 3)}), (5, 0, {None: (5, 0), 2**31 + 3: (5, 4)}), (5, 1, {None: (5, 1)}),
                    (0, 1, {0: (0, 2**31 - 1), None: (0, 1)})]


@pytest.mark.parametrize("graph_seed, nodes, wanted", SEEDS)
def test_seeds(graph_seed, nodes, wanted):
    with tf.Graph().as_default():
        tf.set_random_seed(graph_seed)
        for _ in range(nodes):
            tf.constant(1)
        assert {own: tf.random.get_seed(own) for own in wanted} == wanted


SECOND: list[tuple[str, str]] = [("tensor_scatter_nd_update", "tensor_scatter_update"), ("tensor_scatter_nd_add", "tensor_scatter_add"),
                                 ("tensor_scatter_nd_sub", "tensor_scatter_sub"), ("sparse.mask", "sparse_mask"),
                                 ("sparse.reduce_max_sparse", "sparse_reduce_max_sparse"), ("sparse.segment_sum", "sparse_segment_sum"),
                                 ("sparse.segment_mean", "sparse_segment_mean"), ("sparse.segment_sqrt_n", "sparse_segment_sqrt_n")]


@pytest.mark.parametrize("second, first", SECOND)
def test_second_names(second, first):
    assert inspect.unwrap(attrgetter(second)(tf)) is inspect.unwrap(attrgetter(first)(tf))
