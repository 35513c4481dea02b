"""`tf.audio`: sound from WAV files, and back."""

from typing import TYPE_CHECKING

from .ops import sound
from .ops.sound import *  # noqa: F403
from .tf1_names import getter as _getter

__all__ = [*sound.__all__]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
