"""Derivatives of loops and branches: of every order and in every mode they are those of the unrolled form, or known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc import testing
from tests.draws import draws

RNG = draws(5)
X, W = RNG.normal(size=(5, 3)), RNG.normal(size=(3, 3)) * 0.5


def cell(h, row, w):
    return tf.tanh(tf.matmul(h[None], w)[0] + row)


def by_while(x, w):
    n = tf.shape(x)[0]
    rows = tf.TensorArray(tf.float64, size=n).unstack(x)

    def step(i, h, out):
        h = cell(h, rows.read(i), w)
        return i + 1, h, out.write(i, h)
    return tf.while_loop(lambda i, *_: i < n, step, [0, tf.zeros([3], tf.float64), tf.TensorArray(tf.float64, size=n)])[2].stack()


def by_scan(x, w):
    return tf.scan(lambda h, row: cell(h, row, w), x, tf.zeros([3], tf.float64))


def by_scan_backwards(x, w):
    return tf.reverse(tf.scan(lambda h, row: cell(h, row, w), tf.reverse(x, [0]), tf.zeros([3], tf.float64), reverse=True), [0])


def by_gather(x, w):
    """Reads what is captured at a place of its own, and moves all that was written by one row."""
    def step(i, h, out):
        h = cell(h, tf.gather(x, i), w)
        return i + 1, h, tf.concat([out[1:], h[None]], 0)
    return tf.while_loop(lambda i, *_: i < tf.shape(x)[0], step, [0, tf.zeros([3], tf.float64), tf.zeros([5, 3], tf.float64)])[2]


def in_a_branch(x, w):
    return tf.cond(tf.reduce_sum(x) > -1e9, lambda: by_scan(x, w), lambda: x)


def with_branches(x, w):
    def step(h, row):
        return tf.cond(row[0] > 1e9, lambda: h * 2, lambda: cell(h, row, w))
    return tf.scan(step, x, tf.zeros([3], tf.float64))


def watched(x, w):
    def step(h, row):
        return cell(tf.check_numerics(h, "h"), row, w)
    return tf.scan(step, x, tf.zeros([3], tf.float64))


def unrolled(x, w):
    h, out = tf.zeros([3], tf.float64), []
    for i in range(len(X)):
        h = cell(h, x[i], w)
        out.append(h)
    return tf.stack(out)


FORMS = [by_while, by_scan, by_scan_backwards, by_gather, in_a_branch, with_branches, watched]


def compared(session, one, other, feeds, tolerance):
    """What the session makes of the one, and the operators' references of the other: what has no loop is compiled in enough other tests."""
    with tf.Session(jit=False) as references:
        for a, b in zip(session.run(one, feeds), references.run(other, feeds), strict=True):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.__name__)
def test_loops_equal_their_unrolled_form(session, form):
    """Value, gradient, second order, forward mode and a product with the Hessian."""
    x, w = tf.placeholder(tf.float64, [None, 3]), tf.Variable(W)
    found = []
    for make in (form, unrolled):
        y = make(x, w)
        loss = tf.reduce_sum(y * y * y)
        gx, gw = tf.gradients(loss, [x, w])
        second = tf.gradients(tf.reduce_sum(gx ** 2) + tf.reduce_sum(gw ** 3), [x, w])
        found.append([y, gx, gw, *second, tf.jvp(y, [x, w], [tf.sin(x), tf.cos(w)]), *tf.hvp(loss, [x, w], [tf.sin(x), tf.cos(w)])])
    compared(session, *found, {x: X}, 1e-12)


@pytest.mark.parametrize("form", [by_while, by_scan, by_gather, in_a_branch, with_branches], ids=lambda f: f.__name__)
def test_jacobians(session, form):
    """Of the loop over a batch: as the unrolled form has them, and without a loop for each element."""
    x, w = tf.placeholder(tf.float64, [5, 3]), tf.Variable(W)
    found = []
    for make in (form, unrolled):
        y = make(x, w)
        before = len(session.graph.nodes)
        found.append([tf.jacobian(y, x), tf.jacobian(tf.reduce_sum(y, 0), w), tf.hessian(tf.reduce_sum(y ** 3), w)])
        if make is form:
            loops = [n for n in session.graph.nodes[before:] if n.operator.name == "loop"]
            assert len(loops) <= 12
    compared(session, *found, {x: X}, 1e-11)


def test_third_order(session):
    x = tf.placeholder(tf.float64, [])
    y = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * x), [0, x])[1]          # x ** 4
    for n, wanted in ((1, 4 * 1.5 ** 3), (2, 12 * 1.5 ** 2), (3, 24 * 1.5), (4, 24.0)):
        (y,) = tf.gradients(y, x)
        assert session.run(y, {x: 1.5}) == pytest.approx(wanted, rel=1e-14), n


@pytest.mark.parametrize("v, order", [(2.0, 0), (-2.0, 1)])
def test_branches(session, v, order):
    x = tf.placeholder(tf.float64, [])
    y = tf.cond(x > 0, lambda: tf.sin(x) * x, lambda: x ** 3)
    (g,) = tf.gradients(y, x)
    (h,) = tf.gradients(g, x)
    wanted = [(np.sin(v) + v * np.cos(v), 2 * np.cos(v) - v * np.sin(v)), (3 * v ** 2, 6 * v)][order]
    assert session.run([g, h, tf.jvp(y, x, tf.ones_like(x))], {x: v}) == pytest.approx([*wanted, wanted[0]], rel=1e-14)


def test_a_branch_that_does_not_use_it(session):
    x, p = tf.placeholder(tf.float64, [2]), tf.placeholder(tf.bool, [])
    (g,) = tf.gradients(tf.cond(p, lambda: tf.reduce_sum(x * x), lambda: tf.constant(1.0, tf.float64)), x)
    assert session.run(g, {x: [1, 2], p: True}).tolist() == [2, 4] and session.run(g, {x: [1, 2], p: False}).tolist() == [0, 0]


@pytest.mark.parametrize("n", [0, 1, 6])
def test_trip_counts_that_a_run_alone_knows(session, n):
    x, k = tf.placeholder(tf.float64, []), tf.placeholder(tf.int32, [])
    y = tf.while_loop(lambda i, a: i < k, lambda i, a: (i + 1, tf.sin(a) * x), [0, x])[1]
    (g,) = tf.gradients(y, x)
    a, da = 0.7, 1.0
    for _ in range(n):
        a, da = np.sin(a) * 0.7, np.cos(a) * da * 0.7 + np.sin(a)
    assert session.run([y, g], {x: 0.7, k: n}) == pytest.approx([a, da], rel=1e-14)


def test_newtons_square_root(session):
    a = tf.placeholder(tf.float64, [])
    root = tf.while_loop(lambda x: tf.abs(x * x - a) > 1e-15 * a, lambda x: (x + a / x) / 2, [a])
    (g,) = tf.gradients(root, a)
    assert session.run([root, g], {a: 2.0}) == pytest.approx([2 ** 0.5, 0.5 / 2 ** 0.5], rel=1e-12)


def test_runge_kutta(session):
    """y' = a y: the gradients of y(1) by a and y(0), against the solution's own."""
    a, y0, n = tf.placeholder(tf.float64, []), tf.placeholder(tf.float64, []), 100

    def step(i, y):
        h, f = 1 / n, lambda y: a * y
        k1 = f(y)
        k2 = f(y + h / 2 * k1)
        k3 = f(y + h / 2 * k2)
        return i + 1, y + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(y + h * k3))
    y = tf.while_loop(lambda i, y: i < n, step, [0, y0])[1]
    found = session.run([y, *tf.gradients(y, [a, y0])], {a: -0.8, y0: 1.5})
    assert found == pytest.approx([1.5 * np.exp(-0.8), 1.5 * np.exp(-0.8), np.exp(-0.8)], rel=1e-9)


def kalman(a, q, r, ys):
    """The negative log-likelihood of observations of a random walk, by the filter's equations."""
    m, p, total = 0.0, 1.0, 0.0
    for y in ys:
        m, p = a * m, a * a * p + q
        s = p + r
        total += 0.5 * (np.log(2 * np.pi * s) + (y - m) ** 2 / s)
        m, p = m + p / s * (y - m), p - p * p / s
    return total


def test_kalman_likelihood(session):
    ys = RNG.normal(size=12)
    a, q, r = (tf.placeholder(tf.float64, []) for _ in range(3))

    def step(state, y):
        m, p, total = state
        m, p = a * m, a * a * p + q
        s = p + r
        total = total + 0.5 * (tf.log(2 * np.pi * s) + (y - m) ** 2 / s)
        return m + p / s * (y - m), p - p * p / s, total
    loss = tf.foldl(step, tf.constant(ys), tuple(tf.constant(v, tf.float64) for v in (0.0, 1.0, 0.0)))[2]
    at = np.array([0.9, 0.3, 0.5])
    found = session.run([loss, *tf.gradients(loss, [a, q, r])], dict(zip((a, q, r), at, strict=True)))
    slopes = [(kalman(*(at + 1e-6 * e), ys) - kalman(*(at - 1e-6 * e), ys)) / 2e-6 for e in np.eye(3)]
    assert found[0] == pytest.approx(kalman(*at, ys), rel=1e-13) and found[1:] == pytest.approx(slopes, rel=1e-7)


def test_stop_gradient_and_gradients_inside(session):
    """x' = x - 0.1 f'(x), with the derivative taken in the body: gradient descent, differentiated through."""
    x0, c = tf.placeholder(tf.float64, []), tf.placeholder(tf.float64, [])

    def step(i, x):
        return i + 1, x - 0.1 * tf.gradients((x - c) ** 2, x)[0]
    end = tf.while_loop(lambda i, x: i < 5, step, [0, x0])[1]
    stopped = tf.while_loop(lambda i, x: i < 5, lambda i, x: (i + 1, tf.stop_gradient(x) * c), [0, x0])[1]
    found = session.run([end, *tf.gradients(end, [x0, c]), *tf.gradients(stopped, [c])], {x0: 3.0, c: 1.0})
    assert found == pytest.approx([1 + 2 * 0.8 ** 5, 0.8 ** 5, 1 - 0.8 ** 5, 3.0], rel=1e-14)


def test_back_prop_false(session):
    x = tf.placeholder(tf.float64, [])
    end = tf.while_loop(lambda i, a: i < 2, lambda i, a: (i + 1, a * x), [0, x], back_prop=False)[1]
    assert tf.gradients(end, x) == [None] and session.run(end, {x: 3.0}) == 27.0


def test_effects_are_not_repeated_by_gradients(session, capsys):
    x, v, called = tf.placeholder(tf.float64, []), tf.Variable(np.float64(0.0)), []

    def step(i, a):
        seen = tf.reshape(tf.py_func(lambda b: called.append(float(b)) or b, [tf.stop_gradient(a)], tf.float64), [])
        with tf.control_dependencies([v.assign_add(1.0)]):
            return i + 1, tf.Print(a * x, [i], "i=") * tf.stop_gradient(seen)
    end = tf.while_loop(lambda i, a: i < 2, step, [0, x])[1]
    (g,) = tf.gradients(end, x)
    assert session.run([end, g], {x: 2.0}) == [2.0 * 2 * 2 * 2 * 8, 3 * 2.0 ** 2 * 2 * 8] and session.run(v) == 2.0
    assert called == [2.0, 8.0] and capsys.readouterr().err.split() == ["i=[0]", "i=[1]"]


def test_gradients_of_gradient_loops_leave_the_value_as_it_is(session):
    """What gradients add to a loop does not run where nobody asks for gradients."""
    x = tf.placeholder(tf.float64, [4])
    y = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, tf.sin(a)), [0, x])[1]
    before = session.run(y, {x: np.ones(4)})
    tf.gradients(tf.gradients(y, x), x)
    assert np.array_equal(session.run(y * 1, {x: np.ones(4)}), before)


def test_checks_of_gradients():
    testing.check_grads(lambda x: tf.while_loop(lambda i, a: i < 4, lambda i, a: (i + 1, tf.sin(a) * x), [0, x])[1], [X[0]])


# ---------------------------------------------------------------------- shapes that change

def growing(x):
    """Each iteration adds a row."""
    def step(i, a):
        return i + 1, tf.concat([tf.sin(a), a[:1] * 2.0], 0)
    return tf.while_loop(lambda i, a: i < 3, step, [0, x], shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])])[1]


def grown(x):
    for _ in range(3):
        x = tf.concat([tf.sin(x), x[:1] * 2.0], 0)
    return x


def beginnings(x):
    return tf.while_loop(lambda i, a: i < 4, lambda i, a: (i + 1, a + tf.reduce_sum(x[:i] * x[:i])), [0, tf.constant(0.0, tf.float64)])[1]


def shorter(x):
    """A loop that runs longer in each iteration of another one."""
    def step(i, a):
        return i + 1, tf.while_loop(lambda j, b: j < i, lambda j, b: (j + 1, tf.sin(b) + x), [0, a])[1]
    return tf.while_loop(lambda i, a: i < 4, step, [0, x])[1]


def shortened(x):
    a = x
    for i in range(4):
        for _ in range(i):
            a = tf.sin(a) + x
    return a


def by_scan_of_slices(x):
    return tf.scan(lambda a, n: a * tf.reduce_sum(tf.cos(x[:n])), tf.constant([1, 3, 2]), tf.constant(1.0, tf.float64))


def slices_one_by_one(x):
    found = [tf.constant(1.0, tf.float64)]
    for n in (1, 3, 2):
        found.append(found[-1] * tf.reduce_sum(tf.cos(x[:n])))
    return tf.stack(found[1:])


UNEVEN = {
    "a state that grows": (growing, grown),
    "slices of the counter's length": (beginnings, lambda x: sum(tf.reduce_sum(x[:i] * x[:i]) for i in range(4))),
    "a loop within, of another length each time": (shorter, shortened),
    "slices of given lengths": (by_scan_of_slices, slices_one_by_one),
}


@pytest.mark.parametrize("looped, straight", UNEVEN.values(), ids=UNEVEN)
def test_residuals_of_other_shapes(session, looped, straight):
    """A gradient needs of each iteration a value of another shape; its own gradient does too."""
    x = tf.placeholder(tf.float64, [None])
    found = []
    for make in (looped, straight):
        y = make(x)
        first = tf.gradients(tf.reduce_sum(y * y), x)[0]
        found.append([y, first, *tf.gradients(tf.reduce_sum(first * tf.cos(x)), x)])
    compared(session, *found, {x: [0.3, -0.7, 0.2]}, 1e-12)


@pytest.mark.parametrize("v", [True, False])
def test_gradient_of_branches_of_other_shapes(session, v):
    x, p = tf.placeholder(tf.float64, [4, 3]), tf.placeholder(tf.bool, [])
    y = tf.cond(p, lambda: tf.sin(x[:2]), lambda: x * x)
    data = np.arange(12.0).reshape(4, 3)
    g = session.run(tf.gradients(tf.reduce_sum(y * y), x)[0], {x: data, p: v})
    want = np.concatenate([np.sin(2 * data[:2]), 0 * data[2:]]) if v else 4 * data ** 3
    np.testing.assert_allclose(g, want, rtol=1e-13)
