"""What a program runs one after another: kernels on buffers, and host calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from sys import getrefcount
from typing import Any, NamedTuple

import numpy as np

from ..compiler.layout import Buffer
from ..errors import InvalidArgumentError
from ..ir.body import RunBody
from ..ir.node import Node, describe_call, loc_str
from ..ir.reference import computed
from ..ir.types import Array
from .kernel_text import Check, KernelText
from .routines import Commit, Product

MINE = 3        # references to a result that nobody else has: what the reference gave, its name here, and the count's own


class Value(NamedTuple):
    """Where a value lies: in a buffer, at an offset, of a shape and with strides that are in this order in `numbers` of the code's."""

    buffer: Buffer
    dtype: np.dtype[Any]
    rank: int
    numbers: slice


class NativeStep(NamedTuple):
    """A kernel call: which element of a buffer (or address) each entry of the table of pointers shows, and the nodes that it computes."""

    address: int
    slots: Sequence[tuple[Buffer, Any] | int]
    nodes: Sequence[Node]
    text: KernelText | Product | Any        # or a `Control`, which stands above

    @property
    def computed(self) -> Iterable[Node]:
        return self.nodes

    def error(self, status: int, found: int, bound: int) -> InvalidArgumentError:
        """What a kernel that returned `status` found wrong: an element that is not in [0, bound)."""
        check: Check = self.text.checks[status - 1]
        node = check.node
        wrong = check.wrong or f"{check.operand.label} is wrong: {found} is not in [0, {bound if check.sized else check.bound})"
        return InvalidArgumentError(f"{describe_call(node.operator.called(node.attrs), node.inputs)}: {wrong}\n  at {loc_str(node.loc)}", node)


class CommitStep(NamedTuple):
    """The last call of a run that changes anything, in the form of a kernel's."""

    address: int
    slots: Sequence[tuple[Buffer, Any] | int]
    text: Commit


class HostStep(NamedTuple):
    """A node computed by its numpy reference, its results put where they belong. `numbers` are those of sizes among its attributes."""

    node: Node
    numbers: slice
    inputs: Sequence[Value]
    outs: Sequence[Node]
    places: Sequence[Value]

    @property
    def computed(self) -> Iterable[Node]:
        return self.outs

    def run(self, seen: Callable[[Value], Array], array: Callable[[Value], Array], give: Callable[[Value, Array], bool], attrs: Mapping[str, Any],
            run_body: RunBody | None, linalg: Callable[[], Any]) -> None:
        """`seen` and `array` give values as views of where they lie, to read and to write; `give` makes an array where one lies, if it can, which
        saves a copy.

        `attrs` are the node's, with numbers for sizes; `run_body` runs its bodies, `linalg` gives what factors matrices.
        """
        node = self.node
        operator = node.operator
        with np.errstate(all="ignore"):
            result = computed(node, [seen(x) for x in self.inputs], attrs, run_body, None if operator.factor is None else linalg())
        own = operator.pure and not operator.effect and operator.drive is None
        for out, place in zip(self.outs, self.places, strict=True):
            value = result if out is node else result[out.attrs["index"]]
            target = array(place)
            if (value.shape if value.__class__ is np.ndarray else np.shape(value)) != target.shape:
                raise InvalidArgumentError(f"{describe_call(node.operator.name, node.inputs)}: the result has shape "
                                           f"{np.shape(value)}, not {target.shape}\n  at {loc_str(node.loc)}", node)
            if not (own and isinstance(value, np.ndarray) and target.flags.c_contiguous and getrefcount(value) <= MINE and give(place, value)):
                target[...] = value


Step = NativeStep | HostStep
