"""`tf.contrib.tensorboard`: what TensorBoard's plugins are told."""

from ...tf1_names import namespace as _namespace
from . import plugins

__all__ = ["plugins"]

_namespace(globals())
