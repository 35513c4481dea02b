"""What programs take of TensorFlow's inner modules of recurrence, by rows: `_concat`, `_like_rnncell` and their kin, all of a module's names."""

from __future__ import annotations

from typing import Any

import pytest

import graphc as tf

C, R = tf.python.ops.rnn_cell_impl, tf.python.ops.rnn


def fed(*dims: Any) -> Any:
    return tf.placeholder(tf.float32, dims)


def ran(x: Any) -> list[int]:
    with tf.Session(jit=False) as session:
        return session.run(x).tolist()


@pytest.mark.parametrize("call, value", [
    (lambda: ran(C._concat(3, tf.TensorShape([4, 5]))), [3, 4, 5]), (lambda: ran(C._concat(tf.constant(3), 4)), [3, 4]),
    (lambda: ran(C._concat(tf.constant([2, 3]), [])), [2, 3]), (lambda: C._concat(3, [None, 2], static=True), [3, None, 2]),
    (lambda: C._concat(tf.constant(3), 4, static=True), [3, 4]), (lambda: C._concat(tf.shape(fed(None, 2))[0], [4], static=True), [None, 4]),
    (lambda: C._concat(3, tf.TensorShape(None), static=True), None),
    (lambda: [C._like_rnncell(c) for c in (tf.nn.rnn_cell.GRUCell(2), tf.nn.rnn_cell.GRUCell, "cell")], [True, True, False]),
    (lambda: C.assert_like_rnncell("cell", tf.nn.rnn_cell.GRUCell(2)), None), (lambda: C._WEIGHTS_VARIABLE_NAME, "kernel"),
    (lambda: R._transpose_batch_time(fed(2, None, 3)).shape.as_list(), [None, 2, 3]),
    (lambda: ran(R._transpose_batch_time(tf.placeholder_with_default([[1, 2], [3, 4]], None))), [[1, 3], [2, 4]]),
    (lambda: R._best_effort_input_batch_size([fed(None, None, 1), fed(None, 7, 1)]), 7),
    (lambda: R._best_effort_input_batch_size([fed(None, None, 1)]).dtype, tf.int32),
    (lambda: [R._infer_state_dtype(None, (tf.zeros([1]), tf.ones([1]))), R._infer_state_dtype(tf.int32, None)], [tf.float32, tf.int32]),
])
def test_inner_names(call: Any, value: Any) -> None:
    with tf.Graph().as_default():
        assert call() == value


@pytest.mark.parametrize("call, kind, said", [
    (lambda: C._concat(fed(2, 2), 3), tf.errors.ShapeError, "a size or a vector of them"),
    (lambda: C._concat([None], 3), tf.errors.ShapeError, "is not known; with static=True"),
    (lambda: C.assert_like_rnncell("cell_fw", "cell"), tf.errors.GraphError, "cell_fw is no RNNCell: it has no output_size"),
    (lambda: R._transpose_batch_time(fed(2)), tf.errors.ShapeError, "an axis of the batch and one of time"),
    (lambda: R._best_effort_input_batch_size([fed(2)]), tf.errors.ShapeError, "an axis of time and one of the batch"),
    (lambda: R._infer_state_dtype(None, (tf.zeros([1]), tf.zeros([1], tf.int32))), tf.errors.DTypeError, "not float32, int32"),
    (lambda: R._infer_state_dtype(None, ()), tf.errors.DTypeError, "not none"),
])
def test_inner_names_refused(call: Any, kind: type[Exception], said: str) -> None:
    with tf.Graph().as_default(), pytest.raises(kind, match=said):
        call()


def test_all_names_of_an_inner_module() -> None:
    taken: dict[str, Any] = {}
    exec("from graphc.python.ops.rnn_cell import *", taken)  # noqa: S102
    assert taken["RNNCell"] is tf.nn.rnn_cell.RNNCell and taken["LSTMStateTuple"] is tf.nn.rnn_cell.LSTMStateTuple
