"""Nested structures of values: lists, tuples, named tuples, mappings and composites, taken apart into leaves and put together again.

`composites=False` leaves composites whole, as leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import GraphError
from .node import here


class Composite:
    """A value made of several tensors, which structures take apart: it gives its parts, and itself again of others."""

    def parts(self) -> list[Any]:
        """The tensors it is made of, in order."""
        raise NotImplementedError

    def of_parts(self, parts: Sequence[Any]) -> Any:
        """A value of the same kind, made of other tensors."""
        raise NotImplementedError

    def carried(self, type: Any) -> Any:
        """The type that a part of this type has inside a loop, where it may change."""
        return type


def is_nested(value: Any, composites: bool = True) -> bool:
    """Whether a value is a structure, and no leaf."""
    return isinstance(value, (list, tuple, Mapping)) or (composites and isinstance(value, Composite)) or hasattr(value.__class__, "__attrs_attrs__")


def children(value: Any) -> list[Any]:
    """The values right inside a structure; those of a mapping in the order of its keys, as TensorFlow 1 has them."""
    if isinstance(value, Mapping):
        return [value[key] for key in _keys(value)]
    if isinstance(value, Composite):
        return value.parts()
    if hasattr(value.__class__, "__attrs_attrs__"):
        return [getattr(value, a.name) for a in value.__class__.__attrs_attrs__]
    return list(value)


def _keys(value: Mapping[Any, Any]) -> list[Any]:
    try:
        return sorted(value)
    except TypeError:
        raise GraphError(f"the keys of a mapping of tensors can be sorted, which {list(value)!r:.80} cannot{here()}") from None


def flatten(value: Any, composites: bool = True) -> list[Any]:
    """The leaves of a structure, in order; of a leaf itself.

    >>> flatten([1, (2, {"b": 4, "a": 3})])
    [1, 2, 3, 4]
    """
    # Recursive over the levels that a program writes down.
    return [leaf for child in children(value) for leaf in flatten(child, composites)] if is_nested(value, composites) else [value]


def pack(like: Any, leaves: Sequence[Any], composites: bool = True) -> Any:
    """The structure of `like` with other leaves in place of its own.

    >>> pack([1, (2, 3)], "abc")
    ['a', ('b', 'c')]
    """
    return _packed(like, iter(leaves), composites)


def _packed(like: Any, leaves: Iterator[Any], composites: bool) -> Any:
    if not is_nested(like, composites):
        return next(leaves)
    parts = [_packed(child, leaves, composites) for child in children(like)]
    if isinstance(like, Mapping):
        by_key = dict(zip(_keys(like), parts, strict=True))
        made: Any = like.__class__
        return made((key, by_key[key]) for key in like)
    if isinstance(like, Composite):
        return like.of_parts(parts)
    if hasattr(like, "_make"):
        return like._make(parts)
    return like.__class__(*parts) if hasattr(like.__class__, "__attrs_attrs__") else like.__class__(parts)


def mapped(function: Callable[..., Any], *structures: Any, composites: bool = True) -> Any:
    """The structure of the first with the function's values of the leaves that stand in the same place of all."""
    found = [function(*leaves) for leaves in zip(*(flatten(s, composites) for s in structures), strict=True)]
    return pack(structures[0], found, composites)


def difference(a: Any, b: Any, where: str = "") -> str | None:
    """How the structures of two values differ, in words, and where; None if they are one.

    >>> difference([1, (2, 3)], [1, 2])
    'a tuple of 2 and a value at [1]'
    """
    at = f" at {where}" if where else ""
    if is_nested(a) != is_nested(b) or (is_nested(a) and _kind(a) is not _kind(b)):
        return f"{_told(a)} and {_told(b)}{at}"
    if not is_nested(a):
        return None
    if isinstance(a, Mapping) and {*a} != {*b}:
        return f"the keys {_keys(a)} and {_keys(b)}{at}"
    one, other = children(a), children(b)
    if len(one) != len(other):
        return f"{_told(a)} and {_told(b)}{at}"
    names = _keys(a) if isinstance(a, Mapping) else range(len(one))
    found = (difference(x, y, f"{where}[{name!r}]") for name, x, y in zip(names, one, other, strict=True))
    return next((f for f in found if f is not None), None)


def _kind(value: Any) -> type:
    """What decides whether structures are of one kind: all mappings are, all named tuples of one class, all lists."""
    return Mapping if isinstance(value, Mapping) else value.__class__


def _told(value: Any) -> str:
    if not is_nested(value):
        return "a value"
    return value.__class__.__name__ if isinstance(value, Composite) else f"a {value.__class__.__name__} of {len(children(value))}"
