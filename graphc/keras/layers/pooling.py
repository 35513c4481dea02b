"""Pooling layers: the largest or the mean element of each window, or of all places."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...ir.node import Node
from ...ir.operator import to_node
from ...ir.types import TensorShape
from ...ops.array import expand_dims
from ...ops.math import cast
from ...ops.reduce import reduce_max, reduce_mean, reduce_sum
from ..engine.input_spec import InputSpec
from .base import StatedLayer, dims_of, each, format_of, word
from .convolutional import FORMATS, places_of

__all__ = ["AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "AvgPool1D", "AvgPool2D", "AvgPool3D", "GlobalAveragePooling1D",
           "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalAvgPool1D", "GlobalAvgPool2D", "GlobalAvgPool3D", "GlobalMaxPool1D",
           "GlobalMaxPool2D", "GlobalMaxPool3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "MaxPool1D", "MaxPool2D",
           "MaxPool3D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D"]

_AXES = {2: "", 3: "3D"}     # as TensorFlow names pools of so many axes


class Pooling(StatedLayer):
    """What pools over some axes share: how the window moves."""

    rank, largest = 2, True

    def __init__(self, pool_size: Any = None, strides: Any = None, padding: str = "valid", data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.pool_size = each(self._name, "pool_size", 2 if pool_size is None else pool_size, self.rank)
        self.strides = self.pool_size if strides is None else each(self._name, "strides", strides, self.rank)
        self.padding, self.data_format = word(self._name, "padding", padding, ("valid", "same")), format_of(self._name, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        x = to_node(inputs)
        self._rank(x, self.rank + 2, exact=True)
        return super().__call__(x, *args, **kwargs)

    def call(self, inputs: Node) -> Node:
        """One element for each window."""
        first = self.data_format == "channels_first"
        window, strides = ([1, 1, *sizes] if first else [1, *sizes, 1] for sizes in (self.pool_size, self.strides))
        pool = getattr(nn, f"{'max' if self.largest else 'avg'}_pool{self.rank}d")
        return pool(inputs, window, strides, self.padding.upper(), data_format=FORMATS[self.rank][first],
                    name=f"{inputs.graph.get_name_scope()}/" if self.rank == 1 else f"{'Max' if self.largest else 'Avg'}Pool{_AXES[self.rank]}")

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape that the window's places make."""
        dims = dims_of(input_shape, self.rank + 2)
        start = 2 if self.data_format == "channels_first" else 1
        for i, (size, stride) in enumerate(zip(self.pool_size, self.strides, strict=True), start):
            d: Any = dims[i]
            dims[i] = None if d is None else places_of(d, size, stride, self.padding)
        return TensorShape(dims)


class MaxPooling1D(Pooling):
    """The largest element of each window of rows: float[batch, width, channels] -> float[batch, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    rank, largest = 1, True

    def __init__(self, pool_size: Any = 2, strides: Any = None, padding: str = "valid", data_format: str | None = "channels_last", **kwargs: Any):
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


class MaxPooling2D(Pooling):
    """The largest element of each window of pictures: float[batch, height, width, channels] -> float[batch, h, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.

    >>> tf.keras.layers.MaxPooling2D()(tf.zeros([1, 4, 6, 3])).shape
    TensorShape((1, 2, 3, 3))
    """

    rank, largest = 2, True

    def __init__(self, pool_size: Any = (2, 2), strides: Any = None, padding: str = "valid", data_format: str | None = None, **kwargs: Any):
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


class MaxPooling3D(Pooling):
    """The largest element of each window of volumes: float[batch, depth, height, width, channels] -> float[batch, d, h, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    rank, largest = 3, True

    def __init__(self, pool_size: Any = (2, 2, 2), strides: Any = None, padding: str = "valid", data_format: str | None = None, **kwargs: Any):
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


class AveragePooling1D(Pooling):
    """The mean of each window of rows, without what is padding: float[batch, width, channels] -> float[batch, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    rank, largest = 1, False

    def __init__(self, pool_size: Any = 2, strides: Any = None, padding: str = "valid", data_format: str | None = "channels_last", **kwargs: Any):
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


class AveragePooling2D(Pooling):
    """The mean of each window of pictures, without what is padding: float[batch, height, width, channels] -> float[batch, h, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    rank, largest = 2, False

    def __init__(self, pool_size: Any = (2, 2), strides: Any = None, padding: str = "valid", data_format: str | None = None, **kwargs: Any):
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


class AveragePooling3D(Pooling):
    """The mean of each window of volumes, without what is padding: float[batch, d, h, w, channels] -> the same with fewer places.

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    rank, largest = 3, False

    def __init__(self, pool_size: Any = (2, 2, 2), strides: Any = None, padding: str = "valid", data_format: str | None = None, **kwargs: Any):
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


# ---------------------------------------------------------------------- of all places

class _Global(StatedLayer):
    """What reduces all places shares: where they stand."""

    rank, largest = 2, True

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format, self.input_spec = format_of(self._name, data_format), InputSpec(ndim=self.rank + 2)

    @property
    def _places(self) -> list[int]:
        start = 2 if self.data_format == "channels_first" else 1
        return list(range(start, start + self.rank))

    def call(self, inputs: Node) -> Node:
        """One element for each channel."""
        return (reduce_max if self.largest else reduce_mean)(inputs, axis=self._places)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Rows and channels."""
        dims = dims_of(input_shape, self.rank + 2)
        return TensorShape([d for i, d in enumerate(dims) if i not in self._places])


class GlobalAveragePooling1D(_Global):
    """The mean over steps, of those that a mask lets count: float[batch, steps, channels] -> float[batch, channels].

    GraphError: another data format. ShapeError, by the call: another rank.

    >>> tf.Session(jit=False).run(tf.keras.layers.GlobalAveragePooling1D()(tf.constant([[[1.0], [3.0]]])))
    array([[2.]], dtype=float32)
    """

    rank, largest, supports_masking = 1, False, True

    def __init__(self, data_format: str | None = "channels_last", **kwargs: Any):
        super().__init__(data_format, **kwargs)

    def call(self, inputs: Node, mask: Any = None) -> Node:
        """The mean over the steps."""
        if mask is None:
            return super().call(inputs)
        (steps,) = self._places
        counted = expand_dims(cast(mask, inputs.dtype), axis=2 if steps == 1 else 1)
        return reduce_sum(inputs * counted, axis=steps) / reduce_sum(counted, axis=steps)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: there are no steps left."""
        return None


class GlobalMaxPooling1D(_Global):
    """The largest element over steps: float[batch, steps, channels] -> float[batch, channels].

    GraphError: another data format. ShapeError, by the call: another rank.
    """

    rank, largest = 1, True

    def __init__(self, data_format: str | None = "channels_last", **kwargs: Any):
        super().__init__(data_format, **kwargs)


class GlobalAveragePooling2D(_Global):
    """The mean of each channel of a picture: float[batch, height, width, channels] -> float[batch, channels].

    GraphError: another data format. ShapeError, by the call: another rank.

    >>> tf.keras.layers.GlobalAveragePooling2D()(tf.zeros([2, 4, 4, 3])).shape
    TensorShape((2, 3))
    """

    rank, largest = 2, False


class GlobalMaxPooling2D(_Global):
    """The largest element of each channel of a picture: float[batch, height, width, channels] -> float[batch, channels].

    GraphError: another data format. ShapeError, by the call: another rank.
    """

    rank, largest = 2, True


class GlobalAveragePooling3D(_Global):
    """The mean of each channel of a volume: float[batch, d, h, w, channels] -> float[batch, channels].

    GraphError: another data format. ShapeError, by the call: another rank.
    """

    rank, largest = 3, False


class GlobalMaxPooling3D(_Global):
    """The largest element of each channel of a volume: float[batch, d, h, w, channels] -> float[batch, channels].

    GraphError: another data format. ShapeError, by the call: another rank.
    """

    rank, largest = 3, True


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D
