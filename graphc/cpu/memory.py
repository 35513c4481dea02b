"""The memory a program works in: one arena for all that a run leaves behind, and arrays that move, with the pointers that follow them."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from ..compiler.layout import Buffer, Layout
from ..compiler.placement import ALIGN, Placement
from ..errors import InternalError
from ..ir.node import Node
from ..ir.sizes import at_hand
from ..ir.types import Array, TensorType


def address(array: Array) -> int:
    """The address of an array's first element."""
    return array.__array_interface__["data"][0]


if ctypes.c_void_p.from_address(id(_probe := np.zeros(1)) + 16).value == address(_probe):
    # CPython's ndarray keeps its data pointer there: 0.2 us instead of 1. Checked at import; other builds take the public way.
    def address(array: Array) -> int:  # noqa: F811
        return ctypes.c_void_p.from_address(id(array) + 16).value or 0


def uninitialised(size: int, dtype: Any) -> Array:
    """Memory that holds anything: the fuzzer fills it with patterns, to see that nothing reads what was not written."""
    return np.empty(size, dtype)


def aligned(nbytes: int) -> Array:
    """Uninitialised bytes on a cache line boundary."""
    raw = uninitialised(nbytes + ALIGN, np.uint8)
    start = -address(raw) % ALIGN
    return raw[start:start + nbytes]


class State(Protocol):
    """What outlives a run: the variables' values, and the number that a run's random numbers are drawn by."""

    run_number: Array

    def memory(self, variable: Node) -> Array:
        """The array that holds a variable's value."""

    def set(self, variable: Node, value: Array) -> None:
        """Give a variable a value, perhaps of another shape, and then other memory."""


class Memory:
    """The array of every buffer, flat, and the entries of pointer tables that show it."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.arena_bytes = 0
        self._arrays: dict[Buffer, Array] = {}
        self._shown: dict[Buffer, list[tuple[Array, int, int]]] = {}       # (table, entry, offset in bytes)

    def __getitem__(self, buffer: Buffer) -> Array:
        return self._arrays[buffer]

    def array(self, node: Node) -> Array:
        """A node's value as a view of where it lies."""
        return self.layout.array(node, self._arrays.__getitem__)

    @property
    def nbytes(self) -> int:
        """Bytes that are there for this program alone: the arena, and the places of feeds."""
        return self.arena_bytes + sum(a.nbytes for b, a in self._arrays.items() if b.kind == "feed")

    def bring_sources(self, sources: Iterable[Buffer], state: State) -> None:
        """What exists before a run: constants, places for feeds, variables where the session has them."""
        for b in sources:
            node = b.key
            assert node is not None
            if b.kind == "constant":
                self._arrays[b] = np.ascontiguousarray(node.operator.reference(**node.attrs)).reshape(-1)
            elif b.kind == "run_number":
                self._arrays[b] = state.run_number
            elif b.kind == "variable":
                memory = state.memory(node.attrs["variable"])
                if TensorType(memory.dtype, memory.shape) != node.type:
                    raise InternalError(f"{node} was compiled for another shape than it has, {TensorType(memory.dtype, memory.shape)}")
                self._arrays[b] = memory.reshape(-1)
            else:
                self._arrays[b] = np.empty(at_hand(b.size), b.dtype) if b.dtype.hasobject else aligned(b.nbytes).view(b.dtype)

    def allocate(self, buffers: Iterable[Buffer]) -> None:
        """The arena of those that it may hold; for results, which get memory at each run, and for Python's objects arrays of their own."""
        buffers = list(buffers)
        inside = [b for b in buffers if b.kind == "arena"]
        sizes = [b.nbytes for b in inside]
        offsets, self.arena_bytes = Placement([b.first for b in inside], [b.last for b in inside], sizes).at(sizes)
        arena = aligned(self.arena_bytes)
        for b, offset in zip(inside, offsets.tolist(), strict=True):
            b.offset = offset
            self._arrays[b] = arena[b.offset:b.offset + b.nbytes].view(b.dtype)
        for b in buffers:
            if b.kind in ("result", "objects"):
                self._arrays[b] = np.empty(at_hand(b.size) if b.kind == "objects" else 0, b.dtype)

    def show(self, buffer: Buffer, offset: int, table: Array, entry: int) -> None:
        """Let an entry of a pointer table show an element of a buffer, wherever the buffer moves."""
        place = (table, entry, at_hand(offset) * buffer.dtype.itemsize)
        self._shown.setdefault(buffer, []).append(place)
        _point([place], address(self._arrays[buffer]))

    def move(self, buffer: Buffer, array: Array) -> None:
        """Let a buffer be another array, flat and contiguous, for the runs to come."""
        if array.size != at_hand(buffer.size) or array.dtype != buffer.dtype:
            raise InternalError(f"{array.size} elements of {array.dtype} are no memory for {buffer.size} of {buffer.dtype}")
        self._arrays[buffer] = array
        if buffer in self._shown:
            _point(self._shown[buffer], address(array))

    def renew(self, buffer: Buffer) -> None:
        """Let a buffer be memory that nobody has seen: the last one is the caller's now."""
        self.move(buffer, uninitialised(at_hand(buffer.size), buffer.dtype))


def _point(places: Iterable[tuple[Array, int, int]], start: int) -> None:
    for table, entry, offset in places:
        table[entry] = start + offset
