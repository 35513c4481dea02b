"""What a step of a program costs at least: bytes it must read and write, operations it must do, counted from its nodes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from .graph import Node
from .kernel_text import literal
from .schedule import data_inputs
from .types import TensorType, element_count


class Cost(NamedTuple):
    """Bytes that memory must give and take, and arithmetic operations (a product of matrices: 2 m n k), once each."""

    read: int
    written: int
    operations: int

    @property
    def bytes(self) -> int:
        return self.read + self.written


def cost(members: Sequence[Node], stored: Iterable[Node]) -> Cost:
    """The cost of computing `members` in one step that leaves those of them in `stored` in memory."""
    inside = set(members)
    operands = {x: None for m in members for x in data_inputs(m) if x not in inside and literal(x) is None}
    kept = set(stored)
    return Cost(sum(map(size, operands)), sum(size(m) for m in members if m in kept), sum(map(operations, members)))


def size(node: Node) -> int:
    """Bytes of a node's value; of several results together."""
    types = [node.type] if isinstance(node.type, TensorType) else node.type or ()
    return sum(element_count(t.shape) * t.dtype.itemsize for t in types)


def operations(node: Node) -> int:
    """Arithmetic operations that a node's definition takes; moving and converting elements is none."""
    family = node.operator.family
    if family == "elementwise":
        return element_count(node.type.shape) * _in_expression(node.operator.expr)
    if family == "reduction":
        return element_count(node.inputs[0].type.shape)
    if family == "scatter":
        return element_count(node.inputs[1].type.shape)
    if family == "contraction":
        inner = node.inputs[0].type.shape[-2 if node.attrs["transpose_a"] else -1]
        return 2 * element_count(node.type.shape) * inner
    return 0


@cache
def _in_expression(expression: str) -> int:
    """Operators, comparisons and calls in an elementwise expression; `{T}(...)` only names a type."""
    tree: Any = ast.parse(expression.replace("{T}", "_type").replace("{", "").replace("}", ""), mode="eval")
    count = 0
    for part in ast.walk(tree):
        if isinstance(part, ast.Call):
            count += not (isinstance(part.func, ast.Name) and part.func.id == "_type")
        else:
            count += isinstance(part, (ast.BinOp, ast.UnaryOp, ast.Compare))
    return count


__all__ = ["Cost", "cost", "operations", "size"]
