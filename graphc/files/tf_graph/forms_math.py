"""TensorFlow's operators of mathematics that graphc spells with several of its own: what the rows of mathematics name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...ir.known import known_shape, left_open, static_value
from ...ir.node import Node
from ...ops import linalg, linalg_factor, math, reduce
from ...ops.array import fill
from ...ops.array_move import unbroadcast
from ...ops.ordering import searchsorted


def div(x: Node, y: Node) -> Node:
    """x / y; of integers without what is behind the point, as C has it."""
    return math.truediv(x, y) if x.type.dtype.kind in "fc" else math.truncatediv(x, y)


def approximate_equal(x: Node, y: Node, tolerance: float = 1e-5) -> Node:
    """Whether x and y differ by less than `tolerance`."""
    return math.less(math.abs(math.subtract(x, y)), np.asarray(tolerance, x.type.dtype))


def bucketize(input: Node, boundaries: Sequence[float]) -> Node:
    """How many of the ascending boundaries are not above each element."""
    return searchsorted(np.asarray(boundaries, np.float64), math.cast(input, "float64"), side="right")


def einsum(inputs: Sequence[Node], equation: str) -> Node:
    return linalg.einsum(equation, *inputs)


def self_adjoint_eig(tensor: Node, compute_v: bool = True) -> Sequence[Node | None]:
    e, v = linalg.self_adjoint_eig(tensor)
    return e, v if compute_v else None


def svd(tensor: Node, compute_uv: bool = True, full_matrices: bool = False) -> Sequence[Node | None]:
    s, u, v = linalg_factor.svd(tensor, full_matrices)
    return (s, u, v) if compute_uv else (s, None, None)


# ---------------------------------------------------------------------- sums, and those of gradients

class Repeated(NamedTuple):
    """The axes along which a tensor of the shape `own` was repeated to be as wide as itself and `other`: a result of BroadcastGradientArgs."""

    own: Node
    other: Node


def total(input_tensor: Node, axis: Any, keepdims: bool = False) -> Node:
    """The sum over axes, or over those along which an operand was repeated: then it has that operand's shape."""
    if isinstance(axis, Repeated):
        return _given_back(input_tensor, axis)
    known = None if left_open(axis) else static_value(axis)
    return reduce.reduce_sum(input_tensor, axis=axis if known is None else known.reshape(-1).tolist(), keepdims=keepdims)


def _given_back(g: Node, axis: Repeated) -> Node:
    """A gradient summed to the shape of the operand. Where the axes can be known, the sum has lost them, as TensorFlow's has."""
    axes = repeated_axes(axis)
    if axes is not None:
        return reduce.reduce_sum(g, axis=axes) if axes else g
    like = axis.own.inputs[0] if axis.own.operator.name == "shape" else fill(axis.own, np.zeros((), g.type.dtype))
    return unbroadcast(g, like)


def repeated_axes(axis: Repeated) -> list[int] | None:
    """The axes, as far as they can be known while the graph is built; an axis of size 1 on both sides is one or not, with the same sum."""
    own, other = (known_shape(static_value(s), s.type.shape[0] if s.type.shape else None) for s in axis)
    if own is None or other is None:
        return None
    rank = max(len(own), len(other))
    pairs = list(zip((1,) * (rank - len(own)) + own, (1,) * (rank - len(other)) + other, strict=True))
    if any(a is None and b != 1 for a, b in pairs):
        return None
    return [i for i, (a, _) in enumerate(pairs) if a == 1]


# ---------------------------------------------------------------------- derivatives by the results

def sqrt_grad(y: Node, dy: Node) -> Node:
    return dy * 0.5 / y


def rsqrt_grad(y: Node, dy: Node) -> Node:
    return dy * (-0.5 * y) * y * y


def reciprocal_grad(y: Node, dy: Node) -> Node:
    return -dy * y * y


def sigmoid_grad(y: Node, dy: Node) -> Node:
    return dy * y * (1.0 - y)


def tanh_grad(y: Node, dy: Node) -> Node:
    return dy * (1.0 - y * y)
