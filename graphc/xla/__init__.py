"""`tf.xla`: TensorFlow's other compiler, whose marks programs carry; here each graph is compiled."""

from ..tf1_names import namespace as _namespace
from . import experimental

__all__ = ["experimental"]

_namespace(globals())
