"""Part of a graph over one more leading axis: what it computes for many values of some of its nodes, in one program.

Each node that depends on a batched one is rebuilt by the rule that its operator's family names, or its declaration
(`Operator.batch`). An operator without a rule is built once for every element of the batch, and the results are stacked; where their
number is not known while the graph is built, a loop over the batch runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..errors import ShapeError
from ..ir.graph import Scratch, get_default_graph
from ..ir.node import Node, caller, describe, here, loc_str, topological
from ..ir.types import TensorType
from ..ops.array import stack
from .batch import Batch, Size, Use, as_node
from .batch_rules import BATCHERS, size_of

# Rules with bodies, which `batch_bodies` fills in: of the operators that have some, and, as "any", a loop around any other.
CONTROL: dict[str, Callable[[Use], list[tuple[Node, bool]] | None]] = {}


def transcribe(fetches: Sequence[Node], scratch: Scratch, batched: Mapping[Node, Node] | None = None, size: Size = 1,
               plain: dict[Node, Node] | None = None) -> list[Node]:
    """The fetches, with what they need of `scratch`, in the default graph.

    Where they depend on nodes of `batched`, each of which has its replacement with a leading axis of that size, they have that axis
    too; with a nonempty `batched` all results have it. `plain`: replacements of other nodes; what is built for them joins it, for
    the next call. Linear in the number of nodes.
    """
    batch = Batch(size, dict(batched or {}), {} if plain is None else plain)
    graph = get_default_graph()
    for node in topological(fetches, stop=lambda n: n.graph is not scratch or n in batch.wide):
        if node in batch.wide or node.graph is not scratch:
            continue
        if any(x in batch.wide or x in batch.unrolled or x in batch.results for x in node.inputs):
            widen(batch, node)
        elif node not in batch.plain:
            inputs = tuple([batch.plain.get(x, x) for x in node.inputs])
            batch.plain[node] = node.operator.build(graph, inputs, node.attrs)
    if not batched:
        return [batch.plain.get(f, f) for f in fetches]
    return [batch.wide[f] if f in batch.wide else batch.spread(batch.plain.get(f, f)) for f in fetches]


def widen(batch: Batch, node: Node) -> None:
    """Build a node whose inputs are built, of which some are over the batch. ShapeError: it has no rule, and the batch is of no known size."""
    operator = node.operator
    if operator.name == "item" and node.inputs[0] in batch.unrolled:
        batch.wide[node] = _stacked(node, [operator.build(get_default_graph(), (part,), node.attrs) for part in batch.unrolled[node.inputs[0]]])
        return
    if operator.name == "item" and node.inputs[0] in batch.results:
        made, over = batch.results[node.inputs[0]][node.attrs["index"]]
        (batch.wide if over else batch.plain)[node] = made
        return
    wide = tuple([x in batch.wide for x in node.inputs])
    use = Use(batch, node, tuple([batch.wide[x] if x in batch.wide else batch.plain.get(x, x) for x in node.inputs]), wide)
    if (operator.batch or operator.family.batch) == "size":
        batch.plain[node] = size_of(use)
        return
    several = CONTROL[operator.name](use) if operator.name in CONTROL else None
    if several is not None:
        batch.results[node] = several
        return
    rule = BATCHERS.get(operator.batch or operator.family.batch)
    built = None if rule is None else rule(use)
    if built is not None:
        batch.wide[node] = built
    elif isinstance(batch.size, Node):
        found = CONTROL["any"](use)
        if found is None:
            raise ShapeError(f"{operator.name} has no rule for a batch, whose size must be known while the graph is built: "
                             f"{describe(node)}\n  at {loc_str(node.loc or caller())}")
        if isinstance(node.type, TensorType):
            batch.wide[node] = found[0][0]
        else:
            batch.results[node] = found
    elif isinstance(node.type, TensorType):
        batch.wide[node] = _stacked(node, _unrolled(use))
    else:
        batch.unrolled[node] = _unrolled(use)


def _stacked(node: Node, parts: Sequence[Node]) -> Node:
    """The node's values for the elements of the batch, of which there may be none."""
    if parts:
        return stack(parts)
    if not node.type.known:
        raise ShapeError(f"{node.operator.name} over a batch of no elements: the shape of {describe(node)} must be known{here()}")
    return as_node(np.zeros((0, *node.type.shape), node.type.dtype))


def _unrolled(use: Use) -> list[Node]:
    """The node once for each element of the batch."""
    count = use.batch.size
    assert isinstance(count, int)
    return [use.build([x[i] if w else x for x, w in zip(use.inputs, use.wide, strict=True)]) for i in range(count)]
