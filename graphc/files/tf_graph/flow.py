"""Which nodes of a graph are built together: each by itself, or all of a branch or a loop that TensorFlow took apart into single operators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .nodes import Parsed


class Singles:
    """The nodes of a graph without branches and loops of single operators: each is built by itself."""

    def __init__(self, importer: Any, env: Any, names: Iterable[str]):
        self.importer, self.env = importer, env
        self.roots = list(names)

    def needs(self, name: str) -> list[str]:
        env, n = self.env, self._node(name)
        return [x for x in self.importer.needs(env, n) if x in env.nodes and x not in env.values]

    def build(self, name: str) -> None:
        self.importer.build(self.env, self._node(name))

    def said(self, name: str) -> str:
        return repr(name)[:80]

    def _node(self, name: str) -> Parsed:
        node: Parsed = self.env.nodes[name]
        return node


def regions(importer: Any, env: Any, names: Iterable[str]) -> Any:
    """What is built together, and what that needs."""
    return Singles(importer, env, names)
