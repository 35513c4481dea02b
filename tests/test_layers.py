"""Imports go one way, wherever in a file they stand; every module says what it is; importing graphc is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

from tests import ROOT

PACKAGE = ROOT / "graphc"
# From the bottom up: a folder imports itself and what stands before it. What is not named is a namespace, a module or package that
# users import: namespaces stand above the folders and below `inspection`.
ORDER = ["version", "tf1_names", "process", "errors", "ir", "ops", "autodiff", "compiler", "cpu", "runtime", "files", "NAMESPACES",
         "inspection", "__init__", "__main__"]
FORBIDDEN = {("compiler", "autodiff")}      # stand side by side
# A file and a folder above it: a method there only passes on to a function here, so that users find it where they look for it.
DOORS = {("runtime/session.py", "inspection"), ("runtime/call.py", "inspection"), ("keras/utils/pictures.py", "inspection")}
MODULES = sorted(PACKAGE.rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def folder(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return first if first in ORDER else "NAMESPACES"


def module(place: Path) -> Path | None:
    return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.exists()), None)


def imported(path: Path) -> Iterator[Path]:
    """The modules of the package that a module imports: at its top, in functions, and for annotations."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for alias in node.names:
                found = module(base / alias.name) or module(base)
                assert found is not None, f"{name(path)} imports {alias.name} from nowhere"
                yield found
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and name(path) != "__main__.py":
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            assert not any(n.split(".")[0] == "graphc" for n in names), f"{name(path)} names its own package: imports within are relative"


IMPORTS = {path: set(imported(path)) - {path} for path in MODULES}
GRAPH = nx.DiGraph((path, other) for path, others in IMPORTS.items() for other in others)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_go_down(path):
    own = folder(path)
    for other in map(folder, IMPORTS[path]):
        allowed = ORDER.index(other) <= ORDER.index(own) and (own, other) not in FORBIDDEN
        assert allowed or (name(path), other) in DOORS, f"{name(path)} imports {other}"


def test_every_door_is_used():
    assert {(name(p), folder(q)) for p, q in GRAPH.edges if ORDER.index(folder(q)) > ORDER.index(folder(p))} == DOORS


def test_no_circles():
    through = GRAPH.edge_subgraph((p, q) for p, q in GRAPH.edges if (name(p), folder(q)) not in DOORS)
    assert [sorted(map(name, g)) for g in nx.strongly_connected_components(through) if len(g) > 1] == []


def test_kernel_language_stands_alone():
    """What decides the machine code of a text is one folder, and the constants of the random numbers."""
    outside = {name(q) for p, q in GRAPH.edges if name(p).startswith("cpu/kernel/") and not name(q).startswith("cpu/kernel/")}
    assert outside == {"ops/philox.py"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_module_says_what_it_is(path):
    text = ast.get_docstring(ast.parse(path.read_text()))
    assert text, "a module begins with a sentence that is true of all of it"
    first = text.splitlines()[0].rstrip()
    assert len(first) > 10 and first.endswith((".", ":", ","))


def test_import_is_light():
    code = "import sys, graphc; print([m for m in ('numba', 'llvmlite', 'scipy', 'matplotlib') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent).stdout.strip() == "[]"
