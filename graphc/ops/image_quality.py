"""How alike pictures are, and how they change from pixel to pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.node import Node, describe
from ..ir.types import compatible
from .array_fill import zeros_like
from .array_join import concat
from .array_move import reshape
from .blocks import extents
from .conv import conv
from .image_colour import convert_image_dtype
from .image_space import picture
from .layouts import made, operands, telling
from .math import abs as absolute
from .math import add, cast, divide, floormod, log, maximum, multiply, square, squared_difference, subtract
from .math import pow as pow_of
from .reduce import reduce_mean, reduce_sum
from .scopes import scope

__all__ = ["total_variation", "psnr", "ssim", "ssim_multiscale", "image_gradients", "sobel_edges"]


def total_variation(images: Any, name: str | None = None) -> Node:
    """The sum of the distances of all neighbouring pixels, of each picture (Rudin, Osher and Fatemi 1992).

    number[..., height, width, channels] -> number[batch] (a scalar of a single picture). ShapeError: the rank is not 3 or 4.

    >>> tf.Session(jit=False).run(tf.image.total_variation([[[1.0], [3.0]], [[1.0], [0.0]]]))
    np.float32(6.0)
    """
    x = picture("total_variation", images)
    with telling("total_variation", x), scope(name, "total_variation", x, "add") as last:
        down, right = _steps(x)
        axes = (-3, -2, -1)
        return add(reduce_sum(absolute(down), axis=axes), reduce_sum(absolute(right), axis=axes), name=last)


def _steps(x: Node) -> tuple[Node, Node]:
    """From each pixel to the one below, and to the one beside."""
    return x[..., 1:, :, :] - x[..., :-1, :, :], x[..., 1:, :] - x[..., :-1, :]


def image_gradients(image: Any) -> tuple[Node, Node]:
    """From each pixel to the one below and to the one beside, 0 at the ends.

    number[batch, height, width, channels] -> two of the same type. ShapeError: the rank is not 4.

    >>> down, right = tf.image.image_gradients(tf.reshape([1.0, 3.0], [1, 1, 2, 1]))
    >>> tf.Session(jit=False).run(right)[0, 0, :, 0]
    array([2., 0.], dtype=float32)
    """
    x = picture("image_gradients", image)
    with telling("image_gradients", x):
        if x.type.rank != 4:
            raise ShapeError(f"pictures must come as a batch, of rank 4: {describe(x)}")
        down, right = _steps(x)
        return concat([down, zeros_like(x[:, -1:])], 1), concat([right, zeros_like(x[:, :, -1:])], 2)


def sobel_edges(image: Any) -> Node:
    """Edges down and to the right, by the 3 x 3 filters of Sobel and Feldman (1968); pictures are mirrored at their ends.

    float[batch, height, width, channels] -> float[batch, height, width, channels, 2]. ShapeError: the rank is not 4.

    >>> tf.Session(jit=False).run(tf.image.sobel_edges(tf.reshape(tf.linspace(0.0, 8.0, 9), [1, 3, 3, 1])))[0, 1, 1, 0]
    array([24.,  8.], dtype=float32)
    """
    x = picture("sobel_edges", image)
    with telling("sobel_edges", x), scope(None, "sobel_edges", x) as last:
        if x.type.rank != 4:
            raise ShapeError(f"pictures must come as a batch, of rank 4: {describe(x)}")
        *_, channels = extents(x)
        if isinstance(channels, Node):
            raise ShapeError(f"the number of channels of {describe(x)} must be known")
        around = concat([x[:, 1:2], x, x[:, -2:-1]], 1)
        around = concat([around[:, :, 1:2], around, around[:, :, -2:-1]], 2)
        down = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], x.type.dtype)
        pair = np.stack([down, down.T], -1)
        filters = np.broadcast_to(pair[:, :, None, None], (3, 3, 1, channels, 2)).reshape(3, 3, 1, 2 * channels)
        found = made(conv, [around, operands("sobel_edges", x=x, filters=filters)[1]], {"strides": (1, 1)})
        n, h, w, _ = extents(x)
        return reshape(found, [n, h, w, channels, 2], name=last)


# ---------------------------------------------------------------------- two pictures

def _pair(what: str, a: Any, b: Any) -> tuple[Node, Node]:
    x, y = operands(what, a=a, b=b)
    with telling(what, x, y):
        for n in (x, y):
            if n.type.rank is None or n.type.rank < 3:
                raise ShapeError(f"the rank of {describe(n)} must be known and at least 3")
        if x.type.dtype != y.type.dtype:
            raise DTypeError(f"the pictures have the dtypes {x.type.dtype} and {y.type.dtype}")
        if not compatible((x.type.shape or ())[-3:], (y.type.shape or ())[-3:]):
            raise ShapeError("the pictures have not the same height, width and channels")
    return x, y


def _as_floats(x: Node, most: Any) -> tuple[Node, Any]:
    """Pictures as floats where 1 stands for the greatest integer, and the greatest number that there can be likewise."""
    y = convert_image_dtype(x, np.float32 if x.type.dtype.kind != "f" else x.type.dtype)
    if isinstance(most, Node):
        scaled = cast(most, y.type.dtype)
    else:
        scaled = np.asarray(most, np.float64)
    if x.type.dtype.kind in "iu":
        scaled = scaled * (1.0 / np.iinfo(x.type.dtype).max)
    return y, scaled if isinstance(scaled, Node) else np.asarray(scaled, y.type.dtype)


def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Node:
    """The ratio of the greatest signal to the noise, 10 log10(max_val**2 / mean squared difference), of each pair of pictures.

    number[..., height, width, channels] twice -> floating[...]. ShapeError, DTypeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.image.psnr([[[0.0], [0.0]]], [[[0.1], [-0.1]]], 1.0))
    np.float32(20.0)
    """
    x, y = _pair("psnr", a, b)
    with telling("psnr", x, y), scope(name, "PSNR", x, "Identity_3", "Identity") as last:
        (x, most), (y, _) = _as_floats(x, max_val), _as_floats(y, max_val)
        noise = reduce_mean(squared_difference(x, y), axis=(-3, -2, -1))
        tens = np.asarray(10 / np.log(10), noise.type.dtype)
        signal = multiply(log(most), 2.0) if isinstance(most, Node) else np.asarray(2 * np.log(np.float64(most)), noise.type.dtype)
        return multiply(subtract(signal, log(noise)), tens, name=last)


def ssim(img1: Any, img2: Any, max_val: Any, filter_size: int = 11, filter_sigma: float = 1.5, k1: float = 0.01, k2: float = 0.03) -> Node:
    """The structural similarity of each pair of pictures, means over a window of Gauss (Wang, Bovik, Sheikh and Simoncelli 2004, eq. 13).

    number[..., height, width, channels] twice, no side shorter than `filter_size` -> floating[...]. ShapeError, DTypeError: they do not fit.

    >>> x = tf.reshape(tf.linspace(0.0, 120.0, 121), [11, 11, 1])
    >>> tf.Session(jit=False).run(tf.image.ssim(x, x, 120.0))
    np.float32(1.0)
    """
    x, y = _pair("ssim", img1, img2)
    with telling("ssim", x, y), scope(None, "SSIM", x) as last:
        weights = _window(filter_size, filter_sigma)
        (x, most), (y, _) = _as_floats(x, max_val), _as_floats(y, max_val)
        light, structure = _alike(x, y, most, weights, k1, k2)
        each = reduce_mean(multiply(light, structure), axis=(-3, -2))
        return reduce_mean(each, axis=-1, name=last)


SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)       # the weights of five scales, from fine to coarse (the authors' section 3)


def ssim_multiscale(img1: Any, img2: Any, max_val: Any, power_factors: Sequence[float] = SCALES, filter_size: int = 11, filter_sigma: float = 1.5,
                    k1: float = 0.01, k2: float = 0.03) -> Node:
    """The structural similarity of each pair of pictures over several scales, each half as fine (Wang, Simoncelli and Bovik 2003, eq. 7).

    number[..., height, width, channels] twice, no side shorter than `filter_size` at the coarsest scale -> floating[...]. ShapeError, DTypeError:
    they do not fit.

    >>> x = tf.reshape(tf.linspace(0.0, 483.0, 484), [22, 22, 1])
    >>> tf.Session(jit=False).run(tf.image.ssim_multiscale(x, x, 484.0, (0.5, 0.5)))
    np.float32(1.0)
    """
    x, y = _pair("ssim_multiscale", img1, img2)
    with telling("ssim_multiscale", x, y), scope(None, "MS-SSIM", x) as last:
        weights = _window(filter_size, filter_sigma)
        (x, most), (y, _) = _as_floats(x, max_val), _as_floats(y, max_val)
        found = []
        for i, power in enumerate(power_factors):
            if i:
                x, y = _halved(x), _halved(y)
            light, structure = _alike(x, y, most, weights, k1, k2)
            whole = multiply(light, structure) if i == len(power_factors) - 1 else structure
            found.append(pow_of(maximum(reduce_mean(whole, axis=(-3, -2)), 0.0), float(power)))
        for part in found[1:]:
            found[0] = multiply(found[0], part)
        return reduce_mean(found[0], axis=-1, name=last)


def _window(size: Any, sigma: Any) -> np.ndarray[Any, Any]:
    """Weights of a window of Gauss. ShapeError: there is none."""
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1 or not sigma > 0:
        raise ShapeError(f"a window of {size!r:.40} pixels and deviation {sigma!r:.40} is none")
    line = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / sigma) ** 2)
    weights: np.ndarray[Any, Any] = np.outer(line, line) / np.sum(np.outer(line, line))
    return weights


def _halved(x: Node) -> Node:
    """Means of two by two pixels; a last row or column that is alone is there twice."""
    for axis in (-3, -2):
        n = extents(x)[axis]
        rest = tuple([Ellipsis, *([slice(n - n % 2, None)] if not isinstance(n, Node) else [slice(n - floormod(n, 2), None)]),
                      *[slice(None)] * (-axis - 1)])
        x = concat([x, x[rest]], len(extents(x)) + axis)
        x = reduce_mean(reshape(x, [*extents(x)[:axis], -1, 2, *extents(x)[axis + 1:]]), axis=axis)
    return x


def _alike(x: Node, y: Node, most: Any, weights: np.ndarray[Any, Any], k1: float, k2: float) -> tuple[Node, Node]:
    """How alike the lights of two pictures are around each pixel, and their contrasts and structures."""
    first, second = ((multiply(most, np.asarray(k, x.type.dtype)) if isinstance(most, Node) else most * np.asarray(k, x.type.dtype))
                     for k in (k1, k2))
    c1, c2 = square(first) if isinstance(first, Node) else first**2, square(second) if isinstance(second, Node) else second**2
    mx, my = _weighted([x, y], weights)
    both, squares = _weighted([multiply(x, y), add(square(x), square(y))], weights)
    means, sizes = multiply(multiply(mx, my), 2.0), add(square(mx), square(my))
    light = divide(add(means, c1), add(sizes, c1))
    return light, divide(add(subtract(multiply(both, 2.0), means), c2), add(subtract(squares, sizes), c2))


def _weighted(pictures: Sequence[Node], weights: np.ndarray[Any, Any]) -> list[Node]:
    """Means over windows of each channel of pictures."""
    found = []
    for x in pictures:
        channels = extents(x)[-1]
        if isinstance(channels, Node):
            raise ShapeError(f"the number of channels of {describe(x)} must be known")
        filters = np.broadcast_to(weights[:, :, None, None], (*weights.shape, 1, channels)).astype(x.type.dtype)
        found.append(made(conv, [x, operands("ssim", x=x, filters=filters)[1]], {"strides": (1, 1)}))
    return found
