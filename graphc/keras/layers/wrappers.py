"""Layers around a layer: for every step of the inputs, or both ways along them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import GraphError
from ...ir.node import here
from ...ir.operator import to_node
from ...ir.types import TensorShape, as_shape
from ...nest import is_nested
from ...ops.array import concat, reshape, reverse
from ...ops.array import shape as shape_of
from ..engine.layer import Layer, arguments_of
from ..named import serialize_keras_object
from ..serial import layer_of
from .base import StatedLayer

__all__ = ["Bidirectional", "TimeDistributed", "Wrapper"]


class Wrapper(StatedLayer):
    """A layer around another: its variables are those of the layer. GraphError: what is no layer."""

    def __init__(self, layer: Any, **kwargs: Any):
        if not isinstance(layer, Layer):
            raise GraphError(f"{type(self).__name__}: {layer!r:.60} is no layer{here()}")
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Build the layer."""
        self._built_within(self.layer, input_shape)
        self.built = True

    def _built_within(self, layer: Any, input_shape: Any) -> None:
        """Build a layer in the scope of this one."""
        if not layer.built:
            layer.graph = self.graph
            layer._dtype = layer._dtype or self._dtype
            layer.build(input_shape)
            layer.built = True

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer anew."""
        return {**super(StatedLayer, self).get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The layer of those arguments."""
        given = dict(config)
        return cls(layer_of(given.pop("layer"), custom_objects), **given)


class TimeDistributed(Wrapper):
    """A layer for each step of the inputs by itself: [batch, steps, ...] -> [batch, steps, ...]. GraphError: what is no layer.

    >>> layer = tf.keras.layers.TimeDistributed(tf.keras.layers.Dense(3))
    >>> layer(tf.zeros([2, 5, 4])).shape
    TensorShape((2, 5, 3))
    """

    supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        """Build the layer for one step."""
        dims = as_shape(input_shape) or (None, None)
        super().build(TensorShape([dims[0], *dims[2:]]))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """What the layer makes of each step."""
        x = to_node(inputs)
        rank = self._rank(x, 3)
        sizes, dims = shape_of(x), as_shape(x.shape) or ()
        flat = reshape(x, [-1, *(sizes[i] if dims[i] is None else dims[i] for i in range(2, rank))])
        takes = arguments_of(type(self.layer).call)
        options = {"training": training} if "training" in takes and training is not None else {}
        if "mask" in takes and mask is not None:
            options["mask"] = reshape(mask, [-1, *(shape_of(mask)[i] for i in range(2, mask.type.rank))]) if mask.type.rank > 2 else None
        out = self.layer(flat, **options)
        made, known = shape_of(out), as_shape(out.shape) or ()
        wide = reshape(out, [sizes[0] if dims[0] is None else dims[0], sizes[1] if dims[1] is None else dims[1],
                             *(made[i] if known[i] is None else known[i] for i in range(1, len(known)))])
        wide.set_shape([dims[0], dims[1], *known[1:]])
        return wide

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Rows and steps, and the shape that the layer makes of a step."""
        dims = as_shape(input_shape) or (None, None)
        inner = as_shape(self.layer.compute_output_shape(TensorShape([dims[0], *dims[2:]]))) or ()
        return TensorShape([dims[0], dims[1], *inner[1:]])


_MODES = ("sum", "mul", "ave", "concat", None)


class Bidirectional(Wrapper):
    """A recurrent layer and its like that walks from the last step on; `merge_mode`: "concat", "sum", "mul", "ave", or None for a list of both.

    float[batch, steps, n] -> what the layer gives, merged; with its `return_state` a list of that and the states of both. `backward_layer`:
    another layer for the way back. GraphError: no recurrent layer, or another word.

    >>> layer = tf.keras.layers.Bidirectional(tf.keras.layers.GRU(3, return_sequences=True))
    >>> layer(tf.zeros([2, 5, 4])).shape
    TensorShape((2, 5, 6))
    """

    supports_masking = True

    def __init__(self, layer: Any, merge_mode: str | None = "concat", weights: Any = None, backward_layer: Any = None, **kwargs: Any):
        if merge_mode not in _MODES:
            raise GraphError(f"Bidirectional: merge_mode is one of {', '.join(map(repr, _MODES))}, not {merge_mode!r:.40}{here()}")
        if not hasattr(layer, "go_backwards"):
            raise GraphError(f"Bidirectional: {layer!r:.60} is no recurrent layer{here()}")
        super().__init__(layer, **kwargs)
        self.merge_mode = merge_mode
        config = layer.get_config()
        forth, back = ({**config, "name": f"{way}_{layer.name}"} for way in ("forward", "backward"))
        self.forward_layer = type(layer).from_config(forth)
        self.backward_layer = backward_layer or type(layer).from_config({**back, "go_backwards": not config["go_backwards"]})
        for made in (self.forward_layer, self.backward_layer):
            if hasattr(made, "zero_output_for_mask"):       # a step that is left out has nothing to merge
                made.zero_output_for_mask = made.return_sequences
        self._given_back = backward_layer is not None
        if self.forward_layer.go_backwards == self.backward_layer.go_backwards:
            raise GraphError(f"{self._name}: the layer and backward_layer walk the same way{here()}")
        self.return_sequences, self.return_state, self.stateful = layer.return_sequences, layer.return_state, layer.stateful
        self._initial = weights
        if "_batch_input_shape" in vars(layer) and "_batch_input_shape" not in vars(self):
            self._batch_input_shape = layer._batch_input_shape

    def _inner(self) -> list[Any]:
        return [self.forward_layer, self.backward_layer]

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        return [pair for pair in super()._checkpoint_dependencies if pair[0] != "layer"]        # which is never called

    def build(self, input_shape: Any = None) -> None:
        """Build both layers."""
        for layer in self._inner():
            with self.graph.name_scope(layer.name):
                self._built_within(layer, input_shape)
        if self._initial is not None:
            half = len(self._initial) // 2
            self.forward_layer.set_weights(self._initial[:half])
            self.backward_layer.set_weights(self._initial[half:])
        self.built = True

    def __call__(self, inputs: Any, initial_state: Any = None, **kwargs: Any) -> Any:
        if isinstance(inputs, (list, tuple)) and initial_state is None:
            initial_state, inputs = list(inputs[1:]) or None, inputs[0]
        if initial_state is not None:
            kwargs["initial_state"] = list(initial_state)
        return super().__call__(inputs, **kwargs)

    def call(self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None) -> Any:
        """What both layers give, merged."""
        options: list[dict[str, Any]] = [{}, {}]
        if initial_state is not None:
            half = len(initial_state) // 2
            options = [{"initial_state": initial_state[:half]}, {"initial_state": initial_state[half:]}]
        for given in options:
            given.update({k: v for k, v in (("mask", mask), ("training", training)) if v is not None})
        (forth, states), (back, more) = (self._parts(layer(inputs, **given)) for layer, given in zip(self._inner(), options, strict=True))
        if self.return_sequences:
            back = reverse(back, [0 if getattr(self.forward_layer, "time_major", False) else 1])
        merged = self._merged(forth, back)
        if not self.return_state:
            return merged
        return [*(merged if isinstance(merged, list) else [merged]), *states, *more]

    def _parts(self, given: Any) -> tuple[Any, list[Any]]:
        return (given[0], list(given[1:])) if isinstance(given, list) else (given, [])

    def _merged(self, forth: Any, back: Any) -> Any:
        if self.merge_mode is None:
            return [forth, back]
        return {"concat": lambda: concat([forth, back], -1), "sum": lambda: forth + back, "mul": lambda: forth * back,
                "ave": lambda: (forth + back) / 2.0}[self.merge_mode]()

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of what is merged, and with `return_state` of the states, in a list."""
        inner = self.forward_layer.compute_output_shape(input_shape)
        output, states = self._parts(inner)
        dims = list(as_shape(output) or ())
        if self.merge_mode == "concat":
            dims[-1] = None if dims[-1] is None else dims[-1] * 2
        made = [TensorShape(dims)] * (2 if self.merge_mode is None else 1)
        return [*made, *states, *states] if self.return_state else made if self.merge_mode is None else made[0]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the steps, where there are some."""
        own = mask if self.return_sequences and not is_nested(mask) else None
        count = 2 if self.merge_mode is None else 1
        states = len(self.forward_layer._sizes) * 2 if self.return_state else 0
        return [*[own] * count, *[None] * states] if count + states > 1 else own

    def reset_states(self) -> None:
        """Let the next batch begin with zeros, both ways."""
        for layer in self._inner():
            layer.reset_states()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer anew."""
        back = {"backward_layer": serialize_keras_object(self.backward_layer)} if self._given_back else {}
        return {**super().get_config(), "merge_mode": self.merge_mode, **back}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The layer of those arguments."""
        given = dict(config)
        layers = {k: layer_of(given.pop(k), custom_objects) for k in ("layer", "backward_layer") if k in given}
        return cls(**layers, **given)
