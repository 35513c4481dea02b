"""`tf.contrib.rnn`: cells of recurrent networks, and networks unrolled in time."""

from ..ir.arguments import hold as _hold
from ..rnn import cells, fused, gated_cells, more_cells, more_wrappers, rnn_cell, spatial_cells, unrolled, wrappers
from ..rnn.cell import LayerRNNCell, RNNCell
from ..rnn.cells import *  # noqa: F403
from ..rnn.fused import *  # noqa: F403
from ..rnn.gated_cells import *  # noqa: F403
from ..rnn.loops import stack_bidirectional_dynamic_rnn
from ..rnn.more_cells import *  # noqa: F403
from ..rnn.more_wrappers import *  # noqa: F403
from ..rnn.spatial_cells import *  # noqa: F403
from ..rnn.unrolled import *  # noqa: F403
from ..rnn.wrappers import *  # noqa: F403
from ..tf1_names import namespace as _namespace

__all__ = [*cells.__all__, "LayerRNNCell", "RNNCell", *wrappers.__all__, *more_cells.__all__, *gated_cells.__all__, *spatial_cells.__all__,
           *more_wrappers.__all__, *fused.__all__, *unrolled.__all__, "stack_bidirectional_dynamic_rnn"]
__path__: list[str] = []           # a package: programs import modules from within, `contrib.rnn.python`

# Modules of the first versions of TensorFlow 1.
core_rnn_cell, core_rnn, core_rnn_cell_impl = rnn_cell, unrolled, rnn_cell

_hold(globals(), __all__)

_namespace(globals())
