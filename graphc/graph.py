"""The graph a program declares: immutable nodes, the append-only graph that owns them, and its scopes of names and control."""

from __future__ import annotations

import itertools
import os
import re
import sys
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .errors import DTypeError, FinalizedError, GraphError, ShapeError
from .types import TEXT, DType, TensorShape, TensorType, as_dtype, as_shape, as_text, compatible, dtype_name, merge

# Operators by name; `op.declare` fills it. It stands here so that a node's `+` can find `add`.
OPERATORS: dict[str, Any] = {}

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*\Z")
_LONGEST_NAME = 10_000
_LONGEST_FILE = 100     # characters of a file's name that messages show: its end
_serial = itertools.count()

Loc = tuple[str, int]


def caller() -> Loc:
    """File and line of the nearest frame outside graphc: where the user made what is being made."""
    frame: Any = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def loc_str(loc: Loc | None) -> str:
    """`train.py:10`, for people."""
    return "?" if loc is None else f"{os.path.basename(loc[0])[-_LONGEST_FILE:]}:{loc[1]}"


def _operator(name: str, swap: bool = False) -> Callable[..., Any]:
    if swap:
        return lambda self, other: OPERATORS[name](other, self)
    return lambda self, *others: OPERATORS[name](self, *others)


class Node:
    """One use of an operator and its result: what TensorFlow 1 calls a Tensor. Immutable.

    `type` is a `TensorType`, a tuple of them (several results, picked by `item`), or None (an operation without result).
    """

    __slots__ = ("operator", "inputs", "attrs", "type", "label", "loc", "control_inputs", "graph", "index", "__weakref__")
    __array_priority__ = 100.0  # numpy arrays on the left leave the operation to us
    __array_ufunc__ = None

    def __init__(self, operator: Any, inputs: tuple[Node, ...], attrs: dict[str, Any], type: Any, label: str,
                 loc: Loc | None, control_inputs: tuple[Node, ...], graph: Graph):
        self.operator = operator
        self.inputs = inputs
        self.attrs = attrs
        self.type = type
        self.label = label
        self.loc = loc
        self.control_inputs = control_inputs
        self.graph = graph
        self.index = next(_serial)  # inputs always have smaller ones: creation order is a topological order

    @property
    def name(self) -> str:
        """TensorFlow's tensor name, `label:output`; of an operation without result its label."""
        if self.operator.name == "item":
            return f"{self.inputs[0].label}:{self.attrs['index']}"
        return self.label if self.type is None else f"{self.label}:0"

    @property
    def op(self) -> Operation:
        return Operation(self.inputs[0] if self.operator.name == "item" else self)

    @property
    def dtype(self) -> DType:
        return as_dtype(self.type.dtype)

    @property
    def shape(self) -> TensorShape:
        return TensorShape(self.type.shape)

    def get_shape(self) -> TensorShape:
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Add what the caller knows of the shape; ShapeError if it contradicts what is known. Values are checked when run."""
        new = as_shape(shape)
        if not compatible(self.type.shape, new):
            raise ShapeError(f"set_shape({TensorShape(new)}) on {describe(self)}")
        self.type = TensorType(self.type.dtype, merge(self.type.shape, new))

    @property
    def device(self) -> str:
        return ""

    def eval(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> Any:
        """The node's value: `session.run(self, feed_dict)` in the default session."""
        return (session if session is not None else _default_session("eval")).run(self, feed_dict)

    def run(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> None:
        """Run the node for its effects, in the default session."""
        (session if session is not None else _default_session("run")).run(self, feed_dict)

    def __repr__(self) -> str:
        return f"<{self.name}: {type_str(self.type)} = {self.operator.name} ({loc_str(self.loc)})>"

    def __bool__(self) -> bool:
        raise DTypeError(f"{describe(self)} has no truth value while the graph is built; use tf.cond, tf.where or logical_and")

    def __iter__(self) -> Iterator[Node]:
        if self.type.shape is None or not self.type.shape or self.type.shape[0] is None:
            raise DTypeError(f"{describe(self)} cannot be iterated over: its first dimension is unknown")
        return (self[i] for i in range(self.type.shape[0]))

    def __len__(self) -> int:
        raise DTypeError(f"len() of {describe(self)}; use x.shape[0] or tf.shape(x)[0]")

    __add__, __radd__ = _operator("add"), _operator("add", swap=True)
    __sub__, __rsub__ = _operator("subtract"), _operator("subtract", swap=True)
    __mul__, __rmul__ = _operator("multiply"), _operator("multiply", swap=True)
    __truediv__, __rtruediv__ = _operator("truediv"), _operator("truediv", swap=True)
    __floordiv__, __rfloordiv__ = _operator("floordiv"), _operator("floordiv", swap=True)
    __mod__, __rmod__ = _operator("floormod"), _operator("floormod", swap=True)
    __pow__, __rpow__ = _operator("pow"), _operator("pow", swap=True)
    __matmul__, __rmatmul__ = _operator("matmul"), _operator("matmul", swap=True)
    __and__, __rand__ = _operator("logical_and"), _operator("logical_and", swap=True)
    __or__, __ror__ = _operator("logical_or"), _operator("logical_or", swap=True)
    __xor__, __rxor__ = _operator("logical_xor"), _operator("logical_xor", swap=True)
    __lt__, __le__ = _operator("less"), _operator("less_equal")
    __gt__, __ge__ = _operator("greater"), _operator("greater_equal")
    __neg__, __abs__, __invert__ = _operator("negative"), _operator("abs"), _operator("logical_not")

    def __getitem__(self, key: Any) -> Node:
        return OPERATORS["getitem"](self, key)


Tensor = Node


class Operation:
    """TensorFlow 1's view of a node as an operation: `.name` without output number, `.type`, `.inputs`, `.outputs`."""

    __slots__ = ("node",)

    def __init__(self, node: Node):
        self.node = node

    @property
    def name(self) -> str:
        return self.node.label

    @property
    def type(self) -> str:
        return self.node.operator.name

    @property
    def inputs(self) -> tuple[Node, ...]:
        return self.node.inputs

    @property
    def control_inputs(self) -> list[Operation]:
        return [c.op for c in self.node.control_inputs]

    @property
    def outputs(self) -> list[Node]:
        return [] if self.node.type is None else [self.node]

    @property
    def graph(self) -> Graph:
        return self.node.graph

    def run(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> None:
        self.node.run(feed_dict, session)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Operation) and other.node is self.node

    def __hash__(self) -> int:
        return hash(self.node)

    def __repr__(self) -> str:
        return f"<Operation {self.name!r} type={self.type}>"


def type_str(t: Any) -> str:
    if t is None:
        return "operation"
    return str(t) if isinstance(t, TensorType) else "(" + ", ".join(map(str, t)) + ")"


def describe(node: Node) -> str:
    """`x: float32[5,4] (train.py:7)`: a node as error messages name it."""
    return f"{node.label}: {type_str(node.type)} ({loc_str(node.loc)})"


def describe_call(name: str, inputs: Iterable[Node]) -> str:
    return f"{name}({', '.join(describe(x) for x in inputs)})"


class GraphKeys:
    """Names of the standard collections."""

    GLOBAL_VARIABLES = "variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    LOCAL_VARIABLES = "local_variables"
    UPDATE_OPS = "update_ops"
    REGULARIZATION_LOSSES = "regularization_losses"
    LOSSES = "losses"
    SUMMARIES = "summaries"
    GLOBAL_STEP = "global_step"
    TRAIN_OP = "train_op"


class Graph:
    """Everything one program declares: nodes in creation order, unique names, collections, scopes.

    `digraph` is the same graph for `networkx`: an edge from each input (and control input) to its user.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._digraph: Any = None
        self._drawn = 0
        self.seed: int | None = None
        self.finalized = False
        self.collections: dict[str, list[Any]] = {}
        self.gradients_of: dict[Node, list[Node]] = {}     # what `gradients` found for a node: its derivatives, for those who look
        self.backward: list[tuple[int, Node | None]] = []  # after which node's index the gradient of which node begins
        self._labels: dict[str, Node] = {}
        self._used: dict[str, int] = {}
        self._scope = ""
        self._control: list[tuple[Node, ...]] = [()]
        self.variable_store: dict[Any, Any] = {}
        self.variable_scope: Any = None

    # ------------------------------------------------------------------ building

    def add(self, operator: Any, inputs: tuple[Node, ...], attrs: dict[str, Any], type: Any, name: str | None = None) -> Node:
        """Append a node; the caller has inferred its type. Raises FinalizedError on a finalized graph."""
        if self.finalized:
            raise FinalizedError(f"{operator.name} cannot be added: the graph is finalized\n  at {loc_str(caller())}")
        label = self.unique_name(name or operator.label)
        node = Node(operator, inputs, attrs, type, label, caller(), self._control[-1], self)
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

    @property
    def digraph(self) -> Any:
        """The graph as a `networkx.DiGraph`, brought up to date: drawing it while it grows would double the time to build."""
        import networkx as nx
        if self._digraph is None:
            self._digraph = nx.DiGraph()
        for node in self.nodes[self._drawn:]:
            self._digraph.add_node(node)
            self._digraph.add_edges_from((x, node) for x in (*node.inputs, *node.control_inputs))
        self._drawn = len(self.nodes)
        return self._digraph

    def unique_name(self, name: str) -> str:
        """`scope/name`, with `_1`, `_2`, ... behind it when taken. A name ending in / is taken literally (TensorFlow's rule)."""
        if name.endswith("/"):
            return name[:-1]
        if name not in self._used and (len(name) > _LONGEST_NAME or not _NAME.match(name)):
            raise GraphError(f"{name[:60]!r} is not a name: letters, digits and _ . - / > after a letter, digit or dot, "
                             f"at most {_LONGEST_NAME} long")
        full = self._scope + name
        count = self._used.get(full, 0)
        self._used[full] = count + 1
        if not count:
            return full
        while (numbered := f"{full}_{count}") in self._used:
            count += 1
        self._used[full], self._used[numbered] = count + 1, 1
        return numbered

    def reserve_name(self, label: str) -> None:
        """Take the name of a node read from a file, and the scopes it stands in."""
        for end in [i for i, c in enumerate(label) if c == "/"] + [len(label)]:
            self._used.setdefault(label[:end], 1)

    @contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Put `name/` before the names made inside; yields the full scope. None or "" leaves all scopes."""
        before = self._scope
        if not name:
            self._scope = ""
        elif name.endswith("/"):
            self._scope = name
        else:
            self._scope = self.unique_name(name) + "/"
        try:
            yield self._scope
        finally:
            self._scope = before

    @contextmanager
    def control_dependencies(self, control_inputs: Iterable[Any] | None) -> Iterator[None]:
        """Nodes made inside run after `control_inputs`; None forgets the dependencies of enclosing blocks."""
        if control_inputs is None:
            now: tuple[Node, ...] = ()
        else:
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
        _stack().append(self)
        try:
            yield self
        finally:
            _stack().remove(self)

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
            raise GraphError(f"{obj!r} is not a tensor, an operation or the name of one")
        if node.graph is not self:
            raise GraphError(f"{describe(node)} belongs to another graph")
        return node

    def _by_name(self, name: str) -> Node:
        label, colon, output = name.partition(":")
        node = self._labels.get(label)
        if node is None or (colon and not output.isdigit()):
            raise GraphError(f"the graph has nothing named {name[:200]!r}")
        if not colon or node.type is None or isinstance(node.type, TensorType):
            if output not in ("", "0") or (colon and node.type is None):
                raise GraphError(f"{label!r} has no output {output}")
            return node
        if int(output) >= len(node.type):
            raise GraphError(f"{label!r} has {len(node.type)} outputs, {output} is not one of them")
        for user in self.digraph.successors(node):
            if user.operator.name == "item" and user.attrs["index"] == int(output):
                return user
        return OPERATORS["item"].build(self, (node,), {"index": int(output)})

    def get_tensor_by_name(self, name: str) -> Node:
        """The tensor named `label:output`. KeyError's kin GraphError if there is none."""
        if ":" not in name:
            raise GraphError(f"{name!r} is an operation's name; a tensor's has the form 'label:output'")
        return self._by_name(name)

    def get_operation_by_name(self, name: str) -> Operation:
        return self._by_name(name).op

    def get_operations(self) -> list[Operation]:
        return [Operation(n) for n in self.nodes if n.operator.name != "item"]

    def as_graph_element(self, obj: Any) -> Node:
        return self.as_node(obj)

    def differentiated(self, label: str) -> Node | None:
        """The node whose gradient the node of that name is part of; None if it is of none."""
        node = self._labels.get(label)
        if node is None or not self.backward:
            return None
        i = bisect_left(self.backward, node.index, key=lambda part: part[0]) - 1
        return self.backward[i][1] if i >= 0 else None

    # ------------------------------------------------------------------ files

    def to_json(self, fetches: Any = None) -> str:
        """The graph as JSON text that `from_json` reads; with `fetches`, what they need of it. SerializationError: a py_func."""
        from .serialize import to_json
        return to_json(self, fetches)

    @classmethod
    def from_json(cls, text: str) -> Graph:
        """The graph that `to_json` wrote; nothing it holds is executed. SerializationError, which says where, for any other text."""
        from .serialize import from_json
        return from_json(text)

    # ------------------------------------------------------------------ collections

    def add_to_collection(self, name: str, value: Any) -> None:
        self.collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Iterable[str], value: Any) -> None:
        for name in names:
            self.add_to_collection(name, value)

    def get_collection(self, name: str, scope: str | None = None) -> list[Any]:
        """The collection's members; with `scope`, those whose names match it (a regular expression, at the start)."""
        members = list(self.collections.get(name, ()))
        if scope is None:
            return members
        pattern = re.compile(scope)
        return [m for m in members if hasattr(m, "name") and pattern.match(m.name)]

    def get_collection_ref(self, name: str) -> list[Any]:
        return self.collections.setdefault(name, [])

    def get_all_collection_keys(self) -> list[str]:
        return list(self.collections)

    # ------------------------------------------------------------------ order

    def order(self, fetches: Iterable[Node]) -> list[Node]:
        """What the fetches need, inputs first: networkx's topological sort, creation order deciding ties."""
        import networkx as nx
        fetches = list(fetches)
        needed = set(fetches).union(*(nx.ancestors(self.digraph, f) for f in fetches)) if fetches else set()
        return list(nx.lexicographical_topological_sort(self.digraph.subgraph(needed), key=lambda n: n.index))


class Scratch(Graph):
    """Where passes build: nodes keep the place of the node they replace, take any graph's inputs, and are not kept."""

    def __init__(self) -> None:
        super().__init__()
        self.place: Node | None = None

    def where(self) -> Loc | None:
        return self.place.loc if self.place is not None else caller()

    def add(self, operator: Any, inputs: tuple[Node, ...], attrs: dict[str, Any], type: Any, name: str | None = None) -> Node:
        place = self.place
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


def _default_session(what: str) -> Any:
    if not _defaults.sessions:
        raise GraphError(f"{what}() needs a default session: use `with tf.Session():`, tf.InteractiveSession() or session=")
    return _defaults.sessions[-1]


def get_default_graph() -> Graph:
    """The graph that nodes are added to."""
    return _defaults.graphs[-1] if _defaults.graphs else _global_graph


def reset_default_graph() -> None:
    """Begin a new, empty default graph. GraphError inside `with graph.as_default()`."""
    global _global_graph
    if _defaults.graphs:
        raise GraphError("reset_default_graph() inside `with graph.as_default()`")
    _global_graph = Graph()


def get_default_session() -> Any:
    """The innermost default session, or None."""
    return _defaults.sessions[-1] if _defaults.sessions else None


@contextmanager
def name_scope(name: str | None, default_name: str | None = None, values: Any = None) -> Iterator[str]:
    """`Graph.name_scope` of the default graph; `default_name` serves when `name` is None."""
    with get_default_graph().name_scope(name if name is not None else default_name) as scope:
        yield scope


def control_dependencies(control_inputs: Iterable[Any] | None) -> Any:
    """`Graph.control_dependencies` of the default graph."""
    return get_default_graph().control_dependencies(control_inputs)


def add_to_collection(name: str, value: Any) -> None:
    get_default_graph().add_to_collection(name, value)


def get_collection(name: str, scope: str | None = None) -> list[Any]:
    return get_default_graph().get_collection(name, scope)


def get_collection_ref(name: str) -> list[Any]:
    return get_default_graph().get_collection_ref(name)


def set_random_seed(seed: int) -> None:
    """The seed of every random operator of the default graph that has none of its own."""
    get_default_graph().seed = int(seed)


@contextmanager
def device(name: Any) -> Iterator[None]:
    """Accepted for TensorFlow's sake: graphc computes on the CPU."""
    yield


def topological(fetches: Iterable[Node], stop: Callable[[Node], bool] = lambda n: False) -> list[Node]:
    """What the fetches need (data inputs only), inputs first. Linear in their number; never recursive.

    Node indices grow from inputs to users, so sorting by them is a topological sort.
    """
    seen = set()
    stack = list(fetches)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if not stop(node):
            stack.extend(node.inputs)
    return sorted(seen, key=lambda n: n.index)


def as_array(value: Any, dtype: Any = None) -> np.ndarray[Any, Any]:
    """A value as TensorFlow takes it: Python floats are float32, ints int32, what numpy made keeps its dtype.

    Raises DTypeError for what is no array of a supported dtype (objects, numbers where texts are wanted).
    """
    if dtype is not None:
        dtype = as_dtype(dtype).dtype
    try:
        array = np.asarray(value)
    except ValueError as e:
        raise ShapeError(f"a list whose rows differ in length is not a tensor: {e}") from None
    if array.dtype.kind in "USO" and dtype in (None, TEXT) and all(isinstance(v, (str, bytes)) for v in array.flat):
        return as_text(value)
    if array.dtype.kind not in "fiub" or dtype == TEXT:
        raise DTypeError(f"{type(value).__name__} {value!r:.80} is not a tensor of {'a supported dtype' if dtype is None else dtype_name(dtype)}")
    if dtype is None and not hasattr(value, "dtype") and not _made_by_numpy(value):
        dtype = _from_python(array, value)
    elif dtype is None:
        dtype = as_dtype(np.float32 if array.dtype == np.float16 else array.dtype).dtype
    if dtype != array.dtype:
        if dtype.kind in "iu" and array.dtype.kind == "f" and array.size and not np.array_equal(array, np.rint(array)):
            raise DTypeError(f"{value!r:.80} is not of dtype {dtype}: it has fractions")
        array = array.astype(dtype)
    return array


def _made_by_numpy(value: Any) -> bool:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return hasattr(value, "dtype")


def _from_python(array: np.ndarray[Any, Any], value: Any) -> np.dtype[Any]:
    if array.dtype.kind == "f" or array.size == 0:
        return np.dtype(np.float32)
    if array.dtype.kind == "b":
        return array.dtype
    small = np.iinfo(np.int32).min <= array.min() and array.max() <= np.iinfo(np.int32).max
    return np.dtype(np.int32 if small else np.int64)
