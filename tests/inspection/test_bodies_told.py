"""What is told of loops and branches: the trips that `explain` counts, and what `diagnose` sees of the activations in their bodies."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf


def counted(limit):
    return lambda x, n: tf.while_loop(lambda i, a: i < limit(x, n), lambda i, a: (i + 1, tf.matmul(a, a)), [0, tf.eye(3)])[1]


# What is built of x: float32[None, 3] with 7 rows and n = 5; how many trips, once it has not run and once it has; operations of a trip, of a test.
TRIPS = {
    "rows": (lambda x, n: tf.scan(lambda a, r: tf.tanh(a) + r, x, tf.zeros([3])), ("7 trips: ", 7), ("7 trips: ", 7), 6, 0),
    "a constant": (counted(lambda x, n: 4), ("4 trips: ", 4), ("4 trips: ", 4), 2 * 27, 0),
    "an operand": (counted(lambda x, n: n), ("is known only when it runs", None), ("5 trips in the last run: ", 5), 2 * 27, 0),
    "a condition": (lambda x, n: tf.while_loop(lambda a: tf.reduce_sum(a) > 1, lambda a: a * 0.5, [tf.ones([4])]),
                    ("is known only when it runs", None), ("2 trips in the last run: ", 2), 4, 4 + 1),
    "scalars": (lambda x, n: tf.while_loop(lambda i, a: i < 10, lambda i, a: (i + 1, a * a + 1), [0, 1.0])[1],
                ("10 trips: ", 10), ("10 trips: ", 10), 2, 0),
    "nothing to do": (lambda x, n: tf.scan(lambda a, r: tf.tanh(a) + r, x[:0], tf.zeros([3])), ("0 trips: ", 0), ("0 trips: ", 0), 6, 0),
}


@pytest.mark.parametrize("build, before, after, trip, test", TRIPS.values(), ids=TRIPS)
def test_trips(build, before, after, trip, test):
    """A loop's step says how often it runs its body, and costs as much as its trips; a second session has not run it yet."""
    x, n = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.int32, [])
    y, feeds = build(x, n), {x: np.ones((7, 3)), n: 5}
    for ran, wanted in ((False, before), (True, after)):
        with tf.Session() as session:
            if ran:
                session.run(y, feeds)
            found = session.explain(y, feeds)
        loops = [s for s in found.steps if s.kind == "while"]
        (s,), (text, trips) = loops, wanted
        assert text in str(found) and s.trips == trips
        assert s.operations == (trip + test if trips is None else trips * trip + (trips + 1) * test)


def test_the_trace_counts_the_trips_of_a_loop_that_is_one_kernel():
    metadata = tf.RunMetadata()
    with tf.Session() as session:
        y = tf.while_loop(lambda i, a: i < 10, lambda i, a: (i + 1, a * a + 1), [0, tf.placeholder(tf.float32, [], name="x")])[1]
        session.run(y, {"x:0": 1.0}, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=metadata)
    assert [e.cost.operations for e in metadata.events if e.kind == "while"] == [10 * 2]


def one_unit_dead(x, w):
    """Of three units over the rows of x the last one is never above zero; the second one is in one iteration only."""
    return tf.scan(lambda a, r: tf.nn.relu(tf.matmul(r, w) + 0.0 * a), x, tf.zeros([2, 3]))


def doubled(x, w):
    return tf.while_loop(lambda i, a: i < 4, lambda i, a: (i + 1, tf.tanh(a * 2.0)), [0, tf.matmul(x[0], w)])[1]


def until_large(x, w):
    return tf.while_loop(lambda a: tf.reduce_max(tf.tanh(a)) < 0.99, lambda a: tf.nn.relu(a) * 2.0, [tf.matmul(x[0], w)])


def growing(x, w):
    grown = tf.while_loop(lambda a: tf.shape(a)[0] < 5, lambda a: tf.concat([tf.sigmoid(a), a[:1]], 0), [tf.matmul(x[0], w)],
                          shape_invariants=[tf.TensorShape([None, 3])])
    return tf.reduce_sum(grown)


def assigning(x, w):
    seen = tf.Variable(0.0, trainable=False, name="seen")

    def body(a, r):
        with tf.control_dependencies([seen.assign_add(1.0)]):
            return tf.tanh(a + tf.matmul(r, w))
    return tf.scan(body, x, tf.zeros([2, 3]))


def printing(x, w):
    return tf.scan(lambda a, r: tf.Print(tf.tanh(a + tf.matmul(r, w)), ["seen"]), x, tf.zeros([2, 3]))


def calling(x, w):
    def same(r):
        return tf.stop_gradient(tf.reshape(tf.py_func(lambda v: v, [r], tf.float32), [2, 3]))
    return tf.scan(lambda a, r: tf.tanh(a + tf.matmul(same(r), w)), x, tf.zeros([2, 3]))


def within(x, w):
    return tf.scan(lambda a, r: tf.cond(tf.reduce_sum(r) > 0, lambda: tf.nn.relu(a), lambda: a) + tf.matmul(r, w), x, tf.zeros([2, 3]))


# Data of three iterations, of which each row holds [2, 3] products with the identity.
ROWS = np.array([[[1, -1, -1], [2, -1, -1]], [[1, -1, -1], [1, 5, 0]], [[0, -1, -3], [1, -2, -1]]], np.float32)


def halves(rows):
    """What `doubled` gives in its four iterations."""
    out = [np.tanh(rows * np.float32(2))]
    while len(out) < 4:
        out.append(np.tanh(out[-1] * np.float32(2)))
    return np.stack(out)


def sums(rows):
    """What `assigning` gives in its three iterations."""
    out = [np.tanh(rows[0])]
    while len(out) < 3:
        out.append(np.tanh(out[-1] + rows[len(out)]))
    return np.stack(out)


# What is built; of the activations found in bodies (kind, shape, dead, saturated); what is said of those left out.
DIAGNOSED = {
    "dead over all iterations": (one_unit_dead, [("relu", (3, 2, 3), 1 / 3, None)], []),
    "saturated": (doubled, [("tanh", (4, 2, 3), None, float((abs(halves(ROWS[0])) >= 0.98).mean()))], []),
    "a condition": (until_large, [("relu", (1, 2, 3), 2 / 3, None)], ["in the condition of while, through which no gradient passes"]),
    "shapes change": (growing, [], ["it may have another shape in each iteration"]),
    "assigns": (assigning, [("tanh", (3, 2, 3), None, float((abs(sums(ROWS)) >= 0.98).mean()))], []),
    "prints": (printing, [], ["the body prints, checks, takes elements or calls Python, and may not run once more"]),
    "calls Python": (calling, [], ["the body prints, checks, takes elements or calls Python, and may not run once more"]),
    "a branch": (lambda x, w: tf.cond(tf.reduce_sum(x) > 99, lambda: tf.tanh(tf.matmul(x[0], w)), lambda: x[0]), [], ["in a branch of cond"]),
    "within": (within, [], ["in a body within that of scan"]),
}


@pytest.mark.parametrize("build, wanted, left_out", DIAGNOSED.values(), ids=DIAGNOSED)
def test_activations_in_bodies(build, wanted, left_out):
    with tf.Session() as session:
        x, w = tf.placeholder(tf.float32, [None, 2, 3]), tf.Variable(np.eye(3, dtype=np.float32), name="w")
        loss = tf.reduce_sum(build(x, w))
        session.run(tf.global_variables_initializer())
        found = tf.diagnose(loss, session, {x: ROWS})
        size = len(tf.get_default_graph().nodes)
        assert str(tf.diagnose(loss, session, {x: ROWS})) == str(found) and len(tf.get_default_graph().nodes) == size
        np.testing.assert_array_equal(session.run(w), np.eye(3))
        assert session.run([v for v in tf.global_variables() if v is not w]) in ([], [2 * 3.0])      # what the loss itself assigns, and no more
    layers = [layer for layer in found.layers if layer.kind != "weights"]
    assert [(layer.kind, layer.shape) for layer in layers] == [w[:2] for w in wanted]
    for layer, (_, _, dead, saturated) in zip(layers, wanted, strict=True):
        assert (layer.dead, layer.saturated) == tuple(share if share is None else pytest.approx(share) for share in (dead, saturated))
        assert layer.line.startswith("test_bodies_told.py:") and layer.name in str(found)
    assert len(found.left_out) == len(left_out)
    for sentence, part in zip(found.left_out, left_out, strict=True):
        assert part in sentence and f"left out: {sentence}" in str(found)


def test_the_units_of_a_recurrent_network_are_seen():
    """Large inputs saturate each step of `dynamic_rnn`: a verdict says so, with the user's line."""
    with tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 4, 3])
        y, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicRNNCell(5), x, dtype=tf.float32, time_major=True)
        loss = tf.reduce_sum(y * y)
        session.run(tf.global_variables_initializer())
        for scale, seen in ((1000.0, True), (0.001, False)):
            found = tf.diagnose(loss, session, {x: np.full((7, 4, 3), scale)})
            assert any("rnn/while/basic_rnn_cell/Tanh" in v and "test_bodies_told.py:" in v and "saturated" in v for v in found.verdicts) == seen
            assert [layer.shape for layer in found.layers if layer.kind == "tanh"] == [(7, 4, 5)]
