"""What TensorFlow's messages say beside the nodes: collections, the variables that a saver keeps under which names, models of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...errors import GraphcError, NotFoundError, SerializationError, UnimplementedError
from ...ir.node import here
from ...ops.state import Variable
from ..safetensors import open_file
from .build import Importer
from .forms_outside import Contents, Outside
from .imported import element
from .messages import AssetFileDef, FunctionDef, MetaGraphDef, SavedModel, VariableDef
from .nodes import Parsed, Ref, called, parsed
from .values import attribute

MODEL = "saved_model.pb"
_LONGEST = 1 << 31              # bytes: the most that a message has
_PASSING = frozenset({"Identity", "ReadVariableOp", "StopGradient"})
_OF_THE_PROGRAM = frozenset({"cond_context", "while_context", "queue_runners", "savers"})
_SAVES = frozenset({"SaveV2", "SaveSlices"})         # which take a path, names, parts, and then the tensors
_ASSETS = "saved_model_assets"
_INIT = ("saved_model_main_op", "legacy_init_op")
INIT_SIGNATURE = "__saved_model_init_op"


def read_message(path: str) -> bytes:
    """The bytes of a file of a message. NotFoundError: there is no such file. SerializationError: it is too long for one."""
    with open_file(path) as file:
        data: bytes = file.read(_LONGEST)
    if len(data) == _LONGEST:
        raise SerializationError(f"{path} has {_LONGEST} bytes or more{here()}")
    return data


# ---------------------------------------------------------------------- collections

def variables_of(meta: MetaGraphDef) -> dict[str, VariableDef]:
    """The variables that collections describe, by the names of their nodes."""
    found: dict[str, VariableDef] = {}
    for name, collection in meta.collection_def.items():
        for data in collection.bytes_list.value if name not in _OF_THE_PROGRAM else ():
            described = _variable_def(data)
            if described is not None:
                found.setdefault(described.variable_name.partition(":")[0], described)
    return found


def _variable_def(data: bytes) -> VariableDef | None:
    try:
        described = VariableDef.FromString(data)
    except SerializationError:
        return None
    return described if described.variable_name and described.initializer_name else None


def initialisers(meta: MetaGraphDef) -> dict[str, str]:
    """By the names of variables, those of the operations that set them to their initial values."""
    return {name: d.initializer_name for name, d in variables_of(meta).items()}


def add_collections(importer: Importer, meta: MetaGraphDef) -> None:
    """Put what the collections of a message name into those of the graph; what was made for the program that wrote it is left out."""
    for key, collection in meta.collection_def.items():
        if key in _OF_THE_PROGRAM:
            continue
        members: list[Any] = [*collection.int64_list.value, *collection.float_list.value]
        for name in collection.node_list.value:
            label = name.partition(":")[0]
            if label in importer.main.nodes and not any(isinstance(x, (Contents, Outside)) for x in importer.main.values.get(label, ())):
                members.append(element(importer, name))
        for data in collection.bytes_list.value:
            described = _variable_def(data)
            found = None if described is None else importer.main.values.get(described.variable_name.partition(":")[0], (None,))[0]
            if isinstance(found, Variable):
                found.trainable = found.trainable or key == "trainable_variables"
                members.append(found)
            elif described is None:
                members.append(data)
        if members:
            importer.graph.collections.setdefault(key, []).extend(members)


# ---------------------------------------------------------------------- what a saver keeps

def saved_variables(importer: Importer, nodes: Mapping[str, Parsed]) -> dict[str, Variable]:
    """The variables that the saving part of a graph keeps, by their names in checkpoints. UnimplementedError: parts of a partitioned one."""
    found: dict[str, Variable] = {}
    for key, ref in _saved(nodes, importer.library):
        value = importer.main.values.get(ref.name, (None,))[0]
        if isinstance(value, Variable):
            found[key] = value
    return found


def _saved(nodes: Mapping[str, Parsed], library: Mapping[str, FunctionDef]) -> Iterator[tuple[str, Ref]]:
    for n in nodes.values():
        if n.op in _SAVES and len(n.inputs) >= 3:
            yield from _tensors(n, nodes, lambda ref: _source(ref, nodes))
        for name in called(n.proto):
            function = library.get(name)
            if function is None or not any(m.op in _SAVES for m in function.node_def):
                continue
            arguments = {a.name: ref for a, ref in zip(function.signature.input_arg, n.inputs, strict=False)}
            own = parsed(function.node_def, arguments)
            for m in own.values():
                if m.op in _SAVES and len(m.inputs) >= 3:
                    yield from _tensors(m, own, lambda ref, own=own, arguments=arguments: _source(
                        arguments.get(_source(ref, own).name, _source(ref, own)), nodes))


def _tensors(n: Parsed, nodes: Mapping[str, Parsed], source: Any) -> Iterator[tuple[str, Ref]]:
    keys, slices = (_texts(nodes.get(r.name)) for r in n.inputs[1:3])
    for key, part, ref in zip(keys, slices, n.inputs[3:], strict=False):
        if part:
            raise UnimplementedError(f"the saver keeps a part, {part!r:.60}, of {key!r:.80}: graphc's savers keep variables whole{here()}")
        yield key, source(ref)


def _source(ref: Ref, nodes: Mapping[str, Parsed]) -> Ref:
    """What a tensor is the value of: what passes it on is followed to where it comes from."""
    for _ in range(len(nodes)):
        n = nodes.get(ref.name)
        if n is None or n.op not in _PASSING or not n.inputs:
            break
        ref = n.inputs[0]
    return ref


def _texts(n: Parsed | None) -> list[str]:
    if n is None or n.op != "Const" or "value" not in n.proto.attr:
        return []
    value = attribute(n.proto.attr["value"])
    return [t.decode("utf-8", "replace") for t in value.flat] if isinstance(value, np.ndarray) and value.dtype.hasobject else []


# ---------------------------------------------------------------------- models

def read_model(folder: str, tags: frozenset[str]) -> MetaGraphDef:
    """The graph of these tags of a model that TensorFlow saved. NotFoundError: there is none. SerializationError: it is damaged."""
    model = SavedModel.FromString(read_message(os.path.join(folder, MODEL)))
    for meta in model.meta_graphs:
        if frozenset(meta.meta_info_def.tags) == tags:
            return meta
    every = [list(m.meta_info_def.tags) for m in model.meta_graphs]
    raise NotFoundError(f"{folder!r:.200} has no graph of the tags {sorted(tags)}; it has {every}{here()}")


def assets_of(meta: MetaGraphDef) -> list[AssetFileDef]:
    """The files of a model, and the tensors that take their paths: TensorFlow 1 has them in a collection."""
    told = meta.collection_def[_ASSETS].any_list.value if _ASSETS in meta.collection_def else ()
    return [*meta.asset_file_def, *(AssetFileDef.FromString(each.value) for each in told)]


def main_operation(importer: Importer, meta: MetaGraphDef) -> Any:
    """What is to be run when a model is loaded, as its tables are filled; None: nothing."""
    names = [name for key in _INIT if key in meta.collection_def for name in meta.collection_def[key].node_list.value]
    if INIT_SIGNATURE in meta.signature_def:
        names += [info.name.partition(":")[0] for info in meta.signature_def[INIT_SIGNATURE].outputs.values()]
    kept = [name for name in names if name.partition(":")[0] in importer.main.nodes]
    try:
        return importer.graph.as_graph_element(importer.prefix + kept[0]) if kept else None
    except GraphcError:
        return None


__all__ = ["INIT_SIGNATURE", "MODEL", "add_collections", "assets_of", "initialisers", "main_operation", "read_message", "read_model",
           "saved_variables"]
