"""`tf.nn.rnn_cell`: the cells of recurrent networks."""

from ..ir.arguments import hold as _hold
from ..tf1_names import getter as _getter
from ..tf1_names import namespace as _namespace
from . import cells, wrappers
from .cell import RNNCell
from .cells import *  # noqa: F403
from .wrappers import *  # noqa: F403

__all__ = [*cells.__all__, "RNNCell", *wrappers.__all__]

_hold(globals(), __all__)
_namespace(globals(), _getter("graphc.nn.rnn_cell"))
