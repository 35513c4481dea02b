"""`tf.examples.tutorials.mnist.input_data`: MNIST, read from the four files in a folder; nothing is fetched and nothing made up."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ....errors import DataLossError, InvalidArgumentError, NotFoundError
from ....files.idx import found, read_idx
from ....ir.node import dtype_of, here
from ....ir.types import Array, as_dtype, float32
from ....tf1_names import namespace as _namespace

__all__ = ["DataSet", "Datasets", "dense_to_one_hot", "read_data_sets"]

# Images and labels of what is trained with and what is tested with, by the names under which MNIST, and what came after it, is handed out.
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
CLASSES = 10


class DataSet:
    """Images and labels, and batches of them: `next_batch` goes through all in a random order, epoch by epoch.

    images: uint8[n, rows, columns, 1], labels: uint8[n] or float64[n, classes]. With `dtype` float32 images are scaled to [0, 1]; with
    `reshape` they are float32[n, rows * columns]. InvalidArgumentError: another dtype, or not as many images as labels.
    """

    def __init__(self, images: Array, labels: Array, fake_data: bool = False, one_hot: bool = False, dtype: Any = float32,
                 reshape: bool = True, seed: int | None = None):
        kind = dtype_of("DataSet", dtype)
        if kind not in (as_dtype("uint8"), float32):
            raise InvalidArgumentError(f"images are uint8 or float32, not {kind.name}{here()}")
        if fake_data:
            raise InvalidArgumentError(f"fake_data is not offered: nothing is made up; feed arrays of your own{here()}")
        if len(images) != len(labels):
            raise InvalidArgumentError(f"{len(images)} images and {len(labels)} labels{here()}")
        if reshape:
            images = images.reshape(len(images), math.prod(images.shape[1:]))
        self._images = images.astype(np.float32) * np.float32(1 / 255) if kind == float32 else images
        self._labels = labels
        self._epochs_completed, self._at = 0, 0
        self._rng = np.random.RandomState(seed)

    @property
    def images(self) -> Array:
        return self._images

    @property
    def labels(self) -> Array:
        return self._labels

    @property
    def num_examples(self) -> int:
        return len(self._images)

    @property
    def epochs_completed(self) -> int:
        return self._epochs_completed

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> tuple[Array, Array]:
        """The next images and labels; a batch that goes over the end of an epoch takes the rest of it and the start of the next.

        InvalidArgumentError: more than there are, or `fake_data`.
        """
        n, start = self.num_examples, self._at
        if fake_data or not 0 <= batch_size <= n:
            why = "fake_data is not offered" if fake_data else f"a batch of {batch_size} of {n} images"
            raise InvalidArgumentError(f"next_batch: {why}{here()}")
        if shuffle and start == 0 and self._epochs_completed == 0:
            self._shuffle()
        if start + batch_size <= n:
            self._at = start + batch_size
            return self._images[start:self._at], self._labels[start:self._at]
        rest = self._images[start:], self._labels[start:]
        self._epochs_completed += 1
        if shuffle:
            self._shuffle()
        self._at = batch_size - (n - start)
        return np.concatenate([rest[0], self._images[:self._at]]), np.concatenate([rest[1], self._labels[:self._at]])

    def _shuffle(self) -> None:
        order = self._rng.permutation(self.num_examples)
        self._images, self._labels = self._images[order], self._labels[order]


class Datasets(NamedTuple):
    """What is trained with, what is looked at while training, and what is tested with."""

    train: DataSet
    validation: DataSet
    test: DataSet


def dense_to_one_hot(labels_dense: Array, num_classes: int) -> Array:
    """Rows of zeros with a 1 where the label says: int[n] -> float64[n, num_classes].

    >>> from graphc.examples.tutorials.mnist.input_data import dense_to_one_hot
    >>> dense_to_one_hot(np.array([1, 0]), 2)
    array([[0., 1.],
           [1., 0.]])
    """
    return np.eye(num_classes)[labels_dense]


def read_data_sets(train_dir: str, fake_data: bool = False, one_hot: bool = False, dtype: Any = float32, reshape: bool = True,
                   validation_size: int = 5000, seed: int | None = None, source_url: str = "") -> Datasets:
    """MNIST as it lies in a folder: the four files of its idx format, gzipped or not. The first `validation_size` images are set apart.

    NotFoundError: a file is not there; the message says which, and how to come by them. DataLossError: a file is damaged.
    InvalidArgumentError: `fake_data`, a dtype that images do not have, or more to set apart than there is.
    """
    if fake_data:
        raise InvalidArgumentError(f"fake_data is not offered: nothing is made up; feed arrays of your own{here()}")
    paths = [found(train_dir, name) for name in FILES]
    absent = [name for name, path in zip(FILES, paths, strict=True) if path is None]
    if absent:
        raise NotFoundError(f"read_data_sets: {train_dir!r} lacks {', '.join(f'{name}.gz' for name in absent)} (gzipped or not). graphc fetches "
                            f"nothing: download MNIST's four files from a site that you trust, and put them there{here()}")
    images, labels, test_images, test_labels = (read_idx(path or "", 3 if "images" in path else 1) for path in map(str, paths))
    for i, (pictures, digits) in enumerate([(images, labels), (test_images, test_labels)]):
        if len(pictures) != len(digits) or (len(digits) and digits.max() >= CLASSES):
            raise DataLossError(f"read_data_sets: {FILES[2 * i]} and {FILES[2 * i + 1]} do not belong together, or are not of digits{here()}")
    if not 0 <= validation_size <= len(images):
        raise InvalidArgumentError(f"validation_size is between 0 and {len(images)}, not {validation_size}{here()}")

    def made(pictures: Array, digits: Array) -> DataSet:
        marks = dense_to_one_hot(digits, CLASSES) if one_hot else digits
        return DataSet(pictures[..., np.newaxis], marks, one_hot=one_hot, dtype=dtype, reshape=reshape, seed=seed)
    return Datasets(made(images[validation_size:], labels[validation_size:]), made(images[:validation_size], labels[:validation_size]),
                    made(test_images, test_labels))


_namespace(globals())
