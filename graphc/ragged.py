"""`tf.ragged`: tensors whose rows have lengths of their own, from lists, ranges and placeholders, and functions of their values."""

from typing import TYPE_CHECKING

from .ops import ragged_made as _made
from .ops.ragged_made import *  # noqa: F403
from .ops.ragged_value import RaggedTensorValue as RaggedTensorValue
from .tf1_names import getter as _getter

__all__ = [*_made.__all__, "RaggedTensorValue"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
