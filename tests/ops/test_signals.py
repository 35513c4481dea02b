"""Windows, frames, short-time Fourier and cosine transforms: TensorFlow's values, gradients, inverses, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import DTypeError, ShapeError

X = np.sin(np.arange(26.0) ** 2).reshape(2, 13)
Z = (np.cos(np.arange(50.0) ** 2) + 1j * np.sin(3 * np.arange(50.0))).reshape(2, 5, 5)

# Of TensorFlow 2.15 (`tf.compat.v1.signal`), recorded: an expression | dtype and shape | the sum of the values by their number, from 1 on.
VALUES = """
frame(x, 4, 3) | float64 2,4,4 | -59.5673909 0
frame(x, 4, 3, pad_end=True, pad_value=2.0) | float64 2,5,4 | 279.491039 0
frame(x, 1, 1, axis=0) | float64 2,1,13 | -30.7006992 0
frame(x, 14, 3) | float64 2,0,14 | 0 0
frame(x, 20, 3, pad_end=True) | float64 2,5,20 | -193.958312 0
overlap_and_add(frame(x, 4, 3), 2) | float64 2,10 | -38.9161979 0
stft(x, 5, 2) | complex128 2,5,5 | 64.2970066 114.376965
stft(x, 4, 2, fft_length=9, pad_end=True, window_fn=hamming_window) | complex128 2,7,5 | -13.1394129 253.71671
inverse_stft(z, 6, 2) | float64 2,14 | 9.71131926 0
inverse_stft(z, 8, 2, fft_length=8, window_fn=inverse_stft_window_fn(2)) | float64 2,16 | 4.24861866 0
inverse_stft(z, 11, 4, fft_length=8) | float64 2,27 | -11.7647819 0
hann_window(7) | float32 7 | 11.9999986 0
hann_window(8) | float32 8 | 19.9999986 0
hann_window(8, periodic=False) | float32 8 | 15.7499993 0
hann_window(1) | float32 1 | 1 0
hamming_window(6, dtype=float64) | float64 6 | 12.72 0
dct(x) | float64 2,13 | -426.81143 0
dct(x, norm='ortho') | float64 2,13 | -81.5123354 0
dct(x, type=3) | float64 2,13 | -270.108406 0
dct(x, type=3, norm='ortho') | float64 2,13 | -65.6873538 0
dct(x, type=1) | float64 2,13 | -210.016065 0
dct(x, n=5) | float64 2,5 | -82.0567476 0
dct(x, n=17) | float64 2,17 | -685.504891 0
idct(x) | float64 2,13 | -270.108406 0
idct(x, norm='ortho') | float64 2,13 | -65.6873538 0
fftshift(x) | float64 2,13 | -49.7144972 0
fftshift(x, axes=1) | float64 2,13 | -45.4628366 0
ifftshift(x) | float64 2,13 | -43.2812137 0
ifftshift(z, axes=[1, 2]) | complex128 2,5,5 | 185.576459 33.8522418
"""


def _written(expression: str, **tensors: Any) -> Any:
    return eval(expression, {**{n: getattr(tf.signal, n) for n in tf.signal.__all__}, "float64": tf.float64, **tensors})


@pytest.mark.parametrize("open_sizes", [False, True], ids=["static", "open"])
@pytest.mark.parametrize("row", VALUES.strip().splitlines(), ids=lambda row: row.partition(" | ")[0])
def test_values_are_tensorflows(row: str, open_sizes: bool) -> None:
    expression, of, total = row.split(" | ")
    x, z = (tf.placeholder(v.dtype, [None] * v.ndim if open_sizes else v.shape) for v in (X, Z))
    value = np.asarray(tf.Session(jit=False).run(_written(expression, x=x, z=z), {x: X, z: Z}))
    dtype, _, shape = of.partition(" ")
    assert value.dtype.name == dtype and list(value.shape) == [int(d) for d in shape.split(",") if d]
    counted = complex(np.sum(value * np.arange(1, value.size + 1).reshape(value.shape)))
    single = dtype in ("float32", "complex64")
    np.testing.assert_allclose([counted.real, counted.imag], [float(t) for t in total.split()], rtol=2e-6 if single else 1e-8, atol=1e-7)


def test_compiled_values_are_the_interpreted_ones() -> None:
    x, z = (tf.placeholder(v.dtype, [None, *v.shape[1:]]) for v in (X, Z))
    made = {row.partition(" | ")[0]: _written(row.partition(" | ")[0], x=x, z=z) for row in VALUES.strip().splitlines()}
    a, b = (tf.Session(jit=jit).run(made, {x: X, z: Z}) for jit in (False, True))
    for name, value in a.items():
        np.testing.assert_allclose(b[name], value, rtol=1e-6, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("expression", [
    "frame(x, 4, 3, pad_end=True)", "overlap_and_add(frame(x, 4, 3), 2)", "real(stft(x, 5, 2))", "inverse_stft(stft(x, 4, 2), 4, 2)", "dct(x)",
    "dct(x, norm='ortho')", "idct(x)", "dct(x, type=1)", "fftshift(x)",
])
def test_gradients(expression: str) -> None:
    tf.testing.check_grads(lambda x: _written(expression, x=x, real=tf.real), (X,), order=2, jit=False)


def test_transform_is_undone() -> None:
    """inverse_stft with the window made for it gives the signal back, but for the ends, which fewer frames cover; idct undoes dct."""
    signal = np.sin(np.arange(64.0) ** 1.5)
    spectra = tf.signal.stft(tf.constant(signal), 16, 4, fft_length=16)
    again = tf.signal.inverse_stft(spectra, 16, 4, fft_length=16, window_fn=tf.signal.inverse_stft_window_fn(4))
    back = tf.signal.idct(tf.signal.dct(tf.constant(signal), norm="ortho"), norm="ortho")
    there, cosine, shifted = tf.Session().run([again, back, tf.signal.ifftshift(tf.signal.fftshift(signal))])
    np.testing.assert_allclose(there[16:48], signal[16:48], atol=1e-12)
    np.testing.assert_allclose(cosine, signal, atol=1e-12)
    np.testing.assert_array_equal(shifted, signal)


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 9])
@pytest.mark.parametrize("pad_end", [False, True])
def test_frames_of_any_length(length: int, pad_end: bool) -> None:
    signal = np.arange(1.0, length + 1)
    count = -(-length // 3) if pad_end else max(0, 1 + (length - 4) // 3)
    padded = np.concatenate([signal, np.zeros(8)])
    wanted = np.array([padded[3 * k:3 * k + 4] for k in range(count)]).reshape(count, 4)
    for jit in (False, True):
        for x in (tf.placeholder(tf.float64, [None]), tf.placeholder(tf.float64, [length])):
            found = tf.Session(jit=jit).run(tf.signal.frame(x, 4, 3, pad_end=pad_end), {x: signal})
            np.testing.assert_array_equal(found, wanted)


BAD = [
    (lambda: tf.signal.frame(X, 0, 1), ShapeError, "frame: frame_length must be positive, not 0"),
    (lambda: tf.signal.frame(X, 2, -1), ShapeError, "frame: frame_step must be positive, not -1"),
    (lambda: tf.signal.frame(X, 2.5, 1), DTypeError, "frame: frame_length must be an integer, not 2.5"),
    (lambda: tf.signal.frame(X, tf.placeholder(tf.int32, []), 1), DTypeError, "must be known while the graph is built"),
    (lambda: tf.signal.frame(X, 2, 1, axis=2), ShapeError, "frame: axis 2 does not exist"),
    (lambda: tf.signal.frame(tf.placeholder(tf.float32), 2, 1, axis=0), ShapeError, "frame: the rank of"),
    (lambda: tf.signal.overlap_and_add([1.0], 1), ShapeError, "overlap_and_add: "), (lambda: tf.signal.stft([1, 2], 2, 1), DTypeError, "stft: "),
    (lambda: tf.signal.hann_window(0), ShapeError, "hann_window: window_length must be positive, not 0"),
    (lambda: tf.signal.hamming_window(3, dtype=tf.int32), DTypeError, "a window is floating, not int32"),
    (lambda: tf.signal.dct(X, type=4), ShapeError, "dct is of type 1, 2 or 3"), (lambda: tf.signal.dct(X, axis=0), ShapeError, "over the last axis"),
    (lambda: tf.signal.dct(X, type=1, norm="ortho"), ShapeError, "its norm None"),
    (lambda: tf.signal.dct([[1.0]], type=1), ShapeError, "two numbers"),
    (lambda: tf.signal.dct(Z), DTypeError, "is not floating"), (lambda: tf.signal.fftshift(X, axes=[2]), ShapeError, "axis 2 does not exist"),
    *((lambda f=f: f(tf.placeholder(tf.complex64)), ShapeError, "the rank of") for f in (
        tf.signal.fftshift, tf.signal.dct, lambda x: tf.signal.frame(x, 2, 1), lambda x: tf.signal.inverse_stft(x, 2, 1))),
]


@pytest.mark.parametrize("make, error, said", BAD, ids=[f"{i} {said}" for i, (*_, said) in enumerate(BAD)])
def test_bad(make: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert said in str(caught.value) and "test_signals.py" in str(caught.value)


def test_contrib_has_them_too():
    older, now = tf.contrib.signal, tf.signal
    assert dir(older) == dir(now)
    x = tf.constant(np.arange(16.0))
    run = tf.Session(jit=False).run
    np.testing.assert_array_equal(*run([s.stft(x, 8, 4, window_fn=s.hamming_window) for s in (older, now)]))
