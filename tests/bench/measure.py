"""Correctness first, then time: each backend in its own process, in turns, so that a slow minute slows all of them."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from .backends import BACKENDS, Step
from .references import Optimizer
from .workloads import WORKLOADS, Workload

TRAINING_STEPS = 3
TOLERANCE = {"float32": 1e-4, "float64": 1e-9}     # of the largest element: sums of thousands of rounded terms
# How far training may move a parameter otherwise, of the movement's norm. Adam's 1e-8 is added before the correction of
# the bias (TensorFlow) or after it (PyTorch), which is up to 1.3e-2 apart for mlp_step's smallest gradients.
MOVEMENT = {"sgd": 1e-3, "adam": 3e-2}
BLOCK = 0.03         # seconds of steps a round
PAUSE = 0.05         # seconds in which the other processes' threads stop spinning
PATIENCE = 600       # seconds a backend may take to compile, or a round to come back


class WrongResult(Exception):
    """A backend's numbers are not the reference's."""


def require(what: str, got: Any, wanted: Any, tolerance: float) -> None:
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    if got.shape != wanted.shape:
        raise WrongResult(f"{what}: shape {got.shape}, not {wanted.shape}")
    error = np.abs(got - wanted).max(initial=0) / max(np.abs(wanted).max(initial=0), 1e-300)
    if not error <= tolerance:
        raise WrongResult(f"{what}: off by {error:.1e} of the largest element; {tolerance:.0e} is allowed")


def double(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {k: v.astype(np.float64) if v.dtype.kind == "f" else v for k, v in arrays.items()}


def check(w: Workload, step: Step, first: list[Any]) -> None:
    """WrongResult unless `first`, what the first step gave, and the next steps agree with the reference in float64."""
    inputs, params, optimizer = double(w.inputs), double(w.params), Optimizer(w.optimizer, w.rate)
    tolerance = TOLERANCE[w.dtype]
    for i in range(TRAINING_STEPS):
        outputs = step.run() if i else first
        value, grads = w.reference(**inputs, **params)
        wanted = [value] * w.with_value + [grads[k] for k in w.wrt]
        for what, got, want in zip(["value"] * w.with_value + [*w.wrt], outputs, wanted, strict=False):
            require(f"{what} of step {i}", got, want, tolerance)
        if w.optimizer:
            optimizer.apply(params, grads)
    trained = step.params()
    for name, start in w.params.items():
        moved, wanted = trained[name] - np.float64(start), params[name] - start
        error = np.linalg.norm(moved - wanted) / np.linalg.norm(wanted)
        if not error <= MOVEMENT[w.optimizer]:
            raise WrongResult(f"{name} moved wrongly: off by {error:.1e}; {MOVEMENT[w.optimizer]:.0e} is allowed")


def block(step: Step, count: int) -> tuple[float, int]:
    """Microseconds a step, over at least BLOCK seconds of steps; and how many steps that took."""
    while True:
        start = time.perf_counter()
        for _ in range(count):
            step.run()
        seconds = time.perf_counter() - start
        if seconds >= BLOCK:
            return 1e6 * seconds / count, count
        count = 1 + int(count * min(100, 1.2 * BLOCK / max(seconds, 1e-7)))


def serve(pipe: Any, backend: str, workload: str) -> None:
    """The life of a backend's process: build, answer whether it is right, then time a block whenever asked."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 2)                             # start-up notices; what goes wrong is sent back
    try:
        w = WORKLOADS[workload](False)
        start = time.perf_counter()
        step = BACKENDS[backend].build(w)
        first = step.run()
        seconds = time.perf_counter() - start
        check(w, step, first)
    except Exception as error:                     # one backend's failure is a cell of the table, not the end
        pipe.send({"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()})
        return
    pipe.send({"first_s": seconds})
    count = 1
    while pipe.recv():
        block(step, 1)
        us, count = block(step, count)
        pipe.send(us)


class Process:
    """One backend at work on one workload, asked through a pipe; `life`: what its process does."""

    def __init__(self, backend: str, workload: str, life: Callable[[Any, str, str], None] = serve) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, end = context.Pipe()
        self.process = context.Process(target=life, args=(end, backend, workload), daemon=True)
        self.process.start()
        end.close()

    def answer(self) -> Any:
        try:
            return self.pipe.recv() if self.pipe.poll(PATIENCE) else {"error": f"no answer in {PATIENCE} s"}
        except EOFError:
            self.process.join()
            return {"error": f"the process ended with {self.process.exitcode}"}

    def end(self) -> None:
        self.process.kill()
        self.process.join()


def measure(workload: str, backends: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    """For each backend: {first_s, median_us, best_us}, or {error}. No rounds: only checked."""
    results: dict[str, dict[str, Any]] = {}
    running: dict[str, Process] = {}
    try:
        for name in backends:
            running[name] = Process(name, workload)
            results[name] = running[name].answer()
            if "error" in results[name]:
                running.pop(name).end()
        times: dict[str, list[float]] = {name: [] for name in running}
        for _ in range(rounds):
            for name, process in list(running.items()):
                time.sleep(PAUSE)
                process.pipe.send(True)
                us = process.answer()
                if isinstance(us, dict):
                    results[name] = us
                    running.pop(name).end()
                else:
                    times[name].append(us)
        for name in running if rounds else ():
            results[name] |= {"median_us": statistics.median(times[name]), "best_us": min(times[name])}
    finally:
        for process in running.values():
            process.end()
    return results
