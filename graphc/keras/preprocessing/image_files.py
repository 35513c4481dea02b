"""Images as arrays of floats, read from files and written to them through Pillow."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import FeedError, MissingPackageError, NotFoundError
from ...ir.node import here
from ...process.importing import whole
from ..backend import state

_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}


def pillow() -> Any:
    """Pillow's module of images. MissingPackageError: it is not installed."""
    try:
        return whole("PIL.Image")
    except ImportError:
        raise MissingPackageError(f"images are read by Pillow: pip install 'graphc[images]'{here()}") from None


def load_img(path: Any, grayscale: bool = False, color_mode: str = "rgb", target_size: Any = None, interpolation: str = "nearest") -> Any:
    """An image of a file, as Pillow has it, in a colour mode ("rgb", "rgba", "grayscale"), of (height, width) `target_size`.

    NotFoundError: there is no file. FeedError: it is no image, or no such mode or interpolation. MissingPackageError: Pillow is not there.
    """
    image_of = pillow()
    mode = "grayscale" if grayscale else color_mode
    if mode not in _MODES:
        raise FeedError(f"load_img: color_mode is 'grayscale', 'rgb' or 'rgba', not {mode!r:.40}{here()}")
    try:
        with image_of.open(path) as file:
            image = file.convert(_MODES[mode]) if file.mode != _MODES[mode] else file.copy()
    except FileNotFoundError:
        raise NotFoundError(f"load_img: there is no file {path}{here()}") from None
    except OSError as e:
        raise FeedError(f"load_img: {path} is no image: {e}{here()}") from None
    if target_size is not None and image.size != (target_size[1], target_size[0]):
        ways = {"nearest": image_of.NEAREST, "bilinear": image_of.BILINEAR, "bicubic": image_of.BICUBIC, "lanczos": image_of.LANCZOS,
                "box": image_of.BOX, "hamming": image_of.HAMMING}
        if interpolation not in ways:
            raise FeedError(f"load_img: interpolation is one of {', '.join(ways)}, not {interpolation!r:.40}{here()}")
        image = image.resize((target_size[1], target_size[0]), ways[interpolation])
    return image


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Any:
    """An image as an array float32[height, width, channels], or channels first. FeedError: neither two nor three axes.

    >>> tf.keras.preprocessing.image.img_to_array(np.zeros((2, 3), "uint8")).shape
    (2, 3, 1)
    """
    array = np.asarray(img, dtype=dtype or state.floatx())
    if array.ndim not in (2, 3):
        raise FeedError(f"img_to_array: an image has two or three axes, not the shape {array.shape}{here()}")
    array = array[..., None] if array.ndim == 2 else array
    return array.transpose(2, 0, 1) if (data_format or state.image_data_format()) == "channels_first" else array


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """An array as an image of Pillow; `scale`: its values from 0 to 255. FeedError: no image of 1, 3 or 4 channels."""
    image_of = pillow()
    array = np.asarray(x, dtype=dtype or state.floatx())
    if array.ndim != 3:
        raise FeedError(f"array_to_img: an image has three axes, not the shape {array.shape}{here()}")
    if (data_format or state.image_data_format()) == "channels_first":
        array = array.transpose(1, 2, 0)
    if scale:
        array = array - array.min()
        most = array.max()
        array = array / most * 255 if most else array
    if array.shape[2] == 1:
        return image_of.fromarray(array[:, :, 0].astype("uint8"), "L")
    if array.shape[2] not in (3, 4):
        raise FeedError(f"array_to_img: an image has 1, 3 or 4 channels, not {array.shape[2]}{here()}")
    return image_of.fromarray(array.astype("uint8"), "RGBA" if array.shape[2] == 4 else "RGB")


def save_img(path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs: Any) -> None:
    """Write an array to a file of an image. FeedError: no image of 1, 3 or 4 channels. MissingPackageError: Pillow is not there."""
    array_to_img(x, data_format, scale).save(path, format=file_format, **kwargs)
