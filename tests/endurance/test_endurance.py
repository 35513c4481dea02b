"""A small part of each trial, which all of `python -m tests.endurance` is."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import ROOT

from .__main__ import TRIALS


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="signals, forks and /proc are as Linux has them")
@pytest.mark.parametrize("name", TRIALS)
def test_a_small_part_of_it(name: str) -> None:
    done = subprocess.run([sys.executable, "-m", "tests.endurance", name, "--part", "0.004"], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{name}: ") and "WRONG" not in done.stdout


def test_what_should_not_be_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from . import __main__ as command

    def wrong(part: float) -> str:
        raise AssertionError(f"lost at {part}")
    monkeypatch.setitem(command.TRIALS, "memory", ("", wrong))
    monkeypatch.setattr(sys, "argv", ["endurance", "memory", "--part", "0.5"])
    assert command.main() == 1
    assert "memory: WRONG: lost at 0.5" in capsys.readouterr().out
