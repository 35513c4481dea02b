"""Runs of other sizes: one program serves them, and gives, says and counts what one that is compiled for them does."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.cpu.program import Program
from graphc.runtime.variants import VARIANTS

Array = np.ndarray[Any, Any]
DATA = np.arange(60000, dtype=np.float32).reshape(20000, 3)


def noted(x: Array) -> Array:
    return np.cumsum(x, axis=0)


def trained(x: Any) -> list[Any]:
    w = tf.Variable(np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4))
    loss = tf.reduce_mean(tf.nn.log_softmax(tf.matmul(x, w), axis=1) * tf.matmul(x, w))
    return [loss, tf.train.AdamOptimizer(0.1).minimize(loss), w.read_value() + 0.0]


def normalised(x: Any) -> list[Any]:
    moments = tf.nn.moments(x, [0])
    return [(x - moments[0]) * tf.rsqrt(moments[1] + 1e-3), tf.cast(tf.size(x), tf.float32), tf.tile(x, [2, 1]), tf.reverse(x, [0])]


def attending(x: Any) -> list[Any]:
    """Both axes of what is made are open."""
    scores = tf.matmul(x, x, transpose_b=True)
    weights = tf.nn.softmax(scores * 0.01) + tf.eye(tf.shape(x)[0])
    return [tf.matmul(weights, x), tf.gradients(tf.reduce_sum(tf.square(weights)), x)[0], tf.matrix_band_part(scores, 0, 1)]


def host_steps(x: Any) -> list[Any]:
    counted = tf.py_func(noted, [x], tf.float32)
    counted.set_shape([None, 3])
    return [tf.tanh(tf.cumsum(x * 0.01, axis=0)), tf.concat([x, x[1:], x[:1]], 0), tf.pad(x, [[1, 2], [0, 0]]), counted * 2.0]


def staged(x: Any) -> list[Any]:
    """What is kept has a size that a run decides, and meets the whole."""
    kept = tf.boolean_mask(x, x[:, 0] > 3.0)
    n = tf.shape(kept)[0]
    return [tf.reduce_sum(kept), kept * 2.0, tf.reshape(tf.range(n * 3), [n, 3]) + tf.cast(kept, tf.int32), tf.concat([kept, x], 0),
            tf.reduce_mean(tf.matmul(x, kept, transpose_b=True)), tf.unique(tf.reshape(kept, [-1])).y + 1.0]


# Graphs of x: float32[?, 3], and how many programs they are for sizes from 2 on.
GRAPHS: dict[str, tuple[Callable[[Any], list[Any]], int]] = {
    "trained": (trained, 2), "normalised": (normalised, 2), "attending": (attending, 2), "host steps": (host_steps, 3), "staged": (staged, 6)}


@pytest.mark.parametrize("name", GRAPHS)
def test_results(name: str) -> None:
    """Of sizes in any order, seen before or not, with 0 and 1 among them; few programs serve them all."""
    build, most = GRAPHS[name]
    x = tf.placeholder(tf.float32, [None, 3])
    fetches = build(x)
    with tf.Session() as session, tf.Session(jit=False) as plain:
        made = []
        for size in (7, 5, 1, 12, 7, 2, 3000, 5, 40, 1, 9, 33, 8, 3001, 6, 7):
            given = (np.random.default_rng(size).integers(0, 9, (size, 3)) + 0.5).astype(np.float32)
            for found, good in zip(session.run(fetches, {x: given}), plain.run(fetches, {x: given}), strict=True):
                if found is not None:
                    np.testing.assert_allclose(found, good, rtol=2e-4, atol=1e-5)
            if size > 1:
                made.append(session.compile_stats()["programs"])
        # Sizes from 2 to 8 may be another program than those up to 1,024, and those than the others; 1 is one.
        assert made[-1] - made[0] <= most + 1


@pytest.mark.parametrize("build", [lambda x: tf.reduce_sum(x), lambda x: tf.reshape(x, [-1]), lambda x: x[1:] + 1.0], ids=["sum", "rows", "slice"])
def test_empty(build: Callable[[Any], Any]) -> None:
    x = tf.placeholder(tf.float32, [None, 3])
    y = build(x)
    with tf.Session() as session, tf.Session(jit=False) as plain:
        for size in (2, 0, 5, 1, 0, 3):
            np.testing.assert_array_equal(session.run(y, {x: DATA[:size]}), plain.run(y, {x: DATA[:size]}))


def test_small_batches_compile_nothing(own_cache: Any) -> None:
    x = tf.placeholder(tf.float32, [None, 3])
    fetches = trained(x)
    with tf.Session() as session:
        session.run(fetches, {x: DATA[:9]})
        made = session.compile_stats()["kernels_compiled"]
        for size in range(2, 16):
            session.run(fetches, {x: DATA[:size]})
        assert session.compile_stats()["kernels_compiled"] == made


@pytest.mark.parametrize("sizes, programs", [((5, 6, 4), [1, 1, 1]), ((5, 900, 5, 30), [1, 2, 2, 2]), ((900, 5, 30), [1, 1, 1])], ids=str)
def test_few_elements_first(sizes: tuple[int, ...], programs: list[int]) -> None:
    """Who begins with few gets what is faster for few; one more program is for many, and for all numbers that come."""
    x = tf.placeholder(tf.float32, [None, 2])
    y = tf.reduce_sum(tf.sigmoid(tf.matmul(x, tf.constant([[1.0], [2.0]]) * tf.ones([1, 3]))))
    with tf.Session() as session, tf.Session(jit=False) as plain:
        call, _ = session.calls.prepare(y, {x: None})
        steps: dict[bool, set[int]] = {True: set(), False: set()}
        for size, wanted in zip(sizes, programs, strict=True):
            given = np.random.default_rng(size).normal(size=(size, 2)).astype(np.float32)
            np.testing.assert_allclose(session.run(y, {x: given}), plain.run(y, {x: given}), rtol=2e-5)
            assert session.compile_stats()["programs"] == wanted
            program = call.variants.at([given]).program
            assert isinstance(program, Program)
            steps[sizes[0] == 5 and size < 10].add(program.code.count)
    assert all(len(counts) <= 1 for counts in steps.values()) and max(steps[True], default=0) < min(steps[False], default=9)


# What begins where `at` says: the source, and what is done with the window of 10 rows.
WINDOWS: dict[str, Callable[[Any, Any], Any]] = {
    "computed from": lambda source, at: source[at:at + 10] * 2.0,
    "fetched": lambda source, at: source[at:at + 10],
    "by slice": lambda source, at: tf.slice(source, [at, 0], [10, 3]) + 1.0,
    "of a row": lambda source, at: source[at] + 1.0,
    "multiplied": lambda source, at: tf.matmul(source[at:at + 10], source[at + 1:at + 11], transpose_a=True),
    "seen by Python": lambda source, at: tf.py_func(noted, [source[at:at + 10]], tf.float32) * 2.0,
    "summed one by one": lambda source, at: tf.cumsum(source[at:at + 10], axis=0),
    "sorted by a host step": lambda source, at: tf.sort(source[at:at + 10], axis=0),
    "in two places": lambda source, at: [source[at:at + 10], tf.gradients(tf.reduce_sum(tf.square(source[at:at + 10])), source)[0]],
    "counted": lambda source, at: source[at:at + 10] * tf.cast(at, tf.float32),
}
# Those that may lie over an end.
BEYOND = ("computed from", "fetched", "seen by Python", "summed one by one", "sorted by a host step", "in two places", "counted")
SOURCES: dict[str, Callable[[], tuple[Any, dict[Any, Any]]]] = {
    "a constant": lambda: (tf.constant(DATA[:200]), {}),
    "a variable": lambda: (tf.Variable(DATA[:200]), {}),
    "a small feed": lambda: ((p := tf.placeholder(tf.float32, [None, 3])), {p: DATA[:200]}),
    "a large feed": lambda: ((p := tf.placeholder(tf.float32, [None, 3])), {p: DATA}),
    "a value": lambda: (tf.exp(tf.constant(DATA[:200]) * 0.01), {}),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("window", WINDOWS)
def test_windows(window: str, source: str) -> None:
    """One program serves a window wherever it lies; beyond the ends it is another."""
    taken, feeds = SOURCES[source]()
    at = tf.placeholder(tf.int32, [])
    y = WINDOWS[window](taken, at)
    with tf.Session() as session, tf.Session(jit=False) as plain:
        def same(k: int) -> None:
            found, good = session.run(y, {at: k, **feeds}), plain.run(y, {at: k, **feeds})
            for a, b in zip(found, good, strict=True) if isinstance(y, list) else [(found, good)]:
                np.testing.assert_allclose(a, b, rtol=1e-5)
        for k in (3, 4, 4, 150, 7, 0, 9, 189, 3, 100):
            same(k)
        # What Python makes of it has a size that only a run knows; the gradient of one at the beginning has nothing before it.
        assert session.compile_stats()["programs"] <= {"seen by Python": 2, "in two places": 3}.get(window, 1)
        for k in (-5, 195, -300, 100) if window in BEYOND else ():
            same(k)


def test_errors_have_the_numbers_of_their_run() -> None:
    """Also where the program was compiled for others."""
    x, i = tf.placeholder(tf.float32, [None, 3], name="x"), tf.placeholder(tf.int32, [None], name="i")
    w = tf.placeholder(tf.float32, [None, 4], name="w")
    picked, product = tf.gather(x, i), tf.matmul(x, w)
    solved = tf.matrix_inverse(tf.matmul(x, x, transpose_b=True))
    with tf.Session() as session:
        for size in (5, 9, 7):
            session.run(picked, {x: DATA[:size], i: [size - 1, 0]})
            with pytest.raises(tf.errors.InvalidArgumentError, match=re.escape(f"{size} is not in [0, {size})")) as caught:
                session.run(picked, {x: DATA[:size], i: [0, size]})
            assert f"x: float32[{size},3]" in str(caught.value)
            session.run(product, {x: DATA[:size], w: np.ones((3, 4))})
            with pytest.raises(tf.errors.InvalidArgumentError, match="inner dimensions differ, 3 and 5"):
                session.run(product, {x: DATA[:size], w: np.ones((5, 4))})
            with pytest.raises(tf.errors.InvalidArgumentError, match=re.escape(f"float32[{size},{size}]")):
                session.run(solved, {x: np.zeros((size, 3))})


def test_sizes_that_their_dtype_does_not_hold() -> None:
    x = tf.placeholder(tf.float32, [None])
    count = tf.size(x, out_type=tf.uint8)
    with tf.Session() as session:
        for size in (9, 255, 12):
            assert session.run(count, {x: np.zeros(size)}) == size
        with pytest.raises(tf.errors.InvalidArgumentError, match="256 is not of dtype uint8"):
            session.run(count, {x: np.zeros(256)})
        assert session.run(count, {x: np.zeros(7)}) == 7 and session.compile_stats()["programs"] <= 2


def test_more_bytes_than_there_are() -> None:
    """What no memory can hold is an error for a program that was compiled for less."""
    x, n = tf.placeholder(tf.float32, []), tf.placeholder(tf.int64, [2])
    y = tf.reduce_sum(tf.broadcast_to(x, n)[:2, :2])
    with tf.Session() as session:
        for dims in ([4, 5], [2**20, 2**20], [7, 9]):
            assert session.run(y, {x: 1.0, n: dims}) == 4.0
        with pytest.raises(tf.errors.InvalidArgumentError, match="would have 73786976294838206464 bytes"):
            session.run(y, {x: 1.0, n: [2**32, 2**32]})
        assert session.run(y, {x: 1.0, n: [3, 3]}) == 4.0 and session.compile_stats()["programs"] == 1


def test_variants_are_few() -> None:
    """Of a graph that decides on its sizes, those that ran last are kept."""
    x = tf.placeholder(tf.float32, [None, None, None, None])
    y = x + tf.reduce_sum(x, axis=(1, 3), keepdims=True)
    with tf.Session() as session:
        for k in (*range(16), 16 + 3, 16 + 15):
            shape = [3 + k if k >> axis & 1 else 1 for axis in range(4)]
            given = np.random.default_rng(k).random(shape, np.float32)
            np.testing.assert_allclose(session.run(y, {x: given}), given + given.sum((1, 3), keepdims=True), rtol=1e-5)
        call, = set(session.calls.known.values())
        assert len(call.variants.variants) == VARIANTS and session.compile_stats()["programs"] == 17


def test_equal_texts_are_one_program() -> None:
    """A text that decides a size is what programs are kept by, not the address of its bytes."""
    text = tf.placeholder(tf.string, [])
    y = tf.zeros([tf.cast(tf.equal(text, "abcdef"), tf.int32) + 1])
    with tf.Session() as session:
        texts = [b"".join([b"abc", end]) for end in (b"def", b"xyz") * 4]          # each bytes of its own
        assert len({id(t) for t in texts}) == 8
        assert [session.run(y, {text: t}).size for t in texts] == [2, 1] * 4
        call, = set(session.calls.known.values())
        assert len(call.variants.bound) == 2


def test_other_ranks_are_other_programs() -> None:
    x = tf.placeholder(tf.float32)
    y = tf.reduce_sum(x * 2.0, axis=-1)
    with tf.Session() as session:
        for shape in ((3,), (4, 3), (5,), (2, 3, 4), (7, 2), (3, 5, 2)):
            np.testing.assert_allclose(session.run(y, {x: np.ones(shape)}), np.full(shape[:-1], 2.0 * shape[-1]))
        assert session.compile_stats()["programs"] == 3


def test_what_is_fed_is_the_callers_again() -> None:
    """A program that does not run holds on to no large feed or result."""
    x = tf.placeholder(tf.float32, [None, 3])
    y = x * 2.0
    with tf.Session() as session:
        given = DATA.copy()
        watched = [weakref.ref(given), weakref.ref(session.run(y, {x: given}))]
        del given
        session.run(y, {x: DATA[:5]})
        assert [w() for w in watched] == [None, None]


def test_traces_count_what_a_run_does() -> None:
    x = tf.placeholder(tf.float32, [None, 3])
    y = tf.exp(x)
    with tf.Session() as session:
        for size in (500, 50, 500):
            told = tf.RunMetadata()
            session.run(y, {x: DATA[:size]}, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=told)
            computed, = (e for e in told.events if e.step >= 0)
            assert computed.cost.read == computed.cost.written == size * 12
