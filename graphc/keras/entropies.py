"""Cross entropies of Keras: of probabilities, kept away from 0 and 1, or of the logits that they were made of."""

from __future__ import annotations

import numpy as np

from .. import nn
from ..errors import ShapeError
from ..ir.node import Node, describe, here
from ..ops.array import concat, reshape, transpose
from ..ops.array import shape as shape_of
from ..ops.math import cast, clip_by_value, log
from ..ops.reduce import reduce_sum
from .backend.state import epsilon


def within(x: Node, least: float, most: float) -> Node:
    """x kept within bounds."""
    return clip_by_value(x, least, most)


def _made_of(x: Node, kind: str) -> Node | None:
    """The logits of which a tensor is the softmax or the sigmoid; None of any other."""
    return x.op.inputs[0] if x.op.type == kind else None


def categorical(target: Node, output: Node, from_logits: bool = False, axis: int = -1) -> Node:
    """-sum(target * log(output)) along an axis; what is no softmax is divided by its sum first.

    float[..., classes] both -> float[...]. ShapeError: the shapes do not fit.
    """
    logits = output if from_logits else _made_of(output, "Softmax")
    if logits is not None:
        return nn.softmax_cross_entropy_with_logits_v2(labels=target, logits=logits, axis=axis)
    output = within(output / reduce_sum(output, axis=axis, keepdims=True), epsilon(), 1.0 - epsilon())
    return -reduce_sum(target * log(output), axis=axis)


def sparse_categorical(target: Node, output: Node, from_logits: bool = False, axis: int = -1) -> Node:
    """-log(output[target]) along an axis: of all elements of the target, or, where it has one for each row, in the shape of the rows.

    int[...] or int[..., 1], float[..., classes] -> float[...]. ShapeError: the rank of the output is not known.
    """
    logits = output if from_logits else _made_of(output, "Softmax")
    x = logits if logits is not None else log(within(output, epsilon(), 1.0 - epsilon()))
    rank = x.type.rank
    if rank is None:
        raise ShapeError(f"sparse_categorical_crossentropy: the rank of {describe(x)} is not known{here()}")
    if axis % rank != rank - 1:
        x = transpose(x, perm=[*(i for i in range(rank) if i != axis % rank), axis % rank])
    labels = reshape(cast(target, "int64"), [-1])
    rows = nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=reshape(x, concat([[-1], shape_of(x)[-1:]], 0)))
    if rank < 3:
        return rows
    out = reshape(rows, shape_of(x)[:-1])
    out.set_shape(None if x.type.shape is None else list(x.shape)[:-1])
    return out


def binary(target: Node, output: Node, from_logits: bool = False) -> Node:
    """-target log(output) - (1 - target) log(1 - output), elementwise. float[...] both -> float[...]. ShapeError: the shapes do not fit."""
    logits = output if from_logits else _made_of(output, "Sigmoid")
    if logits is not None:
        return nn.sigmoid_cross_entropy_with_logits(labels=target, logits=logits)
    least = float(np.float32(epsilon()))
    output = within(output, least, 1.0 - least)
    return -(target * log(output + least)) - (1.0 - target) * log(1.0 - output + least)
