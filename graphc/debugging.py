"""`tf.debugging`: assertions and checks of values and shapes, when a graph is built where they are known, else while it runs."""

from .ops.assertions import (
    assert_integer,
    assert_proper_iterable,
    assert_rank,
    assert_rank_at_least,
    assert_rank_in,
    assert_same_float_dtype,
    assert_scalar,
    assert_shapes,
    assert_type,
)
from .ops.debug import (
    Assert,
    assert_equal,
    assert_greater,
    assert_greater_equal,
    assert_less,
    assert_less_equal,
    assert_near,
    assert_negative,
    assert_non_negative,
    assert_non_positive,
    assert_none_equal,
    assert_positive,
    check_numerics,
)
from .ops.debug import verify_tensor_all_finite as assert_all_finite
from .ops.facts import is_non_decreasing, is_numeric_tensor, is_strictly_increasing
from .ops.math import is_finite, is_inf, is_nan
from .tf1_names import namespace as _namespace

__all__ = ["Assert", "assert_all_finite", "assert_equal", "assert_greater", "assert_greater_equal", "assert_integer", "assert_less",
           "assert_less_equal", "assert_near", "assert_negative", "assert_non_negative", "assert_non_positive", "assert_none_equal",
           "assert_positive", "assert_proper_iterable", "assert_rank", "assert_rank_at_least", "assert_rank_in", "assert_same_float_dtype",
           "assert_scalar", "assert_shapes", "assert_type", "check_numerics", "is_finite", "is_inf", "is_nan", "is_non_decreasing",
           "is_numeric_tensor", "is_strictly_increasing"]

_namespace(globals())
