"""What this machine and installation can do: versions, BLAS, vector unit, cache, measured limits and how near to them kernels come."""

from __future__ import annotations

import ctypes
import platform
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..cpu import blas, cache, limits
from ..cpu.kernel.machine import machine
from ..cpu.tape import default_threads
from ..errors import GraphcError
from ..ir.graph import Graph
from ..ops.array import zeros
from ..ops.linalg import matmul
from ..ops.math import add, multiply
from ..ops.reduce import reduce_sum
from ..ops.state import Variable, assign, group, placeholder
from ..runtime.session import Session
from ..version import __version__

PACKAGES = ("numpy", "networkx", "numba", "llvmlite", "scipy-openblas64")


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


def examine(self_check: bool = True) -> Iterator[Finding]:
    """What `graphc doctor` prints, as it is found; with `self_check`, also what kernels reach of the machine's limits (10 s)."""
    yield Finding("graphc", f"{_version('graphc')}, Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    for name in PACKAGES:
        found = _version(name)
        yield Finding(name, found or "missing", found is not None)
    yield _blas()
    yield Finding("processor", f"{machine().cpu}, {default_threads()} threads, vectors of {limits.vector_bits()} bits")
    yield _kernel_cache()
    if self_check:
        yield from _self_check()


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version  # 0.05 s to import
    try:
        return version(package)
    except PackageNotFoundError:
        return __version__ if package == "graphc" else None


def _blas() -> Finding:
    try:
        library = blas.library()
    except (GraphcError, OSError) as e:
        return Finding("BLAS", str(e), False)
    config = library.scipy_openblas_get_config64_
    config.restype = ctypes.c_char_p
    return Finding("BLAS", " ".join(config().decode().split()))


def _kernel_cache() -> Finding:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cache.warned.clear()
        info = cache.info()
    if info["folder"] is None:
        return Finding("kernel cache", str(caught[-1].message) if caught else "none", False)
    return Finding("kernel cache", f"{info['folder']}: {info['entries']} entries, {info['bytes'] / 1e6:.1f} MB of {cache.limit() / 1e6:.1f} MB")


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
