"""What the layers of `contrib` share: variables that are collected by name, and results that are activated and collected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.state import Variable
from ..variables import get_variable


def variable_of(name: str, shape: Sequence[int], dtype: Any, initializer: Any, regularizer: Any, trainable: bool, collections: Any) -> Variable:
    """A variable of a layer, in the collections of models too. `collections`: names, or a dict of them by the variable's name."""
    extra = collections.get(name, []) if isinstance(collections, dict) else collections or []
    names = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES, *([extra] if isinstance(extra, str) else extra)]
    return get_variable(name, shape, dtype, initializer, regularizer, trainable, collections=names)


def ended(outputs: Node, activation: Any, collections: Any) -> Node:
    """The outputs, activated and collected."""
    outputs = outputs if activation is None else activation(outputs)
    if collections:
        graph = get_default_graph()
        named(outputs, graph.get_name_scope())
        graph.add_to_collections([collections] if isinstance(collections, str) else collections, outputs)
    return outputs


def named(tensor: Any, alias: str) -> None:
    """Give a tensor an alias, under which what collects results of layers finds it."""
    if not isinstance(tensor, Node):
        raise GraphError(f"{tensor!r:.60} is no tensor, to have an alias{here()}")
    tensor.graph.aliases.setdefault(tensor, []).append(alias.rstrip("/"))


def aliases(tensor: Any) -> list[str]:
    """The aliases of a tensor; without any the name of its operation."""
    return tensor.graph.aliases.get(tensor) or [tensor.op.name]


def floats(what: str, inputs: Any, rank: int) -> Node:
    x = to_node(inputs)
    if x.type.dtype.kind != "f":
        raise DTypeError(f"{what}: {describe(x)} is not of a floating dtype{here()}")
    if x.type.rank is None or x.type.rank < rank:
        raise ShapeError(f"{what}: {describe(x)} needs a known rank of {rank} or more{here()}")
    return x


def sizes_of(what: str, x: Node, first: int) -> list[int]:
    """The sizes from an axis on, for which variables are made."""
    dims = (x.type.shape or ())[first:]
    if None in dims:
        raise ShapeError(f"{what}: {describe(x)} has a size that is not known, for which its variables are made{here()}")
    return [int(d) for d in dims]
