"""`python -m tests.bench.loops [--rows A,B] [--backends A,B] [--rounds N] [--small]`: loops and branches beside those of other frameworks."""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .compiling import alone, table
from .loop_rows import ROWS, Row, Run, lstm_graphc
from .measure import PAUSE, Process, block, require

CHECKED = 3                             # steps whose results are compared


def needs(name: str) -> str:
    """The package that a backend is of."""
    return name.partition("_")[0]


# ---------------------------------------------------------------------- measuring

def serve(pipe: Any, backend: str, row: str, small: bool = False) -> None:
    """The life of a backend's process: its first results, then the time of a block whenever asked."""
    try:
        start = time.perf_counter()
        run = ROWS[row].makers[backend](small)
        first = [run() for _ in range(CHECKED)]
        pipe.send({"first_s": time.perf_counter() - start, "results": first})
    except Exception as error:              # one backend's failure is a cell of the table, not the end
        pipe.send({"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()})
        return
    count, step = 1, _Step(run)
    while pipe.recv():
        block(step, 1)                      # type: ignore[arg-type]
        us, count = block(step, count)      # type: ignore[arg-type]
        pipe.send(us)


class _Step(NamedTuple):
    run: Run


def compared(row: Row, results: dict[str, Any]) -> None:
    """WrongResult: the first steps of two backends give something else."""
    first = next(iter(results))
    for name, found in results.items():
        wanted = results.get(row.like.get(name, first), found)
        for i, (a, b) in enumerate(zip(found, wanted, strict=True)):
            for x, y in zip(a, b, strict=True):
                require(f"{name}, step {i}", x, y, row.tolerance)


def measured(name: str, backends: list[str], rounds: int, small: bool = False) -> dict[str, dict[str, Any]]:
    """For each backend of a row: {first_s, median_us, best_us}, or {error}; they take turns."""
    row, found, running, results = ROWS[name], dict[str, dict[str, Any]](), dict[str, Process](), dict[str, Any]()
    try:
        for backend in backends:
            running[backend] = Process(backend, name, partial(serve, small=small))
            found[backend] = running[backend].answer()
            if "error" in found[backend]:
                running.pop(backend).end()
            else:
                results[backend] = found[backend].pop("results")
        compared(row, results)
        times: dict[str, list[float]] = {backend: [] for backend in running}
        for _ in range(rounds):
            for backend, process in running.items():
                time.sleep(PAUSE)
                process.pipe.send(True)
                times[backend].append(process.answer())
        for backend in running if rounds else ():
            found[backend] |= {"median_us": statistics.median(times[backend]), "best_us": min(times[backend])}
    finally:
        for process in running.values():
            process.end()
    return found


# ---------------------------------------------------------------------- first results and graphs

def first_lstm(small: bool = False) -> dict[str, float]:
    """Seconds to the first result of the LSTM of `lstm_step`, from the import on; and those that a length not seen before takes more."""
    start = time.perf_counter()
    run = lstm_graphc(small)
    run()
    first = time.perf_counter() - start
    import graphc as tf

    from .sizes import first_and_seen
    cell = tf.nn.rnn_cell.BasicLSTMCell(8)
    x = tf.placeholder(tf.float32, [None, 4, 3])
    with tf.variable_scope("other"):
        outputs, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, time_major=True)
    loss = tf.reduce_mean(tf.square(outputs))
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        new, _ = first_and_seen(session, [loss, step], lambda n: {x: np.ones((n, 4, 3), np.float32)}, range(5, 25))
    return {"first": first, "length": new}


def looped_text(characters: int = 1024) -> dict[str, float]:
    """As `compiling.unrolled_text`, of ADBench's LSTM as a loop."""
    import graphc as tf
    from tests import adbench
    data = adbench.text()
    with tf.Graph().as_default() as graph, tf.Session() as session:
        main, extra = tf.placeholder(tf.float64, data.main.shape), tf.placeholder(tf.float64, data.extra.shape)
        times = [time.perf_counter()]
        y = adbench.loss_by_loop(main, extra, tf.constant(data.state), tf.constant(data.characters[:characters]))
        times.append(time.perf_counter())
        nodes = len(graph.nodes)
        slopes = tf.gradients(y, [main, extra])
        times.append(time.perf_counter())
        for _ in range(5):
            session.run([y, slopes], {main: data.main, extra: data.extra})
            times.append(time.perf_counter())
        build, differentiate, compile_, *runs = (after - before for before, after in zip(times, times[1:], strict=False))
        return {"nodes": nodes, "with gradient": len(graph.nodes), "build": build, "differentiate": differentiate, "compile": compile_,
                "run": min(runs)}


def seconds_and_nodes() -> Iterator[tuple[str, str]]:
    """What is no block of steps."""
    with tempfile.TemporaryDirectory() as folder:
        found = alone_of("first_lstm()", folder)
        yield "the LSTM by `dynamic_rnn`: first result of a training step, from the import on, with an empty cache", f"{found['first']:.2f} s"
        yield "a length not seen before", f"{1e3 * found['length']:.2f} ms"
        cold, kept = alone_of("looped_text()", folder), alone_of("looped_text()", folder)
        long, again = alone("unrolled_text()", folder), alone("unrolled_text()", folder)
        for what, a, b in (("as a loop", cold, kept), ("unrolled", long, again)):
            yield (f"ADBench's LSTM over 1024 characters {what}: {a['nodes']:,} nodes, {a['with gradient']:,} with the gradient",
                   f"{b['build']:.3f} s to build, {b['differentiate']:.3f} s to differentiate, {b['compile']:.2f} s to compile with its kernels "
                   f"kept, {a['compile']:.2f} s with an empty cache; a run {1e3 * b['run']:.2f} ms")


def alone_of(call: str, folder: str) -> dict[str, float]:
    return alone(call, folder, module="loops")


def said(backend: str, row: dict[str, Any]) -> str:
    """Microseconds a step: the median of the rounds, and the best one."""
    return f"{backend} {row['error']}" if "error" in row else f"{backend} {row.get('median_us', 0):,.2f} ({row.get('best_us', 0):,.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.loops", description="Measure loops and branches.")
    parser.add_argument("--rows", default=",".join(ROWS), help="default: %(default)s; empty: none")
    parser.add_argument("--backends", default="", help="default: all that are installed")
    parser.add_argument("--rounds", type=int, default=9, help="turns a backend gets (default %(default)s)")
    parser.add_argument("--small", action="store_true", help="small sizes: to see that it works")
    parser.add_argument("--seconds", action="store_true", help="first results and ADBench's text too, which takes minutes")
    args = parser.parse_args()
    found = []
    for name in filter(None, args.rows.split(",")):
        chosen = [b for b in ROWS[name].makers if importlib.util.find_spec(needs(b)) and b in (args.backends.split(",") if args.backends else [b])]
        rows = measured(name, chosen, args.rounds, args.small)
        print(*(row["traceback"] for row in rows.values() if "error" in row), sep="\n", end="", file=sys.stderr)
        found.append((f"{name}: {ROWS[name].about}", ", ".join(said(backend, row) for backend, row in rows.items())))
    if args.seconds:
        found += seconds_and_nodes()
    print(table(found))


if __name__ == "__main__":
    main()
