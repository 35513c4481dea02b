"""Calls with arguments that a public function or class does not have: errors that name it, the argument and the user's line."""

from __future__ import annotations

import contextlib
import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from ..errors import ArgumentError, GraphcError
from .node import here


def hold(names: dict[str, Any], wanted: Iterable[str], methods: tuple[type, ...] = ()) -> None:
    """Let the functions and classes among the `wanted` names of a namespace, and the methods of `methods`, name wrong arguments."""
    for name in wanted:
        value = names.get(name)
        if isinstance(value, FunctionType):
            names[name] = naming(value)
        elif isinstance(value, type) and not issubclass(value, (BaseException, tuple)):
            _hold_class(value, ["__init__"])
    for kind in methods:
        _hold_class(kind, [n for n in vars(kind) if not n.startswith("_")])


def _hold_class(kind: type, names: Iterable[str]) -> None:
    for name in names:
        own = vars(kind).get(name)
        if isinstance(own, FunctionType):
            setattr(kind, name, naming(own))


@functools.cache
def naming(function: FunctionType) -> FunctionType:
    """The function, which raises ArgumentError, and where, for a call that Python refuses."""
    if getattr(function, "names_arguments", False):
        return function
    refused, own = _refused, GraphcError            # not global names: the wrapper has those of the function, as doctest wants

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as e:
            if isinstance(e, own):
                raise
            refused(function, args, kwargs, e)
            raise
    wrapper = FunctionType(call.__code__, function.__globals__, function.__name__, None, call.__closure__)
    functools.update_wrapper(wrapper, function)
    wrapper.__defaults__, wrapper.__kwdefaults__ = function.__defaults__, function.__kwdefaults__        # for those who look
    wrapper.names_arguments = True  # type: ignore[attr-defined]
    return wrapper


def _takes(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call gives each argument once, and none that there is not."""
    try:
        signature.bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def _refused(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], error: TypeError) -> None:
    """ArgumentError if it is the call itself that failed, and nothing within it."""
    at = error.__traceback__.tb_next if error.__traceback__ is not None else None
    wrappers, inner = [], function
    while hasattr(inner, "__wrapped__"):
        wrappers.append(getattr(inner, "__code__", None))
        inner = inner.__wrapped__
    # What enters a scope, or wraps the function, passes the call on to it.
    while at is not None and (at.tb_frame.f_code.co_filename == contextlib.__file__ or at.tb_frame.f_code in wrappers):
        at = at.tb_next
    signature = inspect.signature(function)
    if at is not None or _takes(signature, args, kwargs):
        return
    name = function.__qualname__.removesuffix(".__init__")
    taken = [p for p in signature.parameters.values() if p.name != "self"]
    words = [p.name for p in taken if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    any_word = any(p.kind is p.VAR_KEYWORD for p in taken)
    given = len(args) - ("self" in signature.parameters)
    missing = [p.name for i, p in enumerate(taken) if p.default is p.empty and p.name in words and p.name not in kwargs and i >= given]
    # Of what takes any word, one that may be meant for what is missing.
    unknown = next((k for k in kwargs if k not in words and (not any_word or difflib.get_close_matches(k, missing, 1))), None)
    takes = f"it takes {', '.join(words)}" if words else "it takes none"
    if unknown is not None:
        close = difflib.get_close_matches(unknown, words, 1)
        why = f"{name} has no argument {unknown!r}{f' (is it {close[0]}?)' if close else ''}; {takes}"
    elif missing:
        why = f"{name} needs {', '.join(missing)}"
    else:
        why = f"{name} takes at most {len(words)} arguments ({', '.join(words)}), {given + len(kwargs)} given"
        twice = next((w for i, w in enumerate(words) if i < given and w in kwargs), None)
        why = why if twice is None else f"{name}: {twice!r} is given twice"
    raise ArgumentError(f"{why}{here()}") from None
