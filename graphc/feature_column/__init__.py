"""`tf.feature_column`: columns, which say what becomes of the features of an example before a model has them."""

from ..ir.arguments import hold as _hold
from ..tf1_names import namespace as _namespace
from . import categorical, crossed, embedding, layers, numeric, sequences
from .categorical import *  # noqa: F403
from .crossed import *  # noqa: F403
from .embedding import *  # noqa: F403
from .layers import *  # noqa: F403
from .numeric import *  # noqa: F403
from .sequences import *  # noqa: F403

__all__ = [*numeric.__all__, *categorical.__all__, *crossed.__all__, *embedding.__all__, *layers.__all__,
           *sequences.__all__]

_hold(globals(), __all__)

_namespace(globals())
