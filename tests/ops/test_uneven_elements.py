"""Elements of a `TensorArray` that have different shapes: what is said of them where they are written, in loops of every kind."""

from __future__ import annotations

import pytest

import graphc as tf
from graphc import errors
from graphc.ops.uneven import cut_row


def written_in_a_loop(array, rows, more=lambda i, x: i < 3):
    """`array` after a loop that writes `rows(i, x)` at i."""
    x = tf.placeholder_with_default(tf.ones([3, 2]), [None, 2])
    return tf.while_loop(lambda i, a: more(i, x), lambda i, a: (i + 1, a.write(i, rows(i, x))), [0, array])[1].concat()


# Elements of different shapes, which TensorFlow 2.15 joins and reads with infer_shape=False, and refuses without it: here they have one.
UNEVEN = {
    "counted": (lambda a: written_in_a_loop(a, lambda i, x: tf.fill(tf.stack([i + 1, 2]), 1.0)),
                r"\(1, 2\) and \(3, 2\): elements of the TensorArray"),
    "slices": (lambda a: written_in_a_loop(a, lambda i, x: x[:i]), r"\(0, 2\) and \(2, 2\): elements of the TensorArray parts have one"),
    "a condition": (lambda a: written_in_a_loop(a, lambda i, x: x[:i + 1], lambda i, x: tf.reduce_sum(x[:i]) < 6),
                    r"parts has elements of shape \[1,2\], and is given one of shape \[2,2\](.|\n)*in iteration 1 of while"),
    "two arrays": (lambda a: written_in_a_loop(tf.TensorArray(tf.float32, 3, tensor_array_name="even"), lambda i, x: x)[:0] +
                   written_in_a_loop(a, lambda i, x: x[:i])[:0], "elements of the TensorArray parts have one"),
    "writes": (lambda a: a.write(0, tf.zeros([1, 2])).write(1, tf.zeros([3, 2])).concat(), r"parts.write: .* is not of the shape \[1,2\]"),
    "pieces": (lambda a: a.split(tf.zeros([4, 2]), [1, 2, 1]).concat(), r"parts: elements have one shape, and the pieces are \[1, 2, 1\] long"),
}


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("given", [None, [None, 2]], ids=str)
@pytest.mark.parametrize("use, message", UNEVEN.values(), ids=UNEVEN)
def test_elements_of_different_shapes_are_refused_by_name(use, message, given, jit):
    with tf.Session(jit=jit) as session, pytest.raises((errors.InvalidArgumentError, errors.ShapeError), match=message) as e:
        session.run(use(tf.TensorArray(tf.float32, 3, infer_shape=False, element_shape=given, tensor_array_name="parts")))
    assert "parts" in str(e.value) and "test_uneven_elements.py:" in str(e.value)


@pytest.mark.parametrize("sizes", [[2, 3], [1], [1, -1]], ids=str)
def test_what_is_not_there_cannot_be_cut(sizes):
    with pytest.raises(errors.ShapeError, match=r"of \[1,1\] there are not the first \[.*\] elements\n  at test_uneven_elements.py:"):
        cut_row(tf.zeros([1, 1]), sizes)
