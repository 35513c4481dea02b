"""Kernel texts of groups that are alike, written once a plan: a network unrolled over time has thousands of groups and a dozen texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..compiler.groups import Group, data_inputs
from ..compiler.layout import Storage
from ..ir.node import Node
from ..ir.types import content
from .emit import emit
from .kernel_text import KernelText, bound_of, literal


class Writer:
    """The kernels of a plan's groups, given which nodes are `stored`, and where."""

    def __init__(self, stored: set[Node], place: Callable[[Node], Storage]):
        self.stored, self.place = stored, place
        self._written: dict[Any, tuple[list[KernelText], list[Node]]] = {}     # by what decides the texts: those of the first such group, its nodes

    def __call__(self, group: Group) -> list[KernelText]:
        """What `emit` makes of the group: its kernel, or two for a full reduction."""
        key, nodes = self._structure(group)
        found = self._written.get(key)
        if found is None:
            texts = emit(group, self.stored, self.place)
            self._written[key] = texts, nodes
            return texts
        texts, theirs = found
        mine = dict(zip(theirs, nodes, strict=True))
        return [_of(text, mine) for text in texts]

    def _structure(self, group: Group) -> tuple[Any, list[Node]]:
        """All that decides the texts of a group, with numbers for nodes and for memory; and the nodes, by number."""
        number: dict[Node, int] = {}
        memory: dict[Any, int] = {}

        def lies(x: Node) -> Any:
            where = self.place(x)
            return memory.setdefault((where.buffer, where.offset), len(memory)), where.strides

        def known(x: Node) -> Any:
            """An operand from outside of the group."""
            if x.operator.family.counts:
                return x.attrs["axis"]
            return literal(x) or lies(x)

        key: list[Any] = [group.reduced, *group.dims]
        for m in group.members:
            key += m.operator, m.type, group.axes[m], group.over.get(m), m in self.stored
            for name, value in m.attrs.items():
                key += name, content(value) if isinstance(value, np.ndarray) else repr(value)
            for x in data_inputs(m):
                if x not in number:
                    number[x] = len(number)
                    key += x.type, known(x)
                key.append(number[x])
            if m.operator.check:                        # the message names the bound
                key.append(bound_of(m))
            number[m] = len(number)
        key += [lies(m) for m in group.members if m in self.stored]
        return tuple(key), list(number)


def _of(text: KernelText, mine: dict[Node, Node]) -> KernelText:
    """The text of a group that is like the one it was written for, given its node for each of the other's."""
    return replace(text, slots=[slot if slot.node is None else slot._replace(node=mine[slot.node]) for slot in text.slots],
                   checks=[check._replace(node=mine[check.node], operand=mine[check.operand]) for check in text.checks],
                   annotated=_Lines(text.annotated, mine))


class _Lines(Sequence[tuple[str, "Node | None"]]):
    """Lines written for one group, as those of another: only those who look at a kernel ask for them."""

    def __init__(self, lines: Sequence[tuple[str, Node | None]], mine: dict[Node, Node]):
        self.lines, self.mine = lines, mine

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, i: Any) -> Any:
        line, node = self.lines[i]
        return line, None if node is None else self.mine[node]
