"""What Keras takes by name or by configuration: families of functions and classes, a program's own among them, and how each is written down."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..errors import GraphError
from ..ir.node import here

_OWN: dict[str, Any] = {}           # what a program has named beside what is here


def get_custom_objects() -> dict[str, Any]:
    """The names that a program has given its own functions and classes, which `deserialize` and `get` know beside those that are here.

    >>> tf.keras.utils.get_custom_objects()
    {}
    """
    return _OWN


def scope_name(name: str) -> str:
    """The scope of what a loss or a metric of that name is made of: `lambda` for `<lambda>`, as TensorFlow names it, with _ for what no scope has."""
    return re.sub(r"[^A-Za-z0-9_.\\/>-]", "_", name.strip("<>")).lstrip("_") or "function"


@contextmanager
def custom_objects(*names: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Names that hold within: the machine of `CustomObjectScope`."""
    before = dict(_OWN)
    for more in names:
        _OWN.update(more)
    try:
        yield _OWN
    finally:
        _OWN.clear()
        _OWN.update(before)


def serialize_keras_object(instance: Any) -> Any:
    """An object as its name, or as `{"class_name": ..., "config": ...}`, of which `deserialize_keras_object` makes it again; None of None.

    GraphError: it has neither a configuration nor a name.

    >>> tf.keras.utils.serialize_keras_object(tf.keras.losses.mean_squared_error)
    'mean_squared_error'
    """
    if instance is None or isinstance(instance, str):
        return instance
    if hasattr(instance, "get_config"):
        return {"class_name": type(instance).__name__, "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return instance.__name__
    raise GraphError(f"{instance!r:.60} cannot be written down: it has no get_config and no name{here()}")


def deserialize_keras_object(identifier: Any, module_objects: Mapping[str, Any] | None = None, custom_objects: Mapping[str, Any] | None = None,
                             printable_module_name: str = "object") -> Any:
    """The object that a name or `{"class_name": ..., "config": ...}` stands for.

    A class is made: by its `from_config` of a configuration, without arguments of a name alone. GraphError: nothing of that name is known.

    >>> tf.keras.utils.deserialize_keras_object("relu", {"relu": tf.nn.relu}) is tf.nn.relu
    True
    """
    known = {**(module_objects or {}), **_OWN, **(custom_objects or {})}
    if isinstance(identifier, Mapping):
        if "class_name" not in identifier or "config" not in identifier:
            raise GraphError(f"a {printable_module_name} is written as its class_name and config, not as {dict(identifier)!r:.80}{here()}")
        found = _found(identifier["class_name"], known, printable_module_name)
        config = identifier["config"]
        if not isinstance(config, Mapping):
            raise GraphError(f"the config of a {printable_module_name} is of names, not {config!r:.60}{here()}")
        if not hasattr(found, "from_config"):
            return found(**config)
        if custom_objects and "custom_objects" in inspect.signature(found.from_config).parameters:
            return found.from_config(config, custom_objects={**_OWN, **custom_objects})
        return configured(found, config)
    if isinstance(identifier, str):
        found = _found(identifier, known, printable_module_name)
        return found() if isinstance(found, type) else found
    if callable(identifier):
        return identifier
    raise GraphError(f"{identifier!r:.60} is no {printable_module_name}{here()}")


def configured(kind: Any, config: Any) -> Any:
    """What a class makes of a configuration. GraphError: it is not one of that class."""
    try:
        return kind.from_config(config)
    except TypeError as e:
        raise GraphError(f"{getattr(kind, '__name__', kind)} is not made from {config!r:.80}: {e}{here()}") from e


def _found(name: Any, known: Mapping[str, Any], what: str) -> Any:
    if name not in known:
        raise GraphError(f"{name!r:.60} is no {what}; there are {', '.join(sorted(known))[:300]}{here()}")
    return known[name]


class Family:
    """The functions and classes of one kind, and the `get`, `serialize` and `deserialize` of their namespace.

    `members`: what gives them by name; `none`: what `get(None)` gives.
    """

    def __init__(self, what: str, members: Callable[[], Mapping[str, Any]], none: Any = None):
        self.what, self.members, self.none = what, members, none

    def get(self, identifier: Any) -> Any:
        """What a name, a configuration or the thing itself stands for."""
        if identifier is None:
            return self.none
        if isinstance(identifier, (str, Mapping)) or not callable(identifier):
            return self.deserialize(identifier)
        return identifier() if isinstance(identifier, type) else identifier

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """What a name or a configuration stands for."""
        return deserialize_keras_object(config, self.members(), custom_objects, self.what)
