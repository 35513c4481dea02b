"""Models of layers one after the other."""

from __future__ import annotations

from typing import Any

from ...errors import GraphError
from ...ir.node import Node, here
from ...nest import flatten
from .. import serial
from ..backend import state
from . import history
from .input_layer import Input, InputLayer
from .layer import Layer
from .model import Model
from .network import Network

__all__ = ["Sequential"]


class Sequential(Model):
    """A model of layers one after the other: `Sequential([layer, ...])`, or layers that `add` adds.

    Its first layer says what the inputs are by `input_shape`, or is an `InputLayer` or a model; otherwise the first data say it. GraphError:
    something that is no layer, or a layer of several outputs.

    >>> model = tf.keras.Sequential([tf.keras.layers.Dense(3, input_shape=(2,)), tf.keras.layers.Dense(1)])
    >>> model.output_shape, model.count_params()
    ((None, 1), 13)
    """

    _listed = True

    def __init__(self, layers: Any = None, name: str | None = None):
        super().__init__(name=name)
        self._added: list[Any] = []
        for layer in layers if isinstance(layers, (list, tuple)) else [] if layers is None else [layers]:
            self.add(layer)

    @property
    def layers(self) -> list[Any]:
        """The layers, without that of the inputs."""
        return [layer for layer in self._added if not isinstance(layer, InputLayer)]

    def _inner(self) -> list[Any]:
        return self.layers

    def add(self, layer: Any) -> None:
        """Put a layer behind the others. GraphError: it is none, or there is one of that name."""
        made = history.origin(layer) if isinstance(layer, Node) else None
        layer = made.layer if made is not None else layer
        if not isinstance(layer, Layer):
            raise GraphError(f"{self._name}: the added layer must be an instance of class Layer, not {layer!r:.60}{here()}")
        if any(layer.name == held.name for held in self._added):
            raise GraphError(f"{self._name}: all layers added to a Sequential model should have unique names; {layer.name!r:.60} is one "
                             f"already{here()}")
        if not self._added:
            self._begin(layer)
        elif self.outputs is not None:
            self.outputs = [self._one(layer(self.outputs[0]))]
        self._added.append(layer)
        self._connected()

    def _begin(self, layer: Any) -> None:
        """Take the inputs from the first layer, if it says what they are."""
        if isinstance(layer, InputLayer):
            self.inputs, self.outputs = [layer.output], [layer.output]
            return
        shape = _first_shape(layer)
        if shape is not None:
            x = Input(batch_shape=shape, dtype=_first_dtype(layer), name=f"{layer.name}_input")
            self.inputs, self.outputs = [x], [self._one(layer(x))]

    def _one(self, outputs: Any) -> Node:
        found = flatten(outputs)
        if len(found) != 1:
            raise GraphError(f"{self._name}: all layers in a Sequential model have a single output tensor, not {len(found)}; "
                             f"Model(inputs, outputs) takes others{here()}")
        made: Node = found[0]
        return made

    def _connected(self) -> None:
        """Be the layers between the inputs and the outputs that there are now."""
        if self.outputs is not None and self.layers:
            self._connect(self.inputs[0], self.outputs[0])

    def pop(self) -> None:
        """Take the last layer away. GraphError: there is none."""
        if not self.layers:
            raise GraphError(f"{self._name}: there are no layers in the model{here()}")
        self._added.pop()
        if self.outputs is None:
            return
        if not self.layers:
            self.inputs = self.outputs = self._map = None
            return
        self.outputs = [flatten(self._added[-1]._calls[-1].outputs)[0]]
        self._connected()

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """What the layers give, one after the other, for other inputs."""
        if self._map is not None:
            return super().call(inputs, training, mask)
        x = inputs
        for layer in self.layers:
            x = layer(x, **({"training": training} if training is not None else {}))
        return x

    def predict_classes(self, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
        """The class of each example: the place of the greatest output, or of one output whether it is above 1/2."""
        found = self.predict(x, batch_size=batch_size, verbose=verbose)
        return found.argmax(axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")

    def predict_proba(self, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
        """The same as `predict`."""
        return self.predict(x, batch_size=batch_size, verbose=verbose)

    def get_config(self) -> dict[str, Any]:
        """The layers, as plain data."""
        config: dict[str, Any] = {"name": self.name, "layers": [serial.described(layer) for layer in self._added]}
        if self._map is None and self.inputs is not None:
            given = self._nested_inputs
            if isinstance(given, dict):
                config["build_input_shape"] = {name: tuple(x.shape.as_list()) for name, x in given.items()}
                config["build_input_dtype"] = {name: x.dtype.name for name, x in given.items()}
            else:
                config["build_input_shape"] = tuple(self.inputs[0].shape.as_list())
        return config

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
        """The model that a configuration of `get_config` describes, with new variables."""
        given = config if isinstance(config, dict) else {"layers": config}
        model, shape = cls(name=given.get("name")), given.get("build_input_shape")
        for each in given["layers"]:
            model.add(serial.layer_of(each, custom_objects))
        if model.inputs is None and shape is not None:
            if isinstance(shape, dict):
                model.connect_to(shape, given["build_input_dtype"])
            else:
                model.build(tuple(shape))
        return model


def _first_shape(layer: Any) -> Any:
    """The shape of a layer's inputs with the batch: as it says, or the first layer in it; None if none does."""
    while True:
        if isinstance(layer, Network) and layer.inputs is not None:
            return tuple(layer.inputs[0].shape.as_list())
        shape = getattr(layer, "_batch_input_shape", None)
        if shape is not None:
            return shape
        inner = layer.layers if isinstance(layer, Network) else []
        if not inner:
            return None
        layer = inner[0]


def _first_dtype(layer: Any) -> Any:
    if isinstance(layer, Network) and layer.inputs is not None:
        return layer.inputs[0].dtype
    return layer.dtype or state.floatx()
