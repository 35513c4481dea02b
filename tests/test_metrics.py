"""Streaming metrics against what NumPy makes of all batches at once; their variables, collections, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc import errors

RANDOM = np.random.default_rng(11)
BATCHES = (5, 1, 8)
ENDS = np.cumsum(BATCHES)
N = int(ENDS[-1])
LABELS, SCORES, WEIGHTS = RANDOM.integers(0, 2, N), RANDOM.uniform(size=N).round(2), RANDOM.uniform(0, 2, N)
A, B = RANDOM.normal(size=(N, 3)), RANDOM.normal(size=(N, 3))
CLASSES, GUESSES = RANDOM.integers(0, 4, N), RANDOM.integers(0, 4, N)
LOGITS = RANDOM.normal(size=(N, 4))
FIRST = np.argsort(-LOGITS, axis=1)[:, :2]
LIMITS = [0.0, 0.3, 0.55, 0.9]


def mean(values, w):
    return np.sum(values * w) / np.sum(np.broadcast_to(w, values.shape))


def counts(z, p, w, limit=0.5):
    said = p > limit
    return {"tp": np.sum(w * (z & said)), "fp": np.sum(w * (~z & said)), "fn": np.sum(w * (z & ~said)), "tn": np.sum(w * (~z & ~said))}


def by_limits(what):
    def formula(z, p, w):
        return np.array([what(counts(z == 1, p, w, limit)) for limit in LIMITS])
    return formula


def careful(z, y, w):
    """Precision over recall, integrated in small steps where the counts go straight between two thresholds."""
    limits = [-1e-7, *(i / 199 for i in range(1, 199)), 1 + 1e-7]
    found = [counts(z == 1, y > np.float32(t), w) for t in limits]
    total = 0.0
    for a, b in zip(found[1:], found, strict=False):
        s = (np.arange(20000) + 0.5) / 20000
        tp, fp = a["tp"] + s * (b["tp"] - a["tp"]), a["fp"] + s * (b["fp"] - a["fp"])
        if b["tp"] > a["tp"]:
            total += np.mean(tp / (tp + fp)) * (b["tp"] - a["tp"])
    return total / (found[0]["tp"] + found[0]["fn"])


def area(z, p, w, curve="ROC", sums="trapezoidal", count=200):
    limits = [-1e-7, *(i / (count - 1) for i in range(1, count - 1)), 1 + 1e-7]
    c = [counts(z == 1, p, w, limit) for limit in limits]
    recall = np.array([k["tp"] / (k["tp"] + k["fn"]) for k in c])
    if curve == "ROC":
        x, y = np.array([k["fp"] / (k["fp"] + k["tn"]) for k in c]), recall
    else:
        x, y = recall, np.array([(k["tp"] + 1e-7) / (k["tp"] + k["fp"] + 1e-7) for k in c])
    ends = {"trapezoidal": (y[:-1] + y[1:]) / 2, "minoring": np.minimum(y[:-1], y[1:]), "majoring": np.maximum(y[:-1], y[1:])}[sums]
    return np.sum((x[:-1] - x[1:]) * ends)


def at_level(z, p, w, level, of, wanted, count=200):
    limits = [-1e-7, *(i / (count - 1) for i in range(1, count - 1)), 1 + 1e-7]
    c = [counts(z == 1, p, w, limit) for limit in limits]
    best = int(np.argmin([abs(k[of[0]] / (k[of[0]] + k[of[1]]) - level) for k in c]))
    return c[best][wanted[0]] / (c[best][wanted[0]] + c[best][wanted[1]])


def iou(z, y, w):
    m = np.zeros((4, 4))
    np.add.at(m, (z, y), w)
    union = m.sum(0) + m.sum(1) - np.diag(m)
    return np.mean(np.diag(m)[union > 0] / union[union > 0])


def per_class(z, y, w):
    return np.mean([np.sum(w * ((z == k) & (y == k))) / np.sum(w * (z == k)) if np.sum(w * (z == k)) else 0 for k in range(4)])


def in_top(k):
    return lambda z, x, w: mean((np.argsort(-x, axis=1)[:, :k] == z[:, None]).any(1) * 1.0, w)


def precision_of_places(k):
    """The inverse of the label's place among the predictions, 0 beyond the first k."""
    def formula(z, x, w):
        place = 1 + (x > x[np.arange(len(z)), z][:, None]).sum(1)
        return mean(np.where(place <= k, 1 / place, 0.0), w)
    return formula


M = tf.metrics
SAID = (SCORES > 0.5) * 1
# name, labels (or None), predictions, the metric, its formula of all that was seen; weights have one number a row
METRICS = [
    ("mean", None, A, lambda z, y, w: M.mean(y, w), lambda z, y, w: mean(y, w)),
    ("accuracy", CLASSES, GUESSES, lambda z, y, w: M.accuracy(z, y, w), lambda z, y, w: mean((z == y) * 1.0, w)),
    ("mean_absolute_error", A, B, lambda z, y, w: M.mean_absolute_error(z, y, w), lambda z, y, w: mean(np.abs(z - y), w)),
    ("mean_squared_error", A, B, lambda z, y, w: M.mean_squared_error(z, y, w), lambda z, y, w: mean((z - y) ** 2, w)),
    ("root_mean_squared_error", A, B, lambda z, y, w: M.root_mean_squared_error(z, y, w), lambda z, y, w: np.sqrt(mean((z - y) ** 2, w))),
    ("mean_relative_error", A, B, lambda z, y, w: M.mean_relative_error(z, y, tf.abs(z) + 1.0, w),
     lambda z, y, w: mean(np.abs(z - y) / (np.abs(z) + 1), w)),
    ("mean_cosine_distance", A, B, lambda z, y, w: M.mean_cosine_distance(z, y, 1, w), lambda z, y, w: 1 - mean(np.sum(z * y, 1, keepdims=True), w)),
    ("percentage_below", None, A, lambda z, y, w: M.percentage_below(y, 0.25, w), lambda z, y, w: mean((y < 0.25) * 1.0, w)),
    ("true_positives", LABELS, SAID, lambda z, y, w: M.true_positives(z, y, w), lambda z, y, w: counts(z == 1, y, w)["tp"]),
    ("true_negatives", LABELS, SAID, lambda z, y, w: M.true_negatives(z, y, w), lambda z, y, w: counts(z == 1, y, w)["tn"]),
    ("false_positives", LABELS, SAID, lambda z, y, w: M.false_positives(z, y, w), lambda z, y, w: counts(z == 1, y, w)["fp"]),
    ("false_negatives", LABELS, SAID, lambda z, y, w: M.false_negatives(z, y, w), lambda z, y, w: counts(z == 1, y, w)["fn"]),
    ("precision", LABELS, SAID, lambda z, y, w: M.precision(z, y, w),
     lambda z, y, w: (lambda c: c["tp"] / (c["tp"] + c["fp"]) if c["tp"] else 0.0)(counts(z == 1, y, w))),
    ("recall", LABELS, SAID, lambda z, y, w: M.recall(z, y, w),
     lambda z, y, w: (lambda c: c["tp"] / (c["tp"] + c["fn"]) if c["tp"] else 0.0)(counts(z == 1, y, w))),
    ("recall_at_k", CLASSES, LOGITS, lambda z, y, w: M.recall_at_k(z, y, 2, weights=w), in_top(2)),
    ("recall_at_k of a class", CLASSES, LOGITS, lambda z, y, w: M.recall_at_k(z, y, 2, class_id=1, weights=w),
     lambda z, x, w: in_top(2)(z, x, w * (z == 1)) if (z == 1).any() else 0.0),
    ("recall_at_top_k", CLASSES, FIRST, lambda z, y, w: M.recall_at_top_k(z, y, weights=w), lambda z, y, w: mean((y == z[:, None]).any(1), w)),
    ("precision_at_top_k", CLASSES, FIRST, lambda z, y, w: M.precision_at_top_k(z, y, weights=w),
     lambda z, y, w: mean((y == z[:, None]).any(1) / 2, w)),
    *((f"{kind}precision_at_k", CLASSES, LOGITS, lambda z, y, w, kind=kind: getattr(M, f"{kind}precision_at_k")(z, y, 2, weights=w),
       lambda z, x, w: in_top(2)(z, x, w) / 2) for kind in ("", "sparse_")),
    *((f"{kind}average_precision_at_k", CLASSES, LOGITS, lambda z, y, w, kind=kind: getattr(M, f"{kind}average_precision_at_k")(z, y, 3, weights=w),
       precision_of_places(3)) for kind in ("", "sparse_")),
    ("true_positives_at_thresholds", LABELS, SCORES, lambda z, y, w: M.true_positives_at_thresholds(z, y, LIMITS, w), by_limits(lambda c: c["tp"])),
    ("true_negatives_at_thresholds", LABELS, SCORES, lambda z, y, w: M.true_negatives_at_thresholds(z, y, LIMITS, w), by_limits(lambda c: c["tn"])),
    ("false_positives_at_thresholds", LABELS, SCORES, lambda z, y, w: M.false_positives_at_thresholds(z, y, LIMITS, w), by_limits(lambda c: c["fp"])),
    ("false_negatives_at_thresholds", LABELS, SCORES, lambda z, y, w: M.false_negatives_at_thresholds(z, y, LIMITS, w), by_limits(lambda c: c["fn"])),
    ("precision_at_thresholds", LABELS, SCORES, lambda z, y, w: M.precision_at_thresholds(z, y, LIMITS, w),
     by_limits(lambda c: c["tp"] / (c["tp"] + c["fp"] + 1e-7))),
    ("recall_at_thresholds", LABELS, SCORES, lambda z, y, w: M.recall_at_thresholds(z, y, LIMITS, w),
     by_limits(lambda c: c["tp"] / (c["tp"] + c["fn"] + 1e-7))),
    ("auc", LABELS, SCORES, lambda z, y, w: M.auc(z, y, w), area),
    ("auc of PR, below", LABELS, SCORES, lambda z, y, w: M.auc(z, y, w, curve="PR", summation_method="minoring"),
     lambda z, y, w: area(z, y, w, "PR", "minoring")),
    ("auc of PR, careful", LABELS, SCORES, lambda z, y, w: M.auc(z, y, w, curve="PR", summation_method="careful_interpolation"), careful),
    ("auc of ROC, careful", LABELS, SCORES, lambda z, y, w: M.auc(z, y, w, summation_method="careful_interpolation"), area),
    ("auc, above", LABELS, SCORES, lambda z, y, w: M.auc(z, y, w, num_thresholds=11, summation_method="majoring"),
     lambda z, y, w: area(z, y, w, sums="majoring", count=11)),
    ("sensitivity_at_specificity", LABELS, SCORES, lambda z, y, w: M.sensitivity_at_specificity(z, y, 0.6, w),
     lambda z, y, w: at_level(z, y, w, 0.6, ("tn", "fp"), ("tp", "fn"))),
    ("specificity_at_sensitivity", LABELS, SCORES, lambda z, y, w: M.specificity_at_sensitivity(z, y, 0.6, w),
     lambda z, y, w: at_level(z, y, w, 0.6, ("tp", "fn"), ("tn", "fp"))),
    ("mean_iou", CLASSES, GUESSES, lambda z, y, w: M.mean_iou(z, y, 4, w), iou),
    ("mean_per_class_accuracy", CLASSES, GUESSES, lambda z, y, w: M.mean_per_class_accuracy(z, y, 4, w), per_class),
]
# Several labels of a row, or a SparseTensor of them: what TensorFlow 2.15 gives.
SEVERAL = [
    (lambda z, x: M.precision_at_k(z, x, 2), 0.5), (lambda z, x: M.average_precision_at_k(z, x, 3), 0.5416666666666666),
    (lambda z, x: M.precision_at_top_k(z, tf.constant([[1, 2], [3, 0]])), 0.5),
    (lambda z, x: M.recall_at_top_k(z, tf.constant([[1, 2], [3, 0]])), 0.5),
    (lambda z, x: M.recall_at_k(z, x, 2), 0.5), (lambda z, x: M.precision_at_k(z, x, 2, class_id=3), 1.0),
    (lambda z, x: M.precision_at_k(z, x, 2, weights=[1.0, 3.0]), 0.5),
]


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("make, wanted", SEVERAL)
def test_several_labels_of_a_row(make, wanted, sparse, session):
    labels = tf.SparseTensor([[0, 0], [0, 1], [1, 0], [1, 1]], tf.constant([0, 2, 1, 3], tf.int64), [2, 2]) if sparse else [[0, 2], [1, 3]]
    value, update = make(labels, tf.constant([[0.1, 0.5, 0.3, 0.2], [0.4, 0.3, 0.2, 0.6]]))
    assert session.run(update) == session.run(value) == pytest.approx(wanted)


# The update gives counts, or parts of each class, and not the value.
OTHER_UPDATE = {"mean_iou", "mean_per_class_accuracy"}


def test_every_metric_is_tried():
    assert {name.split(",")[0].split(" of ")[0] for name, *_ in METRICS} | {"mean_tensor"} == set(tf.metrics.__all__)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("name, labels, predictions, metric, formula", METRICS, ids=[row[0] for row in METRICS])
def test_metric(name, labels, predictions, metric, formula, weighted, session):
    z = None if labels is None else tf.placeholder(tf.float64 if labels.dtype.kind == "f" else tf.int64, [None, *labels.shape[1:]])
    y = tf.placeholder(tf.float64 if predictions.dtype.kind == "f" else tf.int64, [None, *predictions.shape[1:]])
    rank = 1 if "_k" in name else predictions.ndim
    w = tf.placeholder(tf.float32, [None] * rank) if weighted else None
    value, update = metric(z, y, w)
    wide = WEIGHTS.reshape(-1, *[1] * (rank - 1))
    # float32 sums of a few numbers; levels and thresholds are far from the scores
    assert np.all(np.isfinite(session.run(value)))
    for start, end in zip([0, *ENDS[:-1]], ENDS, strict=True):
        feed = {y: predictions[start:end]}
        feed.update({} if z is None else {z: labels[start:end]})
        feed.update({w: wide[start:end]} if weighted else {})
        after = session.run(update, feed)
    seen = formula(labels, predictions, wide if weighted else np.ones_like(wide))
    np.testing.assert_allclose(session.run(value), seen, rtol=2e-5, atol=1e-6)
    if name not in OTHER_UPDATE:
        np.testing.assert_allclose(after, seen, rtol=2e-5, atol=1e-6)
    session.run(tf.local_variables_initializer())
    assert not any(session.run(v).any() for v in tf.local_variables())


def test_mean_tensor(session):
    x = tf.placeholder(tf.float32, [3])
    w = tf.placeholder(tf.float32, [3])
    value, update = tf.metrics.mean_tensor(x, w)
    plain, plain_update = tf.metrics.mean_tensor(x)
    for i in range(4):
        session.run([update, plain_update], {x: A[i], w: np.abs(B[i])})
    np.testing.assert_allclose(session.run(value), np.sum(A[:4] * np.abs(B[:4]), 0) / np.sum(np.abs(B[:4]), 0), rtol=1e-5)
    np.testing.assert_allclose(session.run(plain), A[:4].mean(0), rtol=1e-5)


def test_variables_and_collections():
    with tf.variable_scope("eval"):
        value, update = tf.metrics.mean([1.0], metrics_collections="m", updates_collections=["u", "v"])
        tf.metrics.mean([1.0])
    tf.metrics.accuracy([1], [1], name="acc")
    assert [v.op.name for v in tf.local_variables()] == ["eval/mean/total", "eval/mean/count", "eval/mean_1/total", "eval/mean_1/count",
                                                          "acc/total", "acc/count"]
    assert tf.local_variables() == tf.get_collection(tf.GraphKeys.METRIC_VARIABLES) and tf.global_variables() == tf.trainable_variables() == []
    assert tf.get_collection("m") == [value] and tf.get_collection("u") == tf.get_collection("v") == [update]
    assert (value.op.name, update.op.name) == ("eval/mean/value", "eval/mean/update_op")


def test_a_last_dimension_of_one_is_dropped(session):
    for z, y in ((CLASSES[:, None], GUESSES), (CLASSES, GUESSES[:, None])):
        update = tf.metrics.accuracy(tf.constant(z), tf.constant(y))[1]
        np.testing.assert_allclose(session.run(update), np.mean(CLASSES == GUESSES), rtol=1e-6)
    assert session.run(tf.metrics.accuracy(tf.constant([1, 2]), tf.constant([1.0, 3.0]))[1]) == 0.5


def x(*shape):
    return tf.placeholder(tf.float32, shape)


MISTAKES = [
    ("shapes", lambda: M.accuracy(x(3), x(4)), errors.ShapeError, "metrics.accuracy(Placeholder: float32[3]"),
    ("a dimension of two", lambda: M.accuracy(x(3, 2), x(3)), errors.ShapeError, "is not 1"),
    ("weights", lambda: M.mean(x(3, 2), x(2)), errors.ShapeError, "weights of shape [2] are neither"),
    ("texts", lambda: M.mean(["a"]), errors.DTypeError, "no numbers"),
    ("curve", lambda: M.auc(x(3), x(3), curve="ROK"), errors.GraphError, "not 'ROK'"),
    ("sums", lambda: M.auc(x(3), x(3), summation_method="simpson"), errors.GraphError, "not 'simpson'"),
    ("thresholds", lambda: M.auc(x(3), x(3), num_thresholds=1), errors.GraphError, "2 or more, not 1"),
    ("no thresholds", lambda: M.recall_at_thresholds(x(3), x(3), 0.5), errors.DTypeError, "0.5 are no thresholds"),
    ("level", lambda: M.sensitivity_at_specificity(x(3), x(3), 1.5), errors.GraphError, "1.5 is not in [0, 1]"),
    ("open tensor", lambda: M.mean_tensor(x(None)), errors.ShapeError, "is not known"),
    ("classes", lambda: M.mean_iou(x(3), x(3), 2), errors.DTypeError, "are not integers"),
    ("labels", lambda: M.mean_per_class_accuracy(x(3), x(3), 2), errors.DTypeError, "are not integers"),
]


@pytest.mark.parametrize("act, kind, text", [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistakes_are_named(act, kind, text):
    with pytest.raises(kind) as caught:
        act()
    assert text in str(caught.value) and "test_metrics.py:" in str(caught.value)


OPEN = [
    ("shapes", lambda a, b: M.accuracy(a, b)[1], [[1.0], [2.0]], [1.0, 2.0], "these differ: [2,1] and [2]"),
    ("weights", lambda a, b: M.mean(b, a)[1], [1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]], "weights of shape [2] are neither"),
    ("a class that is none", lambda a, b: M.mean_iou(tf.to_int32(a), tf.to_int32(b), 2)[1], [0.0, 2.0], [0.0, 1.0], "2 is not in [0, 2)"),
]


@pytest.mark.parametrize("metric, first, second, text", [row[1:] for row in OPEN], ids=[row[0] for row in OPEN])
def test_a_run_refuses_what_does_not_fit(metric, first, second, text, session):
    a, b = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    made = metric(a, b)
    with pytest.raises(errors.InvalidArgumentError) as caught:
        session.run(made, {a: first, b: second})
    assert text in str(caught.value) and "test_metrics.py:" in str(caught.value)
