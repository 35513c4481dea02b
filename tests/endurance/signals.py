"""Control-C at random moments: what a session keeps is then that of a whole number of runs, and the next run works."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import graphc as tf
from tests import ROOT

STEPS = 300             # after which training begins again

OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "GradientDescent": lambda: tf.train.GradientDescentOptimizer(0.01), "Momentum": lambda: tf.train.MomentumOptimizer(0.01, 0.9),
    "Nesterov": lambda: tf.train.MomentumOptimizer(0.01, 0.9, use_nesterov=True), "Adagrad": lambda: tf.train.AdagradOptimizer(0.01),
    "Adadelta": lambda: tf.train.AdadeltaOptimizer(1.0), "RMSProp": lambda: tf.train.RMSPropOptimizer(0.001),
    "centered RMSProp": lambda: tf.train.RMSPropOptimizer(0.001, centered=True), "Adam": lambda: tf.train.AdamOptimizer(0.001),
    "Ftrl": lambda: tf.train.FtrlOptimizer(0.01), "ProximalGradientDescent": lambda: tf.train.ProximalGradientDescentOptimizer(0.01),
    "ProximalAdagrad": lambda: tf.train.ProximalAdagradOptimizer(0.01),
    "AdagradDA": lambda: tf.train.AdagradDAOptimizer(0.01, tf.train.get_or_create_global_step())}


def network(make: Callable[[], Any], size: int) -> tuple[Any, dict[Any, Any]]:
    """A step that trains an embedding, a layer, dropout and what counts the steps; what it is fed."""
    tf.set_random_seed(3)
    count = tf.train.get_or_create_global_step()
    ids, labels = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [None])
    table = tf.Variable(tf.random_normal([50, size]))
    w, b = tf.Variable(tf.random_normal([size, size], stddev=0.1)), tf.Variable(np.zeros(size, np.float32))
    h = tf.nn.dropout(tf.tanh(tf.matmul(tf.nn.embedding_lookup(table, ids), w) + b), 0.7)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=h))
    rng = np.random.default_rng(0)
    return make().minimize(loss, global_step=count), {ids: rng.integers(0, 50, 30), labels: rng.integers(0, size, 30)}


def digest(session: tf.Session) -> str:
    """All that a session keeps, by a digest."""
    kept = session.values.snapshot(session.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES))
    found = hashlib.sha256(repr(kept.drawn).encode())
    for v, a in sorted(kept.arrays.items(), key=lambda item: item[0].index):
        found.update(v.label.encode() + a.tobytes())
    return found.hexdigest()


@contextmanager
def struck(delay: float) -> Iterator[None]:
    """Control-C after so many seconds. It may come behind the end, which waits for it, however late the system hands it over."""
    came: list[int] = []

    def handle(number: int, frame: Any) -> None:
        came.append(number)
        raise KeyboardInterrupt
    before = signal.signal(signal.SIGINT, handle)
    timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        yield
        while not came:
            time.sleep(0.01)
    finally:
        signal.signal(signal.SIGINT, before)


def while_training(part: float) -> str:
    """States after every Control-C are those of whole numbers of steps, as many as were done or one more."""
    sent = 0
    for name, make in OPTIMIZERS.items():
        for jit, times, size in ((True, 500, 64), (False, 50, 8)):
            for threads in (1, 2) if jit else (1,):
                with tf.Graph().as_default():
                    sent += _trained(f"{name}, {'compiled' if jit else 'interpreted'}, {threads} threads", make, size, jit, threads,
                                     max(int(part * times / (1 + jit)), 1))
    return f"{sent} signals with {len(OPTIMIZERS)} optimizers; every state is whole"


def _trained(name: str, make: Callable[[], Any], size: int, jit: bool, threads: int, times: int) -> int:
    step, feeds = network(make, size)
    config = tf.ConfigProto(intra_op_parallelism_threads=threads)
    rng = random.Random(times)
    with tf.Session(jit=jit, config=config) as session, tf.Session(jit=jit, config=config) as plain:
        known: dict[str, int] = {}
        for n in range(STEPS + 1):
            known.setdefault(digest(plain), n)
            start = time.perf_counter()
            plain.run(step, feeds)
            seconds = time.perf_counter() - start
        variables = session.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
        first, done, sent = session.values.snapshot(variables), 0, 0
        while sent < times:
            try:
                with struck(rng.random() * 10 * seconds):
                    while done < STEPS - 1:
                        session.run(step, feeds)
                        done += 1
            except KeyboardInterrupt:
                pass
            sent += 1
            state = digest(session)
            assert state in known, f"{name}: after {sent} signals the state is that of no number of steps"
            assert done <= known[state] <= done + 1, f"{name}: the state is that after {known[state]} steps, {done} have ended"
            done = known[state]
            if done >= STEPS - 20:
                session.values.restore(first)
                done = 0
    return sent


FIRST = """
import os, signal, sys, threading, time
sys.path.insert(0, {root!r})
import numpy as np
{before}
def work():
    import graphc as tf
    tf.reset_default_graph()
    tf.set_random_seed(3)
    x = tf.placeholder(tf.float32, [None, 20])
    w = tf.Variable(tf.random_normal([20, 30]))
    loss = tf.reduce_mean(tf.square(tf.tanh(tf.matmul(x, w)) - 1.0))
    with tf.Session() as session:
        step = tf.train.AdamOptimizer(0.01).minimize(loss)
        for _ in range(3):
            value = session.run([step, loss], {{x: np.ones((7, 20), np.float32)}})[1]
    return value
came = []
def handle(number, frame):
    came.append(number)
    raise KeyboardInterrupt
signal.signal(signal.SIGINT, handle)
struck = False
try:
    threading.Timer({delay}, os.kill, (os.getpid(), signal.SIGINT)).start()
    work()
    while not came:
        time.sleep(0.01)
except KeyboardInterrupt:
    struck = True
print(struck, repr(float(work())))
"""


def in_first_runs(part: float, seconds: float = 1.5) -> str:
    """A program whose first run is interrupted, anywhere from the import of graphc on, runs afterwards, with the same result."""
    rng, times = random.Random(1), max(int(100 * part), 2)
    found, failed = [], []
    for k in range(times):
        imported = "import graphc" if k % 2 else ""                 # of half of them the import is interrupted, too
        code = FIRST.format(root=str(ROOT), delay=rng.random() * seconds, before=imported)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
        if done.returncode:
            failed.append(done.stderr[-600:])
        else:
            found.append(done.stdout.split())
    assert not failed, f"{len(failed)} of {times} programs fail after it; the first: {failed[0]}"
    assert len({value for _, value in found}) == 1, {value for _, value in found}
    return f"{times} first runs, {sum(struck == 'True' for struck, _ in found)} interrupted; all run afterwards, with the same result"
