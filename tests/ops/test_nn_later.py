"""Late names of `tf.nn`: values as TensorFlow 2.15 gives them, and the older names that they must agree with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf

X = np.round(np.sin(np.arange(4 * 2 * 3)).reshape(4, 2, 3), 3).astype(np.float32)

# Labels, the blank, the loss that TensorFlow 2.15 gives of X with lengths of [2, 1] labels and [4, 3] steps.
CTC = [
    ([[1, 2], [2, 0]], {}, [1.3779265880584717, 1.586883544921875]),
    ([[2, 0], [2, 0]], {"blank_index": 1}, [2.3857064247131348, 3.177309036254883]),
    ([[1, 0], [0, 0]], {"blank_index": -1}, [2.1377944946289062, 0.9584370851516724]),
]


@pytest.mark.parametrize("labels, options, wanted", CTC)
@pytest.mark.parametrize("time_major", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
def test_ctc_loss_of_any_blank(labels: Any, options: Any, wanted: Any, time_major: bool, sparse: bool) -> None:
    given: Any = tf.constant(labels)
    if sparse:
        given = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [labels[0][0], labels[0][1], labels[1][0]], [2, 2])
        options = {"blank_index": 0, **options}
    x = X if time_major else X.swapaxes(0, 1)
    loss = tf.nn.ctc_loss_v2(given, tf.constant(x), [2, 1], [4, 3], logits_time_major=time_major, **options)
    with tf.Session(jit=False) as session:
        np.testing.assert_allclose(session.run(loss), wanted, rtol=1e-6)


def test_averages_of_losses() -> None:
    losses = [[1.0, 2.0], [3.0, 4.0]]
    with tf.Session(jit=False) as session:
        assert session.run(tf.nn.compute_average_loss(losses, sample_weight=[[1.0], [2.0]])) == 8.5
        assert session.run(tf.nn.compute_average_loss([1.0, 2.0], global_batch_size=4)) == 0.75
        assert session.run(tf.nn.scale_regularization_loss([1.0, 2.0])) == 3.0


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_transposed_convolutions_by_their_filter(axes: int) -> None:
    x, w = np.arange(2.0 ** axes).reshape(1, *[2] * axes, 1), np.arange(1.0, 2.0 ** axes + 1).reshape(*[2] * axes, 1, 1)
    make = {1: tf.nn.conv1d_transpose, 2: tf.nn.conv2d_transpose, 3: tf.nn.conv3d_transpose}[axes]
    whole = [1, *[4] * axes, 1]
    with tf.Session(jit=False) as session:
        np.testing.assert_array_equal(*session.run([tf.nn.conv_transpose(x, w, whole, 2), make(x, w, whole, 2)]))


def test_pools() -> None:
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    with tf.Session(jit=False) as session:
        np.testing.assert_array_equal(session.run(tf.nn.max_pool_v2(x, 2, 2, "VALID")).ravel(), [5, 7, 13, 15])
        np.testing.assert_array_equal(session.run(tf.nn.avg_pool_v2(x, 2, 2, "VALID")).ravel(), [2.5, 4.5, 10.5, 12.5])


MISTAKES = {
    "no such blank": (lambda: tf.nn.ctc_loss_v2([[1]], X, [1], [4], blank_index=3), tf.errors.GraphError, "the blank 3 is none of 3 classes"),
    "no blank of sparse labels": (lambda: tf.nn.ctc_loss_v2(tf.SparseTensor([[0, 0]], [1], [2, 1]), X, [1], [4]),
                                  tf.errors.GraphError, "blank_index"),
    "no classes": (lambda: tf.nn.ctc_loss_v2([[1]], tf.placeholder(tf.float32), [1], [4]), tf.errors.ShapeError, "known number of classes"),
    "no filter": (lambda: tf.nn.conv_transpose([[[1.0]]], [[1.0]], [1, 1, 1], 1), tf.errors.ShapeError, "is no filter over"),
    "losses that are whole": (lambda: tf.nn.compute_average_loss([1, 2]), tf.errors.DTypeError, "not of a floating dtype"),
    "labels that are no matrix": (lambda: tf.nn.collapse_repeated([1], [1]), tf.errors.ShapeError, "is no matrix"),
}


@pytest.mark.parametrize("build, error, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes(build: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        build()
