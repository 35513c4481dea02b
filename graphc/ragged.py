"""`tf.ragged`: tensors whose rows have lengths of their own, from lists, ranges and placeholders, and functions of their values."""

from .ops import ragged_made as _made
from .ops.ragged_made import *  # noqa: F403
from .ops.ragged_value import RaggedTensorValue as RaggedTensorValue
from .tf1_names import namespace as _namespace

__all__ = [*_made.__all__, "RaggedTensorValue"]

_namespace(globals())
