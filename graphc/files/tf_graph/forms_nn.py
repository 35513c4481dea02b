"""TensorFlow's operators of neural nets that graphc spells with several of its own: what the rows of nets name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import UnimplementedError
from ...ir.node import OPERATORS, Node
from ...ops import array, math, nn, reduce
from .forms_array import transposed


def _around(padding: str, explicit_paddings: Sequence[int]) -> Any:
    """The padding as functions here take it: by its name, or a pair for each axis."""
    return [list(explicit_paddings[i:i + 2]) for i in range(0, len(explicit_paddings), 2)] if padding == "EXPLICIT" else padding


# ---------------------------------------------------------------------- convolutions

def conv2d(input: Node, filter: Node, padding: str, explicit_paddings: Sequence[int] = (), **how: Any) -> Node:
    return nn.conv2d(input, filter, padding=_around(padding, explicit_paddings), **how)


def conv2d_input(input_sizes: Node, filter: Node, out_backprop: Node, padding: str, explicit_paddings: Sequence[int] = (), **how: Any) -> Node:
    return nn.conv2d_backprop_input(input_sizes, filter, out_backprop, padding=_around(padding, explicit_paddings), **how)


def conv2d_filter(input: Node, filter_sizes: Node, out_backprop: Node, padding: str, explicit_paddings: Sequence[int] = (), **how: Any) -> Node:
    return nn.conv2d_backprop_filter(input, filter_sizes, out_backprop, padding=_around(padding, explicit_paddings), **how)


def depthwise(input: Node, filter: Node, padding: str, explicit_paddings: Sequence[int] = (), **how: Any) -> Node:
    return nn.depthwise_conv2d_native(input, filter, padding=_around(padding, explicit_paddings), **how)


def depthwise_input(input_sizes: Node, filter: Node, out_backprop: Node, padding: str, explicit_paddings: Sequence[int] = (), **how: Any) -> Node:
    return nn.depthwise_conv2d_native_backprop_input(input_sizes, filter, out_backprop, padding=_around(padding, explicit_paddings), **how)


def depthwise_filter(input: Node, filter_sizes: Node, out_backprop: Node, padding: str, explicit_paddings: Sequence[int] = (), **how: Any) -> Node:
    return nn.depthwise_conv2d_native_backprop_filter(input, filter_sizes, out_backprop, padding=_around(padding, explicit_paddings), **how)


def conv3d_input(input_sizes: Node, filter: Node, out_backprop: Node, dilations: Sequence[int] = (), **how: Any) -> Node:
    if any(d != 1 for d in dilations):
        raise UnimplementedError("graphc has this derivative without dilations")
    return nn.conv3d_transpose(out_backprop, filter, input_sizes, **how)


# ---------------------------------------------------------------------- pools

def max_pool(input: Node, padding: str, explicit_paddings: Sequence[int] = (), **how: Any) -> Node:
    return nn.max_pool2d(input, padding=_around(padding, explicit_paddings), **how)


def max_pool_grad(orig_input: Node, orig_output: Node, grad: Node, **how: Any) -> Node:
    """The gradient goes to the first of the largest elements of each window."""
    return transposed(lambda x: max_pool(x, **how), orig_input, grad)


def avg_pool_grad(orig_input_shape: Node, grad: Node, **how: Any) -> Node:
    return transposed(lambda x: nn.avg_pool2d(x, **how), array.zeros(orig_input_shape, dtype=grad.dtype), grad)


# ---------------------------------------------------------------------- normalisation

def batch_norm(x: Node, scale: Node, offset: Node, mean: Node, variance: Node, epsilon: float = 1e-4, data_format: str = "NHWC",
               is_training: bool = True, exponential_avg_factor: float = 1.0) -> list[Node]:
    """The normalised tensor, mean and variance to be kept, and what the derivative takes: mean and variance as they were used."""
    alone = is_training and exponential_avg_factor == 1.0
    y, *kept = nn.fused_batch_norm(x, scale, offset, None if alone else mean, None if alone else variance, epsilon, data_format, is_training,
                                   exponential_avg_factor=exponential_avg_factor)
    if not is_training:
        return [y, *kept, mean, variance, array.zeros([0], dtype=scale.dtype)]
    axes = _all_but_channels(x, data_format)
    used = reduce.reduce_mean(x, axis=axes, keepdims=True)
    spread = reduce.reduce_mean(math.squared_difference(x, used), axis=axes)
    return [y, *kept, array.squeeze(used, axis=axes), spread, array.zeros([0], dtype=scale.dtype)]


def batch_norm_grad(y_backprop: Node, x: Node, scale: Node, reserve_space_1: Node, reserve_space_2: Node, **how: Any) -> list[Node]:
    """The derivatives by x, scale and offset; when training, mean and variance are those of x, and move with it."""
    offset = array.zeros_like(scale)
    given: list[Any] = [] if how.get("is_training", True) else [reserve_space_1, reserve_space_2]
    y = nn.fused_batch_norm(x, scale, offset, *given, **{"epsilon": 1e-4, **how}).y
    found = OPERATORS["gradients"]([y], [y_backprop], [x, scale, offset])
    nothing = array.zeros([0], dtype=scale.dtype)
    return [*(array.zeros_like(v) if g is None else g for g, v in zip(found, (x, scale, offset), strict=True)), nothing, nothing]


def _all_but_channels(x: Node, data_format: str) -> list[int]:
    return [0, 2, 3] if data_format.startswith("NC") else [0, 1, 2]


def lrn_grad(input_grads: Node, input_image: Node, **how: Any) -> Node:
    return transposed(lambda x: nn.local_response_normalization(x, **how), input_image, input_grads)


def bias_add_grad(out_backprop: Node, data_format: str = "NHWC") -> Node:
    """The sum over all axes but that of channels."""
    rank = out_backprop.type.rank
    if rank is None:
        raise UnimplementedError("the number of dimensions must be known while the graph is built")
    channels = 1 if data_format.startswith("NC") else rank - 1
    return reduce.reduce_sum(out_backprop, axis=[i for i in range(rank) if i != channels])


# ---------------------------------------------------------------------- derivatives of activations

def relu_grad(gradients: Node, features: Node) -> Node:
    return math.choose(math.greater(features, 0), gradients, 0)


def relu6_grad(gradients: Node, features: Node) -> Node:
    return math.choose(math.logical_and(math.greater(features, 0), math.less(features, 6)), gradients, 0)


def leaky_relu_grad(gradients: Node, features: Node, alpha: float = 0.2) -> Node:
    return math.choose(math.greater(features, 0), gradients, gradients * np.asarray(alpha, features.type.dtype))


def softplus_grad(gradients: Node, features: Node) -> Node:
    return gradients * math.sigmoid(features)


def softsign_grad(gradients: Node, features: Node) -> Node:
    return gradients / math.square(math.abs(features) + 1)


def elu_grad(gradients: Node, outputs: Node) -> Node:
    return math.choose(math.less(outputs, 0), gradients * (outputs + 1), gradients)


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717    # Klambauer et al. 2017


def selu_grad(gradients: Node, outputs: Node) -> Node:
    return gradients * math.choose(math.less(outputs, 0), outputs + _SELU_SCALE * _SELU_ALPHA, np.asarray(_SELU_SCALE, outputs.type.dtype))


# ---------------------------------------------------------------------- losses, each with its derivative by the logits

def cross_entropy(logits: Node, labels: Node) -> tuple[Node, Node]:
    return nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits), nn.softmax(logits) - labels


def sparse_cross_entropy(logits: Node, labels: Node) -> tuple[Node, Node]:
    classes = logits.type.shape[-1] if logits.type.shape else None
    depth = array.shape(logits)[-1] if classes is None else classes
    told = array.one_hot(labels, depth, dtype=logits.dtype)
    return nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits), nn.softmax(logits) - told
