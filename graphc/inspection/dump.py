"""GRAPHC_DUMP=folder: numbered files about every program that is compiled, and kernels that run on their own."""

from __future__ import annotations

import ctypes
import inspect
import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..cpu import native
from ..cpu.program import Program
from ..cpu.steps import NativeStep
from ..errors import CacheWarning
from ..ir.node import warn
from .explain import Explanation
from .explain.records import page, plan_sections

_NAME = re.compile(r"[^A-Za-z0-9]+")
_refused: set[str] = set()  # folders that a warning has told of
_HEAD = '''"""The kernels of one program. `python {file}` compiles each and runs it on made-up numbers."""

from graphc.inspection.dump import run_kernel

# Bodies are in graphc's kernel language, a part of Python that Numba's front end reads; `run_kernel` compiles them from this file.
'''
_TAIL = '''
if __name__ == "__main__":
    for kernel, buffers, extents, n in CALLS:
        print(run_kernel(kernel, buffers, extents, n))
'''


def write(base: str, explanation: Explanation) -> None:
    """Write the files of one program; one warning a folder if they cannot be written, and the run goes on."""
    if base in _refused:
        return
    try:
        place = _new_folder(Path(base), _NAME.sub("_", explanation.fetches[0] if explanation.fetches else "")[:40].strip("_") or "program")
        for file, text in _files(explanation):
            (place / file).write_text(text, encoding="utf-8")
    except OSError as e:
        _refused.add(base)
        warn(f"GRAPHC_DUMP: nothing more is written to {base[:200]}: {e.strerror or e}", CacheWarning)


def _new_folder(base: Path, name: str) -> Path:
    """A folder with the number after the highest there is, so that nothing of other runs or processes is written over."""
    base.mkdir(parents=True, exist_ok=True)
    numbers = [p.name.partition("_")[0] for p in base.iterdir()]
    number = max((int(n) for n in numbers if n.isdecimal()), default=-1) + 1
    while True:
        try:
            place = base / f"{number:03}_{name}"
            place.mkdir()
            return place
        except FileExistsError:         # another process was faster
            number += 1


def _files(e: Explanation) -> list[tuple[str, str]]:
    texts = [("graph.txt", _lines(e.graph)), *((f"{name}.txt", _lines(shown)) for (name, _), shown in zip(e.stages, e.listings, strict=True)),
             ("plan.txt", page(plan_sections(e)))]
    if e.program is not None:
        texts.append(("kernels.py", kernels_file(e, e.program, f"{len(texts):02}_kernels.py")))
    texts.append(("explanation.json", json.dumps(e.to_dict(), indent=1) + "\n"))
    return [(f"{i:02}_{name}", text) for i, (name, text) in enumerate(texts)]


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{text}\n" for text in lines)


def kernels_file(e: Explanation, program: Program, file: str) -> str:
    """A module of all kernels of a program, numbered as in its plan, and of what each step calls them with. Nothing in it is the user's text."""
    parts = [_HEAD.format(file=file)]
    parts += [k.source.replace("def kernel(", f"def kernel_{i}(", 1) for i, k in enumerate(e.kernels) if k.source]
    calls = [f"    (kernel_{s.kernel}, {_buffers(program, s.index)}, {program.extents(s.index)}, {program.range(s.index)[0]}),    # step {s.index}"
             for s, made in zip(e.steps, program.steps, strict=True) if isinstance(made, NativeStep) and made.text.source]
    return "\n\n".join(parts) + "\n\nCALLS = [\n" + "".join(f"{c}\n" for c in calls) + "]\n" + _TAIL


def _buffers(program: Program, index: int) -> list[tuple[str, int]]:
    """The dtype and size of each buffer that a step's kernel is given; behind a product's operands comes its table of offsets."""
    step, memory = program.steps[index], program.memory
    assert isinstance(step, NativeStep)
    given = [(slot[0].dtype.name, int(memory.sizes[program.code.number[slot[0]]])) for slot in step.slots if not isinstance(slot, int)]
    table = program.ranges.tables.get(program.native[index])
    return given if table is None else [*given, ("int64", table.size)]


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
