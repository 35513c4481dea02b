"""Columns of categories: by vocabularies, buckets of hashes, and numbers that are there; and with weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, NotFoundError
from ..files.parsing import VarLenFeature
from ..ir.default_graph import control_dependencies
from ..ir.node import here
from ..ir.types import Array, DType, as_array, as_dtype, float32, int64, string
from ..ops.array import identity, ones_like
from ..ops.debug import assert_greater_equal, assert_less
from ..ops.math import cast, greater_equal, less, logical_and, where
from ..ops.sparse_tensor import SparseTensor
from ..ops.strings import as_string, string_to_hash_bucket_fast
from ..ops.tables import Table, lines, read_as
from .base import CategoricalColumn, FeatureColumn, Features, IdWeightPair, count_of, holds, key_of, kind_of, sparse_ids, whole, without

__all__ = ["categorical_column_with_hash_bucket", "categorical_column_with_identity", "categorical_column_with_vocabulary_file",
           "categorical_column_with_vocabulary_list", "weighted_categorical_column"]


@dataclass(frozen=True)
class KeyedColumn(CategoricalColumn):
    """Categories of one feature."""

    key: str

    @property
    def name(self) -> str:
        return self.key

    @property
    def kind(self) -> DType:
        """The dtype of the feature."""
        raise NotImplementedError

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.kind)}

    def transformed(self, features: Features) -> SparseTensor:
        return self.numbered(sparse_ids(features.raw(self.key, self), self, self.key))

    def numbered(self, x: SparseTensor) -> SparseTensor:
        """The numbers of the categories that stand in a sparse tensor."""
        raise NotImplementedError


# ---------------------------------------------------------------------- hashes

@dataclass(frozen=True)
class HashedColumn(KeyedColumn):
    """Categories by the rest of a text's hash."""

    hash_bucket_size: int
    dtype: DType

    @property
    def kind(self) -> DType:
        return self.dtype

    @property
    def num_buckets(self) -> int:
        return self.hash_bucket_size

    def numbered(self, x: SparseTensor) -> SparseTensor:
        holds("the column", x.dtype, self.dtype, self, self.key)
        texts = x.values if x.dtype.name == "string" else as_string(x.values)
        return x.with_values(string_to_hash_bucket_fast(texts, num_buckets=self.hash_bucket_size))


def categorical_column_with_hash_bucket(key: str, hash_bucket_size: int, dtype: Any = string) -> HashedColumn:
    """Texts, or whole numbers, each in one of `hash_bucket_size` buckets: the rest of its fingerprint, the bucket that TensorFlow has.

    ArgumentError: no key, or no number of buckets. DTypeError: neither texts nor whole numbers.

    >>> words = tf.feature_column.categorical_column_with_hash_bucket("words", 1000)
    >>> words.name, words.num_buckets
    ('words', 1000)
    """
    what = f"categorical_column_with_hash_bucket({key!r:.60})"
    key_of("categorical_column_with_hash_bucket", key)
    return HashedColumn(key, count_of(what, "hash_bucket_size", hash_bucket_size), kind_of(what, dtype))


# ---------------------------------------------------------------------- vocabularies

@dataclass(frozen=True)
class VocabularyColumn(KeyedColumn):
    """Categories by their places in a vocabulary; others have a default, or one of some buckets beyond."""

    vocabulary: tuple[Any, ...]
    dtype: DType
    default_value: int
    num_oov_buckets: int

    @property
    def kind(self) -> DType:
        return self.dtype

    @property
    def num_buckets(self) -> int:
        return len(self.vocabulary) + self.num_oov_buckets

    def numbered(self, x: SparseTensor) -> SparseTensor:
        return _places(self, x, as_array(list(self.vocabulary), self.dtype))


def _places(column: VocabularyColumn | VocabularyFileColumn, x: SparseTensor, keys: Array, source: str = "") -> SparseTensor:
    """The places in a vocabulary of what stands in a sparse tensor; `source` is the file that it is from."""
    holds("its vocabulary", x.dtype, column.dtype, column, column.key)
    values = x.values if x.dtype == column.dtype or x.dtype.name == "string" else cast(x.values, dtype=column.dtype.dtype)
    name = f"{column.key}_lookup".replace("/", "_")
    return x.with_values(Table(keys, np.arange(len(keys)), column.default_value, column.num_oov_buckets, name, source).lookup(values))


def _others(what: str, default_value: Any, num_oov_buckets: Any) -> tuple[int, int]:
    buckets = count_of(what, "num_oov_buckets", num_oov_buckets, 0)
    if buckets and default_value not in (-1, None):
        raise ArgumentError(f"{what} takes num_oov_buckets or default_value{here()}")
    return (-1 if default_value is None else int(default_value)), buckets


def categorical_column_with_vocabulary_list(key: str, vocabulary_list: Any, dtype: Any = None, default_value: int = -1,
                                            num_oov_buckets: int = 0) -> VocabularyColumn:
    """Texts or whole numbers by their places in a list; others have `default_value` (-1: none), or one of `num_oov_buckets` places beyond.

    ArgumentError: no key, no list, a member that comes twice, or both a default and buckets. DTypeError: neither texts nor whole numbers.

    >>> colour = tf.feature_column.categorical_column_with_vocabulary_list("colour", ["red", "blue"])
    >>> colours = tf.feature_column.input_layer({"colour": ["blue", "red"]}, [tf.feature_column.indicator_column(colour)])
    >>> tf.Session(jit=False).run(colours)
    array([[0., 1.],
           [1., 0.]], dtype=float32)
    """
    what = f"categorical_column_with_vocabulary_list({key!r:.60})"
    key_of("categorical_column_with_vocabulary_list", key)
    members = [] if vocabulary_list is None or isinstance(vocabulary_list, (str, bytes)) else list(vocabulary_list)
    if not members:
        raise ArgumentError(f"{what}: a vocabulary is a list of texts or whole numbers, not {vocabulary_list!r:.60}{here()}")
    is_text = isinstance(members[0], (str, bytes))
    if any(isinstance(m, (str, bytes)) != is_text or not is_text and (isinstance(m, bool) or not isinstance(m, (int, np.integer))) for m in members):
        raise DTypeError(f"{what}: a vocabulary holds texts, or whole numbers, not {members!r:.60}{here()}")
    known = string if is_text else int64
    kind = known if dtype is None else kind_of(what, dtype)
    if (kind.name == "string") != is_text:
        raise DTypeError(f"{what}: dtype is {kind.name}, and the vocabulary {known.name}{here()}")
    made = tuple((m.encode() if isinstance(m, str) else bytes(m)) if is_text else int(m) for m in members)
    again = sorted({m for m in made if made.count(m) > 1}) if len(set(made)) < len(made) else []
    if again:
        raise ArgumentError(f"{what}: {again[0]!r:.60} stands twice in the vocabulary{here()}")
    default, buckets = _others(what, default_value, num_oov_buckets)
    if not -1 <= default < len(made):
        raise ArgumentError(f"{what}: default_value is -1 or a place in the vocabulary, not {default}{here()}")
    return VocabularyColumn(key, made, kind, default, buckets)


@dataclass(frozen=True)
class VocabularyFileColumn(KeyedColumn):
    """Categories by the numbers of the lines of a file."""

    vocabulary_file: str
    vocabulary_size: int
    num_oov_buckets: int
    default_value: int
    dtype: DType

    @property
    def kind(self) -> DType:
        return self.dtype

    @property
    def num_buckets(self) -> int:
        return self.vocabulary_size + self.num_oov_buckets

    def numbered(self, x: SparseTensor) -> SparseTensor:
        read = lines(self.vocabulary_file)[:self.vocabulary_size]
        if len(read) < self.vocabulary_size:
            raise ArgumentError(f"{self.said}: {self.vocabulary_file!r:.200} has {len(read)} lines, and vocabulary_size is "
                                f"{self.vocabulary_size}{here()}")
        return _places(self, x, read_as(read.tolist(), self.dtype, self.vocabulary_file), self.vocabulary_file)


def categorical_column_with_vocabulary_file(key: str, vocabulary_file: str, vocabulary_size: int | None = None, num_oov_buckets: int = 0,
                                            default_value: int | None = None, dtype: Any = string) -> VocabularyFileColumn:
    """Texts or whole numbers by the numbers of the lines of a file, of the first `vocabulary_size` if it is given; otherwise as of a list.

    NotFoundError: there is no such file. ArgumentError: no key, no size, or both a default and buckets. DTypeError: neither texts nor whole numbers.
    """
    what = f"categorical_column_with_vocabulary_file({key!r:.60})"
    key_of("categorical_column_with_vocabulary_file", key)
    if not vocabulary_file:
        raise ArgumentError(f"{what}: vocabulary_file is a path, not {vocabulary_file!r:.60}{here()}")
    try:
        read = lines(vocabulary_file)
    except NotFoundError as e:
        raise NotFoundError(f"{what}: {e}") from None
    size = len(read) if vocabulary_size is None else count_of(what, "vocabulary_size", vocabulary_size)
    default, buckets = _others(what, default_value, num_oov_buckets)
    return VocabularyFileColumn(key, str(vocabulary_file), size, buckets, default, kind_of(what, dtype))


# ---------------------------------------------------------------------- numbers

@dataclass(frozen=True)
class IdentityColumn(KeyedColumn):
    """Categories that are numbers already."""

    number_buckets: int
    default_value: int | None

    @property
    def kind(self) -> DType:
        return int64

    @property
    def num_buckets(self) -> int:
        return self.number_buckets

    def numbered(self, x: SparseTensor) -> SparseTensor:
        holds("the column", x.dtype, int64, self, self.key)
        found = whole(x)
        if self.default_value is None:
            with control_dependencies([assert_greater_equal(found.values, np.int64(0), message=f"{self.said}: categories are 0 or above"),
                                       assert_less(found.values, np.int64(self.number_buckets),
                                                   message=f"{self.said}: categories are below num_buckets, {self.number_buckets}")]):
                return found.with_values(identity(found.values))
        inside = logical_and(greater_equal(found.values, np.int64(0)), less(found.values, np.int64(self.number_buckets)))
        return found.with_values(where(inside, found.values, np.int64(self.default_value) * ones_like(found.values)))


def categorical_column_with_identity(key: str, num_buckets: int, default_value: int | None = None) -> IdentityColumn:
    """Whole numbers from 0 to below `num_buckets`; others have `default_value`, and without one a run fails at them.

    ArgumentError: no key, no number of buckets, or a default that is not below it.

    >>> day = tf.feature_column.categorical_column_with_identity("day", 3)
    >>> tf.Session(jit=False).run(tf.feature_column.input_layer({"day": [[2], [0]]}, [tf.feature_column.indicator_column(day)]))
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    what = f"categorical_column_with_identity({key!r:.60})"
    key_of("categorical_column_with_identity", key)
    count = count_of(what, "num_buckets", num_buckets)
    if default_value is not None and not 0 <= count_of(what, "default_value", default_value, 0) < count:
        raise ArgumentError(f"{what}: default_value is below num_buckets, {count}, and not {default_value}{here()}")
    return IdentityColumn(key, count, default_value)


# ---------------------------------------------------------------------- weights

@dataclass(frozen=True)
class WeightedColumn(CategoricalColumn):
    """Categories of another column, with weights of a feature."""

    categorical_column: CategoricalColumn
    weight_feature_key: str
    dtype: DType

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_weighted_by_{self.weight_feature_key}"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        spec = self.categorical_column.parse_example_spec
        if self.weight_feature_key in spec:
            raise ArgumentError(f"{self.said}: {self.weight_feature_key!r:.60} is the key of its categories and of their weights{here()}")
        return {**spec, self.weight_feature_key: VarLenFeature(self.dtype)}

    @property
    def num_buckets(self) -> int:
        return self.categorical_column.num_buckets

    def transformed(self, features: Features) -> SparseTensor:
        x = features.raw(self.weight_feature_key, self)
        values = x.values if isinstance(x, SparseTensor) else x
        holds("the weights", values.dtype, self.dtype, self, self.weight_feature_key)
        weights = x if isinstance(x, SparseTensor) else without(x, 0)
        return weights if weights.dtype.is_floating and weights.dtype == float32 else weights.with_values(cast(weights.values, dtype=np.float32))

    def ids(self, features: Features) -> IdWeightPair:
        return IdWeightPair(self.categorical_column.ids(features).id_tensor, features.of(self))


def weighted_categorical_column(categorical_column: Any, weight_feature_key: str, dtype: Any = float32) -> WeightedColumn:
    """The categories of a column with weights, which are another feature of the same places.

    ArgumentError: no column of categories, or no key. DTypeError: weights that are no numbers.
    """
    _is_categorical("weighted_categorical_column", categorical_column)
    if categorical_column.sequential:
        raise ArgumentError(f"weighted_categorical_column takes a column of rows, and {categorical_column.said} is one of sequences{here()}")
    kind = as_dtype(dtype)
    if not (kind.is_integer or kind.is_floating):
        raise DTypeError(f"weighted_categorical_column: weights are numbers, not {kind.name}{here()}")
    return WeightedColumn(categorical_column, key_of("weighted_categorical_column", weight_feature_key), kind)


def _is_categorical(what: str, column: Any) -> None:
    if not isinstance(column, CategoricalColumn):
        kind = column.said if isinstance(column, FeatureColumn) else f"{column!r:.80}"
        raise ArgumentError(f"{what} takes a column of categories, as categorical_column_with_identity gives one, not {kind}{here()}")
