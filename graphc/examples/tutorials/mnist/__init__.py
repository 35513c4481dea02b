"""`tf.examples.tutorials.mnist`: `input_data` reads the files of MNIST, `mnist` is the network of the tutorial."""

from . import input_data, mnist

__all__ = ["input_data", "mnist"]


def __dir__() -> list[str]:
    return [*__all__]
