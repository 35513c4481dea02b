"""The structures that elements of datasets have: tuples and dicts of tensors, taken apart in one order and put together again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import GraphError
from ..ir.node import Node, here, saying
from ..ir.types import TensorShape, TensorType, as_dtype, as_shape, compatible, merge


class Structure(NamedTuple):
    """The types of an element's components, in order, and its form: an int stands for the component of that place.

    Tuples (named ones too) and dicts are taken apart, dicts in the order of their sorted keys; a list is one tensor, as in TensorFlow.
    """

    form: Any
    types: tuple[TensorType, ...]

    def pack(self, parts: Sequence[Any]) -> Any:
        """Components put together as an element."""
        return _packed(self.form, parts)

    def arguments(self, parts: Sequence[Any]) -> tuple[Any, ...]:
        """What a function of an element is called with: the members of a tuple, or the one thing that it is."""
        packed = self.pack(parts)
        return packed if type(self.form) is tuple else (packed,)


class Structured:
    """What has elements of one structure, and says of which."""

    _structure: Structure

    @property
    def output_types(self) -> Any:
        """The dtypes of an element's components, nested as it is."""
        return self._structure.pack([as_dtype(t.dtype) for t in self._structure.types])

    @property
    def output_shapes(self) -> Any:
        """The shapes of an element's components, nested as it is."""
        return self._structure.pack([TensorShape(t.shape) for t in self._structure.types])

    @property
    def output_classes(self) -> Any:
        """The classes of an element's components, nested as it is."""
        return self._structure.pack([Node] * len(self._structure.types))


def _is_nested(value: Any) -> bool:
    return isinstance(value, (tuple, Mapping)) and not isinstance(value, TensorShape)


def _parts(value: Any) -> list[tuple[Any, Any]]:
    """The members of a nest with what finds them again."""
    if isinstance(value, Mapping):
        return [(key, value[key]) for key in sorted(value)]
    return [*enumerate(value)]


def _packed(form: Any, parts: Sequence[Any]) -> Any:
    if isinstance(form, Mapping):
        return {key: _packed(f, parts) for key, f in form.items()}
    if isinstance(form, tuple):
        made = [_packed(f, parts) for f in form]
        return form._make(made) if hasattr(form, "_make") else tuple(made)
    return parts[form]


def flatten(value: Any) -> tuple[Any, list[Any]]:
    """The form of an element, and its components in order."""
    leaves: list[Any] = []

    def walk(part: Any) -> Any:
        if not _is_nested(part):
            leaves.append(part)
            return len(leaves) - 1
        found = {key: walk(v) for key, v in _parts(part)}
        if isinstance(part, Mapping):
            return {key: found[key] for key in part}
        return part._make(found.values()) if hasattr(part, "_make") else tuple(found.values())
    return walk(value), leaves


def same_form(a: Any, b: Any) -> bool:
    """Whether two forms nest alike."""
    if isinstance(a, Mapping) or isinstance(b, Mapping):
        return isinstance(a, Mapping) and isinstance(b, Mapping) and a.keys() == b.keys() and all(same_form(a[k], b[k]) for k in a)
    if isinstance(a, tuple) or isinstance(b, tuple):
        return isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b) and all(map(same_form, a, b))
    return True


def declared(what: str, types: Any, shapes: Any) -> Structure:
    """A structure of dtypes, and of shapes (None: all unknown) that nests like it. DTypeError, ShapeError, GraphError: they do not fit."""
    with saying(what):
        form, dtypes = flatten(tuple(types) if isinstance(types, list) else types)
        kinds = [as_dtype(t).dtype for t in dtypes]
        if shapes is None:
            return Structure(form, tuple(TensorType(k, None) for k in kinds))
        found = along(what, form, shapes)
        return Structure(form, tuple(TensorType(k, as_shape(s)) for k, s in zip(kinds, found, strict=True)))


def along(what: str, form: Any, shapes: Any) -> list[Any]:
    """The shapes for a form: what stands where the form has a component is one shape, whatever it is made of."""
    if isinstance(form, Mapping):
        if not isinstance(shapes, Mapping) or shapes.keys() != form.keys():
            raise GraphError(f"{what}: the shapes {shapes!r:.80} are not those of a dict of {', '.join(map(str, form))}{here()}")
        return [s for key in sorted(form) for s in along(what, form[key], shapes[key])]
    if isinstance(form, tuple):
        if not isinstance(shapes, (tuple, list)) or isinstance(shapes, TensorShape) or len(shapes) != len(form):
            raise GraphError(f"{what}: the shapes {shapes!r:.80} are not those of {len(form)} components{here()}")
        return [s for f, part in zip(form, shapes, strict=True) for s in along(what, f, part)]
    return [shapes]


def joined(what: str, a: Structure, b: Structure, rule: Callable[[Any, Any], Any]) -> Structure:
    """A structure of what elements of both are; `rule` joins two shapes of one component. GraphError: they are not alike."""
    if not same_form(a.form, b.form) or [t.dtype for t in a.types] != [t.dtype for t in b.types]:
        raise GraphError(f"{what}: elements of {said(a)} and of {said(b)}{here()}")
    return Structure(a.form, tuple(TensorType(s.dtype, rule(s.shape, t.shape)) for s, t in zip(a.types, b.types, strict=True)))


def looser(a: Any, b: Any) -> Any:
    """What is known of a shape that is the one or the other."""
    if a is None or b is None or len(a) != len(b):
        return None
    return tuple(x if x == y else None for x, y in zip(a, b, strict=True))


def tighter(a: Any, b: Any) -> Any:
    """What is known of a shape that is both, if it can be."""
    return merge(a, b) if compatible(a, b) else a


def said(structure: Structure) -> str:
    """A structure for messages."""
    return ", ".join(map(str, structure.types)) or "nothing"
