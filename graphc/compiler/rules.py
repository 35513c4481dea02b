"""Algebra that holds exactly in floating point: each rule is a pair of expressions in graphc's own operators, and its own test."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..errors import DeclarationError
from ..ir import types
from ..ir.graph import Scratch
from ..ir.node import Node, here
from ..ir.types import TensorType, content, same_type
from ..ops.math import choose
from ..ops.math_arithmetic import abs, maximum, minimum, pow, square
from ..ops.math_compare import greater, is_finite, logical_and, logical_not
from ..ops.nn_activations import relu
from ..ops.sources import placeholder_of

FLOATS, INTS, BOOLS = (tuple(d.name for d in kind) for kind in (types.FLOATS, types.INTEGERS, (types.bool_,)))
_SIGNED = tuple(d.name for d in types.INTEGERS if d.min < 0)


@dataclass(frozen=True)
class Rule:
    """`lhs` and `rhs` are the same function of their operands for all values of `dtypes`, -0, infinities and nan included."""

    name: str
    lhs: Callable[..., Any]
    rhs: Callable[..., Any]
    dtypes: tuple[str, ...] = FLOATS + INTS

    @property
    def arity(self) -> int:
        return len(inspect.signature(self.lhs).parameters)


RULES = [
    Rule("neg-neg", lambda x: -(-x), lambda x: x),  # noqa: B002
    Rule("times-one", lambda x: x * 1, lambda x: x),
    Rule("over-one", lambda x: x / 1, lambda x: x, FLOATS),
    Rule("minus-zero", lambda x: x - 0, lambda x: x),
    Rule("plus-zero", lambda x: x + 0, lambda x: x, INTS),             # in floats -0 + 0 is 0
    Rule("plus-minus-zero", lambda x: x + (-0.0), lambda x: x, FLOATS),
    Rule("times-zero", lambda x: x * 0, lambda x: x - x, INTS),        # in floats nan and infinities stay
    Rule("times-minus-one", lambda x: x * -1, lambda x: -x, FLOATS),
    Rule("plus-neg", lambda a, b: a + (-b), lambda a, b: a - b),
    Rule("minus-neg", lambda a, b: a - (-b), lambda a, b: a + b),
    Rule("neg-times-neg", lambda a, b: (-a) * (-b), lambda a, b: a * b),
    Rule("abs-abs", lambda x: abs(abs(x)), lambda x: abs(x)),
    Rule("abs-neg", lambda x: abs(-x), lambda x: abs(x), FLOATS + _SIGNED),
    Rule("square-neg", lambda x: square(-x), lambda x: square(x)),
    Rule("square-abs", lambda x: square(abs(x)), lambda x: square(x)),
    Rule("relu-relu", lambda x: relu(relu(x)), lambda x: relu(x)),
    Rule("max-same", lambda x: maximum(x, x), lambda x: x),
    Rule("min-same", lambda x: minimum(x, x), lambda x: x),
    Rule("pow-one", lambda x: pow(x, 1), lambda x: x),
    Rule("pow-two", lambda x: pow(x, 2), lambda x: x * x, FLOATS),
    Rule("pow-minus-one", lambda x: pow(x, -1), lambda x: 1 / x, FLOATS),
    Rule("over-two", lambda x: x / 2, lambda x: x * 0.5, FLOATS),
    Rule("over-four", lambda x: x / 4, lambda x: x * 0.25, FLOATS),
    # What a root or a reciprocal asks of the gradient that reaches it (`at_pole`) is known where that is a number.
    Rule("no-pole-of-a-root", lambda y: choose(logical_and(False, logical_not(greater(y, 0.0))), math.inf, y), lambda y: y, FLOATS),
    Rule("no-pole", lambda y: choose(logical_and(False, logical_not(is_finite(y))), 0.0, y), lambda y: y, FLOATS),
    Rule("not-not", lambda x: logical_not(logical_not(x)), lambda x: x, BOOLS),
]


def rule(name: str, lhs: Callable[..., Any], rhs: Callable[..., Any], dtypes: Sequence[str] = FLOATS + INTS) -> Rule:
    """Add a rule: programs compiled from now on have the expression `rhs` wherever the graph has `lhs`.

    Both are functions of the same number of tensors, of one of `dtypes`; the outermost operator of `lhs` is elementwise, numbers in it match
    constants of the same bits. DeclarationError, with the user's line: what is wrong with it. Whether it is true, `check_rule` finds out.
    """
    made = Rule(name, lhs, rhs, tuple(dtypes))
    why = _mistake(made)
    if why is not None:
        raise DeclarationError(f"rule {name}: {why}{here()}")
    RULES.append(made)
    by_root.cache_clear()
    return made


def _mistake(rule: Rule) -> str | None:
    """What is wrong with a new rule, in words."""
    if any(r.name == rule.name for r in RULES):
        return "there is a rule of this name"
    try:
        counts = [len(inspect.signature(side).parameters) for side in (rule.lhs, rule.rhs)]
    except (TypeError, ValueError) as e:
        return f"a side is no function of tensors: {e}"
    if counts[0] != counts[1] or not counts[0]:
        return f"its sides take {counts[0]} and {counts[1]} tensors"
    unknown = [d for d in rule.dtypes if d not in FLOATS + INTS + BOOLS]
    if unknown or not rule.dtypes:
        return f"it is for dtypes among {', '.join(FLOATS + INTS + BOOLS)}, not {', '.join(map(repr, unknown)) or 'for none'}"
    return next((why for d in rule.dtypes if (why := _mistake_in(rule, np.dtype(d))) is not None), None)


def _mistake_in(rule: Rule, dtype: np.dtype[Any]) -> str | None:
    try:
        left, variables = pattern(rule, dtype)
        with Scratch().as_default():
            right = rule.rhs(*variables)
    except Exception as e:                           # the user's functions may fail in any way
        return f"of {dtype} a side cannot be built: {type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}"
    if not isinstance(left, Node) or left in variables or not left.operator.family.broadcasts:
        made = left.operator.name if isinstance(left, Node) else repr(left)[:60]
        return f"the outermost operator of its left side must be elementwise, not {made}"
    if not isinstance(right, Node) or right.type != left.type:
        return f"of {dtype} the left side is {left.type}, the right side {right.type if isinstance(right, Node) else repr(right)[:60]}"
    return None


@cache
def pattern(rule: Rule, dtype: np.dtype[Any]) -> tuple[Node, tuple[Node, ...]]:
    """The left side traced over variables of that dtype: (its root, the variables)."""
    scratch = Scratch()
    variables = tuple(placeholder_of(TensorType(dtype, ()), scratch, f"x{i}") for i in range(rule.arity))
    with scratch.as_default():
        return rule.lhs(*variables), variables


@cache
def by_root(name: str, dtype: np.dtype[Any]) -> tuple[tuple[Rule, frozenset[str]], ...]:
    """The rules whose left side is an operator of that name with a result of that dtype, each with the operators that must be among its inputs."""
    roots = [(r, pattern(r, dtype)[0]) for r in RULES if dtype.name in r.dtypes]
    return tuple((r, frozenset(x.operator.name for x in root.inputs) - {"placeholder"}) for r, root in roots if root.operator.name == name)


def match(rule: Rule, node: Node) -> list[Node] | None:
    """The operands that make the rule's left side the node; None if it is something else."""
    root, variables = pattern(rule, node.type.dtype)
    bound: dict[Node, Node] = {}
    return [bound[v] for v in variables] if _match(root, node, bound) else None


def _match(p: Node, n: Node, bound: dict[Node, Node]) -> bool:
    # Recursive over the pattern, which is a line long, never over the graph.
    if p.operator.name == "placeholder":
        return bound.setdefault(p, n) is n
    if p.operator.name == "constant":
        if n.operator.name != "constant" or n.type.dtype != p.type.dtype or n.type.shape != ():
            return False
        return content(n.attrs["value"]) == content(p.attrs["value"])       # -0 is not 0
    if n.operator is not p.operator or n.attrs != p.attrs:
        return False
    orders = [n.inputs, n.inputs[::-1]] if p.operator.commutative else [n.inputs]
    for inputs in orders:
        trial = dict(bound)
        if all(_match(a, b, trial) for a, b in zip(p.inputs, inputs, strict=True)):
            bound.update(trial)
            return True
    return False


def rewritten(node: Node) -> Node | None:
    """What a rule makes of the node; None if none applies or the type would change. Builds in the default graph."""
    if not isinstance(node.type, TensorType) or not node.operator.family.broadcasts:
        return None
    rules = by_root(node.operator.name, node.type.dtype)
    if not rules:
        return None
    inputs = {x.operator.name for x in node.inputs}
    for rule, operators in rules:
        operands = match(rule, node) if operators <= inputs else None
        if operands is not None:
            made = rule.rhs(*operands)
            if same_type(made.type, node.type):
                return made
    return None
