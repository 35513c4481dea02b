"""Spectra as ears weigh them: bands of the mel scale, and the cepstral coefficients of their logarithms (Davis and Mermelstein 1980)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.known import as_int, static_value
from ..ir.node import Node, describe, dtype_of, here, saying
from ..ir.operator import to_node
from ..ir.types import float32
from .array_move import shape
from .math import cast, rsqrt
from .math_arithmetic import multiply
from .signals import dct

__all__ = ["linear_to_mel_weight_matrix", "mfccs_from_log_mel_spectrograms"]


def _mel(hertz: Any) -> Any:
    """O'Shaughnessy 1987, Speech Communication, with natural logarithms."""
    return 1127.0 * np.log1p(hertz / 700.0)


def _known(what: str, word: str, value: Any) -> float:
    known = static_value(value) if isinstance(value, Node) else value
    if known is None or isinstance(known, (str, bytes)) or np.shape(known) != ():
        raise DTypeError(f"{what}: {word} is a number that is known while the graph is built, not {value!r:.60}{here()}")
    return float(known)


def linear_to_mel_weight_matrix(num_mel_bins: Any = 20, num_spectrogram_bins: Any = 129, sample_rate: Any = 8000, lower_edge_hertz: Any = 125.0,
                                upper_edge_hertz: Any = 3800.0, dtype: Any = float32, name: str | None = None) -> Node:
    """The matrix that spectra, whose bins are even in frequency from 0 to half the sample rate, are multiplied by for bands even in mels.

    -> dtype[num_spectrogram_bins, num_mel_bins]: triangles that overlap by halves; the bin of frequency 0 has no weight. DTypeError: no
    floating dtype, no numbers. InvalidArgumentError: no bins, edges that do not rise from 0 to half the sample rate.

    >>> tf.Session(jit=False).run(tf.signal.linear_to_mel_weight_matrix(2, 3, 8000)).round(3)
    array([[0.   , 0.   ],
           [0.   , 0.903],
           [0.   , 0.   ]], dtype=float32)
    """
    what = "linear_to_mel_weight_matrix"
    kind = dtype_of(what, dtype)
    if not kind.is_floating:
        raise DTypeError(f"{what}: weights are floating, not {kind.name}{here()}")
    with saying(what):
        bands, bins = as_int(num_mel_bins, "num_mel_bins"), as_int(num_spectrogram_bins, "num_spectrogram_bins")
    rate, low, high = (_known(what, *pair) for pair in (("sample_rate", sample_rate), ("lower_edge_hertz", lower_edge_hertz),
                                                        ("upper_edge_hertz", upper_edge_hertz)))
    if bands < 1 or bins < 1 or rate <= 0 or not 0 <= low < high <= rate / 2:
        raise InvalidArgumentError(f"{what}: {bands} bands of {bins} bins from {low} to {high} Hz, of {rate} samples a second, are none{here()}")
    at = _mel(np.linspace(0.0, rate / 2, bins)[1:])[:, None]
    edges = np.linspace(_mel(low), _mel(high), bands + 2)
    first, middle, last = edges[:-2], edges[1:-1], edges[2:]
    weights = np.maximum(0.0, np.minimum((at - first) / (middle - first), (last - at) / (last - middle)))
    return to_node(np.pad(weights, [(1, 0), (0, 0)]).astype(kind.as_numpy_dtype), name=name)


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Node:
    """The cepstral coefficients of logarithms of mel bands: their cosine transform over the root of twice their number.

    float[..., bands] -> the same. DTypeError: not floating. ShapeError: no bands.

    >>> tf.Session(jit=False).run(tf.signal.mfccs_from_log_mel_spectrograms([1.0, 1.0])).round(3) + 0.0
    array([2., 0.], dtype=float32)
    """
    x = to_node(log_mel_spectrograms)
    count = None if x.type.shape is None else x.type.shape[-1] if x.type.shape else 0
    if count == 0:
        raise ShapeError(f"mfccs_from_log_mel_spectrograms: {describe(x)} has no bands{here()}")
    found = dct(x)
    return multiply(found, rsqrt(2.0 * cast(shape(found)[-1], found.dtype)), name=name)
