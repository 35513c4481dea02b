"""Loops and branches as steps of a tape: what runs in machine code and what Python runs, errors, pauses, and that sizes compile nothing."""

from __future__ import annotations

import re
import signal

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from graphc.cpu import bodies
from tests.autodiff.test_control import W, X, by_scan, unrolled
from tests.interrupts import interrupted


def kinds(steps):
    """The kinds of steps that are no fused kernels, those of bodies behind what runs them."""
    found = []
    for s in steps:
        found += [s.kind] if s.kind not in ("map", "row", "column", "full") else []
        found += [k for inside in s.bodies.values() for k in kinds(inside)]
    return found


def scalars():
    x = tf.placeholder(tf.float64, [])
    i, a, s = tf.while_loop(lambda i, a, s: i < 100, lambda i, a, s: (i + 1, 3.7 * a * (1 - a), s + a), [0, x, x * 0])
    return [a, s], {x: 0.3}


def branches_of_scalars():
    n = tf.placeholder(tf.int32, [])
    step = lambda n, c: (tf.cond(tf.equal(n % 2, 0), lambda: n // 2, lambda: 3 * n + 1), c + 1)  # noqa: E731
    return [tf.while_loop(lambda n, c: tf.not_equal(n, 1), step, [n, 0])[1]], {n: 27}


def rows_of_scalars():
    x = tf.placeholder(tf.float64, [None])
    y = tf.scan(lambda a, r: tf.sin(a) + r, x, tf.constant(0.5, tf.float64))
    return [y, *tf.gradients(tf.reduce_sum(y * y), x)], {x: np.linspace(-1, 1, 9)}


def matrices():
    x = tf.placeholder(tf.float64, [None, 3])
    return [by_scan(x, tf.Variable(W))], {x: X}


def a_branch():
    x = tf.placeholder(tf.float64, [3])
    return [tf.cond(x[0] > 0, lambda: tf.reduce_sum(x) * x, lambda: x)], {x: np.ones(3)}


def loops_in_loops():
    x = tf.placeholder(tf.float64, [3])
    inner = lambda a: tf.while_loop(lambda j, b: j < 3, lambda j, b: (j + 1, tf.sin(b)), [0, a])[1]  # noqa: E731
    return [tf.while_loop(lambda i, a: i < 4, lambda i, a: (i + 1, inner(a) + a[::-1]), [0, x])[1]], {x: np.arange(3.0)}


def drawn():
    return [tf.map_fn(lambda _: tf.random_uniform([4], seed=2), tf.zeros([5]))], {}


def shapes_that_change():
    x = tf.placeholder(tf.float64, [None])
    return [tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, tf.concat([a, a], 0)), [0, x],
                          shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])])[1]], {x: np.ones(2)}


def calls_of_python():
    x = tf.placeholder(tf.float64, [])
    more = lambda a: tf.reshape(tf.py_func(lambda v: v + 1, [a], tf.float64), [])  # noqa: E731
    return [tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, more(a)), [0, x])[1]], {x: 1.0}


def trips_unknown():
    x, n = tf.placeholder(tf.float64, [3]), tf.placeholder(tf.int32, [])
    y = tf.while_loop(lambda k, a: k > 0, lambda k, a: (k - 1, tf.sin(a) + a * x), [n, x])[1]
    return tf.gradients(tf.reduce_sum(y), x), {x: np.ones(3), n: 4}


PLANS = [(scalars, ["while"]), (branches_of_scalars, ["while"]), (rows_of_scalars, ["while", "while"]), (matrices, ["while"]), (a_branch, ["cond"]),
         (loops_in_loops, ["while", "while"]), (drawn, ["while"]), (trips_unknown, ["while", "while"]), (calls_of_python, ["host"])]


@pytest.mark.parametrize("make, wanted", PLANS, ids=[row[0].__name__ for row in PLANS])
def test_what_is_machine_code(make, wanted):
    fetches, feeds = make()
    with tf.Session() as session:
        assert kinds(session.explain(fetches, feeds).steps) == wanted


@pytest.mark.parametrize("make", [scalars, branches_of_scalars, rows_of_scalars, matrices, a_branch, loops_in_loops, drawn, trips_unknown,
                                  shapes_that_change, calls_of_python], ids=lambda f: f.__name__)
def test_compiled_equals_interpreted(make):
    fetches, feeds = make()
    with tf.Session() as one, tf.Session(jit=False) as other:
        for _ in range(3):                                              # the ways into a program differ from run to run
            for a, b in zip(one.run(fetches, feeds), other.run(fetches, feeds), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-12)


def test_sizes_compile_nothing():
    x, w = tf.placeholder(tf.float64, [None, 3]), tf.Variable(W)
    y = by_scan(x, w)
    g = tf.gradients(tf.reduce_sum(y * y), [x, w])
    with tf.Session() as session:
        session.run(g, {x: np.resize(X, (100, 3))})                     # of few rows there is another program
        before = session.compile_stats()
        for n in (60, 130, 500):
            found = session.run(g, {x: np.resize(X, (n, 3))})
            assert found[0].shape == (n, 3)
        assert session.compile_stats() == before
        expected = tf.gradients(tf.reduce_sum(unrolled(x, w) ** 2), [x, w])
        for a, b in zip(session.run(g, {x: X}), session.run(expected, {x: X}), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_errors_in_machine_code_name_the_iteration(session):
    x, n = tf.placeholder(tf.float64, [5, 2]), tf.placeholder(tf.int32, [])
    total = tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s + tf.gather(x, i)), [0, tf.zeros([2], tf.float64)])[1]
    for _ in range(3):
        assert session.run(total, {x: np.ones((5, 2)), n: 5}).tolist() == [5, 5]
        with pytest.raises(errors.InvalidArgumentError, match=r"gather.*is wrong: 5 is not in \[0, 5\)[^$]*in iteration 5 of while|"
                                                              r"[^$]*in iteration 5 of while"):
            session.run(total, {x: np.ones((5, 2)), n: 9})


# A loop over rows, which fails for -1, and what the message says of its type.
FAILING = {
    "rows": (lambda x: tf.map_fn(lambda v: 10 // (v + 1), x), "of map: (int32[], int32[{}])"),
    "rows in a loop": (lambda x: tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, tf.map_fn(lambda v: 10 // (v + 1), x)), (0, x)),
                       "of while/map: (int32[], int32[{}])"),
}


@pytest.mark.parametrize("name", FAILING)
def test_errors_in_machine_code_name_the_sizes_of_this_run(name):
    """Not those of the run that a body is bound to, whose code no size decides."""
    make, told = FAILING[name]
    x = tf.placeholder(tf.int32, [None])
    y = make(x)
    with tf.Session() as session:
        session.run(y, {x: np.full(9, 4)})
        for rows in ([3, -1], [3, 4, 5, -1]):
            with pytest.raises(errors.InvalidArgumentError, match=re.escape(told.format(len(rows)))):
                session.run(y, {x: rows})


def endless():
    x = tf.placeholder(tf.float64, [])
    yield "scalars", tf.while_loop(lambda i, a: i >= 0, lambda i, a: (tf.minimum(i + 1, 5), a * 0.5 + 1), [0, x])[1], x
    x = tf.placeholder(tf.float64, [3])
    yield "vectors", tf.while_loop(lambda i, a: i >= 0, lambda i, a: (tf.minimum(i + 1, 5), a * 0.5 + a[::-1]), [0, x])[1], x
    inner = lambda a: tf.while_loop(lambda j, b: j >= 0, lambda j, b: (tf.minimum(j + 1, 5), b[::-1]), [0, a])[1]  # noqa: E731
    yield "a loop in a loop", tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, inner(a)), [0, x])[1], x


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals are POSIX's")
@pytest.mark.parametrize("case", range(3))
def test_an_endless_loop_can_be_ended(case):
    """Control-C is seen; the next run begins anew."""
    _, end, x = [*endless()][case]
    n = tf.placeholder(tf.int32, [])
    fine = tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a + 1), [0, x])[1]
    zeros = np.zeros(x.shape.as_list())
    with tf.Session() as session:
        session.explain(end, {x: zeros})                                # compiled: what is interrupted is the run
        for _ in range(2):
            taken = interrupted(lambda: session.run(end, {x: zeros}), 0.3)
            assert taken is not None and taken < 1                      # measured: a tenth
        assert np.all(session.run(fine, {x: zeros, n: 70_000}) == 70_000)


def test_a_loop_that_pauses_goes_on():
    """Long enough to pause many times, by all ways in."""
    x, n = tf.placeholder(tf.float64, []), tf.placeholder(tf.int32, [])
    i, a = tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a + 0.5), [0, x])
    with tf.Session() as session:
        for _ in range(3):
            assert session.run([i, a], {x: 1.0, n: 30_000_000}) == [30_000_000, 15_000_001.0]
        metadata = tf.RunMetadata()
        found = session.run([i, a], {x: 1.0, n: 30_000_000}, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=metadata)
        assert found == [30_000_000, 15_000_001.0] and any("while" in e.name for e in metadata.events)


def test_check_numerics_names_the_iteration(session):
    x = tf.placeholder(tf.float64, [2])
    end = tf.while_loop(lambda i, a: i < 5, lambda i, a: (i + 1, a + tf.log(3.0 - tf.cast(i, tf.float64))), [0, x])[1]
    with pytest.raises(errors.NumericsError, match=r"while/Log.*first to make inf[^$]*in iteration 3 of while"):
        session.run(end, {x: np.ones(2)}, check_numerics=True)


def test_threads_give_the_same_bits():
    x = tf.placeholder(tf.float32, [None, 300, 300])
    y = tf.scan(lambda a, r: tf.tanh(tf.matmul(a, r) * 0.05), x, tf.eye(300))
    value = np.random.default_rng(1).normal(size=(4, 300, 300)).astype(np.float32)
    found = []
    for threads in (1, 2):
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
            found.append(session.run(y, {x: value}))
    assert np.array_equal(*found)


CELLS = {
    "of rows": lambda h, r, w: tf.tanh(tf.matmul(r, w[:4]) + tf.matmul(h, w[4:])),
    "of a concatenation": lambda h, r, w: tf.tanh(tf.matmul(tf.concat([r, h], 1), w)),
    "of three": lambda h, r, w: tf.tanh(tf.matmul(tf.concat([r[:, :2], h, r[:, 2:]], 1), w)),
    "of vectors": lambda h, r, w: tf.tanh(tf.matmul(r[:1], w[:4]) + tf.matmul(h, w[4:])),
}


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_products_of_rows_are_taken_out(session, cell):
    """Value and gradients as they are unrolled."""
    x, w = tf.placeholder(tf.float64, [None, 2, 4]), tf.Variable(np.random.default_rng(0).normal(size=(7, 3)) * 0.4)
    data, zero = np.random.default_rng(1).normal(size=(6, 2, 4)), tf.zeros([2, 3], tf.float64)
    found = []
    for rolled in (True, False):
        if rolled:
            y = tf.scan(lambda h, r: cell(h, r, w), x, zero)
        else:
            h, out = zero, []
            for i in range(6):
                h = cell(h, x[i], w)
                out.append(h)
            y = tf.stack(out)
        found.append([y, *tf.gradients(tf.reduce_sum(y ** 3), [x, w])])
    with tf.Session(jit=False) as references:
        for a, b in zip(session.run(found[0], {x: data}), references.run(found[1], {x: data}), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_one_product_before_the_loop():
    x, w = tf.placeholder(tf.float64, [None, 2, 4]), tf.Variable(np.ones((7, 3)))
    y = tf.scan(lambda h, r: CELLS["of a concatenation"](h, r, w), x, tf.zeros([2, 3], tf.float64))
    with tf.Session() as session:
        steps = session.explain(y, {x: np.ones((50, 2, 4))}).steps
    assert [s.kind for s in steps].index("library") < [s.kind for s in steps].index("while")


def test_open_sizes_keep_nothing_more_for_gradients():
    """How values were broadcast is a number once sizes are known: what a loop then keeps of its iterations is what declared sizes make it keep."""
    written = []
    for shape in ([None, None, 3], [5, 20, 3]):
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.placeholder(tf.float32, shape)
            cell = tf.nn.rnn_cell.BasicLSTMCell(16)
            y, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, time_major=True)
            slopes = tf.gradients(tf.reduce_sum(tf.square(y)), tf.trainable_variables())
            session.run(tf.global_variables_initializer())
            steps = session.explain(slopes, {x: np.ones((5, 20, 3))}).steps
            written.append([[(s.kind, s.bytes_written) for s in step.bodies["body"] if s.pieces] for step in steps if step.kind == "while"])
    assert written[0] == written[1] and len(written[0]) == 2


def test_lengths_share_what_they_do_not_decide():
    """A sequence of a length not seen before finds its loops' bodies bound; one of another batch size does not. Results are a fresh session's."""
    x = tf.placeholder(tf.float32, [None, None, 3])
    y, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), x, dtype=tf.float32, time_major=True)
    fetches = [y, *tf.gradients(tf.reduce_sum(tf.square(y)), tf.trainable_variables())]
    data, bound = np.random.default_rng(0).normal(size=(30, 30, 3)).astype(np.float32), []
    with tf.Session() as session, pytest.MonkeyPatch.context() as patch:
        session.run(tf.global_variables_initializer())
        values = session.run(tf.trainable_variables())
        bind = bodies.Control.bind
        patch.setattr(bodies.Control, "bind", lambda *args: bound.append(args[0].node.label) or bind(*args))
        for steps, rows, new in ((20, 25, 2), (22, 25, 0), (19, 25, 0), (22, 26, 2), (20, 25, 0), (21, 26, 0)):
            before = len(bound)
            found = session.run(fetches, {x: data[:steps, :rows]})
            assert len(bound) == before + new
            with tf.Session() as other:
                other.run([v.assign(value) for v, value in zip(tf.trainable_variables(), values, strict=True)])
                for a, b in zip(found, other.run(fetches, {x: data[:steps, :rows]}), strict=True):
                    np.testing.assert_array_equal(a, b)
            del bound[before + new:]
