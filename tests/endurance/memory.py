"""What memory a process keeps after much use: of other shapes, graphs, sessions, runs."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable

import numpy as np

import graphc as tf


def resident() -> float:
    """Megabytes of the process."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _network() -> tuple[tf.Tensor, tf.Tensor, tf.Operation]:
    x = tf.placeholder(tf.float32, [None, 20])
    w = tf.Variable(np.ones((20, 10), np.float32))
    loss = tf.reduce_mean(tf.square(tf.tanh(tf.matmul(x, w)) - 0.5))
    return x, loss, tf.train.AdamOptimizer(0.01).minimize(loss)


def shapes(times: int) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x, loss, step = _network()
        for n in range(2, times + 2):
            session.run([loss, step], {x: np.ones((n, 20), np.float32)})


def graphs(times: int) -> None:
    for n in range(times):
        with tf.Graph().as_default(), tf.Session() as session:
            x, loss, step = _network()
            session.run([loss, step], {x: np.ones((2 + n % 9, 20), np.float32)})


def sessions(times: int) -> None:
    with tf.Graph().as_default():
        x, loss, step = _network()
        for _ in range(times):
            with tf.Session() as session:
                session.run(loss, {x: np.ones((4, 20), np.float32)})


def runs(times: int) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x, loss, step = _network()
        value = np.ones((4, 20), np.float32)
        for _ in range(times):
            session.run([loss, step], {x: value})


# name -> what is done, how often, and the megabytes that it may leave
KINDS: dict[str, tuple[Callable[[int], None], int, float]] = {
    "shapes": (shapes, 1000, 16.0), "graphs": (graphs, 1000, 24.0), "sessions": (sessions, 10_000, 16.0), "runs": (runs, 1_000_000, 4.0)}


def after_much_use(part: float) -> str:
    """Memory grows by no more than each may leave, once a tenth of it is done."""
    said = []
    for name, (work, times, most) in KINDS.items():
        count = max(int(times * part), 10)
        work(max(count // 10, 5))
        before = resident()
        work(count)
        grown = resident() - before
        said.append(f"{count:,} {name} {grown:+.1f} MB")
        assert grown < most, f"after {count} {name} memory has grown by {grown:.1f} MB: {'; '.join(said)}"
    return f"{'; '.join(said)}; {resident():.0f} MB in all"
