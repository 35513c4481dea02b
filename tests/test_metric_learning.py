"""Losses of embeddings and places in pictures, against values of TensorFlow 1.15's own formulas and against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf

M = tf.contrib.losses.metric_learning
LABELS = [0, 0, 1, 2, 1, 0]
X = (np.arange(18).reshape(6, 3) ** 1.5 % 2.3).astype(np.float32)
Y = np.cos(X)
SPARSE = [[0], [0, 1], [1], [2], [1, 3], [0, 3]]


def several():
    return [tf.SparseTensor(np.array([[i] for i in of], np.int64), [1] * len(of), [4]) for of in SPARSE]


# A loss, and what TensorFlow 1.15's formula gives under TensorFlow 2.15.
LOSSES = [
    (lambda: M.contrastive_loss([1, 0, 1, 0, 0, 1], X, Y, 2.0), 2.1233332),
    (lambda: M.triplet_semihard_loss(LABELS, X), 0.69115293),
    (lambda: M.triplet_semihard_loss(LABELS, X, 0.2), 0.14391412),
    (lambda: M.npairs_loss(LABELS, X, Y), 2.836242),
    (lambda: M.lifted_struct_loss(LABELS, X), 3.9244986),
    (lambda: M.lifted_struct_loss(LABELS, X, 3.0), 11.501505),
    (lambda: M.npairs_loss_multilabel(several(), X, Y, 0.1), 3.0940306),
]


@pytest.mark.parametrize("loss, wanted", LOSSES)
def test_losses_of_embeddings(loss, wanted):
    np.testing.assert_allclose(tf.Session(jit=False).run(loss()), wanted, rtol=3e-6)


@pytest.mark.parametrize("loss", [M.triplet_semihard_loss, M.lifted_struct_loss])
def test_losses_have_gradients_where_points_meet(loss):
    x = tf.constant(np.concatenate([X, X[:1]]), tf.float64)
    found = tf.Session(jit=False).run(tf.gradients(loss(LABELS + [0], x), x)[0])
    assert np.isfinite(found).all() and np.abs(found).max() > 0


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_places_in_pictures(data_format):
    pictures = np.random.default_rng(0).normal(size=[2, 4, 3, 5]).astype(np.float32)
    given = pictures if data_format == "NHWC" else pictures.transpose(0, 3, 1, 2)
    found = tf.contrib.layers.spatial_softmax(tf.constant(given), 0.5, data_format=data_format)
    share = np.exp(pictures / 0.5)
    share /= share.sum((1, 2), keepdims=True)
    rows, columns = np.linspace(-1, 1, 4)[:, None, None], np.linspace(-1, 1, 3)[None, :, None]
    wanted = np.stack([(share * rows).sum((1, 2)), (share * columns).sum((1, 2))], -1).reshape(2, 10)
    np.testing.assert_allclose(tf.Session(jit=False).run(found), wanted, rtol=1e-4, atol=1e-6)
    assert [v.op.name for v in tf.trainable_variables()] == ["spatial_softmax/temperature"] and found.shape == [2, 10]
    assert tf.gradients(found, tf.trainable_variables())[0] is not None and len(tf.contrib.framework.get_model_variables()) == 1


@pytest.mark.parametrize("mistake, error, words", [
    (lambda: M.contrastive_loss([1], [[1]], [[1.0]]), tf.errors.DTypeError, "are not floating"),
    (lambda: M.triplet_semihard_loss([[0]], [[1.0]]), tf.errors.ShapeError, "are no vector"),
    (lambda: M.lifted_struct_loss([0], [1.0]), tf.errors.ShapeError, "are no matrix"),
    (lambda: M.npairs_loss_multilabel([[0]], [[1.0]], [[1.0]]), tf.errors.DTypeError, "a list of SparseTensors"),
    (lambda: tf.contrib.layers.spatial_softmax(tf.zeros([1, 2, 2, 1]), data_format="NWHC"), tf.errors.GraphError, "NHWC or NCHW"),
    (lambda: tf.contrib.layers.spatial_softmax(tf.zeros([2, 2, 1])), tf.errors.ShapeError, "is no batch of pictures"),
])
def test_mistakes(mistake, error, words):
    with pytest.raises(error, match=words):
        mistake()
