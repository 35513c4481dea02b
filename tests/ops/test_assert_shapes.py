"""`tf.debugging.assert_shapes`: what holds, what is refused at once and what by a run, as in TensorFlow, in both executors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import InvalidArgumentError, ShapeError

A, B = np.zeros((2, 3)), np.zeros((3, 4))
# Shapes of two operands that TensorFlow 2.15 takes for A and B.
HOLD: list[tuple[Any, Any]] = [
    (("N", "D"), ("D", "M")), ((2, 3), (3, 4)), (("2", 3), (None, 4)), ((".", "D"), ("D", ".")), ((..., "D"), ("D", 4)), (("*", "N", "D"), ("*", 4)),
    (None, ("D", "M")), ("ND", "DM"), ([2, 3], np.array([3, 4])), ((..., "a", 3), (..., 3, "b")),
]
# And that it does not take | part of what is said.
FAIL: list[tuple[Any, Any, str]] = [
    (("N", "N"), ("D", "M"), "has the size 3, not 2 of 'N', which is that of axis 0"), (("N", "D"), ("N", "M"), "has the size 3, not 2 of 'N'"),
    ((2, 4), None, "axis 1 of .* has the size 3, not 4"), ((2,), None, "has rank 2, not one of"), ((2, 3, 1), None, "has rank 2, not 3"),
    ((...,), None, "axis -1 of .* has the size 3, not 1"), ((..., 2, 3, 1), None, "has rank 2, not at least 3"),
    (("*", "D"), (..., "D"), "has the size 4, not 3 of 'D'"),
]


def constants() -> tuple[Any, Any]:
    return tf.constant(A), tf.constant(B)


def fed(shape: Any) -> Callable[[], tuple[Any, Any]]:
    return lambda: (tf.placeholder(tf.float64, shape, name="a"), tf.placeholder(tf.float64, shape, name="b"))


OPERANDS = [constants, fed([None, None]), fed(None)]


@pytest.mark.parametrize("operands", OPERANDS)
@pytest.mark.parametrize("a, b", HOLD)
def test_holds(a: Any, b: Any, operands: Callable[[], tuple[Any, Any]], session: tf.Session) -> None:
    x, y = operands()
    with tf.control_dependencies([tf.debugging.assert_shapes([(x, a), (y, b)])]):
        total = tf.reduce_sum(x) + tf.reduce_sum(y)
    assert session.run(total, {x: A, y: B}) == 0.0
    session.run(tf.debugging.assert_shapes({x: a, y: b}), {x: A, y: B})


@pytest.mark.parametrize("operands", OPERANDS)
@pytest.mark.parametrize("a, b, text", FAIL)
def test_fails(a: Any, b: Any, text: str, operands: Callable[[], tuple[Any, Any]], session: tf.Session) -> None:
    x, y = operands()
    if operands is constants:
        with pytest.raises(ShapeError, match=text):
            tf.debugging.assert_shapes([(x, a), (y, b)])
        return
    with pytest.raises((InvalidArgumentError, ShapeError)):
        session.run(tf.debugging.assert_shapes([(x, a), (y, b)], message="my shapes"), {x: A, y: B})


@pytest.mark.parametrize("value, shape, holds", [
    (1.0, (), True), (1.0, (1,), True), (1.0, ("N",), True), (1.0, (2,), False), ([1.0, 2.0], (), False), ([1.0], (), True), (1.0, ("*", 1), True),
    (1.0, ("*", 2), False), ([1.0, 2.0], (2,), True),
])
@pytest.mark.parametrize("known", [True, False])
def test_scalars_are_vectors_of_one(value: Any, shape: Any, holds: bool, known: bool, session: tf.Session) -> None:
    x = tf.placeholder(tf.float32, np.shape(value) if known else None)
    if holds:
        session.run(tf.debugging.assert_shapes([(x, shape)]), {x: value})
    else:
        with pytest.raises((InvalidArgumentError, ShapeError), match="assert_shapes"):
            session.run(tf.debugging.assert_shapes([(x, shape)]), {x: value})


def test_what_is_said_in_a_run(session: tf.Session) -> None:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    check = tf.debugging.assert_shapes([(x, ("N", "N"))], message="square")
    session.run(check, {x: np.zeros((3, 3))})
    with pytest.raises(InvalidArgumentError, match="square. assert_shapes: axis 1 of x.* has the size.*3.*not.*2.*of 'N'"):
        session.run(check, {x: np.zeros((2, 3))})


@pytest.mark.parametrize("shape", [3, 2.0, ("N", ...), ("N", "*", 2)])
def test_no_shapes(shape: Any) -> None:
    with pytest.raises(ShapeError, match="assert_shapes: the shape of"):
        tf.debugging.assert_shapes([(tf.zeros([2, 2]), shape)])
