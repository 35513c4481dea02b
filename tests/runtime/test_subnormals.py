"""Subnormal numbers are zeros while a graph runs, in both executors and all threads, and nowhere else; a session may keep them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.cpu.subnormal import flushed

TINY = np.float32(1e-40)
ONE = [1e-40, 1.5e-38, 1.0, -1e-42]         # the second is no subnormal number, and its half is one

# What is computed of a vector, with subnormal numbers among operands or results: by fused loops, reductions, a library, host steps, in stages.
COMPUTED: dict[str, Callable[[Any], Any]] = {
    "products": lambda x: x * 0.5, "sums": lambda x: x + x, "a row": lambda x: tf.reduce_sum(x * 0.5) - 0.5,
    "a library": lambda x: tf.matmul(tf.reshape(x, [-1, 1]) * 0.5, tf.ones([1, 40])), "a running sum": lambda x: tf.cumsum(x * 0.5),
    "the least of rows": lambda x: tf.reduce_min(tf.reshape(x, [2, -1]), axis=1),
    "a host step": lambda x: tf.matrix_determinant(tf.reshape(x, [-1, 1, 1])),
    "a stage": lambda x: tf.boolean_mask(x, x * 0.5 > 0.0) * 0.5,
    "a stage that is evaluated": lambda x: tf.unique(tf.boolean_mask(x * 0.5, x < 1.0))[0] * 1.0,
}


def at_hand() -> np.float32:
    """A product of this thread's, whose operand is subnormal."""
    return (np.full(40, TINY) * np.float32(1.0))[17]


def session(jit: bool, threads: int = 1, **options: Any) -> tf.Session:
    return tf.Session(jit=jit, config=tf.ConfigProto(intra_op_parallelism_threads=threads, **options))


# Sums of half a million are rounded, and tables of them large.
@pytest.mark.parametrize("name, repeat", [(name, n) for name in COMPUTED for n in (1, 500_000) if n == 1 or name not in ("a row", "a library")])
def test_both_executors_flush_unless_told_otherwise(name: str, repeat: int) -> None:
    x = tf.placeholder(tf.float32, [None])
    y, value = COMPUTED[name](x), np.array(ONE * repeat, np.float32)
    found = []
    for jit in (True, False):
        with session(jit, 2) as one:
            found.append(one.run(y, {x: value}))
            one.run(y, {x: value})                              # the quick way in
            np.testing.assert_array_equal(one.run(y, {x: value}), found[-1])
        assert at_hand() == TINY
    np.testing.assert_array_equal(found[0], found[1])
    assert not ((np.abs(found[0]) < np.finfo(np.float32).tiny) & (found[0] != 0)).any()
    for jit in (True, False):
        with session(jit, 2, flush_denormals=False) as one:
            kept = one.run(y, {x: value})
            assert name == "a row" or ((np.abs(kept) < np.finfo(np.float32).tiny) & (kept != 0)).any(), jit


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
def test_a_function_of_the_program_sees_numbers_as_they_are(jit: bool) -> None:
    seen = []

    def function(x: Any) -> Any:
        seen.append(at_hand())
        return x
    x = tf.placeholder(tf.float32, [3])
    with session(jit) as one:
        one.run(tf.py_func(function, [x * 2.0], tf.float32) + 1.0, {x: [1, 2, 3]})
    assert seen == [TINY]


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
def test_the_mode_is_put_back_after_a_run_that_fails(jit: bool) -> None:
    x, at = tf.placeholder(tf.float32, [3]), tf.placeholder(tf.int32, [1])
    for fetches in (tf.gather(x, at), [tf.cumsum(x), tf.check_numerics(tf.log(x), "log")]):
        with session(jit) as one, pytest.raises(tf.errors.InvalidArgumentError):
            one.run(fetches, {x: [0, 1, 2], at: [9]})
        assert at_hand() == TINY
    with flushed(True):
        assert at_hand() == 0
        with flushed(False):
            assert at_hand() == TINY
        with session(jit) as one:
            one.run(x * 2.0, {x: [1, 2, 3]})
        assert at_hand() == 0                                   # as it was before
    assert at_hand() == TINY


def test_moments_of_idle_parameters_do_not_become_subnormal() -> None:
    """Ten times the smallest normal number is where they stay: what it would lose by a step is zero."""
    g, w = tf.placeholder(tf.float32, []), tf.Variable(np.ones(100, np.float32))
    optimizer = tf.train.AdamOptimizer(0.001)
    step = optimizer.minimize(tf.reduce_sum(w * g))
    (moment,) = [v for v in optimizer.variables() if v.label.endswith("Adam")]
    for options, subnormal in (({}, False), ({"flush_denormals": False}, True)):
        with session(True, **options) as one:
            one.run(step, {g: 1.0})
            for _ in range(1200):
                one.run(step, {g: 0.0})
            assert (0 < one.run(moment)[3] < np.finfo(np.float32).tiny) == subnormal


@pytest.mark.parametrize("value", [1, "no", None])
def test_the_option_is_true_or_false(value: Any) -> None:
    with pytest.raises(tf.errors.ArgumentError, match="flush_denormals is True or False"):
        tf.ConfigProto(flush_denormals=value)
