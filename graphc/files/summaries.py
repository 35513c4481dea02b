"""What event files have of a value: a number, a histogram, pictures, as bytes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..ops.sound import wav_file
from . import events
from .event_messages import Summary
from .tensor_proto import tensor_message


def scalar(value: Any, tag: str) -> bytes:
    """A number."""
    return events.value(tag, events.single(2, float(np.asarray(value).item())))


def histogram(value: Any, tag: str) -> bytes:
    """How many elements fall into each of TensorFlow's buckets. InvalidArgumentError: one is not finite."""
    values = np.asarray(value, np.float64)
    if not np.isfinite(values).all():
        raise InvalidArgumentError(f"histogram {tag}: there are values that are not finite")
    return events.value(tag, events.put_bytes(5, events.histogram(values, limits())))


@cache
def limits() -> list[float]:
    """TensorFlow's buckets: each a tenth wider than the one before, from 1e-12 to 1e20, of both signs."""
    positive = (1e-12 * 1.1 ** np.arange(int(np.log(1e32) / np.log(1.1)) + 1)).tolist()
    return [-v for v in reversed(positive)] + [0.0] + positive + [float(np.finfo(np.float64).max)]


def image(value: Any, tag: str, max_outputs: int) -> bytes:
    """The first of several pictures, any[n, height, width, channels], each a PNG."""
    pictures = pixels(np.asarray(value)[:max_outputs])
    names = [f"{tag}/image"] if max_outputs == 1 else [f"{tag}/image/{i}" for i in range(len(pictures))]
    return b"".join(events.value(name, events.put_bytes(4, events.picture(p))) for name, p in zip(names, pictures, strict=True))


def audio(value: Any, rate: float, tag: str, most: int) -> bytes:
    """The first of several sounds, float32[n, samples(, channels)], each a WAV file."""
    sounds = np.asarray(value, np.float32)
    sounds = (sounds[:, :, None] if sounds.ndim == 2 else sounds)[:most]
    names = [f"{tag}/audio"] if most == 1 else [f"{tag}/audio/{i}" for i in range(len(sounds))]
    made = Summary()
    for name, sound in zip(names, sounds, strict=True):
        made.value.add(tag=name, audio=Summary.Audio(sample_rate=rate, num_channels=sound.shape[1], length_frames=sound.shape[0],
                                                     encoded_audio_string=wav_file(sound, int(rate)), content_type="audio/wav"))
    return made.SerializeToString()


def tensor(value: Any, tag: str, metadata: bytes) -> bytes:
    """A tensor as it is."""
    made = Summary.Value(tag=tag, tensor=tensor_message(value))
    if metadata:
        made.metadata.ParseFromString(metadata)
        made.metadata.__dict__["_told"] = True
    return Summary(value=[made]).SerializeToString()


def pixels(pictures: Any) -> Any:
    """TensorFlow's rule for floats: from 0 to the largest as 0 to 255 if none is negative, else 0 is 127 and the largest size 127 away."""
    if pictures.dtype != np.uint8:
        shown = np.nan_to_num(pictures.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        axes = tuple(range(1, shown.ndim))
        low, size = shown.min(axis=axes, keepdims=True, initial=0.0), np.abs(shown).max(axis=axes, keepdims=True, initial=0.0)
        scale = np.where(size > 0, np.where(low < 0, 127.0, 255.0) / np.where(size > 0, size, 1.0), 0.0)
        pictures = np.clip(shown * scale + np.where(low < 0, 128.0, 0.0), 0, 255).astype(np.uint8)
    return np.repeat(pictures, 3, axis=3) if pictures.shape[3] == 1 else pictures
