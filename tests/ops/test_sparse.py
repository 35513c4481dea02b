"""Sparse tensors against numpy's dense arrays: values, gradients, both kinds of feeds, files, and what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from tests.draws import draws

RNG = draws(14)
A = np.where(RNG.random((4, 5)) < 0.4, RNG.normal(size=(4, 5)), 0.0)
B = np.where(RNG.random((4, 5)) < 0.4, RNG.normal(size=(4, 5)), 0.0)
D = RNG.normal(size=(5, 3))
CUBE = np.where(RNG.random((2, 3, 4)) < 0.5, RNG.normal(size=(2, 3, 4)), 0.0)


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def value(x: Any) -> tf.SparseTensorValue:
    """The sparse value of an array, places in C order."""
    return tf.SparseTensorValue(np.argwhere(x), x[x != 0], np.array(x.shape))


def dense(v: Any) -> Any:
    """The array of a sparse value, by its definition."""
    if not isinstance(v, tf.SparseTensorValue):
        return v
    out = np.zeros(tuple(v.dense_shape), v.values.dtype)
    for place, x in zip(v.indices, v.values, strict=True):
        out[tuple(place)] += x
    return out


def softmax_of_what_is_there(x: Any) -> Any:
    e = np.where(x != 0, np.exp(x), 0.0)
    return e / np.maximum(e.sum(-1, keepdims=True), 1e-300)


def by_row(x: Any) -> Any:
    return np.where((x != 0).any(1)[:, None], x, np.eye(1, x.shape[1]) * 7.0)


# A function of a sparse tensor, the array it is of, and the same by numpy of the dense array.
ROWS: list[tuple[str, Callable[[Any], Any], Any, Callable[[Any], Any]]] = [
    ("to_dense", tf.sparse_tensor_to_dense, A, lambda x: x),
    ("matmul", lambda x: tf.sparse_tensor_dense_matmul(x, D), A, lambda x: x @ D),
    ("matmul, the first transposed", lambda x: tf.sparse_tensor_dense_matmul(x, A, adjoint_a=True), A, lambda x: x.T @ A),
    ("matmul, the second transposed", lambda x: tf.sparse_tensor_dense_matmul(x, D.T, adjoint_b=True), A, lambda x: x @ D),
    ("matmul, both transposed", lambda x: tf.sparse_tensor_dense_matmul(x, B.T, True, True), A, lambda x: x.T @ B),
    ("add", lambda x: tf.sparse_add(x, value(B)), A, lambda x: x + B),
    ("add to another of its kind", lambda x: tf.sparse_add(x, x * 2.0), A, lambda x: 3 * x),
    ("add dense", lambda x: tf.sparse_add(x, B), A, lambda x: x + B),
    ("add to dense", lambda x: tf.sparse_add(tf.constant(B), x), A, lambda x: x + B),
    ("maximum", lambda x: tf.sparse_maximum(x, value(B)), A, lambda x: np.maximum(x, B)),
    ("minimum", lambda x: tf.sparse_minimum(x, value(B)), A, lambda x: np.minimum(x, B)),
    ("times dense", lambda x: x * B[:1], A, lambda x: x * B[:1]),
    ("dense times", lambda x: tf.constant(B[:, :1]) * x, A, lambda x: x * B[:, :1]),
    ("times a vector", lambda x: x * tf.constant(D[:, 0]), A, lambda x: x * D[:, 0]),
    ("times a number", lambda x: 3.0 * x, A, lambda x: x * 3.0),
    ("over dense", lambda x: x / (2.0 + np.abs(D[:, 0])), A, lambda x: x / (2.0 + np.abs(D[:, 0]))),
    ("sum of all", tf.sparse_reduce_sum, A, np.sum),
    ("sum of rows", lambda x: tf.sparse_reduce_sum(x, 1), A, lambda x: x.sum(1)),
    ("sum of rows, kept", lambda x: tf.sparse_reduce_sum(x, -1, keep_dims=True), A, lambda x: x.sum(1, keepdims=True)),
    ("sum of two axes", lambda x: tf.sparse_reduce_sum(x, [0, 2]), CUBE, lambda x: x.sum((0, 2))),
    ("sum, sparse", lambda x: tf.sparse_reduce_sum_sparse(x, 1), CUBE, lambda x: x.sum(1)),
    ("sum, sparse and kept", lambda x: tf.sparse_reduce_sum_sparse(x, 1, keepdims=True), CUBE, lambda x: x.sum(1, keepdims=True)),
    ("max", lambda x: tf.sparse_reduce_max(x, 0), np.abs(A), lambda x: x.max(0)),
    ("softmax", tf.sparse_softmax, A, softmax_of_what_is_there),
    ("softmax of a batch", tf.sparse_softmax, CUBE, softmax_of_what_is_there),
    ("transpose", tf.sparse_transpose, A, lambda x: x.T),
    ("transpose of three axes", lambda x: tf.sparse_transpose(x, [1, 2, 0]), CUBE, lambda x: x.transpose(1, 2, 0)),
    ("reshape", lambda x: tf.sparse_reshape(x, [2, -1]), A, lambda x: x.reshape(2, -1)),
    ("expand_dims", lambda x: tf.sparse_expand_dims(x, 1), A, lambda x: x[:, None]),
    ("slice", lambda x: tf.sparse_slice(x, [1, 2], [2, 9]), A, lambda x: x[1:3, 2:]),
    ("first part", lambda x: tf.sparse.split(x, 2, 1)[0], A, lambda x: x[:, :3]),
    ("last part", lambda x: tf.sparse_split(sp_input=x, num_split=3, axis=0)[2], A, lambda x: x[3:]),
    ("concat", lambda x: tf.sparse_concat(1, [x, x * 2.0]), A, lambda x: np.concatenate([x, 2 * x], 1)),
    ("concat of others", lambda x: tf.sparse_concat(0, [x, value(CUBE[0])], expand_nonconcat_dim=True), A,
     lambda x: np.concatenate([x, np.pad(CUBE[0], ((0, 0), (0, 1)))], 0)),
    ("retain", lambda x: tf.sparse_retain(x, x.values > 0.0), A, lambda x: np.maximum(x, 0)),
    ("fill_empty_rows", lambda x: tf.sparse_fill_empty_rows(x, 7.0)[0], A * [[1], [0], [1], [0]], by_row),
    ("tanh", tf.tanh, A, np.tanh), ("square", tf.square, A, np.square), ("abs", tf.abs, A, np.abs),
    ("reorder", lambda x: tf.sparse_reorder(tf.SparseTensor(x.indices[::-1], x.values[::-1], x.dense_shape)), A, lambda x: x),
]


# What cannot be built before the rank is known.
_BY_RANK = ("transpose", "expand_dims", "first part", "last part", "concat", "concat of others")


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("known", ["known", "open", "of no known rank"])
@pytest.mark.parametrize("name, function, array, wanted", ROWS, ids=[row[0] for row in ROWS])
def test_value_and_gradient(name, function, array, wanted, known, jit):
    """Values against numpy; the gradient of a sum of squares by the values against differences of numpy's."""
    x = tf.sparse_placeholder(tf.float64, {"known": array.shape, "open": [None] * array.ndim}.get(known))
    if known == "of no known rank" and name in _BY_RANK:
        with pytest.raises(tf.errors.ShapeError, match="must be known while the graph is built"):
            function(x)
        return
    y = function(x)
    total = tf.reduce_sum(tf.square(y.values if isinstance(y, tf.SparseTensor) else y))
    (grad,) = tf.gradients(total, x.values)
    session, v = tf.Session(jit=jit), value(array)
    found, slope = session.run([y, grad], {x: v})
    np.testing.assert_allclose(dense(found), wanted(array), rtol=1e-12, atol=1e-14)
    if isinstance(found, tf.SparseTensorValue):
        assert [*map(tuple, found.indices)] == sorted(map(tuple, found.indices)), "places are in order"
        assert tuple(found.dense_shape) == wanted(array).shape
    h = 1e-6
    for k, place in enumerate(v.indices):
        ends = []
        for step in (h, -h):
            moved = array.copy()
            moved[tuple(place)] += step
            ends.append(np.sum(np.square(wanted(moved))))
        assert slope[k] == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-5, abs=1e-7)


def test_gradient_to_the_dense_matrix():
    x, d = tf.sparse_placeholder(tf.float64, [4, 5]), tf.placeholder(tf.float64, [5, 3])
    y = tf.sparse_tensor_dense_matmul(x, d)
    (grad,) = tf.gradients(tf.reduce_sum(tf.square(y)), d)
    np.testing.assert_allclose(tf.Session().run(grad, {x: value(A), d: D}), 2 * A.T @ A @ D, rtol=1e-12)


FEEDS = {"value": value(A), "tuple": tuple(value(A)), "list": list(value(A)), "lists": tuple(v.tolist() for v in value(A))}


@pytest.mark.parametrize("fed", FEEDS.values(), ids=FEEDS)
@pytest.mark.parametrize("shape", [None, [4, 5], [None, 5]], ids=str)
def test_feed_and_fetch(fed, shape):
    x = tf.sparse_placeholder(tf.float64, shape)
    for session in (tf.Session(jit=False), tf.Session()):
        one, [other], named = session.run([x, [x], {"x": x}], {x: fed})
        for v in (one, other, named["x"], session.run(x, {x: fed}), session.run(x, {x: fed})):
            assert isinstance(v, tf.SparseTensorValue)
            np.testing.assert_array_equal(dense(v), A)


def test_feeds_of_other_numbers_of_elements_are_one_program():
    x, d = tf.sparse_placeholder(tf.float64), RNG.normal(size=(50, 3))
    y = tf.sparse_tensor_dense_matmul(x, tf.constant(d))
    session = tf.Session()
    for share in (0.2, 0.3, 0.25, 0.4):
        array = np.where(RNG.random((60, 50)) < share, RNG.normal(size=(60, 50)), 0.0)
        np.testing.assert_allclose(session.run(y, {x: value(array)}), array @ d, atol=1e-12)
    assert session.compile_stats()["programs"] <= 2


def test_saved_graph_has_its_parts():
    x = tf.sparse_placeholder(tf.float64, [4, 5], name="x")
    y = tf.sparse_tensor_dense_matmul(x, D, name="y")
    again = tf.Graph.from_json(tf.get_default_graph().to_json())
    parts = [again.get_tensor_by_name(f"x/{part}:0") for part in ("indices", "values")]
    found = tf.Session(graph=again).run(y.name, dict(zip(parts, value(A)[:2], strict=True)))
    np.testing.assert_allclose(found, A @ D)


def placeholder(*shape: Any) -> Any:
    return tf.sparse_placeholder(tf.float64, list(shape))


# What is wrong, the error and what it says.
WRONG: list[tuple[str, type[Exception], str, Callable[[], Any]]] = [
    ("parts that do not fit", tf.errors.ShapeError, "do not fit together", lambda: tf.SparseTensor([[0, 1]], [1.0, 2.0], [2, 2])),
    ("places that are no numbers", tf.errors.DTypeError, "whole numbers", lambda: tf.SparseTensor([[0.5]], [1.0], [2])),
    ("a dense operator", tf.errors.DTypeError, "tf.sparse_tensor_to_dense", lambda: tf.matmul(placeholder(2, 2), D)),
    ("a sum", tf.errors.DTypeError, "tf.sparse_add", lambda: tf.add(placeholder(2, 2), D)),
    ("a function that moves zero", tf.errors.DTypeError, "is sparse", lambda: tf.exp(placeholder(2, 2))),
    ("a product of two", tf.errors.DTypeError, "both sparse", lambda: placeholder(2, 2) * placeholder(2, 2)),
    ("inner sizes", tf.errors.ShapeError, "inner sizes", lambda: tf.sparse_tensor_dense_matmul(placeholder(4, 4), D)),
    ("dtypes", tf.errors.DTypeError, "different dtypes", lambda: tf.sparse_tensor_dense_matmul(placeholder(4, 5), tf.constant(D, tf.float32))),
    ("a dense operand that is larger", tf.errors.ShapeError, "repeated", lambda: placeholder(4, 5) * D),
    ("a dense tensor where a sparse one is due", tf.errors.DTypeError, "takes a SparseTensor", lambda: tf.sparse_reorder(D)),
    ("an axis", tf.errors.ShapeError, "sparse_reduce_sum", lambda: tf.sparse_reduce_sum(placeholder(2, 2), 2)),
    ("no permutation", tf.errors.ShapeError, "permutation", lambda: tf.sparse_transpose(placeholder(2, 2), [0, 0])),
]


@pytest.mark.parametrize("name, error, says, call", WRONG, ids=[row[0] for row in WRONG])
def test_mistake_is_named(name, error, says, call):
    with pytest.raises(error, match=says) as caught:
        call()
    assert "test_sparse.py" in str(caught.value)


# A run that fails: what it is of, what is fed, and what the error says.
FAILS: list[tuple[str, Callable[[Any], Any], Any, str]] = [
    ("a place outside", tf.sparse_tensor_to_dense, ([[4, 0]], [1.0], [4, 5]), r"\[4, 0\] lies outside of the shape \[4, 5\]"),
    ("a place below 0", tf.sparse_reorder, ([[0, -1]], [1.0], [4, 5]), r"\[0, -1\] lies outside"),
    ("out of order", tf.sparse_tensor_to_dense, ([[1, 0], [0, 1]], [1.0, 2.0], [4, 5]), r"\[0, 1\] stands behind \[1, 0\]"),
    ("twice", tf.sparse_tensor_to_dense, ([[1, 0], [1, 0]], [1.0, 2.0], [4, 5]), r"\[1, 0\] stands twice"),
    ("inner sizes", lambda x: tf.sparse_tensor_dense_matmul(x, D), ([[1, 0]], [1.0], [4, 6]), "6 columns .* 5 rows"),
    ("a column outside", lambda x: tf.sparse_tensor_dense_matmul(x, D), ([[1, 5]], [1.0], [4, 5]), "5 is not in"),
    ("a row outside", lambda x: tf.sparse_tensor_dense_matmul(x, D), ([[4, 0]], [1.0], [4, 5]), "4 is not in"),
    ("other shapes", lambda x: tf.sparse_add(x, value(B)), ([[1, 0]], [1.0], [4, 6]), "are not the same"),
    ("a dense operand", lambda x: x * D, ([[1, 0]], [1.0], [4, 6]), "not repeated"),
    ("a reshape", lambda x: tf.sparse_reshape(x, [3, -1]), ([[1, 0]], [1.0], [4, 5]), "do not fill"),
]


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("name, function, fed, says", FAILS, ids=[row[0] for row in FAILS])
def test_run_fails(name, function, fed, says, jit):
    x = placeholder(None, None)
    with pytest.raises(tf.errors.InvalidArgumentError, match=says) as caught:
        tf.Session(jit=jit).run(function(x), {x: fed})
    assert "test_sparse.py" in str(caught.value)


@pytest.mark.parametrize("fed, says", [
    (A, "SparseTensorValue"), (([[0, 0]], [1.0]), "SparseTensorValue"), (([[0, 0]], [1.0], [4, 6]), r"which is \[4, 5\]"),
    (([[0, 0]], ["a"], [4, 5]), "not an array of numbers"), (([0, 0], [1.0], [4, 5]), "shape"),
], ids=["dense", "two parts", "another shape", "texts", "rank"])
def test_feed_that_does_not_fit(fed, says):
    x = placeholder(4, 5)
    with pytest.raises(tf.errors.FeedError, match=says):
        tf.Session(jit=False).run(x, {x: fed})
