"""Configurations: the arguments of a constructor, read from the attributes of the same names, as plain data that JSON holds."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from .types import DType


class Configured:
    """An object whose configuration is the arguments of its constructor, which are its attributes of the same names."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the object anew."""
        return settings(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """The object of those arguments."""
        return cls(**config)


def arguments(value: Any) -> list[str]:
    """The names of the arguments of the constructor of the class of graphc that an object is of."""
    kind = next(c for c in type(value).__mro__ if c.__module__.partition(".")[0] == "graphc")
    parameters = inspect.signature(kind).parameters.values()
    return [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]


def settings(value: Any) -> dict[str, Any]:
    """The arguments of the constructor of the class of graphc that an object is of, read from its attributes of the same names."""
    return {name: plain(getattr(value, name)) for name in arguments(value)}


def plain(value: Any) -> Any:
    """A setting as JSON holds it: names of dtypes, numbers of Python, lists and tuples of such."""
    if isinstance(value, (np.integer, np.floating, np.bool_)):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain, value)) if type(value) in (list, tuple) else value
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value.name if isinstance(value, DType) else value
