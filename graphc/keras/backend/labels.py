"""What `tf.keras.backend` has for labels of steps without places: their loss, their likeliest values, and their sparse form."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...ir.node import Node
from ...ir.operator import to_node
from ...ops.array import expand_dims, gather_nd, reshape, sequence_mask, transpose
from ...ops.array import shape as shape_of
from ...ops.math import cast, log, where
from ...ops.sparse_dense import sparse_tensor_to_dense
from ...ops.sparse_tensor import SparseTensor
from . import state

__all__ = ["ctc_batch_cost", "ctc_decode", "ctc_label_dense_to_sparse"]


def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> SparseTensor:
    """The first labels of each row, as many as it has: labels any[batch, longest], lengths int[batch] -> a SparseTensor of the same.

    DTypeError, ShapeError: the operands do not fit.

    >>> sparse = tf.keras.backend.ctc_label_dense_to_sparse([[3, 1], [2, 0]], [2, 1])
    >>> tf.Session(jit=False).run(sparse).values
    array([3, 1, 2], dtype=int32)
    """
    x = to_node(labels)
    at = where(sequence_mask(reshape(to_node(label_lengths), [-1]), shape_of(x)[1]))
    return SparseTensor(at, gather_nd(x, at), shape_of(x, out_type="int64"))


def _of_steps(y_pred: Any, input_length: Any) -> tuple[Node, Node]:
    """Logarithms of probabilities, steps first, and the number of steps of each row."""
    return log(transpose(to_node(y_pred), perm=[1, 0, 2]) + state.epsilon()), reshape(cast(to_node(input_length), "int32"), [-1])


def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Node:
    """The CTC loss of each row: labels int[batch, longest], probabilities float[batch, steps, classes], lengths int[batch, 1] -> float[batch, 1].

    DTypeError, ShapeError: the operands do not fit.
    """
    sparse = ctc_label_dense_to_sparse(cast(to_node(y_true), "int32"), cast(to_node(label_length), "int32"))
    inputs, steps = _of_steps(y_pred, input_length)
    return expand_dims(nn.ctc_loss(sparse, inputs, steps), axis=1)


def ctc_decode(y_pred: Any, input_length: Any, greedy: bool = True, beam_width: int = 100, top_paths: int = 1) -> tuple[list[Node], Node]:
    """The likeliest labels of each row, and how likely they are: probabilities float[batch, steps, classes], lengths int[batch].

    `greedy`: of the likeliest class of each step, ([int64[batch, longest]], less the sum of their logarithms); else of `beam_width` beams, with
    `top_paths` tensors of labels and the logarithms of their probabilities, float[batch, top_paths]. -1 stands behind the last label.
    DTypeError, ShapeError: the operands do not fit. GraphError: more paths than beams.

    >>> labels, score = tf.keras.backend.ctc_decode(tf.one_hot([[0, 0, 2, 1], [2, 2, 1, 2]], 3), [4, 4])
    >>> tf.Session(jit=False).run(labels[0])
    array([[ 0,  1],
           [ 1, -1]])
    """
    inputs, steps = _of_steps(y_pred, input_length)
    decoded, score = nn.ctc_greedy_decoder(inputs, steps) if greedy else nn.ctc_beam_search_decoder(inputs, steps, beam_width, top_paths)
    return [sparse_tensor_to_dense(labels, default_value=-1) for labels in decoded], score
