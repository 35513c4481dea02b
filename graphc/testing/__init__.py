"""Checks for derivatives, operators and rules: `check_grads` for any function, the others from a declaration alone."""

from __future__ import annotations

from collections.abc import Callable

from ..tf1_names import namespace as _namespace
from .complex_numbers import check_complex_numbers
from .grads import check_grads
from .operator_grads import check_compiled_gradients, check_gradients, check_open_gradients
from .operator_rules import (
    check_batching,
    check_gradients_beside_integers,
    check_hessian_products,
    check_jacobians,
    check_open_batching,
    check_open_jacobians,
    has_open_jacobians,
    has_open_rules,
)
from .operators import check_complex_steps, check_interpreted, check_precision, check_saved, check_specials, check_types, check_values, complex_steps
from .report import Report, Row
from .rules import check_rule
from .samples import Built, Operator, Sample, build, differentiable, reference, samples, some_samples, testable

__all__ = ["CHECKS", "Built", "Operator", "Report", "Row", "Sample", "build", "check_batching", "check_compiled_gradients",
           "check_complex_numbers",
           "check_complex_steps", "check_gradients", "check_gradients_beside_integers", "check_grads", "check_hessian_products",
           "check_interpreted", "check_jacobians", "check_open_batching", "check_open_gradients", "check_open_jacobians", "check_operator",
           "check_precision", "check_rule", "check_saved", "check_specials", "check_types", "check_values", "complex_steps", "differentiable",
           "has_open_jacobians", "has_open_rules", "reference", "samples", "some_samples", "testable"]

# What an operator's declaration is held against, in the order in which a mistake is easiest to understand.
CHECKS: tuple[Callable[[Operator], None], ...] = (
    check_types, check_interpreted, check_values, check_specials, check_precision, check_saved, check_gradients, check_gradients_beside_integers,
    check_compiled_gradients, check_open_gradients, check_jacobians, check_hessian_products, check_open_jacobians, check_batching,
    check_open_batching, check_complex_steps, check_complex_numbers)


def check_operator(operator: Operator) -> None:
    """All of CHECKS, which are those that graphc's own operators are tested by; AssertionError says which sample fails, and how.

    Types, values (interpreted, compiled, special ones, in both precisions, in graphs saved and read again), gradients of first and second order
    (against differences, compiled, beside integers), Jacobians in both modes, products with Hessians, one more leading axis, what of it holds
    with sizes unknown while the graph is built, complex steps, complex numbers. Empty operands are among the samples of elementwise operators;
    others declare them.
    """
    if not some_samples(operator):
        raise AssertionError(f"{operator.name} has no samples: nothing to try it on")
    for check in CHECKS:
        check(operator)


_namespace(globals())
