"""Imports go one way, every module says what it is, and the package does not import Numba."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "graphc"
LAYERS = ["version", "tf1_names", "errors", "ir", "ops", "autodiff", "files", "compiler", "cpu", "runtime", "initializers", "summary", "optimize",
          "contrib", "nn", "train", "variables", "numeric", "testing", "extend", "inspection", "__init__", "__main__"]
BESIDE: set[tuple[str, str]] = set()
MODULES = sorted(p for p in PACKAGE.rglob("*.py"))


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The layers a module imports when it is imported itself (not those inside its functions)."""
    depth = len(path.relative_to(PACKAGE).parts)
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            above = depth - node.level
            names = [node.module.split(".")[0]] if node.module else [a.name for a in node.names]
            found |= set(names) if above == 0 else {layer(path)}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down(path):
    own = layer(path)
    assert own in LAYERS, f"{own} has no place in the order of layers"
    for other in imported(path) - {own}:
        assert other in LAYERS and (LAYERS.index(other) < LAYERS.index(own) or (own, other) in BESIDE), f"{own} imports {other}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_module_says_what_it_is(path):
    text = ast.get_docstring(ast.parse(path.read_text()))
    assert text and text.splitlines()[0].rstrip().endswith((".", ":", ",")) or len(text.splitlines()[0]) > 60


def test_import_is_light():
    code = "import sys, graphc; print([m for m in ('numba', 'llvmlite', 'scipy', 'matplotlib') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent).stdout.strip() == "[]"
