"""`tf.manip`: tensors moved and gathered."""

from typing import TYPE_CHECKING

from .ops.array import gather_nd, reshape, reverse, scatter_nd, tile
from .ops.blocks import batch_to_space_nd, space_to_batch_nd
from .ops.ordering import roll
from .tf1_names import getter as _getter

__all__ = ["batch_to_space_nd", "gather_nd", "reshape", "reverse", "roll", "scatter_nd", "space_to_batch_nd", "tile"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
