"""The forms a run can take: a compiled program, the interpreter, variables set anew; in stages, where data decides shapes: `stages`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, Protocol

import numpy as np

from ..cpu.tracing import Trace
from ..ir.node import Node, topological
from ..ir.reference import interpret, run_reference
from ..ir.types import Array
from .values import Values

Evaluate = Callable[[Node, Sequence[Any]], Any]        # one node, from its inputs' values


class Runnable(Protocol):
    """What runs one set of fetches for one set of feed types. `draws`: it takes random numbers, each run others."""

    draws: bool

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        """The fetched values for feeds in order, of the right types and shapes; `trace` times every step."""


class Initialisation:
    """A run that only sets variables to their initial values; `fresh` are those that were set for its sake just before it."""

    draws = True

    def __init__(self, values: Values, variables: Sequence[Node], feeds: Sequence[Node], fetches: int, fresh: Iterable[Node] = ()):
        self.values, self.variables, self.feeds, self.fetches, self.fresh = values, variables, feeds, fetches, {*fresh}

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        feeds, fresh, self.fresh = dict(zip(self.feeds, arrays, strict=True)), self.fresh, set()
        with trace.copy("initialise") if trace is not None else nullcontext():
            for v in self.variables:
                if v not in fresh:
                    self.values.initialise(v, feeds)
        return [None] * self.fetches


class WithReset:
    """A program before which variables are set to their initial values; `remake` compiles it for other shapes of those that it reads."""

    draws = True

    def __init__(self, reset: Initialisation, program: Runnable, read: Sequence[Node], remake: Callable[[Sequence[Array]], Runnable]):
        self.reset, self.program, self.read, self.remake = reset, program, read, remake
        self.shapes = self._shapes()

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        self.reset.run(arrays, trace)
        if self._shapes() != self.shapes:
            made = self.remake(arrays)
            assert isinstance(made, WithReset)
            return made.program.run(arrays, trace)
        return self.program.run(arrays, trace)

    def _shapes(self) -> list[Any]:
        return [self.reset.values.memory(v).shape for v in self.read]


class Interpreted:
    """Specialised nodes by numpy references, or by another function of a node and its inputs: `Session(jit=False)`."""

    def __init__(self, values: Values, fetches: Sequence[Node | None], feeds: Sequence[Node | None],
                 assigns: Sequence[tuple[Node, Node]], effects: Sequence[Node], evaluate: Evaluate = run_reference):
        self.values, self.fetches, self.feeds, self.assigns, self.effects, self.evaluate = values, fetches, feeds, assigns, effects, evaluate
        roots = [*(f for f in fetches if f is not None), *(v for _, v in assigns), *effects]
        self.draws = any(n.operator.name == "run_number" for n in topological(roots))

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        wanted = [f for f in self.fetches if f is not None]
        nodes = [*wanted, *(v for _, v in self.assigns), *self.effects]
        given = self.values.sources(nodes)
        given.update({f: a for f, a in zip(self.feeds, arrays, strict=True) if f is not None})
        found = interpret(nodes, given, self.evaluate if trace is None else partial(trace.node, self.evaluate))
        results = iter([np.array(v) if np.ndim(v) else np.asarray(v)[()] for v in found[:len(wanted)]])
        out = [None if f is None else next(results) for f in self.fetches]
        new = [np.array(v) for v in found[len(wanted):len(wanted) + len(self.assigns)]]
        for (variable, _), value in zip(self.assigns, new, strict=True):
            self.values.set(variable.attrs["variable"], value)
        return out
