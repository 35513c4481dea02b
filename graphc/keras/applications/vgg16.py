"""`tf.keras.applications.vgg16`: a net of 16 layers, blocks of convolutions of 3 by 3 (Simonyan and Zisserman, 2015)."""

from __future__ import annotations

from ...tf1_names import namespace as _namespace
from .imagenet_utils import decode_predictions, preparing
from .vgg import VGG16

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]

preprocess_input = preparing("caffe")

_namespace(globals())
