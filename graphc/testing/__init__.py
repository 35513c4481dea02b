"""Checks for derivatives and for operators: `check_grads` for any function, the others from an operator's declaration alone."""

from .grads import check_grads
from .operator_grads import check_compiled_gradients, check_gradients
from .operators import check_precision, check_specials, check_types, check_values
from .report import Report, Row
from .samples import Built, Operator, Sample, build, differentiable, reference, samples, testable

__all__ = ["Built", "Operator", "Report", "Row", "Sample", "build", "check_compiled_gradients", "check_grads", "check_gradients",
           "check_operator", "check_precision", "check_specials", "check_types", "check_values", "differentiable", "reference", "samples",
           "testable"]


def __dir__() -> list[str]:
    return [*__all__]


def check_operator(operator: Operator) -> None:
    """Types, values, special values and derivatives; AssertionError says which sample fails, and how."""
    check_types(operator)
    check_values(operator)
    check_specials(operator)
    check_gradients(operator)
