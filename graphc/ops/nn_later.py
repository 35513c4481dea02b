"""Pools, convolutions, losses and CTC under the names, and with the arguments, that TensorFlow gave them late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.graph import name_scope
from ..ir.known import as_int
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import as_shape
from .array import concat, expand_dims, gather, ones_like, scatter_nd, sequence_mask, shape, stack
from .array import range as numbers
from .array_fill import zeros_like
from .array_gather import boolean_mask
from .array_scan import cumsum
from .blocks import batch_to_space_nd, space_to_batch_nd
from .ctc import ctc_loss
from .ctc_decode import ctc_beam_search_decoder
from .math import cast, equal, floormod, greater, logical_and, not_equal, where
from .nn_conv import (
    conv1d_transpose,
    conv2d_transpose,
    conv3d_transpose,
    depthwise_conv2d_native_backprop_filter,
    depthwise_conv2d_native_backprop_input,
)
from .nn_pool import avg_pool, max_pool
from .positions import argmax
from .reduce import reduce_max, reduce_sum
from .sources import constant
from .sparse_tensor import SparseTensor

__all__ = ["avg_pool_v2", "collapse_repeated", "compute_average_loss", "conv_transpose", "ctc_beam_search_decoder_v2", "ctc_loss_v2",
           "ctc_unique_labels", "depthwise_conv2d_backprop_filter", "depthwise_conv2d_backprop_input", "max_pool_v2", "scale_regularization_loss",
           "with_space_to_batch"]

depthwise_conv2d_backprop_filter = depthwise_conv2d_native_backprop_filter
depthwise_conv2d_backprop_input = depthwise_conv2d_native_backprop_input


def max_pool_v2(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = None, name: str | None = None) -> Node:
    """`max_pool`; ShapeError and DTypeError as of it."""
    return max_pool(input, ksize, strides, padding, data_format, name)


def avg_pool_v2(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = None, name: str | None = None) -> Node:
    """`avg_pool`; ShapeError and DTypeError as of it."""
    return avg_pool(input, ksize, strides, padding, data_format, name)


def conv_transpose(input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME", data_format: Any = None, dilations: Any = None,
                   name: str | None = None) -> Node:
    """The transpose of a convolution over one, two or three axes, as many as the filter has: `conv1d_transpose` and its kin.

    input: number[batch, *sizes, outputs], filters: number[*sizes, channels, outputs] -> number[output_shape]. ShapeError: they do not fit, or
    the rank of the filter is not known.
    """
    w = to_node(filters)
    kinds: dict[int | None, tuple[Any, str]] = {3: (conv1d_transpose, "NWC"), 4: (conv2d_transpose, "NHWC"), 5: (conv3d_transpose, "NDHWC")}
    if w.type.rank not in kinds:
        raise ShapeError(f"conv_transpose: {describe(w)} is no filter over 1, 2 or 3 axes{here()}")
    make, usual = kinds[w.type.rank]
    transposed: Node = make(input, w, output_shape, strides, padding, data_format or usual, name=name, dilations=dilations)
    return transposed


# ---------------------------------------------------------------------- losses of replicas

def compute_average_loss(per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None) -> Node:
    """The sum of the examples' losses, weighted, by the number of examples.

    per_example_loss: float[n, ...], sample_weight: broadcastable to it -> float[]. `global_batch_size`: the number, if it is not n.
    DTypeError: no floating losses.

    >>> tf.Session(jit=False).run(tf.nn.compute_average_loss([1.0, 2.0, 6.0]))
    np.float32(3.0)
    """
    losses = to_node(per_example_loss)
    if losses.type.dtype.kind != "f":
        raise DTypeError(f"compute_average_loss: {describe(losses)} is not of a floating dtype{here()}")
    count = shape(losses)[0] if global_batch_size is None else to_node(global_batch_size)
    weighted = losses if sample_weight is None else losses * cast(sample_weight, losses.type.dtype)
    return reduce_sum(weighted) / cast(count, losses.type.dtype)


def scale_regularization_loss(regularization_loss: Any) -> Node:
    """The sum of a loss that does not depend on the examples, as one of the replicas adds it; there is one. DTypeError: no numbers."""
    return reduce_sum(regularization_loss)


# ---------------------------------------------------------------------- CTC

def ctc_loss_v2(labels: Any, logits: Any, label_length: Any, logit_length: Any, logits_time_major: bool = True, unique: Any = None,
                blank_index: int | None = None, name: str | None = None) -> Node:
    """`ctc_loss` of labels as a matrix, and of any class as the blank.

    labels: int[batch, places], of which row i has `label_length[i]`, or a SparseTensor; logits: float[steps, batch, classes] ([batch, steps,
    classes] if not `logits_time_major`), of which `blank_index` is the blank: the first, unless it is said (of a SparseTensor it must be), below
    0 from the end -> float[batch]. GraphError: no such class, or it is not said. DTypeError, ShapeError, InvalidArgumentError as of `ctc_loss`.

    >>> tf.Session(jit=False).run(tf.nn.ctc_loss_v2([[1]], tf.zeros([2, 1, 2]), [1], [2]))
    array([0.28768...], dtype=float32)
    """
    x = to_node(logits)
    classes = None if x.type.shape is None or x.type.rank != 3 else x.type.shape[-1]
    if classes is None:
        raise ShapeError(f"ctc_loss: {describe(x)} is no float[steps, batch, classes] of a known number of classes{here()}")
    if not isinstance(labels, SparseTensor):
        given = to_node(labels)
        inside = sequence_mask(label_length, shape(given)[1])
        labels = SparseTensor(where(inside), boolean_mask(given, inside), shape(given, out_type="int64"))
        blank = 0 if blank_index is None else as_int(blank_index, "blank_index")
    elif blank_index is None:
        raise GraphError(f"ctc_loss: with labels of a SparseTensor the blank_index is to be said{here()}")
    else:
        blank = as_int(blank_index, "blank_index")
    if not -classes <= blank < classes:
        raise GraphError(f"ctc_loss: the blank {blank} is none of {classes} classes{here()}")
    blank %= int(classes)
    if blank != classes - 1:
        x = concat([x[..., :blank], x[..., blank + 1:], x[..., blank:blank + 1]], axis=-1)
        found = labels.values
        labels = SparseTensor(labels.indices, where(greater(found, np.asarray(blank, found.type.dtype)), found - ones_like(found), found),
                              labels.dense_shape)
    return ctc_loss(labels, x, logit_length, time_major=logits_time_major)


def ctc_beam_search_decoder_v2(inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1) -> tuple[list[SparseTensor], Node]:
    """`ctc_beam_search_decoder` that keeps repeated labels of a result; errors as of it."""
    return ctc_beam_search_decoder(inputs, sequence_length, beam_width, top_paths, merge_repeated=False)


def collapse_repeated(labels: Any, seq_length: Any, name: str | None = None) -> tuple[Node, Node]:
    """Labels without those that repeat the one before, and how many are left of each row.

    labels: int[batch, places], seq_length: int[batch] -> (int[batch, longest], filled up with 0, int[batch]). ShapeError: no matrix.

    >>> tf.Session(jit=False).run(tf.nn.collapse_repeated([[1, 1, 2, 2, 1], [1, 1, 1, 3, 0]], [5, 3]))
    (array([[1, 2, 1],
           [1, 0, 0]], dtype=int32), array([3, 1], dtype=int32))
    """
    x, lengths = to_node(labels), to_node(seq_length)
    if x.type.rank != 2:
        raise ShapeError(f"collapse_repeated: {describe(x)} is no matrix{here()}")
    first = ones_like(x[:, :1], dtype="bool")
    kept = logical_and(concat([first, not_equal(x[:, 1:], x[:, :-1])], axis=1), sequence_mask(lengths, shape(x)[1]))
    counts = reduce_sum(cast(kept, lengths.type.dtype), axis=1)
    places = where(sequence_mask(counts, reduce_max(counts)))
    whole = concat([shape(x, out_type="int64")[:1], cast(reduce_max(counts), "int64")[None]], axis=0)
    return scatter_nd(places, boolean_mask(x, kept), whole), counts


def ctc_unique_labels(labels: Any, name: str | None = None) -> tuple[Node, Node]:
    """The different labels of each row, in the order in which they come, zeros behind them, and for each label its place among those.

    labels: int[batch, n], -> (int64[batch, n], int32[batch, n]). DTypeError: no whole numbers. ShapeError: no matrix.

    >>> tf.Session(jit=False).run(tf.nn.ctc_unique_labels([[5, 3, 5, 0]]))
    (array([[5, 3, 0, 0]]), array([[0, 1, 0, 2]], dtype=int32))
    """
    x = to_node(labels)
    if x.type.dtype.kind not in "iu":
        raise DTypeError(f"ctc_unique_labels: {describe(x)} is not of whole numbers{here()}")
    if x.type.rank != 2:
        raise ShapeError(f"ctc_unique_labels: {describe(x)} is not [batch, n]{here()}")
    with name_scope(name, "CtcUniqueLabels"):
        same = equal(expand_dims(x, 2), expand_dims(x, 1))              # of each label those that are like it
        first = argmax(cast(same, "int32"), axis=2, output_type="int32")
        is_first = equal(first, expand_dims(numbers(shape(x)[1]), 0))
        rank = cumsum(cast(is_first, "int32"), axis=1) - 1
        place = gather(rank, first, axis=1, batch_dims=1)
        here_first = logical_and(expand_dims(is_first, 2), equal(expand_dims(rank, 2), numbers(shape(x)[1])))
        unique = reduce_sum(expand_dims(cast(x, "int64"), 2) * cast(here_first, "int64"), 1)
        for made in (unique, place):
            made.set_shape(x.shape)
        return unique, place


def _padded_around(window: Any, rates: Any, padding: Any) -> Any:
    """The zeros before and behind each axis that the padding of dilated windows comes to."""
    if not isinstance(padding, str):
        return np.array(padding, np.int32)
    if padding.upper() not in ("SAME", "VALID"):
        raise ShapeError(f"with_space_to_batch: padding is 'SAME', 'VALID' or pairs of numbers, not {padding!r:.40}{here()}")
    if padding.upper() == "VALID":
        return np.zeros((len(rates), 2), np.int32)
    if window is None:
        raise GraphError(f"with_space_to_batch: padding='SAME' needs the filter_shape{here()}")
    sizes = as_shape(window) or ()
    extra = [(k - 1) * rate for k, rate in zip(sizes, rates, strict=False) if k is not None]
    if len(extra) != len(rates):
        raise ShapeError(f"with_space_to_batch: filter_shape={window} has not {len(rates)} sizes{here()}")
    return np.array([[n // 2, n - n // 2] for n in extra], np.int32)


def with_space_to_batch(input: Any, dilation_rate: Any, padding: Any, op: Callable[[Any, int, str], Any], filter_shape: Any = None,
                        spatial_dims: Any = None, data_format: str | None = None) -> Node:
    """What `op(x, number of spatial axes, padding)` gives where its windows are dilated: of the pixels at one place of all blocks as examples.

    input: any[batch, ..., channels]; `dilation_rate`: a number for each of `spatial_dims`, by default those behind the batch, or behind the
    channels where `data_format` begins with "NC". `filter_shape`: sizes of the windows, for padding="SAME". ShapeError: sizes or axes that do
    not fit. GraphError: no filter_shape where one is needed.

    >>> x, w = tf.reshape(tf.range(6.0), [1, 6, 1]), tf.ones([2, 1, 1])
    >>> convolve = lambda x, count, padding: tf.nn.conv1d(x, w, 1, padding)
    >>> tf.Session(jit=False).run(tf.nn.with_space_to_batch(x, [2], "VALID", convolve))[0, :, 0]
    array([2., 4., 6., 8.], dtype=float32)
    """
    x, rates = to_node(input), [as_int(r) for r in (dilation_rate if isinstance(dilation_rate, (list, tuple, np.ndarray)) else [dilation_rate])]
    first = 2 if (data_format or "").startswith("NC") else 1
    axes = [int(a) for a in spatial_dims] if spatial_dims is not None else list(range(first, first + len(rates)))
    if len(axes) != len(rates) or axes != sorted(set(axes)) or axes[0] < 1 or min(rates) < 1:
        raise ShapeError(f"with_space_to_batch: dilation_rate={dilation_rate} is no number from 1 on for each of the axes {axes}, in order{here()}")
    if x.type.rank is None or x.type.rank <= axes[-1]:
        raise ShapeError(f"with_space_to_batch: {describe(x)} has no axis {axes[-1]}, or an unknown rank{here()}")
    if all(r == 1 for r in rates):
        return to_node(op(x, len(rates), padding))
    sizes = shape(x)
    inner = stack([sizes[a] for a in axes])
    before, behind = _padded_around(filter_shape, rates, padding).T
    block = np.array(rates, np.int32)
    more = floormod(block - floormod(inner + (before + behind), block), block)          # what makes them multiples, and is cut off again
    paddings, crops = stack([constant(before), behind + more], axis=1), stack([zeros_like(more), more], axis=1)
    blocks, around, cut = [], [], []
    for axis in range(1, axes[-1] + 1):         # axes between those are blocks of one
        at = axes.index(axis) if axis in axes else None
        blocks.append(1 if at is None else rates[at])
        around.append(paddings[at] if at is not None else np.zeros(2, np.int32))
        cut.append(crops[at] if at is not None else np.zeros(2, np.int32))
    apart = op(space_to_batch_nd(x, blocks, stack(around)), len(rates), "VALID")
    return batch_to_space_nd(apart, blocks, stack(cut))
