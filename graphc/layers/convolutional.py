"""Convolutional layers: in one, two and three axes, transposed, and channel by channel."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ..errors import DTypeError, GraphError
from ..initializers import zeros_initializer
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TensorShape, as_shape
from ..ops.array import expand_dims, squeeze
from ..ops.array import shape as shape_of
from ..ops.state import Variable
from .base import Layer, activation_of, initializer_of

__all__ = ["Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "SeparableConv1D", "SeparableConv2D", "conv1d", "conv2d",
           "conv2d_transpose", "conv3d", "conv3d_transpose", "separable_conv1d", "separable_conv2d"]

_FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}
_NAMES = {1: "conv1d", 2: "Conv2D", 3: "Conv3D"}         # of the operations, as TensorFlow has them


def each(layer: str, what: str, given: Any, count: int, least: int = 1) -> tuple[int, ...]:
    """A number for each axis, from one for all of them or one each. GraphError: it is neither."""
    values = tuple(given) if isinstance(given, (list, tuple, np.ndarray, TensorShape)) else (given,) * count
    if len(values) != count or not all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) and v >= least for v in values):
        raise GraphError(f"{layer}: {what} is a number of {least} or more, or {count} of them, not {given!r:.60}{here()}")
    return tuple(map(int, values))


def word(layer: str, what: str, given: Any, allowed: tuple[str, ...]) -> str:
    """One of some words, in any case. GraphError: it is none."""
    found = given.lower() if isinstance(given, str) else given
    if found not in allowed:
        raise GraphError(f"{layer}: {what} is one of {', '.join(map(repr, allowed))}, not {given!r:.40}{here()}")
    return str(found)


class _Conv(Layer):
    """What convolutions over some axes share: kernel and bias, and how the window moves."""

    def __init__(self, rank: int, filters: int, kernel_size: Any, strides: Any, padding: str, data_format: str, dilation_rate: Any, activation: Any,
                 use_bias: bool, kernel_initializer: Any, bias_initializer: Any, kernel_regularizer: Any, bias_regularizer: Any,
                 activity_regularizer: Any, kernel_constraint: Any, bias_constraint: Any, trainable: bool, name: str | None, **kwargs: Any):
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **kwargs)
        self.rank = rank
        (self.filters,) = each(self._name, "filters", filters, 1)
        self.kernel_size = each(self._name, "kernel_size", kernel_size, rank)
        self.strides, self.dilation_rate = each(self._name, "strides", strides, rank), each(self._name, "dilation_rate", dilation_rate, rank)
        self.padding = word(self._name, "padding", padding, ("valid", "same"))
        self.data_format = word(self._name, "data_format", data_format, ("channels_last", "channels_first"))
        self.activation, self.use_bias = activation_of(self._name, activation), use_bias
        self.kernel_initializer, self.bias_initializer = (initializer_of(self._name, i) for i in (kernel_initializer, bias_initializer))
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint
        self.bias: Variable | None = None

    @property
    def _first(self) -> bool:
        return self.data_format == "channels_first"

    @property
    def _format(self) -> str:
        return _FORMATS[self.rank][self._first]

    def build(self, input_shape: TensorShape) -> None:
        """Make kernel and bias."""
        channels = self._size(input_shape, 1 if self._first else -1)
        self.kernel = self.add_weight("kernel", self._kernel_shape(channels), initializer=self.kernel_initializer,
                                      regularizer=self.kernel_regularizer, constraint=self.kernel_constraint)
        self._build_bias()

    def _kernel_shape(self, channels: int) -> list[int]:
        return [*self.kernel_size, channels, self.filters]

    def _build_bias(self) -> None:
        if self.use_bias:
            self.bias = self.add_weight("bias", [self.filters], initializer=self.bias_initializer or zeros_initializer(),
                                        regularizer=self.bias_regularizer, constraint=self.bias_constraint)
        self.built = True

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        x = to_node(inputs)
        if x.type.dtype.kind != "f":
            raise DTypeError(f"{self._name}: {describe(x)} is not of a floating dtype{here()}")
        self._rank(x, self.rank + 2, exact=True)
        return super().__call__(x, *args, **kwargs)

    def call(self, inputs: Node) -> Node:
        """activation(convolution of the inputs + bias)."""
        return self._ended(self._convolved(inputs))

    def _convolved(self, x: Node) -> Node:
        return nn.convolution(x, self.kernel, self.padding.upper(), strides=list(self.strides), dilation_rate=list(self.dilation_rate),
                              data_format=self._format, name=_NAMES[self.rank])

    def _ended(self, out: Node) -> Node:
        if self.bias is not None:
            out = nn.bias_add(out, self.bias, data_format=self._format, name="BiasAdd")
        return out if self.activation is None else self.activation(out)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape that the window's places make, with `filters` channels."""
        dims = list(as_shape(input_shape) or [None] * (self.rank + 2))
        start = 2 if self._first else 1
        places = [None if d is None else self._length(d, i) for i, d in enumerate(dims[start:start + self.rank])]
        return TensorShape([dims[0], self.filters, *places] if self._first else [dims[0], *places, self.filters])

    def _length(self, size: Any, axis: int) -> Any:
        """How many places a window has along an axis."""
        wide = 0 if self.padding == "same" else (self.kernel_size[axis] - 1) * self.dilation_rate[axis]
        return -((wide - size) // self.strides[axis])


class Conv1D(_Conv):
    """activation(convolution + bias) of rows by a kernel [width, channels, filters], as `tf.nn.conv1d` does it.

    float[batch, width, channels] -> float[batch, w, filters]. GraphError: an argument that is not right. ShapeError, DTypeError, by the call:
    inputs that do not fit.
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str = "channels_last",
                 dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(1, filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, kernel_initializer,
                         bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint,
                         trainable, name, **kwargs)


class Conv2D(_Conv):
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
        super().__init__(2, filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, kernel_initializer,
                         bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint,
                         trainable, name, **kwargs)


class Conv3D(_Conv):
    """activation(convolution + bias) of volumes by a kernel [depth, height, width, channels, filters], as `tf.nn.conv3d` does it.

    float[batch, depth, height, width, channels] -> float[batch, d, h, w, filters]. GraphError: an argument that is not right. ShapeError,
    DTypeError, by the call: inputs that do not fit.
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: str = "channels_last",
                 dilation_rate: Any = (1, 1, 1), activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(3, filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, kernel_initializer,
                         bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint,
                         trainable, name, **kwargs)


# ---------------------------------------------------------------------- transposed

class _Transposed(_Conv):
    """What transposed convolutions share: the kernel's outputs stand before its inputs, and windows are spread and not gathered."""

    def _kernel_shape(self, channels: int) -> list[int]:
        return [*self.kernel_size, self.filters, channels]

    def _convolved(self, x: Node) -> Node:
        known, start = self.compute_output_shape(x.shape).as_list(), 2 if self._first else 1
        sizes = shape_of(x)
        whole = [d if d is not None else sizes[i] if not start <= i < start + self.rank else self._length(sizes[i], i - start)
                 for i, d in enumerate(known)]
        strides = [1, 1, *self.strides] if self._first else [1, *self.strides, 1]
        out = (nn.conv2d_transpose if self.rank == 2 else nn.conv3d_transpose)(
            x, self.kernel, whole, strides, self.padding.upper(), data_format=self._format)
        out.set_shape(known)
        return out

    def _length(self, size: Any, axis: int) -> Any:
        """The least size from which a window's places make this one, so that none is lost."""
        return size * self.strides[axis] + (max(self.kernel_size[axis] - self.strides[axis], 0) if self.padding == "valid" else 0)


class Conv2DTranspose(_Transposed):
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
        super().__init__(2, filters, kernel_size, strides, padding, data_format, 1, activation, use_bias, kernel_initializer, bias_initializer,
                         kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, trainable, name, **kwargs)


class Conv3DTranspose(_Transposed):
    """activation(transposed convolution + bias) of volumes, as `Conv2DTranspose` of pictures.

    float[batch, depth, height, width, channels] -> float[batch, d, h, w, filters]. GraphError: an argument that is not right. ShapeError,
    DTypeError, by the call: inputs that do not fit.
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: str = "channels_last",
                 activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None, bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
                 bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(3, filters, kernel_size, strides, padding, data_format, 1, activation, use_bias, kernel_initializer, bias_initializer,
                         kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, trainable, name, **kwargs)


# ---------------------------------------------------------------------- channel by channel

class _Separable(_Conv):
    """What separable convolutions share: a kernel for each channel, and one of size 1 that mixes what they make."""

    def __init__(self, rank: int, filters: int, kernel_size: Any, strides: Any, padding: str, data_format: str, dilation_rate: Any,
                 depth_multiplier: int, activation: Any, use_bias: bool, depthwise_initializer: Any, pointwise_initializer: Any,
                 bias_initializer: Any, depthwise_regularizer: Any, pointwise_regularizer: Any, bias_regularizer: Any, activity_regularizer: Any,
                 depthwise_constraint: Any, pointwise_constraint: Any, bias_constraint: Any, trainable: bool, name: str | None, **kwargs: Any):
        super().__init__(rank, filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, None, bias_initializer,
                         None, bias_regularizer, activity_regularizer, None, bias_constraint, trainable, name, **kwargs)
        (self.depth_multiplier,) = each(self._name, "depth_multiplier", depth_multiplier, 1)
        self._parts = {"depthwise": (depthwise_initializer, depthwise_regularizer, depthwise_constraint),
                       "pointwise": (pointwise_initializer, pointwise_regularizer, pointwise_constraint)}

    def build(self, input_shape: TensorShape) -> None:
        """Make both kernels, and the bias."""
        channels = self._size(input_shape, 1 if self._first else -1)
        shapes = {"depthwise": [*self.kernel_size, channels, self.depth_multiplier],
                  "pointwise": [*(1,) * self.rank, channels * self.depth_multiplier, self.filters]}
        self.depthwise_kernel, self.pointwise_kernel = (
            self.add_weight(f"{part}_kernel", shape, initializer=initializer_of(self._name, self._parts[part][0]), regularizer=self._parts[part][1],
                            constraint=self._parts[part][2]) for part, shape in shapes.items())
        self._build_bias()

    def _convolved(self, x: Node) -> Node:
        deep, mix, strides, rate = self.depthwise_kernel, self.pointwise_kernel, self.strides, self.dilation_rate
        axis = 2 if self._first else 1
        if self.rank == 1:          # a picture of one row; both strides alike, for that is what the operator takes
            x, deep, mix, strides, rate = expand_dims(x, axis=axis), expand_dims(deep, axis=0), expand_dims(mix, axis=0), strides * 2, (1, *rate)
        wide = [1, 1, *strides] if self._first else [1, *strides, 1]
        out = nn.separable_conv2d(x, deep, mix, wide, self.padding.upper(), rate=list(rate), data_format=_FORMATS[2][self._first])
        return squeeze(out, axis=axis) if self.rank == 1 else out


class SeparableConv1D(_Separable):
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
        super().__init__(1, filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation, use_bias,
                         depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer, pointwise_regularizer,
                         bias_regularizer, activity_regularizer, depthwise_constraint, pointwise_constraint, bias_constraint, trainable, name,
                         **kwargs)


class SeparableConv2D(_Separable):
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
        super().__init__(2, filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation, use_bias,
                         depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer, pointwise_regularizer,
                         bias_regularizer, activity_regularizer, depthwise_constraint, pointwise_constraint, bias_constraint, trainable, name,
                         **kwargs)


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


def __dir__() -> list[str]:
    return [*__all__]
