"""Images changed at random while they are handed out, so that a model never sees the same twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import FeedError
from ...ir.node import here
from ..backend import state
from .image_batches import DirectoryIterator, NumpyArrayIterator
from .image_changes import apply_affine_transform, apply_brightness_shift, apply_channel_shift


class ImageDataGenerator:
    """Batches of images, each turned, moved, sheared, made larger, mirrored, brightened at random, and standardized.

    `rotation_range`, `shear_range`: degrees; `width_shift_range`, `height_shift_range`: parts of the image, or pixels from 1 on; `zoom_range`:
    a number, or two; `rescale`: a factor; `featurewise_*`: by what `fit` has found of a data set. FeedError: a range that is none.

    >>> flow = tf.keras.preprocessing.image.ImageDataGenerator(rescale=0.5).flow(np.ones((4, 2, 2, 1)), batch_size=2)
    >>> next(flow).max()
    np.float32(0.5)
    """

    def __init__(self, featurewise_center: bool = False, samplewise_center: bool = False, featurewise_std_normalization: bool = False,
                 samplewise_std_normalization: bool = False, zca_whitening: bool = False, zca_epsilon: float = 1e-6, rotation_range: float = 0,
                 width_shift_range: Any = 0.0, height_shift_range: Any = 0.0, brightness_range: Any = None, shear_range: float = 0.0,
                 zoom_range: Any = 0.0, channel_shift_range: float = 0.0, fill_mode: str = "nearest", cval: float = 0.0,
                 horizontal_flip: bool = False, vertical_flip: bool = False, rescale: float | None = None,
                 preprocessing_function: Callable[[Any], Any] | None = None, data_format: str | None = None, validation_split: float = 0.0,
                 dtype: Any = None):
        self.featurewise_center, self.featurewise_std_normalization = featurewise_center or zca_whitening, featurewise_std_normalization
        self.samplewise_center, self.samplewise_std_normalization = samplewise_center, samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range, self.shear_range, self.channel_shift_range = rotation_range, shear_range, channel_shift_range
        self.width_shift_range, self.height_shift_range, self.brightness_range = width_shift_range, height_shift_range, brightness_range
        self.fill_mode, self.cval, self.horizontal_flip, self.vertical_flip = fill_mode, cval, horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function, self.dtype = rescale, preprocessing_function, dtype or state.floatx()
        self.data_format = data_format or state.image_data_format()
        if np.ndim(zoom_range) == 0:
            zoom_range = (1 - zoom_range, 1 + zoom_range)
        if len(zoom_range) != 2:
            raise FeedError(f"ImageDataGenerator: zoom_range is a number or two, not {zoom_range!r:.60}{here()}")
        if not 0 <= validation_split < 1:
            raise FeedError(f"ImageDataGenerator: validation_split is between 0 and 1, not {validation_split}{here()}")
        self.zoom_range, self._validation_split = tuple(zoom_range), validation_split
        first = self.data_format == "channels_first"
        self.row_axis, self.col_axis, self.channel_axis = (1, 2, 0) if first else (0, 1, 2)     # of one image
        self.mean: Any = None
        self.std: Any = None
        self.principal_components: Any = None

    # ------------------------------------------------------------------ batches

    def flow(self, x: Any, y: Any = None, batch_size: int = 32, shuffle: bool = True, sample_weight: Any = None, seed: int | None = None,
             save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", subset: str | None = None) -> NumpyArrayIterator:
        """Batches of images of an array, with their targets, without end. FeedError: no images, or another number of targets."""
        return NumpyArrayIterator(x, y, self, batch_size, shuffle, sample_weight, seed, self.data_format, save_to_dir, save_prefix, save_format,
                                  subset, self.dtype)

    def flow_from_directory(self, directory: Any, target_size: Any = (256, 256), color_mode: str = "rgb", classes: Any = None,
                            class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
                            save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", follow_links: bool = False,
                            subset: str | None = None, interpolation: str = "nearest") -> DirectoryIterator:
        """Batches of the images of a folder that has a folder for each class. NotFoundError: there is none."""
        return DirectoryIterator(directory, self, target_size, color_mode, classes, class_mode, batch_size, shuffle, seed, self.data_format,
                                 save_to_dir, save_prefix, save_format, follow_links, subset, interpolation, self.dtype)

    def changed(self, x: Any) -> Any:
        """An image changed at random, and standardized."""
        return self.standardize(self.random_transform(np.asarray(x, dtype=self.dtype)))

    # ------------------------------------------------------------------ changes

    def get_random_transform(self, img_shape: Any, seed: int | None = None) -> dict[str, Any]:
        """What a change at random is this time, for images of a shape."""
        if seed is not None:
            np.random.seed(seed)
        def drawn(most: float) -> float:
            return float(np.random.uniform(-most, most)) if most else 0.0

        def shift(given: Any, size: int) -> float:
            if not given:
                return 0.0
            if np.ndim(given) or isinstance(given, (int, np.integer)):          # one of those given, or of the whole numbers below
                moved = np.random.choice(given) * np.random.choice([-1, 1])
            else:
                moved = np.random.uniform(-given, given)
            return float(moved * size if np.max(given) < 1 else moved)
        # Drawn from NumPy's own stream, and in Keras' order: a program that seeds it sees the same images.
        theta = drawn(self.rotation_range)
        tx, ty = shift(self.height_shift_range, img_shape[self.row_axis]), shift(self.width_shift_range, img_shape[self.col_axis])
        shear = drawn(self.shear_range)
        zx, zy = (1, 1) if self.zoom_range == (1, 1) else np.random.uniform(self.zoom_range[0], self.zoom_range[1], 2)
        horizontal, vertical = np.random.random() < 0.5, np.random.random() < 0.5
        channels = drawn(self.channel_shift_range) if self.channel_shift_range else None
        brightness = None if self.brightness_range is None else np.random.uniform(self.brightness_range[0], self.brightness_range[1])
        return {"theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy, "flip_horizontal": horizontal and self.horizontal_flip,
                "flip_vertical": vertical and self.vertical_flip, "channel_shift_intensity": channels, "brightness": brightness}

    def apply_transform(self, x: Any, transform_parameters: dict[str, Any]) -> Any:
        """An image changed as `get_random_transform` says."""
        told = {k: transform_parameters.get(k, d) for k, d in (("theta", 0), ("tx", 0), ("ty", 0), ("shear", 0), ("zx", 1), ("zy", 1))}
        if told != {"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1}:
            x = apply_affine_transform(x, **told, row_axis=self.row_axis, col_axis=self.col_axis, channel_axis=self.channel_axis,
                                       fill_mode=self.fill_mode, cval=self.cval)
        if transform_parameters.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, transform_parameters["channel_shift_intensity"])
        if transform_parameters.get("flip_horizontal"):
            x = np.flip(x, self.col_axis)
        if transform_parameters.get("flip_vertical"):
            x = np.flip(x, self.row_axis)
        if transform_parameters.get("brightness") is not None:
            x = apply_brightness_shift(x, transform_parameters["brightness"])
        return x

    def random_transform(self, x: Any, seed: int | None = None) -> Any:
        """An image changed at random."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def standardize(self, x: Any) -> Any:
        """An image after the program's function, times `rescale`, and without its own or the data set's mean and deviation."""
        if self.preprocessing_function is not None:
            x = self.preprocessing_function(x)
        if self.rescale:
            x = x * np.asarray(self.rescale, x.dtype)
        if self.samplewise_center:
            x = x - x.mean(keepdims=True)
        if self.samplewise_std_normalization:
            x = x / (x.std(keepdims=True) + 1e-6)
        if self.mean is not None and self.featurewise_center:
            x = x - self.mean
        if self.std is not None and self.featurewise_std_normalization:
            x = x / (self.std + 1e-6)
        if self.principal_components is not None:
            x = (x.reshape(-1) @ self.principal_components).reshape(x.shape)
        return np.asarray(x, dtype=self.dtype)

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Find mean, deviation and principal components of images, for `featurewise_*` and `zca_whitening`. FeedError: no images."""
        x = np.array(x, dtype=self.dtype)
        if x.ndim != 4:
            raise FeedError(f"ImageDataGenerator.fit: images are an array of four axes, not of the shape {x.shape}{here()}")
        if seed is not None:
            np.random.seed(seed)
        if augment:
            x = np.stack([self.random_transform(image) for _ in range(rounds) for image in x])
        if self.rescale:
            x *= self.rescale
        axes = (0, self.row_axis + 1, self.col_axis + 1)
        if self.featurewise_center:
            mean = x.mean(axes, keepdims=True)
            self.mean, x = mean[0], x - mean
        if self.featurewise_std_normalization:
            std = x.std(axes, keepdims=True)
            self.std, x = std[0], x / (std + 1e-6)
        if self.zca_whitening:
            flat = x.reshape(len(x), -1)
            u, s, _ = np.linalg.svd(flat.T @ flat / len(flat))
            self.principal_components = (u / np.sqrt(s + self.zca_epsilon)) @ u.T
