"""What fusion makes of nodes: groups that share a loop nest, steps of one node, the order of both, and what a step reads of a node's inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..ir.families import Memory
from ..ir.node import Node
from ..ir.sizes import few
from ..ir.types import element_count

SMALL = 32              # elements up to which a full reduction is one row: results usable in the same kernel
NEVER = 1 << 60         # later than any step


@dataclass(eq=False, slots=True)
class Group:
    """Nodes computed in one loop nest over `dims`; `axes[node]` says which dim each axis of a member runs over (None: size 1)."""

    pos: int
    dims: list[int]
    members: list[Node] = field(default_factory=list)
    axes: dict[Node, tuple[int | None, ...]] = field(default_factory=dict)
    over: dict[Node, tuple[int | None, ...]] = field(default_factory=dict)  # of reductions: their input's axes
    reduced: frozenset[int] | None = None
    post: set[Node] = field(default_factory=set)        # members that need a finished reduction
    operands: set[Node] = field(default_factory=set)
    copies: set[Node] = field(default_factory=set)      # members that another group computes too: cheaper than having it store them
    first_use: int = NEVER
    convolution: Node | None = None                     # a member whose elements the others take from its own kernel, as it makes them

    @property
    def kind(self) -> str:
        """map: no reduction; row: reduces inner dims of each row; column: reduces outer dims; full: all of a large space."""
        if not self.reduced:
            return "map"
        if len(self.reduced) == len(self.dims):
            size = element_count(tuple(self.dims))
            return "row" if few(size, SMALL) else "full"
        return "row" if len(self.dims) - 1 in self.reduced else "column"

    def covers(self, axes: Sequence[int | None]) -> bool:
        """Whether a value on these axes is computed once an element: in order over all dims, or of a reduction over the kept ones."""
        ids, dims = [a for a in axes if a is not None], [*range(len(self.dims))]
        return ids == dims or (bool(self.reduced) and ids == [a for a in dims if a not in (self.reduced or ())])

    def sums(self) -> set[Node]:
        """The reductions; not those over axes of size 1 only, which copy."""
        return {m for m, axes in self.over.items() if any(axes[i] is not None for i in m.attrs["axis"])}

    def sweeps(self) -> dict[Node, int]:
        """The sweep over the reduced dims that each member is ready for: how many reductions it needs, one after another."""
        sums, found = self.sums(), dict[Node, int]()
        for m in self.members:
            found[m] = max((found[x] + (x in sums) for x in data_inputs(m) if x in found), default=0)
        return found


@dataclass(eq=False)
class Single:
    """A step of one node, no fused kernel: a library call, a copy into parts of a result, or a host call."""

    pos: int
    node: Node
    first_use: int = NEVER


@dataclass
class Schedule:
    """Steps in order, and which nodes must lie in memory; `home` is the group that stores a node, if it is stored."""

    steps: list[Group | Single]
    stored: set[Node]
    home: dict[Node, Group | Single]
    apart: dict[tuple[Node, Node], str]     # (producer, user) in different groups, and what kept them apart
    copying: dict[Node, list[Group]]        # groups that compute a node once more

    def computing(self, node: Node) -> list[Group | Single]:
        """The steps that compute a node: its home, and those that compute it once more; none of a view."""
        return [self.home[node], *self.copying.get(node, ())] if node in self.home else []

    def left_by(self, step: Group | Single) -> set[Node]:
        """What a step leaves in memory."""
        return {m for m in step.members if m in self.stored and m not in step.copies} if isinstance(step, Group) else {step.node} & self.stored


def viewed(node: Node) -> Node | None:
    """What an alias, a view or one of several views looks at; None for a node with memory of its own."""
    if node.operator.family.memory is Memory.VIEW:
        return node.inputs[0]
    if node.operator.family.picks and node.inputs[0].operator.family.cuts:
        return node.inputs[0].inputs[0]
    return None


def shapes_of(node: Node) -> list[Node]:
    """A value, and what it is in another shape: the same elements in the same order, all of them."""
    found = [node]
    while found[-1].operator.family.reshapes and (seen := viewed(found[-1])) is not None:
        found.append(seen)
    return found


def data_inputs(node: Node) -> Sequence[Node]:
    """The inputs a step reads, without those that only set shapes (already in the types)."""
    operator = node.operator
    if not operator.by_value or operator.family.calls:
        return node.inputs
    return [x for i, x in enumerate(node.inputs) if i not in operator.by_value]


def root_of(x: Node) -> Node:
    """What lies in memory where a value is a view."""
    while (seen := viewed(x)) is not None:
        x = seen
    return x
