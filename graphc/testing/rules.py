"""A rewrite rule against itself: both sides on ordinary and special values, bit for bit, and whether it applies."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compiler.rules import RULES, Rule, match, pattern, rewritten
from ..ir.graph import Graph
from ..ir.reference import interpret
from ..ir.types import Array
from ..ops.sources import placeholder

# NumPy before 2.3 gives some powers one unit in the last place beside the rounded value: 9.999999 for 0.1 ** -1 in float32.
_POWERS_ARE_ROUGH = np.lib.NumpyVersion(np.__version__) < "2.3.0"


def check_rule(rule: Rule) -> None:
    """Both sides of a rule have the same type and bits for all its dtypes, and it applies to its own left side; AssertionError.

    Tried on all combinations of zeros of both signs, ordinary numbers, the smallest and largest ones, infinities and nan (whose payload
    may differ); integers and booleans likewise.
    """
    for dtype in rule.dtypes:
        check_sides(rule, dtype)
        check_applies(rule, dtype)


def check_sides(rule: Rule, dtype: str) -> None:
    """`check_rule` of its values, for one dtype."""
    data = np.meshgrid(*[special_values(dtype)] * rule.arity, indexing="ij")
    with Graph().as_default():
        nodes = [placeholder(dtype, d.shape) for d in data]
        lhs, rhs = rule.lhs(*nodes), rule.rhs(*nodes)
        if lhs.type != rhs.type:
            raise AssertionError(f"rule {rule.name}, {dtype}: {lhs.type} becomes {rhs.type}")
        a, b = interpret([lhs, rhs], dict(zip(nodes, data, strict=True)))
    same = (a == b) | ((a != a) & (b != b))
    if lhs.operator.name == "pow" and _POWERS_ARE_ROUGH:
        with np.errstate(all="ignore"):
            same |= abs(a - b) <= np.spacing(np.minimum(abs(a), abs(b)))
    if a.dtype.kind == "f":
        same &= (a != a) | (np.signbit(a) == np.signbit(b))
    if not same.all():
        at = tuple(int(i) for i in np.argwhere(~same)[0])
        operands = ", ".join(str(d[at]) for d in data)
        raise AssertionError(f"rule {rule.name}, {dtype}: of ({operands}) the left side gives {a[at]}, the right side {b[at]}")


def check_applies(rule: Rule, dtype: str) -> None:
    """`check_rule` of its left side, for one dtype: it is one that the rule finds."""
    root, variables = pattern(rule, np.dtype(dtype))
    if not root.operator.family.broadcasts:
        raise AssertionError(f"rule {rule.name}: rules are for elementwise operators, not for {root.operator.name}")
    if match(rule, root) != list(variables):
        raise AssertionError(f"rule {rule.name}, {dtype}: the left side does not match itself")
    scratch: Any = root.graph
    with Graph().as_default(), scratch.at(root):
        if rule in RULES and rewritten(root) is None:
            raise AssertionError(f"rule {rule.name}, {dtype}: it does not apply to its own left side")


def special_values(dtype: Any) -> Array:
    """Ordinary and extreme values of a dtype."""
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return np.array([True, False])
    if kind.kind == "f":
        tiny, big = np.finfo(kind).smallest_subnormal, np.finfo(kind).max
        return np.array([0.0, -0.0, 1.0, -1.0, 0.1, -2.5, 3e5, tiny, -tiny, big, -big, np.inf, -np.inf, np.nan], kind)
    info = np.iinfo(kind)
    return np.array([0, 1, 2, 3, 7, info.min, info.max, info.max // 2], kind)
