"""`tf.keras.models`: models, and how they are read from data and from files."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..errors import GraphError
from ..ir.node import here
from ..nest import flatten
from ..tf1_names import namespace as _namespace
from . import serial
from .engine import history
from .engine.input_layer import InputLayer
from .engine.model import Model
from .engine.sequential import Sequential
from .model_files import load_model, save_model

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_config", "model_from_json", "save_model"]


def model_from_json(json_string: str, custom_objects: Any = None) -> Any:
    """The model that `to_json` described, with new variables. GraphError: the text describes none, or names what is not known.

    >>> model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,), name="only")])
    >>> tf.keras.models.model_from_json(model.to_json()).layers[0].name
    'only'
    """
    try:
        config = json.loads(json_string)
    except ValueError:
        raise GraphError(f"model_from_json: {json_string!r:.60} is no JSON{here()}") from None
    return model_from_config(config, custom_objects)


def model_from_config(config: Any, custom_objects: Any = None) -> Any:
    """The model that a class's name and arguments describe. GraphError: they describe none."""
    return serial.layer_of(config, custom_objects)


def clone_model(model: Any, input_tensors: Any = None, clone_function: Callable[[Any], Any] | None = None) -> Any:
    """A model of the same layers, made anew with their own variables; `input_tensors`: what it begins with instead of new inputs.

    `clone_function`: makes each layer. GraphError: a subclass, or inputs of another number.
    """
    make = clone_function or (lambda layer: type(layer).from_config(layer.get_config()))
    if isinstance(model, Sequential):
        made = Sequential(name=model.name)
        if input_tensors is not None:
            made.add(InputLayer(input_tensor=input_tensors[0] if isinstance(input_tensors, (list, tuple)) else input_tensors))
        for layer in model._added:
            if not (isinstance(layer, InputLayer) and input_tensors is not None):
                made.add(InputLayer.from_config(layer.get_config()) if isinstance(layer, InputLayer) else make(layer))
        return made
    if clone_function is None and input_tensors is None:
        return type(model).from_config(model.get_config())
    config = model.get_config()
    held = {layer.name: make(layer) for layer in model.layers if not isinstance(layer, InputLayer)} if clone_function is not None else {}
    if input_tensors is not None:
        given = flatten(input_tensors)
        if len(given) != len(model.inputs):
            raise GraphError(f"clone_model: the model {model.name} takes {len(model.inputs)} inputs, not {len(given)}{here()}")
        held |= {name: _input_of(x, name) for name, x in zip((key[0] for key in config["input_layers"]), given, strict=True)}
    from .engine.described import model_of
    return model_of(type(model), config, None, held)


def _input_of(x: Any, name: str) -> Any:
    """The layer by which a model begins with a tensor: the one that it has, or a new one."""
    made = history.origin(x)
    return made.layer if made is not None and isinstance(made.layer, InputLayer) else InputLayer(input_tensor=x, name=name)


_namespace(globals())
