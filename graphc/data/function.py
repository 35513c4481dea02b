"""Functions of a dataset's elements: a user's function traced to a graph of its own, and compiled for the session that runs it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from ..errors import GraphcError, GraphError, OpError
from ..ir.body import everywhere
from ..ir.families import Memory
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Loc, Node, describe, here, in_order, loc_str, reached
from ..ir.operator import to_node
from ..ir.types import TEXT, Array, TensorType
from ..ops.sources import placeholder_of
from ..runtime.call import Call
from ..runtime.fetching import all_of
from ..runtime.resources import Resources
from ..runtime.values import Values
from ..runtime.variants import counts
from .structure import Structure, flatten


class FunctionGraph(Graph):
    """The graph of a function: it has the seed of the graph around it, and may use its tensors."""

    def __init__(self, outer: Graph):
        super().__init__()
        self.seed = outer.seed


def same_always(node: Node) -> bool:
    """Whether a node has one value whatever is run: it is made of constants alone."""
    return all(_is_fixed(x) for x in reached([node], lambda x: (*x.inputs, *x.control_inputs)))


def _is_fixed(x: Node) -> bool:
    family = x.operator.family
    return x.operator.name == "constant" or (x.operator.pure and family.memory is not Memory.OUTSIDE and not family.draws)


class Function:
    """A function of an element, traced once: `structure` is what it gives, `captured` are the tensors from outside that it uses.

    Captured tensors have the value that they had when the iterator was initialised; what is made of constants alone is part of the function.
    """

    def __init__(self, what: str, function: Callable[..., Any], given: Structure, loc: Loc):
        if not callable(function):
            raise GraphError(f"{what} takes a function, not {function!r:.60}{here()}")
        self.what, self.loc = what, loc
        code = getattr(function, "__code__", None)
        self.about = getattr(function, "__name__", type(function).__name__)
        self.defined = (code.co_filename, code.co_firstlineno) if code is not None else None
        self.graph = FunctionGraph(get_default_graph())
        with self.graph.as_default():
            self.inputs = [placeholder_of(t, self.graph, "arg") for t in given.types]
            self.start = self.inputs[0].index if self.inputs else placeholder_of(TensorType(TEXT, ()), self.graph, "none").index
            self.result = function(*given.arguments(self.inputs))
        self.outputs: list[Node] = []
        self.captured: list[Node] = []

    def returns(self, result: Any) -> Structure:
        """Take a nest of tensors and arrays as what the function gives."""
        form, parts = flatten(result)
        with self.graph.as_default():
            try:
                nodes = [to_node(p) for p in parts]
            except GraphcError as e:
                raise GraphError(f"{self}: what it returns is no tensor: {e}") from None
        self.gives(nodes)
        return Structure(form, tuple(n.type for n in self.outputs))

    @property
    def calls_python(self) -> bool:
        """Whether it has a `py_func`, which may wait for what others do, or be seen to be called."""
        return any(n.operator.name.startswith("py_func") for n in self._within())

    @property
    def in_order(self) -> bool:
        """Whether its calls are to follow one another: it draws random numbers, assigns, or prints."""
        return any(n.operator.family.draws or n.operator.family.assigns or (n.operator.effect and not n.operator.name.startswith("py_func"))
                   for n in self._within())

    @property
    def silent(self) -> bool:
        """Whether nobody can see when it is called."""
        return not any(n.operator.effect or n.operator.name.startswith("py_func") for n in self._within())

    def _within(self) -> set[Node]:
        return {*everywhere(reached(self.outputs, lambda n: (*n.inputs, *n.control_inputs) if n.index > self.start else ()))}

    def gives(self, nodes: Sequence[Node]) -> None:
        """Take some tensors as what the function gives."""
        for n in nodes:
            if not isinstance(n.type, TensorType):
                raise GraphError(f"{self}: it returns {describe(n)}, which is no tensor{here()}")
        self.outputs = [*nodes]
        known, start = set(self.inputs), self.start
        within = reached(nodes, lambda n: (*n.inputs, *n.control_inputs) if n.index > start and n not in known else ())
        self.captured = [n for n in in_order(within) if n.index < start and not same_always(n)]

    def __str__(self) -> str:
        return f"{self.what} ({loc_str(self.loc)}) with {self.about}{f' ({loc_str(self.defined)})' if self.defined is not None else ''}"

    def running(self, kept: Resources, values: Callable[[Node], Array], number: Hashable = 0) -> Callable[[Sequence[Array]], list[Array]]:
        """The function of arrays, with the values of what it captures. Those of different numbers can be called at once."""
        call: Call = kept.get((self, number), lambda: Compiled(self, kept.jit)).call
        captured = [values(n) for n in self.captured]

        def run(arrays: Sequence[Array]) -> list[Array]:
            try:
                results: list[Array] = call.enter(*arrays, *captured)
            except Exception as e:
                raise self.named(e) from e
            return results
        return run

    def named(self, error: Exception) -> Exception:
        """An error of the function with its name and its lines."""
        if isinstance(error, OpError):
            return error.__class__(f"{error}\n  in {self}", error.op)
        error.__notes__ = [*getattr(error, "__notes__", ()), f"in {self}"]
        return error


class Compiled:
    """A function in a session: it is compiled once, and its random numbers go on from iterator to iterator."""

    def __init__(self, function: Function, jit: bool):
        feeds = [*function.inputs, *function.captured]
        self.call = Call(Values(), function.outputs, feeds, all_of(function.outputs), jit, 1, counts())

    def close(self) -> None:
        self.call.values.close()
        self.call.forget()
