"""`tf.contrib.image`: pictures turned, moved and warped."""

from ..ir.arguments import hold as _hold
from ..ops import image_warp
from ..ops.image_warp import *  # noqa: F403
from ..tf1_names import namespace as _namespace

__path__: list[str] = []           # a package: programs import modules from within, `contrib.image.python`
__all__ = [n for n in image_warp.__all__ if n != "extract_glimpse"]

_hold(globals(), __all__)

_namespace(globals())
