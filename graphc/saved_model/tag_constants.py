"""The tags that graphs of a saved model have by custom."""

__all__ = ["GPU", "SERVING", "TPU", "TRAINING"]

SERVING, TRAINING, GPU, TPU = "serve", "train", "gpu", "tpu"


def __dir__() -> list[str]:
    return [*__all__]
