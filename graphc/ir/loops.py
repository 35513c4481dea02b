"""Loop nests that operators bring along: their text in the words of kernels, and what one call of it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np


class Check(NamedTuple):
    """What a loop nest makes sure of: the elements of the operand of this number lie in [0, bound)."""

    operand: int
    bound: Any


class Loop(NamedTuple):
    """A loop nest over `lo` to `hi`, a part of `range(n)`: parts may run at once, in any order, with the same result.

    `body` has the names of the operands and results (`out`, if there is one) as pointers, those of `sizes` as numbers, and `scratch0`, ...:
    memory of its own, for all parts one. Operands and results are contiguous. What is wrong it leaves in `extents[0]` and returns which of the
    `checks` found it, from 1 on. Sizes must not decide the text: one serves all of them.
    """

    body: str
    sizes: Mapping[str, Any]
    n: Any
    work: Any                                           # elements it touches
    checks: Sequence[Check] = ()
    scratch: Sequence[tuple[np.dtype[Any], Any]] = ()   # dtype and number of elements
    superword: bool = False                             # statements written side by side are to become vectors
    alone: Sequence[Loop] = ()                          # of several results: for each the loop nest for a run that uses no other, as `out`


def word(dtype: np.dtype[Any]) -> str:
    """The name of a dtype in kernels."""
    return "boolean" if dtype.kind == "b" else dtype.name
