"""Operators that only move elements or compare them, on texts: host steps that call the same references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..errors import DTypeError
from ..ir.families import FAMILIES
from ..ir.node import OPERATORS
from ..ir.operator import Infer, Operator, Values
from ..ir.types import TensorType, dtype_name
from ..ir.validate import validate
from . import array as array
from . import math as math

# By name; the reference of each does with an array of objects what it does with one of numbers.
MOVING = ("shape", "identity", "reshape", "expand_dims", "squeeze", "transpose", "broadcast_to", "reverse", "concat", "stack", "split", "unstack",
          "tile", "slice", "strided_slice", "gather", "gather_nd", "where", "equal", "not_equal", "add", "stop_gradient", "of_rank")


def _texts_alone(operator: Operator) -> Infer:
    """The type rule, for which all operands that have no dtype of their own are texts."""
    def infer(types: Sequence[TensorType], values: Values, **attrs: Any) -> Any:
        for name, t in zip(operator.param_names(len(types)), types, strict=True):
            if name not in operator.fixed and not t.dtype.hasobject:
                raise DTypeError(f"{name} is {dtype_name(t.dtype)}, and stands beside texts")
        return operator.infer(types, values, **attrs)
    return infer


def _twin(operator: Operator) -> Operator:
    """The operator as a host step that takes texts."""
    twin = replace(operator, name=f"{operator.name}_texts", family=FAMILIES["host"], infer=_texts_alone(operator), text=True, expr="", check="",
                   combine=None, loop=None, grad=None, view=None, lower=None, shape_math=False, commutative=False, batch="", samples=(),
                   label=operator.label)
    twin.order = operator.order
    validate(twin)
    return twin


def _declare(names: tuple[str, ...]) -> None:
    for name in names:
        operator: Any = OPERATORS[name]
        operator.of_texts = OPERATORS[f"{name}_texts"] = _twin(operator)


_declare(MOVING)
