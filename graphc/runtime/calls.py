"""The calls of a session: what was fetched and fed together before is found again, by what the user wrote or by the nodes it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from ..errors import FeedError, GraphGrowthWarning
from ..ir.body import Body, interpreted
from ..ir.composite import Composite
from ..ir.graph import Graph
from ..ir.node import Node, here, loc_str, warn
from ..ir.reference import run_reference
from .call import Call
from .exchange import Exchange, exchanging
from .fetching import Form, all_of, collect_feed, flattened
from .values import Values
from .variants import counts

_GROWING = 16           # compilations in a row, each of a larger graph, after which a session says so


class Calls:
    """The calls by their keys. `known` has them by what was written too, so that `Session.run` finds them with one look."""

    def __init__(self, graph: Graph, values: Values, jit: bool, threads: int):
        self.graph, self.values, self.jit, self.threads = graph, values, jit, threads
        self.known: dict[Any, Call] = {}
        self.stats = counts()
        self._grown = (0, 0)
        values.moved, values.cut_off = self._moved, self._cut_off
        self._bodies: WeakKeyDictionary[Body, Call] = WeakKeyDictionary()       # of some sizes alone a body may be, and go with what ran it
        values.run_body = self.run_body if jit else self.interpret_body

    def prepare(self, fetches: Any, feed_dict: Mapping[Any, Any]) -> tuple[Call, list[Any]]:
        """The call of some fetches and feeds, and what is fed to it, in its order. FetchError, FeedError, SessionClosedError."""
        self.values.check_open()
        if not isinstance(feed_dict, Mapping):
            raise FeedError(f"feed_dict is a dict, tensor -> value, not {feed_dict!r:.80}{here()}")
        leaves: list[Node] = []
        form = flattened(self.graph, fetches, leaves)
        places: list[Node] = []
        fed: list[Any] = []
        for key, value in feed_dict.items():
            collect_feed(self.graph, key, value, places, fed)
        key = (Form, form, tuple(leaves), tuple(places))
        call = self.known.get(key)
        if call is None:
            self._note_growth()
            call = Call(self.values, leaves, places, form, self.jit, self.threads, self.stats)
            if exchanging(call.needed()):
                call = Exchange(self.values, leaves, places, form, call.needed(), self.jit, self.threads, self.stats)
            self.known[key] = call
        # `Session.run` finds one tensor or a list of them by what it is given. Other structures may be equal and of different classes: a
        # tuple and a named tuple. A key of `feed_dict` that stands for several tensors has to be taken apart.
        if call.listed is not None and not any(isinstance(key, (tuple, Composite)) for key in feed_dict):
            try:
                self.known[(None, tuple(fetches), *feed_dict) if call.listed else (fetches, *feed_dict)] = call
            except TypeError:
                pass                       # not hashable
        return call, fed

    def run_body(self, body: Body, arguments: Sequence[Any]) -> Sequence[Any]:
        """The results of a body: a call like any other, fed its arguments."""
        call = self._bodies.get(body)
        if call is None:
            nodes = [*body.results, *body.effects]
            call = Call(self.values, nodes, body.parameters, all_of(nodes), self.jit, self.threads, self.stats)
            if exchanging(call.needed()):           # each run of the body takes elements of its own
                call = Exchange(self.values, nodes, body.parameters, all_of(nodes), call.needed(), self.jit, self.threads, self.stats)
            self._bodies[body] = call
        found: list[Any] = call.enter(*arguments)
        return found[:len(body.results)]

    def interpret_body(self, body: Body, arguments: Sequence[Any]) -> Sequence[Any]:
        """The results of a body by references; by a call, if it takes elements of datasets."""
        if exchanging(body.order):
            return self.run_body(body, arguments)
        return interpreted(body, arguments, partial(run_reference, run_body=self.interpret_body))

    def last(self, fetches: Any) -> Call | None:
        """The call that ran last with these fetches, whatever it was fed."""
        leaves: list[Node] = []
        flattened(self.graph, fetches, leaves)
        ran = [c for c in self.known.values() if c.last is not None and c.fetches == leaves]
        return max(ran, key=lambda c: c.last.turn if c.last is not None else -1, default=None)

    def _note_growth(self) -> None:
        size, streak = self._grown
        now = len(self.graph.nodes)
        streak = streak + 1 if now > size and size else 0
        self._grown = (now, streak)
        if streak == _GROWING:
            warn(f"the graph grows between runs, so each run compiles anew; the newest node is made at {loc_str(self.graph.nodes[-1].loc)}",
                 GraphGrowthWarning)

    def _moved(self, variable: Node) -> None:
        """Drop the programs that point to a variable's old memory."""
        for call in self.known.values():
            if variable in call.variables:
                call.forget()

    def _cut_off(self) -> None:
        """Drop all programs: what ran in them has stopped in the middle."""
        for call in (*self.known.values(), *self._bodies.values()):
            call.forget()
            call.running = False

    def close(self) -> None:
        for call in (*self.known.values(), *self._bodies.values()):
            call.forget()
        self.known.clear()
        self._bodies.clear()

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Looking at a run inside changes nothing: which variables have a value, random numbers, the calls kept."""
        known, grown = set(self.known), self._grown
        with self.values.lock, self.values.no_new_variables(), self.values.streams.held():
            try:
                yield
            finally:
                for key in self.known.keys() - known:
                    self.known.pop(key).forget()
                self._grown = grown
