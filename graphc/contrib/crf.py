"""`tf.contrib.crf`: linear chains of tags as conditional random fields: scores, likelihoods and the best tags (Lafferty, McCallum, Pereira 2001)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.arguments import hold as _hold
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.array import concat, expand_dims, gather_nd, range, sequence_mask, shape, stack, tile, transpose, zeros_like
from ..ops.array_places import batch_gather
from ..ops.control_loops import foldl, scan
from ..ops.math import cast, less, maximum, where
from ..ops.positions import argmax
from ..ops.reduce import reduce_logsumexp, reduce_max, reduce_sum
from ..tf1_names import namespace as _namespace
from ..variables import get_variable

__all__ = ["crf_binary_score", "crf_decode", "crf_log_likelihood", "crf_log_norm", "crf_multitag_sequence_score", "crf_sequence_score",
           "crf_unary_score", "viterbi_decode"]
__path__: list[str] = []           # a package: programs import modules from within, `contrib.crf.python`


def crf_sequence_score(inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Node:
    """The score of sequences of tags: what their steps and the transitions between these score, up to the lengths.

    inputs: float[batch, steps, tags], tag_indices: int[batch, steps], sequence_lengths: int[batch], transition_params: float[tags, tags] ->
    float[batch]. ShapeError, DTypeError: they do not fit. InvalidArgumentError, when run: a tag that there is not.

    >>> tf.Session(jit=False).run(tf.contrib.crf.crf_sequence_score([[[1.0, 2.0], [3.0, 4.0]]], [[1, 0]], [2], [[0.0, 0.0], [10.0, 0.0]]))
    array([15.], dtype=float32)
    """
    return crf_unary_score(tag_indices, sequence_lengths, inputs) + crf_binary_score(tag_indices, sequence_lengths, transition_params)


def crf_unary_score(tag_indices: Any, sequence_lengths: Any, inputs: Any) -> Node:
    """What the steps of sequences of tags score, without transitions; operands and errors (ShapeError, DTypeError) as of `crf_sequence_score`."""
    x, tags = _steps("crf_unary_score", inputs), _whole(tag_indices)
    each = batch_gather(x, expand_dims(tags, 2))[:, :, 0]
    return reduce_sum(where(sequence_mask(_whole(sequence_lengths), shape(x)[1]), each, zeros_like(each)), 1)


def crf_binary_score(tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Node:
    """What the transitions of sequences of tags score; operands and errors (ShapeError, DTypeError) as of `crf_sequence_score`."""
    tags = _whole(tag_indices)
    each = gather_nd(to_node(transition_params), stack([tags[:, :-1], tags[:, 1:]], 2))
    return reduce_sum(where(sequence_mask(maximum(_whole(sequence_lengths) - 1, 0), shape(each)[1]), each, zeros_like(each)), 1)


def crf_log_norm(inputs: Any, sequence_lengths: Any, transition_params: Any) -> Node:
    """The logarithm of the sum of the exponentials of all sequences' scores, by the forward recurrence: float[batch], 0 for empty ones.

    Operands and errors (ShapeError, DTypeError) as of `crf_sequence_score`.

    >>> tf.Session(jit=False).run(tf.contrib.crf.crf_log_norm([[[0.0, 0.0], [0.0, 0.0]]], [2], [[0.0, 0.0], [0.0, 0.0]])).round(4)
    array([1.3863], dtype=float32)
    """
    x, lengths, transitions = _steps("crf_log_norm", inputs), _whole(sequence_lengths), to_node(transition_params)

    def step(a: Any, row: Any) -> Any:
        scores, at = row
        return where(less(at, lengths), reduce_logsumexp(expand_dims(a, 2) + transitions, 1) + scores, a)
    total = reduce_logsumexp(foldl(step, _after_the_first(x), x[:, 0]), 1)
    return where(less(0, lengths), total, zeros_like(total))


def crf_multitag_sequence_score(inputs: Any, tag_bitmap: Any, sequence_lengths: Any, transition_params: Any) -> Node:
    """The logarithm of the sum of the exponentials of the scores of all sequences whose tags are allowed: bool[batch, steps, tags].

    Other operands, result and errors (ShapeError, DTypeError) as of `crf_log_norm`.
    """
    x = _steps("crf_multitag_sequence_score", inputs)
    return crf_log_norm(where(cast(to_node(tag_bitmap), "bool"), x, zeros_like(x) - np.inf), sequence_lengths, transition_params)


def crf_log_likelihood(inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any = None) -> tuple[Node, Node]:
    """The logarithms of the probabilities of sequences of tags, float[batch], and the transitions' scores.

    Without these a variable `transitions` of the present scope is made. Operands and errors (ShapeError, DTypeError) as of `crf_sequence_score`;
    ShapeError too where the variable's size, the number of tags, is not known.

    >>> likely, transitions = tf.contrib.crf.crf_log_likelihood([[[0.0, 0.0]]], [[1]], [1])
    >>> tf.Session(jit=False).run(likely).round(4), transitions.op.name
    (array([-0.6931], dtype=float32), 'transitions')
    """
    x = _steps("crf_log_likelihood", inputs)
    if transition_params is None:
        tags = list(x.type.shape or ())[2]
        if tags is None:
            raise ShapeError(f"crf_log_likelihood: {describe(x)} has a number of tags that is not known, of which the transitions are made{here()}")
        transition_params = get_variable("transitions", [int(tags), int(tags)], dtype=x.dtype)
    likely = crf_sequence_score(x, tag_indices, sequence_lengths, transition_params) - crf_log_norm(x, sequence_lengths, transition_params)
    return likely, to_node(transition_params)


def crf_decode(potentials: Any, transition_params: Any, sequence_length: Any) -> tuple[Node, Node]:
    """The tags of the highest score, int32[batch, steps], 0 behind the lengths, and their scores, float[batch] (Viterbi 1967).

    potentials: float[batch, steps, tags], transition_params: float[tags, tags], sequence_length: int[batch]. ShapeError, DTypeError: they do
    not fit.

    >>> tf.Session(jit=False).run(tf.contrib.crf.crf_decode([[[1.0, 2.0], [3.0, 4.0]]], [[0.0, 0.0], [10.0, 0.0]], [2]))
    (array([[1, 0]], dtype=int32), array([15.], dtype=float32))
    """
    x, lengths, transitions = _steps("crf_decode", potentials), _whole(sequence_length), to_node(transition_params)
    first, batch = x[:, 0], range(shape(x)[0])
    # Behind the end of a sequence each tag leads back to itself, so that the way back begins with the last one there is.
    stay = tile(expand_dims(range(shape(x)[2]), 0), stack([shape(x)[0], 1]))

    def forth(before: Any, row: Any) -> Any:
        (best, _), (scores, at) = before, row
        ways = expand_dims(best, 2) + transitions
        going = less(at, lengths)
        return where(going, reduce_max(ways, 1) + scores, best), where(going, cast(argmax(ways, 1), "int32"), stay)

    def back(tag: Any, came_from: Any) -> Any:
        return gather_nd(came_from, stack([batch, tag], 1))
    rows = _after_the_first(x)
    best, from_where = scan(forth, rows, (first, stay))
    final = concat([expand_dims(first, 0), best], 0)[-1]
    last = cast(argmax(final, 1), "int32")
    tags = transpose(concat([scan(back, from_where, last, reverse=True), expand_dims(last, 0)], 0))
    return where(sequence_mask(lengths, shape(x)[1]), tags, zeros_like(tags)), reduce_max(final, 1)


def viterbi_decode(score: Any, transition_params: Any) -> tuple[list[int], float]:
    """The tags of the highest score for one sequence of scores that are arrays, float[steps, tags]: a list, and their score.

    ShapeError: no such arrays.

    >>> tf.contrib.crf.viterbi_decode([[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [10.0, 0.0]])
    ([1, 0], np.float64(15.0))
    """
    scores, transitions = np.asarray(score), np.asarray(transition_params)
    if scores.ndim != 2 or not len(scores) or transitions.shape != (scores.shape[1],) * 2:
        raise ShapeError(f"viterbi_decode: scores of shape {scores.shape} and transitions of shape {transitions.shape}, not [steps, tags] and "
                         f"[tags, tags]{here()}")
    best, came_from = scores[0], []
    for row in scores[1:]:
        ways = best[:, None] + transitions
        came_from.append(ways.argmax(0))
        best = ways.max(0) + row
    tags = [int(best.argmax())]
    for way in reversed(came_from):
        tags.append(int(way[tags[-1]]))
    return tags[::-1], best.max()


def _steps(what: str, inputs: Any) -> Node:
    x = to_node(inputs)
    if x.type.rank != 3:
        raise ShapeError(f"{what}: {describe(x)} is not [batch, steps, tags]{here()}")
    return x


def _whole(numbers: Any) -> Node:
    return cast(to_node(numbers), "int32")


def _after_the_first(x: Node) -> tuple[Node, Node]:
    """The scores of all steps but the first, and which steps they are."""
    return transpose(x[:, 1:], [1, 0, 2]), range(1, shape(x)[1])


_hold(globals(), __all__)

_namespace(globals())
