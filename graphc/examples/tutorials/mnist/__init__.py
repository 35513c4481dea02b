"""`tf.examples.tutorials.mnist`: `input_data` reads the files of MNIST."""

from . import input_data

__all__ = ["input_data"]


def __dir__() -> list[str]:
    return [*__all__]
