"""Graphs over one more leading axis: each operator's rule against the operator applied to each element of the batch by itself."""

from __future__ import annotations

from typing import Any

import pytest

from graphc import errors, testing
from graphc.autodiff.batch_rules import BATCHERS
from graphc.ir.node import OPERATORS

# No batch of their operands can be given: what is fed as a whole, sizes, and words of random numbers.
ALONE = {"placeholder_with_default", "fresh_rows", "iota", "word"}
OPS = [op for op in testing.testable() if op.name not in ALONE]


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_operator_over_a_batch(op: Any) -> None:
    testing.check_batching(op)


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_operator_over_a_batch_of_unknown_size(op: Any) -> None:
    """By its rule, or by a loop over the batch."""
    assert testing.has_open_rules(op)


@pytest.mark.parametrize(("named", "rule", "name"), [
    ("leading", lambda use: use.build(use.inputs), "reduce_sum"),                                 # axes that stay where they were
    ("aligned", lambda use: use.build(use.inputs), "add"),                                      # operands not aligned
    ("leading", lambda use: use.build(use.inputs), "reverse"),
    ("product", lambda use: use.build([x[0] if w else x for x, w in zip(use.inputs, use.wide, strict=True)]), "matmul"),
    ("gathered", lambda use: use.build(use.inputs), "gather"),
])
def test_wrong_rules_are_noticed(named: str, rule: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BATCHERS, named, rule)
    with pytest.raises((AssertionError, errors.ShapeError, errors.InvalidArgumentError)):
        testing.check_batching(OPERATORS[name])
