"""Graphs made for use alone: the part that some results need, with variables as constants of the values that a session has of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, GraphError, UnimplementedError
from ..ir.graph import Graph
from ..ir.nest import mapped
from ..ir.node import Node, here, topological
from ..ir.operator import constant_node
from .graph_def import GraphDef
from .tf_graph import messages

__all__ = ["convert_variables_to_constants", "extract_sub_graph", "remove_training_nodes"]


def convert_variables_to_constants(sess: Any, input_graph_def: GraphDef, output_node_names: Sequence[str],
                                   variable_names_whitelist: Collection[str] | None = None,
                                   variable_names_blacklist: Collection[str] | None = None) -> GraphDef:
    """What the operations of some names need of a graph, every variable a constant of the value that it has in the session, under its own name.

    ArgumentError: no GraphDef, no list of names. GraphError: the graph has no such operation, or the session's graph no such variable.
    UnimplementedError: the lists let a variable stay one.

    >>> x = tf.placeholder(tf.float32, [], name="x")
    >>> y = tf.multiply(x, tf.Variable(3.0, name="w"), name="y")
    >>> sess = tf.Session(jit=False)
    >>> frozen = tf.graph_util.convert_variables_to_constants(sess, sess.graph.as_graph_def(), ["y"])
    >>> [(n.name, n.op) for n in frozen.node]
    [('x', 'Placeholder'), ('w', 'Const'), ('y', 'Mul')]
    """
    graph = _graph("convert_variables_to_constants", input_graph_def)
    order = _needed("convert_variables_to_constants", graph, output_node_names)
    variables = [n for n in order if n.operator.name == "variable"]
    stay = [v.label for v in variables if (variable_names_whitelist is not None and v.label not in variable_names_whitelist)
            or v.label in (variable_names_blacklist or ())]
    if stay:
        raise UnimplementedError(f"convert_variables_to_constants: {', '.join(stay[:5])} would stay variables, which is not offered; "
                                 f"tf.train.Saver keeps them{here()}")
    own = [sess.graph.as_node(v.label) for v in variables]
    return GraphDef(_copied(order, dict(zip(variables, sess.run(own), strict=True))))


def extract_sub_graph(graph_def: Any, dest_nodes: Sequence[str]) -> GraphDef:
    """What the operations of some names need of a graph, in TensorFlow's terms.

    ArgumentError: no GraphDef, no list of names. GraphError: there is no such operation. UnimplementedError: operators that TensorFlow has not.

    >>> with tf.Graph().as_default() as graph:
    ...     y = tf.nn.relu(tf.placeholder(tf.float32, [], name="x"), name="y")
    ...     z = tf.tanh(y, name="z")
    >>> sorted(n.name for n in tf.graph_util.extract_sub_graph(graph.as_graph_def(), ["y"]).node)
    ['x', 'y']
    """
    if not isinstance(graph_def, GraphDef):
        raise ArgumentError(f"extract_sub_graph takes a GraphDef, not {graph_def!r:.60}{here()}")
    names = _names("extract_sub_graph", dest_nodes)
    if graph_def.theirs is None:
        return GraphDef.FromString(graph_def.tensorflow(names))
    nodes = {n.name: n for n in graph_def.node}
    needed, stack = set[str](), [*names]
    while stack:
        name = stack.pop()
        if name not in nodes:
            raise GraphError(f"extract_sub_graph: the graph has no node {name!r:.100}{here()}")
        if name not in needed:
            needed.add(name)
            stack += [x.lstrip("^").partition(":")[0] for x in nodes[name].input]
    kept = messages.GraphDef.FromString(graph_def.theirs.SerializeToString())
    kept.node[:] = [n for n in kept.node if n.name in needed]
    return GraphDef.FromString(kept.SerializeToString())


def remove_training_nodes(input_graph: GraphDef, protected_nodes: Sequence[str] | None = None) -> GraphDef:
    """The graph as it is: the nodes that TensorFlow takes out here (`Identity`, `CheckNumerics`) cost a compiled run nothing.

    ArgumentError: no GraphDef.
    """
    if not isinstance(input_graph, GraphDef):
        raise ArgumentError(f"remove_training_nodes takes a GraphDef, not {input_graph!r:.60}{here()}")
    return input_graph


# ---------------------------------------------------------------------- a graph that is part of another

def _names(what: str, given: Any) -> list[str]:
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise ArgumentError(f"{what} takes a list of names of operations, not {given!r:.60}{here()}")
    return [str(name).partition(":")[0] for name in given]


def _graph(what: str, given: Any) -> Graph:
    if not isinstance(given, GraphDef):
        raise ArgumentError(f"{what} takes a GraphDef, as graph.as_graph_def() gives it, not {given!r:.60}{here()}")
    return given.graph


def _needed(what: str, graph: Graph, names: Any) -> list[Node]:
    """The nodes that operations of these names need, inputs first; what they only wait for comes along if it assigns nothing."""
    found = [graph.get_operation_by_name(name).node for name in _names(what, names)]
    order = topological(found)
    while True:
        waited = [c for n in order for c in n.control_inputs if not any(x.operator.family.assigns for x in topological([c]))]
        whole = topological([*found, *waited])
        if len(whole) == len(order):
            return sorted(whole, key=lambda n: n.index)
        order = whole


def _copied(order: Sequence[Node], values: dict[Node, Any]) -> Graph:
    """A graph of its own with these nodes under their names; variables are the constants that `values` says."""
    graph, new = Graph(), dict[Node, Node]()
    for n in order:
        name = f"{n.label}/"                    # literally
        if n in values:
            new[n] = constant_node(graph, np.asarray(values[n], n.type.dtype), name)
            continue
        operator = n.operator
        if operator.name in ("latest", "read") and n.inputs[0] in values:
            new[n] = new[n.inputs[0]]           # the value of what was a variable
            continue
        made = new[n] = graph.add(operator, tuple([new[x] for x in n.inputs]), n.attrs, n.type, name)
        made.loc, made.gradient = n.loc, n.gradient
        made.control_inputs = tuple([new[c] for c in n.control_inputs if c in new])
    for n in order:
        if n.standing is not None and new[n].operator is n.operator and all(x in new for x in (*n.standing.results, *n.standing.inputs)):
            arguments = {k: mapped(lambda x: new.get(x, x) if isinstance(x, Node) else x, v) for k, v in n.standing.arguments.items()}
            new[n].standing = n.standing._replace(results=tuple([new[x] for x in n.standing.results]), arguments=arguments)
    return graph
