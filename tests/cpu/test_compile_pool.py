"""Kernels compiled by worker processes are those that this process makes, and whatever happens to a worker, they are made."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from graphc import errors
from graphc.cpu import compile_pool, native
from graphc.cpu.tape import Tape
from tests import ROOT


def source(factor):
    return textwrap.dedent(f"""
        def kernel(buffers, extents, lo, hi):
            x = pointer(buffers, 0, float64)
            for i in range(lo, hi):
                store(x, i, load(x, i) * float64({factor}))
            return 0
        """)


def keys(sources):
    return [hashlib.sha256(s.encode()).hexdigest() for s in sources]


@pytest.fixture(autouse=True)
def workers(monkeypatch):
    """Two workers, whatever the machine, that end with the test."""
    monkeypatch.setenv("GRAPHC_COMPILE_PROCESSES", "2")
    pool = compile_pool._Pool()
    monkeypatch.setattr(compile_pool, "_pool", pool)
    yield pool
    pool.close()


def maker():
    return native._Machine.get().name


@pytest.mark.slow
def test_workers_make_what_this_process_makes(workers):
    sources = [source(f) for f in (2, 3, 5, 7)]
    made = compile_pool.compiled(sources, keys(sources), maker())
    assert len(workers.workers) == 2
    for (symbol, code, seconds), s, key in zip(made, sources, keys(sources), strict=True):
        assert (symbol, code) == native.compile_one(s, key, maker())[:2] and seconds > 0


def nothing_starts(workers, monkeypatch):
    def refuse(*args, **options):
        raise OSError("no more processes")
    monkeypatch.setattr(subprocess, "Popen", refuse)


def killed(workers, monkeypatch):
    for worker in workers.crew(2):
        worker.process.kill()


def killed_at_work(workers, monkeypatch):
    for worker in workers.crew(2):
        worker.ask = lambda job, worker=worker: (worker.process.kill(), type(worker).ask(worker, job))[1]


def other_code(workers, monkeypatch):
    monkeypatch.setattr(native._Machine.get(), "name", "another processor")


def no_workers(workers, monkeypatch):
    monkeypatch.setenv("GRAPHC_COMPILE_PROCESSES", "0")


def cannot_import(workers, monkeypatch):
    monkeypatch.setattr(compile_pool, "_START", "raise ImportError")


def ended_of_idleness(workers, monkeypatch):
    monkeypatch.setattr(compile_pool, "_START", compile_pool._START.replace("serve()", "import graphc.cpu.compile_pool as p; p.IDLE = 0.1; serve()"))
    crew = workers.crew(2)
    deadline = time.monotonic() + 60
    while any(worker.alive for worker in crew) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(worker.alive for worker in crew)


MISHAPS = [nothing_starts, killed, killed_at_work, other_code, no_workers, cannot_import, ended_of_idleness]


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda m: m.__name__)
def test_kernels_are_made_all_the_same(mishap, workers, monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(tmp_path))
    factor = 1.5 + MISHAPS.index(mishap)               # a kernel that no other row has compiled
    mishap(workers, monkeypatch)
    (kernel,) = native.compile_kernels([source(factor)])
    assert not kernel.from_cache and list(tmp_path.glob(f"{kernel.key}.o"))
    x = np.ones(7)
    table = np.array([x.ctypes.data], np.uintp)
    Tape([(kernel.address, table, np.zeros(1, np.int64), 7, 7)], 1).run()
    assert np.array_equal(x, np.full(7, factor))


def test_errors_are_told_here(workers):
    with pytest.raises(errors.GraphcError, match="does not compile"):
        native.compile_kernels(["def kernel(buffers, extents, lo, hi):\n    return nothing_known\n"])


def test_processes(monkeypatch):
    for text, count in (("0", 0), ("3", 3), ("1000", compile_pool.MOST), ("", min(len(os.sched_getaffinity(0)), compile_pool.MOST))):
        monkeypatch.setenv("GRAPHC_COMPILE_PROCESSES", text)
        assert compile_pool.processes() == count
    monkeypatch.setenv("GRAPHC_COMPILE_PROCESSES", "many")
    with pytest.raises(errors.InvalidArgumentError, match="'many' is not a number of processes"):
        compile_pool.processes()


PROGRAM = """
import os, sys
from graphc.cpu import compile_pool, native
for factor in (2, 3):
    native.compile_kernels([sys.argv[1].replace("(2)", f"({factor})")])
    print(*(w.process.pid for w in compile_pool._pool.workers))
    if factor == 2 and os.fork():
        sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
assert "numba" not in sys.modules
"""


@pytest.mark.slow
def test_workers_end_with_their_process_and_are_not_a_childs(tmp_path):
    environment = os.environ | {"GRAPHC_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-u", "-c", PROGRAM, source(2)], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2 and pids[0] != pids[1]
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
