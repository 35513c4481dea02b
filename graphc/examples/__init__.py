"""`tf.examples`: what of TensorFlow's tutorials programs import, which is the reader of MNIST."""

from . import tutorials

__all__ = ["tutorials"]


def __dir__() -> list[str]:
    return [*__all__]
