"""`tf.contrib.learn`: vocabularies of texts, the reader of MNIST, and the names of modes; of its estimators there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...tf1_names import getter as _getter
from . import datasets, preprocessing

__all__ = ["ModeKeys", "datasets", "preprocessing"]


class ModeKeys:
    """Names of what a model is built for."""

    TRAIN = "train"
    EVAL = "eval"
    INFER = "infer"


def __dir__() -> list[str]:
    return [*__all__]


if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)
