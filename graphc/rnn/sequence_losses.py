"""Losses over sequences: cross entropies of each step, weighed and averaged over steps and rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GraphError, ShapeError
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.array import reshape
from ..ops.array import shape as shape_of
from ..ops.contract import held
from ..ops.math import add_n, cast
from ..ops.nn import sparse_softmax_cross_entropy_with_logits
from ..ops.reduce import reduce_sum
from ..variables import get_variable_scope, variable_scope

__all__ = ["model_with_buckets", "sequence_loss", "sequence_loss_by_example"]

Loss = Callable[..., Any]
_LEAST = 1e-12          # put to the sum of weights, which may be 0


def _lists(what: str, logits: Any, targets: Any, weights: Any) -> None:
    for name, given in (("logits", logits), ("targets", targets), ("weights", weights)):
        if not isinstance(given, (list, tuple)):
            raise GraphError(f"{what}: {name} is a list, one for each step, not {given!r:.60}{here()}")
    if not len(logits) == len(targets) == len(weights) or not logits:
        raise GraphError(f"{what}: there are {len(logits)} logits, {len(targets)} targets and {len(weights)} weights; "
                         f"it takes one of each for each step{here()}")


def _entropy(loss: Loss | None, targets: Node, logits: Node) -> Node:
    if loss is None:
        return sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    return loss(labels=targets, logits=logits)


def sequence_loss_by_example(logits: Sequence[Any], targets: Sequence[Any], weights: Sequence[Any], average_across_timesteps: bool = True,
                             softmax_loss_function: Loss | None = None, name: str | None = None) -> Node:
    """The cross entropies of all steps, weighed and added up, for each row: float[batch].

    logits: a list of float[batch, classes], targets: of int[batch], weights: of float[batch]. `average_across_timesteps`: divided by the sum of
    the weights. `softmax_loss_function(labels=, logits=)`: in place of the cross entropy. GraphError: no lists of one length.

    >>> loss = tf.contrib.legacy_seq2seq.sequence_loss_by_example([tf.zeros([1, 2])] * 2, [tf.constant([0])] * 2, [tf.ones([1])] * 2)
    >>> tf.Session(jit=False).run(loss)
    array([0.69314...], dtype=float32)
    """
    _lists("sequence_loss_by_example", logits, targets, weights)
    with name_scope(name, "sequence_loss_by_example"):
        scales = [to_node(w) for w in weights]
        losses = []
        for x, target, w in zip(logits, targets, scales, strict=True):
            z = to_node(target)
            losses.append(_entropy(softmax_loss_function, reshape(z, [-1]) if softmax_loss_function is None else z, to_node(x)) * w)
        total = add_n(losses)
        return total / (add_n(scales) + _LEAST) if average_across_timesteps else total


def _legacy(logits: Sequence[Any], targets: Sequence[Any], weights: Sequence[Any], average_across_timesteps: bool = True,
            average_across_batch: bool = True, softmax_loss_function: Loss | None = None, name: str | None = None) -> Node:
    """`sequence_loss_by_example` added up over the rows, and divided by their number with `average_across_batch`.

    Arguments as there -> float[]. GraphError: no lists of one length.

    >>> loss = tf.contrib.legacy_seq2seq.sequence_loss([tf.zeros([4, 2])], [tf.zeros([4], tf.int32)], [tf.ones([4])])
    >>> tf.Session(jit=False).run(loss)
    np.float32(0.6931472)
    """
    _lists("sequence_loss", logits, targets, weights)
    with name_scope(name, "sequence_loss"):
        cost = reduce_sum(sequence_loss_by_example(logits, targets, weights, average_across_timesteps, softmax_loss_function))
        return cost / cast(shape_of(to_node(targets[0]))[0], cost.dtype) if average_across_batch else cost


legacy_sequence_loss = _legacy
legacy_sequence_loss.__name__ = legacy_sequence_loss.__qualname__ = "sequence_loss"


def model_with_buckets(encoder_inputs: Sequence[Any], decoder_inputs: Sequence[Any], targets: Sequence[Any], weights: Sequence[Any],
                       buckets: Sequence[tuple[int, int]], seq2seq: Callable[[Any, Any], Any], softmax_loss_function: Loss | None = None,
                       per_example_loss: bool = False, name: str | None = None) -> tuple[list[Any], list[Node]]:
    """The outputs and the loss of a model for each bucket (longest input, longest output), all with the same variables.

    `seq2seq(encoder_inputs, decoder_inputs)` -> (outputs, state). GraphError: fewer inputs, targets or weights than the last bucket has steps.
    """
    if not buckets:
        raise GraphError(f"model_with_buckets: there are no buckets{here()}")
    for what, given, steps in (("encoder_inputs", encoder_inputs, buckets[-1][0]), ("targets", targets, buckets[-1][1]),
                               ("weights", weights, buckets[-1][1])):
        if len(given) < steps:
            raise GraphError(f"model_with_buckets: there are {len(given)} {what}, and the last bucket has {steps} steps{here()}")
    outputs: list[Any] = []
    losses: list[Node] = []
    with name_scope(name, "model_with_buckets"):
        for j, (ahead, behind) in enumerate(buckets):
            with variable_scope(get_variable_scope(), reuse=True if j else None):
                made, _ = seq2seq(encoder_inputs[:ahead], decoder_inputs[:behind])
                outputs.append(made)
                loss = sequence_loss_by_example if per_example_loss else _legacy
                losses.append(loss(made, targets[:behind], weights[:behind], softmax_loss_function=softmax_loss_function))
    return outputs, losses


def sequence_loss(logits: Any, targets: Any, weights: Any, average_across_timesteps: bool = True, average_across_batch: bool = True,
                  softmax_loss_function: Loss | None = None, name: str | None = None) -> Node:
    """The cross entropies of sequences, weighed, and averaged over steps, rows, both (by the sum of the weights) or neither.

    logits: float[batch, steps, classes], targets: int[batch, steps], weights: float[batch, steps] -> float[], float[batch], float[steps] or
    float[batch, steps]. `softmax_loss_function(labels=, logits=)`: in place of the cross entropy, of flat operands. ShapeError: another rank.

    >>> loss = tf.contrib.seq2seq.sequence_loss(tf.zeros([3, 2, 5]), tf.zeros([3, 2], tf.int32), tf.ones([3, 2]))
    >>> tf.Session(jit=False).run(loss)
    np.float32(1.609438)
    """
    x, z, w = to_node(logits), to_node(targets), to_node(weights)
    for what, node, rank in (("logits", x, 3), ("targets", z, 2), ("weights", w, 2)):
        if node.type.rank != rank:
            raise ShapeError(f"sequence_loss: the {what} {describe(node)} are not of rank {rank}{here()}")
    with name_scope(name, "sequence_loss"):
        w = held("sequence_loss", "same", w, z)
        sizes = shape_of(x)
        losses = _entropy(softmax_loss_function, reshape(z, [-1]), reshape(x, [-1, sizes[2]])) * reshape(w, [-1])
        if average_across_timesteps and average_across_batch:
            return reduce_sum(losses) / (reduce_sum(w) + _LEAST)
        losses = reshape(losses, sizes[:2])
        if not average_across_timesteps and not average_across_batch:
            return losses
        axis = 1 if average_across_timesteps else 0
        return reduce_sum(losses, axis) / (reduce_sum(w, axis) + _LEAST)
