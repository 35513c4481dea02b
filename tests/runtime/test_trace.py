"""Traced runs: every step is there, with a time inside the run's, on the thread that did it; and nothing else changes."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

import graphc as tf
from graphc.cpu.cost import Cost
from graphc.cpu.tracing import Event, Part, Work
from tests import ROOT
from tests.waiting import PATIENCE, until

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
        (lambda x, w: tf.linalg.svd(tf.exp(x))[0], {"host", "map"}),
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
        (row,) = [r for r in metadata.summary(limits=False).kernels if "Exp" in r.name]
        assert row.calls == 1 and row.seconds <= metadata.summary(limits=False).seconds


def test_a_long_step_is_shared_by_two_threads():
    """A product of 1024 by 1024 takes ten milliseconds a half: whoever is woken meanwhile finds the other half still to be done."""
    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=2)) as session:
        x = tf.placeholder(tf.float32, [1024, 1024])
        y = tf.matmul(x, x)
        feeds = {x: np.eye(1024, dtype=np.float32)}
        found = set()

        def shared():                   # a busy processor may leave the other thread asleep for longer than a product takes
            _, metadata = traced(session, y, feeds)
            found.update(e.thread for e in metadata.events if e.kind == "library")
            return found == {0, 1}
        assert until(shared)


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
    told = json.loads(tf.python.client.timeline.Timeline(metadata.step_stats).generate_chrome_trace_format(show_memory=True))["traceEvents"]
    assert [e["args"]["name"] for e in told if e["ph"] == "X"] == [s.node_name for s in stats] and told[0]["args"]["name"].startswith("/device:CPU")
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
from graphc.cpu.cost import Cost
from graphc.cpu.tracing import Event, Part, Work
x = tf.placeholder(tf.float32, [None])
{build}
session = tf.Session()
count = tf.Variable(0.0)
step = tf.assign_add(count, 1.0)
session.run(tf.global_variables_initializer())
feeds = {{x: np.ones({size}, np.float32)}}
if {warm}:
    session.run(y, feeds)
try:
    threading.Timer({after}, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    start = time.monotonic()
    while time.monotonic() - start < {patience}:
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
    code = INTERRUPTED.format(build=build, size=size, warm=warm, after=after, patience=PATIENCE / 2)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.stdout.startswith("interrupted\n3.0 1.0 2.0\n"), done.stdout + done.stderr


# ---------------------------------------------------------------------- loops and branches

def traced_loop(fetches, feeds):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        plain = session.run(fetches, feeds)
        metadata = tf.RunMetadata()
        found = session.run(fetches, feeds, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=metadata)
        np.testing.assert_array_equal(found, plain)
        np.testing.assert_array_equal(session.run(fetches, feeds), plain)
        return metadata


def nested(x):
    """Three iterations of two, one and no iterations of a product."""
    w = tf.constant(np.eye(16, dtype=np.float32))

    def step(i, a):
        b = tf.while_loop(lambda j, b: j < 2 - i, lambda j, b: (j + 1, tf.matmul(b, w) + 1.0), [0, a])[1]
        return i + 1, tf.cond(tf.reduce_sum(b) > 1e6, lambda: tf.sin(b), lambda: b * 2.0)
    return tf.while_loop(lambda i, a: i < 3, step, [0, x])[1]


def growing(x):
    """Python runs a loop whose shapes change."""
    return tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, tf.concat([a * 2.0, a[:1]], 0)), [0, x],
                         shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 16])])[1]


def watched(x):
    """Python runs a loop whose body calls it."""
    return tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, tf.reshape(tf.py_func(lambda v: v, [a * 2.0], tf.float32), [4, 16])), [0, x])[1]


def scanned(x):
    return tf.scan(lambda a, r: tf.tanh(a + r), x, tf.zeros([16]))


@pytest.mark.parametrize("make, iterations", [
    (nested, {"body": [(i,) for i in range(3)], "body.body": [(0, 0), (0, 1), (1, 0)], "body.orelse": [(i,) for i in range(3)]}),
    (growing, {"body": [(i,) for i in range(3)]}), (watched, {"body": [(i,) for i in range(3)]}), (scanned, {"body": [(i,) for i in range(4)]})],
    ids=["nested", "growing", "watched", "scanned"])
def test_steps_of_bodies_are_traced_by_iteration(make, iterations):
    x = tf.placeholder(tf.float32, [4, 16])
    metadata = traced_loop(make(x), {x: np.full((4, 16), 1.0, np.float32)})
    found = {}
    for e in metadata.events:
        if e.inside:
            found.setdefault(".".join(e.inside.split(".")[1::2]), set()).add(e.iteration)
    assert {k: sorted(v) for k, v in found.items() if not k.endswith("cond")} == iterations
    summary = metadata.summary(limits=False)
    assert [len(took) for took in summary.iterations.values()] == [len(v) for k, v in sorted(iterations.items()) if k.endswith("body")]
    assert "iterations" in str(summary) and sum(row.seconds for row in summary.kernels) <= 1.01 * summary.seconds
    assert sum(row.seconds for row in summary.lines) == pytest.approx(sum(row.seconds for row in summary.kernels), rel=1e-6)
    assert all(json.loads(metadata.to_chrome_trace())["traceEvents"])


def handmade(start, end, step=0, name="a", **place):
    """An event of one line."""
    cost = Cost(4, 4, 1)
    return Event(Work(name, "map", (Part(f"{name}.py:1", 1.0, cost),), False), 0, step, 0, start, end, cost, **place)


@pytest.mark.parametrize("events, seconds", [
    ([handmade(0, 500), handmade(500, 500, 1, "b")], {"a": 5e-7, "b": 0.0}),
    ([handmade(0, 500), handmade(0, 500, 0, "b", inside="0.body", iteration=(0,))], {"a": 0.0, "0.body.0: b": 5e-7})],
    ids=["a call within a tick of the clock", "a loop whose body takes all of its time"])
def test_no_time_is_made_up_for_what_took_none(events, seconds):
    summary = tf.RunMetadata(events).summary(limits=False)
    assert {row.name: row.seconds for row in summary.kernels} == pytest.approx(seconds, abs=1e-15)
    assert {row.name: row.seconds for row in summary.lines} == pytest.approx({"a.py:1": seconds["a"], "b.py:1": sum(seconds.values()) - seconds["a"]})
    assert all(np.isfinite(row.bandwidth) and np.isfinite(row.flops) for row in summary.kernels + summary.lines) and "us" in str(summary)


def test_lines_of_a_loop_of_scalars_share_its_time():
    x = tf.placeholder(tf.float32, [])

    def step(i, a):
        b = tf.sin(a)
        return i + 1, b + 1.0
    metadata = traced_loop(tf.while_loop(lambda i, a: i < 1000, step, [0, x])[1], {x: np.float32(1.0)})
    rows = {row.name: row.share for row in metadata.summary(limits=False).lines}
    lines = [name for name in rows if name.startswith("test_trace.py")]
    first = inspect.getsourcelines(test_lines_of_a_loop_of_scalars_share_its_time)[1]
    assert {f"test_trace.py:{first + 4}", f"test_trace.py:{first + 5}"} <= {*lines}
    assert rows[f"test_trace.py:{first + 4}"] > rows[f"test_trace.py:{first + 5}"]
