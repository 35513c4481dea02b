"""Pictures moved: by projective transforms, by a flow of their pixels, and windows cut out around points."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, ShapeError
from ..ir.node import Node, describe, here
from .array_gather import gather
from .array_index import along
from .array_join import concat, stack
from .array_move import expand_dims, reshape
from .blocks import extents
from .image_resize import SINGLE, _sizes
from .image_space import picture
from .layouts import operands, telling
from .linalg_matmul import matmul
from .math import add, cast, choose, clip_by_value, cos, divide, equal, floor, less, logical_and, multiply, negative, sin, subtract
from .math import greater_equal as at_least
from .random import random_uniform
from .scopes import scope

__all__ = ["angles_to_projective_transforms", "compose_transforms", "dense_image_warp", "extract_glimpse", "flat_transforms_to_matrices",
           "interpolate_bilinear", "matrices_to_flat_transforms", "rotate", "transform", "translate", "translations_to_projective_transforms"]


def _batch(what: str, images: Any) -> tuple[Node, int]:
    """Pictures [batch, height, width, channels], of one of rank 2 to 4, and that rank."""
    (x,) = operands(what, images=images)
    with telling(what, x):
        if x.type.rank not in (2, 3, 4):
            raise ShapeError(f"pictures have rank 2 ([height, width]), 3 ([height, width, channels]) or 4: {describe(x)}")
        rank = x.type.rank
        if rank == 2:
            return expand_dims(expand_dims(x, 0), 3), rank
        return (expand_dims(x, 0), rank) if rank == 3 else (x, rank)


def _of_rank(x: Node, rank: int) -> Node:
    return x if rank == 4 else x[0, :, :, 0] if rank == 2 else x[0]


# ---------------------------------------------------------------------- transforms as numbers

def _floats(what: str, value: Any, columns: int | None) -> Node:
    (x,) = operands(what, value=value)
    x = cast(x, SINGLE)
    rank = 1 if columns is None else 2
    if x.type.rank == rank - 1:
        x = expand_dims(x, 0)
    if x.type.rank != rank or (columns is not None and x.type.shape is not None and x.type.shape[1] not in (columns, None)):
        raise ShapeError(f"{describe(x)} is not one row, or several, of {columns or 1} numbers{here()}")
    return x


def angles_to_projective_transforms(angles: Any, image_height: Any, image_width: Any, name: str | None = None) -> Node:
    """The transforms that turn pictures of a size about their middle, against the clock, by angles in radians.

    number[n] or number[] -> float32[n, 8]. ShapeError: no angles.

    >>> tf.Session(jit=False).run(tf.contrib.image.angles_to_projective_transforms(0.0, 2.0, 2.0))
    array([[ 1., -0.,  0.,  0.,  1.,  0.,  0.,  0.]], dtype=float32)
    """
    (like,) = operands("angles_to_projective_transforms", angles=angles)
    with telling("angles_to_projective_transforms", like), scope(name, "angles_to_projective_transforms", like) as last:
        angle = _floats("angles_to_projective_transforms", like, None)
        right, down = (subtract(cast(operands("size", n=n)[0], SINGLE), 1.0) for n in (image_width, image_height))
        c, s = cos(angle), sin(angle)
        x = divide(subtract(right, subtract(multiply(c, right), multiply(s, down))), 2.0)
        y = divide(subtract(down, add(multiply(s, right), multiply(c, down))), 2.0)
        none = multiply(angle, 0.0)
        return stack([c, negative(s), x, s, c, y, none, none], 1, name=last)


def translations_to_projective_transforms(translations: Any, name: str | None = None) -> Node:
    """The transforms that move pictures by pixels (dx, dy).

    number[n, 2] or number[2] -> float32[n, 8]. ShapeError: no translations.

    >>> tf.Session(jit=False).run(tf.contrib.image.translations_to_projective_transforms([1.0, 2.0]))
    array([[ 1.,  0., -1.,  0.,  1., -2.,  0.,  0.]], dtype=float32)
    """
    (like,) = operands("translations_to_projective_transforms", translations=translations)
    with telling("translations_to_projective_transforms", like), scope(name, "translations_to_projective_transforms", like) as last:
        x = _floats("translations_to_projective_transforms", like, 2)
        none = multiply(x[:, 0], 0.0)
        ones = add(none, 1.0)
        return stack([ones, none, negative(x[:, 0]), none, ones, negative(x[:, 1]), none, none], 1, name=last)


def flat_transforms_to_matrices(transforms: Any) -> Node:
    """Transforms of 8 numbers as matrices, whose last element is 1.

    number[n, 8] or number[8] -> float32[n, 3, 3]. ShapeError: no transforms.

    >>> tf.Session(jit=False).run(tf.contrib.image.flat_transforms_to_matrices([1.0, 0, 3, 0, 1, 4, 0, 0]))[0, :, 2]
    array([3., 4., 1.], dtype=float32)
    """
    (like,) = operands("flat_transforms_to_matrices", transforms=transforms)
    with telling("flat_transforms_to_matrices", like):
        x = _floats("flat_transforms_to_matrices", like, 8)
        return reshape(concat([x, add(multiply(x[:, :1], 0.0), 1.0)], 1), [-1, 3, 3])


def matrices_to_flat_transforms(transform_matrices: Any) -> Node:
    """Matrices of projective transforms as 8 numbers each: over their last elements, which are left out.

    float[n, 3, 3] -> float[n, 8]. ShapeError: no such matrices.
    """
    (x,) = operands("matrices_to_flat_transforms", transform_matrices=transform_matrices)
    with telling("matrices_to_flat_transforms", x):
        if x.type.rank not in (2, 3):
            raise ShapeError(f"{describe(x)} is not [n, 3, 3]")
        flat = reshape(x, [-1, 9])
        return divide(flat, flat[:, 8:])[:, :8]


def compose_transforms(*transforms: Any) -> Node:
    """One transform that does what several do, the first one first.

    number[n, 8] each, or of one -> float32[n, 8]. ArgumentError: none. ShapeError: no transforms.
    """
    if not transforms:
        raise ArgumentError(f"compose_transforms takes at least one transform{here()}")
    found = flat_transforms_to_matrices(transforms[0])
    for t in transforms[1:]:
        found = matmul(found, flat_transforms_to_matrices(t))
    return matrices_to_flat_transforms(found)


# ---------------------------------------------------------------------- pictures transformed

def transform(images: Any, transforms: Any, interpolation: str = "NEAREST", output_shape: Any = None, name: str | None = None) -> Node:
    """Pictures under projective transforms (a0, a1, a2, b0, b1, b2, c0, c1): the pixel (x, y) of the result is that at ((a0 x + a1 y + a2) / k,
    (b0 x + b1 y + b2) / k) with k = c0 x + c1 y + 1, or 0 outside; `interpolation` "NEAREST" or "BILINEAR".

    images: number[batch, height, width, channels], [height, width, channels] or [height, width]; transforms: number[batch, 8], or [8] for all
    -> the same dtype, of the sizes `output_shape`. Differentiable by the images, "BILINEAR" by the transforms too.
    ArgumentError: another interpolation. ShapeError: they do not fit.

    >>> x = tf.reshape([1.0, 2.0, 3.0], [1, 1, 3, 1])
    >>> tf.Session(jit=False).run(tf.contrib.image.transform(x, [1, 0, 1, 0, 1, 0, 0, 0]))[0, 0, :, 0]
    array([2., 3., 0.], dtype=float32)
    """
    x, rank = _batch("transform", images)
    (t,) = operands("transform", transforms=transforms)
    with telling("transform", x, t), scope(name, "transform", x) as last:
        if interpolation.upper() not in ("NEAREST", "BILINEAR"):
            raise ArgumentError(f"interpolation is 'NEAREST' or 'BILINEAR', not {interpolation!r:.40}")
        t = _floats("transform", t, 8)
        n, h, w, c = extents(x)
        rows, columns = (h, w) if output_shape is None else _sizes(output_shape)
        across, down = (reshape(along(size, axis, 3, SINGLE), [1, 1, -1] if axis == 2 else [1, -1, 1]) for size, axis in ((columns, 2), (rows, 1)))
        a = [reshape(t[:, i], [-1, 1, 1]) for i in range(8)]
        k = add(add(multiply(a[6], across), multiply(a[7], down)), 1.0)
        nowhere = equal(k, 0.0)
        over = choose(nowhere, SINGLE.type(1), k)
        right, low = (divide(add(add(multiply(p, across), multiply(q, down)), r), over) for p, q, r in (a[:3], a[3:6]))
        first = reshape(multiply(along(n, 0, 1, np.int32), h * w), [-1, 1, 1])
        look = _Look(reshape(x, [n * h * w, c]), first, h, w)
        found = look.nearest(low, right) if interpolation.upper() == "NEAREST" else look.between(low, right)
        return _of_rank(choose(expand_dims(nowhere, 3), np.zeros((), x.type.dtype), found, name=last if rank == 4 else None), rank)


class _Look:
    """Pixels of pictures, as rows `flat` of channels, picture by picture from `first` on; 0 outside of [h, w]."""

    def __init__(self, flat: Node, first: Node, h: Any, w: Any):
        self.flat, self.first, self.h, self.w = flat, first, h, w

    def at(self, row: Node, column: Node) -> Node:
        """The pixel of whole numbers."""
        inside = [logical_and(at_least(p, 0.0), less(p, _size(n))) for p, n in ((row, self.h), (column, self.w))]
        down, right = (cast(clip_by_value(p, 0.0, _size(n - 1)), np.int32) for p, n in ((row, self.h), (column, self.w)))
        found = gather(self.flat, add(self.first, add(multiply(down, self.w), right)), axis=0)
        return choose(expand_dims(logical_and(*inside), 3), found, np.zeros((), self.flat.type.dtype))

    def nearest(self, row: Node, column: Node) -> Node:
        """The nearest pixel, of two the one further from zero, as C's `round` has it."""
        return self.at(*(choose(less(p, 0.0), negative(floor(subtract(0.5, p))), floor(add(p, 0.5))) for p in (row, column)))

    def between(self, row: Node, column: Node) -> Node:
        """The four pixels around, in proportion."""
        kind = self.flat.type.dtype
        top, left = floor(row), floor(column)
        below, beside = (expand_dims(subtract(p, q), 3) for p, q in ((row, top), (column, left)))
        near = SINGLE if kind.kind != "f" else kind
        below, beside = cast(below, near), cast(beside, near)
        lines = []
        for i in (0.0, 1.0):
            pair = [cast(self.at(add(top, i), add(left, j)), near) for j in (0.0, 1.0)]
            lines.append(add(multiply(pair[0], subtract(1.0, beside)), multiply(pair[1], beside)))
        return cast(add(multiply(lines[0], subtract(1.0, below)), multiply(lines[1], below)), kind)


def _size(n: Any) -> Any:
    return cast(n, SINGLE) if isinstance(n, Node) else SINGLE.type(n)


def rotate(images: Any, angles: Any, interpolation: str = "NEAREST", name: str | None = None) -> Node:
    """Pictures turned about their middle, against the clock, by angles in radians, one for each or one for all; 0 outside.

    Errors: those of `transform`: ArgumentError, ShapeError.

    >>> x = tf.reshape([1.0, 2.0, 3.0, 4.0], [2, 2])
    >>> tf.Session(jit=False).run(tf.contrib.image.rotate(x, 3.14159265 / 2))
    array([[2., 4.],
           [1., 3.]], dtype=float32)
    """
    x, rank = _batch("rotate", images)
    with telling("rotate", x):
        _, h, w, _ = extents(x)
        return transform(_of_rank(x, rank), angles_to_projective_transforms(angles, _size(h), _size(w)), interpolation, name=name)


def translate(images: Any, translations: Any, interpolation: str = "NEAREST", name: str | None = None) -> Node:
    """Pictures moved by pixels (dx, dy), one pair for each or one for all; 0 outside.

    Errors: those of `transform`: ArgumentError, ShapeError.

    >>> tf.Session(jit=False).run(tf.contrib.image.translate([[1.0, 2.0, 3.0]], [1.0, 0.0]))
    array([[0., 1., 2.]], dtype=float32)
    """
    return transform(images, translations_to_projective_transforms(translations), interpolation, name=name)


# ---------------------------------------------------------------------- flows

def interpolate_bilinear(grid: Any, query_points: Any, name: str = "interpolate_bilinear", indexing: str = "ij") -> Node:
    """What stands between the points of grids, in proportion; outside of them what stands at their edges.

    grid: float[batch, height, width, channels]; query_points: float[batch, n, 2], as (row, column), or with `indexing` "xy" (column, row)
    -> float[batch, n, channels]. ArgumentError: another indexing. ShapeError: they do not fit, or a side is shorter than 2.

    >>> tf.Session(jit=False).run(tf.contrib.image.interpolate_bilinear([[[[0.0], [2.0]], [[4.0], [6.0]]]], [[[0.5, 0.5]]]))
    array([[[3.]]], dtype=float32)
    """
    x, points = operands("interpolate_bilinear", grid=grid, query_points=query_points)
    with telling("interpolate_bilinear", x, points), scope(name, "interpolate_bilinear", x) as last:
        if indexing not in ("ij", "xy"):
            raise ArgumentError(f"indexing is 'ij' or 'xy', not {indexing!r:.40}")
        if x.type.rank != 4 or points.type.rank != 3 or (points.type.shape or (None,))[-1] not in (2, None):
            raise ShapeError("a grid is [batch, height, width, channels], and points are [batch, n, 2]")
        n, h, w, c = extents(x)
        if any(not isinstance(d, Node) and d < 2 for d in (h, w)):
            raise ShapeError("a grid has at least two rows and two columns")
        shares, begins = [], []
        for i, size in ((0, h), (1, w)):
            p = points[:, :, i if indexing == "ij" else 1 - i]
            begin = clip_by_value(floor(p), 0.0, cast(_size(size - 2), p.type.dtype))
            begins.append(cast(begin, np.int32))
            shares.append(cast(expand_dims(clip_by_value(subtract(p, begin), 0.0, 1.0), 2), x.type.dtype))
        flat, first = reshape(x, [n * h * w, c]), reshape(multiply(along(n, 0, 1, np.int32), h * w), [-1, 1])

        def corner(i: int, j: int) -> Node:
            return gather(flat, add(first, add(multiply(add(begins[0], i), w), add(begins[1], j))), axis=0)
        lines = [add(multiply(shares[1], subtract(corner(i, 1), corner(i, 0))), corner(i, 0)) for i in (0, 1)]
        return add(multiply(shares[0], subtract(lines[1], lines[0])), lines[0], name=last)


def dense_image_warp(image: Any, flow: Any, name: str = "dense_image_warp") -> Node:
    """Pictures whose pixel (i, j) is that at (i, j) less its flow, between pixels in proportion, at the edges the nearest.

    image: float[batch, height, width, channels]; flow: float[batch, height, width, 2] -> float[batch, height, width, channels], differentiable
    by both. ShapeError: they do not fit, or a side is shorter than 2.

    >>> flow = tf.ones([1, 2, 2, 2]) * [0.0, 1.0]
    >>> tf.Session(jit=False).run(tf.contrib.image.dense_image_warp([[[[1.0], [2.0]], [[3.0], [4.0]]]], flow))[0, :, :, 0]
    array([[1., 1.],
           [3., 3.]], dtype=float32)
    """
    x, f = operands("dense_image_warp", image=image, flow=flow)
    with telling("dense_image_warp", x, f), scope(name, "dense_image_warp", x) as last:
        if x.type.rank != 4 or f.type.rank != 4:
            raise ShapeError("pictures and their flow have rank 4")
        n, h, w, c = extents(x)
        down, across = reshape(along(h, 0, 1, f.type.dtype), [1, -1, 1]), reshape(along(w, 0, 1, f.type.dtype), [1, 1, -1])
        points = stack([subtract(down, f[..., 0]), subtract(across, f[..., 1])], 3)
        return reshape(interpolate_bilinear(x, reshape(points, [n, h * w, 2])), [n, h, w, c], name=last)


# ---------------------------------------------------------------------- glimpses

def extract_glimpse(input: Any, size: Any, offsets: Any, centered: bool = True, normalized: bool = True, uniform_noise: bool = True,
                    name: str | None = None) -> Node:
    """Windows of a size around points of pictures; outside of them noise, from 0 to 1, or 0 if not `uniform_noise`.

    input: float32[batch, height, width, channels]; offsets: float32[batch, 2], (y, x) from the middle (`centered`) or the upper left corner, of
    the picture's size (`normalized`, from -1 to 1 where centered) or in pixels -> float32[batch, *size, channels]. ShapeError, DTypeError: not so.

    >>> x = tf.reshape(tf.range(9.0), [1, 3, 3, 1])
    >>> tf.Session(jit=False).run(tf.image.extract_glimpse(x, [1, 1], [[0.0, 0.0]]))[0, 0, 0]
    array([4.], dtype=float32)
    """
    x = picture("extract_glimpse", input)
    (point,) = operands("extract_glimpse", offsets=offsets)
    with telling("extract_glimpse", x, point), scope(name, "ExtractGlimpse", x) as last:
        if x.type.rank != 4 or x.type.dtype != SINGLE or point.type.rank != 2 or point.type.dtype != SINGLE:
            raise DTypeError("pictures are float32 of rank 4, and offsets float32[batch, 2]")
        rows, columns = _sizes(size)
        n, h, w, c = extents(x)
        begins = []
        for i, whole, part in ((0, h, rows), (1, w, columns)):
            p = point[:, i]
            p = multiply(p, _size(whole)) if normalized else p
            p = add(divide(p, 2.0), divide(_size(whole), 2.0)) if centered else p
            begins.append(reshape(cast(cast(subtract(p, divide(_size(part), 2.0)), np.int32), SINGLE), [-1, 1, 1]))
        down = add(begins[0], reshape(along(rows, 0, 1, SINGLE), [1, -1, 1]))
        right = add(begins[1], reshape(along(columns, 0, 1, SINGLE), [1, 1, -1]))
        down, right = add(down, multiply(right, 0.0)), add(right, multiply(down, 0.0))
        first = reshape(multiply(along(n, 0, 1, np.int32), h * w), [-1, 1, 1])
        found = _Look(reshape(x, [n * h * w, c]), first, h, w).at(down, right)
        if not uniform_noise:
            return add(found, 0.0, name=last)
        inside = [logical_and(at_least(p, 0.0), less(p, _size(k))) for p, k in ((down, h), (right, w))]
        return choose(expand_dims(logical_and(*inside), 3), found, random_uniform([n, rows, columns, c]), name=last)

