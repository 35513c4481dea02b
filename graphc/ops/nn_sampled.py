"""Losses over many classes of which a few are drawn: noise-contrastive estimation, and softmax over a sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import int64
from .array import concat, expand_dims, gather, identity, ones_like, reshape, shape, stop_gradient, zeros_like
from .candidates import log_uniform_candidate_sampler
from .linalg_matmul import matmul
from .math import cast, equal, log, where
from .nn_losses import sigmoid_cross_entropy_with_logits, softmax_cross_entropy_with_logits_v2
from .reduce import reduce_any, reduce_sum
from .scopes import scope

__all__ = ["nce_loss", "sampled_softmax_loss"]


def _table(what: str, given: Any) -> Node:
    """A table of rows by class; of a list of parts, one."""
    parts = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(parts) != 1:
        raise GraphError(f"{what}: {len(parts)} parts of a table are not offered: tf.concat makes them one{here()}")
    return to_node(parts[0])


def _sampled_logits(what: str, weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int,
                    sampled_values: Any, remove_accidental_hits: bool, seed: int | None) -> tuple[Node, Node]:
    """Logits of the true classes and of the drawn ones, less the logs of how often they are to be expected; and labels, 1 / num_true and 0."""
    w, b, x, classes = _table(what, weights), _table(what, biases), to_node(inputs), to_node(labels)
    if x.type.dtype.kind in "iu" and classes.type.dtype.kind == "f":        # as before TensorFlow 1: (weights, biases, inputs, labels)
        x, classes = classes, x
    if classes.type.dtype.kind not in "iu":
        raise DTypeError(f"{what}: the labels {describe(classes)} are no integers{here()}")
    if x.type.dtype.kind != "f":
        raise DTypeError(f"{what}: the inputs {describe(x)} are not of a floating dtype{here()}")
    classes = cast(classes, int64)
    if classes.type.rank == 1:
        classes = expand_dims(classes, axis=-1)
    drawn = sampled_values or log_uniform_candidate_sampler(classes, num_true, num_sampled, True, num_classes, seed)
    sampled, true_count, sampled_count = (stop_gradient(to_node(v)) for v in drawn)
    sampled = cast(sampled, int64)
    flat = reshape(classes, [-1])
    rows, offsets = (gather(t, concat([flat, sampled], 0)) for t in (w, b))
    n = shape(flat)[0]
    true_w = reshape(rows[:n], concat([[-1, num_true], shape(rows)[1:]], 0))
    true_logits = reduce_sum(expand_dims(x, axis=1) * true_w, -1) + reshape(offsets[:n], [-1, num_true])
    sampled_logits = matmul(x, rows[n:], transpose_b=True) + offsets[n:]
    if remove_accidental_hits:
        hit = reduce_any(equal(expand_dims(classes, axis=2), sampled), 1)
        sampled_logits = where(hit, np.finfo(x.type.dtype).min, sampled_logits)
    true_logits -= log(cast(true_count, x.dtype))
    sampled_logits -= log(cast(sampled_count, x.dtype))
    marks = concat([ones_like(true_logits) / num_true, zeros_like(sampled_logits)], 1)
    return concat([true_logits, sampled_logits], 1), marks


def nce_loss(weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1,
             sampled_values: Any = None, remove_accidental_hits: bool = False, partition_strategy: str = "mod",
             name: str | None = "nce_loss") -> Node:
    """Noise-contrastive estimation: each row tells its true classes from drawn ones (Gutmann and Hyvarinen 2010).

    weights: float[classes, n], biases: float[classes], labels: int[batch, num_true], inputs: float[batch, n] -> float[batch]. `sampled_values`:
    what a candidate sampler gave, by default the log-uniform one, different ones. DTypeError: labels or inputs of another kind. GraphError: several
    parts of a table, or numbers that do not fit. InvalidArgumentError, when run: no such class.

    >>> tf.set_random_seed(1)
    >>> loss = tf.nn.nce_loss(tf.zeros([10, 2]), tf.zeros([10]), [[3]], [[1.0, 2.0]], 4, 10)
    >>> loss.shape
    TensorShape((1,))
    """
    with scope(name, "nce_loss", to_node(inputs)) as last:
        logits, marks = _sampled_logits("nce_loss", weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
                                        remove_accidental_hits, None)
        return reduce_sum(sigmoid_cross_entropy_with_logits(labels=marks, logits=logits), 1, name=last)


def sampled_softmax_loss(weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1,
                         sampled_values: Any = None, remove_accidental_hits: bool = True, partition_strategy: str = "mod",
                         name: str | None = "sampled_softmax_loss", seed: int | None = None) -> Node:
    """Cross entropy with softmax over the true classes and drawn ones: an estimate for training (Jean, Cho, Memisevic and Bengio 2015).

    weights: float[classes, n], biases: float[classes], labels: int[batch, num_true], inputs: float[batch, n] -> float[batch]. Of drawn classes
    those that are true ones count nothing. DTypeError: labels or inputs of another kind. GraphError: several parts of a table, or numbers that do
    not fit. InvalidArgumentError, when run: no such class.

    >>> loss = tf.nn.sampled_softmax_loss(tf.zeros([10, 2]), tf.zeros([10]), [[3]], [[1.0, 2.0]], 4, 10)
    >>> loss.shape
    TensorShape((1,))
    """
    with scope(name, "sampled_softmax_loss", to_node(inputs)) as last:
        logits, marks = _sampled_logits("sampled_softmax_loss", weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
                                        remove_accidental_hits, seed)
        return identity(softmax_cross_entropy_with_logits_v2(labels=marks, logits=logits), name=last)
