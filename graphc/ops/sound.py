"""Sound from the bytes of WAV files, and back: 16 bits a sample (Microsoft and IBM, Multimedia Programming Interface, 1991)."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.node import Node
from ..ir.operator import Values, declare
from ..ir.types import TEXT, Array, TensorType, shape_str
from .array_move import Types
from .layouts import made, operands, telling

__all__ = ["decode_wav", "encode_wav"]

_LOUDEST = 1 << 15
_INT32 = np.dtype(np.int32)


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """The parts of a file by their names. InvalidArgumentError: it is none."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise InvalidArgumentError(f"{len(data)} bytes are no WAV file: they begin with {data[:12]!r}")
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, size = data[at:at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name == b"data" or at + 8 + size <= len(data):
            found.setdefault(name, data[at + 8:at + 8 + size])
        at += 8 + size + size % 2
    return found


def wav_samples(data: bytes) -> tuple[Array, int]:
    """The samples of a file, float32[samples, channels] from -1 to 1, and how many there are a second. InvalidArgumentError: no such file."""
    parts = _chunks(data)
    if len(parts.get(b"fmt ", b"")) < 16 or b"data" not in parts:
        raise InvalidArgumentError("a WAV file without its format, or without its samples")
    code, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", parts[b"fmt "])
    if code not in (1, 0xFFFE) or bits != 16 or not channels:
        raise InvalidArgumentError(f"a WAV file of format {code} with {bits} bits a sample; whole numbers of 16 bits are read")
    whole = len(parts[b"data"]) // (2 * channels)
    numbers = np.frombuffer(parts[b"data"], "<i2", whole * channels).reshape(whole, channels)
    return numbers.astype(np.float32) * np.float32(1 / _LOUDEST), rate


def wav_file(samples: Array, rate: int) -> bytes:
    """Samples, float32[samples, channels], as a file; what is louder than 1 is as loud as a file can have it."""
    if rate <= 0 or not samples.size:
        raise InvalidArgumentError(f"{rate} samples a second of the shape {shape_str(samples.shape)} are no sound")
    scaled = samples.astype(np.float64) * _LOUDEST
    away = np.trunc(scaled + np.copysign(0.5, scaled))          # halves away from zero, as C's roundf
    data = np.clip(np.nan_to_num(away), -_LOUDEST, _LOUDEST - 1).astype("<i2").tobytes()
    channels = samples.shape[1]
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    return b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data


def _decode_attrs(types: Types, channels: Any, samples: Any) -> dict[str, Any]:
    for word, n in (("desired_channels", channels), ("desired_samples", samples)):
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < -1:
            raise ShapeError(f"{word} is a whole number, or -1 for what the file has, not {n!r:.40}")
    return {"channels": int(channels), "samples": int(samples)}


def _decoded(types: Types, values: Values, channels: int, samples: int) -> Any:
    (contents,) = types
    if contents.dtype != TEXT or contents.shape not in ((), None):
        raise DTypeError(f"the contents must be a single string, not {contents}")
    sizes = (None if samples == -1 else samples, None if channels == -1 else channels)
    return TensorType(np.dtype(np.float32), sizes), TensorType(_INT32, ())


@declare("host", _decoded, op_type="DecodeWav", text=True, prepare=_decode_attrs, pure=False)
def sound_of(contents: Any, *, channels: int = -1, samples: int = -1) -> Any:
    """The samples of a WAV file and their rate."""
    found, rate = wav_samples(np.asarray(contents, object).item())
    wanted = found.shape[1] if channels == -1 else channels
    found = found[:, np.minimum(np.arange(wanted), found.shape[1] - 1)]         # what a file lacks is its last channel
    if samples != -1:
        found = np.concatenate([found[:samples], np.zeros((max(0, samples - len(found)), wanted), np.float32)])
    return found, np.array(rate, np.int32)


def _encoded(types: Types, values: Values) -> TensorType:
    audio, rate = types
    if audio.dtype != np.float32 or rate.dtype != _INT32:
        raise DTypeError(f"sound is float32 and its rate int32, not {audio} and {rate}")
    if (audio.shape is not None and len(audio.shape) != 2) or rate.shape not in ((), None):
        raise ShapeError(f"sound is [samples, channels] and its rate a scalar, not {audio} and {rate}")
    return TensorType(TEXT, ())


@declare("host", _encoded, op_type="EncodeWav", text=True, prepare=lambda types: {}, pure=False)
def sound_file_of(audio: Any, sample_rate: Any) -> Any:
    """Sound as the bytes of a WAV file."""
    found = np.empty((), object)
    found[()] = wav_file(audio, int(sample_rate))
    return found


def decode_wav(contents: Any, desired_channels: int = -1, desired_samples: int = -1, name: str | None = None) -> tuple[Node, Node]:
    """The samples of a WAV file of 16 bits a sample, from -1 to 1, and their rate.

    contents: string[] -> float32[samples, channels], int32[]; -1: as many as the file has. What it lacks are zeros at the end, and its last channel.
    ShapeError, DTypeError: not so. InvalidArgumentError, when run: no such file.

    >>> audio, rate = tf.audio.decode_wav(tf.audio.encode_wav([[0.5], [-1.0]], 8000))
    >>> tf.Session(jit=False).run((audio, rate))
    (array([[ 0.5],
           [-1. ]], dtype=float32), np.int32(8000))
    """
    (text,) = operands("decode_wav", contents=contents)
    with telling("decode_wav", text):
        found: Any = made(sound_of, [text], {"channels": desired_channels, "samples": desired_samples}, name or "DecodeWav")
    audio, rate = found
    return audio, rate


def encode_wav(audio: Any, sample_rate: Any, name: str | None = None) -> Node:
    """Sound as the bytes of a WAV file of 16 bits a sample; samples beyond -1 and 1 are cut off.

    audio: float32[samples, channels], sample_rate: int32[] -> string[]. ShapeError, DTypeError: not so.

    >>> tf.Session(jit=False).run(tf.audio.encode_wav([[0.5]], 8000))[:4]
    b'RIFF'
    """
    x, rate = operands("encode_wav", audio=audio, sample_rate=sample_rate)
    with telling("encode_wav", x, rate):
        return made(sound_file_of, [x, rate], {}, name or "EncodeWav")
