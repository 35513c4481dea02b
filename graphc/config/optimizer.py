"""`tf.config.optimizer`: TensorFlow's switches of passes, kept and without effect: graphc compiles each graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..tf1_names import namespace as _namespace

__all__ = ["get_experimental_options", "get_jit", "set_experimental_options", "set_jit"]

_options: dict[str, Any] = {}


def get_jit() -> bool:
    """True: each graph becomes machine code, unless a session is made with `jit=False`."""
    return True


def set_jit(enabled: bool) -> None:
    """Nothing: a session is made with `jit=False` to do without machine code."""


def get_experimental_options() -> dict[str, Any]:
    """The switches that were set."""
    return dict(_options)


def set_experimental_options(options: Mapping[str, Any]) -> None:
    """Keep switches of TensorFlow's passes; they have no effect."""
    _options.update(options)

_namespace(globals())
