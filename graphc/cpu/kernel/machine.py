"""LLVM for this processor, and the machine code of kernels: what a process needs that compiles, be it the user's or a worker."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

# Measured on an AVX-512 Xeon against LLVM's default of 256: exp float32 0.45 ns an element for 0.80, tanh 0.58 for 0.86,
# exp float64 1.55 for 2.03; loops bound by memory the same.
VECTOR_BITS = 512
SUPERWORD = "# superword"       # in a kernel that keeps several sums side by side, written out: LLVM makes vectors of them


class Machine:
    """LLVM's target: this processor. `name` says all that decides the machine code of a text, so that no kept kernel outlives a change of it."""

    def __init__(self) -> None:
        import llvmlite.binding as llvm
        for name in ("initialize", "initialize_native_target", "initialize_native_asmprinter"):
            try:
                getattr(llvm, name)()
            except RuntimeError:        # newer LLVM initialises itself and says so
                pass
        self.cpu = llvm.get_host_cpu_name()
        features = llvm.get_host_cpu_features()
        wide = VECTOR_BITS == 512 and features.get("avx512f")
        self.vector_bytes = 64 if wide else 32 if features.get("avx2") and features.get("fma") else 16
        self.features = features.flatten() + (",-prefer-256-bit" if wide else "")
        self.target = llvm.Target.from_default_triple().create_target_machine(
            cpu=self.cpu, features=self.features, opt=3, reloc="default", codemodel="jitdefault", jit=True)
        self.name = "\n".join([digest(), sys.platform, version("llvmlite"), version("numba"), self.cpu, self.features])


@cache
def machine() -> Machine:
    """The one of this process (imports llvmlite)."""
    return Machine()


# The modules that decide what code a text becomes, by the names they have for Python.
MODULES = ("casts", "compiler", "complex_numbers", "extremes", "language", "lowering", "machine", "memory", "ranges", "scalars",
           "tile_parts", "tiles", "vecmath", "vecmath_complex", "vecmath_exp", "vecmath_huge", "vecmath_rest", "vecmath_trig",
           "vecmath_value", "vecrandom", "winograd", "worker", "philox")


def makers() -> list[Path]:
    """The files that decide what code a text becomes: this folder, and the constants of random numbers. None in a program without files."""
    here = Path(__file__).parent
    return sorted(p for p in (*here.glob("*.*"), *here.parents[1].glob("ops/philox.*")) if p.suffix in (".py", ".pyc", ".so", ".pyd"))


def digest() -> str:
    """What all of `makers` hold, and the modules that have no file (in a frozen program, in an archive), in one number."""
    found, files = hashlib.sha256(), makers()
    for path in files:
        found.update(path.read_bytes())
    for name in sorted({*MODULES} - {path.name.partition(".")[0] for path in files}):
        package = __name__.rpartition(".")[0] if name != "philox" else __name__.removesuffix("cpu.kernel.machine") + "ops"
        found.update(identity(f"{package}.{name}").encode())
    return found.hexdigest()


def identity(name: str) -> str:
    """What tells a module from its other versions: what its code says, or else its file, or the program that it is a part of."""
    with suppress(ImportError, AttributeError):         # what has been translated to C has no code objects
        code = _spec(name).loader.get_code(name)
        if code is not None:
            return said(code)
    program = os.stat(sys.executable) if sys.executable else None
    return repr((name, program and (program.st_size, program.st_mtime_ns)))


def _spec(name: str) -> Any:
    """Where a module would come from; its package is not imported, which for Numba takes 0.5 s."""
    package = name.rpartition(".")[0]
    path = None if not package else sys.modules[package].__path__ if package in sys.modules else _spec(package).submodule_search_locations
    found = (finder.find_spec(name, path) for finder in sys.meta_path if hasattr(finder, "find_spec"))
    return next((spec for spec in found if spec is not None), None)


def said(value: Any) -> str:
    """All that decides what a code object does, alike in every process: no addresses, no order of sets."""
    if isinstance(value, CodeType):
        parts = (value.co_code, value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars, value.co_flags, value.co_argcount,
                 value.co_posonlyargcount, value.co_kwonlyargcount, getattr(value, "co_exceptiontable", b""))
        return f"{value.co_name}{parts!r}({said(value.co_consts)})"
    if isinstance(value, (tuple, frozenset)):
        texts = map(said, value)
        return f"{type(value).__name__}({', '.join(sorted(texts) if isinstance(value, frozenset) else texts)})"
    return repr(value)


def version(package: str) -> str:
    """The version of a package; in a program that carries no metadata, what tells it from others."""
    from importlib import metadata  # 0.05 s to import: not before something is compiled
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return identity(f"{package}._version")


def module(source: str, key: str) -> Any:
    """The optimised LLVM module of a kernel (imports Numba). Whatever goes wrong is an error of graphc's own."""
    from .compiler import optimised_module
    return optimised_module(source, f"kernel_{key}", machine().target, SUPERWORD in source)


def compile_one(source: str, key: str, maker: str) -> tuple[str, bytes, float]:
    """Symbol, object code and seconds of a kernel; RuntimeError if it would be other code than the machine named `maker` makes."""
    if machine().name != maker:
        raise RuntimeError("this process compiles otherwise")
    began = time.perf_counter()
    return f"kernel_{key}", machine().target.emit_object(module(source, key)), time.perf_counter() - began
