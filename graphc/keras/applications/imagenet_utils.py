"""`tf.keras.applications.imagenet_utils`: pictures as nets take them, and the names of the classes that they tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...errors import DataLossError, GraphError, ShapeError
from ...ir.node import Node, here
from ...ops.array import reverse
from ...ops.math import cast
from ...tf1_names import namespace as _namespace
from ..backend import state
from ..datasets.places import place

__all__ = ["decode_predictions", "preprocess_input"]


class _Mode(NamedTuple):
    """What is done with each channel: in the order blue, green, red if `turned`, divided, less its mean, divided by its deviation."""

    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    deviation: tuple[float, ...] = (1.0,)
    turned: bool = False


_MODES: Mapping[str, _Mode] = {
    "caffe": _Mode(mean=(103.939, 116.779, 123.68), turned=True),
    "tf": _Mode(127.5, (1.0,)),
    "torch": _Mode(255.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Pictures of numbers from 0 to 255, red, green, blue, as nets were trained on them.

    number[(batch,) height, width, 3], array or tensor -> float of the same shape; an array of floats is written over, as in Keras.
    `mode`: "caffe", blue first, less the means of ImageNet; "tf", from -1 to 1; "torch", from 0 to 1, then as far from the means as many
    deviations. GraphError: another mode or format. ShapeError: neither one picture nor a batch.

    >>> tf.keras.applications.imagenet_utils.preprocess_input(np.array([[[0.0, 127.5, 255.0]]]), mode="tf")
    array([[[-1.,  0.,  1.]]])
    """
    if mode not in _MODES:
        raise GraphError(f"preprocess_input: mode is one of {', '.join(_MODES)}, not {mode!r:.60}{here()}")
    format_ = state.image_data_format() if data_format is None else data_format
    if format_ not in ("channels_first", "channels_last"):
        raise GraphError(f"preprocess_input: data_format is channels_first or channels_last, not {format_!r:.60}{here()}")
    rank = x.type.rank if isinstance(x, Node) else np.ndim(x)
    if rank not in (3, 4):
        raise ShapeError(f"preprocess_input: one picture has 3 axes and a batch 4, not {rank}{here()}")
    axis = rank - 3 if format_ == "channels_first" else rank - 1
    if not isinstance(x, Node):
        return _changed(np.asarray(x), axis, _MODES[mode])
    y = x if np.issubdtype(x.type.dtype, np.floating) else cast(x, state.floatx())
    how = _MODES[mode]
    scale, mean, deviation = (_along(v, axis, rank, y.type.dtype) for v in ((how.scale,), how.mean, how.deviation))
    if how.turned:
        y = reverse(y, [axis])
    y = y if how.scale == 1.0 else y / scale
    y = y - mean
    return y if how.deviation == (1.0,) else y / deviation


def _along(values: Any, axis: int, rank: int, dtype: Any) -> Any:
    """One number for each channel, so that they broadcast over pictures."""
    return np.asarray(values, dtype).reshape([-1 if i == axis else 1 for i in range(rank)])


def _changed(x: Any, axis: int, how: _Mode) -> Any:
    """An array as a mode has it, in its own memory if it is one of floats."""
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(state.floatx())
    if how.turned:
        x = np.flip(x, axis)
    scale, mean, deviation = (_along(v, axis, x.ndim, x.dtype) for v in ((how.scale,), how.mean, how.deviation))
    if how.scale != 1.0:
        x /= scale
    x -= mean
    if how.deviation != (1.0,):
        x /= deviation
    return x


def preparing(mode: str) -> Callable[..., Any]:
    """The `preprocess_input` of nets that were trained on pictures of a mode."""
    def prepare(x: Any, data_format: str | None = None) -> Any:
        return preprocess_input(x, data_format, mode)
    prepare.__name__ = prepare.__qualname__ = "preprocess_input"
    prepare.__doc__ = f"""Pictures of numbers from 0 to 255 as this net was trained on them: `imagenet_utils.preprocess_input` of mode "{mode}".

    number[(batch,) height, width, 3] -> float of the same shape. GraphError, ShapeError: as there."""
    return prepare


def decode_predictions(preds: Any, top: int = 5, path: str = "imagenet_class_index.json") -> list[list[tuple[str, str, Any]]]:
    """The likeliest classes of each row, the likeliest first: their numbers in WordNet, their names, and how likely they are.

    preds: float[n, 1000], an array. The names are read from a JSON file that TensorFlow has left in `~/.keras/models`, or that `path` gives.
    ShapeError: predictions of another shape. NotFoundError: there is no such file; the message says which. DataLossError: it is damaged.
    """
    found = np.asarray(preds)
    if found.ndim != 2 or found.shape[1] != 1000:
        raise ShapeError(f"decode_predictions: preds are rows of 1000 numbers, float[n, 1000], not {list(found.shape)}{here()}")
    names = _classes(place("keras.applications decode_predictions", path, "models", "the names of classes", "; or give its path: path=PATH"))
    best = np.argsort(found, axis=1)[:, ::-1][:, :top]
    return [[(*names[i], row[i]) for i in order] for row, order in zip(found, best, strict=True)]


@cache
def _classes(path: str) -> list[tuple[str, str]]:
    """The number and name of each class. DataLossError: the file holds no such table."""
    try:
        held = json.loads(Path(path).read_bytes())
        return [(str(number), str(name)) for number, name in (held[str(i)] for i in range(1000))]
    except (KeyError, TypeError, ValueError) as e:
        raise DataLossError(f"{path} is no table of 1000 classes, {{\"0\": [number, name], ...}}: {e!r:.80}{here()}") from None

_namespace(globals())
