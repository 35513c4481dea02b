"""The graph a program declares: append-only, owner of its nodes, with scopes of names and control; and which graph is the default one."""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..errors import FinalizedError, GraphError
from ..process.importing import whole
from .collecting import Collections
from .devices import on
from .formats import FORMATS
from .joining import absorb
from .node import OPERATORS, Loc, Node, Operation, caller, describe, here, loc_str
from .registered import overriding
from .tensor import Tensor
from .types import TensorType

_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*\Z")
_LONGEST_NAME = 10_000


class Graph(Collections):
    """Everything one program declares: nodes in creation order, unique names, collections, scopes.

    `digraph` is the same graph for `networkx`: an edge from each input (and control input) to its user.

    >>> graph = tf.Graph()
    >>> with graph.as_default():
    ...     x = tf.constant(1.0, name="x")
    >>> [op.name for op in graph.get_operations()]
    ['x']
    """

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[Node] = []
        self._digraph: Any = None
        self._drawn = 0
        self.seed: int | None = None
        self.finalized = False
        self.gradients_of: dict[Node, list[Node]] = {}     # what `gradients` found for a node: its derivatives, for those who look
        self.backward: list[tuple[int, Node | None]] = []  # after which node's index the gradient of which node begins
        self._labels: dict[str, Node] = {}
        self.assigned: set[Node] = set()        # variables that some node assigns to
        self.results: dict[str, tuple[Node | None, ...]] = {}   # of names that stand for several nodes: what TensorFlow has as one
        self._used: dict[str, int] = {}
        self._read: list[str] = []      # names that came from files, sorted
        self._scope = ""
        self._control: list[tuple[Node, ...]] = [()]
        self._overrides: dict[str, str] = {}    # the gradients that operators are to have now
        self.shadows: Any = None                # of `named`, once it is asked
        self.variable_store: dict[Any, Any] = {}
        self.variable_scope: Any = None
        self.noticed: Any = None                # a function that is told of each node as it is made
        self.layered: Any = None                # what layers note: which call of which made a tensor

    def __repr__(self) -> str:
        return f"<Graph of {len(self.nodes)} nodes{', finalized' * self.finalized}>"

    # ------------------------------------------------------------------ building

    def add(self, operator: Any, inputs: tuple[Node, ...], attrs: dict[str, Any], type: Any, name: str | None = None) -> Node:
        """Append a node; the caller has inferred its type. Raises FinalizedError on a finalized graph."""
        if self.finalized:
            raise FinalizedError(f"{operator.name} cannot be added: the graph is finalized{here()}")
        label = self.unique_name(name or operator.label)
        node = Tensor(operator, inputs, attrs, type, label, caller(), self._control[-1], self)
        self._register(node)
        return node

    def where(self) -> Loc | None:
        """The line that an error of the operator now built is reported at."""
        return caller()

    def adopt(self, node: Node) -> Node:
        """Append a node made by its own class (a Variable)."""
        if self.finalized:
            raise FinalizedError(f"{node.operator.name} cannot be added: the graph is finalized\n  at {loc_str(node.loc)}")
        self._register(node)
        return node

    def _register(self, node: Node) -> None:
        self.nodes.append(node)
        self._labels[node.label] = node
        node.gradient = self._overrides.get(node.operator.name, node.gradient)
        if node.operator.family.assigns:
            self.assigned.add(node.inputs[0])
        if self.noticed is not None:
            self.noticed(node)

    @property
    def digraph(self) -> Any:
        """The graph as a `networkx.DiGraph`, brought up to date: drawing it while it grows would double the time to build."""
        nx = whole("networkx")
        if self._digraph is None:
            self._digraph = nx.DiGraph()
        for node in self.nodes[self._drawn:]:
            self._digraph.add_node(node)
            self._digraph.add_edges_from((x, node) for x in (*node.inputs, *node.control_inputs))
        self._drawn = len(self.nodes)
        return self._digraph

    def unique_name(self, name: str) -> str:
        """`scope/name`, with `_1`, `_2`, ... behind it when taken. A name ending in / is taken literally (TensorFlow's rule)."""
        if not isinstance(name, str):
            raise GraphError(f"{name!r:.60} is not a name: not a text{here()}")
        if name.endswith("/"):
            return name[:-1]
        full = self._scope + name
        if not self._taken(name) and (not name or len(name) > _LONGEST_NAME or not _NAME.match(full)):        # within a scope it may begin with _
            raise GraphError(f"{name[:60]!r} is not a name: letters, digits and _ . - / > after a letter, digit or dot, "
                             f"at most {_LONGEST_NAME} long{here()}")
        count = self._used.get(full) or int(self._taken(full))
        self._used[full] = count + 1
        if not count:
            return full
        while self._taken(numbered := f"{full}_{count}"):
            count += 1
        self._used[full], self._used[numbered] = count + 1, 1
        return numbered

    def reserve_names(self, labels: Iterable[str]) -> None:
        """Take the names of nodes read from a file, and the scopes they stand in."""
        self._read = sorted([*self._read, *labels])

    def _taken(self, name: str) -> bool:
        """Whether a name is that of a node or scope. A scope that was read begins a name: one of many parts has no entry for each."""
        if name in self._used or not self._read:
            return name in self._used
        at, inside = bisect_left(self._read, name), bisect_left(self._read, f"{name}/")
        return self._read[at:at + 1] == [name] or any(label.startswith(f"{name}/") for label in self._read[inside:inside + 1])

    @contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Put `name/` before the names made inside; yields the full scope. None or "" leaves all scopes."""
        before = self._scope
        self._scope = "" if not name else name if isinstance(name, str) and name.endswith("/") else self.unique_name(name) + "/"
        try:
            yield self._scope
        finally:
            self._scope = before

    def get_name_scope(self) -> str:
        """The scope of names here, without its last `/`."""
        return self._scope.rstrip("/")

    @contextmanager
    def control_dependencies(self, control_inputs: Iterable[Any] | None) -> Iterator[None]:
        """Nodes made inside run after `control_inputs`; None forgets the dependencies of enclosing blocks."""
        now: tuple[Node, ...] = ()
        if control_inputs is not None:
            if isinstance(control_inputs, (Node, Operation, str)) or not isinstance(control_inputs, Iterable):
                raise GraphError(f"control_dependencies takes a list of tensors and operations, not {control_inputs!r:.80}{here()}")
            now = tuple(dict.fromkeys((*self._control[-1], *(self.as_node(c) for c in control_inputs))))
        self._control.append(now)
        try:
            yield
        finally:
            self._control.pop()

    @property
    def current_control(self) -> tuple[Node, ...]:
        return self._control[-1]

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """The graph as the default one inside a `with` block: what is made there is made in it."""
        _stack().append(self)
        try:
            yield self
        finally:
            _stack().remove(self)

    def default_session(self, what: str) -> Any:
        """The innermost default session of this thread; GraphError, naming what needs it, if there is none."""
        if not _defaults.sessions:
            raise GraphError(f"{what}() needs a default session: use `with tf.Session():`, tf.InteractiveSession() or session={here()}")
        return _defaults.sessions[-1]

    def finalize(self) -> None:
        """Refuse every later addition with FinalizedError."""
        self.finalized = True

    # ------------------------------------------------------------------ looking up

    def as_node(self, obj: Any) -> Node:
        """The node of this graph that a Tensor, Operation, Variable or name stands for; GraphError if there is none."""
        if isinstance(obj, str):
            return self._by_name(obj)
        node = obj.node if isinstance(obj, Operation) else obj
        if not isinstance(node, Node):
            raise GraphError(f"{obj!r} is not a tensor, an operation or the name of one{here()}")
        if node.graph is not self:
            raise GraphError(f"{describe(node)} belongs to another graph{here()}")
        return node

    def _by_name(self, name: str) -> Node:
        label, colon, output = name.partition(":")
        node = self._labels.get(label)
        if colon and label in self.results and output.isdecimal():
            found = next((n for i, n in enumerate(self.results[label]) if str(i) == output), None)
            if found is None:
                raise GraphError(f"{label!r} has no output {output}{here()}")
            return found
        if node is None or (colon and not output.isdecimal()):
            raise GraphError(f"the graph has nothing named {name[:200]!r}{here()}")
        if colon and node.standing is not None and int(output) < len(node.standing.results):
            return node.standing.results[int(output)]
        if not colon or node.type is None or isinstance(node.type, TensorType):
            if output not in ("", "0") or (colon and node.type is None):
                raise GraphError(f"{label!r} has no output {output}{here()}")
            return node
        if int(output) >= len(node.type):
            raise GraphError(f"{label!r} has {len(node.type)} outputs, {output} is not one of them{here()}")
        for user in self.digraph.successors(node):
            if user.operator.name == "item" and user.attrs["index"] == int(output):
                return user
        return OPERATORS["item"].build(self, (node,), {"index": int(output)})

    def get_tensor_by_name(self, name: str) -> Node:
        """The tensor named `label:output`. KeyError's kin GraphError if there is none."""
        if ":" not in name:
            raise GraphError(f"{name!r} is an operation's name; a tensor's has the form 'label:output'{here()}")
        return self._by_name(name)

    def get_operation_by_name(self, name: str) -> Operation:
        """The operation of that name; GraphError if there is none."""
        return self._by_name(name).op

    def get_operations(self) -> list[Operation]:
        """All operations, in the order in which they were made."""
        return [Operation(n) for n in self.nodes if n.operator.name != "item" or n.standing is not None]

    def node_named(self, label: str) -> Node | None:
        """The node of that name; None if there is none."""
        return self._labels.get(label)

    as_graph_element = as_node

    def differentiated(self, label: str) -> Node | None:
        """The node whose gradient the node of that name is part of; None if it is of none."""
        node = self._labels.get(label)
        if node is None or not self.backward:
            return None
        i = bisect_left(self.backward, node.index, key=lambda part: part[0]) - 1
        return self.backward[i][1] if i >= 0 else None

    def device(self, device_name_or_function: Any) -> Any:
        """Accepted: there is one device. GraphError: a text that names none."""
        return on(device_name_or_function)

    @contextmanager
    def gradient_override_map(self, op_type_map: Mapping[str, str]) -> Iterator[None]:
        """Give operations made inside, of a type by its name, the gradient that `tf.RegisterGradient` registered by the other name.

        A type is TensorFlow's or graphc's name of an operator; the other may be one too ({"Sign": "Identity"}), whose gradient is taken.
        DTypeError: no dict of texts. GraphError: no such operator. GradientError, from `gradients`: no such gradient.
        """
        with overriding(self._overrides, op_type_map):
            yield

    @contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        """Accepted: there is one device."""
        yield

    @contextmanager
    def container(self, container_name: str) -> Iterator[str]:
        """Accepted: variables are kept by their session alone."""
        yield container_name

    # ------------------------------------------------------------------ files

    def as_graph_def(self, from_version: Any = None, add_shapes: bool = False) -> Any:
        """The graph as a `tf.GraphDef`. What cannot be saved, a Python object, keeps it from being serialised."""
        return FORMATS.graph_def(self)

    def to_json(self, fetches: Any = None) -> str:
        """The graph as JSON text that `from_json` reads; with `fetches`, what they need of it. SerializationError: a Python object."""
        return FORMATS.to_json(self, fetches)

    @classmethod
    def from_json(cls, text: str) -> Graph:
        """The graph that `to_json` wrote; nothing it holds is executed. SerializationError, which says where, for any other text."""
        made: Graph = FORMATS.from_json(text)
        return made

    def absorb(self, other: Graph, scope: str = "") -> None:
        """Take over all that another graph has, names behind `scope`; the other is empty afterwards.

        FinalizedError: this one is finalized. GraphError: a name is taken. Then both graphs are as they were.
        """
        absorb(self, other, scope)


class Scratch(Graph):
    """Where passes build: nodes keep the place of the node they replace, take any graph's inputs, and are not kept."""

    def __init__(self) -> None:
        super().__init__()
        self.place: Node | None = None
        self.to_lower = 0           # how many nodes were added that have a simpler form

    def where(self) -> Loc | None:
        return self.place.loc if self.place is not None else caller()

    def add(self, operator: Any, inputs: tuple[Node, ...], attrs: dict[str, Any], type: Any, name: str | None = None) -> Node:
        place = self.place
        if operator.lower is not None:
            self.to_lower += 1
        if place is None:
            return Node(operator, inputs, attrs, type, name or operator.label, None, (), self)
        return Node(operator, inputs, attrs, type, place.label, place.loc, (), self)

    @contextmanager
    def at(self, place: Node) -> Iterator[Scratch]:
        """Build in the name and at the line of `place`."""
        before, self.place = self.place, place
        _stack().append(self)
        try:
            yield self
        finally:
            _stack().pop()
            self.place = before


class _Defaults(threading.local):
    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.sessions: list[Any] = []


_defaults = _Defaults()
_global_graph = Graph()


def _stack() -> list[Graph]:
    return _defaults.graphs


def session_stack() -> list[Any]:
    """The default sessions of this thread, innermost last."""
    return _defaults.sessions


def get_default_graph() -> Graph:
    """The graph that nodes are added to.

    The innermost `Graph.as_default`, or else the one the program began with.

    >>> graph = tf.Graph()
    >>> with graph.as_default():
    ...     print(tf.get_default_graph() is graph)
    True
    """
    return _defaults.graphs[-1] if _defaults.graphs else _global_graph


def reset_default_graph() -> None:
    """Begin a new, empty default graph. GraphError inside `with graph.as_default()`.

    >>> tf.reset_default_graph()
    >>> tf.get_default_graph().get_operations()
    []
    """
    global _global_graph
    if _defaults.graphs:
        raise GraphError(f"reset_default_graph() inside `with graph.as_default()`{here()}")
    _global_graph = Graph()


def get_default_session() -> Any:
    """The innermost default session, or None.

    >>> with tf.Session() as sess:
    ...     print(tf.get_default_session() is sess)
    True
    """
    return _defaults.sessions[-1] if _defaults.sessions else None


@contextmanager
def name_scope(name: str | None, default_name: str | None = None, values: Any = None) -> Iterator[str]:
    """`Graph.name_scope` of the default graph; `default_name` serves when `name` is None.

    It yields the scope with its `/`.

    >>> with tf.name_scope("layer") as scope:
    ...     print(scope, tf.constant(1.0, name="w").name)
    layer/ layer/w:0
    """
    with get_default_graph().name_scope(name if name is not None else default_name) as scope:
        yield scope
