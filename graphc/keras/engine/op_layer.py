"""An operator of TensorFlow's between layers, as a layer: so models may hold what programs write beside layers."""

from __future__ import annotations

from typing import Any

from ...errors import GraphError
from ...ir.node import Node, here
from . import history
from .layer import Layer


class TensorFlowOpLayer(Layer):
    """One operator with its attributes and with those operands that come from no layer."""

    def __init__(self, node: Node, taken: list[Node]):
        super().__init__(name=f"tf_op_layer_{node.op.name}".replace("/", "_"), trainable=False)
        self._node, self._places = node, [i for i, x in enumerate(node.inputs) if x in taken]
        self.built = True
        given: Any = [node.inputs[i] for i in self._places]
        self._calls.append(history.Call(given if len(given) != 1 else given[0], (), {}, node))
        history.layered(node.graph).made[node] = history.Origin(self, 0, 0)

    def _inner(self) -> list[Any]:
        return []

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The operator, of other operands."""
        operands = list(self._node.inputs)
        for place, x in zip(self._places, inputs if isinstance(inputs, list) else [inputs], strict=True):
            operands[place] = x
        return self._node.operator.build(operands[0].graph, tuple(operands), dict(self._node.attrs))

    def get_config(self) -> dict[str, Any]:
        """GraphError: an operator has no configuration of its own; a Lambda layer, or a layer of the program's, has."""
        raise GraphError(f"the model holds the operator {self._node.op.name}, which no layer stands for: put it into a Lambda layer, "
                         f"or keep the weights alone by save_weights{here()}")
