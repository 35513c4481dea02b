"""Fourier transforms over the last one to three axes, of complex and of real signals, by NumPy's pocketfft between kernels.

The gradient rules are transposes: a transform's matrix is symmetric, so a complex transform is its own. Of a real signal's spectrum, of
which half is kept, each frequency but the first (and the last, if the length is even) stands for two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.known import static_value
from ..ir.node import OPERATORS, Node, describe, here, saying
from ..ir.operator import Values, declare, to_node
from ..ir.sizes import unknown
from ..ir.types import TensorType, compatible
from .array_fill import zeros
from .array_join import concat, stack
from .array_move import Types, shape
from .math import cast, equal, logical_or, maximum, where
from .math_complex import conj

__all__ = ["fft", "ifft", "fft2d", "ifft2d", "fft3d", "ifft3d", "rfft", "irfft", "rfft2d", "irfft2d", "rfft3d", "irfft3d"]

# How many axes each transform is over.
_AXES = {"fft": 1, "ifft": 1, "fft2d": 2, "ifft2d": 2, "fft3d": 3, "ifft3d": 3,
         "rfft": 1, "rfft2d": 2, "rfft3d": 3, "irfft": 1, "irfft2d": 2, "irfft3d": 3}


def _attrs(first: str) -> Callable[..., dict[str, Any]]:
    def attrs(types: Types, of: Any) -> dict[str, Any]:
        if of not in _AXES or not of.lstrip("i").startswith(first.lstrip("i")) or first[0] == "i" != of[0]:
            raise GraphError(f"there is no transform {of!r:.40}")
        return {"of": of}
    return attrs


def _check(t: TensorType, kind: str, of: str) -> None:
    """DTypeError, ShapeError: a transform does not take tensors of this type."""
    if t.dtype.kind != kind:
        wanted = "complex numbers, which tf.cast and tf.complex make" if kind == "c" else "floating numbers"
        raise DTypeError(f"{of} takes {wanted}, not {t.dtype}")
    if t.rank is not None and t.rank < _AXES[of]:
        raise ShapeError(f"{of} is over the last {_AXES[of]} axes, of which rank {t.rank} has not so many")


def _last(x: Any, of: str) -> tuple[int, ...]:
    return tuple(range(np.ndim(x) - _AXES[of], np.ndim(x)))


# ---------------------------------------------------------------------- complex signals

def _complex_type(types: Types, values: Values, of: str) -> TensorType:
    _check(types[0], "c", of)
    return types[0]


_Z = np.array([[1.0 + 2.0j, -0.5, 3.0j], [0.25 - 1.0j, 2.0, -1.0 - 1.0j]])
_CUBE = np.stack([_Z, 2j * _Z])


def _own_grad(g: Node, y: Node, x: Node, of: str) -> tuple[Node]:
    return (OPERATORS["fourier"](g, of=of),)


def _called(node: Node) -> str:
    """What TensorFlow calls the transform: FFT, IRFFT2D."""
    return str(node.attrs["of"]).upper()


@declare("host", _complex_type, name="fourier", op_type=_called, batch="leading", complex=True, prepare=_attrs("fft"), kinds={"of": (str,)},
         grad=_own_grad,
         samples=(([_Z], {"of": "fft"}), ([_Z], {"of": "ifft2d"}), ([_CUBE], {"of": "fft3d"}), ([np.zeros((0, 3), complex)], {"of": "fft"}),
                  ([np.zeros((2, 0), complex)], {"of": "ifft"})))
def fourier(x: Any, *, of: Any) -> Any:
    """The transform named `of` over the last axes: y_k = sum x_j exp(-2 pi i j k / n), or its inverse, which has the other sign and 1 / n."""
    if not x.size:
        return x
    if _AXES[of] == 1:              # a third of the calls of Python that several axes take
        return getattr(np.fft, of)(x)
    return (np.fft.ifftn if of[0] == "i" else np.fft.fftn)(x, axes=_last(x, of))


# ---------------------------------------------------------------------- real signals

def _half(n: Any) -> Any:
    """How many frequencies of a real signal of n numbers are kept."""
    return None if n is None else n // 2 + 1


def _weights(n: Any, total: Any, dtype: np.dtype[Any], over: bool) -> Any:
    """For each frequency kept of n numbers, how many of all it stands for, over their number `total`; the reciprocals, unless `over`."""
    if not isinstance(n, Node) and not isinstance(total, Node):
        count = np.full(n // 2 + 1, 2.0)
        count[0] = 1.0
        if n % 2 == 0:
            count[-1] = 1.0
        return (count / total if over else total / count).astype(dtype)
    k = OPERATORS["iota"]([n // 2 + 1])
    count = cast(where(logical_or(equal(k, 0), equal(2 * k, n)), 1.0, 2.0), dtype)
    total = cast(total, dtype) if isinstance(total, Node) else np.asarray(total, dtype)
    return count / total if over else total / count


def _lengths(x: Node, axes: int) -> list[Any]:
    """The sizes of the last axes: numbers where they are known, else scalars."""
    dims = (None,) * axes if x.type.shape is None else x.type.shape[-axes:]
    return [shape(x)[k - axes] if d is None else d for k, d in enumerate(dims)]


def _product(lengths: Sequence[Any]) -> Any:
    if not any(isinstance(n, Node) for n in lengths):
        return math.prod(lengths)
    return OPERATORS["reduce_prod"](stack([cast(n, np.int64) if isinstance(n, Node) else np.int64(n) for n in lengths]))


def _real_grad(g: Node, y: Node, x: Node, of: str) -> tuple[Node]:
    lengths = _lengths(x, _AXES[of])
    scale = _weights(lengths[-1], _product(lengths), x.type.dtype, over=False)
    return (inverse_real_fourier(conj(g) * cast(scale, y.type.dtype), lengths[-1], of=f"i{of}"),)


def _real_type(types: Types, values: Values, of: str) -> TensorType:
    (x,) = types
    _check(x, "f", of)
    dtype = np.result_type(x.dtype, np.complex64)
    return TensorType(dtype, None if x.shape is None else (*x.shape[:-1], _half(x.shape[-1])))


@declare("host", _real_type, name="real_fourier", op_type=_called, batch="leading", prepare=_attrs("rfft"), kinds={"of": (str,)}, grad=_real_grad,
         samples=(([(2, 5)], {"of": "rfft"}), ([(3, 4)], {"of": "rfft2d"}), ([(2, 3, 3)], {"of": "rfft3d"}), ([(0, 4)], {"of": "rfft"})))
def real_fourier(x: Any, *, of: Any) -> Any:
    """The transform named `of` of real signals, without the frequencies that are conjugates of others: n // 2 + 1 along the last axis."""
    if not x.size:
        return np.zeros((*x.shape[:-1], _half(x.shape[-1])), np.result_type(x.dtype, np.complex64))
    return np.fft.rfft(x) if _AXES[of] == 1 else np.fft.rfftn(x, axes=_last(x, of))


def _inverse_grad(g: Node, y: Node, x: Node, length: Node, of: str) -> tuple[Node, None]:
    lengths = _lengths(y, _AXES[of])
    scale = _weights(lengths[-1], _product(lengths), y.type.dtype, over=True)
    return conj(real_fourier(g, of=of[1:])) * cast(scale, x.type.dtype), None


def _inverse_type(types: Types, values: Values, of: str) -> TensorType:
    x, length = types
    _check(x, "c", of)
    if length.dtype.kind not in "iu" or not compatible(length.shape, ()):
        raise DTypeError(f"a length is a whole number, not {length}")
    known = values[1]
    n = None if known is None or unknown(known).any() else known.reshape(())[()]
    dtype = np.zeros((), x.dtype).real.dtype
    if x.shape is None:
        return TensorType(dtype, None)
    if n is not None and not compatible((x.shape[-1],), (_half(n),)):
        raise ShapeError(f"a signal of {n} numbers has {_half(n)} frequencies, not {x.shape[-1]}")
    return TensorType(dtype, (*x.shape[:-1], n))        # type: ignore[arg-type]


@declare("host", _inverse_type, name="inverse_real_fourier", op_type=_called, batch="leading", complex=True, prepare=_attrs("irfft"),
         kinds={"of": (str,)},
         by_value=(1,), fixed={"length": "int32"}, grad=_inverse_grad,
         samples=(([_Z, np.array(4)], {"of": "irfft"}), ([_Z, np.array(5)], {"of": "irfft2d"}), ([_CUBE, np.array(4)], {"of": "irfft3d"}),
                  ([np.zeros((0, 3), complex), np.array(4)], {"of": "irfft"})))
def inverse_real_fourier(x: Any, length: Any, *, of: Any) -> Any:
    """The real signals, `length` numbers along the last axis, whose spectra `real_fourier` gives."""
    n, dtype = int(length), x.real.dtype
    if _half(n) != x.shape[-1]:
        raise InvalidArgumentError(f"a signal of {n} numbers has {_half(n)} frequencies, not {x.shape[-1]}")
    if not x.size or not n:
        return np.zeros((*x.shape[:-1], n), dtype)
    if _AXES[of] == 1:
        return np.fft.irfft(x, n)
    return np.fft.irfftn(x, [*x.shape[np.ndim(x) - _AXES[of]:-1], n], axes=_last(x, of))


# ---------------------------------------------------------------------- sizes

def _given(of: str, fft_length: Any) -> list[Any]:
    """The lengths that the caller wants, each a number where it is known."""
    axes = _AXES[of]
    with saying(of):
        node = to_node(fft_length)
        if node.type.dtype.kind not in "iu" or not compatible(node.type.shape, (axes,)):
            raise ShapeError(f"fft_length is {axes} whole number{'s' * (axes > 1)}, not {describe(node)}{here()}")
    known = static_value(node)
    if known is None or unknown(known).any():
        return [node[k] for k in range(axes)]
    lengths = [int(n) for n in known.tolist()]
    if min(lengths) < 0:
        raise ShapeError(f"{of}: fft_length {lengths} is negative{here()}")
    return lengths


def _resized(x: Node, lengths: Sequence[Any]) -> Node:
    """x with its last axes cut, or zeros behind what they have, to these lengths."""
    for back, n, d in zip(range(len(lengths), 0, -1), lengths, _lengths(x, len(lengths)), strict=True):
        known = not isinstance(n, Node) and not isinstance(d, Node)
        if not known or n < d:
            x = x[(Ellipsis, slice(None, n), *[slice(None)] * (back - 1))]
        if not known or n > d:
            dims = shape(x)
            more = stack([np.int32(n - d) if known else cast(maximum(n - d, 0), np.int32)])
            x = concat([x, zeros(concat([dims[:-back], more, *[dims[1 - back:]] * (back > 1)], 0), x.dtype)], -back)
    return x


def _spectrum(of: str, input: Any, fft_length: Any, name: str | None) -> Node:
    """The transform of real signals, of the lengths that are wanted."""
    x = to_node(input)
    with saying(of):
        _check(x.type, "f", of)
    return real_fourier(x if fft_length is None else _resized(x, _given(of, fft_length)), of=of, name=name or of)


def _signal(of: str, input: Any, fft_length: Any, name: str | None) -> Node:
    """The signals of spectra, of the lengths that are wanted: without any, of the even one that goes with the last axis."""
    x = to_node(input)
    with saying(of):
        _check(x.type, "c", of)
    if fft_length is None:
        count = _lengths(x, 1)[0]
        n = maximum(2 * (count - 1), 0) if isinstance(count, Node) else max(2 * (count - 1), 0)
        if n.__class__ is int and not n:
            return OPERATORS["real"](x[..., :0], name=name or of)
        return inverse_real_fourier(x, n, of=of, name=name or of)
    lengths = _given(of, fft_length)
    return inverse_real_fourier(_resized(x, [*lengths[:-1], _half(lengths[-1])]), lengths[-1], of=of, name=name or of)


# ---------------------------------------------------------------------- by name

def fft(input: Any, name: str | None = None) -> Node:
    """The discrete Fourier transform over the last axis.

    complex[..., n] -> the same type. DTypeError: no complex numbers. ShapeError: too few axes.

    >>> tf.Session(jit=False).run(tf.spectral.fft(tf.constant([1, 2], tf.complex64)))
    array([ 3.+0.j, -1.+0.j], dtype=complex64)
    """
    return fourier(input, of="fft", name=name or "FFT")


def ifft(input: Any, name: str | None = None) -> Node:
    """The inverse of `fft`, over the last axis.

    complex[..., n] -> the same type. DTypeError: no complex numbers. ShapeError: too few axes.

    >>> tf.Session(jit=False).run(tf.spectral.ifft(tf.constant([3, -1], tf.complex64)))
    array([1.+0.j, 2.+0.j], dtype=complex64)
    """
    return fourier(input, of="ifft", name=name or "IFFT")


def fft2d(input: Any, name: str | None = None) -> Node:
    """The discrete Fourier transform over the last two axes.

    complex[..., m, n] -> the same type. DTypeError: no complex numbers. ShapeError: too few axes.
    """
    return fourier(input, of="fft2d", name=name or "FFT2D")


def ifft2d(input: Any, name: str | None = None) -> Node:
    """The inverse of `fft2d`, over the last two axes.

    complex[..., m, n] -> the same type. DTypeError: no complex numbers. ShapeError: too few axes.
    """
    return fourier(input, of="ifft2d", name=name or "IFFT2D")


def fft3d(input: Any, name: str | None = None) -> Node:
    """The discrete Fourier transform over the last three axes.

    complex[..., l, m, n] -> the same type. DTypeError: no complex numbers. ShapeError: too few axes.
    """
    return fourier(input, of="fft3d", name=name or "FFT3D")


def ifft3d(input: Any, name: str | None = None) -> Node:
    """The inverse of `fft3d`, over the last three axes.

    complex[..., l, m, n] -> the same type. DTypeError: no complex numbers. ShapeError: too few axes.
    """
    return fourier(input, of="ifft3d", name=name or "IFFT3D")


def rfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Node:
    """The Fourier transform of real signals over the last axis, without the frequencies that are conjugates of others.

    float[..., n] -> complex[..., n // 2 + 1]; `fft_length`, int[1]: the lengths to which signals are cut, or filled with zeros.
    DTypeError: no floating numbers. ShapeError: too few axes, or lengths that fit none.

    >>> tf.Session(jit=False).run(tf.spectral.rfft([1.0, 2.0, 0.0]))
    array([3.+0.j       , 0.-1.73205...j], dtype=complex64)
    """
    return _spectrum("rfft", input_tensor, fft_length, name)


def irfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Node:
    """The real signals whose spectra `rfft` gives.

    complex[..., n // 2 + 1] -> float[..., n]; `fft_length`, int[1]: the signals' lengths, by default the even n that goes with the last axis.
    DTypeError: no complex numbers. ShapeError: too few axes, or lengths that fit none.

    >>> tf.Session(jit=False).run(tf.spectral.irfft(tf.constant([3, -1], tf.complex64)))
    array([1., 2.], dtype=float32)
    """
    return _signal("irfft", input_tensor, fft_length, name)


def rfft2d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Node:
    """The Fourier transform of real signals over the last two axes, without the frequencies that are conjugates of others.

    float[..., m, n] -> complex[..., m, n // 2 + 1]; `fft_length`, int[2]: the lengths to which signals are cut, or filled with zeros.
    DTypeError: no floating numbers. ShapeError: too few axes, or lengths that fit none.
    """
    return _spectrum("rfft2d", input_tensor, fft_length, name)


def irfft2d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Node:
    """The real signals whose spectra `rfft2d` gives.

    complex[..., m, n // 2 + 1] -> float[..., m, n]; `fft_length`, int[2]: the signals' lengths, by default the even n that goes with the last axis.
    DTypeError: no complex numbers. ShapeError: too few axes, or lengths that fit none.
    """
    return _signal("irfft2d", input_tensor, fft_length, name)


def rfft3d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Node:
    """The Fourier transform of real signals over the last three axes, without the frequencies that are conjugates of others.

    float[..., l, m, n] -> complex[..., l, m, n // 2 + 1]; `fft_length`, int[3]: the lengths to which signals are cut, or filled with
    zeros. DTypeError: no floating numbers. ShapeError: too few axes, or lengths that fit none.
    """
    return _spectrum("rfft3d", input_tensor, fft_length, name)


def irfft3d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Node:
    """The real signals whose spectra `rfft3d` gives.

    complex[..., l, m, n // 2 + 1] -> float[..., l, m, n]; `fft_length`, int[3]: the signals' lengths, by default the even n that goes
    with the last axis.
    DTypeError: no complex numbers. ShapeError: too few axes, or lengths that fit none.
    """
    return _signal("irfft3d", input_tensor, fft_length, name)
