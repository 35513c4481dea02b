"""A model of tensors as plain data: its layers, and which outputs of which calls each of their calls took; and back."""

from __future__ import annotations

from typing import Any

from ...errors import GraphError
from ...ir.node import Node, here
from ...nest import flatten, is_nested
from .. import serial
from . import history
from .graph_of_layers import Place
from .input_layer import InputLayer
from .network import Network


def describe_model(model: Any) -> dict[str, Any]:
    """The configuration of a model. GraphError: it is a subclass, which its code describes."""
    if model._map is None:
        raise GraphError(f"the model {model.name} is a subclass, described by its code alone: save_weights keeps its weights{here()}")
    numbers: dict[Place, int] = {}
    for layer in model._map.layers:
        calls = sorted(p.number for p in model._map.places if p.layer is layer)
        numbers.update({Place(layer, index): i for i, index in enumerate(calls, _first(layer))})

    def key(x: Node) -> list[Any]:
        made = _place(model, x)
        return [made[0].name, numbers[Place(made[0], made[1])], made[2]]

    layers = []
    for layer in model._map.layers:
        calls = [] if isinstance(layer, InputLayer) else [
            _call(p.call, key) for p in sorted((p for p in numbers if p.layer is layer), key=lambda p: p.number)]
        layers.append({"name": layer.name, **serial.described(layer), "inbound_nodes": calls})
    return {"name": model.name, "layers": layers, "input_layers": [key(x) for x in model.inputs], "output_layers": [key(x) for x in model.outputs]}


def _first(layer: Any) -> int:
    """The number of a layer's first call: a model's own inputs and outputs are call 0 of it, as Keras counts."""
    return int(isinstance(layer, Network))


def _place(model: Any, x: Node) -> tuple[Any, int, int]:
    made = history.origin(x)
    if x in model.inputs and (made is None or not isinstance(made.layer, InputLayer)):
        layer = next(la for la in model._map.layers if isinstance(la, InputLayer) and la.output is x)
        return layer, 0, 0
    assert made is not None
    return made


def _call(call: history.Call, key: Any) -> Any:
    """What a call took: a list of the places of its inputs, or of a dict's a dict of them; the first has the call's arguments with it."""
    options = {k: _swapped(v, key) for k, v in call.kwargs.items() if v is not None}
    if call.args:
        options["*"] = [_swapped(a, key) for a in call.args]
    taken = [[*key(x), options if i == 0 else {}] for i, x in enumerate(flatten(call.inputs))]
    return dict(zip(sorted(call.inputs), taken, strict=True)) if isinstance(call.inputs, dict) else taken


def _swapped(value: Any, key: Any) -> Any:
    """A value of a call's arguments as data, a tensor as what names it."""
    if isinstance(value, Node):
        return {"tensor": key(value)}
    if is_nested(value) and any(isinstance(x, Node) for x in flatten(value)):
        return [_swapped(v, key) for v in value]
    return value


def model_of(cls: Any, config: dict[str, Any], custom_objects: Any, given_layers: Any = None) -> Any:
    """The model that a configuration describes, with new variables but for `given_layers`, by name. GraphError: a call takes what no call makes."""
    layers: dict[str, Any] = {}
    made: dict[tuple[str, int, int], Node] = {}
    waiting: list[tuple[Any, int, Any]] = []
    for data in config["layers"]:
        name = data.get("name", data["config"].get("name"))
        layer = layers[name] = (given_layers or {}).get(name) or serial.layer_of(data, custom_objects)
        if not data["inbound_nodes"] and layer._calls:
            made[name, 0, 0] = layer.output
        waiting += [(layer, i, call) for i, call in enumerate(data["inbound_nodes"], _first(layer))]
    while waiting:
        later = []
        for layer, number, call in waiting:
            each = list(call.values()) if isinstance(call, dict) else call
            places = [tuple(place[:3]) for place in each]
            options = next((dict(place[3]) for place in each if len(place) > 3 and place[3]), {})
            named = [tuple(v["tensor"]) for v in flatten_tensors(options)]
            if any(p not in made for p in (*places, *named)) or number > _first(layer) and (layer.name, number - 1, 0) not in made:
                later.append((layer, number, call))
                continue
            taken = [made[p] for p in places]
            given: Any = dict(zip(call, taken, strict=True)) if isinstance(call, dict) else taken[0] if len(taken) == 1 else taken
            args = [_back(a, made) for a in options.pop("*", [])]
            outputs = layer(given, *args, **{k: _back(v, made) for k, v in options.items()})
            made.update({(layer.name, number, i): x for i, x in enumerate(flatten(outputs))})
        if len(later) == len(waiting):
            raise GraphError(f"the configuration of {config.get('name')!r:.60}: the layer {later[0][0].name} takes what no layer makes{here()}")
        waiting = later
    ins, outs = ([made[tuple(k[:3])] for k in _many(config[word])] for word in ("input_layers", "output_layers"))
    return cls(inputs=ins[0] if len(ins) == 1 else ins, outputs=outs[0] if len(outs) == 1 else outs, name=config.get("name"))


def _many(keys: Any) -> Any:
    return [keys] if keys and isinstance(keys[0], str) else keys


def flatten_tensors(options: dict[str, Any]) -> list[Any]:
    """What names tensors among a call's arguments."""
    found, stack = [], list(options.values())
    while stack:
        value = stack.pop()
        if isinstance(value, dict) and "tensor" in value:
            found.append(value)
        elif isinstance(value, list):
            stack += value
    return found


def _back(value: Any, made: Any) -> Any:
    if isinstance(value, dict) and "tensor" in value:
        return made[tuple(value["tensor"])]
    if isinstance(value, list) and flatten_tensors({"": value}):
        return [_back(v, made) for v in value]
    return value
