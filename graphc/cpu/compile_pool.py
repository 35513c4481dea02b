"""Worker processes that compile kernels: several at once, and what compiling needs (Numba, 80 MB) stays out of this process.

A worker is a Python that imports the modules of the kernel language alone, from the folders in which this process found them: never from
the current folder, nor from where the environment points. It answers a line of JSON by a line of JSON, and ends with its standard input, or
when it has had nothing to do for a minute.
"""

from __future__ import annotations

import atexit
import base64
import hashlib
import importlib.util
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from ..errors import InvalidArgumentError
from ..process.cores import cores

LONGEST = 1 << 26       # characters of an answer
PATIENCE = 30.0         # seconds after which a worker that has not answered is given up: it was stopped, or hangs
MOST = 8                # workers: each takes 150 MB
WORTH = 3               # kernels for which it pays to start a worker
_FOLDER = Path(__file__).parents[1].absolute()         # now: the process may change its current folder
_PACKAGES = ("numpy", "llvmlite", "numba")         # what a worker imports besides graphc and Python's own modules
_MARK = "GRAPHC_COMPILE_WORKER"                    # set in the environment of a worker and of all that it starts: they start no workers
# Programs that are a Python. Any other, as a frozen program or one that embeds Python, would start itself again instead of a worker.
_PYTHON = re.compile(r"(python|pypy|graalpy)w?[\d.]*t?d?m?([-_](d|dbg|debug|intel64|arm64))?(\.exe)?", re.IGNORECASE)
# The package without its __init__, which a worker has no use for. Python's own modules come first: no folder of packages hides one.
# Numba looks for scipy, whose import takes as long as its own, for linear algebra, of which kernels have none. Cyclic garbage is collected
# once all is imported: in the midst of it there is none.
_FOUND = """
import gc, json, sys, types
gc.disable()
folders, folder = json.loads(sys.stdin.readline())
sys.path += folders
sys.modules["graphc"] = types.ModuleType("graphc")
sys.modules["graphc"].__path__ = [folder]
"""
_START = _FOUND + """
sys.modules["scipy"] = None
from graphc.cpu.kernel.worker import serve
serve()
"""


def processes() -> int:
    """How many workers may be used: GRAPHC_COMPILE_PROCESSES (0: compile in this process), or one for each core."""
    text = os.environ.get("GRAPHC_COMPILE_PROCESSES", "")
    if text and not text.isdigit():
        raise InvalidArgumentError(f"GRAPHC_COMPILE_PROCESSES={text!r} is not a number of processes")
    return min(int(text) if text else cores(), MOST)


def python() -> str | None:
    """The Python that workers are started with; None where there is none, and in a worker: then all is compiled in this process."""
    program = sys.executable
    if not program or getattr(sys, "frozen", False) or os.environ.get(_MARK) or not _PYTHON.fullmatch(Path(program).name):
        return None
    return program


def command(program: str, start: str | None = None) -> list[str]:
    """What starts a worker: a Python that looks at no environment, current folder or `site`, and writes byte code as this one does."""
    flags = ["-I", "-S", *["-O"] * sys.flags.optimize, *["-B"] * sys.dont_write_bytecode]
    if sys.pycache_prefix is not None:
        flags += ["-X", f"pycache_prefix={sys.pycache_prefix}"]
    return [program, *flags, "-c", _START if start is None else start]


def survives(work: str) -> str:
    """Lines of Python that may import graphc's modules, but no worker's, tried in a process of their own: how it ended, if not by itself.

    Empty as well where no process can be started.
    """
    program = python()
    if program is None:
        return ""
    try:
        done = subprocess.run(command(program, _FOUND + work), input=json.dumps([folders(), str(_FOLDER)]) + "\n", stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, text=True, start_new_session=True, cwd=os.sep, env=os.environ | {_MARK: "1"},
                              timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return f"does not end within {PATIENCE:g} seconds"
    except (OSError, ImportError, ValueError):
        return ""
    # Windows ends a process that it must end with a status from here on.
    return f"ends the process (status {done.returncode})" if done.returncode < 0 or done.returncode >= 0xC0000000 else ""


def folders() -> list[str]:
    """Where this process has found, or would find, the packages that a worker needs."""
    return list(dict.fromkeys(folder for name in _PACKAGES for folder in _folders_of(name)))


def _folders_of(package: str) -> list[str]:
    """The folders that hold a package; relative entries of the path, which mean another folder from one moment to the next, come last."""
    spec = getattr(sys.modules.get(package), "__spec__", None) or PathFinder.find_spec(package, _absolute(sys.path)) \
        or importlib.util.find_spec(package)
    return [os.path.dirname(place) for place in _absolute(spec.submodule_search_locations or () if spec is not None else ())]


def _absolute(path: Any) -> list[str]:
    """The entries of a path that name a folder once and for all; it may hold anything, which Python's import passes over as well."""
    return [entry for entry in path if isinstance(entry, str) and os.path.isabs(entry)]


def compiled(sources: Sequence[str], keys: Sequence[str], maker: str) -> list[tuple[str, bytes, float] | None]:
    """Symbol, object code and seconds of each source; None where no worker could make it, for whatever reason.

    `maker`: what decides the code besides the source, as `native` names it; a worker that finds itself to be another one is not used.
    """
    found: list[tuple[str, bytes, float] | None] = [None] * len(sources)
    jobs: queue.SimpleQueue[int] = queue.SimpleQueue()
    for i in range(len(sources)):
        jobs.put(i)

    def work(worker: _Worker) -> None:
        while True:
            try:
                i = jobs.get_nowait()
            except queue.Empty:
                return
            found[i] = worker.ask({"source": sources[i], "key": keys[i], "maker": maker})
            if found[i] is None:
                return

    crew = _pool.crew(min(processes(), -(-len(sources) // WORTH)))
    threads = [threading.Thread(target=work, args=(worker,), name="graphc compiles") for worker in crew]
    for worker, thread in zip(crew, threads, strict=True):
        worker.since = time.monotonic()
        thread.start()
    try:
        for worker, thread in zip(crew, threads, strict=True):
            while thread.is_alive():
                thread.join(max(worker.since + PATIENCE - time.monotonic(), 0.01))
                if thread.is_alive() and time.monotonic() > worker.since + PATIENCE:
                    worker.process.kill()               # the thread, which waits for it, goes on
    except BaseException:           # Control-C: what is being compiled is lost
        _pool.close()
        raise
    return found


def expect() -> None:
    """Start a worker, if there is none, that gets ready to compile: nothing kept serves, so something will have to be compiled."""
    if processes():
        _pool.crew(1)


class _Worker:
    """A process, and the two pipes to it."""

    def __init__(self, program: str) -> None:
        self.process: Any = subprocess.Popen(command(program), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                             text=True, encoding="utf-8", start_new_session=True,      # Control-C is for us alone
                                             cwd=os.sep, env=os.environ | {_MARK: "1"})
        # Nothing is left of a process that has ended, though nobody asks for it: it ends when it has had nothing to do.
        threading.Thread(target=self.process.wait, name="graphc worker's end", daemon=True).start()
        self.since = time.monotonic()           # it was asked last
        try:
            self._say([folders(), str(_FOLDER)])
        except BaseException:                   # it has ended already, or Control-C: nothing is left of it
            self.close()
            raise

    def _say(self, message: Any) -> None:
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def ask(self, job: dict[str, str]) -> tuple[str, bytes, float] | None:
        """Symbol, code and seconds; None if it has ended, cannot, or answers with anything else than what it was asked for."""
        self.since = time.monotonic()
        try:
            self._say(job)
            match json.loads(self.process.stdout.readline(LONGEST)):
                case {"error": str()}:
                    return None
                case {"code": str(text), "digest": str(digest), "seconds": float(seconds)}:
                    code = base64.b64decode(text, validate=True)
                    if digest == hashlib.sha256(job["key"].encode() + code).hexdigest():        # LLVM crashes with what is no code
                        return f"kernel_{job['key']}", code, seconds
        except (OSError, ValueError):
            pass
        self.close()
        return None

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """End the process; it may be in the middle of something."""
        self.process.kill()
        with suppress(subprocess.TimeoutExpired):       # a process that the system itself waits for does not end at once
            self.process.communicate(timeout=PATIENCE)


class _Pool:
    """The workers there are, started when they are wanted."""

    def __init__(self) -> None:
        self.workers: list[_Worker] = []

    def crew(self, count: int) -> list[_Worker]:
        """So many workers that are alive, or as many as can be started."""
        for worker in [w for w in self.workers if not w.alive]:
            worker.close()
            self.workers.remove(worker)
        program = python()
        try:
            while program is not None and len(self.workers) < count:
                self.workers.append(_Worker(program))
        except (OSError, ImportError, ValueError):      # no process, or no package to be found
            pass
        return self.workers[:count]

    def close(self) -> None:
        while self.workers:
            self.workers.pop().close()

    def forget(self) -> None:
        """In a forked child: the workers are the parent's."""
        self.workers = []


_pool = _Pool()
atexit.register(_pool.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.forget)
