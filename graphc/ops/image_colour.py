"""Brightness, contrast and colours of pictures, and in what numbers they are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.node import Node, describe, dtype_of, here
from ..ir.types import Array, float32
from .array_join import concat, split, stack, unstack
from .array_move import identity
from .layouts import operands, telling
from .math import abs as absolute
from .math import add, cast, choose, clip_by_value, divide, equal, floormod, maximum, multiply, pow, saturate_cast, sqrt, subtract
from .random import random_uniform
from .reduce import reduce_max, reduce_mean, reduce_min, reduce_sum
from .scopes import scope

__all__ = ["convert_image_dtype", "per_image_standardization", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue",
           "adjust_saturation", "random_brightness", "random_contrast", "random_hue", "random_saturation", "rgb_to_grayscale", "grayscale_to_rgb",
           "rgb_to_hsv", "hsv_to_rgb", "rgb_to_yuv", "yuv_to_rgb", "rgb_to_yiq", "yiq_to_rgb"]

GREY = np.array([0.2989, 0.587, 0.114])       # of red, green and blue: ITU-R BT.601, in the digits that TensorFlow has
# Signals of television, a row for each channel that is given: PAL's YUV and NTSC's YIQ (ITU-R BT.470), in those digits too.
_TO_YUV = np.array([[0.299, -0.14714119, 0.61497538], [0.587, -0.28886916, -0.51496512], [0.114, 0.43601035, -0.10001026]])
_OF_YUV = np.array([[1.0, 1.0, 1.0], [0.0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0.0]])
_TO_YIQ = np.array([[0.299, 0.59590059, 0.2115], [0.587, -0.27455667, -0.52273617], [0.114, -0.32134392, 0.31119955]])
_OF_YIQ = np.array([[1.0, 1.0, 1.0], [0.95598634, -0.27201283, -1.10674021], [0.6208248, -0.64720424, 1.70423049]])


def _pixels(what: str, image: Any, channels: int | None = None) -> Node:
    """Pictures as a tensor; ShapeError where the last axis has not that many channels."""
    (x,) = operands(what, image=image)
    with telling(what, x):
        if x.type.dtype.kind not in "iuf":
            raise DTypeError(f"not defined for {x.type.dtype}")
        if x.type.shape is not None and (len(x.type.shape) < 1 or (channels and x.type.shape[-1] not in (channels, None))):
            raise ShapeError(f"pictures must have {channels or 'some'} channels along their last axis")
    return x


def _scaled(x: Node, dtype: np.dtype[Any], saturate: bool = False) -> Node:
    """Pictures in another dtype: integers go to their greatest, floats to 1."""
    own = x.type.dtype
    if own == dtype:
        return identity(x)
    if own.kind == "f" and dtype.kind == "f":
        return cast(x, dtype)
    if own.kind in "iu" and dtype.kind in "iu":
        most, least = int(np.iinfo(own).max), int(np.iinfo(dtype).max)
        if most > least:
            factor = (most + 1) // (least + 1)
            shrunk = x // np.asarray(factor, own)
            return saturate_cast(shrunk, dtype) if saturate else cast(shrunk, dtype)
        wide = saturate_cast(x, dtype) if saturate else cast(x, dtype)
        return multiply(wide, np.asarray((least + 1) // (most + 1), dtype))
    if own.kind in "iu":
        return multiply(cast(x, dtype), np.asarray(1.0 / np.iinfo(own).max, dtype))
    spread = multiply(x, np.asarray(np.iinfo(dtype).max + 0.5, own))
    return saturate_cast(spread, dtype) if saturate else cast(spread, dtype)


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Node:
    """Pictures in another dtype, the greatest integer standing for 1.0.

    number[...] -> dtype[...]; `saturate`: what does not fit becomes the nearest that does. DTypeError: no such dtype.

    >>> tf.Session(jit=False).run(tf.image.convert_image_dtype(tf.constant([0, 255], tf.uint8), tf.float32))
    array([0., 1.], dtype=float32)
    """
    x, kind = _pixels("convert_image_dtype", image), dtype_of("convert_image_dtype", dtype)
    with telling("convert_image_dtype", x), scope(name, "convert_image", x) as last:
        return identity(_scaled(x, kind.dtype, saturate), name=last)


def _in_floats(what: str, image: Any, name: str | None, change: Callable[[Node], Node], channels: int | None = None) -> Node:
    """Pictures changed as floats, and back in their own dtype."""
    x = _pixels(what, image, channels)
    with telling(what, x), scope(name, what, x, "Identity", "Identity") as last:
        y = change(x if x.type.dtype.kind == "f" else _scaled(x, float32.dtype))
        return identity(y if x.type.dtype.kind == "f" else _scaled(y, x.type.dtype, saturate=True), name=last)


def _number(what: str, value: Any, like: Node) -> Any:
    """A scalar in the dtype of pictures."""
    if isinstance(value, Node):
        return cast(value, like.type.dtype)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number, np.ndarray)) or np.ndim(value):
        raise DTypeError(f"{what} must be a number, not {value!r:.40}")
    return np.asarray(value, like.type.dtype)


def per_image_standardization(image: Any) -> Node:
    """(x - mean) / max(deviation, 1 / sqrt(count)), over all of each picture.

    number[..., height, width, channels] -> floating[the same shape]. ShapeError: the rank is below 3.

    >>> tf.Session(jit=False).run(tf.image.per_image_standardization([[[1.0], [3.0]]]))[0, :, 0]
    array([-1.,  1.], dtype=float32)
    """
    x = _pixels("per_image_standardization", image)
    with telling("per_image_standardization", x), scope(None, "per_image_standardization", x) as last:
        if x.type.rank is None or x.type.rank < 3:
            raise ShapeError(f"the rank of {describe(x)} must be known and at least 3")
        y = x if x.type.dtype.kind == "f" else cast(x, float32)
        axes = (-3, -2, -1)
        mean = reduce_mean(y, axis=axes, keepdims=True)
        deviation = sqrt(maximum(reduce_mean(multiply(subtract(y, mean), subtract(y, mean)), axis=axes, keepdims=True), 0.0))
        count = reduce_sum(add(multiply(y, 0.0), 1.0), axis=axes, keepdims=True) if None in (x.type.shape or ())[-3:] \
            else np.asarray(np.prod((x.type.shape or ())[-3:], dtype=np.float64), y.type.dtype)
        return divide(subtract(y, mean), maximum(deviation, divide(np.ones((), y.type.dtype), sqrt(count))), name=last)


# ---------------------------------------------------------------------- adjustments

def adjust_brightness(image: Any, delta: Any) -> Node:
    """image + delta, in floats where 1 is the brightest; integers are converted and back.

    number[...] -> the same type. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.image.adjust_brightness([0.25, 0.5], 0.25))
    array([0.5 , 0.75], dtype=float32)
    """
    return _in_floats("adjust_brightness", image, None, lambda x: add(x, _number("delta", delta, x)))


def adjust_contrast(images: Any, contrast_factor: Any) -> Node:
    """(x - mean) * factor + mean, the mean of each channel of each picture.

    number[..., height, width, channels] -> the same type. DTypeError: no numbers. ShapeError: the rank is below 3.

    >>> tf.Session(jit=False).run(tf.image.adjust_contrast([[[1.0], [3.0]]], 2.0))[0, :, 0]
    array([0., 4.], dtype=float32)
    """
    def change(x: Node) -> Node:
        if x.type.rank is None or x.type.rank < 3:
            raise ShapeError(f"the rank of {describe(x)} must be known and at least 3")
        mean = reduce_mean(x, axis=(-3, -2), keepdims=True)
        return add(multiply(subtract(x, mean), _number("contrast_factor", contrast_factor, x)), mean)
    return _in_floats("adjust_contrast", images, None, change)


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Node:
    """gain * image**gamma, in floats where 1 is the brightest.

    number[...] -> the same type. DTypeError: no numbers. ShapeError: gamma is negative.

    >>> tf.Session(jit=False).run(tf.image.adjust_gamma([0.5, 1.0], 2.0))
    array([0.25, 1.  ], dtype=float32)
    """
    def change(x: Node) -> Node:
        power = _number("gamma", gamma, x)
        if not isinstance(power, Node) and power < 0:
            raise ShapeError(f"gamma must not be negative, as {gamma!r:.40} is")
        return multiply(pow(x, power), _number("gain", gain, x))
    return _in_floats("adjust_gamma", image, None, change)


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Node:
    """The hue moved on by `delta` of a turn.

    number[..., 3], red, green and blue -> the same type. ShapeError: there are not three channels.

    >>> tf.Session(jit=False).run(tf.image.adjust_hue([[[1.0, 0.0, 0.0]]], 0.5))[0, 0]
    array([0., 1., 1.], dtype=float32)
    """
    def change(x: Node) -> Node:
        hue, saturation, value = split(rgb_to_hsv(x), 3, -1)
        return hsv_to_rgb(concat([floormod(add(hue, add(_number("delta", delta, x), 1.0)), 1.0), saturation, value], -1))
    return _in_floats("adjust_hue", image, name, change, 3)


def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Node:
    """The saturation times a factor, at most 1.

    number[..., 3], red, green and blue -> the same type. ShapeError: there are not three channels.

    >>> tf.Session(jit=False).run(tf.image.adjust_saturation([[[1.0, 0.5, 0.5]]], 0.0))[0, 0]
    array([1., 1., 1.], dtype=float32)
    """
    def change(x: Node) -> Node:
        hue, saturation, value = split(rgb_to_hsv(x), 3, -1)
        return hsv_to_rgb(concat([hue, clip_by_value(multiply(saturation, _number("saturation_factor", saturation_factor, x)), 0.0, 1.0), value], -1))
    return _in_floats("adjust_saturation", image, name, change, 3)


def _drawn(what: str, lower: Any, upper: Any, seed: int | None, least: float) -> Node:
    if not all(isinstance(v, (int, float, np.number)) for v in (lower, upper)) or not least <= lower < upper:
        raise ShapeError(f"{what} draws between {lower!r:.40} and {upper!r:.40}: the first must be {f'{least} or more, and ' * (least > -np.inf)}"
                         f"less than the second{here()}")
    return random_uniform([], float(lower), float(upper), seed=seed)


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Node:
    """`adjust_brightness` by what is drawn between -max_delta and max_delta.

    number[...] -> the same type. ShapeError: max_delta is not positive.

    >>> bool(abs(tf.Session(jit=False).run(tf.image.random_brightness([0.5], 0.1))[0] - 0.5) <= 0.1)
    True
    """
    return adjust_brightness(image, _drawn("random_brightness", -max_delta, max_delta, seed, -np.inf))


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Node:
    """`adjust_contrast` by a factor drawn between lower and upper.

    number[..., height, width, channels] -> the same type. ShapeError: 0 <= lower < upper does not hold.

    >>> tf.Session(jit=False).run(tf.shape(tf.image.random_contrast(tf.ones([2, 2, 1]), 0.5, 1.5)))
    array([2, 2, 1], dtype=int32)
    """
    return adjust_contrast(image, _drawn("random_contrast", lower, upper, seed, 0.0))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Node:
    """`adjust_hue` by what is drawn between -max_delta and max_delta.

    number[..., 3] -> the same type. ShapeError: max_delta is not positive, or there are not three channels.

    >>> tf.Session(jit=False).run(tf.shape(tf.image.random_hue(tf.ones([2, 2, 3]), 0.1)))
    array([2, 2, 3], dtype=int32)
    """
    return adjust_hue(image, _drawn("random_hue", -max_delta, max_delta, seed, -0.5))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Node:
    """`adjust_saturation` by a factor drawn between lower and upper.

    number[..., 3] -> the same type. ShapeError: 0 <= lower < upper does not hold, or there are not three channels.

    >>> tf.Session(jit=False).run(tf.shape(tf.image.random_saturation(tf.ones([2, 2, 3]), 0.5, 1.5)))
    array([2, 2, 3], dtype=int32)
    """
    return adjust_saturation(image, _drawn("random_saturation", lower, upper, seed, 0.0))


# ---------------------------------------------------------------------- colours

def rgb_to_grayscale(images: Any, name: str | None = None) -> Node:
    """0.2989 red + 0.587 green + 0.114 blue.

    number[..., 3] -> number[..., 1], of the same dtype. ShapeError: there are not three channels.

    >>> tf.Session(jit=False).run(tf.image.rgb_to_grayscale([[[1.0, 0.0, 0.0]]]))[0, 0]
    array([0.2989], dtype=float32)
    """
    return _in_floats("rgb_to_grayscale", images, name, lambda x: reduce_sum(multiply(x, GREY.astype(x.type.dtype)), axis=-1, keepdims=True), 3)


def grayscale_to_rgb(images: Any, name: str | None = None) -> Node:
    """The one channel three times.

    number[..., 1] -> number[..., 3]. ShapeError: there is not one channel.

    >>> tf.Session(jit=False).run(tf.image.grayscale_to_rgb([[[7]]]))[0, 0]
    array([7, 7, 7], dtype=int32)
    """
    x = _pixels("grayscale_to_rgb", images, 1)
    return concat([x, x, x], -1, name=name or "grayscale_to_rgb")


def rgb_to_hsv(images: Any, name: str | None = None) -> Node:
    """Hue, saturation and value of colours, all from 0 to 1 (Smith 1978).

    float[..., 3], red, green and blue from 0 to 1 -> float[..., 3]. ShapeError: there are not three channels. DTypeError: no floats.

    >>> tf.Session(jit=False).run(tf.image.rgb_to_hsv([[[0.0, 1.0, 1.0]]]))[0, 0]
    array([0.5, 1. , 1. ], dtype=float32)
    """
    x = _pixels("rgb_to_hsv", images, 3)
    with telling("rgb_to_hsv", x), scope(name, "RGBToHSV", x, op="RGBToHSV") as last:
        if x.type.dtype.kind != "f":
            raise DTypeError(f"not defined for {x.type.dtype}")
        red, green, blue = unstack(x, 3, -1)
        value = reduce_max(x, axis=-1)
        spread = subtract(value, reduce_min(x, axis=-1))
        apart = choose(spread > 0.0, spread, 1.0)
        sixth = choose(equal(value, red), divide(subtract(green, blue), apart),
                       choose(equal(value, green), add(divide(subtract(blue, red), apart), 2.0), add(divide(subtract(red, green), apart), 4.0)))
        turn = multiply(sixth, np.asarray(1 / 6, x.type.dtype))
        hue = choose(spread > 0.0, choose(turn < 0.0, add(turn, 1.0), turn), 0.0)
        saturation = choose(value > 0.0, divide(spread, choose(value > 0.0, value, 1.0)), 0.0)
        return stack([hue, saturation, value], axis=-1, name=last)


def hsv_to_rgb(images: Any, name: str | None = None) -> Node:
    """Red, green and blue of hue, saturation and value (Smith 1978).

    float[..., 3], all from 0 to 1 -> float[..., 3]. ShapeError: there are not three channels. DTypeError: no floats.

    >>> tf.Session(jit=False).run(tf.image.hsv_to_rgb([[[0.5, 1.0, 1.0]]]))[0, 0]
    array([0., 1., 1.], dtype=float32)
    """
    x = _pixels("hsv_to_rgb", images, 3)
    with telling("hsv_to_rgb", x), scope(name, "HSVToRGB", x, op="HSVToRGB") as last:
        if x.type.dtype.kind != "f":
            raise DTypeError(f"not defined for {x.type.dtype}")
        hue, saturation, value = unstack(x, 3, -1)
        sixth = multiply(hue, 6.0)
        shares = (subtract(absolute(subtract(sixth, 3.0)), 1.0), subtract(2.0, absolute(subtract(sixth, 2.0))),
                  subtract(2.0, absolute(subtract(sixth, 4.0))))
        parts = [multiply(value, add(subtract(1.0, saturation), multiply(saturation, clip_by_value(s, 0.0, 1.0)))) for s in shares]
        return stack(parts, axis=-1, name=last)


def _mixed(what: str, images: Any, shares: Array) -> Node:
    """Each channel as a sum of those given by their shares."""
    x = _pixels(what, images, 3)
    with telling(what, x), scope(None, "Tensordot", x, op="Reshape") as last:
        if x.type.dtype.kind != "f":
            raise DTypeError(f"not defined for {x.type.dtype}")
        given = unstack(x, 3, -1)
        kinds = np.asarray(shares, x.type.dtype)
        parts = [add(add(multiply(given[0], a), multiply(given[1], b)), multiply(given[2], c)) for a, b, c in kinds.T]
        return stack(parts, axis=-1, name=last)


def rgb_to_yuv(images: Any) -> Node:
    """Luma, from 0 to 1, and the two chroma signals of PAL (ITU-R BT.470).

    float[..., 3], red, green and blue from 0 to 1 -> float[..., 3]. ShapeError: there are not three channels. DTypeError: no floats.

    >>> tf.Session(jit=False).run(tf.image.rgb_to_yuv([[[1.0, 0.0, 0.0]]]))[0, 0].round(3)
    array([ 0.299, -0.147,  0.615], dtype=float32)
    """
    return _mixed("rgb_to_yuv", images, _TO_YUV)


def yuv_to_rgb(images: Any) -> Node:
    """Red, green and blue of luma and the two chroma signals of PAL (ITU-R BT.470), not cut off at 0 and 1.

    float[..., 3] -> float[..., 3]. ShapeError: there are not three channels. DTypeError: no floats.

    >>> tf.Session(jit=False).run(tf.image.yuv_to_rgb([[[0.5, 0.0, 0.0]]]))[0, 0]
    array([0.5, 0.5, 0.5], dtype=float32)
    """
    return _mixed("yuv_to_rgb", images, _OF_YUV)


def rgb_to_yiq(images: Any) -> Node:
    """Luma, from 0 to 1, and the two chroma signals of NTSC (ITU-R BT.470).

    float[..., 3], red, green and blue from 0 to 1 -> float[..., 3]. ShapeError: there are not three channels. DTypeError: no floats.

    >>> tf.Session(jit=False).run(tf.image.rgb_to_yiq([[[1.0, 0.0, 0.0]]]))[0, 0].round(3)
    array([0.299, 0.596, 0.212], dtype=float32)
    """
    return _mixed("rgb_to_yiq", images, _TO_YIQ)


def yiq_to_rgb(images: Any) -> Node:
    """Red, green and blue of luma and the two chroma signals of NTSC (ITU-R BT.470), not cut off at 0 and 1.

    float[..., 3] -> float[..., 3]. ShapeError: there are not three channels. DTypeError: no floats.

    >>> tf.Session(jit=False).run(tf.image.yiq_to_rgb([[[0.5, 0.0, 0.0]]]))[0, 0]
    array([0.5, 0.5, 0.5], dtype=float32)
    """
    return _mixed("yiq_to_rgb", images, _OF_YIQ)
