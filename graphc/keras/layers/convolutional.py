"""Convolutional layers: in one, two and three axes, and transposed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import nn
from ...ir.node import Node
from ...ir.types import TensorShape
from ...ops.array import pad
from ...ops.array import shape as shape_of
from ...ops.state import Variable
from .. import regularizers
from ..engine.input_spec import InputSpec
from .base import StatedLayer, dims_of, each, format_of, word

__all__ = ["Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "Convolution1D", "Convolution2D", "Convolution2DTranspose",
           "Convolution3D", "Convolution3DTranspose"]

FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}
_NAMES = {1: "conv1d", 2: "Conv2D", 3: "Conv3D"}         # of the operations, as TensorFlow has them


class Conv(StatedLayer):
    """What convolutions over some axes share: kernel and bias, and how the window moves."""

    rank = 2
    _paddings: tuple[str, ...] = ("valid", "same")

    def __init__(self, arguments: Mapping[str, Any], **kwargs: Any):
        super().__init__(activity_regularizer=regularizers.get(arguments["activity_regularizer"]), **kwargs)
        self._state(arguments)
        rank = self.rank
        (self.filters,) = each(self._name, "filters", arguments["filters"], 1)
        self.kernel_size = each(self._name, "kernel_size", arguments["kernel_size"], rank)
        self.strides = each(self._name, "strides", arguments["strides"], rank)
        self.dilation_rate = each(self._name, "dilation_rate", arguments.get("dilation_rate", 1), rank)
        self.padding = word(self._name, "padding", arguments["padding"], self._paddings)
        self.data_format = format_of(self._name, arguments["data_format"])
        self.bias: Variable | None = None

    @property
    def _first(self) -> bool:
        return bool(self.data_format == "channels_first")

    @property
    def _format(self) -> str:
        return FORMATS[self.rank][self._first]

    def build(self, input_shape: TensorShape) -> None:
        """Make kernel and bias."""
        channels = self._size(input_shape, 1 if self._first else -1)
        self.kernel = self.add_weight("kernel", self._kernel_shape(channels), initializer=self.kernel_initializer,
                                      regularizer=self.kernel_regularizer, constraint=self.kernel_constraint)
        self._build_bias()
        self._demand(channels)

    def _demand(self, channels: int) -> None:
        """Let later calls have as many channels."""
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={1 if self._first else -1: channels})

    def _kernel_shape(self, channels: int) -> list[int]:
        return [*self.kernel_size, channels, self.filters]

    def _build_bias(self) -> None:
        if self.use_bias:
            self.bias = self.add_weight("bias", [self._channels_out()], initializer=self.bias_initializer or "zeros",
                                        regularizer=self.bias_regularizer, constraint=self.bias_constraint)
        self.built = True

    def _channels_out(self) -> int:
        return int(self.filters)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        x = self._floats(inputs)
        self._rank(x, self.rank + 2, exact=True)
        return super().__call__(x, *args, **kwargs)

    def call(self, inputs: Node) -> Node:
        """activation(convolution of the inputs + bias)."""
        return self._ended(self._convolved(inputs))

    def _convolved(self, x: Node) -> Node:
        return nn.convolution(x, self.kernel, self.padding.upper(), strides=list(self.strides), dilation_rate=list(self.dilation_rate),
                              data_format=self._format, name=_NAMES[self.rank])

    def _ended(self, out: Node) -> Any:
        if self.bias is not None:
            out = nn.bias_add(out, self.bias, data_format=self._format, name="BiasAdd")
        return self.activation(out)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape that the window's places make, with `filters` channels."""
        dims = dims_of(input_shape, self.rank + 2)
        start = 2 if self._first else 1
        places = [None if d is None else self._length(d, i) for i, d in enumerate(dims[start:start + self.rank])]
        channels = self._channels_out()
        return TensorShape([dims[0], channels, *places] if self._first else [dims[0], *places, channels])

    def _length(self, size: Any, axis: int) -> Any:
        """How many places a window has along an axis."""
        return places_of(size, self.kernel_size[axis], self.strides[axis], self.padding, self.dilation_rate[axis])


def places_of(size: Any, window: int, stride: int, padding: str, dilation: int = 1) -> Any:
    """How many places a window has along an axis of that size."""
    wide = (window - 1) * dilation if padding == "valid" else 0
    return -((wide - size) // stride)


class Conv1D(Conv):
    """activation(convolution + bias) of rows by a kernel [width, channels, filters], as `tf.nn.conv1d` does it.

    float[batch, width, channels] -> float[batch, w, filters]; `padding="causal"`: a place sees nothing behind it. GraphError: an argument that
    is not right. ShapeError, DTypeError, by the call: inputs that do not fit.

    >>> tf.keras.layers.Conv1D(4, 3, padding="causal")(tf.zeros([2, 5, 3])).shape
    TensorShape((2, 5, 4))
    """

    rank = 1
    _paddings = ("valid", "same", "causal")

    def __init__(self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = "channels_last",
                 dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any):
        super().__init__(locals(), **kwargs)

    def _convolved(self, x: Node) -> Node:
        if self.padding != "causal":
            return super()._convolved(x)
        before = [(self.kernel_size[0] - 1) * self.dilation_rate[0], 0]
        x = pad(x, [[0, 0], [0, 0], before] if self._first else [[0, 0], before, [0, 0]])
        return nn.convolution(x, self.kernel, "VALID", strides=list(self.strides), dilation_rate=list(self.dilation_rate), data_format=self._format,
                              name=_NAMES[1])


class Conv2D(Conv):
    """activation(convolution + bias) of pictures by a kernel [height, width, channels, filters], as `tf.nn.conv2d` does it.

    float[batch, height, width, channels] -> float[batch, h, w, filters]; `data_format="channels_first"`: channels stand second. GraphError: an
    argument that is not right. ShapeError, DTypeError, by the call: inputs that do not fit.

    >>> layer = tf.keras.layers.Conv2D(3, 2, kernel_initializer="ones", name="edges")
    >>> tf.Session(jit=False).run(layer(tf.ones([1, 2, 2, 1]))).tolist(), layer.kernel.shape
    ([[[[4.0, 4.0, 4.0]]]], TensorShape((2, 2, 1, 3)))
    """

    rank = 2

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None,
                 dilation_rate: Any = (1, 1), activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any):
        super().__init__(locals(), **kwargs)


class Conv3D(Conv):
    """activation(convolution + bias) of volumes by a kernel [depth, height, width, channels, filters], as `tf.nn.conv3d` does it.

    float[batch, depth, height, width, channels] -> float[batch, d, h, w, filters]. GraphError: an argument that is not right. ShapeError,
    DTypeError, by the call: inputs that do not fit.
    """

    rank = 3

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: str | None = None,
                 dilation_rate: Any = (1, 1, 1), activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any):
        super().__init__(locals(), **kwargs)


# ---------------------------------------------------------------------- transposed

class Transposed(Conv):
    """What transposed convolutions share: the kernel's outputs stand before its inputs, and windows are spread and not gathered."""

    output_padding: Any = None

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
        """The least size from which a window's places make this one, so that none is lost; or one with `output_padding` more."""
        window, stride = self.kernel_size[axis], self.strides[axis]
        if self.output_padding is None:
            return size * stride + (max(window - stride, 0) if self.padding == "valid" else 0)
        return (size - 1) * stride + window - (2 * (window // 2) if self.padding == "same" else 0) + self.output_padding[axis]

    def _padded(self, given: Any) -> None:
        """Keep `output_padding`, how much longer each axis is. GraphError: it is not shorter than the stride."""
        self.output_padding = None if given is None else each(self._name, "output_padding", given, self.rank, least=0)


class Conv2DTranspose(Transposed):
    """activation(transposed convolution + bias): the gradient of `Conv2D` by its inputs, by a kernel [height, width, filters, channels].

    float[batch, height, width, channels] -> float[batch, h, w, filters], h = height * stride, and for "valid" what of the kernel juts out.
    GraphError: an argument that is not right. ShapeError, DTypeError, by the call: inputs that do not fit.

    >>> layer = tf.keras.layers.Conv2DTranspose(1, 2, strides=2, kernel_initializer="ones")
    >>> tf.Session(jit=False).run(layer(tf.constant([[[[3.0]]]])))[0, :, :, 0]
    array([[3., 3.],
           [3., 3.]], dtype=float32)
    """

    rank = 2

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", output_padding: Any = None,
                 data_format: str | None = None, dilation_rate: Any = (1, 1), activation: Any = None, use_bias: bool = True,
                 kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
                 bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
                 **kwargs: Any):
        super().__init__(locals(), **kwargs)
        self._padded(output_padding)


class Conv3DTranspose(Transposed):
    """activation(transposed convolution + bias) of volumes, as `Conv2DTranspose` of pictures.

    float[batch, depth, height, width, channels] -> float[batch, d, h, w, filters]. GraphError: an argument that is not right. ShapeError,
    DTypeError, by the call: inputs that do not fit.
    """

    rank = 3

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", output_padding: Any = None,
                 data_format: str | None = None, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any):
        super().__init__(locals(), **kwargs)
        self._padded(output_padding)


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
Convolution2DTranspose, Convolution3DTranspose = Conv2DTranspose, Conv3DTranspose
