"""`tf.spectral`: Fourier and cosine transforms."""

from typing import TYPE_CHECKING

from .ops.fft import fft, fft2d, fft3d, ifft, ifft2d, ifft3d, irfft, irfft2d, irfft3d, rfft, rfft2d, rfft3d
from .ops.signals import dct, idct
from .tf1_names import getter as _getter

__all__ = ["dct", "fft", "fft2d", "fft3d", "idct", "ifft", "ifft2d", "ifft3d", "irfft", "irfft2d", "irfft3d", "rfft", "rfft2d", "rfft3d"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
