"""TensorFlow's message of a whole graph of graphc's, with its collections and its saver, or, where it has no operators for it, graphc's own JSON."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from ...errors import UnimplementedError
from ...ir.graph import Graph
from ...ir.node import Node, Operation
from ...ops.state import Variable
from .messages import GraphDef, MetaGraphDef, SaverDef
from .model import add_saver, variable_list
from .written import theirs

__all__ = ["exported", "saver_def"]

# The collections whose variables TensorFlow makes again as such; in others they are tensors.
_OF_VARIABLES = frozenset({"variables", "trainable_variables", "local_variables", "model_variables", "moving_average_variables",
                           "metric_variables", "global_step"})
_MADE_BY = "1.15.0"             # the TensorFlow whose form the message has


def exported(graph: Graph, saved: Mapping[str, Any], options: Mapping[str, Any], collections: Collection[str] | None,
             own: Callable[[Graph], str] | None, given: GraphDef | None = None) -> MetaGraphDef:
    """The message of a graph. `saved`: the variables that its saver keeps, by their names in checkpoints; `options`: what else describes that.

    `collections`: the keys of those that are written, all by default; `own`: what makes the JSON that the message holds where TensorFlow has not
    all operators; `given`: the message of the nodes, where the program has it. UnimplementedError: there are such, and no `own`.
    """
    made = MetaGraphDef()
    made.meta_info_def.tensorflow_version = _MADE_BY
    made.meta_info_def.stripped_default_attrs = False
    try:
        made.graph_def.CopyFrom(given if given is not None else theirs(graph.nodes))
    except UnimplementedError:
        if own is None:
            raise
        made.put_own(own(graph))
        return made
    nodes = {n.name: n for n in made.graph_def.node}
    kept = {key: v for key, v in saved.items() if v.label in nodes}
    if kept:
        made.saver_def.CopyFrom(saver_def(options, *add_saver(made.graph_def, kept, set(nodes))))
    for key, members in graph.collections.items():
        if isinstance(key, str) and (collections is None or key in collections):
            _put(made, key, members, nodes)
    return made


def saver_def(options: Mapping[str, Any], filename: str = "save/Const:0", save: str = "save/control_dependency:0",
              restore: str = "save/restore_all") -> SaverDef:
    """What describes a saver: the operations that save and restore, how many checkpoints it keeps."""
    return SaverDef(filename_tensor_name=filename, save_tensor_name=save, restore_op_name=restore, max_to_keep=int(options["max_to_keep"]),
                    keep_checkpoint_every_n_hours=float(options["keep_checkpoint_every_n_hours"]), version=SaverDef.V2)


def _put(made: MetaGraphDef, key: str, members: Iterable[Any], nodes: Mapping[str, Any]) -> None:
    """Add a collection, as far as messages hold it: variables, tensors, operations, texts and numbers."""
    found: Sequence[Any] = [m for m in members if not isinstance(m, (Node, Operation)) or _name(m).partition(":")[0] in nodes]
    if found and key in _OF_VARIABLES and all(isinstance(m, Variable) for m in found):
        made.collection_def[key].CopyFrom(variable_list(found, nodes))
    elif found and all(isinstance(m, (Node, Operation)) for m in found):
        made.collection_def[key].node_list.value.extend(_name(m) for m in found)
    elif found and all(isinstance(m, (str, bytes)) for m in found):
        made.collection_def[key].bytes_list.value.extend(m.encode() if isinstance(m, str) else m for m in found)
    elif found and all(isinstance(m, numbers.Integral) for m in found):
        made.collection_def[key].int64_list.value.extend(map(int, found))
    elif found and all(isinstance(m, numbers.Real) for m in found):
        made.collection_def[key].float_list.value.extend(map(float, found))


def _name(member: Node | Operation) -> str:
    return member.name
