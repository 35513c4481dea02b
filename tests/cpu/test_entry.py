"""The way into short programs in machine code: what fits it and what does not gives the same, and no object is lost or leaked."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import weakref
from types import BuiltinFunctionType, SimpleNamespace

import numpy as np
import pytest

import graphc as tf
from graphc.cpu import entry
from graphc.cpu.program import Program

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


KEPT = []           # functions that were made point into what made them


@pytest.mark.parametrize("missing", [None, *entry.CALLS, *entry._MAKERS])
def test_an_interpreter_without_a_c_function_runs_all_the_same(missing, monkeypatch):
    there = {name: getattr(ctypes.pythonapi, name) for name in (*entry.CALLS, *entry._MAKERS) if name != missing}
    monkeypatch.setattr(ctypes, "pythonapi", SimpleNamespace(**there))
    monkeypatch.setattr(entry, "_interpreter", None)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2, 3])
        f = session.make_callable([x + 1.0, tf.no_op()], [x])
        KEPT.append(entry._interpreter)
        assert isinstance(f, BuiltinFunctionType) == (missing is None)     # machine code on every version of Python that has all of them
        for value in (X, -X):
            assert same(f(value), [value + 1, None]) and same(session.run([x * 2.0], {x: value}), [value * 2])


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


@pytest.fixture
def uncollected():
    """What is counted meanwhile is not changed by the garbage of earlier tests, which holds dtypes and blocks of memory."""
    gc.disable()
    yield
    gc.enable()


def test_no_reference_is_leaked_or_lost(uncollected):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [3])
        f = session.make_callable([x + 1.0, tf.no_op(), tf.reduce_sum(x)], [x])
        value = np.ones(3, np.float32)
        for _ in range(3):
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


class Finalised:
    """In a circle, so that it goes when garbage is collected, and runs something then."""

    def __init__(self, run):
        self.me, self.run = self, run

    def __del__(self):
        self.run()


# (what is fetched of x, for a value v, how it is run): results that machine code copies, and that Python does.
COLLECTED = {
    "entry": (lambda x: [x * 2.0, x + 1.0, tf.reduce_sum(x)], lambda v: [v * 2, v + 1, v.sum()], 3),
    "python": (lambda x: {"a": [x * 2.0, x + 1.0], "b": tf.reduce_sum(x)}, lambda v: {"a": [v * 2, v + 1], "b": v.sum()}, 3),
    "large": (lambda x: [x * 2.0, tf.reduce_sum(x), x + 1.0], lambda v: [v * 2, v.sum(), v + 1], 10_000),
}


@pytest.mark.parametrize("other", ["same shape", "other shape"])
@pytest.mark.parametrize("kind", COLLECTED)
def test_a_finaliser_may_run_the_same_program(kind, other, thawed):
    build, wanted, size = COLLECTED[kind]
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float64, [None])
        f = session.make_callable(build(x), [x])
        mine, theirs = np.arange(size, dtype=float), np.full(size + (other == "other shape"), 1000.0)
        inside, wrong = [], []

        def run():
            got = f(theirs)
            inside.append(same(got, wanted(theirs)))
        f(mine)
        f(theirs)
        before = gc.get_threshold()
        gc.collect()
        gc.freeze()                             # what all other tests hold is gone through once, not at each of the collections
        try:
            for count in range(1, 60):
                f(mine)
                gc.collect()
                Finalised(run)
                gc.set_threshold(count)           # the garbage is collected at another place each time
                got = f(mine)
                gc.set_threshold(*before)
                wrong += [] if same(got, wanted(mine)) else [count]
        finally:
            gc.set_threshold(*before)
            gc.collect()
            gc.unfreeze()
        assert not wrong and len(inside) == 59 and all(inside)


def test_a_py_func_may_run_what_runs_it():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float64, [3])
        fetches = []

        def inside(v):
            return v if v[0] > 2 else session.run(fetches, {x: v + 1})[0]
        fetches += [tf.py_func(inside, [x * 1.0], tf.float64), x * 3.0]
        for _ in range(2):
            deep, own = session.run(fetches, {x: np.zeros(3)})
            assert deep.tolist() == [3, 3, 3] and own.tolist() == [0, 0, 0]


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


# Numbers as programs feed them, of each class, at the ends of what is taken without a look and beyond; an error where the dtype has no such number.
NUMBERS = [0.5, -0.0, float("nan"), float("inf"), 1e300, 2.0**31, -2.0**31, 7, -2**31, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 2**70, 16_777_217, True,
           *(kind(v) for kind in (np.float16, np.float32, np.float64) for v in (0.1, -3, np.nan)),
           *(kind(9) for kind in (np.int8, np.int64, np.uint64))]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int64", "uint8"])
def test_numbers_are_fed_as_their_arrays_are(dtype):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(dtype, [])
        call = session.make_callable([x, tf.identity(x)], [x])
        for number in NUMBERS:
            found = []
            for value in (np.asarray(number), number, number, number):
                try:
                    found.append([np.asarray(a).tobytes() for a in call(value)])
                except tf.errors.FeedError as e:
                    found.append(str(e)[:40])
            assert found[1:] == found[:1] * 3, (number, found)


def test_numbers_are_run_by_machine_code(monkeypatch):
    """A call that has run is not run by Python again for numbers that are no arrays."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, k = tf.placeholder(tf.float32, [3]), tf.placeholder(tf.float32, [])
        call, ran = session.make_callable(x * k, [x, k]), []
        for _ in range(3):
            call(X[0], np.float32(2.0))
        run = Program.run
        monkeypatch.setattr(Program, "run", lambda self, *args: ran.append(1) or run(self, *args))
        assert [call(X[0], value).tolist() for value in (2.0, np.float64(2.0), 2, np.array(2))] == [[0, 2, 4]] * 4 and not ran
