"""What compiling says while it works: a line on a terminal where it takes long, and more for those who ask for it."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import InvalidArgumentError

LOGGER = logging.getLogger("graphc")
PATIENCE = 1.0          # seconds after which one who waits at a terminal is told for what


class _Stderr(logging.StreamHandler):       # which takes no argument before Python 3.11
    """What is logged, on what `sys.stderr` is by then; nothing where the program has handlers of its own, which see it too."""

    def emit(self, record: logging.LogRecord) -> None:
        if not logging.getLogger().handlers:
            self.stream = sys.stderr
            super().emit(record)


_handler = _Stderr()
_handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
LOGGER.addHandler(_handler)
LOGGER.setLevel(logging.WARNING)


def get_logger() -> logging.Logger:
    """Python's logger that everything goes to which is logged, the program's own by `tf.logging` too.

    >>> tf.get_logger().name
    'graphc'
    """
    return LOGGER


def told() -> bool:
    """Whether what is compiled is to be told: GRAPHC_LOG=compile, or a verbosity of INFO. InvalidArgumentError: another value."""
    text = os.environ.get("GRAPHC_LOG", "")
    if text not in ("", "compile"):
        raise InvalidArgumentError(f"GRAPHC_LOG={text!r:.60} is nothing that is logged; there is: compile")
    return bool(text) or LOGGER.isEnabledFor(logging.INFO)


def tell(text: str) -> None:
    """Log at the level INFO, for those who asked in either way."""
    LOGGER.handle(LOGGER.makeRecord(LOGGER.name, logging.INFO, "", 0, text, (), None))


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Who waits at a terminal longer than `PATIENCE` for what is done inside reads `graphc: text`, once; not with a verbosity of ERROR."""
    if not (LOGGER.isEnabledFor(logging.WARNING) and _is_terminal(sys.stderr)):
        yield
        return
    timer = threading.Timer(PATIENCE, lambda: print(f"graphc: {text}", file=sys.stderr, flush=True))
    timer.name, timer.daemon = "graphc tells", True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _is_terminal(stream: Any) -> bool:
    """Programs put anything in the place of `sys.stderr`, also None."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):        # ValueError: it is closed
        return False
