"""Attention that never looks back: against the recurrence written out in NumPy, in a cell, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import ArgumentError
from tests.draws import draws

S = tf.contrib.seq2seq
DRAWN = draws(6)
P, BEFORE = DRAWN.uniform(0.1, 0.9, size=(3, 5)).astype(np.float32), DRAWN.dirichlet(np.ones(5), 3).astype(np.float32)
MEMORY, QUERY = DRAWN.normal(size=(3, 5, 4)).astype(np.float32), DRAWN.normal(size=(3, 2)).astype(np.float32)


def written_out(p: Any, before: Any) -> Any:
    """Equation 8 of Raffel et al. 2017: a reader at step k goes on to j >= k when it passes over all between."""
    out = np.zeros_like(p)
    for j in range(p.shape[1]):
        out[:, j] = p[:, j] * sum(before[:, k] * np.prod(1 - p[:, k:j], axis=1) for k in range(j + 1))
    return out


@pytest.mark.parametrize("mode", ["recursive", "parallel"])
def test_where_a_reader_stops(mode: str, session: Any) -> None:
    np.testing.assert_allclose(session.run(S.monotonic_attention(P, BEFORE, mode)), written_out(P, BEFORE), rtol=1e-4, atol=1e-6)


def test_hard_decisions(session: Any) -> None:
    hard, at = (P > 0.5).astype(np.float32), np.eye(5, dtype=np.float32)[[0, 2, 4]]
    found = session.run(S.monotonic_attention(hard, at, "hard"))
    np.testing.assert_allclose(found, written_out(hard, at), atol=1e-7)
    assert set(np.unique(found)) <= {0.0, 1.0}


def test_slopes_of_the_exact_form(session: Any) -> None:
    """By differences of the recurrence, in float64."""
    p, before = tf.constant(P.astype(np.float64)), BEFORE.astype(np.float64)
    weights = DRAWN.normal(size=P.shape)
    (slope,) = session.run(tf.gradients(tf.reduce_sum(S.monotonic_attention(p, before, "recursive") * weights), [p]))
    step = np.zeros_like(weights)
    for at in np.ndindex(*P.shape):
        nudge = np.zeros(P.shape)
        nudge[at] = 1e-6
        step[at] = ((written_out(P + nudge, before) - written_out(P - nudge, before)) * weights).sum() / 2e-6
    np.testing.assert_allclose(slope, step, rtol=1e-5, atol=1e-7)


def test_products_of_small_numbers(session: Any) -> None:
    x = tf.constant(np.float32([[0.5, 0.0, 0.5]]))
    found, exclusive = session.run([S.safe_cumprod(x, axis=1), S.safe_cumprod(x, axis=1, exclusive=True)])
    np.testing.assert_allclose(found, [[0.5, 0.0, 0.0]], atol=1e-30)
    np.testing.assert_allclose(exclusive, [[1.0, 0.5, 0.0]], rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize("name, options, variables", [
    ("Bahdanau", {}, "query_layer/kernel attention_v attention_score_bias"),
    ("Bahdanau", {"normalize": True, "mode": "recursive"}, "query_layer/kernel attention_v attention_g attention_b attention_score_bias"),
    ("Luong", {"scale": True}, "attention_g attention_score_bias"), ("Luong", {"mode": "hard"}, "attention_score_bias"),
])
def test_mechanisms(name: str, options: dict[str, Any], variables: str, session: Any) -> None:
    """The scores of the mechanism that looks everywhere, a number more, are decisions; steps behind a row's length are none."""
    lengths = [5, 3, 4]
    mechanism = getattr(S, f"{name}MonotonicAttention")(2, MEMORY, lengths, score_bias_init=0.25, **options)
    before = np.eye(5, dtype=np.float32)[[0, 1, 2]] if options.get("mode") == "hard" else BEFORE
    weights, kept = mechanism(tf.constant(QUERY), tf.constant(before))
    given = {k: v for k, v in options.items() if k != "mode"}
    with tf.variable_scope("other"):
        score, _ = getattr(S, f"{name}Attention")(2, MEMORY, lengths, probability_fn=tf.identity, **given)(tf.constant(QUERY), None)
    scope = f"{name.lower()}_monotonic_attention"
    assert [v.op.name for v in tf.trainable_variables()[1:] if not v.op.name.startswith("other/")] == [f"{scope}/{n}" for n in variables.split()]
    own = {v.op.name.replace("_monotonic", ""): v for v in tf.trainable_variables() if not v.op.name.startswith("other/")}
    for v in tf.trainable_variables("other/"):
        v.load(session.run(own[v.op.name.removeprefix("other/")]), session)
    score, found, again = session.run([score, weights, kept])
    score = score + 0.25
    decided = (score > 0).astype(np.float32) if options.get("mode") == "hard" else 1 / (1 + np.exp(-score))
    np.testing.assert_allclose(found, written_out(decided, before), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(found, again)
    assert found[1, 3:].tolist() == [0.0, 0.0]


def test_in_a_cell_a_look_begins_at_the_beginning(session: Any) -> None:
    mechanism = S.BahdanauMonotonicAttention(2, MEMORY, sigmoid_noise=1.0, sigmoid_noise_seed=3, mode="hard")
    cell = S.AttentionWrapper(tf.nn.rnn_cell.GRUCell(2), mechanism)
    start = cell.zero_state(3, tf.float32)
    outputs, last = tf.nn.dynamic_rnn(cell, tf.constant(DRAWN.normal(size=(3, 4, 2)).astype(np.float32)), initial_state=start)
    first, alignments = session.run([start.alignments, last.alignments])
    assert first.tolist() == [[1.0, 0, 0, 0, 0]] * 3 and set(np.unique(alignments)) <= {0.0, 1.0} and (alignments.sum(1) <= 1).all()


@pytest.mark.parametrize("make", [lambda: S.monotonic_attention(P, BEFORE, "soft"), lambda: S.LuongMonotonicAttention(4, MEMORY, mode="soft"),
                                  lambda: S.BahdanauMonotonicAttention(4, MEMORY, mode="soft")])
def test_modes_that_there_are_not(make: Any) -> None:
    with pytest.raises(ArgumentError, match="mode is 'recursive', 'parallel' or 'hard', not 'soft'"):
        make()
