"""`tf.keras.applications.vgg19`: a net of 19 layers, blocks of convolutions of 3 by 3 (Simonyan and Zisserman, 2015)."""

from __future__ import annotations

from ...tf1_names import namespace as _namespace
from .imagenet_utils import decode_predictions, preparing
from .vgg import VGG19

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]

preprocess_input = preparing("caffe")

_namespace(globals())
