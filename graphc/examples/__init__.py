"""`tf.examples`: what of TensorFlow's tutorials programs import, which is the reader of MNIST."""

from ..tf1_names import namespace as _namespace
from . import tutorials

__all__ = ["tutorials"]

_namespace(globals())
