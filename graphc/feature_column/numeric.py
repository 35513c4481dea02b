"""Columns of numbers: as they are, and by the interval in which they lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, ShapeError
from ..files.parsing import FixedLenFeature
from ..ir.node import Node, describe, here
from ..ir.types import DType, as_dtype, float32
from ..ops.array import one_hot, reshape, shape, stack, tile
from ..ops.array import range as numbers
from ..ops.math import cast
from ..ops.ordering import searchsorted
from ..ops.reduce import reduce_prod
from ..ops.sparse_tensor import SparseTensor
from .base import INDEX, CategoricalColumn, DenseColumn, Features, IdWeightPair, key_of

__all__ = ["bucketized_column", "numeric_column"]


@dataclass(frozen=True)
class NumericColumn(DenseColumn):
    """Numbers of a shape for each row, as float32."""

    key: str
    shape: tuple[int, ...]
    default_value: Any
    dtype: DType
    normalizer_fn: Callable[[Any], Any] | None

    @property
    def name(self) -> str:
        return self.key

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: FixedLenFeature(list(self.shape), self.dtype, self.default_value)}

    @property
    def variable_shape(self) -> tuple[int, ...]:
        return self.shape

    def transformed(self, features: Features) -> Any:
        x = features.raw(self.key, self)
        if isinstance(x, SparseTensor):
            raise DTypeError(f"{self.said}: the feature {self.key!r:.60} is sparse, and numbers are wanted as a dense tensor: {x!r}{here()}")
        if x.dtype.name == "string":
            raise DTypeError(f"{self.said}: the feature {self.key!r:.60} holds numbers, and {describe(x)} does not{here()}")
        own = x.type.shape[1:] if x.type.shape is not None else (None,)
        sizes = [d for d in own if d is not None]
        if len(sizes) == len(own) and int(np.prod(sizes)) != int(np.prod(self.shape)):
            raise ShapeError(f"{self.said} is of shape {list(self.shape)} for each row, and the feature {self.key!r:.60} is {describe(x)}{here()}")
        if self.normalizer_fn is not None:
            x = self.normalizer_fn(x)
        return cast(x, dtype=np.float32)

    def dense(self, features: Features, collections: Any = None, trainable: bool = True) -> Node:
        return features.of(self)


def numeric_column(key: str, shape: Any = (1,), default_value: Any = None, dtype: Any = float32,
                   normalizer_fn: Callable[[Any], Any] | None = None) -> NumericColumn:
    """Numbers of a feature, `shape` of them in a row, as float32, after `normalizer_fn` if there is one.

    `default_value`: what `tf.parse_example` takes for a record without it. ArgumentError: a key, shape, default or function that is none.
    DTypeError: no dtype of numbers.

    >>> price = tf.feature_column.numeric_column("price", normalizer_fn=lambda x: x / 10.0)
    >>> tf.Session(jit=False).run(tf.feature_column.input_layer({"price": [[20.0], [35.0]]}, [price]))
    array([[2. ],
           [3.5]], dtype=float32)
    """
    what = f"numeric_column({key!r:.60})"
    key_of("numeric_column", key)
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if not sizes or any(isinstance(d, bool) or not isinstance(d, (int, np.integer)) or d <= 0 for d in sizes):
        raise ArgumentError(f"{what}: a shape is whole numbers above 0, not {shape!r:.60}{here()}")
    kind = as_dtype(dtype)
    if not (kind.is_integer or kind.is_floating):
        raise DTypeError(f"{what}: numbers are integers or floats, not {kind.name}{here()}")
    if normalizer_fn is not None and not callable(normalizer_fn):
        raise ArgumentError(f"{what}: normalizer_fn is a function, not {normalizer_fn!r:.60}{here()}")
    default = None if default_value is None else _default(what, default_value, sizes, kind)
    return NumericColumn(key, tuple(int(d) for d in sizes), default, kind, normalizer_fn)


def _default(what: str, value: Any, sizes: tuple[int, ...], kind: DType) -> tuple[Any, ...]:
    given = np.asarray(value)
    if given.dtype.kind not in "iuf" or given.dtype.kind == "f" and not kind.is_floating or given.shape not in ((), sizes):
        raise ArgumentError(f"{what}: default_value is a {kind.name}, or some of shape {list(sizes)}, not {value!r:.60}{here()}")
    return _tuples(np.broadcast_to(given.astype(kind.as_numpy_dtype), sizes).tolist())


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


@dataclass(frozen=True)
class BucketizedColumn(DenseColumn, CategoricalColumn):
    """The interval in which each number of a numeric column lies, as 1 among zeros, or as the number of a category."""

    source_column: NumericColumn
    boundaries: tuple[float, ...]

    @property
    def name(self) -> str:
        return f"{self.source_column.name}_bucketized"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self.source_column.parse_example_spec

    @property
    def variable_shape(self) -> tuple[int, ...]:
        return (*self.source_column.shape, len(self.boundaries) + 1)

    @property
    def num_buckets(self) -> int:
        return (len(self.boundaries) + 1) * self.source_column.shape[0]

    def transformed(self, features: Features) -> Node:
        x = features.of(self.source_column)
        flat = reshape(x, [-1])
        found = searchsorted(np.array(self.boundaries, np.float32), flat, side="right", out_type="int64")
        return reshape(found, shape(x))

    def dense(self, features: Features, collections: Any = None, trainable: bool = True) -> Node:
        return one_hot(features.of(self), len(self.boundaries) + 1, 1.0, 0.0)

    def ids(self, features: Features) -> IdWeightPair:
        """A category for each number and its place in the row: the places' intervals one after another."""
        found = features.of(self)
        width = self.source_column.shape[0]
        rows = cast(shape(found)[0], dtype=INDEX)
        count = reduce_prod(shape(found, out_type=INDEX))
        column = tile(numbers(np.int64(width)), reshape(rows, [1]))
        row = reshape(tile(reshape(numbers(rows), [-1, 1]), [1, width]), [-1])
        values = reshape(found, reshape(count, [1])) + column * np.int64(len(self.boundaries) + 1)
        return IdWeightPair(SparseTensor(stack([row, column], 1), values, stack([rows, np.int64(width)], 0)), None)


def bucketized_column(source_column: Any, boundaries: Any) -> BucketizedColumn:
    """The intervals (-inf, b0), [b0, b1), ..., [bn, inf) in which the numbers of a `numeric_column` lie, for `input_layer` and `linear_model`.

    ArgumentError: another column, one of rank above 1, or boundaries that do not ascend.

    >>> age = tf.feature_column.bucketized_column(tf.feature_column.numeric_column("age"), [18, 65])
    >>> tf.Session(jit=False).run(tf.feature_column.input_layer({"age": [[5.0], [18.0]]}, [age]))
    array([[1., 0., 0.],
           [0., 1., 0.]], dtype=float32)
    """
    if not isinstance(source_column, NumericColumn) or source_column.sequential:
        raise ArgumentError(f"bucketized_column takes a numeric_column, not {source_column!r:.80}{here()}")
    what = f"bucketized_column({source_column.key!r:.60})"
    if len(source_column.shape) > 1:
        raise ArgumentError(f"{what}: the numeric column is of one number, or of a vector, not of shape {list(source_column.shape)}{here()}")
    try:
        ends = tuple(float(b) for b in boundaries)
    except (TypeError, ValueError):
        ends = ()
    if not ends or any(not a < b for a, b in zip(ends, ends[1:], strict=False)):
        raise ArgumentError(f"{what}: boundaries are numbers, each above the one before, not {boundaries!r:.60}{here()}")
    return BucketizedColumn(source_column, ends)
