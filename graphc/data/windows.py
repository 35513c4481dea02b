"""Elements in groups that are datasets again: windows over what follows each other, and over what has one key; and one value made of all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import GraphError, InvalidArgumentError
from ..ir.graph import get_default_graph
from ..ir.node import Loc, here
from ..ir.operator import to_node
from ..ir.types import Array, TensorType, compatible
from ..ops.outside import arrival
from ..runtime.resources import Resources
from .blocks import Block, Held, Stream, one, rows_of, runs
from .function import Function
from .run import Run, values_of
from .stages import Rows
from .structure import Inner, Structure, leaves_of, looser, moved, over, taken_apart

INT64 = np.dtype(np.int64)


# ---------------------------------------------------------------------- windows

def parted(structure: Structure) -> tuple[Structure, list[tuple[int, ...]]]:
    """The structure of windows, a dataset for each tensor, sparse tensor or dataset of an element; and the places of what each has of it."""
    leaves = leaves_of(structure.form)
    groups = [(leaf,) if isinstance(leaf, int) else leaf.places for leaf in leaves]
    inner: dict[int, Inner] = {}
    for i, (leaf, places) in enumerate(zip(leaves, groups, strict=True)):
        alone = 0 if isinstance(leaf, int) else leaf.at(range(len(places)))
        inner[places[0]] = Inner(i, Structure(alone, tuple(structure.types[p] for p in places)))
    form = over(lambda leaf: inner[leaf if isinstance(leaf, int) else leaf.places[0]], structure.form)
    return Structure(form, (Inner.type,) * len(groups)), groups


def windowed(stream: Stream, size: int, shift: int, stride: int, drop: bool, groups: Sequence[Sequence[int]]) -> Stream:
    """Windows of `size` elements, `stride` apart, which begin `shift` apart; the last ones smaller, unless those are to be dropped."""
    held: deque[Block] = deque()
    skip, span, rows, more = 0, (size - 1) * stride + 1, rows_of(stream), True
    while True:
        while more and len(held) < span + skip:
            row = next(rows, None)
            more = row is not None
            if row is not None:
                held.append(one(row))
        while skip and held:
            held.popleft()
            skip -= 1
        if more and len(held) < span:
            continue
        if not held or (drop and len(held) < span):
            return
        yield one(_components([held[i] for i in range(0, min(span, len(held)), stride)], groups))
        skip = shift


def _components(blocks: Sequence[Block], groups: Sequence[Sequence[int]]) -> list[Array]:
    kept = [*runs(blocks)]
    return [_dataset([Block(b.n, [b.arrays[p] for p in places]) for b in kept]) for places in groups]


def _dataset(blocks: Sequence[Block]) -> Array:
    return Held.of(lambda lane: iter(blocks))


# ---------------------------------------------------------------------- groups by key

def key_function(what: str, function: Callable[..., Any], structure: Structure, loc: Loc) -> Function:
    """A function of elements that gives a whole number. GraphError: it gives anything else."""
    f = Function(what, function, structure, loc)
    given = f.returns(f.result)
    if len(given.types) != 1 or given.types[0].dtype != INT64 or not compatible(given.types[0].shape, ()):
        raise GraphError(f"{f}: it is to return a scalar of dtype int64, not {', '.join(map(str, given.types))}{here()}")
    return f


def grouped(stream: Stream, key: Rows, size: Callable[[int], int], reduce: Callable[[int, Array], Stream]) -> Stream:
    """What `reduce` makes of the elements of one key, each time that there are `size` of them; at the end of what is left, by increasing keys."""
    waiting: dict[int, list[Block]] = {}
    sizes: dict[int, int] = {}
    for row in rows_of(stream):
        k = int(key(row)[0])
        if k not in waiting:
            waiting[k], sizes[k] = [], size(k)
            if sizes[k] <= 0:
                raise InvalidArgumentError(f"a window of {sizes[k]} elements: it has one at least")
        waiting[k].append(one(row))
        if len(waiting[k]) == sizes[k]:
            yield from reduce(k, _dataset([*runs(waiting.pop(k))]))
    for k in sorted(waiting):
        yield from reduce(k, _dataset([*runs(waiting[k])]))


# ---------------------------------------------------------------------- states

class Folding:
    """A function of a state and an element that gives the next state, and, if `beside`, an element; the state's shapes as far as they stay.

    GraphError: it returns no such state.
    """

    def __init__(self, what: str, function: Callable[..., Any], start: Any, structure: Structure, loc: Loc, beside: bool = False):
        if isinstance(start, Structure):        # of states that are made when run
            form, types, self.start = start.form, [*start.types], []
        else:
            form, parts = taken_apart(start)
            self.start = [to_node(p) for p in parts]
            types = [n.type for n in self.start]
        n = len(types)
        for _ in range(2 + max([len(t.shape or ()) for t in types], default=0)):        # shapes become looser until they hold
            given = Structure((form, moved(structure.form, n)), (*types, *structure.types))
            self.function = f = Function(what, function, given, loc)
            result: Any = f.result
            if beside and (not isinstance(result, tuple) or len(result) != 2):
                raise GraphError(f"{f}: it is to return a state and an element{here()}")
            found = f.returns(result)
            if [t.dtype for t in found.types[:n]] != [t.dtype for t in types] or (not beside and len(found.types) != n):
                raise GraphError(f"{f}: it returns {', '.join(map(str, found.types[:n] if beside else found.types))}, and is given the state "
                                 f"{', '.join(map(str, types))}{here()}")
            kept = [TensorType(t.dtype, looser(t.shape, s.shape)) for t, s in zip(types, found.types, strict=False)]
            if kept == types:
                break
            types = kept
        self.state = Structure(form, tuple(types))
        self.element = Structure(moved(found.form[1], -n), found.types[n:]) if beside else None

    @property
    def needs(self) -> list[Any]:
        return [*self.function.captured, *self.start]

    def first(self, run: Run) -> list[Array]:
        """The state at the beginning."""
        return [run.value(s) for s in self.start]

    def scanned(self, run: Run, stream: Stream) -> Stream:
        """The elements beside each next state."""
        call, state, n = self.function.running(run), self.first(run), len(self.start)
        for row in rows_of(stream):
            found = call([*state, *row])
            state = found[:n]
            yield one(found[n:])


class _Reduced:
    """The source of `Dataset.reduce`: the state after the last element of a dataset that begins anew with each run."""

    def __init__(self, dataset: Any, fold: Folding, needs: Sequence[Any]):
        self.dataset, self.fold, self.needs = dataset, fold, needs

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Array]:
        run = Run(values_of(self.needs, inputs), kept)
        call, state = self.fold.function.running(run), self.fold.first(run)
        for row in rows_of(self.dataset._begin(run)):
            state = call([*state, *row])
        return state


def reduced(dataset: Any, fold: Folding, name: str) -> Any:
    """The tensors of the state after the last element."""
    needs = list(dict.fromkeys([*dataset._needs, *fold.needs]))
    return fold.state.pack(arrival(get_default_graph(), _Reduced(dataset, fold, needs), [to_node(n) for n in needs], fold.state.types, name))


class _Single:
    """The source of `get_single_element`: the one element of a dataset that begins anew with each run."""

    def __init__(self, dataset: Any):
        self.dataset = dataset

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Array]:
        rows = iter(rows_of(self.dataset._begin(Run(values_of(self.dataset._needs, inputs), kept))))
        found = next(rows, None)
        if found is None:
            raise InvalidArgumentError("the dataset has no element, and one is wanted")
        if next(rows, None) is not None:
            raise InvalidArgumentError("the dataset has more than one element, and one is wanted")
        return found


def single_element(dataset: Any) -> Any:
    """The tensors of a dataset's one element."""
    structure = dataset._structure
    return structure.pack(arrival(get_default_graph(), _Single(dataset), [to_node(n) for n in dataset._needs], structure.types,
                                  "DatasetToSingleElement"))


class Keyed:
    """States by key: what `first` makes of a key, `fold` of its elements one after another, and `last` of the state at the end."""

    def __init__(self, dataset: Any, key: Function, first: Function, fold: Folding, last: Function):
        self.dataset, self.key, self.first, self.fold, self.last = dataset, key, first, fold, last

    def begin(self, run: Run) -> Stream:
        """What is made of each key's last state, by increasing keys."""
        key, first, call, last = (f.running(run) for f in (self.key, self.first, self.fold.function, self.last))
        states: dict[int, list[Array]] = {}
        for row in rows_of(self.dataset._begin(run)):
            k = int(key(row)[0])
            state = states[k] if k in states else first([np.array(k, INT64)])
            states[k] = call([*state, *row])
        for k in sorted(states):
            yield one(last(states[k]))
