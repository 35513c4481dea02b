"""The layer that looks rows up in a table."""

from __future__ import annotations

from typing import Any

from ...errors import ShapeError
from ...ir.node import Node, here
from ...ir.types import TensorShape, as_shape, compatible
from ...ops.array import gather
from ...ops.math import cast, not_equal
from .. import regularizers
from .base import StatedLayer

__all__ = ["Embedding"]


class Embedding(StatedLayer):
    """The rows of a table [input_dim, output_dim] that the inputs number, as a first layer has it.

    int[batch, ...] -> float[batch, ..., output_dim]; other numbers are made whole. `mask_zero`: 0 stands for no input, and is masked.
    `input_length`: how many inputs a row has, where that is always the same. ShapeError, by the call: another number. InvalidArgumentError,
    when run: no such row.

    >>> layer = tf.keras.layers.Embedding(3, 2, embeddings_initializer="ones", name="words")
    >>> tf.Session(jit=False).run(layer(tf.constant([[2, 0]]))).tolist(), layer.weights[0].name
    ([[[1.0, 1.0], [1.0, 1.0]]], 'words/embeddings:0')
    """

    def __init__(self, input_dim: int, output_dim: int, embeddings_initializer: Any = "uniform", embeddings_regularizer: Any = None,
                 activity_regularizer: Any = None, embeddings_constraint: Any = None, mask_zero: bool = False, input_length: Any = None,
                 **kwargs: Any):
        if "input_shape" not in kwargs and "batch_input_shape" not in kwargs:
            kwargs["input_shape"] = (input_length,) if not isinstance(input_length, (list, tuple)) else tuple(input_length)
        super().__init__(activity_regularizer=regularizers.get(activity_regularizer), **{"dtype": "float32", **kwargs})
        self._state(locals())
        self.input_dim, self.output_dim = int(input_dim), int(output_dim)
        self.supports_masking = mask_zero

    def build(self, input_shape: TensorShape) -> None:
        """Make the table."""
        self.embeddings = self.add_weight("embeddings", [self.input_dim, self.output_dim], initializer=self.embeddings_initializer,
                                          regularizer=self.embeddings_regularizer, constraint=self.embeddings_constraint)
        self.built = True

    def call(self, inputs: Node) -> Node:
        """The rows of the table."""
        self.compute_output_shape(inputs.shape)
        return gather(self.embeddings, inputs if inputs.type.dtype.kind in "iu" else cast(inputs, "int32"))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Which inputs are not 0, if that stands for none."""
        return not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of the inputs, and the size of a row behind it."""
        dims = as_shape(input_shape)
        if dims is None:
            return TensorShape(None)
        if self.input_length is None:
            return TensorShape([*dims, self.output_dim])
        lengths = list(self.input_length) if isinstance(self.input_length, (list, tuple)) else [self.input_length]
        if not compatible(tuple(lengths), dims[1:]):
            raise ShapeError(f"{self._name}: input_length is {self.input_length}, and the inputs are of shape {TensorShape(dims)}{here()}")
        return TensorShape([dims[0], *(d if d is not None else n for d, n in zip(dims[1:], lengths, strict=True)), self.output_dim])
