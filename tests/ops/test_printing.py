"""`tf.print` and `tf.strings.format` against what TensorFlow 2.15 writes."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

import graphc as tf


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()


# Inputs and options, and TensorFlow 2.15's text of them.
PRINTED = [
    (lambda: [tf.constant(1.5)], {}, "1.5"),
    (lambda: ["a", tf.constant([1, 2, 3])], {}, "a [1 2 3]"),
    (lambda: [tf.range(10)], {}, "[0 1 2 ... 7 8 9]"),
    (lambda: [tf.range(7)], {}, "[0 1 2 ... 4 5 6]"),
    (lambda: [tf.range(6)], {}, "[0 1 2 3 4 5]"),
    (lambda: [tf.range(10)], {"summarize": -1}, "[0 1 2 3 4 5 6 7 8 9]"),
    (lambda: [tf.constant([[1.0, 2.0], [3.0, 4.0]])], {}, "[[1 2]\n [3 4]]"),
    (lambda: [tf.zeros([7, 7])], {"summarize": 2}, "[[0 0 ... 0 0]\n [0 0 ... 0 0]\n ...\n [0 0 ... 0 0]\n [0 0 ... 0 0]]"),
    (lambda: [tf.zeros([2, 2, 2])], {}, "[[[0 0]\n  [0 0]]\n\n [[0 0]\n  [0 0]]]"),
    (lambda: [tf.zeros([0])], {}, "[]"),
    (lambda: [tf.constant(["x", "y"]), tf.constant("z")], {}, '["x" "y"] "z"'),
    (lambda: [tf.constant([True, False]), tf.constant(True)], {}, "[1 0] 1"),
    (lambda: [tf.constant(v) for v in (0.1, 1 / 3, 1e-8, 1e10, 123456789.0, np.nan, np.inf, 1e5, 1e6)], {},
     "0.1 0.333333343 1e-08 1e+10 123456792 nan inf 100000 1e+06"),
    (lambda: [tf.constant(np.float64(0.1)), tf.constant(np.float64(1 / 3))], {}, "0.1 0.33333333333333331"),
    (lambda: [tf.constant([1.5, -np.inf, 2e-5, np.pi], tf.float32)], {}, "[1.5 -inf 2e-05 3.14159274]"),
    (lambda: [{"a": tf.constant(1), "b": [tf.constant(2), 3]}], {}, "{'a': 1, 'b': [2, 3]}"),
    (lambda: [[tf.constant(1), "s"], (tf.constant(1),)], {}, "[1, 's'] (1,)"),
    (lambda: [1, 2.5, None, np.array([1, 2])], {}, "1 2.5 None array([1, 2])"),
    (lambda: [tf.SparseTensor([[0]], [1.0], [3])], {}, "'SparseTensor(indices=[[0]], values=[1], shape=[3])'"),
    (lambda: ["a", "b{}"], {"sep": ", "}, "a, b{}"),
]


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("inputs, options, expected", PRINTED, ids=[text[:20] for _, _, text in PRINTED])
def test_texts(inputs, options, expected, jit, capsys):
    with tf.Session(jit=jit) as sess:
        sess.run(tf.print(*inputs(), **options))
        assert capsys.readouterr().err == expected + "\n"
        sess.run(tf.print(*inputs(), output_stream=sys.stdout, end="!", **options))
        assert capsys.readouterr().out == expected + "!"


def test_it_is_printed_once_a_run_before_what_depends_on_it(tmp_path):
    path = tmp_path / "log"
    x = tf.placeholder(tf.float32, [])
    with tf.control_dependencies([tf.print("x", x, output_stream=f"file://{path}")]):
        y = x + 1.0
    with tf.Session() as sess:
        assert [sess.run(y, {x: v}) for v in (1.0, 2.0)] == [2, 3]
    assert path.read_text() == "x 1\nx 2\n"


@pytest.mark.parametrize("call, expected", [
    (lambda: tf.strings.format("t: {} and {}", (tf.range(3), tf.constant("q"))), b't: [0 1 2] and "q"'),
    (lambda: tf.strings.format("%t%", tf.constant(2), placeholder="%t%"), b"2"),
    (lambda: tf.strings.format("{}", [tf.range(9)], summarize=1), b"[0 ... 8]"),
])
def test_format(call, expected):
    assert tf.Session(jit=False).run(call()) == expected


@pytest.mark.parametrize("call, error, message", [
    (lambda: tf.strings.format("{} {}", [tf.constant(1)]), tf.errors.GraphError, "1 tensors for the 2 placeholders"),
    (lambda: tf.strings.format(1, []), tf.errors.DTypeError, "are texts, not 1"),
    (lambda: tf.print("a", output_stream="nowhere"), tf.errors.GraphError, "a stream is sys.stderr, sys.stdout"),
])
def test_refusals(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
