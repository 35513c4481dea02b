"""Epilogues: loop nests that take the elements of a convolution as its kernel makes them, instead of from memory."""

from __future__ import annotations

from collections.abc import Iterable

from ..ir.node import Node
from ..ir.sizes import alike
from .groups import Group, Schedule, Single, data_inputs, root_of


def take_in_convolutions(sched: Schedule, roots: Iterable[Node]) -> None:
    """Make convolutions members of the loop nests that read their results first, element by element: these become statements of their kernels.

    A result that nothing else reads, and is none of `roots`, is then not stored.
    """
    kept = {root_of(x) for x in roots}
    readers: dict[Node, dict[Group | Single, list[tuple[Node, Node]]]] = {
        s.node: {} for s in sched.steps if isinstance(s, Single) and s.node.operator.family.convolves and s.node.operator.name != "conv_filter"}
    for step in sched.steps if readers else ():
        own = step.axes if isinstance(step, Group) else ()
        for m in step.members if isinstance(step, Group) else [step.node]:
            for x in data_inputs(m):
                if x not in own and (root := root_of(x)) in readers:
                    readers[root].setdefault(step, []).append((m, x))
    for y, by in readers.items():
        group = next(iter(by), None)
        if not isinstance(group, Group) or not all(x is y and _takes(group, m, y) for m, x in by[group]):
            continue
        sched.steps.remove(sched.home[y])
        group.members.insert(0, y)
        group.operands = {x for x in group.operands | {*data_inputs(y)} if x is not y}
        group.axes[y], group.convolution = _lying(y), y
        sched.home[y] = group
        if len(by) == 1 and y not in kept:
            sched.stored.discard(y)
        reason = f"{y.operator.name} {y.operator.family.apart}"
        sched.apart.update({(y, m): reason for step in by if step is not group for m, _ in by[step]} | {(x, y): reason for x in data_inputs(y)})


def _lying(y: Node) -> tuple[int | None, ...]:
    """The dims of a loop nest over all elements of a value that its axes run over."""
    counted = iter(range(len(y.type.shape)))
    return tuple(None if d == 1 else next(counted) for d in y.type.shape)


def _takes(group: Group, m: Node, y: Node) -> bool:
    """Whether a member of a loop nest may take a convolution's elements one by one, in its place."""
    if group.kind != "map" or group.convolution is not None or group.over or any(n.operator.family.gathers for n in group.members):
        return False
    shape = y.type.shape
    if shape[-1] == 1 or not alike([d for d in shape if d != 1], group.dims):
        return False
    axes = group.axes[m][len(group.axes[m]) - len(shape):]
    return tuple(None if d == 1 else a for a, d in zip(axes, shape, strict=True)) == _lying(y)
