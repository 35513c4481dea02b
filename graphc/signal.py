"""`tf.signal`: Fourier and cosine transforms, windows, and signals in frames."""

from typing import TYPE_CHECKING

from .ops.fft import fft, fft2d, fft3d, ifft, ifft2d, ifft3d, irfft, irfft2d, irfft3d, rfft, rfft2d, rfft3d
from .ops.signals import (
    dct,
    fftshift,
    frame,
    hamming_window,
    hann_window,
    idct,
    ifftshift,
    inverse_stft,
    inverse_stft_window_fn,
    overlap_and_add,
    stft,
)
from .tf1_names import getter as _getter

__all__ = ["dct", "fft", "fft2d", "fft3d", "fftshift", "frame", "hamming_window", "hann_window", "idct", "ifft", "ifft2d", "ifft3d", "ifftshift",
           "inverse_stft", "inverse_stft_window_fn", "irfft", "irfft2d", "irfft3d", "overlap_and_add", "rfft", "rfft2d", "rfft3d", "stft"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
