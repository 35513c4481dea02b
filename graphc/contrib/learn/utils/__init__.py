"""`tf.contrib.learn.utils`: what exported models are fed."""

from __future__ import annotations

from ....tf1_names import namespace as _namespace
from . import input_fn_utils

__all__ = ["input_fn_utils"]

_namespace(globals())
