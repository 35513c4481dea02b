"""Python code that runs between kernels sees arrays it cannot write to, and may keep; what a run returns is the caller's own."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import extend
from graphc.cpu.program import Program
from graphc.ir.node import OPERATORS

SIZES = [3, 100_000]
# What a py_func is given: made of a placeholder and a variable.
OPERANDS = {
    "constant": lambda x, v: tf.constant(np.ones(5, np.float32)),
    "feed": lambda x, v: x,
    "part of a feed": lambda x, v: x[1:],
    "variable": lambda x, v: v,
    "computed": lambda x, v: tf.tanh(x) * 2.0,
    "number": lambda x, v: tf.reduce_sum(x),
    "computed by Python": lambda x, v: tf.py_func(lambda a: a + 1, [x], tf.float32),
}


def write(a: np.ndarray) -> np.ndarray:
    a[...] = 7.0            # the line that is wrong
    return a


WRITES = {"assigns": write, "adds in place": lambda a: np.add(a, 1.0, out=a), "sorts": lambda a: a.reshape(-1).sort() or a,
          "fills": lambda a: a.fill(3.0) or a}


def build(operand: str, size: int) -> tuple[Any, Any, Any, dict[Any, Any]]:
    x = tf.placeholder(tf.float32, [size], name="x")
    v = tf.Variable(np.linspace(0.0, 1.0, size, dtype=np.float32), name="v")
    return x, v, OPERANDS[operand](x, v), {x: np.linspace(-1.0, 1.0, size, dtype=np.float32)}


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("operand", OPERANDS)
def test_a_py_func_cannot_write_to_its_operands(operand: str, size: int, jit: bool) -> None:
    for how in WRITES.values():
        with tf.Graph().as_default(), tf.Session(jit=jit) as session:
            x, v, y, feed = build(operand, size)
            wrong = tf.py_func(how, [y], tf.float32, name="wrong")
            session.run(v.initializer)
            before = [a.copy() for a in session.run([y, v], feed)]
            with pytest.raises(ValueError, match="read-only|not writeable") as caught:
                session.run(wrong, feed)
            assert any("wrong" in note and "test_read_only.py" in note for note in caught.value.__notes__)
            assert [a.tolist() for a in session.run([y, v], feed)] == [b.tolist() for b in before]
            assert feed[x].tolist() == np.linspace(-1.0, 1.0, size, dtype=np.float32).tolist()
    # The error is the user's own, with the line that writes.
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        x, v, y, feed = build(operand, size)
        session.run(v.initializer)
        with pytest.raises(ValueError) as caught:
            session.run(tf.py_func(write, [y], tf.float32), feed)
        assert "the line that is wrong" in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("operand", OPERANDS)
def test_a_py_func_may_keep_its_operands(operand: str, jit: bool) -> None:
    kept: list[np.ndarray] = []
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        x, v, y, feed = build(operand, 50)
        seen = tf.py_func(lambda a: kept.append(a) or a * 1, [y], tf.float32)
        after = [tf.assign(v, v + tf.reshape(seen, [-1])[:1]), tf.exp(seen)]
        session.run(v.initializer)
        wanted = []
        for k in range(3):
            feed[x] = feed[x] + k
            wanted.append(session.run([seen, after], feed)[0])
        feed[x][...] = -1.0
    assert [a.tolist() for a in kept] == [w.tolist() for w in wanted]


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("operand", OPERANDS)
def test_results_are_the_caller_s_own(operand: str, size: int, jit: bool) -> None:
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        _, v, y, feed = build(operand, size)
        same = tf.py_func(lambda a: a, [y], tf.float32)
        session.run(v.initializer)
        first = session.run([y, v, same], feed)
        wanted = [np.copy(a) for a in first]
        for a in first:
            if np.ndim(a):
                assert a.flags.writeable
                a[...] = 99.0
        assert all(np.array_equal(a, w) for a, w in zip(session.run([y, v, same], feed), wanted, strict=True))


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
def test_a_reference_cannot_write_to_its_operands(jit: bool) -> None:
    with extend.temporary():
        @extend.declare("host", lambda types, values: types[0], batch="aligned")
        def spoil(x: Any) -> Any:
            "x, and 0 where x lies."
            x[...] = 0
            return x
        with tf.Graph().as_default(), tf.Session(jit=jit) as session:
            x = tf.placeholder(tf.float32, [3])
            with pytest.raises(tf.errors.InvalidArgumentError, match=r"spoil.*read-only(.|\n)*test_read_only.py"):
                session.run(spoil(x), {x: [1.0, 2.0, 3.0]})


def test_large_results_of_numpy_are_the_callers():
    """What numpy made between kernels is handed over, each run another array; what a function keeps, or gives twice, is copied."""
    kept: list[Any] = []

    def reference(x):
        """Twice x, and x + 1 two times."""
        kept[:] = [x + 1]
        return (x * 2, kept[0], kept[0])

    operator = extend.declare("host", lambda types, values: (types[0],) * 3, name="kept_of_tests", results=("a", "b", "c"))(reference)
    x = np.arange(60_000.0)[::-1].copy()
    try:
        with tf.Graph().as_default(), tf.Session() as session:
            fed = tf.placeholder(tf.float64, [None])
            call = session.make_callable([tf.sort(fed), tf.sort(fed) + 1, *operator(fed)], [fed])
            first, second = call(x), call(x)
            arrays = [*first, *second, *kept]
            assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])
            for found in (first, second):
                for one, wanted in zip(found, (x[::-1], x[::-1] + 1, x * 2, x + 1, x + 1), strict=True):
                    np.testing.assert_array_equal(one, wanted)
                    one[:] = 0
    finally:
        del OPERATORS["kept_of_tests"]


# What is fetched of a large value, and which of the fetches are handed over; the others are copied.
SHAPES = {
    "in another shape": (lambda y: [tf.reshape(y, [100, 600])], [True]),
    "with more axes": (lambda y: [tf.expand_dims(tf.expand_dims(y, 0), 2)], [True]),
    "repeated": (lambda y: [tf.tile(tf.reshape(y, [600, 100]), [1, 3])], [True]),
    "itself, and in another shape": (lambda y: [y, tf.reshape(y, [100, 600])], [True, False]),
    "in two shapes": (lambda y: [tf.reshape(y, [100, 600]), tf.reshape(y, [600, 100])], [True, False]),
    "a part": (lambda y: [tf.reshape(y[1:], [59_999, 1])], [False]),
    "turned round": (lambda y: [tf.transpose(tf.reshape(y, [600, 100]))], [True]),
    "backwards": (lambda y: [tf.reverse(y, [0])], [True]),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("size", [60_000, None], ids=["declared", "open"])
def test_large_results_are_the_callers_in_any_shape(name: str, size: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch, handed_over = SHAPES[name]
    given: list[bool] = []
    take = Program._take
    monkeypatch.setattr(Program, "_take", lambda self, fetch: given.append(self._given(fetch)) or take(self, fetch))
    x = np.arange(60_000.0)
    with tf.Graph().as_default():
        fed = tf.placeholder(tf.float64, [size])
        fetches = fetch(tf.square(fed) + 1.0)
        with tf.Session(jit=False) as session:
            wanted = [[np.array(a) for a in session.run(fetches, {fed: values})] for values in (x, -x - 1)]
        with tf.Session() as session:
            found = [session.run(fetches, {fed: values}) for values in (x, -x - 1)]
    assert given == handed_over
    arrays = [a for run in found for a in run]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])
    for run, right in zip(found, wanted, strict=True):
        for a, b in zip(run, right, strict=True):
            assert a.flags.c_contiguous and a.flags.writeable
            np.testing.assert_array_equal(a, b)
