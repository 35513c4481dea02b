"""Images as arrays: read and written through Pillow, changed at random, and handed out in batches, from arrays or from a folder of classes."""

from __future__ import annotations

from ...tf1_names import namespace as _namespace
from .image_batches import DirectoryIterator, Iterator, NumpyArrayIterator
from .image_changes import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
)
from .image_files import array_to_img, img_to_array, load_img, save_img
from .image_generator import ImageDataGenerator

__all__ = ["DirectoryIterator", "ImageDataGenerator", "Iterator", "NumpyArrayIterator", "apply_affine_transform", "apply_brightness_shift",
           "apply_channel_shift", "array_to_img", "img_to_array", "load_img", "random_brightness", "random_channel_shift", "random_rotation",
           "random_shear", "random_shift", "random_zoom", "save_img"]

_namespace(globals())
