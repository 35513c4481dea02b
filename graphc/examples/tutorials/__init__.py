"""`tf.examples.tutorials`: the tutorial about handwritten digits."""

from . import mnist

__all__ = ["mnist"]


def __dir__() -> list[str]:
    return [*__all__]
