"""`tf.logging`: what graphc and programs log, to Python's logger `graphc`, under TensorFlow's names; `set_verbosity` is the switch."""

from __future__ import annotations

import logging as _logging
from logging import DEBUG, ERROR, FATAL, INFO, WARN
from typing import Any

from .cpu.telling import LOGGER
from .errors import InvalidArgumentError
from .ir.node import Loc, caller, here
from .tf1_names import namespace as _namespace

__all__ = ["DEBUG", "ERROR", "FATAL", "INFO", "WARN", "debug", "error", "fatal", "flush", "get_verbosity", "info", "log", "log_every_n",
           "log_first_n", "log_if", "set_verbosity", "vlog", "warn", "warning"]

_counts: dict[Loc, int] = {}        # how often each line has come by, of those that log every nth time


def set_verbosity(v: int | str) -> None:
    """Log what is at least as grave: DEBUG, INFO, WARN (the default), ERROR or FATAL.

    With INFO, every compilation is told; with ERROR, not even a terminal hears that one takes long. InvalidArgumentError: no level.

    >>> tf.logging.set_verbosity(tf.logging.ERROR)
    >>> tf.logging.get_verbosity() == tf.logging.ERROR
    True
    >>> tf.logging.set_verbosity(tf.logging.WARN)
    """
    try:
        LOGGER.setLevel(v)
    except (ValueError, TypeError):
        raise InvalidArgumentError(f"{v!r:.60} is no level of logging{here()}") from None


def get_verbosity() -> int:
    """The least grave level that is logged.

    >>> tf.logging.get_verbosity() == tf.logging.WARN
    True
    """
    return LOGGER.getEffectiveLevel()


def log(level: int, msg: object, *args: Any, **kwargs: Any) -> None:
    """Log `msg % args` at a level."""
    LOGGER.log(level, msg, *args, **kwargs)


def vlog(level: int, msg: object, *args: Any, **kwargs: Any) -> None:
    """`log`."""
    LOGGER.log(level, msg, *args, **kwargs)


def debug(msg: object, *args: Any, **kwargs: Any) -> None:
    """Log at the level DEBUG."""
    LOGGER.debug(msg, *args, **kwargs)


def info(msg: object, *args: Any, **kwargs: Any) -> None:
    """Log at the level INFO."""
    LOGGER.info(msg, *args, **kwargs)


def warning(msg: object, *args: Any, **kwargs: Any) -> None:
    """Log at the level WARN."""
    LOGGER.warning(msg, *args, **kwargs)


def warn(msg: object, *args: Any, **kwargs: Any) -> None:
    """`warning`."""
    LOGGER.warning(msg, *args, **kwargs)


def error(msg: object, *args: Any, **kwargs: Any) -> None:
    """Log at the level ERROR."""
    LOGGER.error(msg, *args, **kwargs)


def fatal(msg: object, *args: Any, **kwargs: Any) -> None:
    """Log at the level FATAL; the program goes on."""
    LOGGER.critical(msg, *args, **kwargs)


def log_if(level: int, msg: object, condition: object, *args: Any) -> None:
    """Log if the condition is true."""
    if condition:
        LOGGER.log(level, msg, *args)


def log_first_n(level: int, msg: object, n: int, *args: Any) -> None:
    """Log the first `n` times that the program comes by this line."""
    if _times() < n:
        LOGGER.log(level, msg, *args)


def log_every_n(level: int, msg: object, n: int, *args: Any) -> None:
    """Log the first and then every `n`th time that the program comes by this line."""
    if _times() % n == 0:
        LOGGER.log(level, msg, *args)


def _times() -> int:
    """How often the user's line has come by before."""
    line = caller()
    _counts[line] = _counts.get(line, -1) + 1
    return _counts[line]


def flush() -> None:
    """Write what handlers still hold."""
    for handler in (*LOGGER.handlers, *_logging.getLogger().handlers):
        handler.flush()


_namespace(globals())
