"""Kernels as tests write them: one expression over arrays, compiled and called."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.cpu import native
from graphc.cpu.tape import Tape
from tests import ROOT

PACKAGE = ROOT / "graphc"


def source(expression: str, inputs: list[str], output: str) -> str:
    """A kernel that stores an expression over x0, x1, ... elementwise into the last buffer."""
    lines = ["def kernel(buffers, extents, lo, hi):"]
    lines += [f"    p{k} = pointer(buffers, {k}, {name})" for k, name in enumerate([*inputs, output])]
    lines += ["    for i in range(lo, hi):"]
    lines += [f"        x{k} = load(p{k}, i)" for k in range(len(inputs))]
    lines += [f"        store(p{len(inputs)}, i, {expression})", "    return 0", ""]
    return "\n".join(lines)


def kernel_name(dtype: Any) -> str:
    return "boolean" if np.dtype(dtype) == np.bool_ else np.dtype(dtype).name


def call(kernel: native.Kernel, arrays: list[np.ndarray], n: int, extents: np.ndarray | None = None) -> int:
    table = np.array([a.ctypes.data for a in arrays], np.uintp)
    extents = np.zeros(8, np.int64) if extents is None else extents
    return Tape.of([(kernel.address, table, extents, n, n)], threads=1).run()


def evaluate(expression: str, arrays: list[np.ndarray], result: Any) -> np.ndarray:
    arrays = [np.ascontiguousarray(a) for a in arrays]
    out = np.zeros(arrays[0].size, result)
    text = source(expression, [kernel_name(a.dtype) for a in arrays], kernel_name(result))
    assert call(native.compile_kernels([text])[0], [*arrays, out], out.size) == 0
    return out
