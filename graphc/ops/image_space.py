"""Pictures turned, flipped, cut and padded, alone or as a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.known import as_int, static_value
from ..ir.node import Node, describe
from ..ir.sizes import unknown
from .array_join import concat, pad_constant, stack
from .array_move import expand_dims, identity, reverse, shape, transpose
from .array_places import ensure_shape
from .blocks import extents
from .from_tensors import from_tensors
from .indexing import slice
from .layouts import operands, telling
from .math import cast, choose, floordiv, floormod, less, maximum, minimum
from .random import random_uniform
from .scopes import scope

__all__ = ["flip_left_right", "flip_up_down", "transpose_image", "rot90", "random_flip_left_right", "random_flip_up_down", "central_crop",
           "crop_to_bounding_box", "pad_to_bounding_box", "resize_image_with_crop_or_pad", "resize_with_crop_or_pad", "random_crop"]


def picture(what: str, image: Any, open_rank: bool = False) -> Node:
    """A picture [height, width, channels] or a batch of them, as a tensor; ShapeError for another rank.

    `open_rank`: what has no known rank is one picture, as in TensorFlow 1, and any run checks that it is.
    """
    (x,) = operands(what, image=image)
    if open_rank and x.type.rank is None:
        x = ensure_shape(x, [None, None, None])
    with telling(what, x):
        if x.type.rank not in (3, 4):
            raise ShapeError(f"a picture has rank 3 ([height, width, channels]), a batch of them rank 4: {describe(x)}")
    return x


def _flipped(what: str, image: Any, axis: int, name: str | None) -> Node:
    x = picture(what, image, open_rank=True)
    with scope(name, what, x, "ReverseV2") as last:
        return reverse(x, (len(extents(x)) + axis,), name=last)


def flip_left_right(image: Any, name: str | None = "flip_left_right") -> Node:
    """Pictures as a mirror shows them: columns in opposite order.

    any[..., height, width, channels] -> the same type. ShapeError: the rank is not 3 or 4.

    >>> tf.Session(jit=False).run(tf.image.flip_left_right([[[1], [2]]]))[0, :, 0]
    array([2, 1], dtype=int32)
    """
    return _flipped("flip_left_right", image, -2, name)


def flip_up_down(image: Any, name: str | None = "flip_up_down") -> Node:
    """Pictures upside down: rows in opposite order.

    any[..., height, width, channels] -> the same type. ShapeError: the rank is not 3 or 4.

    >>> tf.Session(jit=False).run(tf.image.flip_up_down([[[1]], [[2]]]))[:, 0, 0]
    array([2, 1], dtype=int32)
    """
    return _flipped("flip_up_down", image, -3, name)


def transpose_image(image: Any, name: str | None = "transpose") -> Node:
    """Rows as columns.

    any[..., height, width, channels] -> any[..., width, height, channels]. ShapeError: the rank is not 3 or 4.

    >>> tf.Session(jit=False).run(tf.image.transpose_image([[[1], [2]]]))[:, 0, 0]
    array([1, 2], dtype=int32)
    """
    x = picture("transpose_image", image, open_rank=True)
    with scope(name, "transpose", x, "transpose") as last:
        return transpose(x, (1, 0, 2) if x.type.rank == 3 else (0, 2, 1, 3), name=last)


@from_tensors("image", label="rot90", k="turns")
def rot90(image: Any, k: Any = 1, name: str | None = "rot90") -> Node:
    """Pictures turned k times by 90 degrees, against the clock.

    any[..., height, width, channels]; k: a number, or a tensor int[]. ShapeError: the rank is not 3 or 4.

    >>> tf.Session(jit=False).run(tf.image.rot90([[[1], [2]], [[3], [4]]]))[:, :, 0]
    array([[2, 4],
           [1, 3]], dtype=int32)
    """
    x = picture("rot90", image, open_rank=True)
    with telling("rot90", x), scope(name, "rot90", x, "cond/Merge", "Merge") as last:
        turns = as_int(k, "k") % 4
        if turns == 0:
            return identity(x, name=last)
        if turns == 2:
            return reverse(x, (x.type.rank - 3, x.type.rank - 2), name=last)
        if turns == 1:
            return transpose_image(flip_left_right(x), name=last)
        return flip_left_right(transpose_image(x), name=last)


def _by_chance(what: str, image: Any, axis: int, seed: int | None) -> Node:
    x = picture(what, image, open_rank=True)
    with telling(what, x), scope(what, what, x, "Merge", "Merge") as last:
        count = [] if x.type.rank == 3 else [extents(x)[0], 1, 1, 1]
        drawn = random_uniform(stack(count) if any(isinstance(n, Node) for n in count) else count, 0.0, 1.0, seed=seed)
        return choose(less(drawn, 0.5), reverse(x, (x.type.rank + axis,)), x, name=last)


def random_flip_left_right(image: Any, seed: int | None = None) -> Node:
    """`flip_left_right` of about every other picture, drawn for each.

    any[..., height, width, channels] -> the same type. ShapeError: the rank is not 3 or 4.

    >>> sorted(tf.Session(jit=False).run(tf.image.random_flip_left_right([[[1], [2]]]))[0, :, 0].tolist())
    [1, 2]
    """
    return _by_chance("random_flip_left_right", image, -2, seed)


def random_flip_up_down(image: Any, seed: int | None = None) -> Node:
    """`flip_up_down` of about every other picture, drawn for each.

    any[..., height, width, channels] -> the same type. ShapeError: the rank is not 3 or 4.

    >>> sorted(tf.Session(jit=False).run(tf.image.random_flip_up_down([[[1]], [[2]]]))[:, 0, 0].tolist())
    [1, 2]
    """
    return _by_chance("random_flip_up_down", image, -3, seed)


# ---------------------------------------------------------------------- cuts

def _sized(n: Any, what: str, least: int = 0) -> Any:
    """A size or an offset: a number, or a scalar of integers."""
    if isinstance(n, Node):
        known = static_value(n) if n.type.shape == () else None
        if known is None or unknown(known).any():
            if n.type.dtype.kind not in "iu" or n.type.rank not in (0, None):
                raise DTypeError(f"{what} must be a whole number, not {describe(n)}")
            return cast(n, np.int32)
        n = int(known)
    n = as_int(n, what)
    if not least <= n < 2**31:
        raise ShapeError(f"{what} must be at least {least} and below 2**31, not {n}")
    return n


def _window_of(x: Node, rows: tuple[Any, Any], columns: tuple[Any, Any], name: str | None) -> Node:
    """(begin, size) along height and width."""
    lead = [] if x.type.rank == 3 else [0]
    return slice(x, [*lead, rows[0], columns[0], 0], [*[-1 for _ in lead], rows[1], columns[1], -1], name=name)


def central_crop(image: Any, central_fraction: float) -> Node:
    """The middle of pictures: of height and width that fraction, whole pixels on either side cut off.

    any[..., height, width, channels]; central_fraction: above 0, at most 1. ShapeError: no such fraction, or the rank is not 3 or 4.

    >>> tf.Session(jit=False).run(tf.image.central_crop(tf.reshape(tf.range(16), [4, 4, 1]), 0.5))[:, :, 0]
    array([[ 5,  6],
           [ 9, 10]], dtype=int32)
    """
    x = picture("central_crop", image)
    with telling("central_crop", x), scope(None, "central_crop", x, "Slice") as last:
        if not isinstance(central_fraction, (int, float, np.number)) or not 0 < central_fraction <= 1:
            raise ShapeError(f"central_fraction is above 0 and at most 1, not {central_fraction!r:.40}")

        def middle(n: Any) -> tuple[Any, Any]:
            share = (1.0 - float(central_fraction)) / 2.0
            if isinstance(n, Node):
                begin = cast(cast(n, np.float64) * share, np.int32)
                return begin, n - begin * 2
            begin = int((n - n * float(central_fraction)) / 2)
            return begin, n - 2 * begin
        *_, h, w, _ = extents(x)
        return _window_of(x, middle(h), middle(w), last)


def crop_to_bounding_box(image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any) -> Node:
    """A window of pictures, that many rows and columns from an offset on.

    any[..., height, width, channels]; numbers, or scalars of integers. ShapeError: it lies not within, or the rank is not 3 or 4.

    >>> tf.Session(jit=False).run(tf.image.crop_to_bounding_box(tf.reshape(tf.range(6), [2, 3, 1]), 1, 1, 1, 2))[:, :, 0]
    array([[4, 5]], dtype=int32)
    """
    x = picture("crop_to_bounding_box", image, open_rank=True)
    with telling("crop_to_bounding_box", x), scope(None, "crop_to_bounding_box", x, "Squeeze" if x.type.rank == 3 else "Slice") as last:
        top, left = _sized(offset_height, "offset_height"), _sized(offset_width, "offset_width")
        rows, columns = _sized(target_height, "target_height", 1), _sized(target_width, "target_width", 1)
        *_, h, w, _ = extents(x)
        for begin, size, n, what in ((top, rows, h, "height"), (left, columns, w, "width")):
            if not any(isinstance(v, Node) for v in (begin, size, n)) and begin + size > n:
                raise ShapeError(f"{what} {n} ends before {begin} + {size}")
        return _window_of(x, (top, rows), (left, columns), last)


def pad_to_bounding_box(image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any) -> Node:
    """Pictures within zeros, of a given size, from an offset on.

    any[..., height, width, channels]; numbers, or scalars of integers. ShapeError: they do not fit in, or the rank is not 3 or 4.

    >>> tf.Session(jit=False).run(tf.image.pad_to_bounding_box([[[7]]], 0, 1, 1, 3))[:, :, 0]
    array([[0, 7, 0]], dtype=int32)
    """
    x = picture("pad_to_bounding_box", image, open_rank=True)
    with telling("pad_to_bounding_box", x), scope(None, "pad_to_bounding_box", x, "Squeeze" if x.type.rank == 3 else "Pad") as last:
        top, left = _sized(offset_height, "offset_height"), _sized(offset_width, "offset_width")
        rows, columns = _sized(target_height, "target_height"), _sized(target_width, "target_width")
        *_, h, w, _ = extents(x)
        pairs = []
        for before, n, size, what in ((top, h, rows, "height"), (left, w, columns, "width")):
            after = size - before - n
            if not isinstance(after, Node) and after < 0:
                raise ShapeError(f"{what} {n} from {before} on does not fit in {size}")
            pairs.append((before, after))
        return _padded(x, pairs, last)


def _padded(x: Node, pairs: list[tuple[Any, Any]], name: str | None) -> Node:
    none = (0, 0)
    whole = [*[none] * (x.type.rank - 3), *pairs, none]
    if not any(isinstance(n, Node) for pair in whole for n in pair):
        return pad_constant(x, np.array(whole, np.int32), name=name)
    return pad_constant(x, stack([stack([n if isinstance(n, Node) else np.int32(n) for n in pair]) for pair in whole]), name=name)


def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Node:
    """Pictures of a given size: cut off evenly where they are larger, zeros put around evenly where they are smaller.

    any[..., height, width, channels]; numbers, or scalars of integers. ShapeError: no sizes, or the rank is not 3 or 4.

    >>> tf.Session(jit=False).run(tf.image.resize_image_with_crop_or_pad(tf.reshape(tf.range(3), [1, 3, 1]), 2, 1))[:, :, 0]
    array([[1],
           [0]], dtype=int32)
    """
    x = picture("resize_image_with_crop_or_pad", image, open_rank=True)
    with telling("resize_image_with_crop_or_pad", x), scope(None, "resize_image_with_crop_or_pad", x, "Squeeze" if x.type.rank == 3 else "") as last:
        rows, columns = _sized(target_height, "target_height", 1), _sized(target_width, "target_width", 1)
        *_, h, w, _ = extents(x)
        windows, pairs = [], []
        for n, size in ((h, rows), (w, columns)):
            if isinstance(n, Node) or isinstance(size, Node):
                kept = minimum(n, size)
                windows.append((floordiv(maximum(n - size, 0), 2), kept))
                before = floordiv(maximum(size - n, 0), 2)
            else:
                kept = min(n, size)
                windows.append((max(n - size, 0) // 2, kept))
                before = max(size - n, 0) // 2
            pairs.append((before, size - kept - before))
        return _padded(_window_of(x, windows[0], windows[1], None), pairs, last)


resize_with_crop_or_pad = resize_image_with_crop_or_pad


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Node:
    """A part of a tensor of shape `size`, at a place that is drawn.

    any[...], size: int[rank] -> any[size]. ShapeError: it is larger than the tensor, where that is known.

    >>> tf.Session(jit=False).run(tf.shape(tf.random_crop(tf.zeros([5, 4]), [2, 3])))
    array([2, 3], dtype=int32)
    """
    x, wanted = operands("random_crop", value=value)[0], operands("random_crop", size=size)[0]
    with telling("random_crop", x, wanted), scope(name, "random_crop", x) as last:
        if wanted.type.dtype.kind not in "iu" or wanted.type.rank not in (1, None):
            raise DTypeError(f"size must be a vector of integers, not {describe(wanted)}")
        known, dims = static_value(wanted), x.type.shape
        if known is not None and dims is not None:
            if len(known) != len(dims):
                raise ShapeError(f"size has {len(known)} numbers, the tensor rank {len(dims)}")
            for i, (n, d) in enumerate(zip(known.tolist(), dims, strict=True)):
                if n == n and (n < 0 or (d is not None and n > d)):
                    raise ShapeError(f"axis {i} of size {d} has no part of size {int(n)}")
        wanted = cast(wanted, np.int32)
        limit = shape(x) - wanted + 1
        drawn = random_uniform(shape(limit), 0, 2**31 - 1, dtype=np.int32, seed=seed)
        return slice(x, floormod(drawn, limit), wanted, name=last)


def batched(x: Node) -> Node:
    """A picture as a batch of one; a batch as it is."""
    return expand_dims(x, 0) if x.type.rank == 3 else x


def vector(*sizes: Any) -> Any:
    """Sizes as a vector: of numbers as an array, else as a tensor."""
    if any(isinstance(n, Node) for n in sizes):
        return concat([expand_dims(n if isinstance(n, Node) else np.int32(n), 0) for n in sizes], 0)
    return np.array(sizes, np.int32)
