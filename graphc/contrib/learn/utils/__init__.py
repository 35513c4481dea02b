"""`tf.contrib.learn.utils`: what exported models are fed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....tf1_names import getter as _getter
from . import input_fn_utils

__all__ = ["input_fn_utils"]


def __dir__() -> list[str]:
    return [*__all__]


if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    __getattr__ = _getter(__name__)
