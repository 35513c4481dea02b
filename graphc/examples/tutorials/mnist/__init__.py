"""`tf.examples.tutorials.mnist`: `input_data` reads the files of MNIST, `mnist` is the network of the tutorial."""

from ....tf1_names import namespace as _namespace
from . import input_data, mnist

__all__ = ["input_data", "mnist"]

_namespace(globals())
