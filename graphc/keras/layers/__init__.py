"""`tf.keras.layers`: the parts that models are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...tf1_names import namespace as _namespace
from ..engine.input_layer import Input, InputLayer
from ..engine.input_spec import InputSpec
from ..engine.layer import Layer
from ..named import Family, serialize_keras_object
from . import (
    advanced_activations,
    attention,
    conv_lstm,
    convolutional,
    core,
    cudnn,
    embeddings,
    features,
    local,
    merging,
    noise,
    normalization,
    pooling,
    recurrent,
    recurrent_cells,
    resizing,
    separable,
    wrappers,
)
from .advanced_activations import *  # noqa: F403
from .attention import *  # noqa: F403
from .conv_lstm import *  # noqa: F403
from .convolutional import *  # noqa: F403
from .core import *  # noqa: F403
from .cudnn import *  # noqa: F403
from .embeddings import *  # noqa: F403
from .features import *  # noqa: F403
from .local import *  # noqa: F403
from .merging import *  # noqa: F403
from .noise import *  # noqa: F403
from .normalization import *  # noqa: F403
from .pooling import *  # noqa: F403
from .recurrent import *  # noqa: F403
from .recurrent_cells import *  # noqa: F403
from .resizing import *  # noqa: F403
from .separable import *  # noqa: F403
from .wrappers import *  # noqa: F403

_PARTS = (advanced_activations, attention, conv_lstm, convolutional, core, cudnn, embeddings, features, local, merging, noise, normalization,
          pooling, recurrent, recurrent_cells, resizing, separable, wrappers)

__all__ = ["Input", "InputLayer", "InputSpec", "Layer", *(name for part in _PARTS for name in part.__all__), "deserialize", "serialize"]


def members() -> dict[str, Any]:
    """The classes of layers by name."""
    found = {name: globals()[name] for name in __all__}
    return {name: value for name, value in found.items() if isinstance(value, type) and issubclass(value, Layer)}


_family = Family("layer", members)


def serialize(layer: Any) -> Any:
    """The class and configuration of a layer. GraphError: it has none.

    >>> tf.keras.layers.serialize(tf.keras.layers.Flatten(name="flat"))["class_name"]
    'Flatten'
    """
    return serialize_keras_object(layer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The layer of a configuration. GraphError: there is none."""
    return _family.deserialize(config, custom_objects)


_namespace(globals())
