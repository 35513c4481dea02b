"""Where values lie in memory: strided views, copies where a view will not do, values written where parts of another belong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..errors import InternalError
from ..ir.families import Memory
from ..ir.graph import Scratch
from ..ir.node import Node, reached, topological
from ..ir.sizes import alike, at_hand
from ..ir.types import element_count, same_type
from ..ops.state import copy
from .groups import NEVER, Group, Schedule, Single, data_inputs, viewed


class Storage(NamedTuple):
    """Where a value lies: a buffer, and offset and strides in elements."""

    buffer: Any
    offset: int
    strides: tuple[int, ...]


@dataclass(eq=False)
class Buffer:
    """A piece of memory: `kind` says whose (arena, constant, feed, variable, result; objects: Python's), `key` what it holds.

    `given`: it holds a fetched value, which is given to the caller as it is (a result) if it is large.
    """

    kind: str
    dtype: np.dtype[Any]
    size: int
    key: Node | None = None
    first: int = NEVER
    last: int = -1
    given: bool = False

    @property
    def nbytes(self) -> int:
        return at_hand(self.size) * self.dtype.itemsize

    def touch(self, step: int) -> None:
        """Note that a step reads or writes it."""
        if step < self.first:
            self.first = step
        if step > self.last:
            self.last = step


def contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides of an array of its own, in elements."""
    strides = [1] * len(shape)
    for i in range(len(shape) - 1, 0, -1):
        strides[i - 1] = strides[i] * shape[i]
    return tuple(strides)


def view_of(node: Node, inner: tuple[Sequence[int], Sequence[int], int]) -> tuple[Sequence[int], Sequence[int], int]:
    """Shape, strides and offset of a view, given those of its input; the caller has checked that an alias may."""
    shape, strides, offset = inner
    op = node.operator
    if op.family.picks:
        parent = node.inputs[0]
        s, t, o = parent.operator.view(node.attrs["index"], shape, strides, out_shape=node.type.shape, **parent.attrs)
        return s, t, offset + o
    if op.view is not None:
        s, t, o = op.view(shape, strides, out_shape=node.type.shape, **node.attrs)
        return s, t, offset + o
    new = reshaped(shape, strides, node.type.shape)
    if new is None:
        raise InternalError(f"{node} is no view of its input")
    return node.type.shape, new, offset


def reshaped(shape: Sequence[int], strides: Sequence[int], new: Sequence[int]) -> tuple[int, ...] | None:
    """The strides under which the same memory, in C order, has the shape `new`; None if there are none."""
    if 0 in new or alike(tuple(strides), contiguous(shape)):
        return contiguous(new)
    runs: list[list[int]] = []                 # [extent, stride] of maximal contiguous runs, outermost first
    for d, s in zip(shape, strides, strict=True):
        if d == 1:
            continue
        if runs and alike(runs[-1][1], s * d):
            runs[-1] = [runs[-1][0] * d, s]
        else:
            runs.append([d, s])
    out: list[int] = []
    k, left = len(runs) - 1, runs[-1][0] if runs else 1
    step = runs[-1][1] if runs else 1
    for d in reversed(new):
        if d == 1:
            out.append(0)
            continue
        while left == 1 and k > 0:
            k -= 1
            left, step = runs[k]
        if left % d:
            return None
        out.append(step)
        step, left = step * d, left // d
    return tuple(reversed(out))


def lay_out(fetches: Sequence[Node], dense: Container[int] = ()) -> list[Node]:
    """Insert copies where a view cannot serve: reshapes of strided views, operands that BLAS does not take, parts of a concat that are not made
    where they belong, and those of the fetches, `dense` by their places, whose elements are to lie one behind the other, and of views without rows.

    An index (`iota`) is copied for whom must find it in memory: all but the fused kernels that know it without.
    """
    copied = partial(_copied, Scratch())
    new: dict[Node, Node] = {}                    # of those that are replaced
    views: dict[Node, Any] = {}                   # shape, strides and offset of each
    placed: set[Node] = set()                     # what lies within a concat; of concats those in none: places are found in two steps
    outer: set[Node] = set()
    results: set[Node] = set()
    picked: dict[tuple[Node, int], Node] = {}
    wanted, order = set(fetches), topological(fetches)
    uses = _uses_of_joined_products(order)

    def nests(x: Node, was: Node, place: Node) -> bool:
        """Whether a part is made where it belongs, once: what a kernel, the library or a concat makes, if its elements are one behind the other
        there; else a product that nothing else reads, for a library writes rows at any distance."""
        made = x
        while made not in results and made.operator.family.reshapes:
            made = made.inputs[0]
        family = made.operator.family
        if made in placed or made in outer or made in results:
            return False
        if adjacent(place):
            if not (family.fuses or family.multiplies or family.joins):
                return False
        elif made is not x or not family.multiplies or uses[was] != 1:
            return False
        placed.add(made)
        return True

    def nominal(x: Node) -> tuple[Any, Any, Any]:
        """Shape, strides and offset of a value within the memory that it has or is a view of."""
        return views[x] if x in views else (x.type.shape, contiguous(x.type.shape), 0)

    for node in order:
        inputs, family = node.inputs, node.operator.family
        if not new.keys().isdisjoint(inputs):
            inputs = tuple([new.get(x, x) for x in inputs])
        if not family.fuses or family.gathers:
            inputs = _served(node, inputs, nominal, nests, copied)
        n = node
        if family.picks and (n := picked.setdefault((inputs[0], node.attrs["index"]), node)) is not node:
            new[node] = n                       # one place for each result
            continue
        if inputs is not node.inputs and inputs != node.inputs:
            n = new[node] = node.on(inputs)
            if family.picks:
                picked[inputs[0], node.attrs["index"]] = n
        if family.joins and any(unshaped(x).operator.family.joins for x in inputs):
            outer.add(n)
        if node in wanted:
            results.add(n)
        if not family.fuses and (seen := viewed(n)) is not None:
            views[n] = view_of(n, nominal(seen))
    found = [new.get(f, f) for f in fetches]
    strided = [not alike(tuple(nominal(f)[1]), contiguous(f.type.shape)) if i in dense else f in views and apart(f, nominal(f))
               for i, f in enumerate(found)]
    return [copied(f, f) if far else f for f, far in zip(found, strided, strict=True)]


def apart(x: Node, where: tuple[Sequence[Any], Sequence[Any], Any]) -> bool:
    """Whether a view's elements along its last axis lie apart or backwards: a kernel copies them, on all threads, which NumPy does one by one."""
    shape, strides, _ = where
    kept = [s for d, s in zip(shape, strides, strict=True) if not alike(d, 1)]
    return bool(kept) and not x.type.dtype.hasobject and not alike(kept[-1], 1)


def _copied(scratch: Scratch, x: Node, place: Node) -> Node:
    """A copy of a value, in the name and at the line of who asks for it."""
    with scratch.at(place):
        return copy.build(scratch, (x,), {})


def _served(node: Node, inputs: tuple[Node, ...], nominal: Callable[[Node], Any], nests: Callable[[Node, Node, Node], bool],
            copied: Callable[[Node, Node], Node]) -> tuple[Node, ...]:
    """The inputs of a node that is no fused kernel, with a copy of each that does not lie as it takes it."""
    family = node.operator.family
    inputs = tuple([copied(x, node) if x.operator.family.counts else x for x in inputs])
    if family.reshapes and reshaped(nominal(inputs[0])[0], nominal(inputs[0])[1], node.type.shape) is None:
        inputs = (copied(inputs[0], node), *inputs[1:])
    elif family.multiplies:
        inputs = tuple([x if blas_ready(nominal(x)) else copied(x, node) for x in inputs])
    elif family.convolves:
        inputs = tuple([x if _in_order(nominal(x), len(node.attrs["strides"]), not i and node.operator.name != "conv_input")
                        else copied(x, node) for i, x in enumerate(inputs)])
    elif family.scatters or family.routine or node.operator.drive is not None:
        inputs = tuple([x if alike(tuple(nominal(x)[1]), contiguous(x.type.shape)) else copied(x, node) for x in inputs])
    elif family.joins:
        inputs = tuple([x if nests(x, was, node) else copied(x, node) for x, was in zip(inputs, node.inputs, strict=True)])
    return inputs


def _uses_of_joined_products(order: Sequence[Node]) -> Counter[Node]:
    """How often each product that is part of a concat is read, by whatever."""
    uses = Counter(x for node in order if node.operator.family.joins for x in node.inputs if x.operator.family.multiplies)
    for node in order if uses else ():
        if not node.operator.family.joins:
            uses.update(x for x in node.inputs if x in uses)
    return uses


def _in_order(where: tuple[Sequence[int], Sequence[int], int], axes: int, strided: bool) -> bool:
    """Whether an operand of a convolution lies as its kernel reads it: contiguous, or (`strided`) the last so many axes before the channels in
    steps of any size."""
    shape, strides, _ = where
    first = len(shape) - axes - 1
    if not strided or first < 0:
        return alike(tuple(strides), contiguous(shape))
    images = all(alike(a, b * n) for a, b, n in zip(strides[:first], strides[1:first], shape[1:first], strict=False))
    return bool(images and alike(strides[-1], 1))


def unshaped(x: Node) -> Node:
    """What a value is, perhaps under another shape."""
    while x.operator.family.reshapes:
        x = x.inputs[0]
    return x


def adjacent(concat: Node) -> bool:
    """Whether the elements of each part lie one behind the other."""
    return all(d == 1 for d in concat.type.shape[:concat.attrs["axis"]])


def blas_ready(where: tuple[Sequence[int], Sequence[int], int]) -> bool:
    """Whether a matrix (the last two axes) has unit stride along one axis and a leading dimension BLAS takes along the other."""
    shape, strides, _ = where
    (m, n), (sm, sn) = shape[-2:], strides[-2:]
    return (sn == 1 and (sm >= max(n, 1) or m == 1)) or (sm == 1 and (sn >= max(m, 1) or n == 1)) or (m == 1 and n == 1)


class Layout:
    """The storage of every stored value of a schedule."""

    def __init__(self, sched: Schedule, inplace: dict[Node, Node], results: Iterable[Node], buffer_of: Callable[[Node], Buffer]):
        self.sched = sched
        self.inplace = inplace                        # value -> variable whose memory it is written to
        self.results = set(results)
        self.buffers: list[Buffer] = []
        self._buffer_of = buffer_of                   # for what exists before the run
        self._storage: dict[Node, Storage] = {}
        self._part_of: dict[Node, tuple[Node, int]] = {}        # the concat in which a value lies, and where along its axis
        for step in sched.steps:
            if isinstance(step, Single) and step.node.operator.family.joins:
                before = 0
                for part in step.node.inputs:
                    x = part
                    while x not in sched.home and x.operator.family.reshapes:
                        x = x.inputs[0]
                    self._part_of[x] = (step.node, before)
                    before += part.type.shape[step.node.attrs["axis"]]

    def __call__(self, node: Node) -> Storage:
        found = self._storage.get(node)
        if found is not None:
            return found
        chain = [node]
        while chain[-1] not in self._storage and not self._made(chain[-1]) and (seen := viewed(chain[-1])) is not None:
            chain.append(seen)
        storage = self._storage.get(chain[-1]) or self._base(chain[-1])
        self._storage[chain[-1]] = storage
        for seen, n in zip(reversed(chain), reversed(chain[:-1]), strict=False):
            _, strides, offset = view_of(n, (seen.type.shape, storage.strides, storage.offset))
            storage = self._storage[n] = Storage(storage.buffer, offset, tuple(strides))
        return storage

    def _made(self, node: Node) -> bool:
        """An alias computed inside a group and stored by it has memory of its own."""
        return node in self.sched.stored and node in self.sched.home

    def _base(self, node: Node) -> Storage:
        if node in self._part_of:
            whole, before = self._part_of[node]
            where, axis = self(whole), whole.attrs["axis"]
            strides = contiguous(node.type.shape) if adjacent(whole) else where.strides
            return Storage(where.buffer, where.offset + before * where.strides[axis], strides)
        if node in self.inplace:
            return self(self.inplace[node])
        shape = node.type.shape
        if node.operator.family.memory is Memory.OUTSIDE:
            buffer = self._buffer_of(node)
        else:
            kind = "objects" if node.type.dtype.hasobject else "arena"
            buffer = Buffer(kind, node.type.dtype, element_count(shape), node, given=node in self.results and kind == "arena")
            self.buffers.append(buffer)
        return Storage(buffer, 0, contiguous(shape))


def inplace_updates(sched: Schedule, assigns: Sequence[tuple[Node, Node]], order: Sequence[Node]) -> dict[Node, Node]:
    """Which assigned values may be written straight over their variable: nobody reads the old value after or elsewhere."""
    readers: dict[Node, list[Node]] = {}
    for n in order:
        for x in data_inputs(n):
            readers.setdefault(x, []).append(n)
    out: dict[Node, Node] = {}
    for variable, value in assigns:
        group = sched.home.get(value)
        if isinstance(group, Single) and value not in out and _last_reader(variable, value, group, readers, sched):
            out[value] = variable
        if not isinstance(group, Group) or value in out or not same_type(value.type, variable.type) or group.kind in ("column", "full"):
            continue
        if group.covers(group.axes[value]) and _read_before(variable, value, group, readers, sched):
            out[value] = variable
    return out


def _last_reader(variable: Node, value: Node, step: Single, readers: dict[Node, list[Node]], sched: Schedule) -> bool:
    """Whether a step that overwrites a variable begins with nothing else of it, and every other use of the old value comes before."""
    if not value.operator.family.overwrites or value.inputs[0] is not variable or not same_type(value.type, variable.type):
        return False
    stack = [variable]
    while stack:
        x = stack.pop()
        for n in readers.get(x, ()):
            if n is value:
                if x is not variable or n.inputs.count(variable) > 1:
                    return False
                continue
            steps = sched.computing(n)
            if not steps and (viewed(n) is not None or n.operator.family.cuts):
                stack.append(n)
            elif not steps or any(other.pos >= step.pos for other in steps):
                return False
    return True


def _read_before(variable: Node, value: Node, group: Group, readers: dict[Node, list[Node]], sched: Schedule) -> bool:
    """Whether every use of the variable's old value comes before its new one is stored: in an earlier step, or in the statements before."""
    axes, stack = group.axes[value], [variable]
    while stack:
        x = stack.pop()
        for n in readers.get(x, ()):
            steps = sched.computing(n)
            if not steps and (viewed(n) is not None or n.operator.family.cuts):
                stack.append(n)
            elif not steps or any(step is not group and step.pos >= group.pos for step in steps):
                return False
            elif group in steps and (x is not variable or group.axes[n] != axes or n in group.over or not n.operator.family.broadcasts or
                                     n.index > value.index):
                return False
    return not _read_in_later_sweep(variable, value, group)


def _read_in_later_sweep(variable: Node, value: Node, group: Group) -> bool:
    """Whether a sweep after the one that stores the value computes something from the variable, perhaps once more."""
    if not group.over:
        return False
    sweeps, sums = group.sweeps(), group.sums()
    late = [m for m in group.members if sweeps[m] > sweeps[value]]
    return any(variable in m.inputs for m in reached(late, lambda m: [x for x in data_inputs(m) if x in sweeps and x not in sums]))
