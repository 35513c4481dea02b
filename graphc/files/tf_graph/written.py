"""TensorFlow's message of a graph of graphc's, or of what some of its nodes need: every operation in it is one of TensorFlow's, or none leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...ir.node import Node
from .leaving import Leaving
from .messages import GraphDef
from .own import OWN
from .parts import PARTS

__all__ = ["theirs"]


def last_of(nodes: Sequence[Node]) -> list[Node]:
    """The nodes that no other takes, but for those within what an operation of TensorFlow's stands for."""
    used = {x for n in nodes for x in (*n.inputs, *n.control_inputs)}
    standing = {r for n in nodes if n.standing is not None for r in n.standing.results}
    inside = tuple({f"{r.label if not r.label.endswith(f'/{r.standing.op}') else r.label.rpartition('/')[0]}/" for r in standing if r.standing})
    return [n for n in nodes if n not in used and (n in standing or not n.label.startswith(inside))]


def theirs(nodes: Sequence[Node], fetches: Iterable[Node] | None = None) -> GraphDef:
    """TensorFlow's graph of nodes, or of what some of them need. UnimplementedError: what TensorFlow has no operators for, all of it."""
    return Leaving(nodes, OWN, PARTS).written(last_of(nodes) if fetches is None else fetches)
