"""The forms a run can take: a compiled program, the interpreter, variables set anew, stages where data decides shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, Protocol

import numpy as np

from ..cpu.tracing import Trace
from ..ir.node import Node
from ..ir.reference import interpret, run_reference
from ..ir.types import Array, TensorType
from .values import Values

Stage = Callable[[Sequence[Node], Mapping[Node, Array]], list[Any]]     # a run of its own: of these fetches, with these feeds


class Runnable(Protocol):
    """What runs one set of fetches for one set of feed types. `draws`: it takes random numbers, each run others."""

    draws: bool

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        """The fetched values for feeds in order, of the right types and shapes; `trace` times every step."""


class Initialisation:
    """A run that only sets variables to their initial values."""

    draws = True

    def __init__(self, values: Values, variables: Sequence[Node], feeds: Sequence[Node], fetches: int):
        self.values, self.variables, self.feeds, self.fetches = values, variables, feeds, fetches

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        feeds = dict(zip(self.feeds, arrays, strict=True))
        with trace.copy("initialise") if trace is not None else nullcontext():
            for v in self.variables:
                self.values.initialise(v, feeds)
        return [None] * self.fetches


class WithReset:
    """A program before which variables are set to their initial values; `remake` compiles it for other shapes of theirs."""

    draws = True

    def __init__(self, reset: Initialisation, program: Runnable, remake: Callable[[Sequence[Array]], Runnable]):
        self.reset, self.program, self.remake = reset, program, remake
        self.shapes = self._shapes()

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        self.reset.run(arrays, trace)
        if self._shapes() != self.shapes:
            made = self.remake(arrays)
            assert isinstance(made, WithReset)
            return made.program.run(arrays, trace)
        return self.program.run(arrays, trace)

    def _shapes(self) -> list[Any]:
        return [self.reset.values.memory(v).shape for v in self.reset.variables]


class Interpreted:
    """The optimised graph by numpy references: `Session(jit=False)`."""

    draws = True

    def __init__(self, values: Values, fetches: Sequence[Node | None], feeds: Sequence[Node | None],
                 assigns: Sequence[tuple[Node, Node]], effects: Sequence[Node]):
        self.values, self.fetches, self.feeds, self.assigns, self.effects = values, fetches, feeds, assigns, effects

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        wanted = [f for f in self.fetches if f is not None]
        nodes = [*wanted, *(v for _, v in self.assigns), *self.effects]
        given = self.values.sources(nodes)
        given.update({f: a for f, a in zip(self.feeds, arrays, strict=True) if f is not None})
        found = interpret(nodes, given, run_reference if trace is None else partial(trace.node, run_reference))
        results = iter([np.array(v) if np.ndim(v) else np.asarray(v)[()] for v in found[:len(wanted)]])
        out = [None if f is None else next(results) for f in self.fetches]
        new = [np.array(v) for v in found[len(wanted):len(wanted) + len(self.assigns)]]
        for (variable, _), value in zip(self.assigns, new, strict=True):
            self.values.set(variable.attrs["variable"], value)
        return out


class Staged:
    """A run some of whose shapes depend on data: the nodes that decide them are evaluated first and fed to the rest."""

    draws = False               # its stages do

    def __init__(self, values: Values, stage: Stage, fetches: Sequence[Node], feeds: Sequence[Node], pending: Sequence[Node]):
        self.values, self.stage, self.fetches, self.feeds, self.pending = values, stage, fetches, feeds, pending

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        return self.stage(self.fetches, self.known(arrays, trace))     # each stage is a call of its own, which finds the session traced

    def operands(self) -> list[Node]:
        """What the nodes that decide shapes are computed from."""
        return [x for p in self.pending for x in p.inputs]

    def known(self, arrays: Sequence[Array], trace: Trace | None = None) -> dict[Node, Any]:
        """The feeds, and the values of what decides shapes."""
        feeds: dict[Node, Any] = dict(zip(self.feeds, arrays, strict=True))
        operands = self.operands()
        with self.values.same_random_numbers():                        # all stages of a run draw the same
            values = iter(self.stage(operands, feeds) if operands else [])
        for p in self.pending:
            inputs = [np.asarray(next(values)) for _ in p.inputs]
            result = run_reference(p, inputs) if trace is None else trace.node(run_reference, p, inputs)
            if isinstance(p.type, TensorType):
                feeds[p] = np.asarray(result)
                continue
            for user in p.graph.digraph.successors(p):
                if user.operator.name == "item" and result is not None:
                    feeds[user] = np.asarray(result[user.attrs["index"]])
        return feeds
