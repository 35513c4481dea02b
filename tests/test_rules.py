"""Every rewrite rule is its own test: both sides on ordinary and special values, bit for bit; wrong rules are refused."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc import testing
from graphc.compiler.passes import PIPELINE, optimise
from graphc.compiler.rules import FLOATS, INTS, RULES, Rule
from graphc.ir.node import topological
from graphc.ir.reference import interpret
from graphc.ir.types import TensorType
from graphc.testing.rules import check_applies, check_sides

CASES = [(r, d) for r in RULES for d in r.dtypes]


@pytest.mark.parametrize("rule, dtype", CASES, ids=[f"{r.name}-{d}" for r, d in CASES])
def test_rule_holds(rule, dtype):
    check_sides(rule, dtype)


WRONG = [
    Rule("log-exp", lambda x: tf.log(tf.exp(x)), lambda x: x, FLOATS), Rule("zero", lambda x: x * 0, lambda x: tf.zeros_like(x), FLOATS),
    Rule("over self", lambda x: x / x, lambda x: x * 0 + 1, FLOATS),
    Rule("cancel", lambda x, y: (x + y) - y, lambda x, y: x, FLOATS), Rule("plus zero", lambda x: x + 0, lambda x: x, FLOATS),
    Rule("sqrt square", lambda x: tf.sqrt(tf.square(x)), lambda x: tf.abs(x), FLOATS),
    Rule("not less", lambda x, y: tf.logical_not(x < y), lambda x, y: x >= y, FLOATS),
    Rule("double", lambda x: x + x, lambda x: x, INTS),
]


@pytest.mark.parametrize("rule", WRONG, ids=lambda r: r.name)
def test_wrong_rules_are_refused(rule):
    with pytest.raises(AssertionError, match=f"rule {rule.name}, (float32|int8): "):
        testing.check_rule(rule)


@pytest.mark.parametrize("rule, dtype", CASES, ids=[f"{r.name}-{d}" for r, d in CASES])
def test_rule_fires(rule, dtype):
    check_applies(rule, dtype)


def test_literals_are_exact():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2])
        for other in (x * 1.5, x + 0.0, x - (-0.0), tf.pow(x, 3.0), x / 3.0):
            assert optimise([other])[0].operator is other.operator


def test_passes_keep_values_and_effects():
    with tf.Graph().as_default():
        tf.set_random_seed(3)
        x = tf.placeholder(tf.float32, [4, 3])
        v = x * 1.0 + tf.zeros([3]) - 0.0
        r = tf.random_normal([4, 3], name="r")
        y = tf.nn.softmax(-(-v)) * tf.ones_like(v) + tf.exp(tf.constant(2.0)) + tf.identity(r) - r  # noqa: B002
        again = tf.nn.softmax(-(-v)) * 2.0  # noqa: B002
        for name, function, reason in PIPELINE:
            assert name == function.__name__ and reason
        done = optimise([y, again])
        assert [d.type for d in done] == [TensorType(np.dtype("float32"), (4, 3))] * 2
        kinds = [n.operator.name for n in topological(done)]
        assert kinds.count("exp") == 1 and "negative" not in kinds and kinds.count("random") == 1


def test_folding_is_bounded():
    with tf.Graph().as_default():
        big = tf.tile(tf.constant([1.0, 2.0]), [10_000_000]) + tf.constant(1.0)
        (done,) = optimise([big])
        assert all(n.attrs["value"].nbytes <= 1 << 20 for n in topological([done]) if n.operator.name == "constant")
        (small,) = optimise([tf.constant([1.0, 2.0]) * 3.0 + 1.0])
        assert small.operator.name == "constant"


@pytest.mark.parametrize("places, largest", [([(0, 2), (2, 5)], 0), ([(3, 4), (0, 2)], 0), ([(0, 2), (4, 5), (2, 3)], 0), ([(1, 3), (1, 3)], 2),
                                             ([(1, 3), (4, 5), (1, 3)], 2), ([(0, 3), (2, 5)], 5), ([(0, 5), (2, 5)], 5), ([(2, 2), (0, 3)], 0)])
@pytest.mark.parametrize("axis", [0, 1])
def test_padded_parts_are_added_by_joining_them(places, largest, axis):
    """`largest`: how long along the axis the largest addition left is."""
    with tf.Graph().as_default():
        def row(n):
            return (n, 2) if axis == 0 else (2, n)
        feeds, total, wanted = {}, None, np.zeros(row(5), np.float32)
        for i, (begin, end) in enumerate(places):
            x = tf.placeholder(tf.float32, row(end - begin))
            feeds[x] = np.arange(1.0, 1 + 2 * (end - begin), dtype=np.float32).reshape(row(end - begin)) * 10 ** i
            padded = tf.concat([tf.zeros(row(begin)), x, tf.zeros(row(5 - end))], axis)
            total = padded if total is None else total + padded
            wanted[(slice(begin, end), slice(None)) if axis == 0 else (slice(None), slice(begin, end))] += feeds[x]
        (done,) = optimise([total])
        assert np.array_equal(interpret([done], feeds)[0], wanted)
        assert max((n.type.shape[axis] for n in topological([done]) if n.operator.name == "add"), default=0) == largest


def test_padded_parts_that_are_padded_themselves_are_joined_along_both_axes():
    """Slices of one row, as an unrolled cell takes of its weights: the parts of a row join within the row."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [3, 4])
        pieces = [(0, 0, 2), (0, 2, 4), (1, 1, 3), (0, 0, 2), (2, 0, 4), (1, 2, 4)]
        y = tf.add_n([tf.reduce_sum(tf.square(x[i, begin:end]) * float(k + 1)) for k, (i, begin, end) in enumerate(pieces)])
        fed = np.arange(12.0, dtype=np.float32).reshape(3, 4)
        wanted = np.zeros((3, 4), np.float32)
        for k, (i, begin, end) in enumerate(pieces):
            wanted[i, begin:end] += 2 * (k + 1) * fed[i, begin:end]
        with tf.Session(jit=False) as session:
            assert np.array_equal(session.run(tf.gradients(y, x)[0], {x: fed}), wanted)
