"""`tf.compat`: texts as bytes and as str; and `tf.compat.v1`, which is graphc itself."""

from __future__ import annotations

import numbers
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .errors import DTypeError
from .ir.node import here
from .ops.facts import dimension_at_index, dimension_value
from .tf1_names import namespace as _namespace

__all__ = ["as_bytes", "as_str", "as_str_any", "as_text", "bytes_or_text_types", "complex_types", "dimension_at_index", "dimension_value",
           "forward_compatibility_horizon", "forward_compatible", "integral_types", "path_to_str", "real_types"]

# Of what classes a value of each kind may be.
bytes_or_text_types = (bytes, str)
integral_types: tuple[type, ...] = (numbers.Integral, np.integer)
real_types: tuple[type, ...] = (numbers.Real, np.integer, np.floating)
complex_types: tuple[type, ...] = (numbers.Complex, np.number)

# `import graphc.compat.v1 as tf` and `tf.compat.v1` are the package.
__path__: list[str] = []
if __package__:
    v1 = sys.modules[__package__]
    sys.modules[f"{__name__}.v1"] = v1


def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """A text as bytes. DTypeError: neither str nor bytes.

    >>> tf.compat.as_bytes("a"), tf.compat.as_str(b"a")
    (b'a', 'a')
    """
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, (bytes, bytearray)):
        return bytes(bytes_or_text)
    raise DTypeError(f"{bytes_or_text!r:.60} is neither str nor bytes{here()}")


def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """A text as str. DTypeError: neither str nor bytes."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    return as_bytes(bytes_or_text).decode(encoding)


as_str = as_text


def as_str_any(value: Any) -> str:
    """A text as str; `str(value)` of everything else."""
    return as_text(value) if isinstance(value, (str, bytes)) else str(value)


def path_to_str(path: Any) -> Any:
    """A path as a text; what is none as it is."""
    return as_str_any(os.fspath(path)) if isinstance(path, os.PathLike) else path


def forward_compatible(year: int, month: int, day: int) -> bool:
    """True: nothing waits for other versions to be out."""
    return True


@contextmanager
def forward_compatibility_horizon(year: int, month: int, day: int) -> Iterator[None]:
    """Nothing: `forward_compatible` is true of every day."""
    yield

_namespace(globals())
