"""What a graph has of the program's own, which no file holds: queues, datasets and functions of Python, kept for graphs of the same process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ir.graph import Graph
from ..ir.node import Node
from ..ops.python_function import CALLERS, FUNCTION

Own = Mapping[str, Mapping[str, Any]]       # by the names of nodes and of attributes


def of_the_program(n: Node, strict: bool = True) -> str | None:
    """The attribute of a node that is the program's own; people (not `strict`) read the name of a function."""
    if n.operator.family.arrives or n.operator.family.departs:
        return "outside"
    return FUNCTION if strict and n.operator.name in CALLERS else None


def own_objects(graph: Graph) -> Own:
    """The program's own objects of all nodes that have one."""
    return {n.label: {key: n.attrs[key]} for n in graph.nodes if (key := of_the_program(n)) is not None and key in n.attrs}
