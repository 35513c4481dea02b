"""Kernel source to machine code: compiled by Numba once, kept as object code on disk, loaded by LLVM without Numba.

A cache entry is named by the sha256 of all that the code depends on, and carries the sha256 of its contents.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CacheWarning, GraphcError
from ..ir.importing import undisturbed, whole
from .compile_pool import compiled

# Measured on an AVX-512 Xeon against LLVM's default of 256: exp float32 0.45 ns an element for 0.80, tanh 0.58 for 0.86,
# exp float64 1.55 for 2.03; loops bound by memory the same.
VECTOR_BITS = 512
# What decides the machine code of a source, so that an entry of the cache never outlives a change of it.
_MAKERS = ("cpu/native.py", "cpu/kernel/*.py", "ops/philox.py")
_MAGIC = b"graphc object 1\n"
_DIGEST = 32
_lock = threading.RLock()
_stats = {"compiled": 0, "loaded": 0, "seconds": 0.0}
_kernels: dict[str, Kernel] = {}
_warned: set[str] = set()


@dataclass(frozen=True)
class Kernel:
    """Machine code of one kernel: `int32 kernel(void** buffers, int64* extents, int64 lo, int64 hi)`."""

    key: str
    source: str
    address: int
    symbol: str
    code: bytes
    from_cache: bool
    seconds: float

    def asm(self) -> str:
        """The assembly text, made anew from the source."""
        with _lock:
            return _Machine.get().target.emit_assembly(_module(self.source, self.key))


class _Machine:
    """LLVM for this processor, and the engine that holds all loaded code for the life of the process."""

    _one: _Machine | None = None

    def __init__(self) -> None:
        llvm = whole("llvmlite.binding")
        for name in ("initialize", "initialize_native_target", "initialize_native_asmprinter"):
            try:
                getattr(llvm, name)()
            except RuntimeError:        # newer LLVM initialises itself and says so
                pass
        self.llvm = llvm
        self.cpu = llvm.get_host_cpu_name()
        features = llvm.get_host_cpu_features()
        wide = VECTOR_BITS == 512 and features.get("avx512f")
        self.features = features.flatten() + (",-prefer-256-bit" if wide else "")
        self.target = llvm.Target.from_default_triple().create_target_machine(
            cpu=self.cpu, features=self.features, opt=3, reloc="default", codemodel="jitdefault", jit=True)
        self.engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), self.target)
        from importlib.metadata import version  # 0.05 s to import: not before something is compiled
        self.name = "\n".join([_language(), sys.platform, version("llvmlite"), version("numba"), self.cpu, self.features])

    @classmethod
    def get(cls) -> _Machine:
        if cls._one is None:
            cls._one = cls()
        return cls._one

    def load(self, objects: Sequence[tuple[str, bytes]]) -> list[int]:
        """Addresses of one symbol an object."""
        for _, code in objects:
            self.engine.add_object_file(self.llvm.object_file.ObjectFileRef.from_data(code))
        self.engine.finalize_object()
        return [self.engine.get_function_address(symbol) for symbol, _ in objects]


def _language() -> str:
    """A digest of the modules that decide what code a source becomes."""
    digest = hashlib.sha256()
    for pattern in _MAKERS:
        for path in sorted(Path(__file__).parents[1].glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def stats() -> dict[str, float]:
    """Kernels compiled, kernels loaded from disk, seconds spent, in this process."""
    return dict(_stats)


def compile_kernels(sources: Sequence[str]) -> list[Kernel]:
    """One kernel a source; equal sources give the same. Only what neither memory nor disk has is compiled."""
    with _lock:
        missing = [s for s in dict.fromkeys(sources) if s not in _kernels]
        if missing:
            _make(missing, _compile_sources)
        return [_kernels[s] for s in sources]


def compile_ir(text: str, symbol: str) -> int:
    """The address of a function in hand-written LLVM assembly: the runtime's own few."""
    with _lock:
        if text not in _kernels:
            _make([text], lambda machine, sources, keys: [(symbol, machine.target.emit_object(machine.llvm.parse_assembly(text)), 0.0)])
        return _Machine.get().engine.get_function_address(symbol)


def _make(sources: Sequence[str], compile_all: Callable[[_Machine, list[str], list[str]], list[tuple[str, bytes, float]]]) -> None:
    """Kernels from the folder, or made by `compile_all` of the sources that are not there, and their keys."""
    start = time.perf_counter()
    machine = _Machine.get()
    folder = cache_folder()
    keys = {s: hashlib.sha256(f"{machine.name}\n{s}".encode()).hexdigest() for s in sources}
    kept = {s: entry for s in sources if folder is not None and (entry := _read(folder, keys[s])) is not None}
    missing = [s for s in sources if s not in kept]
    made = dict(zip(missing, compile_all(machine, missing, [keys[s] for s in missing]), strict=True)) if missing else {}
    if folder is not None:
        for source, (symbol, code, _) in made.items():
            _write(folder, keys[source], symbol, code)
    found = [(s, *kept[s], 0.0) if s in kept else (s, *made[s]) for s in sources]
    addresses = machine.load([(symbol, code) for _, symbol, code, _ in found])
    for (source, symbol, code, seconds), address in zip(found, addresses, strict=True):
        _kernels[source] = Kernel(keys[source], source, address, symbol, code, source in kept, seconds)
        if "\ndefine " not in source:      # the runtime's own functions are not the user's kernels
            _stats["loaded" if source in kept else "compiled"] += 1
    _stats["seconds"] += time.perf_counter() - start


def _compile_sources(machine: _Machine, sources: list[str], keys: list[str]) -> list[tuple[str, bytes, float]]:
    """By worker processes, or here what they could not do."""
    by_workers = compiled(sources, keys, machine.name)
    return [made or compile_one(source, key, machine.name) for made, source, key in zip(by_workers, sources, keys, strict=True)]


def compile_one(source: str, key: str, maker: str) -> tuple[str, bytes, float]:
    """Symbol, object code and seconds of a kernel, compiled in this process; GraphcError if it would be other code than `maker` makes."""
    machine = _Machine.get()
    if machine.name != maker:
        raise GraphcError("this process compiles otherwise")
    began = time.perf_counter()
    return f"kernel_{key}", machine.target.emit_object(_module(source, key)), time.perf_counter() - began


def _kernel_compiler() -> Any:
    """The module that compiles, with Numba imported and the kernel language made known to it, which is done once."""
    whole("numba")
    compiler = whole(f"{__package__}.kernel.compiler")
    compiler.prepare()
    return compiler


def _module(source: str, key: str) -> Any:
    """The optimised LLVM module of a kernel."""
    compiler = undisturbed(_kernel_compiler)
    try:
        return compiler.optimised_module(source, f"kernel_{key}", _Machine.get().target)
    except Exception as e:
        raise GraphcError(f"a kernel does not compile; please report it:\n{source}\n{e}") from e


# ---------------------------------------------------------------------- the folder

def cache_folder() -> Path | None:
    """The folder of compiled kernels, made if need be; None, with one warning, if it cannot be used safely."""
    text = os.environ.get("GRAPHC_CACHE_DIR")
    base = Path(text or "~/.cache/graphc")
    try:
        if not text:        # Path.home() fails for a user without a home
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "graphc"
        if not base.is_dir():
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = base.stat()
    except (OSError, RuntimeError) as e:
        return _unusable(base, str(e))
    if hasattr(os, "getuid"):
        if status.st_uid != os.getuid():
            return _unusable(base, "it belongs to another user")
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return _unusable(base, "others may write to it")
    return base


def _unusable(folder: Path, why: str) -> Any:
    """Warn once a folder; gives None, for the caller to return."""
    if str(folder) not in _warned:
        _warned.add(str(folder))
        warnings.warn(f"compiled kernels are not kept in {folder}: {why}", CacheWarning, stacklevel=2)
    return None


def _read(folder: Path, key: str) -> tuple[str, bytes] | None:
    try:
        data = (folder / f"{key}.o").read_bytes()
    except FileNotFoundError:
        return None
    except OSError as e:
        return _unusable(folder, str(e))
    digest, body = data[len(_MAGIC):len(_MAGIC) + _DIGEST], data[len(_MAGIC) + _DIGEST:]
    if not data.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
        return _unusable(folder, f"{key}.o is damaged and made anew")
    symbol, _, code = body.partition(b"\n")
    return symbol.decode(), code


def _write(folder: Path, key: str, symbol: str, code: bytes) -> None:
    """Write whole or not at all: other processes may read and write the same entry."""
    body = symbol.encode() + b"\n" + code
    try:
        handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as f:
                f.write(_MAGIC + hashlib.sha256(body).digest() + body)
            os.replace(name, folder / f"{key}.o")
        except OSError:
            os.unlink(name)
            raise
    except OSError as e:
        _unusable(folder, str(e))


def cache_info() -> dict[str, Any]:
    """Where compiled kernels are kept, how many there are, and their bytes."""
    folder = cache_folder()
    files = list(folder.glob("*.o")) if folder is not None else []
    return {"folder": folder, "kernels": len(files), "bytes": sum(f.stat().st_size for f in files)}


def clear_cache() -> int:
    """Remove the kept kernels; how many there were."""
    folder = cache_folder()
    files = list(folder.glob("*.o")) if folder is not None else []
    for f in files:
        f.unlink(missing_ok=True)
    return len(files)
