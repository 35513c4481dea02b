"""`extract_volume_patches`: what a window sees at each of its places in a volume, as one vector of features each."""

from __future__ import annotations

from typing import Any

from ..ir.node import Node
from .array_move import reshape
from .blocks import extents, surround
from .layouts import each_axis, made, operands, padding_of, ranked, telling
from .scopes import scope
from .windows import windows

__all__ = ["extract_volume_patches"]


def extract_volume_patches(input: Any, ksizes: Any, strides: Any, padding: Any, name: str | None = None) -> Node:
    """The patches of volumes that a window sees, each flat along the last axis: plane by plane, then row, column and channel.

    input: number[batch, planes, height, width, channels] -> number[batch, p, h, w, window * channels]. ShapeError: the window does not fit.
    DTypeError: no numbers.

    >>> x = tf.reshape(tf.range(8), [1, 2, 2, 2, 1])
    >>> tf.Session(jit=False).run(tf.extract_volume_patches(x, [1, 2, 1, 2, 1], [1, 1, 1, 1, 1], "VALID"))[0, 0, :, 0]
    array([[0, 1, 4, 5],
           [2, 3, 6, 7]], dtype=int32)
    """
    (x,) = operands("extract_volume_patches", input=input)
    with telling("extract_volume_patches", x), scope(name, "ExtractVolumePatches", x, op="ExtractVolumePatches") as last:
        x = ranked(x, 5, "the volumes")
        window = each_axis(ksizes, 3, False, "ksizes")
        how = {"strides": each_axis(strides, 3, False, "strides"), "padding": padding_of(padding, 3, False), "dilations": (1, 1, 1)}
        seen = made(windows, [surround(x, how, window)], {"window": window, "strides": how["strides"], "dilations": how["dilations"]})
        n, p, h, w, *_, c = extents(seen)
        return reshape(seen, [n, p, h, w, window[0] * window[1] * window[2] * c], name=last)
