"""Integers divided by zero: an error of the run, as TensorFlow's, wherever the divisor comes from, and in what runs at no cost of values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf

# Rounded down, and towards zero; the remainders beside them: exact, by Python's own integers.
DIVISIONS = {
    "floordiv": lambda x, y: x // y, "floormod": lambda x, y: x % y, "div": lambda x, y: x // y, "mod": lambda x, y: x % y,
    "truncatediv": lambda x, y: int(x / y), "truncatemod": lambda x, y: x - y * int(x / y),
}
X = [7, -7, 5, 0, -128]


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("dtype", ["int8", "int32", "int64"])
@pytest.mark.parametrize("name", DIVISIONS)
def test_divisors_that_a_run_brings(name: str, dtype: str, jit: bool) -> None:
    x, y = tf.placeholder(dtype, [None]), tf.placeholder(dtype, [None])
    z = getattr(tf, name)(x, y)
    with tf.Session(jit=jit) as session:
        for divisors in ([2, 3, -3, 5, 7], [1, -2, 100, -1, 3], [4]):
            wanted = [DIVISIONS[name](a, b) for a, b in zip(X, divisors * (5 if len(divisors) == 1 else 1), strict=True)]
            np.testing.assert_array_equal(session.run(z, {x: X, y: divisors}), wanted)
        for divisors in ([2, 3, 0, 5, 7], [0]):
            with pytest.raises(tf.errors.InvalidArgumentError, match=r"an integer is divided by 0\n  at test_integer_division.py:\d+"):
                session.run(z, {x: X, y: divisors})
        assert session.run(z, {x: [], y: [0]}).shape == (0,)


def in_a_loop(n: Any) -> Any:
    return tf.while_loop(lambda i, total: i < 5, lambda i, total: (i + 1, total + 60 // (i - n)), [0, 0])[1]


ELSEWHERE = {
    "a known divisor": (lambda n: tf.fill([2], n) // tf.constant([1, 0]), None, 4),
    "two known numbers": (lambda n: tf.constant(7) // tf.constant(0) + n, None, 4),
    "a range's step": (lambda n: tf.range(0, 6, n), [0, 2, 4], 0),
    "in a loop": (in_a_loop, -60 - 30 - 20 - 15 - 12, 3),
    "in a branch that is taken": (lambda n: tf.cond(n < 5, lambda: 8 // n, lambda: n), 4, 0),
    "behind a cast": (lambda n: tf.cast(8 // n, tf.float32) * 0.5, 2.0, 0),
}
FITS = {"a range's step": 2, "in a loop": 5, "in a branch that is taken": 2, "behind a cast": 2}


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("row", ELSEWHERE)
def test_other_places(row: str, jit: bool) -> None:
    make, wanted, wrong = ELSEWHERE[row]
    n = tf.placeholder(tf.int32, [])
    made = make(n)
    with tf.Session(jit=jit) as session:
        if wanted is not None:
            np.testing.assert_array_equal(session.run(made, {n: FITS[row]}), wanted)
        with pytest.raises(tf.errors.InvalidArgumentError, match="an integer is divided by 0"):
            session.run(made, {n: wrong})


@pytest.mark.parametrize("jit", [True, False])
def test_branches_that_are_not_taken_and_floats(jit: bool) -> None:
    n = tf.placeholder(tf.int32, [])
    with tf.Session(jit=jit) as session:
        assert session.run(tf.cond(tf.equal(n, 0), lambda: -1, lambda: 8 // n), {n: 0}) == -1
        assert session.run(tf.floordiv(tf.cast(n, tf.float32), 0.0), {n: 3}) == np.inf
        assert session.run(tf.reduce_mean(tf.zeros([n, 2], tf.int32), 0), {n: 0}).tolist() == [0, 0]


def test_a_run_that_divides_by_zero_changes_nothing() -> None:
    v, n = tf.Variable(5), tf.placeholder(tf.int32, [])
    step = [tf.assign_add(v, 1), 10 // n]
    with tf.Session() as session:
        session.run(step, {n: 2})
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(step, {n: 0})
        assert session.run(v) == 6


def test_initial_values() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="an integer is divided by 0"):
        tf.Session().run(tf.Variable(tf.constant(5) // tf.constant([1, 0])))


def test_no_divisor_is_made_sure_of_that_cannot_be_zero() -> None:
    x, y = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [None])
    with tf.Session() as session:
        assert "an integer is divided" not in str(session.explain([x // 3, x % tf.constant([1, 2, 3, 4, 5])], {x: X}))
        assert "!= int32(0)" in str(session.explain(x // y, {x: X, y: X}))
