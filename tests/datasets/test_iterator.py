"""Iterators: where a session is in a dataset, what initialises it, what a run that finds the end leaves as it was; threads and forks."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import graphc as tf
from tests import ROOT
from tests.waiting import PATIENCE, until

RANGE = tf.data.Dataset.range
SLICES = tf.data.Dataset.from_tensor_slices


def rest(session, fetch):
    found = []
    try:
        while True:
            found.append(session.run(fetch))
    except tf.errors.OutOfRangeError:
        return found


def ours():
    return [t for t in threading.enumerate() if t.name == "graphc dataset"]


def test_one_element_a_run_for_each_call(session):
    iterator = RANGE(10).make_one_shot_iterator()
    a, b = iterator.get_next(), iterator.get_next()
    assert session.run([a, a + 100]) == [0, 100]
    assert sorted(session.run([a, b])) == [1, 2]
    assert session.run(b) == 3
    assert session.run([a, b], {a: 77}) == [77, 4]          # what is fed is not taken
    with tf.Session() as other:
        assert other.run(a) == 0                            # each session has a place of its own


def test_a_component_that_is_not_fetched_is_taken_along(session):
    a, b = SLICES(([1, 2, 3], [10, 20, 30])).make_one_shot_iterator().get_next()
    assert [session.run(a), session.run(b), session.run((a, b))] == [1, 20, (3, 30)]


def test_an_operation_takes_an_element_too(session):
    pair = SLICES(([1, 2, 3], [10, 20, 30])).make_one_shot_iterator().get_next()
    assert session.run(pair[0].op) is None
    assert session.run(pair) == (2, 20)
    one = RANGE(3).make_one_shot_iterator().get_next()
    assert session.run(one.op) is None and session.run(one) == 1


def test_structures_come_back(session):
    import collections
    Point = collections.namedtuple("Point", "x y")
    element = SLICES({"p": Point([1, 2], [3, 4]), "q": ([5, 6],)}).make_one_shot_iterator().get_next()
    assert isinstance(element["p"], Point) and isinstance(element["q"], tuple)
    assert session.run(element) == {"p": Point(1, 3), "q": (5,)}


def test_the_run_that_finds_the_end_changes_nothing(session):
    element = RANGE(2).make_one_shot_iterator().get_next()
    v = tf.Variable(0)
    noise = tf.random_uniform([], seed=1)
    step = [v.assign_add(1), element, noise]
    session.run(tf.global_variables_initializer())
    session.run(step)
    session.run(step)
    with pytest.raises(tf.errors.OutOfRangeError, match="IteratorGetNext: end of the dataset\n  at test_iterator.py:") as caught:
        session.run(step)
    assert session.run(v) == 2 and caught.value.op is element.op.node
    with pytest.raises(tf.errors.OutOfRangeError):
        session.run(element)


def test_initialisation(session):
    x, n = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.int64, [])
    v = tf.Variable(10.0)
    iterator = SLICES(x).map(lambda row: tf.reduce_sum(row) + v).batch(n).make_initializable_iterator()
    element = iterator.get_next()
    session.run(tf.global_variables_initializer())
    with pytest.raises(tf.errors.FailedPreconditionError, match="not initialised"):
        session.run(element)
    session.run(iterator.initializer, {x: [[1, 2], [3, 4], [5, 6]], n: 2})
    assert [a.tolist() for a in rest(session, element)] == [[13, 17], [21]]
    session.run(v.assign(0.0))
    session.run(iterator.initializer, {x: [[1, 2]], n: 5})
    session.run(v.assign(50.0))                     # captured when it was initialised
    assert [a.tolist() for a in rest(session, element)] == [[3]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be fed"):
        session.run(iterator.initializer)


def test_initializer_beside_others(session):
    iterator = RANGE(5).make_initializable_iterator()
    element = iterator.get_next()
    v = tf.Variable(3)
    session.run([tf.global_variables_initializer(), iterator.initializer])
    assert session.run([element, v]) == [0, 3]
    session.run(tf.group(iterator.initializer, v.assign(4)))
    assert session.run([element, v]) == [0, 4]
    with tf.control_dependencies([v.assign_add(1)]):
        begin = iterator.make_initializer(RANGE(7, 9))
    session.run(begin)
    assert session.run([element, v]) == [7, 5]


def test_what_departs_before_it_arrives(session):
    iterator = RANGE(5).make_initializable_iterator()
    with tf.control_dependencies([iterator.initializer]):
        first = iterator.get_next()
    assert [session.run(first), session.run(first + 1)] == [0, 1]
    v = tf.Variable(0)
    with tf.control_dependencies([v.assign_add(1)]):
        bad = iterator.get_next()
    with pytest.raises(tf.errors.InvalidArgumentError, match="has an effect that must come before"):
        session.run(bad)


def test_reinitialisable(session):
    iterator = tf.data.Iterator.from_structure(tf.int64, [])
    begin, again = iterator.make_initializer(RANGE(3)), iterator.make_initializer(RANGE(10, 12))
    element = iterator.get_next()
    for _ in range(2):
        session.run(begin)
        assert rest(session, element) == [0, 1, 2]
        session.run(again)
        assert rest(session, element) == [10, 11]
    with pytest.raises(tf.errors.GraphError, match=r"elements of int64\[\] and of float32\[\]"):
        iterator.make_initializer(SLICES([1.0]))
    with pytest.raises(tf.errors.GraphError, match="for an iterator of"):
        iterator.make_initializer(RANGE(3).batch(2))
    with pytest.raises(tf.errors.GraphError, match="no initializer"):
        _ = iterator.initializer


def test_feedable(session):
    handle = tf.placeholder(tf.string, [])
    training, validation = RANGE(100), RANGE(50, 52)
    element = tf.data.Iterator.from_string_handle(handle, training.output_types, training.output_shapes).get_next()
    a, b = training.make_one_shot_iterator(), validation.make_initializable_iterator()
    first, second = session.run([a.string_handle(), b.string_handle()])
    session.run(b.initializer)
    assert [session.run(element, {handle: h}) for h in (first, second, first, second, first)] == [0, 50, 1, 51, 2]
    with pytest.raises(tf.errors.OutOfRangeError):
        session.run(element, {handle: second})
    session.run(b.initializer)
    assert session.run([element, element + 1], {handle: second}) == [50, 51]
    with pytest.raises(tf.errors.InvalidArgumentError, match="is the handle of no iterator"):
        session.run(element, {handle: "other"})
    text = SLICES(["a"]).make_one_shot_iterator()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"the handle is of an iterator of string\[\], not of int64\[\]"):
        session.run(element, {handle: session.run(text.string_handle())})


def test_one_shot_needs_constants():
    x = tf.placeholder(tf.float32, [None])
    with pytest.raises(tf.errors.GraphError, match=r"depends on Placeholder: float32\[\?\].*make_initializable_iterator"):
        SLICES(x).make_one_shot_iterator()
    v = tf.Variable(1.0)
    with pytest.raises(tf.errors.GraphError, match="depends on Variable"):
        SLICES([1.0]).map(lambda i: i * v).make_one_shot_iterator()


def test_gradients_and_training(session):
    """A line is found from a dataset as from arrays that are fed, to the bit."""
    xs = np.linspace(-1, 1, 32, dtype=np.float32).reshape(32, 1)
    ys = 3 * xs + 1

    def model(x, y):
        w, b = tf.Variable([[0.0]]), tf.Variable([0.0])
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w) + b - y))
        return [tf.train.GradientDescentOptimizer(0.1).minimize(loss), w, b]
    ours = model(*SLICES((xs, ys)).repeat(20).batch(8).make_one_shot_iterator().get_next())
    px, py = tf.placeholder(tf.float32, [None, 1]), tf.placeholder(tf.float32, [None, 1])
    theirs = model(px, py)
    session.run(tf.global_variables_initializer())
    results = rest(session, ours)
    for i in range(80):
        at = slice(i * 8 % 32, i * 8 % 32 + 8)
        expected = session.run(theirs, {px: xs[at], py: ys[at]})
        assert [a.tolist() for a in results[i][1:]] == [a.tolist() for a in expected[1:]]
    assert abs(results[-1][1] - 3).max() < 0.1 and len(results) == 80


def test_other_ways_to_run(session):
    element = RANGE(100).make_one_shot_iterator().get_next()
    assert session.make_callable(element)() == 0
    p = tf.placeholder(tf.int64, [])
    assert session.make_callable(element + p, [p])(5) == 6
    with session.as_default():
        assert element.eval() == 2
    metadata = tf.RunMetadata()
    assert session.run(element, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=metadata) == 3
    assert session.run(element + 1, check_numerics=True) == 5
    assert session.run(element) == 5


def test_explaining_takes_no_element():
    x = RANGE(9).map(lambda i: tf.cast(i, tf.float32) * [1.0, 2.0]).batch(3, drop_remainder=True).make_one_shot_iterator().get_next()
    y = RANGE(9).batch(2).make_one_shot_iterator().get_next()
    with tf.Session() as sess:
        assert "tanh" in str(sess.explain(tf.tanh(x)).kernels[0].source)
        assert sess.run(x).tolist() == [[0, 0], [1, 2], [2, 4]]
        with pytest.raises(tf.errors.FeedError, match="has no fixed shape; give a value for it in feed_dict, or run it first"):
            sess.explain(y * 2)
        doubled = y * 2
        assert sess.run(doubled).tolist() == [0, 2]
        assert sess.explain(doubled).kernels and sess.run(y).tolist() == [2, 3]


def test_a_variable_begins_with_no_element(session):
    element = RANGE(3).make_one_shot_iterator().get_next()
    v = tf.Variable(element)
    with pytest.raises(tf.errors.InvalidArgumentError, match="arrives before a run"):
        session.run(tf.global_variables_initializer())
    del v


# ---------------------------------------------------------------------- threads

def seen(i):
    """The same number, by a function of Python's: threads make what somebody sees ahead of those who ask."""
    return tf.py_func(lambda a: a, [i], tf.int64)


def test_it_runs_ahead_and_not_too_far():
    made = []

    def counted():
        for i in range(1000):
            made.append(i)
            yield i
    element = tf.data.Dataset.from_generator(counted, tf.int64, []).prefetch(4).make_one_shot_iterator().get_next()
    with tf.Session(jit=False) as sess:
        assert not made
        assert sess.run(element) == 0
        assert until(lambda: len(made) >= 4)
        time.sleep(0.05)                # for what would be too many
        assert 4 <= len(made) <= 6
        assert [sess.run(element) for _ in range(100)] == [*range(1, 101)]
        assert len(made) <= 106


@pytest.mark.parametrize("leave", ["close", "drop", "end"])
def test_no_thread_is_left(leave):
    before = {*ours()}
    element = RANGE(5).map(seen).prefetch(1).make_one_shot_iterator().get_next()
    sess = tf.Session(jit=False)
    assert sess.run(element) == 0 and len({*ours()} - before) == 1
    if leave == "end":
        assert rest(sess, element) == [1, 2, 3, 4]
    elif leave == "close":
        sess.close()
    else:
        del sess
        gc.collect()
    assert until(lambda: {*ours()} <= before)


def test_begun_again_the_old_thread_ends():
    before = {*ours()}
    iterator = RANGE(10**9).map(seen).prefetch(2).make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session(jit=False) as sess:
        for _ in range(5):
            sess.run(iterator.initializer)
            assert [sess.run(element), sess.run(element)] == [0, 1]
        assert until(lambda: len({*ours()} - before) <= 1)


def test_no_file_is_left_open(tmp_path):
    (tmp_path / "f").write_text("a\nb\n" * 200_000)
    element = tf.data.TextLineDataset(str(tmp_path / "f")).map(lambda t: t).make_one_shot_iterator().get_next()
    sess = tf.Session(jit=False)

    def opened():
        return [p for f in os.listdir("/proc/self/fd") if os.path.islink(f"/proc/self/fd/{f}")
                and (p := os.readlink(f"/proc/self/fd/{f}")) == str(tmp_path / "f")]
    sess.run(element)
    assert len(opened()) == 1
    sess.close()
    gc.collect()
    assert not opened()


def test_sessions_in_several_threads_share_a_place():
    element = RANGE(2000).prefetch(10).make_one_shot_iterator().get_next()
    found = []
    with tf.Session(jit=False) as sess:
        def work():
            found.extend(rest(sess, element))
        threads = [threading.Thread(target=work) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(PATIENCE)
    assert sorted(found) == [*range(2000)]


def doubled(data, **options):
    return data.map(lambda i: tf.py_func(lambda a: a * 2, [i], tf.int64), **options)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize("stage", [
    lambda data: doubled(data).prefetch(4), lambda data: doubled(data, num_parallel_calls=3),
    lambda data: doubled(data, num_parallel_calls=2).prefetch(2),
    lambda data: doubled(data.batch(5).interleave(tf.data.Dataset.from_tensor_slices, 3, 5, num_parallel_calls=3)),
], ids=["prefetch", "map", "both", "interleave"])
def test_a_child_goes_on_by_itself(stage):
    element = stage(RANGE(500)).make_one_shot_iterator().get_next()
    with tf.Session(jit=False) as sess:
        assert [sess.run(element) for _ in range(10)] == [*range(0, 20, 2)]
        child = os.fork()
        if not child:
            try:
                os._exit(0 if rest(sess, element) == [*range(20, 1000, 2)] else 3)
            except BaseException:
                os._exit(4)
        assert rest(sess, element) == [*range(20, 1000, 2)]
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


_EXITS = """
import graphc as tf, itertools
e = tf.data.Dataset.from_generator(itertools.count, tf.int64).map(lambda i: i + 1).prefetch(100).make_one_shot_iterator().get_next()
s = tf.Session(jit=False)
print(s.run(e)){end}
"""


@pytest.mark.parametrize("end", ["", "\nraise SystemExit(0)", "\ns.close()", "\ndel s"])
def test_the_interpreter_ends(end):
    done = subprocess.run([sys.executable, "-c", _EXITS.format(end=end)], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
