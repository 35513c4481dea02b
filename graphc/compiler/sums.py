"""Sums of products, as the gradient of a weight that is used at every step of a sequence is, as one product of all their rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import InternalError
from ..ir.graph import Scratch
from ..ir.node import OPERATORS, Node, topological
from ..ir.sizes import alike, all_at_hand, fixed, outgrows
from ..ir.types import element_count, same_type
from ..ops.array import concat
from ..ops.array_move import reshape
from ..ops.linalg_matmul import matmul
from ..ops.math_arithmetic import add
from .groups import root_of
from .layout import adjacent, contiguous, unshaped
from .sink import place_of

LARGE = 32768               # elements of a result from which one product is faster than several and their sum, however many rows each has
SMALL, SHORT = 4096, 16     # elements from which it is, if none has more rows than that
FEW = 8                     # one of so many operands may be copied in any case


class _Sum(NamedTuple):
    """A sum as its addends: products of rows, which may become one, and others."""

    node: Node
    products: list[Node]
    others: list[Node]


@dataclass(eq=False)
class _Whole:
    """Values one behind the other, whatever their shapes: in a node that there is, or, where that is None, in a concat to be made."""

    parts: list[Node]
    node: Node | None = None

    @property
    def needs(self) -> list[Node]:
        return self.parts if self.node is None else [self.node]


class _Rows(NamedTuple):
    """Matrices below each other as rows of a whole, from one to another."""

    whole: _Whole
    begin: Any
    end: Any
    columns: Any

    @property
    def count(self) -> Any:
        """Of elements."""
        return (self.end - self.begin) * self.columns


def sum_products(fetches: Sequence[Node]) -> Sequence[Node]:
    """x1' y1 + x2' y2 + ..., transposed on the left, is one product of the rows of all x and those of all y.

    It is done where few of them must be copied to lie below each other: others lie so already, or are computed there.
    """
    order = topological(fetches)
    sums = _sums(order, fetches)
    return _Joining(order, fetches).run(sums) if sums else fetches


def _sums(order: Sequence[Node], fetches: Sequence[Node]) -> list[_Sum]:
    """The largest sums of which at least two addends are such products that nothing else uses; those of most products first."""
    products = {n for n in order if n.operator.family.multiplies and _of_rows(n)}
    if len(products) < 2:
        return []
    counted, adds = {*products}, list[Node]()
    for n in order:
        if n.operator.name == "add" and not counted.isdisjoint(n.inputs):
            adds.append(n)
            counted.add(n)
    uses = Counter(fetches)
    uses.update([x for n in order for x in n.inputs if x in counted])
    within: set[Node] = set()
    found = []
    for n in reversed(adds):
        if n in within:
            continue
        total = _Sum(n, [], [])
        stack = [*reversed(n.inputs)]
        while stack:
            x = stack.pop()
            mine = x in counted and uses[x] == 1 and same_type(x.type, n.type)
            if mine and x not in products:
                within.add(x)
                stack += reversed(x.inputs)
            else:
                (total.products if mine else total.others).append(x)
        if len(total.products) > 1 and _gains(total):
            found.append(total)
    return sorted(found, key=lambda total: -len(total.products))


def _of_rows(x: Node) -> bool:
    """Whether a product is one of two matrices of floats in which each row of one meets a row of the other."""
    a, b = x.inputs
    return x.attrs["transpose_a"] and not x.attrs["transpose_b"] and x.type.dtype.kind == "f" and a.type.rank == b.type.rank == 2


def _gains(total: _Sum) -> bool:
    """Whether one product is faster: its result is written once, and no sum reads it; but of many rows less stays in the cache."""
    size = element_count(total.node.type.shape)
    rows = [p.inputs[0].type.shape[0] for p in total.products]
    return fixed(size) and (size >= LARGE or (size >= SMALL and all(fixed(n) and n <= SHORT for n in rows)))


class _Joining:
    """What values are parts of; and the graph anew, in which a sum may wait for more than it did."""

    def __init__(self, order: Sequence[Node], fetches: Sequence[Node]):
        self.order, self.fetches = order, fetches
        self.part_of: dict[Node, tuple[_Whole, int]] = {}       # of a value, whatever its shape: the whole, and its number among the parts
        self.placed = {unshaped(f) for f in fetches}            # what is computed somewhere else already
        for n in order:
            if n.operator.family.joins:
                self.placed.update(map(unshaped, n.inputs))
                if adjacent(n):
                    self.enter(_Whole([unshaped(x) for x in n.inputs], n))
        self.joined: dict[Node, tuple[_Sum, list[_Rows]]] = {}
        self.made: dict[tuple[_Whole, Any], Node] = {}          # matrices, by the number of their columns

    def enter(self, whole: _Whole) -> None:
        """Note what lies in a whole."""
        for i, x in enumerate(whole.parts):
            self.part_of.setdefault(x, (whole, i))

    def run(self, sums: Sequence[_Sum]) -> Sequence[Node]:
        waits = _Waits(self.order, [total.node for total in sums])
        for total in sums:
            sides = self.sides(total, waits)
            if sides is not None:
                self.joined[total.node] = total, sides
                for rows in sides:
                    waits.add(total.node, rows.whole.needs)
                    if rows.whole.node is None:
                        self.placed.update(rows.whole.parts)
                        self.enter(rows.whole)
        return self.rebuilt() if self.joined else self.fetches

    # ------------------------------------------------------------------ where operands lie below each other

    def sides(self, total: _Sum, waits: _Waits) -> list[_Rows] | None:
        """The left and the right operands of the one product; None if more would be copied than results are saved."""
        products = self.in_order(total.products)
        found: list[_Rows] = []
        copied = whole = 0
        for side in (0, 1):
            parts = [p.inputs[side] for p in products]
            rows = self.lying(parts)
            if rows is None or waits.on(rows.whole.needs, total.node):
                rows = _Rows(_Whole([unshaped(x) for x in parts]), 0, sum(x.type.shape[0] for x in parts), parts[0].type.shape[1])
                copied += sum(element_count(x.type.shape) for x in parts if not self.computed_there(x))
            whole += rows.count
            found.append(rows)
        return None if outgrows(copied, len(products) * element_count(total.node.type.shape)) and outgrows(FEW * copied, whole) else found

    def computed_there(self, x: Node) -> bool:
        """Whether a value can be computed where a whole wants it."""
        family = unshaped(x).operator.family
        return (family.fuses or family.multiplies or family.joins) and unshaped(x) not in self.placed

    def in_order(self, products: Sequence[Node]) -> Sequence[Node]:
        """The products in the order in which the operands of one side lie in one whole; else as they are added."""
        for side in (1, 0):
            parts = [p.inputs[side] for p in products]
            places = [self.part_of.get(unshaped(x)) for x in parts]
            if len({None if place is None else place[0] for place in places}) == 1 and places[0] is not None:
                keys: Sequence[int] = [place[1] for place in places if place is not None]
            elif len({root_of(x) for x in parts}) == 1:
                keys = all_at_hand(place_of(x)[2] for x in parts)
            else:
                continue
            return [products[i] for i in sorted(range(len(products)), key=keys.__getitem__)]
        return products

    def lying(self, parts: Sequence[Node]) -> _Rows | None:
        """Matrices as rows of a whole, if they lie below each other there."""
        columns = parts[0].type.shape[1]
        whole, first = self.part_of.get(unshaped(parts[0]), (None, 0))
        if whole is not None and whole.parts[first:first + len(parts)] == [unshaped(x) for x in parts]:
            before = sum(element_count(x.type.shape) for x in whole.parts[:first])
        else:
            root = root_of(parts[0])
            places = [place_of(x) for x in parts]
            whole, before = _Whole([root], root), places[0][2]
            at = before
            for x, (shape, strides, offset) in zip(parts, places, strict=True):
                if root_of(x) is not root or not alike(offset, at) or not alike(tuple(strides), contiguous(shape)):
                    return None
                at = at + element_count(tuple(shape))
        begin = before // columns
        if not alike(begin * columns, before):
            return None
        return _Rows(whole, begin, begin + sum(x.type.shape[0] for x in parts), columns)

    # ------------------------------------------------------------------ the graph anew

    def rebuilt(self) -> list[Node]:
        """The fetches, each node after all that it waits for: those that come too early, and what needs them, once more at the end."""
        new: dict[Node, Node] = {}
        done: set[Node] = set()
        scratch, left = Scratch(), self.order
        with scratch.as_default():
            while left:
                late: dict[Node, None] = {}
                for node in left:
                    if any(x in late for x in node.inputs) or (node in self.joined and not done.issuperset(self.needs(node))):
                        late[node] = None
                        continue
                    done.add(node)
                    if node in self.joined:
                        new[node] = self.one_product(node, new, scratch)
                    elif not new.keys().isdisjoint(node.inputs):
                        new[node] = node.on(tuple([new.get(x, x) for x in node.inputs]))
                if len(late) == len(left):
                    raise InternalError(f"{left[0]} waits for itself")
                left = [*late]
        return [new.get(f, f) for f in self.fetches]

    def needs(self, node: Node) -> list[Node]:
        return [x for rows in self.joined[node][1] for x in rows.whole.needs]

    def one_product(self, node: Node, new: dict[Node, Node], scratch: Scratch) -> Node:
        total, sides = self.joined[node]
        scratch.place = total.products[0]
        a, b = (self.matrix(rows, new) for rows in sides)
        made: Node = matmul(a, b, transpose_a=True)
        scratch.place = node
        for x in total.others:
            made = add(made, new.get(x, x))
        return made

    def matrix(self, rows: _Rows, new: dict[Node, Node]) -> Node:
        """The rows, of the whole as a matrix of so many columns."""
        whole, begin, end, columns = rows
        found = self.made.get((whole, columns))
        if found is None:
            if whole.node is not None:
                found = new.get(whole.node, whole.node)
            else:
                found = concat([_matrix(new.get(x, x), columns) for x in whole.parts], axis=0)
            found = self.made[whole, columns] = _matrix(found, columns)
        if alike(begin, 0) and alike(end, found.type.shape[0]):
            return found
        last = None if alike(end, found.type.shape[0]) else end
        cut: Node = OPERATORS["strided_slice"](found, index=(("slice", begin, last, None),))
        return cut


def _matrix(x: Node, columns: Any) -> Node:
    """A value as a matrix of so many columns."""
    count = element_count(x.type.shape) // columns
    return x if alike(x.type.shape, (count, columns)) else reshape(x, [count, columns])


class _Waits:
    """Which of some sums a node needs, as bits, with what they wait for besides by what is made of them."""

    def __init__(self, order: Sequence[Node], sums: Iterable[Node]):
        self.bit = {n: 1 << i for i, n in enumerate(sums)}
        self.below: dict[Node, int] = {}
        for n in order:
            found = self.bit.get(n, 0)
            for x in n.inputs:
                found |= self.below[x]
            self.below[n] = found
        self.more = dict.fromkeys(self.bit, 0)

    def on(self, nodes: Iterable[Node], total: Node) -> bool:
        """Whether one of the nodes waits for a sum."""
        found = self._of(nodes)
        return bool(found & self.bit[total])

    def add(self, total: Node, nodes: Iterable[Node]) -> None:
        """Let a sum wait for these nodes too."""
        self.more[total] |= self._of(nodes)

    def _of(self, nodes: Iterable[Node]) -> int:
        found = 0
        for x in nodes:
            found |= self.below[x]
        while True:
            more = found
            for n, bit in self.bit.items():
                if found & bit:
                    more |= self.more[n]
            if more == found:
                return found
            found = more
