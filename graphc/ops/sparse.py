"""The public operators of sparse tensors: those of the modules sparse_*, in one list."""

from __future__ import annotations

from . import sparse_dense, sparse_forms, sparse_math, sparse_tensor
from .ctc_decode import edit_distance as edit_distance
from .sparse_dense import *  # noqa: F403
from .sparse_forms import *  # noqa: F403
from .sparse_math import *  # noqa: F403
from .sparse_tensor import *  # noqa: F403

__all__ = [*sparse_tensor.__all__, *sparse_dense.__all__, *sparse_forms.__all__, *sparse_math.__all__, "edit_distance"]
