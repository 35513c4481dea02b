"""`tf.keras`, of which there is `datasets`: models are written with variables, layers of `tf.layers`, and optimizers of `tf.train`."""

from typing import TYPE_CHECKING

from ..tf1_names import getter as _getter
from . import datasets as datasets

__all__ = ["datasets"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
