"""`tf.examples.tutorials`: the tutorial about handwritten digits."""

from ...tf1_names import namespace as _namespace
from . import mnist

__all__ = ["mnist"]

_namespace(globals())
