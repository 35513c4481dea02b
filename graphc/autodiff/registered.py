"""The gradients of operations that have a registered one: the program's function of them, or the rule of another operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import GradientError
from ..ir.node import OPERATORS, Node, Operation, describe, loc_str
from ..ir.operator import to_node
from ..ir.registered import REGISTERED, operators_of
from ..ir.types import compatible
from ..ops.math_arithmetic import conjugate


def conjugates(given: Sequence[Node | None]) -> list[Any]:
    """Gradients as TensorFlow has them, of those as rules have them, or the other way: complex ones conjugated, None as it is."""
    return [None if g is None else conjugate(g) for g in given]


def registered_gradient(node: Node, g: Any, y: Any) -> list[Any]:
    """What the gradient that a node is given instead of its operator's makes of the gradients of its results, for each of its inputs.

    GradientError: nothing of that name is registered; it gives not as many gradients as there are inputs, or one of another shape.
    """
    name = str(node.gradient)
    if name in REGISTERED:
        function = REGISTERED[name]
        if function is None:
            return [None] * len(node.inputs)
        made = function(Operation(node), *conjugates(g if isinstance(g, list) else [g]))
        given = list(made) if isinstance(made, (list, tuple)) else [made]
        found = conjugates([None if x is None else to_node(x, None if isinstance(x, Node) else node.inputs[0].type.dtype) for x in given])
    else:
        found = _of_operator(name, node, g, y)
    if len(found) != len(node.inputs):
        raise GradientError(f"the gradient {name} gives {len(found)} results for {len(node.inputs)} inputs of {describe(node)}\n"
                            f"  at {loc_str(node.loc)}")
    for x, gx in zip(node.inputs, found, strict=True):
        if gx is not None and not compatible(gx.type.shape, x.type.shape):
            raise GradientError(f"the gradient {name} gives {describe(gx)} for {describe(x)}, which has another shape\n  at {loc_str(node.loc)}")
    return found


def _of_operator(name: str, node: Node, g: Any, y: Any) -> list[Any]:
    """The rule of another operator, one without attributes, as if the node were of it."""
    rules = [OPERATORS[n].grad for n in operators_of(name) if OPERATORS[n].grad is not None and not OPERATORS[n].attrs]
    if not rules:
        raise GradientError(f"no gradient named {name:.60} is registered, and no operator without attributes has that name; "
                            f"{describe(node)} is to have it\n  at {loc_str(node.loc)}")
    return list(rules[0](g, y, *node.inputs))
