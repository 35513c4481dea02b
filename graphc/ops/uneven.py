"""Values that have another shape in each iteration of a loop, kept all the same: padded with zeros to the largest, and cut again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.known import known_shape
from ..ir.node import OPERATORS, Node
from ..ir.operator import Values, declare
from ..ir.sizes import unknown
from ..ir.types import Array, TensorType, shape_str
from .array import pad, shape, stack, zeros_like
from .math_arithmetic import subtract


def _cut_type(types: Sequence[TensorType], values: Values) -> TensorType:
    sizes = values[1] if len(values) > 1 else None
    if types[0].shape is None or sizes is None or unknown(sizes).any():
        return TensorType(types[0].dtype, None if types[0].shape is None else (None,) * len(types[0].shape))
    cut = known_shape(np.asarray(sizes).reshape(-1))
    fits = cut is not None and len(cut) == len(types[0].shape) and \
        all(not isinstance(n, int) or n >= 0 and (not isinstance(d, int) or n <= d) for n, d in zip(cut, types[0].shape, strict=True))
    if not fits:
        raise ShapeError(f"of {shape_str(types[0].shape)} there are not the first {shape_str(cut)} elements")
    return TensorType(types[0].dtype, cut)


def _cut_gradient(g: Node, y: Node, padded: Node, sizes: Node) -> Any:
    behind = subtract(shape(padded), shape(g))
    return pad(g, stack([zeros_like(behind), behind], 1)), None


@declare("host", _cut_type, by_value=(1,), grad=_cut_gradient, samples=(([(3, 4), np.array([2, 3], np.int32)], {}),))
def cut_row(padded: Any, sizes: Any) -> Any:
    """The first elements of a tensor along each axis, so many."""
    return padded[tuple([slice(0, int(n)) for n in sizes])]


@declare("lowered", lambda types, values: types[0], lower=lambda node, inputs, types, type: inputs[0],
         grad=lambda g, y, x: (cut_row(g, shape(x)),), samples=(([(2, 3)], {}),))
def uneven_row(x: Any) -> Any:
    """The value itself; where it is another shape in each iteration, a loop stacks it with zeros behind its elements, as many as there need be."""
    return x


def padded_rows(rows: Sequence[Array]) -> Array:
    """Rows as one tensor, those that are shorter than others along an axis with zeros at its end."""
    whole = np.zeros((len(rows), *np.max([r.shape for r in rows], axis=0).astype(int)), rows[0].dtype)
    for place, row in zip(whole, rows, strict=True):
        place[tuple([slice(0, n) for n in row.shape])] = row
    return whole


@declare("lowered", lambda types, values: types[1], samples=(([(2, 3), (2, 3)], {}),),
         lower=lambda node, inputs, types, type: inputs[0] if node.type.shape == types[0].shape else zeros_like(inputs[1]),
         grad=lambda g, y, x, result: (OPERATORS["cotangent_of"](g, x), None))
def cotangent_of(x: Any, result: Any) -> Any:
    """The cotangent of a branch's result, which has its shape; zeros where it is another branch's, whose results have other shapes."""
    return x if np.shape(x) == np.shape(result) else np.zeros_like(result)
