"""Many threads at once: what each gets is right, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import graphc as tf


def together(works: list[Callable[[], None]], seconds: float = 600.0) -> None:
    """Threads that begin at once, all of which end."""
    failures: list[BaseException] = []
    gate = threading.Barrier(len(works))

    def guarded(work: Callable[[], None]) -> None:
        try:
            gate.wait()
            work()
        except BaseException as e:
            failures.append(e)
    threads = [threading.Thread(target=guarded, args=(w,), daemon=True) for w in works]
    for t in threads:
        t.start()
    for t in threads:
        t.join(seconds)
    assert not any(t.is_alive() for t in threads), "a thread hangs"
    assert not failures, f"{len(failures)} threads fail; the first: {failures[0]!r}"


def on_one_session(part: float) -> str:
    """Sums of other sizes, and one variable that all count up."""
    times = max(int(100 * part), 2)
    with tf.Graph().as_default(), tf.Session() as session:
        x, count = tf.placeholder(tf.float32, [None]), tf.Variable(0)
        y, more = tf.reduce_sum(tf.tanh(x) * 2.0), count.assign_add(1)
        wrong: list[Any] = []

        def work(k: int) -> Callable[[], None]:
            value = np.linspace(0, 1, 10 + k, dtype=np.float32)
            right = float(np.sum(np.tanh(value.astype(np.float64)) * 2))

            def run() -> None:
                for _ in range(times):
                    found = session.run([y, more], {x: value})[0]
                    if abs(found - right) > 1e-4 * right:
                        wrong.append((k, found, right))
            return run
        together([work(k) for k in range(100)])
        assert not wrong, wrong[0]
        assert session.run(count) == 100 * times, f"{session.run(count)} of {100 * times} runs count"
    return f"{100 * times} runs of 100 threads; all right, none lost"


def building_while_others_run(part: float) -> str:
    """Ten threads build graphs of their own and run them; ten run one that is there."""
    graphs, runs = max(int(20 * part), 1), max(int(2000 * part), 10)
    with tf.Graph().as_default() as shared:
        x = tf.placeholder(tf.float32, [None])
        y = tf.exp(-x) + 1.0
    session = tf.Session(graph=shared)

    def build(k: int) -> Callable[[], None]:
        def work() -> None:
            for j in range(graphs):
                with tf.Graph().as_default(), tf.Session() as own:
                    w = tf.Variable(np.full([4, 3 + k], 1.0 + j, np.float32))
                    step = tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(tf.square(w)))
                    own.run(step)
                    assert np.allclose(own.run(w), 0.9 + j, atol=1e-4)
        return work

    def run(k: int) -> Callable[[], None]:
        value = np.full(3 + k, float(k), np.float32)

        def work() -> None:
            for _ in range(runs):
                assert np.allclose(session.run(y, {x: value}), np.exp(-value) + 1)
        return work
    with session:
        together([*map(build, range(10)), *map(run, range(10))])
    return f"{10 * graphs} graphs built and trained beside {10 * runs} runs; all right"
