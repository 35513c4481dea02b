"""Nested states, inputs and outputs of cells: `ir.nest` with composite values, as a TensorArray, left whole; and how messages name them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GraphError
from ..ir import nest
from ..ir.node import here

__all__ = ["alike", "flatten", "is_nested", "mapped", "packed"]


def is_nested(value: Any) -> bool:
    """Whether a value holds others: a list, a tuple, a named tuple or a mapping."""
    return nest.is_nested(value) and not isinstance(value, nest.Composite)


def flatten(value: Any) -> list[Any]:
    """The leaves from left to right, of mappings in the order of their keys; a leaf is a list of itself.

    >>> flatten({"b": (1, 2), "a": [3]}), flatten(4)
    ([3, 1, 2], [4])
    """
    return [leaf for part in nest.children(value) for leaf in flatten(part)] if is_nested(value) else [value]


def packed(like: Any, leaves: Sequence[Any]) -> Any:
    """Leaves in the structure of `like`, which has as many.

    >>> packed((0, [0]), ["a", "b"])
    ('a', ['b'])
    """
    if not is_nested(like):
        return leaves[0]
    parts, at = [], 0
    for part in nest.children(like):
        count = len(flatten(part))
        parts.append(packed(part, leaves[at:at + count]))
        at += count
    return put_together(like, parts)


def put_together(like: Any, parts: Sequence[Any]) -> Any:
    """A structure of the kind of `like` of other parts, in the order of its children."""
    if hasattr(like, "_make"):
        return like._make(parts)
    if isinstance(like, (list, tuple)):
        return like.__class__(parts)
    by_key = dict(zip(sorted(like), parts, strict=True))
    return like.__class__((key, by_key[key]) for key in like)


def mapped(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """`function` of the leaves at each place of structures with as many, in the structure of the first.

    >>> mapped(lambda a, b: a + b, (1, [2]), (10, [20]))
    (11, [22])
    """
    return packed(first, [function(*leaves) for leaves in zip(*(flatten(v) for v in (first, *others)), strict=True)])


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
