"""The structures that elements of datasets have: tuples and dicts of tensors, taken apart in one order and put together again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import GraphError
from ..ir.node import Node, here, saying
from ..ir.tensor import Tensor
from ..ir.types import TEXT, TensorShape, TensorType, as_dtype, as_shape, compatible, merge, shape_str
from ..ops.sparse_tensor import INDEX, SparseTensor, SparseTensorValue, sparse
from ..ops.type_specs import SparseTensorSpec, TensorSpec


class Structure(NamedTuple):
    """The types of an element's components, in order, and its form: an int stands for the component of that place.

    Tuples (named ones too) and dicts are taken apart, dicts in the order of their sorted keys; a list is one tensor, as in TensorFlow. A sparse
    tensor is three components, a dataset is one: `Sparse` and `Inner` stand for them.
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

    @property
    def wholes(self) -> list[Whole]:
        """What is not one tensor: the sparse tensors and datasets."""
        return [leaf for leaf in leaves_of(self.form) if isinstance(leaf, Whole)]


class Whole:
    """What stands in a form for something that is not one tensor: `places` are those of its components."""

    places: tuple[int, ...]

    def packed(self, parts: Sequence[Any]) -> Any:
        """It, of an element's components."""
        raise NotImplementedError

    def told(self, word: str) -> Any:
        """Its `types`, `shapes` or `classes`, as `Structured` says them."""
        raise NotImplementedError

    def at(self, places: Sequence[int]) -> Whole:
        """The same with other components."""
        raise NotImplementedError


class Sparse(Whole):
    """A sparse tensor: places, values and shape of the whole; `dtype` and `shape` are what is known of it."""

    def __init__(self, places: Sequence[int], dtype: Any, shape: Any):
        self.places, self.dtype, self.shape = tuple(places), dtype, shape

    def packed(self, parts: Sequence[Any]) -> Any:
        given = [parts[i] for i in self.places]
        if not isinstance(given[1], Node):
            return SparseTensorValue(*given)
        made = SparseTensor(*given)
        made._open = self.shape
        return made

    def told(self, word: str) -> Any:
        if word == "specs":
            return SparseTensorSpec(self.shape, self.dtype)
        return {"types": as_dtype(self.dtype), "shapes": TensorShape(self.shape), "classes": SparseTensor}[word]

    def at(self, places: Sequence[int]) -> Whole:
        return Sparse(places, self.dtype, self.shape)

    def __str__(self) -> str:
        return f"sparse {TensorType(self.dtype, None)}{shape_str(self.shape)}"

    @property
    def types(self) -> list[TensorType]:
        """Those of its three components."""
        rank = None if self.shape is None else len(self.shape)
        return [TensorType(INDEX, (None, rank)), TensorType(self.dtype, (None,)), TensorType(INDEX, (rank,))]


class Inner(Whole):
    """A dataset that is an element's component: a text in its graph, with what it begins beside it (`Held`)."""

    type = TensorType(TEXT, ())
    make: Callable[[Structure, Node], Any]          # set by `dataset`, which makes one of the component
    spec: Callable[[Structure], Any]                # set by `specs`, which says what is known of one

    def __init__(self, place: int, structure: Structure):
        self.places, self.structure = (place,), structure

    def packed(self, parts: Sequence[Any]) -> Any:
        return Inner.make(self.structure, parts[self.places[0]])

    def told(self, word: str) -> Any:
        return Inner.spec(self.structure) if word == "specs" else told(self.structure, word)

    def at(self, places: Sequence[int]) -> Whole:
        return Inner(places[0], self.structure)

    def __str__(self) -> str:
        return f"a dataset of {said(self.structure)}"


def leaves_of(form: Any) -> list[Any]:
    """What stands in a form for tensors, sparse tensors and datasets, in the order of their components."""
    return [leaf for _, part in _parts(form) for leaf in leaves_of(part)] if _is_nested(form) else [form]


def told(structure: Structure, word: str) -> Any:
    """The dtypes, shapes, classes or specs of an element's components, nested as it is."""
    def tell(form: Any) -> Any:
        if isinstance(form, Whole):
            return form.told(word)
        t = structure.types[form]
        if word == "specs":
            return TensorSpec(t.shape, t.dtype)
        return {"types": as_dtype(t.dtype), "shapes": TensorShape(t.shape), "classes": Tensor}[word]
    return over(tell, structure.form)


class Structured:
    """What has elements of one structure, and says of which."""

    _structure: Structure

    @property
    def element_spec(self) -> Any:
        """What is known of an element's components, a `TensorSpec` or `SparseTensorSpec` each, nested as it is."""
        return told(self._structure, "specs")

    @property
    def output_types(self) -> Any:
        """The dtypes of an element's components, nested as it is."""
        return told(self._structure, "types")

    @property
    def output_shapes(self) -> Any:
        """The shapes of an element's components, nested as it is."""
        return told(self._structure, "shapes")

    @property
    def output_classes(self) -> Any:
        """The classes of an element's components, nested as it is."""
        return told(self._structure, "classes")


def _is_nested(value: Any) -> bool:
    return isinstance(value, (tuple, Mapping)) and not isinstance(value, (TensorShape, SparseTensorValue))


def _parts(value: Any) -> list[tuple[Any, Any]]:
    """The members of a nest with what finds them again."""
    if isinstance(value, Mapping):
        return [(key, value[key]) for key in sorted(value)]
    return [*enumerate(value)]


def _packed(form: Any, parts: Sequence[Any]) -> Any:
    return over(lambda leaf: leaf.packed(parts) if isinstance(leaf, Whole) else parts[leaf], form)


def over(tell: Callable[[Any], Any], form: Any) -> Any:
    """What a function gives for each leaf of a form, nested as it is."""
    if isinstance(form, Mapping):
        return {key: over(tell, f) for key, f in form.items()}
    if isinstance(form, tuple):
        made = [over(tell, f) for f in form]
        return form._make(made) if hasattr(form, "_make") else tuple(made)
    return tell(form)


def moved(form: Any, at: int) -> Any:
    """A form whose components stand so many places further on."""
    return over(lambda leaf: leaf.at([p + at for p in leaf.places]) if isinstance(leaf, Whole) else leaf + at, form)


def flatten(value: Any) -> tuple[Any, list[Any]]:
    """The form of an element, and its components in order; what is no tuple and no dict is one."""
    leaves: list[Any] = []

    def leaf(part: Any) -> int:
        leaves.append(part)
        return len(leaves) - 1
    return _walked(value, leaf), leaves


def taken_apart(value: Any) -> tuple[Any, list[Any]]:
    """`flatten` of an element in which there may be sparse tensors, taken apart to their three tensors, and datasets."""
    leaves: list[Any] = []

    def leaf(part: Any) -> Any:
        at = len(leaves)
        if isinstance(part, (SparseTensor, SparseTensorValue)):
            whole = sparse(part, "an element")
            leaves.extend(whole.components)
            return Sparse(range(at, at + 3), whole.dtype.dtype, as_shape(whole.shape))
        leaves.append(part)
        return Inner(at, part._structure) if hasattr(part, "_begin") else at
    return _walked(value, leaf), leaves


def _walked(value: Any, leaf: Callable[[Any], Any]) -> Any:
    if not _is_nested(value):
        return leaf(value)
    found = {key: _walked(v, leaf) for key, v in _parts(value)}
    if isinstance(value, Mapping):
        return {key: found[key] for key in value}
    return value._make(found.values()) if hasattr(value, "_make") else tuple(found.values())


def same_form(a: Any, b: Any) -> bool:
    """Whether two forms nest alike."""
    if isinstance(a, Mapping) or isinstance(b, Mapping):
        return isinstance(a, Mapping) and isinstance(b, Mapping) and a.keys() == b.keys() and all(same_form(a[k], b[k]) for k in a)
    if isinstance(a, tuple) or isinstance(b, tuple):
        return isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b) and all(map(same_form, a, b))
    return type(a) is type(b) and (not isinstance(a, Inner) or same_form(a.structure.form, b.structure.form))


def declared(what: str, types: Any, shapes: Any, classes: Any = None) -> Structure:
    """A structure of dtypes, and of shapes (None: all unknown) that nests like it. DTypeError, ShapeError, GraphError: they do not fit.

    `classes`: SparseTensor where there is one.
    """
    with saying(what):
        form, dtypes = flatten(tuple(types) if isinstance(types, list) else types)
        kinds = [as_dtype(t).dtype for t in dtypes]
        found = [None] * len(kinds) if shapes is None else [as_shape(s) for s in along(what, form, shapes)]
        if classes is None:
            return Structure(form, tuple(map(TensorType, kinds, found)))
        kept, nested = along(what, form, classes), next((c for c in flatten(classes)[1] if issubclass(c, Structured)), None)
        if nested is not None:
            raise GraphError(f"{what}: elements that are datasets are not declared by classes{here()}")
        parts: list[TensorType] = []
        wholes: list[Any] = []
        for kind, shape, c in zip(kinds, found, kept, strict=True):
            whole = Sparse(range(len(parts), len(parts) + 3), kind, shape) if issubclass(c, (SparseTensor, SparseTensorValue)) else None
            wholes.append(len(parts) if whole is None else whole)
            parts += [TensorType(kind, shape)] if whole is None else whole.types
        return Structure(over(lambda i: wholes[i], form), tuple(parts))


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


def of_specs(what: str, specs: Any) -> Structure:
    """The structure of elements of which specs say what is known, nested as they are. GraphError: something else than specs stands there."""
    types: list[TensorType] = []

    def leaf(spec: Any) -> Any:
        at = len(types)
        if isinstance(spec, SparseTensorSpec):
            whole = Sparse(range(at, at + 3), spec.dtype.dtype, as_shape(spec.shape))
            types.extend(whole.types)
            return whole
        inner = getattr(spec, "_elements", None)
        if inner is None and not isinstance(spec, TensorSpec):
            raise GraphError(f"{what}: components are said by TensorSpec, SparseTensorSpec or DatasetSpec, not {spec!r:.80}{here()}")
        types.append(Inner.type if inner is not None else TensorType(spec.dtype.dtype, as_shape(spec.shape)))
        return at if inner is None else Inner(at, inner)
    form = _walked(tuple(specs) if isinstance(specs, list) else specs, leaf)
    return Structure(form, tuple(types))


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
    of = {w.places[0]: w for w in structure.wholes}
    within = {p for w in of.values() for p in w.places[1:]}
    return ", ".join(str(of.get(i, t)) for i, t in enumerate(structure.types) if i not in within) or "nothing"
