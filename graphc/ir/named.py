"""What the open dimensions of a user's graph are called, by where they come from: those of one name are one, in every run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import GraphcError, InvalidArgumentError
from .node import Node, loc_str, topological
from .polynomials import Atom, Terms
from .scope import Scope
from .sizes import Size, alike, terms_of
from .types import Shape, TensorType


class Undecided(Exception):
    """What is asked of open dimensions depends on what is fed."""


class Names(Scope):
    """The open dimensions of one graph. They are not negative; what else is asked of them is `Undecided`."""

    def size(self, name: str, value: int = 0) -> Any:
        """A new open dimension; `value` is not asked for."""
        atom = Atom(len(self.free) + len(self._operations), name, None, value, (0, None))
        self.free.append(atom)
        return Size(self, (((atom,), 1),))

    def told(self, size: Size) -> str:
        return repr(size)

    def limit(self, size: Any) -> None:
        """Nothing: what is too large for int64 is refused where it is known."""

    def answer(self, relation: str, terms: Terms, size: Size) -> bool:
        raise Undecided


class Shadows:
    """The nodes of a graph again, with names for their open dimensions, made where they are asked for.

    A type rule that can be followed whatever the dimensions are says what the result's are called; elsewhere they get names of their own. So
    two dimensions of one name are equal in every run that evaluates both: `check_fed` sees to it where a run is fed what the graph computes.
    """

    def __init__(self) -> None:
        self._names = Names()
        self._made: dict[Node, tuple[Any, Node]] = {}           # the type that `set_shape` had left when it was made, and the shadow

    def of(self, node: Node) -> Node:
        """The node's shadow: itself, if nothing in its type is open."""
        if not self._is_made(node):
            for n in [node] if all(map(self._is_made, node.inputs)) else topological([node], stop=self._is_made):
                if not self._is_made(n):
                    self._made[n] = n.type, self._shadow(n)
        return self._made[node][1]

    def _is_made(self, node: Node) -> bool:
        made = self._made.get(node)
        return made is not None and made[0] is node.type

    def _shadow(self, n: Node) -> Node:
        inputs = tuple([self._made[x][1] for x in n.inputs])
        if _known(n.type) and (inputs == n.inputs or not isinstance(n.type, TensorType) or n.type.dtype.kind not in "iu"):
            return n                                            # integers may be sizes
        return n.on(inputs, self._named(n.label, n.type, self._inferred(n, inputs), inputs[0].type if n.operator.ties else None))

    def _inferred(self, n: Node, inputs: tuple[Node, ...]) -> Any:
        """The type that the operator's rule gives; None where it decides on a dimension, or the graph does not say what is read."""
        if not inputs or n.operator.family.assigns or (n.operator.name == "read" and n.control_inputs) or n.operator.name == "latest":
            return None
        if n.operator.ties:                                     # the first operand's sizes are those that the others have
            inputs = (n.inputs[0], *inputs[1:])
        try:
            return n.operator.type_of(inputs, n.attrs)[0]
        except (Undecided, GraphcError, ArithmeticError):
            return None

    def _named(self, label: str, declared: Any, found: Any, tied: Any) -> Any:
        """The declared type with the dimensions that were found, or those of what it is `tied` to, or new ones, where it has none."""
        if declared.__class__ is not TensorType:
            several = (None,) * len(declared) if found is None else found
            return tuple([self._named(f"{label}:{i}", d, f, None) for i, (d, f) in enumerate(zip(declared, several, strict=True))])
        if declared.shape is None:
            return declared
        dims: list[Any] = [*declared.shape]
        for have in (found, tied):
            if have is not None and have.shape is not None:
                dims = [h if d is None else d for d, h in zip(dims, have.shape, strict=True)]
        return TensorType(declared.dtype, tuple([self._names.size(f"{label}.{i}") if d is None else d for i, d in enumerate(dims)]))


def _known(type: Any) -> bool:
    return type is None or (type.known if isinstance(type, TensorType) else all(t.known for t in type))


def named(node: Node) -> Any:
    """The node's type with names for the dimensions that are open."""
    if _known(node.type):
        return node.type
    if node.graph.shadows is None:
        node.graph.shadows = Shadows()
    return node.graph.shadows.of(node).type


def named_shape(node: Node) -> Shape | None:
    """The node's shape with names for the dimensions that are open, as sizes that equal only what they always equal."""
    return named(node).shape


def check_fed(feeds: Mapping[Node, TensorType], needed: Iterable[Node]) -> None:
    """InvalidArgumentError where a run is fed a value for what the graph computes, of another shape than the graph says beside the other feeds.

    `feeds`: the types of what is fed; `needed`: what the run evaluates or is fed. Nothing else can make dimensions of one name differ.
    """
    computed = [n for n in feeds if n.inputs and n.graph.shadows is not None]
    if not computed:
        return
    found: dict[Any, tuple[Any, Node, int]] = {}
    for node in needed:
        if node not in feeds:
            continue
        for axis, (name, size) in enumerate(zip(named_shape(node) or (), feeds[node].shape or (), strict=False)):
            have, where, i = found.setdefault(terms_of(name), (size, node, axis))      # nodes of bodies may share a label
            if not alike(have, size) and have != size:
                raise InvalidArgumentError(
                    f"the value fed for {node.label} has {size} elements along axis {axis}, that for {where.label} has {have} along axis {i}: "
                    f"in the graph both are {name}\n  at {loc_str(node.loc)}", node)
