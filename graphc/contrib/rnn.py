"""`tf.contrib.rnn`: cells of recurrent networks, and networks unrolled in time."""

from typing import TYPE_CHECKING

from ..ir.arguments import hold as _hold
from ..rnn import cells, more_cells, unrolled, wrappers
from ..rnn.cell import LayerRNNCell, RNNCell
from ..rnn.cells import *  # noqa: F403
from ..rnn.loops import stack_bidirectional_dynamic_rnn
from ..rnn.more_cells import *  # noqa: F403
from ..rnn.unrolled import *  # noqa: F403
from ..rnn.wrappers import *  # noqa: F403
from ..tf1_names import getter as _getter

__all__ = [*cells.__all__, "LayerRNNCell", "RNNCell", *wrappers.__all__, *more_cells.__all__, *unrolled.__all__,
           "stack_bidirectional_dynamic_rnn"]

if not TYPE_CHECKING:
    __getattr__ = _getter(__name__)

_hold(globals(), __all__)


def __dir__() -> list[str]:
    return [*__all__]
