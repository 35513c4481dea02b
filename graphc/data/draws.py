"""What shuffling draws with: numbers that follow from the seeds of graph and operator, as TensorFlow combines them, or fresh ones."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.default_graph import seed_of
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Node
from ..ops import random
from .run import Run, mixed

_made: weakref.WeakKeyDictionary[Graph, int] = weakref.WeakKeyDictionary()         # of each graph, how many draw: what gives them seeds


class Draws:
    """The numbers of one shuffle. `each`: for each pass over a dataset others; of no seed they are fresh.

    `needs` are the tensors that it depends on: a seed may be one. DTypeError: it is no whole number.
    """

    def __init__(self, what: str, seed: Any, each: bool = True):
        graph = get_default_graph()
        self.each, self.needs = each, [seed] if isinstance(seed, Node) else []
        number = _made[graph] = _made.get(graph, -1) + 1
        self.number = number
        self.seed: Any = seed if isinstance(seed, Node) else seed_of(what, seed)
        # An operator without a seed of its own has one by its place in a graph with a seed.
        self.words = None if seed is None and graph.seed is None else [graph.seed or 0, number if seed is None else 0]

    def of_pass(self, run: Run) -> np.random.Generator:
        """The numbers of the next pass."""
        key = id(self)
        turn = run.begun[key] = run.begun.get(key, -1) + 1
        fresh = mixed(run.entropy, self.number + 1) if self.words is None else 0
        own = int(run.value(self.seed)) if isinstance(self.seed, Node) else self.seed or 0
        return _generator([fresh] if self.words is None else [*self.words, own], turn if self.each else 0)

    def of_session(self) -> np.random.Generator:
        """The numbers of a session."""
        return _generator([random.fresh()] if self.words is None else [*self.words, self.seed or 0], 0)


def _generator(words: Sequence[int], turn: int) -> np.random.Generator:
    return np.random.default_rng([w & (2**64 - 1) if w < 0 else w for w in [*words, turn]])
