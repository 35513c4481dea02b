"""A call of an operator taken apart: operands, attributes and the node's name, by position, by keyword, or by TensorFlow's older spelling."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from .node import Node, here
from .operands import many

# TensorFlow's older spellings of keywords; an operator that has the newer word takes the older too.
SPELLINGS = {"keep_dims": "keepdims", "reduction_indices": "axis", "dimension": "axis", "squeeze_dims": "axis", "dim": "axis"}


def bound(op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str | None) -> tuple[list[Any], dict[str, Any], str | None]:
    """Operands, attributes and the node's name from a call's arguments. ArgumentError: too many, missing, unknown, or one given twice."""
    order = op.order
    if len(args) > len(order):
        raise ArgumentError(f"{op.name} takes at most {len(order)} arguments ({', '.join(order)}), {len(args)} given{here()}")
    given: dict[str, Any] = dict(zip(order, args, strict=False))
    for key, value in kwargs.items():
        word = key if key in order else SPELLINGS.get(key, key)
        if word not in order:
            raise ArgumentError(f"{op.name} has no argument {key!r}; it takes {', '.join(order)}{here()}")
        if word != key and value is None:
            continue
        if word in given:
            raise ArgumentError(f"{op.name}: {word!r} is given twice{here()}")
        given[word] = value
    if "name" in given:
        if name is not None:
            raise ArgumentError(f"{op.name}: 'name' is given twice{here()}")
        name = given.pop("name")
    missing = [p for p in op.params if p not in given]
    if missing:
        raise ArgumentError(f"{op.name} needs {', '.join(missing)}{here()}")
    operands = [given.pop(p) for p in op.params]
    if op.variadic:
        operands = many(op.name, operands[0]) if not isinstance(operands[0], Node) else [operands[0]]
    return operands, {**op.attrs, **given}, name
