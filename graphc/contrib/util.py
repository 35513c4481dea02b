"""`tf.contrib.util`: values of constants while the graph is built, and arrays as messages of tensors."""

from __future__ import annotations

from typing import Any

from ..files.tensor_proto import make_ndarray as make_ndarray
from ..files.tensor_proto import make_tensor_proto as make_tensor_proto
from ..ir.arguments import hold as _hold
from ..ir.known import static_value
from ..ir.operator import to_node
from ..tf1_names import namespace as _namespace

__all__ = ["constant_value", "make_ndarray", "make_tensor_proto"]


def constant_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a tensor as an array, if it is known while the graph is built; else None. DTypeError: no tensor.

    >>> tf.contrib.util.constant_value(tf.constant([1, 2]))
    array([1, 2], dtype=int32)
    """
    return static_value(to_node(tensor))


_hold(globals(), __all__)

_namespace(globals())
