"""TensorFlow's message of a graph in a saved model: what its signatures need, with the operations that save and restore its variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...ir.graph import Graph
from ...ir.node import Node
from ...ir.types import TensorShape, as_dtype
from .leaving_values import shape_message, tensor_message
from .messages import AttrValue, CollectionDef, GraphDef, MetaGraphDef, NodeDef, SavedModel, VariableDef
from .values import dtype_number
from .written import theirs

__all__ = ["add_saver", "meta_graph", "saved_model", "variable_list"]

_VERSION = 1                    # of TensorFlow's saved models
_SAVER = 2                      # of what it calls a saver's version: checkpoints of an index and data


class _Saver(NamedTuple):
    """The names of the operations that save and restore: the path, the saving, the restoring."""

    filename: str
    save: str
    restore: str


def meta_graph(graph: Graph, tags: Sequence[str], signatures: Mapping[str, Mapping[str, Any]], main_op: str | None,
               assets: Mapping[str, str]) -> MetaGraphDef:
    """The part of a graph that signatures, as files have them, name, and its variables. UnimplementedError: it cannot be TensorFlow's."""
    named = [name for s in signatures.values() for side in ("inputs", "outputs") for told in s[side].values() for name in told["names"]]
    wanted = [graph.as_node(name) for name in (*named, *assets, *([main_op] if main_op else ()))]
    made = MetaGraphDef(graph_def=theirs(graph.nodes, wanted))
    made.meta_info_def.tags.extend(tags)
    made.meta_info_def.tensorflow_version = "1.15.0"
    held = {n.name: n for n in made.graph_def.node}
    variables = [n for n in graph.nodes if n.operator.name == "variable" and n.label in held]
    if variables:
        names = add_saver(made.graph_def, {v.label: v for v in variables}, set(held))
        made.saver_def.filename_tensor_name, made.saver_def.save_tensor_name, made.saver_def.restore_op_name = names
        made.saver_def.version, made.saver_def.max_to_keep = _SAVER, 5
    for key, members in (("variables", variables), ("trainable_variables", [v for v in variables if getattr(v, "trainable", False)])):
        if members:
            made.collection_def[key].CopyFrom(variable_list(members, held))
    for key, s in signatures.items():
        _put_signature(made.signature_def[key], s)
    if main_op:
        made.collection_def["saved_model_main_op"].node_list.value.append(graph.as_node(main_op).op.name)
    for tensor, file in assets.items():
        made.asset_file_def.add(filename=file).tensor_info.name = graph.as_node(tensor).name
    return made


def saved_model(graphs: Sequence[MetaGraphDef]) -> bytes:
    """The bytes of a file `saved_model.pb`."""
    made = SavedModel(saved_model_schema_version=_VERSION)
    made.meta_graphs.extend(graphs)
    return made.SerializeToString()


def _put_signature(to: Any, signature: Mapping[str, Any]) -> None:
    to.method_name = signature["method_name"]
    for side in ("inputs", "outputs"):
        for key, told in signature[side].items():
            info = getattr(to, side)[key]
            info.dtype = dtype_number(told["dtype"])
            info.tensor_shape.CopyFrom(shape_message(TensorShape(told["shape"])))
            if len(told["names"]) == 1:
                info.name = told["names"][0]
            else:
                info.coo_sparse.values_tensor_name, info.coo_sparse.indices_tensor_name, info.coo_sparse.dense_shape_tensor_name = told["names"]


def variable_list(variables: Sequence[Node], held: Mapping[str, NodeDef]) -> CollectionDef:
    """A collection of variables, each with the names of what sets it, of its initial value, and of what reads it, among the nodes of a message."""
    made = CollectionDef()
    for v in variables:
        read = f"{v.label}/read:0" if f"{v.label}/read" in held else v.name
        initial = held[f"{v.label}/Assign"].input[1]
        made.bytes_list.value.append(VariableDef(
            variable_name=v.name, initializer_name=f"{v.label}/Assign", snapshot_name=read, trainable=bool(getattr(v, "trainable", False)),
            initial_value_name=initial if ":" in initial else f"{initial}:0").SerializeToString())
    return made


def add_saver(graph: GraphDef, saved: Mapping[str, Node], held: set[str]) -> _Saver:
    """Add the operations that write variables to a checkpoint, under these names, and that read them; the names of the operations."""
    variables = list(saved.values())
    scope, number = "save", 0
    while any(name == scope or name.startswith(f"{scope}/") for name in held):
        number += 1
        scope = f"save_{number}"
    kinds = AttrValue()
    kinds.list.type.extend(dtype_number(as_dtype(v.type.dtype).name) for v in variables)
    text = AttrValue(type=dtype_number("string"))

    def node(name: str, op: str, inputs: Sequence[str], **attrs: AttrValue) -> str:
        made = graph.node.add(name=f"{scope}/{name}", op=op)
        made.input.extend(inputs)
        for key, value in attrs.items():
            made.attr[key].CopyFrom(value)
        return f"{scope}/{name}"

    def texts(name: str, words: Any) -> str:
        return node(name, "Const", [], dtype=text, value=AttrValue(tensor=tensor_message(np.array(words, object))))

    path = texts("Const", "model")
    names, slices = texts("tensor_names", list(saved)), texts("shape_and_slices", [""] * len(variables))
    saving = node("SaveV2", "SaveV2", [path, names, slices, *(v.label for v in variables)], dtypes=kinds)
    given = node("control_dependency", "Identity", [path, f"^{saving}"], T=text)
    found = node("RestoreV2", "RestoreV2", [path, names, slices], dtypes=kinds)
    assigned = [node(f"Assign_{i}" if i else "Assign", "Assign", [v.label, f"{found}:{i}" if i else found],
                     T=AttrValue(type=dtype_number(as_dtype(v.type.dtype).name))) for i, v in enumerate(variables)]
    restored = node("restore_all", "NoOp", [f"^{name}" for name in assigned])
    return _Saver(f"{path}:0", f"{given}:0", restored)
