"""What a run is asked for and given: structures of fetches, and feeds as arrays of the right dtype and shape."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, FeedError, FetchError, GraphcError, InvalidArgumentError, ResourceExhaustedError
from ..ir.composite import Composite
from ..ir.graph import Graph
from ..ir.node import Node, Operation, describe, here, loc_str
from ..ir.types import Array, TensorType, as_text, compatible, exactly, shape_str

# ---------------------------------------------------------------------- fetches

class Form(NamedTuple):
    """A structure of fetches: what `kind` it is, and its parts, each a Form, the position of a value, or None for an operation."""

    kind: type
    keys: tuple[Any, ...]        # of a mapping
    parts: tuple[Any, ...]


def flattened(graph: Graph, fetches: Any, leaves: list[Node]) -> Form | int | None:
    """Collect the nodes of a fetch structure; returns its form with positions in their place.

    Kept as in TensorFlow 1: the class of named tuples, of attrs classes and of mappings; other lists and tuples become plain ones.
    """
    kind = fetches.__class__
    if isinstance(fetches, Composite):
        return Form(fetches.value_type, (), tuple([None if c is None else flattened(graph, c, leaves) for c in fetches.components]))
    if isinstance(fetches, (list, tuple)):
        plain = list if isinstance(fetches, list) else tuple
        return Form(kind if hasattr(kind, "_make") else plain, (), tuple([flattened(graph, f, leaves) for f in fetches]))
    if isinstance(fetches, Mapping):
        made = kind if isinstance(fetches, MutableMapping) else dict
        return Form(made, tuple(fetches), tuple([flattened(graph, f, leaves) for f in fetches.values()]))
    if hasattr(kind, "__attrs_attrs__"):
        return Form(kind, (), tuple([flattened(graph, getattr(fetches, a.name), leaves) for a in kind.__attrs_attrs__]))
    try:
        node = graph.as_node(fetches)
    except GraphcError as e:
        raise FetchError(f"cannot fetch {fetches!r:.120}: {e}") from None
    leaves.append(node)
    named = isinstance(fetches, str) and ":" not in fetches
    return None if isinstance(fetches, Operation) or named else len(leaves) - 1


def all_of(leaves: Sequence[Node]) -> Form:
    """The form of a list of tensors."""
    return Form(list, (), tuple(range(len(leaves))))


def restored(form: Form | int | None, results: Sequence[Any]) -> Any:
    """The structure with results in the place of their positions."""
    if not isinstance(form, Form):
        return None if form is None else results[form]
    kind, keys, forms = form
    parts = [restored(f, results) for f in forms]
    if kind is list:
        return parts
    if issubclass(kind, tuple):
        return tuple(parts) if kind is tuple else kind._make(parts)     # type: ignore[attr-defined]
    if not issubclass(kind, MutableMapping):
        return kind(*parts)
    mapping = kind()
    mapping.update(zip(keys, parts, strict=True))
    return mapping


def places_of(form: Form | int | None) -> set[int]:
    """The positions in a form."""
    if isinstance(form, Form):
        return set().union(*map(places_of, form.parts))
    return set() if form is None else {form}


def is_listed(form: Form | int | None) -> bool | None:
    """True for a list of tensors and operations, False for one of them, None for other structures."""
    if not isinstance(form, Form):
        return False
    return True if form.kind is list and not any(isinstance(p, Form) for p in form.parts) else None


# ---------------------------------------------------------------------- feeds

def collect_feed(graph: Graph, key: Any, value: Any, places: list[Node], values: list[Any]) -> None:
    """Append the tensors that a key of a feed_dict stands for, and what they are fed."""
    if isinstance(key, Composite):
        _collect_parts(graph, key, value, places, values)
        return
    if isinstance(key, tuple):
        if not isinstance(value, (tuple, list)) or len(value) != len(key):
            raise FeedError(f"a feed for {len(key)} tensors needs as many values{here()}")
        for k, v in zip(key, value, strict=True):
            collect_feed(graph, k, v, places, values)
        return
    try:
        node = graph.as_node(key)
    except GraphcError as e:
        raise FeedError(f"cannot feed {key!r:.120}: {e}") from None
    if not isinstance(node.type, TensorType):
        raise FeedError(f"cannot feed {describe(node)}: it is not a tensor{here()}")
    places.append(node)
    values.append(value)


def _collect_parts(graph: Graph, key: Composite, value: Any, places: list[Node], values: list[Any]) -> None:
    """`collect_feed` of a value that several tensors hold. A part that is a constant, as a shape that is known, must be fed what it is."""
    parts = [c for c in key.components if c is not None]
    given = list(value) if isinstance(value, (tuple, list)) else []
    if len(given) > len(parts) and all(v is None for v in given[len(parts):]):
        given = given[:len(parts)]
    if len(given) != len(parts):
        fields = ", ".join(key.value_type._fields)  # type: ignore[attr-defined]
        raise FeedError(f"{key!r} is fed a {key.value_type.__name__}({fields}) or a tuple of them, not {value!r:.80}{here()}")
    for part, v in zip(parts, given, strict=True):
        if isinstance(part, Composite) or part.operator.name != "constant":
            collect_feed(graph, part, v, places, values)
        elif not np.array_equal(fed(part, v), part.attrs["value"]):
            raise FeedError(f"{key!r} is fed {v!r:.60} for {describe(part)}, which is {part.attrs['value'].tolist()}{here()}")


def exhausted(fetches: Sequence[Node], error: MemoryError) -> MemoryError:
    """What a run raises that ran out of memory: the error itself if it says where."""
    if isinstance(error, GraphcError):
        return error
    node = fetches[0]
    return ResourceExhaustedError(f"there is no memory to run {', '.join(map(describe, fetches[:3]))}: {error}\n  at {loc_str(node.loc)}", node)


def require_fed(needed: Iterable[Node], feeds: Container[Node]) -> None:
    """InvalidArgumentError if a placeholder among the nodes has no feed."""
    for n in needed:
        if n.operator.name == "placeholder" and n not in feeds:
            raise InvalidArgumentError(f"{describe(n)} must be fed, and is not{here()}", n)
        if n.operator.name == "parameter" and n not in feeds:
            raise InvalidArgumentError(f"{describe(n)} is a value inside {n.attrs['of']}, and there alone: what depends on it can be fetched "
                                       f"and used nowhere else{here()}", n)


# Numbers, as rates and counts are fed, of classes that need no look at what they may be, as long as these dtypes hold them.
_FAR = 1 << 31
_FLOATS = frozenset(np.dtype(t) for t in (np.float32, np.float64))
_PLAIN: dict[type, frozenset[np.dtype[Any]]] = {
    float: _FLOATS, np.float32: _FLOATS, np.float64: _FLOATS, int: _FLOATS | {np.dtype(np.int32), np.dtype(np.int64)}}


def fed(node: Node, value: Any) -> Array:
    """A feed as an array of the node's dtype; FeedError says why it does not fit."""
    dtype, shape = node.type.dtype, node.type.shape
    if dtype in _PLAIN.get(value.__class__, ()) and -_FAR < value < _FAR:
        value = np.array(value, dtype)
    elif value.__class__ is not np.ndarray or value.dtype != dtype or dtype.hasobject:
        if isinstance(value, (Node, Operation)):
            raise FeedError(f"{describe(node)} is fed a tensor, {describe(value) if isinstance(value, Node) else value!r}; feed its value{here()}")
        try:
            array = as_text(value) if dtype.hasobject else np.asarray(value)
            if array.dtype.kind not in "fiubcO" or value is None:
                raise TypeError
            value = array if dtype.hasobject else exactly(array, dtype)
        except DTypeError as e:
            raise FeedError(f"{describe(node)} cannot be fed {value!r:.80}: {e}{here()}") from None
        except (TypeError, ValueError):
            kind = "texts" if dtype.hasobject else "numbers"
            raise FeedError(f"{describe(node)} cannot be fed {value!r:.80}: not an array of {kind}{here()}") from None
    if value.shape != shape and not compatible(shape, value.shape):
        raise FeedError(f"{describe(node)} cannot be fed an array of shape {shape_str(value.shape)}{here()}")
    return value
