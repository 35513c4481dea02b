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
from ..runtime.exchange import Exchange, exchanging
from ..runtime.fetching import all_of
from ..runtime.resources import Resources
from ..runtime.values import Values
from ..runtime.variants import counts
from .blocks import Held, array_of
from .run import Run
from .structure import Inner, Structure, taken_apart


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
    It may give datasets: `within` are the tensors of its own that they depend on.
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
        self.used: list[Node] = []              # by the outputs, of what is outside
        self.datasets: dict[int, Any] = {}      # by their places in what it gives
        self.within: list[Node] = []

    def returns(self, result: Any) -> Structure:
        """Take a nest of tensors, arrays, sparse tensors and datasets as what the function gives."""
        form, parts = taken_apart(result)
        self.datasets = {i: p for i, p in enumerate(parts) if hasattr(p, "_begin")}
        with self.graph.as_default():
            try:
                nodes = [to_node(p) for i, p in enumerate(parts) if i not in self.datasets]
            except GraphcError as e:
                raise GraphError(f"{self}: what it returns is no tensor: {e}") from None
        self.within = [n for n in self._needs() if n.index >= self.start]
        self.gives([*nodes, *self.within])
        types = iter(nodes)
        return Structure(form, tuple(Inner.type if i in self.datasets else next(types).type for i in range(len(parts))))

    def _needs(self) -> list[Node]:
        return list(dict.fromkeys(n for d in self.datasets.values() for n in d._needs))

    @property
    def captured(self) -> list[Node]:
        """The tensors from outside that are used, or that a dataset which it gives depends on."""
        return list(dict.fromkeys([*self.used, *(n for n in self._needs() if n.index < self.start)]))

    @property
    def calls_python(self) -> bool:
        """Whether it has a `py_func`, which may wait for what others do, or be seen to be called."""
        return any(n.operator.name.startswith("py_func") for n in self._reached())

    @property
    def in_order(self) -> bool:
        """Whether its calls are to follow one another: it draws random numbers, assigns, prints, or takes elements of an iterator or a queue."""
        return any(d._in_order for d in self.datasets.values()) or any(
            n.operator.family.draws or n.operator.family.assigns or n.operator.family.arrives or n.operator.family.departs
            or (n.operator.effect and not n.operator.name.startswith("py_func")) for n in self._reached())

    @property
    def silent(self) -> bool:
        """Whether nobody can see when it is called."""
        return all(d._silent for d in self.datasets.values()) and not any(
            n.operator.effect or n.operator.name.startswith("py_func") for n in self._reached())

    def _reached(self) -> set[Node]:
        return {*everywhere(reached(self.outputs, lambda n: (*n.inputs, *n.control_inputs) if n.index > self.start else ()))}

    def gives(self, nodes: Sequence[Node]) -> None:
        """Take some tensors as what the function gives."""
        for n in nodes:
            if not isinstance(n.type, TensorType):
                raise GraphError(f"{self}: it returns {describe(n)}, which is no tensor{here()}")
        self.outputs = [*nodes]
        known, start = set(self.inputs), self.start
        within = reached(nodes, lambda n: (*n.inputs, *n.control_inputs) if n.index > start and n not in known else ())
        self.used = [n for n in in_order(within) if n.index < start and not same_always(n)]
        # Of a function that gives what it is given nothing is computed.
        at = {n: i for i, n in enumerate(self.inputs)}
        self.places = [at[n] for n in nodes] if all(n in at for n in nodes) else None

    def __str__(self) -> str:
        return f"{self.what} ({loc_str(self.loc)}) with {self.about}{f' ({loc_str(self.defined)})' if self.defined is not None else ''}"

    def running(self, run: Run, lane: Hashable = None) -> Callable[[Sequence[Array]], list[Array]]:
        """The function of arrays, with the values of what it captures. Those of different lanes can be called at once."""
        own = run.lane if lane is None else lane
        called = self._called(run, own)
        if not self.datasets:
            return called
        datasets, count = self.datasets, len(self.outputs) - len(self.within)
        total = count + len(datasets)

        def with_datasets(arrays: Sequence[Array]) -> list[Array]:
            found = called(arrays)
            values, tensors = dict(zip(self.within, found[count:], strict=True)), iter(found)
            return [_held(datasets[i], run, values, own) if i in datasets else next(tensors) for i in range(total)]
        return with_datasets

    def _called(self, run: Run, lane: Hashable) -> Callable[[Sequence[Array]], list[Array]]:
        if self.places is not None:
            given = self.places
            return lambda arrays: [arrays[i] for i in given]
        call: Call = run.kept.get((self, lane), lambda: Compiled(self, run.kept.jit)).call
        known = [run.value(n) for n in self.used]

        def called(arrays: Sequence[Array]) -> list[Array]:
            try:
                results: list[Any] = call.enter(*arrays, *known)
            except Exception as e:
                raise self.named(e) from e
            return [*map(array_of, results)]
        return called

    def named(self, error: Exception) -> Exception:
        """An error of the function with its name and its lines."""
        if isinstance(error, OpError):
            return error.__class__(f"{error}\n  in {self}", error.op)
        error.__notes__ = [*getattr(error, "__notes__", ()), f"in {self}"]
        return error


def _held(dataset: Any, run: Run, values: dict[Node, Array], lane: Hashable) -> Array:
    """A dataset that a function gave, begun when it is asked for."""
    return Held.of(lambda of: dataset._begin(run.inner(values, lane if of is None else of)))


class Compiled:
    """A function in a session: it is compiled once, and its random numbers go on from iterator to iterator."""

    def __init__(self, function: Function, jit: bool):
        feeds = [*function.inputs, *function.used]
        values, outputs = Values(), function.outputs
        values.resources = Resources(jit)
        self.call = Call(values, outputs, feeds, all_of(outputs), jit, 1, counts())
        if exchanging(self.call.needed()):
            self.call = Exchange(values, outputs, feeds, all_of(outputs), self.call.needed(), jit, 1, counts())

    def close(self) -> None:
        self.call.values.close()
        self.call.forget()
