"""`tf.xla`: TensorFlow's other compiler, whose marks programs carry; here each graph is compiled."""

from typing import TYPE_CHECKING

from ..tf1_names import getter as _getter
from . import experimental

__all__ = ["experimental"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)


def __dir__() -> list[str]:
    return [*__all__]
