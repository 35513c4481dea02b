"""A run is a transaction: steps in an order in which nothing that may fail comes after what changes a variable for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..ir.loops import loop_of
from ..ir.node import Node
from ..ir.sizes import fixed
from .groups import Group, Schedule, Single, data_inputs, viewed

Step = Group | Single


def commit_last(sched: Schedule, inplace: Mapping[Node, Node]) -> dict[Node, Node]:
    """Order the steps so, and give those of `inplace` (value -> variable) that may stay: the others get their new value at the end of a run.

    A value may not be written over its variable by a step that may fail, in the middle of it, nor if a step that may fail needs it. The
    steps that do write such values, and what needs these, go behind the last step that may fail; all others stay in their order. A loop nest
    that overwrites rows makes its checks before it begins: one such step may be the last that may fail.
    """
    fallible = dict.fromkeys(_fallible(sched.steps))
    if not inplace or not fallible:
        return dict(inplace)
    needs = {step: list(_needed(step, sched)) for step in sched.steps}
    last = next((s for s in reversed(fallible) if isinstance(s, Single) and s.node.operator.family.overwrites and s.node in inplace), None)
    failing = _all_before([s for s in fallible if s is not last], needs)                  # they, and what they wait for
    failing |= _all_before([] if last is None else needs[last] if last not in failing else [last], needs)
    kept = {value: variable for value, variable in inplace.items() if sched.home[value] not in failing}
    writing = {sched.home[value] for value in kept}
    after: dict[Step, None] = {}
    for step in sched.steps:
        if step in writing or any(x in after for x in needs[step]):
            after[step] = None
    end = max(i for i, step in enumerate(sched.steps) if step in fallible)
    before, behind = sched.steps[:end + 1], sched.steps[end + 1:]
    first = [last] if last is not None and last in writing else []
    sched.steps[:] = [*(s for s in before if s not in after), *first, *(s for s in before if s in after and s not in first), *behind]
    return kept


def _fallible(steps: list[Step]) -> Iterator[Step]:
    """Steps that may fail at run: those that call Python or run bodies, and kernels with checks, but for checks that an earlier step has made."""
    made: set[tuple[Node, Any]] = set()
    for step in steps:
        if isinstance(step, Single):
            family = step.node.operator.family
            if not (family.multiplies or family.joins or family.scatters or family.routine or family.convolves):
                yield step
                continue
        checks = [c for m in (step.members if isinstance(step, Group) else [step.node]) for c in _checks(m)]
        if any(check is None or not made.issuperset((x, check.bound) for x in check.origins) for check in checks):
            yield step
        made.update((c.indices, c.bound) for c in checks if c is not None)


class Within(NamedTuple):
    """A check that the elements of a tensor lie in [0, bound). They do if those of all `origins` do: they are some of these, or passed over."""

    indices: Node
    bound: Any
    origins: frozenset[Node]


def _widened(n: Node) -> Sequence[Node]:
    """Of a conversion: its operand, if no index changes by it."""
    x = n.inputs[0]
    return [x] if x.type.dtype.kind in "iu" and np.can_cast(x.type.dtype, n.type.dtype) else []


def _larger(n: Node) -> Sequence[Node]:
    """Of a maximum: its operands, but for 0, which is in its bounds where another index is."""
    return [x for x in n.inputs if not (x.operator.name == "constant" and not np.any(x.attrs["value"]))]


# By operators whose results are elements of operands, or what checks pass over: those operands. The places of united rows are those that are
# united, or -1, which `changed` leaves out and a maximum with 0 makes 0.
_ELEMENTS: dict[str, Callable[[Node], Sequence[Node]]] = {
    "united_rows": lambda n: n.inputs[:1], "concat": lambda n: n.inputs, "cast": _widened, "maximum": _larger}


def _checks(n: Node) -> list[Within | None]:
    """What the kernel of a node makes sure of; None for what is no check of indices."""
    operator = n.operator
    family = operator.family
    if family.gathers or family.scatters:
        whole, indices = (n.inputs[0], n.inputs[1]) if family.gathers else (n, n.inputs[0])
        return [_check(indices, whole.type.shape[n.attrs["axis"]])]
    if family.routine:
        loop = loop_of(n)
        return [None] if loop is None else [None if c.wrong else _check(n.inputs[c.operand], c.bound) for c in loop.checks]
    return [None] * bool(operator.check)


def _check(indices: Node, bound: Any) -> Within:
    indices = _flat(indices)
    found, stack = set[Node](), [indices]
    while stack:
        x = _flat(stack.pop())
        maker = x.inputs[0] if x.operator.family.picks and x.attrs["index"] == 0 else x
        elements = _ELEMENTS.get(maker.operator.name, lambda n: ())(maker)
        stack += elements
        if not elements:
            found.add(x)
    return Within(indices, bound if fixed(bound) else bound.terms, frozenset(found))


def _flat(x: Node) -> Node:
    while x.operator.family.reshapes:
        x = x.inputs[0]
    return x


def _needed(step: Step, sched: Schedule) -> Iterator[Step]:
    """The steps whose results a step reads."""
    members = dict.fromkeys(step.members if isinstance(step, Group) else [step.node])
    for x in dict.fromkeys(x for m in members for x in data_inputs(m) if x not in members):
        at: Node | None = x
        while at is not None and at not in sched.home:
            at = at.inputs[0] if at.operator.family.picks and viewed(at) is None else viewed(at)
        if at is not None and (home := sched.home[at]) is not step:
            yield home


def _all_before(steps: Iterable[Step], needs: Mapping[Step, list[Step]]) -> set[Step]:
    """Some steps, and all that they wait for."""
    found: set[Step] = set()
    stack = [*steps]
    while stack:
        step = stack.pop()
        if step not in found:
            found.add(step)
            stack += needs.get(step, ())
    return found
