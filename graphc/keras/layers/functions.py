"""Functions as settings of a layer: how they are called, and how Keras writes them down, by name or by their code."""

from __future__ import annotations

import codecs
import inspect
import marshal
import types
from collections.abc import Mapping
from typing import Any

from ...errors import SerializationError
from ...ir.node import here
from ..named import get_custom_objects

_here: dict[str, Any] = {}          # the functions without names that were written down in this process, by their code


def called(function: Any, inputs: Any, arguments: Mapping[str, Any], **offered: Any) -> Any:
    """function(inputs, **arguments), with what is offered besides, where it takes that by name and it is not None."""
    try:
        takes = inspect.signature(function).parameters
    except (TypeError, ValueError):
        takes = types.MappingProxyType({})
    return function(inputs, **arguments, **{k: v for k, v in offered.items() if k in takes and v is not None and k not in arguments})


def written(name: str, function: Any) -> dict[str, Any]:
    """A setting that may be a function, as Keras has it in a configuration: a lambda by its code, other functions by name."""
    if isinstance(function, types.LambdaType) and function.__name__ == "<lambda>":
        code: str = codecs.encode(marshal.dumps(function.__code__), "base64").decode("ascii")
        cells = tuple(c.cell_contents for c in function.__closure__) if function.__closure__ else None
        _here[code] = function
        return {name: (code, function.__defaults__, cells), f"{name}_type": "lambda", "module": function.__module__}
    if callable(function):
        return {name: function.__name__, f"{name}_type": "function", "module": function.__module__}
    return {name: function} if name == "output_shape" and function is None else {name: function, f"{name}_type": "raw"}


def read(name: str, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A configuration in which a setting that was written down is what it was. SerializationError: a function that is not known."""
    kind, value = config.pop(f"{name}_type", "raw"), config.get(name)
    config.pop("module", None) if name == "output_shape" or "output_shape_type" not in config else None
    if kind == "function":
        known = {**get_custom_objects(), **(custom_objects or {})}
        if value not in known:
            raise SerializationError(f"the function {value!r:.60} is not among custom_objects{here()}")
        return {**config, name: known[value]}
    if kind == "lambda" and isinstance(value, (list, tuple)):
        if value[0] not in _here:
            raise SerializationError(f"the function of a Lambda layer is written as code of Python, which a file could hold anything in, and is not "
                                     f"run; give the layer a named function, and that as one of custom_objects{here()}")
        return {**config, name: _here[value[0]]}
    return {**config, name: value}
