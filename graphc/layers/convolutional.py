"""Convolutional layers: in one, two and three axes, transposed, and channel by channel."""

from __future__ import annotations

from typing import Any

from ..ir.node import Node
from ..keras.layers import convolutional as _conv
from ..keras.layers import separable as _separable
from .base import Layer

__all__ = ["Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "SeparableConv1D", "SeparableConv2D", "conv1d", "conv2d",
           "conv2d_transpose", "conv3d", "conv3d_transpose", "separable_conv1d", "separable_conv2d"]


class Conv1D(_conv.Conv1D, Layer):
    """activation(convolution + bias) of rows by a kernel [width, channels, filters], as `tf.nn.conv1d` does it.

    float[batch, width, channels] -> float[batch, w, filters]. GraphError: an argument that is not right. ShapeError, DTypeError, by the call:
    inputs that do not fit.
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str = "channels_last",
                 dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, kernel_initializer,
                         bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint,
                         trainable=trainable, name=name, **kwargs)


class Conv2D(_conv.Conv2D, Layer):
    """activation(convolution + bias) of pictures by a kernel [height, width, channels, filters], as `tf.nn.conv2d` does it.

    float[batch, height, width, channels] -> float[batch, h, w, filters]; `data_format="channels_first"`: channels stand second. GraphError: an
    argument that is not right. ShapeError, DTypeError, by the call: inputs that do not fit.

    >>> layer = tf.layers.Conv2D(3, 2, kernel_initializer=tf.ones_initializer(), name="edges")
    >>> tf.Session(jit=False).run(layer(tf.ones([1, 2, 2, 1]))).tolist(), layer.kernel.shape
    ([[[[4.0, 4.0, 4.0]]]], TensorShape((2, 2, 1, 3)))
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str = "channels_last",
                 dilation_rate: Any = (1, 1), activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, kernel_initializer,
                         bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint,
                         trainable=trainable, name=name, **kwargs)


class Conv3D(_conv.Conv3D, Layer):
    """activation(convolution + bias) of volumes by a kernel [depth, height, width, channels, filters], as `tf.nn.conv3d` does it.

    float[batch, depth, height, width, channels] -> float[batch, d, h, w, filters]. GraphError: an argument that is not right. ShapeError,
    DTypeError, by the call: inputs that do not fit.
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: str = "channels_last",
                 dilation_rate: Any = (1, 1, 1), activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, kernel_initializer,
                         bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint,
                         trainable=trainable, name=name, **kwargs)


# ---------------------------------------------------------------------- transposed

class Conv2DTranspose(_conv.Conv2DTranspose, Layer):
    """activation(transposed convolution + bias): the gradient of `Conv2D` by its inputs, by a kernel [height, width, filters, channels].

    float[batch, height, width, channels] -> float[batch, h, w, filters], h = height * stride, and for "valid" what of the kernel juts out.
    GraphError: an argument that is not right. ShapeError, DTypeError, by the call: inputs that do not fit.

    >>> layer = tf.layers.Conv2DTranspose(1, 2, strides=2, kernel_initializer=tf.ones_initializer())
    >>> tf.Session(jit=False).run(layer(tf.constant([[[[3.0]]]])))[0, :, :, 0]
    array([[3., 3.],
           [3., 3.]], dtype=float32)
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str = "channels_last",
                 activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None, bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
                 bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(filters, kernel_size, strides, padding, None, data_format, activation=activation, use_bias=use_bias,
                         kernel_initializer=kernel_initializer, bias_initializer=bias_initializer, kernel_regularizer=kernel_regularizer,
                         bias_regularizer=bias_regularizer, activity_regularizer=activity_regularizer, kernel_constraint=kernel_constraint,
                         bias_constraint=bias_constraint, trainable=trainable, name=name, **kwargs)


class Conv3DTranspose(_conv.Conv3DTranspose, Layer):
    """activation(transposed convolution + bias) of volumes, as `Conv2DTranspose` of pictures.

    float[batch, depth, height, width, channels] -> float[batch, d, h, w, filters]. GraphError: an argument that is not right. ShapeError,
    DTypeError, by the call: inputs that do not fit.
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: str = "channels_last",
                 activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None, bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
                 bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(filters, kernel_size, strides, padding, None, data_format, activation=activation, use_bias=use_bias,
                         kernel_initializer=kernel_initializer, bias_initializer=bias_initializer, kernel_regularizer=kernel_regularizer,
                         bias_regularizer=bias_regularizer, activity_regularizer=activity_regularizer, kernel_constraint=kernel_constraint,
                         bias_constraint=bias_constraint, trainable=trainable, name=name, **kwargs)


# ---------------------------------------------------------------------- channel by channel

class SeparableConv1D(_separable.SeparableConv1D, Layer):
    """activation(separable convolution + bias) of rows: a kernel [width, channels, multiplier], and one [1, channels * multiplier, filters].

    float[batch, width, channels] -> float[batch, w, filters]. GraphError: an argument that is not right. ShapeError, DTypeError, by the call:
    inputs that do not fit.
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str = "channels_last",
                 dilation_rate: Any = 1, depth_multiplier: int = 1, activation: Any = None, use_bias: bool = True,
                 depthwise_initializer: Any = None, pointwise_initializer: Any = None, bias_initializer: Any = "zeros",
                 depthwise_regularizer: Any = None, pointwise_regularizer: Any = None, bias_regularizer: Any = None,
                 activity_regularizer: Any = None, depthwise_constraint: Any = None, pointwise_constraint: Any = None, bias_constraint: Any = None,
                 trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation, use_bias,
                         depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer, pointwise_regularizer,
                         bias_regularizer, activity_regularizer, depthwise_constraint, pointwise_constraint, bias_constraint, trainable=trainable,
                         name=name, **kwargs)


class SeparableConv2D(_separable.SeparableConv2D, Layer):
    """activation(separable convolution + bias): kernels [height, width, channels, multiplier] and [1, 1, channels * multiplier, filters].

    float[batch, height, width, channels] -> float[batch, h, w, filters], as `tf.nn.separable_conv2d` does it. GraphError: an argument that is
    not right. ShapeError, DTypeError, by the call: inputs that do not fit.
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str = "channels_last",
                 dilation_rate: Any = (1, 1), depth_multiplier: int = 1, activation: Any = None, use_bias: bool = True,
                 depthwise_initializer: Any = None, pointwise_initializer: Any = None, bias_initializer: Any = "zeros",
                 depthwise_regularizer: Any = None, pointwise_regularizer: Any = None, bias_regularizer: Any = None,
                 activity_regularizer: Any = None, depthwise_constraint: Any = None, pointwise_constraint: Any = None, bias_constraint: Any = None,
                 trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation, use_bias,
                         depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer, pointwise_regularizer,
                         bias_regularizer, activity_regularizer, depthwise_constraint, pointwise_constraint, bias_constraint, trainable=trainable,
                         name=name, **kwargs)


# ---------------------------------------------------------------------- as functions

def conv1d(inputs: Any, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str = "channels_last",
           dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None, bias_initializer: Any = "zeros",
           kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
           bias_constraint: Any = None, trainable: bool = True, name: str | None = None, reuse: Any = None) -> Node:
    """activation(convolution + bias) of rows, with variables `NAME/kernel` and `NAME/bias`: see `Conv1D`. GraphError, ShapeError, DTypeError."""
    return Conv1D(filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, kernel_initializer, bias_initializer,
                  kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, trainable, name, _scope=name,
                  _reuse=reuse)(inputs)


def conv2d(inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str = "channels_last",
           dilation_rate: Any = (1, 1), activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
           bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
           kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True, name: str | None = None, reuse: Any = None) -> Node:
    """activation(convolution + bias) of pictures, with variables `NAME/kernel` and `NAME/bias`: see `Conv2D`.

    float[batch, height, width, channels] -> float[batch, h, w, filters]. GraphError: an argument that is not right. ShapeError, DTypeError:
    inputs that do not fit.

    >>> tf.layers.conv2d(tf.placeholder(tf.float32, [None, 28, 28, 1]), 16, 5, strides=2, padding="same", activation=tf.nn.relu).shape
    TensorShape((None, 14, 14, 16))
    """
    return Conv2D(filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, kernel_initializer, bias_initializer,
                  kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, trainable, name, _scope=name,
                  _reuse=reuse)(inputs)


def conv3d(inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: str = "channels_last",
           dilation_rate: Any = (1, 1, 1), activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
           bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
           kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True, name: str | None = None, reuse: Any = None) -> Node:
    """activation(convolution + bias) of volumes, with variables `NAME/kernel` and `NAME/bias`: see `Conv3D`. GraphError, ShapeError, DTypeError."""
    return Conv3D(filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, kernel_initializer, bias_initializer,
                  kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, trainable, name, _scope=name,
                  _reuse=reuse)(inputs)


def conv2d_transpose(inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid",
                     data_format: str = "channels_last", activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
                     bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None,
                     activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True,
                     name: str | None = None, reuse: Any = None) -> Node:
    """activation(transposed convolution + bias): see `Conv2DTranspose`. GraphError, ShapeError, DTypeError.

    >>> tf.layers.conv2d_transpose(tf.placeholder(tf.float32, [None, 7, 7, 8]), 4, 5, strides=2, padding="same").shape
    TensorShape((None, 14, 14, 4))
    """
    return Conv2DTranspose(filters, kernel_size, strides, padding, data_format, activation, use_bias, kernel_initializer, bias_initializer,
                           kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, trainable, name,
                           _scope=name, _reuse=reuse)(inputs)


def conv3d_transpose(inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid",
                     data_format: str = "channels_last", activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
                     bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None,
                     activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True,
                     name: str | None = None, reuse: Any = None) -> Node:
    """activation(transposed convolution + bias) of volumes: see `Conv3DTranspose`. GraphError, ShapeError, DTypeError."""
    return Conv3DTranspose(filters, kernel_size, strides, padding, data_format, activation, use_bias, kernel_initializer, bias_initializer,
                           kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, trainable, name,
                           _scope=name, _reuse=reuse)(inputs)


def separable_conv1d(inputs: Any, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str = "channels_last",
                     dilation_rate: Any = 1, depth_multiplier: int = 1, activation: Any = None, use_bias: bool = True,
                     depthwise_initializer: Any = None, pointwise_initializer: Any = None, bias_initializer: Any = "zeros",
                     depthwise_regularizer: Any = None, pointwise_regularizer: Any = None, bias_regularizer: Any = None,
                     activity_regularizer: Any = None, depthwise_constraint: Any = None, pointwise_constraint: Any = None,
                     bias_constraint: Any = None, trainable: bool = True, name: str | None = None, reuse: Any = None) -> Node:
    """activation(separable convolution + bias) of rows: see `SeparableConv1D`. GraphError, ShapeError, DTypeError."""
    return SeparableConv1D(filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation, use_bias,
                           depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer, pointwise_regularizer,
                           bias_regularizer, activity_regularizer, depthwise_constraint, pointwise_constraint, bias_constraint, trainable, name,
                           _scope=name, _reuse=reuse)(inputs)


def separable_conv2d(inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid",
                     data_format: str = "channels_last", dilation_rate: Any = (1, 1), depth_multiplier: int = 1, activation: Any = None,
                     use_bias: bool = True, depthwise_initializer: Any = None, pointwise_initializer: Any = None, bias_initializer: Any = "zeros",
                     depthwise_regularizer: Any = None, pointwise_regularizer: Any = None, bias_regularizer: Any = None,
                     activity_regularizer: Any = None, depthwise_constraint: Any = None, pointwise_constraint: Any = None,
                     bias_constraint: Any = None, trainable: bool = True, name: str | None = None, reuse: Any = None) -> Node:
    """activation(separable convolution + bias) of pictures: see `SeparableConv2D`. GraphError, ShapeError, DTypeError."""
    return SeparableConv2D(filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation, use_bias,
                           depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer, pointwise_regularizer,
                           bias_regularizer, activity_regularizer, depthwise_constraint, pointwise_constraint, bias_constraint, trainable, name,
                           _scope=name, _reuse=reuse)(inputs)
