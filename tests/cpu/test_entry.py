"""The way into short programs in machine code: what fits it and what does not gives the same, and no object is lost or leaked."""

from __future__ import annotations

import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import graphc as tf

X = np.arange(6, dtype=np.float32).reshape(2, 3)

# (fetches of a placeholder x, wanted of the value fed)
FETCHES = {
    "one": (lambda x: x + 1.0, lambda v: v + 1),
    "list": (lambda x: [x * 2.0, x - 1.0], lambda v: [v * 2, v - 1]),
    "scalar": (lambda x: tf.reduce_sum(x), lambda v: v.sum()),
    "operation": (lambda x: tf.group(x + 1.0), lambda v: None),
    "mixed": (lambda x: [tf.reduce_max(x), tf.no_op(), x > 2.0], lambda v: [v.max(), None, v > 2]),
    "tuple": (lambda x: (x + 1.0, x), lambda v: (v + 1, v)),
    "dict": (lambda x: {"a": x + 1.0, "b": [x]}, lambda v: {"a": v + 1, "b": [v]}),
    "same twice": (lambda x: [x, x], lambda v: [v, v]),
}
# Feeds that the machine code takes, and that it must leave to Python.
FEEDS = {
    "as compiled": X, "other values": -X, "float64": X.astype(float), "list": X.tolist(), "other shape": np.ones((1, 3), np.float32),
    "other shape of the same size": X.reshape(3, 2)[:2, :].repeat(2, 1)[:, :3], "fortran": np.asfortranarray(X), "reversed": X[::-1, ::-1],
    "read-only": np.frombuffer(X.tobytes(), np.float32).reshape(2, 3), "subclass": X.view(np.matrix), "big-endian": X.astype(">f4"),
    "empty": np.zeros((0, 3), np.float32) + 1, "integers": X.astype(int),
}


def same(got, want):
    if isinstance(want, (list, tuple)):
        return type(got) is type(want) and len(got) == len(want) and all(map(same, got, want))
    if isinstance(want, dict):
        return got.keys() == want.keys() and all(same(got[k], want[k]) for k in want)
    return got is None if want is None else np.asarray(got).shape == np.asarray(want).shape and np.array_equal(got, np.asarray(want))


@pytest.mark.parametrize("way", ["run", "callable"])
@pytest.mark.parametrize("fetch", FETCHES)
def test_every_feed_gives_what_numpy_gives(fetch, way):
    build, wanted = FETCHES[fetch]
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 3])
        fetches = build(x)
        call = session.make_callable(fetches, [x]) if way == "callable" else lambda v: session.run(fetches, {x: v})
        for name, value in FEEDS.items():
            if fetch == "mixed" and name == "empty":
                continue                            # an empty tensor has no maximum
            for _ in range(2):
                got = call(value)
                assert same(got, wanted(np.asarray(value, np.float32))), name
            if fetch == "list":
                got[0][...] = 77.0                  # results are the caller's
                assert same(call(value), wanted(np.asarray(value, np.float32))), name


def test_results_are_arrays_of_their_own():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [3])
        f = session.make_callable([x + 1.0, tf.reduce_sum(x)], [x])
        first, second = f(X[0]), f(X[1])
        assert first[0].base is None and first[0].flags.owndata and first[0].flags.writeable
        assert type(first[1]) is np.float32 and first[0].tolist() == [1, 2, 3] and second[0].tolist() == [4, 5, 6]


@pytest.mark.parametrize("values, error", [((), tf.errors.FeedError), ((X[0], X[0]), tf.errors.FeedError), ((None,), tf.errors.FeedError),
                                           (("a",), tf.errors.FeedError), ((X,), tf.errors.FeedError)])
def test_what_does_not_fit_is_refused(values, error):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [3])
        f = session.make_callable(x + 1.0, [x])
        for _ in range(2):
            with pytest.raises(error):
                f(*values)
            assert f(X[0]).tolist() == [1, 2, 3]
        with pytest.raises(TypeError):
            f(x=X[0])


def test_a_failed_step_raises_and_leaves_the_entry_usable():
    with tf.Graph().as_default(), tf.Session() as session:
        i = tf.placeholder(tf.int32, [2])
        f = session.make_callable([tf.gather(tf.constant([1.0, 2.0, 3.0]) * 1.0, i)], [i])
        for _ in range(3):
            assert f(np.array([2, 0], np.int32))[0].tolist() == [3, 1]
            with pytest.raises(tf.errors.InvalidArgumentError, match="7 is not in"):
                f(np.array([0, 7], np.int32))


def test_variables_move_on_and_closed_sessions_refuse():
    with tf.Graph().as_default():
        v = tf.Variable(np.zeros(3, np.float32))
        step = tf.assign_add(v, [1.0, 2.0, 3.0])
        session = tf.Session()
        session.run(tf.global_variables_initializer())
        f = session.make_callable(step)
        for n in range(1, 5):
            assert f().tolist() == [n, 2 * n, 3 * n]
        v.load(np.full(3, 10, np.float32), session)
        assert f().tolist() == [11, 12, 13] and session.run(v).tolist() == [11, 12, 13]
        session.run(tf.global_variables_initializer())
        assert f().tolist() == [1, 2, 3]
        session.close()
        with pytest.raises(tf.errors.SessionClosedError):
            f()


def test_no_reference_is_leaked_or_lost():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [3])
        f = session.make_callable([x + 1.0, tf.no_op(), tf.reduce_sum(x)], [x])
        value = np.ones(3, np.float32)
        f(value)
        counts = sys.getrefcount(value), sys.getrefcount(value.dtype)
        blocks = sys.getallocatedblocks()
        for _ in range(1000):
            f(value)
        assert (sys.getrefcount(value), sys.getrefcount(value.dtype)) == counts
        assert abs(sys.getallocatedblocks() - blocks) < 200
        gone = weakref.ref(session)
        results = f(value)
    del session, f, x
    gc.collect()
    assert gone() is None and results[0].tolist() == [2, 2, 2]


def test_many_threads_at_once():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None])
        count = tf.Variable(0.0)
        with tf.control_dependencies([tf.assign_add(count, 1.0)]):
            y = x * 2.0
        big = tf.placeholder(tf.float32, [None])
        z = tf.exp(big) + tf.sin(big)
        session.run(tf.global_variables_initializer())
        f = session.make_callable(y, [x])
        wrong = []

        def work(seed):
            value = np.full(3 + seed % 2, seed, np.float32)
            for k in range(200):
                if not np.array_equal(f(value), 2 * value):
                    wrong.append(seed)
                if k % 50 == 0:
                    session.run(z, {big: np.zeros(100_000, np.float32)})
        threads = [threading.Thread(target=work, args=(s,)) for s in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not wrong and session.run(count) == 1200
