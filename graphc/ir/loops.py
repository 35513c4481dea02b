"""Loop nests that operators bring along: their text in the words of kernels, and what one call of it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .node import Node


class Check(NamedTuple):
    """What a loop nest makes sure of: the elements of the operand of this number lie in [0, bound); or what is else wrong, in words."""

    operand: int
    bound: Any
    wrong: str = ""


class Loop(NamedTuple):
    """A loop nest over `lo` to `hi`, a part of `range(n)`: parts may run at once, in any order, with the same result.

    `body` has the names of the operands and results (`out`, if there is one) as pointers, those of `sizes` as numbers, and `scratch0`, ...:
    memory of its own, for all parts one; `LANES` is how many elements of the last result a vector has. Operands and results are contiguous.
    What is wrong it leaves in `extents[0]` and returns which of the `checks` found it, from 1 on. Sizes must not decide the text: one serves
    all of them.
    """

    body: str
    sizes: Mapping[str, Any]
    n: Any
    work: Any                                           # elements it touches
    checks: Sequence[Check] = ()
    scratch: Sequence[tuple[np.dtype[Any], Any]] = ()   # dtype and number of elements
    superword: bool = False                             # statements written side by side are to become vectors
    alone: Sequence[Loop] = ()                          # of several results: for each the loop nest for a run that uses no other, as `out`


def loop_of(node: Node) -> Loop | None:
    """The loop nest that computes a node; None: its reference does, which was found to be faster for its sizes."""
    assert node.operator.loop is not None
    found: Loop | None = node.operator.loop([x.type for x in node.inputs], node.type, **node.attrs)
    return found


def word(dtype: np.dtype[Any]) -> str:
    """The name of a dtype in kernels."""
    return "boolean" if dtype.kind == "b" else dtype.name
