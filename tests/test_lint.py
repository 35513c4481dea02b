"""ruff and mypy find nothing."""

import subprocess
import sys

import pytest

from tests import ROOT


@pytest.mark.parametrize("command", [["ruff", "check", "."], ["mypy", "graphc"]], ids=lambda c: c[0])
def test_clean(command, tmp_path):
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
