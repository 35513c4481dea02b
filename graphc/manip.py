"""`tf.manip`: tensors moved and gathered."""

from .ops.array import gather_nd, reshape, reverse, scatter_nd, tile
from .ops.blocks import batch_to_space_nd, space_to_batch_nd
from .ops.ordering import roll
from .tf1_names import namespace as _namespace

__all__ = ["batch_to_space_nd", "gather_nd", "reshape", "reverse", "roll", "scatter_nd", "space_to_batch_nd", "tile"]

_namespace(globals())
