"""Signatures of predictions, regressions and classifications."""

from ..tf1_names import namespace as _namespace
from .signature import (
    build_signature_def,
    classification_signature_def,
    is_valid_signature,
    predict_signature_def,
    regression_signature_def,
)

__all__ = ["build_signature_def", "classification_signature_def", "is_valid_signature", "predict_signature_def", "regression_signature_def"]

_namespace(globals())
