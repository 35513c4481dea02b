"""Graphs that take over the nodes of other graphs or of files: whole or not at all, under the names that these have there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import FinalizedError, GraphError
from .node import Node, describe, here


def absorb(own: Any, other: Any, scope: str) -> None:
    """`Graph.absorb`: all that another graph has, names behind a scope."""
    prefix = f"{scope}/" if scope else ""
    if own.finalized:
        raise FinalizedError(f"{len(other.nodes)} nodes cannot be added: the graph is finalized{here()}")
    for node in other.nodes:
        check_free(own, prefix + node.label)
    for node in other.nodes:
        node.graph, node.label = own, prefix + node.label
        own._register(node)
    own.reserve_names(node.label for node in other.nodes)
    own.results.update({prefix + label: nodes for label, nodes in other.results.items()})
    for name, members in other.collections.items():
        own.collections.setdefault(name, []).extend(members)
    for key, value in other.variable_store.items():
        if isinstance(key, str):
            own.variable_store[prefix + key] = value
        else:                               # how often scopes were entered, by name
            own.variable_store.setdefault(key, {}).update({prefix + name: count for name, count in value.items()})
    own.seed = other.seed if own.seed is None else own.seed
    other.__init__()


def check_free(graph: Any, label: str) -> None:
    """GraphError: the graph has a node of that name."""
    if label in graph._labels:
        raise GraphError(f"{label!r:.200} is read, and the graph has {describe(graph._labels[label])} already; "
                         f"a scope, or a graph of its own, keeps them apart{here()}")


def rename(node: Node, label: str) -> None:
    """Give a node that nobody has seen yet another name."""
    labels = node.graph._labels
    if labels.get(node.label) is node:
        del labels[node.label]
    node.label = label
    labels[label] = node


@contextmanager
def whole(graph: Any) -> Iterator[None]:
    """All that is added to the graph inside stays, or, if there is an error, nothing."""
    count = len(graph.nodes)
    kept = {name: getattr(graph, name).copy() for name in ("_labels", "_used", "_read", "results", "backward", "assigned")}
    collections = {name: members.copy() for name, members in graph.collections.items()}
    try:
        yield
    except BaseException:
        del graph.nodes[count:]
        vars(graph).update(kept)
        graph.collections.clear()
        graph.collections.update(collections)
        graph._digraph, graph._drawn = None, 0
        raise
