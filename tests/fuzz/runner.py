"""Graphs checked in child processes, several at a time: a crash, a hang or a flood of memory is a finding, not the end."""

from __future__ import annotations

import faulthandler
import gc
import io
import os
import pickle
import re
import resource
import selectors
import signal
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple

import graphc as tf

from . import generate, oracles
from .recipe import Apply, Recipe

SECONDS = 120.0                 # a graph takes one on a machine of its own
TELLING = 30.0                  # seconds after which one that does not even say where it stands is ended
MEMORY = 3 << 30                # address space that a graph may add


class Outcome(NamedTuple):
    """What became of a graph: `oracle` is "" if all held, "rejected" if it was no graph to begin with."""

    seed: int
    oracle: str = ""
    message: str = ""
    operators: tuple[str, ...] = ()
    recipe: Recipe | None = None

    @property
    def found(self) -> bool:
        return self.oracle not in ("", "rejected")

    @property
    def kind(self) -> tuple[str, ...]:
        """What failures of one cause share: the oracle; of an error also its type and where it was raised."""
        return (self.oracle, self.message.split(":")[0], self.message.split("(")[-1]) if self.oracle == "error" else (self.oracle,)


@dataclass(frozen=True)
class Task:
    """A graph to check, by its seed (and the operator that it favours) or as a recipe, with `prepare` called in the child first."""

    seed: int
    recipe: Recipe | None = None
    prepare: Callable[[], Any] | None = None
    favoured: str = ""


@dataclass
class _Child:
    task: Task
    began: float                # when it was started, then when its graph was
    stands: IO[bytes]           # the file in which it writes where it stands, when it is asked
    heard: bytearray = field(default_factory=bytearray)
    signals: int = 0            # that it was sent for being late: one that asks where it stands, one that ends it


def preload() -> None:
    """Import and warm up in the parent what every child would otherwise do again. Starts no threads: a child has none of them."""
    os.environ["GRAPHC_COMPILE_PROCESSES"] = "0"
    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1)) as session:
        for dtype in (tf.float32, tf.float64):
            x = tf.placeholder(dtype, [9, 9])
            session.run([tf.matmul(x, tf.exp(x)), tf.reduce_sum(x, 1)], {x: [[0.5] * 9] * 9})
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        session.run(tf.matrix_inverse(tf.constant([[2.0]])))
    gc.collect()
    gc.freeze()


def judged(task: Task, recipe: Recipe) -> Outcome:
    """The outcome of a graph, checked in this process."""
    names = tuple(s.operator for s in recipe.steps if isinstance(s, Apply))
    try:
        if task.prepare is not None:
            task.prepare()
        oracles.check(recipe, drawn=task.recipe is None)
    except oracles.Rejected as e:
        return Outcome(task.seed, "rejected", str(e), names)
    except oracles.Finding as e:
        return Outcome(task.seed, e.oracle, e.message, names, recipe)
    except MemoryError:
        return Outcome(task.seed, "memory", f"more than {MEMORY >> 30} GiB", names, recipe)
    except Exception:
        return Outcome(task.seed, "fuzzer", traceback.format_exc(), names, recipe)
    return Outcome(task.seed, operators=names)


def outcomes(tasks: Iterable[Task], jobs: int) -> Iterator[Outcome]:
    """The outcomes of tasks in their order, `jobs` of them under way at a time."""
    waiting = iter(enumerate(tasks))
    ready: dict[int, Outcome] = {}
    place: dict[int, int] = {}
    turn = 0
    with _Children() as children:
        while True:
            while len(children) < jobs and (nxt := next(waiting, None)) is not None:
                place[children.start(nxt[1])] = nxt[0]
            if not children:
                return
            for pid, outcome in children.finished():
                ready[place.pop(pid)] = outcome
            while turn in ready:
                yield ready.pop(turn)
                turn += 1


class _Children:
    """The child processes under way."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.by_pid: dict[int, tuple[int, _Child]] = {}

    def __enter__(self) -> _Children:
        return self

    def __exit__(self, *exc: Any) -> None:
        for pid, (fd, _) in list(self.by_pid.items()):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(fd)
        self.selector.close()

    def __len__(self) -> int:
        return len(self.by_pid)

    def start(self, task: Task) -> int:
        reading, writing = os.pipe()
        stands = tempfile.TemporaryFile()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _work(task, writing, stands)
        os.close(writing)
        self.by_pid[pid] = reading, _Child(task, time.monotonic(), stands)
        self.selector.register(reading, selectors.EVENT_READ, pid)
        return pid

    def finished(self) -> list[tuple[int, Outcome]]:
        """Wait a little; those that ended meanwhile."""
        done = []
        for key, _ in self.selector.select(0.5):
            fd, child = self.by_pid[key.data]
            part = os.read(fd, 1 << 16)
            if not child.heard:
                child.began = time.monotonic()
            child.heard += part
            if not part:
                done.append((key.data, self._end(key.data)))
        for pid, (_, child) in self.by_pid.items():
            late = time.monotonic() - child.began - SECONDS
            told = late > 1 and os.fstat(child.stands.fileno()).st_size > 0
            if late > 0 and (not child.signals or told or late > TELLING):
                os.kill(pid, signal.SIGKILL if child.signals else signal.SIGUSR1)
                child.signals += 1
        return done

    def _end(self, pid: int) -> Outcome:
        fd, child = self.by_pid.pop(pid)
        self.selector.unregister(fd)
        os.close(fd)
        _, status = os.waitpid(pid, 0)
        recipe, outcome = _heard(child)
        with child.stands as file:
            file.seek(0)
            lines = re.findall(r'File "(?:.*/)?(.*)", (line \d+ in .*)', file.read().decode(errors="replace"))
        if outcome is not None:
            return outcome
        if child.signals:
            at = " <- ".join(f"{name}, {line}" for name, line in lines[:4])
            oracle, message = "hang", f"not done after {SECONDS:.0f} s" + (f", at {at}" if at else "")
        elif os.WIFSIGNALED(status):
            oracle, message = "crash", signal.Signals(os.WTERMSIG(status)).name
        else:
            oracle, message = "crash", f"the process ended with status {os.WEXITSTATUS(status)}"
        return Outcome(child.task.seed, oracle, message, recipe=recipe)


def _heard(child: _Child) -> tuple[Recipe | None, Outcome | None]:
    """What a child said before it ended: the recipe that it checks, then the outcome."""
    said: list[Any] = []
    stream = io.BytesIO(child.heard)
    while True:
        try:
            said.append(pickle.load(stream))
        except (EOFError, pickle.UnpicklingError):
            return (said + [None, None])[0], (said + [None, None])[1]


def _work(task: Task, writing: int, stands: IO[bytes]) -> None:
    """The child's life."""
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 2)                             # LLVM and glibc write there when they give up: the signal says it
        faulthandler.disable()
        faulthandler.register(signal.SIGUSR1, stands, all_threads=False)
        warnings.simplefilter("ignore")
        os.environ["GRAPHC_COMPILE_PROCESSES"] = "0"  # bugs are planted in this process
        size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with os.fdopen(writing, "wb") as pipe:
            try:
                recipe = task.recipe or generate.recipe(task.seed, task.favoured)
            except Exception:
                pickle.dump(None, pipe)
                pickle.dump(Outcome(task.seed, "fuzzer", traceback.format_exc()), pipe)
                return
            pickle.dump(recipe, pipe)
            pipe.flush()                              # known even if the graph crashes
            pickle.dump(judged(task, recipe), pipe)
    finally:
        os._exit(0)
