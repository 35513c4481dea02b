"""`python -m tests.bench.sizes`: what runs of sizes that were not seen before cost, in time, programs, kernels and memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

import graphc as tf

from .backends import tf1_ops
from .compiling import table
from .workloads import mlp_step

Feeds = Mapping[Any, Any]


def training(small: bool) -> tuple[list[Any], Callable[[int], Feeds]]:
    """A step of `mlp_step`'s training; and feeds for a batch size."""
    w = mlp_step(small)
    places = {name: tf.placeholder(value.dtype, [None, *value.shape[1:]]) for name, value in w.inputs.items()}
    loss = w.forward(tf1_ops(tf), **places, **{name: tf.Variable(value) for name, value in w.params.items()})
    return [loss, tf.train.AdamOptimizer(w.rate).minimize(loss)], lambda n: {
        places[name]: np.resize(value, (n, *value.shape[1:])) for name, value in w.inputs.items()}


def unrolled(steps: int, units: int) -> tuple[list[Any], Callable[[int], Feeds]]:
    """A step of the training of an LSTM, unrolled; and feeds for a batch size."""
    x, y = tf.placeholder(tf.float32, [steps, None, 28]), tf.placeholder(tf.int64, [None])
    rng = np.random.default_rng(5)
    wx, wh, wo = (tf.Variable(rng.normal(0, 0.1, shape).astype(np.float32)) for shape in ((28, 4 * units), (units, 4 * units), (units, 10)))
    zs = tf.reshape(tf.matmul(tf.reshape(x, [-1, 28]), wx), [steps, -1, 4 * units])
    h = c = tf.zeros([tf.shape(x)[1], units])
    for t in range(steps):
        i, f, g, o = tf.split(zs[t] + tf.matmul(h, wh), 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.sigmoid(o) * tf.tanh(c)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=tf.matmul(h, wo)))
    return [loss, tf.train.GradientDescentOptimizer(0.1).minimize(loss)], lambda n: {x: np.ones((steps, n, 28), np.float32), y: np.zeros(n, np.int64)}


def policy(units: int) -> tuple[list[Any], Callable[[int], Feeds]]:
    """A step of policy gradients on an episode; and feeds for a length."""
    seen, taken, gain = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.int64, [None]), tf.placeholder(tf.float32, [None])
    rng = np.random.default_rng(6)
    w, v = (tf.Variable(rng.normal(0, 0.3, shape).astype(np.float32)) for shape in ((4, units), (units, 2)))
    logits = tf.matmul(tf.tanh(tf.matmul(seen, w) + tf.Variable(np.zeros(units, np.float32))), v)
    loss = tf.reduce_mean(gain * tf.nn.sparse_softmax_cross_entropy_with_logits(labels=taken, logits=logits))
    return [loss, tf.train.AdamOptimizer(0.01).minimize(loss)], lambda n: {
        seen: rng.normal(size=(n, 4)).astype(np.float32), taken: np.zeros(n, np.int64), gain: np.ones(n, np.float32)}


def masked() -> tuple[Any, Callable[[int], Feeds]]:
    """Some 40 operators behind a mask; and feeds of which so many elements pass."""
    x = tf.placeholder(tf.float32, [None])
    y = tf.boolean_mask(x, x > 0.0)
    for _ in range(9):
        y = tf.tanh(y * 2.0 + 1.0) - tf.reduce_mean(y)
    return tf.reduce_sum(y), lambda n: {x: np.where(np.arange(1000) < n, 1.0, -1.0).astype(np.float32)}


def seconds(session: tf.Session, fetches: Any, feeds: Feeds) -> float:
    begin = time.perf_counter()
    session.run(fetches, feeds)
    return time.perf_counter() - begin


def first_and_seen(session: tf.Session, fetches: Any, feeds_of: Callable[[int], Feeds], sizes: Sequence[int]) -> tuple[float, float]:
    """How much longer a run takes whose sizes are new, and one whose sizes ran before the last, than one of the last sizes: the least of each."""
    new, again = [], []
    feeds = [feeds_of(n) for n in sizes]
    for f in feeds:
        new.append(seconds(session, fetches, f) - min(seconds(session, fetches, f) for _ in range(3)))
    for f in feeds[-8:]:
        again.append(seconds(session, fetches, f) - min(seconds(session, fetches, f) for _ in range(3)))
    return min(new), max(min(again), 0.0)


def binding(session: tf.Session, fetches: Any, feeds_of: Callable[[int], Feeds], sizes: Sequence[int]) -> float:
    """The least that binding to sizes not seen before takes: of graphs whose runs take too long to show it."""
    call, _ = session.calls.prepare(fetches, feeds_of(sizes[0]))
    took = []
    for n in sizes:
        arrays = call.arrays([*feeds_of(n).values()])
        begin = time.perf_counter()
        call.variants.at(arrays)
        took.append(time.perf_counter() - begin)
    return min(took)


def resident() -> float:
    """MiB of memory that the process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def rows(small: bool = False) -> Iterator[tuple[str, str]]:
    runs = 20 if small else 1000
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feeds_of = training(small)
        session.run(fetches, feeds_of(128))
        new, again = first_and_seen(session, fetches, feeds_of, range(60, 80))
        yield "`mlp_step`: a batch size not seen before; one seen before", f"{1e3 * new:.2f} ms more; {1e3 * again:.2f} ms more"
        def kernels() -> float:
            return session.compile_stats()["kernels_compiled"] + session.compile_stats()["kernels_loaded"]
        made = kernels()
        for n in range(2, 16):
            session.run(fetches, feeds_of(n))
        yield "batch sizes from 2 to 15", f"{kernels() - made:.0f} kernels compiled or loaded"
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feeds_of = unrolled(*(3, 8) if small else (28, 128))
        session.run(fetches, feeds_of(128))
        took = binding(session, fetches, feeds_of, range(30, 40))
        yield "LSTM of 28 unrolled steps: binding to a batch size not seen before", f"{1e3 * took:.2f} ms"
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feeds_of = policy(32)
        episodes = [feeds_of(int(n)) for n in np.random.default_rng(1).integers(1, 501, runs)]
        for feeds in episodes[:runs // 4]:
            session.run(fetches, feeds)
        took = float(np.median([seconds(session, fetches, feeds) for feeds in episodes]))
        yield "policy gradients, episodes of 1 to 500 steps", f"{1 / took:,.0f} updates a second; {session.compile_stats()['programs']} programs"
    with tf.Graph().as_default(), tf.Session() as session:
        data, at = tf.constant(np.arange(3000.0, dtype=np.float32)), tf.placeholder(tf.int32, [])
        window = data[at:at + 10] * 2.0
        session.run(window, {at: 0})
        took = float(np.median([seconds(session, window, {at: np.array(k, np.int32)}) for k in range(runs)]))
        yield f"`data[i:i + 10]`, {runs:,} values of i", f"{1e6 * took:.1f} us a run; {session.compile_stats()['programs']} program"
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feeds_of = masked()
        for n in (5, 6):
            session.run(fetches, feeds_of(n))
        took = min(seconds(session, fetches, feeds_of(n)) for n in range(10, 40))
        yield "`boolean_mask` in front of 40 operators: a run of a new count", f"{1e3 * took:.2f} ms; {session.compile_stats()['programs']} programs"
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feeds_of = training(small)
        for _ in range(3):
            session.run(fetches, feeds_of(1000))
        before = resident()
        for n in range(1, runs):
            session.run(fetches, feeds_of(n))
        yield f"`mlp_step`: memory after {runs:,} batch sizes up to 1,000", f"{resident() - before:+.1f} MiB, of {before:.0f} before"


if __name__ == "__main__":
    print(table(rows()))
