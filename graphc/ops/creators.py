"""Which functions of a program make the variables of each graph, and the metaclass of `Variable`, which asks them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any
from weakref import WeakKeyDictionary

from ..ir.graph import Graph, get_default_graph

CREATORS: WeakKeyDictionary[Graph, list[Callable[..., Any]]] = WeakKeyDictionary()      # of each graph, the innermost scope's last


class Created(type):
    """A class whose objects are made by the functions of the scopes around, if there are any: the innermost is called first."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        creators = CREATORS.get(get_default_graph()) if CREATORS else None
        if not creators:
            return super().__call__(*args, **kwargs)
        make: Callable[..., Any] = super().__call__
        for creator in creators:
            make = partial(creator, make)
        given = signature(cls.__init__).bind(None, *args, **kwargs)  # type: ignore[misc]
        given.apply_defaults()
        return make(**{name: value for name, value in given.arguments.items() if name != "self"})
