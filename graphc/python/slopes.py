"""Gradients of single operators as functions, which programs take from TensorFlow's generated modules: `gen_nn_ops.relu_grad` and its kin."""

from __future__ import annotations

from typing import Any

from .. import nn
from ..autodiff.gradients import gradients as _gradients
from ..ir.node import Node
from ..ir.operator import to_node
from ..ops.array import zeros, zeros_like
from ..ops.math import less, where
from ..ops.reduce import reduce_sum

__all__ = ["avg_pool_grad", "bias_add_grad", "elu_grad", "max_pool_grad", "relu6_grad", "relu_grad", "sigmoid_grad", "softplus_grad", "softsign_grad",
           "tanh_grad"]


def relu_grad(gradients: Any, features: Any, name: str | None = None) -> Node:
    """The gradients where the features, relu's operand or result, are above 0; else 0."""
    g = to_node(gradients)
    return where(less(0.0, features), g, zeros_like(g), name=name)


def relu6_grad(gradients: Any, features: Any, name: str | None = None) -> Node:
    """The gradients where the features, relu6's operand or result, lie between 0 and 6; else 0."""
    return relu_grad(relu_grad(gradients, 6.0 - to_node(features)), features, name)


def elu_grad(gradients: Any, outputs: Any, name: str | None = None) -> Node:
    """The gradients, times outputs + 1 where elu's outputs are below 0."""
    g, y = to_node(gradients), to_node(outputs)
    return where(less(y, 0.0), g * (y + 1.0), g, name=name)


def softplus_grad(gradients: Any, features: Any, name: str | None = None) -> Node:
    """The gradients times sigmoid(features)."""
    return to_node(gradients) * nn.sigmoid(features)


def softsign_grad(gradients: Any, features: Any, name: str | None = None) -> Node:
    """The gradients / (1 + |features|)^2."""
    x = to_node(features)
    return to_node(gradients) / (1.0 + abs(x))**2


def sigmoid_grad(y: Any, dy: Any, name: str | None = None) -> Node:
    """dy y (1 - y), of sigmoid's result y."""
    y = to_node(y)
    return dy * y * (1.0 - y)


def tanh_grad(y: Any, dy: Any, name: str | None = None) -> Node:
    """dy (1 - y^2), of tanh's result y."""
    y = to_node(y)
    return dy * (1.0 - y * y)


def max_pool_grad(orig_input: Any, orig_output: Any, grad: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC",
                  name: str | None = None) -> Node:
    """The gradient of `tf.nn.max_pool` by its input, from that by its output."""
    x = to_node(orig_input)
    found: Any = _gradients(nn.max_pool(x, ksize, strides, padding, data_format), [x], [grad])
    return found[0]


def avg_pool_grad(orig_input_shape: Any, grad: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC",
                  name: str | None = None) -> Node:
    """The gradient of `tf.nn.avg_pool` by an input of that shape, from that by its output."""
    g = to_node(grad)
    x = zeros(orig_input_shape, g.dtype)
    found: Any = _gradients(nn.avg_pool(x, ksize, strides, padding, data_format), [x], [g])
    return found[0]


def bias_add_grad(out_backprop: Any, data_format: str = "NHWC", name: str | None = None) -> Node:
    """The sums over all axes but the channels', which come last, or second in "NCHW"."""
    g = to_node(out_backprop)
    channels = 1 if data_format.startswith("NC") else (g.type.rank or 1) - 1
    return reduce_sum(g, [i for i in range(g.type.rank or 0) if i != channels], name=name)


# ---------------------------------------------------------------------- by the names of older versions

def __getattr__(name: str) -> Any:
    """`_relu_grad` is `relu_grad`: the first versions had an underscore before them."""
    if name[:1] == "_" and name[1:] in __all__:
        return globals()[name[1:]]
    raise AttributeError(name)
