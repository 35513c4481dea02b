"""`tf.keras.applications.vgg19`: a net of 19 layers, blocks of convolutions of 3 by 3 (Simonyan and Zisserman, 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...tf1_names import getter as _getter
from .imagenet_utils import decode_predictions, preparing
from .vgg import VGG19

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]

preprocess_input = preparing("caffe")

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
