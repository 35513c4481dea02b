"""The dtypes of elementwise operators: what operands are computed in and what comes out, found by asking the reference."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import DTypeError
from .types import HALF, dtype_name


def check_kinds(op: Any, dtypes: Iterable[np.dtype[Any]]) -> None:
    """DTypeError for a dtype of a kind that no operand may have."""
    for dtype in dtypes:
        if dtype.kind in op.refused:
            raise DTypeError(f"not defined for {dtype_name(dtype)}")


def element_dtypes(op: Any, inputs: tuple[np.dtype[Any], ...], attrs: dict[str, Any]) -> tuple[tuple[np.dtype[Any], ...], np.dtype[Any]]:
    """The dtypes that operands of these are computed in, and the result's. DTypeError: the operator does not take them."""
    check_kinds(op, (d for d in inputs if not d.hasobject))         # what takes texts in its place asks it too
    names = op.param_names(len(inputs))
    fixed = [np.dtype(op.fixed[p]) if p in op.fixed else None for p in names]
    for dtype, need, p in zip(inputs, fixed, names, strict=True):
        if need is not None and dtype != need:
            raise DTypeError(f"{p} must be {need}, not {dtype}")
    try:
        with np.errstate(all="ignore"):
            # The first operand is 0 where the rest is 1, so that a checked operand (an index below its bound) passes.
            result = np.asarray(op.reference(*(np.full(1, i > 0, d) for i, d in enumerate(inputs)), **attrs)).dtype
    except TypeError:
        raise DTypeError(f"not defined for {' and '.join(d.name for d in inputs)}") from None
    if result == HALF and HALF not in inputs and HALF not in attrs.values():           # numpy's answer for one-byte integers
        result = np.dtype(np.float32)
    free = [d for d, need in zip(inputs, fixed, strict=True) if need is None]
    compute = np.result_type(*free) if free else result
    if result.kind == "f" and compute.kind not in "fc":
        compute = result
    return tuple(compute if need is None else need for need in fixed), result
