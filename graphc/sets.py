"""`tf.sets`: operations on the sets that stand along the last axis of tensors."""

from typing import TYPE_CHECKING

from .ops.sets import set_difference, set_intersection, set_size, set_union
from .tf1_names import getter as _getter

difference, intersection, size, union = set_difference, set_intersection, set_size, set_union

__all__ = ["difference", "intersection", "set_difference", "set_intersection", "set_size", "set_union", "size", "union"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
