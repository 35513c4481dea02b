"""Tapes run their steps in order, split over threads with the same result, whoever else runs and after a fork."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

import graphc as tf
from graphc.cpu import blas, native
from graphc.cpu.tape import Tape
from tests import ROOT
from tests.waiting import PATIENCE

SCALE = textwrap.dedent("""
    def kernel(buffers, extents, lo, hi):
        x = pointer(buffers, 0, float64)
        y = pointer(buffers, 1, float64)
        for i in range(lo, hi):
            store(y, i, load(x, i) * float64(3) + float64(lo == hi))
        return 0
    """)
# Counts how often each item of the range is visited: a chunk lost or done twice shows.
VISIT = textwrap.dedent("""
    def kernel(buffers, extents, lo, hi):
        seen = pointer(buffers, 0, int32)
        for i in range(lo, hi):
            store(seen, i, int32(load(seen, i) + 1))
        return 0
    """)
CHECK = textwrap.dedent("""
    def kernel(buffers, extents, lo, hi):
        x = pointer(buffers, 0, int64)
        for i in range(lo, hi):
            if load(x, i) < 0:
                extents[0] = load(x, i)
                return 5
        return 0
    """)


def address(source: str) -> int:
    return native.compile_kernels([source])[0].address


def step(source: str, arrays: list[np.ndarray], n: int, grain: int) -> tuple[int, np.ndarray, np.ndarray, int, int]:
    table = np.array([a.ctypes.data for a in arrays], np.uintp)
    return address(source), table, np.zeros(4, np.int64), n, grain


def test_empty_tape():
    assert Tape.of([], threads=1).run() == 0
    assert Tape.of([], threads=2).run() == 0


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("n, grain", [(1, 1), (7, 3), (1000, 10), (1000, 999), (1000, 1000), (1000, 5000), (9999, 64)])
def test_every_item_is_visited_once(n, grain, threads):
    seen = np.zeros(n, np.int32)
    tape = Tape.of([step(VISIT, [seen], n, grain)], threads)
    for run in range(1, 4):
        assert tape.run() == 0
        np.testing.assert_array_equal(seen, run)


def test_a_worker_begins_at_the_end():
    """So that of one step after another each thread takes the same part, if it takes as long, and finds it in its cache."""
    tape = Tape.of([step(VISIT, [np.zeros(64, np.int32)], 64, 1)], 2)
    rows = np.concatenate([tape.trace()[1] for _ in range(200)])
    own, helped = rows[rows[:, 1] == 0, 2], rows[rows[:, 1] == 1, 2]
    assert 0 in own and (not len(helped) or 63 in helped)


def test_no_items():
    seen = np.zeros(1, np.int32)
    assert Tape.of([step(VISIT, [seen], 0, 1)], threads=2).run() == 0
    assert seen[0] == 0


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_steps_run_in_order(threads):
    """Each step reads what the one before wrote, whichever thread wrote it."""
    n = 40_000
    arrays = [np.arange(n, dtype=np.float64)] + [np.zeros(n) for _ in range(12)]
    tape = Tape.of([step(SCALE, arrays[k:k + 2], n, 1000) for k in range(12)], threads)
    for _ in range(20):
        for a in arrays[1:]:
            a[:] = -1
        assert tape.run() == 0
        np.testing.assert_array_equal(arrays[-1], arrays[0] * 3.0**12)


def test_tables_stay_the_callers():
    x, y, z = np.ones(10), np.zeros(10), np.zeros(10)
    made = step(SCALE, [x, y], 10, 10)
    tape = Tape.of([made], threads=1)
    tape.run()
    made[1][1] = z.ctypes.data
    tape.run()
    assert y[0] == 3 and z[0] == 3


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("bad", [0, 5_000, 9_999])
def test_a_status_stops_the_tape(bad, threads):
    n = 10_000
    good, wrong, seen = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int32)
    wrong[bad] = -7
    steps = [step(CHECK, [good], n, 100), step(CHECK, [wrong], n, 100), step(VISIT, [seen], n, 100)]
    tape = Tape.of(steps, threads)
    assert tape.run() == 5
    assert tape.failed_step == 1
    assert steps[1][2][0] == -7
    assert not seen.any(), "no step after the failed one runs"
    wrong[bad] = 0
    assert tape.run() == 0, "a tape that failed can run again"
    assert seen.all()


def test_eight_threads_at_once():
    """One pool serves one tape at a time; the others go on alone, and all finish with the right values."""
    n, wrong = 50_000, []

    def work(seed: int) -> None:
        x = np.random.default_rng(seed).random(n)
        y, z = np.zeros(n), np.zeros(n)
        tape = Tape.of([step(SCALE, [x, y], n, 500), step(SCALE, [y, z], n, 500)], threads=2)
        for _ in range(60):
            z[:] = 0
            if tape.run() or not np.array_equal(z, x * 3 * 3):
                wrong.append(seed)

    address(SCALE)
    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(timeout=PATIENCE)
    assert not any(t.is_alive() for t in threads)
    assert wrong == []


COMMON = f"""
import os, sys, time
import numpy as np
from graphc.cpu import native
from graphc.cpu.tape import Tape
n = 100_000
seen = np.zeros(n, np.int32)
def tape():
    table = np.array([seen.ctypes.data], np.uintp)
    return Tape.of([(native.compile_kernels([{VISIT!r}])[0].address, table, np.zeros(4, np.int64), n, 1000)], threads=2)
first = tape()
"""
FORK = """
first.run()
child = os.fork()
if child == 0:
    status = first.run() or tape().run()
    os._exit(0 if status == 0 and (seen == 3).all() else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
for _ in range(50):
    first.run()
print((seen == 51).all())
"""
EXIT_WHILE_AWAKE = """
first.run()
print(True)
"""
EXIT_WHILE_ASLEEP = """
first.run()
time.sleep(0.2)
first.run()
time.sleep(0.2)
print((seen == 2).all())
"""


@pytest.mark.slow
@pytest.mark.parametrize("code", [FORK, EXIT_WHILE_AWAKE, EXIT_WHILE_ASLEEP], ids=["fork", "exit-awake", "exit-asleep"])
def test_process(code):
    if "fork" in code and not hasattr(os, "fork"):
        pytest.skip("this platform has no fork")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(3):
        run = subprocess.run([sys.executable, "-c", COMMON + code], env=environment, capture_output=True, text=True, timeout=PATIENCE)
        assert (run.returncode, run.stdout.strip()) == (0, "True"), run.stderr


# A process whose other thread runs or compiles while it forks: children are to run what there is, and compile.
FORKED = """
import faulthandler, os, sys, threading, time
import numpy as np
import graphc as tf

def finished(child, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return "hangs"

graph = tf.Graph()
with graph.as_default():
    x = tf.placeholder(tf.float64, [None, None])
    count, square = tf.Variable(0.0), tf.Variable(0.0)
    y = tf.matmul(x, x) + tf.exp(x)
    with tf.control_dependencies([tf.assign_add(count, 1.0), tf.assign_add(square, 1.0)]):
        step = tf.reduce_sum(tf.matmul(x, x))
session = tf.Session(graph=graph)
big = np.eye(500)
stop = False
done = 0

def run():
    global done
    while not stop:
        session.run(step, {{x: big}})
        done += 1

def compile():
    global done
    while not stop:
        with tf.Graph().as_default(), tf.Session() as other:
            x = tf.placeholder(tf.float64, [None])
            v = x
            for k in range(3):
                v = tf.exp(v * (0.5 + 0.001 * done) + k)
            other.run(v, {{x: [0.0, 1.0]}})
            done += 1

{before}
other = threading.Thread(target={what}, daemon=True)
other.start()
statuses = []
for number in range(6):
    time.sleep(0.03 * number % 0.2)
    child = os.fork()
    if child == 0:
        faulthandler.dump_traceback_later({patience} - 20)          # where one that hangs stands
        assert np.allclose(session.run(y, {{x: np.eye(3)}}), np.eye(3) + np.exp(np.eye(3)))
        one, two = session.run([count, square])
        assert one == two, (one, two)
        assert np.allclose(session.run(step, {{x: big}}), 500)
        with tf.Graph().as_default(), tf.Session() as own:
            x = tf.placeholder(tf.float64, [None])
            value = own.run(tf.tanh(x * (2 + number)) + {number_of_its_own}, {{x: [0.0]}})
        assert value == [{number_of_its_own}]
        os._exit(0)
    statuses.append(finished(child, {patience}))
before = done
time.sleep(0.2)
while done == before and other.is_alive():
    time.sleep(0.05)
stop = True
other.join()
print(statuses, done > before)
"""
# What the other thread does, and what comes before.
WHILE = {
    "another thread runs": ("run", "session.run(step, {x: big})"),
    "another thread compiles": ("compile", "session.run([y, step], {x: big})"),
    "another thread begins": ("run", ""),
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.parametrize("processes", ["0", "1"])
@pytest.mark.parametrize("what", WHILE)
def test_fork_while(what, processes, tmp_path):
    target, before = WHILE[what]
    code = FORKED.format(what=target, before=before, number_of_its_own=3, patience=PATIENCE)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GRAPHC_CACHE_DIR": str(tmp_path), "GRAPHC_COMPILE_PROCESSES": processes}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True, timeout=7 * PATIENCE)
    assert (done.returncode, done.stdout.strip()) == (0, "[0, 0, 0, 0, 0, 0] True"), done.stderr


# ---------------------------------------------------------------------- products

ROWS, COLUMNS, BATCH = range(3)


def product(
    mode: int, a: np.ndarray, b: np.ndarray, flags: tuple[bool, bool], padding: int, threads: int
) -> np.ndarray:
    """op(a) @ op(b) through the native step, with rows `padding` elements longer than they need be."""
    m, k = a.shape[::-1] if flags[0] else a.shape
    n = b.shape[0] if flags[1] else b.shape[1]
    stored = []
    for x in (a, b, np.full((m, n), np.nan, a.dtype)):
        wide = np.full((x.shape[0], x.shape[1] + padding), np.nan, x.dtype)
        wide[:, :x.shape[1]] = x
        stored.append(np.ascontiguousarray(wide))
    lda, ldb, ldc = (max(x.shape[1], 1) for x in stored)
    code, cblas = blas.gemm(a.dtype)
    along_a, along_b = (1 if flags[0] else lda), (ldb if flags[1] else 1)
    spelled = [112 if f else 111 for f in flags]
    size = {ROWS: m, COLUMNS: n, BATCH: 1}[mode]
    extents = np.array([0, mode, *spelled, m, n, k, lda, ldb, ldc, along_a, along_b, max(size // 2, 1)], np.int64)
    offsets = np.zeros(3, np.int64)
    table = np.array([*(x.ctypes.data for x in stored), cblas, offsets.ctypes.data], np.uintp)
    assert Tape.of([(code, table, extents, size, max(size // 2, 1))], threads).run() == 0
    return stored[2][:, :n]


SHAPES = [
    (0, 3, 4), (3, 0, 4), (4, 5, 0), (1, 1, 1), (3, 4, 5), (1, 7, 3), (7, 1, 3), (5, 3, 1), (64, 33, 17), (130, 70, 260),
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("flags", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("m, n, k", SHAPES)
def test_product(m, n, k, flags, dtype):
    rng = np.random.default_rng(m + n + k)
    a = rng.standard_normal((k, m) if flags[0] else (m, k)).astype(dtype)
    b = rng.standard_normal((n, k) if flags[1] else (k, n)).astype(dtype)
    expected = (a.T if flags[0] else a).astype("float64") @ (b.T if flags[1] else b).astype("float64")
    # Rounding of k products of size about 1.
    tolerance = 4 * max(k, 1) * np.finfo(dtype).eps
    for mode in (ROWS, COLUMNS, BATCH):
        for padding in (0, 3):
            one = product(mode, a, b, flags, padding, threads=1)
            np.testing.assert_allclose(one, expected, atol=tolerance, rtol=tolerance)
            two = product(mode, a, b, flags, padding, threads=2)
            np.testing.assert_allclose(two, expected, atol=tolerance, rtol=tolerance)


# Where BLAS takes other kernels for a part of a product than for the whole, with other roundings: m, k, n, transposed.
PARTED = [(40, 256, 40, (False, True)), (1000, 40, 33, (False, False)), (16, 2000, 65, (True, False)), (257, 257, 257, (True, True))]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("m, k, n, flags", PARTED)
def test_products_are_the_same_for_any_number_of_threads(m, k, n, flags, dtype, monkeypatch):
    monkeypatch.setenv("GRAPHC_NUM_THREADS", "3")
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((k, m) if flags[0] else (m, k)), rng.standard_normal((n, k) if flags[1] else (k, n))
    found = []
    for threads in (1, 2, 3, 5):
        with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
            x, y = tf.placeholder(dtype, a.shape), tf.placeholder(dtype, b.shape)
            found.append(session.run(tf.matmul(x, y, *flags), {x: a, y: b}))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int32", "int64", "uint8"])
@pytest.mark.parametrize("transposed", [False, True])
def test_product_by_loops(dtype, transposed):
    """Two items of a batch that share one right operand; integers wrap as numpy's do."""
    rng = np.random.default_rng(3)
    m, n, k = 4, 5, 6
    if dtype.startswith("float"):
        a, b = rng.standard_normal((2, m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
    else:
        limits = np.iinfo(dtype)
        a = rng.integers(limits.min, limits.max, (2, m, k), dtype)
        b = rng.integers(limits.min, limits.max, (k, n), dtype)
    c = np.zeros((2, m, n), dtype)
    stored = np.ascontiguousarray(b.T) if transposed else b
    b_row, b_column = (1, k) if transposed else (n, 1)
    offsets = np.array([0, 0, 0, m * k, 0, m * n], np.int64)
    table = np.array([x.ctypes.data for x in (a, stored, c, offsets)], np.uintp)
    extents = np.array([0, m, n, k, k, 1, b_row, b_column, n], np.int64)
    made = native.compile_kernels([blas.loop_source(dtype)])[0]
    assert Tape.of([(made.address, table, extents, 2 * m, 3)], threads=2).run() == 0
    if dtype.startswith("float"):
        np.testing.assert_allclose(c, a @ b, rtol=1e-5, atol=1e-5)
    else:
        np.testing.assert_array_equal(c, a @ b)
