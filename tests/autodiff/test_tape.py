"""`tf.GradientTape` while a graph is built: what is watched and recorded has derivatives, all else None."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc.errors import FailedPreconditionError, GraphError

TAPE = tf.GradientTape


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()


def unwatched():
    x = tf.constant(3.0)
    with TAPE() as tape:
        y = x * x
    return tape.gradient(y, [x])


def watched(zero="none"):
    x, other = tf.constant(3.0), tf.constant(2.0)
    with TAPE() as tape:
        tape.watch([x])
        y = x * x * other
    return tape.gradient(y, {"x": x, "other": other}, unconnected_gradients=zero)


def a_variable(**options):
    v, w, u = tf.Variable(3.0), tf.Variable(2.0, trainable=False), tf.Variable(5.0)
    with TAPE(**options) as tape:
        y = v * v * w
    return [tape.gradient(y, [v, w, u]), len(tape.watched_variables())]


def outside():
    x = tf.constant(3.0)
    with TAPE(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    return [tape.gradient(y * 2, x), tape.gradient(y, x), tape.gradient(x, x)]


def stopped():
    x = tf.constant(3.0)
    with TAPE(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        with tape.stop_recording():
            z = x * x * x
        w = y * z
    return [tape.gradient(t, x) for t in (y, z, w)]


def twice():
    x = tf.constant(3.0)
    with TAPE() as outer:
        outer.watch(x)
        with TAPE() as inner:
            inner.watch(x)
            y = x * x * x
        slope = inner.gradient(y, x)
    return outer.gradient(slope, x)


def inside():
    x = tf.constant(3.0)
    with TAPE() as tape:
        tape.watch(x)
        return tape.gradient(x * x, x)


def halfway():
    """By a result that was watched, and by one that was recorded."""
    x = tf.constant(3.0)
    start = x * 2
    with TAPE(persistent=True) as tape:
        tape.watch(start)
        middle = start * start
        y = middle * x
    return [*tape.gradient(y, [start, middle], output_gradients=tf.constant(2.0)), tape.gradient(y, x, unconnected_gradients="zero")]


def reset():
    x = tf.constant(3.0)
    with TAPE(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        tape.reset()
        z = x + 1
        tape.watch(x)
        w = x * 4
    return [tape.gradient(t, x) for t in (y, z, w)]


def jacobian(zero="none"):
    x, other = tf.constant([1.0, 2.0]), tf.constant([1.0])
    with TAPE() as tape:
        tape.watch(x)
        y = x * x
    return tape.jacobian(y, [x, other], unconnected_gradients=zero)


def rows():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with TAPE() as tape:
        tape.watch(x)
        y = x * x
    return tape.batch_jacobian(y, x)


def rows_with_a_part_that_is_not_recorded():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with TAPE(persistent=True) as tape:
        tape.watch(x)
        with tape.stop_recording():
            z = x * 10
        y = x * z
        first = y[0]
    return [tape.batch_jacobian(y, x), tape.jacobian(first, x), tape.jacobian(y[0], x)]


def whole_numbers():
    x = tf.constant(3)
    with TAPE() as tape:
        tape.watch(x)
        y = x * x
    return tape.gradient(y, [x])


def parts_of_a_split():
    x = tf.constant([1.0, 2.0, 3.0, 4.0])
    with TAPE() as tape:
        tape.watch(x)
        left, right = tf.split(x, 2)
        y = tf.reduce_sum(left * right)
    return tape.gradient(y, x)


def loop():
    x = tf.constant(2.0)
    with TAPE() as tape:
        tape.watch(x)
        _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, 1.0])
    return tape.gradient(y, x)


DIAGONALS = [[[2.0, 0], [0, 4]], [[6, 0], [0, 8]]]
ROWS = [
    (unwatched, [None]), (watched, {"x": 12.0, "other": None}), (lambda: watched("zero"), {"x": 12.0, "other": 0.0}),
    (a_variable, [[12.0, None, None], 1]), (lambda: a_variable(watch_accessed_variables=False), [[None, None, None], 0]),
    (outside, [None, 6.0, 1.0]), (stopped, [6.0, None, 162.0]), (twice, 18.0), (inside, 6.0), (halfway, [72.0, 6.0, 0.0]),
    (reset, [None, None, 4.0]), (jacobian, [DIAGONALS[0], None]), (lambda: jacobian("zero"), [DIAGONALS[0], np.zeros((2, 1))]), (rows, DIAGONALS),
    (rows_with_a_part_that_is_not_recorded, [[[[10.0, 0], [0, 20]], [[30, 0], [0, 40]]], [[[10.0, 0], [0, 0]], [[0, 20], [0, 0]]], None]),
    (whole_numbers, [None]), (parts_of_a_split, [3.0, 4, 1, 2]), (loop, 12.0),
]


@pytest.mark.parametrize("make, expected", ROWS, ids=[row[0].__name__ + str(i) for i, row in enumerate(ROWS)])
def test_derivatives(make, expected):
    made = make()

    def same(found, wanted):
        if isinstance(wanted, dict):
            return found.keys() == wanted.keys() and all(same(found[k], wanted[k]) for k in wanted)
        if isinstance(found, list):
            return len(found) == len(wanted) and all(map(same, found, wanted))
        if isinstance(found, tf.Tensor):
            found = tf.Session(jit=False).run(found)
            return np.shape(found) == np.shape(wanted) and np.allclose(found, wanted)
        return found == wanted
    assert same(made, expected)


def test_variables_that_are_watched():
    """In the order of their first use; those that are not trained, or only read before, are not among them; those of `watch` are."""
    a, b, c, d = (tf.Variable(1.0, name=n) for n in "abcd")
    before = d.read_value()
    with TAPE() as tape:
        tape.watch(c)
        total = b * a * before
    assert [v.op.name for v in tape.watched_variables()] == ["c", "b", "a"] and total.dtype == tf.float32


def test_training_by_a_tape():
    w = tf.Variable([3.0, 4.0])
    with TAPE() as tape:
        loss = tf.reduce_sum(w * w) / 2
    step = tf.train.GradientDescentOptimizer(0.5).apply_gradients(zip(tape.gradient(loss, [w]), [w], strict=True))
    sess = tf.Session(jit=False)
    sess.run(step)
    assert sess.run(w).tolist() == [1.5, 2.0]


def used():
    tape, x = TAPE(), tf.constant(3.0)
    with tape:
        tape.watch(x)
        y = x * x
    tape.gradient(y, x)
    return tape, y, x


def in_itself():
    tape = TAPE()
    with tape, tape:
        pass


@pytest.mark.parametrize("call, error, said", [
    (lambda: (lambda t, y, x: t.gradient(y, x))(*used()), FailedPreconditionError, r"GradientTape\(persistent=True\) gives several"),
    (lambda: TAPE().reset(), FailedPreconditionError, "does not record, which reset"),
    (lambda: TAPE().stop_recording().__enter__(), FailedPreconditionError, "does not record, which stop_recording"),
    (in_itself, FailedPreconditionError, "records already"),
    (lambda: TAPE().watch(3.0), GraphError, "GradientTape.watch: 3.0 is not a tensor"),
    (lambda: TAPE().gradient(tf.constant(1.0), "x"), GraphError, "GradientTape.gradient: 'x' is not a tensor to differentiate by"),
    (lambda: TAPE().gradient(tf.constant(1.0), tf.constant(1.0), unconnected_gradients="no"), GraphError, "is one of none, zero, not 'no'"),
])
def test_what_is_refused(call, error, said):
    with pytest.raises(error, match=said):
        call()
    with pytest.raises(RuntimeError):
        TAPE().reset()
