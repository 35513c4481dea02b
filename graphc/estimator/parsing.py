"""The features that `tf.parse_example` must find for a ready-made model: those of its columns, the labels and the weights."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError, DTypeError
from ..feature_column.layers import make_parse_example_spec
from ..feature_column.numeric import NumericColumn, numeric_column
from ..files.parsing import FixedLenFeature
from ..ir.node import here
from ..ir.types import as_dtype, float32, int64

__all__ = ["classifier_parse_example_spec", "regressor_parse_example_spec"]


def _spec(what: str, columns: Any, key: str, label: FixedLenFeature, weights: Any) -> dict[str, Any]:
    found = make_parse_example_spec(columns)
    if key in found:
        raise ArgumentError(f"{what}: {key!r:.60} is the key of the labels and of a column{here()}")
    found[key] = label
    if weights is None:
        return found
    column = numeric_column(weights) if isinstance(weights, str) else weights
    if not isinstance(column, NumericColumn):
        raise ArgumentError(f"{what}: weight_column is a key or a numeric_column, not {weights!r:.80}{here()}")
    return {**found, **column.parse_example_spec}


def classifier_parse_example_spec(feature_columns: Any, label_key: str, label_dtype: Any = int64, label_default: Any = None,
                                  weight_column: Any = None) -> dict[str, Any]:
    """The features for a classifier: those of columns, one label of `label_dtype`, and the weight if there is one.

    ArgumentError: the label is a feature, too, or no weight column. DTypeError: labels are texts or whole numbers.
    """
    kind = as_dtype(label_dtype)
    if kind.name != "string" and not kind.is_integer:
        raise DTypeError(f"classifier_parse_example_spec: labels are texts or whole numbers, not {kind.name}{here()}")
    return _spec("classifier_parse_example_spec", feature_columns, label_key, FixedLenFeature((1,), kind, label_default), weight_column)


def regressor_parse_example_spec(feature_columns: Any, label_key: str, label_dtype: Any = float32, label_default: Any = None,
                                 label_dimension: int = 1, weight_column: Any = None) -> dict[str, Any]:
    """The features for a regressor: those of columns, `label_dimension` labels, and the weight if there is one. ArgumentError: as for a classifier.

    DTypeError: labels are floats.
    """
    kind = as_dtype(label_dtype)
    if not kind.is_floating:
        raise DTypeError(f"regressor_parse_example_spec: labels are floats, not {kind.name}{here()}")
    return _spec("regressor_parse_example_spec", feature_columns, label_key, FixedLenFeature((label_dimension,), kind, label_default), weight_column)
