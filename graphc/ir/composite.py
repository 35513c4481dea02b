"""Values that several tensors hold together, as a sparse tensor does: what runs, feeds and operators ask of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from .node import Node


class Composite:
    """Several tensors that are one value: fetched as a `value_type`, fed as one or as a tuple of their values, in order."""

    value_type: ClassVar[type]

    @property
    def components(self) -> tuple[Any, ...]:
        """The tensors, or such values again, in the order of the fields of `value_type`; None for one that is not there."""
        raise NotImplementedError

    def operand(self) -> Node:
        """The tensor that it is to operators of dense tensors. DTypeError: it is none to them."""
        raise NotImplementedError

    def function(self, name: str) -> Callable[..., Any] | None:
        """What stands for a function of dense tensors where such a value is among its arguments; None: nothing does."""
        return None

    def applied(self, operator: Any, operands: Sequence[Any], attrs: dict[str, Any], name: str | None) -> Any:
        """What an operator makes of operands among which this is the first such value. DTypeError: it takes none."""
        dense = [x.operand() if isinstance(x, Composite) else x for x in operands]
        return operator(dense, **attrs, name=name) if operator.variadic else operator(*dense, **attrs, name=name)


def taken(name: str, args: Sequence[Any]) -> Callable[..., Any] | None:
    """What stands for a function of that name for these arguments, by the first value of several tensors among them that has something for it."""
    for x in args:
        if isinstance(x, Composite):
            found = x.function(name)
            if found is not None:
                return found
    return None
