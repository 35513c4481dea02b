"""Products of matrices come from the first library that is there and multiplies right; one that does not is found out, and passed over."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib.util
import os
import re
import subprocess
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from graphc.cpu import blas, cache, compile_pool, ladder, native
from tests import ROOT

ABSENT = ladder.Absent("not here")


def nothing() -> ladder.Library:
    raise ABSENT


@pytest.fixture
def rungs(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Sets the ladder, in a process that has not looked for a library, and has nothing kept."""
    def forget() -> None:
        ladder.chosen.cache_clear()
        blas._gemm.cache_clear()

    def set_to(found: dict[str, Any]) -> None:
        forget()
        monkeypatch.setattr(ladder, "RUNGS", found)
    yield set_to
    forget()


# ---------------------------------------------------------------------- each rung

@pytest.mark.slow
@pytest.mark.parametrize("name", ladder.RUNGS)
def test_every_rung_multiplies_right(name, own_cache):
    assert ladder.fault(ladder.RUNGS[name]()) == ""


SHAPES = [((5, 7), (7, 3)), ((70, 33), (33, 130)), ((3, 40, 9), (9, 33)), ((4, 33, 20), (4, 20, 17)), ((1, 300), (300, 40)), ((300, 40), (40, 1)),
          ((257, 256), (256, 255))]


@pytest.mark.slow
@pytest.mark.parametrize("name", ladder.RUNGS)
def test_programs_run_on_every_rung(name, rungs):
    """Alone and in batches, transposed by the user or by a gradient, by one thread and two."""
    rungs({name: ladder.RUNGS[name]})
    rng = np.random.default_rng(0)
    for dtype in ("float32", "float64"):
        for left, right in SHAPES:
            a, b = (rng.integers(-8, 9, shape).astype(dtype) for shape in (left, right))
            x, y = tf.placeholder(dtype, left), tf.placeholder(dtype, right)
            product = tf.matmul(x, y) if len(left) == len(right) else tf.tensordot(x, y, 1)
            for threads in (1, 2):
                with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
                    value, gradient = session.run([product, tf.gradients(product, x)[0]], {x: a, y: b})
                np.testing.assert_array_equal(value, np.einsum("...ij,...jk->...ik", a, b))
                np.testing.assert_array_equal(gradient, np.broadcast_to(b.sum(-1)[..., None, :], a.shape))
    assert ladder.chosen().version == ladder.RUNGS[name]().version


def test_numpys_own_library_keeps_its_threads():
    """What is loaded beside it has one thread, and what is in the environment stays."""
    code = """
import ctypes, os, sys
from pathlib import Path
import numpy as np
np.ones((300, 300)) @ np.ones((300, 300))
from graphc.cpu import ladder
own = [ctypes.CDLL(line.split()[-1]) for line in open("/proc/self/maps") if "openblas" in line][0]
before = own.scipy_openblas_get_num_threads64_()
paths = []
load = ladder.loaded
ladder.loaded = lambda path: paths.append(load(path)) or paths[-1]
ladder.numpys_openblas()
print(before, own.scipy_openblas_get_num_threads64_(), paths[0].scipy_openblas_get_num_threads64_(), os.environ["OPENBLAS_NUM_THREADS"])
"""
    if not hasattr(os, "memfd_create"):
        pytest.skip("this system has no files in memory")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env=os.environ | {"OPENBLAS_NUM_THREADS": "3", "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    before, after, private, environment = done.stdout.split()
    assert before == after and private == "1" and environment == "3"


def test_library_leaves_the_environment_alone(monkeypatch):
    for value in (None, "3"):
        if value is None:
            monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
        else:
            monkeypatch.setenv("OPENBLAS_NUM_THREADS", value)
        ladder.openblas()
        assert os.environ.get("OPENBLAS_NUM_THREADS") == value


# ---------------------------------------------------------------------- libraries that multiply wrongly

Multiply = Callable[[np.ndarray, np.ndarray, np.ndarray, bool, bool], None]


def python_library(multiply: Multiply, version: str = "in Python") -> ladder.Library:
    """A library whose gemm is a Python function of (a, b, result with the numbers between its rows, transposed a, transposed b)."""
    kept = []

    def gemm(dtype: str) -> int:
        number = ladder.TYPES[dtype].ctype

        def function(order, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):
            def matrix(address, rows, row):
                return np.ctypeslib.as_array(ctypes.cast(address, ctypes.POINTER(number)), (rows, row))
            ta, tb = ta == ladder.TRANSPOSED, tb == ladder.TRANSPOSED
            left = matrix(a, k if ta else m, lda)[:, :m if ta else k]
            right = matrix(b, n if tb else k, ldb)[:, :k if tb else n]
            multiply(left.T if ta else left, right.T if tb else right, matrix(c, m, ldc), ta, tb)
        matrix = [ctypes.c_void_p, ctypes.c_int64]
        kept.append(ctypes.CFUNCTYPE(None, *[ctypes.c_int] * 3, *[ctypes.c_int64] * 3, number, *matrix, *matrix, number, *matrix)(function))
        return ladder._address(kept[-1])
    return ladder.Library(f"a library {version}", version, gemm)


def right(a, b, c, ta, tb):
    c[:, :b.shape[1]] = np.einsum("ij,jk", a, b)


def transposed_left_untransposed(a, b, c, ta, tb):
    """As the newest OpenBLAS on some processors: float32 alone, and transposed products alone."""
    right(np.roll(a, 1, 0) if ta and a.dtype == np.float32 else a, b, c, ta, tb)


def transposed_both_wrong(a, b, c, ta, tb):
    right(a, np.roll(b, 1, 1) if ta and tb and a.dtype == np.float64 else b, c, ta, tb)


def last_column_not_computed(a, b, c, ta, tb):
    odd = b.shape[1] % 2 and b.shape[1] > 100
    right(a, b[:, :-1] if odd else b, c, ta, tb)


def last_term_left_out(a, b, c, ta, tb):
    right(a[:, :-1], b[:-1], c, ta, tb) if len(b) > 600 else right(a, b, c, ta, tb)


def adds_to_what_was_there(a, b, c, ta, tb):
    c[:, :b.shape[1]] += np.einsum("ij,jk", a, b)


def writes_between_the_rows(a, b, c, ta, tb):
    right(a, b, c, ta, tb)
    c[:, b.shape[1]:b.shape[1] + 1] = 0


def in_half_precision(a, b, c, ta, tb):
    right(a, (b.astype(np.float32).view(np.uint32) & 0xffff0000).view(np.float32).astype(b.dtype), c, ta, tb)


def wrong_for_one_row(a, b, c, ta, tb):
    right(a, b, c, ta, tb)
    if len(a) == 1 and tb:
        c[0, 0] *= 2


def gives_nan(a, b, c, ta, tb):
    right(a, b, c, ta, tb)
    if len(a) > 500:
        c[-1, 0] = np.nan


WRONG = [transposed_left_untransposed, transposed_both_wrong, last_column_not_computed, last_term_left_out, adds_to_what_was_there,
         writes_between_the_rows, in_half_precision, wrong_for_one_row, gives_nan]


def test_a_right_library_in_python_passes():
    assert ladder.fault(python_library(right)) == ""


@pytest.mark.parametrize("multiply", WRONG, ids=lambda f: f.__name__)
def test_wrong_products_are_found(multiply):
    assert ladder.fault(python_library(multiply)).startswith("its product of float")


def test_the_fault_says_which_product():
    assert ladder.fault(python_library(transposed_left_untransposed)) == \
        "its product of float32 is wrong (a: 17 x 35, transposed; b: 35 x 1)"


# ---------------------------------------------------------------------- the ladder

def test_a_wrong_library_is_passed_over_and_remembered(rungs, monkeypatch):
    """It is warned of in each process; checked once for each version, and anew where the cache does not say."""
    checked = []
    monkeypatch.setattr(ladder, "fault", lambda library, fault=ladder.fault: checked.append(library.version) or fault(library))
    found = {"first": lambda: python_library(gives_nan, "1.0"), "second": lambda: python_library(right, "2.0"), "third": nothing}
    for wanted in (["1.0", "2.0"], []):
        rungs(found)
        with pytest.warns(RuntimeWarning, match=r"first \(a library 1\.0\) is not used: its product of float32 is wrong") as told:
            assert ladder.chosen().version == "2.0"
        assert [w.filename for w in told] == [__file__]
        assert checked == wanted
        checked.clear()
    rungs(found | {"first": lambda: python_library(right, "1.1")})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ladder.chosen().version == "1.1" and checked == ["1.1"]
    kinds = [(e.path.suffix, e.about) for e in cache.entries(cache.folder()) if e.path.suffix == ".check"]
    assert sorted(kinds) == [(".check", "a library 1.0 multiplies wrongly"), (".check", "a library 1.1 multiplies right"),
                             (".check", "a library 2.0 multiplies right")]


@pytest.mark.parametrize("mishap, said", [("import os; os.abort()", r"ends the process \(status -6\)"),
                                          ("import time; time.sleep(60)", "does not end within 1 seconds"), ("raise ValueError", "")])
def test_a_library_that_crashes_does_so_in_another_process(mishap, said, rungs, monkeypatch):
    monkeypatch.setattr(compile_pool, "_FOUND", mishap + "\n")
    monkeypatch.setattr(compile_pool, "PATIENCE", 1.0 if "sleep" in mishap else 30.0)
    rungs({"first": lambda: python_library(right, "1.0"), ladder.LAST: lambda: python_library(right, "2.0")})
    with pytest.warns(RuntimeWarning, match=f"first .* is not used: multiplying {said}") if said else contextlib.nullcontext():
        assert ladder.chosen().version == ("2.0" if said else "1.0")


def test_without_a_cache_it_is_checked_in_each_process(rungs, monkeypatch):
    monkeypatch.setattr(cache, "folder", lambda: None)
    rungs({"first": lambda: python_library(gives_nan), "second": lambda: python_library(right)})
    with pytest.warns(RuntimeWarning):
        assert ladder.remembered(ladder.LAST, ladder.chosen()) == ""


def test_nothing_multiplies_right(rungs):
    rungs({"first": lambda: python_library(gives_nan), "second": nothing})
    with pytest.warns(RuntimeWarning), pytest.raises(errors.InternalError, match="graphc doctor"):
        ladder.chosen()


def not_installed(monkeypatch, folder):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def an_empty_package(monkeypatch, folder):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: types.SimpleNamespace(submodule_search_locations=[str(folder)]))


def no_library(monkeypatch, folder):
    (folder / "lib").mkdir()
    (folder / "lib" / "libscipy_openblas64_.so").write_text("not a library")
    an_empty_package(monkeypatch, folder)


def another_library(monkeypatch, folder):
    monkeypatch.setattr(ladder, "loaded", lambda path: ctypes.CDLL(None))


def too_new(monkeypatch, folder):
    monkeypatch.setattr(ladder, "TESTED", ((0, 3, 27), (0, 3, 26)))


def too_old(monkeypatch, folder):
    monkeypatch.setattr(ladder, "TESTED", ((9, 0, 0), (9, 9, 9)))


# what is wrong with the package: what `graphc doctor` says of it
MISSING = {not_installed: "the package scipy-openblas64 is not installed", an_empty_package: "there is no OpenBLAS in",
           no_library: "(invalid ELF header|not a|file too short)", another_library: "is another OpenBLAS than is known here",
           too_new: "OpenBLAS 0.*: graphc was tested with 0.3.27 to 0.3.26", too_old: "graphc was tested with 9.0.0 to 9.9.9"}


@pytest.mark.parametrize("mishap", MISSING, ids=lambda f: f.__name__)
def test_without_the_package_another_library_multiplies(mishap, rungs, monkeypatch, tmp_path):
    rungs({"scipy-openblas64": ladder.openblas, "another": lambda: python_library(right)})
    with monkeypatch.context() as patch:
        mishap(patch, tmp_path)
        (name, library, why), *_ = ladder.examined(lambda name, library: ladder.fault(library))
        assert library is None and re.search(MISSING[mishap], why), why
        assert ladder.chosen().version == "in Python"


def test_sizes_that_a_library_does_not_take_are_left_to_loops(rungs):
    rungs({"small": lambda: python_library(right)._replace(largest=1000)})
    dtype = np.dtype("float32")
    assert blas.gemm(dtype, (3, 1000))[1] != blas.gemm(dtype, (3, 1001))[1] == ladder.loops().gemm("float32")
    a, b = np.ones((3, 40), dtype), np.ones((40, 1001), dtype)
    with tf.Session() as session:
        assert (session.run(tf.matmul(a, b)) == 40).all()


def test_code_outlives_the_fork_of_a_process_that_compiles(empty_cache, monkeypatch):
    """A child that could not wait has another LLVM; addresses that it knows stay good, and what it asks for anew is loaded anew."""
    monkeypatch.setattr(native, "_engine", functools.cache(native._engine.__wrapped__))
    text = blas.text("float").replace("graphc_gemm_float", "graphc_other_float")
    before, engines = native.compile_ir(text, "graphc_other_float"), len(native._Engine.kept)
    native._renew(None)
    after = native.compile_ir(text, "graphc_other_float")
    assert after not in (0, before) and len(native._Engine.kept) == engines + 1
