"""Kernels compiled by worker processes are those that this process makes, and whatever happens to a worker, they are made."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest

from graphc import errors
from graphc.cpu import compile_pool, native
from graphc.cpu.kernel.machine import compile_one, machine
from graphc.cpu.tape import Tape
from tests import ROOT
from tests.waiting import PATIENCE, until


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
    """Two workers, whatever the machine, that end with the test; they may be as late as a busy machine lets them be."""
    monkeypatch.setenv("GRAPHC_COMPILE_PROCESSES", "2")
    monkeypatch.setattr(compile_pool, "PATIENCE", PATIENCE)
    pool = compile_pool._Pool()
    monkeypatch.setattr(compile_pool, "_pool", pool)
    yield pool
    pool.close()


def maker():
    return machine().name


@pytest.mark.slow
def test_workers_make_what_this_process_makes(workers):
    sources = [source(f) for f in (2, 3, 5, 7)]
    made = compile_pool.compiled(sources, keys(sources), maker())
    assert len(workers.workers) == 2
    for (symbol, code, seconds), s, key in zip(made, sources, keys(sources), strict=True):
        assert (symbol, code) == compile_one(s, key, maker())[:2] and seconds > 0


def test_a_worker_is_started_as_this_process_was(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "pycache_prefix", "/elsewhere")
    assert compile_pool.command("python")[:-1] == ["python", "-I", "-S", *["-O"] * sys.flags.optimize, "-B", "-X", "pycache_prefix=/elsewhere", "-c"]


@pytest.mark.parametrize("name, is_python", [
    ("python", True), ("python3", True), ("python3.11", True), ("Python.exe", True), ("pythonw.exe", True), ("python3.13t", True),
    ("python3-dbg", True), ("python_d.exe", True), ("pypy3.10", True), ("", False), ("train", False), ("blender", False), ("pythonista", False),
    ("python3.11.AppImage", False), ("mypython", False)])
def test_only_a_python_starts_workers(name, is_python, monkeypatch):
    program = f"/somewhere/{name}" if name else name
    monkeypatch.setattr(sys, "executable", program)
    assert compile_pool.python() == (program if is_python else None)


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
    monkeypatch.setattr(machine(), "name", "another processor")


def no_workers(workers, monkeypatch):
    monkeypatch.setenv("GRAPHC_COMPILE_PROCESSES", "0")


def cannot_import(workers, monkeypatch):
    monkeypatch.setattr(compile_pool, "_START", "raise ImportError")


def ended_of_idleness(workers, monkeypatch):
    monkeypatch.setattr(compile_pool, "_START", compile_pool._START.replace("serve()", "import graphc.cpu.kernel.worker as p; p.IDLE = 0.1; serve()"))
    crew = workers.crew(2)
    assert until(lambda: not any(worker.alive for worker in crew))


def frozen(workers, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(subprocess, "Popen", None)


def embedded(workers, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/usr/bin/blender")
    monkeypatch.setattr(subprocess, "Popen", None)


def in_a_worker(workers, monkeypatch):
    monkeypatch.setenv("GRAPHC_COMPILE_WORKER", "1")
    monkeypatch.setattr(subprocess, "Popen", None)


def packages_not_found(workers, monkeypatch):
    monkeypatch.setattr(compile_pool, "folders", list)


def stopped(workers, monkeypatch):
    monkeypatch.setattr(compile_pool, "PATIENCE", 1.0)
    for worker in workers.crew(2):
        os.kill(worker.process.pid, signal.SIGSTOP)


def stopped_at_work(workers, monkeypatch):
    monkeypatch.setattr(compile_pool, "PATIENCE", 1.0)
    for worker in workers.crew(2):
        worker._say = lambda job, worker=worker: (type(worker)._say(worker, job), os.kill(worker.process.pid, signal.SIGSTOP))


def stopped_before_a_long_job(workers, monkeypatch):
    """Longer than what a pipe holds, so that asking waits as well."""
    stopped(workers, monkeypatch)
    for worker in workers.workers:
        worker._say = lambda job, worker=worker: type(worker)._say(worker, job | {"long": "x" * 1_000_000})


def says(answer, patience=30.0):
    """A worker that answers every job with a text of its own."""
    def mishap(workers, monkeypatch):
        monkeypatch.setattr(compile_pool, "PATIENCE", patience)
        monkeypatch.setattr(compile_pool, "LONGEST", 1 << 16)
        monkeypatch.setattr(compile_pool, "_START", f"import sys, time\nfor line in sys.stdin:\n    {answer}\n    sys.stdout.flush()\n")
    mishap.__name__ = f"a worker does {answer}"
    return mishap


ANSWER = "import json; print(json.dumps({{'code': {}, 'digest': {}, 'seconds': 0.5}}))"
ANSWERS = [says("print('a line that some module prints')"), says("print(7)"), says("print('[]')"), says("print('{}')"), says("print('null')"),
           says("print('\\0' * 10)"), says(ANSWER.format("'no base64!'", "''")), says(ANSWER.format(7, "''")), says(ANSWER.format("'AAAA'", "''")),
           says(ANSWER.format("'AAAA'", 7)), says("sys.stdout.buffer.write(b'\\xff\\n')"), says("sys.stdout.write('x' * (1 << 20))"),
           says("sys.exit()"), says("time.sleep(1000)", patience=1.0), says("pass", patience=1.0), says("print('{\"error\": 7}')")]
MISHAPS = [*ANSWERS, stopped, stopped_at_work, stopped_before_a_long_job, frozen, embedded, in_a_worker, packages_not_found, nothing_starts,
           killed, killed_at_work, other_code, no_workers, cannot_import, ended_of_idleness]


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda m: m.__name__)
def test_kernels_are_made_all_the_same(mishap, workers, monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHC_CACHE_DIR", str(tmp_path))
    factor = 1.5 + MISHAPS.index(mishap)               # a kernel that no other row has compiled
    mishap(workers, monkeypatch)
    with warnings.catch_warnings():
        warnings.simplefilter("error")                  # pytest warns of what a thread raises
        (kernel,) = native.compile_kernels([source(factor)])
    assert not kernel.from_cache and list(tmp_path.glob(f"{kernel.key}.o"))
    x = np.ones(7)
    table = np.array([x.ctypes.data], np.uintp)
    Tape.of([(kernel.address, table, np.zeros(1, np.int64), 7, 7)], 1).run()
    assert np.array_equal(x, np.full(7, factor))


def test_nothing_is_left_of_a_worker_that_ends_at_once(workers, monkeypatch):
    started, start = [], subprocess.Popen

    def ended(self, message):
        raise BrokenPipeError
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **options: (started.append(start(*args, **options)), started[-1])[1])
    monkeypatch.setattr(compile_pool._Worker, "_say", ended)
    assert workers.crew(2) == [] and len(started) == 1
    assert started[0].poll() is not None and started[0].stdin.closed and started[0].stdout.closed


def test_errors_are_told_here(workers):
    with pytest.raises(errors.GraphcError, match="does not compile"):
        native.compile_kernels(["def kernel(buffers, extents, lo, hi):\n    return nothing_known\n"])


def test_a_worker_is_ready_before_it_has_a_job(workers):
    """It has imported what compiles, and nothing of scipy, which Numba would import if it found it."""
    imported = "import graphc.cpu.kernel.worker as p; p.get_ready(); print(*(name for name, module in sys.modules.items() if module))"
    start = compile_pool._START.replace("serve()", imported)
    found = subprocess.run([sys.executable, "-I", "-S", "-c", start], input=json.dumps([compile_pool.folders(), str(compile_pool._FOLDER)]) + "\n",
                           capture_output=True, text=True, timeout=PATIENCE, check=True).stdout.split()
    assert "numba.core.lowering" in found and not [name for name in found if name.partition(".")[0] == "scipy"]


EARLY = """
import graphc as tf
from graphc.cpu import compile_pool
from graphc.runtime import call
def note(owner, name):
    made = getattr(owner, name)
    def noted(*args):
        print(name)
        return made(*args)
    setattr(owner, name, noted)
note(compile_pool._pool, "crew")
note(call, "specialise")
with tf.Session() as session:
    session.run(tf.constant(1.0) + tf.random_normal([3]))
"""


@pytest.mark.parametrize("processes, first", [("1", ["crew", "specialise", "crew"]), ("0", ["specialise", "crew"])])
def test_a_worker_is_started_before_the_graph_is_specialised(processes, first, tmp_path):
    """Where nothing is kept that the process needs itself; and none where kernels are kept."""
    environment = os.environ | {"GRAPHC_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT), "GRAPHC_COMPILE_PROCESSES": processes}
    for wanted in (first, ["specialise"]):
        done = subprocess.run([sys.executable, "-c", EARLY], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True)
        assert done.stdout.split() == wanted


def test_processes(monkeypatch):
    for text, count in (("0", 0), ("3", 3), ("1000", compile_pool.MOST), ("", min(len(os.sched_getaffinity(0)), compile_pool.MOST))):
        monkeypatch.setenv("GRAPHC_COMPILE_PROCESSES", text)
        assert compile_pool.processes() == count
    monkeypatch.setenv("GRAPHC_COMPILE_PROCESSES", "many")
    with pytest.raises(errors.InvalidArgumentError, match="'many' is not a number of processes"):
        compile_pool.processes()


# The names of modules that a Python, Numba or a worker imports as it starts; each tells who has executed it.
HOSTILE = """
import os
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "executed"), "a") as f:
    f.write(f"{__name__} in {os.getpid()}\\n")
"""
HOSTILE_NAMES = ["base64", "json", "numba", "numpy", "queue", "sitecustomize", "threading", "types", "usercustomize"]
HERE = """
import os, sys
sys.path.append(sys.argv[1])
import graphc as tf
from graphc.cpu import compile_pool
from pathlib import Path
compile_pool.PATIENCE = float(sys.argv[2])
here = os.getcwd()
{prepare}
x = tf.placeholder(tf.float32, [2])
with tf.Session() as session:
    assert session.run(tf.exp(x) + {number}, {{x: [0.0, 0.0]}}).tolist() == [1 + {number}] * 2
assert compile_pool._pool.workers and session.compile_stats()["kernels_compiled"] and "numba" not in sys.modules
"""
# (what else is in the environment, how Python is started, what the program does to its path)
PLACES = {
    "isolated": ({}, ["-I"], ""),
    "safe path": ({}, ["-P"], ""),
    "environment, not looked at": ({"PYTHONPATH": "."}, ["-I"], ""),
    "current folder": ({}, ["-I"], "sys.path.insert(0, '')"),
    "relative": ({}, ["-I"], "sys.path.insert(0, '.')"),
    "relative, of another folder": ({}, ["-I"], "sys.path.insert(0, os.path.basename(here)); os.chdir('..')"),
    # Neither networkx nor importlib.metadata can be asked for anything with such a path.
    "no texts": ({}, ["-I"], "import networkx; from graphc.cpu import native; native._engine(); "
                             "sys.path[:0] = [Path(here), os.fsencode(here), None]"),
}


@pytest.mark.parametrize("place", PLACES)
def test_workers_execute_nothing_of_the_current_folder(place, tmp_path):
    variables, flags, prepare = PLACES[place]
    if flags == ["-P"] and sys.version_info < (3, 11):
        pytest.skip("this Python has no -P")
    (here := tmp_path / "here").mkdir()
    for name in HOSTILE_NAMES:
        (here / f"{name}.py").write_text(HOSTILE)
    code = HERE.format(prepare=prepare, number=2 + list(PLACES).index(place))
    environment = os.environ | {"GRAPHC_CACHE_DIR": str(tmp_path / "cache"), "GRAPHC_COMPILE_PROCESSES": "1"} | variables
    done = subprocess.run([sys.executable, *flags, "-c", code, str(ROOT), str(PATIENCE)], env=environment, cwd=here, capture_output=True, text=True,
                          timeout=PATIENCE)
    assert not (here / "executed").exists(), (here / "executed").read_text()
    assert done.returncode == 0, done.stderr


FROZEN = """
import os, sys
sys.frozen, sys.executable = {frozen}, sys.argv[0]
with open("started", "a") as f:
    f.write(f"{{os.getpid()}}\\n")
assert sum(1 for line in open("started")) < 5, "the program starts itself"
import graphc as tf
x = tf.placeholder(tf.float32, [2])
with tf.Session() as session:
    assert session.run(tf.exp(x) * 3, {{x: [0.0, 0.0]}}).tolist() == [3, 3]
"""


@pytest.mark.parametrize("name, frozen", [("program", True), ("program", False), ("python3", True)])
def test_a_program_that_is_its_own_python_does_not_start_itself(name, frozen, tmp_path):
    program = tmp_path / name
    program.write_text(f"#!{sys.executable}\n{FROZEN.format(frozen=frozen)}")
    program.chmod(0o700)
    environment = os.environ | {"GRAPHC_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT), "GRAPHC_COMPILE_PROCESSES": "1"}
    done = subprocess.run([str(program)], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "started").read_text().splitlines()) == 1


PROGRAM = """
import os, sys
from graphc.cpu import compile_pool, native
compile_pool.PATIENCE = float(sys.argv[2])
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
    done = subprocess.run([sys.executable, "-u", "-c", PROGRAM, source(2), str(PATIENCE)], env=environment, capture_output=True, text=True,
                          timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2 and pids[0] != pids[1]
    assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
