"""`python -O`, which drops assertions, drops no check of what a user gives or gets."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import graphc as tf

PACKAGE = Path(tf.__file__).parent
HEAD = """
import numpy as np
import graphc as tf
from graphc import extend

x = tf.placeholder(tf.float32, None, name="x")
v = tf.Variable([1.0, 2.0], name="v")
session = tf.Session()
session.run(v.initializer)

def tell(function, *arguments):
    try:
        print(np.asarray(function(*arguments)).tolist())
    except Exception as error:
        print(type(error).__name__, error)
"""
# Programs and mistakes, and what each must print something of.
PROGRAMS = {
    "a training step": ("loss = tf.reduce_sum(tf.square(v - 3.0)); step = tf.train.AdamOptimizer(0.1).minimize(loss)\n"
                        "session.run(tf.global_variables_initializer())\nfor _ in range(3): tell(session.run, [loss, step])", "["),
    "softmax": ("tell(session.run, tf.nn.softmax(tf.reshape(x, [2, 3])), {x: np.arange(6)})", "0.66"),
    "a feed of another size": ("f = session.make_callable(tf.tanh(x), [x])\nfor n in (3, 2, 3, 5): tell(f, np.zeros(n))", "[0.0, 0.0]"),
    "a feed of another dtype": ("f = session.make_callable(tf.tanh(x), [x])\ntell(f, np.zeros(2))\ntell(f, np.array([1j]))", "FeedError"),
    "an index out of range": ("tell(session.run, tf.gather(v, tf.cast(x, tf.int32)), {x: [5.0]})", "InvalidArgumentError"),
    "a variable loaded with another shape": ("tell(v.load, [1.0, 2.0, 3.0], session)\ntell(session.run, v)", "FeedError"),
    "an assignment of another shape": ("a = tf.assign(v, x)\ntell(session.run, a, {x: [4.0, 5.0]})\ntell(session.run, a, {x: [1.0, 2.0, 3.0]})\n"
                                       "tell(session.run, v)", "[4.0, 5.0]"),
    "an operator that contradicts itself": (
        "def grow(x):\n    'x + 1'\n    return x + 1\n"
        "tell(extend.check_operator, extend.elementwise('{x} + {T}(2)', grad=lambda g, y, x: (g,))(grow))", "AssertionError"),
    "an operator of another dtype": (
        "def flag(x):\n    'x > 0'\n    return x > 0\n"
        "tell(extend.check_operator, extend.elementwise('{x} + {T}(0)')(flag))", "AssertionError"),
    "a gradient of another number of operands": (
        "def times(x, y):\n    'x y'\n    return x * y\n"
        "tell(tf.gradients, extend.elementwise('{x} * {y}', grad=lambda g, *others: (g,))(times)(v, v), [v])", "GradientError"),
    "a wrong rule": ("tell(extend.check_rule, extend.rule('none', lambda x: x - x, lambda x: x, dtypes=['float32']))", "AssertionError"),
}
# Asserts that only tell mypy what cannot be otherwise: without them Python's own error comes next.
NARROWING = (ast.Is, ast.IsNot)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_and_mistakes_are_as_without(name: str) -> None:
    code, wanted = PROGRAMS[name]
    found = [subprocess.run([sys.executable, *flags, "-c", HEAD + code], capture_output=True, text=True) for flags in ([], ["-O"])]
    assert wanted in found[0].stdout, found[0].stdout + found[0].stderr
    assert (found[1].stdout, found[1].stderr) == (found[0].stdout, found[0].stderr)


def _narrows(test: ast.expr) -> bool:
    """`x is not None`, `isinstance(x, T)`, and several of them."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return all(_narrows(part) for part in test.values)
    if isinstance(test, ast.Compare):
        return all(isinstance(op, NARROWING) for op in test.ops)
    return isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "isinstance"


def test_asserts_check_nothing_but_types() -> None:
    """What guards numbers or memory is an `if` that raises."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        found += [f"{path.relative_to(PACKAGE)}:{n.lineno}: assert {ast.unparse(n.test)}" for n in ast.walk(tree)
                  if isinstance(n, ast.Assert) and not _narrows(n.test)]
    assert not found, "\n".join(found)
