"""What tools see of an operator: its signature, and a docstring whose facts (dtypes, gradient, errors) come from the declaration."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from ..errors import GraphcError
from .binding import SPELLINGS
from .elements import check_kinds
from .types import NUMBERS, TEXT, Array, TensorType, dtype_name

_DTYPES = tuple(d.dtype for d in NUMBERS)
# Sets of kinds (numpy's letters) that have a word.
_WORDS = {"b": "bool", "iu": "int", "f": "float", "fiu": "int or float", "bfiu": "bool, int or float", "biu": "bool or int", "bf": "bool or float",
          "c": "complex", "cf": "float or complex", "cfiu": "int, float or complex", "bcfiu": "bool, int, float or complex"}
# Attributes that say the result's dtype.
_RESULT_DTYPE = ("dtype", "out_type", "output_type")


class Lazy:
    """An attribute that each instance works out when asked; the class itself shows `own`, or has no such attribute.

    A docstring or a signature costs a few microseconds, and an import makes two hundred operators.
    """

    def __init__(self, make: Callable[[Any], Any], own: str | None = None):
        self._make = make
        self._own = own

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is not None:
            return self._make(instance)
        if self._own is None:
            raise AttributeError("an attribute of instances")
        return self._own


def signature(op: Any) -> Signature:
    """Operands, attributes and the node's name in the order in which a call takes them, with the declared defaults."""
    declared = inspect.signature(op.reference).parameters
    parameters: list[Parameter] = []
    for word in op.order:
        old = declared.get(word, _NAME)
        default = old.default
        if default is Parameter.empty and parameters and parameters[-1].default is not Parameter.empty:
            default = None
        parameters.append(Parameter(word, Parameter.POSITIONAL_OR_KEYWORD, default=default))
    return Signature(parameters)


_NAME = Parameter("name", Parameter.POSITIONAL_OR_KEYWORD, default=None)


# ---------------------------------------------------------------------- what a declaration says, in words

def document(op: Any) -> str:
    """What the reference's docstring says, with the facts of the declaration before its example: dtypes, gradient, errors."""
    text = inspect.cleandoc(op.reference.__doc__ or "")
    says, mark, example = text.partition("\n\n>>> ")
    return "\n\n".join([says, "\n".join(_facts(op)), *([">>> " + example] if mark else [])])


def _facts(op: Any) -> list[str]:
    errors = [("DTypeError, operands of other dtypes", bool(op.params)),
              ("ShapeError, operands whose shapes do not fit", len(op.params) > 1 or op.variadic),
              ("ShapeError, an axis that is not there", "axis" in op.attrs),
              ("ArgumentError, arguments that it does not take", True), ("GraphError, operands of two graphs", True),
              (f"InvalidArgumentError, in a run, unless {op.check.translate(_BARE)}", bool(op.check))]
    older = [f"{', '.join(old for old, new in SPELLINGS.items() if new == word)} ({word})" for word in op.attrs if word in SPELLINGS.values()]
    return [*_dtype_facts(op), f"Gradient rule: {'none' if op.grad is None else 'yes'}.",
            f"Raises: {'; '.join(text for text, holds in errors if holds)}.",
            *([f"Older spellings: {'; '.join(older)}."] if older else [])]


_BARE = str.maketrans("", "", "{}")


def _dtype_facts(op: Any) -> list[str]:
    """`Operands: x, y: int or float; shapes broadcast. Result: bool.`, found by asking the type rule with each dtype."""
    free = [p for p in op.params if p not in op.fixed]
    found = {d: r for d in _DTYPES if (r := _result(op, d)) is not None}
    if not found or not op.params:
        return []
    taken = [f"{', '.join(free)}: {'a list, each ' if op.variadic else ''}{_word(found)}"] if free else []
    taken += [f"{p}: {dtype_name(np.dtype(d))}" for p, d in op.fixed.items()]
    if op.family.broadcasts and len(op.params) > 1:
        taken.append("shapes broadcast")
    return [f"Operands: {'; '.join(taken)}. Result: {_given(op, found, len(free))}."]


def _given(op: Any, found: dict[np.dtype[Any], np.dtype[Any]], operands: int) -> str:
    asked = [word for word in op.attrs if word in _RESULT_DTYPE]
    if asked:
        return f"`{asked[0]}`"
    results = sorted(set(found.values()), key=(*_DTYPES, TEXT).index)
    if len(results) == 1:
        return dtype_name(results[0])
    if all(d == r for d, r in found.items()):
        return "the same dtype" if operands == 1 and not op.variadic else "their common dtype"
    return "; ".join(f"{_word([d for d in found if found[d] == r])} -> {dtype_name(r)}" for r in results)


def _word(dtypes: Iterable[np.dtype[Any]]) -> str:
    """The dtypes by a word for their kinds where they are all of those, by their names otherwise."""
    dtypes = [*dtypes]
    kinds = {d.kind for d in dtypes}
    if len(dtypes) == len([d for d in _DTYPES if d.kind in kinds]):
        word = _WORDS.get("".join(sorted(kinds)))
        if word is not None:
            return word
    return ", ".join(dtype_name(d) for d in dtypes)


def _result(op: Any, dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """The dtype of the (first) result when every free operand has `dtype`; None if the operator does not take it, or is not tried on any."""
    made = result_types(op, dtype)
    first = made if isinstance(made, TensorType) or not made else made[0]
    return first.dtype if first else None


def result_types(op: Any, dtype: np.dtype[Any]) -> Any:
    """What the type rule gives for operands of one dtype: a type, a tuple of them for several results, None if it refuses them."""
    if not (op.samples or op.family.broadcasts):
        return None
    specs, attrs = op.samples[0] if op.samples else ((), {})
    if op.family.broadcasts:
        specs = [(2, 3)] * len(op.params)
    operands = [_operand(op, i, spec, dtype) for i, spec in enumerate(specs)]
    types = [TensorType(x.dtype, x.shape) for x in operands]
    try:
        kept = {**op.attrs, **attrs}
        if op.prepare is not None:
            kept = op.prepare(types, **kept)
        check_kinds(op, [t.dtype for t in types])
        return op.infer(types, [x if i in op.by_value else None for i, x in enumerate(operands)] if op.by_value else (), **kept)
    except GraphcError:
        return None


def _operand(op: Any, i: int, spec: Any, dtype: np.dtype[Any]) -> Array:
    fixed = op.fixed.get(op.params[i]) if i < len(op.params) else None
    if isinstance(spec, tuple):
        return np.ones(spec, fixed or dtype)
    array = np.asarray(spec)
    return array.astype(dtype) if array.dtype.kind == "f" and fixed is None else array
