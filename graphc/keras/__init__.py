"""`tf.keras`: layers and models of them, what they are trained with, and data sets that are there."""

from importlib import import_module as _import
from typing import TYPE_CHECKING

from ..tf1_names import getter as _getter
from . import datasets as datasets

# Imported when they are first named: the layers of `tf.layers` are made of those here, and need the half of this namespace that lies below.
_LATER = ("activations", "constraints", "initializers", "layers", "losses", "metrics", "optimizers", "regularizers")

__all__ = ["datasets", *_LATER]


def _later(name: str) -> object:
    if name not in _LATER:
        _getter(__name__)(name)             # AttributeError, with what to write instead
    return _import(f"{__name__}.{name}")


if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _later


def __dir__() -> list[str]:
    return [*__all__]
