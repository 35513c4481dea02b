"""Elements of one shape in a row: blocks, what the stages of a dataset hand on, so that many elements cost what one does."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import InvalidArgumentError
from ..ir.types import TEXT, Array, shape_str

BYTES = 1 << 18         # that a block has at most, where elements are copied into one
GATHERED = 1 << 19      # and where they are gathered: each block costs 15 us, and a batch of the ends of two is a copy more
ROWS = 4096


class Block(NamedTuple):
    """`n` elements: each component is an array whose first axis counts them. Nobody writes into it."""

    n: int
    arrays: Sequence[Array]

    def cut(self, start: int, stop: int) -> Block:
        """The elements from `start` on to before `stop`."""
        return Block(stop - start, [a[start:stop] for a in self.arrays])

    def take(self, rows: Array) -> Block:
        """The elements of those numbers."""
        return Block(len(rows), [a.take(rows, 0) for a in self.arrays])

    def row(self, i: int) -> list[Array]:
        """One element's components."""
        return [a[i, ...] for a in self.arrays]

    def rows(self) -> Iterator[Sequence[Array]]:
        """The elements one after another."""
        if any(a.ndim == 1 for a in self.arrays) or not self.arrays:
            return map(self.row, range(self.n))
        return zip(*self.arrays, strict=True)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [a.shape[1:] for a in self.arrays]


Stream = Iterator[Block]


class Held(bytes):
    """A dataset that is an element's component: `begin` gives a stream of it, whose functions are called in a lane of their own."""

    begin: Callable[[Hashable], Stream]

    @staticmethod
    def of(begin: Callable[[Hashable], Stream]) -> Array:
        """The component."""
        held = Held()
        held.begin = begin
        return array_of(held)


def array_of(value: Any) -> Array:
    """What a run gives as an array; a text keeps the zeros at its end, which NumPy would take for no part of it."""
    if value.__class__ is np.ndarray:
        return value
    if not isinstance(value, bytes):
        return np.asarray(value)
    array = np.empty((), TEXT)
    array[()] = value
    return array


def one(arrays: Sequence[Array]) -> Block:
    """A block of one element."""
    return Block(1, [a[None] for a in arrays])


def rows_of(stream: Iterable[Block]) -> Iterator[list[Array]]:
    """The elements of a stream, one at a time."""
    for block in stream:
        for i in range(block.n):
            yield block.row(i)


def joined(blocks: Sequence[Block]) -> Block:
    """Blocks of the same shapes as one. InvalidArgumentError: of others."""
    if len(blocks) == 1:
        return blocks[0]
    if len(blocks) == 2:            # most often: a batch of the end of one block and the beginning of the next
        (m, left), (n, right) = blocks
        if all(a.shape[1:] == b.shape[1:] for a, b in zip(left, right, strict=True)):
            return Block(m + n, [np.concatenate(pair) for pair in zip(left, right, strict=True)])
    first = blocks[0].shapes
    for b in blocks[1:]:
        if b.shapes != first:
            here, there = next((s, t) for s, t in zip(first, b.shapes, strict=True) if s != t)
            raise InvalidArgumentError(f"elements of the shapes {shape_str(here)} and {shape_str(there)} are not one array; "
                                       "padded_batch makes them equal")
    return Block(sum(b.n for b in blocks), [np.concatenate(parts) for parts in zip(*(b.arrays for b in blocks), strict=True)])


def runs(blocks: Sequence[Block]) -> Iterator[Block]:
    """Blocks with those of equal shapes that follow each other joined."""
    start = 0
    for i in range(1, len(blocks) + 1):
        if i == len(blocks) or blocks[i].shapes != blocks[start].shapes:
            yield joined(blocks[start:i])
            start = i


def copied_at_once(block: Block) -> int:
    """How many elements like those of a block are copied into one, and drawn at a time: the order of a shuffle depends on it."""
    return _fitting(block, BYTES)


def _fitting(block: Block, most: int) -> int:
    size = sum(a.nbytes for a in block.arrays) // max(block.n, 1)
    return max(1, min(ROWS, most // max(size, 1)))


def gathered(block: Block, numbers: Iterable[Array]) -> Iterator[Block]:
    """The elements of a block that arrays of numbers name, in their order, in few blocks: where two meet, a batch is put together of both."""
    at_once = _fitting(block, GATHERED)
    held: list[Array] = []
    count = 0
    for some in numbers:
        held.append(some)
        count += len(some)
        if count >= at_once:
            joint = held[0] if len(held) == 1 else np.concatenate(held)
            whole = count // at_once * at_once
            for start in range(0, whole, at_once):
                yield block.take(joint[start:start + at_once])
            held, count = ([joint[whole:]], count - whole) if count > whole else ([], 0)
    if count:
        yield block.take(held[0] if len(held) == 1 else np.concatenate(held))


class Pool:
    """Elements that wait in any order, of one shape or of several; `take` gives those of some numbers, and `put` puts others in their place."""

    def __init__(self, blocks: Sequence[Block]):
        self.even = all(b.shapes == blocks[0].shapes for b in blocks)
        self.n = sum(b.n for b in blocks)
        if self.even:
            self.block = joined(blocks)
            self.own = len(blocks) > 1
        else:
            self.elements = [[a[i:i + 1] for a in b.arrays] for b in blocks for i in range(b.n)]

    def take(self, rows: Array) -> list[Block]:
        """The elements of those numbers, in that order, in as few blocks as their shapes allow."""
        if self.even:
            return [self.block.take(rows)]
        return [*runs([Block(1, self.elements[i]) for i in rows])]

    def put(self, rows: Array, block: Block) -> None:
        """Elements of a block in the place of those of some numbers."""
        if self.even and block.shapes != self.block.shapes:
            self.elements = [[a[i:i + 1] for a in self.block.arrays] for i in range(self.n)]
            self.even = False
        if self.even:
            if not self.own:
                self.block, self.own = Block(self.n, [a.copy() for a in self.block.arrays]), True
            for mine, new in zip(self.block.arrays, block.arrays, strict=True):
                mine[rows] = new
        else:
            for k, i in enumerate(rows):
                self.elements[i] = [a[k:k + 1] for a in block.arrays]
