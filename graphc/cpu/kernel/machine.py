"""LLVM for this processor, and the machine code of kernels: what a process needs that compiles, be it the user's or a worker."""

from __future__ import annotations

import hashlib
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

# Measured on an AVX-512 Xeon against LLVM's default of 256: exp float32 0.45 ns an element for 0.80, tanh 0.58 for 0.86,
# exp float64 1.55 for 2.03; loops bound by memory the same.
VECTOR_BITS = 512


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
        self.features = features.flatten() + (",-prefer-256-bit" if wide else "")
        self.target = llvm.Target.from_default_triple().create_target_machine(
            cpu=self.cpu, features=self.features, opt=3, reloc="default", codemodel="jitdefault", jit=True)
        from importlib.metadata import version  # 0.05 s to import: not before something is compiled
        self.name = "\n".join([digest(), sys.platform, version("llvmlite"), version("numba"), self.cpu, self.features])


@cache
def machine() -> Machine:
    """The one of this process (imports llvmlite)."""
    return Machine()


def makers() -> list[Path]:
    """The files that decide what code a text becomes: this folder, and the constants of random numbers."""
    here = Path(__file__).parent
    return sorted(p for p in (*here.glob("*.py*"), *here.parents[1].glob("ops/philox.py*")) if p.suffix in (".py", ".pyc"))


def digest() -> str:
    """What all of `makers` hold, in one number."""
    found = hashlib.sha256()
    for path in makers():
        found.update(path.read_bytes())
    return found.hexdigest()


def module(source: str, key: str) -> Any:
    """The optimised LLVM module of a kernel (imports Numba). Whatever goes wrong is an error of graphc's own."""
    from .compiler import optimised_module
    return optimised_module(source, f"kernel_{key}", machine().target)


def compile_one(source: str, key: str, maker: str) -> tuple[str, bytes, float]:
    """Symbol, object code and seconds of a kernel; RuntimeError if it would be other code than the machine named `maker` makes."""
    if machine().name != maker:
        raise RuntimeError("this process compiles otherwise")
    began = time.perf_counter()
    return f"kernel_{key}", machine().target.emit_object(module(source, key)), time.perf_counter() - began
