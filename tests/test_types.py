"""Checkers of types know graphc's names, arguments and results: the stubs are those of the declarations, and a user's program is checked."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.stubs import STUBS, stub

PROGRAM = ROOT / "tests" / "data" / "typed" / "program.py"
WRONG = [i for i, line in enumerate(PROGRAM.read_text().splitlines(), 1) if line.endswith("# wrong")]


@pytest.mark.parametrize("name, path", STUBS.items(), ids=STUBS)
def test_stub_is_current(name, path):
    assert path.read_text() == stub(name), "run python -m tests.stubs"


@pytest.mark.parametrize("name, path", STUBS.items(), ids=STUBS)
def test_stub_is_complete(name, path):
    made: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            made |= {a.asname for a in node.names if a.asname and not a.asname.startswith("_")}
        elif isinstance(node, ast.FunctionDef):
            made.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            made.add(ast.unparse(node.target))
    assert made == {*dir(sys.modules[name])}


def complained(command: list[str], folder: Path) -> list[int]:
    """The lines of the user's program, in a folder of its own, that a checker calls errors."""
    (folder / PROGRAM.name).write_text(PROGRAM.read_text())
    done = subprocess.run([*command, PROGRAM.name], cwd=folder, capture_output=True, text=True)
    lines = {int(line) for line in re.findall(rf"{PROGRAM.name}:(\d+):(?:\d+ -)? error", done.stdout)}
    assert lines or done.returncode, done.stdout + done.stderr
    return sorted(lines)


def test_mypy_finds_what_is_wrong_and_nothing_else(tmp_path):
    """Against graphc as it is installed here, by an ordinary or an editable install."""
    cache = ROOT / ".mypy_cache" / "strict"
    assert complained([sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache)], tmp_path) == WRONG


@pytest.mark.skipif(shutil.which("pyright") is None, reason="pyright is not installed: its Python package loads it from the network")
def test_pyright_finds_what_is_wrong_and_nothing_else(tmp_path):
    assert complained(["pyright", "--pythonpath", sys.executable], tmp_path) == WRONG
