"""Pictures in another size: by interpolation between pixels, by the nearest of them, by means over areas, whole or in boxes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.known import static_value
from ..ir.node import Node, describe
from ..ir.sizes import unknown
from .array_gather import gather
from .array_index import along
from .array_join import stack
from .array_move import expand_dims, identity, reshape, squeeze
from .blocks import extents
from .image_space import batched, pad_to_bounding_box, picture
from .layouts import operands, ranked, telling
from .linalg_matmul import matmul
from .math import add, cast, choose, clip_by_value, divide, floor, greater, less, logical_or, maximum, minimum, multiply, rint, subtract
from .scopes import scope

__all__ = ["ResizeMethod", "resize_bilinear", "resize_nearest_neighbor", "resize_bicubic", "resize_area", "resize_images", "resize",
           "crop_and_resize", "resize_image_with_pad"]

TABLE = 1024            # places between two pixels for which cubic weights are told apart
SINGLE = np.dtype(np.float32)       # in which places are computed, whatever pictures are: sizes are exact in it, and results those of TensorFlow


class ResizeMethod:
    """The ways of `resize_images`."""

    BILINEAR, NEAREST_NEIGHBOR, BICUBIC, AREA = 0, 1, 2, 3


# ---------------------------------------------------------------------- where pixels come from

def _sizes(size: Any) -> tuple[Any, Any]:
    """(height, width) from two numbers, or a vector of two."""
    if isinstance(size, Node):
        known = static_value(size)
        if size.type.dtype.kind not in "iu":
            raise DTypeError(f"size must be integers, not {describe(size)}")
        if size.type.shape not in (None, (2,), (None,)):
            raise ShapeError(f"size must be two numbers, height and width, not {describe(size)}")
        size = [size[i] if known is None or unknown(known[i]) else int(known[i]) for i in range(2)]
    many = list(size) if isinstance(size, (list, tuple, np.ndarray)) else [size]
    if len(many) != 2:
        raise ShapeError(f"size must be two numbers, height and width, not {size!r:.60}")
    for n in many:
        if not isinstance(n, (int, np.integer, Node)) or isinstance(n, bool):
            raise DTypeError(f"size must be integers, not {size!r:.60}")
        if not isinstance(n, Node) and not 1 <= n < 2**31:
            raise ShapeError(f"sizes must be positive and below 2**31, not {size!r:.60}")
    return many[0], many[1]


def _single(n: Any) -> Any:
    return cast(n, SINGLE) if isinstance(n, Node) else SINGLE.type(n)


def _scale(n: Any, size: Any, corners: bool) -> Any:
    """The distance of two pixels of the result, in pixels of the picture."""
    if not corners:
        return divide(_single(n), _single(size)) if isinstance(n, Node) or isinstance(size, Node) else _single(n) / _single(size)
    if isinstance(n, Node) or isinstance(size, Node):
        inner = divide(_single(n - 1), _single(maximum(size - 1, 1)))
        return choose(greater(size, 1), inner, divide(_single(n), _single(size)))
    return _single(n - 1) / _single(size - 1) if size > 1 else _single(n) / _single(size)


def _places(n: Any, size: Any, corners: bool, centers: bool) -> Node:
    """Where the pixels of the result lie along an axis, in pixels of the picture."""
    i = along(size, 0, 1, SINGLE)
    if centers:
        return subtract(multiply(add(i, 0.5), _scale(n, size, corners)), 0.5)
    return multiply(i, _scale(n, size, corners))


def _whole(place: Node, n: Any) -> Node:
    """Places as indices of pixels, no further than the ends."""
    return minimum(maximum(cast(place, np.int32), 0), n - 1)


def _over(weights: Node, x: Node, axis: int) -> Node:
    """Weights along an axis of pictures, in their dtype."""
    return reshape(cast(weights, x.type.dtype), [-1 if i == axis else 1 for i in range(4)])


def _between(x: Node, axis: int, place: Node, n: Any) -> Node:
    """Pictures at places along an axis: between the pixels on either side, in proportion."""
    low = floor(place)
    before, after = gather(x, _whole(low, n), axis=axis), gather(x, _whole(add(low, 1.0), n), axis=axis)
    return add(before, multiply(subtract(after, before), _over(subtract(place, low), x, axis)))


def _cubic_weights(distance: Node, a: float, centers: bool) -> list[Node]:
    """Of the four pixels around a place that far behind the second, by Keys' kernel (1981), at one of `TABLE` distances."""
    step = multiply(rint(multiply(distance, float(TABLE))), 1.0 / TABLE)

    def near(t: Node) -> Node:
        return add(multiply(multiply(subtract(multiply(t, a + 2), a + 3), t), t), 1.0)

    def far(t: Node) -> Node:
        return subtract(multiply(add(multiply(subtract(multiply(t, a), 5 * a), t), 8 * a), t), 4 * a)
    rest = subtract(1.0, step)
    return [far(add(step, 1.0)), near(step), near(rest), far(add(rest, 1.0))]


def _cubic(x: Node, axis: int, place: Node, n: Any, centers: bool) -> Node:
    low = floor(place)
    weights = _cubic_weights(subtract(place, low), -0.5 if centers else -0.75, centers)
    if centers:                     # pixels outside have no weight, and the others what is left
        inside = [logical_or(less(add(low, float(k)), 0.0), greater(add(low, float(k)), _single(n - 1))) for k in range(-1, 3)]
        weights = [choose(out, 0.0, w) for out, w in zip(inside, weights, strict=True)]
        total = add(add(weights[0], weights[1]), add(weights[2], weights[3]))
        weights = [choose(less(multiply(total, total), 1e-6), w, divide(w, total)) for w in weights]
    found: Any = None
    for k, w in zip(range(-1, 3), weights, strict=True):
        part = multiply(gather(x, _whole(add(low, float(k)), n), axis=axis), _over(w, x, axis))
        found = part if found is None else add(found, part)
    return found


def _shares(n: Any, size: Any, corners: bool, dtype: Any) -> Node:
    """The part of each pixel of the result that each pixel of the picture covers: [size, n]."""
    scale, i, j = _scale(n, size, corners), along(size, 0, 2, SINGLE), along(n, 1, 2, SINGLE)
    begin, end = multiply(i, scale), multiply(add(i, 1.0), scale)
    covered = maximum(subtract(minimum(add(j, 1.0), end), maximum(j, begin)), 0.0)
    return cast(divide(covered, scale), dtype)


# ---------------------------------------------------------------------- resizing

def _pictures(what: str, images: Any) -> Node:
    (x,) = operands(what, images=images)
    with telling(what, x):
        x = ranked(x, 4, "pictures")
        extents(x)
        if x.type.dtype.kind not in "iuf":
            raise DTypeError(f"not defined for {x.type.dtype}")
    return x


def _floating(x: Node) -> Node:
    return x if x.type.dtype.kind == "f" else cast(x, SINGLE)


def _check_centers(corners: bool, centers: bool) -> None:
    if corners and centers:
        raise ShapeError("align_corners and half_pixel_centers exclude each other")


def resize_bilinear(images: Any, size: Any, align_corners: bool = False, name: str | None = None, half_pixel_centers: bool = False) -> Node:
    """Pictures in another size, each pixel between the four around its place, in proportion.

    number[batch, height, width, channels], size: (height, width) -> floating[batch, *size, channels]. `align_corners`: corners stay corners;
    else the places of pixels are i * height / size, with `half_pixel_centers` (i + 1/2) * height / size - 1/2. ShapeError: no such sizes.

    >>> tf.Session(jit=False).run(tf.image.resize_bilinear([[[[0.0], [2.0]]]], [1, 4]))[0, 0, :, 0]
    array([0., 1., 2., 2.], dtype=float32)
    """
    x = _pictures("resize_bilinear", images)
    with telling("resize_bilinear", x), scope(name, "ResizeBilinear", x, op="ResizeBilinear") as last:
        _check_centers(align_corners, half_pixel_centers)
        _, h, w, _ = extents(x)
        rows, columns = _sizes(size)
        y = _between(_floating(x), 1, _places(h, rows, align_corners, half_pixel_centers), h)
        return identity(_between(y, 2, _places(w, columns, align_corners, half_pixel_centers), w), name=last)


def resize_nearest_neighbor(images: Any, size: Any, align_corners: bool = False, name: str | None = None, half_pixel_centers: bool = False) -> Node:
    """Pictures in another size, each pixel the one that its place lies in.

    any[batch, height, width, channels], size: (height, width) -> any[batch, *size, channels]. `align_corners`, `half_pixel_centers`: as
    `resize_bilinear`. ShapeError: no such sizes.

    >>> tf.Session(jit=False).run(tf.image.resize_nearest_neighbor([[[[0], [2]]]], [1, 4]))[0, 0, :, 0]
    array([0, 0, 2, 2], dtype=int32)
    """
    x = _pictures("resize_nearest_neighbor", images)
    with telling("resize_nearest_neighbor", x), scope(name, "ResizeNearestNeighbor", x, op="ResizeNearestNeighbor") as last:
        _check_centers(align_corners, half_pixel_centers)
        _, h, w, _ = extents(x)
        rows, columns = _sizes(size)
        for axis, n, count in ((1, h, rows), (2, w, columns)):
            place = multiply(add(along(count, 0, 1, SINGLE), 0.5 if half_pixel_centers else 0.0), _scale(n, count, align_corners))
            x = gather(x, _whole(floor(add(place, 0.5)) if align_corners else floor(place), n), axis=axis)
        return identity(x, name=last)


def resize_bicubic(images: Any, size: Any, align_corners: bool = False, name: str | None = None, half_pixel_centers: bool = False) -> Node:
    """Pictures in another size, each pixel a cubic of the sixteen around its place (Keys 1981).

    number[batch, height, width, channels], size: (height, width) -> floating[batch, *size, channels]. `align_corners`, `half_pixel_centers`:
    as `resize_bilinear`. ShapeError: no such sizes.

    >>> tf.Session(jit=False).run(tf.image.resize_bicubic([[[[0.0], [2.0]]]], [1, 4]))[0, 0, :, 0]
    array([0.    , 1.    , 2.    , 2.1875], dtype=float32)
    """
    x = _pictures("resize_bicubic", images)
    with telling("resize_bicubic", x), scope(name, "ResizeBicubic", x, op="ResizeBicubic") as last:
        _check_centers(align_corners, half_pixel_centers)
        _, h, w, _ = extents(x)
        rows, columns = _sizes(size)
        y = _cubic(_floating(x), 1, _places(h, rows, align_corners, half_pixel_centers), h, half_pixel_centers)
        return identity(_cubic(y, 2, _places(w, columns, align_corners, half_pixel_centers), w, half_pixel_centers), name=last)


def resize_area(images: Any, size: Any, align_corners: bool = False, name: str | None = None) -> Node:
    """Pictures in another size, each pixel the mean of the area that it covers.

    number[batch, height, width, channels], size: (height, width) -> floating[batch, *size, channels]. ShapeError: no such sizes.

    >>> tf.Session(jit=False).run(tf.image.resize_area([[[[0.0], [2.0], [4.0], [8.0]]]], [1, 2]))[0, 0, :, 0]
    array([1., 6.], dtype=float32)
    """
    x = _pictures("resize_area", images)
    with telling("resize_area", x), scope(name, "ResizeArea", x, op="ResizeArea") as last:
        n, h, w, c = extents(x)
        rows, columns = _sizes(size)
        y = _floating(x)
        tall = reshape(matmul(_shares(h, rows, align_corners, y.type.dtype), reshape(y, [n, h, w * c])), [n, rows, w, c])
        return matmul(_shares(w, columns, align_corners, y.type.dtype), tall, name=last)


def resize_images(images: Any, size: Any, method: Any = ResizeMethod.BILINEAR, align_corners: bool = False, preserve_aspect_ratio: bool = False,
                  name: str | None = None) -> Node:
    """Pictures in another size, by one of the ways of `tf.image.ResizeMethod`; `preserve_aspect_ratio`: the largest such within `size`.

    number[..., height, width, channels], size: (height, width) -> floating[..., *size, channels]; of the nearest pixel, and of the size that
    pictures have, the same dtype. ShapeError: no such sizes or method.

    >>> tf.Session(jit=False).run(tf.image.resize_images([[[0.0], [2.0]]], [1, 4]))[0, :, 0]
    array([0., 1., 2., 2.], dtype=float32)
    """
    x = picture("resize_images", images)
    with telling("resize_images", x), scope(name, "resize", x, "Squeeze" if x.type.rank == 3 else "") as last:
        if method not in _METHODS:
            raise ShapeError(f"method {method!r:.40} is none of tf.image.ResizeMethod: BILINEAR, NEAREST_NEIGHBOR, BICUBIC, AREA")
        rows, columns = _sizes(size)
        *_, h, w, _ = extents(x)
        if preserve_aspect_ratio:
            rows, columns = _within(h, w, rows, columns)
        if not any(isinstance(n, Node) for n in (rows, columns, h, w)) and (rows, columns) == (h, w):
            return identity(x, name=last)
        wanted = [rows, columns]
        y = _METHODS[method](batched(x), stack(wanted) if any(isinstance(n, Node) for n in wanted) else wanted, align_corners)
        return squeeze(y, axis=0, name=last) if x.type.rank == 3 else identity(y, name=last)


resize = resize_images

_METHODS = {ResizeMethod.BILINEAR: resize_bilinear, ResizeMethod.NEAREST_NEIGHBOR: resize_nearest_neighbor, ResizeMethod.BICUBIC: resize_bicubic,
            ResizeMethod.AREA: resize_area, "bilinear": resize_bilinear, "nearest": resize_nearest_neighbor, "bicubic": resize_bicubic,
            "area": resize_area}


def _within(h: Any, w: Any, rows: Any, columns: Any) -> tuple[Any, Any]:
    """The largest sizes in the proportion of height and width, whole numbers."""
    if not any(isinstance(n, Node) for n in (h, w, rows, columns)):
        factor = min(np.float32(rows) / np.float32(h), np.float32(columns) / np.float32(w))
        return max(int(np.rint(factor * np.float32(h))), 1), max(int(np.rint(factor * np.float32(w))), 1)
    ratio = minimum(divide(_single(rows), _single(h)), divide(_single(columns), _single(w)))
    return tuple(maximum(cast(rint(multiply(ratio, _single(n))), np.int32), 1) for n in (h, w))


def resize_image_with_pad(image: Any, target_height: Any, target_width: Any, method: Any = ResizeMethod.BILINEAR,
                          align_corners: bool = False) -> Node:
    """Pictures as large as fit into a size without being stretched, zeros put around evenly.

    number[..., height, width, channels]; numbers, or scalars of integers -> as `resize_images`. ShapeError, DTypeError: not so.

    >>> x = tf.image.resize_image_with_pad(tf.ones([1, 2, 1]), 2, 2)
    >>> tf.Session(jit=False).run(x)[:, :, 0]
    array([[1., 1.],
           [0., 0.]], dtype=float32)
    """
    x = picture("resize_image_with_pad", image)
    with telling("resize_image_with_pad", x), scope(None, "resize_image_with_pad", x):
        *_, h, w, _ = extents(x)
        rows, columns = _sizes([target_height, target_width])
        if any(isinstance(n, Node) for n in (h, w, rows, columns)):
            tall, wide, high, broad = (_single(cast(n, np.int32) if isinstance(n, Node) else n) for n in (h, w, rows, columns))
            ratio = maximum(divide(wide, broad), divide(tall, high))
            kept = [divide(n, ratio) for n in (tall, wide)]
            size = [cast(floor(n), np.int32) for n in kept]
            before = [cast(maximum(floor(divide(subtract(whole, n), 2.0)), 0.0), np.int32) for whole, n in zip((high, broad), kept, strict=True)]
        else:           # in single precision, as TensorFlow has it
            most = max(np.float32(w) / np.float32(columns), np.float32(h) / np.float32(rows))
            parts = [np.float32(n) / most for n in (h, w)]
            size = [int(np.floor(n)) for n in parts]
            before = [max(0, int(np.floor((np.float32(whole) - n) / 2))) for whole, n in zip((rows, columns), parts, strict=True)]
        resized = resize_images(x, stack(size) if isinstance(size[0], Node) else size, method, align_corners)
        return pad_to_bounding_box(resized, before[0], before[1], rows, columns)


def crop_and_resize(image: Any, boxes: Any, box_ind: Any, crop_size: Any, method: str = "bilinear", extrapolation_value: float = 0,
                    name: str | None = None, box_indices: Any = None) -> Node:
    """Boxes of pictures, all in one size: between pixels in proportion, or the nearest; a given value outside of the picture.

    image: number[batch, height, width, channels], boxes: float[n, 4] (top, left, bottom, right, from 0 to 1), box_ind: int[n], which picture
    -> floating[n, *crop_size, channels]. ShapeError: they do not fit. InvalidArgumentError, when run: there is no such picture.

    >>> y = tf.image.crop_and_resize([[[[0.0], [2.0], [4.0]]]], [[0.0, 0.25, 0.0, 0.75]], [0], [1, 3])
    >>> tf.Session(jit=False).run(y)[0, 0, :, 0]
    array([1., 2., 3.], dtype=float32)
    """
    x = _pictures("crop_and_resize", image)
    box, which = operands("crop_and_resize", boxes=boxes, box_ind=box_ind if box_indices is None else box_indices)
    if which.type.dtype.kind == "f" and not isinstance(box_ind, Node):
        which = cast(which, np.int32)
    with telling("crop_and_resize", x, box, which), scope(name, "CropAndResize", x, op="CropAndResize", images=x, boxes=box, box_ind=which) as last:
        if method not in ("bilinear", "nearest"):
            raise ShapeError(f"method is 'bilinear' or 'nearest', not {method!r:.40}")
        box = ranked(box, 2, "the boxes")
        which = ranked(which, 1, "box_ind")
        if box.type.shape is not None and box.type.shape[1] not in (4, None):
            raise ShapeError(f"a box has four numbers, not {box.type.shape[1]}")
        if which.type.dtype.kind not in "iu":
            raise DTypeError(f"box_ind must be integers, not {which.type.dtype}")
        y = _floating(x)
        box = cast(box, y.type.dtype)
        n, h, w, c = extents(x)
        rows, columns = _sizes(crop_size)
        down, right = _in_boxes(box, 0, h, rows), _in_boxes(box, 1, w, columns)
        flat = reshape(y, [n * h * w, c])
        first = reshape(cast(which, np.int32) * (h * w), [-1, 1, 1])
        axes = (expand_dims(down, 2), h, expand_dims(right, 1), w)
        found = _nearest_in(flat, first, *axes) if method == "nearest" else _bilinear_in(flat, first, *axes)
        outside = [logical_or(less(p, 0.0), greater(p, _like(size - 1, p))) for p, size in ((axes[0], h), (axes[2], w))]
        missing = expand_dims(logical_or(outside[0], outside[1]), 3)
        return choose(missing, np.asarray(extrapolation_value, y.type.dtype), found, name=last)


def _like(n: Any, x: Node) -> Any:
    return cast(n, x.type.dtype) if isinstance(n, Node) else np.asarray(n, x.type.dtype)


def _in_boxes(box: Node, axis: int, n: Any, size: Any) -> Node:
    """Where the pixels of each box lie along an axis: [boxes, size]."""
    begin, end = box[:, axis:axis + 1], box[:, axis + 2:axis + 3]
    last = _like(n - 1, box)
    i = along(size, 1, 2, box.type.dtype)
    if isinstance(size, Node) or size > 1:
        steps = _like(maximum(size - 1, 1) if isinstance(size, Node) else size - 1, box)
        return add(multiply(begin, last), multiply(i, divide(multiply(subtract(end, begin), last), steps)))
    return add(multiply(multiply(add(begin, end), 0.5), last), multiply(i, 0.0))


def _pixel(flat: Node, first: Node, row: Node, h: Any, column: Node, w: Any) -> Node:
    return gather(flat, add(first, add(multiply(_whole(row, h), w), _whole(column, w))), axis=0)


def _nearest_in(flat: Node, first: Node, down: Node, h: Any, right: Node, w: Any) -> Node:
    return _pixel(flat, first, floor(add(clip_by_value(down, -1e9, 1e9), 0.5)), h, floor(add(right, 0.5)), w)


def _bilinear_in(flat: Node, first: Node, down: Node, h: Any, right: Node, w: Any) -> Node:
    top, left = floor(down), floor(right)
    below, beside = expand_dims(subtract(down, top), 3), expand_dims(subtract(right, left), 3)
    corners = [[_pixel(flat, first, add(top, float(i)), h, add(left, float(j)), w) for j in range(2)] for i in range(2)]
    lines = [add(a, multiply(subtract(b, a), beside)) for a, b in corners]
    return add(lines[0], multiply(subtract(lines[1], lines[0]), below))
