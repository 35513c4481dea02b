"""`tf.bitwise`: integers bit by bit: and, or, exclusive or, complement, shifts."""

from .ops.math_bitwise import bitwise_and, bitwise_or, bitwise_xor, invert, left_shift, right_shift
from .tf1_names import namespace as _namespace

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]

_namespace(globals())
