"""Runs some of whose shapes depend on data: what decides them goes first, and each node is evaluated in one stage only."""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from ..cpu.subnormal import subnormals
from ..cpu.tracing import Trace
from ..errors import InvalidArgumentError
from ..ir.body import RunBody
from ..ir.node import Node, describe, loc_str, reached
from ..ir.reference import run_reference
from ..ir.types import Array, TensorType, compatible, shape_str
from .forms import Runnable
from .variants import Before, Bound, Variants

_turns = count()


class Last(NamedTuple):
    """The run before: the shapes of what it was fed, the values of that of it on which its program depends.

    If it had several stages that is what the last one was fed, and `before` what had been evaluated before that. `turn` is greater than
    those of calls that ran, or changed to other shapes, earlier.
    """

    turn: int
    shapes: list[Any]
    values: dict[int, Array]
    before: Before | None


class Ended(NamedTuple):
    """The last stage of a run, and what it was fed."""

    variants: Variants
    arrays: list[Array]


class Staged:
    """A run in stages: of each all that decides the shapes of the next is evaluated, once, effects among it, and handed on.

    Variables keep the values from before the run until the last stage, which carries out all assignments: until then a failure has
    changed none. `ended` tells of the last stage of the run before.
    """

    def __init__(self, first: Bound, flush: bool, run_body: RunBody):
        self.first, self.flush, self.run_body = first, flush, run_body
        self.ended: Ended | None = None

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        program, values = self.last(arrays, trace)
        return program.run(values, trace)

    def last(self, arrays: Sequence[Array], trace: Trace | None = None) -> tuple[Runnable, list[Array]]:
        """The program of the last stage, and all that it is fed, after the others have run."""
        (program, variant), known, given = self.first, dict[Node, Array](), [*arrays]

        def evaluate(p: Node, inputs: Sequence[Any]) -> Any:
            if trace is None:
                return run_reference(p, inputs, run_body=self.run_body)
            return trace.node(partial(run_reference, run_body=trace.running(p, p.label, self.run_body)), p, inputs)
        while variant.work is not None and variant.following is not None:
            found = program.run(given, trace)
            known.update((n, np.asarray(v, n.type.dtype)) for n, v in zip(variant.work.found, found, strict=True))
            for p, results in zip(variant.pending, variant.work.results, strict=True):
                with subnormals(self.flush, p):
                    value = evaluate(p, [known[x] for x in p.inputs])
                known.update((n, _decided(n, value if n is p else value[n.attrs["index"]])) for n in results)
            following = variant.following
            given = [*arrays, *(known[n] for n in following.before.inputs)]
            program, variant = following.at(given)
            self.ended = Ended(following, given)
        return program, given


def _decided(node: Node, value: Any) -> Array:
    """What a node whose size only a run knows is worth; InvalidArgumentError if it is not of the shape that was set for it."""
    kind: TensorType = node.type
    array = np.asarray(value, kind.dtype)
    if not compatible(kind.shape, array.shape):
        raise InvalidArgumentError(f"{describe(node)} is an array of shape {shape_str(array.shape)}\n  at {loc_str(node.loc)}", node)
    return array


def ran(variants: Variants, arrays: Sequence[Array], shapes: list[Any], before: Before | None) -> Last:
    """A run whose last stage was fed these arrays."""
    return Last(next(_turns), shapes, {i: arrays[i].copy() for i in variants.by_value}, before)


def deciding(pending: Sequence[Node], settled: Set[Node]) -> set[Node]:
    """The nodes whose values decide the shape of a pending one by the value of an operand."""
    operands = [n.inputs[i] for n in pending for i in n.operator.by_value if i < len(n.inputs)]
    return reached(operands, lambda n: () if n in settled else (*n.inputs, *n.control_inputs))
