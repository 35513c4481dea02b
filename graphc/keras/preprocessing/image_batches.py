"""Batches of images, one after the other without end, from arrays or from a folder that has one for each class."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ...errors import FeedError, NotFoundError
from ...ir.node import here
from ..backend import state
from ..utils.sequence import Sequence
from .image_files import img_to_array, load_img, save_img

_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff", ".gif")


class Iterator(Sequence):
    """Batches of n examples, by number or one after the other without end; `shuffle`: in a new order each time round."""

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None):
        self.n, self.batch_size, self.shuffle, self.seed = n, batch_size, shuffle, seed
        self.batch_index = self.total_batches_seen = 0
        self.index_array: Any = None

    def _set_index_array(self) -> None:
        """Begin a new order."""
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if index >= len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        return self._batch(index, renewed=self.index_array is None)

    def _batch(self, index: int, renewed: bool) -> Any:
        # NumPy's own stream, drawn from in Keras' order: a program that seeds it sees the same images.
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)
        self.total_batches_seen += 1
        if renewed:
            self._set_index_array()
        return self._get_batches_of_transformed_samples(self.index_array[self.batch_size * index:self.batch_size * (index + 1)])

    def on_epoch_end(self) -> None:
        """Begin a new order."""
        self._set_index_array()

    def reset(self) -> None:
        """Begin with the first batch."""
        self.batch_index = 0

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        index = self.batch_index
        self.batch_index = (index + 1) % max(1, len(self))
        return self._batch(index, renewed=not index)

    def next(self) -> Any:
        """The next batch."""
        return next(self)

    def _get_batches_of_transformed_samples(self, index_array: Any) -> Any:
        """The batch of the examples of those numbers; what a subclass says."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its batches are")


class NumpyArrayIterator(Iterator):
    """Batches of images of an array, each changed at random by an ImageDataGenerator, with their targets if there are any.

    FeedError: no array of images, or another number of targets.
    """

    def __init__(self, x: Any, y: Any, image_data_generator: Any, batch_size: int = 32, shuffle: bool = False, sample_weight: Any = None,
                 seed: int | None = None, data_format: str | None = None, save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",
                 subset: str | None = None, dtype: Any = "float32"):
        self.x = np.asarray(x, dtype=dtype)
        self.y, self.sample_weight = (None if a is None else np.asarray(a) for a in (y, sample_weight))
        if self.x.ndim != 4:
            raise FeedError(f"flow: images are an array of four axes, not of the shape {self.x.shape}{here()}")
        if self.y is not None and len(self.y) != len(self.x):
            raise FeedError(f"flow: x (images tensor) and y (labels) should have the same length. Found {len(self.x)} and {len(self.y)}{here()}")
        self.image_data_generator = image_data_generator
        if subset is not None:
            at = int(len(self.x) * image_data_generator._validation_split)
            part = slice(None, at) if subset == "validation" else slice(at, None)
            self.x = self.x[part]
            self.y, self.sample_weight = (None if a is None else a[part] for a in (self.y, self.sample_weight))
        self._save = (save_to_dir, save_prefix, save_format)
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _get_batches_of_transformed_samples(self, index_array: Any) -> Any:
        made = np.stack([self.image_data_generator.changed(self.x[i]) for i in index_array])
        _kept(made, self._save, index_array)
        if self.y is None:
            return made
        return (made, self.y[index_array]) if self.sample_weight is None else (made, self.y[index_array], self.sample_weight[index_array])


class DirectoryIterator(Iterator):
    """Batches of the images of a folder that has a folder for each class, changed at random by an ImageDataGenerator, with their classes.

    `class_mode`: how these are given: "categorical" (one-hot), "binary", "sparse" (numbers), "input" (the images), or None. NotFoundError:
    there is no folder. FeedError: no such class mode.
    """

    def __init__(self, directory: Any, image_data_generator: Any, target_size: Any = (256, 256), color_mode: str = "rgb", classes: Any = None,
                 class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
                 data_format: str | None = None, save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",
                 follow_links: bool = False, subset: str | None = None, interpolation: str = "nearest", dtype: Any = "float32"):
        if class_mode not in ("categorical", "binary", "sparse", "input", None):
            raise FeedError(f"flow_from_directory: class_mode is 'categorical', 'binary', 'sparse', 'input' or None, not {class_mode!r:.40}{here()}")
        self.directory, self.image_data_generator = os.fspath(directory), image_data_generator
        if not os.path.isdir(self.directory):
            raise NotFoundError(f"flow_from_directory: there is no folder {self.directory}{here()}")
        self.target_size, self.color_mode, self.class_mode, self.interpolation = tuple(target_size), color_mode, class_mode, interpolation
        channels = {"grayscale": 1, "rgb": 3, "rgba": 4}.get(color_mode, 3)
        first = (data_format or state.image_data_format()) == "channels_first"
        self.image_shape = (channels, *self.target_size) if first else (*self.target_size, channels)
        names = list(classes) if classes else sorted(d for d in os.listdir(self.directory) if os.path.isdir(os.path.join(self.directory, d)))
        self.num_classes, self.class_indices = len(names), {name: i for i, name in enumerate(names)}
        self.filenames: list[str] = []
        found: list[int] = []
        for name in names:
            held = sorted(os.path.join(os.path.relpath(folder, self.directory), f)
                          for folder, _, files in os.walk(os.path.join(self.directory, name), followlinks=follow_links)
                          for f in files if f.lower().endswith(_ENDINGS))
            at = int(len(held) * image_data_generator._validation_split)
            held = held if subset is None else held[:at] if subset == "validation" else held[at:]
            self.filenames += held
            found += [self.class_indices[name]] * len(held)
        self.classes = np.array(found, dtype="int32")
        self.samples = len(self.filenames)
        self._save = (save_to_dir, save_prefix, save_format)
        print(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        super().__init__(self.samples, batch_size, shuffle, seed)

    @property
    def filepaths(self) -> list[str]:
        """The paths of the images."""
        return [os.path.join(self.directory, name) for name in self.filenames]

    def _get_batches_of_transformed_samples(self, index_array: Any) -> Any:
        images = [img_to_array(load_img(os.path.join(self.directory, self.filenames[i]), color_mode=self.color_mode, target_size=self.target_size,
                                        interpolation=self.interpolation)) for i in index_array]
        made = np.stack([self.image_data_generator.changed(image) for image in images])
        _kept(made, self._save, index_array)
        labels = self.classes[index_array]
        if self.class_mode is None:
            return made
        if self.class_mode == "input":
            return made, made.copy()
        one_hot = self.class_mode == "categorical"
        return made, np.eye(self.num_classes, dtype="float32")[labels] if one_hot else labels.astype("float32")


def _kept(images: Any, how: tuple[Any, str, str], numbers: Any) -> None:
    """Write the images of a batch to a folder, if one is given."""
    folder, prefix, ending = how
    for image, number in zip(images, numbers, strict=True) if folder else ():
        save_img(os.path.join(folder, f"{prefix}_{number}_{np.random.randint(10**7)}.{ending}"), image, scale=True)
