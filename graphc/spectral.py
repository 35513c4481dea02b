"""`tf.spectral`: Fourier and cosine transforms."""

from .ops.fft import fft, fft2d, fft3d, ifft, ifft2d, ifft3d, irfft, irfft2d, irfft3d, rfft, rfft2d, rfft3d
from .ops.signals import dct, idct
from .tf1_names import namespace as _namespace

__all__ = ["dct", "fft", "fft2d", "fft3d", "idct", "ifft", "ifft2d", "ifft3d", "irfft", "irfft2d", "irfft3d", "rfft", "rfft2d", "rfft3d"]

_namespace(globals())
