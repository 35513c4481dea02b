"""A layer made of layers: by the tensors between them (functional), one after the other, or as a subclass says in its `call`."""

from __future__ import annotations

from typing import Any

from ...errors import GraphError
from ...ir.node import Node, here
from ...ir.types import TensorShape
from ...nest import flatten, is_nested, map_structure, pack_sequence_as
from ..backend import state
from . import history
from .graph_of_layers import Mapped, mapped, of_inputs
from .input_layer import InputLayer
from .layer import Layer, arguments_of


class Network(Layer):
    """What all models are as layers: `Network(inputs, outputs)` of tensors, or a subclass with a `call`."""

    inputs: Any = None
    outputs: Any = None
    _map: Mapped | None = None
    _listed = False         # of a model whose layers are a list, even before it is called

    def __init__(self, *args: Any, **kwargs: Any):
        inputs, outputs, name, trainable, dtype = _arguments(args, kwargs, type(self).__name__)
        super().__init__(trainable, name, dtype)
        if outputs is not None:
            self._connect(inputs, outputs)

    def _connect(self, inputs: Any, outputs: Any) -> None:
        """Be the layers between the tensors. GraphError: they are none, or an input is missing."""
        for x in flatten([inputs, outputs]):
            if not isinstance(x, Node):
                raise GraphError(f"{self._name}: inputs and outputs of a model are tensors, not {x!r:.60}{here()}")
        self._nested_inputs, self._nested_outputs = inputs, outputs
        self.inputs, self.outputs = flatten(inputs), flatten(outputs)
        self.graph = self.outputs[0].graph
        self._map = mapped(self.inputs, self.outputs)
        names = [layer.name for layer in self._map.layers]
        for name in names:
            if names.count(name) > 1:
                raise GraphError(f"the name {name!r:.60} is used {names.count(name)} times in the model {self._name}: "
                                 f"all layer names should be unique{here()}")
        self.built = True
        self._calls = [history.Call(inputs, (), {}, outputs)]

    @property
    def functional(self) -> bool:
        """Whether the model is known by tensors, and can be described by its layers."""
        return self._map is not None

    # ------------------------------------------------------------------ layers

    def _inner(self) -> list[Any]:
        return list(self._map.layers) if self._map is not None else [
            x for x in super()._inner() if isinstance(x, Layer)]

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        """What a checkpoint keeps of the model: layers that follow each other by their numbers, those with variables by two."""
        numbered = self.layers if self.functional or self._listed else []
        found: list[tuple[str, Any]] = []
        weighted = 0
        for i, layer in enumerate(numbered):
            if layer.weights:
                found.append((f"layer_with_weights-{weighted}", layer))
                weighted += 1
            found.append((f"layer-{i}", layer))
        return [*found, *super()._checkpoint_dependencies]

    @property
    def layers(self) -> list[Any]:
        """The layers, those near the inputs first."""
        return self._inner()

    def layers_with_inputs(self) -> list[Any]:
        """The layers, with those of the inputs where they are known."""
        return list(self._map.layers) if self._map is not None else self.layers

    def connections(self) -> list[tuple[Any, Any]]:
        """Pairs of layers, one of which takes what the other makes: of a model that only its code describes those in a row."""
        if self._map is None:
            held = self.layers
            return list(zip(held, held[1:], strict=False))
        pairs = [(history.origin(x), place.layer) for place in self._map.places
                 if not isinstance(place.layer, InputLayer) for x in place.call.taken()]
        return list(dict.fromkeys((made.layer, layer) for made, layer in pairs if made is not None))

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer of a name, or at a place of `layers`. GraphError: there is none."""
        held = self.layers
        if index is not None:
            if not -len(held) <= index < len(held):
                raise GraphError(f"{self._name}: was asked to retrieve layer at index {index} but model only has {len(held)} layers{here()}")
            return held[index]
        for layer in held:
            if layer.name == name:
                return layer
        raise GraphError(f"{self._name}: no such layer: {name!r:.60}; there are {', '.join(layer.name for layer in held)}{here()}")

    @property
    def weights(self) -> list[Any]:
        """The variables, layer after layer."""
        inner = [v for layer in self._inner() for v in layer.weights]
        return list(dict.fromkeys([*inner, *self._weights]))

    @property
    def input_names(self) -> list[str]:
        """The names of the layers of its inputs."""
        return [self._input_name(i, x) for i, x in enumerate(self.inputs or ())]

    def _input_name(self, i: int, x: Node) -> str:
        made = history.origin(x)
        if made is not None and isinstance(made.layer, InputLayer):
            return str(made.layer.name)
        return f"input_{i + 1}"

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that make its outputs, numbered where one makes several."""
        found: list[str] = []
        for i, x in enumerate(self.outputs or ()):
            made = history.origin(x)
            name = base = f"output_{i + 1}" if made is None or made.layer is self else made.layer.name
            count = 1
            while name in found:
                name, count = f"{base}_{count}", count + 1
            found.append(name)
        return found

    # ------------------------------------------------------------------ as a layer

    @property
    def input(self) -> Any:
        """The inputs: a tensor, or nested as they were given. GraphError: a model that was not called."""
        return self._nested_inputs if self.inputs is not None else super().input

    @property
    def output(self) -> Any:
        """The outputs: a tensor, or nested as they were given. GraphError: a model that was not called."""
        return self._nested_outputs if self.outputs is not None else super().output

    def _only_call(self) -> history.Call:
        return self._calls[0] if self.inputs is not None and self._calls else super()._only_call()

    def build(self, input_shape: Any) -> None:
        """Make the variables, for inputs of that shape: the model is called with placeholders. GraphError: it has no `call`."""
        if self.inputs is None:
            self.connect_to(input_shape)
        self.built = True

    def _make(self, given: Any) -> None:
        if type(self).build is not Network.build:
            super()._make(given)
        self.built = True

    def connect_to(self, batch_shapes: Any, dtypes: Any = None) -> None:
        """Call the model with placeholders of those shapes, which become its inputs, and what it gives its outputs."""
        shapes = flatten_shapes(batch_shapes)
        # Data of a dict come by its keys, which name the inputs.
        names = list(batch_shapes) if isinstance(batch_shapes, dict) else [None] * len(shapes)
        kinds = [state.floatx()] * len(shapes) if dtypes is None else [*dtypes.values()] if isinstance(dtypes, dict) else flatten(dtypes)
        made = [InputLayer(batch_input_shape=TensorShape(s).as_list(), dtype=k, name=name).output
                for s, k, name in zip(shapes, kinds, names, strict=True)]
        given = made[0] if len(made) == 1 and not _many(batch_shapes) else _packed(batch_shapes, made)
        self.set_inputs(given)

    def set_inputs(self, given: Any) -> None:
        """Take tensors for its inputs, and what the model gives of them for its outputs."""
        outputs = self(given)
        self._nested_inputs, self._nested_outputs = given, outputs
        self.inputs, self.outputs = flatten(given), flatten(outputs)
        self.graph = self.outputs[0].graph

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """What the layers give for other inputs."""
        if self._map is None:
            raise GraphError(f"the model {self._name} is neither made of tensors nor has it a call of its own{here()}")
        given = flatten(inputs) if not isinstance(inputs, dict) else [inputs[name] for name in self.input_names]
        if len(given) != len(self.inputs):
            raise GraphError(f"the model {self._name} takes {len(self.inputs)} inputs, not {len(given)}{here()}")
        made: dict[Any, Any] = dict(zip(self.inputs, given, strict=True))
        if mask is not None:
            history.keep_masks(given, mask if isinstance(mask, (list, tuple)) else [mask])

        def swapped(given: Any) -> Any:
            return map_structure(lambda x: made.get(x, x) if isinstance(x, Node) else x, given)
        for place in self._map.places:
            call = place.call
            if isinstance(place.layer, InputLayer):
                continue
            args = [swapped(x) for x in call.args]
            options = {k: swapped(v) for k, v in call.kwargs.items()}
            if training is not None and "training" in arguments_of(type(place.layer).call):
                options.setdefault("training", training)
            outputs = place.layer(swapped(call.inputs), *args, **options)
            made.update(zip(flatten(call.outputs), flatten(outputs), strict=True))
        results = [made.get(x, x) for x in self.outputs]
        return pack_sequence_as(self._nested_outputs, results)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for inputs of those shapes, as the layers tell them."""
        if self._map is None:
            return super().compute_output_shape(input_shape)
        known: dict[Any, Any] = {x: TensorShape(s) for x, s in zip(self.inputs, flatten_shapes(input_shape), strict=True)}
        for place in self._map.places:
            if isinstance(place.layer, InputLayer):
                continue
            taken = place.call.inputs
            given = [known.get(x, x.shape) for x in taken] if isinstance(taken, (list, tuple)) else known.get(taken, taken.shape)
            found = place.layer.compute_output_shape(given)
            outputs = flatten(place.call.outputs)
            known.update(zip(outputs, [found] if len(outputs) == 1 else found, strict=True))
        results = [known[x] for x in self.outputs]
        return results if is_nested(self._nested_outputs) else results[0]

    @property
    def stateful(self) -> bool:  # type: ignore[override]
        """Whether a layer keeps a state from batch to batch."""
        return any(layer.stateful for layer in self.layers)

    def reset_states(self) -> None:
        """Forget the states that layers keep from batch to batch."""
        for layer in self.layers:
            if getattr(layer, "stateful", False) and hasattr(layer, "reset_states"):
                layer.reset_states()

    # ------------------------------------------------------------------ what goes with training

    def _of_inputs(self, found: list[Any]) -> list[Any]:
        """Those of losses or updates that depend on the model's inputs, or on no input at all."""
        return of_inputs(found, self.inputs) if self.inputs is not None else found

    @property
    def losses(self) -> list[Node]:
        """Losses beside that of the data: of regularizers, and what layers and the model added, for its own inputs."""
        return list(self._of_inputs(list(dict.fromkeys(super().losses))))

    @property
    def updates(self) -> list[Any]:
        """Operations that go with training, for its own inputs; none of layers that are not trained."""
        return self._of_inputs(super().updates) if self.trainable or self.stateful else []

    @property
    def state_updates(self) -> list[Any]:
        """The operations by which stateful layers keep their states, for its own inputs, which go with every run."""
        return self._of_inputs(super().state_updates)


def _arguments(args: tuple[Any, ...], kwargs: dict[str, Any], what: str) -> tuple[Any, Any, str | None, bool, Any]:
    """inputs, outputs, name, trainable, dtype, of how a model is made. GraphError: others."""
    words = ("inputs", "outputs", "name", "trainable", "dtype", "dynamic")
    renamed = {{"input": "inputs", "output": "outputs"}.get(k, k): v for k, v in kwargs.items()}
    unknown = [k for k in renamed if k not in words]
    if unknown or len(args) > 3:
        raise GraphError(f"{what} has no argument {unknown[0] if unknown else args[3]!r:.60}{here()}")
    given = {**dict(zip(words, args, strict=False)), **renamed}
    if (given.get("inputs") is None) != (given.get("outputs") is None):
        raise GraphError(f"{what}: a model of tensors has inputs and outputs{here()}")
    return given.get("inputs"), given.get("outputs"), given.get("name"), given.get("trainable", True), given.get("dtype")


def _many(shapes: Any) -> bool:
    """Whether these are the shapes of several tensors."""
    return isinstance(shapes, dict) or isinstance(shapes, list) and any(isinstance(s, (list, tuple, TensorShape)) for s in shapes)


def flatten_shapes(shapes: Any) -> list[Any]:
    """The shapes of several tensors, or of one, as a list of them."""
    return [*shapes.values()] if isinstance(shapes, dict) else list(shapes) if _many(shapes) else [shapes]


def _packed(shapes: Any, made: list[Any]) -> Any:
    return dict(zip(shapes, made, strict=True)) if isinstance(shapes, dict) else made
