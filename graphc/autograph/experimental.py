"""`tf.autograph.experimental`: the decorator of functions that are not to be translated, as none is here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tf1_names import namespace as _namespace

__all__ = ["do_not_convert"]


def do_not_convert(func: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """The function as it is, or of None what gives a function as it is: no function is translated.

    >>> @tf.autograph.experimental.do_not_convert
    ... def doubled(x):
    ...     return 2 * x
    >>> doubled(3)
    6
    """
    return do_not_convert if func is None else func


_namespace(globals())
