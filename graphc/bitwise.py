"""`tf.bitwise`: integers bit by bit: and, or, exclusive or, complement, shifts."""

from typing import TYPE_CHECKING

from .ops.math_bitwise import bitwise_and, bitwise_or, bitwise_xor, invert, left_shift, right_shift
from .tf1_names import getter as _getter

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
