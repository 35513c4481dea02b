"""Objects of Keras as plain data, a class's name and its arguments, and back: models, layers, and what programs register by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ..errors import GraphError
from ..ir.node import here
from .named import configured
from .named import get_custom_objects as registered

# Arguments that later versions of Keras write, with the values by which they mean nothing.
_LATER = {"groups": 1, "synchronized": False, "keepdims": False, "ragged": False, "sparse": False, "use_cudnn": True, "cudnn_ok": True}


def described(layer: Any) -> dict[str, Any]:
    """A layer as data: the name of its class, and the arguments that make it anew."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def class_of(name: str, custom_objects: Any = None) -> Any:
    """The class of a layer, or of a model, by its name. GraphError: there is none."""
    given = {**registered(), **(custom_objects or {})}
    if name in given:
        return given[name]
    name = "Model" if name == "Functional" else name
    for path in ("models", "layers", "engine.input_layer", "experimental"):
        found = getattr(import_module(f".{path}", __package__), name, None)
        if isinstance(found, type):
            return found
    raise GraphError(f"unknown layer: {name!r:.60}; what a program defines is given by custom_objects={{{name!r:.40}: its class}}{here()}")


def layer_of(data: Any, custom_objects: Any = None) -> Any:
    """The layer that data describe, with new variables. GraphError: its class is not known."""
    if not isinstance(data, Mapping) or not isinstance(data.get("class_name"), str) or "config" not in data:
        raise GraphError(f"{data!r:.80} does not describe a layer: it has no class_name and config{here()}")
    kind, config = class_of(data["class_name"], custom_objects), data["config"]
    if isinstance(config, Mapping):
        config = {k: v for k, v in config.items() if k not in _LATER or v != _LATER[k]}
    if custom_objects:
        from .utils.objects import CustomObjectScope
        with CustomObjectScope(custom_objects):
            return _made(kind, config, custom_objects)
    return _made(kind, config, custom_objects)


def _made(kind: Any, config: Any, custom_objects: Any) -> Any:
    takes = getattr(kind.from_config, "__code__", getattr(getattr(kind.from_config, "__func__", None), "__code__", None))
    if takes is not None and "custom_objects" in takes.co_varnames[:takes.co_argcount]:
        return kind.from_config(config, custom_objects=custom_objects)
    return configured(kind, config)


def plain(value: Any) -> Any:
    """A value of a configuration as JSON has it."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, type):
        return value.__name__
    if hasattr(value, "as_list"):
        return value.as_list()
    if hasattr(value, "name"):
        return value.name
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if callable(value):
        return value.__name__
    raise GraphError(f"{value!r:.60} cannot be written as JSON: a layer's get_config gives plain data{here()}")
