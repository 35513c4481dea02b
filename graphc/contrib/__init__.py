"""`tf.contrib`: the parts of TensorFlow 1's contrib that graphc has."""

from . import opt

__all__ = ["opt"]
