"""Nested structures of tensors: lists, tuples, named tuples and dicts, taken apart in a fixed order and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..errors import GraphError
from ..ir.node import here

__all__ = ["alike", "flatten", "is_nested", "mapped", "packed"]


def is_nested(value: Any) -> bool:
    """Whether a value holds others: a list, a tuple, a named tuple or a dict."""
    return isinstance(value, (list, tuple, dict))


def _parts(value: Any) -> list[Any]:
    return [value[k] for k in sorted(value)] if isinstance(value, dict) else list(value)


def flatten(value: Any) -> list[Any]:
    """The leaves from left to right, of dicts in the order of their keys; a leaf is a list of itself.

    >>> flatten({"b": (1, 2), "a": [3]}), flatten(4)
    ([3, 1, 2], [4])
    """
    return [leaf for part in _parts(value) for leaf in flatten(part)] if is_nested(value) else [value]


def like(value: Any, parts: Sequence[Any]) -> Any:
    """A structure of the kind of `value` made of other parts."""
    if isinstance(value, dict):
        return type(value)(zip(sorted(value), parts, strict=True))
    return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)


def packed(value: Any, leaves: Sequence[Any]) -> Any:
    """Leaves in the structure of `value`, which has as many.

    >>> packed((0, [0]), ["a", "b"])
    ('a', ['b'])
    """
    def build(part: Any, left: Iterator[Any]) -> Any:
        return like(part, [build(p, left) for p in _parts(part)]) if is_nested(part) else next(left)
    return build(value, iter(leaves))


def alike(what: str, first: Any, second: Any) -> None:
    """GraphError, in the name of `what`: the two are not nested alike."""
    if is_nested(first) != is_nested(second) or is_nested(first) and (
            isinstance(first, dict) != isinstance(second, dict) or len(first) != len(second)
            or isinstance(first, dict) and sorted(first) != sorted(second)):
        raise GraphError(f"{what}: {shown(first)} and {shown(second)} are not nested alike{here()}")
    if is_nested(first):
        for one, other in zip(_parts(first), _parts(second), strict=True):
            alike(what, one, other)


def mapped(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """`function` of the leaves at each place of structures nested alike, in the structure of the first.

    >>> mapped(lambda a, b: a + b, (1, [2]), (10, [20]))
    (11, [22])
    """
    for other in others:
        alike("structures", first, other)
    return packed(first, [function(*leaves) for leaves in zip(*(flatten(v) for v in (first, *others)), strict=True)])


def shown(value: Any) -> str:
    """A structure as messages show it: its leaves as `*`.

    >>> shown((1, [2, 3]))
    '(*, [*, *])'
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r:.40}: {shown(value[k])}" for k in sorted(value)) + "}"
    if not is_nested(value):
        return "*"
    inner = ", ".join(map(shown, value))
    name = type(value).__name__ if hasattr(value, "_fields") else ""
    return f"[{inner}]" if isinstance(value, list) else f"{name}({inner}{',' if len(value) == 1 else ''})"
