"""Bijectors of vectors: to the simplex, to ordered numbers, in another order or shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....errors import DTypeError, ShapeError
from ....ir.known import static_value
from ....ir.node import Node, here
from ....ir.operator import to_node
from ....ir.types import TensorShape
from ....ops.array import concat, cumsum, gather, invert_permutation, pad, rank, reshape, shape, zeros
from ....ops.array import range as counted
from ....ops.debug import assert_equal, assert_positive
from ....ops.math import exp, log
from ....ops.nn import softmax, softplus, top_k
from ....ops.reduce import reduce_logsumexp, reduce_sum
from .base import Bijector, checked

__all__ = ["Ordered", "Permute", "Reshape", "SoftmaxCentered"]


def _zero(self: Bijector, t: Node) -> Node:
    """The volume change of a map that keeps volumes."""
    return to_node(np.zeros((), t.type.dtype))


class SoftmaxCentered(Bijector):
    """y = softmax of x with a 0 behind it: float[..., k] -> float[..., k + 1], vectors that add up to 1. ShapeError: too few numbers to invert.

    >>> b = tf.contrib.distributions.bijectors.SoftmaxCentered()
    >>> tf.Session(jit=False).run(b.forward([0.0, 0.0, 0.0]))
    array([0.25, 0.25, 0.25, 0.25], dtype=float32)
    """

    def __init__(self, validate_args: bool = False, name: str = "softmax_centered"):
        super().__init__(validate_args=validate_args, forward_min_event_ndims=1, name=name)

    def _forward_event_shape(self, input_shape: TensorShape) -> TensorShape:
        if input_shape.ndims is None or input_shape[-1].value is None:
            return input_shape
        return input_shape[:-1].concatenate([input_shape[-1] + 1])

    def _forward_event_shape_tensor(self, input_shape: Node) -> Node:
        return concat([input_shape[:-1], input_shape[-1:] + 1], 0)

    def _inverse_event_shape(self, output_shape: TensorShape) -> TensorShape:
        if output_shape.ndims is None or output_shape[-1].value is None:
            return output_shape
        if output_shape[-1].value <= 1:
            raise ShapeError(f"SoftmaxCentered: {output_shape} has too few numbers, 2 are the least{here()}")
        return output_shape[:-1].concatenate([output_shape[-1] - 1])

    def _inverse_event_shape_tensor(self, output_shape: Node) -> Node:
        return concat([output_shape[:-1], output_shape[-1:] - 1], 0)

    def _forward(self, x: Node) -> Node:
        return softmax(pad(x, [*([[0, 0]] * (len(x.shape) - 1)), [0, 1]]))

    def _inverse(self, y: Node) -> Node:
        logs = log(y)
        return logs[..., :-1] - logs[..., -1:]

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        return -reduce_sum(log(y), -1)

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        norm = softplus(reduce_logsumexp(x, -1, True))
        return -norm[..., 0] + reduce_sum(x - norm, -1)


class Ordered(Bijector):
    """y = the first number and the logs of the steps to the next ones: float[..., k], strictly increasing, -> float[..., k].

    InvalidArgumentError, when run with `validate_args`: x does not increase. Source: Stan, Modeling Language 2.17, 35.2.
    """

    def __init__(self, validate_args: bool = False, name: str = "ordered"):
        super().__init__(validate_args=validate_args, forward_min_event_ndims=1, name=name)

    def _steps(self, x: Node) -> Node:
        steps = x[..., 1:] - x[..., :-1]
        wrong = "Forward transformation input must be strictly increasing."
        return checked(steps, [assert_positive(steps, message=wrong)] if self.validate_args else [])

    def _forward(self, x: Node) -> Node:
        return concat([x[..., :1], log(self._steps(x))], -1)

    def _inverse(self, y: Node) -> Node:
        return cumsum(concat([y[..., :1], exp(y[..., 1:])], -1), -1)

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        return reduce_sum(y[..., 1:], -1)

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        return -reduce_sum(log(self._steps(x)), -1)


class Permute(Bijector):
    """y = the numbers of x in another order: y[..., i] = x[..., permutation[i]]. DTypeError: no whole numbers. ShapeError: they are no permutation.

    InvalidArgumentError, when run with `validate_args`: so, where it is known then only.
    """

    def __init__(self, permutation: Any, validate_args: bool = False, name: str | None = None):
        order = to_node(permutation)
        if order.type.dtype.kind not in "iu":
            raise DTypeError(f"Permute: a permutation is of whole numbers, not of {order.dtype.name}{here()}")
        known = static_value(order)
        if known is not None and sorted(known.tolist()) != [*range(known.size)]:
            raise ShapeError(f"Permute: a permutation has each of 0, 1, ..., {known.size - 1} once, {known.tolist()} has not{here()}")
        if known is None and validate_args:
            ranked = -top_k(-order, shape(order)[-1])[0]
            order = checked(order, [assert_equal(ranked, counted(shape(order)[-1]), message="Permutation must contain each number once.")])
        self._permutation = order
        super().__init__(is_constant_jacobian=True, validate_args=validate_args, forward_min_event_ndims=1, name=name or "permute")

    @property
    def permutation(self) -> Node:
        return self._permutation

    def _forward(self, x: Node) -> Node:
        return gather(x, self._permutation, axis=-1)

    def _inverse(self, y: Node) -> Node:
        return gather(y, invert_permutation(self._permutation), axis=-1)

    _inverse_log_det_jacobian = _forward_log_det_jacobian = _zero


class Reshape(Bijector):
    """y = events of another shape; -1 is the size that is left. DTypeError: no whole numbers. ShapeError: no shape, or events of another shape.

    >>> b = tf.contrib.distributions.bijectors.Reshape([2, 2])
    >>> b.forward(tf.zeros([5, 4])).shape.as_list(), b.inverse(tf.zeros([5, 2, 2])).shape.as_list()
    ([5, 2, 2], [5, 4])
    """

    def __init__(self, event_shape_out: Any, event_shape_in: Any = (-1,), validate_args: bool = False, name: str | None = None):
        self._out, self._in = self._valid(event_shape_out), self._valid(event_shape_in)
        super().__init__(is_constant_jacobian=True, validate_args=validate_args, forward_min_event_ndims=0, name=name or "reshape")

    @staticmethod
    def _valid(sizes: Any) -> tuple[Node, Any]:
        """A shape as a tensor, and what is known of it: a list, or None."""
        node = sizes if isinstance(sizes, Node) else to_node(np.asarray(sizes, np.int32 if not np.size(sizes) else None))
        if node.type.dtype.kind not in "iu":
            raise DTypeError(f"Reshape: a shape is of whole numbers, {sizes!r:.40} is not{here()}")
        known = static_value(node)
        if node.type.rank not in (None, 1) or known is not None and (known < -1).any() or known is not None and (known == -1).sum() > 1:
            raise ShapeError(f"Reshape: {sizes!r:.60} is no shape of events: sizes, and -1 at most once{here()}")
        return node, None if known is None else [int(d) for d in known]

    def _moved(self, t: Node, one: tuple[Node, Any], other: tuple[Node, Any]) -> Node:
        """Events of the one shape in the other."""
        (node, known), (target, to) = one, other
        axes = len(known) if known is not None else shape(node)[0]
        if known is not None and t.type.shape is not None:
            own = self._matched(TensorShape(t.type.shape), known)
            if own.is_fully_defined() and to is not None:
                return reshape(t, own.as_list() + self._sizes(TensorShape(t.type.shape)[own.ndims:], to).as_list())
        elif self.validate_args and known is not None:
            t = self._held(t, known)
        lead = shape(t)[:(len(t.type.shape) if t.type.shape is not None else rank(t)) - axes]
        return reshape(t, concat([lead, target], 0))

    @staticmethod
    def _held(t: Node, known: list[int]) -> Node:
        events = shape(t)[rank(t) - len(known):]
        places = [i for i, d in enumerate(known) if d >= 0]
        wrong = "Input `event_shape` does not match `event_shape_in`."
        return checked(t, [assert_equal(gather(events, places), [known[i] for i in places], message=wrong)] if places else [])

    @staticmethod
    def _matched(full: TensorShape, known: list[int]) -> TensorShape:
        """The sizes before those of events. ShapeError: the last ones are not of the events' shape."""
        at = full.ndims - len(known) if full.ndims is not None else 0
        own = full[at:].as_list() if at >= 0 else []
        if at < 0 or any(a is not None and b >= 0 and a != b for a, b in zip(own, known, strict=True)):
            raise ShapeError(f"Reshape: {full} does not end in the events' shape {known}{here()}")
        return full[:at]

    @staticmethod
    def _sizes(events: TensorShape, to: list[int] | None) -> TensorShape:
        """The shape that events get, as far as it is known. ShapeError: their numbers do not fit into it."""
        if to is None:
            return TensorShape(None)
        if -1 not in to or not events.is_fully_defined():
            return TensorShape([None if d == -1 else d for d in to])
        rest, count = int(np.prod([d for d in to if d != -1])), int(events.num_elements() or 0)
        if not rest or count % rest:
            raise ShapeError(f"Reshape: events of {events} do not fit into {to}{here()}")
        return TensorShape([count // rest if d == -1 else d for d in to])

    def _shaped(self, given: TensorShape, one: Any, to: Any) -> TensorShape:
        if given.ndims is None or one is None:
            return TensorShape(None)
        lead = self._matched(given, one)
        return lead.concatenate(self._sizes(given[lead.ndims:], to))

    def _forward(self, x: Node) -> Node:
        return self._moved(x, self._in, self._out)

    def _inverse(self, y: Node) -> Node:
        return self._moved(y, self._out, self._in)

    _inverse_log_det_jacobian = _forward_log_det_jacobian = _zero

    def _forward_event_shape(self, input_shape: TensorShape) -> TensorShape:
        return self._shaped(input_shape, self._in[1], self._out[1])

    def _inverse_event_shape(self, output_shape: TensorShape) -> TensorShape:
        return self._shaped(output_shape, self._out[1], self._in[1])

    def _forward_event_shape_tensor(self, input_shape: Node) -> Node:
        return shape(self._forward(zeros(input_shape)))

    def _inverse_event_shape_tensor(self, output_shape: Node) -> Node:
        return shape(self._inverse(zeros(output_shape)))
