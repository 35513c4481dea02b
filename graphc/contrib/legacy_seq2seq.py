"""`tf.contrib.legacy_seq2seq`: sequence to sequence with lists of inputs, one for each step."""

from ..ir.arguments import hold as _hold
from ..rnn import legacy
from ..rnn.legacy import *  # noqa: F403
from ..rnn.sequence_losses import legacy_sequence_loss as sequence_loss
from ..rnn.sequence_losses import model_with_buckets, sequence_loss_by_example
from ..tf1_names import namespace as _namespace

__all__ = [*legacy.__all__, "model_with_buckets", "sequence_loss", "sequence_loss_by_example"]
__path__: list[str] = []           # a package: programs import modules from within, `contrib.legacy_seq2seq.python`

_hold(globals(), __all__)

_namespace(globals())
