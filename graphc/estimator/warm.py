"""`WarmStartSettings`: which variables begin with the values of a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..train.warm_starting import VocabInfo, warm_start

__all__ = ["VocabInfo", "WarmStartSettings"]


class WarmStartSettings(NamedTuple):
    """Where variables that are trained have their first values from: those whose names match, under other names of the checkpoint if given.

    `vars_to_warm_start`: a pattern, a list of patterns or of variables, or None for those whose vocabularies are given.
    `var_name_to_prev_var_name`: names in the checkpoint. All as of `tf.train.warm_start`.
    """

    ckpt_to_initialize_from: str
    vars_to_warm_start: Any = ".*"
    var_name_to_vocab_info: Mapping[str, Any] | None = None
    var_name_to_prev_var_name: Mapping[str, str] | None = None


def warmed(settings: WarmStartSettings) -> None:
    """Let variables of the default graph begin as settings say. Errors as `tf.train.warm_start`."""
    warm_start(*settings)
