"""Names of a program's own classes and functions, which hold inside a `with` block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..named import custom_objects


class CustomObjectScope:
    """Names of a program's own classes and functions, dicts of them, which configurations may use inside a `with` block.

    >>> with tf.keras.utils.CustomObjectScope({"twice": lambda x: 2 * x}):
    ...     print(tf.keras.activations.get("twice")(2))
    4
    """

    def __init__(self, *args: Mapping[str, Any]):
        self._given = args

    def __enter__(self) -> CustomObjectScope:
        self._held = custom_objects(*self._given)
        self._held.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._held.__exit__(None, None, None)


def custom_object_scope(*args: Mapping[str, Any]) -> CustomObjectScope:
    """The same as `CustomObjectScope`."""
    return CustomObjectScope(*args)
