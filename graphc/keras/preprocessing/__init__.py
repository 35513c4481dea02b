"""`tf.keras.preprocessing`: sequences, texts and images as arrays that models take."""

from ...tf1_names import namespace as _namespace
from . import image, sequence, text

__all__ = ["image", "sequence", "text"]

_namespace(globals())
