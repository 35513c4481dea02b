"""Operators on their samples with every size open, and the few that refuse to be built so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

import graphc as tf
from graphc import testing
from graphc.errors import ShapeError
from graphc.ir.node import Node
from graphc.testing.samples import say

# The operators that cannot be built while sizes are unknown, and what they say. The list may only shrink.
NEED_SIZES = {"unstack": "how many parts there are must be known"}


class Opened(NamedTuple):
    """A sample as graph: what it is called, its results, the gradients of the floating ones by the operands that have one, and what is fed."""

    what: str
    results: list[Node]
    gradients: list[Node]
    feeds: dict[Node, np.ndarray[Any, Any]]


def opened(op: Any) -> Iterator[Opened]:
    """The samples of an operator, in the default graph. AssertionError: it refuses one, or is listed and takes them."""
    refused = 0
    for sample in testing.samples(op):
        try:
            built = testing.build(op, sample, "open")
        except ShapeError as e:
            assert op.name in NEED_SIZES and NEED_SIZES[op.name] in str(e)
            refused += 1
            continue
        feeds = built.feeds(sample.operands)
        yield Opened(say(op, sample), built.results, slopes(op, built.results, built.fed), feeds)
    assert (refused > 0) is (op.name in NEED_SIZES)


def slopes(op: Any, results: list[Node], operands: list[Node | None]) -> list[Node]:
    """The gradients that there are, by the floating operands of which derivatives of any order are to be had."""
    floats = [n for i, n in enumerate(operands) if n is not None and n.type.dtype.kind == "f" and i not in op.once]
    smooth = [n for n in results if n.type.dtype.kind == "f"]
    if not testing.differentiable(op) or op.grad is None or not floats or not smooth:
        return []
    return [g for g in tf.gradients(smooth, floats) if g is not None]
