"""Some rows of a tensor that is zero elsewhere: what a gradient by a table is that rows were taken from."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.composite import Composite
from ..ir.loops import Loop, word
from ..ir.node import Node, here, loc_str, saying
from ..ir.operator import Values, declare, to_node
from ..ir.types import DType, TensorShape, TensorType, compatible, element_count, shape_str
from .array_gather import gather, mask_indices, scatter_sum
from .array_move import Types, integers, shape
from .math import logical_not

INDEX = np.dtype(np.int64)


class IndexedSlicesValue(NamedTuple):
    """The arrays of `IndexedSlices`: what a run gives for them."""

    values: Any
    indices: Any
    dense_shape: Any


class IndexedSlices(Composite):
    """The rows `values[k]` at the places `indices[k]` of a tensor of shape `dense_shape` that is zero elsewhere; equal places add up.

    values: number[n, ...], indices: int[n], dense_shape: int[rank] or None. An optimizer that is given them touches no other row; any other
    operator takes the dense tensor. DTypeError, ShapeError: the parts do not fit together.

    >>> x = tf.IndexedSlices([[1.0, 2.0]], [1], [2, 2])
    >>> tf.Session(jit=False).run(tf.convert_to_tensor(x))
    array([[0., 0.],
           [1., 2.]], dtype=float32)
    """

    value_type = IndexedSlicesValue

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None):
        with saying("IndexedSlices"):
            self.values, self.indices = to_node(values), to_node(indices)
            self.dense_shape = None if dense_shape is None else to_node(dense_shape)
            integers(self.indices.type, "indices")
            n = self.values.type.shape[:1] if self.values.type.shape else None
            if self.values.type.rank == 0 or not compatible(self.indices.type.shape, n):
                raise ShapeError(f"{shape_str(self.indices.type.shape)} indices are not those of rows of shape {shape_str(self.values.type.shape)}")

    @property
    def components(self) -> tuple[Node | None, ...]:
        return self.values, self.indices, self.dense_shape

    @property
    def dtype(self) -> DType:
        return self.values.dtype

    @property
    def graph(self) -> Any:
        return self.values.graph

    @property
    def op(self) -> Any:
        return self.values.op

    @property
    def name(self) -> str:
        return self.values.name

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape of the whole."""
        own = self.values.type.shape
        known = None if self.dense_shape is None else self.operand().type.shape
        return TensorShape(known if known is not None or own is None else (None, *own[1:]))

    def operand(self) -> Node:
        """The dense tensor. ShapeError: nothing says how many rows it has."""
        if self.dense_shape is None:
            raise ShapeError(f"{self!r} does not say its dense_shape, and is wanted as a tensor{here()}")
        return scatter_sum(self.indices, self.values, self.dense_shape)

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self.values, self.indices, self.dense_shape)

    def __repr__(self) -> str:
        return f"<IndexedSlices {self.values.label}: rows {self.values.type} ({loc_str(self.values.loc)})>"


def sparse_mask(a: Any, mask_indices: Any, name: str | None = None) -> IndexedSlices:
    """`IndexedSlices` without the rows at `mask_indices`.

    IndexedSlices, int[m] -> IndexedSlices. DTypeError: other operands.

    >>> x = tf.IndexedSlices([[1.0], [2.0]], [5, 7], [9, 1])
    >>> tf.Session(jit=False).run(tf.sparse_mask(x, [5])).indices
    array([7], dtype=int32)
    """
    if not isinstance(a, IndexedSlices):
        raise DTypeError(f"sparse_mask takes IndexedSlices, not {a!r:.60}{here()}")
    with saying("sparse_mask"):
        rows = _positions(logical_not(among(a.indices, to_node(mask_indices))), shape(a.indices))
    return IndexedSlices(gather(a.values, rows, name=name), gather(a.indices, rows), a.dense_shape)


_positions = mask_indices


@declare("host", lambda types, values: TensorType(np.dtype(bool), types[0].shape), text=True,
         samples=(([np.array([3, 1, 3]), np.array([3])], {}),))
def among(x: Any, y: Any) -> Any:
    """Which elements of x are among those of y."""
    return np.isin(x, y)


# ---------------------------------------------------------------------- one row for each place

def _united_type(types: Types, values: Values) -> tuple[TensorType, TensorType, TensorType]:
    indices, rows = types
    integers(indices, "indices")
    if indices.rank not in (None, 1) or rows.rank == 0 or not compatible(indices.shape, rows.shape[:1] if rows.shape else None):
        raise ShapeError(f"{shape_str(indices.shape)} indices are not those of rows of shape {shape_str(rows.shape)}")
    return TensorType(INDEX, indices.shape), rows, TensorType(INDEX, indices.shape)


def _united_loop(types: Any, type: Any) -> Loop:
    n, inner = types[1].shape[0], element_count(types[1].shape[1:])
    t = word(types[1].dtype)
    # A table of twice as many places finds the first of equal ones; the multiplier is that of Knuth's multiplicative hashing.
    body = f"""
    for i in range(size):
        store(scratch0, i, int64(-1))
    for k in range(n):
        row = int64(load(indices, k))
        place = floormod(row * 2654435761, size)
        there = load(scratch0, place)
        while there >= 0 and load(places, there) != row:
            place += 1
            if place == size:
                place = 0
            there = load(scratch0, place)
        if there < 0:
            store(scratch0, place, int64(k))
            store(places, k, row)
            store(first, k, int64(k))
            for j in range(inner):
                store(sums, k * inner + j, load(rows, k * inner + j))
        else:
            store(places, k, int64(-1))
            store(first, k, there)
            for j in range(inner):
                store(sums, there * inner + j, {t}(load(sums, there * inner + j) + load(rows, k * inner + j)))
                store(sums, k * inner + j, {t}(0))
    """
    return Loop(body, {"n": n, "inner": inner, "size": 2 * n + 1}, 1, 2 * n * (inner + 2), scratch=[(INDEX, 2 * n + 1)])


@declare("routine", _united_type, results=("places", "sums", "first"), loop=_united_loop, grad=lambda g, y, indices, rows: (None, gather(g[1], y[2])),
         samples=(([np.array([3, 1, 3]), (3, 2)], {}), ([np.zeros(0, int), (0, 2)], {}), ([np.array([5, 5, 5]), (3,)], {})))
def united_rows(indices: Any, rows: Any) -> Any:
    """Rows at places, those of an equal place added to the first of them: the places, -1 for the others, the sums, 0 for the others, and which is
    the first of each.
    """
    places, sums = np.array(indices, INDEX), np.array(rows)
    found: dict[int, int] = {}
    first = np.array([found.setdefault(row, k) for k, row in enumerate(np.asarray(indices).tolist())], INDEX)
    for k in np.flatnonzero(first != np.arange(len(first))).tolist():
        sums[first[k]] += sums[k]
        sums[k], places[k] = 0, -1
    return places, sums, first


__all__ = ["IndexedSlices", "IndexedSlicesValue", "sparse_mask"]
