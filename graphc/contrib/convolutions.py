"""Convolutions and pools as `contrib.layers` has them, with variables `weights` and `biases`."""

from __future__ import annotations

from typing import Any

from .. import nn
from ..errors import GraphError
from ..initializers import zeros_initializer
from ..ir.graph import name_scope
from ..ir.node import Node, here
from ..ir.operator import to_node
from ..layers import average_pooling2d, average_pooling3d, max_pooling2d, max_pooling3d
from ..layers.convolutional import Conv2D, Conv2DTranspose, Conv3D
from ..ops.state import Variable
from ..variables import variable_scope
from .base import ended, floats, variable_of
from .initial import xavier_initializer

__all__ = ["avg_pool2d", "avg_pool3d", "conv2d", "conv2d_transpose", "conv3d", "convolution2d", "convolution2d_transpose", "convolution3d",
           "max_pool2d", "max_pool3d"]

_FORMATS = {None: "channels_last", "NHWC": "channels_last", "NCHW": "channels_first", "NDHWC": "channels_last", "NCDHW": "channels_first"}


def _format(what: str, data_format: Any) -> str:
    if data_format not in _FORMATS:
        raise GraphError(f"{what}: data_format is 'NHWC' or 'NCHW', not {data_format!r:.40}{here()}")
    return _FORMATS[data_format]


def _weighted(kind: type[Any], collections: Any) -> type[Any]:
    """The layer, whose kernel and bias are called weights and biases, and collected."""
    class Layer(kind):
        def add_weight(self, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
                       trainable: bool = True, constraint: Any = None, use_resource: Any = None, **more: Any) -> Variable:
            return variable_of({"kernel": "weights", "bias": "biases"}[name], shape, self.dtype, initializer, regularizer,
                               trainable and self.trainable, collections)
    return Layer


def _convolved(what: str, scope_name: str, kind: Any, inputs: Any, num_outputs: Any, kernel_size: Any, stride: Any, padding: str, data_format: Any,
               further: dict[str, Any], activation_fn: Any, normalizer_fn: Any, normalizer_params: Any, weights_initializer: Any,
               weights_regularizer: Any, biases_initializer: Any, biases_regularizer: Any, reuse: Any, variables_collections: Any,
               outputs_collections: Any, trainable: bool, scope: Any) -> Node:
    x, order = floats(what, inputs, 5 if kind is Conv3D else 4), _format(what, data_format)
    with variable_scope(scope, scope_name, reuse=reuse) as inner:
        layer = _weighted(kind, variables_collections)(
            num_outputs, kernel_size, stride, padding, order, use_bias=normalizer_fn is None and biases_initializer is not None,
            kernel_initializer=weights_initializer or xavier_initializer(),
            bias_initializer=biases_initializer if biases_initializer is not None else zeros_initializer(), kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer, trainable=trainable, name=inner.name, _scope=inner, _reuse=reuse, **further)
        out = layer(x)
        if normalizer_fn is not None:
            out = normalizer_fn(out, **(normalizer_params or {}))
        return ended(out, activation_fn, outputs_collections)


def conv2d(inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: str | None = None, rate: Any = 1,
           activation_fn: Any = nn.relu, normalizer_fn: Any = None, normalizer_params: Any = None, weights_initializer: Any = None,
           weights_regularizer: Any = None, biases_initializer: Any = zeros_initializer, biases_regularizer: Any = None, reuse: Any = None,
           variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None) -> Node:
    """activation_fn(convolution + biases) of pictures; with `normalizer_fn` that takes the place of the biases.

    float[batch, height, width, channels] -> float[batch, h, w, num_outputs]; `rate`: the distance of the kernel's elements. GraphError: an
    argument that is not right. ShapeError, DTypeError: inputs that do not fit.

    >>> y = tf.contrib.layers.conv2d(tf.placeholder(tf.float32, [None, 8, 8, 3]), 4, 3, stride=2)
    >>> y.shape, [v.op.name for v in tf.model_variables("Conv/")]
    (TensorShape((None, 4, 4, 4)), ['Conv/weights', 'Conv/biases'])
    """
    return _convolved("conv2d", "Conv", Conv2D, inputs, num_outputs, kernel_size, stride, padding, data_format, {"dilation_rate": rate},
                      activation_fn, normalizer_fn, normalizer_params, weights_initializer, weights_regularizer, biases_initializer,
                      biases_regularizer, reuse, variables_collections, outputs_collections, trainable, scope)


def conv2d_transpose(inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: str = "NHWC",
                     activation_fn: Any = nn.relu, normalizer_fn: Any = None, normalizer_params: Any = None, weights_initializer: Any = None,
                     weights_regularizer: Any = None, biases_initializer: Any = zeros_initializer, biases_regularizer: Any = None,
                     reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
                     scope: Any = None) -> Node:
    """activation_fn(transposed convolution + biases) of pictures: see `tf.layers.conv2d_transpose`. GraphError, ShapeError, DTypeError."""
    return _convolved("conv2d_transpose", "Conv2d_transpose", Conv2DTranspose, inputs, num_outputs, kernel_size, stride, padding, data_format, {},
                      activation_fn, normalizer_fn, normalizer_params, weights_initializer, weights_regularizer, biases_initializer,
                      biases_regularizer, reuse, variables_collections, outputs_collections, trainable, scope)


def conv3d(inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: str | None = None, rate: Any = 1,
           activation_fn: Any = nn.relu, normalizer_fn: Any = None, normalizer_params: Any = None, weights_initializer: Any = None,
           weights_regularizer: Any = None, biases_initializer: Any = zeros_initializer, biases_regularizer: Any = None, reuse: Any = None,
           variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None) -> Node:
    """`conv2d` along three axes: float[batch, depth, height, width, channels] -> float[batch, d, h, w, num_outputs].

    GraphError: an argument that is not right. ShapeError, DTypeError: inputs that do not fit.

    >>> tf.contrib.layers.conv3d(tf.placeholder(tf.float32, [None, 8, 8, 8, 3]), 4, 3, stride=2).shape
    TensorShape((None, 4, 4, 4, 4))
    """
    return _convolved("conv3d", "Conv", Conv3D, inputs, num_outputs, kernel_size, stride, padding, data_format, {"dilation_rate": rate},
                      activation_fn, normalizer_fn, normalizer_params, weights_initializer, weights_regularizer, biases_initializer,
                      biases_regularizer, reuse, variables_collections, outputs_collections, trainable, scope)


convolution2d, convolution2d_transpose, convolution3d = conv2d, conv2d_transpose, conv3d


def max_pool2d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NHWC", outputs_collections: Any = None,
               scope: str | None = None) -> Node:
    """The largest element of each window of pictures: see `tf.layers.max_pooling2d`. GraphError: an argument that is not right. ShapeError."""
    with name_scope(scope, "MaxPool2D"):
        return ended(max_pooling2d(to_node(inputs), kernel_size, stride, padding, _format("max_pool2d", data_format)), None, outputs_collections)


def avg_pool2d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NHWC", outputs_collections: Any = None,
               scope: str | None = None) -> Node:
    """The mean of each window of pictures: see `tf.layers.average_pooling2d`. GraphError: an argument that is not right. ShapeError."""
    with name_scope(scope, "AvgPool2D"):
        return ended(average_pooling2d(to_node(inputs), kernel_size, stride, padding, _format("avg_pool2d", data_format)), None, outputs_collections)


def max_pool3d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NDHWC", outputs_collections: Any = None,
               scope: str | None = None) -> Node:
    """The largest element of each window along three axes: see `tf.layers.max_pooling3d`. GraphError: an argument that is not right. ShapeError."""
    with name_scope(scope, "MaxPool3D"):
        return ended(max_pooling3d(to_node(inputs), kernel_size, stride, padding, _format("max_pool3d", data_format)), None, outputs_collections)


def avg_pool3d(inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NDHWC", outputs_collections: Any = None,
               scope: str | None = None) -> Node:
    """The mean of each window along three axes: see `tf.layers.average_pooling3d`. GraphError: an argument that is not right. ShapeError."""
    with name_scope(scope, "AvgPool3D"):
        return ended(average_pooling3d(to_node(inputs), kernel_size, stride, padding, _format("avg_pool3d", data_format)), None, outputs_collections)
