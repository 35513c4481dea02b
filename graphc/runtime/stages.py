"""Runs some of whose shapes depend on data: what decides them goes first, and each node is evaluated in one stage only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..compiler.specialise import StageWork
from ..cpu.tracing import Trace
from ..errors import InvalidArgumentError
from ..ir.node import Node, describe, loc_str
from ..ir.reference import run_reference
from ..ir.types import TensorType, compatible, shape_str
from .fetching import Array
from .forms import Runnable

KEPT = 16               # what may follow a stage: as many programs are kept, those last used


class Before(NamedTuple):
    """What earlier stages of a run have evaluated: all that is `done`, and of what the rest of the run uses the `types`, or the values
    that are the same at each run with these shapes, `constants`."""

    types: dict[Node, TensorType]
    constants: dict[Node, Array]
    done: frozenset[Node]


NOTHING = Before({}, {}, frozenset())


class Stage(NamedTuple):
    """One stage of a run. `program` is fed the run's own feeds and what `before` has types of. The last one has no `work`.

    `by_value`: the run's feeds whose values are part of it; `following`: the stages after it, by the shapes that it decides and such values.
    """

    program: Runnable
    before: Before
    pending: list[Node]
    work: StageWork | None
    by_value: list[int]
    following: OrderedDict[Any, Stage]


class Staged:
    """A run in stages: of each all that decides the shapes of the next is evaluated, once, effects among it, and handed on.

    Variables keep the values from before the run until the last stage, which carries out all assignments: until then a failure has
    changed none. `stage(arrays, before, by_value)` makes one, and appends to `by_value` those feeds whose values are part of it.
    """

    def __init__(self, first: Stage, stage: Callable[[Sequence[Array], Before, list[int]], Stage], draws: bool):
        self.first, self.stage, self.draws = first, stage, draws

    def run(self, arrays: Sequence[Array], trace: Trace | None = None) -> list[Any]:
        stage, values = self.last(arrays, trace)
        return stage.program.run(values, trace)

    def last(self, arrays: Sequence[Array], trace: Trace | None = None) -> tuple[Stage, list[Array]]:
        """The last stage, and all that it is fed, after the others have run."""
        stage, known = self.first, dict[Node, Array]()
        evaluate = run_reference if trace is None else partial(trace.node, run_reference)
        while stage.work is not None:
            found = stage.program.run(self._fed(stage, arrays, known), trace)
            known.update((n, np.asarray(v, n.type.dtype)) for n, v in zip(stage.work.found, found, strict=True))
            for p, results in zip(stage.pending, stage.work.results, strict=True):
                value = evaluate(p, [known[x] for x in p.inputs])
                known.update((n, _decided(n, value if n is p else value[n.attrs["index"]])) for n in results)
            stage = self._next(stage, stage.work, arrays, known)
        return stage, self._fed(stage, arrays, known)

    def recent(self) -> Stage | None:
        """The last stage of the run before; None if there was none."""
        stage = self.first
        while stage.following:
            stage = next(reversed(stage.following.values()))
        return stage if stage.work is None else None

    @staticmethod
    def _fed(stage: Stage, arrays: Sequence[Array], known: dict[Node, Array]) -> list[Array]:
        return [*arrays, *(known[n] for n in stage.before.types)]

    def _next(self, stage: Stage, work: StageWork, arrays: Sequence[Array], known: dict[Node, Array]) -> Stage:
        kept, decided = stage.following, [n for results in work.results for n in results]
        by_value = next(iter(kept.values())).by_value if kept else [*stage.by_value]        # one list for all that follow

        def key() -> Any:
            return *(known[n].shape for n in decided), *(arrays[i].tobytes() for i in by_value)
        found = kept.get(key())
        if found is None:
            types = {n: TensorType(n.type.dtype, known[n].shape) for n in (*work.kept, *decided)}
            before = Before({**stage.before.types, **types}, {**stage.before.constants, **work.constants}, stage.before.done | work.done)
            found = self.stage(arrays, before, by_value)
            if len(kept) >= KEPT:
                kept.popitem(last=False)
        kept[key()] = found
        kept.move_to_end(key())
        return found


def _decided(node: Node, value: Any) -> Array:
    """What a node whose size only a run knows is worth; InvalidArgumentError if it is not of the shape that was set for it."""
    kind: TensorType = node.type
    array = np.asarray(value, kind.dtype)
    if not compatible(kind.shape, array.shape):
        raise InvalidArgumentError(f"{describe(node)} is an array of shape {shape_str(array.shape)}\n  at {loc_str(node.loc)}", node)
    return array
