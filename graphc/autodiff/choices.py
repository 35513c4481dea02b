"""The names of choices that programs give to `gradients` and to optimizers."""

from __future__ import annotations

__all__ = ["AggregationMethod", "UnconnectedGradients"]


class AggregationMethod:
    """How gradients of one tensor are added up, in TensorFlow; here they are added up where they arise, whatever is chosen."""

    ADD_N = 0
    DEFAULT = 0
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


class UnconnectedGradients:
    """What a gradient is by what it does not depend on, for `gradients(unconnected_gradients=)`: None, or zeros."""

    NONE = "none"
    ZERO = "zero"
