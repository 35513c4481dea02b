"""Kernel sources become machine code that agrees with numpy on every edge, vectorises, and is kept safely on disk."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import textwrap
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphc.cpu import cache, native
from graphc.cpu.kernel.compiler import _with_c_signature
from graphc.cpu.kernel.machine import machine
from graphc.errors import CacheWarning
from tests import ROOT
from tests.cpu.kernels import call, evaluate, kernel_name, source
from tests.waiting import PATIENCE

INF, NAN = np.inf, np.nan
FLOATS = np.array([0.0, -0.0, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 3.7, -3.7, 1e30, -1e30, 1e-40, INF, -INF, NAN])
pytestmark = pytest.mark.usefixtures("own_cache")
X86_64 = platform.machine() in ("x86_64", "AMD64")


def same_bits(a: np.ndarray, b: np.ndarray) -> None:
    """Equal, with nan equal to nan and -0.0 different from 0.0."""
    assert a.dtype == b.dtype
    np.testing.assert_array_equal(a, b)
    if a.dtype.kind == "f":
        numbers = ~np.isnan(a)
        np.testing.assert_array_equal(np.signbit(a[numbers]), np.signbit(b[numbers]))


def integers(dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of the extremes and small values of an integer dtype."""
    info = np.iinfo(dtype)
    values = [info.min, info.min + 1, -7, -2, -1, 0, 1, 2, 3, 7, info.max - 1, info.max]
    values = [v for v in values if info.min <= v <= info.max]
    a, b = np.meshgrid(np.array(values, dtype), np.array(values, dtype))
    return a.ravel(), b.ravel()


def pairs(dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.meshgrid(FLOATS.astype(dtype), FLOATS.astype(dtype))
    return a.ravel(), b.ravel()


# name, expression, the same in numpy
UNARY = [
    ("floor", "floor(x0)", np.floor),
    ("ceil", "ceil(x0)", np.ceil),
    ("rint", "rint(x0)", np.rint),
    ("trunc", "trunc(x0)", np.trunc),
    ("sqrt", "sqrt(abs(x0))", lambda x: np.sqrt(np.abs(x))),
    ("negative", "-x0", np.negative),
]
BINARY_FLOAT = [
    ("add", "x0 + x1", np.add),
    ("divide", "x0 / x1", np.divide),
    ("copysign", "copysign(x0, x1)", np.copysign),
    ("floordiv", "floordiv(x0, x1)", lambda x, y: np.where(np.isfinite(x) & np.isfinite(y), np.floor_divide(x, y), np.floor(x / y))),
    ("floormod", "floormod(x0, x1)", np.remainder),
    ("select", "select(isnan(x0), x1, x0)", lambda x, y: np.where(np.isnan(x), y, x)),
]
BINARY_INTEGER = [
    ("floordiv", "floordiv(x0, x1)", np.floor_divide),
    ("floormod", "floormod(x0, x1)", np.remainder),
    ("quotient in 64 bits", "x0 // x1", np.floor_divide),
    ("remainder in 64 bits", "x0 % x1", np.remainder),
    ("maximum", "maximum(x0, x1)", np.maximum),
    ("minimum", "minimum(x0, x1)", np.minimum),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, expression, reference", UNARY, ids=[row[0] for row in UNARY])
def test_unary(name, expression, reference, dtype):
    x = FLOATS.astype(dtype)
    same_bits(evaluate(expression, [x], dtype), reference(x))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, expression, reference", BINARY_FLOAT, ids=[row[0] for row in BINARY_FLOAT])
def test_binary_of_floats(name, expression, reference, dtype):
    a, b = pairs(dtype)
    with np.errstate(all="ignore"):
        same_bits(evaluate(expression, [a, b], dtype), reference(a, b))


@pytest.mark.parametrize("function, reference", [("maximum", np.maximum), ("minimum", np.minimum)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extremes_pass_nan_on(function, reference, dtype):
    # The sign of a zero is left out: numpy's own depends on the processor.
    a, b = pairs(dtype)
    np.testing.assert_array_equal(evaluate(f"{function}(x0, x1)", [a, b], dtype), reference(a, b))


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8", "uint64"])
@pytest.mark.parametrize("name, expression, reference", BINARY_INTEGER, ids=[row[0] for row in BINARY_INTEGER])
def test_binary_of_integers(name, expression, reference, dtype):
    a, b = integers(dtype)
    with np.errstate(all="ignore"):
        same_bits(evaluate(expression, [a, b], dtype), reference(a, b))


BY_THE_TEXT = [
    ("quotient", "x0 // {n}", np.floor_divide), ("remainder", "x0 % {n}", np.remainder), ("of the text's", "{n} // x0", lambda x, n: n // x),
]


@pytest.mark.parametrize("n", [-(2**63), -8, -3, -1, 1, 2, 3, 10])
@pytest.mark.parametrize("name, expression, reference", BY_THE_TEXT, ids=[row[0] for row in BY_THE_TEXT])
def test_quotients_of_numbers_that_the_text_names(name, expression, reference, n):
    x, number = np.unique(integers("int64")[0]), np.int64(n)
    with np.errstate(all="ignore"):
        same_bits(evaluate(expression.format(n=n), [x], "int64"), reference(x, number))


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.parametrize("sign", ["//", "%"])
def test_quotients_have_no_branches(sign, dtype):
    """A loop over them may become vectors: it has the branches that a loop over sums has."""
    native._import_compiler()
    branches = [_with_c_signature(source(f"x0 {s} x1", [dtype, dtype], dtype), "kernel").count("br ") for s in (sign, "+")]
    assert branches[0] == branches[1] > 0


def test_numba_divides_for_others_as_before():
    """In a process that compiles kernels itself, what else is compiled by Numba still raises what it raised."""
    kernel = source("x0 // x1", ["int64", "int64"], "int64")
    native._module(kernel, "of_tests")
    import numba

    divide = numba.njit(lambda x, y: x // y)
    assert divide(-7, 2) == -4
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_power_of_integers(dtype):
    a, _ = integers(dtype)
    exponents = np.arange(a.size, dtype=dtype) % 9
    same_bits(evaluate("pow(x0, x1)", [a, exponents], dtype), np.power(a, exponents))


CASTS = [
    ("bool", "float32", [True, False]), ("bool", "int64", [True, False]),
    ("int8", "bool", [-1, 0, 1, 127]), ("float32", "bool", [0.0, -0.0, 0.25, NAN, -INF]),
    ("int64", "int8", [-129, -1, 0, 255, 2**40 + 3]), ("int32", "uint8", [-1, 256, 300]),
    ("uint8", "int32", [0, 128, 255]), ("int64", "float32", [2**24 + 1, -(2**53) - 1]),
    ("float64", "float32", [1e300, -1e-300, 0.1, NAN]), ("float32", "float64", [0.1, -0.0, INF]),
    ("float32", "int32", [1.9, -1.9, 0.0, -0.0]), ("float64", "int64", [1e15 + 0.5, -1e15]),
    ("float32", "uint8", [3.9, 254.5]), ("float64", "int16", [-32768.0, 32767.9]),
]  # fmt: skip


@pytest.mark.parametrize("start, end, values", CASTS, ids=[f"{a}-{b}" for a, b, _ in CASTS])
def test_cast(start, end, values):
    x = np.array(values, start)
    with np.errstate(all="ignore"):
        same_bits(evaluate(f"{kernel_name(end)}(x0)", [x], end), x.astype(end))


@pytest.mark.parametrize("end", ["int8", "int32", "int64", "uint8"])
def test_cast_out_of_range_is_defined(end):
    """Floats that no integer can hold give the same integer every time, alone or in a vector."""
    x = np.array([NAN, INF, -INF, 1e30, -1e30], "float64")
    alone = [evaluate(f"{end}(x0)", [x[k:k + 1]], end)[0] for k in range(x.size)]
    np.testing.assert_array_equal(evaluate(f"{end}(x0)", [np.tile(x, 20)], end), np.tile(np.array(alone, end), 20))


REDUCTIONS = [
    ("accumulate_add", "float32", np.sum, 0), ("accumulate_mul", "float64", np.prod, 1),
    ("accumulate_max", "float32", np.max, "-inf"), ("accumulate_min", "float64", np.min, "inf"),
    ("accumulate_add", "int32", np.sum, 0), ("accumulate_max", "int64", np.max, -(2**63) + 1),
]  # fmt: skip


def reduction(step: str, dtype: str, start: Any) -> str:
    return textwrap.dedent(f"""
        def kernel(buffers, extents, lo, hi):
            x = pointer(buffers, 0, {dtype})
            y = pointer(buffers, 1, {dtype})
            total = {dtype}({start})
            for i in range(extents[1]):
                total = {step}(total, load(x, i))
            store(y, 0, total)
            return 0
        """)


@pytest.mark.parametrize("step, dtype, reference, start", REDUCTIONS, ids=[f"{r[0]}-{r[1]}" for r in REDUCTIONS])
def test_reduction(step, dtype, reference, start):
    kernel = native.compile_kernels([reduction(step, dtype, start)])[0]
    rng = np.random.default_rng(1)
    for n in (1, 7, 1000):
        x = rng.integers(-5, 6, n).astype(dtype) if dtype.startswith("int") else (1 + rng.random(n) / 100).astype(dtype)
        out = np.zeros(1, dtype)
        assert call(kernel, [x, out], 1, np.array([0, n], np.int64)) == 0
        np.testing.assert_allclose(out[0], reference(x.astype("float64")), rtol=1e-5)
        if step in ("accumulate_max", "accumulate_min") and dtype.startswith("float"):
            x[n // 2] = NAN
            call(kernel, [x, out], 1, np.array([0, n], np.int64))
            assert np.isnan(out[0]), "a nan must survive the vectorised reduction"


def test_status_and_offending_value():
    kernel = native.compile_kernels([textwrap.dedent("""
        def kernel(buffers, extents, lo, hi):
            x = pointer(buffers, 0, int64)
            for i in range(lo, hi):
                if load(x, i) >= extents[1]:
                    extents[0] = load(x, i)
                    return 3
            return 0
        """)])[0]
    extents = np.array([0, 10], np.int64)
    assert call(kernel, [np.array([1, 2, 9])], 3, extents) == 0
    assert call(kernel, [np.array([1, 12, 9])], 3, extents) == 3
    assert extents[0] == 12


def packed(assembly: str, instruction: str) -> bool:
    """Whether a packed form of an instruction works on whole ymm or zmm registers somewhere."""
    return any(instruction in line and ("ymm" in line or "zmm" in line) for line in assembly.splitlines())


VECTORISED = [
    ("adam", "mulps"), ("sum", "addps"), ("max", "maxps"),
]
ADAM = """
def kernel(buffers, extents, lo, hi):
    rate = pointer(buffers, 0, float32)
    decay = pointer(buffers, 1, float32)
    epsilon = pointer(buffers, 2, float32)
    gradient = pointer(buffers, 3, float32)
    first = pointer(buffers, 4, float32)
    second = pointer(buffers, 5, float32)
    weight = pointer(buffers, 6, float32)
    mask = pointer(buffers, 7, float32)
    new_first = pointer(buffers, 8, float32)
    new_second = pointer(buffers, 9, float32)
    new_weight = pointer(buffers, 10, float32)
    change = pointer(buffers, 11, float32)
    for i in range(lo, hi):
        g = load(gradient, i) * load(mask, i)
        m = load(first, i) + (g - load(first, i)) * load(decay, 0)
        v = load(second, i) + (g * g - load(second, i)) * load(decay, 1)
        step = load(rate, 0) * m / (sqrt(v) + load(epsilon, 0))
        store(new_first, i, m)
        store(new_second, i, v)
        store(change, i, step)
        store(new_weight, i, load(weight, i) - step)
    return 0
"""
TEXTS = {
    "adam": ADAM,
    "sum": reduction("accumulate_add", "float32", 0),
    "max": reduction("accumulate_max", "float32", "-inf"),
}


@pytest.mark.skipif(not X86_64, reason="names of x86-64 instructions")
@pytest.mark.parametrize("name, instruction", VECTORISED, ids=[row[0] for row in VECTORISED])
def test_vectorises(name, instruction):
    if "+avx2" not in machine().features:
        pytest.skip("this processor has no AVX2")
    assert packed(native.compile_kernels([TEXTS[name]])[0].asm(), instruction)


def test_many_buffers_need_no_overlap_checks():
    """Twelve buffers would take 40 comparisons of addresses; the slots' metadata leaves none."""
    adam = native.compile_kernels([ADAM])[0]
    module = str(native._module(adam.source, adam.key))
    assert "alias.scope" in module
    assert "vector.memcheck" not in module


# ---------------------------------------------------------------------- the cache

SQUARE = source("x0 * x0", ["float32"], "float32")
CHILD = """
import sys, warnings
warnings.simplefilter("error")
from graphc.cpu import native
kernels = native.compile_kernels(sys.argv[1:])
stats = native.stats()
print(stats["compiled"], stats["loaded"], all(k.from_cache for k in kernels), "numba" in sys.modules)
"""


def child(folder: Path, *sources: str, code: str = CHILD) -> str:
    environment = {**os.environ, "GRAPHC_CACHE_DIR": str(folder), "PYTHONPATH": str(ROOT), "GRAPHC_COMPILE_PROCESSES": "0"}
    command = [sys.executable, "-c", code, *sources]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.mark.slow
def test_second_process_compiles_nothing_and_needs_no_numba(tmp_path):
    folder = tmp_path / "kernels"
    assert child(folder, SQUARE, ADAM) == "2 0 False True"
    assert child(folder, SQUARE, ADAM) == "0 2 True False"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_equal_sources_compile_once():
    text = source("x0 * float32(7)", ["float32"], "float32")
    before = native.stats()["compiled"]
    a, b = native.compile_kernels([text, text])
    assert a is b and native.compile_kernels([text])[0] is a
    assert native.stats()["compiled"] == before + 1
    assert len(a.key) == 64 and a.source == text and a.address and not a.from_cache and a.seconds > 0


def writable_by_others(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def a_file(folder: Path) -> None:
    folder.write_text("not a folder")


def below_a_file(folder: Path) -> None:
    folder.parent.joinpath("file").write_text("")
    os.environ["GRAPHC_CACHE_DIR"] = str(folder.parent / "file" / "kernels")


@pytest.mark.parametrize("make", [writable_by_others, a_file, below_a_file])
def test_unusable_folder_warns_once_and_goes_on(empty_cache, monkeypatch, make):
    make(empty_cache)
    texts = [source(f"x0 - float32({k})", ["float32"], "float32") for k in range(2)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for text in texts:
            assert native.compile_kernels([text])[0].address
    assert [(w.category, w.filename) for w in caught] == [(CacheWarning, __file__)]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners are a POSIX idea")
def test_folder_of_another_user_is_refused(empty_cache, monkeypatch):
    empty_cache.mkdir(mode=0o700)
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    with pytest.warns(CacheWarning, match="another user"):
        assert cache.folder() is None


@pytest.mark.slow
def test_processes_may_share_a_folder(tmp_path):
    """Four processes compile the same kernel into one empty folder at once."""
    folder, results = tmp_path / "kernels", []
    threads = [threading.Thread(target=lambda: results.append(child(folder, SQUARE))) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(results) == 4
    assert child(folder, SQUARE) == "0 1 True False"
    assert not list(folder.glob("*.part"))


def test_threads_may_compile_at_once(empty_cache):
    texts = [source(f"x0 * float32({k}) + float32(1)", ["float32"], "float32") for k in range(3)]
    found: list[list[int]] = []

    def work() -> None:
        found.append([k.address for k in native.compile_kernels(texts)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 4 and all(f == found[0] for f in found)


# ---------------------------------------------------------------------- what decides the machine code of a text
