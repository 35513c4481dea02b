"""A value that is read through views only, as the slices of a product's result with its bias are, is computed where each view is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.families import Memory
from ..ir.graph import Scratch
from ..ir.node import Node, topological
from ..ir.sizes import alike, outgrows
from ..ir.types import TensorType, element_count
from ..ops.array_move import broadcast_to
from .groups import root_of, viewed
from .layout import contiguous, reshaped, view_of

SMALL_PART = 4          # operands of at most this part of the result's elements may be stored so that slices can be computed from them

Path = tuple[Node, ...]     # views, the first of a node, each next one of the view before
Place = tuple[Sequence[int], Sequence[int], int]


def sink_views(fetches: Sequence[Node]) -> list[Node]:
    """view(elementwise(x, y)) is elementwise(view(x), view(y)), if all uses of the value are views, and no more elements than it has."""
    order = topological(fetches)
    users: dict[Node, list[Node]] = {n: [] for n in order}
    for n in order:
        for x in n.inputs if len(n.inputs) == 1 else dict.fromkeys(n.inputs):
            users[x].append(n)
    return _Sinking(users, set(fetches)).run(order, fetches)


class _Sinking:
    """One walk, inputs first: what is sunk makes its views elementwise values, which may sink further."""

    def __init__(self, users: dict[Node, list[Node]], fetched: set[Node]):
        self.users, self.fetched = users, fetched
        self.new: dict[Node, Node] = {}         # of those that are replaced
        self.chains: set[Node] = set()          # new nodes that are computed from what is in memory anyway, for one user
        self.gone: set[Node] = set()            # what nothing needs as a whole any more, and views of it
        self.spread: dict[tuple[Node, Any], Node] = {}      # operands, broadcast to a shape
        self.cut: dict[tuple[Node, Node], Node] = {}        # operands, cut as another value is
        self.scratch = Scratch()

    def run(self, order: Sequence[Node], fetches: Sequence[Node]) -> list[Node]:
        new = self.new
        with self.scratch.as_default():
            for node in order:
                if node in new or node in self.gone:            # a view of something that is sunk, or what nothing needs
                    continue
                made = node
                if not new.keys().isdisjoint(node.inputs):
                    made = new[node] = node.on(tuple([new.get(x, x) for x in node.inputs]))
                if node.operator.family.broadcasts and self.may_sink(made):
                    self.sink(node, made)
        return [new.get(f, f) for f in fetches]

    def sink(self, node: Node, made: Node) -> None:
        """Compute a node, `made` of new inputs, where its views are used, if that is no more than it is now."""
        paths = self.paths(node)
        if paths and self.fits(made, paths):
            for path in paths:
                self.scratch.place = path[-1]
                self.new[path[-1]] = sunk = self.sunk(made, path)
                if len(self.users[path[-1]]) == 1:
                    self.chains.add(sunk)
            leaves = {path[-1] for path in paths}
            self.gone |= {v for path in paths for step in path for v in (step, *step.inputs[:1]) if v not in leaves}
        elif len(self.users.get(node, ())) == 1 and node not in self.fetched:
            self.chains.add(made)

    def may_sink(self, node: Node) -> bool:
        """Whether a node, of new inputs, is elementwise on operands that are in memory anyway, or small, or computed so themselves."""
        op = node.operator
        if op.check or op.effect or not op.pure:
            return False
        for x in node.inputs:
            if not (x.operator.name == "constant" or (x in self.chains and alike(x.type.shape, node.type.shape)) or _in_memory(x)
                    or (_is_part(x, node) and not root_of(x).operator.family.counts)):
                return False
        return True

    def paths(self, node: Node) -> list[Path]:
        """The ways through views to what computes with the node; none if something needs it as it is, or all its views are more than it."""
        found: list[Path] = []
        left = element_count(node.type.shape)
        stack: list[tuple[Node, Path]] = [(node, ())]
        while stack:
            x, path = stack.pop()
            computes = False
            for u in self.users.get(x, ()):
                if u.operator.family.cuts:
                    stack += [(item, (*path, item)) for item in self.users.get(u, ())]
                elif viewed(u) is x:
                    stack.append((u, (*path, u)))
                else:
                    computes = True
                    if alike(_sized(x), _sized(node)) or not u.operator.family.fuses or u.operator.family.gathers:
                        return []
            if computes:
                found.append(path)
                left -= element_count(x.type.shape)
            if outgrows(0, left) or x in self.fetched or any(u in self.fetched for u in self.users.get(x, ()) if u.operator.family.cuts):
                return []
        return found[::-1]

    def fits(self, node: Node, paths: Sequence[Path]) -> bool:
        """Whether all views are of adjacent elements, and of the operands are views too, not copies."""
        whole: Place = (node.type.shape, contiguous(node.type.shape), 0)
        operands = [(x.type.shape, *place_of(x)[1:]) for x in self.leaves(node)]
        for path in paths:
            seen = _through(path, whole)
            if seen is None or not _adjacent(seen):
                return False
            if any(_through(path, _spread(place, node.type.shape)) is None for place in operands if place[0]):
                return False
        return True

    def chain(self, node: Node) -> list[Node]:
        """The node and the chains that it is computed from, inputs first."""
        found, stack = [], [node]
        while stack:
            n = stack.pop()
            found.append(n)
            stack += [x for x in n.inputs if x in self.chains and alike(x.type.shape, node.type.shape)]
        return list(dict.fromkeys(reversed(found)))

    def leaves(self, node: Node) -> list[Node]:
        """What a chain is computed from."""
        chain = self.chain(node)
        return [x for n in chain for x in n.inputs if x not in chain]

    def sunk(self, node: Node, path: Path) -> Node:
        """What the path's last view shows of a node, computed from what such views show of its operands."""
        made: dict[Node, Node] = {}
        for n in self.chain(node):
            inputs = tuple([made[x] if x in made else self.shown(x, node.type.shape, path) for x in n.inputs])
            made[n] = n.on(inputs, TensorType(n.type.dtype, path[-1].type.shape))
        return made[node]

    def shown(self, x: Node, shape: tuple[int, ...], path: Path) -> Node:
        """An operand, as large as the result, through the views of a path; a scalar as it is."""
        if x.type.shape == ():
            return x
        if not alike(x.type.shape, shape):
            found = self.spread.get((x, shape))
            if found is None:
                found = self.spread[x, shape] = broadcast_to(x, list(shape))
            x = found
        for view in path:
            if view.operator.family.picks:
                x = self.parts(x, view.inputs[0])
            x = view.on((x, *view.inputs[1:]), TensorType(_dtype(x), view.type.shape))
        return x

    def parts(self, x: Node, source: Node) -> Node:
        """An operand, cut as `source` cuts what it looks at."""
        found = self.cut.get((x, source))
        if found is None:
            found = self.cut[x, source] = source.on((x,), tuple([TensorType(x.type.dtype, t.shape) for t in source.type]))
        return found


def _dtype(x: Node) -> np.dtype[Any]:
    return x.type.dtype if isinstance(x.type, TensorType) else x.type[0].dtype


def _sized(x: Node) -> list[int]:
    """The axes that have more than one place: reshapes that keep them cost nothing inside a kernel."""
    return [d for d in x.type.shape if d != 1]


def _is_part(x: Node, whole: Node) -> bool:
    """Whether an operand has few elements beside the result."""
    return not outgrows(SMALL_PART * element_count(x.type.shape), element_count(whole.type.shape))


def _in_memory(x: Node) -> bool:
    """Whether a value is stored whether or not it is computed with: a source, or what no fused kernel makes."""
    family = root_of(x).operator.family
    return family.memory in (Memory.OUTSIDE, Memory.PART) or (family.memory is Memory.OWN and not family.fuses)


def place_of(x: Node) -> Place:
    """Shape, strides and offset of a value in the memory of what it is a view of."""
    chain = [x]
    while (seen := viewed(chain[-1])) is not None:
        chain.append(seen)
    place: Place = (chain[-1].type.shape, contiguous(chain[-1].type.shape), 0)
    for view in reversed(chain[:-1]):
        place = _through((view,), place) or (view.type.shape, contiguous(view.type.shape), 0)
    return place


def _through(path: Path, place: Place) -> Place | None:
    """What a path of views shows of a place; None if a copy would be made on the way."""
    for view in path:
        if view.operator.family.reshapes and reshaped(place[0], place[1], view.type.shape) is None:
            return None
        place = view_of(view, place)
    return place


def _spread(place: Place, shape: Sequence[int]) -> Place:
    """A place, broadcast to a shape."""
    own, strides, offset = place
    new = len(shape) - len(own)
    return shape, [0] * new + [0 if d == 1 else s for d, s in zip(own, strides, strict=True)], offset


def _adjacent(place: Place) -> bool:
    """Whether a view's elements lie in order, along the last axis one behind the other."""
    strides = [s for d, s in zip(place[0], place[1], strict=True) if d != 1]
    return not strides or (strides[-1] == 1 and all(a >= b for a, b in zip(strides, strides[1:], strict=False)))
