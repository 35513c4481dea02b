"""More of pictures in files: BMP and GIF, what a JPEG file says of itself, parts of one, and pictures as JPEG makes them; by Pillow."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.node import Node, dtype_of, here
from ..ir.operator import Values, declare
from ..ir.types import TEXT, Array, TensorType, int32, shape_str
from .array_move import Types
from .image_colour import convert_image_dtype
from .image_files import MODES, _pillow, decode_jpeg, no_picture
from .indexing import slice
from .layouts import made, operands, telling
from .random import random_uniform
from .scopes import scope
from .strings import substr

__all__ = ["adjust_jpeg_quality", "decode_and_crop_jpeg", "decode_bmp", "decode_gif", "extract_jpeg_shape", "is_jpeg", "random_jpeg_quality"]

_START = b"\xff\xd8\xff"


def _channels(types: Types, channels: Any) -> dict[str, Any]:
    if isinstance(channels, bool) or channels not in (0, 1, 3, 4):
        raise ShapeError(f"channels are 0, for what the picture has, 1, 3 or 4, not {channels!r:.40}")
    return {"channels": int(channels)}


def _one_text(types: Types) -> None:
    if types[0].dtype != TEXT or types[0].shape not in ((), None):
        raise DTypeError(f"the contents must be a single string, not {types[0]}")


def _flat(types: Types, values: Values, channels: int) -> TensorType:
    _one_text(types)
    return TensorType(np.dtype(np.uint8), (None, None, channels or None))


def _frames(data: bytes, format: str, modes: Any) -> list[Array]:
    """The pictures of a file, each in a mode that `modes` gives for the file's own. InvalidArgumentError: it is none of the format."""
    image = _pillow()
    try:
        with image.open(io.BytesIO(data), formats=[format]) as file:
            found = []
            for i in range(getattr(file, "n_frames", 1)):
                file.seek(i)
                found.append(np.asarray(file.convert(modes(file.mode)), np.uint8))
            return found
    except (OSError, ValueError, SyntaxError, EOFError, image.DecompressionBombError) as e:
        raise no_picture(data, format, e) from None


@declare("host", _flat, op_type="DecodeBmp", text=True, prepare=_channels, pure=False)
def bitmap_of(contents: Any, *, channels: int = 0) -> Any:
    """The pixels of a BMP file."""
    data = np.asarray(contents, object).item()
    pixels = _frames(data, "BMP", lambda mode: MODES[channels] if channels else mode if mode in ("L", "RGB", "RGBA") else "RGB")[0]
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _film(types: Types, values: Values) -> TensorType:
    _one_text(types)
    return TensorType(np.dtype(np.uint8), (None, None, None, 3))


@declare("host", _film, op_type="DecodeGif", text=True, prepare=lambda types: {}, pure=False)
def film_of(contents: Any) -> Any:
    """The pictures of a GIF file."""
    return np.stack(_frames(np.asarray(contents, object).item(), "GIF", lambda mode: "RGB"))


def _kind(types: Types, output_type: Any) -> dict[str, Any]:
    kind = dtype_of("extract_jpeg_shape", output_type).dtype
    if kind not in (np.int32, np.int64):
        raise DTypeError(f"sizes are int32 or int64, not {kind}")
    return {"output_type": kind}


def _sizes(types: Types, values: Values, output_type: Any) -> TensorType:
    _one_text(types)
    return TensorType(np.dtype(output_type), (3,))


@declare("host", _sizes, op_type="ExtractJpegShape", text=True, prepare=_kind, pure=False)
def jpeg_sizes(contents: Any, *, output_type: Any = np.int32) -> Any:
    """Height, width and channels of a JPEG file, of which nothing is decoded."""
    data, image = np.asarray(contents, object).item(), _pillow()
    try:
        with image.open(io.BytesIO(data), formats=["JPEG"]) as file:
            return np.array([file.height, file.width, len(file.getbands())], output_type)
    except (OSError, ValueError, SyntaxError, image.DecompressionBombError) as e:
        raise no_picture(data, "JPEG", e) from None


def _again(types: Types, values: Values) -> TensorType:
    x, quality = types
    if x.dtype != np.uint8 or quality.dtype.kind != "i":
        raise DTypeError(f"a picture is uint8 and a quality whole, not {x} and {quality}")
    if x.rank not in (3, None) or quality.shape not in ((), None):
        raise ShapeError(f"a picture is [height, width, channels] and a quality a scalar, not {x} and {quality}")
    return x


@declare("host", _again, op_type="DecodeJpeg", prepare=lambda types: {}, pure=False)
def through_jpeg(image: Any, quality: Any) -> Any:
    """A picture uint8[height, width, 1 or 3] as a JPEG file of a quality has it."""
    best = int(quality)
    if not 0 <= best <= 100 or image.shape[2] not in (1, 3) or 0 in image.shape:
        raise InvalidArgumentError(f"a picture of shape {shape_str(image.shape)} in the quality {best}: 1 or 3 channels, and 0 to 100")
    out = io.BytesIO()
    _pillow().fromarray(np.ascontiguousarray(image[:, :, 0] if image.shape[2] == 1 else image)).save(out, "JPEG", quality=best)
    return _frames(out.getvalue(), "JPEG", lambda mode: mode)[0].reshape(image.shape)


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Node:
    """The pixels of a BMP file.

    contents: string[] -> uint8[height, width, channels]; `channels`: 0 for what it has. ShapeError, DTypeError: not so.
    InvalidArgumentError, when run: no such file, or Pillow is missing.
    """
    (text,) = operands("decode_bmp", contents=contents)
    with telling("decode_bmp", text):
        return made(bitmap_of, [text], {"channels": channels}, name or "DecodeBmp")


def decode_gif(contents: Any, name: str | None = None) -> Node:
    """The pictures of a GIF file.

    contents: string[] -> uint8[frames, height, width, 3]. DTypeError: not so. InvalidArgumentError, when run: no such file, or Pillow is missing.
    """
    (text,) = operands("decode_gif", contents=contents)
    with telling("decode_gif", text):
        return made(film_of, [text], {}, name or "DecodeGif")


def extract_jpeg_shape(contents: Any, output_type: Any = int32, name: str | None = None) -> Node:
    """Height, width and channels of a JPEG file, of which nothing is decoded.

    contents: string[] -> int32[3] or int64[3]. DTypeError: not so. InvalidArgumentError, when run: no such file, or Pillow is missing.

    >>> file = tf.image.encode_jpeg(tf.fill([8, 4, 1], tf.constant(7, tf.uint8)))
    >>> tf.Session(jit=False).run(tf.image.extract_jpeg_shape(file))
    array([8, 4, 1], dtype=int32)
    """
    (text,) = operands("extract_jpeg_shape", contents=contents)
    with telling("extract_jpeg_shape", text):
        return made(jpeg_sizes, [text], {"output_type": output_type}, name or "ExtractJpegShape")


def is_jpeg(contents: Any, name: str | None = None) -> Node:
    """Whether bytes begin as those of a JPEG file do. DTypeError: no text.

    >>> tf.Session(jit=False).run(tf.image.is_jpeg(tf.image.encode_png(tf.zeros([1, 1, 3], tf.uint8))))
    np.False_
    """
    from .math import equal
    (text,) = operands("is_jpeg", contents=contents)
    with telling("is_jpeg", text), scope(name, "is_jpeg", text) as last:
        return equal(substr(text, 0, 3), _START, name=last)


def decode_and_crop_jpeg(contents: Any, crop_window: Any, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True,
                         try_recover_truncated: bool = False, acceptable_fraction: float = 1, dct_method: str = "", name: str | None = None) -> Node:
    """A part of the pixels of a JPEG file.

    contents: string[]; crop_window: int32[4], first row and column, height and width -> uint8[height, width, channels]. ShapeError, DTypeError: not
    so. InvalidArgumentError, when run: no such file, or Pillow is missing.
    """
    (window,) = operands("decode_and_crop_jpeg", crop_window=crop_window)
    with telling("decode_and_crop_jpeg", window):
        if window.type.dtype.kind != "i" or window.type.shape not in ((4,), (None,), None):
            raise ShapeError("crop_window is four whole numbers")
        from .array_join import concat
        begin, size = concat([window[:2], [0]], 0), concat([window[2:], [-1]], 0)
        return slice(decode_jpeg(contents, channels), begin, size, name=name)


def _through(what: str, image: Any, quality: Any, name: str | None) -> Node:
    (x,), (best,) = operands(what, image=image), operands(what, quality=quality)
    with telling(what, x, best), scope(name, what, x) as last:
        kind = x.type.dtype
        bytes_of = convert_image_dtype(x, np.uint8, saturate=True) if kind != np.uint8 else x
        found = made(through_jpeg, [bytes_of, best], {})
        return convert_image_dtype(found, kind, saturate=True, name=last)


def adjust_jpeg_quality(image: Any, jpeg_quality: Any, name: str | None = None) -> Node:
    """A picture as a JPEG file of a quality has it.

    image: uint8 or float[height, width, 1 or 3]; `jpeg_quality`: 0 to 100 -> the same type. ShapeError, DTypeError: not so.
    InvalidArgumentError, when run: another quality, or Pillow is missing.

    >>> x = tf.image.adjust_jpeg_quality(tf.fill([8, 8, 1], tf.constant(7, tf.uint8)), 90)
    >>> tf.Session(jit=False).run(x)[0, 0]
    array([7], dtype=uint8)
    """
    return _through("adjust_jpeg_quality", image, jpeg_quality, name)


def random_jpeg_quality(image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: int | None = None) -> Node:
    """A picture as a JPEG file of a quality has it that is drawn, from the one to before the other.

    image: uint8 or float[height, width, 1 or 3] -> the same type. ShapeError, DTypeError: not so, or no such qualities.
    """
    if not 0 <= min_jpeg_quality <= 100 or not 0 <= max_jpeg_quality <= 100 or min_jpeg_quality >= max_jpeg_quality:
        raise ShapeError(f"random_jpeg_quality: qualities from {min_jpeg_quality!r:.40} to before {max_jpeg_quality!r:.40}, of 0 to 100, are none"
                         f"{here()}")
    return _through("random_jpeg_quality", image, random_uniform([], min_jpeg_quality, max_jpeg_quality, int32, seed), None)
