"""`tf.graph_util`: graphs made for use alone, with variables as constants, and parts of graphs."""

from .files.freezing import convert_variables_to_constants, extract_sub_graph, remove_training_nodes
from .files.graph_def import import_graph_def
from .tf1_names import namespace as _namespace

__all__ = ["convert_variables_to_constants", "extract_sub_graph", "import_graph_def", "remove_training_nodes"]

_namespace(globals())
