"""`tf.image`: pictures resized, cut, turned, coloured, compared, read and written."""

from .ops import image as _image
from .ops.image import *  # noqa: F403
from .tf1_names import namespace as _namespace

__all__ = [*_image.__all__]

_namespace(globals())
