"""Columns of sequences: numbers and categories for each step, of as many steps as a row has, and the layer that recurrent nets begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError
from ..files.parsing import VarLenFeature
from ..ir.default_graph import control_dependencies
from ..ir.node import Node, here
from ..ir.types import DType, float32, string
from ..ops.array import concat, identity, reshape, shape, stack
from ..ops.debug import assert_equal
from ..ops.math import cast
from ..ops.sparse_dense import sparse_tensor_to_dense
from ..ops.sparse_forms import sparse_reshape
from ..ops.sparse_tensor import SparseTensor
from ..variables import variable_scope
from . import categorical
from .base import CategoricalColumn, DenseColumn, FeatureColumn, Features, IdWeightPair, lengths_of
from .layers import columns_of, of_one_length
from .numeric import numeric_column

__all__ = ["sequence_categorical_column_with_hash_bucket", "sequence_categorical_column_with_identity",
           "sequence_categorical_column_with_vocabulary_file", "sequence_categorical_column_with_vocabulary_list", "sequence_numeric_column"]


@dataclass(frozen=True)
class SequenceCategoricalColumn(CategoricalColumn):
    """The categories of each step: those of a row one after another, or, of a feature of three axes, any number for each step."""

    categorical_column: CategoricalColumn

    @property
    def name(self) -> str:
        return self.categorical_column.name

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self.categorical_column.parse_example_spec

    @property
    def num_buckets(self) -> int:
        return self.categorical_column.num_buckets

    @property
    def sequential(self) -> bool:
        return True

    def transformed(self, features: Features) -> SparseTensor:
        ids = self.categorical_column.ids(features).id_tensor
        steps = shape_of_steps(ids)
        return sparse_reshape(ids, stack([*steps, np.int64(-1)], 0))

    def ids(self, features: Features) -> IdWeightPair:
        return IdWeightPair(features.of(self), None)


def shape_of_steps(x: SparseTensor) -> tuple[Node, Node]:
    """How many rows there are, and how many steps the longest has."""
    return x.dense_shape[0], x.dense_shape[1]


@dataclass(frozen=True)
class SequenceNumericColumn(DenseColumn):
    """Numbers of a shape for each step, as float32."""

    key: str
    shape: tuple[int, ...]
    default_value: float
    dtype: DType
    normalizer_fn: Callable[[Any], Any] | None

    @property
    def name(self) -> str:
        return self.key

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.dtype)}

    @property
    def variable_shape(self) -> tuple[int, ...]:
        return self.shape

    @property
    def sequential(self) -> bool:
        return True

    def transformed(self, features: Features) -> SparseTensor:
        x = features.raw(self.key, self)
        if self.normalizer_fn is not None:
            x = self.normalizer_fn(x)
        if not isinstance(x, SparseTensor):
            raise DTypeError(f"{self.said}: the feature {self.key!r:.60} is a SparseTensor, with a number of elements for each row of its own, "
                             f"not {x!r:.80}{here()}")
        if x.dtype.name == "string":
            raise DTypeError(f"{self.said}: the feature {self.key!r:.60} holds numbers, and {x!r} does not{here()}")
        return x

    def dense(self, features: Features, collections: Any = None, trainable: bool = True) -> Node:
        x = features.of(self)
        full = sparse_tensor_to_dense(x, cast(self.default_value, x.values.dtype))
        return cast(reshape(full, concat([shape(full)[:1], np.array([-1, *self.shape], np.int32)], 0)), dtype=np.float32)

    def lengths(self, features: Features) -> Node:
        x = features.of(self)
        return lengths_of(x, int(np.prod(self.shape)) if x.rank == 2 else 1)


def sequence_numeric_column(key: str, shape: Any = (1,), default_value: Any = 0.0, dtype: Any = float32,
                            normalizer_fn: Callable[[Any], Any] | None = None) -> SequenceNumericColumn:
    """Numbers of a sparse feature, `shape` of them for each step, as float32; shorter rows go on with `default_value`.

    `normalizer_fn`: what is done with the sparse tensor first. ArgumentError: a key, shape, default or function that is none. DTypeError: no
    dtype of numbers.

    >>> rating = tf.feature_column.sequence_numeric_column("rating")
    >>> ratings = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [2.0, 3.0, 4.0], [2, 2])
    >>> x, lengths = tf.contrib.feature_column.sequence_input_layer({"rating": ratings}, [rating])
    >>> tf.Session(jit=False).run([x[:, :, 0], lengths])
    [array([[2., 3.],
           [4., 0.]], dtype=float32), array([2, 1])]
    """
    plain = numeric_column(key, shape, None, dtype, normalizer_fn)
    if isinstance(default_value, bool) or not isinstance(default_value, (int, float, np.number)):
        raise ArgumentError(f"sequence_numeric_column({key!r:.60}): default_value is a number, not {default_value!r:.60}{here()}")
    return SequenceNumericColumn(key, plain.shape, float(default_value), plain.dtype, normalizer_fn)


def sequence_categorical_column_with_identity(key: str, num_buckets: int, default_value: int | None = None) -> SequenceCategoricalColumn:
    """`categorical_column_with_identity` for each step of a sequence; `embedding_column` and `indicator_column` make it dense.

    ArgumentError, and what a run refuses: as there.
    """
    return SequenceCategoricalColumn(categorical.categorical_column_with_identity(key, num_buckets, default_value))


def sequence_categorical_column_with_hash_bucket(key: str, hash_bucket_size: int, dtype: Any = string) -> SequenceCategoricalColumn:
    """`categorical_column_with_hash_bucket` for each step of a sequence. ArgumentError, DTypeError: as there."""
    return SequenceCategoricalColumn(categorical.categorical_column_with_hash_bucket(key, hash_bucket_size, dtype))


def sequence_categorical_column_with_vocabulary_file(key: str, vocabulary_file: str, vocabulary_size: int | None = None, num_oov_buckets: int = 0,
                                                     default_value: int | None = None, dtype: Any = string) -> SequenceCategoricalColumn:
    """`categorical_column_with_vocabulary_file` for each step of a sequence. ArgumentError, DTypeError, NotFoundError: as there."""
    return SequenceCategoricalColumn(categorical.categorical_column_with_vocabulary_file(
        key, vocabulary_file, vocabulary_size, num_oov_buckets, default_value, dtype))


def sequence_categorical_column_with_vocabulary_list(key: str, vocabulary_list: Any, dtype: Any = None, default_value: int = -1,
                                                     num_oov_buckets: int = 0) -> SequenceCategoricalColumn:
    """`categorical_column_with_vocabulary_list` for each step of a sequence. ArgumentError, DTypeError: as there.

    >>> word = tf.feature_column.sequence_categorical_column_with_vocabulary_list("word", ["a", "b"])
    >>> words = {"word": tf.constant([["b", "a"], ["a", ""]])}
    >>> x, lengths = tf.contrib.feature_column.sequence_input_layer(words, [tf.feature_column.indicator_column(word)])
    >>> tf.Session(jit=False).run([x, lengths])
    [array([[[0., 1.],
            [1., 0.]],
           [[1., 0.],
            [0., 0.]]], dtype=float32), array([2, 1])]
    """
    return SequenceCategoricalColumn(categorical.categorical_column_with_vocabulary_list(key, vocabulary_list, dtype, default_value, num_oov_buckets))


# ---------------------------------------------------------------------- the layer

def sequence_input_layer(features: Any, feature_columns: Any, weight_collections: Any = None, trainable: bool = True) -> tuple[Node, Node]:
    """The tensors of columns of sequences side by side, in the order of the columns' names, and how long each row is.

    A dict of features -> float32[rows, steps, sum of the columns' sizes], int64[rows]. Vectors that are learned stand in variables
    `sequence_input_layer/<column's name>/embedding_weights`. ArgumentError: no columns, or one that is of rows, or not dense. GraphError: a
    feature is missing. InvalidArgumentError, by a run: columns disagree about lengths.

    >>> day = tf.feature_column.sequence_categorical_column_with_identity("day", 7)
    >>> days = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [1, 2, 3], [2, 2])
    >>> x, lengths = tf.contrib.feature_column.sequence_input_layer({"day": days}, [tf.feature_column.embedding_column(day, 4)])
    >>> x.shape, [v.name for v in tf.trainable_variables()]
    (TensorShape((None, None, 4)), ['sequence_input_layer/day_embedding/embedding_weights:0'])
    """
    what = "sequence_input_layer"
    given, columns = Features(features, what), sequences_of(what, feature_columns)
    made: list[tuple[FeatureColumn, Node]] = []
    with variable_scope(None, default_name=what):
        for column in columns:
            with variable_scope(None, default_name=column._var_scope_name):
                made.append((column, side(column, column.dense(given, weight_collections, trainable))))
        return joined(what, given, made)


def sequences_of(what: str, feature_columns: Any) -> list[DenseColumn]:
    """Columns of sequences in the order of their names. ArgumentError: others."""
    found = []
    for column in columns_of(what, feature_columns):
        if not column.sequential or not isinstance(column, DenseColumn):
            raise ArgumentError(f"{what} takes sequence_numeric_column, and embedding_column and indicator_column of sequence_categorical_column_"
                                f"with_..., not {column.said}{here()}")
        found.append(column)
    return found


def side(column: DenseColumn, x: Node) -> Node:
    """The tensor of a column with one axis behind its steps."""
    width = int(np.prod(column.variable_shape))
    return x if x.type.rank == 3 else reshape(x, concat([shape(x)[:2], np.array([width], np.int32)], 0))


def joined(what: str, given: Features, made: list[tuple[Any, Node]]) -> tuple[Node, Node]:
    """All columns along the last axis, and the lengths, in which they agree."""
    of_one_length(what, made)
    lengths = [column.lengths(given) for column, _ in made]
    checks = [assert_equal(n, lengths[0], message=f"{what}: {made[0][0].said} and {column.said} are of other lengths")
              for (column, _), n in zip(made[1:], lengths[1:], strict=True)]
    with control_dependencies(checks):
        return concat([x for _, x in made], 2) if len(made) > 1 else made[0][1], identity(lengths[0])
