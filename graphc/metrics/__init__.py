"""`tf.metrics`: measures that add up over the batches they see; each is a value, and an operation that takes one more batch in."""

from ..ir.arguments import hold as _hold
from ..tf1_names import namespace as _namespace
from . import classes, counts, means, thresholds
from .classes import *  # noqa: F403
from .counts import *  # noqa: F403
from .means import *  # noqa: F403
from .thresholds import *  # noqa: F403

__all__ = [*means.__all__, *counts.__all__, *thresholds.__all__, *classes.__all__]

_hold(globals(), __all__)

_namespace(globals())
