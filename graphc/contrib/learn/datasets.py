"""`tf.contrib.learn.datasets`: MNIST, by `mnist.read_data_sets`, and tables of numbers, by `base`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...examples.tutorials.mnist import input_data as mnist
from ...tf1_names import getter as _getter
from . import base

__all__ = ["base", "mnist"]


def __dir__() -> list[str]:
    return [*__all__]


if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)
