"""The tags that graphs of a saved model have by custom."""

from ..tf1_names import namespace as _namespace

__all__ = ["GPU", "SERVING", "TPU", "TRAINING"]

SERVING, TRAINING, GPU, TPU = "serve", "train", "gpu", "tpu"

_namespace(globals())
