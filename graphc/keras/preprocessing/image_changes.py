"""Changes of images at random: turned, moved, sheared, made larger; what is beyond the edge is filled up."""

from __future__ import annotations

from typing import Any

import numpy as np


def _filled(places: Any, size: int, fill_mode: str) -> tuple[Any, Any]:
    """Places along an axis as whole numbers within it, and where they lay outside of what may be seen."""
    at = np.floor(places + 0.5).astype(np.int64)
    outside = (at < 0) | (at >= size)
    if fill_mode == "wrap":
        return at % size, np.zeros_like(outside)
    if fill_mode == "reflect":
        at = at % (2 * size)
        return np.where(at < size, at, 2 * size - 1 - at), np.zeros_like(outside)
    return np.clip(at, 0, size - 1), outside & (fill_mode == "constant")


def apply_affine_transform(x: Any, theta: float = 0, tx: float = 0, ty: float = 0, shear: float = 0, zx: float = 1, zy: float = 1,
                           row_axis: int = 0, col_axis: int = 1, channel_axis: int = 2, fill_mode: str = "nearest", cval: float = 0.0,
                           order: int = 1) -> Any:
    """An image turned by `theta` and sheared by `shear` degrees, moved by `tx` rows and `ty` columns, made `1 / zx` and `1 / zy` times as large.

    Each pixel is that at the nearest place of the image; `fill_mode` says what stands beyond the edge: the "nearest" pixel, `cval`
    ("constant"), the image mirrored ("reflect") or repeated ("wrap").
    ValueError: axes that there are not.
    """
    image = np.moveaxis(np.asarray(x), (row_axis, col_axis, channel_axis), (0, 1, 2))
    height, width = image.shape[:2]
    turn, lean = np.deg2rad(theta), np.deg2rad(shear)
    matrix = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    matrix = matrix @ np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1.0]])
    matrix = matrix @ np.array([[1, -np.sin(lean), 0], [0, np.cos(lean), 0], [0, 0, 1.0]])
    matrix = matrix @ np.diag([zx, zy, 1.0])
    centre = np.array([height / 2 - 0.5, width / 2 - 0.5])
    rows, columns = np.meshgrid(np.arange(height) - centre[0], np.arange(width) - centre[1], indexing="ij")
    at = np.tensordot(matrix[:2, :2], np.stack([rows, columns]), 1) + (matrix[:2, 2] + centre)[:, None, None]
    (i, out), (j, beyond) = (_filled(at[k], (height, width)[k], fill_mode) for k in (0, 1))
    found = image[i, j]
    found = np.where((out | beyond)[..., None], np.asarray(cval, found.dtype), found)
    return np.moveaxis(found, (0, 1, 2), (row_axis, col_axis, channel_axis))


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


def __dir__() -> list[str]:
    return ["apply_affine_transform", "random_rotation", "random_shift", "random_zoom"]
