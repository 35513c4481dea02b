"""Signatures of predictions, regressions and classifications."""

from .signature import (
    build_signature_def,
    classification_signature_def,
    is_valid_signature,
    predict_signature_def,
    regression_signature_def,
)

__all__ = ["build_signature_def", "classification_signature_def", "is_valid_signature", "predict_signature_def", "regression_signature_def"]


def __dir__() -> list[str]:
    return [*__all__]
