"""A saved graph and a checkpoint made one file that runs alone, as TensorFlow's tool of that name makes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import ArgumentError, NotFoundError
from ..files.freezing import convert_variables_to_constants
from ..files.graph_def import GraphDef, import_graph_def
from ..files.whole import write_whole
from ..ir.graph import Graph
from ..ir.node import here
from ..runtime.session import Session
from ..saved_model.loader import load
from .saver import Saver, import_meta_graph

__all__ = ["freeze_graph", "freeze_graph_with_def_protos"]


def freeze_graph(input_graph: Any, input_saver: Any, input_binary: bool, input_checkpoint: Any, output_node_names: str, restore_op_name: Any,
                 filename_tensor_name: Any, output_graph: Any, clear_devices: bool, initializer_nodes: Any,
                 variable_names_whitelist: str = "", variable_names_blacklist: str = "", input_meta_graph: Any = None,
                 input_saved_model_dir: Any = None, saved_model_tags: Any = "serve", checkpoint_version: Any = None) -> GraphDef:
    """The graph of a file with the values of a checkpoint for its variables, as far as `output_node_names`, with commas between, need it.

    `input_graph`: a file of `tf.train.write_graph`, or of TensorFlow's; or `input_meta_graph`: the `.meta` beside a checkpoint; or
    `input_saved_model_dir` and `saved_model_tags`: a saved model, which has its own checkpoint. The rest is as in `freeze_graph_with_def_protos`.
    ArgumentError: no names, or no graph. NotFoundError, SerializationError: of files that are not there, or are none. What
    `tf.graph_util.convert_variables_to_constants` raises.
    """
    _names(output_node_names)
    read = None
    if input_graph:
        try:
            read = GraphDef.FromString(Path(input_graph).read_bytes())
        except FileNotFoundError:
            raise NotFoundError(f"freeze_graph: there is no file {str(input_graph)!r}{here()}") from None
    return freeze_graph_with_def_protos(read, None, input_checkpoint, output_node_names, restore_op_name, filename_tensor_name, output_graph,
                                        clear_devices, initializer_nodes, variable_names_whitelist, variable_names_blacklist,
                                        input_meta_graph or None, input_saved_model_dir, saved_model_tags, checkpoint_version)


def freeze_graph_with_def_protos(input_graph_def: Any, input_saver_def: Any, input_checkpoint: Any, output_node_names: str, restore_op_name: Any,
                                 filename_tensor_name: Any, output_graph: Any, clear_devices: bool, initializer_nodes: Any,
                                 variable_names_whitelist: str = "", variable_names_blacklist: str = "", input_meta_graph_def: Any = None,
                                 input_saved_model_dir: Any = None, saved_model_tags: Any = None, checkpoint_version: Any = None) -> GraphDef:
    """`freeze_graph` of a `tf.GraphDef`, of a `tf.MetaGraphDef` (or the path of one), or of a saved model.

    `input_checkpoint`: where the values are. `initializer_nodes`: operations, with commas between, that run before: tables are filled so.
    `variable_names_whitelist`, `variable_names_blacklist`: variables, with commas between, that alone become constants, or do not.
    `output_graph`: where the bytes of the result are written, if that is no empty text. Who saves and restores is found without `input_saver_def`,
    `restore_op_name` and `filename_tensor_name`, and there are no devices to be cleared. Errors are those of `freeze_graph`.
    """
    names = _names(output_node_names)
    if not (input_graph_def is not None or input_meta_graph_def is not None or input_saved_model_dir):
        raise ArgumentError(f"freeze_graph: no graph; it takes input_graph, input_meta_graph or input_saved_model_dir{here()}")
    graph = Graph()
    with graph.as_default(), Session(graph=graph) as session:
        if input_saved_model_dir:
            load(session, _listed(saved_model_tags) if isinstance(saved_model_tags, str) else saved_model_tags, input_saved_model_dir)
        elif input_meta_graph_def is not None:
            saver = import_meta_graph(input_meta_graph_def)
            if saver is not None:
                saver.restore(session, input_checkpoint)
        else:
            import_graph_def(input_graph_def, name="")
            variables = [n for n in graph.nodes if n.operator.name == "variable"]
            if variables:
                Saver(variables).restore(session, input_checkpoint)
        for operation in _listed(initializer_nodes or ""):
            session.run(operation)
        frozen = convert_variables_to_constants(session, graph.as_graph_def(), names, _listed(variable_names_whitelist) or None,
                                                _listed(variable_names_blacklist) or None)
    if output_graph:
        write_whole(output_graph, [frozen.SerializeToString()])
    return frozen


def _names(output_node_names: Any) -> list[str]:
    found = _listed(output_node_names or "")
    if not found:
        raise ArgumentError(f"freeze_graph: output_node_names names no operation{here()}")
    return found


def _listed(text: str) -> list[str]:
    return [part for part in text.replace(" ", "").split(",") if part]
