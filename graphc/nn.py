"""`tf.nn`: what neural networks are made of."""

from typing import TYPE_CHECKING

from .ops.math import sigmoid, tanh
from .ops.nn import *  # noqa: F403
from .tf1_names import getter

__all__ = ["sigmoid", "tanh"]

if not TYPE_CHECKING:
    __getattr__ = getter(__name__)
