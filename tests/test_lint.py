"""ruff and mypy find nothing."""

import subprocess

import pytest

from tests import ROOT
from tests.__main__ import LINTERS

pytestmark = pytest.mark.lint


@pytest.mark.parametrize("command", LINTERS, ids=lambda c: c[2])
def test_clean(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
