"""Signals in frames: windows, short-time Fourier transforms and what they are added up from; cosine transforms, and spectra about their middle."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.axes import normal_axis
from ..ir.known import as_int, static_value
from ..ir.node import Node, describe, dtype_of, here, saying
from ..ir.operator import to_node
from ..ir.sizes import unknown
from ..ir.types import float32
from .array import pad
from .array_fill import fill
from .array_index import range as numbers
from .array_join import concat, stack, tile
from .array_move import expand_dims, identity, reshape, reverse, shape, squeeze, transpose
from .fft import irfft, rfft
from .math import cast, cos, exp, maximum, square
from .math_complex import complex as of_parts
from .math_complex import real
from .ordering import roll
from .reduce import reduce_sum
from .scopes import composed
from .windows import overlaid, windows

__all__ = ["dct", "fftshift", "frame", "hamming_window", "hann_window", "idct", "ifftshift", "inverse_stft", "inverse_stft_window_fn",
           "overlap_and_add", "stft"]


def _positive(what: str, word: str, value: Any) -> int:
    """A whole number that is known while the graph is built."""
    with saying(what):
        n = as_int(value, word)
        if n < 1:
            raise ShapeError(f"{word} must be positive, not {n}")
        return n


def _length(x: Node, axis: int) -> Any:
    """The size of an axis, counted from the end: a number where it is known, else a scalar."""
    known = None if x.type.shape is None else x.type.shape[axis]
    return shape(x)[axis] if known is None else known


def _signal(what: str, value: Any, rank: int = 1) -> Node:
    x = to_node(value)
    if x.type.dtype.kind not in "fc":
        raise DTypeError(f"{what}: {describe(x)} is not of floating or complex numbers{here()}")
    if x.type.rank is None:
        raise ShapeError(f"{what}: the rank of {describe(x)} must be known{here()}")
    if x.type.rank < rank:
        raise ShapeError(f"{what}: {describe(x)} has not {rank} {'axis' if rank == 1 else 'axes'}{here()}")
    return x


# ---------------------------------------------------------------------- windows

def _cosine_window(what: str, window_length: Any, periodic: Any, dtype: Any, a: float, name: str | None) -> Node:
    """a - (1 - a) cos(2 pi k / n), n one less unless the window is to be periodic and its length is even: TensorFlow's rule."""
    kind = dtype_of(what, dtype)
    if not kind.is_floating:
        raise DTypeError(f"{what}: a window is floating, not {kind.name}{here()}")
    known = static_value(window_length) if isinstance(window_length, Node) else window_length
    if known is not None and not unknown(np.asarray(known)).any():
        length = _positive(what, "window_length", int(known))
        period = length + (length % 2 == 0) * bool(periodic) - 1
        k = np.arange(length)
        window = a - (1 - a) * np.cos(2 * np.pi * k / period) if length > 1 else np.ones(1)
        return to_node(window.astype(kind.as_numpy_dtype), name=name)
    length = cast(window_length, kind)
    even = 1.0 - length % 2.0 if periodic else 0.0
    k = cast(numbers(window_length), kind)
    return maximum(a - (1 - a) * cos(2 * math.pi * k / maximum(length + even - 1.0, 1.0)), cast(length <= 1.0, kind), name=name)


@composed("hann_window", "sub_2", op="Sub")
def hann_window(window_length: Any, periodic: bool = True, dtype: Any = float32, name: str | None = "hann_window") -> Node:
    """Half a period less of 1 - cos, from 0 to 1: 0.5 - 0.5 cos(2 pi k / n).

    window_length: int[] -> dtype[window_length]; `periodic`: n is the length, if that is even. DTypeError: no floating dtype. ShapeError: no
    length.

    >>> tf.Session(jit=False).run(tf.signal.hann_window(4))
    array([0. , 0.5, 1. , 0.5], dtype=float32)
    """
    return _cosine_window("hann_window", window_length, periodic, dtype, 0.5, name)


@composed("hamming_window", "sub_2", op="Sub")
def hamming_window(window_length: Any, periodic: bool = True, dtype: Any = float32, name: str | None = "hamming_window") -> Node:
    """0.54 - 0.46 cos(2 pi k / n), which does not fall to 0; otherwise as `hann_window`.

    window_length: int[] -> dtype[window_length]. DTypeError: no floating dtype. ShapeError: no length.

    >>> tf.Session(jit=False).run(tf.signal.hamming_window(4))
    array([0.08, 0.54, 1.  , 0.54], dtype=float32)
    """
    return _cosine_window("hamming_window", window_length, periodic, dtype, 0.54, name)


# ---------------------------------------------------------------------- frames

@composed("frame", "Reshape_3", op="Reshape")
def frame(signal: Any, frame_length: Any, frame_step: Any, pad_end: bool = False, pad_value: Any = 0, axis: int = -1,
          name: str | None = "frame") -> Node:
    """Parts of a signal, each `frame_length` long, that begin `frame_step` after one another; a view, unless the end is padded.

    any[..., n, ...] -> any[..., frames, frame_length, ...], n being of `axis`; `pad_end`: frames that reach beyond the end have `pad_value`
    there, else they are left out. DTypeError, ShapeError: no numbers, no such axis, no such lengths.

    >>> tf.Session(jit=False).run(tf.signal.frame([1.0, 2.0, 3.0, 4.0], 2, 1))
    array([[1., 2.],
           [2., 3.],
           [3., 4.]], dtype=float32)
    """
    length, step = _positive("frame", "frame_length", frame_length), _positive("frame", "frame_step", frame_step)
    x = to_node(signal)
    rank = x.type.rank
    if rank is None:
        raise ShapeError(f"frame: the rank of {describe(x)} must be known{here()}")
    with saying("frame"):
        at = normal_axis(axis, rank)
    if at != rank - 1:
        x = transpose(x, (*(k for k in range(rank) if k != at), at))
    n = _length(x, -1)
    count = -(-n // step) if pad_end else _at_least(1 + (n - length) // step, 0)
    # At least one frame, for windows that do not fit are a mistake elsewhere; it is left out if it is none.
    x = _behind(x, _at_least((_at_least(count, 1) - 1) * step * pad_end + length - n, 0), cast(to_node(pad_value), x.type.dtype))
    found = squeeze(windows(expand_dims(x, -1), window=(length,), strides=(step,)), axis=-1)[..., :count, :]
    if at == rank - 1:
        return identity(found, name=name)
    return transpose(found, (*range(at), rank - 1, rank, *range(at, rank - 1)), name=name)


def _at_least(n: Any, least: int) -> Any:
    return maximum(n, least) if isinstance(n, Node) else max(n, least)


def _behind(x: Node, count: Any, value: Any) -> Node:
    """x with so many of one value behind its last axis."""
    if count.__class__ is int and not count:
        return x
    more = stack([cast(count, np.int32) if isinstance(count, Node) else np.int32(count)])
    return concat([x, fill(concat([shape(x)[:-1], more], 0), value)], -1)


@composed("overlap_and_add", "strided_slice_1", op="StridedSlice")
def overlap_and_add(signal: Any, frame_step: Any, name: str | None = "overlap_and_add") -> Node:
    """The signal whose frames, each `frame_step` behind the one before, add up to it: what `frame` takes apart, of frames that do not overlap.

    number[..., frames, frame_length] -> number[..., (frames - 1) frame_step + frame_length]. DTypeError, ShapeError: no numbers, no frames.

    >>> tf.Session(jit=False).run(tf.signal.overlap_and_add([[1.0, 2.0], [10.0, 20.0]], 1))
    array([ 1., 12., 20.], dtype=float32)
    """
    x = _signal("overlap_and_add", signal, 2)
    step = _positive("overlap_and_add", "frame_step", frame_step)
    frames = _length(x, -2)
    with saying("overlap_and_add"):
        length = as_int(_length(x, -1), "the length of frames")
    n = _at_least((frames - 1) * step + length, 0)
    whole = concat([shape(x)[:-2], stack([cast(n, np.int32) if isinstance(n, Node) else np.int32(n), np.int32(1)])], 0)
    return squeeze(overlaid(expand_dims(x, -1), whole, window=(length,), strides=(step,)), axis=-1, name=name)


def _power_of_two(n: int) -> int:
    return 1 << (n - 1).bit_length()


@composed("stft", "rfft", op="RFFT")
def stft(signals: Any, frame_length: Any, frame_step: Any, fft_length: Any = None, window_fn: Callable[..., Any] | None = hann_window,
         pad_end: bool = False, name: str | None = "stft") -> Node:
    """The short-time Fourier transform: the spectra of a signal's frames, each times a window.

    float[..., n] -> complex[..., frames, fft_length // 2 + 1]; `fft_length` is by default the first power of 2 that is not below the frames'
    length. `window_fn`, of a length and a dtype, gives the window; None: there is none. DTypeError, ShapeError: as `frame` and `rfft`.

    >>> tf.Session(jit=False).run(tf.signal.stft(tf.ones([4]), 2, 2, window_fn=None))
    array([[2.+0.j, 0.+0.j],
           [2.+0.j, 0.+0.j]], dtype=complex64)
    """
    x = _signal("stft", signals)
    length = _positive("stft", "frame_length", frame_length)
    framed = frame(x, length, frame_step, pad_end=pad_end)
    if window_fn is not None:
        framed = framed * window_fn(length, dtype=x.dtype)
    return rfft(framed, [_power_of_two(length) if fft_length is None else fft_length], name=name)


def inverse_stft(stfts: Any, frame_length: Any, frame_step: Any, fft_length: Any = None, window_fn: Callable[..., Any] | None = hann_window,
                 name: str | None = "inverse_stft") -> Node:
    """The signal that the frames of a short-time Fourier transform, each times a window, add up to.

    complex[..., frames, fft_length // 2 + 1] -> float[..., n]. With the window that `inverse_stft_window_fn` makes, it is the signal that was
    transformed, but at its ends. DTypeError, ShapeError: as `irfft` and `overlap_and_add`.
    """
    x = _signal("inverse_stft", stfts, 2)
    length = _positive("inverse_stft", "frame_length", frame_length)
    whole = _positive("inverse_stft", "fft_length", _power_of_two(length) if fft_length is None else fft_length)
    frames = irfft(x, [whole])[..., :length]
    frames = _behind(frames, max(length - whole, 0), np.zeros((), frames.type.dtype))
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return overlap_and_add(frames, frame_step, name=name)


def inverse_stft_window_fn(frame_step: Any, forward_window_fn: Callable[..., Any] = hann_window,
                           name: str | None = "inverse_stft_window_fn") -> Callable[..., Node]:
    """The function that makes the window by which `inverse_stft` undoes `stft`: the forward one over the sum of its squares, where frames overlap.

    ShapeError: no step.
    """
    step = _positive("inverse_stft_window_fn", "frame_step", frame_step)

    def window(frame_length: Any, dtype: Any = float32) -> Node:
        length = _positive("inverse_stft_window_fn", "frame_length", frame_length)
        forward = to_node(forward_window_fn(length, dtype=dtype))
        overlaps = -(-length // step)
        squares = reshape(pad(square(forward), [[0, overlaps * step - length]]), [overlaps, step])
        sums = reshape(tile(reduce_sum(squares, 0, keepdims=True), [overlaps, 1]), [overlaps * step])[:length]
        return forward / sums

    return window


# ---------------------------------------------------------------------- cosine transforms

_INVERSE = {1: 1, 2: 3, 3: 2}


def dct(input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: str | None = None, name: str | None = "dct") -> Node:
    """The discrete cosine transform of type 1, 2 or 3 over the last axis, by a Fourier transform of twice the length.

    float[..., m] -> float[..., n]: cut to n numbers, or with zeros behind. `norm` "ortho", of types 2 and 3: an orthogonal matrix.
    DTypeError: no floating numbers. ShapeError: no such type, norm, length or axis.

    >>> tf.Session(jit=False).run(tf.signal.dct([1.0, 2.0, 3.0])).round(3) + 0.0
    array([12.   , -3.464,  0.   ], dtype=float32)
    """
    x = _signal("dct", input)
    if x.type.dtype.kind != "f":
        raise DTypeError(f"dct: {describe(x)} is not floating{here()}")
    if type not in _INVERSE or axis != -1 or norm not in (None, "ortho") or (norm and type == 1):
        raise ShapeError(f"dct is of type 1, 2 or 3, over the last axis, its norm None or (of types 2 and 3) 'ortho', not {type!r}, {axis!r}, "
                         f"{norm!r}{here()}")
    if n is not None:
        length = _positive("dct", "n", n)
        x = x[..., :length]
        x = _behind(x, length - _length(x, -1), np.zeros((), x.type.dtype))
    return (_dct_1 if type == 1 else _dct_2 if type == 2 else _dct_3)(x, norm, name)


def idct(input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: str | None = None, name: str | None = "idct") -> Node:
    """The inverse of `dct` of that type: the transform of the other type, of which `norm` "ortho" is exact, and others are 2 n times the inverse.

    float[..., m] -> float[..., m]. Errors as `dct`.
    """
    return dct(input, _INVERSE.get(type, type), n, axis, norm, name)


def _angles(n: Any, dtype: Any) -> Node:
    """pi k / 2 n of k below n."""
    return cast(numbers(n), dtype) * (0.5 * math.pi) / (cast(n, dtype) if isinstance(n, Node) else float(n))


def _orthogonal(n: Any, dtype: Any, first: float, others: float) -> Node:
    """Factors of n frequencies, of which the first has another than the others."""
    k = cast(numbers(n), dtype)
    return cast(k <= 0.0, dtype) * (first - others) + others


def _root(n: Any, dtype: Any) -> Any:
    return cast(n, dtype) ** 0.5 if isinstance(n, Node) else float(n) ** 0.5


def _dct_1(x: Node, norm: str | None, name: str | None) -> Node:
    n = _length(x, -1)
    if not isinstance(n, Node) and n < 2:
        raise ShapeError(f"dct: type 1 is of two numbers or more, not {n}{here()}")
    return real(rfft(concat([x, reverse(x, [-1])[..., 1:-1]], -1)), name=name)


def _dct_2(x: Node, norm: str | None, name: str | None) -> Node:
    n, dtype = _length(x, -1), x.dtype
    angles = _angles(n, dtype)
    turned = 2.0 * exp(of_parts(0.0, -angles))
    found = real(rfft(x, [2 * n])[..., :n] * turned)
    if norm == "ortho":
        found = found * (_orthogonal(n, dtype, 0.5, 0.5 * math.sqrt(2.0)) / _root(n, dtype))
    return identity(found, name=name)


def _dct_3(x: Node, norm: str | None, name: str | None) -> Node:
    n, dtype = _length(x, -1), x.dtype
    turned = 2.0 * exp(of_parts(0.0, _angles(n, dtype)))
    x = x * (_orthogonal(n, dtype, 1.0, math.sqrt(0.5)) * _root(n, dtype) if norm == "ortho" else cast(n, dtype) if isinstance(n, Node) else float(n))
    return identity(irfft(turned * of_parts(x, 0.0), [2 * n])[..., :n], name=name)


# ---------------------------------------------------------------------- spectra about their middle

def _shifted(what: str, x: Any, axes: Any, inverse: bool, name: str | None) -> Node:
    node = to_node(x)
    if axes is None and node.type.rank is None:
        raise ShapeError(f"{what}: the rank of {describe(node)} must be known, or axes given{here()}")
    with saying(what):
        given = range(node.type.rank or 0) if axes is None else axes if isinstance(axes, (list, tuple, np.ndarray)) else [axes]
        chosen = [normal_axis(as_int(a, "axes"), node.type.rank) for a in given]
    sizes = [_length(node, a) for a in chosen]
    if not chosen:
        return identity(node, name=name)
    return roll(node, [n - n // 2 if inverse else n // 2 for n in sizes], chosen, name=name)


@composed("fftshift", op="Roll")
def fftshift(x: Any, axes: Any = None, name: str | None = "fftshift") -> Node:
    """A spectrum with the frequency 0 in the middle of the axes (of all without them): each is turned by half of its size, rounded down.

    any[...] -> any[...]. ShapeError: no such axes.

    >>> tf.Session(jit=False).run(tf.signal.fftshift([0, 1, 2, 3, 4]))
    array([3, 4, 0, 1, 2], dtype=int32)
    """
    return _shifted("fftshift", x, axes, False, name)


@composed("ifftshift", op="Roll")
def ifftshift(x: Any, axes: Any = None, name: str | None = "ifftshift") -> Node:
    """What `fftshift` turned, turned back.

    any[...] -> any[...]. ShapeError: no such axes.

    >>> tf.Session(jit=False).run(tf.signal.ifftshift([3, 4, 0, 1, 2]))
    array([0, 1, 2, 3, 4], dtype=int32)
    """
    return _shifted("ifftshift", x, axes, True, name)
