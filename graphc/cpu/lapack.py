"""Inverses, solutions and factors of matrices by the LAPACK of the library that multiplies, in the words of `numpy.linalg`, whose errors they raise.

NumPy computes float32 in float64, and its library's threads wait for each other beside those of a run. Here numbers keep their dtype, and each
matrix is one thread's: the threads of a run share a batch, and results are the same for any number of them. Complex numbers, what is empty, a few
small matrices, large ones in float64, and all of it where the library has no LAPACK that is right (`chosen`), are NumPy's.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from functools import cache
from threading import Thread
from typing import Any, Literal, NamedTuple

import numpy as np

from ..ir.node import warn
from ..ir.types import Array
from . import cache as files
from . import ladder, native
from .assembly import loads
from .compile_pool import survives
from .memory import address, uninitialised
from .subnormal import subnormals

SHARED = 2_000_000      # multiply-adds of a batch from which it is shared out: 0.5 ms, of which it takes a fifth to start a thread
LEAST = 96              # rows or columns below which NumPy's call of what is not shared out takes less than these from Python, 25 us
LARGE = 512             # rows and columns from which both threads of NumPy's library gain on one matrix of float64 alone
SINGULAR, NO_VALUES, NO_EIGENVALUES = "Singular matrix", "SVD did not converge", "Eigenvalues did not converge"     # as numpy says it


_CODES = {np.dtype(name).char for name in ladder.TYPES}        # of a dtype's name NumPy makes a text each time, 2 us


class Scratch(NamedTuple):
    """Memory of each thread's own that a function writes."""

    size: int
    dtype: Any = np.int64


WORK = object()         # in place of an argument: memory of the size that the function itself asks for, and that size
Argument = Any          # int | str | Array | Scratch | WORK


MOST_ARGUMENTS = 16     # of a function, with the lengths of texts

# Calls a function for each of a range, with words of which each goes on by a step of its own: those that the function does not take are not read.
_EACH_IR = f"""
define void @graphc_each(ptr %function, ptr %first, ptr %steps, i64 %lo, i64 %hi) {{
entry:
{loads("%first", "i64", "i64", **{f"first{k}": k for k in range(MOST_ARGUMENTS)})}
{loads("%steps", "i64", "i64", **{f"step{k}": k for k in range(MOST_ARGUMENTS)})}
  br label %head
head:
  %i = phi i64 [ %lo, %entry ], [ %i1, %body ]
  %more = icmp slt i64 %i, %hi
  br i1 %more, label %body, label %done
body:
""" + "".join(f"""  %far{k} = mul i64 %i, %step{k}
  %word{k} = add i64 %first{k}, %far{k}
""" for k in range(MOST_ARGUMENTS)) + f"""  call void %function({", ".join(f"i64 %word{k}" for k in range(MOST_ARGUMENTS))})
  %i1 = add i64 %i, 1
  br label %head
done:
  ret void
}}
"""


@cache
def each() -> Callable[[int, int, int, int, int], None]:
    """What calls a function for each matrix of a range, without Python between: of small matrices its call would take longer than LAPACK's work."""
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 2)(native.compile_ir(_EACH_IR, "graphc_each"))


class Function:
    """A function of LAPACK for one dtype, called for each matrix of a batch.

    Its arguments are numbers and letters, the same for all matrices, arrays whose first axis is the batch's, and memory of the thread's own.
    """

    def __init__(self, name: str, dtype: Any):
        self.dtype = dtype
        self.address = ladder.chosen().lapack(ladder.TYPES[dtype.name].letter + name)
        self.sizes: dict[tuple[int | str, ...], int] = {}           # numbers and letters that it was called with -> what memory it asks for

    def calls(self, arguments: tuple[Argument, ...], count: int) -> Callable[[int, int], None]:
        """A function of a range of the batch that calls for each matrix of it. The last argument takes the states, which LAPACK calls info."""
        if any(a is WORK for a in arguments):
            given = tuple([a for a in arguments if type(a) in (int, str)])
            size = self.sizes.get(given)
            if size is None:
                asked = np.zeros(1, self.dtype)
                self._range(self._with(arguments, asked, -1), 0, 1)
                size = int(asked[0])
                size = self.sizes[given] = max(size + (size >> 20), 1)          # float32 has not all digits of a large one
            arguments = self._with(arguments, Scratch(size, self.dtype), size)
        return lambda low, high: self._range(arguments, low, high)

    @staticmethod
    def _with(arguments: tuple[Argument, ...], memory: Any, size: int) -> tuple[Argument, ...]:
        return tuple(x for a in arguments for x in ((memory, size) if a is WORK else (a,)))

    def _range(self, arguments: tuple[Argument, ...], low: int, high: int) -> None:
        table = uninitialised(3 * MOST_ARGUMENTS, np.int64)             # words, steps, and the numbers that words point to
        numbers, at = address(table) + 16 * MOST_ARGUMENTS, address(table)
        words, steps, values, kept, texts = list[int](), list[int](), list[int](), list[Array](), 0
        for a in arguments:
            step = value = 0
            kind = type(a)
            if kind is int:
                word, value = numbers + 8 * len(values), a
            elif kind is str:
                word, value, texts = numbers + 8 * len(values), _LETTERS[a], texts + 1
            elif kind is Scratch:
                kept.append(uninitialised(a.size, a.dtype))
                word = address(kept[-1])
            else:
                word, step = address(a), a.strides[0]
            words.append(word)
            steps.append(step)
            values.append(value)
        none = [0] * (MOST_ARGUMENTS - len(words))
        words += [1] * texts                                            # lengths of texts, Fortran's, behind all arguments
        table[:] = [*words, *none[texts:], *steps, *none, *values, *none]
        each()(self.address, at, at + 8 * MOST_ARGUMENTS, low, high)


_LETTERS = {letter: int.from_bytes(letter.encode() + bytes(7), sys.byteorder) for letter in "ALNSV"}      # each the first byte of a word


def _columns(a: Array) -> Array:
    """The matrices of any batch as Fortran has them: each column in one piece, copied."""
    return np.array(np.swapaxes(a, -1, -2), order="C", copy=True).reshape(-1, a.shape[-1], a.shape[-2])


def _turn(a: Array) -> Array:
    return np.swapaxes(a, -1, -2)


def _work(a: Array, weight: float) -> int:
    """Multiply-adds of a matrix, those that its time is worth: so many times what its sides are, of which small ones take more."""
    m, n = a.shape[-2:]
    return int(weight * m * n * (min(m, n) + 50))


class Factors(NamedTuple):
    """Factors of real matrices, by so many threads, whose subnormal numbers are zeros, or not.

    LAPACK is given columns, as NumPy gives them to it, so that what is nan or infinite comes out where NumPy has it.
    """

    threads: int = 1
    flush: bool = False
    least: int = 0          # rows or columns below which matrices are NumPy's

    def _mine(self, work: int, *operands: Array) -> bool:
        """Whether they are not NumPy's: the same for any number of threads."""
        a, most = operands[0], max(operands[0].shape[-2:])
        if a.dtype.char not in _CODES or not all([x.size and x.dtype == a.dtype for x in operands]):
            return False
        large = self.least <= most or a.size // (a.shape[-1] * a.shape[-2]) * work >= SHARED
        return large and (a.dtype.itemsize == 4 or most < LARGE)

    def _run(self, count: int, work: int, *calls: Callable[[int, int], None]) -> None:
        """Calls of a batch, one after another, in parts of threads."""
        def part(low: int, high: int) -> None:
            for call in calls:
                call(low, high)

        def beside(low: int, high: int) -> None:
            try:
                with subnormals(self.flush):
                    part(low, high)
            except BaseException as e:              # no memory, say
                failed.append(e)

        failed = list[BaseException]()
        parts = min(self.threads, count) if count * work >= SHARED else 1
        cuts = [count * i // parts for i in range(parts + 1)]
        others = [Thread(target=beside, args=cut) for cut in zip(cuts[1:-1], cuts[2:], strict=True)]
        for thread in others:
            thread.start()
        part(cuts[0], cuts[1])
        for thread in others:
            thread.join()
        if failed:
            raise failed[0]

    def _triangular(self, a: Array, work: int, *more: tuple[str, Callable[[Array, Array, Array], tuple[Argument, ...]]]
                    ) -> tuple[Array, Array, Array]:
        """What is in `a` as L U, pivots and states, in place, and then what `more` functions make of these."""
        count, n, _ = a.shape
        pivots, state = np.empty((count, n), np.int64), np.zeros(count, np.int64)
        further = np.zeros(count, np.int64)         # of a singular matrix the first state says so; what follows it changes nothing
        calls = [function("getrf", a.dtype).calls((n, n, a, n, pivots, state), count)]
        calls += [function(name, a.dtype).calls(arguments(a, pivots, further), count) for name, arguments in more]
        self._run(count, work, *calls)
        return a, pivots, state

    def inv(self, a: Array) -> Array:
        if not self._mine(work := _work(a, 1), a):
            return np.linalg.inv(a)
        n = a.shape[-1]
        inverse, _, state = self._triangular(_columns(a), work, ("getri", lambda a, pivots, info: (n, a, n, pivots, WORK, info)))
        _fine(state, SINGULAR)
        return _turn(inverse.reshape(a.shape))

    def solve(self, a: Array, b: Array) -> Array:
        n, k = b.shape[-2:]
        if not self._mine(work := _work(a, 0.5) + n * n * k, a, b):
            return np.linalg.solve(a, b)
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        columns, sides = _columns(np.broadcast_to(a, (*batch, n, n))), _columns(np.broadcast_to(b, (*batch, n, k)))
        _, _, state = self._triangular(columns, work, ("getrs", lambda a, pivots, info: ("N", n, k, a, n, pivots, sides, n, info)))
        _fine(state, SINGULAR)
        return _turn(sides.reshape(*batch, k, n))

    def slogdet(self, a: Array) -> tuple[Any, Any]:
        if not self._mine(work := _work(a, 0.5), a):
            return np.linalg.slogdet(a)
        n = a.shape[-1]
        triangles, pivots, state = self._triangular(_columns(a), work)
        diagonal = np.diagonal(triangles, 0, -2, -1)
        odd = ((pivots != np.arange(1, n + 1)).sum(-1) + (diagonal < 0).sum(-1)) % 2
        sign = np.where(state > 0, 0.0, 1.0 - 2.0 * odd)
        value = np.where(state > 0, -np.inf, np.log(np.abs(diagonal.astype(np.float64))).sum(-1))
        return sign.reshape(a.shape[:-2]), value.reshape(a.shape[:-2])

    def det(self, a: Array) -> Any:
        if not self._mine(_work(a, 0.5), a):
            return np.linalg.det(a)
        sign, value = self.slogdet(a)
        return (sign * np.exp(value)).astype(a.dtype)

    def qr(self, a: Array, mode: Literal["reduced", "complete"]) -> tuple[Array, Array]:
        if not self._mine(work := _work(a, 2), a):
            return np.linalg.qr(a, mode)
        columns = _columns(a)
        (count, n, m), k = columns.shape, min(a.shape[-2:])
        width = m if mode == "complete" else k
        tau, state = np.empty((count, k), a.dtype), np.zeros(count, np.int64)
        self._run(count, work, function("geqrf", a.dtype).calls((m, n, columns, m, tau, WORK, state), count))
        r = np.triu(_turn(columns)[..., :width, :])
        q = columns if width == n else np.zeros((count, width, m), a.dtype)
        if width != n:
            q[:, :min(width, n)] = columns[:, :min(width, n)]
        self._run(count, work, function("orgqr", a.dtype).calls((m, width, k, q, m, tau, WORK, state), count))
        return _turn(q).reshape(*a.shape[:-2], m, width), r.reshape(*a.shape[:-2], width, n)

    def svd(self, a: Array, full_matrices: bool) -> tuple[Array, Array, Array]:
        if not self._mine(work := _work(a, 10), a):
            u, s, v = np.linalg.svd(a, full_matrices=full_matrices)
            return u, s, v
        columns = _columns(a)
        (count, n, m), k, (*batch, _, _) = columns.shape, min(a.shape[-2:]), a.shape
        left, right = (m, n) if full_matrices else (k, k)
        s, state = np.empty((count, k), a.dtype), np.zeros(count, np.int64)
        u, v = np.empty((count, left, m), a.dtype), np.empty((count, n, right), a.dtype)
        self._run(count, work, function("gesdd", a.dtype).calls(
            ("A" if full_matrices else "S", m, n, columns, m, s, u, m, v, right, WORK, Scratch(8 * k), state), count))
        _fine(state, NO_VALUES)
        return _turn(u.reshape(*batch, left, m)), s.reshape(*batch, k), _turn(v.reshape(*batch, n, right))

    def eigh(self, a: Array) -> tuple[Array, Array]:
        if not self._mine(work := _work(a, 6), a):
            values, vectors = np.linalg.eigh(a)
            return values, vectors
        vectors = _columns(a)
        count, n, _ = vectors.shape
        values, state = np.empty((count, n), a.dtype), np.zeros(count, np.int64)
        self._run(count, work, function("syevd", a.dtype).calls(
            ("V", "L", n, vectors, n, values, WORK, Scratch(3 + 5 * n), 3 + 5 * n, state), count))
        _fine(state, NO_EIGENVALUES)
        return values.reshape(a.shape[:-1]), _turn(vectors.reshape(a.shape))


@cache
def function(name: str, dtype: Any) -> Function:
    """A function of LAPACK, by its name without the letter of the dtype."""
    return Function(name, dtype)


def _fine(state: Array, wrong: str) -> None:
    if state.any():
        raise np.linalg.LinAlgError(wrong)


# ---------------------------------------------------------------------- whether it is right

MODES: tuple[Literal["reduced", "complete"], ...] = ("reduced", "complete")
NAMES = ("getrf", "getri", "getrs", "geqrf", "orgqr", "gesdd", "syevd")
SIDES = [(1, 1), (2, 2), (5, 5), (67, 67), (131, 131), (4, 9), (9, 4), (36, 70), (70, 36)]     # single, odd, beyond the blocks; tall and wide


def factors(threads: int, flush: bool) -> Any:
    """What factors matrices in a run of so many threads: `Factors`, or NumPy's module of this name where the library's are not to be had."""
    return Factors(threads, flush, LEAST) if chosen() else np.linalg


@cache
def chosen() -> bool:
    """Whether the library that multiplies has a LAPACK that is right, which the cache remembers; one that is wrong is warned of."""
    library, place = ladder.chosen(), files.folder()
    if not all(library.lapack(t.letter + name) for t in ladder.TYPES.values() for name in NAMES):
        return False
    key = files.key("factors", native.maker(), library.version, repr(SIDES))
    kept = None if place is None else files.read(place, key, "check")
    if kept is None:
        crash = survives("from graphc.cpu.lapack import fault\nfault()\n")
        kept = (f"factoring {crash}" if crash else fault()).encode()
        if place is not None:
            files.write(place, key, "check", f"{library.about} factors {'wrongly' if kept else 'right'}", kept)
    if kept:
        warn(f"the LAPACK of {library.about} is not used: {kept.decode(errors='replace')}", RuntimeWarning)
    return not kept


def fault() -> str:
    """What is wrong with the factors of the library; empty: nothing. Products of what it gives against what it was given, both dtypes."""
    for dtype, (m, n) in ((d, sides) for d in ladder.TYPES for sides in SIDES):
        i, j = np.arange(m)[:, None], np.arange(n)
        one = (((i * 7919 + j * 104729 + i * j * 31) % 1013 / 506.5 - 1.0) + 8.0 * (i == j) * max(m, n) ** 0.5).astype(dtype)
        a = np.stack([one, np.roll(one, m // 3 + 1, 0)])           # the second exchanges rows
        # Backward errors grow with the sides: Higham, Accuracy and Stability of Numerical Algorithms (2002), theorems 9.3 and 19.4.
        most = 8 * max(m, n) * np.finfo(dtype).eps
        with np.errstate(all="ignore"):
            wrong = next((what for what, left, right in _identities(a) if not (abs(left - right) <= most * max(1.0, np.abs(right).max())).all()), "")
        if wrong:
            return f"its {wrong} of {dtype} is wrong ({m} x {n})"
    return ""


def _identities(a: Array) -> Iterator[tuple[str, Array, Array]]:
    """What must equal what: all in float64, by products that call no library."""
    library, wide = Factors(), a.astype(np.float64)
    m, n = a.shape[-2:]
    for mode in MODES:
        q, r = library.qr(a, mode)
        yield "QR", _product(q, r), wide
        yield "Q", _product(_turn(q), q), np.broadcast_to(np.eye(q.shape[-1]), (len(a), *q.shape[-1:] * 2))
    for full in (False, True):
        u, s, v = library.svd(a, full)
        k = s.shape[-1]
        yield "SVD", _product(u[..., :k] * s[:, None], v[..., :k, :]), wide
        yield "SVD", _product(_turn(u), u), np.broadcast_to(np.eye(u.shape[-1]), (len(a), *u.shape[-1:] * 2))
        yield "SVD", _product(v, _turn(v)), np.broadcast_to(np.eye(v.shape[-2]), (len(a), *v.shape[-2:-1] * 2))
    if m != n:
        return
    b = a[..., :max(1, n // 2)]
    yield "inverse", _product(wide, library.inv(a)), np.broadcast_to(np.eye(n), a.shape)
    yield "solution", _product(wide, library.solve(a, b)), b.astype(np.float64)
    (sign, value), right = library.slogdet(a), np.linalg.slogdet(wide)
    yield "sign of the determinant", sign, right[0]
    yield "logarithm of the determinant", value, right[1]
    even = (a + _turn(a)) * a.dtype.type(0.5)
    e, w = library.eigh(even)
    yield "eigenvalues", _product(w * e[:, None], _turn(w)), even.astype(np.float64)
    yield "eigenvectors", _product(_turn(w), w), np.broadcast_to(np.eye(n), a.shape)


def _product(x: Array, y: Array) -> Array:
    return np.einsum("bij,bjk->bik", x.astype(np.float64), y.astype(np.float64))

