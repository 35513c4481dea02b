"""What operands the references of mathematics take: of the kinds they have business with, in the dtype they answer in; and a dtype's ends."""

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


def larger(x: Any, y: Any) -> Any:
    """The larger of two values, of which 0 is larger than -0 (IEEE 754-2019, maximum): numpy's own choice depends on the processor."""
    found = np.maximum(x, y)
    return np.where(np.equal(x, 0) & np.equal(y, 0), np.add(x, y), found) if np.asarray(found).dtype.kind == "f" else found


def smaller(x: Any, y: Any) -> Any:
    """The smaller of two values, of which -0 is smaller than 0."""
    found = np.minimum(x, y)
    return np.where(np.equal(x, 0) & np.equal(y, 0), -np.add(np.negative(x), np.negative(y)), found) if np.asarray(found).dtype.kind == "f" else found


def wide(x: Any) -> Any:
    """One-byte integers and booleans as float32, where numpy's own functions would answer in float16."""
    x = np.asarray(x)
    return x.astype(np.float32) if x.dtype.itemsize == 1 else x


def least(dtype: np.dtype[Any]) -> Any:
    """The least number of a dtype that is finite."""
    return np.finfo(dtype).min if dtype.kind == "f" else np.iinfo(dtype).min


def greatest(dtype: np.dtype[Any]) -> Any:
    """The greatest number of a dtype that is finite."""
    return np.finfo(dtype).max if dtype.kind == "f" else np.iinfo(dtype).max
