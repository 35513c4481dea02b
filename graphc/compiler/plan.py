"""What a run does, before a machine is known: steps in order, where each value lies, which variables change in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ir.families import Memory
from ..ir.graph import Scratch
from ..ir.node import Node, in_order, reached
from ..ir.types import TensorType, element_count
from ..ops.state import copy
from .commit import commit_last
from .epilogues import take_in_convolutions
from .groups import Group, Single, data_inputs, shapes_of, viewed
from .layout import Buffer, Layout, inplace_updates, lay_out
from .schedule import schedule

COPIED = 1 << 16


def copied(nbytes: Any) -> Any:
    """Whether a feed or result of so many bytes is copied from or to memory of the program's."""
    return nbytes <= COPIED


class Plan:
    """The steps of one set of fetches and feed types, and the storage of every value.

    `late`: (variable, value) of those that get their new value at the end of a run; `inplace` has the others, value -> variable.
    `streams`: those of random numbers that the run of which this is the end has drawn from.
    """

    def __init__(self, fetches: Sequence[Node | None], feeds: Sequence[Node | None], assigns: Sequence[tuple[Node, Node]], effects: Sequence[Node],
                 streams: Sequence[int] = ()):
        self.streams = streams
        self.fetches, assigns, effects = _laid_out(fetches, assigns, effects)
        roots = [*(f for f in self.fetches if f is not None), *(v for _, v in assigns)]
        self.order = in_order(reached([*roots, *effects], data_inputs))         # shapes, already in the types, are left out
        self.schedule = schedule(self.order, roots, [variable for variable, _ in assigns])
        take_in_convolutions(self.schedule, roots)
        self.inplace = commit_last(self.schedule, inplace_updates(self.schedule, assigns, self.order))
        self.late = [(variable, value) for variable, value in assigns if self.inplace.get(value) is not variable]
        self.sources: dict[Node, Buffer] = {}           # constants, feeds, variables: what exists before a run
        self.layout = Layout(self.schedule, self.inplace, self._results(), self._source)
        for variable, _ in self.late:
            self.layout(variable)                       # even if nothing reads it
        self._items: dict[Node, list[Node]] = {}
        for n in self.order:
            if n.operator.family.picks:
                self._items.setdefault(n.inputs[0], []).append(n)
        present = set(self.order)
        self.feeds = [f if f in present else None for f in feeds]

    def _results(self) -> list[Node]:
        """Fetched values that are computed in memory made for the caller, if they are large."""
        parts = {x for n in self.order if n.operator.family.joins for x in n.inputs}
        fetched = [x for f in self.fetches if f is not None for x in shapes_of(f)]
        return [x for x in fetched if x in self.schedule.home and x not in self.inplace and x not in parts]

    def _source(self, node: Node) -> Buffer:
        if node not in self.sources:
            kind = {"placeholder": "feed", "parameter": "feed", "bound": "constant"}.get(node.operator.name, node.operator.name)
            self.sources[node] = Buffer(kind, node.type.dtype, element_count(node.type.shape), node)
        return self.sources[node]

    def stored(self, x: Node) -> bool:
        """Whether a value, or what it is a view of, lies in memory."""
        root = x
        while root not in self.schedule.stored and (seen := viewed(root)) is not None:
            root = seen
        return root in self.schedule.stored or root.operator.family.memory in (Memory.OUTSIDE, Memory.PART)

    def items(self, node: Node) -> list[Node]:
        """The results of an operator that has several, as far as they are used."""
        return self._items.get(node, [])

    def note_lifetimes(self, steps: Sequence[Group | Single]) -> None:
        """Note when each buffer is first and last touched; what is fetched or assigned at the end lives to the end.

        `steps`: of the schedule, one for each thing that runs: a group may be run in several parts.
        """
        for at, step in enumerate(steps):
            if isinstance(step, Group):
                touched = [*(m for m in step.members if m not in step.copies), *in_order(step.operands)]
            else:
                touched = [x for n in (step.node, *self.items(step.node)) for x in (n, *data_inputs(n))]
            for x in touched:
                if isinstance(x.type, TensorType) and self.stored(x):
                    self.layout(x).buffer.touch(at)
        for n in (*[f for f in self.fetches if f is not None], *(v for _, v in self.late)):
            self.layout(n).buffer.touch(len(steps))


def _laid_out(fetches: Sequence[Node | None], assigns: Sequence[tuple[Node, Node]],
              effects: Sequence[Node]) -> tuple[list[Node | None], list[tuple[Node, Node]], list[Node]]:
    """Copies inserted; a value that is another variable's memory, an old value that is fetched, or an index gets memory of its own."""
    changed = {variable for variable, _ in assigns}
    scratch = Scratch()

    def own(n: Node) -> Node:
        root = n
        while (seen := viewed(root)) is not None:
            root = seen
        if not n.operator.family.counts and (root.operator.name != "variable" or root not in changed):
            return n
        with scratch.at(n):
            return copy.build(scratch, (n,), {})

    wanted = [own(f) for f in fetches if f is not None]
    values = [own(v) for _, v in assigns]
    laid = iter(lay_out([*wanted, *values, *effects], range(len(wanted), len(wanted) + len(values))))
    placed = [None if f is None else next(laid) for f in fetches]
    return placed, [(variable, next(laid)) for variable, _ in assigns], list(laid)
