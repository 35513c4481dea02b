"""`tf.contrib.learn.datasets`: MNIST, by `mnist.read_data_sets`, and tables of numbers, by `base`."""

from __future__ import annotations

from ...examples.tutorials.mnist import input_data as mnist
from ...tf1_names import namespace as _namespace
from . import base

__all__ = ["base", "mnist"]

_namespace(globals())
