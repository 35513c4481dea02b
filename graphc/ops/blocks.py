"""Pictures cut into blocks and patches: between space and depth, between space and batch, and the patches that a window sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.graph import get_default_graph
from ..ir.known import static_value
from ..ir.node import Node, describe
from ..ir.operator import to_node
from ..ir.sizes import has_sizes, unknown
from ..ir.types import TensorType
from .array_fill import zeros, zeros_like
from .array_join import concat, pad_constant, stack
from .array_move import reshape, shape, transpose
from .from_tensors import from_tensors
from .indexing import slice
from .later import deferrable, later
from .layouts import channels_last, each_axis, is_first, made, operands, padding_of, ranked, telling
from .math import cast, floordiv, floormod, maximum
from .scopes import scope
from .windows import sides, span, widths, windows

__all__ = ["space_to_depth", "depth_to_space", "space_to_batch", "space_to_batch_nd", "batch_to_space", "batch_to_space_nd",
           "extract_image_patches", "required_space_to_batch_paddings"]


def extents(x: Node) -> list[Any]:
    """The sizes of a tensor of known rank: numbers where they are known, else scalars."""
    if x.type.shape is None:
        raise ShapeError(f"the rank of {describe(x)} must be known")
    return [shape(x)[i] if n is None else n for i, n in enumerate(x.type.shape)]


def surround(x: Node, how: dict[str, Any], window: Sequence[int], value: Any = 0) -> Node:
    """x with the padding of windows that move over the axes before the last one, as a node of the graph; sizes need not be known."""
    count, padding = len(window), how["padding"]
    if padding == "VALID":
        return x
    dims = extents(x)
    inner = dims[-count - 1:-1]
    if not any(isinstance(n, Node) for n in inner):
        pairs: list[tuple[Any, Any]] = widths(inner, window, **how)
    elif not isinstance(padding, str):
        pairs = list(padding)
    else:
        pairs = []
        for n, k, s, d in zip(inner, window, how["strides"], how["dilations"], strict=True):
            missing: Any = ((floordiv(n + (s - 1), s) if isinstance(n, Node) else -(-n // s)) - 1) * s + span(k, d) - n
            missing = maximum(missing, 0) if isinstance(missing, Node) else max(missing, 0)
            before = floordiv(missing, 2) if isinstance(missing, Node) else missing // 2
            pairs.append((before, missing - before))
    if all(pair == (0, 0) for pair in pairs if not any(isinstance(n, Node) for n in pair)) and not any(isinstance(n, Node) for p in pairs for n in p):
        return x
    rows = [(0, 0)] * (len(dims) - count - 1) + pairs + [(0, 0)]
    paddings = stack([stack(list(row)) if any(isinstance(n, Node) for n in row) else np.array(row, np.int32) for row in rows])
    return pad_constant(x, paddings, constant_values=value)


def extract_image_patches(images: Any, ksizes: Any = None, strides: Any = None, rates: Any = None, padding: Any = None, name: str | None = None,
                          sizes: Any = None) -> Node:
    """The patches of pictures that a window sees, each flat along the last axis: row by row, then column, then channel.

    images: number[batch, height, width, channels] -> number[batch, h, w, rows * columns * channels]. `rates`: how far apart elements are.
    ShapeError: the window does not fit. DTypeError: no numbers.

    >>> x = tf.reshape(tf.range(6), [1, 2, 3, 1])
    >>> tf.Session(jit=False).run(tf.extract_image_patches(x, [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID"))[0, 0]
    array([[0, 1, 3, 4],
           [1, 2, 4, 5]], dtype=int32)
    """
    (x,) = operands("extract_image_patches", images=images)
    with telling("extract_image_patches", x), scope(name, "ExtractImagePatches", x, op="ExtractImagePatches") as last:
        x = ranked(x, 4, "the pictures")
        window = each_axis(ksizes if ksizes is not None else sizes, 2, False, "ksizes")
        how = {"strides": each_axis(strides, 2, False, "strides"), "padding": padding_of(padding, 2, False),
               "dilations": each_axis(rates, 2, False, "rates")}
        seen = made(windows, [surround(x, how, window)], {"window": window, "strides": how["strides"], "dilations": how["dilations"]})
        n, h, w, *_, c = extents(seen)
        return reshape(seen, [n, h, w, window[0] * window[1] * c], name=last)


# ---------------------------------------------------------------------- space and depth

def _block(block_size: Any) -> int:
    (b,) = sides(block_size, "block_size", 1)
    if b < 2:
        raise ShapeError(f"block_size must be at least 2, not {b}")
    return b


def _divided(n: Any, b: int, what: str) -> Any:
    if isinstance(n, Node):
        return floordiv(n, b)
    if n % b:
        raise ShapeError(f"{what} {n} is no multiple of {b}")
    return n // b


def space_to_depth(input: Any, block_size: Any, name: str | None = None, data_format: str = "NHWC") -> Node:
    """Blocks of block_size x block_size pixels, each as the channels of one pixel: row by row, then column, then channel.

    any[batch, height, width, channels] -> any[batch, height / b, width / b, b * b * channels]. ShapeError: height or width is no multiple.

    >>> tf.Session(jit=False).run(tf.space_to_depth(tf.reshape(tf.range(8), [1, 2, 4, 1]), 2))[0, 0]
    array([[0, 1, 4, 5],
           [2, 3, 6, 7]], dtype=int32)
    """
    (x,) = operands("space_to_depth", input=input)
    with telling("space_to_depth", x), scope(name, "SpaceToDepth", x, op="SpaceToDepth") as last:
        x = ranked(x, 4, "the input")
        first, b = is_first(data_format, 2), _block(block_size)
        y = channels_last(x, first, 2)
        n, h, w, c = extents(y)
        rows, columns = _divided(h, b, "height"), _divided(w, b, "width")
        turned = transpose(reshape(y, [n, rows, b, columns, b, c]), (0, 1, 3, 2, 4, 5))
        found = reshape(turned, [n, rows, columns, b * b * c], name=None if first else last)
        return transpose(found, (0, 3, 1, 2), name=last) if first else found


def depth_to_space(input: Any, block_size: Any, name: str | None = None, data_format: str = "NHWC") -> Node:
    """What `space_to_depth` undoes: the channels of each pixel as block_size x block_size pixels.

    any[batch, height, width, channels] -> any[batch, height * b, width * b, channels / b**2]. ShapeError: channels are no multiple of b**2.

    >>> tf.Session(jit=False).run(tf.depth_to_space([[[[0, 1, 2, 3]]]], 2))[0, :, :, 0]
    array([[0, 1],
           [2, 3]], dtype=int32)
    """
    (x,) = operands("depth_to_space", input=input)
    with telling("depth_to_space", x), scope(name, "DepthToSpace", x, op="DepthToSpace") as last:
        x = ranked(x, 4, "the input")
        first, b = is_first(data_format, 2), _block(block_size)
        y = channels_last(x, first, 2)
        n, h, w, c = extents(y)
        each = _divided(c, b * b, "the number of channels")
        turned = transpose(reshape(y, [n, h, w, b, b, each]), (0, 1, 3, 2, 4, 5))
        found = reshape(turned, [n, h * b, w * b, each], name=None if first else last)
        return transpose(found, (0, 3, 1, 2), name=last) if first else found


# ---------------------------------------------------------------------- space and batch

def _shape_of_blocks(given: Any) -> tuple[int, ...]:
    if isinstance(given, Node):
        known = static_value(given)
        if known is None or unknown(known).any():
            raise ShapeError(f"block_shape must be known while the graph is built, not {describe(given)}")
        given = known.astype(int).tolist()
    return sides(given, "block_shape")


def _pairs(given: Any, count: int, what: str) -> Any:
    """Pairs [count, 2], as numbers where they are known."""
    if isinstance(given, Node):
        known = static_value(given)
        if known is None or has_sizes(known) or unknown(known).any():
            if given.type.shape is not None and given.type.shape != (count, 2):
                raise ShapeError(f"{what} must have shape [{count},2], not {given.type}")
            return cast(given, np.int32)
        given = known
    array = np.asarray(given)
    if array.shape != (count, 2) or array.dtype.kind not in "iuf" or (array < 0).any() or (array != np.rint(array)).any():
        raise ShapeError(f"{what} must be {count} pairs of numbers that are not negative, not {given!r:.60}")
    return array.astype(np.int32)


@from_tensors("input", "paddings", label="SpaceToBatchND", block_shape="block")
def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Node:
    """The pixels at the same place of all blocks, as examples of their own: place by place of a block, then example.

    input: any[batch, *sizes, ...], block_shape: int[m], paddings: int[m, 2], zeros around the m sizes
    -> any[batch * prod(block_shape), *(sizes / block_shape), ...]. ShapeError: padded sizes are no multiples.

    >>> tf.Session(jit=False).run(tf.space_to_batch_nd([[[1], [2], [3], [4]]], [2], [[0, 0]]))[:, :, 0]
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    return _to_batch("space_to_batch_nd", input, block_shape, paddings, name or "SpaceToBatchND")


@deferrable("space_to_batch_nd", block_shape=(tuple,))
def _batches(x: Node, paddings: Node, block_shape: Any) -> Node:
    return _to_batch("space_to_batch_nd", x, block_shape, paddings, "SpaceToBatchND")


@deferrable("batch_to_space_nd", block_shape=(tuple,))
def _spaces(x: Node, crops: Node, block_shape: Any) -> Node:
    return _to_space("batch_to_space_nd", x, block_shape, crops, "BatchToSpaceND")


def _to_batch(what: str, given: Any, block_shape: Any, paddings: Any, name: str) -> Node:
    (x,) = operands(what, input=given)
    if x.type.rank is None:
        block, about = _shape_of_blocks(block_shape), to_node(paddings, None if isinstance(paddings, Node) else np.int32)
        return later("space_to_batch_nd", (x, about), TensorType(x.type.dtype, None), name, block_shape=block)
    with telling(what, x), scope(name, name, x, op="SpaceToBatchND") as last:
        block = _shape_of_blocks(block_shape)
        m, around = len(block), _pairs(paddings, len(block), "paddings")
        rank = len(extents(x))
        if rank < m + 1:
            raise ShapeError(f"blocks of {m} axes, of an operand of rank {rank}")
        known = isinstance(around, np.ndarray)
        if not known or around.any():
            zeros = [np.zeros((1, 2), np.int32), np.zeros((rank - m - 1, 2), np.int32)]
            x = pad_constant(x, concat([zeros[0], around, zeros[1]], 0))
        n, *dims = extents(x)
        counts = [_divided(d, b, f"padded axis {i + 1} of size") for i, (d, b) in enumerate(zip(dims, block, strict=False))]
        apart = reshape(x, [n, *(k for a, b in zip(counts, block, strict=True) for k in (a, b)), *dims[m:]])
        order = [*range(2, 2 * m + 1, 2), 0, *range(1, 2 * m, 2), *range(2 * m + 1, 2 * m + 1 + rank - m - 1)]
        return reshape(transpose(apart, order), [n * int(np.prod(block)), *counts, *dims[m:]], name=last)


@from_tensors("input", "paddings", label="SpaceToBatchND", block_shape="block")
def space_to_batch(input: Any, paddings: Any, block_size: Any = None, name: str | None = None, block_shape: Any = None) -> Node:
    """`space_to_batch_nd` of pictures, with square blocks.

    any[batch, height, width, channels] -> any[batch * b * b, h / b, w / b, channels]. ShapeError: padded sizes are no multiples.

    >>> tf.Session(jit=False).run(tf.space_to_batch([[[[1], [2]], [[3], [4]]]], [[0, 0], [0, 0]], 2))[:, 0, 0, 0]
    array([1, 2, 3, 4], dtype=int32)
    """
    block = block_shape if block_size is None else [block_size, block_size]
    return _to_batch("space_to_batch", input, block, paddings, name or "SpaceToBatchND")


@from_tensors("input", "crops", label="BatchToSpaceND", block_shape="block")
def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Node:
    """What `space_to_batch_nd` undoes: examples back to the places of blocks, then `crops` cut off.

    input: any[batch, *sizes, ...], block_shape: int[m], crops: int[m, 2] -> any[batch / prod(block_shape), ...].
    ShapeError: the batch is no multiple, or the crops are larger than what they are cut off.

    >>> tf.Session(jit=False).run(tf.batch_to_space_nd([[[1], [3]], [[2], [4]]], [2], [[0, 1]]))[:, :, 0]
    array([[1, 2, 3]], dtype=int32)
    """
    return _to_space("batch_to_space_nd", input, block_shape, crops, name or "BatchToSpaceND")


def _to_space(what: str, given: Any, block_shape: Any, crops: Any, name: str) -> Node:
    (x,) = operands(what, input=given)
    if x.type.rank is None:
        block, about = _shape_of_blocks(block_shape), to_node(crops, None if isinstance(crops, Node) else np.int32)
        return later("batch_to_space_nd", (x, about), TensorType(x.type.dtype, None), name, block_shape=block)
    with telling(what, x), scope(name, name, x, op="BatchToSpaceND") as last:
        block = _shape_of_blocks(block_shape)
        m, off = len(block), _pairs(crops, len(block), "crops")
        n, *dims = extents(x)
        if len(dims) < m:
            raise ShapeError(f"blocks of {m} axes, of an operand of rank {len(dims) + 1}")
        examples = _divided(n, int(np.prod(block)), "the batch of")
        apart = reshape(x, [*block, examples, *dims])
        order = [m, *(a for i in range(m) for a in (m + 1 + i, i)), *range(2 * m + 1, m + 1 + len(dims))]
        whole = [examples, *(d * b for d, b in zip(dims, block, strict=False)), *dims[m:]]
        y = reshape(transpose(apart, order), whole)
        begins = [0, *(off[i, 0] for i in range(m)), *[0] * (len(dims) - m)]
        ends = [whole[1 + i] - off[i, 0] - off[i, 1] for i in range(m)]
        if any(not isinstance(e, Node) and e < 0 for e in ends):
            raise ShapeError(f"crops {np.asarray(off).tolist()} are larger than the sizes {whole[1:m + 1]} that they are cut off")
        return slice(y, begins, [-1, *ends, *[-1] * (len(dims) - m)], name=last)


@from_tensors("input", "crops", label="BatchToSpaceND", block_shape="block")
def batch_to_space(input: Any, crops: Any, block_size: Any = None, name: str | None = None, block_shape: Any = None) -> Node:
    """`batch_to_space_nd` of pictures, with square blocks.

    any[batch, height, width, channels] -> any[batch / b**2, ...]. ShapeError: the batch is no multiple, or the crops are too large.

    >>> tf.Session(jit=False).run(tf.batch_to_space([[[[1]]], [[[2]]], [[[3]]], [[[4]]]], [[0, 0], [0, 0]], 2))[0, :, :, 0]
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    block = block_shape if block_size is None else [block_size, block_size]
    return _to_space("batch_to_space", input, block, crops, name or "BatchToSpaceND")


def required_space_to_batch_paddings(input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None) -> tuple[Node, Node]:
    """Zeros that make sizes multiples of blocks, and as crops what of them `batch_to_space_nd` cuts off again: int32[m, 2] both.

    input_shape, block_shape: int32[m]; `base_paddings`: zeros that are there in any case, int32[m, 2]. DTypeError: other numbers. ShapeError:
    not as many.

    >>> paddings, crops = tf.required_space_to_batch_paddings([5, 7], [2, 3])
    >>> tf.Session(jit=False).run(paddings).tolist()
    [[0, 1], [0, 2]]
    """
    with get_default_graph().name_scope(name or "required_space_to_batch_paddings"):
        sizes, block = to_node(input_shape, np.int32), to_node(block_shape, np.int32)
        base = zeros([shape(block)[0], 2], np.int32) if base_paddings is None else to_node(base_paddings, np.int32)
        before, behind = base[:, 0], base[:, 1]
        more = floormod(block - floormod(sizes + before + behind, block), block)
        return stack([before, behind + more], axis=1, name="paddings"), stack([zeros_like(more), more], axis=1, name="crops")
