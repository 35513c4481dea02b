"""`tf.app`: `run` calls a program's `main` with its flags parsed, and ends the process; `flags` is `tf.flags`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from . import flags
from .errors import FlagError
from .tf1_names import namespace as _namespace

__all__ = ["flags", "run"]


def run(main: Callable[[list[str]], Any] | None = None, argv: Sequence[str] | None = None) -> NoReturn:
    """Parse the flags of the command line, call `main` with what is left of it, and exit with what it gives.

    `main`: default the program's own; `argv`: default `sys.argv`. Flags that are not declared are left to `main`; one with a wrong value
    ends the process with the code 1 and a sentence.
    """
    words = [*(sys.argv if argv is None else argv)]
    try:
        left = flags.FLAGS(words, known_only=True)
    except FlagError as e:
        print(f"FATAL Flags parsing error: {e}\nPass --help to see the flags.", file=sys.stderr)
        sys.exit(1)
    sys.exit((main or sys.modules["__main__"].main)(left))


_namespace(globals())
