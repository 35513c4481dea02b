"""Layers that repeat, surround or cut off what lies along the axes of rows, pictures and volumes."""

from __future__ import annotations

from typing import Any

from ...errors import ShapeError
from ...ir.node import Node, here
from ...ir.types import TensorShape
from ...ops.array import pad, transpose
from ...ops.array import shape as shape_of
from ...ops.array_places import repeat
from ...ops.image_resize import resize_bilinear, resize_nearest_neighbor
from ..engine.input_spec import InputSpec
from .base import StatedLayer, dims_of, each, format_of, word

__all__ = ["Cropping1D", "Cropping2D", "Cropping3D", "UpSampling1D", "UpSampling2D", "UpSampling3D", "ZeroPadding1D", "ZeroPadding2D",
           "ZeroPadding3D"]


class _Spatial(StatedLayer):
    """What changes the sizes of some axes shares: where they stand, and what becomes of each size."""

    rank, data_format = 1, "channels_last"

    def _prepared(self, data_format: str | None = "channels_last") -> None:
        self.data_format, self.input_spec = format_of(self._name, data_format), InputSpec(ndim=self.rank + 2)

    @property
    def _from(self) -> int:
        return 2 if self.data_format == "channels_first" else 1

    def _changed(self, size: int, axis: int) -> int:
        """What becomes of a size."""
        return size

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The sizes of the inputs, those of the axes changed."""
        dims = dims_of(input_shape, self.rank + 2)
        for axis in range(self.rank):
            if dims[self._from + axis] is not None:
                dims[self._from + axis] = self._changed(dims[self._from + axis], axis)
        return TensorShape(dims)


class _UpSampling(_Spatial):
    """What repeats elements shares."""

    def _changed(self, size: int, axis: int) -> int:
        return size * self._sizes[axis]

    @property
    def _sizes(self) -> tuple[int, ...]:
        return self.size if isinstance(self.size, tuple) else (self.size,)

    def call(self, inputs: Node) -> Node:
        """Each element as often as the sizes say."""
        out = inputs
        for axis, times in enumerate(self._sizes):
            out = repeat(out, times, axis=self._from + axis) if times != 1 else out
        return out


class UpSampling1D(_UpSampling):
    """Each step `size` times: any[batch, steps, k] -> any[batch, steps * size, k]. GraphError: no size. ShapeError, by the call: another rank.

    >>> tf.Session(jit=False).run(tf.keras.layers.UpSampling1D(2)(tf.constant([[[1.0], [2.0]]]))).ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    def __init__(self, size: int = 2, **kwargs: Any):
        super().__init__(**kwargs)
        (self.size,) = each(self._name, "size", size, 1)
        self._prepared()


class UpSampling2D(_UpSampling):
    """Each element of a picture `size` times along both axes, or with `interpolation="bilinear"` as `tf.image.resize_bilinear` does it.

    float[batch, height, width, channels] -> float[batch, h, w, channels]. GraphError: an argument that is not right. ShapeError, by the call:
    another rank.

    >>> tf.keras.layers.UpSampling2D((2, 3))(tf.zeros([1, 4, 4, 2])).shape
    TensorShape((1, 8, 12, 2))
    """

    rank = 2

    def __init__(self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any):
        super().__init__(**kwargs)
        self.size, self.interpolation = each(self._name, "size", size, 2), word(self._name, "interpolation", interpolation, ("nearest", "bilinear"))
        self._prepared(data_format)

    def call(self, inputs: Node) -> Node:
        """The pictures, larger."""
        x = transpose(inputs, perm=[0, 2, 3, 1]) if self.data_format == "channels_first" else inputs
        sizes = shape_of(x)
        known = dims_of(x.shape, 4)[1:3]
        wanted = [(sizes[i + 1] if d is None else d) * self.size[i] for i, d in enumerate(known)]
        out = (resize_nearest_neighbor if self.interpolation == "nearest" else resize_bilinear)(x, wanted)
        out = transpose(out, perm=[0, 3, 1, 2]) if self.data_format == "channels_first" else out
        out.set_shape(self.compute_output_shape(inputs.shape))
        return out


class UpSampling3D(_UpSampling):
    """Each element of a volume `size` times along the three axes: any[batch, d, h, w, channels] -> the same, larger.

    GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.size = each(self._name, "size", size, 3)
        self._prepared(data_format)


def pairs(layer: str, what: str, given: Any, count: int) -> tuple[tuple[int, int], ...]:
    """How much stands before and behind along each axis: from one number, one for each axis, or a pair for each. GraphError: it is neither."""
    if isinstance(given, (list, tuple)) and len(given) == count and all(isinstance(g, (list, tuple)) for g in given):
        found = [each(layer, what, g, 2, least=0) for g in given]
        return tuple((a, b) for a, b in found)
    if count == 1 and isinstance(given, (list, tuple)):
        first, second = each(layer, what, given, 2, least=0)
        return ((first, second),)
    return tuple((n, n) for n in each(layer, what, given, count, least=0))


class _ZeroPadding(_Spatial):
    """What surrounds with zeros shares."""

    @property
    def _pairs(self) -> tuple[tuple[int, int], ...]:
        return self.padding if self.rank > 1 else (self.padding,)

    def _changed(self, size: int, axis: int) -> int:
        return size + sum(self._pairs[axis])

    def call(self, inputs: Node) -> Node:
        """The inputs, with zeros around them."""
        widths: list[Any] = [[0, 0]] * (self.rank + 2)
        widths[self._from:self._from + self.rank] = [list(p) for p in self._pairs]
        return pad(inputs, widths)


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and behind the steps: any[batch, steps, k] -> any[batch, steps + both, k]; `padding`: a number, or one for each end.

    GraphError: an argument that is not right. ShapeError, by the call: another rank.

    >>> tf.Session(jit=False).run(tf.keras.layers.ZeroPadding1D((1, 2))(tf.ones([1, 1, 1]))).ravel()
    array([0., 1., 0., 0.], dtype=float32)
    """

    def __init__(self, padding: Any = 1, **kwargs: Any):
        super().__init__(**kwargs)
        (self.padding,) = pairs(self._name, "padding", padding, 1)
        self._prepared()


class ZeroPadding2D(_ZeroPadding):
    """Zeros around pictures: any[batch, height, width, channels] -> any[batch, h, w, channels]; `padding`: a number, one for each axis, or pairs.

    GraphError: an argument that is not right. ShapeError, by the call: another rank.

    >>> tf.keras.layers.ZeroPadding2D(((1, 0), (2, 2)))(tf.zeros([1, 4, 4, 3])).shape
    TensorShape((1, 5, 8, 3))
    """

    rank = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.padding = pairs(self._name, "padding", padding, 2)
        self._prepared(data_format)


class ZeroPadding3D(_ZeroPadding):
    """Zeros around volumes: any[batch, d, h, w, channels] -> the same, larger; `padding`: a number, one for each axis, or pairs.

    GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    rank = 3

    def __init__(self, padding: Any = (1, 1, 1), data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.padding = pairs(self._name, "padding", padding, 3)
        self._prepared(data_format)


class _Cropping(_Spatial):
    """What cuts off both ends of axes shares."""

    @property
    def _pairs(self) -> tuple[tuple[int, int], ...]:
        return self.cropping if self.rank > 1 else (self.cropping,)

    def _changed(self, size: int, axis: int) -> int:
        left = size - sum(self._pairs[axis])
        if isinstance(left, int) and left < 0:
            raise ShapeError(f"{self._name}: {self._pairs[axis]} is more than an axis of {size} has{here()}")
        return left

    def call(self, inputs: Node) -> Node:
        """The inputs, without their ends."""
        self.compute_output_shape(inputs.shape)
        cut: list[Any] = [slice(None)] * self._from
        cut += [slice(before, -behind if behind else None) for before, behind in self._pairs]
        return inputs[tuple(cut)]


class Cropping1D(_Cropping):
    """Steps without the first and last ones: any[batch, steps, k] -> any[batch, fewer, k]; `cropping`: a number, or one for each end.

    GraphError: an argument that is not right. ShapeError, by the call: another rank, or fewer steps.

    >>> tf.Session(jit=False).run(tf.keras.layers.Cropping1D((1, 0))(tf.constant([[[1.0], [2.0]]]))).ravel()
    array([2.], dtype=float32)
    """

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any):
        super().__init__(**kwargs)
        (self.cropping,) = pairs(self._name, "cropping", cropping, 1)
        self._prepared()


class Cropping2D(_Cropping):
    """Pictures without their edges: any[batch, height, width, channels] -> the same, smaller; `cropping`: a number, one for each axis, or pairs.

    GraphError: an argument that is not right. ShapeError, by the call: another rank, or smaller pictures.
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.cropping = pairs(self._name, "cropping", cropping, 2)
        self._prepared(data_format)


class Cropping3D(_Cropping):
    """Volumes without their edges: any[batch, d, h, w, channels] -> the same, smaller; `cropping`: a number, one for each axis, or pairs.

    GraphError: an argument that is not right. ShapeError, by the call: another rank, or smaller volumes.
    """

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.cropping = pairs(self._name, "cropping", cropping, 3)
        self._prepared(data_format)
