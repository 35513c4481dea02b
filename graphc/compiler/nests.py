"""Which dims of a group's loop nest the axes of a node run over, and where two nests are one."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.node import Node
from ..ir.sizes import alike
from .groups import Group, data_inputs


def aligned(node: Node, target: Group) -> tuple[int | None, ...] | None:
    """Which dim each axis of the node (for a reduction: of its input) runs over; None if it does not fit."""
    if node.operator.family.reduces:
        axes = target.axes.get(node.inputs[0])
        return axes if axes is not None and len({a for a in axes if a is not None}) == len(target.dims) else None
    shape = node.type.shape
    known = [axes for x in data_inputs(node) if (axes := target.axes.get(x)) is not None]
    if len(known[0]) == len(shape) and None not in known[0] and all([axes == known[0] for axes in known]):
        return known[0] if target.covers(known[0]) else None
    found: list[int | None] = [None] * len(shape)
    for axes in known:
        for k, a in enumerate(axes, len(shape) - len(axes)):
            if a is not None and found[k] not in (None, a):
                return None
            found[k] = a if a is not None else found[k]
    return completed(found, shape, target)


def completed(axes: list[int | None], shape: Sequence[int], target: Group) -> tuple[int | None, ...] | None:
    """Axes that no operand of the group fixes (a row's value spread over the row again) take the free dims of that size."""
    used = {a for a in axes if a is not None}
    for k in range(len(shape) - 1, -1, -1):
        if shape[k] == 1 or axes[k] is not None:
            continue
        later = min((a for a in axes[k + 1:] if a is not None), default=len(target.dims))
        fit = [i for i in range(later) if i not in used and alike(target.dims[i], shape[k])]
        if not fit:
            return None
        axes[k] = fit[-1]
        used.add(fit[-1])
    return tuple(axes) if target.covers(axes) else None


def unified(node: Node, axes: tuple[int | None, ...], g: Group, target: Group) -> dict[int, int] | None:
    """Dims of `g` as dims of `target`, as the node's operands say; None if they do not fit."""
    if node.operator.family.reduces:
        return None
    m: dict[int, int] = {}
    for x in data_inputs(node):
        if x not in g.axes:
            continue
        for k, a in enumerate(g.axes[x], len(axes) - len(x.type.shape)):
            to = axes[k]
            if a is not None and (to is None or m.setdefault(a, to) != to):
                return None
    free = [i for i in range(len(target.dims)) if i not in m.values()]
    for i in [i for i in range(len(g.dims)) if i not in m]:
        fit = [j for j in free if alike(target.dims[j], g.dims[i])]
        if not fit:
            return None
        m[i] = fit[-1]
        free.remove(fit[-1])
    ids = [m[i] for i in range(len(g.dims))]
    if ids != sorted(set(ids)):
        return None
    kept = [i for i in range(len(target.dims)) if target.reduced is None or i not in target.reduced]
    if len(ids) != len(target.dims) and (ids != kept or target.kind in ("column", "full")):
        return None                     # a member covers all dims, or of a row all kept ones: nothing is stored twice
    if g.reduced is None:
        return m
    reduced = frozenset(m[i] for i in g.reduced)
    if len(g.dims) != len(target.dims) or (target.reduced is not None and target.reduced != reduced):
        return None
    return m


def reducible(node: Node, axes: tuple[int | None, ...], target: Group) -> bool:
    """Whether a reduction over these axes fits what the nest reduces already; True of what is none."""
    if not node.operator.family.reduces:
        return True
    over = frozenset(a for i, a in enumerate(axes) if a is not None and i in node.attrs["axis"])
    if not over or target.reduced not in (None, over):
        return False
    kind = Group(0, target.dims, reduced=over).kind
    return kind == "row" or node.inputs[0] not in target.post
