"""The key of a kept kernel covers all that decides the machine code of its text."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from graphc.cpu import compile_pool
from graphc.cpu.kernel import machine as machine_module
from graphc.cpu.kernel.machine import MODULES, digest, makers
from tests import ROOT
from tests.cpu.kernels import PACKAGE

LOADED = """
import json, sys
from graphc.cpu.kernel import machine
machine.compile_one(json.loads(sys.argv[1]), "key", machine.machine().name)
print(json.dumps([m.__file__ for name, m in sys.modules.items() if name.startswith("graphc.") and m.__file__]), file=sys.__stdout__)
import os
os._exit(0)
"""


def test_key_of_kept_kernels_covers_all_that_a_worker_loads():
    """What a worker imports of graphc to compile a kernel that draws numbers, but for packages that hold a sentence only."""
    source = "def kernel(buffers, extents, lo, hi):\n    p0 = pointer(buffers, 0, float32)\n    for i in range(lo, hi):\n" \
             "        store(p0, i, exp(load(p0, i)))\n    return 0\n"
    start = compile_pool._START.replace("from graphc.cpu.kernel.worker import serve\nserve()", LOADED)
    assert start != compile_pool._START
    done = subprocess.run([sys.executable, "-c", start, json.dumps(source)], input=json.dumps([sys.path, str(PACKAGE)]) + "\n",
                          capture_output=True, text=True, check=True)
    loaded = {Path(f).relative_to(PACKAGE).as_posix() for f in json.loads(done.stdout.splitlines()[-1])}
    keyed = {p.relative_to(PACKAGE).as_posix() for p in makers()}
    assert loaded - {"cpu/__init__.py", "ops/__init__.py"} == keyed - {"cpu/kernel/worker.py"}
    for name in ("cpu/__init__.py", "ops/__init__.py"):
        assert len(ast.parse((PACKAGE / name).read_text()).body) == 1


@pytest.mark.parametrize("name", sorted(p.relative_to(PACKAGE).as_posix() for p in makers()))
def test_key_of_kept_kernels_changes_with_each_module(name, tmp_path):
    copy = tmp_path / "graphc"
    shutil.copytree(PACKAGE / "cpu", copy / "cpu", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PACKAGE / "ops", copy / "ops", ignore=shutil.ignore_patterns("__pycache__"))
    spec = importlib.util.spec_from_file_location("machine_of_a_copy", copy / "cpu" / "kernel" / "machine.py")
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    assert other.digest() == digest()
    (copy / name).write_text((copy / name).read_text() + "\n# another version\n")
    assert other.digest() != digest()


# Loads the module of each archive anew, as a worker does, and prints its digest.
ARCHIVED = """
import importlib, sys, types
for archive in sys.argv[1:]:
    for name in [name for name in sys.modules if name.startswith("graphc")]:
        del sys.modules[name]
    sys.modules["graphc"] = types.ModuleType("graphc")
    sys.modules["graphc"].__path__ = [archive + "/graphc"]
    machine = importlib.import_module("graphc.cpu.kernel.machine")
    assert not machine.makers() and archive in machine.__file__
    print(machine.digest())
"""


def archive(path: Path, compiled: bool, change: str = "") -> str:
    """The folders that a worker needs, in one file; `change`: a module of them that another version has another constant in."""
    with zipfile.ZipFile(path, "w") as file:
        for source in (*PACKAGE.glob("cpu/**/*.py"), *PACKAGE.glob("ops/*.py")):
            text = source.read_text() + "\nCHANGED = {'a', 'b', 'c'} <= {1.5}\n" * (source.stem == change)
            name = source.relative_to(ROOT)
            code = importlib._bootstrap_external._code_to_timestamp_pyc(compile(text, str(name), "exec", dont_inherit=True))
            file.writestr(*((f"{name}c", code) if compiled else (str(name), text)))
    return str(path)


def test_key_of_kept_kernels_without_files(tmp_path):
    """In an archive, of text or of byte code, as in frozen programs: alike for alike code, and another for another version of any module."""
    assert {*MODULES} | {"__init__"} == {path.stem for path in makers()}
    same = [archive(tmp_path / f"{compiled}.zip", compiled) for compiled in (False, True)]
    others = [archive(tmp_path / f"{name}.zip", False, name) for name in MODULES]
    found = [subprocess.run([sys.executable, "-c", ARCHIVED, *same, *others], capture_output=True, text=True, check=True,
                            env=os.environ | {"PYTHONHASHSEED": seed}).stdout.split() for seed in ("1", "2")]
    assert found[0] == found[1] and found[0][0] == found[0][1]
    assert len({*found[0]}) == 1 + len(MODULES)


def test_key_of_kept_kernels_without_metadata(monkeypatch):
    """As in frozen programs: packages are told apart by their code, what has none by the program; Numba is not imported for it."""
    known = [machine_module.version(name) for name in ("numba", "llvmlite")]

    def no_metadata(name):
        raise metadata.PackageNotFoundError(name)
    monkeypatch.setattr(metadata, "version", no_metadata)
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    for name, version in zip(("numba", "llvmlite"), known, strict=True):
        assert version in machine_module.version(name)
    assert "numba" not in sys.modules
    program = machine_module.identity("graphc_nothing._version")
    assert str(os.stat(sys.executable).st_size) in program and "graphc_nothing" in program
    assert machine_module.identity("math") != program
    monkeypatch.setattr(sys, "executable", "")
    assert machine_module.identity("math") == "('math', None)"
