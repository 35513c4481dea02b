"""What a program runs one after another: kernels with the tables that they are called with, and host calls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..compiler.layout import Buffer
from ..errors import InvalidArgumentError
from ..ir.node import Node, describe_call, loc_str
from ..ir.reference import run_reference
from ..ir.sizes import at_hand
from .kernel_text import SCRATCH, Check, KernelText, effort
from .memory import Memory
from .routines import Product


class NativeStep:
    """A kernel call: its tables, and which buffer (or address) each entry of the table of pointers shows."""

    def __init__(self, kernel_address: int, slots: Sequence[tuple[Buffer, int] | int], extents: Sequence[int], n: int, grain: int,
                 nodes: Sequence[Node], text: KernelText | Product):
        self.address, self.slots, self.n, self.grain = kernel_address, slots, n, grain
        self.table = np.zeros(max(len(slots), 1), np.uintp)
        self.extents = np.array(extents, np.int64)
        self.nodes, self.text = nodes, text
        self.work = at_hand(text.work)
        self.effort = self.work                         # estimated operations
        if isinstance(text, KernelText):
            self.effort *= effort(text.source)
            self.unit = text.grain                      # what the range may be cut at, without other bits
        else:
            self.unit = 1 if text.source else text.extents[-1]

    def scratch(self) -> dict[Node, int]:
        """Bytes of the kernel's own memory in which values wait."""
        slots = self.text.slots if isinstance(self.text, KernelText) else []
        own = [(s.node, place) for s, place in zip(slots, self.slots, strict=True) if s.role in SCRATCH] if slots else []
        return {node: place[0].nbytes for node, place in own if node is not None and not isinstance(place, int)}

    def show(self, memory: Memory) -> None:
        """Let the table of pointers show the buffers' memory."""
        for entry, slot in enumerate(self.slots):
            if isinstance(slot, int):
                self.table[entry] = slot
            else:
                memory.show(*slot, self.table, entry)

    def error(self, status: int) -> InvalidArgumentError:
        """What a kernel that returned `status` found wrong."""
        check: Check = self.text.checks[status - 1]
        node = check.node
        return InvalidArgumentError(f"{describe_call(node.operator.name, node.inputs)}: {check.operand.label} is wrong: {int(self.extents[0])} "
                                    f"is not in [0, {check.bound})\n  at {loc_str(node.loc)}", node)


class HostStep:
    """A node computed by its numpy reference, its results put where they belong."""

    def __init__(self, node: Node, outs: Sequence[Node], memory: Memory):
        self.node, self.outs, self.memory = node, outs, memory

    def run(self) -> None:
        node, array = self.node, self.memory.array
        with np.errstate(all="ignore"):
            result = run_reference(node, [array(x) for x in node.inputs])
        for out in self.outs:
            value = result if out is node else result[out.attrs["index"]]
            target = array(out)
            if np.shape(value) != target.shape:
                raise InvalidArgumentError(f"{describe_call(node.operator.name, node.inputs)}: the result has shape "
                                           f"{np.shape(value)}, not {target.shape}\n  at {loc_str(node.loc)}", node)
            target[...] = value


Step = NativeStep | HostStep
