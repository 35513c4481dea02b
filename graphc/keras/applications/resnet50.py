"""`tf.keras.applications.resnet50`: a net of 50 layers, of units that add to their input what they make of it (He et al., 2016)."""

from __future__ import annotations

from ...tf1_names import namespace as _namespace
from .imagenet_utils import decode_predictions, preparing
from .residual import ResNet50

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]

preprocess_input = preparing("caffe")

_namespace(globals())
