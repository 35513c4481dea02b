"""What all feature columns share: names, the features they read, each computed once, and the sparse form of categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, DTypeError, GraphError, ShapeError
from ..ir.node import Node, caller, describe, here, loc_str
from ..ir.operator import to_node
from ..ir.types import DType, as_dtype
from ..ops.array import concat, fill, gather_nd, rank, reshape, shape
from ..ops.math import cast, floordiv, maximum, not_equal, where
from ..ops.segments import unsorted_segment_max
from ..ops.sparse_forms import sparse_reshape
from ..ops.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor

INDEX = np.dtype(np.int64)


class IdWeightPair(NamedTuple):
    """The numbers of a row's categories, int64, and their weights, or None."""

    id_tensor: SparseTensor
    weight_tensor: SparseTensor | None


@dataclass(frozen=True)
class FeatureColumn:
    """What becomes of some features of a dict; columns of equal arguments are equal."""

    def __new__(cls, *args: Any, **kwargs: Any) -> FeatureColumn:
        made = super().__new__(cls)
        object.__setattr__(made, "_loc", loc_str(caller()))     # not a field: columns made at two lines may be equal
        return made

    @property
    def name(self) -> str:
        """What it is called: its variables stand in a scope of that name."""
        raise NotImplementedError

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        """The features that `tf.parse_example` must find for it."""
        raise NotImplementedError

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return self.parse_example_spec

    @property
    def _var_scope_name(self) -> str:
        return self.name

    @property
    def said(self) -> str:
        """How errors name it, and where it was made."""
        return f"{type(self).__name__} {self.name!r:.60} ({vars(self)['_loc']})"

    @property
    def sequential(self) -> bool:
        """Whether its rows are sequences, of their own lengths."""
        return False

    def transformed(self, features: Features) -> Any:
        """What it makes of the features, before it is a dense tensor or numbers of categories."""
        raise NotImplementedError


class DenseColumn(FeatureColumn):
    """A column of floats, a tensor of shape `variable_shape` for each row."""

    @property
    def variable_shape(self) -> tuple[int, ...]:
        """The shape for one row."""
        raise NotImplementedError

    @property
    def _variable_shape(self) -> tuple[int, ...]:
        return self.variable_shape

    def dense(self, features: Features, collections: Any = None, trainable: bool = True) -> Node:
        """float32[rows, *variable_shape]; of sequences float32[rows, steps, *variable_shape]."""
        raise NotImplementedError

    def lengths(self, features: Features) -> Node:
        """How long each row's sequence is, int64[rows]."""
        raise NotImplementedError


class CategoricalColumn(FeatureColumn):
    """A column of categories, numbers below `num_buckets`, any number of them in a row."""

    @property
    def num_buckets(self) -> int:
        """How many categories there are."""
        raise NotImplementedError

    @property
    def _num_buckets(self) -> int:
        return self.num_buckets

    def ids(self, features: Features) -> IdWeightPair:
        """The categories of each row, and their weights."""
        return IdWeightPair(features.of(self), None)


class Features:
    """A dict of tensors, dense and sparse, and what columns made of them: each column is asked once."""

    def __init__(self, features: Any, what: str):
        if not isinstance(features, Mapping):
            raise ArgumentError(f"{what} takes a dict of features by their keys, not {features!r:.60}{here()}")
        self._given, self._what = features, what
        self._made: dict[Any, Any] = {}

    def of(self, column: FeatureColumn) -> Any:
        """What a column makes of the features."""
        if column not in self._made:
            self._made[column] = column.transformed(self)
        return self._made[column]

    def raw(self, key: str, column: FeatureColumn) -> Any:
        """The feature of a key, of rank 2 or more: of a vector each element is a row. GraphError: there is none. ShapeError: a scalar."""
        if key not in self._made:
            if key not in self._given:
                has = ", ".join(sorted(map(str, self._given))) or "none"
                raise GraphError(f"{self._what}: there is no feature {key!r:.60}, which {column.said} reads; there are {has:.200}{here()}")
            self._made[key] = _as_rows(convert_to_tensor_or_sparse_tensor(self._given[key]), key, column)
        return self._made[key]


def _as_rows(x: Any, key: str, column: FeatureColumn) -> Any:
    if isinstance(x, SparseTensor):
        return sparse_reshape(x, concat([x.dense_shape, np.ones(1, INDEX)], 0)) if x.rank == 1 else x
    if x.type.rank == 0:
        raise ShapeError(f"{column.said}: the feature {key!r:.60}, {describe(x)}, is a scalar, and a row for each example is wanted{here()}")
    if x.type.rank == 1:
        return reshape(x, [x.type.shape[0], 1]) if x.type.shape[0] is not None else reshape(x, [-1, 1])
    if x.type.rank is None:
        return reshape(x, concat([shape(x), fill(reshape(maximum(2 - rank(x), 0), [1]), 1)], 0))
    return x


def sparse_ids(x: Any, column: FeatureColumn, key: str) -> SparseTensor:
    """A feature as a sparse tensor: of a dense one without what stands for nothing, the empty text and -1. DTypeError: no texts nor whole numbers."""
    values = x.values if isinstance(x, SparseTensor) else x
    if values.dtype.name != "string" and values.type.dtype.kind not in "iu":
        raise DTypeError(f"{column.said}: the feature {key!r:.60} holds texts or whole numbers, and {describe(values)} does not{here()}")
    if isinstance(x, SparseTensor):
        return x
    return without(x, b"" if values.dtype.name == "string" else -1)


def without(x: Node, nothing: Any) -> SparseTensor:
    """A dense tensor as a sparse one, without the elements that are `nothing`."""
    at = where(not_equal(x, to_node(nothing, x.dtype)))
    return SparseTensor(at, gather_nd(x, at), shape(x, out_type=INDEX))


def lengths_of(x: SparseTensor, width: int = 1) -> Node:
    """How long the sequence of each row is, int64[rows]: up to its last element; `width`: how many elements make a step."""
    rows, places = x.indices[:, 0], x.indices[:, 1]
    steps = floordiv(places, np.int64(width)) + np.int64(1)
    return maximum(unsorted_segment_max(steps, rows, x.dense_shape[0]), np.int64(0))


def kind_of(what: str, dtype: Any) -> DType:
    """The dtype of categories: texts or whole numbers. DTypeError: another."""
    kind = as_dtype(dtype)
    if kind.name != "string" and not kind.is_integer:
        raise DTypeError(f"{what}: categories are texts or whole numbers, not {kind.name}{here()}")
    return kind


def holds(what: str, given: DType, wanted: DType, column: FeatureColumn, key: str) -> None:
    """DTypeError unless a feature is of texts where texts are wanted, and of whole numbers where these are."""
    if (given.name == "string") != (wanted.name == "string"):
        raise DTypeError(f"{column.said}: the feature {key!r:.60} is {given.name}, and {what} is {wanted.name}{here()}")


def key_of(what: str, key: Any) -> str:
    """A key of a feature. ArgumentError: it is no text."""
    if not isinstance(key, str):
        raise ArgumentError(f"{what}: a key is a text, not {key!r:.60}{here()}")
    return key


def count_of(what: str, name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least `least`. ArgumentError: it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ArgumentError(f"{what}: {name} is a whole number of {least} or more, not {value!r:.60}{here()}")
    return int(value)


def whole(x: SparseTensor) -> SparseTensor:
    """Numbers as int64."""
    return x if x.values.type.dtype == INDEX else x.with_values(cast(x.values, dtype=INDEX))
