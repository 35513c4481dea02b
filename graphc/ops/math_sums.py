"""Sums of several tensors, of one shape or with factors: `add_n` and its kin, polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.node import OPERATORS, Node, describe, here, saying
from ..ir.operator import many, to_node
from ..ir.types import as_dtype, as_shape, compatible, shape_str
from .contract import held
from .math_arithmetic import add, multiply
from .scopes import composed

__all__ = ["add_n", "accumulate_n", "polyval", "scalar_mul"]


@composed("AddN", op="AddN")
def add_n(inputs: Any, name: str | None = None) -> Node:
    """The sum of a list of tensors of one shape and dtype.

    DTypeError, ShapeError: they are not of one type. GraphError: there is none.

    >>> tf.Session(jit=False).run(tf.add_n([[1, 2], [3, 4], [5, 6]]))
    array([ 9, 12], dtype=int32)
    """
    nodes = [to_node(x) for x in ([inputs] if isinstance(inputs, Node) else many("add_n", inputs))]
    if not nodes:
        raise GraphError(f"add_n of no tensors{here()}")
    first = nodes[0]
    for x in nodes:
        if x.type.dtype != first.type.dtype:
            raise DTypeError(f"add_n: {describe(first)} and {describe(x)} differ in dtype{here()}")
    if len(nodes) == 1:
        return OPERATORS["identity"](first, name=name)
    known = held("add_n", "same", *nodes)
    made = total([known, *nodes[1:]], name)
    if not made.type.known:
        made.set_shape(known.type.shape)        # one shape all have, of which a sum of the last two knows less
    return made


def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None) -> Node:
    """`add_n`, whose `shape` and `tensor_dtype`, if given, the tensors must have. DTypeError, ShapeError: they have not."""
    nodes = [to_node(x) for x in ([inputs] if isinstance(inputs, Node) else many("accumulate_n", inputs))]
    with saying("accumulate_n"):
        wanted = as_shape(shape)
    for x in nodes:
        if tensor_dtype is not None and x.type.dtype != as_dtype(tensor_dtype).as_numpy_dtype:
            raise DTypeError(f"accumulate_n: {describe(x)} is not of {as_dtype(tensor_dtype).name}{here()}")
        if not compatible(x.type.shape, wanted):
            raise ShapeError(f"accumulate_n: {describe(x)} is not of shape {shape_str(wanted)}{here()}")
    return add_n(nodes, name)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Node:
    """A number times a tensor. ShapeError: the first is no scalar. DTypeError: no numbers."""
    factor = to_node(scalar)
    if factor.type.rank not in (0, None):
        raise ShapeError(f"scalar_mul: {describe(factor)} is no scalar{here()}")
    return multiply(factor, x, name=name)


@composed("polyval", "add")
def polyval(coeffs: Sequence[Any], x: Any, name: str | None = None) -> Node:
    """The polynomial whose coefficients are a list of tensors, the highest power first, at x, by Horner's rule; 0 of no coefficients.

    GraphError: no list. DTypeError, ShapeError: a coefficient and x do not fit.
    """
    if not isinstance(coeffs, (list, tuple)):
        raise GraphError(f"polyval: coeffs is a list of tensors, not {coeffs!r:.60}{here()}")
    point = to_node(x)
    found = OPERATORS["zeros_like"](point)
    for factor in coeffs:
        found = found * point + factor
    return OPERATORS["identity"](found, name=name or "polyval")


def total(nodes: Sequence[Node], name: str | None = None) -> Node:
    """The sum of two tensors or more that have one type, one after the other."""
    known = nodes[0]
    for x in nodes[1:-1]:
        known = add(known, x)
    return add(known, nodes[-1], name=name)
