"""`tf.nn`: what neural networks are made of."""

from typing import TYPE_CHECKING

from .ops import nn as _nn
from .ops.nn import *  # noqa: F403
from .tf1_names import getter

__all__ = [*_nn.__all__]

if not TYPE_CHECKING:
    __getattr__ = getter(__name__)
