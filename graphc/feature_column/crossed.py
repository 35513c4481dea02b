"""Columns of categories that are combinations of others, each in a bucket of its hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import ArgumentError
from ..files.parsing import VarLenFeature
from ..ir.node import here
from ..ir.types import string
from ..ops.sparse_cross import cross_hashed
from ..ops.sparse_tensor import SparseTensor
from .base import CategoricalColumn, FeatureColumn, Features, count_of
from .categorical import HashedColumn

__all__ = ["crossed_column"]


@dataclass(frozen=True)
class CrossedColumn(CategoricalColumn):
    """Every combination of a category of each of several features or columns."""

    keys: tuple[Any, ...]
    hash_bucket_size: int
    hash_key: int | None

    @property
    def name(self) -> str:
        return "_X_".join(sorted(self._leaves()))

    def _leaves(self) -> list[str]:
        return [n for k in self.keys for n in (k._leaves() if isinstance(k, CrossedColumn) else [k.name if isinstance(k, FeatureColumn) else k])]

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {}
        for key in self.keys:
            spec.update(key.parse_example_spec if isinstance(key, FeatureColumn) else {key: VarLenFeature(string)})
        return spec

    @property
    def num_buckets(self) -> int:
        return self.hash_bucket_size

    def transformed(self, features: Features) -> SparseTensor:
        return cross_hashed([self._part(features, key) for key in self.keys], self.hash_bucket_size, self.hash_key)

    def _part(self, features: Features, key: Any) -> Any:
        if isinstance(key, str):
            return features.raw(key, self)
        ids, weights = key.ids(features)
        if weights is not None:
            raise ArgumentError(f"{self.said}: categories with weights are not crossed: {key.said}{here()}")
        return ids


def crossed_column(keys: Any, hash_bucket_size: int, hash_key: int | None = None) -> CrossedColumn:
    """Every combination of the categories of two or more features or columns, each in a bucket of its hash, the bucket that TensorFlow has.

    `keys`: keys of features of texts or whole numbers, and columns of categories, but none by hash, whose key stands for it.
    ArgumentError: no such keys, or no number of buckets.

    >>> both = tf.feature_column.crossed_column(["town", "day"], 100)
    >>> made = tf.feature_column.input_layer({"town": ["a", "b"], "day": ["x", "y"]}, [tf.feature_column.indicator_column(both)])
    >>> tf.Session(jit=False).run(tf.argmax(made, 1))
    array([92,  5])
    """
    given = list(keys) if isinstance(keys, (list, tuple, set, frozenset)) else []
    if len(given) < 2:
        raise ArgumentError(f"crossed_column takes two keys or more, not {keys!r:.60}{here()}")
    for key in given:
        if isinstance(key, HashedColumn):
            raise ArgumentError(f"crossed_column: {key.said} is in buckets already, and would be hashed twice: its key, {key.key!r:.60}, "
                                f"stands for it{here()}")
        if not isinstance(key, (str, CategoricalColumn)):
            raise ArgumentError(f"crossed_column takes keys and columns of categories, not {key!r:.80}{here()}")
    count = count_of("crossed_column", "hash_bucket_size", hash_bucket_size)
    return CrossedColumn(tuple(given), count, None if hash_key is None or hash_key == 0 else int(hash_key))
