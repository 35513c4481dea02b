"""`tf.nn`: what neural networks are made of."""

from .ops.math import sigmoid, tanh
from .ops.nn import *  # noqa: F403

__all__ = ["sigmoid", "tanh"]
