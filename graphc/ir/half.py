"""Half precision: numbers are kept in two bytes, operators compute with them in float32, and their results are rounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .families import Memory
from .types import HALF, DType, TensorType

SINGLE = np.dtype(np.float32)


def widened(operator: Any, inputs: Sequence[Any], type: Any) -> bool:
    """Whether what a node computes is computed in float32: it takes or gives half precision, and is no node that moves it or hands it on."""
    halved = _halved(type)
    for x in inputs:            # a loop, for it is asked of each node of a graph
        halved = halved or _halved(x.type)
    return halved and _computes(operator)


def _halved(type: Any) -> bool:
    return type.dtype == HALF if type.__class__ is TensorType else any(map(_halved, type or ()))


def _computes(operator: Any) -> bool:
    family = operator.family
    moves = family.memory in (Memory.VIEW, Memory.PART, Memory.OUTSIDE) or family.gathers or family.joins or family.cuts or family.assigns \
        or family.orders or operator.drive is not None
    return not moves and operator.pure and not operator.effect and operator.name != "cast"


def in_single(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of the same operator in float32, where they name the dtype of a result."""
    return {k: SINGLE if isinstance(v, (np.dtype, DType)) and v == HALF else v for k, v in attrs.items()}
