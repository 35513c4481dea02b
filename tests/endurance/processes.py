"""Processes that are forked at any moment, and processes that are killed at any moment while they write."""

from __future__ import annotations

import os
import random
import select
import signal
import struct
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

import graphc as tf
from graphc.cpu import cache
from tests.waiting import PATIENCE, until


def forked_while_threads_run(part: float) -> str:
    """Each child runs what its parent ran, and something new, and ends; the parent's threads go on."""
    times = max(int(100 * part), 3)
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 60])
        w = tf.Variable(np.ones((60, 60), np.float32))
        y = tf.reduce_sum(tf.tanh(tf.matmul(x, w)), axis=1)
        step = w.assign_add(tf.ones([60, 60]) * 1e-6)
        done, stop, counts, failures = [], threading.Event(), [0, 0, 0], []

        def work(k: int) -> None:
            try:
                while not stop.is_set():
                    session.run([y, step], {x: np.ones((10 + 300 * k + counts[k] % 5, 60), np.float32)})
                    counts[k] += 1
            except BaseException as e:
                failures.append(e)
        threads = [threading.Thread(target=work, args=(k,), daemon=True) for k in range(3)]
        for t in threads:
            t.start()
        rng = random.Random(0)
        for k in range(times):
            time.sleep(rng.random() * 0.02)
            child = os.fork()
            if not child:
                status = 1
                try:
                    signal.alarm(int(PATIENCE))
                    found = session.run(y, {x: np.ones((4 + k % 7, 60), np.float32)})
                    with graph.as_default():
                        fresh = session.run(tf.reduce_sum(x * float(k)), {x: np.ones((3, 60), np.float32)})
                    status = 0 if np.allclose(found, 60, rtol=1e-3) and np.isclose(fresh, 180.0 * k) else 2
                finally:
                    os._exit(status)
            done.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        before = list(counts)
        until(lambda: failures or all(after > b for after, b in zip(counts, before, strict=True)))
        stop.set()
        for t in threads:
            t.join(PATIENCE)
    assert not failures, failures[0]
    assert not any(t.is_alive() for t in threads), "a thread of the parent hangs"
    assert done == [0] * times, f"children end with {sorted({*done})}; {sum(map(bool, done))} of {times} fail"
    assert all(after > b for after, b in zip(counts, before, strict=True)), "a thread of the parent has stopped"
    return f"{times} forks while three threads made {sum(counts)} runs; all children right, the parent goes on"


def killed_while_writing(part: float) -> str:
    """Whatever a killed process had been told is saved, is there; every entry of the cache and every checkpoint is whole."""
    times, rng = max(int(1000 * part), 5), random.Random(2)
    saved = 0
    with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default(), tf.Session() as session:
        place = Path(folder)
        entries = place / "cache"
        os.environ["GRAPHC_CACHE_DIR"], before = str(entries), os.environ.get("GRAPHC_CACHE_DIR")
        step, w = tf.train.get_or_create_global_step(), tf.Variable(np.zeros(3000, np.float32))
        more = tf.group(step.assign_add(1), w.assign_add(tf.ones([3000])))
        saver = tf.train.Saver(max_to_keep=3)
        session.run(more)
        cache.folder()
        try:
            for k in range(times):
                readable, writable = os.pipe()
                child = os.fork()
                if not child:
                    _write(session, more, saver, step, place, entries, writable)
                os.close(writable)
                if k % 4:                           # of the others, most are killed in their first save
                    select.select([readable], [], [], 10.0)
                time.sleep(rng.random() * 0.04)
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                told = _last(readable)
                saved += told is not None
                found = tf.train.latest_checkpoint(str(place))
                assert told is None or found is not None, f"kill {k}: nothing is there, though {told} was saved"
                if found is not None:
                    saver.restore(session, found)
                    number, values = session.run([step, w])
                    assert (values == number).all(), f"kill {k}: the checkpoint of step {number} is not whole"
                    assert told is None or number >= told, f"kill {k}: {told} was saved, {number} is found"
            kept, own = [e.path.name for e in cache.entries(entries)], {cache.key("endurance", str(n)) for n in range(50)}
            for name in kept:
                key, kind = name.split(".")
                found = cache.read(entries, key, kind)
                assert found is not None and (key not in own or found == key.encode() * 200), f"{name} is not whole"
        finally:
            if before is None:
                del os.environ["GRAPHC_CACHE_DIR"]
            else:
                os.environ["GRAPHC_CACHE_DIR"] = before
    return f"{times} kills, {saved} of them after a save that was told of; all checkpoints and {len(kept)} entries whole, nothing lost"


def _write(session: tf.Session, more: tf.Operation, saver: tf.train.Saver, step: tf.Variable, place: Path, entries: Path, told: int) -> None:
    """Train, save, and write to the cache until killed; what is saved is told as soon as it is."""
    while True:
        session.run(more)
        number = int(session.run(step))
        saver.save(session, str(place / "model"), global_step=number)
        os.write(told, struct.pack("q", number))
        key = cache.key("endurance", str(number % 50))
        cache.write(entries, key, "o", "endurance", key.encode() * 200)


def _last(readable: int) -> int | None:
    """The number that was told last."""
    data = b""
    with os.fdopen(readable, "rb") as pipe:
        data = pipe.read()
    whole = len(data) // 8 * 8
    return None if not whole else int(struct.unpack("q", data[whole - 8:whole])[0])
