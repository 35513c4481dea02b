"""`tf.contrib.estimator`: heads by their older names, metrics and features added to estimators, clipped gradients, and hooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import ArgumentError
from ..estimator.adding import add_metrics, forward_features
from ..estimator.canned import BaselineEstimator, DNNEstimator, DNNLinearCombinedEstimator, LinearEstimator
from ..estimator.heads import MEAN, BinaryClassHead, Head, MultiClassHead, RegressionHead
from ..estimator.logits import call_logit_fn, dnn_logit_fn_builder, linear_logit_fn_builder
from ..estimator.more_heads import LogisticRegressionHead, MultiHead, MultiLabelHead, PoissonRegressionHead
from ..estimator.stopping import (
    InMemoryEvaluatorHook,
    make_early_stopping_hook,
    make_stop_at_checkpoint_step_hook,
    stop_if_higher_hook,
    stop_if_lower_hook,
    stop_if_no_decrease_hook,
    stop_if_no_increase_hook,
)
from ..ir.arguments import hold as _hold
from ..ir.node import here
from ..tf1_names import namespace as _namespace
from ..train.clipping import clip_by_global_norm
from ..train.optimizer import Optimizer

__all__ = ["BaselineEstimator", "DNNEstimator", "DNNLinearCombinedEstimator", "InMemoryEvaluatorHook", "LinearEstimator", "add_metrics",
           "binary_classification_head", "call_logit_fn", "clip_gradients_by_norm", "dnn_logit_fn_builder", "forward_features",
           "linear_logit_fn_builder", "logistic_regression_head", "make_early_stopping_hook", "make_stop_at_checkpoint_step_hook", "multi_class_head",
           "multi_head", "multi_label_head", "poisson_regression_head", "regression_head",
           "stop_if_higher_hook", "stop_if_lower_hook", "stop_if_no_decrease_hook", "stop_if_no_increase_hook"]


class _Clipped(Optimizer):
    """An optimizer that is given gradients whose common norm is bounded."""

    def __init__(self, optimizer: Optimizer, norm: float):
        super().__init__(use_locking=False, name=f"Clipped{optimizer.get_name()}")
        self._inner, self._norm = optimizer, norm

    def compute_gradients(self, *args: Any, **kwargs: Any) -> list[tuple[Any, Any]]:
        return self._inner.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, *args: Any, **kwargs: Any) -> Any:
        pairs = list(grads_and_vars)
        clipped, _ = clip_by_global_norm([g for g, _ in pairs], self._norm)
        return self._inner.apply_gradients([*zip(clipped, (v for _, v in pairs), strict=True)], *args, **kwargs)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        return self._inner.get_slot(*args, **kwargs)

    def get_slot_names(self) -> list[str]:
        return self._inner.get_slot_names()

    def variables(self) -> list[Any]:
        return self._inner.variables()


def clip_gradients_by_norm(optimizer: Optimizer, clip_norm: float) -> Optimizer:
    """An optimizer that does what another does with gradients whose common norm is `clip_norm` at most, tf.clip_by_global_norm's.

    ArgumentError: no optimizer.

    >>> w = tf.Variable([3.0, 4.0])
    >>> step = tf.contrib.estimator.clip_gradients_by_norm(tf.train.GradientDescentOptimizer(1.0), 1.0).minimize(tf.reduce_sum(w * w) / 2)
    >>> sess = tf.Session(jit=False)
    >>> _ = sess.run(step)
    >>> sess.run(w)
    array([2.4, 3.2], dtype=float32)
    """
    if not isinstance(optimizer, Optimizer):
        raise ArgumentError(f"clip_gradients_by_norm: {optimizer!r:.80} is no optimizer{here()}")
    return _Clipped(optimizer, clip_norm)


def binary_classification_head(weight_column: Any = None, thresholds: Sequence[float] | None = None, label_vocabulary: Any = None,
                               loss_reduction: str = MEAN, loss_fn: Any = None, name: str | None = None) -> Head:
    """`tf.estimator.BinaryClassHead`. ArgumentError: as of it."""
    return BinaryClassHead(weight_column, thresholds, label_vocabulary, loss_reduction, loss_fn, name)


def multi_class_head(n_classes: int, weight_column: Any = None, label_vocabulary: Any = None, loss_reduction: str = MEAN, loss_fn: Any = None,
                     name: str | None = None) -> Head:
    """`tf.estimator.MultiClassHead`. ArgumentError: as of it."""
    return MultiClassHead(n_classes, weight_column, label_vocabulary, loss_reduction, loss_fn, name)


def regression_head(weight_column: Any = None, label_dimension: int = 1, loss_reduction: str = MEAN, loss_fn: Any = None,
                    inverse_link_fn: Callable[[Any], Any] | None = None, name: str | None = None) -> Head:
    """`tf.estimator.RegressionHead`, whose first two arguments are the other way round. ArgumentError: as of it."""
    return RegressionHead(label_dimension, weight_column, loss_reduction, loss_fn, inverse_link_fn, name)


def multi_label_head(n_classes: int, weight_column: Any = None, thresholds: Sequence[float] | None = None, label_vocabulary: Any = None,
                     loss_reduction: str = MEAN, loss_fn: Any = None, classes_for_class_based_metrics: Sequence[Any] | None = None,
                     name: str | None = None) -> Head:
    """`tf.estimator.MultiLabelHead`. ArgumentError: as of it."""
    return MultiLabelHead(n_classes, weight_column, thresholds, label_vocabulary, loss_reduction, loss_fn, classes_for_class_based_metrics, name)


def poisson_regression_head(weight_column: Any = None, label_dimension: int = 1, loss_reduction: str = MEAN, compute_full_loss: bool = True,
                            name: str | None = None) -> Head:
    """`tf.estimator.PoissonRegressionHead`, whose first two arguments are the other way round. ArgumentError: as of it."""
    return PoissonRegressionHead(label_dimension, weight_column, loss_reduction, compute_full_loss, name)


def logistic_regression_head(weight_column: Any = None, loss_reduction: str = MEAN, name: str | None = None) -> Head:
    """`tf.estimator.LogisticRegressionHead`. ArgumentError: as of it."""
    return LogisticRegressionHead(weight_column, loss_reduction, name)


def multi_head(heads: Sequence[Head], head_weights: Sequence[float] | None = None) -> Head:
    """`tf.estimator.MultiHead`. ArgumentError: as of it."""
    return MultiHead(heads, head_weights)


_hold(globals(), __all__)

_namespace(globals())
