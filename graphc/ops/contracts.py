"""What operands must be to each other where only a run can tell: operators that give their first operand, and are gone once sizes are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError, ShapeError
from ..ir.node import Node, describe, here
from ..ir.operator import Values, declare
from ..ir.types import Shape, TensorType, compatible, merge, shape_str


def _same(x: Shape | None, like: Shape | None) -> bool:
    return compatible(x, like)


def _covered(weights: Shape | None, values: Shape | None) -> bool:
    """Whether weights are a scalar, or of the rank of the values and 1 or as large along each axis."""
    if weights is None or values is None or not weights:
        return True
    return len(weights) == len(values) and all(w is None or v is None or w == 1 or w == v for w, v in zip(weights, values, strict=True))


_RULES = {"same": (_same, "differ in shape, {x} and {like}"),
          "covered": (_covered, "the weights of shape {x} are neither a scalar nor of the shape {like} with 1 for some of its sizes")}


def _refusal(rule: str, x: Shape | None, like: Shape | None) -> str | None:
    """What is wrong with two shapes; None if nothing is, as far as they are known."""
    fits, text = _RULES[rule]
    return None if fits(x, like) else text.format(x=shape_str(x), like=shape_str(like))


def _checked(types: Sequence[TensorType], values: Values, rule: str, what: str) -> TensorType:
    x, like = types
    why = _refusal(rule, x.shape, like.shape)
    if why is not None:
        raise (InvalidArgumentError if x.known and like.known else ShapeError)(f"{what}: {why}")
    return TensorType(x.dtype, merge(x.shape, like.shape) if rule == "same" else x.shape)


@declare("lowered", _checked, name="fitting", lower=lambda node, inputs, types, out_type, **_: inputs[0],
         grad=lambda g, y, x, like, rule, what: (g, None), kinds={"rule": (str,), "what": (str,)},
         samples=(([(3, 2), np.ones((3, 2))], {"rule": "same", "what": "loss"}), ([(3, 1), np.ones((3, 2))], {"rule": "covered", "what": "loss"}),
                  ([(), np.ones((3, 2))], {"rule": "covered", "what": "loss"})))
def _fitting(x: Any, like: Any, *, rule: str, what: str) -> Any:
    """x, whose shape fits that of another operand; a run refuses it where it does not."""
    why = _refusal(rule, np.shape(x), np.shape(like))
    if why is not None:
        raise InvalidArgumentError(f"{what}: {why}")
    return x


def fitting(x: Node, like: Node, rule: str, what: str) -> Node:
    """x, if its shape is known to fit; otherwise a tensor that any run refuses whose shapes do not. `rule`: "same", or "covered" for weights.

    ShapeError: it is known not to fit; the error names `what`, the operands and the user's line.
    """
    why = _refusal(rule, x.type.shape, like.type.shape)
    if why is not None:
        raise ShapeError(f"{what}: {describe(x)} and {describe(like)}: {why}{here()}")
    settled = (x.type.known and like.type.known) or (rule == "covered" and x.type.rank == 0)
    if settled:
        return x
    return _fitting.build(x.graph, (x, like), {"rule": rule, "what": what})

