"""What a graph knows of the layers in it: which call of which layer made a tensor, masks, how often a name was given, the learning phase."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ...ir.graph import Graph, get_default_graph
from ...ir.node import Node
from ...nest import flatten


class Origin(NamedTuple):
    """Where a tensor comes from: the layer, which of its calls, which of that call's results."""

    layer: Any
    call: int
    result: int


class Call:
    """One call of a layer: what it was given and what it gave, nested as they were, and the arguments beside the inputs."""

    __slots__ = ("inputs", "args", "kwargs", "outputs")

    def __init__(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any):
        self.inputs, self.args, self.kwargs, self.outputs = inputs, args, kwargs, outputs

    def taken(self) -> list[Node]:
        """The tensors that it took, those among the arguments too."""
        return [x for x in flatten([self.inputs, list(self.args), self.kwargs]) if isinstance(x, Node)]


class Layered:
    """What one graph knows of its layers."""

    def __init__(self) -> None:
        self.made: dict[Node, Origin] = {}
        self.masks: dict[Node, Any] = {}
        self.measured: dict[Node, Any] = {}         # the metric whose value a tensor is
        self.counts: dict[str, int] = {}            # how many layers have each name
        self.phase: Any = None                      # the learning phase: 0 or 1 if set, else the tensor once it is asked for
        self.session: Any = None                    # in which its models run where no other is the default one


def layered(graph: Graph | None = None) -> Layered:
    """What the graph, by default the default one, knows of its layers."""
    graph = graph if graph is not None else get_default_graph()
    if graph.layered is None:
        graph.layered = Layered()
    found: Layered = graph.layered
    return found


def origin(x: Any) -> Origin | None:
    """The call that made a tensor; None for what no layer made."""
    return layered(x.graph).made.get(x) if isinstance(x, Node) else None


def metric_of(x: Any) -> Any:
    """The metric whose value after a batch a tensor is; None of any other."""
    return layered(x.graph).measured.get(x) if isinstance(x, Node) else None


def mask_of(x: Any) -> Any:
    """The mask of a tensor, bool[batch, steps], which its layer made; None for none. Of a list a list."""
    if isinstance(x, (list, tuple)):
        return [mask_of(each) for each in x]
    return layered(x.graph).masks.get(x) if isinstance(x, Node) else None


def keep_masks(outputs: Any, masks: Any) -> None:
    """Note the masks, one for each of the outputs."""
    flat = flatten(outputs)
    given: Iterable[Any] = masks if isinstance(masks, (list, tuple)) else [masks] * len(flat)
    for x, mask in zip(flat, given, strict=False):
        if isinstance(x, Node) and mask is not None:
            layered(x.graph).masks[x] = mask


def numbered(base: str) -> str:
    """A name for a layer: `base`, then `base_1`, `base_2`, ... in the same graph."""
    counts = layered().counts
    count = counts[base] = counts.get(base, -1) + 1
    return f"{base}_{count}" if count else base


def uid(prefix: str) -> int:
    """How often the prefix was asked for in the default graph: 1, 2, 3, ..."""
    counts = layered().counts
    counts[prefix] = counts.get(prefix, -1) + 1
    return counts[prefix] + 1
