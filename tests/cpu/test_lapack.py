"""Inverses, solutions and factors by the LAPACK of the library that multiplies: NumPy's values, nan and errors, its rungs, and its check."""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.cpu import blas, ladder, lapack

# name -> what is asked of either library: of square matrices, or of any
SQUARE: dict[str, Callable[[Any, Any], Any]] = {
    "inverse": lambda of, a: of.inv(a), "of the transposes": lambda of, a: of.inv(np.swapaxes(a, -1, -2)),
    "solution": lambda of, a: of.solve(a, a[..., :3]),
    "one side": lambda of, a: of.solve(a, a[..., :1]), "sides of all": lambda of, a: of.solve(a, np.ones((a.shape[-1], 2), a.dtype)),
    "determinant": lambda of, a: of.det(a), "its logarithm": lambda of, a: tuple(of.slogdet(a)),
    "eigenvalues": lambda of, a: of.eigh(a + np.swapaxes(a, -1, -2))[0], "eigenvectors": lambda of, a: abs(of.eigh(a + np.swapaxes(a, -1, -2))[1])}
ANY: dict[str, Callable[[Any, Any], Any]] = {
    "qr": lambda of, a: tuple(of.qr(a, "reduced")), "complete qr": lambda of, a: tuple(of.qr(a, "complete")),
    "singular values": lambda of, a: of.svd(a, full_matrices=True)[1], "u s v": lambda of, a: rebuilt(*of.svd(a, full_matrices=False))}
SQUARES = [(1, 1), (7, 7), (100, 100), (2, 3, 70, 70), (5, 130, 130), (0, 4, 4), (2, 0, 0)]
OBLONG = [(5, 3), (3, 5), (2, 90, 30), (2, 30, 90), (0, 2, 3)]


def rebuilt(u: Any, s: Any, v: Any) -> Any:
    return (u * s[..., None, :]) @ v


def drawn(shape: tuple[int, ...], dtype: str) -> Any:
    """Well conditioned, with rows to exchange, and singular values far from each other."""
    m, n = shape[-2:]
    rng = np.random.default_rng([3, *shape])            # whatever was drawn before
    return np.roll(rng.normal(size=shape) / 9 + np.eye(m, n) * np.linspace(3.0, 9.0, n), 1, -2).astype(dtype)


def outcome(function: Callable[[Any, Any], Any], library: Any, a: Any) -> list[Any] | str:
    """Arrays, or the error's text."""
    try:
        with np.errstate(all="ignore"):
            found = function(library, a)
    except np.linalg.LinAlgError as e:
        return str(e)
    return [np.asarray(x) for x in (found if isinstance(found, tuple) else (found,))]


@pytest.mark.parametrize("dtype, near", [("float32", 2e-5), ("float64", 1e-11), ("complex64", 0.0)])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", [*SQUARE, *ANY])
def test_values_are_those_of_numpy_in_float64(name, threads, dtype, near):
    """For one thread and two, of which each has a part of a batch; complex numbers are NumPy's."""
    for shape in [*SQUARES, *OBLONG] if name in ANY else SQUARES:
        a, function = drawn(shape, dtype), (SQUARE | ANY)[name]
        kept = a.copy()
        found, right = outcome(function, lapack.Factors(threads), a), outcome(function, np.linalg, a if dtype == "complex64" else a.astype("float64"))
        assert len(found) == len(right)
        for x, y in zip(found, right, strict=True):
            big = np.isfinite(y) & (abs(y) < np.finfo(a.dtype).max)         # determinants of float32
            np.testing.assert_allclose(np.where(big, x, 0), np.where(big, y, 0), 100 * near, near * max(1.0, abs(y[big]).max(initial=0.0)))
        np.testing.assert_array_equal(a, kept)


@pytest.mark.parametrize("name", [*SQUARE, *ANY])
def test_results_are_the_same_for_any_number_of_threads(name, monkeypatch):
    monkeypatch.setattr(lapack, "SHARED", 0)
    a = drawn((7, 40, 40), "float32")
    for threads in (2, 3, 9):
        for x, y in zip(outcome((SQUARE | ANY)[name], lapack.Factors(1), a), outcome((SQUARE | ANY)[name], lapack.Factors(threads), a), strict=True):
            np.testing.assert_array_equal(x, y)


ODD: dict[str, Callable[[Any], Any]] = {
    "nan": lambda a: np.where(np.arange(a.size).reshape(a.shape) == a.shape[1] + 2, np.nan, a),
    "nan first": lambda a: np.where(np.arange(a.size).reshape(a.shape) == 0, np.nan, a),
    "all nan": lambda a: a * np.nan, "zeros": lambda a: a * 0, "ones": lambda a: a * 0 + 1,
    "a row of zeros": lambda a: a * (np.arange(len(a)) != 1)[:, None]}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [n for n in (*SQUARE, *ANY) if n != "eigenvectors"])
@pytest.mark.parametrize("odd", ODD)
def test_nan_and_errors_are_those_of_numpy(odd, name, dtype):
    for n in (3, 70):
        a = ODD[odd](drawn((n, n), dtype)).astype(dtype)
        found, right = outcome((SQUARE | ANY)[name], lapack.Factors(), a), outcome((SQUARE | ANY)[name], np.linalg, a)
        if isinstance(found, str) or isinstance(right, str):
            assert found == right
            continue
        for x, y in zip(found, right, strict=True):
            np.testing.assert_array_equal(np.isnan(x), np.isnan(y))


def test_what_fails_in_a_thread_is_raised():
    def call(low: int, high: int) -> None:
        if low:
            raise MemoryError("no memory")

    with pytest.raises(MemoryError, match="no memory"):
        lapack.Factors(2)._run(4, lapack.SHARED, call)


# ---------------------------------------------------------------------- rungs

@pytest.fixture
def rungs(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Sets the ladder, in a process that has not looked for a library, and has nothing kept."""
    def forget() -> None:
        for kept in (ladder.chosen, blas._gemm, lapack.function, lapack.chosen):
            kept.cache_clear()

    def set_to(found: dict[str, Any]) -> None:
        forget()
        monkeypatch.setattr(ladder, "RUNGS", found)
    yield set_to
    forget()


HAVE = {"scipy-openblas64": True, "NumPy's OpenBLAS": True, "SciPy's BLAS": False, ladder.LAST: False}


@pytest.mark.slow
@pytest.mark.parametrize("name", ladder.RUNGS)
def test_programs_run_on_every_rung(name, rungs):
    rungs({name: ladder.RUNGS[name]})
    a = drawn((2, 140, 140), "float32")
    with tf.Session() as session:
        x = tf.placeholder("float32", a.shape)
        inverse, (q, r) = session.run([tf.matrix_inverse(x), tf.qr(x)], {x: a})
    assert lapack.chosen() == HAVE[name]
    np.testing.assert_allclose(inverse, np.linalg.inv(a), 1e-3, 1e-5)
    np.testing.assert_allclose(q @ r, a, 1e-4, 1e-5)


def planted(name: str, change: Callable[[list[Any]], None]) -> Callable[[], ladder.Library]:
    """The first library, one function of which is another: it is given the addresses of its arguments, and calls what it likes."""
    library = ladder.openblas()
    kept: list[Any] = []

    def lapack_of(asked: str) -> int:
        address = library.lapack(asked)
        if asked != name:
            return address
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * FACTS[name])

        def other(*arguments: Any) -> None:
            kind(address)(*arguments)
            change(list(arguments))
        kept.append(kind(other))
        return ctypes.cast(kept[-1], ctypes.c_void_p).value or 0
    return lambda: library._replace(lapack=lapack_of, version=f"{library.version} with another {name}")


def add_one(at: int, number: Any) -> Callable[[list[Any]], None]:
    """What adds one to the first number of an argument."""
    def change(arguments: list[Any]) -> None:
        place = ctypes.cast(arguments[at], ctypes.POINTER(number))
        place[0] += 1
    return change


FACTS = {"sgetrf": 6, "dgetri": 7, "dgetrs": 10, "sgeqrf": 8, "dorgqr": 9}      # arguments, with lengths of texts
WRONG = [("sgetrf", 2, ctypes.c_float), ("sgetrf", 4, ctypes.c_int64), ("dgetri", 1, ctypes.c_double), ("dgetrs", 6, ctypes.c_double),
         ("sgeqrf", 2, ctypes.c_float), ("dorgqr", 3, ctypes.c_double)]


@pytest.mark.parametrize("name, at, number", WRONG)
def test_wrong_factors_are_found_and_numpys_taken(name, at, number, rungs, monkeypatch):
    rungs({"planted": planted(name, add_one(at, number))})
    monkeypatch.setattr(lapack, "survives", lambda work: "")
    with pytest.warns(RuntimeWarning, match="is not used: its .* is wrong"):
        assert lapack.factors(1, False) is np.linalg
    lapack.chosen.cache_clear()
    monkeypatch.setattr(lapack, "fault", lambda: pytest.fail("it is kept what is wrong"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not lapack.chosen()


def test_a_library_that_crashes_does_so_in_another_process(rungs, monkeypatch):
    rungs({"first": ladder.openblas})
    monkeypatch.setattr(lapack, "survives", lambda work: "ends the process (status -11)")
    with pytest.warns(RuntimeWarning, match=r"factoring ends the process \(status -11\)"):
        assert lapack.factors(1, False) is np.linalg
