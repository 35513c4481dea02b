"""`tf.keras.preprocessing`: sequences, texts and images as arrays that models take."""

from typing import TYPE_CHECKING

from ...tf1_names import getter as _getter
from . import image, sequence, text

__all__ = ["image", "sequence", "text"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
