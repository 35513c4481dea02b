"""Layers that models of feature columns begin with: columns made dense, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import numpy as np

from ...errors import ArgumentError, GraphError
from ...feature_column import categorical, crossed, embedding, numeric, sequences
from ...feature_column.base import FeatureColumn, Features
from ...feature_column.layers import columns_of, dense_of, flat, of_one_length
from ...ir.node import Node, here
from ...ir.operator import to_node
from ...ir.types import DType, TensorShape, as_dtype, as_shape
from ...ops.array import concat
from ...variables import variable_scope
from .. import initializers
from ..engine.layer import Layer
from ..named import get_custom_objects, serialize_keras_object

__all__ = ["DenseFeatures"]


class FeaturesLayer(Layer):
    """What layers of columns share: the columns, in the order of their names, and the variables that columns make."""

    def __init__(self, feature_columns: Any, trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(trainable=trainable, name=name, **kwargs)
        self._feature_columns = self._ordered(feature_columns)
        self._tables: dict[str, Any] = {}           # what columns have made, by the names of the variables

    def _ordered(self, feature_columns: Any) -> Any:
        """The columns as they are laid out. ArgumentError: one that the layer does not take."""
        raise NotImplementedError

    def _told(self, given: Any) -> tuple[Any, Any]:
        return None, as_dtype("float32")            # features may be texts, and of any shapes

    def _given(self, inputs: Any) -> Any:
        if not isinstance(inputs, Mapping):
            raise ArgumentError(f"{self._name} takes a dict of features, not {inputs!r:.60}{here()}")
        return {key: x if hasattr(x, "dense_shape") else to_node(x) for key, x in inputs.items()}

    @contextmanager
    def _column(self, column: FeatureColumn) -> Iterator[None]:
        """Within it the column's variables are made, or found again, and are the layer's."""
        def held(getter: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:
            if name not in self._tables:
                own = {k: kwargs.get(k) for k in ("shape", "dtype", "initializer", "trainable")}
                self._tables[name] = self.add_weight(name.rpartition("/")[2], **own)
            return self._tables[name]
        with (self.graph.name_scope(column.name),
              variable_scope(column._var_scope_name, auxiliary_name_scope=False, custom_getter=held)):
            yield

    @property
    def _width(self) -> int:
        return sum(int(np.prod(column.variable_shape)) for column in self._feature_columns)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer anew, its columns as data. GraphError: a function of a column has no name."""
        return {**super().get_config(), "feature_columns": [_described(column) for column in self._feature_columns]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The layer of those arguments. GraphError: a column or a function is not known."""
        columns = [_column_of(data, custom_objects) for data in config["feature_columns"]]
        return cls(columns, **{k: v for k, v in config.items() if k != "feature_columns"})


class DenseFeatures(FeaturesLayer):
    """The dense tensors of columns side by side, in the order of the columns' names: a dict of features -> float32[rows, sum of their sizes].

    Vectors that are learned are the layer's variables, `<layer>/<column>/embedding_weights`, the same in each call. `layer(features,
    cols_to_output_tensors=dict)` fills that dict. ArgumentError: no columns, one of categories, which `indicator_column` and
    `embedding_column` make dense, or features that are no dict. GraphError, by the call: a feature is missing. ShapeError, DTypeError, by the
    call: one does not fit its column.

    >>> layer = tf.keras.layers.DenseFeatures([tf.feature_column.numeric_column("b"), tf.feature_column.numeric_column("a", shape=[2])])
    >>> tf.Session(jit=False).run(layer({"a": [[1.0, 2.0]], "b": [[3.0]]}))
    array([[1., 2., 3.]], dtype=float32)
    """

    def _ordered(self, feature_columns: Any) -> Any:
        return [dense_of("DenseFeatures", column) for column in columns_of("DenseFeatures", feature_columns)]

    def call(self, features: Any, cols_to_output_tensors: Any = None) -> Node:
        """The tensors of all columns."""
        given, made = Features(features, self._name), []
        for column in self._feature_columns:
            with self._column(column):
                made.append((column, flat(column, column.dense(given, None, self.trainable))))
        if cols_to_output_tensors is not None:
            cols_to_output_tensors.update(made)
        of_one_length(self._name, made)
        return concat([x for _, x in made], -1) if len(made) > 1 else made[0][1]

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """As many rows as there are, and the sizes of all columns together."""
        shapes = [*input_shape.values()] if isinstance(input_shape, Mapping) else [input_shape]
        return TensorShape([(as_shape(shapes[0]) or [None])[0], self._width])


class SequenceFeatures(FeaturesLayer):
    """The tensors of columns of sequences side by side, and how long each row is, for recurrent layers.

    A dict of features -> float32[rows, steps, sum of the columns' sizes], int64[rows]. Vectors that are learned are the layer's variables, the
    same in each call. ArgumentError: no columns, one that is of rows, or not dense, or features that are no dict. GraphError, by the call: a
    feature is missing. InvalidArgumentError, by a run: columns disagree about lengths.

    >>> day = tf.feature_column.sequence_categorical_column_with_identity("day", 7)
    >>> layer = tf.keras.experimental.SequenceFeatures([tf.feature_column.embedding_column(day, 4)])
    >>> x, lengths = layer({"day": tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [1, 2, 3], [2, 2])})
    >>> x.shape, [v.name for v in layer.weights]
    (TensorShape((2, 2, 4)), ['sequence_features/day_embedding/embedding_weights:0'])
    """

    def _ordered(self, feature_columns: Any) -> Any:
        return sequences.sequences_of("SequenceFeatures", feature_columns)

    def call(self, features: Any) -> tuple[Node, Node]:
        """The tensors of all columns, and the lengths."""
        given, made = Features(features, self._name), []
        for column in self._feature_columns:
            with self._column(column):
                made.append((column, sequences.side(column, column.dense(given, None, self.trainable))))
        return sequences.joined(self._name, given, made)


# ---------------------------------------------------------------------- columns as data

_COLUMNS = {kind.__name__: kind for module in (categorical, crossed, embedding, numeric, sequences) for kind in vars(module).values()
            if isinstance(kind, type) and issubclass(kind, FeatureColumn)}


def _described(value: Any) -> Any:
    """A column, or a field of one, as plain data."""
    if isinstance(value, FeatureColumn):
        return {"class_name": type(value).__name__, "config": {f.name: _described(getattr(value, f.name)) for f in fields(value)}}
    if isinstance(value, (tuple, list)):
        return [_described(v) for v in value]
    if isinstance(value, DType):
        return value.name
    if isinstance(value, (bytes, np.bytes_)):
        return value.decode()
    if isinstance(value, np.generic):
        return value.item()
    if callable(value):
        return initializers.serialize(value) if hasattr(value, "get_config") else serialize_keras_object(value)
    return value


def _column_of(data: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The column that plain data describe. GraphError: of no kind that there is."""
    if not isinstance(data, Mapping) or data.get("class_name") not in _COLUMNS:
        raise GraphError(f"{data!r:.80} does not describe a feature column{here()}")
    known = {**get_custom_objects(), **(custom_objects or {})}

    def read(name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return _column_of(value, custom_objects) if value.get("class_name") in _COLUMNS else initializers.get(value)
        if isinstance(value, list):
            return tuple(read(name, v) for v in value)
        if name == "vocabulary" and isinstance(value, str):
            return value.encode()
        if name == "dtype":
            return as_dtype(value)
        if name in ("normalizer_fn", "initializer") and value is not None:
            if value not in known:
                raise GraphError(f"{data['class_name']}: the function {value!r:.60} is not known: give it by custom_objects{here()}")
            return known[value]
        return value
    return _COLUMNS[data["class_name"]](**{name: read(name, value) for name, value in data["config"].items()})
