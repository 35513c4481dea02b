"""Graphs over one more leading axis: each operator's rule against the operator applied to each element of the batch by itself."""

from __future__ import annotations

from typing import Any

import pytest

from graphc import errors, testing
from graphc.autodiff.batching import BATCHERS
from graphc.ir.node import OPERATORS

# A placeholder is fed as a whole.
OPS = [op for op in testing.testable() if op.name != "placeholder_with_default"]


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_operator_over_a_batch(op: Any) -> None:
    testing.check_batching(op)


# What has no rule for some of its operands, so that a batch of an unknown size is an error: operands that have no derivative, rows of arrays,
# contracts on a whole operand, rows that the operands themselves count.
UNROLLED = {"accidental_hits", "all_rows", "among", "ascending", "below", "best_boxes", "best_by_overlaps", "boxes_drawn", "changed",
            "checked_place", "ctc_beam", "ctc_greedy", "ctc_ways", "densified", "distinct", "distorted_box", "edit_distances", "equal_vectors",
            "filled_rows", "gamma_drawn", "gather", "gather_nd", "gather_tree", "in_top_k", "inner_agree", "integer_pow", "invert_permutation",
            "joined_shape", "joined_sizes", "later", "marked_rows", "mask_indices", "numbered", "of_shape", "orthonormal", "pieces",
            "poisson_drawn", "put_row", "row_at", "row_sums", "rows_for", "rows_sorted", "sample_candidates", "scatter_nd", "scatter_sum",
            "segment_max_of", "segment_min_of", "segment_prod_of", "sorting_order", "sparse_position", "sparse_shape", "sparse_strides",
            "sparse_weights", "stable_order", "take_row", "unbroadcast_dynamic", "unique", "united_rows", "where_indices", "without_empty_rows"}


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_operator_over_a_batch_of_unknown_size(op: Any) -> None:
    assert testing.has_open_rules(op) == (op.name not in UNROLLED)


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
