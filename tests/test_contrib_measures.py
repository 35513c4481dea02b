"""Measures of contrib over several batches: against NumPy of all values at once; older names of others; what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import DTypeError, GraphError, ShapeError
from tests.draws import draws

M = tf.contrib.metrics
DRAWN = draws(12)
X = DRAWN.normal(size=(3, 4, 2)).astype(np.float32)
Y = (0.5 * X + DRAWN.normal(size=X.shape)).astype(np.float32)
W = DRAWN.uniform(0.5, 2.0, size=X.shape).astype(np.float32)
CLASSES, GUESSES = DRAWN.integers(0, 3, size=(2, 3, 8))
TRUTHS, SCORES = DRAWN.integers(0, 2, size=(3, 8)), DRAWN.uniform(0.02, 0.98, size=(3, 8)).astype(np.float32).round(2) + np.float32(0.001)


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def over_batches(metric: Any, *operands: Any, weights: Any = None, jit: bool = False, **options: Any) -> Any:
    """What the metric says after all batches, by its value and by its last update, which agree; before the first it can be asked, too."""
    fed = [tf.placeholder(x.dtype, [None, *x.shape[2:]]) for x in operands]
    weighed = {} if weights is None else {"weights": tf.placeholder(tf.float32, [None, *weights.shape[2:]])}
    value, update = metric(*fed, **weighed, **options)
    with tf.Session(jit=jit) as session:
        session.run(value)
        for i in range(len(operands[0])):
            last = session.run(update, {**{p: x[i] for p, x in zip(fed, operands, strict=True)}, **{p: weights[i] for p in weighed.values()}})
        np.testing.assert_allclose(session.run(value), last, rtol=1e-6)
        return last


def covariance(x: Any, y: Any, w: Any = None) -> Any:
    w = np.ones_like(x) if w is None else w
    x, y, w = (v.astype(np.float64).ravel() for v in (x, y, w))
    return (w * (x - np.average(x, weights=w)) * (y - np.average(y, weights=w))).sum() / (w.sum() - 1)


@pytest.mark.parametrize("jit", [False, True], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("weights", [None, W], ids=["alike", "weighed"])
def test_covariance_and_correlation(weights: Any, jit: bool) -> None:
    wanted = covariance(X, Y, weights)
    assert over_batches(M.streaming_covariance, X, Y, weights=weights, jit=jit) == pytest.approx(wanted, rel=1e-4)
    r = wanted / np.sqrt(covariance(X, X, weights) * covariance(Y, Y, weights))
    assert over_batches(M.streaming_pearson_correlation, X, Y, weights=weights, jit=jit) == pytest.approx(r, rel=1e-4)


def test_one_value_has_no_covariance() -> None:
    assert np.isnan(over_batches(M.streaming_covariance, X[:1, :1, 0], Y[:1, :1, 0]))


def kappa(z: Any, y: Any, w: Any) -> float:
    table = np.zeros((3, 3))
    np.add.at(table, (z.ravel(), y.ravel()), w.ravel())
    table /= table.sum()
    chance = (table.sum(0) * table.sum(1)).sum()
    return float((np.trace(table) - chance) / (1 - chance))


def best_f1(z: Any, s: Any, w: Any) -> float:
    found = []
    for t in np.concatenate([[-1e-7], np.arange(1, 199) / 199, [1 + 1e-7]]):
        hit = (s > t)
        tp, fp, fn = (w * z * hit).sum(), (w * (1 - z) * hit).sum(), (w * z * (1 - hit)).sum()
        found.append(2 * tp / (2 * tp + fp + fn))
    return max(found)


ONES, SHARES = np.ones(CLASSES.shape, np.float32), DRAWN.uniform(0.5, 2.0, size=CLASSES.shape).astype(np.float32)


@pytest.mark.parametrize("weights", [None, SHARES], ids=["alike", "weighed"])
def test_agreement_and_f1(weights: Any) -> None:
    w = ONES if weights is None else weights
    assert over_batches(M.cohen_kappa, CLASSES, GUESSES, weights=weights, num_classes=3) == pytest.approx(kappa(CLASSES, GUESSES, w), rel=1e-4)
    assert over_batches(M.f1_score, TRUTHS, SCORES, weights=weights) == pytest.approx(best_f1(TRUTHS, SCORES, w), rel=1e-4)
    assert over_batches(M.count, SCORES, weights=weights) == pytest.approx(w.sum(), rel=1e-6)


@pytest.mark.parametrize("weights", [None, SHARES], ids=["alike", "weighed"])
def test_rates_of_mistakes(weights: Any) -> None:
    w, guesses = ONES if weights is None else weights, (SCORES > 0.5).astype(np.int64)
    positive, negative = (w * (1 - TRUTHS) * guesses).sum() / (w * (1 - TRUTHS)).sum(), (w * TRUTHS * (1 - guesses)).sum() / (w * TRUTHS).sum()
    assert over_batches(M.streaming_false_positive_rate, guesses, TRUTHS, weights=weights) == pytest.approx(positive, rel=1e-5)
    assert over_batches(M.streaming_false_negative_rate, guesses, TRUTHS, weights=weights) == pytest.approx(negative, rel=1e-5)
    at = over_batches(M.streaming_false_positive_rate_at_thresholds, SCORES, TRUTHS, weights=weights, thresholds=[-1.0, 0.5, 2.0])
    np.testing.assert_allclose(at, [1.0, positive, 0.0], rtol=1e-5)
    at = over_batches(M.streaming_false_negative_rate_at_thresholds, SCORES, TRUTHS, weights=weights, thresholds=[-1.0, 0.5, 2.0])
    np.testing.assert_allclose(at, [0.0, negative, 1.0], rtol=1e-5)


PLACES = DRAWN.normal(size=(4, 5)).astype(np.float32)
# An older name, by predictions first, and the metric since, by labels first.
OLDER: list[tuple[str, str, Any, Any, dict[str, Any]]] = [
    *((f"streaming_sparse_{n}_at_k", f"{n}_at_k", PLACES, CLASSES[0, :4, None], {"k": 2}) for n in ("recall", "precision", "average_precision")),
    *((f"streaming_{n}_at_thresholds", f"{n}_at_thresholds", SCORES[0], TRUTHS[0] > 0, {"thresholds": [0.2, 0.6]})
      for n in ("true_positives", "true_negatives", "false_positives", "false_negatives")),
    ("streaming_sensitivity_at_specificity", "sensitivity_at_specificity", SCORES[0], TRUTHS[0], {"specificity": 0.6}),
    ("streaming_specificity_at_sensitivity", "specificity_at_sensitivity", SCORES[0], TRUTHS[0], {"sensitivity": 0.6}),
]


@pytest.mark.parametrize("old, new, predictions, labels, options", OLDER, ids=[row[0] for row in OLDER])
def test_older_names(old: str, new: str, predictions: Any, labels: Any, options: dict[str, Any]) -> None:
    updates = [getattr(M, old)(predictions, labels, **options)[1], getattr(tf.metrics, new)(labels, predictions, **options)[1]]
    np.testing.assert_array_equal(*tf.Session(jit=False).run(updates))


@pytest.mark.parametrize("make, error", [
    (lambda: M.streaming_covariance(tf.zeros([2]), tf.zeros([3])), ShapeError),
    (lambda: M.streaming_pearson_correlation(tf.constant(["a"]), tf.zeros([1])), DTypeError),
    (lambda: M.cohen_kappa([0, 1], [0, 1], 1), GraphError), (lambda: M.cohen_kappa([0.0], [0.0], 2), DTypeError),
    (lambda: M.f1_score([0, 1], [0.5, 0.5], num_thresholds=1), GraphError), (lambda: M.count(["a"]), DTypeError),
    (lambda: M.count(tf.zeros([2]), tf.zeros([3])), ShapeError), (lambda: M.streaming_false_positive_rate(tf.zeros([2]), tf.zeros([3])), ShapeError),
])
def test_refusals(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make()
