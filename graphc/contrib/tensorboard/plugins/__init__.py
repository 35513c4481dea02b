"""`tf.contrib.tensorboard.plugins`: the projector of embeddings."""

from ....tf1_names import namespace as _namespace
from . import projector

__all__ = ["projector"]

_namespace(globals())
