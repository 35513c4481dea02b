"""What `tf.keras.backend` has for kernels that differ from place to place, and for volumes made larger."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ...errors import GraphError, ShapeError
from ...ir.node import Node, describe, here
from ...ir.operator import to_node
from ...ops.array import expand_dims, reshape, transpose
from ...ops.array import shape as shape_of
from ...ops.blocks import extract_image_patches
from ...ops.linalg import matmul
from . import state
from .shapes import repeat_elements

__all__ = ["local_conv1d", "local_conv2d", "resize_volumes"]


def products(x: Node, kernel: Node, kernel_size: Sequence[int], strides: Sequence[int], places: Sequence[int], first: bool) -> Node:
    """The products of each window with the kernel of its place: float[batch, *sizes, channels] -> float[batch, *places, filters].

    kernel: float[product of places, product of kernel_size * channels, filters], in which channels come `first` or last within a window.
    """
    rank, count, window = len(places), prod(places), prod(kernel_size)
    picture, one = (expand_dims(x, axis=1), (1,)) if rank == 1 else (x, ())
    patches = extract_image_patches(picture, [1, *one, *kernel_size, 1], [1, *one, *strides, 1], [1, 1, 1, 1], "VALID")
    rows, features = shape_of(x)[0], (kernel.type.shape or (None, None))[1]
    if first and features is not None:
        parts = reshape(patches, [rows, count, window, features // window])
        patches = transpose(parts, perm=[0, 1, 3, 2])
    each = matmul(transpose(reshape(patches, [rows, count, features]), perm=[1, 0, 2]), kernel)
    return reshape(transpose(each, perm=[1, 0, 2]), [rows, *places, (kernel.type.shape or (None,))[-1]])


def _channels_first(what: str, data_format: str | None) -> bool:
    """Whether channels come first. GraphError: no such format."""
    if data_format not in ("channels_first", "channels_last"):
        raise GraphError(f"keras.backend.{what}: data_format is 'channels_first' or 'channels_last', not {data_format!r:.40}{here()}")
    return data_format == "channels_first"


def _local(what: str, inputs: Any, kernel: Any, kernel_size: Any, strides: Any, places: Any, data_format: str | None) -> Node:
    x, k = to_node(inputs), to_node(kernel)
    first = _channels_first(what, data_format or state.image_data_format())
    dims = k.type.shape
    if dims is None or len(dims) != 3 or None in dims:
        raise ShapeError(f"keras.backend.{what}: {describe(k)} is no kernel [places, window * channels, filters] of known sizes{here()}")
    wanted = [int(n) for n in (dims[:1] if places is None else places)]
    rank = len(wanted)
    if x.type.rank != rank + 2:
        raise ShapeError(f"keras.backend.{what}: {describe(x)} is not of rank {rank + 2}{here()}")
    x = transpose(x, perm=[0, *range(2, rank + 2), 1]) if first else x
    out = products(x, k, [int(n) for n in kernel_size], [int(n) for n in strides], wanted, first)
    return transpose(out, perm=[0, rank + 1, *range(1, rank + 1)]) if first else out


def local_conv1d(inputs: Any, kernel: Any, kernel_size: Any, strides: Any, data_format: str | None = None) -> Node:
    """A convolution with a kernel for each place: float[batch, width, channels] -> float[batch, places, filters].

    kernel: float[places, kernel_size * channels, filters]; `kernel_size`, `strides`: tuples of one. GraphError: no such `data_format`.
    ShapeError, DTypeError: the operands do not fit.
    """
    return _local("local_conv1d", inputs, kernel, kernel_size, strides, None, data_format)


def local_conv2d(inputs: Any, kernel: Any, kernel_size: Any, strides: Any, output_shape: Any, data_format: str | None = None) -> Node:
    """A convolution with a kernel for each place: float[batch, height, width, channels] -> float[batch, *output_shape, filters].

    kernel: float[places, window * channels, filters]. GraphError: no such `data_format`. ShapeError, DTypeError: the operands do not fit.
    """
    return _local("local_conv2d", inputs, kernel, kernel_size, strides, output_shape, data_format)


def resize_volumes(x: Any, depth_factor: int, height_factor: int, width_factor: int, data_format: str) -> Node:
    """Volumes so many times as deep, high and wide, each element repeated.

    number[batch, depth, height, width, channels] -> the same dtype. GraphError: no such `data_format`. ShapeError: another rank.
    """
    out, start = to_node(x), 2 if _channels_first("resize_volumes", data_format) else 1
    if out.type.rank != 5:
        raise ShapeError(f"keras.backend.resize_volumes: {describe(out)} is not of rank 5{here()}")
    for axis, factor in enumerate((depth_factor, height_factor, width_factor), start):
        out = repeat_elements(out, factor, axis)
    return out
