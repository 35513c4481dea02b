"""One graph taking over what another has, or nothing of it: nodes under their names behind a scope, collections, names of variables, the seed."""

from __future__ import annotations

from typing import Any

from ..errors import FinalizedError, GraphError
from .node import describe, here


def absorbed(graph: Any, other: Any, scope: str) -> None:
    """Add to a graph all that another has, which is empty afterwards. FinalizedError, GraphError: as `Graph.absorb` says; nothing is changed."""
    prefix = f"{scope}/" if scope else ""
    if graph.finalized:
        raise FinalizedError(f"{len(other.nodes)} nodes cannot be added: the graph is finalized{here()}")
    taken = next((n for n in other.nodes if prefix + n.label in graph._labels), None)
    if taken is not None:
        raise GraphError(f"{prefix + taken.label!r} is read, and the graph has {describe(graph._labels[prefix + taken.label])} already; "
                         f"a scope, or a graph of its own, keeps them apart{here()}")
    for node in other.nodes:
        node.graph, node.label = graph, prefix + node.label
        graph._register(node)
    graph.reserve_names(node.label for node in other.nodes)
    for name, members in other.collections.items():
        graph.collections.setdefault(name, []).extend(members)
    for key, value in other.variable_store.items():
        if isinstance(key, str):
            graph.variable_store[prefix + key] = value
        else:                               # how often scopes were entered, by name
            graph.variable_store.setdefault(key, {}).update({prefix + name: count for name, count in value.items()})
    graph.seed = other.seed if graph.seed is None else graph.seed
    other.__init__()
