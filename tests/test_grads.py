"""`testing.check_grads`: right derivatives pass in every form, planted mistakes are found and named, bad input is refused."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.compiler import passes
from graphc.ir.node import OPERATORS
from graphc.ir.operator import declare
from graphc.testing import Report, check_grads

RNG = np.random.default_rng(4)
X, W, B = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2)), RNG.normal(size=2)


def network(x: Any, w: Any, b: Any) -> Any:
    return tf.nn.log_softmax(tf.tanh(tf.matmul(x, w) + b))


# (name, function, arguments, order, whether machine code is looked at too)
RIGHT: list[tuple[str, Callable[..., Any], Any, int, bool]] = [
    ("several arguments", network, [X, W, B], 2, True),
    ("one argument", tf.sin, X, 2, False),
    ("a number", lambda x: tf.exp(x) * x, 0.5, 4, True),
    ("single precision", network, [X.astype(np.float32), W.astype(np.float32), B.astype(np.float32)], 1, True),
    ("nothing", lambda x, y: x * y, [np.zeros((0, 3)), np.ones((1, 3))], 2, True),
    ("no results", lambda x: x[3:], np.ones(3), 2, False),
    ("broadcasts", lambda x, y, z: x * y + z, [np.ones((2, 1, 3)), RNG.normal(size=(4, 1)), np.array(2.0)], 2, True),
    ("views", lambda x, y: tf.matmul(x, y), [X.T[::2], X[:, ::-1].T[:3]], 2, True),
    ("integers beside", lambda x, i: tf.gather(tf.square(x), i), [np.array([1.0, 2.0, 3.0]), np.array([2, 0, 2])], 2, True),
    ("several results", lambda x: [tf.reduce_sum(x), tf.cos(x), tf.argmax(x, 1)], X, 2, False),
    ("sizes that depend on data", lambda x: tf.exp(tf.boolean_mask(x, x > 0.0)), np.array([1.0, -1.0, 0.5]), 2, True),
    ("many elements", lambda x, w: tf.reduce_sum(tf.tanh(tf.matmul(x, w)), axis=1), [RNG.normal(size=(20, 30)), RNG.normal(size=(30, 10))], 2, True),
    ("large elements", lambda x: tf.reduce_sum(tf.sqrt(x)), np.array([1e8, 1e-2, 1.0]), 2, False),
    ("flat", lambda x: tf.sign(x) + 0.0 * x, np.array([1.0, -2.0]), 2, False),
    ("higher orders", lambda x: tf.reduce_prod(tf.sin(x)), np.array([0.5, 1.0, 2.0]), 3, False),
]


@pytest.mark.parametrize("name, f, args, order, jit", RIGHT, ids=[r[0] for r in RIGHT])
def test_right_derivatives_pass(name: str, f: Any, args: Any, order: int, jit: bool) -> None:
    report = check_grads(f, args, order, jit=jit)
    assert not report.failed
    assert {r.order for r in report.rows} == {None, *range(order + 1)}
    kinds = {r.check for r in report.rows}
    assert {"forward mode against differences", "reverse mode against differences", "forward against reverse mode: v (J u) = (J^T v) u",
            "run again, bit for bit", "with passes against without", "single against double precision"} <= kinds
    assert ("machine code against references" in kinds) == ("arguments in Fortran order, bit for bit" in kinds) == jit
    assert str(report).count("\n") == len(report.rows) + 1


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64], ids=["single", "double"])
def test_tensors_of_a_graph(dtype: Any) -> None:
    """Variables, a placeholder and a tensor on the way; what is not differentiated by stays at its value in the session."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(dtype, [None, 4], name="x")
        w, b = tf.Variable(W, dtype=dtype), tf.Variable(np.zeros(2), dtype=dtype)
        session.run(b.assign(B))
        hidden = tf.tanh(tf.matmul(x, w) + b)
        loss = tf.reduce_mean(tf.square(hidden))
        count = len(graph.nodes)
        for sources in ([w, b], x, hidden, [x, w, b]):
            assert not check_grads(loss, sources, feed_dict={x: X}, jit=False).failed
        assert len(graph.nodes) == count and np.allclose(session.run(b), B)


def test_kinks_are_left_out() -> None:
    rows = check_grads(tf.nn.relu, np.array([0.0, 1.0, -1.0, 2.0]), jit=False).rows
    assert [(r.compared, r.skipped) for r in rows[:2]] == [(15, 1), (15, 1)]


# ---------------------------------------------------------------------- planted mistakes

def _with(name: str, **changes: Any) -> Any:
    return dataclasses.replace(OPERATORS[name], **changes)


TWICE = _with("tanh", grad=lambda g, y, x: (2 * g * (1 - y * y),))
SWAPPED = _with("multiply", grad=lambda g, out, x, y: (g * x, g * y))
CUT = _with("square", grad=lambda g, y, x: (g * 2.0 * tf.stop_gradient(x),))
CROOKED = _with("sin", grad=lambda g, y, x: (g * tf.abs(g) * tf.cos(x),))
MACHINE = _with("sin", expr="{x} + {x}")
COARSE = _with("sin", reference=lambda x: np.sin(x) * (1 + 0.01 * (np.asarray(x).dtype == np.float32)))
NAN = _with("exp", grad=lambda g, y, x: (g * y + 0.0 / (x - x),))

# (what is wrong, function, arguments, machine code too, what the message says)
WRONG: list[tuple[str, Callable[..., Any], Any, bool, list[str]]] = [
    ("twice too large", lambda x: tf.reduce_sum(x * TWICE(x)), np.array([0.5, 1.0]), False,
     ["order 1, forward mode against differences", "order 1, reverse mode against differences", "result by x[0]: analytic 1.", "numeric 0.",
      "operator tanh fails by itself: Tanh: float64[2] (test_grads.py:"]),
    ("of the other operand", lambda x, y: SWAPPED(x, y), [np.array([2.0]), np.array([3.0])], False,
     ["result[0] by x[0]: analytic 2.0, numeric 3.0", "result[0] by y[0]: analytic 3.0, numeric 2.0", "operator multiply fails"]),
    ("cut at second order", lambda x: tf.reduce_sum(CUT(x)), np.array([1.0, -2.0]), False,
     ["order 2, forward mode against differences", "slope of x[1] by x[1]: analytic 0.0, numeric", "operator square fails"]),
    ("in one of many elements", lambda x: tf.reduce_sum(tf.concat([tf.tanh(x[:57]), TWICE(x[57:58]), tf.tanh(x[58:])], 0)),
     np.linspace(-1, 1, 100), False, ["projection 0 by x[57]: analytic", "1 of 100 elements differ", "operator tanh fails"]),
    ("not linear", lambda x: CROOKED(x), np.array([0.5, 1.0]), False, ["linear: J (u + w) = J u + J w", "operator sin fails"]),
    ("nan", lambda x: NAN(x), np.array([0.5]), False, ["analytic nan, numeric 1.64", "operator exp fails"]),
    ("machine code", lambda x: MACHINE(x), np.array([0.5]), True,
     ["order 0, machine code against references", "compiled 1.0, reference 0.479", "operator sin fails"]),
    ("single precision", lambda x: COARSE(x), np.array([0.5]), False, ["order 0, single against double precision", "operator sin fails"]),
    ("smooth nowhere", lambda x: tf.reduce_sum(tf.abs(x)), np.zeros(4), False, ["only 0 of 4 elements are smooth there"]),
]


@pytest.mark.parametrize("what, f, args, jit, texts", WRONG, ids=[w[0] for w in WRONG])
def test_mistakes_are_found_and_named(what: str, f: Any, args: Any, jit: bool, texts: list[str]) -> None:
    with pytest.raises(tf.errors.GradientCheckError) as caught:
        check_grads(f, args, jit=jit)
    said = str(caught.value)
    assert [t for t in texts if t not in said] == []
    assert isinstance(caught.value, AssertionError) and "test_grads.py:" in said
    assert said.count("fails by itself") == any("operator" in t for t in texts), said


def test_a_wrong_pass_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubled(fetches: Any) -> Any:
        return passes.rewrite(fetches, lambda node, inputs: OPERATORS["multiply"](inputs[0], 2.0) if node.operator.name == "cos" else None)
    monkeypatch.setattr(passes, "PIPELINE", [*passes.PIPELINE, ("doubled", doubled, "wrong")])
    with pytest.raises(tf.errors.GradientCheckError, match="order 1, with passes against without"):
        check_grads(tf.sin, np.array([0.5, 1.0]), jit=False)
    assert passes.PIPELINE[-1][0] == "doubled"


def test_a_value_that_changes_is_found() -> None:
    """A host step whose result is not the same at every run, though nothing says that it draws."""
    count = itertools.count()

    @declare("host", lambda types, values: types[0], name="restless", pure=False, grad=lambda g, y, x: (g,))
    def restless(x: Any) -> Any:
        """x, and a little more each time."""
        return x * (1 + 1e-15 * (next(count) % 64))
    try:
        with pytest.raises(tf.errors.GradientCheckError, match="run again, bit for bit:\n *the values, order 0: not the same"):
            check_grads(restless, np.array([0.5, 1.0]), jit=False)
    finally:
        del OPERATORS["restless"]


def test_the_line_of_the_operator_is_named() -> None:
    with tf.Graph().as_default(), tf.Session(jit=False):
        x = tf.placeholder(tf.float32, [2], name="x")
        y = tf.reduce_sum(tf.exp(x) + TWICE(x, name="squeezed"))
        with pytest.raises(tf.errors.GradientCheckError) as caught:
            check_grads(y, x, feed_dict={x: [0.5, 1.0]}, jit=False)
    assert "operator tanh fails by itself: squeezed: float32[2] (test_grads.py:" in str(caught.value)


def test_the_operator_is_found_among_many() -> None:
    def deep(x: Any) -> Any:
        for _ in range(150):
            x = x + tf.sin(x) / 100.0
        return TWICE(x) + tf.cast(tf.cast(x, tf.int32), tf.float64)
    with pytest.raises(tf.errors.GradientCheckError) as caught:
        check_grads(deep, np.array([0.5, 1.0]), order=1, jit=False)
    assert str(caught.value).count("fails by itself") == 1 and "operator tanh fails by itself" in str(caught.value)


# ---------------------------------------------------------------------- bad input

def _p(dtype: Any = tf.float64) -> Any:
    return tf.placeholder(dtype, [2], name="p")


BAD: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: check_grads(tf.sin, X, 0), tf.errors.GraphError, "order is 1 or more, not 0"),
    (lambda: check_grads(tf.sin, X, "2"), tf.errors.GraphError, "order is 1 or more, not '2'"),
    (lambda: check_grads(tf.sin, [np.array(["a"])]), tf.errors.DTypeError, "argument 0 is <U1, not an array of numbers"),
    (lambda: check_grads(tf.abs, [np.array([1, 2])]), tf.errors.DTypeError, "no argument is floating: int64"),
    (lambda: check_grads(lambda x: 3.0, X), tf.errors.GraphError, "gives 3.0, not a tensor"),
    (lambda: check_grads(lambda x: x > 0.0, X), tf.errors.DTypeError, "has no result of the arguments' dtype"),
    (lambda: check_grads(lambda x: x * tf.random_normal([3, 4], dtype=tf.float64), X), tf.errors.GraphError, "is not the same at every run"),
    (lambda: check_grads(tf.reduce_sum(_p()), _p(tf.int32)), tf.errors.DTypeError, "p_1: int32[2]"),
    (lambda: check_grads(tf.reduce_sum(_p()), tf.constant(1.0)), tf.errors.InvalidArgumentError, "p: float64[2] (test_grads.py:"),
    (lambda: check_grads(tf.reduce_sum(p := _p()), p, feed_dict={p: [1, 2, 3]}), tf.errors.FeedError, "cannot be fed an array of shape [3]"),
    (lambda: check_grads([], _p()), tf.errors.GraphError, "there are no tensors to differentiate"),
    (lambda: check_grads(lambda x: tf.unique(x)[0], X[0]), tf.errors.GradientError, "unique has no gradient"),
]


@pytest.mark.parametrize("act, error, text", BAD, ids=[b[2][:30] for b in BAD])
def test_bad_input(act: Any, error: type[Exception], text: str) -> None:
    with tf.Graph().as_default(), pytest.raises(error) as caught:
        act()
    assert text in str(caught.value) and "test_grads.py:" in str(caught.value)


def test_report_reads_as_a_table() -> None:
    report = check_grads(lambda x: tf.exp(x), np.array(0.5), order=1, jit=False)
    assert isinstance(report, Report)
    lines = str(report).splitlines()
    assert lines[1] == "order  compared  skipped  largest error  tolerance  check"
    assert lines[2].split()[:3] == ["1", "1", "0"] and lines[2].endswith("1e-08  forward mode against differences")
