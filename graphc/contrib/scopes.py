"""Scopes of arguments: what `arg_scope` gives to the calls of functions inside it, unless they say otherwise."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from ..errors import ArgumentError
from ..ir.node import here

F = TypeVar("F", bound=Callable[..., Any])
Scope = dict[str, dict[str, Any]]


class _Stack(threading.local):
    """The scopes of this thread, the innermost last."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = [{}]


_stack = _Stack()


def _key(function: Any) -> str | None:
    """The name under which scopes have a function; None for one that takes no scopes."""
    return getattr(function, "arg_scope_key", None)


def add_arg_scope(func: F) -> F:
    """The function, which takes arguments from the scopes around its calls.

    >>> @tf.contrib.framework.add_arg_scope
    ... def scaled(x, by=1):
    ...     return x * by
    >>> with tf.contrib.framework.arg_scope([scaled], by=10):
    ...     print(scaled(2), scaled(2, by=3))
    20 6
    """
    key = f"{getattr(func, '__module__', '')}.{getattr(func, '__qualname__', repr(func))}"

    @functools.wraps(func)
    def scoped(*args: Any, **kwargs: Any) -> Any:
        given = _stack.scopes[-1].get(key)
        return func(*args, **({**given, **kwargs} if given else kwargs))
    scoped.arg_scope_key = key  # type: ignore[attr-defined]
    return scoped  # type: ignore[return-value]


def has_arg_scope(func: Any) -> bool:
    """Whether a function takes arguments from scopes."""
    return _key(func) is not None


def current_arg_scope() -> Scope:
    """The arguments that hold here, by function."""
    return _stack.scopes[-1]


def arg_scoped_arguments(func: Any) -> tuple[str, ...]:
    """The names of a function's arguments that have defaults."""
    import inspect
    return tuple(p.name for p in inspect.signature(func).parameters.values() if p.default is not p.empty)


@contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[Scope]:
    """Give arguments to all calls of some functions inside a `with` block, unless these say otherwise; a scope that was kept is entered again.

    ArgumentError: a function that takes no scopes, arguments beside a scope, or no list.
    """
    if isinstance(list_ops_or_scope, dict):
        if kwargs:
            raise ArgumentError(f"arg_scope: a scope is entered again as it is, without {', '.join(kwargs)}{here()}")
        now = {key: dict(given) for key, given in list_ops_or_scope.items()}
    else:
        now = _extended(list_ops_or_scope, kwargs)
    _stack.scopes.append(now)
    try:
        yield now
    finally:
        _stack.scopes.pop()


def _extended(functions: Sequence[Any], kwargs: dict[str, Any]) -> Scope:
    if not isinstance(functions, (list, tuple)):
        raise ArgumentError(f"arg_scope takes a list of functions, or a scope, not {functions!r:.60}{here()}")
    now = {key: dict(given) for key, given in _stack.scopes[-1].items()}
    for function in functions:
        key = _key(function)
        if key is None:
            raise ArgumentError(f"arg_scope: {getattr(function, '__name__', function)!r:.60} takes no scopes; add_arg_scope makes it do so{here()}")
        now[key] = {**now.get(key, {}), **kwargs}
    return now
