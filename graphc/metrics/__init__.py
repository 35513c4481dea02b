"""`tf.metrics`: measures that add up over the batches they see; each is a value, and an operation that takes one more batch in."""

from typing import TYPE_CHECKING

from ..ir.arguments import hold as _hold
from ..tf1_names import getter as _getter
from . import classes, counts, means, thresholds
from .classes import *  # noqa: F403
from .counts import *  # noqa: F403
from .means import *  # noqa: F403
from .thresholds import *  # noqa: F403

__all__ = [*means.__all__, *counts.__all__, *thresholds.__all__, *classes.__all__]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)

_hold(globals(), __all__)


def __dir__() -> list[str]:
    return [*__all__]
