"""Staging areas, which hand values from one run to the next, and accumulators, which hand over the mean of gradients when there are enough."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, CancelledError, DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.graph import get_default_graph
from ..ir.node import Node, Operation, describe, dtype_of, here, saying
from ..ir.operator import to_node
from ..ir.types import Array, TensorType, as_shape, compatible, shape_str
from ..ops.outside import arrival, departure
from ..ops.slices import IndexedSlices
from ..runtime.resources import Resources
from .blocks import array_of
from .queues import QueueBase
from .store import InOrder

__all__ = ["ConditionalAccumulator", "ConditionalAccumulatorBase", "SparseConditionalAccumulator", "StagingArea"]

_INT32, _INT64 = np.dtype(np.int32), np.dtype(np.int64)


# ---------------------------------------------------------------------- staging areas

class _Peek:
    def __init__(self, area: StagingArea):
        self.area = area

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Any]:
        store: Any = self.area._store(kept)
        at = int(np.asarray(inputs[0]))
        with store.change:
            while len(store) <= at:
                if store.ended:
                    raise CancelledError("the session is closed")
                store.change.wait()
            found: Sequence[Any] = store.elements[at]
            return found


class _Clear:
    def __init__(self, area: StagingArea):
        self.area = area

    def take(self, kept: Resources, inputs: Sequence[Any]) -> None:
        store: Any = self.area._store(kept)
        with store.change:
            store.elements.clear()
            store.change.notify_all()


class StagingArea(QueueBase):
    """Values that a run puts down when it is done and another one gets before it begins, in order; each session has its own.

    `dtypes`, `shapes`: of each value (None: any); `names`: what is put and got are dicts; `capacity`: how many there is room for, 0: any number.
    ArgumentError, DTypeError, ShapeError, GraphError: no such area.

    >>> area = tf.contrib.staging.StagingArea([tf.float32])
    >>> put, (got,) = area.put([tf.constant(1.5)]), area.get()
    >>> with tf.Session(jit=False) as sess:
    ...     sess.run(put)
    ...     print(sess.run([got * 2, area.size()]))
    [np.float32(3.0), np.int32(0)]
    """

    def __init__(self, dtypes: Any, shapes: Any = None, names: Any = None, shared_name: str | None = None, capacity: Any = 0, memory_limit: Any = 0):
        super().__init__(dtypes, shapes, names, shared_name, "StagingArea", capacity or -1)
        self._key = self if not shared_name else ("staging", shared_name)
        self._make = lambda: InOrder(self._capacity)

    @property
    def capacity(self) -> int:
        """How many values there is room for; 0: any number."""
        return 0 if self._capacity == 2**62 else self._capacity

    def put(self, values: Any, name: str | None = None) -> Operation:
        """An operation that puts values down when its run is done, and waits for room."""
        return self._enqueued("put", values, False, name, None)

    def get(self, name: str | None = None) -> Any:
        """The values that were put down first, a list or a dict, which a run waits for."""
        return self._as_put(self.dequeue(name or f"{self._name}_get"))

    def peek(self, index: Any, name: str | None = None) -> Any:
        """The values of that number, which stay where they are; a run waits for them."""
        found = arrival(self._graph, _Peek(self), (to_node(index),), self._types(), name or f"{self._name}_peek")
        return self._as_put(self._packed(found))

    def clear(self, name: str | None = None) -> Operation:
        """An operation that throws away what is there."""
        return departure(self._graph, _Clear(self), (), name or f"{self._name}_clear")

    def _as_put(self, found: Any) -> Any:
        return found if isinstance(found, (Mapping, list)) else [found]


# ---------------------------------------------------------------------- accumulators

class _Sums:
    """What a session has accumulated. Subclasses say how two gradients are added, and what is handed over."""

    def __init__(self, mean: bool):
        self.mean, self.change = mean, threading.Condition()
        self.count = self.step = 0
        self.sums: Any = None
        self.ended = False

    def apply(self, local_step: int, gradient: Any) -> None:
        """Add a gradient; one that is older than the last that was taken is forgotten."""
        with self.change:
            if local_step >= self.step:
                self._add(gradient)
                self.count += 1
                self.change.notify_all()

    def take(self, wanted: int) -> Any:
        """The mean, when there are so many; then it begins again. CancelledError: the session is closed."""
        if wanted < 1:
            raise InvalidArgumentError(f"a mean of {wanted} gradients: of one at least")
        with self.change:
            while self.count < wanted:
                if self.ended:
                    raise CancelledError("the session is closed")
                self.change.wait()
            found = self._given()
            self.count, self.sums = 0, None
            self.step += 1
            return found

    def close(self) -> None:
        with self.change:
            self.ended = True
            self.change.notify_all()

    def _add(self, gradient: Any) -> None:
        if self.sums is not None and self.sums.shape != gradient.shape:
            raise InvalidArgumentError(f"a gradient of the shape {shape_str(gradient.shape)} to those of {shape_str(self.sums.shape)}")
        self.sums = gradient.copy() if self.sums is None else self.sums + gradient

    def _given(self) -> Any:
        return [(self.sums / self.sums.dtype.type(self.count) if self.mean else self.sums).astype(self.sums.dtype)]


class _SparseSums(_Sums):
    """Rows by their numbers, each with how often it came; and the shape of the whole."""

    def _add(self, gradient: Any) -> None:
        indices, values, shape = gradient
        rows, whole = (dict[int, Any](), shape) if self.sums is None else self.sums
        if any(row.shape != values.shape[1:] for row, _ in rows.values()):
            raise InvalidArgumentError(f"rows of the shape {shape_str(values.shape[1:])} to others")
        for i, value in zip(indices.tolist(), values, strict=True):
            row, n = rows.get(i, (np.zeros_like(value), 0))
            rows[i] = row + value, n + 1
        self.sums = rows, whole

    def _given(self) -> Any:
        rows, shape = self.sums
        order = sorted(rows)
        values = [(row / row.dtype.type(n) if self.mean else row) for row, n in (rows[i] for i in order)]
        return [np.array(order, np.int64), np.stack(values), shape]


class _Apply:
    def __init__(self, of: ConditionalAccumulatorBase):
        self.of = of

    def take(self, kept: Resources, inputs: Sequence[Any]) -> None:
        step, *parts = map(array_of, inputs)
        sums = self.of._sums(kept)
        self.of._check(parts)
        sums.apply(int(step), parts[0] if len(parts) == 1 else parts)


class _Taken:
    def __init__(self, of: ConditionalAccumulatorBase):
        self.of = of

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Any]:
        found: Sequence[Any] = self.of._sums(kept).take(int(np.asarray(inputs[0])))
        return found


class _Counted:
    def __init__(self, of: ConditionalAccumulatorBase):
        self.of = of

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Any]:
        return [np.array(self.of._sums(kept).count, _INT32)]


class _SetStep:
    def __init__(self, of: ConditionalAccumulatorBase):
        self.of = of

    def take(self, kept: Resources, inputs: Sequence[Any]) -> None:
        self.of._sums(kept).step = int(np.asarray(inputs[0]))


class ConditionalAccumulatorBase:
    """What accumulators have in common: a sum that each session has of its own, and the step from which on gradients count."""

    _kind: type[_Sums] = _Sums

    def __init__(self, dtype: Any, shape: Any, shared_name: str | None, name: str, reduction_type: str):
        what = type(self).__name__
        self._dtype = dtype_of(what, dtype)
        if reduction_type not in ("MEAN", "SUM"):
            raise ArgumentError(f"{what}: reduction_type is 'MEAN' or 'SUM', not {reduction_type!r:.40}{here()}")
        with saying(what):
            self._shape = as_shape(shape)
        self._mean, self._graph = reduction_type == "MEAN", get_default_graph()
        self._name = self._graph.unique_name(name)
        self._key: Any = self if not shared_name else ("accumulator", shared_name)

    @property
    def name(self) -> str:
        """The accumulator's name in its graph."""
        return self._name

    @property
    def dtype(self) -> Any:
        """The dtype of its gradients."""
        return self._dtype

    def num_accumulated(self, name: str | None = None) -> Node:
        """How many gradients there are when the run begins, int32."""
        return arrival(self._graph, _Counted(self), (), [TensorType(_INT32, ())], name or f"{self._name}_NumAccumulated")[0]

    def set_global_step(self, new_global_step: Any, name: str | None = None) -> Operation:
        """An operation that sets the step: gradients of earlier ones are forgotten from then on."""
        step = to_node(new_global_step, None if isinstance(new_global_step, Node) else np.int64)
        return departure(self._graph, _SetStep(self), (step,), name or f"{self._name}_SetGlobalStep")

    def _sums(self, kept: Resources) -> _Sums:
        found: _Sums = kept.get(self._key, lambda: self._kind(self._mean))
        return found

    def _check(self, parts: Sequence[Array]) -> None:
        if not compatible(self._shape, parts[0].shape):
            raise InvalidArgumentError(f"a gradient of the shape {shape_str(parts[0].shape)} for one of {shape_str(self._shape)}")

    def _applied(self, what: str, local_step: Any, parts: Sequence[Node], name: str | None) -> Operation:
        step = to_node(local_step, None if isinstance(local_step, Node) else np.int64)
        if step.type.dtype.kind not in "iu" or not compatible(step.type.shape, ()):
            raise DTypeError(f"{what}: local_step is a whole number, not {describe(step)}{here()}")
        return departure(self._graph, _Apply(self), (step, *parts), name or f"{self._name}_ApplyGradient")

    def _gradient(self, what: str, value: Any) -> Node:
        node = to_node(value, None if isinstance(value, Node) else self._dtype)
        if node.type.dtype != self._dtype.dtype:
            raise DTypeError(f"{what}: {describe(node)} is not of {self._dtype.name}{here()}")
        return node


class ConditionalAccumulator(ConditionalAccumulatorBase):
    """The mean (`reduction_type` "SUM": the sum) of gradients, which is taken when there are enough; those of earlier steps are forgotten.

    ArgumentError, DTypeError, ShapeError: no such accumulator.

    >>> sums = tf.ConditionalAccumulator(tf.float32, shape=[])
    >>> put, mean = sums.apply_grad(tf.constant(3.0)), sums.take_grad(2)
    >>> with tf.Session(jit=False) as sess:
    ...     sess.run(put)
    ...     sess.run(put)
    ...     print(sess.run(mean))
    3.0
    """

    def __init__(self, dtype: Any, shape: Any = None, shared_name: str | None = None, name: str = "conditional_accumulator",
                 reduction_type: str = "MEAN"):
        super().__init__(dtype, shape, shared_name, name, reduction_type)

    def apply_grad(self, grad: Any, local_step: Any = 0, name: str | None = None) -> Operation:
        """An operation that adds a gradient when its run is done, if `local_step` is not before the accumulator's."""
        what = "ConditionalAccumulator.apply_grad"
        node = self._gradient(what, grad)
        if not compatible(node.type.shape, self._shape):
            raise ShapeError(f"{what}: {describe(node)} for a gradient of {shape_str(self._shape)}{here()}")
        return self._applied(what, local_step, [node], name)

    def take_grad(self, num_required: Any, name: str | None = None) -> Node:
        """The mean, for which a run waits until there are so many gradients; then the accumulator begins anew, a step later."""
        types = [TensorType(self._dtype.dtype, self._shape)]
        return arrival(self._graph, _Taken(self), (to_node(num_required),), types, name or f"{self._name}_TakeGradient")[0]


class SparseConditionalAccumulator(ConditionalAccumulatorBase):
    """`ConditionalAccumulator` of rows of gradients: of each the mean over those that came (`reduction_type` "SUM": the sum).

    ArgumentError, DTypeError, ShapeError: no such accumulator.
    """

    _kind = _SparseSums

    def __init__(self, dtype: Any, shape: Any = None, shared_name: str | None = None, name: str = "sparse_conditional_accumulator",
                 reduction_type: str = "MEAN"):
        super().__init__(dtype, shape, shared_name, name, reduction_type)

    def apply_grad(self, grad_indices: Any, grad_values: Any, grad_shape: Any = None, local_step: Any = 0, name: str | None = None) -> Operation:
        """An operation that adds rows of a gradient when its run is done; `grad_shape`: of the whole."""
        what = "SparseConditionalAccumulator.apply_grad"
        indices = to_node(grad_indices, None if isinstance(grad_indices, Node) else np.int64)
        values = self._gradient(what, grad_values)
        if indices.type.dtype.kind not in "iu" or indices.type.rank not in (None, 1) or values.type.rank == 0:
            raise ShapeError(f"{what}: {describe(indices)} are no numbers of the rows of {describe(values)}{here()}")
        shape = to_node([] if grad_shape is None else grad_shape, None if isinstance(grad_shape, Node) else np.int64)
        return self._applied(what, local_step, [indices, values, shape], name)

    def apply_indexed_slices_grad(self, grad: Any, local_step: Any = 0, name: str | None = None) -> Operation:
        """`apply_grad` of IndexedSlices. GraphError: they are none."""
        if not isinstance(grad, IndexedSlices):
            raise GraphError(f"apply_indexed_slices_grad takes IndexedSlices, not {grad!r:.60}{here()}")
        return self.apply_grad(grad.indices, grad.values, grad.dense_shape, local_step, name)

    def take_grad(self, num_required: Any, name: str | None = None) -> tuple[Node, Node, Node]:
        """Numbers of rows, their means, and the shape of the whole, for which a run waits until there are so many gradients."""
        row = None if self._shape is None else (None, *self._shape[1:])
        types = [TensorType(_INT64, (None,)), TensorType(self._dtype.dtype, row), TensorType(_INT64, (None,))]
        indices, values, shape = arrival(self._graph, _Taken(self), (to_node(num_required),), types, name or f"{self._name}_TakeGradient")
        return indices, values, shape

    def take_indexed_slices_grad(self, num_required: Any, name: str | None = None) -> IndexedSlices:
        """`take_grad` as IndexedSlices."""
        indices, values, shape = self.take_grad(num_required, name)
        return IndexedSlices(values, indices, shape)

    def _check(self, parts: Sequence[Array]) -> None:
        indices, values, _ = parts
        if len(indices) != len(values):
            raise InvalidArgumentError(f"{len(indices)} numbers for {len(values)} rows")
        row = None if self._shape is None else self._shape[1:]
        if not compatible(row, values.shape[1:]) or (self._shape and self._shape[0] is not None and np.any(indices >= int(self._shape[0]))):
            raise InvalidArgumentError(f"rows {indices.tolist()[:8]} of the shape {shape_str(values.shape[1:])} for {shape_str(self._shape)}")
