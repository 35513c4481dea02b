"""`tf.graph_util`: graphs made for use alone, with variables as constants, and parts of graphs."""

from __future__ import annotations

from .files.freezing import convert_variables_to_constants, extract_sub_graph, remove_training_nodes
from .files.graph_def import import_graph_def
from .ir.graph import Graph
from .ir.types import TensorShape
from .tf1_names import namespace as _namespace

__all__ = ["convert_variables_to_constants", "extract_sub_graph", "import_graph_def", "remove_training_nodes",
           "tensor_shape_from_node_def_name"]


def tensor_shape_from_node_def_name(graph: Graph, input_name: str) -> TensorShape:
    """The shape of a tensor of a graph by its name, `name` or `name:0`. GraphError: there is none of that name.

    >>> x = tf.zeros([2, 3], name="x")
    >>> tf.graph_util.tensor_shape_from_node_def_name(tf.get_default_graph(), "x")
    TensorShape((2, 3))
    """
    return graph.get_tensor_by_name(input_name if ":" in input_name else f"{input_name}:0").shape


_namespace(globals())
