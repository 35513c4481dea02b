"""What the passes make of views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

X = np.arange(12, dtype=np.float32).reshape(4, 1, 3)

# (what is done with x: float32[4,1,3], the operators that are left of it behind a sine)
VIEWS: list[tuple[Callable[[Any], Any], list[str]]] = [
    (lambda x: x[:, :, None], ["reshape"]),
    (lambda x: x[:, 0], ["reshape"]),
    (lambda x: x[0:4, ..., :3], []),
    (lambda x: x[:, ::-1], []),
    (lambda x: tf.transpose(x, [1, 0, 2]), ["reshape"]),
    (lambda x: tf.reverse(x, [1]), []),
    (lambda x: tf.broadcast_to(x, [1, 4, 1, 3]), ["reshape"]),
    (lambda x: x[::-1], ["strided_slice"]),
    (lambda x: x[1:], ["strided_slice"]),
    (lambda x: x[:, :, 1], ["strided_slice"]),
    (lambda x: tf.transpose(x), ["transpose"]),
    (lambda x: tf.reverse(x, [2]), ["reverse"]),
    (lambda x: tf.broadcast_to(x, [4, 2, 3]), ["broadcast_to"]),
]


@pytest.mark.parametrize(("view", "left"), VIEWS)
def test_views_of_all_elements_in_order_are_reshapes(view: Callable[[Any], Any], left: list[str]) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, X.shape)
        y = view(tf.sin(x))
        np.testing.assert_array_equal(session.run(y, {x: X}), tf.Session(jit=False).run(view(tf.constant(session.run(tf.sin(x), {x: X})))))
        order = session.explain(y, {x: X}).program.plan.order
    assert [n.operator.name for n in order if n.operator.name not in ("placeholder", "sin")] == left


def test_rows_normalised_by_means_with_an_axis_more_are_one_kernel() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, (40, 30))
        centred = x - tf.reduce_mean(x, 1)[:, None]
        y = centred / tf.sqrt(tf.reduce_mean(centred * centred, 1))[:, None]
        assert [s.kind for s in session.explain(y, {x: np.ones((40, 30))}).steps] == ["row"]
