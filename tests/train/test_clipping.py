"""Clipped gradients at the edges: of rows of tensors, and where all is zero."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf

ROWS = np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)
# (how slices of ROWS are clipped, what of their values is left)
SLICES = [
    ("norm", lambda t: tf.clip_by_norm(t, 1.0), ROWS / 5),
    ("norm of each row", lambda t: tf.clip_by_norm(t, 1.0, axes=[1]), ROWS / 5),
    ("average", lambda t: tf.clip_by_average_norm(t, 1.0), ROWS * 4 / 5),
    ("global", lambda t: tf.clip_by_global_norm([None, t], 2.5)[0][1], ROWS / 2),
]


@pytest.mark.parametrize("clip, left", [row[1:] for row in SLICES], ids=[row[0] for row in SLICES])
@pytest.mark.parametrize("dense_shape", [None, [6, 2]], ids=["of unknown shape", "of known shape"])
def test_slices_stay_slices(clip, left, dense_shape, session):
    clipped = clip(tf.IndexedSlices(ROWS, [4, 1], dense_shape))
    assert isinstance(clipped, tf.IndexedSlices)
    found = session.run(clipped)
    np.testing.assert_allclose(found.values, left, rtol=1e-6)
    assert found.indices.tolist() == [4, 1]


@pytest.mark.parametrize("clip", [tf.clip_by_norm, tf.clip_by_average_norm])
def test_nothing_is_divided_by_the_norm_of_zeros(clip, session):
    x = tf.placeholder(tf.float32, [2])
    y = clip(x, 1.0)
    with tf.control_dependencies([tf.add_check_numerics_ops()]):
        checked = [tf.identity(y), *tf.gradients(y, x)]
    value, gradient = session.run(checked, {x: [0.0, 0.0]})
    assert value.tolist() == [0, 0] and gradient.tolist() == [1, 1]
    assert session.run(clip(x, 0.0), {x: [0.0, 0.0]}).tolist() == [0, 0]
