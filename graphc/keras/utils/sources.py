"""Where a tensor that layers made comes from: the inputs that it needs."""

from __future__ import annotations

from typing import Any

from ...errors import GraphError
from ...ir.node import Node, here
from ..engine import history
from ..engine.input_layer import InputLayer


def get_source_inputs(tensor: Any, layer: Any = None, node_index: int | None = None) -> list[Node]:
    """The inputs of models that a tensor needs, each once, as they are met; of a tensor of no layer itself.

    `layer`, `node_index`: the call to begin with, by default the one that made the tensor. GraphError: no tensor.

    >>> x = tf.keras.Input((2,))
    >>> tf.keras.utils.get_source_inputs(tf.keras.layers.Dense(1)(x)) == [x]
    True
    """
    if not isinstance(tensor, Node):
        raise GraphError(f"get_source_inputs: {tensor!r:.60} is no tensor{here()}")
    waiting: list[Node] = [tensor]
    if layer is not None:
        waiting = list(layer._calls[node_index or 0].taken()) or [tensor]
    found: dict[Node, None] = {}
    seen: set[Node] = set()
    while waiting:
        x = waiting.pop(0)
        if x in seen:
            continue
        seen.add(x)
        made = history.origin(x)
        if made is None or isinstance(made.layer, InputLayer):
            found[x] = None
        else:
            waiting[:0] = made.layer._calls[made.call].taken()
    return list(found)
