"""`tf.sets`: operations on the sets that stand along the last axis of tensors."""

from .ops.sets import set_difference, set_intersection, set_size, set_union
from .tf1_names import namespace as _namespace

difference, intersection, size, union = set_difference, set_intersection, set_size, set_union

__all__ = ["difference", "intersection", "set_difference", "set_intersection", "set_size", "set_union", "size", "union"]

_namespace(globals())
