"""`tf.contrib.feature_column`: columns of sequences, and the layer that recurrent nets begin with."""

from ..feature_column import sequences as _sequences
from ..feature_column.sequences import *  # noqa: F403
from ..feature_column.sequences import sequence_input_layer as sequence_input_layer
from ..ir.arguments import hold as _hold
from ..tf1_names import namespace as _namespace

__all__ = [*_sequences.__all__, "sequence_input_layer"]

_hold(globals(), __all__)

_namespace(globals())
