"""What a run is asked for and given: structures of fetches, and feeds as arrays of the right dtype and shape."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import FeedError, FetchError, GraphcError, InvalidArgumentError
from ..ir.graph import Graph
from ..ir.node import Node, Operation, describe, here
from ..ir.types import TensorType, as_text, compatible, shape_str

Array = np.ndarray[Any, Any]


# ---------------------------------------------------------------------- fetches

def flattened(graph: Graph, fetches: Any, leaves: list[Node]) -> Any:
    """Collect the nodes of a fetch structure; returns its form with positions in their place."""
    if isinstance(fetches, (list, tuple)):
        parts = [flattened(graph, f, leaves) for f in fetches]
        if hasattr(fetches, "_fields"):
            return type(fetches)(*parts)
        return parts if isinstance(fetches, list) else tuple(parts)
    if isinstance(fetches, Mapping):
        return {k: flattened(graph, v, leaves) for k, v in fetches.items()}
    try:
        node = graph.as_node(fetches)
    except GraphcError as e:
        raise FetchError(f"cannot fetch {fetches!r:.120}: {e}") from None
    leaves.append(node)
    named = isinstance(fetches, str) and ":" not in fetches
    return None if isinstance(fetches, Operation) or named else len(leaves) - 1


def shape_of(structure: Any) -> Any:
    """The structure as something that can be hashed."""
    if isinstance(structure, (list, tuple)):
        return (structure.__class__, *map(shape_of, structure))
    if isinstance(structure, dict):
        return (dict, *((k, shape_of(v)) for k, v in structure.items()))
    return structure


def restored(structure: Any, results: Sequence[Any]) -> Any:
    """The structure with results in the place of their positions."""
    if structure is None or isinstance(structure, int):
        return None if structure is None else results[structure]
    if isinstance(structure, list):
        return [restored(s, results) for s in structure]
    if isinstance(structure, tuple):
        parts = [restored(s, results) for s in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)
    return {k: restored(v, results) for k, v in structure.items()}


def places_of(structure: Any) -> set[int]:
    """The numbers in a structure of fetches."""
    if isinstance(structure, int):
        return {structure}
    parts = structure.values() if isinstance(structure, dict) else structure if isinstance(structure, (list, tuple)) else ()
    return set().union(*map(places_of, parts))


def is_listed(structure: Any) -> bool | None:
    """True for a list of tensors and operations, False for one of them, None for other structures."""
    parts = structure if structure.__class__ is list else [structure]
    return structure.__class__ is list if all(p is None or isinstance(p, int) for p in parts) else None


# ---------------------------------------------------------------------- feeds

def collect_feed(graph: Graph, key: Any, value: Any, places: list[Node], values: list[Any]) -> None:
    """Append the tensors that a key of a feed_dict stands for, and what they are fed."""
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


def require_fed(needed: Iterable[Node], feeds: Container[Node]) -> None:
    """InvalidArgumentError if a placeholder among the nodes has no feed."""
    for n in needed:
        if n.operator.name == "placeholder" and n not in feeds:
            raise InvalidArgumentError(f"{describe(n)} must be fed, and is not{here()}", n)


def fed(node: Node, value: Any) -> Array:
    """A feed as an array of the node's dtype; FeedError says why it does not fit."""
    dtype, shape = node.type.dtype, node.type.shape
    if value.__class__ is not np.ndarray or value.dtype != dtype or dtype.hasobject:
        if isinstance(value, (Node, Operation)):
            raise FeedError(f"{describe(node)} is fed a tensor, {describe(value) if isinstance(value, Node) else value!r}; feed its value{here()}")
        try:
            array = as_text(value) if dtype.hasobject else np.asarray(value)
            if array.dtype.kind not in "fiubO" or value is None:
                raise TypeError
            value = array.astype(dtype)
        except (TypeError, ValueError):
            kind = "texts" if dtype.hasobject else "numbers"
            raise FeedError(f"{describe(node)} cannot be fed {value!r:.80}: not an array of {kind}{here()}") from None
    if value.shape != shape and not compatible(shape, value.shape):
        raise FeedError(f"{describe(node)} cannot be fed an array of shape {shape_str(value.shape)}{here()}")
    return value
