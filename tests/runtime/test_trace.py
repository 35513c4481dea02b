"""Traced runs: every step is there, with a time inside the run's, on the thread that did it; and nothing else changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

import graphc as tf
from tests import ROOT

FULL = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)


def traced(session, fetches, feeds=None):
    metadata = tf.RunMetadata()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    result = session.run(fetches, feeds, options=FULL, run_metadata=metadata)
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    assert all(before <= e.start <= e.end <= after for e in metadata.events)
    return result, metadata


def sums(x, w):
    return tf.reduce_sum(tf.tanh(tf.matmul(x, w, name="product"), name="bend") * 2.0)


# (what is run of x: float32[64,32] and w: float32[32,16]; kinds of the events that must be there)
RUNS = [(sums, {"library", "copy"}), (lambda x, w: tf.cumsum(tf.exp(x)), {"library", "map"}), (lambda x, w: tf.reduce_sum(x, 0), {"column"}),
        (lambda x, w: tf.linalg.qr(tf.exp(x))[0], {"host", "map"}),
        (lambda x, w: tf.nn.softmax(x), {"row"}), (lambda x, w: tf.boolean_mask(tf.exp(x), x > 0.0), {"host", "map"}),
        (lambda x, w: tf.random_normal([3]) + 1.0, {"map"}), (lambda x, w: tf.split(x, [1, 31], 1)[1] * 2.0, {"map"})]


@pytest.mark.parametrize("build, kinds", RUNS, ids=[str(sorted(k)) + str(i) for i, (_, k) in enumerate(RUNS)])
@pytest.mark.parametrize("jit", [True, False])
def test_every_step_is_there_and_the_result_is_the_same(build, kinds, jit):
    with tf.Graph().as_default(), tf.Session(jit=jit) as session, tf.Session(jit=jit) as plain:
        tf.set_random_seed(1)
        rng = np.random.default_rng(0)
        x, w = tf.placeholder(tf.float32, [None, 32]), tf.Variable(rng.normal(size=(32, 16)).astype(np.float32))
        y = build(x, w)
        feeds = {x: rng.normal(size=(64, 32)).astype(np.float32)}
        for s in (session, plain):
            s.run(tf.global_variables_initializer())
        for _ in range(2):
            got, metadata = traced(session, y, feeds)
            assert np.array_equal(got, plain.run(y, feeds))
            found = {e.kind for e in metadata.events}
            assert kinds <= found if jit else found <= {"host", "copy"} and "host" in found
            steps = [e.step for e in metadata.events if e.step >= 0]
            if jit and "host" not in kinds:
                assert set(steps) == set(range(max(steps) + 1))
            if build is sums:
                assert any("product" in e.name for e in metadata.events)
                assert any("test_trace.py:" in line for e in metadata.events for line in e.lines)
        assert np.array_equal(session.run(y, feeds), plain.run(y, feeds))


def test_the_pieces_of_a_threaded_step_make_the_whole():
    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=2)) as session:
        x = tf.placeholder(tf.float32, [400_000])
        y = tf.exp(x) + tf.sin(x)
        feeds = {x: np.ones(400_000, np.float32)}
        tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=4)).run(y, feeds)
        session.run(y, feeds)
        _, metadata = traced(session, y, feeds)
        pieces = [e for e in metadata.events if e.step == 0]
        assert len(pieces) > 1 and {e.thread for e in pieces} <= {0, 1}         # though another session has made more threads
        assert sum(e.cost.bytes for e in pieces) == pytest.approx(2 * 4 * 400_000, abs=len(pieces))
        assert sum(e.cost.operations for e in pieces) == pytest.approx(3 * 400_000, abs=len(pieces))
        (row,) = [r for r in metadata.summary(limits=False).kernels if "exp" in r.name]
        assert row.calls == 1 and row.seconds <= metadata.summary(limits=False).seconds


def test_a_long_step_is_shared_by_two_threads():
    """A product of 1024 by 1024 takes ten milliseconds a half: whoever is woken meanwhile finds the other half still to be done."""
    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=2)) as session:
        x = tf.placeholder(tf.float32, [1024, 1024])
        y = tf.matmul(x, x)
        feeds = {x: np.eye(1024, dtype=np.float32)}
        found = set()
        for _ in range(20):                                   # a busy processor may leave the other thread asleep for that long
            _, metadata = traced(session, y, feeds)
            found |= {e.thread for e in metadata.events if e.kind == "library"}
    assert found == {0, 1}


def test_timeline_and_tables(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [8, 8], name="x")
        y = tf.reduce_sum(tf.matmul(tf.exp(x, name='e>_"'.replace('"', "")), x))
        _, metadata = traced(session, y, {x: np.eye(8)})
    path = tmp_path / "trace.json"
    metadata.to_chrome_trace(path)
    events = json.loads(path.read_text())["traceEvents"]
    complete = [e for e in events if e["ph"] == "X"]
    assert len(complete) == len(metadata.events) and all(e["dur"] >= 0 and e["ts"] >= 0 and isinstance(e["tid"], int) for e in complete)
    assert {e["name"] for e in events if e["ph"] == "M"} == {"process_name", "thread_name"}
    stats = metadata.step_stats.dev_stats[0].node_stats
    assert len(stats) == len(complete) and any("MatMul" in s.node_name for s in stats)
    summary = metadata.summary(limits=False)
    assert 0 <= summary.idle <= summary.seconds and sum(r.operations for r in summary.kernels) >= 2 * 8 * 8 * 8
    text = str(summary)
    assert "GB/s" in text and "kernel" in text and "test_trace.py:" in text
    with pytest.raises(tf.errors.InvalidArgumentError, match="cannot be written"):
        metadata.to_chrome_trace(tmp_path / "none" / "trace.json")


def test_no_trace_unless_asked_for():
    with tf.Graph().as_default(), tf.Session() as session:
        metadata = tf.RunMetadata()
        y = tf.constant(1.0) + 1.0
        assert session.run(y, options=tf.RunOptions(), run_metadata=metadata) == 2 and not metadata.events
        assert session.run(y, run_metadata=metadata) == 2 and not metadata.events
        with pytest.raises(tf.errors.InvalidArgumentError, match="trace level"):
            tf.RunOptions(trace_level=9)


def test_a_failed_step_is_named_and_the_session_goes_on():
    with tf.Graph().as_default(), tf.Session() as session:
        i = tf.placeholder(tf.int32, [2])
        y = tf.gather(tf.exp(tf.constant([1.0, 2.0])), i)
        metadata = tf.RunMetadata()
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"gather.*5 is not in.*\n.*test_trace.py"):
            session.run(y, {i: [0, 5]}, options=FULL, run_metadata=metadata)
        assert metadata.events and session.values.trace is None
        assert session.run(y, {i: [0, 0]}).shape == (2,)


INTERRUPTED = """
import os, signal, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)        # a shell may have it ignored for what runs in the background
import numpy as np
import graphc as tf
x = tf.placeholder(tf.float32, [None])
{build}
session = tf.Session()
count = tf.Variable(0.0)
step = tf.assign_add(count, 1.0)
session.run(tf.global_variables_initializer())
feeds = {{x: np.ones({size}, np.float32)}}
if {warm}:
    session.run(y, feeds)
threading.Timer({after}, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    start = time.time()
    while time.time() - start < 20:
        session.run(y, feeds)
    print("not interrupted")
except KeyboardInterrupt:
    print("interrupted")
print(float(np.sum(session.run(tf.reduce_sum(x), {{x: [1.0, 2.0]}}))), float(session.run(step)), float(session.run(step)))
y0 = session.run(y, feeds)
print(np.asarray(y0).shape)
"""
LONG = {"native": ("y = x\nfor _ in range(40): y = tf.sin(y) + tf.gather(y, [0])", 300_000, True, 0.5),
        "host": ("y = tf.py_func(lambda v: (time.sleep(0.3), v)[1], [x], tf.float32)", 3, True, 1.0),
        "short": ("y = x + 1.0", 3, True, 0.5),
        "compiling": ("y = x\nfor i in range(3): y = tf.exp(tf.sin(y * float(i + 5))) + tf.gather(y, [0])", 3, False, 0.2)}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LONG)
def test_an_interrupted_run_leaves_the_session_usable(kind, tmp_path):
    build, size, warm, after = LONG[kind]
    code = INTERRUPTED.format(build=build, size=size, warm=warm, after=after)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.stdout.startswith("interrupted\n3.0 1.0 2.0\n"), done.stdout + done.stderr
