"""Nested states, inputs and outputs of cells: `ir.nest` with composite values, as a TensorArray, left whole; and how messages name them."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..errors import GraphError
from ..ir import nest
from ..ir.node import here

__all__ = ["alike", "flatten", "is_nested", "mapped", "packed"]


is_nested = partial(nest.is_nested, composites=False)
flatten = partial(nest.flatten, composites=False)
packed = partial(nest.pack, composites=False)
mapped = partial(nest.mapped, composites=False)


def alike(what: str, first: Any, second: Any) -> None:
    """GraphError, in the name of `what`: the two have other numbers of leaves, so that one cannot be put in the structure of the other."""
    if len(flatten(first)) != len(flatten(second)):
        raise GraphError(f"{what}: {shown(first)} and {shown(second)} are not nested alike{here()}")


def shown(value: Any) -> str:
    """A structure as messages show it: its leaves as `*`.

    >>> shown((1, [2, 3]))
    '(*, [*, *])'
    """
    if not is_nested(value):
        return "*"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r:.40}: {shown(value[k])}" for k in sorted(value)) + "}"
    inner = ", ".join(map(shown, nest.children(value)))
    name = type(value).__name__ if hasattr(value, "_fields") else ""
    return f"[{inner}]" if isinstance(value, list) else f"{name}({inner}{',' if len(nest.children(value)) == 1 else ''})"
