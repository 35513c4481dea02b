"""What a step of a program costs at least: bytes it must read and write, operations it must do, counted from its nodes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from ..compiler.groups import data_inputs, viewed
from ..ir.loops import loop_of
from ..ir.node import Node
from ..ir.sizes import at_hand
from ..ir.types import TensorType, element_count
from .kernel_text import effort, literal

Part = TypeVar("Part")


class Cost(NamedTuple):
    """Bytes that memory must give and take, and arithmetic operations (a product of matrices: 2 m n k), once each."""

    read: int
    written: int
    operations: int

    @property
    def bytes(self) -> int:
        return self.read + self.written

    def part(self, share: float) -> Cost:
        """A share of it."""
        return self if share == 1 else Cost(*(round(share * n) for n in self))

    def times(self, n: int) -> Cost:
        """That of doing it so often."""
        return Cost(*(n * each for each in self))


def of_trips(trips: int | None, body: Cost, test: Cost) -> Cost:
    """The cost of a loop: so many trips through its body, and one more test than trips; of one of each where it is not known how many."""
    often, tests = (1, 1) if trips is None else (trips, trips + 1)
    return Cost(*map(sum, zip(body.times(often), test.times(tests), strict=True)))


def cost(members: Sequence[Node], stored: Container[Node], scratch: Mapping[Node, int]) -> Cost:
    """The cost of computing `members` in one step that leaves those of them in `stored` in memory.

    `scratch`: bytes of the step's own memory, by the value that is written there and read again.
    """
    return cost_by(lambda n: None, members, stored, scratch).get(None, Cost(0, 0, 0))


def cost_by(part: Callable[[Node], Part], members: Sequence[Node], stored: Container[Node], scratch: Mapping[Node, int]) -> dict[Part, Cost]:
    """The cost of a step, shared out by the `part` that each node belongs to; an operand is charged to the first node that reads it."""
    inside, read = set(members), set()
    found: dict[Part, Cost] = {}
    for m in members:
        operands = {x for x in data_inputs(m) if x not in inside and x not in read and literal(x) is None}
        read |= operands
        so_far, waits = found.get(part(m), Cost(0, 0, 0)), scratch.get(m, 0)
        found[part(m)] = Cost(so_far.read + sum(_taken(x, m) for x in operands) + waits,
                              so_far.written + (size(m) if m in stored else 0) + waits, so_far.operations + operations(m))
    return found


def _taken(operand: Node, user: Node) -> int:
    """Bytes of an operand that its user needs: of a table that is looked up in no more than what is found, of a broadcast one what it shows."""
    looked_up = user.operator.family.gathers and operand is user.inputs[0]
    needed = min(size(operand), size(user)) if looked_up else size(operand)
    while (seen := viewed(operand)) is not None:
        operand, needed = seen, min(needed, size(seen))
    return needed


def elements(kind: TensorType) -> int:
    """The number of elements of a type, at hand."""
    return at_hand(element_count(kind.shape))


def time_weight(node: Node) -> int:
    """What part of a loop nest's time a node's arithmetic takes, relative to other nodes': a simple operation on one element counts 1."""
    operator = node.operator
    per_element = effort(operator.expr) if operator.family.broadcasts else effort("exp(") if operator.family.draws else 0
    return elements(node.inputs[0].type if operator.family.reduces else node.type) * (1 + per_element)


def size(node: Node) -> int:
    """Bytes of a node's value; of several results together."""
    types = [node.type] if isinstance(node.type, TensorType) else node.type or ()
    return sum(at_hand(t.nbytes) for t in types)


def operations(node: Node) -> int:
    """Arithmetic operations that a node's definition takes; moving and converting elements is none."""
    family = node.operator.family
    if family.broadcasts:
        return elements(node.type) * _in_expression(node.operator.expr)
    if family.reduces:
        return elements(node.inputs[0].type)
    if family.routine:
        loop = loop_of(node)
        return 0 if loop is None else at_hand(loop.work)
    if family.scatters:
        return elements(node.inputs[1].type)
    if family.multiplies:
        inner = node.inputs[0].type.shape[-2 if node.attrs["transpose_a"] else -1]
        return 2 * elements(node.type) * at_hand(inner)
    if family.convolves:
        return convolved(node)
    return 0


def convolved(node: Node) -> int:
    """Operations of a convolution or a gradient of it: of each element of the result, and of each place, a product with the filter's elements."""
    w, y = filter_and_result(node)
    return 2 * elements(y.type) * elements(w.type) // max(at_hand(w.type.shape[-1]), 1)


def filter_and_result(node: Node) -> tuple[Node, Node]:
    """Of a convolution or a gradient of it the filter and the result of the convolution, or what stands for their gradients."""
    first, second = node.inputs[:2]
    return {"conv": (second, node), "conv_input": (first, second), "conv_filter": (node, second)}[node.operator.name]


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


__all__ = ["Cost", "cost", "cost_by", "filter_and_result", "of_trips", "operations", "size", "time_weight"]
