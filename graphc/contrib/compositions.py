"""Layers of `contrib` that are made of other layers or of few operators: one after the other, biases, separable convolutions, summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import nn, summary
from ..errors import GraphError
from ..initializers import zeros_initializer
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph, name_scope
from ..ir.node import Node, here
from ..ir.operator import to_node
from ..layers.convolutional import SeparableConv2D
from ..ops.math import sqrt, square
from ..ops.reduce import reduce_sum
from ..variables import variable_scope
from .base import ended, floats, sizes_of, variable_of
from .initial import xavier_initializer

__all__ = ["bias_add", "repeat", "separable_conv2d", "separable_convolution2d", "softmax", "stack", "summarize_activation",
           "summarize_activations", "summarize_collection", "summarize_tensor", "summarize_tensors", "unit_norm"]


def bias_add(inputs: Any, activation_fn: Any = None, initializer: Any = zeros_initializer, regularizer: Any = None, reuse: Any = None,
             variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, data_format: str | None = None,
             scope: Any = None) -> Node:
    """activation_fn(inputs + biases), one for each channel: float[..., n] -> the same type. ShapeError, DTypeError: inputs that do not fit."""
    x = floats("bias_add", inputs, 2)
    at = 1 if data_format == "NCHW" else -1
    with variable_scope(scope, "BiasAdd", reuse=reuse):
        n = sizes_of("bias_add", x, -1)[0] if at == -1 else sizes_of("bias_add", x, 1)[0]
        b = variable_of("biases", [n], x.dtype, initializer, regularizer, trainable, variables_collections)
        return ended(nn.bias_add(x, b, data_format), activation_fn, outputs_collections)


def separable_conv2d(inputs: Any, num_outputs: int | None, kernel_size: Any, depth_multiplier: int = 1, stride: Any = 1, padding: str = "SAME",
                     data_format: str = "NHWC", rate: Any = 1, activation_fn: Any = nn.relu, normalizer_fn: Any = None,
                     normalizer_params: Any = None, weights_initializer: Any = None, pointwise_initializer: Any = None,
                     weights_regularizer: Any = None, biases_initializer: Any = zeros_initializer, biases_regularizer: Any = None,
                     reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
                     scope: Any = None) -> Node:
    """activation_fn(a convolution of each channel by itself, then one across channels, + biases): see `tf.layers.separable_conv2d`.

    float[batch, height, width, channels] -> float[batch, h, w, num_outputs]. GraphError: an argument that is not right or not offered
    (`num_outputs=None`). ShapeError, DTypeError: inputs that do not fit.
    """
    x = floats("separable_conv2d", inputs, 4)
    if num_outputs is None:
        raise GraphError(f"separable_conv2d: num_outputs=None is not offered: tf.nn.depthwise_conv2d is the convolution of each channel{here()}")
    names = {"depthwise_kernel": "depthwise_weights", "pointwise_kernel": "pointwise_weights", "bias": "biases"}

    class Layer(SeparableConv2D):
        def add_weight(self, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,  # type: ignore[override]
                       trainable: bool = True, constraint: Any = None, use_resource: Any = None, **more: Any) -> Any:
            return variable_of(names[name], shape, self.dtype, initializer, regularizer, trainable and self.trainable, variables_collections)
    with variable_scope(scope, "SeparableConv2d", reuse=reuse) as inner:
        first = weights_initializer or xavier_initializer()
        layer = Layer(num_outputs, kernel_size, stride, padding, "channels_first" if data_format == "NCHW" else "channels_last", rate,
                      depth_multiplier, use_bias=normalizer_fn is None and biases_initializer is not None, depthwise_initializer=first,
                      pointwise_initializer=pointwise_initializer or first,
                      bias_initializer=biases_initializer if biases_initializer is not None else zeros_initializer(),
                      depthwise_regularizer=weights_regularizer, pointwise_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
                      trainable=trainable, name=inner.name, _scope=inner, _reuse=reuse)
        out = layer(x)
        if normalizer_fn is not None:
            out = normalizer_fn(out, **(normalizer_params or {}))
        return ended(out, activation_fn, outputs_collections)


separable_convolution2d = separable_conv2d


def softmax(logits: Any, scope: str | None = None) -> Node:
    """`tf.nn.softmax` along the last axis. DTypeError: logits that are not floating.

    >>> tf.Session(jit=False).run(tf.contrib.layers.softmax(tf.constant([[0.0, 0.0]])))
    array([[0.5, 0.5]], dtype=float32)
    """
    with name_scope(scope, "softmax"):
        return nn.softmax(logits)


def unit_norm(inputs: Any, dim: int, epsilon: float = 1e-7, scope: str | None = None) -> Node:
    """The inputs over their Euclidean norm along an axis. ShapeError: no such axis. DTypeError: inputs that are not floating.

    >>> tf.Session(jit=False).run(tf.contrib.layers.unit_norm(tf.constant([[3.0, 4.0]]), 1))
    array([[0.6, 0.8]], dtype=float32)
    """
    x = floats("unit_norm", inputs, 1)
    with name_scope(scope, "UnitNorm"):
        return x / sqrt(reduce_sum(square(x), dim, True) + epsilon)


def repeat(inputs: Any, repetitions: int, layer: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A layer applied so many times, one after the other, in scopes that count: `scope/scope_1`, ... GraphError: no number of times.

    >>> y = tf.contrib.layers.repeat(tf.zeros([1, 2]), 2, tf.contrib.layers.fully_connected, 3, scope="fc")
    >>> [v.op.name for v in tf.model_variables("fc")][::2]
    ['fc/fc_1/weights', 'fc/fc_2/weights']
    """
    if not isinstance(repetitions, int) or repetitions < 0:
        raise GraphError(f"repeat: {repetitions!r:.40} is no number of times{here()}")
    given_scope = kwargs.pop("scope", None)
    name = given_scope or getattr(layer, "__name__", "repeat")
    with variable_scope(given_scope, "Repeat"):
        out = to_node(inputs)
        for i in range(repetitions):
            out = layer(out, *args, scope=f"{name}_{i + 1}", **kwargs)
        return out


def stack(inputs: Any, layer: Callable[..., Any], stack_args: Sequence[Any], **kwargs: Any) -> Any:
    """A layer applied once for each of the arguments, one after the other, in scopes that count. GraphError: no list of arguments.

    >>> y = tf.contrib.layers.stack(tf.zeros([1, 2]), tf.contrib.layers.fully_connected, [4, 3], scope="net")
    >>> y.shape
    TensorShape((1, 3))
    """
    if not isinstance(stack_args, (list, tuple)):
        raise GraphError(f"stack: {stack_args!r:.60} is no list of arguments{here()}")
    given_scope = kwargs.pop("scope", None)
    name = given_scope or getattr(layer, "__name__", "stack")
    with variable_scope(given_scope, "Stack"):
        out = to_node(inputs)
        for i, given in enumerate(stack_args):
            out = layer(out, *(given if isinstance(given, (list, tuple)) else [given]), scope=f"{name}_{i + 1}", **kwargs)
        return out


# ---------------------------------------------------------------------- summaries

def summarize_tensor(tensor: Any, tag: str | None = None) -> Node:
    """A scalar summary of one number, a histogram of more. DTypeError: no numbers."""
    x = to_node(tensor)
    return summary.scalar(tag or x.op.name, x) if x.type.rank == 0 else summary.histogram(tag or x.op.name, x)


def summarize_activation(op: Any) -> Node:
    """A histogram of a layer's results, and of ReLUs the share of zeros. DTypeError: no numbers."""
    x = to_node(op.outputs[0] if hasattr(op, "outputs") else op)
    if x.op.type in ("relu", "relu6", "softplus"):
        summary.scalar(f"{x.op.name}/zeros", nn.zero_fraction(x))
    return summary.histogram(f"{x.op.name}/activation", x)


def summarize_tensors(tensors: Iterable[Any], summarizer: Callable[[Any], Any] | None = None) -> list[Any]:
    """The summaries of several tensors. DTypeError: no numbers."""
    return [(summarizer or summarize_tensor)(x) for x in tensors]


def summarize_collection(collection: str, name_filter: str | None = None, summarizer: Callable[[Any], Any] | None = None) -> list[Any]:
    """The summaries of a collection's members whose names a pattern finds. DTypeError: no numbers."""
    import re
    members = get_default_graph().get_collection(collection)
    return summarize_tensors([x for x in members if name_filter is None or re.match(name_filter, x.op.name)], summarizer)


def summarize_activations(name_filter: str | None = None, summarizer: Callable[[Any], Any] | None = None) -> list[Any]:
    """The summaries of the collection ACTIVATIONS. DTypeError: no numbers."""
    return summarize_collection(GraphKeys.ACTIVATIONS, name_filter, summarizer or summarize_activation)
