"""What a stage of a run is compiled as: variants, each for all sizes of which its guards hold, and the programs of those that ran last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..compiler.specialise import StageWork
from ..cpu.program import Program
from ..ir.node import Node
from ..ir.scope import listable
from ..ir.types import Array, content
from .forms import Runnable

VARIANTS = 8            # of a stage: for sizes of 0 or 1, of few or many; those that ran last
PREFERRING = 2          # of a stage, the first ones: for few elements only, if they are run with few, because that is faster
KEPT = 16               # programs of a stage, for the shapes (and values that decide sizes) that ran last

Bind = Callable[[Sequence[int]], Runnable]      # numbers of free sizes to what runs for them


def counts() -> dict[str, Any]:
    """What is counted of compilations, from none on."""
    return {"kernels_compiled": 0, "kernels_loaded": 0, "compile_seconds": 0.0, "programs": 0, "plans_loaded": 0}


class Before(NamedTuple):
    """What earlier stages of a run have evaluated: all that is `done`, and of what the rest of the run uses the `inputs` that it is fed, and
    the values that are the same at each run with these variants, `constants`."""

    inputs: list[Node]
    constants: dict[Node, Array]
    done: frozenset[Node]


NOTHING = Before([], {}, frozenset())


class Open(NamedTuple):
    """Where the numbers of free sizes are found in the arrays that are fed: all elements of `integers`, and the `axes` of others.

    `known`: arrays whose values a variant has in it; `shaped`: so it has the shapes of all arrays.
    """

    integers: tuple[int, ...]
    axes: tuple[tuple[int, int], ...]
    known: tuple[int, ...]
    shaped: bool

    @classmethod
    def of(cls, inputs: Sequence[Node], arrays: Sequence[Array], by_value: Sequence[int], free: bool) -> Open:
        """What is free of these arrays, if the values of some decide sizes: all that the graph leaves open, if anything is to be."""
        axes = tuple([(i, axis) for i, (f, a) in enumerate(zip(inputs, arrays, strict=True)) if free and i not in by_value
                      for axis in range(a.ndim) if f.type.shape is None or f.type.shape[axis] is None])
        integers = tuple([i for i in by_value if free and listable(arrays[i])])
        return cls(integers, axes, tuple([i for i in by_value if i not in integers]), not free)

    def numbers(self, arrays: Sequence[Array]) -> list[int]:
        """The numbers of the free sizes, in order."""
        values = [n for i in self.integers for n in arrays[i].ravel().tolist()]
        return values + [arrays[i].shape[axis] for i, axis in self.axes]

    def alike(self, arrays: Sequence[Array], numbers: Sequence[int]) -> list[Array]:
        """Arrays of these numbers of the free sizes, else as a plan knows them: without the values on which it does not depend."""
        left, shapes, found = iter(numbers), [[*a.shape] for a in arrays], dict[int, Array]()
        for i in self.integers:
            found[i] = np.array([next(left) for _ in range(arrays[i].size)], arrays[i].dtype).reshape(arrays[i].shape)
        for i, axis in self.axes:
            shapes[i][axis] = next(left)
        found.update((i, arrays[i].copy()) for i in self.known)
        return [found[i] if i in found else np.broadcast_to(np.zeros((), a.dtype), shapes[i]) for i, a in enumerate(arrays)]

    def structure(self, arrays: Sequence[Array]) -> Any:
        """What no size decides: equal for all arrays that one variant may serve."""
        shapes: list[Any] = [a.shape if self.shaped else a.ndim for a in arrays]
        return *shapes, *(arrays[i].shape for i in self.integers), *((arrays[i].shape, content(arrays[i])) for i in self.known)


class Variant(NamedTuple):
    """A stage of a run as it was compiled: for arrays of one `structure`, and sizes of which `holds` is true.

    The last stage has no `work`; of others `pending` is what ends them, and `following` the stage after it.
    """

    open: Open
    structure: Any
    holds: Callable[..., bool]
    bind: Bind
    pending: list[Node]
    work: StageWork | None
    following: Variants | None


class Bound(NamedTuple):
    """A variant, and its program for some sizes."""

    program: Runnable
    variant: Variant


class Variants:
    """One stage of a run: `make` compiles it for the arrays of the feeds, and of what stages `before` give it.

    `by_value`: the arrays whose values, not only their sizes, are part of a variant or decide its numbers; `make` appends to it.
    """

    def __init__(self, make: Callable[[Sequence[Array], Before, list[int]], Variant], before: Before = NOTHING, by_value: Sequence[int] = ()):
        self.make, self.before, self.by_value = make, before, [*by_value]
        self.variants: list[Variant] = []               # those that ran last first
        self.bound: OrderedDict[Any, Bound] = OrderedDict()     # the one that ran last at the end
        self.last: Bound | None = None

    def key(self, arrays: Sequence[Array]) -> Any:
        """What programs are kept by."""
        return (*[a.shape for a in arrays], *[content(arrays[i]) for i in self.by_value])

    def find(self, arrays: Sequence[Array]) -> Bound | None:
        """The program that is kept for these shapes and values, the one that ran last now."""
        key = self.key(arrays)
        found = self.bound.get(key)
        if found is not None:
            self.bound.move_to_end(key)
        return found

    def at(self, arrays: Sequence[Array]) -> Bound:
        """The program for these arrays: one that is kept, a variant bound to their sizes, or a variant that is made for them."""
        found = self.find(arrays)
        if found is None:
            variant = self._serving(arrays) or self.make(arrays, self.before, self.by_value)
            self.variants.insert(0, variant)
            del self.variants[VARIANTS:]
            sizes = variant.open.numbers(arrays)
            found = self._shifted(variant, sizes, arrays) or Bound(variant.bind(sizes), variant)
            self.bound[self.key(arrays)] = found
            if len(self.bound) > KEPT:
                _, oldest = self.bound.popitem(last=False)
                if isinstance(oldest.program, Program):
                    oldest.program.let_go()             # its way in holds on to it
        if self.last is not found:
            if self.last is not None and isinstance(self.last.program, Program):
                self.last.program.rest()
            self.last = found
        return found

    def _shifted(self, variant: Variant, sizes: Sequence[int], arrays: Sequence[Array]) -> Bound | None:
        """The program that ran last, if the shapes are the same and the values that decide sizes only say where others begin."""
        if self.last is None or self.last.variant is not variant or not self.bound:
            return None
        key = next(reversed(self.bound))
        same = self.bound[key] is self.last and key[:len(arrays)] == tuple([a.shape for a in arrays])
        return self.bound.pop(key) if same and isinstance(self.last.program, Program) and self.last.program.shift(sizes) else None

    def moved(self, arrays: Sequence[Array]) -> Program | None:
        """The program that ran last, for the same shapes and other values, as far as these only say where others begin."""
        if self.last is None:
            return None
        program, variant = self.last
        sizes = variant.open.numbers(arrays)
        if not isinstance(program, Program) or variant.open.known or not variant.holds(*sizes):
            return None
        if sizes != program.sizes:
            if not program.shift(sizes):
                return None
            self.bound.popitem()
            self.bound[self.key(arrays)] = self.last
        return program

    def _serving(self, arrays: Sequence[Array]) -> Variant | None:
        """The variant that serves these arrays, taken out of the list."""
        for i, v in enumerate(self.variants):
            if v.structure == v.open.structure(arrays) and v.holds(*v.open.numbers(arrays)):
                return self.variants.pop(i)
        return None

    def clear(self) -> None:
        """Drop all variants and programs."""
        self.variants.clear()
        self.bound.clear()
        self.last = None
