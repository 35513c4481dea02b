"""What is wrong with an operator's declaration: checks of every fact that can be told without building a graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from numbers import Number
from typing import Any

import numpy as np

from ..errors import DeclarationError, DTypeError
from .expressions import mistake
from .families import BATCH_RULES, FAMILIES
from .node import OPERATORS, Loc, caller, loc_str
from .types import as_dtype


def place(reference: Callable[..., Any]) -> Loc:
    """File and line of a reference's definition; of the user's line if it is no Python function."""
    code = getattr(inspect.unwrap(reference), "__code__", None)
    return caller() if code is None else (code.co_filename, code.co_firstlineno)


def refused(name: str, reference: Callable[..., Any], why: str) -> DeclarationError:
    """`squash: its expression ...`, and where it is declared."""
    return DeclarationError(f"{name}: {why}\n  at {loc_str(place(reference))}")


def validate(op: Any) -> None:
    """DeclarationError for the first mistake in an operator's declaration."""
    for check in _CHECKS:
        why = check(op)
        if why is not None:
            raise refused(op.name, op.reference, why)


def _naming(op: Any) -> str | None:
    if not (isinstance(op.name, str) and op.name.isidentifier()):
        return f"{op.name!r:.60} is no name"
    if op.name in OPERATORS:
        return "an operator of this name is declared already"
    return None if op.reference.__doc__ else "the reference has no docstring"


def _parameters(op: Any) -> str | None:
    numbered = op.family.broadcasts or op.family.reduces
    if numbered and (op.variadic or not op.params):
        return f"an operator of the family {op.family.name} takes a fixed number of operands, at least one"
    if op.family.reduces and not {"axis", "keepdims"} <= op.attrs.keys():
        return "a reduction's reference takes the keywords axis and keepdims"
    return "what is commutative takes two operands" if op.commutative and len(op.params) != 2 else None


# What only operators of some families have.
_PARTICULAR = tuple(dict.fromkeys(fact for f in FAMILIES.values() for fact in f.takes))


def _facts(op: Any) -> str | None:
    missing = next((fact for fact in op.family.needs if not getattr(op, fact)), None)
    if missing is not None:
        return f"an operator of the family {op.family.name} needs {missing}="
    other = next((fact for fact in _PARTICULAR if getattr(op, fact) and fact not in op.family.takes), None)
    return None if other is None else f"an operator of the family {op.family.name} has no {other}="


def _expressions(op: Any) -> str | None:
    if op.family.draws:
        return None if callable(op.expr) else "its expr is a function of the attributes that gives the text of one element"
    numbers = [k for k, v in op.attrs.items() if v is None or isinstance(v, Number)]
    names = {*op.params, *numbers}
    if op.family.broadcasts:
        wrong = mistake(op.expr, names) or (mistake(op.complex, names) if isinstance(op.complex, str) else None)
        return wrong if wrong is not None or not op.check else mistake(op.check, names)
    return None


def _batch(op: Any) -> str | None:
    if op.batch and op.batch not in BATCH_RULES:
        return f"there is no rule of batching {op.batch!r:.60}; there are {', '.join(BATCH_RULES)}"
    return None


def _operands(op: Any) -> str | None:
    other = next((p for p in op.fixed if p not in op.params), None)
    if other is not None:
        return f"fixed names {other!r:.60}, which is no operand"
    try:
        for dtype in op.fixed.values():
            as_dtype(dtype)
    except DTypeError as e:
        return f"fixed: {e}"
    if not op.variadic and any(not 0 <= i < len(op.params) for i in op.by_value):
        return f"by_value are numbers of operands, below {len(op.params)}, not {op.by_value}"
    low, high = op.domain
    return None if low < high else f"the domain {op.domain} is empty"


def _gradient(op: Any) -> str | None:
    if op.grad is None or _plainly_fits(op):
        return None
    try:
        signature = inspect.signature(op.grad)
    except (TypeError, ValueError):                 # a builtin: nothing can be told of it
        return None
    # `prepare` may drop attributes, which only running it would tell.
    attrs = op.attrs if op.prepare is None else {k: None for k in op.attrs if k in signature.parameters}
    for count in (1, 3) if op.variadic else (len(op.params),):
        try:
            signature.bind(*[None] * (2 + count), **attrs)
        except TypeError as e:
            wanted = ", ".join(["g", "y", *op.param_names(count), *(f"{k}=" for k in attrs)])
            return f"its gradient rule is called with ({wanted}): {e}"
    return None


def _plainly_fits(op: Any) -> bool:
    """Whether a gradient rule is a function of g, y, the inputs and the attributes, each by its name: most are, and signatures are slow."""
    code = getattr(op.grad, "__code__", None)
    if code is None or op.variadic or code.co_kwonlyargcount or code.co_flags & inspect.CO_VARARGS:
        return False
    names, count = code.co_varnames[:code.co_argcount], 2 + len(op.params)
    taken = names[count:]
    every = op.prepare is not None or code.co_flags & inspect.CO_VARKEYWORDS or len(taken) == len(op.attrs)
    return bool(every and len(names) >= count and op.attrs.keys().isdisjoint(names[:count]) and op.attrs.keys() >= {*taken})


def _samples(op: Any) -> str | None:
    for sample in op.samples:
        if not (isinstance(sample, Sequence) and len(sample) == 2 and isinstance(sample[1], dict)):
            return f"a sample is a list of operands and a dict of attributes, not {sample!r:.80}"
        operands, attrs = sample
        if not op.variadic and len(operands) != len(op.params):
            return f"a sample has {len(operands)} operands, not {len(op.params)}: {operands!r:.80}"
        if any(isinstance(x, tuple) and not all(isinstance(d, (int, np.integer)) for d in x) for x in operands):
            return f"a sample's operand is a shape or an array: {operands!r:.80}"
        unknown = attrs.keys() - op.attrs.keys()
        if unknown:
            return f"a sample names {min(unknown)!r}, which is no attribute"
    return None


def _results(op: Any) -> str | None:
    if not op.results:
        return None
    if op.family.fuses or op.family.reshapes:
        return f"an operator of the family {op.family.name} has one result, not {', '.join(op.results)}"
    if len(op.results) < 2 or len(set(op.results)) < len(op.results) or not all(n.isidentifier() and n[0] != "_" for n in op.results):
        return f"results are two names or more, each another: {op.results!r:.80}"
    return None


_CHECKS: tuple[Callable[[Any], str | None], ...] = (_naming, _parameters, _facts, _expressions, _batch, _operands, _gradient, _samples, _results)
