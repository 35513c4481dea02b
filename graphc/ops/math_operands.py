"""What operands the references of mathematics take: of the kinds they have business with, in the dtype they answer in."""

from __future__ import annotations

from typing import Any

import numpy as np


def numbers(*operands: Any) -> Any:
    """The operands of an operator that booleans alone have no business in."""
    if np.result_type(*operands).kind == "b":
        raise TypeError("booleans are not numbers")
    return operands


def floating(x: Any) -> Any:
    """x, the operand of an operator for real numbers only."""
    if np.asarray(x).dtype.kind != "f":
        raise TypeError("not a floating dtype")
    return x


def wide(x: Any) -> Any:
    """One-byte integers and booleans as float32, where numpy's own functions would answer in float16."""
    x = np.asarray(x)
    return x.astype(np.float32) if x.dtype.itemsize == 1 else x
