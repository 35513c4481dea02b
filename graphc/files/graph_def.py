"""`GraphDef`: a graph as TensorFlow's message of that name has it to programs, nodes with names and inputs; its bytes are graphc's JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import GraphError, InvalidArgumentError, SerializationError
from ..ir.formats import FORMATS
from ..ir.graph import Graph, get_default_graph
from ..ir.nest import mapped
from ..ir.node import Node, describe, here
from ..ir.standing import NodeDef
from ..ir.types import TensorType, compatible
from .graph_json import from_json, to_json
from .whole import write_whole

__all__ = ["GraphDef", "import_graph_def", "write_graph"]


class GraphDef:
    """The nodes of a graph, as they are when it is made; `SerializeToString` gives graphc's JSON, `ParseFromString` reads it.

    SerializationError: a graph that cannot be saved, a py_func in it, or bytes of something else: TensorFlow's own are not read.

    >>> with tf.Graph().as_default() as graph:
    ...     y = tf.add(tf.constant(1.0, name="x"), 2.0, name="y")
    >>> made = tf.GraphDef()
    >>> made.ParseFromString(graph.as_graph_def().SerializeToString())
    >>> [(n.name, n.op) for n in made.node if n.name in "xy"]
    [('x', 'Const'), ('y', 'AddV2')]
    """

    def __init__(self, graph: Graph | None = None):
        self.node: list[NodeDef] = []
        self._text, self._refused = to_json(Graph()), ""
        if graph is not None:
            self._take(graph)

    def _take(self, graph: Graph) -> None:
        self.node = [op.node_def for op in graph.get_operations()]
        try:
            self._text, self._refused = to_json(graph), ""
        except SerializationError as e:
            self._refused = str(e)

    @property
    def graph(self) -> Graph:
        """A graph of its own with these nodes."""
        return from_json(self.SerializeToString().decode("utf-8", "surrogatepass"))

    def SerializeToString(self) -> bytes:
        """The graph as JSON, in UTF-8."""
        if self._refused:
            raise SerializationError(self._refused)
        return self._text.encode("utf-8", "surrogatepass")

    def ParseFromString(self, serialized: bytes) -> None:
        """Take the nodes of a graph that `SerializeToString`, `tf.train.write_graph` or `Graph.to_json` wrote."""
        if not bytes(serialized[:1]) == b"{":
            raise SerializationError(f"GraphDef: {len(serialized)} bytes that are no graph of graphc's; files of TensorFlow's are not read{here()}")
        try:
            self._take(from_json(bytes(serialized).decode("utf-8", "surrogatepass")))
        except UnicodeDecodeError as e:
            raise SerializationError(f"GraphDef: not UTF-8: {e}{here()}") from None

    MergeFromString = ParseFromString

    @classmethod
    def FromString(cls, serialized: bytes) -> GraphDef:
        """The graph that bytes hold, as of `ParseFromString`."""
        made = cls()
        made.ParseFromString(serialized)
        return made

    def CopyFrom(self, other: GraphDef) -> None:
        """Take the nodes of another."""
        self.node, self._text, self._refused = [*other.node], other._text, other._refused

    def ByteSize(self) -> int:
        """The number of bytes that `SerializeToString` gives."""
        return len(self.SerializeToString())

    def __repr__(self) -> str:
        return "\n".join(f"node {{ name: {n.name!r} op: {n.op!r} input: {n.input!r} }}" for n in self.node)


def import_graph_def(graph_def: GraphDef, input_map: Mapping[str, Any] | None = None, return_elements: Sequence[str] | None = None,
                     name: str | None = "import", op_dict: Any = None, producer_op_list: Any = None) -> list[Any] | None:
    """Add the nodes of a `GraphDef` to the default graph, their names behind `name`; the tensors and operations of `return_elements`.

    `input_map`: tensors of the default graph to use in the place of some of its own, by their names. Nothing that is read is executed.
    InvalidArgumentError: no GraphDef. GraphError: a name is not there, or is taken, or a tensor is of another type than that which it stands for.

    >>> with tf.Graph().as_default() as graph:
    ...     y = tf.add(tf.placeholder(tf.float32, [], name="x"), 2.0, name="y")
    >>> z, = tf.import_graph_def(graph.as_graph_def(), {"x:0": tf.constant(5.0)}, ["y:0"])
    >>> tf.Session(jit=False).run(z), z.name
    (np.float32(7.0), 'import/y:0')
    """
    if not isinstance(graph_def, (GraphDef, Graph)):
        raise InvalidArgumentError(f"import_graph_def takes a GraphDef, not {graph_def!r:.60}{here()}")
    graph = get_default_graph()
    read = (graph_def if isinstance(graph_def, GraphDef) else GraphDef(graph_def)).graph
    wanted: list[Any] = [read.as_graph_element(n) if ":" in n else read.get_operation_by_name(n) for n in return_elements or ()]
    replaced = {read.as_node(n): graph.as_node(to) for n, to in (input_map or {}).items()}
    for own, to in replaced.items():
        if not (isinstance(own.type, TensorType) and isinstance(to.type, TensorType) and own.type.dtype == to.type.dtype
                and compatible(own.type.shape, to.type.shape)):
            raise GraphError(f"import_graph_def: {describe(to)} cannot stand for {describe(own)}: they are of two types{here()}")
    for node in read.nodes:             # nobody has seen them yet
        if any(x in replaced for x in node.inputs):
            node.inputs = tuple(replaced.get(x, x) for x in node.inputs)
        if node.standing is not None and any(x in replaced for x in node.standing.inputs):
            given = node.standing.arguments
            node.standing = node.standing._replace(arguments={
                k: mapped(lambda x: replaced.get(x, x) if isinstance(x, Node) else x, v) for k, v in given.items()})
    scope = name if name is not None else "import"
    graph.absorb(read, graph.unique_name(scope) if scope else "")
    return wanted if return_elements is not None else None


def write_graph(graph_or_graph_def: Any, logdir: str, name: str, as_text: bool = True) -> str:
    """Write a graph, or a `GraphDef`, as JSON to a file `name` in a folder, which is made; the file's path.

    InvalidArgumentError: neither, or the file cannot be written. SerializationError: a graph that cannot be saved.

    >>> tf.train.write_graph(tf.get_default_graph(), "graphs", "graph.pbtxt")
    'graphs/graph.pbtxt'
    """
    given = GraphDef(graph_or_graph_def) if isinstance(graph_or_graph_def, Graph) else graph_or_graph_def
    if not isinstance(given, GraphDef):
        raise InvalidArgumentError(f"write_graph takes a graph, not {given!r:.60}{here()}")
    path, data = os.path.join(logdir, name), given.SerializeToString()
    try:
        write_whole(path, [data])
    except OSError as e:
        raise InvalidArgumentError(f"write_graph: nothing can be written to {path!r:.200}: {e}{here()}") from None
    return path


FORMATS.graph_def = GraphDef


def __dir__() -> list[str]:
    return [*__all__]
