"""What a signature says of a tensor, and the tensor that it speaks of."""

from ..tf1_names import namespace as _namespace
from .signature import build_tensor_info, get_tensor_from_tensor_info

__all__ = ["build_tensor_info", "get_tensor_from_tensor_info"]

_namespace(globals())
