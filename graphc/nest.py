"""`tf.nest`: nested lists, tuples, named tuples and dicts as flat lists of what they hold, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import ArgumentError
from .ir import nest
from .ir.node import here
from .tf1_names import namespace as _namespace

__all__ = ["assert_same_structure", "flatten", "is_nested", "is_sequence", "map_structure", "pack_sequence_as"]


def is_nested(structure: Any) -> bool:
    """Whether it is a list, a tuple or a dict, and no text, array or tensor."""
    return nest.is_nested(structure, composites=False)


def is_sequence(seq: Any) -> bool:
    """`is_nested`."""
    return is_nested(seq)


def flatten(structure: Any) -> list[Any]:
    """All that a structure holds, in order; something that is none is a list of itself. Dicts go by their sorted keys.

    >>> tf.nest.flatten({"b": [1, 2], "a": (3,)})
    [3, 1, 2]
    """
    return nest.flatten(structure, composites=False)


def pack_sequence_as(structure: Any, flat_sequence: Any) -> Any:
    """The structure with the members of a flat list in it. ArgumentError: too few, or too many.

    >>> tf.nest.pack_sequence_as([0, (0, 0)], [1, 2, 3])
    [1, (2, 3)]
    """
    flat = [*flat_sequence]
    count = len(flatten(structure))
    if len(flat) != count:
        raise ArgumentError(f"pack_sequence_as: the structure holds {count}, and there are {len(flat)}{here()}")
    return nest.pack(structure, flat, composites=False)


def map_structure(func: Callable[..., Any], *structure: Any, check_types: bool = True, expand_composites: bool = False) -> Any:
    """A structure of what `func` gives for the members of one or several, which hold as many. ArgumentError: they are of another form.

    >>> tf.nest.map_structure(lambda a, b: a + b, [1, (2,)], [10, (20,)])
    [11, (22,)]
    """
    if not structure:
        raise ArgumentError(f"map_structure takes at least one structure{here()}")
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types)
    return pack_sequence_as(structure[0], [func(*members) for members in zip(*map(flatten, structure), strict=True)])


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """ArgumentError, unless two structures are of one form: as many parts everywhere, and with `check_types` of the same classes."""
    different = _different(nest1, nest2, check_types)
    if different:
        raise ArgumentError(f"two structures are not of one form: {different}{here()}")


def _different(a: Any, b: Any, check_types: bool) -> str:
    """What is different of two structures; nothing if they are of one form."""
    if is_nested(a) != is_nested(b):
        return f"{a!r:.60} and {b!r:.60}"
    if not is_nested(a):
        return ""
    if check_types and type(a) is not type(b) and not (isinstance(a, Mapping) and isinstance(b, Mapping)):
        return f"{type(a).__name__} and {type(b).__name__}"
    if len(nest.children(a)) != len(nest.children(b)) or (isinstance(a, Mapping) and isinstance(b, Mapping) and set(a) != set(b)):
        return f"{a!r:.60} and {b!r:.60}"
    return next((d for d in (_different(x, y, check_types) for x, y in zip(nest.children(a), nest.children(b), strict=True)) if d), "")


_namespace(globals())
