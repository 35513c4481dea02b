"""What the methods of datasets are given: whole numbers, known now or when a run begins, shapes, and values to pad with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import ArgumentError, InvalidArgumentError, ShapeError
from ..ir.known import known_shape, static_value
from ..ir.node import Node, describe, here, saying
from ..ir.operator import to_node
from ..ir.types import TEXT, TensorType, as_shape, compatible, exactly, shape_str
from ..process.cores import cores
from .run import Run

Argument = Callable[[Run], Any]


def arguments_of(what: str, given: Sequence[tuple[str, Any]], least: int | None = None) -> tuple[list[Argument], list[Node]]:
    """Whole numbers, each as a function of a run, and those of them that are tensors. ArgumentError: no whole number."""
    found, needs = [], []
    for word, value in given:
        if isinstance(value, Node):
            if value.type.dtype.kind not in "iub" or not compatible(value.type.shape, ()):
                raise ArgumentError(f"{what}: {word} is a whole number, not {describe(value)}{here()}")
            node = to_node(value)
            needs.append(node)
            found.append(_later(what, word, node, least))
            continue
        try:
            number = int(value.__index__())
        except (AttributeError, TypeError):
            raise ArgumentError(f"{what}: {word} is a whole number, not {value!r:.60}{here()}") from None
        if least is not None and number < least:
            raise ArgumentError(f"{what}: {word} is at least {least}, not {number}{here()}")
        found.append(_always(number))
    return found, needs


def _always(number: int) -> Argument:
    return lambda run: number


def _later(what: str, word: str, node: Node, least: int | None) -> Argument:
    def value(run: Run) -> int:
        number = int(run.value(node))
        if least is not None and number < least:
            raise InvalidArgumentError(f"{what}: {word} is at least {least}, not {number}")
        return number
    return value


def size_of(number: int, what: str = "Dataset.batch: batch_size") -> int:
    if number < 1:
        raise InvalidArgumentError(f"{what} is at least 1, not {number}")
    return number


def batch_rows(batch_size: Any, drop: Any) -> int | None:
    """How many rows batches have, if that is known."""
    if not isinstance(batch_size, Node) and batch_size < 1:
        raise ArgumentError(f"a batch has at least one element, not {batch_size}{here()}")
    return None if isinstance(batch_size, Node) or isinstance(drop, Node) or not drop else int(batch_size)


class PaddedShape:
    """The shape that a component is padded to: `known` of it now, all of it `of` a run. ShapeError: of another rank than the component."""

    def __init__(self, what: str, shape: Any, t: TensorType):
        self.whole = to_node(shape) if isinstance(shape, Node) else None
        dims = known_shape(static_value(shape), None) if isinstance(shape, Node) else shape
        self.later = {i: d for i, d in enumerate(dims) if isinstance(d, Node)} if isinstance(dims, (list, tuple)) else {}
        if isinstance(dims, (list, tuple)):
            dims = [None if i in self.later or d == -1 else d for i, d in enumerate(dims)]
        with saying(what):
            self.known = as_shape(dims)
        if self.known is not None and t.shape is not None and len(self.known) != len(t.shape):
            raise ShapeError(f"{what}: components {t} are not padded to {shape_str(self.known)}{here()}")

    @property
    def needs(self) -> list[Node]:
        """The tensors that it depends on."""
        return [self.whole] if self.whole is not None else [*self.later.values()]

    def of(self, run: Run) -> Any:
        """Its sizes, None where one is the largest of a batch."""
        if self.whole is not None:
            return tuple(None if d == -1 else int(d) for d in run.value(self.whole))
        if not self.later or self.known is None:
            return self.known
        return tuple(int(run.value(self.later[i])) if i in self.later else d for i, d in enumerate(self.known))


def padding(value: Any, t: TensorType) -> Any:
    if value is None:
        return b"" if t.dtype == TEXT else 0
    if isinstance(value, Node):
        return value
    if t.dtype == TEXT:
        return value.encode() if isinstance(value, str) else value
    return exactly(value, t.dtype)[()]


def at_once(what: str, word: str, value: Any) -> tuple[Argument, list[Node]]:
    """How many elements are made at once: 1 for None, the cores for -1. ArgumentError: no whole number above 0; InvalidArgumentError, when run."""
    (given,), needs = arguments_of(what, ((word, 1 if value is None else value),))

    def number(run: Run) -> int:
        found = given(run)
        if found != -1 and found < 1:
            raise InvalidArgumentError(f"{what}: {word} is above 0, or -1, not {found}")
        return cores() if found == -1 else int(found)
    return number, needs
