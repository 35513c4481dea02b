"""`python -m tests {fast,lint,all,golden} [arguments for pytest]`: what to run before a line is kept, a commit made, a branch given away."""

from __future__ import annotations

import argparse
import subprocess
import sys

from . import ROOT

PYTHON = [sys.executable, "-m"]
LEFT_OUT = ("browser", "example", "fuzz", "lint", "slow")      # markers, which pyproject.toml explains
QUICK = " and ".join(f"not {marker}" for marker in LEFT_OUT)
LINTERS = ([*PYTHON, "ruff", "check", "."], [*PYTHON, "mypy"])
# name -> (what it is for, the commands it runs)
TASKS: dict[str, tuple[str, list[list[str]]]] = {
    "fast": (f"all tests but those marked {', '.join(LEFT_OUT)}: some minutes once kernels are kept",
             [[*PYTHON, "pytest", "-m", QUICK]]),
    "lint": ("ruff, mypy and the rule of imports: half a minute",
             [*LINTERS, [*PYTHON, "pytest", "tests/test_layers.py"]]),
    "all": ("every test, on all cores: ten to twenty minutes on two of them with kernels kept", [[*PYTHON, "pytest", "-n", "auto"]]),
    "golden": ("nothing is tested: writes the files in tests/golden anew, to be read before they are kept",
               [[sys.executable, "-c", "from tests import golden; print('changed:', *golden.renew() or ['nothing'])"]]),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests", description="Further arguments go to pytest: `python -m tests fast -k gather -x`.",
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog="\n".join(f"  {name:8}{about}" for name, (about, _) in TASKS.items()))
    parser.add_argument("task", choices=TASKS, metavar="{" + ",".join(TASKS) + "}", help="one of these:")
    chosen, further = parser.parse_known_args()
    status = 0
    for command in TASKS[chosen.task][1]:
        status |= subprocess.run([*command, *(further if "pytest" in command else [])], cwd=ROOT).returncode
    sys.exit(status)


if __name__ == "__main__":
    main()
