"""`tf.contrib.staging`: values that one run hands to the next."""

from typing import TYPE_CHECKING

from ..data.staging import StagingArea
from ..ir.arguments import hold as _hold
from ..tf1_names import getter as _getter

__all__ = ["StagingArea"]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)

_hold(globals(), __all__, methods=(StagingArea,))


def __dir__() -> list[str]:
    return [*__all__]
