"""Long short-term memory of pictures: convolutions in the place of products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import nn
from ...errors import GraphError
from ...ir.node import Node, here
from ...ir.types import TensorShape, as_shape
from ...ops.array import concat, split, zeros
from ...ops.array import shape as shape_of
from .base import dims_of, each, format_of, word
from .convolutional import FORMATS, places_of
from .recurrent import OfCell
from .recurrent_cells import LSTMCell, remembered

__all__ = ["ConvLSTM2D"]


class _ConvLSTM2DCell(LSTMCell):
    """One step of `ConvLSTM2D`."""

    def __init__(self, arguments: Mapping[str, Any], **kwargs: Any):
        super(LSTMCell, self).__init__({**arguments, "units": arguments["filters"], "implementation": 1}, **kwargs)
        self.kernel_size, self.strides = (each(self._name, name, arguments[name], 2) for name in ("kernel_size", "strides"))
        self.dilation_rate = each(self._name, "dilation_rate", arguments["dilation_rate"], 2)
        self.padding = word(self._name, "padding", arguments["padding"], ("valid", "same"))
        self.data_format = format_of(self._name, arguments["data_format"])
        self.state_size = [self.units, self.units]

    @property
    def _axis(self) -> int:
        return 1 if self.data_format == "channels_first" else 3

    def build(self, input_shape: Any) -> None:
        """Make kernels and bias."""
        for name, inputs in (("kernel", self._size(input_shape, self._axis)), ("recurrent_kernel", self.units)):
            kind = name.partition("_")[0]
            setattr(self, name, self.add_weight(name, [*self.kernel_size, inputs, 4 * self.units], initializer=getattr(self, f"{kind}_initializer"),
                                                regularizer=getattr(self, f"{kind}_regularizer"), constraint=getattr(self, f"{kind}_constraint")))
        if self.use_bias:
            self.bias = self.add_weight("bias", self._bias_shape(), initializer=self._bias_start(), regularizer=self.bias_regularizer,
                                        constraint=self.bias_constraint)
        self.built = True

    def _product(self, x: Node, kernel: Node, kept: list[Node] | None) -> Node:
        """The convolution of x with a kernel, of what is kept of it for each gate; that of the state keeps its sizes."""
        ours = kernel is self.kernel
        options: dict[str, Any] = {"strides": list(self.strides), "dilation_rate": list(self.dilation_rate)} if ours else {}
        padding, form = self.padding.upper() if ours else "SAME", FORMATS[2][self._axis == 1]
        if kept is None:
            return nn.convolution(x, kernel, padding, data_format=form, **options)
        return concat([nn.convolution(x * k, part, padding, data_format=form, **options)
                       for k, part in zip(kept, split(kernel, 4, axis=3), strict=True)], self._axis)

    def call(self, inputs: Any, states: Any = None, training: Any = None) -> Any:
        """The output, and the next states."""
        h, c = states
        of_x, of_h = self._projections(inputs, h, training)
        z = of_x if self.bias is None else nn.bias_add(of_x, self.bias, data_format=FORMATS[2][self._axis == 1])
        output, memory = remembered(self, split(z + of_h, 4, axis=self._axis), c)
        return output, [output, memory]


class ConvLSTM2D(OfCell):
    """`LSTM` of pictures, whose products are convolutions (Shi et al. 2015): kernels [height, width, channels, 4 filters].

    float[batch, steps, height, width, channels] -> float[batch, h, w, filters], or with `return_sequences` all steps'. GraphError: an argument
    that is not right. ShapeError, by the call: inputs that do not fit.

    >>> tf.keras.layers.ConvLSTM2D(2, 3, padding="same")(tf.zeros([1, 3, 4, 5, 1])).shape
    TensorShape((1, 4, 5, 2))
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None,
                 dilation_rate: Any = (1, 1), activation: Any = "tanh", recurrent_activation: Any = "hard_sigmoid", use_bias: bool = True,
                 kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros",
                 unit_forget_bias: bool = True, kernel_regularizer: Any = None, recurrent_regularizer: Any = None, bias_regularizer: Any = None,
                 activity_regularizer: Any = None, kernel_constraint: Any = None, recurrent_constraint: Any = None, bias_constraint: Any = None,
                 return_sequences: bool = False, go_backwards: bool = False, stateful: bool = False, dropout: float = 0.0,
                 recurrent_dropout: float = 0.0, **kwargs: Any):
        super().__init__(locals(), **kwargs)

    def _made(self, given: dict[str, Any], dtype: Any) -> Any:
        return _ConvLSTM2DCell(given, dtype=dtype)

    def _picture(self, dims: Any) -> list[Any]:
        """The sizes of a state for a step of those sizes, [batch, ...]."""
        cell, start = self.cell, 2 if self.cell._axis == 1 else 1
        places = [None if d is None else places_of(d, (k - 1) * rate + 1, s, cell.padding)
                  for d, k, s, rate in zip(dims[start:start + 2], cell.kernel_size, cell.strides, cell.dilation_rate, strict=True)]
        return [cell.units, *places] if start == 2 else [*places, cell.units]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output, and with `return_state` of the states, in a list."""
        dims = dims_of(input_shape[0] if isinstance(input_shape, list) else input_shape, 5)
        picture = self._picture([dims[0], *dims[2:]])
        output = TensorShape([dims[0], *([dims[1]] if self.return_sequences else []), *picture])
        return [output, *[TensorShape([dims[0], *picture])] * 2] if self.return_state else output

    def _nothing(self, steps: Node) -> Node:
        dims, sizes = as_shape(steps.shape) or (), shape_of(steps)
        return zeros([sizes[1], *self._picture([sizes[i + 1] if i == 0 or dims[i + 1] is None else dims[i + 1] for i in range(4)])], steps.dtype)

    def _zeros(self, steps: Node) -> list[Node]:
        return [self._nothing(steps)] * 2

    def _keep_states(self, rows: Any) -> None:
        raise GraphError(f"{self._name}: a layer of pictures that keeps its states is not offered; give them as initial_state{here()}")
