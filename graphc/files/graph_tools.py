"""TensorFlow's tools for graphs in files: parts with other inputs, and the message of a graph with all that stands around it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import GraphError, NotFoundError
from ..ir.node import here
from ..ir.types import as_dtype
from .freezing import extract_sub_graph
from .graph_def import GraphDef
from .tf_graph.messages import MetaGraphDef, NodeDef

__all__ = ["optimize_for_inference", "read_meta_graph_file", "strip_unused"]


def read_meta_graph_file(filename: Any) -> MetaGraphDef:
    """The message in a file of `tf.train.export_meta_graph`, bytes or text. NotFoundError: there is no file. SerializationError: it is none such."""
    try:
        return MetaGraphDef.FromString(Path(filename).read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"read_meta_graph_file: there is no file {str(filename)!r:.200}{here()}") from None


def strip_unused(input_graph_def: GraphDef, input_node_names: Sequence[str], output_node_names: Sequence[str],
                 placeholder_type_enum: Any) -> GraphDef:
    """What some operations of a graph need, with placeholders for others: of one dtype, or of one for each.

    ArgumentError: no GraphDef, no lists of names. GraphError: there is no such operation. UnimplementedError: operators that TensorFlow has not.
    """
    message = extract_sub_graph(input_graph_def, [n.name for n in input_graph_def.node]).as_message()
    nodes = {n.name: n for n in message.node}
    kinds = list(placeholder_type_enum) if isinstance(placeholder_type_enum, (list, tuple)) else [placeholder_type_enum] * len(input_node_names)
    for name, kind in zip(input_node_names, kinds, strict=True):
        if name not in nodes:
            raise GraphError(f"strip_unused: the graph has no node {name!r:.100}{here()}")
        old, made = nodes[name], NodeDef(name=name, op="Placeholder")
        if old.op == "Placeholder":
            continue
        made.attr["dtype"].type = kind if isinstance(kind, int) else as_dtype(kind).as_datatype_enum
        for key in ("_output_shapes", "shape"):
            if key in old.attr:
                made.attr[key].CopyFrom(old.attr[key])
        old.CopyFrom(made)
    return extract_sub_graph(GraphDef.FromString(message.SerializeToString()), output_node_names)


def optimize_for_inference(input_graph_def: GraphDef, input_node_names: Sequence[str], output_node_names: Sequence[str],
                           placeholder_type_enum: Any, toco_compatible: bool = False) -> GraphDef:
    """`strip_unused`: what TensorFlow folds into convolutions here, the compiler works out when the graph runs. Errors are those of that."""
    return strip_unused(input_graph_def, input_node_names, output_node_names, placeholder_type_enum)
