"""`tf.nn.rnn_cell`: the cells of recurrent networks."""

from typing import TYPE_CHECKING

from ..ir.arguments import hold as _hold
from ..tf1_names import getter as _getter
from . import cells, wrappers
from .cell import RNNCell
from .cells import *  # noqa: F403
from .wrappers import *  # noqa: F403

__all__ = [*cells.__all__, "RNNCell", *wrappers.__all__]

if not TYPE_CHECKING:
    __getattr__ = _getter("graphc.nn.rnn_cell")

_hold(globals(), __all__)


def __dir__() -> list[str]:
    return [*__all__]
