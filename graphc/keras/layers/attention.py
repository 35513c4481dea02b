"""Layers that let each row of a query look at the rows of a value."""

from __future__ import annotations

from typing import Any

from ...errors import GraphError
from ...ir.node import Node, here
from ...ir.operator import to_node
from ...ir.types import TensorShape, as_shape
from ...nn import softmax
from ...ops.array import expand_dims, transpose
from ...ops.array import range as numbers
from ...ops.array import shape as shape_of
from ...ops.linalg import matmul
from ...ops.math import cast, greater_equal, logical_and, logical_not, tanh
from ...ops.reduce import reduce_sum
from .base import StatedLayer

__all__ = ["AdditiveAttention", "Attention"]


class _Attention(StatedLayer):
    """What both kinds share: which rows may be looked at, and the mean of them by their scores."""

    supports_masking = True

    def __init__(self, use_scale: bool, causal: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.use_scale, self.causal = use_scale, causal
        self.scale: Any = None

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
            raise GraphError(f"{self._name}: the inputs are a list of query and value, and a key if it is another, not {inputs!r:.60}{here()}")
        return super().__call__([to_node(x) for x in inputs], *args, **kwargs)

    def _scores(self, query: Node, key: Node) -> Node:
        """float[batch, rows of the query, rows of the key]."""
        raise NotImplementedError

    def call(self, inputs: Any, mask: Any = None) -> Node:
        """The rows of the value, by how the query scores those of the key."""
        query, value = inputs[:2]
        scores = self._scores(query, inputs[2] if len(inputs) > 2 else value)
        of_query, of_value = [*(mask or []), None, None][:2]
        allowed = None if of_value is None else expand_dims(of_value, axis=-2)
        if self.causal:
            sizes = shape_of(scores)
            before = greater_equal(expand_dims(numbers(sizes[-2]), 1), expand_dims(numbers(sizes[-1]), 0))
            allowed = expand_dims(before, 0) if allowed is None else logical_and(allowed, before)
        if allowed is not None:
            scores = scores - 1e9 * cast(logical_not(allowed), scores.dtype)
        out = matmul(softmax(scores), value)
        return out if of_query is None else out * cast(expand_dims(of_query, axis=-1), out.dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the query."""
        return mask[0] if mask else None

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The rows of the query, as wide as those of the value."""
        query, value = (as_shape(s) or () for s in input_shape[:2])
        return TensorShape([*query[:-1], value[-1]])


class Attention(_Attention):
    """softmax(query @ key^T) @ value (Luong, Pham and Manning 2015); with `use_scale` the scores are times a learned number.

    A list of query float[batch, n, k], value float[batch, m, v], and key float[batch, m, k], by default the value -> float[batch, n, v].
    Rows that the value's mask leaves out are not looked at; with `causal` none behind that of the query. GraphError: no list.

    >>> tf.keras.layers.Attention()([tf.zeros([2, 5, 4]), tf.zeros([2, 3, 4])]).shape
    TensorShape((2, 5, 4))
    """

    def __init__(self, use_scale: bool = False, causal: bool = False, **kwargs: Any):
        super().__init__(use_scale, causal, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        if self.use_scale:
            self.scale = self.add_weight("scale", [], initializer="ones")
        self.built = True

    def _scores(self, query: Node, key: Node) -> Node:
        scores = matmul(query, transpose(key, perm=[0, 2, 1]))
        return scores if self.scale is None else scores * self.scale


class AdditiveAttention(_Attention):
    """As `Attention`, of scores sum(scale * tanh(query + key)) (Bahdanau, Cho and Bengio 2015), with a learned scale for each column.

    A list of query float[batch, n, k], value float[batch, m, v], and key float[batch, m, k], by default the value -> float[batch, n, v].
    GraphError: no list. ShapeError, by the call: columns of an unknown number.
    """

    def __init__(self, use_scale: bool = True, causal: bool = False, **kwargs: Any):
        super().__init__(use_scale, causal, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        if self.use_scale:
            self.scale = self.add_weight("scale", [self._size(input_shape[-1], -1)], initializer="glorot_uniform")
        self.built = True

    def _scores(self, query: Node, key: Node) -> Node:
        terms = tanh(expand_dims(query, axis=-2) + expand_dims(key, axis=-3))
        return reduce_sum(terms if self.scale is None else self.scale * terms, axis=-1)
