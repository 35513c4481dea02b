"""Connectionist temporal classification and edit distances, against every path there is, written out."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from tests.draws import draws

RANDOM = draws(2)


def by_paths(logits, merge=True):
    """The probability of all labels, as the sum over all paths: float[steps, classes] -> {labels: probability}."""
    steps, classes = logits.shape
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(classes), repeat=steps):
        out, before = [], None
        for c in path:
            if c != classes - 1 and not (merge and c == before):
                out.append(c)
            before = c
        found[tuple(out)] = found.get(tuple(out), 0.0) + float(np.prod([p[t, c] for t, c in enumerate(path)]))
    return found


def sparse(rows):
    places = [(b, k) for b, row in enumerate(rows) for k in range(len(row))]
    return tf.SparseTensorValue(np.array(places, np.int64).reshape(-1, 2), np.array([v for row in rows for v in row], np.int32),
                                np.array([len(rows), max(map(len, rows), default=0)], np.int64))


ROWS, LENGTHS = [[0, 1], [1, 1], [], [0]], [4, 5, 3, 1]
X = RANDOM.normal(size=(5, 4, 3)) * 2


@pytest.mark.parametrize("options, seen, merge", [
    ({}, ROWS, True), ({"preprocess_collapse_repeated": True}, [[0, 1], [1], [], [0]], True), ({"ctc_merge_repeated": False}, ROWS, False)])
@pytest.mark.parametrize("time_major", [True, False])
def test_loss_is_the_sum_over_all_paths(options, seen, merge, time_major, session):
    x, labels = tf.placeholder(tf.float64, [None, None, 3]), tf.sparse_placeholder(tf.int32)
    loss = tf.nn.ctc_loss(labels, x, LENGTHS, time_major=time_major, **options)
    made = session.run(loss, {x: X if time_major else X.swapaxes(0, 1), labels: sparse(ROWS)})
    wanted = [-np.log(by_paths(X[:n, b], merge)[tuple(row)]) for b, (n, row) in enumerate(zip(LENGTHS, seen, strict=True))]
    np.testing.assert_allclose(made, wanted, rtol=1e-12)


@pytest.mark.parametrize("options", [{}, {"preprocess_collapse_repeated": True}, {"ctc_merge_repeated": False}])
def test_derivatives(options):
    """First and second order, backward and forward, against differences."""
    tf.testing.check_grads(lambda x: tf.nn.ctc_loss(tf.SparseTensor(*sparse(ROWS)), x, LENGTHS, **options), (X,), order=2)


def test_any_order(session):
    """The third derivative along a line, as differences of the second."""
    along, at = RANDOM.normal(size=X.shape), tf.placeholder(tf.float64, [])
    y = tf.reduce_sum(tf.nn.ctc_loss(tf.SparseTensor(*sparse(ROWS)), X + at * along, LENGTHS))
    for _ in range(2):
        (y,) = tf.gradients(y, at)
    third = session.run(tf.gradients(y, at)[0], {at: 0.0})
    np.testing.assert_allclose(third, (session.run(y, {at: 1e-4}) - session.run(y, {at: -1e-4})) / 2e-4, rtol=1e-6)


def test_gradient_is_what_differences_of_all_paths_give(session):
    x = tf.constant(X)
    g = session.run(tf.gradients(tf.nn.ctc_loss(tf.SparseTensor(*sparse(ROWS)), x, LENGTHS), x)[0])
    for b, (n, row) in enumerate(zip(LENGTHS, ROWS, strict=True)):
        assert not g[n:, b].any()
        for t, c in itertools.product(range(n), range(3)):
            h = np.zeros((n, 3))
            h[t, c] = 1e-6
            ends = [-np.log(by_paths(X[:n, b] + s * h)[tuple(row)]) for s in (1, -1)]
            np.testing.assert_allclose(g[t, b, c], (ends[0] - ends[1]) / 2e-6, atol=1e-8)


def test_labels_that_no_path_gives(session):
    """Two equal labels need a blank between them: three steps. The loss is infinite, the gradient TensorFlow's: the probabilities."""
    x = tf.constant(X[:2, :1])
    loss = tf.nn.ctc_loss(tf.SparseTensor(*sparse([[1, 1]])), x, [2])
    value, g, p = session.run([loss, tf.gradients(loss, x)[0], tf.nn.softmax(x)])
    assert value.tolist() == [np.inf]
    np.testing.assert_allclose(g, p, rtol=1e-12)


def test_rows_that_are_left_out(session):
    x = tf.constant(X[:, :2])
    loss = tf.nn.ctc_loss(tf.SparseTensor(*sparse([[0, 1, 0], [1]])), x, [2, 5], ignore_longer_outputs_than_inputs=True)
    value, g = session.run([loss, tf.gradients(loss, x)[0]])
    assert value[0] == 0 and not g[:, 0].any() and value[1] > 0 and g[:, 1].all()


def test_long_and_certain_inputs(session):
    """Probabilities of a thousand steps are no numbers of float32; their logarithms are."""
    x = np.zeros((1000, 1, 3), "float32")
    x[np.arange(1000), 0, np.arange(1000) % 2 * 2] = 50.0           # 0, blank, 0, blank, ...
    loss = tf.nn.ctc_loss(tf.SparseTensor(*sparse([[0] * 500])), tf.constant(x), [1000])
    value = session.run(loss)
    assert np.isfinite(value).all() and value[0] < 1e-3


def test_training_learns_labels(session):
    w = tf.Variable(tf.zeros([6, 2, 4]))
    labels = tf.SparseTensor(*sparse([[0, 2, 1], [1, 1]]))
    loss = tf.reduce_mean(tf.nn.ctc_loss(labels, w, [6, 5]))
    step = tf.train.AdamOptimizer(0.3).minimize(loss)
    for _ in range(60):
        session.run(step)
    assert session.run(loss) < 0.05
    decoded, _ = tf.nn.ctc_greedy_decoder(w, [6, 5])
    assert session.run(decoded[0]).values.tolist() == [0, 2, 1, 1, 1]
    assert session.run(tf.edit_distance(tf.cast(decoded[0], tf.int32), labels)).tolist() == [0.0, 0.0]


# ---------------------------------------------------------------------- decoding

@pytest.mark.parametrize("merge, wanted", [(True, [[0, 1, 1], [2]]), (False, [[0, 0, 1, 1], [2, 2]])])
def test_greedy(merge, wanted, session):
    path = np.array([[0, 0, 1, 3, 1], [2, 2, 3, 3, 0]])
    x = RANDOM.uniform(size=(5, 2, 4)) + 2 * (np.arange(4) == path.T[:, :, None])
    decoded, total = tf.nn.ctc_greedy_decoder(tf.constant(x), [5, 4], merge_repeated=merge)
    made, sums = session.run([decoded[0], total])
    right = sparse(wanted)
    for a, b in zip(made, right, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(sums, [[-x[:, 0].max(1).sum()], [-x[:4, 1].max(1).sum()]])


@pytest.mark.parametrize("paths", [1, 4])
def test_beams_find_the_likeliest_labels(paths, session):
    """Where no beam is cut, the search is exact."""
    decoded, scores = tf.nn.ctc_beam_search_decoder(tf.constant(X), LENGTHS, beam_width=400, top_paths=paths, merge_repeated=False)
    made, logs = session.run([decoded, scores])
    for b, n in enumerate(LENGTHS):
        best = sorted(by_paths(X[:n, b]).items(), key=lambda item: -item[1])[:paths]
        for k, (labels, p) in enumerate(best):
            np.testing.assert_allclose(logs[b, k], np.log(p), rtol=1e-9)
            assert tuple(made[k].values[made[k].indices[:, 0] == b].tolist()) == labels
        assert (logs[b, len(best):] == -np.inf).all()


def test_beams_merge_what_they_found(session):
    x = np.full((5, 1, 3), -9.0, "float32")
    x[np.arange(5), 0, [1, 2, 1, 2, 0]] = 9.0
    for merge, wanted in ((False, [1, 1, 0]), (True, [1, 0])):
        (decoded,), _ = tf.nn.ctc_beam_search_decoder(tf.constant(x), [5], beam_width=4, merge_repeated=merge)
        assert session.run(decoded).values.tolist() == wanted


# ---------------------------------------------------------------------- edit distances

def distance(a, b):
    """The definition, by trying all that can be done with the last of each."""
    if not a or not b:
        return len(a) + len(b)
    return min(distance(a[:-1], b) + 1, distance(a, b[:-1]) + 1, distance(a[:-1], b[:-1]) + (a[-1] != b[-1]))


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("text", [True, False])
def test_distances_of_all_pairs(normalize, text, session):
    rows = [list(RANDOM.integers(0, 3, n).tolist()) for n in (0, 1, 4, 5)]
    pairs = [*itertools.product(rows, rows)]
    made = []
    for side in zip(*pairs, strict=True):
        one = sparse([*side])
        values = np.array([f"s{v}" for v in one.values], object) if text else one.values
        made.append(tf.SparseTensor(one.indices, tf.constant(values), one.dense_shape))
    found = session.run(tf.edit_distance(*made, normalize=normalize))
    wanted = [distance(a, b) / ((len(b) if normalize else 1) or (np.inf if not a else 0) or np.nan) if a or b else 0.0 for a, b in pairs]
    wanted = [np.inf if normalize and a and not b else w for w, (a, b) in zip(wanted, pairs, strict=True)]
    np.testing.assert_allclose(found, np.array(wanted, np.float32), rtol=1e-6)


def test_distances_in_a_grid(session):
    """As in TensorFlow's own documentation: (0,0) has no truth, (0,1) one off, (1,0) nothing, (1,1) two of three."""
    hypothesis = tf.SparseTensor([[0, 0, 0], [1, 0, 0]], ["a", "b"], [2, 1, 1])
    truth = tf.SparseTensor([[0, 1, 0], [1, 0, 0], [1, 0, 1], [1, 1, 0]], ["a", "b", "c", "a"], [2, 2, 2])
    np.testing.assert_array_equal(session.run(tf.edit_distance(hypothesis, truth)), [[np.inf, 1.0], [0.5, 1.0]])


def test_distances_of_sequences_that_are_longer_than_their_shape_says(session):
    """As programs write them, all in one row: TensorFlow reads the elements, and not the last size."""
    hypothesis, truth = (tf.SparseTensor([[0, 0, k] for k in range(len(word))], list(word), [1, 1, 1]) for word in ("bear", "beers"))
    np.testing.assert_array_equal(session.run(tf.edit_distance(hypothesis, truth, normalize=False)), [[2.0]])


# ---------------------------------------------------------------------- what is refused

LABELS = sparse([[0], [1]])


def loss(x, labels=LABELS, lengths=(3, 3), **options):
    return tf.nn.ctc_loss(tf.SparseTensor(*labels), x, list(lengths), **options)


def ones(*shape):
    return tf.ones(list(shape))


WRONG = [
    (lambda: loss(None), "GraphError", "ctc_loss: inputs is not given"),
    (lambda: tf.nn.ctc_loss(LABELS, ones(3, 2, 3)), "GraphError", "sequence_length"),
    (lambda: tf.nn.ctc_loss(ones(2, 3), ones(3, 2, 3), [3, 3]), "DTypeError", "ctc_loss takes a SparseTensor, not ones"),
    (lambda: loss(ones(3, 2)), "ShapeError", "ctc_loss: the inputs ones: float32[3,2]"),
    (lambda: loss(ones(3, 2, 3), lengths=[3]), "ShapeError", "ctc_loss: there is one length for each row of the inputs"),
    (lambda: loss(ones(3, 2, 3), lengths=[3.0, 3.0]), "DTypeError", "ctc_loss: sequence_length, Const"),
    (lambda: tf.nn.ctc_beam_search_decoder(ones(3, 2, 3), [3, 3], 1, 2), "GraphError", "the 2 paths are not 1 to beam_width, 1"),
    (lambda: tf.nn.ctc_greedy_decoder([[[1]]], [1]), "DTypeError", "ctc_greedy_decoder: the inputs Const: int32[1,1,1]"),
    (lambda: tf.edit_distance(LABELS, tf.SparseTensor([[0]], [1], [1])), "ShapeError", "the sequences lie in tensors of ranks 2 and 1"),
    (lambda: tf.edit_distance(LABELS, tf.SparseTensor([[0, 0]], ["a"], [1, 1])), "DTypeError", "are not compared"),
]


@pytest.mark.parametrize("build, kind, message", WRONG, ids=[row[2][:50] for row in WRONG])
def test_wrong_use_is_named(build, kind, message):
    with pytest.raises(getattr(errors, kind), match=re.escape(message)) as caught:
        build()
    assert "test_ctc.py:" in str(caught.value)


REFUSED = [
    (lambda: loss(ones(3, 2, 3), lengths=[4, 3]), "length 4 is not in [0, 3]"), (lambda: loss(ones(3, 2, 3), lengths=[-1, 3]), "length -1 is not in"),
    (lambda: loss(ones(3, 2, 2)), "label 1 is not in [0, 1): the last class is the blank"),
    (lambda: loss(ones(3, 2, 3), sparse([[0], [-1]])), "label -1 is not in [0, 2)"),
    (lambda: loss(ones(3, 2, 3), sparse([[0], [1, 0, 1]]), (3, 2)), "row 1 has 3 labels and 2 steps: they do not fit"),
    (lambda: loss(ones(3, 1, 3), lengths=[3]), "there are labels for row 1 of a batch of 1"),
    (lambda: tf.nn.ctc_greedy_decoder(ones(3, 1, 3), [4])[0][0].values, "length 4 is not in [0, 3]"),
    (lambda: tf.nn.ctc_greedy_decoder(ones(3, 1, 3), [4])[1], "4 is not in [0, 4)"),
    (lambda: tf.nn.ctc_beam_search_decoder(ones(3, 1, 3), [4])[1], "length 4 is not in [0, 3]"),
    (lambda: tf.edit_distance(LABELS, tf.SparseTensor([[5, 0]], [1], [1, 1])), "the truth has a place outside of its shape [1, 1]"),
]


@pytest.mark.parametrize("build, message", REFUSED, ids=[row[1][:50] for row in REFUSED])
def test_what_a_run_refuses(build, message, session):
    with pytest.raises(errors.InvalidArgumentError, match=re.escape(message)) as caught:
        session.run(build())
    assert "test_ctc.py:" in str(caught.value)
