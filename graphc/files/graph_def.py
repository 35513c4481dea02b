"""`GraphDef`: a graph as TensorFlow's message of that name has it to programs; its bytes are graphc's JSON, or those of TensorFlow's own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ArgumentError, GraphError, InvalidArgumentError, SerializationError, UnimplementedError
from ..ir.formats import FORMATS
from ..ir.graph import Graph, get_default_graph
from ..ir.nest import mapped
from ..ir.node import Node, describe, here
from ..ir.types import TensorType, compatible
from .graph_json import from_json, to_json
from .tf_graph import messages
from .tf_graph.imported import import_theirs
from .tf_graph.written import theirs
from .whole import write_whole

__all__ = ["GraphDef", "import_graph_def", "write_graph"]


class GraphDef:
    """The nodes of a graph: of one of graphc's as they are when it is made, or of TensorFlow's as its bytes have them, to be changed in place.

    `SerializeToString` gives TensorFlow's bytes where all operators have a counterpart there, else graphc's JSON, which begins with a brace;
    `ParseFromString` reads both. `library`: the functions of TensorFlow's graph; `versions`: what wrote it. SerializationError: a graph that cannot
    be saved, a Python object in it, or bytes of neither.

    >>> with tf.Graph().as_default() as graph:
    ...     y = tf.add(tf.constant(1.0, name="x"), 2.0, name="y")
    >>> made = tf.GraphDef()
    >>> made.ParseFromString(graph.as_graph_def().SerializeToString())
    >>> [(n.name, n.op) for n in made.node if n.name in "xy"]
    [('x', 'Const'), ('y', 'AddV2')]
    """

    def __init__(self, graph: Graph | None = None):
        self._text, self._refused = to_json(Graph()), ""
        self._nodes: list[Node] = []            # of graphc's graph
        self.theirs: messages.GraphDef | None = messages.GraphDef()
        self.node: list[Any] = self.theirs.node
        if graph is not None:
            self._take(graph)

    def _take(self, graph: Graph) -> None:
        self.node, self.theirs, self._nodes = [op.node_def for op in graph.get_operations()], None, [*graph.nodes]
        try:
            self._text, self._refused = to_json(graph), ""
        except SerializationError as e:
            self._refused = str(e)

    def _take_theirs(self, message: messages.GraphDef) -> None:
        self.theirs, self.node = message, message.node

    @property
    def library(self) -> Any:
        """The functions that nodes call; of a graph of graphc's there are none."""
        return (self.theirs or messages.GraphDef()).library

    @property
    def versions(self) -> Any:
        """Which TensorFlow wrote the graph."""
        return (self.theirs or messages.GraphDef()).versions

    @property
    def graph(self) -> Graph:
        """A graph of its own with these nodes."""
        if self.theirs is None:
            return from_json(self._json())
        made = Graph()
        import_theirs(made, self.theirs, "", {})
        return made

    def SerializeToString(self, deterministic: bool = True) -> bytes:
        """The graph in TensorFlow's bytes; where it has operators that TensorFlow has not, as JSON, in UTF-8."""
        try:
            return self.tensorflow()
        except UnimplementedError:
            return self._json().encode("utf-8", "surrogatepass")

    def tensorflow(self, fetches: Any = None) -> bytes:
        """The graph in TensorFlow's bytes, or of it what `fetches` need: tensors and operations of the graph, or their names.

        UnimplementedError: it has operators that TensorFlow has not, all of which are named. SerializationError: there is no graph.

        >>> with tf.Graph().as_default() as graph:
        ...     y = tf.nn.relu(tf.placeholder(tf.float32, [2], name="x"), name="y")
        >>> tf.GraphDef.FromString(graph.as_graph_def().tensorflow("y")).node[-1].op
        'Relu'
        """
        if not self.node:
            return self._json().encode()
        return self.as_message(fetches).SerializeToString()

    def as_message(self, fetches: Any = None) -> messages.GraphDef:
        """TensorFlow's message of the graph, or of what `fetches` need of it. UnimplementedError, SerializationError: as `tensorflow`."""
        if self.theirs is not None:
            if fetches is not None:
                raise SerializationError(f"GraphDef.tensorflow: a graph that was read is whole; import_graph_def makes one of graphc's{here()}")
            return self.theirs
        graph = self._nodes[0].graph if self._nodes else None
        if graph is None:
            return messages.GraphDef()
        wanted = None if fetches is None else [graph.as_node(f) for f in (fetches if isinstance(fetches, (list, tuple)) else [fetches])]
        return theirs(self._nodes, wanted)

    def text(self) -> bytes:
        """The graph as text, in UTF-8: protocol buffers' form, or JSON where it has operators that TensorFlow has not."""
        try:
            return str(self.as_message()).encode()
        except UnimplementedError:
            return self._json().encode("utf-8", "surrogatepass")

    def _json(self) -> str:
        if self._refused:
            raise SerializationError(self._refused)
        return self._text

    def ParseFromString(self, serialized: bytes) -> None:
        """Take the nodes of a graph that `SerializeToString`, `tf.train.write_graph` or `Graph.to_json` wrote, or of one of TensorFlow's: its
        bytes or its text (`.pbtxt`).
        """
        if bytes(serialized[:1]) != b"{":
            self._take_theirs(messages.GraphDef.FromString(serialized))
            return
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

    def CopyFrom(self, other: GraphDef | messages.GraphDef) -> None:
        """Take the nodes of another."""
        if isinstance(other, messages.GraphDef):
            made = messages.GraphDef()
            made.CopyFrom(other)
            self._take_theirs(made)
            return
        self._text, self._refused, self._nodes = other._text, other._refused, other._nodes
        if other.theirs is not None:
            copied = messages.GraphDef()
            copied.CopyFrom(other.theirs)
            self._take_theirs(copied)
        else:
            self.node, self.theirs = [*other.node], None

    def ByteSize(self) -> int:
        """The number of bytes that `SerializeToString` gives."""
        return len(self.SerializeToString())

    def __str__(self) -> str:
        """Protocol buffers' text of the graph, where TensorFlow has all operators; else its nodes, one a line."""
        try:
            return str(self.as_message())
        except UnimplementedError:
            return repr(self)

    @property
    def DESCRIPTOR(self) -> Any:
        """Not offered: what protocol buffers' own package asks of a message. ArgumentError."""
        raise ArgumentError(f"GraphDef is no message of the protobuf package, whose functions do not take it: str(graph_def) is its text, and "
                            f"ParseFromString reads bytes and text{here()}")

    def __repr__(self) -> str:
        return "\n".join(f"node {{ name: {n.name!r} op: {n.op!r} input: {n.input!r} }}" for n in self.node)


def import_graph_def(graph_def: Any, input_map: Mapping[str, Any] | None = None, return_elements: Sequence[str] | None = None,
                     name: str | None = "import", op_dict: Any = None, producer_op_list: Any = None) -> list[Any] | None:
    """Add the nodes of a `GraphDef` to the default graph, their names behind `name`; the tensors and operations of `return_elements`.

    A graph of TensorFlow's becomes one of graphc's, operator by operator. `input_map`: tensors of the default graph to use in the place of some
    of its own, by their names. Nothing that is read is executed.
    InvalidArgumentError: no GraphDef. GraphError: a name is not there, or is taken, or a tensor is of another type than that which it stands for.
    UnimplementedError: operators of TensorFlow's that graphc has not, all of them with their nodes. SerializationError: nodes that do not fit.

    >>> with tf.Graph().as_default() as graph:
    ...     y = tf.add(tf.placeholder(tf.float32, [], name="x"), 2.0, name="y")
    >>> z, = tf.import_graph_def(graph.as_graph_def(), {"x:0": tf.constant(5.0)}, ["y:0"])
    >>> tf.Session(jit=False).run(z), z.name
    (np.float32(7.0), 'import/y:0')
    """
    graph = get_default_graph()
    scope = name if name is not None else "import"
    theirs = graph_def if isinstance(graph_def, messages.GraphDef) else getattr(graph_def, "theirs", None)
    if isinstance(theirs, messages.GraphDef):
        found = import_theirs(graph, theirs, scope, input_map or {}, return_elements or ())
        return found if return_elements is not None else None
    if not isinstance(graph_def, (GraphDef, Graph)):
        raise InvalidArgumentError(f"import_graph_def takes a GraphDef, not {graph_def!r:.60}{here()}")
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
    graph.absorb(read, graph.unique_name(scope) if scope else "")
    return wanted if return_elements is not None else None


def write_graph(graph_or_graph_def: Any, logdir: str, name: str, as_text: bool = True) -> str:
    """Write a graph, or a `GraphDef`, to a file `name` in a folder, which is made; the file's path.

    TensorFlow's text (`.pbtxt`) or bytes, if all operators have a counterpart there, else graphc's JSON; `GraphDef.ParseFromString` reads them.
    InvalidArgumentError: neither, or the file cannot be written. SerializationError: a graph that cannot be saved.

    >>> tf.train.write_graph(tf.get_default_graph(), "graphs", "graph.pbtxt")
    'graphs/graph.pbtxt'
    """
    given = GraphDef(graph_or_graph_def) if isinstance(graph_or_graph_def, Graph) else graph_or_graph_def
    if not isinstance(given, GraphDef):
        raise InvalidArgumentError(f"write_graph takes a graph, not {given!r:.60}{here()}")
    path, data = os.path.join(logdir, name), given.text() if as_text else given.SerializeToString()
    try:
        write_whole(path, [data])
    except OSError as e:
        raise InvalidArgumentError(f"write_graph: nothing can be written to {path!r:.200}: {e}{here()}") from None
    return path


FORMATS.graph_def = GraphDef
