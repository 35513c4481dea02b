"""`tf.contrib`: the parts of TensorFlow 1's contrib that graphc has."""

from typing import TYPE_CHECKING

from ..tf1_names import getter
from . import opt

__all__ = ["opt"]

if not TYPE_CHECKING:
    __getattr__ = getter(__name__)
