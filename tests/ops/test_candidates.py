"""Candidate samplers against their distributions, and the losses over a sample against their formulas written in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf

RANGE = 8
UNIGRAMS = [1.0, 4.0, 2.0, 0.0, 3.0, 1.0, 1.0, 4.0]


def log_uniform(n):
    k = np.arange(n)
    return np.log((k + 2) / (k + 1)) / np.log(n + 1)


def power(weights, by):
    w = np.array(weights) ** by
    return w / w.sum()


# A sampler, the probabilities of the classes.
SAMPLERS = [
    (tf.nn.uniform_candidate_sampler, {}, np.full(RANGE, 1 / RANGE)), (tf.nn.log_uniform_candidate_sampler, {}, log_uniform(RANGE)),
    (tf.nn.fixed_unigram_candidate_sampler, {"unigrams": UNIGRAMS}, power(UNIGRAMS, 1)),
    (tf.nn.fixed_unigram_candidate_sampler, {"unigrams": UNIGRAMS, "distortion": 0.75}, power(UNIGRAMS, 0.75)),
    (tf.nn.fixed_unigram_candidate_sampler, {"unigrams": UNIGRAMS[2:], "num_reserved_ids": 2}, power([0, 0, *UNIGRAMS[2:]], 1)),
    (tf.nn.fixed_unigram_candidate_sampler, {"unigrams": UNIGRAMS, "num_shards": 2, "shard": 1}, power(np.array(UNIGRAMS) * ([0, 1] * 4), 1)),
]
JIT = pytest.mark.parametrize("jit", [True, False])


@JIT
@pytest.mark.parametrize("sampler, more, p", SAMPLERS)
def test_classes_are_drawn_as_often_as_they_are_probable(sampler, more, p, jit):
    tf.set_random_seed(1)
    n = 4000
    found = sampler([[1, 7]], 2, n, False, RANGE, **more)
    drawn, true, counts = tf.Session(jit=jit).run(list(found))
    assert drawn.dtype == np.int64 and drawn.shape == (n,) and counts.dtype == true.dtype == np.float32
    seen = np.bincount(drawn, minlength=RANGE)
    possible = p > 0
    assert len(seen) == RANGE and not seen[~possible].any()
    assert ((seen - n * p)[possible] ** 2 / (n * p[possible])).sum() < 30        # chi squared: 7 degrees at most, one in ten thousand
    np.testing.assert_allclose(true, [[n * p[1], n * p[7]]], rtol=1e-5)
    np.testing.assert_allclose(counts, n * p[drawn], rtol=1e-5)


@JIT
@pytest.mark.parametrize("sampler, more, p", SAMPLERS[:3])
def test_different_classes(sampler, more, p, jit):
    found = sampler([[1]], 1, 5, True, RANGE, seed=3, **more)
    counts = np.zeros(RANGE)
    with tf.Session(jit=jit) as sess:
        for _ in range(400):
            drawn, true, expected = sess.run(list(found))
            assert len(set(drawn.tolist())) == 5 and all(p[k] > 0 for k in drawn)
            # -expm1(tries log1p(-p)) for a number of tries of 5 or more, the same for all.
            if not np.allclose(expected, 5 * p[drawn], rtol=1e-5):
                tries = np.log1p(-expected.astype(float)) / np.log1p(-p[drawn])
                assert tries.min() > 5.9 and np.ptp(tries) < 1e-3 * tries.max()
            counts[drawn] += 1
    assert counts[np.argsort(p)[-1]] > 200 and (counts[p == 0] == 0).all()


def test_all_classes():
    drawn, true, counts = tf.Session(jit=False).run(list(tf.nn.all_candidate_sampler([[1], [2]], 1, 4, True)))
    assert drawn.tolist() == [0, 1, 2, 3] and true.tolist() == [[1.0], [1.0]] and counts.tolist() == [1.0] * 4


def test_streams_are_those_of_seeds():
    def drawn(seed):
        found = tf.nn.uniform_candidate_sampler([[1]], 1, 20, False, 100000, seed=seed).sampled_candidates
        with tf.Session(jit=True) as one, tf.Session(jit=False) as two:
            first, other = [[sess.run(found).tolist() for _ in range(2)] for sess in (one, two)]
        assert first == other and first[0] != first[1]
        return first
    assert drawn(5) != drawn(6)


def test_hits():
    rows, places, weights = tf.Session(jit=False).run(list(tf.nn.compute_accidental_hits([[3, 1], [0, 2]], [0, 3, 5, 1], 2)))
    assert sorted(zip(rows.tolist(), places.tolist(), strict=True)) == [(0, 1), (0, 3), (1, 0)] and (weights == np.finfo(np.float32).min).all()


@pytest.mark.parametrize("call, error", [
    (lambda: tf.nn.uniform_candidate_sampler([[1]], 1, 9, True, 8), tf.errors.GraphError),
    (lambda: tf.nn.uniform_candidate_sampler([[1.0]], 1, 2, True, 8), tf.errors.DTypeError),
    (lambda: tf.nn.uniform_candidate_sampler([[1]], 2, 2, True, 8), tf.errors.ShapeError),
    (lambda: tf.nn.uniform_candidate_sampler([[1]], 1, 0, True, 8), tf.errors.GraphError),
    (lambda: tf.nn.fixed_unigram_candidate_sampler([[1]], 1, 2, True, 8, unigrams=[1.0]), tf.errors.GraphError),
    (lambda: tf.nn.fixed_unigram_candidate_sampler([[1]], 1, 2, True, 2, unigrams=[1.0, 0.0]), tf.errors.GraphError),
    (lambda: tf.nn.fixed_unigram_candidate_sampler([[1]], 1, 2, True, 2, vocab_file="none"), tf.errors.NotFoundError),
    (lambda: tf.nn.nce_loss(tf.zeros([4, 2]), tf.zeros([4]), [[1.5]], [[1.0, 2.0]], 2, 4), tf.errors.DTypeError),
    (lambda: tf.nn.nce_loss([tf.zeros([4, 2])] * 2, tf.zeros([4]), [[1]], [[1.0, 2.0]], 2, 4), tf.errors.GraphError),
])
def test_samplers_refuse(call, error):
    with pytest.raises(error, match="at test_candidates.py:"):
        call()


def test_counts_are_read_from_a_file(tmp_path):
    (tmp_path / "words.csv").write_text("a,1\nb,0\nc,3\n")
    found = tf.nn.fixed_unigram_candidate_sampler([[0]], 1, 100, False, 3, vocab_file=str(tmp_path / "words.csv"))
    drawn, true, _ = tf.Session(jit=False).run(list(found))
    assert set(drawn.tolist()) == {0, 2} and true.tolist() == [[25.0]]


# ---------------------------------------------------------------------- losses

def losses(w, b, x, labels, drawn, true_count, sampled_count, remove):
    """Both losses and nothing of graphc's: logits less the logs of expected counts."""
    true = np.einsum("bn,btn->bt", x, w[labels]) + b[labels] - np.log(true_count)
    sampled = x @ w[drawn].T + b[drawn] - np.log(sampled_count)
    if remove:
        sampled = np.where((labels[:, :, None] == drawn).any(1), -np.inf, sampled)
    z = np.concatenate([true, sampled], 1)
    marks = np.concatenate([np.full(true.shape, 1 / labels.shape[1]), np.zeros(sampled.shape)], 1)
    with np.errstate(all="ignore"):
        nce = np.where(marks > 0, -marks * np.log(1 / (1 + np.exp(-z))), 0) - (1 - marks) * np.log1p(-1 / (1 + np.exp(-z)))
    log_softmax = z - np.log(np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True)) - z.max(1, keepdims=True)
    return nce.sum(1), -np.where(marks > 0, marks * np.maximum(log_softmax, -1e300), 0).sum(1)


@JIT
@pytest.mark.parametrize("remove", [False, True])
@pytest.mark.parametrize("num_true", [1, 2])
def test_losses_are_their_formulas(num_true, remove, jit):
    rng = np.random.default_rng(0)
    w, b, x = rng.normal(size=(9, 4)), rng.normal(size=9), rng.normal(size=(5, 4))
    labels, drawn = rng.integers(0, 9, (5, num_true)), np.array([1, 3, 8, 0])
    counts = rng.uniform(0.1, 1.0, (5, num_true)), rng.uniform(0.1, 1.0, 4)
    wanted = losses(w, b, x, labels, drawn, *counts, remove)
    given = [tf.Variable(v) for v in (w, b)]
    places = [tf.placeholder(tf.float64, [None, 4]), tf.placeholder(tf.int32, [None, num_true])]
    options = {"num_sampled": 4, "num_classes": 9, "num_true": num_true, "sampled_values": (drawn, *counts), "remove_accidental_hits": remove}
    made = [f(*given, labels=places[1], inputs=places[0], **options) for f in (tf.nn.nce_loss, tf.nn.sampled_softmax_loss)]
    feeds = dict(zip(places, (x, labels), strict=True))
    with tf.Session(jit=jit) as sess:
        for y, value in zip(made, wanted, strict=True):
            np.testing.assert_allclose(sess.run(y, feeds), value, rtol=1e-10)
            slope = sess.run(tf.gradients(y, given[0])[0], feeds)
            h = 1e-6
            for place in [(drawn[0], 0), (labels[0, 0], 2), (drawn[2], 3)]:
                ends = []
                for step in (h, -h):
                    moved = w.copy()
                    moved[place] += step
                    ends.append(losses(moved, b, x, labels, drawn, *counts, remove)[made.index(y)].sum())
                assert abs((ends[0] - ends[1]) / (2 * h) - slope[place]) < 1e-6


def test_arguments_of_before_tensorflow_1():
    """(weights, biases, inputs, labels): the two are told apart by their dtypes."""
    drawn = (np.array([1, 2]), np.ones((1, 1)), np.ones(2))
    w, b, x, y = tf.constant(np.random.default_rng(0).normal(size=(4, 2))), tf.zeros([4], tf.float64), tf.constant([[1.0, 2.0]], tf.float64), [[3]]
    new = tf.nn.nce_loss(w, b, y, x, 2, 4, sampled_values=drawn)
    old = tf.nn.nce_loss(w, b, x, tf.constant(y), 2, 4, sampled_values=drawn)
    one, other = tf.Session(jit=False).run([new, old])
    assert one == other


def test_neighbours_are_learned():
    """Words that stand together score higher than others: what nce_loss is for."""
    tf.set_random_seed(0)
    pairs = np.array([(a, b) for group in ((0, 1, 2), (3, 4, 5)) for a in group for b in group if a != b])
    table, w, b = tf.Variable(tf.random_uniform([6, 8], -1.0, 1.0)), tf.Variable(tf.zeros([6, 8])), tf.Variable(tf.zeros([6]))
    x, y = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [None, 1])
    train = tf.train.AdamOptimizer(0.05).minimize(tf.reduce_mean(tf.nn.nce_loss(w, b, y, tf.nn.embedding_lookup(table, x), 3, 6)))
    with tf.Session(jit=False) as sess:
        for _ in range(150):
            sess.run(train, {x: pairs[:, 0], y: pairs[:, 1:]})
        scores = sess.run(tf.matmul(table, w, transpose_b=True) + b)
    together = np.zeros((6, 6), bool)
    together[tuple(pairs.T)] = True
    assert scores[together].min() > scores[~together].max() + 1.0
