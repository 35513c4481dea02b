"""The stages of datasets: each takes streams of blocks, and is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError, OpError
from ..ir.types import Array, shape_str
from .blocks import Block, Pool, Stream, copied_at_once, gathered, joined, one, rows_of, runs

Rows = Callable[[Sequence[Array]], list[Array]]     # a function of an element
Begin = Callable[[], Stream]                        # a stream from its beginning


class EachRow:
    """A stream of one element at a time. After an error it goes on with the next: `ignore_errors` relies on that."""

    def __init__(self, stream: Stream):
        self.stream, self.block, self.at = stream, Block(0, []), 0

    def __iter__(self) -> EachRow:
        return self

    def next_row(self) -> list[Array]:
        """The next element; StopIteration."""
        while self.at >= self.block.n:
            self.block, self.at = next(self.stream), 0
        self.at += 1
        return self.block.row(self.at - 1)

    def __next__(self) -> Block:
        return one(self.next_row())


class Mapped(EachRow):
    """A function of each element."""

    def __init__(self, stream: Stream, function: Rows):
        super().__init__(stream)
        self.function = function

    def __next__(self) -> Block:
        return one([np.asarray(v) for v in self.function(self.next_row())])


class Filtered(EachRow):
    """The elements for which a function of them gives true."""

    def __init__(self, stream: Stream, predicate: Rows):
        super().__init__(stream)
        self.predicate = predicate

    def __next__(self) -> Block:
        while True:
            row = self.next_row()
            if self.predicate(row)[0]:
                return one(row)


class WithoutErrors:
    """A stream whose elements that cannot be made are left out."""

    def __init__(self, stream: Stream):
        self.stream = stream

    def __iter__(self) -> WithoutErrors:
        return self

    def __next__(self) -> Block:
        while True:
            try:
                return next(self.stream)
            except OpError:
                continue


def batched(stream: Stream, size: int, drop: bool) -> Stream:
    """Elements side by side, `size` of them; the rest at the end too, unless it is to be dropped. Of a long block batches are views."""
    held: list[Block] = []
    count = 0
    for block in stream:
        if count:
            first = block.cut(0, min(size - count, block.n))
            held.append(first)
            count += first.n
            if count < size:
                continue
            yield one(joined(held).arrays)
            block, held, count = block.cut(first.n, block.n), [], 0
        whole = block.n // size
        if whole:
            yield Block(whole, [a[:whole * size].reshape(whole, size, *a.shape[1:]) for a in block.arrays])
        if block.n > whole * size:
            held.append(block.cut(whole * size, block.n))
            count = held[0].n
    if count and not drop:
        yield one(joined(held).arrays)


def padded(stream: Stream, size: int, drop: bool, shapes: Sequence[Any], values: Sequence[Any]) -> Stream:
    """Batches of elements that are padded to a shape: where it is open, to the largest size among them."""
    rows: list[list[Array]] = []
    for row in rows_of(stream):
        rows.append(row)
        if len(rows) == size:
            yield one(_padded_batch(rows, shapes, values))
            rows = []
    if rows and not drop:
        yield one(_padded_batch(rows, shapes, values))


def _padded_batch(rows: Sequence[Sequence[Array]], shapes: Sequence[Any], values: Sequence[Any]) -> list[Array]:
    out = []
    for parts, shape, value in zip(zip(*rows, strict=True), shapes, values, strict=True):
        rank = parts[0].ndim if shape is None else len(shape)
        if any(p.ndim != rank for p in parts):
            raise InvalidArgumentError(f"elements of rank {', '.join(sorted({str(p.ndim) for p in parts}))} are not padded to rank {rank}")
        largest = [max(p.shape[i] for p in parts) for i in range(rank)]
        whole = [n if shape is None or shape[i] is None else int(shape[i]) for i, n in enumerate(largest)]
        if any(n > w for n, w in zip(largest, whole, strict=True)):
            raise InvalidArgumentError(f"an element of the sizes {largest} is larger than the shape {shape_str(tuple(whole))} that it is padded to")
        batch = np.full((len(parts), *whole), value, parts[0].dtype)
        for i, p in enumerate(parts):
            batch[tuple([slice(i, i + 1), *(slice(0, n) for n in p.shape)])] = p
        out.append(batch)
    return out


def shuffled(stream: Stream, size: int, draw: np.random.Generator) -> Stream:
    """Elements drawn evenly from those of `size` that wait, the next of the stream taking the place of each; if all of them wait, in any order.

    Several are drawn at a time, half of those that wait at most: then others take all their places. As long as all that wait lie in the arrays
    of one block, their numbers are drawn, and each is copied once.
    """
    first = next(stream, None)
    while first is not None and not first.n:
        first = next(stream, None)
    if first is None:
        return
    at_once = min(copied_at_once(first), max(1, size // 2))
    places = np.arange(min(size, first.n))
    at = len(places)
    while len(places) == size:
        yield from gathered(first, _drawn(places, at, first.n, at_once, draw))
        block = next(stream, None)
        if block is None or any(a is not b for a, b in zip(block.arrays, first.arrays, strict=True)):
            break
        at = 0              # the same again: `repeat` of arrays in memory
    else:
        block = next(stream, None)
    if block is None:
        yield from gathered(first, [places[draw.permutation(len(places))]])
        return
    yield from _shuffled_blocks(first.take(places), block, stream, size, draw, at_once)


def _drawn(places: Array, at: int, end: int, at_once: int, draw: np.random.Generator) -> Iterator[Array]:
    """The numbers of elements that are drawn from those at `places`, which the numbers from `at` on to before `end` then take."""
    numbers = np.arange(end)
    for start in range(at, end, at_once):
        stop = min(start + at_once, end)
        rows = draw.permutation(len(places))[:stop - start] if stop - start > 1 else draw.integers(len(places), size=1)
        yield places.take(rows)
        places[rows] = numbers[start:stop]


def _shuffled_blocks(first: Block, rest: Block | None, stream: Stream, size: int, draw: np.random.Generator, at_once: int) -> Stream:
    """`shuffled` of elements that lie in several blocks: `first` waits already, `rest` comes before what the stream gives."""
    waiting, count = [first], first.n
    while rest is not None and count < size:
        more = rest.cut(0, min(rest.n, size - count))
        waiting.append(more)
        count += more.n
        rest = rest.cut(more.n, rest.n) if rest.n > more.n else next(stream, None)
    pool = Pool([b for b in waiting if b.n])
    while rest is not None:
        for start in range(0, rest.n, at_once):
            new = rest.cut(start, min(start + at_once, rest.n))
            rows = draw.permutation(pool.n)[:new.n] if new.n > 1 else draw.integers(pool.n, size=1)
            yield from pool.take(rows)
            pool.put(rows, new)
        rest = next(stream, None)
    order, at_once = draw.permutation(pool.n), copied_at_once(first)
    for start in range(0, pool.n, at_once):
        yield from pool.take(order[start:start + at_once])


def repeated(begin: Begin, count: int) -> Stream:
    """A stream again and again, `count` times, without end if that is negative; an empty one ends."""
    done = 0
    while count < 0 or done < count:
        some = False
        for block in begin():
            some = True
            yield block
        if not some:
            return
        done += 1


def taken(stream: Stream, count: int) -> Stream:
    """The first `count` elements; all if that is negative."""
    left = count
    while left:
        block = next(stream, None)
        if block is None:
            return
        block = block if left < 0 or block.n <= left else block.cut(0, left)
        left -= block.n if left > 0 else 0
        yield block


def skipped(stream: Stream, count: int) -> Stream:
    """All but the first `count` elements; none if that is negative."""
    left = count
    for block in stream:
        if 0 <= left < block.n:
            yield block.cut(left, block.n) if left else block
        left -= min(left, block.n) if left > 0 else 0


def side_by_side(streams: Sequence[Stream]) -> Stream:
    """The components of one element of each stream; it ends with the shortest."""
    held = [Block(0, [])] * len(streams)
    while True:
        for i, stream in enumerate(streams):
            if not held[i].n:
                block = next(stream, None)
                if block is None:
                    return
                held[i] = block
        n = min(b.n for b in held)
        yield Block(n, [a[:n] for b in held for a in b.arrays])
        held = [b.cut(n, b.n) for b in held]


def in_turn(begins: Sequence[Begin]) -> Stream:
    """One stream after another."""
    for begin in begins:
        yield from begin()


def unbatched(stream: Stream) -> Stream:
    """The rows of each element's components."""
    for row in rows_of(stream):
        sizes = {a.shape[0] if a.ndim else None for a in row}
        if len(sizes) != 1 or None in sizes:
            raise InvalidArgumentError(f"components of the shapes {', '.join(shape_str(a.shape) for a in row)} have not as many rows each")
        n = sizes.pop()
        if n:
            yield Block(int(n), row)


def interleaved(stream: Stream, of: Callable[[Sequence[Array], int], Stream], cycle: int, block: int, ahead: int = 0) -> Stream:
    """The streams that a function makes of elements, `cycle` of them in turn, `block` elements of each; the first `ahead` begin at once."""
    rows = rows_of(stream)
    if cycle == 1:
        for row in rows:
            yield from of(row, 0)
        return
    slots: list[EachRow | None] = [None] * cycle
    more, at = True, 0
    for i in range(min(ahead, cycle)):
        found = next(rows, None)
        if found is None:
            more = False
            break
        slots[i] = EachRow(of(found, i))
    while more or any(s is not None for s in slots):
        slot = slots[at]
        if slot is None and more:
            found = next(rows, None)
            more = found is not None
            slot = slots[at] = EachRow(of(found, at)) if found is not None else None
        for _ in range(block if slot is not None else 0):
            assert slot is not None
            element = next(slot, None)
            if element is None:
                slots[at] = None
                break
            yield element
        at = (at + 1) % cycle


class Memory:
    """What a dataset gave, kept for the passes after the first that came to its end."""

    def __init__(self) -> None:
        self.blocks: list[Block] | None = None

    def stream(self, begin: Begin) -> Stream:
        """The elements that are kept, or those of a stream, which are then."""
        if self.blocks is None:
            return self._first(begin)
        return iter(self.blocks)

    def _first(self, begin: Begin) -> Iterator[Block]:
        kept = []
        for block in begin():
            kept.append(block)
            yield block
        self.blocks = [*runs(kept)]


def sharded(stream: Stream, count: int, index: int) -> Stream:
    """Every `count`-th element, from number `index` on."""
    if count < 1 or not 0 <= index < count:
        raise InvalidArgumentError(f"there is no shard {index} of {count}")
    at = 0
    for block in stream:
        first = (index - at) % count
        if first < block.n:
            yield Block(len(range(first, block.n, count)), [a[first::count] for a in block.arrays])
        at += block.n


def counted_out(stream: Stream, count: int) -> Stream:
    """The same elements. InvalidArgumentError: they are not as many."""
    seen = 0
    for block in stream:
        seen += block.n
        if 0 <= count < seen:
            raise InvalidArgumentError(f"the dataset has more than {count} elements, as many as it is said to have")
        yield block
    if seen < count:
        raise InvalidArgumentError(f"the dataset has {seen} elements, and is said to have {count}")


def resampled(stream: Stream, classify: Rows, target: Array, initial: Array | None, draw: np.random.Generator) -> Stream:
    """Pairs of a class and an element, with elements left out so that classes come as `target` says they do, and as few as that allows.

    With p the chance of a class and t the wanted one, elements are kept by t / p over the largest such ratio; those that the least ratio keeps
    of every class are kept unseen. Where p is not said it is estimated from the numbers of those that came, 32 at a time, 10 of each at first.
    """
    rows = rows_of(stream)
    seen, waiting = np.full(len(target), 10.0), [0] * 0
    while True:
        chances = seen / seen.sum() if initial is None else initial
        ratios = target / np.where(chances > 0, chances, np.finfo(np.float64).tiny)
        least, most = ratios.min(), ratios.max()
        unseen = draw.random() < least
        while True:
            row = next(rows, None)
            if row is None:
                return
            kind = classify(row)[0]
            k = int(kind)
            if not 0 <= k < len(target):
                raise InvalidArgumentError(f"the class {k} is none of {len(target)}")
            if initial is None:
                waiting.append(k)
                if len(waiting) == 32:
                    seen += np.bincount(waiting, minlength=len(target))
                    waiting.clear()
            if unseen or most == least or draw.random() < (ratios[k] - least) / (most - least):
                yield one([kind, *row])
                break
