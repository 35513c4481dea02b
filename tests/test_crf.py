"""`contrib.crf` against the enumeration of all sequences of tags; and that its likelihood trains."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

import graphc as tf

crf = tf.contrib.crf
TAGS, STEPS = 3, 4
LENGTHS = [4, 1, 0, 3]


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()


def drawn(seed=0):
    rng = np.random.RandomState(seed)
    return (rng.normal(size=(len(LENGTHS), STEPS, TAGS)).astype(np.float32), rng.normal(size=(TAGS, TAGS)).astype(np.float32),
            rng.randint(0, TAGS, (len(LENGTHS), STEPS)).astype(np.int32))


def score(inputs, transitions, tags):
    return sum(x[t] for x, t in zip(inputs, tags, strict=False)) + sum(transitions[a, b] for a, b in itertools.pairwise(tags))


def every(inputs, transitions, length, allowed=None):
    """The scores of all sequences of a length by their tags."""
    return {tags: score(inputs, transitions, tags) for tags in itertools.product(range(TAGS), repeat=length)
            if allowed is None or all(allowed[i][t] for i, t in enumerate(tags))}


def log_norm(scores):
    return float(np.log(np.sum(np.exp(np.array(list(scores.values()), np.float64)))))


# Shapes as they are declared: all, none but what the model must know.
DECLARED = {"declared": [len(LENGTHS), STEPS, TAGS], "open": [None, None, TAGS]}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("shape", DECLARED.values(), ids=DECLARED)
def test_scores_norms_and_the_best(shape, jit):
    inputs, transitions, tags = drawn()
    x, t = tf.placeholder(tf.float32, shape), tf.placeholder(tf.int32, shape[:2])
    likely, kept = crf.crf_log_likelihood(x, t, LENGTHS, tf.constant(transitions))
    fetches = [crf.crf_sequence_score(x, t, LENGTHS, transitions), crf.crf_log_norm(x, LENGTHS, transitions), likely, kept,
               *crf.crf_decode(x, tf.constant(transitions), LENGTHS)]
    with tf.Session(jit=jit) as sess:
        scores, norms, likely_, kept_, best, best_scores = sess.run(fetches, {x: inputs, t: tags})
    np.testing.assert_array_equal(kept_, transitions)
    for i, n in enumerate(LENGTHS):
        all_scores = every(inputs[i], transitions, n)
        expected = score(inputs[i], transitions, tags[i][:n]) if n else 0
        np.testing.assert_allclose(scores[i], expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(norms[i], log_norm(all_scores) if n else 0, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(likely_[i], scores[i] - norms[i], rtol=1e-5, atol=1e-5)
        assert best[i][n:].tolist() == [0] * (STEPS - n)
        if n:
            winner = max(all_scores, key=lambda tags: all_scores[tags])
            assert tuple(best[i][:n]) == winner
            np.testing.assert_allclose(best_scores[i], all_scores[winner], rtol=1e-5)
            listed, value = crf.viterbi_decode(inputs[i][:n], transitions)
            assert tuple(listed) == winner and value == pytest.approx(all_scores[winner], rel=1e-5)


def test_norm_of_allowed_tags():
    inputs, transitions, _ = drawn(1)
    allowed = np.random.RandomState(2).rand(len(LENGTHS), STEPS, TAGS) < .7
    allowed[..., 0] = True
    found = tf.Session(jit=False).run(crf.crf_multitag_sequence_score(inputs, allowed, LENGTHS, transitions))
    for i, n in enumerate(LENGTHS):
        np.testing.assert_allclose(found[i], log_norm(every(inputs[i], transitions, n, allowed[i])) if n else 0, rtol=1e-5, atol=1e-5)


def test_one_step():
    inputs, transitions, _ = drawn(3)
    tags, best = tf.Session(jit=False).run(crf.crf_decode(inputs[:, :1], transitions, [1] * len(LENGTHS)))
    assert tags[:, 0].tolist() == inputs[:, 0].argmax(1).tolist() and best.tolist() == inputs[:, 0].max(1).tolist()


def test_gradients_of_the_likelihood():
    """The slope of the norm by a step's score is the probability of its tag, by a transition's how often it is expected."""
    inputs, transitions, tags = drawn(4)
    x, w = tf.constant(inputs), tf.constant(transitions)
    by_scores, by_transitions = tf.Session(jit=False).run(tf.gradients(crf.crf_log_norm(x, LENGTHS, w), [x, w]))
    expected, pairs = np.zeros_like(inputs, np.float64), np.zeros((TAGS, TAGS))
    for i, n in enumerate(LENGTHS):
        all_scores = every(inputs[i], transitions, n)
        for sequence, value in all_scores.items() if n else ():
            p = np.exp(value - log_norm(all_scores))
            for step, tag in enumerate(sequence):
                expected[i, step, tag] += p
            for a, b in itertools.pairwise(sequence):
                pairs[a, b] += p
    np.testing.assert_allclose(by_scores, expected, atol=1e-5)
    np.testing.assert_allclose(by_transitions, pairs, atol=1e-5)


def test_likelihood_trains():
    inputs, _, tags = drawn(5)
    with tf.variable_scope("crf"):
        likely, transitions = crf.crf_log_likelihood(tf.Variable(inputs), tags, LENGTHS)
    loss = -tf.reduce_mean(likely)
    step = tf.train.AdamOptimizer(0.1).minimize(loss)
    with tf.Session() as sess:
        before = sess.run(loss)
        for _ in range(30):
            sess.run(step)
        assert sess.run(loss) < before / 4 and [v.op.name for v in tf.trainable_variables()] == ["crf/Variable", "crf/transitions"]


@pytest.mark.parametrize("call, message", [
    (lambda: crf.crf_log_norm(tf.zeros([2, 3]), [1], tf.zeros([3, 3])), "is not [batch, steps, tags]"),
    (lambda: crf.crf_log_likelihood(tf.placeholder(tf.float32, [1, 2, None]), [[0, 0]], [2]), "number of tags that is not known"),
    (lambda: crf.viterbi_decode([[1.0, 2.0]], [[1.0]]), "not [steps, tags] and [tags, tags]"),
])
def test_refusals(call, message):
    with pytest.raises(tf.errors.ShapeError, match=re.escape(message)):
        call()
