"""Programs run as processes of their own, by Python and by `graphc run`."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

from tests import ROOT


def python(folder, *arguments, **options):
    """A process in a folder: its exit code, and both streams."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=folder, env=environment, **options)
    return done.returncode, done.stdout, done.stderr


def ran(folder, text, *arguments, before=()):
    (folder / "script.py").write_text(textwrap.dedent(text))
    return python(folder, "-m", "graphc", "run", *before, "script.py", *arguments)
