"""`tf.contrib.tensorboard.plugins`: the projector of embeddings."""

from . import projector

__all__ = ["projector"]


def __dir__() -> list[str]:
    return [*__all__]
