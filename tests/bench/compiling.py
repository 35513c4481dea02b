"""`python -m tests.bench.compiling [--without-text]`: what importing, building and compiling cost, each in a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import ROOT
from .backends import tf1_ops
from .workloads import mlp_step

BATCHES = range(60, 80)


def first_result(small: bool = False) -> dict[str, float]:
    """Seconds to import graphc, to build `mlp_step`'s network for any batch size, to train it one step and for a new batch size; MiB at the most."""
    w = mlp_step(small)
    start = time.perf_counter()
    import graphc as tf
    imported = time.perf_counter()
    places = {name: tf.placeholder(value.dtype, [None, *value.shape[1:]]) for name, value in w.inputs.items()}
    loss = w.forward(tf1_ops(tf), **places, **{name: tf.Variable(value) for name, value in w.params.items()})
    step = tf.train.AdamOptimizer(w.rate).minimize(loss)
    with tf.Session() as session:
        def seconds(batch: int) -> float:
            feeds = {places[name]: np.resize(value, (batch, *value.shape[1:])) for name, value in w.inputs.items()}
            begin = time.perf_counter()
            session.run([loss, step], feeds)
            return time.perf_counter() - begin
        built = time.perf_counter()
        first = seconds(128)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        others = [seconds(batch) - seconds(batch) for batch in BATCHES]
    return {"import": imported - start, "build": built - imported, "first": first, "peak": peak, "batch": statistics.median(others)}


def unrolled_text(characters: int = 1024) -> dict[str, float]:
    """Seconds to build, differentiate, compile and run ADBench's LSTM, unrolled over a text."""
    import graphc as tf
    from tests import adbench
    data = adbench.text()
    with tf.Graph().as_default() as graph, tf.Session() as session:
        main, extra = tf.placeholder(tf.float64, data.main.shape), tf.placeholder(tf.float64, data.extra.shape)
        times = [time.perf_counter()]
        y = adbench.loss(adbench.TENSORS, main, extra, [tf.constant(s) for s in data.state], [tf.constant(c) for c in data.characters[:characters]])
        times.append(time.perf_counter())
        nodes = len(graph.nodes)
        slopes = tf.gradients(y, [main, extra])
        times.append(time.perf_counter())
        for _ in range(5):
            session.run([y, slopes], {main: data.main, extra: data.extra})
            times.append(time.perf_counter())
        build, differentiate, compile_, *runs = (after - before for before, after in zip(times, times[1:], strict=False))
        return {"nodes": nodes, "with gradient": len(graph.nodes), "build": build, "differentiate": differentiate, "compile": compile_,
                "run": min(runs), "kernels": session.compile_stats()["kernels_compiled"] + session.compile_stats()["kernels_loaded"]}


def _unrolled(tf: Any, steps: int) -> tuple[list[Any], dict[Any, Any]]:
    """An LSTM of 4 units unrolled over so many steps, with the gradient of its weights."""
    x = tf.placeholder(tf.float32, [steps, 2, 4])
    w, b = tf.Variable(np.full((8, 16), 0.1, np.float32)), tf.Variable(np.zeros(16, np.float32))
    h = c = tf.zeros([2, 4])
    for t in range(steps):
        i, j, f, o = tf.split(tf.matmul(tf.concat([x[t], h], 1), w) + b, 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(j)
        h = tf.sigmoid(o) * tf.tanh(c)
    loss = tf.reduce_mean(tf.square(h))
    return [loss, *tf.gradients(loss, [w, b])], {x: np.ones((steps, 2, 4), np.float32)}


def _deep(tf: Any, layers: int) -> tuple[list[Any], dict[Any, Any]]:
    """A network of so many layers, 32 wide, each with weights of its own, and a step of its training."""
    x = h = tf.placeholder(tf.float32, [16, 32])
    for _ in range(layers):
        h = tf.nn.relu(tf.matmul(h, tf.Variable(np.full((32, 32), 0.1, np.float32))) + tf.Variable(np.zeros(32, np.float32)))
    loss = tf.reduce_mean(tf.square(h))
    return [loss, tf.train.GradientDescentOptimizer(0.1).minimize(loss)], {x: np.ones((16, 32), np.float32)}


def _chain(tf: Any, links: int) -> tuple[list[Any], dict[Any, Any]]:
    """So many times two operators on a vector, one after another, with the gradient."""
    x = y = tf.placeholder(tf.float32, [100])
    for _ in range(links):
        y = tf.sin(y) * x
    return [y, *tf.gradients(y, x)], {x: np.ones(100, np.float32)}


# What grows with a program's loops, and how often to repeat it for about 60,000 nodes.
LARGE = {"unrolled LSTM": (_unrolled, 1034), "deep network": (_deep, 2726), "chain": (_chain, 8571)}


def large(name: str, share: float = 1.0) -> dict[str, float]:
    """Processor seconds to build and to compile a large graph, of a first run that finds its kernels kept; nodes and steps."""
    import graphc as tf
    build, times = LARGE[name]
    start = time.process_time()
    fetches, feeds = build(tf, max(1, round(times * share)))
    nodes = len(tf.get_default_graph().nodes)
    built = time.process_time()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(tf.constant(1.0) + tf.random_uniform([2]))          # what a process does once: imports, LLVM
        begin = time.process_time()
        session.run(fetches, feeds)
        return {"nodes": nodes, "build": built - start, "compile": time.process_time() - begin,
                "compiled": session.compile_stats()["kernels_compiled"]}


def alone(call: str, cache: str, module: str = "compiling", **environment: str) -> dict[str, float]:
    """What a function of a module here gives in a fresh process, which may keep byte code, with a folder for kernels."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    program = f"import json; from tests.bench import {module}; print(json.dumps({module}.{call}))"
    done = subprocess.run([sys.executable, "-c", program], env={**kept, "GRAPHC_CACHE_DIR": cache, **environment}, cwd=ROOT, check=True,
                          stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def rows(text: bool) -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        cold, inside = alone("first_result()", one), alone("first_result()", other, GRAPHC_COMPILE_PROCESSES="0")
        kept = min((alone("first_result()", one) for _ in range(5)), key=lambda found: found["first"])
        yield "`import graphc`, after NumPy", f"{kept['import']:.2f} s"
        yield "building `mlp_step`'s network with Adam", f"{kept['build']:.2f} s"
        yield "its first run with an empty cache", f"{cold['first']:.1f} s; {inside['first']:.1f} s without worker processes"
        yield "its first run, kernels kept", f"{kept['first']:.2f} s"
        yield "peak memory of that process", f"{kept['peak']:.0f} MiB; {cold['peak']:.0f} with an empty cache, {inside['peak']:.0f} without workers"
        yield "a batch size not seen before, once", f"{1e3 * kept['batch']:.0f} ms"
        for name in LARGE:
            alone(f"large({name!r})", one)                          # its kernels are kept from now on
            found = [alone(f"large({name!r})", one) for _ in range(3)]
            assert not any(f["compiled"] for f in found)
            yield (f"{name}: {found[0]['nodes']:,} nodes with the gradient", f"{min(f['build'] for f in found):.2f} s CPU to build and "
                   f"differentiate, {min(f['compile'] for f in found):.2f} s to compile with its kernels kept")
        if text:
            first, again = alone("unrolled_text()", one), alone("unrolled_text()", one)
            yield (f"ADBench's LSTM over 1024 characters: {first['nodes']:,} nodes, {first['with gradient']:,} with the gradient",
                   f"{again['build']:.1f} s to build, {again['differentiate']:.1f} s to differentiate, {again['compile']:.0f} s to compile with its "
                   f"{again['kernels']} kernels kept, {first['compile']:.0f} s with an empty cache; a run {1e3 * again['run']:.1f} ms")


def table(found: Any) -> str:
    return "\n".join(["| what | time |", "|---|---|", *(f"| {what} | {time} |" for what, time in found)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.compiling", description="What importing, building and compiling cost.")
    parser.add_argument("--without-text", action="store_true", help="leave out the graph of 160,000 nodes, which takes two minutes")
    print(table(rows(not parser.parse_args().without_text)))
