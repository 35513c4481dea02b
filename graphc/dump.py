"""GRAPHC_DUMP=folder: numbered files about every program that is compiled, and kernels that run on their own."""

from __future__ import annotations

import ctypes
import inspect
import itertools
import json
import re
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from . import native
from .errors import CacheWarning
from .explain import Explanation
from .program import NativeStep, Program
from .show.outline import outline

_programs = itertools.count()
_NAME = re.compile(r"[^A-Za-z0-9]+")
_HEAD = '''"""The kernels of one program. `python {file}` compiles each and runs it on made-up numbers."""

from graphc.dump import run_kernel

# Bodies are in graphc's kernel language, a part of Python that Numba's front end reads; `run_kernel` compiles them from this file.
'''
_TAIL = '''
if __name__ == "__main__":
    for kernel, buffers, extents, n in CALLS:
        print(run_kernel(kernel, buffers, extents, n))
'''


def write(base: str, explanation: Explanation) -> None:
    """Write the files of one program; one warning if they cannot be written, and the run goes on."""
    name = _NAME.sub("_", explanation.fetches[0] if explanation.fetches else "")[:40].strip("_")
    try:
        place = Path(base) / f"{next(_programs):03}_{name or 'program'}"
        place.mkdir(parents=True, exist_ok=True)
        for file, text in _files(explanation):
            (place / file).write_text(text, encoding="utf-8")
    except OSError as e:
        warnings.warn(f"GRAPHC_DUMP: nothing is written to {base[:200]}: {e}", CacheWarning, stacklevel=2)


def _files(e: Explanation) -> list[tuple[str, str]]:
    files = [("00_graph.txt", _listing(e.graph))]
    for i, (name, nodes) in enumerate(e.stages):
        files.append((f"{i + 1:02}_{name}.txt", _listing([box.line() for box in outline(nodes, None, None).boxes])))
    at = len(files)
    plan = "\n\n".join(f"{title}\n{text}" for title, text in e.sections() if not title.startswith(("The graph", "Kernels")))
    files.append((f"{at:02}_plan.txt", plan + "\n"))
    if isinstance(e.program, Program):
        files.append((f"{at + 1:02}_kernels.py", kernels_file(e.program, f"{at + 1:02}_kernels.py")))
    files.append((f"{at + 2:02}_explanation.json", json.dumps(e.to_dict(), indent=1) + "\n"))
    return files


def _listing(lines: Sequence[str]) -> str:
    return "".join(f"{text}\n" for text in lines)


def kernels_file(program: Program, file: str) -> str:
    """A module of all kernels of a program, each once, and of what each step calls them with."""
    names: dict[str, str] = {}
    parts, calls = [_HEAD.format(file=file)], []
    for i, step in enumerate(program.steps):
        if not isinstance(step, NativeStep) or not step.text.source:
            continue
        source = step.text.source
        if source not in names:
            names[source] = f"kernel_{len(names)}"
            parts.append(source.replace("def kernel(", f"def {names[source]}(", 1))
        buffers = [("int64", 1) if isinstance(slot, int) else (slot[0].dtype.name, slot[0].size) for slot in step.slots]
        calls.append(f"    ({names[source]}, {buffers}, {step.extents.tolist()}, {step.n}),    # step {i}")
    return "\n\n".join(parts) + "\n\nCALLS = [\n" + "\n".join(calls) + "\n]\n" + _TAIL


def run_kernel(kernel: Callable[..., int], buffers: Sequence[tuple[str, int]], extents: Sequence[int], n: int) -> str:
    """Compile a kernel from its source and call it once on buffers of these dtypes and sizes; a line of text about it.

    Floats are filled with numbers between 0.5 and 1.5 (seed 0), integers with zeros, or one where there is just one: it may be a bound.
    """
    source = re.sub(r"^def \w+\(", "def kernel(", inspect.getsource(kernel), count=1)
    random = np.random.default_rng(0)
    arrays = [random.uniform(0.5, 1.5, size).astype(dtype) if dtype.startswith("float") else np.full(size, size == 1, dtype)
              for dtype, size in buffers]
    before = [a.copy() for a in arrays]
    table, numbers = np.array([a.ctypes.data for a in arrays], np.uintp), np.array(extents, np.int64)
    code = native.compile_kernels([source])[0]
    call = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(code.address)
    start = time.perf_counter()
    status = call(table.ctypes.data, numbers.ctypes.data, 0, n)
    seconds = time.perf_counter() - start
    changed = [f"buffer {i} begins {a[:4].tolist()}" for i, (a, b) in enumerate(zip(arrays, before, strict=True))
               if not np.array_equal(a, b, equal_nan=True)]
    return f"{kernel.__name__}: status {status}, {1e6 * seconds:.1f} us; {'; '.join(changed) or 'writes what was there'}"
