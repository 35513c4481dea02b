"""Kernel source to machine code: compiled by Numba once, kept as object code on disk, loaded by LLVM without Numba."""

from __future__ import annotations

import ast
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import GraphcError
from ..process.forking import guard
from ..process.importing import undisturbed, whole
from . import cache as files
from .compile_pool import compiled, expect
from .kernel.machine import machine, module
from .telling import waiting

PATIENCE = 60.0         # seconds that a fork waits for kernels that other threads compile
Made = tuple[str, bytes, float]         # symbol, object code, and the seconds it took to make
_SIGNS: dict[type, str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_lock = threading.RLock()
_stats = {"compiled": 0, "loaded": 0, "seconds": 0.0}
_kernels: dict[str, Kernel] = {}         # by their sources
_loaded: dict[str, tuple[int, str, bytes]] = {}      # address, symbol and code of all that this process has, by the keys of their entries


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
            return _engine().machine.target.emit_assembly(_module(self.source, self.key))


class _Engine:
    """LLVM's loader, which holds all loaded code for the life of the process."""

    kept: list[_Engine] = []        # also those that a forked child uses no longer: their code goes on being called

    def __init__(self) -> None:
        self.kept.append(self)
        self.llvm = whole("llvmlite.binding")
        self.machine = machine()
        self.engine = self.llvm.create_mcjit_compiler(self.llvm.parse_assembly(""), self.machine.target)

    def address(self, symbol: str) -> int:
        return int(self.engine.get_function_address(symbol))

    def load(self, objects: Sequence[tuple[str, bytes]]) -> list[int]:
        """Addresses of one symbol an object."""
        for _, code in objects:
            self.engine.add_object_file(self.llvm.object_file.ObjectFileRef.from_data(code))
        self.engine.finalize_object()
        return [self.address(symbol) for symbol, _ in objects]


@cache
def _engine() -> _Engine:
    return _Engine()


def _renew(_: None) -> None:
    """In a child forked while kernels were being compiled for longer than a fork waits: another LLVM."""
    global _lock
    _lock = threading.RLock()
    _engine.cache_clear()
    machine.cache_clear()
    _kernels.clear()
    _loaded.clear()                 # whose code stays where it is, but the new LLVM does not know it by name


guard(lambda: [None], lambda _: _lock, PATIENCE, _renew)


def stats() -> dict[str, float]:
    """Kernels compiled, kernels loaded from disk, seconds spent, in this process."""
    return dict(_stats)


def maker() -> str:
    """All that decides the machine code of a text in this process."""
    return _engine().machine.name


def vector_bytes() -> int:
    """How many bytes this processor's vectors have."""
    return _engine().machine.vector_bytes


def compile_kernels(sources: Sequence[str]) -> list[Kernel]:
    """One kernel a source; equal sources give the same. Only what neither memory nor disk has is compiled."""
    with _lock:
        missing = [s for s in dict.fromkeys(sources) if s not in _kernels]
        if missing:
            _make(missing, _compile_sources)
        return [_kernels[s] for s in sources]


def key(source: str) -> str:
    """What the machine code of a source is kept by."""
    return files.key(maker(), source)


def addresses(keys: Sequence[str]) -> list[int] | None:
    """The addresses of kernels that were compiled before, by their keys; None if one is there no more."""
    with _lock:
        start, folder = time.perf_counter(), files.folder()
        missing = [k for k in dict.fromkeys(keys) if k not in _loaded]
        found = {k: entry for k in missing if folder is not None and (entry := _kept(folder, k)) is not None}
        if len(found) < len(missing):
            return None
        _load(found)
        _stats["loaded"] += len(found)
        _stats["seconds"] += time.perf_counter() - start
        return [_loaded[k][0] for k in keys]


def _load(found: Mapping[str, tuple[str, bytes]]) -> None:
    """Load machine code, symbol and code by key."""
    if found:
        for (k, (symbol, code)), address in zip(found.items(), _engine().load([*found.values()]), strict=True):
            _loaded[k] = address, symbol, code


def compile_ir(text: str, symbol: str) -> int:
    """The address of a function in hand-written LLVM assembly: the runtime's own few."""
    def made(sources: list[str], keys: list[str]) -> list[Made]:
        expect()                # where these are not kept, no kernel is: nothing of this version and machine
        llvm, target = _engine().llvm, _engine().machine.target
        module = llvm.parse_assembly(text)
        module.verify()                  # parsing takes a value that is used before it is made
        return [(symbol, target.emit_object(module), 0.0)]

    with _lock:
        if text not in _kernels:
            _make([text], made)
        return _engine().address(symbol)


def _make(sources: Sequence[str], compile_all: Callable[[list[str], list[str]], list[Made]]) -> None:
    """Kernels from the folder, or made by `compile_all` of the sources that are not there, and their keys."""
    start = time.perf_counter()
    name, folder = _engine().machine.name, files.folder()
    keys = {s: files.key(name, s) for s in sources}
    here = [s for s in sources if keys[s] in _loaded]        # read for a plan that was kept
    kept = {s: entry for s in sources if s not in here and folder is not None and (entry := _kept(folder, keys[s])) is not None}
    missing = [s for s in sources if s not in kept and s not in here]
    made = dict(zip(missing, compile_all(missing, [keys[s] for s in missing]), strict=True)) if missing else {}
    if folder is not None:
        for source, (symbol, code, _) in made.items():
            files.write(folder, keys[source], "o", about(source), symbol.encode() + b"\n" + code)
    _load({keys[s]: made[s][:2] if s in made else kept[s] for s in sources if s not in here})
    for source in sources:
        _kernels[source] = Kernel(keys[source], source, *_loaded[keys[source]], source not in made, made[source][2] if source in made else 0.0)
        if "\ndefine " not in source and source not in here:      # the runtime's own functions are not the user's kernels
            _stats["compiled" if source in made else "loaded"] += 1
    _stats["seconds"] += time.perf_counter() - start


def _kept(folder: Path, key: str) -> tuple[str, bytes] | None:
    """Symbol and code of an entry of the cache."""
    content = files.read(folder, key, "o")
    if content is None:
        return None
    symbol, _, code = content.partition(b"\n")
    return symbol.decode(), code


def about(source: str) -> str:
    """A line that tells people what a text computes: the dtypes and number of its buffers, and the functions and signs it has, each once."""
    if "\ndefine " in source:
        return "the runtime's " + ", ".join(re.findall(r"^define .*?@(\w+)", source, re.MULTILINE))
    from .kernel.casts import DTYPES
    dtypes: dict[str, int] = {}
    does: dict[str, None] = {}
    left: list[ast.AST] = [ast.parse(source)]
    while left:
        node = left.pop()
        inside: Iterable[ast.AST] = ast.iter_child_nodes(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name == "pointer":
                dtype = ast.unparse(node.args[2])
                dtypes[dtype] = dtypes.get(dtype, 0) + 1
            elif name not in ("load", "store", "range", *DTYPES):
                does[name] = None
            inside = node.args[2:] if name in ("load", "store") else () if name in ("pointer", "range") else inside      # no indices
        elif isinstance(node, ast.BinOp):
            does[_SIGNS.get(type(node.op), "")] = None
        left.extend(reversed([*inside]))
    return f"{', '.join(f'{n} {dtype}' for dtype, n in dtypes.items())}: {' '.join(filter(None, does)) or 'moves'}"


def _compile_sources(sources: list[str], keys: list[str]) -> list[Made]:
    """By worker processes, or here what they could not do."""
    count = f"{len(sources)} kernel{'s' * (len(sources) > 1)}"
    with waiting(f"compiling {count}{'' if files.folder() is None else ', kept for next time'}"):
        by_workers = compiled(sources, keys, _engine().machine.name)
        return [made or _compile_here(source, key) for made, source, key in zip(by_workers, sources, keys, strict=True)]


def _compile_here(source: str, key: str) -> Made:
    began = time.perf_counter()
    return f"kernel_{key}", _engine().machine.target.emit_object(_module(source, key)), time.perf_counter() - began


def _module(source: str, key: str) -> Any:
    """The optimised LLVM module of a kernel, made in this process and, as Numba imports parts of itself while it compiles, undisturbed."""
    undisturbed(_import_compiler)
    try:
        return undisturbed(lambda: module(source, key))
    except Exception as e:
        raise GraphcError(f"a kernel does not compile; please report it:\n{source}\n{e}") from e


def _import_compiler() -> None:
    """Import what compiles, and make the kernel language known to Numba, which is done once."""
    whole("numba")
    whole(f"{__package__}.kernel.compiler").prepare()
