"""Columns of categories made dense: how often each stands in a row, and vectors that are learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..initializers import truncated_normal_initializer
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph
from ..ir.node import Node, here
from ..ops.array import expand_dims, one_hot
from ..ops.reduce import reduce_sum
from ..ops.sparse_dense import sparse_tensor_to_dense
from ..ops.sparse_rows import safe_embedding_lookup_sparse
from ..ops.sparse_tensor import SparseTensor
from ..train.initial_values import init_from_checkpoint
from ..variables import get_variable
from .base import CategoricalColumn, DenseColumn, FeatureColumn, Features, IdWeightPair, count_of, lengths_of

__all__ = ["embedding_column", "indicator_column", "shared_embedding_columns", "shared_embeddings"]


def _categorical(what: str, column: Any) -> CategoricalColumn:
    if not isinstance(column, CategoricalColumn):
        kind = column.said if isinstance(column, FeatureColumn) else f"{column!r:.80}"
        raise ArgumentError(f"{what} takes a column of categories, as categorical_column_with_identity gives one, not {kind}{here()}")
    return column


@dataclass(frozen=True)
class IndicatorColumn(DenseColumn):
    """How often each category stands in a row, or the sum of its weights."""

    categorical_column: CategoricalColumn

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_indicator"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self.categorical_column.parse_example_spec

    @property
    def variable_shape(self) -> tuple[int, ...]:
        return (self.categorical_column.num_buckets,)

    @property
    def sequential(self) -> bool:
        return self.categorical_column.sequential

    def lengths(self, features: Features) -> Node:
        return lengths_of(self.categorical_column.ids(features).id_tensor)

    def transformed(self, features: Features) -> Node:
        ids, weights = self.categorical_column.ids(features)
        depth = self.categorical_column.num_buckets
        dense = sparse_tensor_to_dense(ids, -1)
        hot = one_hot(dense, depth, 1.0, 0.0)
        if weights is not None:
            # At the places of the categories, which are those of the weights.
            hot = hot * expand_dims(sparse_tensor_to_dense(SparseTensor(ids.indices, weights.values, ids.dense_shape), 0.0), -1)
        made = reduce_sum(hot, axis=-2)
        if ids.rank == 2 and made.type.rank == 2:
            made.set_shape([ids.shape.as_list()[0], depth])
        return made

    def dense(self, features: Features, collections: Any = None, trainable: bool = True) -> Node:
        return features.of(self)


def indicator_column(categorical_column: Any) -> IndicatorColumn:
    """A column of categories as a vector for each row: how often each stands there, or the sum of its weights. ArgumentError: no such column.

    >>> day = tf.feature_column.indicator_column(tf.feature_column.categorical_column_with_identity("day", 3))
    >>> tf.Session(jit=False).run(tf.feature_column.input_layer({"day": [[2, 2], [0, 1]]}, [day]))
    array([[0., 0., 2.],
           [1., 1., 0.]], dtype=float32)
    """
    return IndicatorColumn(_categorical("indicator_column", categorical_column))


@dataclass(frozen=True)
class EmbeddingColumn(DenseColumn):
    """For each row the vectors of its categories, combined; they are rows of a variable."""

    categorical_column: CategoricalColumn
    dimension: int
    combiner: str
    initializer: Callable[..., Any] | None
    ckpt_to_load_from: str | None
    tensor_name_in_ckpt: str | None
    max_norm: float | None
    trainable: bool
    shared_embedding_collection_name: str | None = None

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_{'embedding' if self.shared_embedding_collection_name is None else 'shared_embedding'}"

    @property
    def _var_scope_name(self) -> str:
        return self.shared_embedding_collection_name or self.name

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self.categorical_column.parse_example_spec

    @property
    def variable_shape(self) -> tuple[int, ...]:
        return (self.dimension,)

    @property
    def sequential(self) -> bool:
        return self.categorical_column.sequential

    def lengths(self, features: Features) -> Node:
        return lengths_of(features.of(self).id_tensor)

    def transformed(self, features: Features) -> IdWeightPair:
        return self.categorical_column.ids(features)

    def dense(self, features: Features, collections: Any = None, trainable: bool = True) -> Node:
        return self.looked_up(features, "embedding_weights", collections, trainable)

    def looked_up(self, features: Features, name: str, collections: Any, trainable: bool) -> Node:
        """The vectors of each row, combined, of a table of that name."""
        return self.of_table(features, self._table(name, collections, trainable and self.trainable))

    def of_table(self, features: Features, table: Any) -> Node:
        """The vectors of each row, or of each step of a sequence, combined, of a table."""
        ids, weights = features.of(self)
        return safe_embedding_lookup_sparse(table, ids, weights, self.combiner, name=f"{self.name}_weights", max_norm=self.max_norm)

    def _table(self, name: str, collections: Any, trainable: bool) -> Any:
        shared = self.shared_embedding_collection_name
        kept = get_default_graph().get_collection(shared) if shared is not None else []
        if kept:
            return kept[0]
        names = list(dict.fromkeys([GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES, *(collections or [])]))
        table = get_variable(name, [self.categorical_column.num_buckets, self.dimension], np.float32,
                             self.initializer or truncated_normal_initializer(0.0, 1 / sqrt(self.dimension)), trainable=trainable, collections=names)
        if shared is not None:
            get_default_graph().add_to_collection(shared, table)
        if self.ckpt_to_load_from is not None:
            init_from_checkpoint(self.ckpt_to_load_from, {self.tensor_name_in_ckpt: table})
        return table


def _checked(what: str, dimension: Any, combiner: Any, initializer: Any, ckpt: Any, tensor: Any) -> int:
    if combiner not in ("mean", "sqrtn", "sum"):
        raise ArgumentError(f"{what}: the combiner is 'mean', 'sqrtn' or 'sum', not {combiner!r:.40}{here()}")
    if initializer is not None and not callable(initializer):
        raise ArgumentError(f"{what}: initializer is an initializer, not {initializer!r:.60}{here()}")
    if (ckpt is None) != (tensor is None):
        raise ArgumentError(f"{what} takes ckpt_to_load_from and tensor_name_in_ckpt, or neither{here()}")
    return count_of(what, "dimension", dimension)


def embedding_column(categorical_column: Any, dimension: int, combiner: str = "mean", initializer: Callable[..., Any] | None = None,
                     ckpt_to_load_from: str | None = None, tensor_name_in_ckpt: str | None = None, max_norm: float | None = None,
                     trainable: bool = True) -> EmbeddingColumn:
    """A column of categories as `dimension` floats for each row: the "mean", "sum" or "sqrtn" of vectors that are learned, one for each category.

    By default they begin with a truncated normal distribution of standard deviation 1/sqrt(dimension). `ckpt_to_load_from`,
    `tensor_name_in_ckpt`: where their initial values stand. `max_norm`: how long one is at most. ArgumentError: no such column, or options that
    are none. NotFoundError, by `input_layer`: no such checkpoint.

    >>> day = tf.feature_column.categorical_column_with_identity("day", 7)
    >>> days = tf.feature_column.input_layer({"day": [[2], [0]]}, [tf.feature_column.embedding_column(day, 4)])
    >>> days.shape, [v.name for v in tf.trainable_variables()]
    (TensorShape((2, 4)), ['input_layer/day_embedding/embedding_weights:0'])
    """
    column = _categorical("embedding_column", categorical_column)
    count = _checked("embedding_column", dimension, combiner, initializer, ckpt_to_load_from, tensor_name_in_ckpt)
    return EmbeddingColumn(column, count, combiner, initializer, ckpt_to_load_from, tensor_name_in_ckpt, max_norm, bool(trainable))


def shared_embedding_columns(categorical_columns: Any, dimension: int, combiner: str = "mean", initializer: Callable[..., Any] | None = None,
                             shared_embedding_collection_name: str | None = None, ckpt_to_load_from: str | None = None,
                             tensor_name_in_ckpt: str | None = None, max_norm: float | None = None,
                             trainable: bool = True) -> list[EmbeddingColumn]:
    """`embedding_column` of several columns of as many categories, with one table of vectors for all of them.

    `shared_embedding_collection_name`: what the table's scope is called, by default after the columns. ArgumentError: as `embedding_column`, or
    columns of different numbers of categories.
    """
    what = "shared_embedding_columns"
    columns = [_categorical(what, c) for c in categorical_columns]
    count = _checked(what, dimension, combiner, initializer, ckpt_to_load_from, tensor_name_in_ckpt)
    if not columns or len({c.num_buckets for c in columns}) > 1:
        raise ArgumentError(f"{what} takes columns of one number of categories, not {', '.join(f'{c.name} of {c.num_buckets}' for c in columns)}"
                            f"{here()}")
    shared = shared_embedding_collection_name or "_".join(sorted(c.name for c in columns)) + "_shared_embedding"
    return [EmbeddingColumn(c, count, combiner, initializer, ckpt_to_load_from, tensor_name_in_ckpt, max_norm, bool(trainable), shared)
            for c in columns]


shared_embeddings = shared_embedding_columns
