"""Elements made at once come in order, fail in their place, and are made at once; a shuffle's order does not depend on how it copies."""

from __future__ import annotations

import gc
import threading
import time

import numpy as np
import pytest

import graphc as tf
from graphc.data import abreast, ahead
from graphc.data.blocks import Block, rows_of
from graphc.data.stages import shuffled
from tests.waiting import PATIENCE, until

RANGE = tf.data.Dataset.range


def calling(function, dtype=tf.int64):
    return lambda i: tf.py_func(function, [i], dtype)


def drained(dataset, jit=True):
    """What runs give until the end; of one that fails, the kind of its error."""
    element, found = dataset.make_one_shot_iterator().get_next(), []
    with tf.Session(jit=jit) as sess:
        for _ in range(1000):
            try:
                found.append(np.asarray(sess.run(element)).tolist())
            except tf.errors.OutOfRangeError:
                return found
            except Exception as e:
                found.append(type(e).__name__)
    raise AssertionError("no end")


def ours():
    """The threads of datasets, but for those of datasets that are garbage."""
    gc.collect()
    return [t for t in threading.enumerate() if t.name == "graphc dataset"]


def uneven(a):
    """Twice the number, the sooner the larger it is within four."""
    time.sleep(0.002 * (3 - a % 4))
    return a * 2


def odd_fails(a):
    if a % 3 == 1:
        raise KeyError(f"{a} is refused")
    return a


def generated():
    yield from (1, 2)
    raise ValueError("the source fails")


FROM = tf.data.Dataset.from_generator
# A dataset whose elements are made at once, and what it gives.
ROWS = {
    "order": (lambda n: RANGE(40).map(calling(uneven), n), [*range(0, 80, 2)]),
    "fewer elements than threads": (lambda n: RANGE(1).map(calling(uneven), n), [0]),
    "none": (lambda n: RANGE(0).map(calling(uneven), n), []),
    "a graph": (lambda n: RANGE(40).map(lambda i: i * i - 3, n).batch(40), [[i * i - 3 for i in range(40)]]),
    "then batches": (lambda n: RANGE(10).map(calling(uneven), n).batch(4), [[0, 2, 4, 6], [8, 10, 12, 14], [16, 18]]),
    "one behind another": (lambda n: RANGE(20).map(calling(uneven), n).map(calling(lambda a: a + 1), n), [*range(1, 41, 2)]),
    "errors in their place": (lambda n: RANGE(7).map(calling(odd_fails), n), [0, "KeyError", 2, 3, "KeyError", 5, 6]),
    "errors of what comes before": (lambda n: FROM(generated, tf.int64, []).map(calling(uneven), n), [2, 4, "ValueError"]),
    "errors of a graph": (lambda n: RANGE(4).map(lambda i: tf.gather([5, 6, 7], i), n), [5, 6, 7, "InvalidArgumentError"]),
    "errors left out": (lambda n: RANGE(6).map(lambda i: tf.gather([5, 6, 7], i * 2 % 5), n).apply(tf.data.experimental.ignore_errors()),
                        [5, 7, 6, 5]),
    "again": (lambda n: RANGE(3).map(calling(uneven), n).repeat(3), [0, 2, 4] * 3),
    "ahead": (lambda n: RANGE(30).map(calling(uneven), n).prefetch(2), [*range(0, 60, 2)]),
    "captured": (lambda n: RANGE(4).map((lambda k: lambda i: i * k)(tf.constant(3, tf.int64)), n), [0, 3, 6, 9]),
    "map_and_batch": (lambda n: RANGE(5).apply(tf.data.experimental.map_and_batch(calling(uneven), 2, num_parallel_calls=n)),
                      [[0, 2], [4, 6], [8]]),
    "interleaved": (lambda n: RANGE(5).interleave(lambda i: RANGE(i * 10, i * 10 + 3).map(calling(uneven)), 2, 2, n),
                    [0, 2, 20, 22, 4, 24, 40, 42, 60, 62, 44, 64, 80, 82, 84]),
    "interleaved errors": (lambda n: RANGE(2).interleave(lambda i: RANGE(i, i + 2).map(calling(odd_fails)), 2, 1, n),
                           [0, "KeyError"]),
}


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("threads", [None, 1, 2, 5, -1])
@pytest.mark.parametrize("name", ROWS)
def test_elements_come_in_order(name, threads, jit):
    make, wanted = ROWS[name]
    assert drained(make(threads), jit) == wanted


@pytest.mark.parametrize("make", [
    lambda f: RANGE(9).map(calling(f), num_parallel_calls=3),
    lambda f: RANGE(3).interleave(lambda i: RANGE(3).map(calling(f)), 3, 1, num_parallel_calls=3),
    lambda f: RANGE(3).apply(tf.data.experimental.parallel_interleave(lambda i: RANGE(3).map(calling(f)), 3)),
], ids=["map", "interleave", "parallel_interleave"])
def test_elements_are_made_at_once(make):
    """Three calls wait for one another: made one after another, they would wait for ever."""
    barrier = threading.Barrier(3, timeout=PATIENCE)

    def meet(a):
        barrier.wait()
        return a
    assert len(drained(make(meet))) == 9


def test_graphs_that_take_long_are_computed_at_once(monkeypatch):
    """Whether an element takes long is measured; the function is a kernel, which lets others run."""
    monkeypatch.setattr(abreast, "WORTH", 0.0)
    x = np.random.default_rng(0).normal(size=(40, 60, 60))
    data = tf.data.Dataset.from_tensor_slices(x)
    element = data.map(lambda a: tf.reduce_sum(tf.matmul(a, a)), num_parallel_calls=2).make_one_shot_iterator().get_next()
    before = {*ours()}
    with tf.Session() as sess:
        found = [sess.run(element) for _ in range(20)]
        assert len({*ours()} - before) == 2
        found += [sess.run(element) for _ in range(20)]
    np.testing.assert_allclose(found, [(a @ a).sum() for a in x], rtol=1e-9)


def test_graphs_that_take_no_time_wake_no_thread(monkeypatch):
    monkeypatch.setattr(abreast, "WORTH", 60.0)
    monkeypatch.setattr(ahead, "PROMPT", 60.0)
    before = {*ours()}
    element = RANGE(10_000).map(lambda i: i + 1, num_parallel_calls=4).prefetch(4).make_one_shot_iterator().get_next()
    with tf.Session() as sess:
        assert [sess.run(element) for _ in range(200)] == [*range(1, 201)]
        assert {*ours()} <= before


def test_random_numbers_do_not_depend_on_threads():
    found = []
    for threads in (None, 4):
        with tf.Graph().as_default():
            tf.set_random_seed(3)
            found.append(drained(RANGE(12).map(lambda i: tf.random_uniform([]), num_parallel_calls=threads)))
    assert found[0] == found[1] and len({*found[0]}) == 12


@pytest.mark.parametrize("leave", ["close", "drop", "end"])
def test_no_thread_is_left(leave):
    before = {*ours()}
    element = RANGE(5).map(calling(lambda a: a), num_parallel_calls=2).make_one_shot_iterator().get_next()
    sess = tf.Session(jit=False)
    assert sess.run(element) == 0 and len({*ours()} - before) == 2
    if leave == "end":
        with pytest.raises(tf.errors.OutOfRangeError):
            for _ in range(9):
                sess.run(element)
    elif leave == "close":
        sess.close()
    else:
        del sess
        gc.collect()
    assert until(lambda: {*ours()} <= before)


@pytest.mark.parametrize("make, kind, message", [
    (lambda: RANGE(3).map(lambda i: i, num_parallel_calls="4"), tf.errors.ArgumentError, "num_parallel_calls is a whole number"),
    (lambda: drained(RANGE(3).map(lambda i: i, num_parallel_calls=0)), AssertionError, "no end"),
])
def test_refusals(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_prefetch_of_what_nobody_sees_waits_until_it_is_worth_a_thread(monkeypatch):
    before = {*ours()}
    element = RANGE(100).prefetch(3).make_one_shot_iterator().get_next()
    monkeypatch.setattr(ahead, "PROMPT", 60.0)
    with tf.Session(jit=False) as sess:
        assert [sess.run(element) for _ in range(20)] == [*range(20)] and {*ours()} <= before
    element = RANGE(100).batch(1).map(lambda i: i).prefetch(3).make_one_shot_iterator().get_next()
    monkeypatch.setattr(ahead, "PROMPT", 0.0)
    with tf.Session(jit=False) as sess:
        assert [sess.run(element).tolist() for _ in range(20)] == [[i] for i in range(20)] and len({*ours()} - before) == 1


# ---------------------------------------------------------------------- what is drawn

def by_hand(rows, size, at_once, draw):
    """The order of a shuffle, an element at a time: those that wait, and for each that is drawn the next in its place."""
    waiting, rest, out = rows[:size], rows[size:], []
    while rest:
        new, rest = rest[:at_once], rest[at_once:]
        places = draw.permutation(len(waiting))[:len(new)] if len(new) > 1 else draw.integers(len(waiting), size=1)
        out += [waiting[i] for i in places]
        for i, row in zip(places, new, strict=True):
            waiting[i] = row
    return out + [waiting[i] for i in draw.permutation(len(waiting))]


@pytest.mark.parametrize("width", [1, 700])
@pytest.mark.parametrize("sizes", [(1, 7), (2, 90), (9, 9), (10, 300), (300, 300), (500, 300), (64, 1)], ids=str)
def test_numbers_are_drawn_as_elements_would_be(sizes, width):
    size, n = sizes
    rows = np.arange(n * width, dtype=np.int64).reshape(n, width)
    found = [r[0][0] // width for r in rows_of(shuffled(iter([Block(n, [rows])]), size, np.random.default_rng(5)))]
    at_once = min(max(1, min(4096, (1 << 18) // (8 * width))), max(1, size // 2))
    assert found == by_hand([*range(n)], size, at_once, np.random.default_rng(5))


@pytest.mark.parametrize("cuts", [(5, 40), (1, 1, 1, 60), (30, 30, 30), (20,) * 6], ids=str)
def test_blocks_of_a_stream_make_no_difference(cuts):
    """Of one block, of several that are parts of one array, and of equal ones that lie elsewhere; all elements come, each once."""
    rows = np.arange(sum(cuts))
    ends = np.cumsum(cuts)
    blocks = [Block(n, [rows[e - n:e].copy()]) for n, e in zip(cuts, ends, strict=True)]
    found = [int(r[0]) for r in rows_of(shuffled(iter(blocks), 8, np.random.default_rng(1)))]
    assert sorted(found) == rows.tolist() and found != rows.tolist()
    again = [Block(40, [rows[:40]])] * 3
    twice = [int(r[0]) for r in rows_of(shuffled(iter(again), 8, np.random.default_rng(1)))] if len(rows) >= 40 else []
    assert sorted(twice) == sorted([*range(40)] * 3)
