"""Functions from features to logits, the towers of the ready-made estimators, for those who put a model together of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from .. import nn
from ..errors import ArgumentError
from ..ir.node import Node, here
from .canned import deep, wide

__all__ = ["call_logit_fn", "dnn_logit_fn_builder", "linear_logit_fn_builder"]


def dnn_logit_fn_builder(units: int, hidden_units: Any, feature_columns: Any, activation_fn: Any = nn.relu, dropout: float | None = None,
                         input_layer_partitioner: Any = None, batch_norm: bool = False) -> Callable[..., Any]:
    """A function `logit_fn(features, mode)`: dense layers of `hidden_units` above columns, then `units` logits, float32[rows, units].

    ArgumentError: `units` or `hidden_units` are no numbers above 0, or columns that are none.

    >>> build = tf.estimator.experimental.dnn_logit_fn_builder(2, [4], [tf.feature_column.numeric_column("x")])
    >>> build({"x": tf.zeros([3, 1])}, "infer").shape.as_list()
    [3, 2]
    """
    tower = deep("dnn_logit_fn_builder", feature_columns, hidden_units, "Adagrad", activation_fn, dropout, batch_norm, 0.05)
    _counted("dnn_logit_fn_builder", units)

    def dnn_logit_fn(features: Mapping[str, Any], mode: str) -> Node:
        return tower.logits(features, mode, units)
    return dnn_logit_fn


def linear_logit_fn_builder(units: int, feature_columns: Any, sparse_combiner: str = "sum") -> Callable[..., Any]:
    """A function `logit_fn(features)`: `units` weighted sums of columns, float32[rows, units].

    ArgumentError: `units` is no number above 0, or columns that are none.

    >>> build = tf.estimator.experimental.linear_logit_fn_builder(2, [tf.feature_column.numeric_column("x")])
    >>> build({"x": tf.zeros([3, 1])}).shape.as_list()
    [3, 2]
    """
    tower = wide("linear_logit_fn_builder", feature_columns, "Ftrl", sparse_combiner, 0.2)
    _counted("linear_logit_fn_builder", units)

    def linear_logit_fn(features: Mapping[str, Any]) -> Node:
        return tower.logits(features, "", units)
    return linear_logit_fn


def call_logit_fn(logit_fn: Callable[..., Any], features: Any, mode: str, params: Any, config: Any) -> Any:
    """What `logit_fn` gives for features, and for as many of `mode`, `params` and `config` as it takes.

    ArgumentError: it gives neither a tensor nor a dict of tensors.

    >>> tf.estimator.experimental.call_logit_fn(lambda features, params: features * params, tf.ones([2, 1]), "infer", 3.0, None).shape.as_list()
    [2, 1]
    """
    known = {"mode": mode, "params": params, "config": config}
    found = logit_fn(features=features, **{k: v for k, v in known.items() if k in inspect.signature(logit_fn).parameters})
    every = [*found.values()] if isinstance(found, Mapping) else [found]
    if not all(isinstance(x, Node) for x in every):
        raise ArgumentError(f"call_logit_fn: logit_fn gives a tensor, or a dict of tensors, not {found!r:.80}{here()}")
    return found


def _counted(what: str, units: Any) -> None:
    if isinstance(units, bool) or not isinstance(units, int) or units < 1:
        raise ArgumentError(f"{what}: units is a whole number of 1 or more, not {units!r:.60}{here()}")
