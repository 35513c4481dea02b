"""A batch: what is built of a graph so far, over one more leading axis or the same for all its elements; and a node that is to be rebuilt there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import ShapeError
from ..ir.graph import get_default_graph
from ..ir.known import static_value
from ..ir.node import Node, describe, here
from ..ops.array import broadcast_to, concat, expand_dims, shape
from ..ops.array_move import identity
from ..ops.math import cast

Size = int | Node


class Batch:
    """The nodes built so far: over the batch (`wide`, or a list of all its elements, `unrolled`), or the same for all of it (`plain`).

    `results`: of nodes with bodies each result, and whether it is over the batch.
    """

    def __init__(self, size: Size, wide: dict[Node, Node], plain: dict[Node, Node]):
        self.size = size
        self.wide = wide
        self.plain = plain
        self.unrolled: dict[Node, list[Node]] = {}
        self.results: dict[Node, list[tuple[Node, bool]]] = {}

    def spread(self, x: Node) -> Node:
        """x, repeated for every element of the batch."""
        if x.type.known:
            return broadcast_to(x, self.prefix(np.array(x.type.shape, np.int32)))
        return broadcast_to(x, self.prefix(shape(x)))

    def prefix(self, vector: Any, first: Any = None) -> Any:
        """A vector that describes axes, with an entry for the batch's own before it."""
        first = self.size if first is None else first
        known = static_value(vector) if isinstance(vector, Node) else vector
        if known is not None and not isinstance(first, Node) and not np.isnan(np.asarray(known, np.float64)).any():
            rows = np.asarray(known)
            return np.concatenate([np.broadcast_to(np.asarray(first), (1, *rows.shape[1:])), rows]).astype(np.int32)
        dtype = vector.type.dtype if isinstance(vector, Node) else np.dtype(np.int32)
        head = expand_dims(cast_to(first, dtype), 0) if isinstance(first, Node) else \
            np.broadcast_to(np.asarray(first, dtype), (1, *((vector.type.shape or ())[1:])))
        return concat([head, vector], 0)


def cast_to(x: Node, dtype: np.dtype[Any]) -> Node:
    return x if x.type.dtype == dtype else cast(x, dtype)


class Use(NamedTuple):
    """A node to be rebuilt: its inputs as built by now, and which of them have the batch's axis."""

    batch: Batch
    node: Node
    inputs: tuple[Node, ...]
    wide: tuple[bool, ...]

    def rank(self, i: int) -> int:
        """The rank of an input without the batch's axis; ShapeError if it is not known."""
        return rank_of(self.node.inputs[i], self.node)

    def build(self, inputs: Sequence[Node], attrs: dict[str, Any] | None = None) -> Node:
        graph = get_default_graph()
        return self.node.operator.build(graph, tuple(inputs), self.node.attrs if attrs is None else attrs)


def rank_of(x: Node, user: Node) -> int:
    rank = x.type.rank
    if rank is None:
        raise ShapeError(f"{user.operator.name} over a batch: the rank of {describe(x)} must be known{here()}")
    return rank


def as_node(vector: Any) -> Node:
    return vector if isinstance(vector, Node) else identity(vector).inputs[0]
