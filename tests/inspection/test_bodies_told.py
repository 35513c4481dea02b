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
