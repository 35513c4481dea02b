"""What networks are made of, as `tf.keras.backend` names it: activations, losses, convolutions, pooling, normalization, steps, the phase."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ... import nn
from ...errors import GraphError
from ...ir.node import Node, here
from ...ir.operator import to_node
from ...nest import flatten, is_nested, map_structure, pack_sequence_as
from ...ops.array import expand_dims, reverse, stack, transpose, unstack, zeros_like
from ...ops.array import shape as shape_of
from ...ops.control_flow import cond, while_loop
from ...ops.image_resize import resize_bilinear
from ...ops.math import cast, choose
from ...ops.tensor_array import TensorArray
from .. import entropies
from . import state
from .shapes import repeat_elements

__all__ = ["batch_normalization", "bias_add", "binary_crossentropy", "categorical_crossentropy", "conv1d", "conv2d", "conv2d_transpose", "conv3d",
           "depthwise_conv2d", "dropout", "elu", "hard_sigmoid", "in_test_phase", "in_top_k", "in_train_phase",
           "normalize_batch_in_training", "pool2d", "pool3d", "relu", "resize_images", "rnn", "separable_conv2d", "sigmoid", "softmax", "softplus",
           "softsign", "sparse_categorical_crossentropy", "switch", "tanh"]

sigmoid, tanh, softplus, softsign = nn.sigmoid, nn.tanh, nn.softplus, nn.softsign


# ---------------------------------------------------------------------- which of two

def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two tensors, by a truth value, or element by element by a tensor of them; functions are called for theirs, and evaluated alone.

    DTypeError, ShapeError: the two do not go together.

    >>> tf.keras.backend.eval(tf.keras.backend.switch(tf.constant(True), tf.constant(1.0), tf.constant(2.0)))
    np.float32(1.0)
    """
    test = cast(to_node(condition), "bool")
    if test.type.rank == 0:
        yes, no = (x if callable(x) and not isinstance(x, Node) else partial(to_node, x) for x in (then_expression, else_expression))
        return cond(test, yes, no)
    a, b = (to_node(x() if callable(x) and not isinstance(x, Node) else x) for x in (then_expression, else_expression))
    while test.type.rank is not None and a.type.rank is not None and test.type.rank < a.type.rank:
        test = expand_dims(test, axis=-1)
    return choose(test, a, b)


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """`x` in training, else `alt`: by `training`, by default by the learning phase; functions are called for theirs.

    DTypeError, ShapeError: the two do not go together.
    """
    known = state.known_phase(training)
    if known is not None:
        chosen = x if known else alt
        return chosen() if callable(chosen) and not isinstance(chosen, Node) else chosen
    return switch(state.learning_phase() if training is None else training, x, alt)


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """`alt` in training, else `x`. DTypeError, ShapeError: the two do not go together."""
    return in_train_phase(alt, x, training)


# ---------------------------------------------------------------------- activations and losses

def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Node:
    """max(x, 0), or `alpha` times what is below the threshold; no more than `max_value`. DTypeError, ShapeError: the operands do not fit."""
    from ...ops.math import minimum
    node = to_node(x)
    if not alpha and not threshold:
        out = nn.relu(node)
    else:
        out = choose(node >= threshold, node, alpha * (node - threshold) if alpha else zeros_like(node))
    return out if max_value is None else minimum(out, cast(to_node(max_value), node.dtype))


def elu(x: Any, alpha: float = 1.0) -> Node:
    """x above 0, below it alpha * (exp(x) - 1). DTypeError, ShapeError: the operands do not fit."""
    return nn.elu(x, alpha=alpha)


def softmax(x: Any, axis: int = -1) -> Node:
    """exp(x) / sum(exp(x)) along an axis. DTypeError, ShapeError: the operands do not fit."""
    return nn.softmax(x, axis=axis)


def hard_sigmoid(x: Any) -> Node:
    """0.2 x + 0.5, between 0 and 1. DTypeError, ShapeError: the operands do not fit."""
    from ...ops.math import clip_by_value
    return clip_by_value(0.2 * to_node(x) + 0.5, 0.0, 1.0)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Node:
    """-(target log(output) + (1 - target) log(1 - output)), element by element. DTypeError, ShapeError: the operands do not fit."""
    return entropies.binary(to_node(target), to_node(output), from_logits)


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Node:
    """-sum(target * log(output)) along an axis, output made to sum to 1. DTypeError, ShapeError: the operands do not fit."""
    return entropies.categorical(to_node(target), to_node(output), from_logits, axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Node:
    """-log of the output at the target, the number of a class. DTypeError, ShapeError: the operands do not fit."""
    return entropies.sparse_categorical(to_node(target), to_node(output), from_logits, axis)


def in_top_k(predictions: Any, targets: Any, k: int) -> Node:
    """Whether each row's target is among its k largest predictions. DTypeError, ShapeError: the operands do not fit."""
    return nn.in_top_k(predictions, targets, k)


def dropout(x: Any, level: float, noise_shape: Any = None, seed: int | None = None) -> Node:
    """Each element 0 with probability `level`, else divided by 1 - level. DTypeError, ShapeError: the operands do not fit."""
    return nn.dropout(x, 1.0 - level, noise_shape, seed)


# ---------------------------------------------------------------------- convolutions and pooling

def _layout(data_format: str | None, rank: int) -> str:
    given = data_format or state.image_data_format()
    if given not in ("channels_last", "channels_first"):
        raise GraphError(f"data_format is 'channels_last' or 'channels_first', not {given!r:.40}{here()}")
    first = given == "channels_first"
    return {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}[rank][first]


def _convolved(x: Any, kernel: Any, strides: Any, padding: str, data_format: str | None, dilation_rate: Any, rank: int) -> Node:
    each = [strides] * rank if isinstance(strides, int) else list(strides)
    rates = [dilation_rate] * rank if isinstance(dilation_rate, int) else list(dilation_rate)
    node = to_node(x)
    if padding == "causal":
        from ...ops.array import pad
        node = pad(node, [[0, 0], [(int(to_node(kernel).shape[0]) - 1) * rates[0], 0], [0, 0]])
        padding = "valid"
    return nn.convolution(node, kernel, padding.upper(), each, rates, data_format=_layout(data_format, rank))


def conv1d(x: Any, kernel: Any, strides: int = 1, padding: str = "valid", data_format: str | None = None, dilation_rate: int = 1) -> Node:
    """The convolution of rows by a kernel; "causal" padding: nothing is seen before it is there. DTypeError, ShapeError: the operands do not fit."""
    return _convolved(x, kernel, strides, padding, data_format, dilation_rate, 1)


def conv2d(x: Any, kernel: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None, dilation_rate: Any = (1, 1)) -> Node:
    """The convolution of pictures by a kernel. DTypeError, ShapeError: the operands do not fit."""
    return _convolved(x, kernel, strides, padding, data_format, dilation_rate, 2)


def conv3d(x: Any, kernel: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: str | None = None,
           dilation_rate: Any = (1, 1, 1)) -> Node:
    """The convolution of volumes by a kernel. DTypeError, ShapeError: the operands do not fit."""
    return _convolved(x, kernel, strides, padding, data_format, dilation_rate, 3)


def _four(strides: Any, layout: str) -> list[int]:
    """The strides of an operator of pictures: 1 for rows and channels."""
    each = [strides, strides] if isinstance(strides, int) else list(strides)
    return [1, *each, 1] if layout == "NHWC" else [1, 1, *each]


def conv2d_transpose(x: Any, kernel: Any, output_shape: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None) -> Node:
    """The transposed convolution of pictures by a kernel; `output_shape`: with the batch. DTypeError, ShapeError: the operands do not fit."""
    layout, node = _layout(data_format, 2), to_node(x)
    sizes = [shape_of(node)[0] if output_shape[0] is None else output_shape[0], *output_shape[1:]]
    return nn.conv2d_transpose(node, kernel, stack(sizes), _four(strides, layout), padding.upper(), layout)


def depthwise_conv2d(x: Any, depthwise_kernel: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None,
                     dilation_rate: Any = (1, 1)) -> Node:
    """The convolution of each channel of pictures by a kernel of its own. DTypeError, ShapeError: the operands do not fit."""
    layout = _layout(data_format, 2)
    return nn.depthwise_conv2d(x, depthwise_kernel, _four(strides, layout), padding.upper(), list(dilation_rate), data_format=layout)


def separable_conv2d(x: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Any = (1, 1), padding: str = "valid",
                     data_format: str | None = None, dilation_rate: Any = (1, 1)) -> Node:
    """`depthwise_conv2d`, and a convolution across channels behind it. DTypeError, ShapeError: the operands do not fit."""
    layout = _layout(data_format, 2)
    return nn.separable_conv2d(x, depthwise_kernel, pointwise_kernel, _four(strides, layout), padding.upper(), list(dilation_rate),
                               data_format=layout)


def _pooled(x: Any, pool_size: Any, strides: Any, padding: str, data_format: str | None, pool_mode: str, rank: int) -> Node:
    if pool_mode not in ("max", "avg"):
        raise GraphError(f"pool_mode is 'max' or 'avg', not {pool_mode!r:.40}{here()}")
    return nn.pool(to_node(x), list(pool_size), pool_mode.upper(), padding.upper(), strides=list(strides), data_format=_layout(data_format, rank))


def pool2d(x: Any, pool_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None, pool_mode: str = "max") -> Node:
    """The greatest, or the mean, of each window of pictures. DTypeError, ShapeError: the operands do not fit."""
    return _pooled(x, pool_size, strides, padding, data_format, pool_mode, 2)


def pool3d(x: Any, pool_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: str | None = None, pool_mode: str = "max") -> Node:
    """The greatest, or the mean, of each window of volumes. DTypeError, ShapeError: the operands do not fit."""
    return _pooled(x, pool_size, strides, padding, data_format, pool_mode, 3)


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Node:
    """The tensor with a bias for each channel. DTypeError, ShapeError: the operands do not fit."""
    node = to_node(x)
    if (data_format or state.image_data_format()) == "channels_first" and (node.type.rank or 0) > 2:
        from ...ops.array import reshape
        return node + reshape(to_node(bias), [1, -1, *[1] * ((node.type.rank or 0) - 2)])
    return node + bias


def batch_normalization(x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1, epsilon: float = 1e-3) -> Node:
    """gamma * (x - mean) / sqrt(var + epsilon) + beta. DTypeError, ShapeError: the operands do not fit."""
    return nn.batch_normalization(x, mean, var, beta, gamma, epsilon)


def normalize_batch_in_training(x: Any, gamma: Any, beta: Any, reduction_axes: Any, epsilon: float = 1e-3) -> tuple[Node, Node, Node]:
    """The batch normalized by its own mean and variance along axes; that mean; that variance. DTypeError, ShapeError: the operands do not fit.

    Of pictures, along axes 0, 1 and 2, the variance that is returned is that of a sample, divided by n - 1.
    """
    if to_node(x).type.rank == 4 and list(reduction_axes) == [0, 1, 2]:
        fused = nn.fused_batch_norm(x, gamma, beta, epsilon=epsilon)
        return fused.y, fused.batch_mean, fused.batch_variance
    mean, var = nn.moments(x, list(reduction_axes))
    wide = nn.moments(x, list(reduction_axes), keep_dims=True)
    return nn.batch_normalization(x, *wide, beta, gamma, epsilon), mean, var


def resize_images(x: Any, height_factor: int, width_factor: int, data_format: str | None = None, interpolation: str = "nearest") -> Node:
    """Pictures so many times as high and wide, by the nearest place or by "bilinear" interpolation.

    DTypeError, ShapeError: the operands do not fit.
    """
    first = (data_format or state.image_data_format()) == "channels_first"
    if interpolation == "nearest":
        return repeat_elements(repeat_elements(x, height_factor, 2 if first else 1), width_factor, 3 if first else 2)
    node = transpose(to_node(x), perm=[0, 2, 3, 1]) if first else to_node(x)
    out = resize_bilinear(node, shape_of(node)[1:3] * [height_factor, width_factor])
    return transpose(out, perm=[0, 3, 1, 2]) if first else out


# ---------------------------------------------------------------------- steps

Step = Callable[[Any, list[Any]], tuple[Any, list[Any]]]


def rnn(step_function: Step, inputs: Any, initial_states: Any, go_backwards: bool = False, mask: Any = None, constants: Any = None,
        unroll: bool = False, input_length: Any = None, time_major: bool = False, zero_output_for_mask: bool = False) -> tuple[Any, Any, Any]:
    """Walk along the steps: (the last output, all outputs, the last states).

    `step_function(inputs of a step, states)` -> (output, states). inputs: float[batch, steps, ...], or steps first with `time_major`; `mask`:
    bool[batch, steps], of a step that is left out states stay, and the output is that of the step before, or 0. `constants`: tensors that every
    step is given behind the states. `unroll`: the graph has each step by itself. ShapeError: steps of an unknown number are unrolled.
    """
    fixed = list(constants or ())

    def turned(x: Node) -> Node:
        return x if time_major else transpose(x, perm=[1, 0, *range(2, x.type.rank or 2)])
    rows = map_structure(turned, inputs) if is_nested(inputs) else turned(to_node(inputs))
    marks = None if mask is None else transpose(cast(mask, "bool"), perm=[1, 0]) if (to_node(mask).type.rank == 2 and not time_major) else mask
    if go_backwards:
        rows = map_structure(lambda x: reverse(x, [0]), rows) if is_nested(rows) else reverse(rows, [0])
        marks = None if marks is None else reverse(marks, [0])

    def step(row: Any, states: list[Any], mark: Any, before: Any) -> tuple[Any, list[Any]]:
        output, new = step_function(row, [*states, *fixed])
        if mark is None:
            return output, list(new)
        earlier = zeros_like(output) if before is None or zero_output_for_mask else before
        return switch(mark, output, earlier), [switch(mark, n, o) for n, o in zip(new, states, strict=True)]
    steps = flatten(rows)[0].type.shape[0]
    if unroll or steps == 1:
        apart = [unstack(x) for x in flatten(rows)]
        outputs: list[Any] = []
        states = list(initial_states)
        for t, mark in enumerate(unstack(marks) if marks is not None else [None] * len(apart[0])):
            row = pack_sequence_as(rows, [a[t] for a in apart]) if is_nested(rows) else apart[0][t]
            output, states = step(row, states, mark, outputs[-1] if outputs else None)
            outputs.append(output)
        made = stack(outputs)
        return outputs[-1], turned(made), states
    return _walked(step, rows, marks, list(initial_states), turned)


def _walked(step: Any, rows: Any, marks: Any, states: list[Any], turned: Any) -> tuple[Any, Any, Any]:
    """The steps as a loop of the graph."""
    many = is_nested(rows)
    flat = flatten(rows)
    count = shape_of(flat[0])[0]
    arrays = [TensorArray(x.dtype, size=count).unstack(x) for x in flat]
    held = None if marks is None else TensorArray("bool", size=count).unstack(marks)
    with_nothing, _ = step(pack_sequence_as(rows, [x[0] for x in flat]) if many else flat[0][0], states, None, None)
    kept = TensorArray(with_nothing.dtype, size=count)

    def body(t: Any, out: Any, last: Any, *now: Any) -> Any:
        row = pack_sequence_as(rows, [a.read(t) for a in arrays]) if many else arrays[0].read(t)
        output, new = step(row, list(now), None if held is None else held.read(t), last)
        for n, o in zip(new, now, strict=True):
            n.set_shape(o.shape)
        output.set_shape(last.shape)
        return (t + 1, out.write(t, output), output, *new)
    found = while_loop(lambda t, *rest: t < count, body, (to_node(0), kept, zeros_like(with_nothing), *states))
    made = found[1].stack()
    made.set_shape([flat[0].type.shape[0], *(with_nothing.type.shape or ())])
    return found[2], turned(made), list(found[3:])
