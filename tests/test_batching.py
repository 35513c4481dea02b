"""Graphs over one more leading axis: each operator's rule against the operator applied to each element of the batch by itself."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from graphc.autodiff.batching import RULES, transcribe

import graphc as tf
from graphc import errors, testing
from graphc.ir.graph import Scratch
from graphc.ir.node import OPERATORS

SIZE = 3
SCALES = (1.0, 0.9, 1.1)        # within every operator's domain


def element(x: np.ndarray, name: str, k: int) -> np.ndarray:
    """The k-th of a batch of operands: other numbers, other places; what describes axes is the same for all."""
    if x.dtype.kind == "f":
        return (x * SCALES[k]).astype(x.dtype)
    return np.roll(x, k, axis=0) if x.ndim and name in ("indices", "condition", "mask") else x


def check(op: Any, sample: Any, shapes: str, wide: tuple[int, ...], size: Any) -> None:
    """The results over a batch of the operands in `wide`, the others being the same for all of it."""
    scratch, names = Scratch(), op.param_names(len(sample.operands))
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        with scratch.as_default():
            built = testing.build(op, sample, shapes)
        batched, plain, feeds = {}, {}, {}
        for i, (node, x) in enumerate(zip(built.fed, sample.operands, strict=True)):
            if node is None:
                continue
            values = np.stack([element(x, names[i], k) for k in range(SIZE)]) if i in wide else x
            fed = tf.placeholder(x.dtype, values.shape if shapes == "static" else (None,) * values.ndim)
            (batched if i in wide else plain)[node] = fed
            feeds[fed] = values
        count = tf.shape(next(iter(batched.values())))[0] if size is None else size
        found = session.run(transcribe(built.results, scratch, batched, count, plain), feeds)
    for k in range(SIZE):
        operands = tuple(element(x, names[i], k) if i in wide else x for i, x in enumerate(sample.operands))
        for value, wanted in zip(found, testing.reference(op, testing.Sample(operands, sample.attrs)), strict=True):
            assert value.dtype == wanted.dtype and value.shape == (SIZE, *wanted.shape)
            np.testing.assert_allclose(value[k], wanted, rtol=1e-12, atol=1e-12)


def subsets(op: Any, sample: Any) -> list[tuple[int, ...]]:
    """All operands, each alone, all but one."""
    with tf.Graph().as_default():
        places = [i for i, fed in enumerate(testing.build(op, sample).fed) if fed is not None]
    counts = {1, len(places) - 1, len(places)} & set(range(1, len(places) + 1))
    return [chosen for n in counts for chosen in combinations(places, n)]


# A placeholder is fed as a whole.
OPS = [op for op in testing.testable() if op.name != "placeholder_with_default"]


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_operator_over_a_batch(op: Any) -> None:
    for sample in testing.samples(op):
        for wide in subsets(op, sample):
            check(op, sample, "static", wide, SIZE)


# What has no rule for some of its operands, so that a batch of an unknown size is an error: operands that have no derivative.
UNROLLED = {"gather", "gather_nd", "in_top_k", "integer_pow", "invert_permutation", "mask_indices", "orthonormal", "scatter_nd",
            "scatter_sum", "sorting_order", "unbroadcast_dynamic", "unique", "where_indices"}


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_operator_over_a_batch_of_unknown_size(op: Any) -> None:
    unrolled = False
    for sample in testing.samples(op):
        for wide in subsets(op, sample):
            try:
                check(op, sample, "open", wide, None)
            except errors.ShapeError as e:
                assert "known" in str(e)
                unrolled |= "has no rule for a batch" in str(e)
    assert unrolled == (op.name in UNROLLED)


@pytest.mark.parametrize(("named", "rule", "name"), [
    ("leading", lambda use: use.build(use.inputs), "reduce_sum"),                                 # axes that stay where they were
    ("aligned", lambda use: use.build(use.inputs), "add"),                                      # operands not aligned
    ("leading", lambda use: use.build(use.inputs), "reverse"),
    ("product", lambda use: use.build([x[0] if w else x for x, w in zip(use.inputs, use.wide, strict=True)]), "matmul"),
    ("gathered", lambda use: use.build(use.inputs), "gather"),
])
def test_wrong_rules_are_noticed(named: str, rule: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, named, rule)
    with pytest.raises((AssertionError, errors.ShapeError, errors.InvalidArgumentError)):
        test_operator_over_a_batch(OPERATORS[name])
