"""`tf.layers`: layers with variables of their own, as functions and as classes."""

from typing import TYPE_CHECKING

from ..ir.arguments import hold as _hold
from ..tf1_names import getter as _getter
from . import base, convolutional, core, normalization, pooling
from .base import *  # noqa: F403
from .convolutional import *  # noqa: F403
from .core import *  # noqa: F403
from .normalization import *  # noqa: F403
from .pooling import *  # noqa: F403

__all__ = [*base.__all__, *core.__all__, *convolutional.__all__, *pooling.__all__, *normalization.__all__]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)

_hold(globals(), __all__)


def __dir__() -> list[str]:
    return [*__all__]
