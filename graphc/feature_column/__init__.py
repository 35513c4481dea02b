"""`tf.feature_column`: columns, which say what becomes of the features of an example before a model has them."""

from typing import TYPE_CHECKING

from ..ir.arguments import hold as _hold
from ..tf1_names import getter as _getter
from . import categorical, crossed, embedding, layers, numeric, sequences
from .categorical import *  # noqa: F403
from .crossed import *  # noqa: F403
from .embedding import *  # noqa: F403
from .layers import *  # noqa: F403
from .numeric import *  # noqa: F403
from .sequences import *  # noqa: F403

__all__ = [*numeric.__all__, *categorical.__all__, *crossed.__all__, *embedding.__all__, *layers.__all__,
           *sequences.__all__]

if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)

_hold(globals(), __all__)


def __dir__() -> list[str]:
    return [*__all__]
