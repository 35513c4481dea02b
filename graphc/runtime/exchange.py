"""Runs that take from the outside and give to it: what arrives is brought before the run, what departs is handed over after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..compiler.specialise import needed
from ..errors import GraphcError, InvalidArgumentError, OpError
from ..ir.node import OPERATORS, Node, describe, describe_call, in_order, loc_str, reached
from ..ir.types import TensorType
from .call import Call
from .fetching import Form, all_of, fed, restored
from .values import Values

Operand = Callable[[Sequence[Any]], Any]        # the value of an arrival's operand, found in what a call is fed


class Arriving(NamedTuple):
    """A node that arrives, what brings its values, those of them that are wanted (None: all), and its operands."""

    node: Node
    bring: Callable[[Any, Sequence[Any]], Sequence[Any]]
    indices: list[int] | None
    operands: list[Operand]


def exchanging(order: Sequence[Node]) -> bool:
    """Whether something among the nodes arrives or departs."""
    return any(n.operator.family.arrives or n.operator.family.departs for n in order)


class Exchange(Call):
    """A call among whose nodes are some that arrive or depart. `enter` takes what a user feeds; called itself, it takes what arrives too.

    What arrives is brought outside the session's lock, so that other threads may run what it waits for; a source that has run out raises
    before anything has changed. What departs is handed over, in the order in which it was made, outside the lock too: a sink may wait for room.
    What an arrival needs that is neither fed nor constant is evaluated by a run that goes first (`before`), which carries out what must
    depart first, and changes no variable.
    """

    def __init__(self, values: Values, leaves: Sequence[Node], places: Sequence[Node], form: Form | int | None, order: Sequence[Node], jit: bool,
                 threads: int, stats: dict[str, Any]):
        arriving = [n for n in order if n.operator.family.arrives]
        self.departing = in_order(n for n in order if n.operator.family.departs)
        results = {n: [x for x in order if x.operator.family.picks and x.inputs[0] is n] or [_first(n)] if _several(n) else [n] for n in arriving}
        # An operation that is fetched for what it does: of several results the first one, for which nobody asks.
        self.gives = [results[n][0] if n in results else n for n in leaves]
        self.users, self.shape = len(places), form
        self.before = _earlier(values, places, results, self.departing, jit, threads, stats)
        handed = [x for n in self.departing for x in n.inputs]
        self.carried = [] if self.before is None else [n for n in self.before.gives if isinstance(n.type, TensorType)]
        feeds = [*places, *self.carried]
        found = {n: i for i, n in enumerate(feeds)}
        self.arriving: list[Arriving] = []
        for n in arriving:
            mine = results[n]
            if not all(x in found for x in mine):
                indices = [x.attrs["index"] for x in mine] if _several(n) else [0]
                whole = not _several(n) or indices == [*range(len(n.type))]
                self.arriving.append(Arriving(n, n.attrs["outside"].bring, None if whole else indices,
                                              [_operand(x, found, places) for x in n.inputs]))
                feeds += mine
        self.exchanges = bool(handed or self.departing)
        super().__init__(values, [*self.gives, *handed], feeds, all_of([*self.gives, *handed]) if self.exchanges else form, jit, threads, stats)
        self.quick: Callable[..., Any] = self.__call__
        self.enter = self._exchange

    def _open(self, way: Any) -> None:
        self.entry.open(way)
        self.quick = self.entry.enter

    def function(self) -> Callable[..., Any]:
        return self._exchange

    def brought(self, values: Sequence[Any]) -> list[Any]:
        """All that the call takes, from what the user feeds."""
        given = [*values]
        if len(given) != self.users:
            return given                        # which says how many are wanted
        if self.before is not None:
            earlier = self.before.enter(*values)
            given += earlier[:len(self.carried)]
        kept = self.values.resources
        for node, bring, indices, operands in self.arriving:
            try:
                found = bring(kept, [get(given) for get in operands] if operands else ())
            except Exception as e:
                raise _named(node, e) from e
            given += found if indices is None else [found[i] for i in indices]
        return given

    def handed(self, results: Any) -> Any:
        """What the user is given, from what the call gives, after what departs is handed over."""
        if not self.exchanges:
            return results
        at = len(self.gives)
        for node in self.departing:
            end = at + len(node.inputs)
            try:
                node.attrs["outside"].take(self.values.resources, results[at:end])
            except Exception as e:
                raise _named(node, e) from e
            at = end
        return restored(self.shape, results)

    def _exchange(self, *values: Any) -> Any:
        results = self.quick(*self.brought(values))
        return self.handed(results) if self.exchanges else results

    def arrays(self, values: Sequence[Any]) -> list[Any]:
        if len(values) != len(self.feeds):
            raise InvalidArgumentError(f"{describe(self.arriving[0].node)} arrives when the graph is run; to look at a run that is not on, feed it"
                                       f"\n  at {loc_str(self.arriving[0].node.loc)}")
        return super().arrays(values)


def _several(n: Node) -> bool:
    return not isinstance(n.type, TensorType)


def _first(n: Node) -> Node:
    """The first of several results, which no graph lists."""
    return Node(OPERATORS["item"], (n,), {"index": 0}, n.type[0], n.label, n.loc, (), n.graph)


def _operand(x: Node, found: dict[Node, int], places: Sequence[Node]) -> Operand:
    """The value of a node that is fed, carried over, or constant, found in what a call is fed."""
    i = found.get(x)
    if i is None:
        value = x.attrs["value"]
        return lambda given: value
    if i >= len(places):
        return lambda given: given[i]
    return lambda given: fed(x, given[i])


def _earlier(values: Values, places: Sequence[Node], results: dict[Node, list[Node]], departing: list[Node], jit: bool,
             threads: int, stats: dict[str, Any]) -> Exchange | None:
    """The run that goes first: what arrivals need that is neither fed nor constant, and what must depart before them; None: nothing.

    `departing` loses what it hands over. InvalidArgumentError: it would have effects, which would then happen twice.
    """
    known = set(places)
    wanted = list(dict.fromkeys(x for n in results for x in (*n.inputs, *n.control_inputs) if x not in known and x.operator.name != "constant"))
    if not wanted:
        return None
    within = in_order(reached(wanted, lambda n: () if n in known else (*n.inputs, *n.control_inputs)))
    for n in within:
        family = n.operator.family
        if family.assigns or n.operator.effect or family.draws or n.operator.name == "initialize":
            raise InvalidArgumentError(f"{describe(n)} has an effect that must come before {describe(next(iter(results)))}, which arrives before "
                                       f"a run begins: run it first\n  at {loc_str(n.loc)}", n)
    carried = [x for n in within if n.operator.family.arrives for x in results[n]]
    tensors = list(dict.fromkeys([*(n for n in wanted if isinstance(n.type, TensorType)), *carried]))
    leaves = [*tensors, *(n for n in within if n.operator.family.departs)]
    departing[:] = [n for n in departing if n not in leaves]
    return Exchange(values, leaves, places, all_of(leaves), needed(leaves, dict.fromkeys(places)), jit, threads, stats)


def _named(node: Node, error: Exception) -> Exception:
    """The error of a source or sink with the operation and the user's line."""
    if not isinstance(error, GraphcError):
        error.__notes__ = [*getattr(error, "__notes__", ()), f"in {describe(node)}\n  at {loc_str(node.loc)}"]
        return error
    text = f"{node.label}{describe_call('', node.inputs) if node.inputs else ''}: {error}\n  at {loc_str(node.loc)}"
    kind = error.__class__ if isinstance(error, OpError) else InvalidArgumentError
    made = kind(text, node)
    return made
