"""`tf.audio`: sound from WAV files, and back."""

from .ops import sound
from .ops.sound import *  # noqa: F403
from .tf1_names import namespace as _namespace

__all__ = [*sound.__all__]

_namespace(globals())
