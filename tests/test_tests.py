"""The tests' own house: a place for each package's, commands and hooks that run what they say, tests that can fail, each on numbers of its own."""

from __future__ import annotations

import ast
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

import graphc as tf
from graphc.ops import random as drawing
from tests import ROOT
from tests.__main__ import LEFT_OUT, LINTERS, TASKS
from tests.draws import draws, told

PACKAGE = ROOT / "graphc"
# Namespaces whose parts are tested with the whole.
ONE = {"contrib", "examples"}
PACKAGES = sorted(p.parent.relative_to(PACKAGE) for p in PACKAGE.glob("*/**/__init__.py")
                  if p.relative_to(PACKAGE).parts[0] not in ONE or len(p.relative_to(PACKAGE).parts) == 2)
# A package whose name means something else in tests/ -> where its tests are: tests/data is what tests read, test_examples.py runs examples/;
# and models are what an engine is for.
ELSEWHERE = {"data": "datasets/test_*.py", "keras/engine": "keras/test_models.py", "examples": "test_run.py", "python": "test_run.py",
             "testing": "test_grads.py"}


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_every_package_has_tests(package: Path) -> None:
    """A folder of its path, or a file of its name: beside the tests of the package that it is in."""
    own = [ELSEWHERE[str(package)]] if str(package) in ELSEWHERE else [f"{package}/test_*.py", f"{package.parent}/test_{package.name}.py"]
    assert any(list((ROOT / "tests").glob(pattern)) for pattern in own)


def test_markers_left_out_are_those_declared() -> None:
    (declared,) = re.findall(r"^markers = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)
    assert re.findall(r'^    "(\w+): ', declared, re.MULTILINE) == list(LEFT_OUT)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tests", *arguments], cwd=ROOT, capture_output=True, text=True)


# (arguments, exit status, part of what is said)
CALLS = [
    (["--help"], 0, "\n  golden  nothing is tested"),
    (["fast", "tests/runtime/test_session.py", "-k", "deep_chain", "--collect-only"], 0, "test_a_very_deep_chain[2000]\n\n1/"),
    (["fast", "tests/test_tests.py", "-k", "no_such_test"], 5, "deselected"),
    (["quick"], 2, "invalid choice: 'quick'"),
]


@pytest.mark.parametrize("arguments, status, said", CALLS, ids=[row[0][0] for row in CALLS])
def test_commands(arguments: list[str], status: int, said: str) -> None:
    done = run(*arguments)
    assert done.returncode == status and said in done.stdout + done.stderr


def test_help_says_what_each_task_is_for() -> None:
    said = " ".join(run("--help").stdout.split())
    assert all(f"{name} {' '.join(about.split())}" in said for name, (about, _) in TASKS.items())


def test_hooks_are_the_linters_and_the_rule_of_imports() -> None:
    entries = re.findall(r"entry: python (.*?), ", (ROOT / ".pre-commit-config.yaml").read_text())
    wanted = [" ".join(command[1:]) for command in TASKS["lint"][1]]
    assert [e.replace(" --force-exclude", " .") for e in entries] == wanted and len(LINTERS) == 2


# (exit status of a pytest, what it wrote, how .ci/ended says that it ended)
ENDED = [
    (0, "...\n3 passed, 2 skipped in 1.2s\n", "3 passed, 2 skipped in 1.2s"),
    (1, "== 2 failed, 3 passed, 1 error in 62.1s (0:01:02) ==\nsaid at exit\n", "2 failed, 3 passed, 1 error in 62.1s (0:01:02)"),
    (139, "....   [  5%]\n30 passed by\n", "1 failed (no test is told of: it ended with status 139)"),
    (124, "....", "1 failed (no test is told of: it was ended, for it took too long)"),
    (0, "", "1 failed (no test is told of: it ran nothing)"),
    (2, "3 passed in 3.0s\n", "3 passed in 3.0s, 1 failed (pytest ended with status 2)"),
]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize("status, written, said", ENDED, ids=[f"{row[0]}-{i}" for i, row in enumerate(ENDED)])
def test_how_a_run_ended_is_told(status: int, written: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(written)
    done = subprocess.run([ROOT / ".ci/ended", str(status), str(tmp_path / "log")], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{said}\n", "")


# ---------------------------------------------------------------------- what every test does

PARSED = {p: ast.parse(p.read_text()) for p in sorted((ROOT / "tests").rglob("*.py")) if "data" not in p.relative_to(ROOT).parts}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
HOLDING = re.compile(r"(raises|warns|deprecated_call|check(_\w+)?|assert_\w+)$")           # calls that fail where what they hold is not so


def called(node: ast.AST) -> str:
    """The last part of the name that is called, or nothing."""
    return ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""


def holds(node: ast.AST) -> bool:
    """An assertion, a call that is one, a process that must end well, or what a signature takes."""
    return isinstance(node, ast.Assert) or isinstance(node, ast.Call) and (
        HOLDING.match(called(node)) is not None or any(k.arg == "check" and ast.unparse(k.value) == "True" for k in node.keywords))


def own(tree: ast.Module) -> set[str]:
    """What a module makes itself or has from tests/: calls of anything else are what is tested."""
    made = {n.name for n in ast.walk(tree) if isinstance(n, (*FUNCTIONS[:2], ast.ClassDef))}
    return made | {a.asname or a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and (n.level or str(n.module).startswith("tests"))
                   for a in n.names}


def without_assertion(parsed: dict[Path, ast.Module]) -> list[str]:
    """Tests that neither hold anything nor call a function or make an object of tests/ that does."""
    bodies: dict[str, tuple[bool, set[str]]] = {}       # name -> whether it holds anything, and what of tests/ it calls
    tests: dict[str, str] = {}
    for path, tree in parsed.items():
        ours = own(tree)
        for node in (n for n in ast.walk(tree) if isinstance(n, (*FUNCTIONS[:2], ast.ClassDef))):
            inside = [*ast.walk(node)]
            calls = {called(n) for n in inside if isinstance(n, ast.Call) and ast.unparse(n.func).partition(".")[0] in ours}
            name = f"{path.name}:{node.lineno} {node.name}" if path.name.startswith("test_") and node.name.startswith("test_") else node.name
            held, known = bodies.get(name, (False, set()))
            bodies[name] = held or any(map(holds, inside)), known | calls
            if name != node.name:
                tests[name] = node.name
    holding = {name for name, (held, _) in bodies.items() if held}
    while more := {name for name, (_, calls) in bodies.items() if name not in holding and calls & holding}:
        holding |= more
    return [name for name in tests if name not in holding]


def shared_draws(parsed: dict[Path, ast.Module]) -> list[str]:
    """Generators of random numbers that a module has and its functions draw from: what one test gets then depends on those before it."""
    found = []
    for path, tree in parsed.items():
        made = {t.id for n in tree.body if isinstance(n, ast.Assign) and called(n.value) in ("default_rng", "RandomState", "Random", "Generator")
                for t in n.targets if isinstance(t, ast.Name)}
        inside = [n for f in ast.walk(tree) if isinstance(f, FUNCTIONS) for n in (ast.walk(f.body) if isinstance(f, ast.Lambda)
                                                                                  else (n for s in f.body for n in ast.walk(s)))]
        found += sorted({f"{path.name}: {n.id}" for n in inside if isinstance(n, ast.Name) and n.id in made})
    return found


def test_every_test_can_fail() -> None:
    assert without_assertion(PARSED) == []


def test_no_test_draws_from_where_another_has_drawn() -> None:
    """`tests.draws` gives a module a generator that is begun anew for each."""
    assert shared_draws(PARSED) == []


@pytest.mark.parametrize("look, text, found", [
    (without_assertion, "def test_x():\n    f()", ["test_a.py:1 test_x"]),
    (without_assertion, "def test_x():\n    f()\ndef f():\n    g()\ndef g():\n    assert 1", []),
    (without_assertion, "def test_x():\n    with pytest.raises(E):\n        f()", []),
    (without_assertion, "def test_x():\n    run([], check=False)", ["test_a.py:1 test_x"]),
    (shared_draws, "R = np.random.default_rng(3)\nX = R.normal()\ndef test_x():\n    R.normal()", ["test_a.py: R"]),
    (shared_draws, "R = np.random.RandomState(3)\nROWS = [lambda: R.normal()]", ["test_a.py: R"]),
    (shared_draws, "R = np.random.default_rng(3)\nX = R.normal()\n@parametrize(R.normal())\ndef test_x(): ...", []),
])
def test_what_is_no_test_is_seen(look: Callable[[dict[Path, ast.Module]], list[str]], text: str, found: list[str]) -> None:
    assert look({Path("test_a.py"): ast.parse(text)}) == found


def test_a_test_draws_the_same_numbers_after_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    for before in ("other", "many others"):
        generator = draws(3)
        for test in (*before.split(), "own"):
            monkeypatch.setenv("PYTEST_CURRENT_TEST", f"{test} (call)")
            drawn.append(generator.normal(size=2).tolist())
    assert drawn[1] == drawn[4] and len({*map(tuple, drawn)}) == 4
    assert told("own").splitlines() == [f"np.random.default_rng([3, {crc32(b'own')}])"] * 2 and not told("another")


@pytest.mark.parametrize("turn", range(2))
def test_numbers_without_a_seed_are_those_of_the_test(turn: int, request: pytest.FixtureRequest) -> None:
    """Whatever ran before: the keys of graphc's own, NumPy's old generator, Python's."""
    own = crc32(request.node.nodeid.encode())
    assert np.random.random() == np.random.RandomState(own).random() and random.random() == random.Random(own).random()
    keys = np.random.default_rng([0, own])
    with tf.Graph().as_default():
        drawn = [tf.random_uniform([2]).inputs[-1].attrs["value"].item() for _ in range(2)]
    assert drawn == [int.from_bytes(keys.bytes(8), "little") for _ in range(2)]
    tf.Session(jit=False).run(tf.data.Dataset.range(9).shuffle(9).make_one_shot_iterator().get_next())
    assert int.from_bytes(keys.bytes(8), "little") != drawing.fresh() == int.from_bytes(keys.bytes(8), "little")
