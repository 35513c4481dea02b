"""What a signature says of a tensor, and the tensor that it speaks of."""

from .signature import build_tensor_info, get_tensor_from_tensor_info

__all__ = ["build_tensor_info", "get_tensor_from_tensor_info"]


def __dir__() -> list[str]:
    return [*__all__]
