"""Numbers as few bits would hold them, still in their floating dtype: what training does so that a network bears it (Jacob et al. 2018, CVPR)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.axes import normal_axis
from ..ir.known import as_int
from ..ir.node import Node, describe, here, saying
from ..ir.operator import to_node
from ..ir.types import compatible
from .array_fill import zeros_like
from .array_move import identity, reshape, stop_gradient
from .custom import custom_gradient
from .math import choose, floor, greater, greater_equal, less, less_equal, logical_and, logical_not, logical_or, maximum, minimum, rint
from .reduce import reduce_max, reduce_min, reduce_sum

__all__ = ["fake_quant_with_min_max_args", "fake_quant_with_min_max_args_gradient", "fake_quant_with_min_max_vars",
           "fake_quant_with_min_max_vars_gradient", "fake_quant_with_min_max_vars_per_channel",
           "fake_quant_with_min_max_vars_per_channel_gradient"]


# ---------------------------------------------------------------------- what a network is trained with

def _numbers(what: str, num_bits: Any, narrow_range: Any) -> tuple[float, float]:
    """The least and the greatest whole number of so many bits. InvalidArgumentError: not between 2 and 16."""
    with saying(what):
        bits = as_int(num_bits, "num_bits")
    if not 2 <= bits <= 16:
        raise InvalidArgumentError(f"{what}: num_bits is between 2 and 16, not {bits}{here()}")
    return float(bool(narrow_range)), float(2**bits - 1)


def _floats(what: str, x: Any, dtype: Any = np.float32) -> Node:
    node = to_node(x, None if isinstance(x, Node) else dtype)
    if node.type.dtype.kind != "f":
        raise DTypeError(f"{what}: {describe(node)} is not floating{here()}")
    return node


def _operands(what: str, inputs: Any, low: Any, high: Any, per_channel: bool) -> tuple[Node, Node, Node]:
    """The numbers and their bounds, of one dtype; a bound is a scalar, or has an element for each of the last axis."""
    x = _floats(what, inputs)
    bounds = [_floats(what, b, x.dtype) for b in (low, high)]
    for b in bounds:
        if b.type.dtype != x.type.dtype:
            raise DTypeError(f"{what}: {describe(b)} is not of the dtype of {describe(x)}{here()}")
        wanted: Any = () if not per_channel else None if x.type.shape is None else x.type.shape[-1:]
        if not compatible(b.type.shape, wanted) or per_channel and (x.type.rank == 0 or b.type.rank not in (None, 1)):
            raise ShapeError(f"{what}: {describe(b)} is no bound of {describe(x)}, {'a number a channel' if per_channel else 'a scalar'}{here()}")
    return x, bounds[0], bounds[1]


def _nudged(low: Node, high: Node, least: float, most: float) -> tuple[Node, Node, Node, Node]:
    """The bounds moved so that 0 is one of the steps between them, the size of a step, and whether there is any."""
    some = greater(high, low)
    scale = choose(some, high - low, 1.0) / (most - least)
    zero = floor(minimum(maximum(least - low / scale, least), most) + 0.5)
    return (least - zero) * scale, (most - zero) * scale, scale, some


def _quantized(x: Node, low: Node, high: Node, least: float, most: float) -> Node:
    first, last, scale, some = _nudged(low, high, least, most)
    zero = floor(0.5 - first / scale)
    shifted = minimum(maximum(x, first), last) - first
    return choose(some, floor(shifted / scale - zero + 0.5) * scale, zeros_like(x))


def _slopes(g: Node, x: Node, low: Node, high: Node, least: float, most: float) -> tuple[Node, Node, Node]:
    """The gradients of the numbers within the bounds, and of the bounds those of the numbers beyond; with no step between, all is within."""
    first, last, _, some = _nudged(low, high, least, most)
    within = logical_or(logical_and(greater_equal(x, first), less_equal(x, last)), logical_not(some))
    below, above = logical_and(less(x, first), some), logical_and(greater(x, last), some)
    axes = None if low.type.rank == 0 else tuple(range((x.type.rank or 1) - 1))
    return choose(within, g, 0.0), reduce_sum(choose(below, g, 0.0), axis=axes), reduce_sum(choose(above, g, 0.0), axis=axes)


def _args(what: str, low: Any, high: Any) -> tuple[float, float]:
    if not low < high:
        raise InvalidArgumentError(f"{what}: min must be less than max, and {low!r:.40} is not less than {high!r:.40}{here()}")
    return float(low), float(high)


def fake_quant_with_min_max_args(inputs: Any, min: Any = -6, max: Any = 6, num_bits: Any = 8, narrow_range: bool = False,
                                 name: str | None = None) -> Node:
    """Numbers between two bounds rounded to 2**num_bits equal steps, of which 0 is one (one step less if `narrow_range`); others cut off.

    float[...] -> the same. The gradient passes where nothing is cut off. DTypeError: not floating. InvalidArgumentError: min is not below max,
    or not 2 to 16 bits.

    >>> tf.Session(jit=False).run(tf.fake_quant_with_min_max_args([-0.3, 0.4, 9.0], 0.0, 3.0, num_bits=2))
    array([0., 0., 3.], dtype=float32)
    """
    x = _floats("fake_quant_with_min_max_args", inputs)
    low, high = _args("fake_quant_with_min_max_args", min, max)
    least, most = _numbers("fake_quant_with_min_max_args", num_bits, narrow_range)
    return identity(_differentiable(x, to_node(low, x.dtype), to_node(high, x.dtype), least, most), name=name)


def fake_quant_with_min_max_args_gradient(gradients: Any, inputs: Any, min: Any = -6, max: Any = 6, num_bits: Any = 8,
                                          narrow_range: bool = False, name: str | None = None) -> Node:
    """What `fake_quant_with_min_max_args` makes of the gradients of its result.

    float[...], float[...] -> float[...]. Errors as of that function: DTypeError, InvalidArgumentError.
    """
    what = "fake_quant_with_min_max_args_gradient"
    x, (low, high) = _floats(what, inputs), _args(what, min, max)
    least, most = _numbers(what, num_bits, narrow_range)
    return identity(_slopes(_floats(what, gradients, x.dtype), x, to_node(low, x.dtype), to_node(high, x.dtype), least, most)[0], name=name)


def _differentiable(x: Node, low: Node, high: Node, least: float, most: float) -> Node:
    @custom_gradient
    def quantized(x: Node, low: Node, high: Node) -> Any:
        return _quantized(x, low, high, least, most), lambda g: _slopes(g, x, low, high, least, most)
    made: Node = quantized(x, low, high)
    return made


def fake_quant_with_min_max_vars(inputs: Any, min: Any, max: Any, num_bits: Any = 8, narrow_range: bool = False, name: str | None = None) -> Node:
    """`fake_quant_with_min_max_args` of bounds that are tensors, mostly variables, which learn from what is cut off.

    inputs: float[...], min, max: the same dtype[] -> the same as inputs. DTypeError, ShapeError: they do not fit. InvalidArgumentError: not 2 to
    16 bits.

    >>> tf.Session(jit=False).run(tf.fake_quant_with_min_max_vars([-0.3, 0.4, 9.0], 0.0, 3.0, num_bits=2))
    array([0., 0., 3.], dtype=float32)
    """
    what = "fake_quant_with_min_max_vars"
    return identity(_differentiable(*_operands(what, inputs, min, max, False), *_numbers(what, num_bits, narrow_range)), name=name)


def fake_quant_with_min_max_vars_gradient(gradients: Any, inputs: Any, min: Any, max: Any, num_bits: Any = 8, narrow_range: bool = False,
                                          name: str | None = None) -> tuple[Node, Node, Node]:
    """What `fake_quant_with_min_max_vars` makes of the gradients of its result: those of inputs, min and max.

    float[...], float[...], float[], float[] -> (float[...], float[], float[]). Errors as of that function: DTypeError, ShapeError,
    InvalidArgumentError.
    """
    what = "fake_quant_with_min_max_vars_gradient"
    x, low, high = _operands(what, inputs, min, max, False)
    return _slopes(_floats(what, gradients, x.dtype), x, low, high, *_numbers(what, num_bits, narrow_range))


def fake_quant_with_min_max_vars_per_channel(inputs: Any, min: Any, max: Any, num_bits: Any = 8, narrow_range: bool = False,
                                             name: str | None = None) -> Node:
    """`fake_quant_with_min_max_vars` with bounds for each of the last axis.

    inputs: float[..., d], min, max: the same dtype[d] -> the same as inputs. DTypeError, ShapeError: they do not fit. InvalidArgumentError: not
    2 to 16 bits.
    """
    what = "fake_quant_with_min_max_vars_per_channel"
    return identity(_differentiable(*_operands(what, inputs, min, max, True), *_numbers(what, num_bits, narrow_range)), name=name)


def fake_quant_with_min_max_vars_per_channel_gradient(gradients: Any, inputs: Any, min: Any, max: Any, num_bits: Any = 8,
                                                      narrow_range: bool = False, name: str | None = None) -> tuple[Node, Node, Node]:
    """What `fake_quant_with_min_max_vars_per_channel` makes of the gradients of its result: those of inputs, min and max.

    float[..., d], float[..., d], float[d], float[d] -> (float[..., d], float[d], float[d]). Errors as of that function: DTypeError, ShapeError,
    InvalidArgumentError.
    """
    what = "fake_quant_with_min_max_vars_per_channel_gradient"
    x, low, high = _operands(what, inputs, min, max, True)
    return _slopes(_floats(what, gradients, x.dtype), x, low, high, *_numbers(what, num_bits, narrow_range))


# ---------------------------------------------------------------------- a range of either sign

def quantize_and_dequantize(input: Any, input_min: Any, input_max: Any, signed_input: bool = True, num_bits: Any = 8, range_given: bool = False,
                            round_mode: str = "HALF_TO_EVEN", name: str | None = None, narrow_range: bool = False, axis: Any = None) -> Node:
    """Numbers rounded to the multiples of one step that num_bits can count, the step as the range needs it; those beyond the range cut off.

    The range is that of the numbers, unless `range_given`: then input_min and input_max, float[], or float[n] with `axis`, whose n slices have
    ranges of their own. float[...] -> the same; the gradient passes. DTypeError: not floating. InvalidArgumentError: another rounding, or not 2
    to 63 bits. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.quantization.quantize_and_dequantize([0.4, 0.6, 3.0], 0.0, 0.0, num_bits=3))
    array([0., 1., 3.], dtype=float32)
    """
    what = "quantize_and_dequantize"
    if round_mode not in ("HALF_TO_EVEN", "HALF_UP"):
        raise InvalidArgumentError(f"{what}: round_mode is HALF_TO_EVEN or HALF_UP, not {round_mode!r:.40}{here()}")
    x = _floats(what, input)
    given = x
    with saying(what):
        bits = as_int(num_bits, "num_bits")
        at = None if axis is None or axis == -1 else normal_axis(as_int(axis, "axis"), x.type.rank)
    if not 2 <= bits <= 63:
        raise InvalidArgumentError(f"{what}: num_bits is between 2 and 63, not {bits}{here()}")
    most = float(2 ** (bits - 1) - 1 if signed_input else 2**bits - 1)
    least = (-most if narrow_range else -most - 1) if signed_input else 0.0
    if at is not None and x.type.rank is None:
        raise ShapeError(f"{what}: the rank of {describe(x)} must be known for an axis{here()}")
    line = None if at is None else [-1 if i == at else 1 for i in range(x.type.rank or 0)]
    if range_given:
        low, high = (reshape(_floats(what, b, x.dtype), line) if line else _floats(what, b, x.dtype) for b in (input_min, input_max))
    else:
        axes = None if line is None else tuple(i for i, n in enumerate(line) if n == 1)
        low, high = (f(x, axis=axes, keepdims=line is not None) for f in (reduce_min, reduce_max))
    low, high = stop_gradient(low), stop_gradient(high)
    # The side that needs the coarser step decides; one of another sign than its whole numbers needs none.
    lower = to_node(False) if least == 0.0 else greater(low / least, maximum(high / most, 0.0))
    some = logical_or(lower, greater(high, 0.0))
    end, count = choose(lower, low, high), choose(lower, least, most)
    end = choose(some, end, 1.0)
    step, steps = end / count, count / end              # rounded each: 1 / step may lie on the other side of a half
    x = minimum(maximum(x, least * step), most * step) if range_given else x
    found = choose(some, (rint(x * steps) if round_mode == "HALF_TO_EVEN" else floor(x * steps + 0.5)) * step, zeros_like(x))

    @custom_gradient
    def straight(x: Node) -> Any:
        return found, lambda g: g
    made: Node = straight(given)
    return identity(made, name=name)
