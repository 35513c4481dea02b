"""A saved graph and a checkpoint made one file that runs alone, as TensorFlow's tool of that name makes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import ArgumentError, NotFoundError
from ..files.freezing import convert_variables_to_constants
from ..files.graph_def import GraphDef
from ..files.whole import write_whole
from ..ir.node import here
from ..runtime.session import Session
from .saver import Saver

__all__ = ["freeze_graph"]


def freeze_graph(input_graph: Any, input_saver: Any, input_binary: bool, input_checkpoint: str, output_node_names: str, restore_op_name: Any,
                 filename_tensor_name: Any, output_graph: Any, clear_devices: bool, initializer_nodes: Any,
                 variable_names_whitelist: str = "", variable_names_blacklist: str = "", input_meta_graph: Any = None,
                 input_saved_model_dir: Any = None, saved_model_tags: Any = None, checkpoint_version: Any = None) -> GraphDef:
    """The graph of a file with the values of a checkpoint for its variables, as far as `output_node_names`, with commas between, need it.

    `input_graph`: a file of `tf.train.write_graph`, or of TensorFlow's; `output_graph`: where the bytes of the result are written, if that is no
    empty text. ArgumentError: no names, or a graph by another argument than `input_graph`. NotFoundError, SerializationError: of files that are
    not there, or are none. What `tf.graph_util.convert_variables_to_constants` raises.
    """
    names = [name.strip() for name in output_node_names.split(",") if name.strip()]
    if not names:
        raise ArgumentError(f"freeze_graph: output_node_names names no operation{here()}")
    if input_meta_graph or input_saved_model_dir or not input_graph:
        raise ArgumentError(f"freeze_graph reads the graph of input_graph; tf.train.import_meta_graph and tf.saved_model.loader read others{here()}")
    try:
        read = GraphDef.FromString(Path(input_graph).read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"freeze_graph: there is no file {str(input_graph)!r}{here()}") from None
    graph = read.graph
    with Session(graph=graph) as session:
        variables = [n for n in graph.nodes if n.operator.name == "variable"]
        if variables:
            with graph.as_default():
                Saver(variables).restore(session, input_checkpoint)
        given = [[v for v in text.replace(" ", "").split(",") if v] for text in (variable_names_whitelist, variable_names_blacklist)]
        frozen = convert_variables_to_constants(session, graph.as_graph_def(), names, given[0] or None, given[1] or None)
    if output_graph:
        write_whole(output_graph, [frozen.SerializeToString()])
    return frozen
