"""Which graph the functions of a tensor build in: nothing that a pass builds may be added to the graph of the program."""

from __future__ import annotations

from .graph import Graph, get_default_graph
from .node import Node


def home(x: Node) -> Graph:
    """The graph of `x`, or, while a pass builds, the pass's."""
    graph = get_default_graph()
    return x.graph if graph.__class__ is Graph else graph
