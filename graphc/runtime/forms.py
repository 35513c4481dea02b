"""The forms a run can take: a compiled program, the interpreter, variables set anew; in stages, where data decides shapes: `stages`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, Protocol

import numpy as np

from ..cpu.subnormal import flushed, subnormals
from ..cpu.tracing import Trace
from ..ir.node import Node
from ..ir.reference import interpret, run_reference
from ..ir.types import Array
from .values import Values

Evaluate = Callable[[Node, Sequence[Any]], Any]        # one node, from its inputs' values


class Runnable(Protocol):
    """What runs one set of fetches for one set of feed types. It changes variables and courses of random numbers when all else is done."""

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        """The fetched values for feeds in order, of the right types and shapes; `trace` times every step."""


class Initialisation:
    """A run that only sets variables to their initial values, drawn from `streams`; `fresh` were set for its sake just before it."""

    def __init__(self, values: Values, variables: Sequence[Node], feeds: Sequence[Node], fetches: int, streams: Sequence[int],
                 fresh: Iterable[Node] = ()):
        self.values, self.variables, self.feeds, self.fetches, self.streams, self.fresh = values, variables, feeds, fetches, streams, {*fresh}

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        self.set(arrays, trace)
        self.values.commit([], self.streams)
        return [None] * self.fetches

    def set(self, arrays: Sequence[Array], trace: Trace | None = None) -> None:
        """Set the variables; if the run does not come to its end, they get their values back."""
        feeds, fresh, self.fresh = dict(zip(self.feeds, arrays, strict=True)), self.fresh, set()
        with trace.copy("initialise") if trace is not None else nullcontext():
            self.values.reset([v for v in self.variables if v not in fresh], feeds)


class WithReset:
    """A program before which variables are set to their initial values; `remake` compiles it for other shapes of those that it reads."""

    def __init__(self, reset: Initialisation, program: Runnable, read: Sequence[Node], remake: Callable[[Sequence[Array]], Runnable]):
        self.reset, self.program, self.read, self.remake = reset, program, read, remake
        self.shapes = self._shapes()

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        values, program = self.reset.values, self.program
        before = values.commits
        self.reset.set(arrays, trace)
        if self._shapes() != self.shapes:
            made = self.remake(arrays)
            assert isinstance(made, WithReset)
            program = made.program
        results = program.run(arrays, trace)
        if values.commits == before:
            values.commit([])
        return results

    def _shapes(self) -> list[Any]:
        return [self.reset.values.memory(v).shape for v in self.read]


class Interpreted:
    """Specialised nodes by numpy references, or by another function of a node and its inputs: `Session(jit=False)`."""

    def __init__(self, values: Values, fetches: Sequence[Node | None], feeds: Sequence[Node | None],
                 assigns: Sequence[tuple[Node, Node]], effects: Sequence[Node], evaluate: Evaluate = run_reference, streams: Sequence[int] = ()):
        self.values, self.fetches, self.feeds, self.assigns, self.effects, self.evaluate = values, fetches, feeds, assigns, effects, evaluate
        self.streams = streams

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        wanted = [f for f in self.fetches if f is not None]
        nodes = [*wanted, *(v for _, v in self.assigns), *self.effects]
        given = self.values.sources(nodes)
        given.update({f: a for f, a in zip(self.feeds, arrays, strict=True) if f is not None})
        evaluate = self._evaluated if trace is None else partial(trace.node, self._evaluated)
        with subnormals(self.values.flush):
            found = interpret(nodes, given, evaluate)
        results = iter([np.array(v) if np.ndim(v) else np.asarray(v)[()] for v in found[:len(wanted)]])
        out = [None if f is None else next(results) for f in self.fetches]
        new = [np.array(v) for v in found[len(wanted):len(wanted) + len(self.assigns)]]
        if new or self.streams:
            self.values.commit([(variable.attrs["variable"], value) for (variable, _), value in zip(self.assigns, new, strict=True)], self.streams)
        return out

    def _evaluated(self, n: Node, inputs: Sequence[Any]) -> Any:
        """One node; what has effects sees subnormal numbers as they are."""
        if n.operator.drive is not None and self.evaluate is run_reference:
            return run_reference(n, inputs, run_body=self.values.run_body)
        if n.operator.pure and not n.operator.effect or not self.values.flush:
            return self.evaluate(n, inputs)
        with flushed(False):
            return self.evaluate(n, inputs)
