"""Queues and what fills them: order, waiting, closing, readers and batches, against plain Python; no thread is left."""

from __future__ import annotations

import collections
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import graphc as tf
from tests import ROOT
from tests.datasets.feeding import fed_by_threads, plain, rest
from tests.waiting import PATIENCE, until

# ---------------------------------------------------------------------- queues

def test_in_order(session):
    q = tf.FIFOQueue(10, [tf.int32, tf.string], [[], []])
    put, many = q.enqueue([tf.constant(1), "a"]), q.enqueue_many([[2, 3, 4], ["b", "c", "d"]])
    one, two, size = q.dequeue(), q.dequeue_many(2), q.size()
    session.run(put)
    session.run(many)
    assert session.run(size) == 4
    assert session.run(one) == [1, b"a"] and plain(session.run(two)) == [[2, 3], [b"b", b"c"]]
    assert session.run(size) == 1
    session.run(q.close())
    assert session.run(q.is_closed()) and session.run(one) == [4, b"d"]
    with pytest.raises(tf.errors.OutOfRangeError, match="fifo_queue_Dequeue: the queue is closed and has 0 elements; 1 are wanted\n  at test_q"):
        session.run(one)
    with pytest.raises(tf.errors.CancelledError, match="the queue is closed"):
        session.run(put)
    with tf.Session() as other:
        assert other.run(size) == 0


def test_texts_keep_the_zeros_at_their_ends(session):
    q = tf.FIFOQueue(10, tf.string, [[]])
    session.run([q.enqueue([tf.string_join(["a", "\0"])]), q.enqueue_many([[b"b\0\0"]])])
    assert plain(session.run(q.dequeue_many(2))) == [b"a\0", b"b\0\0"]


def test_a_value_that_depends_on_the_run_is_handed_over_after_it(session):
    q = tf.FIFOQueue(10, tf.float32)
    v = tf.Variable(0.0)
    step = v.assign_add(1.0)
    session.run(v.initializer)
    put = q.enqueue(step * 10)
    for _ in range(3):
        session.run([put, step])
    assert [session.run(q.dequeue()) for _ in range(3)] == [10, 20, 30] and session.run(v) == 3


def test_from_queue_to_queue(session):
    """The counter of TensorFlow 1's own guide: dequeued, increased, enqueued again."""
    q = tf.FIFOQueue(3, "float")
    x = q.dequeue()
    back = q.enqueue([x + 1])
    session.run(q.enqueue_many(([0.0, 0.0, 0.0],)))
    for _ in range(4):
        session.run(back)
    assert [session.run(x) for _ in range(3)] == [1, 1, 2]


def test_up_to(session):
    q = tf.FIFOQueue(10, tf.int32, [[]])
    session.run(q.enqueue_many([[1, 2, 3, 4, 5]]))
    session.run(q.close())
    assert plain(rest(session, q.dequeue_up_to(2))) == [[1, 2], [3, 4], [5]]
    with pytest.raises(tf.errors.OutOfRangeError, match="2 are wanted"):
        session.run(q.dequeue_many(2))
    assert session.run(q.dequeue_many(0)).shape == (0,)


def test_random_order_is_that_of_the_seed_and_leaves_some_behind(session):
    def drawn(seed, number=0):
        q = tf.RandomShuffleQueue(100, 5, tf.int32, [[]], seed=seed, shared_name=f"{seed} {number} {id(session)}")
        session.run(q.enqueue_many([np.arange(50)]))
        x = q.dequeue()
        found = [session.run(x) for _ in range(45)]
        assert session.run(q.size()) == 5
        session.run(q.close())
        return [*map(int, found), *session.run(q.dequeue_many(5)).tolist()]
    first = drawn(1)
    assert sorted(first) == [*range(50)] and first != sorted(first) and first == drawn(1, 1) != drawn(2)


def test_padding(session):
    q = tf.PaddingFIFOQueue(10, [tf.int32, tf.string], [[None, 2], []])
    for n in (1, 3, 2):
        session.run(q.enqueue([np.full([n, 2], n), str(n)]))
    found = session.run(q.dequeue_many(3))
    assert plain(found[0]) == [[[n, n]] * n + [[0, 0]] * (3 - n) for n in (1, 3, 2)] and plain(found[1]) == [b"1", b"3", b"2"]


def test_ranks(session):
    q = tf.PriorityQueue(10, tf.string, [[]])
    session.run(q.enqueue_many([np.array([5, 1, 3, 1]), ["five", "one", "three", "again"]]))
    assert [session.run(q.dequeue())[1] for _ in range(4)] == [b"one", b"again", b"three", b"five"]


def test_names(session):
    q = tf.FIFOQueue(5, [tf.int32, tf.float32], names=["n", "x"])
    session.run(q.enqueue({"x": 0.5, "n": 3}))
    assert session.run(q.dequeue()) == {"n": 3, "x": 0.5}
    assert tf.QueueBase.from_list(1, [q, q]) is q


REFUSED = [
    (lambda: tf.FIFOQueue("a", tf.int32), tf.errors.ArgumentError, "capacity is a whole number, not 'a'"),
    (lambda: tf.FIFOQueue(3, [tf.int32, tf.int32], [[]]), tf.errors.GraphError, "1 shapes for 2 dtypes"),
    (lambda: tf.FIFOQueue(3, tf.int32).enqueue(tf.constant(1.5)), tf.errors.DTypeError, r"float32\[\] .* for a component int32"),
    (lambda: tf.FIFOQueue(3, tf.int32, [[2]]).enqueue([[1, 2, 3]]), tf.errors.ShapeError, r"int32\[3\] .* for a component int32\[2\]"),
    (lambda: tf.FIFOQueue(3, tf.int32).dequeue_many(2), tf.errors.ShapeError, "needs the shapes of all components"),
    (lambda: tf.RandomShuffleQueue(3, 3, tf.int32), tf.errors.ArgumentError, "3 elements cannot stay behind in a queue of 3"),
    (lambda: tf.PaddingFIFOQueue(3, [tf.int32], [None]), tf.errors.ShapeError, "the rank of each component"),
    (lambda: tf.train.QueueRunner(3, []), tf.errors.GraphError, "QueueRunner takes a queue, not 3"),
    (lambda: tf.train.batch([tf.placeholder(tf.int32)], 2), tf.errors.ShapeError, "is to be known: shapes="),
    (lambda: tf.train.string_input_producer([]), tf.errors.ArgumentError, "there are no texts"),
    (lambda: tf.TextLineReader().read(tf.FIFOQueue(3, tf.int32)), tf.errors.GraphError, "takes a queue of names of files"),
    (lambda: tf.train.start_queue_runners(), tf.errors.GraphError, "needs a session"),
    (lambda: tf.train.limit_epochs(1, 0), tf.errors.ArgumentError, "a number above 0, not 0"),
]


def test_a_list_is_the_tensor_of_a_queue_of_one_component():
    queue = tf.FIFOQueue(3, tf.int32)
    put, taken = queue.enqueue([1, 2]), queue.dequeue()
    with tf.Session(jit=False) as session:
        session.run(put)
        assert session.run(taken).tolist() == [1, 2]


@pytest.mark.parametrize("make, kind, text", REFUSED)
def test_refused(make, kind, text):
    with pytest.raises(kind, match=text) as caught:
        make()
    assert "test_queues.py:" in str(caught.value)


# ---------------------------------------------------------------------- waiting

def test_who_waits_lets_others_run(session):
    q = tf.FIFOQueue(2, tf.int32)
    x = q.dequeue()
    p = tf.placeholder(tf.int32, [])
    put = q.enqueue(p)
    found = []
    thread = threading.Thread(target=lambda: found.extend(session.run(x) for _ in range(20)))
    thread.start()
    for i in range(20):             # the queue holds two: both sides wait for each other
        session.run(put, {p: i})
    thread.join(PATIENCE)
    assert found == [*range(20)]


def test_numbers_that_are_fed_are_handed_over_once(session):
    q = tf.FIFOQueue(9, tf.int32)
    p = tf.placeholder(tf.int32, [])
    put, size, x = q.enqueue(p), q.size(), q.dequeue()
    for i in range(4):              # from the second run on machine code may take them
        session.run(put, {p: i})
    assert session.run(size) == 4 and [int(session.run(x)) for _ in range(4)] == [0, 1, 2, 3]


def test_closing_lets_those_who_wait_go(session):
    q = tf.FIFOQueue(1, tf.int32)
    put = q.enqueue(1)
    session.run(put)
    errors = []

    def waiting():
        try:
            session.run(put)
        except tf.errors.CancelledError as e:
            errors.append(e)
    threads = [threading.Thread(target=waiting) for _ in range(3)]
    for t in threads:
        t.start()
    time.sleep(0.1)                 # for all to wait; who comes later is cancelled as well
    session.run(q.close(cancel_pending_enqueues=True))
    for t in threads:
        t.join(PATIENCE)
    assert len(errors) == 3 and session.run(q.size()) == 1


def test_a_closed_session_lets_go():
    q = tf.FIFOQueue(1, tf.int32)
    sess = tf.Session(jit=False)
    x = q.dequeue()
    errors = []

    def waiting():
        try:
            sess.run(x)
        except tf.errors.CancelledError as e:
            errors.append(e)
    thread = threading.Thread(target=waiting)
    thread.start()
    assert until(lambda: sess.values.resources.find(q) is not None)         # the run has begun
    sess.close()
    thread.join(PATIENCE)
    assert len(errors) == 1


# ---------------------------------------------------------------------- coordinators and runners

def test_coordinator():
    coord = tf.train.Coordinator()
    turns = []

    def work():
        with coord.stop_on_exception():
            while not coord.should_stop():
                turns.append(1)
                if len(turns) > 5:
                    raise KeyError("enough")
    threads = [threading.Thread(target=work) for _ in range(2)]
    for t in threads:
        t.start()
    with pytest.raises(KeyError, match="enough"):
        coord.join(threads)
    assert coord.joined and coord.should_stop()
    coord.clear_stop()
    assert not coord.should_stop() and not coord.wait_for_stop(0.01)
    coord.request_stop(tf.errors.OutOfRangeError("the end"))
    coord.join([])                          # a clean stop
    looped = []
    again = tf.train.Coordinator()
    loop = tf.train.LooperThread.loop(again, 0.001, lambda: looped.append(1) or (len(looped) > 3 and again.request_stop()))
    again.join([loop])
    assert 4 <= len(looped) <= 5


def test_threads_that_do_not_stop():
    coord, end = tf.train.Coordinator(), threading.Event()
    thread = threading.Thread(target=end.wait, name="slow")
    thread.start()
    coord.request_stop()
    with pytest.raises(tf.errors.GraphError, match="0.05 seconds after a stop was asked for: slow"):
        coord.join([thread], stop_grace_period_secs=0.05)
    coord.join([thread], stop_grace_period_secs=0.05, ignore_live_threads=True)
    end.set()
    thread.join()


def test_slices_in_order(session):
    x, y = tf.train.slice_input_producer([np.arange(10).reshape(5, 2), np.array([1.0, 2, 3, 4, 5], np.float32)], num_epochs=2, shuffle=False)
    found = fed_by_threads(session, tf.train.batch([x, y], 4, allow_smaller_final_batch=True))
    assert plain([a for a, _ in found]) == [[[0, 1], [2, 3], [4, 5], [6, 7]], [[8, 9], [0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9]]]
    assert np.concatenate([b for _, b in found]).tolist() == [1, 2, 3, 4, 5] * 2


def test_slices_shuffled_without_end(session):
    x = tf.train.slice_input_producer([tf.constant([*range(10)])], seed=3)[0]
    found = [int(i) for i in fed_by_threads(session, x, 30)]
    assert all(sorted(found[i:i + 10]) == [*range(10)] for i in (0, 10, 20)) and found[:10] != found[10:20]


def test_batches_of_several_kinds(session):
    number = tf.train.range_input_producer(12, 1, shuffle=False).dequeue()
    rows = tf.train.batch({"n": number, "t": tf.as_string(number) if hasattr(tf, "as_string") else tf.constant("t")}, 5)
    found = fed_by_threads(session, rows)
    assert [plain(d["n"]) for d in found] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_rows_and_padding(session):
    number = tf.train.range_input_producer(5, 1, shuffle=False).dequeue()
    padded = tf.train.batch([tf.range(number)], 3, dynamic_pad=True, allow_smaller_final_batch=True)
    assert [plain(b) for b in fed_by_threads(session, padded)] == [[[0, 0], [0, 0], [0, 1]], [[0, 1, 2, 0], [0, 1, 2, 3]]]
    source = tf.train.range_input_producer(3, 1, shuffle=False).dequeue()
    rows = tf.train.batch([tf.stack([source, source * 10])], 2, enqueue_many=True)
    assert [plain(b) for b in fed_by_threads(session, rows)] == [[0, 0], [1, 10], [2, 20]]


def test_shuffled_batches(session):
    number = tf.train.range_input_producer(100, 1, shuffle=False).dequeue()
    found = fed_by_threads(session, tf.train.shuffle_batch([number], 10, capacity=40, min_after_dequeue=20, num_threads=2, seed=1))
    flat = [i for b in found for i in plain(b)]
    assert sorted(flat) == [*range(100)] and flat != sorted(flat)
    assert all(i < 10 * (place // 10 + 1) + 41 for place, i in enumerate(flat))       # the queue holds 40 beside what a batch takes


def test_joined(session):
    numbers = [tf.train.range_input_producer(20, 1, shuffle=False).dequeue() for _ in range(2)]
    found = fed_by_threads(session, tf.train.batch_join([[n] for n in numbers], 5))
    assert collections.Counter(i for b in found for i in plain(b)) == collections.Counter([*range(20)] * 2)
    more = [tf.train.range_input_producer(20, 1, shuffle=False).dequeue() for _ in range(2)]
    found = fed_by_threads(session, tf.train.shuffle_batch_join([[n] for n in more], 5, 30, 5, seed=1))
    assert collections.Counter(i for b in found for i in plain(b)) == collections.Counter([*range(20)] * 2)


def test_a_runner_that_fails_stops_all(session):
    number = tf.train.range_input_producer(10, shuffle=False).dequeue()
    bad = tf.gather([1, 2, 3], number)
    batch = tf.train.batch([bad], 2)
    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(session, coord)
    with pytest.raises((tf.errors.OutOfRangeError, tf.errors.CancelledError)):
        while True:
            session.run(batch)
    with pytest.raises(tf.errors.InvalidArgumentError, match="gather"):
        coord.join(threads)


def test_limited(session):
    x = tf.train.limit_epochs([1, 2], 2)
    assert [a.tolist() for a in rest(session, x)] == [[1, 2]] * 2
    assert tf.train.limit_epochs(x) is x


def test_without_a_coordinator_a_closed_session_ends_the_threads():
    number = tf.train.range_input_producer(10).dequeue()
    sess = tf.Session(jit=False)
    threads = tf.train.start_queue_runners(sess)
    sess.run(number)
    sess.close()
    for t in threads:
        t.join(PATIENCE)
    assert threads and not any(t.is_alive() for t in threads)


# ---------------------------------------------------------------------- readers


# ---------------------------------------------------------------------- the process

_EXITS = """
import graphc as tf
n = tf.train.range_input_producer(10).dequeue()
b = tf.train.shuffle_batch([n], 5, 100, 20, num_threads=3)
s = tf.Session(jit=False)
threads = tf.train.start_queue_runners(s)
print(s.run(b).shape)
"""


def test_the_interpreter_ends_with_threads_that_wait():
    done = subprocess.run([sys.executable, "-c", _EXITS], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "(5,)\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_has_what_the_queue_had():
    q = tf.FIFOQueue(100, tf.int32)
    put, x = q.enqueue_many([[*range(50)]]), q.dequeue()
    with tf.Session(jit=False) as sess:
        sess.run(put)
        child = os.fork()
        if not child:
            try:
                os._exit(0 if [sess.run(x) for _ in range(50)] == [*range(50)] else 3)
            except BaseException:
                os._exit(4)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 and sess.run(x) == 0
