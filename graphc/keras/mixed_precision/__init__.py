"""`tf.keras.mixed_precision`: losses that are scaled for half precision, in its one namespace `experimental`."""

from ...tf1_names import namespace as _namespace
from . import experimental

__all__ = ["experimental"]

_namespace(globals())
