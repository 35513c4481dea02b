"""`tf.contrib`: the parts of TensorFlow 1's contrib that graphc has."""

from typing import TYPE_CHECKING

from ..tf1_names import getter as _getter
from . import data, layers, legacy_seq2seq, opt, rnn, seq2seq

__all__ = ["data", "layers", "legacy_seq2seq", "opt", "rnn", "seq2seq"]


def __dir__() -> list[str]:
    return [*__all__]


if not TYPE_CHECKING:
    __getattr__ = _getter(__name__)
