"""Ragged tensors: values, dtypes and rows are TensorFlow 2.15's, in both executors; feeds, gradients, specs, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import DTypeError, FeedError, GraphError, InvalidArgumentError, ShapeError

NAN = float("nan")


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def made() -> SimpleNamespace:
    """Ragged tensors of several kinds."""
    constant = tf.ragged.constant
    return SimpleNamespace(
        x=constant([[3, 1], [], [4, 1, 5]]), y=constant([[1.0, 2.0], [], [3.0, 4.0, 5.0]]), z=constant([[[1, 2], [3]], [], [[], [4, 5, 6]]]),
        w=constant([["a", "b"], ["c"], []]), i=constant([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0]]], ragged_rank=1),
        b=constant([[True, False], [], [True, True, True]]))


def shown(value: Any) -> tuple[str, Any]:
    """The dtype and the elements of what a run gives, as lists."""
    if isinstance(value, tf.ragged.RaggedTensorValue):
        kind = value.flat_values.dtype
        return "string" if kind.hasobject else kind.name, value.to_list()
    if isinstance(value, tf.SparseTensorValue):
        return "sparse", [np.asarray(part).tolist() for part in value]
    if isinstance(value, (tuple, list)):
        return np.asarray(value[0]).dtype.name, [np.asarray(v).tolist() for v in value]
    array = np.asarray(value)
    return "string" if array.dtype.hasobject else array.dtype.name, array.tolist()


def agree(got: Any, expected: Any) -> None:
    """Lists of the same form, with numbers that agree to 1e-5."""
    if isinstance(expected, list):
        assert isinstance(got, list) and len(got) == len(expected), (got, expected)
        for g, e in zip(got, expected, strict=True):
            agree(g, e)
    elif isinstance(expected, float):
        assert np.isclose(got, expected, rtol=1e-5, atol=1e-6, equal_nan=True), (got, expected)
    else:
        assert got == expected


# What is built of these | the dtype and the value that TensorFlow 2.15 gives.
ROWS: list[tuple[Callable[[Any], Any], str, Any]] = [
    (lambda v: v.x, "int32", [[3, 1], [], [4, 1, 5]]),
    (lambda v: v.z, "int32", [[[1, 2], [3]], [], [[], [4, 5, 6]]]),
    (lambda v: v.w, "string", [[b"a", b"b"], [b"c"], []]),
    (lambda v: v.i, "float32", [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0]]]),
    (lambda v: tf.ragged.constant([[], []]), "float32", [[], []]),
    (lambda v: tf.ragged.constant([[1], [2, 3]], dtype=tf.float64), "float64", [[1.0], [2.0, 3.0]]),
    (lambda v: tf.ragged.constant([[[1, 2], [3, 4]], [[5, 6]]], ragged_rank=1), "int32", [[[1, 2], [3, 4]], [[5, 6]]]),
    (lambda v: tf.ragged.constant([[[1, 2]], []], inner_shape=(2,)), "int32", [[[1, 2]], []]),
    (lambda v: tf.RaggedTensor.from_row_splits([1, 2, 3, 4], [0, 1, 1, 4]), "int32", [[1], [], [2, 3, 4]]),
    (lambda v: tf.RaggedTensor.from_row_lengths([1, 2, 3, 4], [1, 0, 3]), "int32", [[1], [], [2, 3, 4]]),
    (lambda v: tf.RaggedTensor.from_row_starts([1, 2, 3, 4], [0, 1, 1]), "int32", [[1], [], [2, 3, 4]]),
    (lambda v: tf.RaggedTensor.from_row_limits([1, 2, 3, 4], [1, 1, 4]), "int32", [[1], [], [2, 3, 4]]),
    (lambda v: tf.RaggedTensor.from_value_rowids([1, 2, 3, 4], [0, 2, 2, 3]), "int32", [[1], [], [2, 3], [4]]),
    (lambda v: tf.RaggedTensor.from_value_rowids([1, 2, 3, 4], [0, 2, 2, 3], nrows=6), "int32", [[1], [], [2, 3], [4], [], []]),
    (lambda v: tf.RaggedTensor.from_nested_row_splits([1, 2, 3, 4], [[0, 2, 3], [0, 1, 1, 4]]), "int32", [[[1], []], [[2, 3, 4]]]),
    (lambda v: tf.RaggedTensor.from_nested_row_lengths([1, 2, 3, 4], [[2, 1], [1, 0, 3]]), "int32", [[[1], []], [[2, 3, 4]]]),
    (lambda v: tf.RaggedTensor.from_tensor([[1, 2], [3, 4]]), "int32", [[1, 2], [3, 4]]),
    (lambda v: tf.RaggedTensor.from_tensor([[1, 2, 3], [3, 4, 5]], lengths=[1, 3]), "int32", [[1], [3, 4, 5]]),
    (lambda v: tf.RaggedTensor.from_tensor([[1, 0, 0], [3, 0, 5], [0, 0, 0]], padding=0), "int32", [[1], [3, 0, 5], []]),
    (lambda v: tf.RaggedTensor.from_tensor(np.arange(12).reshape(2, 3, 2), ragged_rank=2), "int64",
     [[[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 11]]]),
    (lambda v: tf.RaggedTensor.from_sparse(tf.SparseTensor([[0, 0], [0, 1], [2, 0]], [1, 2, 3], [4, 3])), "int32", [[1, 2], [], [3], []]),
    (lambda v: v.x.to_tensor(), "int32", [[3, 1, 0], [0, 0, 0], [4, 1, 5]]),
    (lambda v: v.x.to_tensor(-1), "int32", [[3, 1, -1], [-1, -1, -1], [4, 1, 5]]),
    (lambda v: v.z.to_tensor(), "int32", [[[1, 2, 0], [3, 0, 0]], [[0, 0, 0], [0, 0, 0]], [[0, 0, 0], [4, 5, 6]]]),
    (lambda v: v.w.to_tensor("x"), "string", [[b"a", b"b"], [b"c", b"x"], [b"x", b"x"]]),
    (lambda v: v.i.to_tensor(), "float32", [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [0.0, 0.0]]]),
    (lambda v: v.x.to_sparse(), "sparse", [[[0, 0], [0, 1], [2, 0], [2, 1], [2, 2]], [3, 1, 4, 1, 5], [3, 3]]),
    (lambda v: v.z.to_sparse(), "sparse", [[[0, 0, 0], [0, 0, 1], [0, 1, 0], [2, 1, 0], [2, 1, 1], [2, 1, 2]], [1, 2, 3, 4, 5, 6], [3, 2, 3]]),
    (lambda v: v.x.row_lengths(), "int64", [2, 0, 3]),
    (lambda v: v.z.row_lengths(axis=2), "int64", [[2, 1], [], [0, 3]]),
    (lambda v: v.z.nested_row_lengths(), "int64", [[2, 0, 2], [2, 1, 0, 3]]),
    (lambda v: v.x.value_rowids(), "int64", [0, 0, 2, 2, 2]),
    (lambda v: v.x.nrows(), "int64", 3),
    (lambda v: v.x.bounding_shape(), "int64", [3, 3]),
    (lambda v: v.z.bounding_shape(), "int64", [3, 2, 3]),
    (lambda v: v.z.bounding_shape(axis=1), "int64", 2),
    (lambda v: v.i.bounding_shape(), "int64", [2, 2, 2]),
    (lambda v: v.x + v.x, "int32", [[6, 2], [], [8, 2, 10]]),
    (lambda v: v.x + 1, "int32", [[4, 2], [], [5, 2, 6]]),
    (lambda v: 10 - v.x, "int32", [[7, 9], [], [6, 9, 5]]),
    (lambda v: v.y * v.y, "float32", [[1.0, 4.0], [], [9.0, 16.0, 25.0]]),
    (lambda v: v.x * tf.constant([[1], [2], [3]]), "int32", [[3, 1], [], [12, 3, 15]]),
    (lambda v: v.z * tf.constant([[[1]], [[2]], [[3]]]), "int32", [[[1, 2], [3]], [], [[], [12, 15, 18]]]),
    (lambda v: v.i + tf.constant([10.0, 20.0]), "float32", [[[11.0, 22.0], [13.0, 24.0]], [[15.0, 26.0]]]),
    (lambda v: np.float32(2) * v.y, "float32", [[2.0, 4.0], [], [6.0, 8.0, 10.0]]),
    (lambda v: v.y / 2.0, "float32", [[0.5, 1.0], [], [1.5, 2.0, 2.5]]),
    (lambda v: -v.x, "int32", [[-3, -1], [], [-4, -1, -5]]),
    (lambda v: v.x > 2, "bool", [[True, False], [], [True, False, True]]),
    (lambda v: tf.logical_and(v.b, v.x > 2), "bool", [[True, False], [], [True, False, True]]),
    (lambda v: tf.sqrt(v.y), "float32", [[1.0, 1.4142135381698608], [], [1.7320507764816284, 2.0, 2.2360680103302]]),
    (lambda v: tf.cast(v.x, tf.float32), "float32", [[3.0, 1.0], [], [4.0, 1.0, 5.0]]),
    (lambda v: tf.add(v.x, v.x), "int32", [[6, 2], [], [8, 2, 10]]),
    (lambda v: tf.maximum(v.x, 2), "int32", [[3, 2], [], [4, 2, 5]]),
    (lambda v: abs(v.x), "int32", [[3, 1], [], [4, 1, 5]]),
    (lambda v: v.y ** 2.0, "float32", [[1.0, 4.0], [], [9.0, 16.0, 25.0]]),
    (lambda v: tf.reduce_sum(v.x), "int32", 14),
    (lambda v: tf.reduce_sum(v.x, axis=0), "int32", [7, 2, 5]),
    (lambda v: tf.reduce_sum(v.x, axis=1), "int32", [4, 0, 10]),
    (lambda v: tf.reduce_sum(v.z, axis=-1), "int32", [[3, 3], [], [0, 15]]),
    (lambda v: tf.reduce_sum(v.z, axis=0), "int32", [[1, 2], [7, 5, 6]]),
    (lambda v: tf.reduce_sum(v.z, axis=1), "int32", [[4, 2], [], [4, 5, 6]]),
    (lambda v: tf.reduce_sum(v.z, axis=[0, 1]), "int32", [8, 7, 6]),
    (lambda v: tf.reduce_sum(v.i, axis=2), "float32", [[3.0, 7.0], [11.0]]),
    (lambda v: tf.reduce_sum(v.i, axis=1), "float32", [[4.0, 6.0], [5.0, 6.0]]),
    (lambda v: tf.reduce_prod(v.x, axis=1), "int32", [3, 1, 20]),
    (lambda v: tf.reduce_max(v.x, axis=1), "int32", [3, -2147483648, 5]),
    (lambda v: tf.reduce_min(v.x, axis=0), "int32", [3, 1, 5]),
    (lambda v: tf.reduce_mean(v.y, axis=0), "float32", [2.0, 3.0, 5.0]),
    (lambda v: tf.reduce_mean(v.y, axis=1), "float32", [1.5, NAN, 4.0]),
    (lambda v: tf.reduce_all(v.b, axis=1), "bool", [False, True, True]),
    (lambda v: tf.reduce_any(v.b, axis=1), "bool", [True, False, True]),
    (lambda v: tf.reduce_all(v.b), "bool", False),
    (lambda v: tf.concat([v.x, v.x], axis=0), "int32", [[3, 1], [], [4, 1, 5], [3, 1], [], [4, 1, 5]]),
    (lambda v: tf.concat([v.x, v.x + 10, v.x], axis=1), "int32", [[3, 1, 13, 11, 3, 1], [], [4, 1, 5, 14, 11, 15, 4, 1, 5]]),
    (lambda v: tf.concat([v.z, v.z], axis=2), "int32", [[[1, 2, 1, 2], [3, 3]], [], [[], [4, 5, 6, 4, 5, 6]]]),
    (lambda v: tf.concat([v.z, v.z], axis=1), "int32", [[[1, 2], [3], [1, 2], [3]], [], [[], [4, 5, 6], [], [4, 5, 6]]]),
    (lambda v: tf.concat([v.x, tf.constant([[7], [8], [9]])], axis=1), "int32", [[3, 1, 7], [8], [4, 1, 5, 9]]),
    (lambda v: tf.stack([v.x, v.x]), "int32", [[[3, 1], [], [4, 1, 5]], [[3, 1], [], [4, 1, 5]]]),
    (lambda v: tf.stack([v.x, v.x + 1], axis=1), "int32", [[[3, 1], [4, 2]], [[], []], [[4, 1, 5], [5, 2, 6]]]),
    (lambda v: tf.ragged.stack([tf.constant([1, 2]), tf.constant([3])]), "int32", [[1, 2], [3]]),
    (lambda v: v.x[2], "int32", [4, 1, 5]),
    (lambda v: v.x[-1], "int32", [4, 1, 5]),
    (lambda v: v.z[0], "int32", [[1, 2], [3]]),
    (lambda v: v.x[0, 1], "int32", 1),
    (lambda v: v.x[1:], "int32", [[], [4, 1, 5]]),
    (lambda v: v.x[::-1], "int32", [[4, 1, 5], [], [3, 1]]),
    (lambda v: v.x[:, 1:], "int32", [[1], [], [1, 5]]),
    (lambda v: v.x[:, :-1], "int32", [[3], [], [4, 1]]),
    (lambda v: v.x[:, -2:], "int32", [[3, 1], [], [1, 5]]),
    (lambda v: v.x[:, ::2], "int32", [[3], [], [4, 5]]),
    (lambda v: v.x[:, ::-1], "int32", [[1, 3], [], [5, 1, 4]]),
    (lambda v: v.z[:, :, :1], "int32", [[[1], [3]], [], [[], [4]]]),
    (lambda v: v.z[:, 1:], "int32", [[[3]], [], [[4, 5, 6]]]),
    (lambda v: v.x[tf.newaxis], "int32", [[[3, 1], [], [4, 1, 5]]]),
    (lambda v: v.x[:, tf.newaxis], "int32", [[[3, 1]], [[]], [[4, 1, 5]]]),
    (lambda v: v.i[..., 0], "float32", [[1.0, 3.0], [5.0]]),
    (lambda v: v.z[2, 1, 1:], "int32", [5, 6]),
    (lambda v: tf.gather(v.x, [2, 0, 2]), "int32", [[4, 1, 5], [3, 1], [4, 1, 5]]),
    (lambda v: tf.gather(tf.constant([10, 20, 30, 40, 50, 60]), v.x), "int32", [[40, 20], [], [50, 20, 60]]),
    (lambda v: tf.expand_dims(v.x, 0), "int32", [[[3, 1], [], [4, 1, 5]]]),
    (lambda v: tf.expand_dims(v.x, 1), "int32", [[[3, 1]], [[]], [[4, 1, 5]]]),
    (lambda v: tf.expand_dims(v.x, 2), "int32", [[[3], [1]], [], [[4], [1], [5]]]),
    (lambda v: tf.ragged.map_flat_values(tf.one_hot, v.x, 6), "float32",
     [np.eye(6)[[3, 1]].tolist(), [], np.eye(6)[[4, 1, 5]].tolist()]),
    (lambda v: tf.ragged.map_flat_values(tf.add, v.x, v.x), "int32", [[6, 2], [], [8, 2, 10]]),
    (lambda v: tf.ragged.range([3, 0, 2]), "int32", [[0, 1, 2], [], [0, 1]]),
    (lambda v: tf.ragged.range([0, 5, 8], [3, 3, 12]), "int32", [[0, 1, 2], [], [8, 9, 10, 11]]),
    (lambda v: tf.ragged.range([0, 5, 8], [3, 3, 12], 2), "int32", [[0, 2], [], [8, 10]]),
    (lambda v: tf.ragged.range([0.0, 5.0], [1.0, 4.0], [0.25, -0.5]), "float32", [[0.0, 0.25, 0.5, 0.75], [5.0, 4.5]]),
    (lambda v: tf.ragged.range(4, [6, 9]), "int32", [[4, 5], [4, 5, 6, 7, 8]]),
    (lambda v: tf.ragged.boolean_mask(v.x, v.x > 1), "int32", [[3], [], [4, 5]]),
    (lambda v: tf.ragged.boolean_mask([[1, 2], [3, 4]], [[True, False], [True, True]]), "int32", [[1], [3, 4]]),
    (lambda v: tf.ragged.boolean_mask(v.x, [True, False, True]), "int32", [[3, 1], [4, 1, 5]]),
    (lambda v: tf.ragged.boolean_mask(v.z, tf.ragged.constant([[True, False], [], [True, True]])), "int32", [[[1, 2]], [], [[], [4, 5, 6]]]),
    (lambda v: tf.ragged.row_splits_to_segment_ids([0, 2, 2, 3]), "int64", [0, 0, 2]),
    (lambda v: tf.ragged.segment_ids_to_row_splits([0, 0, 2], num_segments=5), "int64", [0, 2, 2, 3, 3, 3]),
    (lambda v: tf.identity(v.x), "int32", [[3, 1], [], [4, 1, 5]]),
    (lambda v: tf.ones_like(v.x), "int32", [[1, 1], [], [1, 1, 1]]),
    (lambda v: tf.zeros_like(v.x), "int32", [[0, 0], [], [0, 0, 0]]),
    (lambda v: tf.size(v.x), "int32", 5),
    (lambda v: tf.rank(v.z), "int32", 3),
    (lambda v: tf.nn.embedding_lookup(tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 10.0], [1.0, 1.0]]), v.x), "float32",
     [[[7.0, 8.0], [3.0, 4.0]], [], [[9.0, 10.0], [3.0, 4.0], [1.0, 1.0]]]),
    (lambda v: tf.square(v.y), "float32", [[1.0, 4.0], [], [9.0, 16.0, 25.0]]),
    (lambda v: tf.gradients(tf.reduce_sum(tf.square(v.y).to_tensor()), v.y.flat_values)[0], "float32", [2.0, 4.0, 6.0, 8.0, 10.0]),
    (lambda v: tf.strings.length(v.w), "int32", [[1, 1], [1], []]),
    (lambda v: tf.where(v.x > 2, v.x, -v.x), "int32", [[3, -1], [], [4, -1, 5]]),
    (lambda v: tf.zeros_like(tensor=v.x), "int32", [[0, 0], [], [0, 0, 0]]),
]


@pytest.mark.parametrize("build, dtype, expected", ROWS)
def test_values_are_tensorflows(build, dtype, expected):
    found = shown(tf.Session(jit=False).run(build(made())))
    assert found[0] == dtype
    agree(found[1], expected)


def test_compiled_runs_give_the_same():
    v = made()
    fetches = [v.x + v.x, (v.y / 2.0).to_tensor(), tf.reduce_sum(v.z, axis=1), v.z.to_sparse(), v.x[:, 1:], tf.concat([v.x, v.x], 1),
               tf.gradients(tf.reduce_sum(tf.square(v.y).to_tensor()), v.y.flat_values)[0]]
    for one, other in zip(tf.Session().run(fetches), tf.Session(jit=False).run(fetches), strict=True):
        assert shown(one) == shown(other)


def test_shapes():
    v = made()
    for x, shape in ((v.x, [3, None]), (v.z, [3, None, None]), (v.i, [2, None, 2]), (v.x.to_tensor(), [3, None]), (v.i.to_tensor(), [2, None, 2])):
        assert x.shape.as_list() == shape


def test_a_placeholder_is_fed_and_rows_come_and_go():
    x = tf.ragged.placeholder(tf.float32, 2)
    session = tf.Session(jit=False)
    for rows in ([[[1.0], [2.0, 3.0]], []], [], [[], []], [[[]]]):
        value = tf.ragged.constant_value(rows, dtype=tf.float32, ragged_rank=2)
        got, total, dense = session.run([x * 2.0, tf.reduce_sum(x, axis=2), x.to_tensor()], {x: value})
        assert got.to_list() == [[[2 * n for n in r] for r in rs] for rs in rows]
        assert total.to_list() == [[sum(r) for r in rs] for rs in rows]
        assert dense.shape == (len(rows), max((len(rs) for rs in rows), default=0), max((len(r) for rs in rows for r in rs), default=0))
    with pytest.raises(FeedError, match=r"is fed a RaggedTensorValue\(values, row_splits\)"):
        session.run(x.values, {x: [1.0]})


def test_gradients_flow_through_values():
    values = tf.Variable([1.0, 2.0, 3.0, 4.0])
    x = tf.RaggedTensor.from_row_lengths(values, [1, 0, 3])
    loss = tf.reduce_sum(tf.square(tf.reduce_sum(x * x, axis=1))) + tf.reduce_max(x[:, :1].to_tensor())
    got = tf.Session(jit=False).run(tf.gradients(loss, values)[0])
    # Sums of squares 1, 0 and 29, each times twice twice the values; the greatest first value is the second one.
    np.testing.assert_allclose(got, [2 * 1 * 2 * 1, 2 * 29 * 2 * 2 + 1, 2 * 29 * 2 * 3, 2 * 29 * 2 * 4], rtol=1e-6)


def test_rows_are_gone_through_where_their_number_is_known():
    assert [r.tolist() for r in tf.Session(jit=False).run(list(made().x))] == [[3, 1], [], [4, 1, 5]]
    with pytest.raises(DTypeError, match="a number of rows that a run alone knows"):
        list(tf.ragged.placeholder(tf.float32, 1))


def test_values_of_runs_say_what_they_are():
    value = tf.Session(jit=False).run(made().z)
    assert (value.ragged_rank, value.shape, value.dtype) == (2, (3, None, None), np.int32)
    assert [s.tolist() for s in value.nested_row_splits] == [[0, 2, 2, 4], [0, 2, 3, 3, 6]]
    assert repr(made().x).startswith("<RaggedTensor Const") and "int32[3,?]" in repr(made().x)


R = tf.RaggedTensor


@pytest.mark.parametrize("build, error, message", [
    (lambda v: R.from_row_splits([1, 2], [0, 3]), InvalidArgumentError, "row splits ascend from 0 to the number of values, 2"),
    (lambda v: R.from_row_lengths([1, 2], [1, 3]), InvalidArgumentError, "row splits ascend"),
    (lambda v: R.from_row_splits([1, 2], [0, 2, 1, 2]), InvalidArgumentError, "row splits ascend"),
    (lambda v: R.from_value_rowids([1, 2], [1, 0]), InvalidArgumentError, "the rows of values ascend from 0 or above"),
    (lambda v: R.from_value_rowids([1, 2], [0, 5], nrows=2), InvalidArgumentError, "index 5 is not in"),
    (lambda v: R.from_sparse(tf.SparseTensor([[0, 1]], [1], [1, 2])), InvalidArgumentError, "rows have gaps.*column 1, where 0 is next"),
    (lambda v: v.x + v.x[::-1], InvalidArgumentError, "rows of one length each, and these differ"),
    (lambda v: R(1, [0, 1]), ShapeError, "row_splits is a vector and values has rows"),
    (lambda v: R.from_tensor([1, 2]), ShapeError, "has no 1 axes within its rows"),
    (lambda v: R.from_tensor([[1]], lengths=[1], padding=0), GraphError, "lengths or a padding"),
    (lambda v: v.x + tf.constant([1, 2, 3]), ShapeError, "does not broadcast over the rows"),
    (lambda v: v.x * tf.ones([3, 3], tf.int32), ShapeError, "is 1 long along ragged axes"),
    (lambda v: v.x + v.z, ShapeError, "as many ragged axes"),
    (lambda v: tf.matmul(v.x, v.x), DTypeError, r"matmul: .* is ragged, and wanted as a tensor; its to_tensor\(\) makes it one"),
    (lambda v: tf.reshape(v.x, [-1]), DTypeError, "is ragged, and wanted as a tensor"),
    (lambda v: tf.reduce_sum(v.x, axis=2), ShapeError, "there is no axis 2 of 2"),
    (lambda v: tf.reduce_sum(v.x, axis=1, keepdims=True), GraphError, "keepdims is not offered for ragged tensors"),
    (lambda v: tf.concat([v.x, v.z], 0), DTypeError, "of one dtype and as many ragged axes"),
    (lambda v: v.x[:, 0], ShapeError, "takes slices, not the index 0"),
    (lambda v: v.x["a"], DTypeError, "an index of a ragged tensor"),
    (lambda v: v.x[:, ::0], DTypeError, "step of a slice"),
    (lambda v: tf.gather(v.x, [0], axis=1), ShapeError, "along axis 0"),
    (lambda v: tf.ragged.constant([[1], 2]), GraphError, "all values stand equally deep, and not 0 and 1"),
    (lambda v: tf.ragged.constant([[1]], ragged_rank=3), GraphError, "ragged_rank is from 0 to 1"),
    (lambda v: tf.ragged.constant([[[1], [2, 3]]], ragged_rank=1), ShapeError, "^ragged.constant: values of one shape"),
    (lambda v: tf.ragged.map_flat_values(tf.reduce_sum, v.x), GraphError, "as many values as it is given"),
    (lambda v: tf.ragged.range([["a"]]), DTypeError, "takes numbers"),
    (lambda v: tf.ragged.boolean_mask([1], v.b), DTypeError, "beside a ragged mask data are ragged"),
    (lambda v: v.x.row_lengths(axis=2), ShapeError, "ragged axes from 1 to 1"),
    (lambda v: tf.ragged.placeholder(tf.float32, -1), GraphError, "ragged_rank is 0 or more"),
    (lambda v: v.x[5], InvalidArgumentError, "gather"),
])
def test_refusals(build, error, message):
    with pytest.raises(error, match=message):
        tf.Session(jit=False).run(build(made()))


# ---------------------------------------------------------------------- specs

@pytest.mark.parametrize("spec, value, fits", [
    (lambda: tf.TensorSpec([None, 2], tf.float32), lambda v: tf.zeros([3, 2]), True),
    (lambda: tf.TensorSpec([None, 2], tf.float32), lambda v: np.zeros((3, 2), "f4"), True),
    (lambda: tf.TensorSpec([None, 2], tf.float32), lambda v: tf.zeros([3, 2], tf.float64), False),
    (lambda: tf.TensorSpec([2], tf.int32), lambda v: v.x, False),
    (lambda: tf.TensorSpec(None, tf.int32), lambda v: tf.TensorSpec([4], tf.int32), True),
    (lambda: tf.SparseTensorSpec([None, None], tf.int32), lambda v: v.x.to_sparse(), True),
    (lambda: tf.SparseTensorSpec([None, None], tf.int32), lambda v: v.x, False),
    (lambda: tf.RaggedTensorSpec([3, None], tf.int32), lambda v: v.x, True),
    (lambda: tf.RaggedTensorSpec([3, None, None], tf.int32, ragged_rank=1), lambda v: v.z, False),
    (lambda: tf.RaggedTensorSpec([2, None, 2], tf.float32, ragged_rank=1), lambda v: v.i, True),
])
def test_specs_fit(spec, value, fits):
    assert spec().is_compatible_with(value(made())) is fits


def test_specs_are_equal_by_what_they_say():
    assert tf.TensorSpec([None, 1], "float32", "a") == tf.TensorSpec([None, 1], tf.float32, "a") != tf.TensorSpec([None, 1], tf.float32)
    assert len({tf.RaggedTensorSpec([None, None]), tf.RaggedTensorSpec([None, None]), tf.SparseTensorSpec([None, None])}) == 2
    x = tf.zeros([2], name="x")
    assert tf.TensorSpec.from_tensor(x) == tf.TensorSpec([2], tf.float32, "x")
    assert tf.TensorSpec.from_spec(tf.TensorSpec([2], tf.float32), "y").name == "y"
    assert repr(tf.TensorSpec([2], tf.float32)) == "TensorSpec(shape=(2,), dtype=graphc.float32, name=None)"
    for build in (lambda: tf.RaggedTensorSpec(), lambda: tf.RaggedTensorSpec([2, None], ragged_rank=2), lambda: tf.TensorSpec.from_tensor(1)):
        with pytest.raises(GraphError):
            build()
