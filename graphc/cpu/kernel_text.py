"""The text of kernels, piece by piece: names of dtypes, literals, steps of reductions, and what one kernel needs to run."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..ir.expressions import HEAVY
from ..ir.families import Combine
from ..ir.node import Node

_HEAVY = re.compile(rf"\b({'|'.join(sorted(HEAVY))})\(")
_LITERALS = {0.0, 1.0, -1.0, 2.0, 0.5, -0.5}

SCRATCH = ("partial", "row", "own")                        # roles of slots that show memory of the kernel's own


class Slot(NamedTuple):
    """An entry of a kernel's buffer table: the storage of a node ("in", "out"), or scratch memory of `size` elements for its values.

    Scratch holds partial results, which the next kernel takes ("partial"), for each chunk of the range a row of values ("row"), or what one
    call of the kernel keeps for itself ("own").
    """

    role: str
    node: Node | None
    dtype: np.dtype[Any]
    size: int = 0


def bound_of(node: Node) -> Any:
    """What the operand of a check must be below: the number or size, if it is one and known, else words for it."""
    bound = node.inputs[1]
    known = bound.operator.name in ("constant", "bound") and bound.type.shape == ()
    return bound.attrs["value"][()] if known else "its bound"


class Check(NamedTuple):
    """What a kernel makes sure of: each element of `operand`, which `node` takes, lies in [0, bound); `bound` is a size, or words for several.

    Of what is no index `wrong` says what was found to be.
    """

    node: Node
    operand: Node
    bound: Any
    wrong: str = ""

    @property
    def sized(self) -> bool:
        """Whether the bound is one size, and follows those of a program."""
        return not isinstance(self.bound, str)


@dataclass
class KernelText:
    """A kernel to compile and what one call of it needs."""

    source: str
    slots: list[Slot]
    extents: list[int]
    n: int
    grain: int
    work: int                                       # elements it touches: decides on threads
    checks: list[Check] = field(default_factory=list)    # status k names checks[k - 1]
    annotated: Sequence[tuple[str, Node | None]] = field(default_factory=list)
    chunk: int = 0                                  # the extent that says how long chunks of the range are; 0: the kernel need not know
    share: float = 1                                # of the cost of its step, where this takes several kernels


@cache
def numba_name(dtype: np.dtype[Any]) -> str:
    return "boolean" if dtype.kind == "b" else dtype.name


def initial(combine: Combine, dtype: np.dtype[Any]) -> str:
    """The neutral element of a reduction, as text."""
    name = numba_name(dtype)
    if dtype.kind in "fc":
        least, greatest = "-inf", "inf"
    elif dtype.kind == "b":
        least, greatest = "0", "1"
    else:
        least, greatest = str(np.iinfo(dtype).min), str(np.iinfo(dtype).max)
    return f"{name}({combine.neutral.format(T=name, least=least, greatest=greatest)})"


def step_text(combine: Combine, dtype: np.dtype[Any], acc: str, value: str) -> str:
    """One step of a reduction, as text: the total `acc` with one more value."""
    return combine.step.format(T=numba_name(dtype), total=acc, x=value)


class Total(NamedTuple):
    """A total that a loop keeps in a variable, as texts: what it starts with, one more value, and the result."""

    start: str
    step: Callable[[str], str]
    end: str


def total_text(combine: Combine, dtype: np.dtype[Any], acc: str, apart: bool) -> Total:
    """The total of a loop in the variable `acc`; in a form of its own if there is one and it is wanted (`apart`)."""
    start = initial(combine, dtype)
    if not apart or combine.apart is None or dtype != np.float32:
        return Total(start, lambda value: step_text(combine, dtype, acc, value), acc)
    first, step, end = combine.apart
    return Total(first.format(total=start), lambda value: step.format(total=acc, x=value), end.format(total=acc))


def heavy(m: Node) -> bool:
    """Whether computing the node again costs more than keeping it in memory."""
    return m.operator.family.draws or (m.operator.family.broadcasts and _HEAVY.search(m.operator.expr) is not None)


def literal(x: Node) -> str | None:
    """The text of a 0-d constant of a few common values; other constants arrive through the buffer table, so kernels are shared."""
    if x.operator.name != "constant" or x.type.shape != ():
        return None
    if x.type.dtype.kind == "c":
        return None
    value = x.attrs["value"][()]
    if value not in _LITERALS or (value == 0 and np.signbit(np.float64(value))):
        return None
    return f"{numba_name(x.type.dtype)}({number(value.item())})"


def number(value: float | int | bool) -> str:
    return repr(int(value)) if isinstance(value, bool) or value == int(value) else repr(value)


def indent(lines: Sequence[tuple[str, Node | None]]) -> list[tuple[str, Node | None]]:
    return [("    " + text, node) for text, node in lines]


@lru_cache(4096)
def effort(source: str) -> int:
    """About how many plain operations one element of a kernel takes."""
    return source.count("\n") + 12 * len(_HEAVY.findall(source))
