"""`tf.contrib.signal`: the transforms, windows and frames of `tf.signal`, under the name that they had before."""

from typing import TYPE_CHECKING

from .. import signal as _signal
from ..signal import *  # noqa: F403
from ..tf1_names import getter as _getter

__all__ = [*_signal.__all__]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
