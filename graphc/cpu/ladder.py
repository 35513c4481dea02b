"""Where products of matrices of floats come from: libraries in an order, each taken only if it multiplies right on this machine.

A rung of the ladder finds a library and gives, for a dtype, the address of a C function that is called as CBLAS's gemm with sizes of 64 bits.
Whether its products are right is checked by `fault`, once for each version of it and each machine, and remembered in the cache.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import GraphcError, InternalError
from ..ir.node import warn
from ..ir.types import Array
from ..process.importing import whole
from . import cache as files
from . import native
from .assembly import stores
from .compile_pool import survives

TESTED = (0, 3, 27), (0, 3, 34)         # the first and the last OpenBLAS of `scipy-openblas64` that graphc was tested with
ROW, PLAIN, TRANSPOSED = 101, 111, 112  # as CBLAS spells them
DEPTH, WIDTH = 32, 128                  # of the part of the right operand that generated loops copy beside them: it stays in the nearest cache
ANY = 2**63 - 1         # as a largest size: none is too large


class Number(NamedTuple):
    """What a dtype is called elsewhere: by BLAS, by LLVM, by ctypes."""

    letter: str
    llvm: str
    ctype: Any


TYPES = {"float32": Number("s", "float", ctypes.c_float), "float64": Number("d", "double", ctypes.c_double)}


class Library(NamedTuple):
    """A library that was found."""

    about: str                          # its name and version, for people
    version: str                        # all that tells it from other versions
    gemm: Callable[[str], int]          # dtype -> address
    largest: int = ANY                  # size, or distance of two rows, that it takes
    lapack: Callable[[str], int] = lambda name: 0       # LAPACK's name of a function that takes sizes of 64 bits -> address, 0: it has none


class Absent(GraphcError):
    """A rung that is not to be had here, and why."""


# ---------------------------------------------------------------------- OpenBLAS

def openblas() -> Library:
    """The one of the package scipy-openblas64, held to one thread."""
    spec = importlib.util.find_spec("scipy_openblas64")
    if spec is None or not spec.submodule_search_locations:
        raise Absent("the package scipy-openblas64 is not installed")
    path = _library_in([Path(folder) / "lib" for folder in spec.submodule_search_locations])
    found = _as_openblas(path, loaded(str(path)))
    version = re.search(r"(\d+)\.(\d+)\.(\d+)", found.about)
    if version is None or not TESTED[0] <= tuple(map(int, version.groups())) <= TESTED[1]:
        first, last = (".".join(map(str, v)) for v in TESTED)
        raise Absent(f"{found.about}: graphc was tested with {first} to {last}")
    return found


def numpys_openblas() -> Library:
    """A copy of the one that NumPy's wheels carry, held to one thread; NumPy's own keeps its threads. Where there can be no copy, NumPy's own."""
    folder = Path(np.__file__).parent
    path = _library_in([folder.parent / "numpy.libs", folder / ".dylibs", folder / ".libs", folder.parent])
    if not hasattr(os, "memfd_create"):
        return _as_openblas(path, loaded(str(path)))
    handle = os.memfd_create("openblas")        # another file: the loader takes the same file for the same library
    try:
        with open(path, "rb") as file:
            while os.sendfile(handle, file.fileno(), None, 1 << 30):
                pass
        return _as_openblas(path, loaded(f"/proc/self/fd/{handle}"))
    finally:
        os.close(handle)


def _library_in(folders: list[Path]) -> Path:
    found = sorted(p for folder in folders if folder.is_dir() for p in folder.iterdir()
                   if "openblas" in p.name and not p.is_dir() and re.search(r"\.(so|dylib|dll)(\.|$)", p.name))
    if not found:
        raise Absent(f"there is no OpenBLAS in {folders[0]}")
    return found[0]


def loaded(path: str) -> Any:
    """A library that reads OPENBLAS_NUM_THREADS as it loads, and then starts no threads: with 1, whatever the environment says."""
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        return ctypes.CDLL(path)
    finally:
        if before is None:
            del os.environ["OPENBLAS_NUM_THREADS"]
        else:
            os.environ["OPENBLAS_NUM_THREADS"] = before


def _as_openblas(path: Path, library: Any) -> Library:
    """OpenBLAS with sizes of 64 bits, its functions named as SciPy and NumPy name them."""
    try:
        config, functions = library.scipy_openblas_get_config64_, {d: getattr(library, f"scipy_cblas_{t.letter}gemm64_") for d, t in TYPES.items()}
    except AttributeError as e:
        raise Absent(f"{path} is another OpenBLAS than is known here: {e}") from None
    config.restype = ctypes.c_char_p
    about = " ".join(config().decode().split())         # with the processor that it has found
    return Library(about, f"{about}, {path.stat().st_size} bytes", lambda dtype: _address(functions[dtype]),
                   lapack=lambda name: _address(getattr(library, f"scipy_{name}_64_", None)))


def _address(function: Any) -> int:
    return 0 if function is None else ctypes.cast(function, ctypes.c_void_p).value or 0


# ---------------------------------------------------------------------- what is called otherwise

def _adapter(name: str, body: str) -> str:
    """A function called as CBLAS's gemm is, and one that sets the address of what it calls in turn."""
    return f"""
@graphc_{name}_callee = internal global ptr null

define void @graphc_{name}_set(ptr %function) {{
  store ptr %function, ptr @graphc_{name}_callee
  ret void
}}

define void @graphc_{name}(i32 %order, i32 %ta, i32 %tb, i64 %m, i64 %n, i64 %k, TYPE %alpha, ptr %a, i64 %lda, ptr %b, i64 %ldb,
                           TYPE %beta, ptr %c, i64 %ldc) {{
  %at = icmp eq i32 %ta, {TRANSPOSED}
  %bt = icmp eq i32 %tb, {TRANSPOSED}
{body}
  ret void
}}
"""


def _adapted(text: str, name: str, callee: int) -> int:
    """The address of an adapter that calls a function."""
    address = native.compile_ir(text, f"graphc_{name}")
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(native.compile_ir(text, f"graphc_{name}_set"))(callee)
    return address


def fortran_text(dtype: str) -> str:
    """Fortran's gemm, which knows columns only, with sizes of 32 bits, all by reference: the transposed product of the operands in turn."""
    kind = TYPES[dtype].llvm
    words = "\n".join(f"""  %{x}32 = trunc i64 %{x} to i32
  %{x}p = alloca i32
  store i32 %{x}32, ptr %{x}p""" for x in ("m", "n", "k", "lda", "ldb", "ldc"))
    letters = "\n".join(f"""  %{x}letter = select i1 %{x}t, i8 {ord("T")}, i8 {ord("N")}
  %{x}tp = alloca i8
  store i8 %{x}letter, ptr %{x}tp""" for x in "ab")
    scalars = "\n".join(f"""  %{x}p = alloca {kind}
  store {kind} %{x}, ptr %{x}p""" for x in ("alpha", "beta"))
    return _adapter(f"fortran_{kind}", f"""{words}
{letters}
{scalars}
  %gemm = load ptr, ptr @graphc_fortran_{kind}_callee
  call void %gemm(ptr %btp, ptr %atp, ptr %np, ptr %mp, ptr %kp, ptr %alphap, ptr %b, ptr %ldbp, ptr %a, ptr %ldap, ptr %betap, ptr %c, ptr %ldcp)
""").replace("TYPE", kind)


def scipys_blas() -> Library:
    """What SciPy was built with, called as it offers it to Cython; it keeps its own threads."""
    try:
        scipy, module = whole("scipy"), whole("scipy.linalg.cython_blas")
    except Exception as e:          # one that does not fit this NumPy may raise anything
        raise Absent(f"SciPy cannot be imported: {e}") from None
    name_of, pointer_of = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name_of.restype, name_of.argtypes, pointer_of.restype = ctypes.c_char_p, [ctypes.py_object], ctypes.c_void_p
    pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]

    def gemm(dtype: str) -> int:
        capsule = module.__pyx_capi__[f"{TYPES[dtype].letter}gemm"]
        signature = name_of(capsule)
        if not re.fullmatch(rb"void \(char \*, char \*, int \*, int \*, int \*, (\w+ \*), \1, int \*, \1, int \*, \1, \1, int \*\)", signature):
            raise Absent(f"SciPy's gemm is called otherwise than is known here: {signature.decode()}")
        return _adapted(fortran_text(dtype), f"fortran_{TYPES[dtype].llvm}", pointer_of(capsule, signature))

    about = f"the BLAS of SciPy {scipy.__version__}"
    return Library(about, f"{about}, {Path(module.__file__).stat().st_size} bytes", gemm, 2**31 - 1)


def loops_text(dtype: str) -> str:
    """The kernel of `loops_source`, with its tables and memory on the stack."""
    kind = TYPES[dtype].llvm
    return _adapter(f"loops_{kind}", f"""  %buffers = alloca [4 x ptr]
  %extents = alloca [9 x i64]
  %beside = alloca [{DEPTH * WIDTH} x {kind}], align 64
  %arow = select i1 %at, i64 1, i64 %lda
  %acolumn = select i1 %at, i64 %lda, i64 1
  %brow = select i1 %bt, i64 1, i64 %ldb
  %bcolumn = select i1 %bt, i64 %ldb, i64 1
{stores("%buffers", "ptr", a=0, b=1, c=2, beside=3)}
{stores("%extents", m=1, n=2, k=3, arow=4, acolumn=5, brow=6, bcolumn=7, ldc=8)}
  %kernel = load ptr, ptr @graphc_loops_{kind}_callee
  %status = call i32 %kernel(ptr %buffers, ptr %extents, i64 0, i64 %m)
""").replace("TYPE", kind)


def loops_source(name: str) -> str:
    """A product by loops that vectorise, of parts of the right operand that are copied together, whichever way it lies."""
    four = " + ".join(f"x{q} * load(beside, (p + {q}) * {WIDTH} + j)" for q in range(4))
    return f"""def kernel(buffers, extents, lo, hi):
    a = pointer(buffers, 0, {name})
    b = pointer(buffers, 1, {name})
    c = pointer(buffers, 2, {name})
    beside = pointer(buffers, 3, {name})
    n = extents[2]
    k = extents[3]
    a_row = extents[4]
    a_column = extents[5]
    b_row = extents[6]
    b_column = extents[7]
    c_row = extents[8]
    for i in range(lo, hi):
        for j in range(n):
            store(c, i * c_row + j, {name}(0))
    for part in range((n + {WIDTH - 1}) // {WIDTH}):
        j0 = part * {WIDTH}
        width = minimum(n - j0, {WIDTH})
        for layer in range((k + {DEPTH - 1}) // {DEPTH}):
            p0 = layer * {DEPTH}
            depth = minimum(k - p0, {DEPTH})
            for p in range(depth):
                for j in range(width):
                    store(beside, p * {WIDTH} + j, load(b, (p0 + p) * b_row + (j0 + j) * b_column))
            for i in range(lo, hi):
                ai = i * a_row + p0 * a_column
                ci = i * c_row + j0
                for q in range(depth // 4):
                    p = q * 4
                    x0 = load(a, ai + p * a_column)
                    x1 = load(a, ai + (p + 1) * a_column)
                    x2 = load(a, ai + (p + 2) * a_column)
                    x3 = load(a, ai + (p + 3) * a_column)
                    for j in range(width):
                        store(c, ci + j, {name}(load(c, ci + j) + ({four})))
                for p in range(depth // 4 * 4, depth):
                    x0 = load(a, ai + p * a_column)
                    for j in range(width):
                        store(c, ci + j, {name}(load(c, ci + j) + x0 * load(beside, p * {WIDTH} + j)))
    return 0
"""


def loops() -> Library:
    """Loops that graphc generates: always to be had."""
    def gemm(dtype: str) -> int:
        return _adapted(loops_text(dtype), f"loops_{TYPES[dtype].llvm}", native.compile_kernels([loops_source(dtype)])[0].address)

    return Library("generated loops", loops_source("T") + loops_text("float32"), gemm)


# ---------------------------------------------------------------------- the ladder

LAST = "generated loops"                # which is no library, and always there
# name -> the library, or `Absent`; the first that multiplies right is used.
RUNGS: dict[str, Callable[[], Library]] = {
    "scipy-openblas64": openblas, "NumPy's OpenBLAS": numpys_openblas, "SciPy's BLAS": scipys_blas, LAST: loops}
# rows, columns, and numbers in each sum: single, odd, and beyond the blocks and the thresholds below which OpenBLAS has other kernels
CASES = [(1, 1, 1), (1, 17, 33), (17, 1, 35), (33, 18, 1), (3, 5, 7), (7, 130, 5), (65, 67, 129), (5, 9, 701), (530, 7, 13), (103, 107, 101)]
PADDING = 3             # numbers between the rows, which are not to be read or written


@cache
def chosen() -> Library:
    """The first library of the ladder whose products are right; one that is found to be wrong is warned of."""
    for name, library, fault in examined(remembered):
        if library is not None and not fault:
            return library
        if library is not None:
            warn(f"{name} ({library.about}) is not used: {fault}", RuntimeWarning)
    raise InternalError("nothing multiplies matrices right on this machine; `graphc doctor` says more")


def examined(check: Callable[[str, Library], str]) -> Iterator[tuple[str, Library | None, str]]:
    """Each rung: its name, the library if there is one, and what is wrong with it, or why there is none."""
    for name, find in RUNGS.items():
        try:
            library = find()
            yield name, library, check(name, library)
        except (Absent, OSError) as e:
            yield name, None, str(e)


def remembered(name: str, library: Library) -> str:
    """What is wrong with the library of a rung, as the cache says, or as is found now."""
    place = files.folder()
    kept = None if place is None else files.read(place, _key(library), "check")
    return checked(name, library) if kept is None else kept.decode(errors="replace")


def checked(name: str, library: Library) -> str:
    """What is wrong with the library of a rung, as is found now, and the cache is told. One that crashes does so in another process."""
    crash = "" if name == LAST else survives(f"from graphc.cpu.ladder import RUNGS, fault\nfault(RUNGS[{name!r}]())\n")
    found, place = f"multiplying {crash}" if crash else fault(library), files.folder()
    if place is not None:
        files.write(place, _key(library), "check", f"{library.about} {'multiplies wrongly' if found else 'multiplies right'}", found.encode())
    return found


def _key(library: Library) -> str:
    return files.key("products", native.maker(), library.version, repr(CASES))


def fault(library: Library) -> str:
    """What is wrong with the products of a library; empty: nothing. All transposes, odd sizes, both dtypes, against sums of integers; 30 ms."""
    functions = {dtype: _as_python(library.gemm(dtype), t.ctype) for dtype, t in TYPES.items()}
    for m, n, k in CASES:
        a, b = _integers(m, k), _integers(k, n)
        right, magnitude = a @ b, np.abs(a) @ np.abs(b)             # of integers, for which NumPy calls no library
        for (dtype, gemm), ta, tb in product(functions.items(), (False, True), (False, True)):
            x, y, z = _padded(a.T if ta else a, dtype), _padded(b.T if tb else b, dtype), np.full((m, n + PADDING), np.nan, dtype)
            gemm(ROW, TRANSPOSED if ta else PLAIN, TRANSPOSED if tb else PLAIN, m, n, k, 1.0, x.ctypes.data, x.shape[1],
                 y.ctypes.data, y.shape[1], 0.0, z.ctypes.data, z.shape[1])
            # Sums in any order are as near as this: Higham, Accuracy and Stability of Numerical Algorithms (2002), equation 3.5.
            near = np.abs(z[:, :n] - right) <= (k + 1) * np.finfo(dtype).eps * magnitude
            if not near.all() or not np.isnan(z[:, n:]).all():
                how = [f"{name}: {rows} x {columns}{', transposed' * t}" for name, rows, columns, t in (("a", m, k, ta), ("b", k, n, tb))]
                return f"its product of {dtype} is wrong ({'; '.join(how)})"
    return ""


def _as_python(address: int, number: Any) -> Callable[..., None]:
    matrix = [ctypes.c_void_p, ctypes.c_int64]
    return ctypes.CFUNCTYPE(None, *[ctypes.c_int] * 3, *[ctypes.c_int64] * 3, number, *matrix, *matrix, number, *matrix)(address)


def _integers(rows: int, columns: int) -> Array:
    """Numbers of 12 bits in no order, whose products float32 rounds, and int64 does not."""
    return (np.arange(1, rows * columns + 1) * 2654435761 % 4093 - 2046).reshape(rows, columns)


def _padded(x: Array, dtype: str) -> Array:
    """As floats, nan between the rows."""
    wide = np.full((x.shape[0], x.shape[1] + PADDING), np.nan, dtype)
    wide[:, :x.shape[1]] = x
    return wide
