"""What the expressions of declarations may say: the kernel language's functions, by number of operands, and what is wrong with a text."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Sequence
from string import Formatter
from typing import Any

# The names of `cpu.kernel.language.namespace()` but for memory's, known without Numba; tests/ir/test_families.py holds them against it.
_BY_OPERANDS = {
    1: "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 boolean complex64 complex128 "
       "bits_float32 bits_float64 bits_int32 bits_int64 bits_uint32 bits_uint64 "
       "floor ceil rint trunc abs fabs sqrt isnan exp expm1 sigmoid tanh sinh cosh log log1p erf erfc sin cos tan asin acos atan "
       "real imag conj angle sign extremes largest smallest",
    2: "copysign maximum minimum min max floordiv floormod pow integer_power shift_left shift_right mulhi atan2 complex_of "
       "accumulate_add accumulate_mul accumulate_max accumulate_min accumulate_extremes",
    3: "fma select philox_uniform32 philox_uniform64 philox_normal32 philox_normal64 philox_truncated32 philox_truncated64",
    4: "philox_integer",
}
FUNCTIONS = {name: count for count, names in _BY_OPERANDS.items() for name in names.split()}
# What takes as long as a dozen of the others.
HEAVY = {"exp", "log", "expm1", "log1p", "tanh", "sigmoid", "erf", "erfc", "sin", "cos", "tan", "pow", "sinh", "cosh", "asin", "acos", "atan",
         "atan2", *(name for name in FUNCTIONS if name.startswith("philox_"))}
CONSTANTS = ("inf",)
DTYPE = "T"                 # in braces: the dtype computed in, a function of one operand

_FOREIGN = (ast.MatMult, ast.In, ast.NotIn, ast.Is, ast.IsNot)
# The operands of what an expression is made of, besides calls, names and numbers.
_PARTS: dict[type, Callable[[Any], Sequence[ast.expr]]] = {
    ast.BinOp: lambda e: (e.left, e.right), ast.UnaryOp: lambda e: (e.operand,), ast.Compare: lambda e: (e.left, *e.comparators),
    ast.BoolOp: lambda e: e.values, ast.IfExp: lambda e: (e.test, e.body, e.orelse),
}
_MARK = "graphc_brace_"     # what stands for a name in braces while the text is parsed


def mistake(text: object, names: Container[str]) -> str | None:
    """What is wrong with a scalar expression, in words; None if nothing is. `names`: those it may put in braces, besides `{T}`."""
    if not isinstance(text, str):
        return f"{text!r:.60} is no text"
    try:
        parts = list(Formatter().parse(text))
    except ValueError as e:
        return f"{text!r}: {e}"
    plain = ""
    for literal, field, form, conversion in parts:
        plain += literal
        if field is None:
            continue
        if form or conversion or (field != DTYPE and field not in names):
            return f"the expression {text!r} names {{{field}}}, which is no operand, number among the attributes, or {{{DTYPE}}}"
        plain += _MARK + field
    try:
        tree = ast.parse(plain, mode="eval")
    except SyntaxError as e:
        return f"the expression {text!r} does not parse: {e.msg}"
    stack = [tree.body]
    while stack:
        why = _wrong(part := stack.pop(), stack)
        if why is not None:
            return f"the expression {text!r} {why.format(ast.unparse(part).replace(_MARK, ''))}"
    return None


def _wrong(part: Any, stack: list[ast.expr]) -> str | None:
    """What is wrong with one part of an expression, {} standing for its text; its operands join the stack."""
    kind = part.__class__
    if kind is ast.Call:
        name = part.func.id if isinstance(part.func, ast.Name) else ""
        known = 1 if name == _MARK + DTYPE else FUNCTIONS.get(name)
        if known is None:
            return f"calls {name.removeprefix(_MARK) or 'what is no name'}, which no kernel knows"
        if part.keywords or len(part.args) != known or any(isinstance(a, ast.Starred) for a in part.args):
            return f"gives {name.removeprefix(_MARK)} other operands than {known} by their places: {{}}"
        stack.extend(part.args)
        return None
    if kind is ast.Name:
        fine = part.id in CONSTANTS or (part.id.startswith(_MARK) and part.id != _MARK + DTYPE)
        return None if fine else "uses {}, which is no value"
    if kind in _PARTS and not isinstance(getattr(part, "op", None), _FOREIGN) and not any(isinstance(o, _FOREIGN) for o in getattr(part, "ops", ())):
        stack.extend(_PARTS[kind](part))
        return None
    return None if kind is ast.Constant and isinstance(part.value, (int, float)) else "has a part that no kernel takes: {}"
