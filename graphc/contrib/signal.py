"""`tf.contrib.signal`: the transforms, windows and frames of `tf.signal`, under the name that they had before."""

from .. import signal as _signal
from ..signal import *  # noqa: F403
from ..tf1_names import namespace as _namespace

__all__ = [*_signal.__all__]

_namespace(globals())
