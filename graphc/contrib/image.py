"""`tf.contrib.image`: pictures turned, moved and warped."""

from typing import TYPE_CHECKING

from ..ir.arguments import hold as _hold
from ..ops import image_warp
from ..ops.image_warp import *  # noqa: F403
from ..tf1_names import getter as _getter

__path__: list[str] = []           # a package: programs import modules from within, `contrib.image.python`
__all__ = [n for n in image_warp.__all__ if n != "extract_glimpse"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)

_hold(globals(), __all__)


def __dir__() -> list[str]:
    return [*__all__]
