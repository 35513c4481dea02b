"""The memory programs work in: an arena for all that a run leaves behind, and arrays that move, with the pointers that follow them."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from ..compiler.layout import Buffer
from ..compiler.placement import ALIGN, rooms
from ..compiler.plan import copied
from ..errors import DTypeError, InternalError, InvalidArgumentError
from ..ir.body import RunBody
from ..ir.node import Node, loc_str
from ..ir.reference import read_only
from ..ir.types import Array, TensorType, exactly
from .code import Code
from .steps import Value

BODIES = 32             # bound bodies that an arena keeps
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
    """What outlives a run: the variables' values, how often streams of random numbers have been drawn from, and programs of bodies."""

    run_body: RunBody

    def counter(self, stream: int | None) -> Array:
        """The number of a stream that the next run draws, and the one after it, uint64[2]; None: of runs that have changed something."""

    def memory(self, variable: Node) -> Array:
        """The array that holds a variable's value."""

    def promise(self, resized: Sequence[tuple[Node, Array]]) -> None:
        """Once the run that is on has changed anything, these variables have other memory, of other shapes."""


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
        self._bodies: dict[Any, Any] = {}

    def bodies(self, key: Any, make: Callable[[], Any]) -> Any:
        """Bodies bound for some numbers, which programs of the arena share: one of them runs at a time. The last ones are kept."""
        found = self._bodies.pop(key, None)
        if found is None:
            found = make()
        self._bodies[key] = found
        while len(self._bodies) > BODIES:
            del self._bodies[next(iter(self._bodies))]
        return found

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
        large = ~copied(self.nbytes)
        self._results = code.given & large                  # handed to the caller, not copied from the arena
        self.offsets = np.zeros(len(code.buffers), np.int64)
        self.offsets[code.inside], self.need = code.placement(np.where(self._results, 0, self.nbytes)[code.inside])
        self.arena_bytes = self.need
        if code.lasting is None:
            code.lasting = _lasting(code, state)
        self._arrays, self._base = code.lasting[0].copy(), code.lasting[1].copy()
        for i, b in code.made:
            array = np.empty(int(self.sizes[i]), b.dtype) if b.kind != "constant" else _exact(b.key, numbers[code.bound[b]])
            self._arrays[b], self._base[i] = array, address(array)
        small = code.fed[~large[code.fed]]
        places = np.cumsum(rooms(self.nbytes[small]))       # of small feeds, behind the arena's
        self.offsets[small[1:]] = places[:-1]
        self.offsets[small] += self.need
        self.need += int(places[-1]) if len(small) else 0
        self._in_block = np.concatenate((code.inside[~self._results[code.inside]], small))
        self.table = np.zeros(code.tables[-1], np.uintp)
        self._bytes = numbers[code.offsets] * code.itemsizes[code.shown]        # behind the beginning of the buffer that each entry shows
        self._block: Array | None = None
        self._views: dict[int, Array] = {}
        self._seen: dict[int, Array] = {}
        self._shown = {code.buffers[i]: self._entries(i) for i in (*code.fed[large[code.fed]].tolist(), *np.flatnonzero(self._results).tolist())}

    def kind(self, buffer: Buffer) -> str:
        """Whose memory a buffer is, as `Buffer.kind` says; a fetched value that is large is a result."""
        return "result" if self._results[self.code.number[buffer]] else buffer.kind

    @property
    def fresh(self) -> list[Buffer]:
        """The results, which are other memory each run."""
        return [self.code.buffers[i] for i in np.flatnonzero(self._results).tolist()]

    def showing(self, buffer: Buffer) -> list[tuple[int, int]]:
        """Which entries of the table show a buffer, and how many bytes behind its beginning."""
        return self._entries(self.code.number[buffer])

    def _entries(self, buffer: int) -> list[tuple[int, int]]:
        """Which entries of the table show a buffer, and how many bytes behind its beginning."""
        found = self.code.showing(buffer)
        return list(zip(self.code.shown_at[found].tolist(), self._bytes[found].tolist(), strict=True))

    def settle(self, user: User) -> None:
        """Lie in the arena: let the table of pointers show where."""
        self._views.clear()
        self._seen.clear()
        self._block = self.arena.hold(user, self.need)
        self._base[self._in_block] = address(self._block) + self.offsets[self._in_block]
        self.table[self.code.shown_at] = self._base[self.code.shown] + self._bytes

    def let_go(self) -> None:
        self._block = None
        self._views.clear()
        self._seen.clear()

    def rest(self) -> None:
        """Keep nothing that is the caller's: feeds, results."""
        for buffer in self._shown:
            self._arrays.pop(buffer, None)

    def shift(self, entries: Sequence[int], positions: Sequence[int], number: int) -> None:
        """Let these entries of the table, of those that show buffers, show element `number`; it is at these positions among the numbers."""
        code = self.code
        self.numbers[positions] = number
        self._views.clear()
        self._seen.clear()
        for j in entries:
            i = int(code.shown[j])
            self._bytes[j] = behind = number * int(code.itemsizes[i])
            self.table[code.shown_at[j]] = self._base[i] + behind
            if code.buffers[i] in self._shown:
                self._shown[code.buffers[i]] = self._entries(i)

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

    def place(self, value: Value) -> Array:
        """The same, made once for a value of the code's steps as long as it lies where it does: of feeds and results that is a run."""
        found = self._views.get(id(value))
        if found is None:
            found = self.array(value)
            if value.buffer not in self._shown:
                self._views[id(value)] = found
        return found

    def seen(self, value: Value) -> Array:
        """The same for who must not write there: a view of its own, whose shape may be set."""
        found = self._seen.get(id(value))
        if found is None:
            found = read_only(self.array(value))
            if value.buffer not in self._shown:
                self._seen[id(value)] = found
        return found.view()

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

    def give(self, value: Value, array: Array) -> bool:
        """Let an array that nobody else has be the result that a value is; whether it can be: it is all of one, and large."""
        number = self.code.number[value.buffer]
        flags = array.flags
        if not (self._results[number] and array.dtype == value.buffer.dtype and array.size == self.sizes[number]
                and flags.owndata and flags.writeable and flags.c_contiguous and flags.aligned):
            return False
        self.move(value.buffer, array.reshape(-1))
        return True

    def renew(self, buffer: Buffer) -> None:
        """Let a buffer be memory that nobody has seen: the last one is the caller's now."""
        self._arrays.pop(buffer, None)          # if the caller has let go of it, it is given out again, while it is still in the caches
        self.move(buffer, uninitialised(int(self.sizes[self.code.number[buffer]]), buffer.dtype))


def _lasting(code: Code, state: State) -> tuple[dict[Buffer, Array], Array]:
    """What is there for all sizes: constants, variables where the session has them; and where each begins."""
    arrays, base = dict[Buffer, Array](), np.zeros(len(code.buffers), np.int64)
    for i, b in code.there:
        if b in code.counters:
            arrays[b] = counter = state.counter(code.counters[b])
            base[i] = address(counter)
            continue
        node = b.key
        assert node is not None
        if b.kind == "constant":
            array = np.ascontiguousarray(node.attrs["value"]).reshape(-1)
        elif b.kind == "run_number":
            array = state.counter(node.attrs["stream"])[:1]
        else:
            memory = state.memory(node.attrs["variable"])
            if TensorType(memory.dtype, memory.shape) != node.type:
                raise InternalError(f"{node} was compiled for another shape than it has, {TensorType(memory.dtype, memory.shape)}")
            array = memory.reshape(-1)
        arrays[b], base[i] = array, address(array)
    return arrays, base


def _exact(node: Node | None, numbers: Array) -> Array:
    """The numbers of sizes as the tensor that a node is; InvalidArgumentError if its dtype does not hold them."""
    assert node is not None
    try:
        return np.ascontiguousarray(exactly(numbers, node.type.dtype))
    except DTypeError as e:
        raise InvalidArgumentError(f"{node.label}: {e}\n  at {loc_str(node.loc)}", node) from None
