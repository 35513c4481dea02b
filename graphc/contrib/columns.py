"""Feature columns by the names that `tf.contrib.layers` has for them, and the layers and sums that are made of them there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import sqrt
from typing import Any

import numpy as np

from .. import feature_column as fc
from ..errors import ArgumentError
from ..feature_column.base import CategoricalColumn, DenseColumn, FeatureColumn, Features
from ..feature_column.categorical import HashedColumn, IdentityColumn, VocabularyColumn, WeightedColumn
from ..feature_column.crossed import CrossedColumn
from ..feature_column.embedding import EmbeddingColumn, IndicatorColumn
from ..feature_column.layers import flat, of_one_length, weighted
from ..feature_column.numeric import BucketizedColumn, NumericColumn
from ..initializers import truncated_normal_initializer, zeros_initializer
from ..ir.node import Node, here
from ..ir.types import float32, int64, string
from ..ops.array import concat
from ..ops.math import add_n
from ..ops.nn import bias_add
from ..variables import variable_scope
from .base import variable_of

__all__ = ["bucketized_column", "create_feature_spec_for_parsing", "crossed_column", "embedding_column", "input_from_feature_columns",
           "one_hot_column", "parse_feature_columns_from_examples", "real_valued_column", "sparse_column_with_hash_bucket",
           "sparse_column_with_integerized_feature", "sparse_column_with_keys", "weighted_sparse_column", "weighted_sum_from_feature_columns"]

# In TensorFlow columns stand in the order of their texts, which begin with their classes.
_ORDER: dict[type, str] = {BucketizedColumn: "_BucketizedColumn", CrossedColumn: "_CrossedColumn", EmbeddingColumn: "_EmbeddingColumn",
                           IndicatorColumn: "_OneHotColumn", NumericColumn: "_RealValuedColumn", HashedColumn: "_SparseColumnHashed",
                           IdentityColumn: "_SparseColumnIntegerized", VocabularyColumn: "_SparseColumnKeys", WeightedColumn: "_WeightedSparseColumn"}


def real_valued_column(column_name: str, dimension: int | None = 1, default_value: Any = None, dtype: Any = float32,
                       normalizer: Callable[[Any], Any] | None = None) -> NumericColumn:
    """Numbers of a feature, `dimension` of them in a row: `tf.feature_column.numeric_column`. "" names the one feature that is no dict.

    ArgumentError, DTypeError: as of that.

    >>> tf.contrib.layers.real_valued_column("age").shape
    (1,)
    """
    return fc.numeric_column(column_name, (1,) if dimension is None else (dimension,), default_value, dtype, normalizer)


def bucketized_column(source_column: Any, boundaries: Any) -> BucketizedColumn:
    """The interval in which each number lies: `tf.feature_column.bucketized_column`. ArgumentError: as of that."""
    return fc.bucketized_column(source_column, list(boundaries))


def sparse_column_with_hash_bucket(column_name: str, hash_bucket_size: int, combiner: str = "sum", dtype: Any = string,
                                   hash_keys: Any = None) -> HashedColumn:
    """Texts or whole numbers in buckets: `tf.feature_column.categorical_column_with_hash_bucket`. ArgumentError, DTypeError: as of that."""
    return fc.categorical_column_with_hash_bucket(column_name, hash_bucket_size, dtype)


def sparse_column_with_keys(column_name: str, keys: Any, default_value: int = -1, combiner: str = "sum", dtype: Any = string) -> VocabularyColumn:
    """Texts or whole numbers of a list: `tf.feature_column.categorical_column_with_vocabulary_list`. ArgumentError, DTypeError: as of that."""
    return fc.categorical_column_with_vocabulary_list(column_name, keys, dtype, default_value)


def sparse_column_with_integerized_feature(column_name: str, bucket_size: int, combiner: str = "sum", dtype: Any = int64) -> IdentityColumn:
    """Whole numbers below `bucket_size`: `tf.feature_column.categorical_column_with_identity`. ArgumentError: as of that."""
    return fc.categorical_column_with_identity(column_name, bucket_size)


def weighted_sparse_column(sparse_id_column: Any, weight_column_name: str, dtype: Any = float32) -> WeightedColumn:
    """Categories with weights: `tf.feature_column.weighted_categorical_column`. ArgumentError, DTypeError: as of that."""
    return fc.weighted_categorical_column(sparse_id_column, weight_column_name, dtype)


def one_hot_column(sparse_id_column: Any) -> IndicatorColumn:
    """How often each category stands in a row: `tf.feature_column.indicator_column`. ArgumentError: as of that."""
    return fc.indicator_column(sparse_id_column)


def embedding_column(sparse_id_column: Any, dimension: int, combiner: str = "mean", initializer: Any = None, ckpt_to_load_from: str | None = None,
                     tensor_name_in_ckpt: str | None = None, max_norm: float | None = None, trainable: bool = True) -> EmbeddingColumn:
    """Vectors that are learned: `tf.feature_column.embedding_column`, whose initial values are smaller the more categories there are.

    ArgumentError: as of that.
    """
    if initializer is None and isinstance(sparse_id_column, CategoricalColumn):
        initializer = truncated_normal_initializer(0.0, 1 / sqrt(sparse_id_column.num_buckets))
    return fc.embedding_column(sparse_id_column, dimension, combiner, initializer, ckpt_to_load_from, tensor_name_in_ckpt, max_norm, trainable)


def crossed_column(columns: Any, hash_bucket_size: int, combiner: str = "sum", ckpt_to_load_from: str | None = None,
                   tensor_name_in_ckpt: str | None = None, hash_key: int | None = None) -> CrossedColumn:
    """Combinations of categories: `tf.feature_column.crossed_column` of columns, of which those of one feature stand for the feature itself.

    ArgumentError: as of that.
    """
    parts = list(columns) if isinstance(columns, (list, tuple, set, frozenset)) else []
    leaves = [c.key if isinstance(c, (HashedColumn, VocabularyColumn, IdentityColumn)) else c for c in parts]
    return fc.crossed_column(sorted(leaves, key=lambda c: c if isinstance(c, str) else c.name), hash_bucket_size, hash_key)


def _sorted(what: str, given: Any) -> list[FeatureColumn]:
    columns = list(dict.fromkeys(given)) if isinstance(given, (list, tuple, set, frozenset)) else []
    for c in columns:
        if not isinstance(c, FeatureColumn):
            raise ArgumentError(f"{what} takes feature columns, not {c!r:.80}{here()}")
    if not columns:
        raise ArgumentError(f"{what} takes a list of feature columns, not {given!r:.80}{here()}")
    return sorted(columns, key=lambda c: (_ORDER.get(type(c), ""), c.name))


def features_of(given: Any) -> Mapping[str, Any]:
    """Features by their keys; one that is no dict is that of the key ""."""
    return given if isinstance(given, Mapping) else {"": given}


def input_from_feature_columns(columns_to_tensors: Any, feature_columns: Any, weight_collections: Any = None, trainable: bool = True,
                               scope: Any = None) -> Node:
    """The dense tensors of columns side by side: float32[rows, sum of their sizes].

    Vectors that are learned stand in variables `input_from_feature_columns/<column's name>/weights`. ArgumentError: no columns, or one of
    categories. GraphError: a feature is missing. ShapeError, DTypeError: one does not fit its column.

    >>> age = tf.contrib.layers.real_valued_column("age")
    >>> tf.Session(jit=False).run(tf.contrib.layers.input_from_feature_columns({"age": [[3.0]]}, [age]))
    array([[3.]], dtype=float32)
    """
    what = "input_from_feature_columns"
    given, columns = Features(features_of(columns_to_tensors), what), _sorted(what, feature_columns)
    made: list[tuple[FeatureColumn, Node]] = []
    with variable_scope(scope, default_name=what):
        for column in columns:
            if not isinstance(column, DenseColumn):
                raise ArgumentError(f"{what} takes dense columns, and {column.said} is one of categories; embedding_column and one_hot_column make "
                                    f"it dense{here()}")
            if isinstance(column, EmbeddingColumn):
                with variable_scope(None, default_name=column.name):
                    made.append((column, flat(column, column.looked_up(given, "weights", weight_collections, trainable))))
            else:
                made.append((column, flat(column, column.dense(given))))
        of_one_length(what, made)
        return concat([t for _, t in made], 1) if len(made) > 1 else made[0][1]


def weighted_sum_from_feature_columns(columns_to_tensors: Any, feature_columns: Any, num_outputs: int, weight_collections: Any = None,
                                      trainable: bool = True, scope: Any = None) -> tuple[Node, dict[Any, Any], Any]:
    """A weighted sum of columns and a bias, float32[rows, num_outputs], the variables of each column, and that of the bias.

    Errors as of `tf.feature_column.linear_model`.
    """
    what = "weighted_sum_from_feature_columns"
    given, columns = Features(features_of(columns_to_tensors), what), _sorted(what, feature_columns)
    made, variables = [], {}

    def variable(name: str, rows: int | None = None) -> Any:
        shape = [num_outputs] if rows is None else [rows, num_outputs]
        return variable_of(name, shape, np.float32, zeros_initializer(), None, trainable, weight_collections)
    with variable_scope(scope, default_name=what):
        for column in columns:
            name = "weights" if isinstance(column, CategoricalColumn) else "weight"
            with variable_scope(None, default_name=column.name or "column"):
                table, total = weighted(given, column, partial(variable, name), "sum")
            made.append((column, total))
            variables[column] = [table]
        of_one_length(what, made)
        bias = variable("bias_weight")
        total = add_n([t for _, t in made]) if len(made) > 1 else made[0][1]
        return bias_add(total, bias), variables, bias


def create_feature_spec_for_parsing(feature_columns: Any) -> dict[str, Any]:
    """The features that `tf.parse_example` must find for columns: `tf.feature_column.make_parse_example_spec`.

    ArgumentError: no columns. GraphError: two want one feature otherwise.
    """
    return fc.make_parse_example_spec(feature_columns)


def parse_feature_columns_from_examples(serialized: Any, feature_columns: Any, name: str | None = None, example_names: Any = None) -> dict[str, Any]:
    """The features of serialised examples that columns read, by key. Errors as of `tf.parse_example`."""
    from ..files.parsing import parse_example
    return parse_example(serialized, create_feature_spec_for_parsing(feature_columns), name)
