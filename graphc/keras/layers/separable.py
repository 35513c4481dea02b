"""Convolutional layers that go channel by channel, before a kernel of size 1 mixes the channels, or without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import nn
from ...ir.node import Node
from ...ir.types import TensorShape
from ...ops.array import expand_dims, pad, squeeze
from .base import each
from .convolutional import FORMATS, Conv

__all__ = ["DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D", "SeparableConvolution2D"]


class Separable(Conv):
    """What separable convolutions share: a kernel for each channel, and one of size 1 that mixes what they make."""

    def __init__(self, arguments: Mapping[str, Any], **kwargs: Any):
        super().__init__(arguments, **kwargs)
        (self.depth_multiplier,) = each(self._name, "depth_multiplier", arguments["depth_multiplier"], 1)

    def build(self, input_shape: TensorShape) -> None:
        """Make both kernels, and the bias."""
        channels = self._size(input_shape, 1 if self._first else -1)
        shapes = {"depthwise": [*self.kernel_size, channels, self.depth_multiplier],
                  "pointwise": [*(1,) * self.rank, channels * self.depth_multiplier, self.filters]}
        self.depthwise_kernel, self.pointwise_kernel = (
            self.add_weight(f"{part}_kernel", shape, initializer=getattr(self, f"{part}_initializer"),
                            regularizer=getattr(self, f"{part}_regularizer"), constraint=getattr(self, f"{part}_constraint"))
            for part, shape in shapes.items())
        self._build_bias()
        self._demand(channels)

    def _convolved(self, x: Node) -> Node:
        deep, mix, strides, rate = self.depthwise_kernel, self.pointwise_kernel, self.strides, self.dilation_rate
        axis = 2 if self._first else 1
        padding = self.padding
        if padding == "causal":
            before = [(self.kernel_size[0] - 1) * self.dilation_rate[0], 0]
            x, padding = pad(x, [[0, 0], [0, 0], before] if self._first else [[0, 0], before, [0, 0]]), "valid"
        if self.rank == 1:          # a picture of one row; both strides alike, for that is what the operator takes
            x, deep, mix, strides, rate = expand_dims(x, axis=axis), expand_dims(deep, axis=0), expand_dims(mix, axis=0), strides * 2, (1, *rate)
        wide = [1, 1, *strides] if self._first else [1, *strides, 1]
        out = nn.separable_conv2d(x, deep, mix, wide, padding.upper(), rate=list(rate), data_format=FORMATS[2][self._first])
        return squeeze(out, axis=axis) if self.rank == 1 else out


class SeparableConv1D(Separable):
    """activation(separable convolution + bias) of rows: a kernel [width, channels, multiplier], and one [1, channels * multiplier, filters].

    float[batch, width, channels] -> float[batch, w, filters]. GraphError: an argument that is not right. ShapeError, DTypeError, by the call:
    inputs that do not fit.
    """

    rank = 1
    _paddings = ("valid", "same", "causal")

    def __init__(self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
                 dilation_rate: Any = 1, depth_multiplier: int = 1, activation: Any = None, use_bias: bool = True,
                 depthwise_initializer: Any = "glorot_uniform", pointwise_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
                 depthwise_regularizer: Any = None, pointwise_regularizer: Any = None, bias_regularizer: Any = None,
                 activity_regularizer: Any = None, depthwise_constraint: Any = None, pointwise_constraint: Any = None, bias_constraint: Any = None,
                 **kwargs: Any):
        super().__init__(locals(), **kwargs)


class SeparableConv2D(Separable):
    """activation(separable convolution + bias): kernels [height, width, channels, multiplier] and [1, 1, channels * multiplier, filters].

    float[batch, height, width, channels] -> float[batch, h, w, filters], as `tf.nn.separable_conv2d` does it. GraphError: an argument that is
    not right. ShapeError, DTypeError, by the call: inputs that do not fit.

    >>> layer = tf.keras.layers.SeparableConv2D(4, 3)
    >>> out = layer(tf.zeros([1, 5, 5, 2]))
    >>> [v.shape for v in layer.weights]
    [TensorShape((3, 3, 2, 1)), TensorShape((1, 1, 2, 4)), TensorShape((4,))]
    """

    rank = 2

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None,
                 dilation_rate: Any = (1, 1), depth_multiplier: int = 1, activation: Any = None, use_bias: bool = True,
                 depthwise_initializer: Any = "glorot_uniform", pointwise_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
                 depthwise_regularizer: Any = None, pointwise_regularizer: Any = None, bias_regularizer: Any = None,
                 activity_regularizer: Any = None, depthwise_constraint: Any = None, pointwise_constraint: Any = None, bias_constraint: Any = None,
                 **kwargs: Any):
        super().__init__(locals(), **kwargs)


class DepthwiseConv2D(Conv):
    """activation(a convolution of each channel for itself + bias) by a kernel [height, width, channels, multiplier].

    float[batch, height, width, channels] -> float[batch, h, w, channels * multiplier], as `tf.nn.depthwise_conv2d` does it. GraphError: an
    argument that is not right. ShapeError, DTypeError, by the call: inputs that do not fit.

    >>> tf.keras.layers.DepthwiseConv2D(3, depth_multiplier=2)(tf.zeros([1, 5, 5, 2])).shape
    TensorShape((1, 3, 3, 4))
    """

    rank = 2

    def __init__(self, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", depth_multiplier: int = 1, data_format: str | None = None,
                 activation: Any = None, use_bias: bool = True, depthwise_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
                 depthwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None, depthwise_constraint: Any = None,
                 bias_constraint: Any = None, **kwargs: Any):
        dilation_rate, filters = kwargs.pop("dilation_rate", (1, 1)), 1
        super().__init__(locals(), **kwargs)
        (self.depth_multiplier,) = each(self._name, "depth_multiplier", depth_multiplier, 1)

    def build(self, input_shape: TensorShape) -> None:
        """Make the kernel, and the bias."""
        channels = self._size(input_shape, 1 if self._first else -1)
        self.filters = channels * self.depth_multiplier
        self.depthwise_kernel = self.add_weight("depthwise_kernel", [*self.kernel_size, channels, self.depth_multiplier],
                                                initializer=self.depthwise_initializer, regularizer=self.depthwise_regularizer,
                                                constraint=self.depthwise_constraint)
        self._build_bias()
        self._demand(channels)

    def _convolved(self, x: Node) -> Node:
        wide = [1, 1, *self.strides] if self._first else [1, *self.strides, 1]
        return nn.depthwise_conv2d(x, self.depthwise_kernel, wide, self.padding.upper(), rate=list(self.dilation_rate), data_format=self._format)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape that the window's places make, with as many channels for each as the multiplier says."""
        if not self.built:
            self.filters = self._size(input_shape, 1 if self._first else -1) * self.depth_multiplier
        return super().compute_output_shape(input_shape)


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
