"""`tf.contrib`: the parts of TensorFlow 1's contrib that graphc has."""

from . import opt

__all__ = ["opt"]


def __dir__() -> list[str]:
    return [*__all__]
