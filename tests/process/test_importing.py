"""What is imported late is whole or not there at all, whenever Control-C comes: a run that it interrupts can be repeated."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import threading

import pytest

from graphc.process.importing import undisturbed, whole
from tests import ROOT
from tests.waiting import PATIENCE

# The imports at whose beginning Control-C comes, or after so many calls of their bodies, and whether the kernel is compiled in the process.
INTERRUPTED = {
    "networkx.utils.backends": "1", "networkx.algorithms.dag": "1", "networkx.generators": "1", "llvmlite.binding.ffi": "1",
    "llvmlite.binding.executionengine": "1", "numba.core.types": "0", "numba.core.typing.npydecl": "0", "numba.core.compiler": "0",
    "numba.cpython.builtins": "0", "graphc.cpu.kernel.language": "0", "graphc.cpu.kernel.vecmath": "0",
    "numba.cpython.numbers 3": "0", "numba.cpython.numbers 30": "0", "numba.cpython.iterators 2": "0", "numba.core.typing.builtins 50": "0",
}
PROGRAM = """
import os, signal, sys
import graphc as tf
module, calls, came, left = sys.argv[1], int(sys.argv[2]), [], []
def interrupt():
    came.append(module)
    os.kill(os.getpid(), signal.SIGINT)
def returned(frame, event, value):
    caller = frame.f_back
    if not came and event == "return" and caller and caller.f_code.co_name == "<module>" and caller.f_globals.get("__name__") == module:
        left.pop()
        if not left:
            sys.setprofile(None)
            interrupt()
def hook(event, args):
    if event == "import" and args[0] == module and not came and not left:
        if not calls:
            return interrupt()
        left.extend(range(calls))
        sys.setprofile(returned)
sys.addaudithook(hook)
x = tf.placeholder(tf.float32, [2])
with tf.Session() as session:
    try:
        session.run(tf.exp(x) * 3, {x: [0.0, 0.0]})
    except KeyboardInterrupt:
        came.append("told")
    for _ in range(2):
        assert session.run(tf.exp(x) * 3, {x: [0.0, 0.0]}).tolist() == [3, 3]
    assert session.run(tf.tanh(x) * 3, {x: [0.0, 0.0]}).tolist() == [0, 0]
print(*came)
"""


@pytest.mark.parametrize("when", INTERRUPTED)
def test_an_interrupted_run_can_be_repeated(when, tmp_path):
    environment = os.environ | {"GRAPHC_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT), "GRAPHC_COMPILE_PROCESSES": INTERRUPTED[when]}
    module, calls = f"{when} 0".split()[:2]
    done = subprocess.run([sys.executable, "-c", PROGRAM, module, calls], env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [module, "told"]


TIMED = """
import signal, sys
import graphc as tf
runs = False
def stop(number, frame):
    if runs:
        raise KeyboardInterrupt
signal.signal(signal.SIGALRM, stop)
x = tf.placeholder(tf.float32, [2])
y = tf.exp(x) * float(sys.argv[1])
interrupted = 0
with tf.Session() as session:
    for delay in map(float, sys.argv[2:]):
        try:
            runs = True
            signal.setitimer(signal.ITIMER_REAL, delay)
            session.run(y, {x: [0.0, 0.0]})
            runs = False                # a signal that comes now comes too late
        except KeyboardInterrupt:
            interrupted += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
    assert session.run(y, {x: [0.0, 0.0]}).tolist() == [float(sys.argv[1])] * 2
print(interrupted)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this platform has no such timer")
@pytest.mark.parametrize("processes", ["0", "1"])
@pytest.mark.parametrize("delays", [(0.01, 0.02, 0.03, 0.05), (0.04, 0.1, 0.1, 0.1), (0.3, 0.4), (0.02,) * 20], ids=str)
def test_a_run_interrupted_at_any_time_can_be_repeated(delays, processes, tmp_path):
    """A process is tried again if no signal told: Python ignores what is raised within a finaliser, and modules of others pass errors over."""
    for attempt in range(5):
        environment = os.environ | {"GRAPHC_CACHE_DIR": str(tmp_path / str(attempt)), "PYTHONPATH": str(ROOT), "GRAPHC_COMPILE_PROCESSES": processes}
        command = [sys.executable, "-c", TIMED, "7", *map(str, delays)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        if int(done.stdout):
            return
    pytest.fail("five processes were not interrupted")


def test_what_making_raises_is_raised():
    def fail():
        raise ZeroDivisionError("as it was")
    with pytest.raises(ZeroDivisionError, match="as it was"):
        undisturbed(fail)
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        whole("no_such_module")
    made = []
    thread = threading.Thread(target=lambda: made.append((undisturbed(threading.current_thread), threading.current_thread())))
    thread.start()
    thread.join()
    assert made[0][0] is made[0][1] and undisturbed(lambda: 3) == 3 and whole("ast") is ast


def late_imports(path):
    """What the functions of a module import, of neither Python nor graphc."""
    tree = ast.parse(path.read_text())
    late = [n for f in ast.walk(tree) if isinstance(f, (ast.FunctionDef, ast.Lambda)) for n in ast.walk(f)]
    names = {a.name for n in late if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in late if isinstance(n, ast.ImportFrom) and not n.level}
    return {n for n in names if n.split(".")[0] not in sys.stdlib_module_names}


def test_late_imports_are_whole():
    kernel_language = set()
    for path in sorted((ROOT / "graphc").rglob("*.py")):
        found = late_imports(path)
        if path.parent.name == "kernel":
            kernel_language |= found
        else:
            assert not found, f"{path}: {found} may be left half imported; see graphc/process/importing.py"
    # The kernel language is entered when Numba is there, and all that its functions name with it.
    code = f"import sys, numba; print(*[m for m in {sorted(kernel_language)} if m not in sys.modules])"
    assert kernel_language and subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE).stdout.split() == []
