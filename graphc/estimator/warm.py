"""`WarmStartSettings`: which variables begin with the values of a checkpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..errors import ArgumentError
from ..ir.node import here
from ..train.initial_values import init_from_checkpoint
from ..variables import trainable_variables

__all__ = ["WarmStartSettings"]


class WarmStartSettings(NamedTuple):
    """Where variables that are trained have their first values from: those whose names match, under other names of the checkpoint if given.

    `vars_to_warm_start`: a pattern, a list of patterns, or None for no variable. `var_name_to_prev_var_name`: names in the checkpoint.
    """

    ckpt_to_initialize_from: str
    vars_to_warm_start: Any = ".*"
    var_name_to_vocab_info: Mapping[str, Any] | None = None
    var_name_to_prev_var_name: Mapping[str, str] | None = None


def warmed(settings: WarmStartSettings) -> None:
    """Let the trained variables of the default graph begin as settings say. ArgumentError: other vocabularies. NotFoundError: no such checkpoint."""
    if settings.var_name_to_vocab_info:
        raise ArgumentError(f"WarmStartSettings: var_name_to_vocab_info is not offered; a table of another vocabulary starts anew{here()}")
    wanted = settings.vars_to_warm_start
    patterns = [] if wanted is None else [wanted] if isinstance(wanted, str) else list(wanted)
    other = settings.var_name_to_prev_var_name or {}
    chosen = [v for v in trainable_variables() if any(re.match(p, v.op.name) for p in patterns)]
    if chosen:
        init_from_checkpoint(settings.ckpt_to_initialize_from, {other.get(v.op.name, v.op.name): v for v in chosen})
