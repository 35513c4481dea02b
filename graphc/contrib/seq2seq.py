"""`tf.contrib.seq2seq`: sequence to sequence with loops: decoders, what they read, attention, beams, and the losses of sequences."""

from ..ir.arguments import hold as _hold
from ..rnn import attention, beams, decoders, helpers, monotonic
from ..rnn.attention import *  # noqa: F403
from ..rnn.beams import *  # noqa: F403
from ..rnn.decoders import *  # noqa: F403
from ..rnn.helpers import *  # noqa: F403
from ..rnn.monotonic import *  # noqa: F403
from ..rnn.sequence_losses import sequence_loss
from ..tf1_names import namespace as _namespace

__all__ = [*decoders.__all__, *helpers.__all__, *attention.__all__, *monotonic.__all__, *beams.__all__, "sequence_loss"]
__path__: list[str] = []           # a package: programs import modules from within, `contrib.seq2seq.python`

_hold(globals(), __all__)

_namespace(globals())
