"""What an operation is to TensorFlow's messages: `NodeDef`, and the one operation of its that several nodes are, of which one stands for all."""

from __future__ import annotations

from typing import Any, NamedTuple


class NodeDef(NamedTuple):
    """What TensorFlow's message of that name has of an operation; control inputs begin with a ^."""

    name: str
    op: str
    input: list[str]
    attr: dict[str, Any]
    device: str = ""


class Standing(NamedTuple):
    """The operation of TensorFlow's that nodes stand for, being the last of those that compute it: type, results, and the call's arguments.

    It changes no result: nodes are compiled, differentiated and drawn as they are. Programs that walk a graph by `Operation`, and what is
    written for TensorFlow, find that operation, under the name of the first of its results.
    """

    op: str
    results: tuple[Any, ...]
    arguments: dict[str, Any]       # by name: tensors, lists of them, and data

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The tensors among the arguments."""
        return tuple(t for v in self.arguments.values() for t in (v if isinstance(v, tuple) else (v,)) if hasattr(t, "operator"))

    @property
    def attrs(self) -> dict[str, Any]:
        """The other arguments."""
        return {k: v for k, v in self.arguments.items() if not hasattr((*v, None)[0] if isinstance(v, tuple) else v, "operator")}
