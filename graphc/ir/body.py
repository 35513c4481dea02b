"""The body of a loop or a branch: part of a graph as the value of an attribute, with parameters in the place of what it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from .graph import Scratch
from .node import OPERATORS, Node, in_order, reached
from .reference import interpret, run_reference
from .sizes import Sized, sizes_in, with_numbers
from .types import TensorType, compatible, merge, same_type

RunBody = Callable[["Body", Sequence[Any]], Sequence[Any]]      # a body's results for its arguments


PartKey = tuple[tuple[int, ...], tuple[int, ...], tuple[tuple[int, Node], ...]]      # parameters, results, and parameters that are constants
MOST_SIZES = 8          # of a body that Python runs: those whose programs stay, if they are compiled into it


class Body(Sized):
    """Immutable: `parameters`, the nodes that stand for its arguments; `results`, computed from them; and `effects`, which run too, in order.

    All that it needs from outside is among its parameters, but for constants. Its nodes are on no graph's list.
    """

    def __init__(self, parameters: Iterable[Node], results: Iterable[Node], effects: Iterable[Node] = ()):
        self.parameters, self.results, self.effects = tuple(parameters), tuple(results), tuple(effects)
        self._parts: dict[Any, Body] = {}
        self.whole: tuple[Body, PartKey] | None = None          # what it is a `part` of, and which
        self._sizes: list[Any] | None = None
        self._at: dict[tuple[int, ...], Body] = {}

    def __repr__(self) -> str:
        return f"<Body of {len(self.order)} nodes, {len(self.parameters)} to {len(self.results)}>"

    @cached_property
    def order(self) -> list[Node]:
        """The nodes that are evaluated, inputs first; constants among them, parameters not."""
        return in_order(reached([*self.results, *self.effects], lambda n: n.inputs) - {*self.parameters})

    def with_results(self, results: Iterable[Node]) -> Body:
        """The same body with other results, which are nodes of it or made of such."""
        return Body(self.parameters, results, self.effects)

    def part(self, parameters: Sequence[int], results: Sequence[int], constants: Sequence[tuple[int, Node]] = ()) -> Body:
        """The body with these of its parameters and results, and constants for some other parameters: the same object each time."""
        if not constants and len(parameters) == len(self.parameters) and len(results) == len(self.results):
            return self
        key = (tuple(parameters), tuple(results), tuple(constants))
        found = self._parts.get(key)
        if found is None:
            kept = [*(self.results[i] for i in results), *self.effects]
            made = substituted(kept, {self.parameters[i]: x for i, x in constants})
            found = self._parts[key] = Body([self.parameters[i] for i in parameters], made[:len(results)], made[len(results):])
            found.whole = self, key
        return found

    def needs(self, results: Iterable[int]) -> set[Node]:
        """All nodes that some results and the effects need, parameters among them."""
        return reached([*(self.results[i] for i in results), *self.effects], lambda n: n.inputs)

    def typed(self, types: Sequence[TensorType]) -> Body:
        """The body for arguments of other types: its nodes that depend on them, inferred anew. ShapeError, DTypeError: they do not fit."""
        if all(same_type(p.type, t) for p, t in zip(self.parameters, types, strict=True)):
            return self
        scratch, new = Scratch(), dict[Node, Node]()
        with scratch.as_default():
            for p, t in zip(self.parameters, types, strict=True):
                new[p] = p if same_type(p.type, t) else parameter(t, p.label, p)
            for n in self.order:
                inputs = tuple([new.get(x, x) for x in n.inputs])
                if inputs != n.inputs or has_effect(n):
                    scratch.place = n
                    new[n] = _as_declared(n.operator.build(scratch, inputs, n.attrs), n.type)
                    new[n].gradient = n.gradient
        made = [tuple([new.get(x, x) for x in part]) for part in (self.parameters, self.results, self.effects)]
        return Body(*made)

    def sizes(self) -> list[Any]:
        """The sizes of a compilation in it, each once: those in types and attributes, and in bodies within."""
        if self._sizes is None:
            found: dict[Any, Any] = {}
            for n in (*self.parameters, *self.order):
                for part in (n.type, *n.attrs.values()):
                    found.update((size.terms, size) for size in _sizes_of(part))
            self._sizes = [*found.values()]
        return self._sizes

    def at(self, numbers: Sequence[int]) -> Body:
        """The body for numbers in the place of its `sizes`, as Python runs it: the same object each time, for the last few of them."""
        key = tuple(numbers)
        if not key:
            return self
        found = self._at.pop(key, None) or self._numbered({size.terms: n for size, n in zip(self.sizes(), key, strict=True)})
        self._at[key] = found
        if len(self._at) > MOST_SIZES:
            del self._at[next(iter(self._at))]
        return found

    def _numbered(self, numbers: Mapping[Any, int]) -> Body:
        new: dict[Node, Node] = {}
        for n in (*self.parameters, *self.order):
            attrs, type = {k: _with_numbers(v, numbers) for k, v in n.attrs.items()}, _with_numbers(n.type, numbers)
            operator = n.operator
            if operator.name == "bound":
                operator, attrs = OPERATORS["constant"], {"value": np.array(attrs["value"], attrs["dtype"])}
            new[n] = Node(operator, tuple([new[x] for x in n.inputs]), attrs, type, n.label, n.loc, (), n.graph, n.gradient)
        return Body(*([new[x] for x in part] for part in (self.parameters, self.results, self.effects)))


def _sizes_of(value: Any) -> list[Any]:
    """The sizes in a type, or in an attribute that may be one."""
    if isinstance(value, TensorType):
        return sizes_in(value.shape or ())
    if isinstance(value, tuple):
        return [size for v in value for size in _sizes_of(v)]
    return sizes_in(value)


def _with_numbers(value: Any, numbers: Mapping[Any, int]) -> Any:
    """A type or an attribute with numbers for the sizes in it, by their terms."""
    found = _sizes_of(value)
    if not found:
        return value
    if isinstance(value, TensorType):
        return TensorType(value.dtype, with_numbers(value.shape, iter([numbers[size.terms] for size in found])))
    if isinstance(value, tuple):
        return tuple([_with_numbers(v, numbers) for v in value])
    return with_numbers(value, iter([numbers[size.terms] for size in found]))


def _as_declared(node: Node, declared: Any) -> Node:
    """The node, of which the graph may say more than its operator's rule: `set_shape` does."""
    if isinstance(declared, TensorType) and isinstance(node.type, TensorType) and not node.type.known and compatible(node.type.shape, declared.shape):
        node.type = TensorType(node.type.dtype, merge(node.type.shape, declared.shape))
    return node


def substituted(roots: Sequence[Node], new: dict[Node, Node]) -> list[Node]:
    """The roots with other nodes in the place of some that they need; these are not looked into. Effects stay in their order."""
    new, moved = dict(new), False
    for n in in_order(reached(roots, lambda n: () if n in new else n.inputs)) if new else ():
        if n not in new:
            inputs = tuple([new.get(x, x) for x in n.inputs])
            if inputs != n.inputs or (moved and has_effect(n)):
                new[n], moved = n.on(inputs), True
    return [new.get(r, r) for r in roots]


def bodies(node: Node) -> list[Body]:
    """The bodies among a node's attributes."""
    return [v for v in node.attrs.values() if isinstance(v, Body)] if node.operator.drive is not None else []


def by_python(nodes: Iterable[Node]) -> bool:
    """Whether nodes, or what their bodies have, call Python, or wait for elements of datasets: what runs them is Python too."""
    return any(n.operator.family.arrives or (n.operator.family.calls and n.operator.drive is None and n.operator.lower is None)
               for n in everywhere(nodes))


def has_effect(node: Node) -> bool:
    """Whether a node runs for more than its result, itself or within its bodies."""
    return bool(node.operator.effect) or any(body.effects for body in bodies(node))


def everywhere(nodes: Iterable[Node]) -> list[Node]:
    """The nodes, and those within their bodies, however deep."""
    found, stack = list[Node](), list(nodes)
    while stack:
        node = stack.pop()
        found.append(node)
        stack += [n for body in bodies(node) for n in body.order]
    return found


def interpreted(body: Body, arguments: Sequence[Any], run: Callable[[Node, Sequence[Any]], Any] = run_reference) -> Sequence[Any]:
    """A body's results by numpy references, or by another function `run` of a node and its inputs."""
    found = interpret([*body.results, *body.effects], dict(zip(body.parameters, arguments, strict=True)), run)
    return found[:len(body.results)]


def parameter(type: TensorType, label: str, like: Node | None = None) -> Node:
    """A node that stands for an argument of a body that is made without a graph; named and placed as another node is."""
    return Node(OPERATORS["parameter"], (), {"type": type, "of": ""}, type, label, None if like is None else like.loc, (),
                None if like is None else like.graph)
