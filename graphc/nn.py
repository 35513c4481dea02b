"""`tf.nn`: what neural networks are made of."""

from .ops import nn as _nn
from .ops.nn import *  # noqa: F403

__all__ = [*_nn.__all__]


def __dir__() -> list[str]:
    return [*__all__]
