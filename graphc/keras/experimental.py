"""`tf.keras.experimental`: learning rates along a cosine, models of weighted sums, a cell with peepholes, features of sequences."""

from ..tf1_names import namespace as _namespace
from .layers.features import SequenceFeatures
from .layers.recurrent_cells import PeepholeLSTMCell
from .premade import LinearModel, WideDeepModel
from .schedules_cosine import CosineDecay, CosineDecayRestarts, LinearCosineDecay, NoisyLinearCosineDecay

__all__ = ["CosineDecay", "CosineDecayRestarts", "LinearCosineDecay", "LinearModel", "NoisyLinearCosineDecay", "PeepholeLSTMCell",
           "SequenceFeatures", "WideDeepModel", "terminate_keras_multiprocessing_pools"]


def terminate_keras_multiprocessing_pools(grace_period: float = 0.1, use_sigkill: bool = False) -> None:
    """End the processes that make batches: there are none here, where batches are made by the process that trains."""


_namespace(globals())
