"""Changes of images at random: turned, moved, sheared, made larger; what is beyond the edge is filled up."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import FeedError
from ...ir.node import here
from ..backend import state


def _placed(at: Any, size: int, fill_mode: str) -> Any:
    """Places along an axis, those beyond the edge where the pixel is that stands for them; a "wrap" repeats from the first place to the last."""
    last = size - 1
    if fill_mode == "wrap" and last:
        return np.where(at < 0, at + last * (np.floor(-at / last) + 1), np.where(at > last, at - last * np.floor(at / last), at))
    return at if fill_mode == "reflect" else np.clip(at, 0, last)


def _neighbours(at: Any, size: int, fill_mode: str, order: int) -> list[tuple[Any, Any]]:
    """The pixels along an axis of which places take their value, and how much of each: the nearest one, or the two beside it."""
    def within(i: Any) -> Any:
        turned = i % (2 * size)
        return np.where(turned < size, turned, 2 * size - 1 - turned) if fill_mode == "reflect" else np.clip(i, 0, size - 1)
    placed = _placed(at, size, fill_mode)
    if order == 0:
        return [(within(np.floor(placed + 0.5).astype(np.int64)), 1.0)]
    first = np.floor(placed).astype(np.int64)
    return [(within(first), 1.0 - (placed - first)), (within(first + 1), placed - first)]


def apply_affine_transform(x: Any, theta: float = 0, tx: float = 0, ty: float = 0, shear: float = 0, zx: float = 1, zy: float = 1,
                           row_axis: int = 0, col_axis: int = 1, channel_axis: int = 2, fill_mode: str = "nearest", cval: float = 0.0,
                           order: int = 1) -> Any:
    """An image turned by `theta` and sheared by `shear` degrees, moved by `tx` rows and `ty` columns, made `1 / zx` and `1 / zy` times as large.

    Each pixel is a mixture of the four around its place, or the nearest one (`order` 0); `fill_mode` says what stands beyond the edge: the
    "nearest" pixel, `cval` ("constant"), the image mirrored ("reflect") or repeated ("wrap").
    FeedError: another fill mode, or another order than 0 and 1. ValueError: axes that there are not.
    """
    if fill_mode not in ("nearest", "constant", "reflect", "wrap"):
        raise FeedError(f"apply_affine_transform: fill_mode is 'nearest', 'constant', 'reflect' or 'wrap', not {fill_mode!r:.40}{here()}")
    if order not in (0, 1):
        raise FeedError(f"apply_affine_transform: order is 0 or 1, not {order!r:.40}: splines are not offered{here()}")
    image = np.moveaxis(np.asarray(x), channel_axis, -1)
    height, width = image.shape[:2]
    turn, lean = np.deg2rad(theta), np.deg2rad(shear)
    matrix = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    matrix = matrix @ np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1.0]])
    matrix = matrix @ np.array([[1, -np.sin(lean), 0], [0, np.cos(lean), 0], [0, 0, 1.0]])
    matrix = matrix @ np.diag([zx, zy, 1.0])
    moved = np.eye(3)
    # Keras' middle in the time of TensorFlow 1: a pixel down and right of what lies between the first and the last.
    moved[:2, 2] = np.shape(x)[row_axis] / 2 + 0.5, np.shape(x)[col_axis] / 2 + 0.5
    matrix = moved @ matrix @ np.linalg.inv(moved)
    at = np.tensordot(matrix[:2, :2], np.indices((height, width)), 1) + matrix[:2, 2][:, None, None]
    (rows, columns) = (_neighbours(at[k], (height, width)[k], fill_mode, order) for k in (0, 1))
    found = sum(image[i, j] * np.asarray(a * b, np.float64)[..., None] for i, a in rows for j, b in columns)
    if fill_mode == "constant":
        beyond = (at < 0).any(0) | (at[0] > height - 1) | (at[1] > width - 1)
        found = np.where(beyond[..., None], cval, found)
    found = np.asarray(found, image.dtype)
    return np.moveaxis(found, -1, channel_axis)


def random_rotation(x: Any, rg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest",
                    cval: float = 0.0) -> Any:
    """An image turned by up to `rg` degrees. ValueError: axes that there are not."""
    return apply_affine_transform(x, np.random.uniform(-rg, rg), row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis,
                                  fill_mode=fill_mode, cval=cval)


def random_shift(x: Any, wrg: float, hrg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest",
                 cval: float = 0.0) -> Any:
    """An image moved by up to a part `wrg` of its width and `hrg` of its height. ValueError: axes that there are not."""
    return apply_affine_transform(x, tx=np.random.uniform(-hrg, hrg) * x.shape[row_axis], ty=np.random.uniform(-wrg, wrg) * x.shape[col_axis],
                                  row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis, fill_mode=fill_mode, cval=cval)


def random_zoom(x: Any, zoom_range: Any, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest",
                cval: float = 0.0) -> Any:
    """An image of which a part between two numbers is seen, along each axis. ValueError: axes that there are not."""
    zx, zy = (1, 1) if zoom_range[0] == zoom_range[1] == 1 else np.random.uniform(zoom_range[0], zoom_range[1], 2)
    return apply_affine_transform(x, zx=zx, zy=zy, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis, fill_mode=fill_mode, cval=cval)


def random_shear(x: Any, intensity: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest",
                 cval: float = 0.0) -> Any:
    """An image sheared by up to `intensity` degrees. ValueError: axes that there are not."""
    return apply_affine_transform(x, shear=np.random.uniform(-intensity, intensity), row_axis=row_axis, col_axis=col_axis,
                                  channel_axis=channel_axis, fill_mode=fill_mode, cval=cval)


def apply_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> Any:
    """An image with `intensity` added, within the least and the greatest value that it has. ValueError: an image without pixels.

    >>> tf.keras.preprocessing.image.apply_channel_shift(np.array([[[1.0, 2.0, 4.0]]]), 2.5)
    array([[[3.5, 4. , 4. ]]])
    """
    x = np.asarray(x)
    return np.clip(x + intensity, x.min(), x.max())


def random_channel_shift(x: Any, intensity_range: float, channel_axis: int = 0) -> Any:
    """An image with a number up to `intensity_range` added or taken away, within the values that it has. ValueError: no pixels."""
    return apply_channel_shift(x, np.random.uniform(-intensity_range, intensity_range), channel_axis)


def apply_brightness_shift(x: Any, brightness: float) -> Any:
    """An image times `brightness`, as Pillow does it: as bytes, the darkest value 0 and the brightest 255 before; a fourth channel stays.

    ValueError: an image without pixels.

    >>> tf.keras.preprocessing.image.apply_brightness_shift(np.array([[[1.0], [2.0], [3.0]]]), 0.5).ravel()
    array([  0.,  63., 127.], dtype=float32)
    """
    spread = np.asarray(x, np.float32) - np.min(x)
    most = spread.max()
    pixels = np.asarray(spread / most * 255 if most else spread, np.uint8).astype(np.float32)
    bright = np.trunc(np.clip(pixels * np.float32(brightness), 0, 255))
    if bright.ndim == 3 and bright.shape[-1] == 4:
        bright[..., 3] = pixels[..., 3]
    return bright.astype(state.floatx())


def random_brightness(x: Any, brightness_range: Any) -> Any:
    """An image times a number between two. FeedError: not two.

    >>> tf.keras.preprocessing.image.random_brightness(np.array([[[1.0], [3.0]]]), (0.5, 0.5)).ravel()
    array([  0., 127.], dtype=float32)
    """
    if np.shape(brightness_range) != (2,):
        raise FeedError(f"random_brightness: brightness_range is two numbers, not {brightness_range!r:.60}{here()}")
    return apply_brightness_shift(x, np.random.uniform(brightness_range[0], brightness_range[1]))
