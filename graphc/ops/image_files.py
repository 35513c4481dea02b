"""Pictures from the bytes of PNG and JPEG files, and back, by Pillow: an extra, `pip install 'graphc[images]'`."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.node import Node, dtype_of
from ..ir.operator import Values, declare
from ..ir.types import TEXT, TensorType, shape_str, uint8
from ..process.importing import whole
from .array_move import Types
from .layouts import made, operands, telling

__all__ = ["decode_png", "decode_jpeg", "decode_image", "encode_png", "encode_jpeg"]

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}       # by channels, as Pillow names them


def _pillow() -> Any:
    try:
        return whole("PIL.Image")
    except ImportError:
        raise InvalidArgumentError("pictures are read and written by Pillow: pip install 'graphc[images]'") from None


def no_picture(data: bytes, format: str, e: Exception) -> InvalidArgumentError:
    """The error for the bytes of a file that Pillow does not read, of a format or, if that is empty, of any."""
    # Of what it does not know at all, Pillow says only at which address of memory the bytes lay.
    why = f"they begin {data[:8]!r}" if isinstance(e, _pillow().UnidentifiedImageError) else str(e)
    return InvalidArgumentError(f"{len(data)} bytes are no picture{f' in the format {format}' if format else ''}: {why}")


def _decode_attrs(types: Types, channels: Any, format: Any) -> dict[str, Any]:
    if isinstance(channels, bool) or channels not in (0, *MODES):
        raise ShapeError(f"channels are 0, for what the picture has, or one of {', '.join(map(str, MODES))}, not {channels!r:.40}")
    if format not in ("", "PNG", "JPEG"):
        raise ShapeError(f"format is 'PNG', 'JPEG', or '' for either, not {format!r:.40}")
    return {"channels": int(channels), "format": format}


def _decoded(types: Types, values: Values, channels: int, format: str) -> TensorType:
    (contents,) = types
    if contents.dtype != TEXT:
        raise DTypeError(f"the contents must be a string, not {contents.dtype}")
    if contents.shape not in ((), None):
        raise ShapeError(f"the contents must be a single string, not of shape {shape_str(contents.shape)}")
    return TensorType(np.dtype(np.uint8), (None, None, channels or None))


@declare("host", _decoded, op_type=lambda node: f"Decode{node.attrs['format'].title() or 'Image'}", text=True, prepare=_decode_attrs, pure=False)
def picture_of(contents: Any, *, channels: int = 0, format: str = "") -> Any:
    """The pixels of a PNG or JPEG file: uint8[height, width, channels]."""
    image = _pillow()
    data = np.asarray(contents, object).item()
    try:
        with image.open(io.BytesIO(data), formats=[format] if format else ["PNG", "JPEG"]) as file:
            mode = MODES.get(channels, file.mode if file.mode in MODES.values() else "RGBA" if "transparency" in file.info else "RGB")
            if file.mode in ("1", "I;16", "I") and not channels:
                mode = "L"
            pixels = np.asarray(file.convert(mode), np.uint8)
    except (OSError, ValueError, SyntaxError, image.DecompressionBombError) as e:
        raise no_picture(data, format, e) from None
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _encode_attrs(types: Types, format: Any, quality: Any) -> dict[str, Any]:
    if format not in ("PNG", "JPEG"):
        raise ShapeError(f"format is 'PNG' or 'JPEG', not {format!r:.40}")
    most = 9 if format == "PNG" else 100
    if isinstance(quality, bool) or not isinstance(quality, (int, np.integer)) or not -1 <= quality <= most:
        raise ShapeError(f"{'compression' if format == 'PNG' else 'quality'} is a whole number up to {most}, or -1, not {quality!r:.40}")
    return {"format": format, "quality": int(quality)}


def _encoded(types: Types, values: Values, format: str, quality: int) -> TensorType:
    (x,) = types
    if x.dtype != np.uint8:
        raise DTypeError(f"a picture is written as uint8, not {x.dtype}; tf.image.convert_image_dtype converts")
    allowed = (1, 3) if format == "JPEG" else tuple(MODES)
    if x.shape is not None and (len(x.shape) != 3 or x.shape[2] not in (*allowed, None)):
        raise ShapeError(f"a {format} picture has the shape [height, width, channels] with {', '.join(map(str, allowed))} channels, "
                         f"not {shape_str(x.shape)}")
    return TensorType(TEXT, ())


@declare("host", _encoded, op_type=lambda node: f"Encode{node.attrs['format'].title()}", text=True, prepare=_encode_attrs, pure=False)
def file_of(image: Any, *, format: str = "PNG", quality: int = -1) -> Any:
    """A picture uint8[height, width, channels] as the bytes of a file."""
    pillow = _pillow()
    if image.shape[2] not in ((1, 3) if format == "JPEG" else tuple(MODES)) or 0 in image.shape:
        raise InvalidArgumentError(f"a picture of shape {shape_str(image.shape)} cannot be written as {format}")
    pixels = np.ascontiguousarray(image[:, :, 0] if image.shape[2] == 1 else image)
    out = io.BytesIO()
    how = {"compress_level": quality if quality >= 0 else 6} if format == "PNG" else {"quality": quality if quality >= 0 else 95}
    pillow.fromarray(pixels).save(out, format, **how)
    found = np.empty((), object)
    found[()] = out.getvalue()
    return found


def _read(what: str, contents: Any, channels: Any, format: str, dtype: Any, name: str) -> Node:
    (text,) = operands(what, contents=contents)
    with telling(what, text):
        if dtype_of(what, dtype) != uint8:
            raise DTypeError(f"pictures are read as uint8, not {dtype!r}; tf.image.convert_image_dtype converts")
        return made(picture_of, [text], {"channels": 0 if channels is None else channels, "format": format}, name)


def decode_png(contents: Any, channels: Any = 0, dtype: Any = uint8, name: str | None = None) -> Node:
    """The pixels of a PNG file.

    contents: string[] -> uint8[height, width, channels]; `channels`: 0 for what it has, 1 grey, 3 red, green, blue, 4 and how opaque.
    ShapeError, DTypeError: not so. InvalidArgumentError, when run: no such file, or Pillow is missing.

    >>> file = tf.image.encode_png(tf.constant([[[7], [9]]], tf.uint8))
    >>> tf.Session(jit=False).run(tf.image.decode_png(file))[0, :, 0]
    array([7, 9], dtype=uint8)
    """
    return _read("decode_png", contents, channels, "PNG", dtype, name or "DecodePng")


def decode_jpeg(contents: Any, channels: Any = 0, ratio: int = 1, fancy_upscaling: bool = True, try_recover_truncated: bool = False,
                acceptable_fraction: float = 1, dct_method: str = "", name: str | None = None) -> Node:
    """The pixels of a JPEG file; of the arguments that say how to decode, none has an effect.

    contents: string[] -> uint8[height, width, channels]. ShapeError, DTypeError, InvalidArgumentError: as `decode_png`.

    >>> file = tf.image.encode_jpeg(tf.fill([8, 8, 1], tf.constant(7, tf.uint8)))
    >>> tf.Session(jit=False).run(tf.shape(tf.image.decode_jpeg(file)))
    array([8, 8, 1], dtype=int32)
    """
    return _read("decode_jpeg", contents, channels, "JPEG", uint8, name or "DecodeJpeg")


def decode_image(contents: Any, channels: Any = 0, dtype: Any = uint8, name: str | None = None) -> Node:
    """The pixels of a PNG or JPEG file.

    contents: string[] -> uint8[height, width, channels]. ShapeError, DTypeError, InvalidArgumentError: as `decode_png`.

    >>> file = tf.image.encode_png(tf.constant([[[7], [9]]], tf.uint8))
    >>> tf.Session(jit=False).run(tf.image.decode_image(file))[0, :, 0]
    array([7, 9], dtype=uint8)
    """
    return _read("decode_image", contents, channels, "", dtype, name or "decode_image")


def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Node:
    """A picture as the bytes of a PNG file.

    image: uint8[height, width, channels], 1 to 4 channels -> string[]; `compression`: 0 to 9, -1 for what is usual.
    ShapeError, DTypeError: not so. InvalidArgumentError, when run: Pillow is missing.

    >>> tf.Session(jit=False).run(tf.image.encode_png(tf.zeros([1, 1, 3], tf.uint8)))[:4]
    b'\\x89PNG'
    """
    (x,) = operands("encode_png", image=image)
    with telling("encode_png", x):
        return made(file_of, [x], {"format": "PNG", "quality": compression}, name or "EncodePng")


def encode_jpeg(image: Any, format: str = "", quality: int = 95, name: str | None = None) -> Node:
    """A picture as the bytes of a JPEG file; `format` has no effect.

    image: uint8[height, width, channels], 1 or 3 channels -> string[]; `quality`: 0 to 100.
    ShapeError, DTypeError: not so. InvalidArgumentError, when run: Pillow is missing.

    >>> tf.Session(jit=False).run(tf.image.encode_jpeg(tf.zeros([1, 1, 3], tf.uint8)))[:2]
    b'\\xff\\xd8'
    """
    (x,) = operands("encode_jpeg", image=image)
    with telling("encode_jpeg", x):
        return made(file_of, [x], {"format": "JPEG", "quality": quality}, name or "EncodeJpeg")
