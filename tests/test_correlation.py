"""Covariance and correlation over batches, of `contrib.metrics`, against NumPy's of all elements at once."""

import numpy as np
import pytest

import graphc as tf
from graphc.errors import ShapeError


@pytest.mark.parametrize("sizes", [(5,), (1, 1, 3), (4, 0, 7, 2)])
@pytest.mark.parametrize("weighted", [False, True])
def test_over_batches(sizes, weighted):
    rng = np.random.default_rng(7)
    p, y, w = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
    options = {"weights": w} if weighted else {}
    covariance = tf.contrib.metrics.streaming_covariance(p, y, **options)
    correlation = tf.contrib.metrics.streaming_pearson_correlation(p, y, **options)
    with tf.Session(jit=False) as sess:
        assert np.isnan(sess.run([covariance[0], correlation[0]])).all()
        seen = np.zeros((3, 0), np.float32)
        for size in sizes:
            batch = rng.normal(3.0, 2.0, (2, size)).astype(np.float32)
            counts = rng.integers(0, 3, size).astype(np.float32) if weighted else np.ones(size, np.float32)
            seen = np.concatenate([seen, [*batch, counts]], 1)
            updated = sess.run([covariance[1], correlation[1]], {p: batch[0], y: batch[1], w: counts})
            np.testing.assert_array_equal(sess.run([covariance[0], correlation[0]]), updated)
            if seen[2].sum() < 2:
                assert np.isnan(updated).all()
                continue
            rows = np.repeat(seen[:2].astype(float), seen[2].astype(int), 1)        # a weight is how often an element counts
            np.testing.assert_allclose(updated[0], np.cov(rows)[0, 1], rtol=1e-4, atol=1e-5)
            if len(set(rows[0])) > 1:
                np.testing.assert_allclose(updated[1], np.corrcoef(rows)[0, 1], rtol=1e-4, atol=1e-5)


def test_collections_and_variables():
    pair = tf.contrib.metrics.streaming_pearson_correlation(tf.zeros([3]), tf.zeros([3]), metrics_collections="m", updates_collections=["u"])
    assert (tf.get_collection("m"), tf.get_collection("u")) == ([pair[0]], [pair[1]])
    assert [v.op.name for v in tf.local_variables()][:4] == [f"pearson_r/covariance/{part}" for part in
                                                             ("count", "mean_prediction", "mean_label", "comoment")]


@pytest.mark.parametrize("metric", [tf.contrib.metrics.streaming_covariance, tf.contrib.metrics.streaming_pearson_correlation])
def test_two_shapes_are_refused(metric):
    with pytest.raises(ShapeError, match=r"are of two shapes"):
        metric(tf.zeros([3]), tf.zeros([4]))
