"""`tf.contrib.tensorboard`: what TensorBoard's plugins are told."""

from . import plugins

__all__ = ["plugins"]


def __dir__() -> list[str]:
    return [*__all__]
