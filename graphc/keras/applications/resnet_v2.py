"""`tf.keras.applications.resnet_v2`: nets of units with their norms before the convolutions (He et al., 2016)."""

from __future__ import annotations

from ...tf1_names import namespace as _namespace
from .imagenet_utils import decode_predictions, preparing
from .residual import ResNet50V2, ResNet101V2, ResNet152V2

__all__ = ["ResNet101V2", "ResNet152V2", "ResNet50V2", "decode_predictions", "preprocess_input"]

preprocess_input = preparing("tf")

_namespace(globals())
