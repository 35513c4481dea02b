"""Ragged tensors: the class that programs name, and what operators of dense tensors make of it."""

from __future__ import annotations

from . import ragged_math, ragged_rows
from .ragged_tensor import RaggedTensor

__all__ = ["RaggedTensor"]
_OPERATORS = (ragged_math, ragged_rows)         # imported for what they register
