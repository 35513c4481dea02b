"""Bugs in loops and branches: in their gradients, in what is taken out of them, in how machine code runs them."""

from __future__ import annotations

from typing import Any

from graphc.autodiff import control as derivatives
from graphc.cpu import bodies, loop_kernel
from graphc.ops import control, control_flow

from .registry import plant


@plant
def states_not_swapped() -> None:
    """Each iteration of a loop in machine code begins with the initial values."""
    made = bodies.Bound.lists

    def lists(self: Any, at: int, records: Any, width: str) -> None:
        same = [(entry, even, even) for entry, even, _ in records] if width == "swaps" and records else records
        made(self, at, same, width)
    bodies.Bound.lists = lists            # type: ignore[method-assign]


@plant
def rows_begin_one_later() -> None:
    """The gradient of a loop is given the residuals of the wrong iterations: forwards, not backwards."""
    made = derivatives.loop.build

    def build(graph: Any, inputs: Any, attrs: Any, name: Any = None) -> Any:
        return made(graph, inputs, {**attrs, "reverse": False} if name and name.endswith("_grad") else attrs, name)
    object.__setattr__(derivatives.loop, "build", build)


@plant
def captured_gradient_of_last_iteration() -> None:
    """Of what all iterations take from outside, the gradient is that of one of them."""
    derivatives.add = lambda t, g: g                # type: ignore[attr-defined]


@plant
def bounds_of_counters_included() -> None:
    """A loop that counts runs once more."""
    made = control_flow.counted

    def counted(graph: Any, attrs: Any, operands: Any) -> Any:
        form = made(graph, attrs, operands)
        return form if form is None else form._replace(operands=[form.operands[0] + 1, *form.operands[1:]])
    control_flow.counted = counted


@plant
def stacked_in_order_of_iterations() -> None:
    """What a loop stacks that takes the last row first lies in the order in which it was made."""
    made = control._stacked
    control._stacked = lambda rows, like, number, reverse: made(rows, like, number, False)


@plant
def other_branch_of_scalars() -> None:
    """In a kernel of scalars a branch is taken where its predicate is false."""
    made = loop_kernel._Scalars.branch

    def branch(self: Any, m: Any, plan: Any) -> Any:
        lines = made(self, m, plan)
        return lines and [(text.replace("if ", "if not ", 1), n) if text.startswith("if ") else (text, n) for text, n in lines]
    loop_kernel._Scalars.branch = branch            # type: ignore[method-assign]
