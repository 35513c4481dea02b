"""Sparse tensors as components of elements: rows of one as elements, and elements as rows of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import GraphError, InvalidArgumentError
from ..ir.node import here
from ..ir.types import Array, TensorType, shape_str
from ..ops.sparse_tensor import INDEX
from .blocks import Stream, one, rows_of
from .structure import Inner, Sparse, Structure, over, said

Rows = Sequence[Sequence[Array]]
Join = Callable[[Rows], list[Array]]            # elements as one element


def stacked(what: str, structure: Structure, rows: int | None) -> Structure:
    """The structure of elements side by side. GraphError: a component is a dataset."""
    return _changed(what, structure, lambda shape: None if shape is None else (rows, *shape))


def cut(what: str, structure: Structure) -> Structure:
    """The structure of the rows of elements. GraphError: a component is a dataset, or a scalar."""
    def row(shape: Any) -> Any:
        if shape == ():
            raise GraphError(f"{what}: an element of {said(structure)} has a scalar, which has no rows{here()}")
        return None if shape is None else shape[1:]
    return _changed(what, structure, row)


def _changed(what: str, structure: Structure, rule: Callable[[Any], Any]) -> Structure:
    types = [*structure.types]
    of = {}
    for whole in structure.wholes:
        if isinstance(whole, Inner):
            raise GraphError(f"{what}: an element that is a dataset is no row; flat_map takes it apart{here()}")
        assert isinstance(whole, Sparse)
        new = of[whole] = Sparse(whole.places, whole.dtype, rule(whole.shape))
        for place, t in zip(whole.places, new.types, strict=True):
            types[place] = t
    within = {p for whole in of for p in whole.places}
    types = [t if i in within else TensorType(t.dtype, rule(t.shape)) for i, t in enumerate(types)]
    return Structure(over(lambda leaf: of.get(leaf, leaf), structure.form), tuple(types))


def batched_rows(stream: Stream, size: int, drop: bool, join: Join) -> Stream:
    """Batches of `size` elements, which `join` makes one; the rest at the end too, unless it is to be dropped."""
    rows: list[list[Array]] = []
    for row in rows_of(stream):
        rows.append(row)
        if len(rows) == size:
            yield one(join(rows))
            rows = []
    if rows and not drop:
        yield one(join(rows))


def joining(structure: Structure) -> Join:
    """Elements side by side: dense components stacked, sparse ones with their numbers before the places. InvalidArgumentError: ranks differ."""
    first = {w.places[0] for w in structure.wholes}
    within = {p for w in structure.wholes for p in w.places}

    def join(rows: Rows) -> list[Array]:
        parts = [*zip(*rows, strict=True)]
        out: list[Array] = []
        for i, components in enumerate(parts):
            if i in first:
                out += _rows_joined(*parts[i:i + 3])
            elif i not in within:
                out.append(_stacked(components))
        return out
    return join


def _stacked(parts: Sequence[Array]) -> Array:
    other = next((p for p in parts if p.shape != parts[0].shape), None)
    if other is not None:
        raise InvalidArgumentError(f"elements of the shapes {shape_str(parts[0].shape)} and {shape_str(other.shape)} are not one array; "
                                   "padded_batch makes them equal")
    return np.stack(parts)


def _rows_joined(indices: Sequence[Array], values: Sequence[Array], shapes: Sequence[Array]) -> list[Array]:
    if len({len(s) for s in shapes}) > 1:
        raise InvalidArgumentError(f"sparse tensors of the shapes {', '.join(shape_str(tuple(s.tolist())) for s in shapes)} are of several ranks")
    numbers = np.repeat(np.arange(len(indices), dtype=INDEX), [len(i) for i in indices])
    largest = np.max(np.stack(shapes), axis=0)
    return [np.concatenate([numbers[:, None], np.concatenate(indices)], axis=1), np.concatenate(values),
            np.concatenate([[len(indices)], largest]).astype(INDEX)]


def row_slices(arrays: Sequence[Array], structure: Structure) -> Stream:
    """The rows of components, some of which are sparse. InvalidArgumentError: not as many rows each."""
    first = {w.places[0] for w in structure.wholes}
    within = {p for w in structure.wholes for p in w.places}
    parts: list[Iterator[list[Array]]] = []
    counts = set()
    for i, a in enumerate(arrays):
        if i in first:
            indices, values, shape = arrays[i:i + 3]
            counts.add(int(shape[0]))
            parts.append(_rows_of(indices, values, shape))
        elif i not in within:
            counts.add(len(a))
            parts.append(_dense_rows(a))
    if len(counts) > 1:
        raise InvalidArgumentError(f"components of {', '.join(map(str, sorted(counts)))} rows")
    for row in zip(*parts, strict=True):
        yield one([x for part in row for x in part])


def _dense_rows(array: Array) -> Iterator[list[Array]]:
    return ([array[k, ...]] for k in range(len(array)))


def _rows_of(indices: Array, values: Array, shape: Array) -> Iterator[list[Array]]:
    order = np.argsort(indices[:, 0], kind="stable")
    ends = np.searchsorted(indices[order, 0], np.arange(shape[0] + 1))
    for start, end in zip(ends[:-1], ends[1:], strict=True):
        at = order[start:end]
        yield [indices[at, 1:], values[at], shape[1:]]


def sparse_batch(parts: Sequence[Array], shape: Sequence[int | None] | None) -> list[Array]:
    """Arrays of several shapes as the rows of one sparse tensor, all their elements in it. InvalidArgumentError: one is larger than `shape`."""
    if len({p.ndim for p in parts}) > 1 or (shape is not None and parts[0].ndim != len(shape)):
        raise InvalidArgumentError(f"elements of the shapes {', '.join(shape_str(p.shape) for p in parts)} are no rows of "
                                   f"{'one rank' if shape is None else shape_str(tuple(shape))}")
    largest = [max(sizes) for sizes in zip(*(p.shape for p in parts), strict=True)]
    whole = largest if shape is None else [n if d is None else d for n, d in zip(largest, shape, strict=True)]
    if any(n > w for n, w in zip(largest, whole, strict=True)):
        raise InvalidArgumentError(f"an element of the sizes {largest} is larger than the row's shape {shape_str(tuple(whole))}")
    places = [np.argwhere(np.ones(p.shape, bool)).astype(INDEX).reshape(p.size, p.ndim) for p in parts]
    numbers = np.repeat(np.arange(len(parts), dtype=INDEX), [p.size for p in parts])
    return [np.concatenate([numbers[:, None], np.concatenate(places)], axis=1), np.concatenate([p.reshape(-1) for p in parts]),
            np.array([len(parts), *whole], INDEX)]
