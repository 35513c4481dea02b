"""`tf.layers`: layers with variables of their own, as functions and as classes."""

from ..ir.arguments import hold as _hold
from ..keras.engine.input_spec import InputSpec as InputSpec
from ..tf1_names import namespace as _namespace
from . import base, convolutional, core, normalization, pooling
from .base import *  # noqa: F403
from .convolutional import *  # noqa: F403
from .core import *  # noqa: F403
from .normalization import *  # noqa: F403
from .pooling import *  # noqa: F403

__all__ = ["InputSpec", *base.__all__, *core.__all__, *convolutional.__all__, *pooling.__all__, *normalization.__all__]

_hold(globals(), __all__)

_namespace(globals())
