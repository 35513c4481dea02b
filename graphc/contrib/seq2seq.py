"""`tf.contrib.seq2seq`: sequence to sequence with loops, and the losses of sequences."""

from typing import TYPE_CHECKING

from ..ir.arguments import hold as _hold
from ..rnn.sequence_losses import sequence_loss
from ..tf1_names import getter as _getter

__all__ = ["sequence_loss"]

if not TYPE_CHECKING:
    __getattr__ = _getter(__name__)

_hold(globals(), __all__)


def __dir__() -> list[str]:
    return [*__all__]
