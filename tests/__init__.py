"""The tests. `python -m tests fast` runs what takes some minutes; `python -m tests --help` says what else there is."""

from pathlib import Path

ROOT = Path(__file__).parent.parent     # of the repository
