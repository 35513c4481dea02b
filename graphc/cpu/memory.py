"""The memory programs work in: an arena for all that a run leaves behind, and arrays that move, with the pointers that follow them."""

from __future__ import annotations

import ctypes
import weakref
from typing import Any, Protocol

import numpy as np

from ..compiler.layout import Buffer
from ..compiler.placement import ALIGN, rooms
from ..compiler.plan import copied
from ..errors import DTypeError, InternalError, InvalidArgumentError
from ..ir.node import Node, loc_str
from ..ir.types import Array, TensorType, exactly
from .code import Code
from .steps import Value

SPARE = 10              # an arena that grows does so by a tenth more than is needed: sizes that creep up do not move it each time


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


class User(Protocol):
    """A program that lies in an arena."""

    def let_go(self) -> None:
        """Forget every array in the arena: it is another one from now on."""


class Arena:
    """One block of memory for programs of which one runs at a time, as large as the largest of them so far needs."""

    def __init__(self) -> None:
        self.block = aligned(0)
        self._users: weakref.WeakSet[User] = weakref.WeakSet()
        self._places: dict[int, Array] = {}

    def hold(self, user: User, nbytes: int) -> Array:
        """The block, of at least so many bytes; `user` is told when there is another."""
        if self.block.nbytes < nbytes:
            grown = self.block.nbytes > 0
            for other in list(self._users):
                other.let_go()
            self._users.clear()
            self.block = aligned(0)             # the old one is given back before the new one is asked for
            self.block = aligned(nbytes + nbytes // SPARE if grown else nbytes)
        self._users.add(user)
        return self.block

    def copy(self, feed: int, array: Array) -> Array:
        """A copy of what is fed, contiguous, until the same feed is copied again."""
        place = self._places.get(feed)
        if place is None or place.nbytes < array.nbytes:
            place = self._places[feed] = aligned(array.nbytes)
        made: Array = place[:array.nbytes].view(array.dtype).reshape(array.shape)
        made[...] = array
        return made


class Memory:
    """The arrays of one program's buffers, flat, and the table of pointers that shows them. What lies in the arena does so after `settle`."""

    def __init__(self, code: Code, sizes: Array, numbers: Array, state: State, arena: Arena):
        self.code, self.numbers, self.arena = code, numbers, arena
        self.sizes = sizes
        self.nbytes = self.sizes * code.itemsizes
        self._results = code.given & ~copied(self.nbytes)         # handed to the caller, not copied from the arena
        self.offsets = np.zeros(len(code.buffers), np.int64)
        self.offsets[code.inside], self.need = code.placement(np.where(self._results, 0, self.nbytes)[code.inside])
        self.arena_bytes = self.need
        self.table = np.zeros(code.tables[-1], np.uintp)
        self._block: Array | None = None
        self._arrays: dict[Buffer, Array] = {}
        self._base = np.zeros(len(code.buffers), np.int64)
        self._in_block = code.inside[~self._results[code.inside]]
        self._bytes = numbers[code.offsets] * code.itemsizes[code.shown]        # behind the beginning of the buffer that each entry shows
        for i, b in enumerate(code.buffers):
            if b.kind != "arena" or self._results[i]:
                self._bring(i, b, state)
        self._shown = {b: self._entries(b) for b in self._arrays if self.kind(b) in ("result", "feed") and not b.dtype.hasobject}

    def kind(self, buffer: Buffer) -> str:
        """Whose memory a buffer is, as `Buffer.kind` says; a fetched value that is large is a result."""
        return "result" if self._results[self.code.number[buffer]] else buffer.kind

    @property
    def fresh(self) -> list[Buffer]:
        """The results, which are other memory each run."""
        return [self.code.buffers[i] for i in np.flatnonzero(self._results).tolist()]

    def _bring(self, i: int, b: Buffer, state: State) -> None:
        """What exists before a run or is made by it anew: constants, variables where the session has them, results, Python's objects."""
        node, size = b.key, int(self.sizes[i])
        assert node is not None
        if b in self.code.bound:
            array = _exact(node, self.numbers[self.code.bound[b]])
        elif b.kind == "constant":
            array = self.code.constants[b]
        elif b.kind == "run_number":
            array = state.run_number
        elif b.kind == "variable":
            memory = state.memory(node.attrs["variable"])
            if TensorType(memory.dtype, memory.shape) != node.type:
                raise InternalError(f"{node} was compiled for another shape than it has, {TensorType(memory.dtype, memory.shape)}")
            array = memory.reshape(-1)
        elif b.dtype.hasobject:
            array = np.empty(size, b.dtype)
        elif b.kind == "feed" and copied(self.nbytes[i]):
            self.offsets[i] = self.need
            self.need += int(rooms([int(self.nbytes[i])])[0])
            self._in_block = np.append(self._in_block, i)
            return
        else:
            array = np.empty(0, b.dtype)        # a large feed, used where it lies, or a result: another one each run
        self._arrays[b] = array
        self._base[i] = address(array)

    def _entries(self, buffer: Buffer) -> list[tuple[int, int]]:
        """Which entries of the table show a buffer, and how many bytes behind its beginning."""
        found = np.flatnonzero(self.code.shown == self.code.number[buffer])
        return list(zip(self.code.shown_at[found].tolist(), self._bytes[found].tolist(), strict=True))

    def settle(self, user: User) -> None:
        """Lie in the arena: let the table of pointers show where."""
        self._block = self.arena.hold(user, self.need)
        self._base[self._in_block] = address(self._block) + self.offsets[self._in_block]
        self.table[self.code.shown_at] = self._base[self.code.shown] + self._bytes

    def let_go(self) -> None:
        self._block = None

    def flat(self, buffer: Buffer) -> Array:
        """The elements of a buffer."""
        array = self._arrays.get(buffer)
        if array is None:
            assert self._block is not None
            i = self.code.number[buffer]
            start = int(self.offsets[i])
            array = self._block[start:start + int(self.nbytes[i])].view(buffer.dtype)
        return array

    def array(self, value: Value) -> Array:
        """A value as a view of where it lies."""
        offset, *rest = self.numbers[value.numbers].tolist()
        shape, strides = rest[:value.rank], rest[value.rank:]
        if 0 in shape:
            return np.empty(shape, value.dtype)
        flat, size = self.flat(value.buffer), value.dtype.itemsize
        if value.dtype.hasobject:
            return np.lib.stride_tricks.as_strided(flat[offset:], shape, [s * size for s in strides])
        return np.ndarray(shape, value.dtype, flat, offset * size, [s * size for s in strides])

    def shape(self, value: Value) -> tuple[int, ...]:
        """The shape of a value."""
        return tuple(self.numbers[value.numbers].tolist()[1:1 + value.rank])

    def used_in_place(self, feed: Value) -> bool:
        """Whether a feed is so large that kernels read it where it lies."""
        return feed.buffer in self._shown

    def move(self, buffer: Buffer, array: Array) -> None:
        """Let a buffer be another array, flat and contiguous, for the runs to come."""
        size = self.sizes[self.code.number[buffer]]
        if array.size != size or array.dtype != buffer.dtype:
            raise InternalError(f"{array.size} elements of {array.dtype} are no memory for {size} of {buffer.dtype}")
        self._arrays[buffer] = array
        start = address(array)
        for entry, offset in self._shown[buffer]:
            self.table[entry] = start + offset

    def renew(self, buffer: Buffer) -> None:
        """Let a buffer be memory that nobody has seen: the last one is the caller's now."""
        self.move(buffer, uninitialised(int(self.sizes[self.code.number[buffer]]), buffer.dtype))


def _exact(node: Node, numbers: Array) -> Array:
    """The numbers of sizes as the tensor that a node is; InvalidArgumentError if its dtype does not hold them."""
    try:
        return np.ascontiguousarray(exactly(numbers, node.type.dtype))
    except DTypeError as e:
        raise InvalidArgumentError(f"{node.label}: {e}\n  at {loc_str(node.loc)}", node) from None
