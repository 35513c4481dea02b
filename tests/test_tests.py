"""The tests' own house: a place for each package's, commands that run what they say, hooks that run the same."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.__main__ import LEFT_OUT, LINTERS, TASKS

PACKAGE = ROOT / "graphc"
# Namespaces whose parts are tested with the whole.
ONE = {"contrib", "examples"}
PACKAGES = sorted(p.parent.relative_to(PACKAGE) for p in PACKAGE.glob("*/**/__init__.py")
                  if p.relative_to(PACKAGE).parts[0] not in ONE or len(p.relative_to(PACKAGE).parts) == 2)
# A package whose name means something else in tests/ -> where its tests are: tests/data is what tests read, test_examples.py runs examples/;
# and models are what an engine is for.
ELSEWHERE = {"data": "datasets/test_*.py", "keras/engine": "keras/test_models.py", "examples": "test_run.py", "testing": "test_grads.py"}


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
