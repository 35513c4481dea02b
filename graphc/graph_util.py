"""`tf.graph_util`: graphs made for use alone, with variables as constants, and parts of graphs."""

from typing import TYPE_CHECKING

from .files.freezing import convert_variables_to_constants, extract_sub_graph, remove_training_nodes
from .files.graph_def import import_graph_def
from .tf1_names import getter as _getter

__all__ = ["convert_variables_to_constants", "extract_sub_graph", "import_graph_def", "remove_training_nodes"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
