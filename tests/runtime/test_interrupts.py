"""Control-C in long runs: it is seen soon, the next run is right, and variables are as before the run or as after it."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.cpu import tape
from tests.interrupts import interrupted

SOON = 1.0          # seconds of a processor; measured: a tenth
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent to a process of its own")


def deep(x: Any, times: int = 25) -> Any:
    for _ in range(times):
        x = tf.sin(tf.exp(-x))
    return x


# Runs of a second and more, of a vector that is fed: one long kernel, rows, several kernels, many short steps.
LONG = {
    "one sum": (lambda x: tf.reduce_sum(deep(x)), 1 << 23),
    "elementwise": (lambda x: deep(x), 1 << 23),
    "rows": (lambda x: tf.reduce_sum(tf.nn.softmax(deep(tf.reshape(x, [-1, 1 << 12]))), axis=1), 1 << 23),
    "columns": (lambda x: tf.reduce_sum(deep(tf.reshape(x, [-1, 1 << 10])), axis=0), 1 << 23),
    "products": (lambda x: product(tf.reshape(x, [1 << 10, 1 << 10]), 40), 1 << 20),
}


def product(x: Any, times: int) -> Any:
    y = x
    for _ in range(times):
        y = tf.tanh(tf.matmul(y, x) * 0.01)
    return y


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", LONG)
def test_a_long_run_ends_soon_and_the_next_one_is_right(name: str, threads: int) -> None:
    build, size = LONG[name]
    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
        x = tf.placeholder(tf.float32, [size])
        y, value = build(x), np.linspace(0.0, 1.0, size, dtype=np.float32)
        wanted = session.run(y, {x: value})
        began, start, _ = time.process_time(), time.perf_counter(), session.run(y, {x: value})
        work, seconds = time.process_time() - began, time.perf_counter() - start
        # It is over before the signal where the machine has less to do than it had.
        tries = (interrupted(lambda: session.run(y, {x: value}), seconds / share) for share in (4, 8, 16, 32))
        taken = next((found for found in tries if found is not None), None)
        assert taken is not None and taken < min(SOON * threads, work * 0.75)
        assert np.array_equal(session.run(y, {x: value}), wanted)


def test_variables_are_as_before_the_run_or_as_after_it() -> None:
    """Wherever Control-C comes: weights, moments and powers are those of a whole number of steps."""
    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.Variable(np.linspace(0.1, 1.0, 1 << 19, dtype=np.float32), name="w")
        u = tf.Variable(np.linspace(0.1, 1.0, 1 << 18, dtype=np.float32), name="u")
        loss = tf.reduce_sum(deep(w, 6)) + tf.reduce_sum(deep(u, 6))
        step = tf.train.AdamOptimizer(0.01).minimize(loss)
        start = tf.global_variables_initializer()
        state = tf.global_variables()
        for fetches in (start, step, state, start):     # compiled, so that what is timed are steps
            session.run(fetches)
        states = [[a[..., :50].copy() if np.ndim(a) else a for a in session.run(state)]]
        began = time.perf_counter()
        for _ in range(40):
            session.run(step)
            states.append([a[..., :50].copy() if np.ndim(a) else a for a in session.run(state)])
        whole = (time.perf_counter() - began) / 40

        def train() -> None:
            for _ in range(30):
                session.run(step)

        def trained(seconds: float) -> float | None:
            session.run(start)
            return interrupted(train, seconds)
        for k in range(12):
            # It is over before the signal where the machine has less to do than it had.
            assert any(trained(whole * (1 + k / 12) / share) is not None for share in (1, 4, 16, 64))
            now = [a[..., :50] if np.ndim(a) else a for a in session.run(state)]
            assert any(all(np.array_equal(a, b) for a, b in zip(now, s, strict=True)) for s in states), k


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", LONG)
def test_pieces_have_the_bits_of_the_whole(name: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    build, size = LONG[name]
    value = np.linspace(0.0, 1.0, 1 << 20, dtype=np.float32)
    found = []
    for piece in (1 << 50, 3_000_000):
        monkeypatch.setattr(tape, "PIECE", piece)
        with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
            x = tf.placeholder(tf.float32, [1 << 20])
            found.append(session.run(build(x), {x: value}))
    assert np.array_equal(found[0], found[1])


# Range, chunk, effort, unit: the parts cover the range once, in order, begin at multiples of the unit, are no longer than need be, and have a
# chunk for each thread where chunks are shared.
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("n, grain, effort, unit", [(10, 10, 0, 1), (1, 1, 10**12, 1), (1000, 1000, 10**9, 64), (1000, 64, 10**9, 64), (0, 1, 0, 1),
                                                    (7, 2, 10**10, 1), (10**6, 10**5, 10**10, 64), (1024, 512, 10**9, 512), (1024, 512, 10**9, 1)])
def test_pieces_cover_the_range(n: int, grain: int, effort: int, unit: int, threads: int) -> None:
    grain = max(n, 1) if threads == 1 else grain
    steps, begins, ends = tape._pieces(*(np.array([1, value]) for value in (n, grain, effort, unit)), threads)
    assert steps.tolist() == [0, *[1] * (len(steps) - 1)]
    begin, end = begins[1:], ends[1:]
    assert begin.tolist() == [0, *end[:-1]] and end[-1] == n
    step, most = (threads * grain, threads * tape.PIECE) if grain < n else (unit, tape.PIECE)
    assert not (begin % step).any()
    assert (effort * (end - begin) // max(n, 1) <= most + effort * step // max(n, 1)).all()
    if grain < n:
        assert (-(-(end - begin)[:-1] // grain) >= threads).all() and (threads * grain > n or len(begin) <= n // (threads * grain) + 1)
