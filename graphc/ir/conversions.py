"""What programs say of classes of their own: by which function an object of one becomes a tensor."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError
from .node import Node, here

__all__ = ["register_tensor_conversion_function"]

CONVERSIONS: list[tuple[float, int, tuple[type, ...], Callable[..., Any]]] = []       # in the order in which they are asked
_OWN = (bool, int, float, complex, str, bytes, np.generic, np.ndarray, Node)


def register_tensor_conversion_function(base_type: Any, conversion_func: Callable[..., Any], priority: float = 100) -> None:
    """Let objects of a class, or of several, be operands: `conversion_func(value, dtype=None, name=None, as_ref=False)` gives the tensor.

    It gives NotImplemented for a value that another one may convert. Lower priorities are asked first, and of equal ones the first that was
    registered. DTypeError: no class, or one of Python's or NumPy's numbers, whose tensors are known; no function.

    >>> class Celsius:
    ...     def __init__(self, degrees):
    ...         self.degrees = degrees
    >>> tf.register_tensor_conversion_function(Celsius, lambda value, dtype=None, name=None, as_ref=False: tf.constant(value.degrees, dtype))
    >>> tf.Session(jit=False).run(tf.constant(1.0) + Celsius(20.0))
    np.float32(21.0)
    """
    classes = base_type if isinstance(base_type, tuple) else (base_type,)
    if not classes or not all(isinstance(kind, type) for kind in classes):
        raise DTypeError(f"register_tensor_conversion_function: {base_type!r:.80} is no class, or tuple of classes{here()}")
    if any(issubclass(kind, _OWN) or kind is object for kind in classes):
        raise DTypeError(f"register_tensor_conversion_function: how {base_type!r:.80} becomes a tensor is known already{here()}")
    if not callable(conversion_func):
        raise DTypeError(f"register_tensor_conversion_function: {conversion_func!r:.80} is no function{here()}")
    bisect.insort(CONVERSIONS, (priority, len(CONVERSIONS), classes, conversion_func), key=lambda c: c[:2])


def converted(value: Any, dtype: Any, name: str | None) -> Node | None:
    """The tensor that a program's function makes of an object; None if there is no function for it. DTypeError: it made something else."""
    if isinstance(value, _OWN):
        return None
    for _, _, classes, function in CONVERSIONS:
        if isinstance(value, classes):
            made = function(value, dtype=dtype, name=name, as_ref=False)
            if made is NotImplemented:
                continue
            if not isinstance(made, Node) or dtype is not None and made.dtype != dtype:
                raise DTypeError(f"the conversion function of {type(value).__name__} gave {made!r:.80}, which is no tensor"
                                 f"{'' if dtype is None else f' of {dtype}'}{here()}")
            return made
    return None
