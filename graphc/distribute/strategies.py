"""Strategies on one device: they call a function once, as its one replica, and what is summed over replicas is the value itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..data import Dataset
from ..errors import ArgumentError, GraphError, UnimplementedError
from ..ir.node import Node, Operation, here
from ..nest import flatten, map_structure
from ..ops.reduce import reduce_mean, reduce_sum
from ..ops.sources import constant
from ..ops.state import group

__all__ = ["InputContext", "MirroredStrategy", "OneDeviceStrategy", "ReduceOp", "ReplicaContext", "Strategy", "StrategyExtended",
           "experimental_set_strategy", "get_loss_reduction", "get_replica_context", "get_strategy", "has_strategy", "in_cross_replica_context"]


class ReduceOp:
    """How the values of replicas become one."""

    SUM, MEAN = "SUM", "MEAN"

    @staticmethod
    def from_variable_aggregation(aggregation: Any) -> str:
        """MEAN for a mean, SUM for all else."""
        return ReduceOp.MEAN if str(aggregation).upper().endswith("MEAN") else ReduceOp.SUM


class InputContext(NamedTuple):
    """What part of the input a function of inputs is asked for: all of it."""

    num_input_pipelines: int = 1
    input_pipeline_id: int = 0
    num_replicas_in_sync: int = 1

    def get_per_replica_batch_size(self, global_batch_size: int) -> int:
        """The size of a replica's batch. ArgumentError: it does not go in."""
        if global_batch_size % self.num_replicas_in_sync:
            raise ArgumentError(f"a batch of {global_batch_size} does not go into {self.num_replicas_in_sync} replicas{here()}")
        return global_batch_size // self.num_replicas_in_sync


class InputIterator:
    """The elements of a dataset, for the one replica."""

    def __init__(self, dataset: Dataset):
        self._iterator = dataset.make_initializable_iterator()

    def get_next(self, name: str | None = None) -> Any:
        """The next element, for the one replica."""
        return self._iterator.get_next(name)

    def initialize(self) -> Operation:
        """The operation that starts the iterator."""
        return self._iterator.initializer

    @property
    def initializer(self) -> Operation:
        """As `initialize()`."""
        return self.initialize()


def _kind(reduce_op: Any) -> str:
    kind = str(getattr(reduce_op, "name", reduce_op)).upper()
    if kind not in (ReduceOp.SUM, ReduceOp.MEAN):
        raise ArgumentError(f"values of replicas are reduced by SUM or MEAN, not {reduce_op!r:.60}{here()}")
    return kind


class _Scopes(threading.local):
    """Within what scopes of strategies, and in whose replicas, a thread builds."""

    def __init__(self) -> None:
        self.strategies: list[Strategy] = []
        self.crossing: list[bool] = []

    @contextmanager
    def within(self, strategy: Strategy, crossing: bool) -> Iterator[Strategy]:
        self.strategies.append(strategy)
        self.crossing.append(crossing)
        try:
            yield strategy
        finally:
            self.strategies.pop()
            self.crossing.pop()


_open = _Scopes()


class StrategyExtended:
    """What libraries ask of a strategy; `strategy.extended`."""

    def __init__(self, strategy: Strategy):
        self._strategy = strategy

    experimental_between_graph = False
    experimental_require_static_shapes = False
    experimental_should_init = should_checkpoint = should_save_summary = True

    @property
    def worker_devices(self) -> tuple[str, ...]:
        """The devices that compute."""
        return (self._strategy.device,)

    parameter_devices = worker_devices

    def call_for_each_replica(self, fn: Callable[..., Any], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        """What the function gives, called once."""
        return self._strategy.experimental_run_v2(fn, args, kwargs)

    def reduce_to(self, reduce_op: Any, value: Any, destinations: Any) -> Any:
        """The value of the one replica. ArgumentError: reduced otherwise than by SUM or MEAN."""
        _kind(reduce_op)
        return value

    def batch_reduce_to(self, reduce_op: Any, value_destination_pairs: Sequence[Any]) -> list[Any]:
        """The value of each pair. ArgumentError as of `reduce_to`."""
        _kind(reduce_op)
        return [value for value, _ in value_destination_pairs]

    def broadcast_to(self, tensor: Any, destinations: Any) -> Any:
        """The tensor."""
        return tensor

    def update(self, var: Any, fn: Callable[..., Any], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None,
               group: bool = True) -> Any:
        """What the function gives of the variable, and in a tuple without `group`."""
        done = fn(var, *args, **(kwargs or {}))
        return done if group else (done,)

    def update_non_slot(self, colocate_with: Any, fn: Callable[..., Any], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None,
                        group: bool = True) -> Any:
        """What the function gives, and in a tuple without `group`."""
        done = fn(*args, **(kwargs or {}))
        return done if group else (done,)

    def value_container(self, value: Any) -> Any:
        """The value."""
        return value

    def read_var(self, v: Any) -> Any:
        """The variable's value."""
        return v

    def non_slot_devices(self, var_list: Any) -> tuple[str, ...]:
        """The one device."""
        return self.worker_devices

    def variable_created_in_scope(self, v: Any) -> bool:
        """Whether the variable stands on this strategy's device: True."""
        return True

    @contextmanager
    def colocate_vars_with(self, colocate_with_variable: Any) -> Iterator[None]:
        """Nothing: there is one place."""
        yield


class Strategy:
    """How a computation is dealt out to devices: to one, where it runs as it is.

    `scope()`: variables made within are this strategy's. `experimental_run_v2(fn, args, kwargs)`: `fn` called, once. `reduce`: the value of
    the one replica, along an axis if one is named. UnimplementedError: more than one device, which graphc does not have.

    >>> strategy = tf.distribute.MirroredStrategy()
    >>> with strategy.scope():
    ...     doubled = strategy.experimental_run_v2(lambda x: x * 2, args=(tf.constant([1.0, 3.0]),))
    >>> strategy.num_replicas_in_sync, tf.Session(jit=False).run(strategy.reduce(tf.distribute.ReduceOp.MEAN, doubled, axis=0))
    (1, np.float32(4.0))
    """

    device = "/device:CPU:0"

    def __init__(self, extended: Any = None):
        self.extended = StrategyExtended(self)

    @property
    def num_replicas_in_sync(self) -> int:
        """1."""
        return 1

    @contextmanager
    def scope(self) -> Iterator[Strategy]:
        """Make this the strategy of what is built within. GraphError: another one is."""
        if _open.strategies and _open.strategies[-1] is not self:
            raise GraphError(f"within the scope of {_open.strategies[-1]!r} that of {self!r} is entered: one strategy holds{here()}")
        with _open.within(self, True):
            yield self

    def experimental_run_v2(self, fn: Callable[..., Any], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        """What the function gives, called in the one replica."""
        with _open.within(self, False):
            return fn(*args, **(kwargs or {}))

    run = experimental_run_v2

    def experimental_run(self, fn: Callable[..., Any], input_iterator: Any = None) -> Any:
        """What the function gives of the iterator's next element, or of nothing."""
        return self.experimental_run_v2(fn, () if input_iterator is None else (input_iterator.get_next(),))

    def experimental_distribute_dataset(self, dataset: Dataset) -> Dataset:
        """The dataset: the one replica takes all of it."""
        return dataset

    def experimental_distribute_datasets_from_function(self, dataset_fn: Callable[[InputContext], Dataset]) -> Dataset:
        """The dataset that the function gives, asked for all of it."""
        return dataset_fn(InputContext())

    def experimental_make_numpy_dataset(self, numpy_input: Any, session: Any = None) -> Dataset:
        """A dataset of the rows of arrays."""
        return Dataset.from_tensor_slices(numpy_input)

    def make_dataset_iterator(self, dataset: Dataset) -> InputIterator:
        """An iterator of the dataset."""
        return InputIterator(dataset)

    def make_input_fn_iterator(self, input_fn: Callable[[InputContext], Any], replication_mode: Any = None) -> InputIterator:
        """An iterator of the dataset that a function gives."""
        return self.make_dataset_iterator(input_fn(InputContext()))

    def reduce(self, reduce_op: Any, value: Any, axis: int | None = None) -> Any:
        """The value of the one replica, added up or averaged along `axis` if it is not None. ArgumentError: another reduction."""
        along = reduce_mean if _kind(reduce_op) == ReduceOp.MEAN else reduce_sum
        return value if axis is None else map_structure(lambda v: along(v, axis=axis), value)

    def experimental_local_results(self, value: Any) -> tuple[Any, ...]:
        """The values of all replicas: a tuple of the one."""
        return (value,)

    unwrap = experimental_local_results

    def group(self, value: Any, name: str | None = None) -> Any:
        """One operation of what each replica does."""
        return group(*flatten(value), name=name)

    def configure(self, session_config: Any = None, cluster_spec: Any = None, task_type: str | None = None, task_id: int | None = None) -> None:
        """Nothing: there is nothing to set."""

    def update_config_proto(self, config_proto: Any) -> Any:
        """The options as they are."""
        return config_proto

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.device!r})"


class OneDeviceStrategy(Strategy):
    """All on one device, which is named. Errors and use as of `tf.distribute.Strategy`."""

    def __init__(self, device: str = Strategy.device):
        super().__init__()
        self.device = device


class MirroredStrategy(Strategy):
    """Mirrors of variables on each device: on the one that there is, the variables. UnimplementedError: more devices are named.

    `num_gpus`, `num_gpus_per_worker`: as `tf.contrib.distribute` has it, at most one.
    """

    def __init__(self, devices: Sequence[str] | None = None, cross_device_ops: Any = None, num_gpus: int | None = None,
                 num_gpus_per_worker: int | None = None, cross_tower_ops: Any = None, auto_shard_dataset: bool = False):
        super().__init__()
        asked = max(len(devices or ()), num_gpus or 0, num_gpus_per_worker or 0)
        if asked > 1:
            raise UnimplementedError(f"{type(self).__name__}: {asked} devices are asked for, and graphc computes on one, the processor{here()}")
        if devices:
            self.device = devices[0]


class ReplicaContext:
    """The one replica, while its function is called."""

    def __init__(self, strategy: Strategy | None = None, replica_id_in_sync_group: Any = 0):
        self.strategy = strategy or get_strategy()

    @property
    def num_replicas_in_sync(self) -> int:
        """1."""
        return 1

    @property
    def replica_id_in_sync_group(self) -> Node:
        """0, as a tensor."""
        return constant(np.int32(0))

    @property
    def devices(self) -> tuple[str, ...]:
        """The device of the replica."""
        return (self.strategy.device,)

    def merge_call(self, merge_fn: Callable[..., Any], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        """What the function gives of the strategy and what all replicas have."""
        with _open.within(self.strategy, True):
            return merge_fn(self.strategy, *args, **(kwargs or {}))

    def all_reduce(self, reduce_op: Any, value: Any) -> Any:
        """The value: there is no other. ArgumentError: reduced otherwise than by SUM or MEAN."""
        _kind(reduce_op)
        return value


_default = Strategy()


def get_strategy() -> Strategy:
    """The strategy of the innermost scope; without one that of the one device.

    >>> tf.distribute.get_strategy().num_replicas_in_sync
    1
    """
    return _open.strategies[-1] if _open.strategies else _default


def has_strategy() -> bool:
    """Whether this is in the scope of a strategy."""
    return bool(_open.strategies)


def experimental_set_strategy(strategy: Strategy | None) -> None:
    """Make a strategy that of all that is built from now on; None: the one device's again. GraphError: within a scope."""
    if len(_open.strategies) > 1 or False in _open.crossing:
        raise GraphError(f"experimental_set_strategy is called outside of all scopes{here()}")
    _open.strategies[:], _open.crossing[:] = ([], []) if strategy is None else ([strategy], [True])


def in_cross_replica_context() -> bool:
    """Whether this is in a strategy's scope and in no replica."""
    return bool(_open.crossing) and _open.crossing[-1]


def get_replica_context() -> ReplicaContext | None:
    """The replica whose function is called; None: this is for all of them.

    >>> tf.distribute.get_replica_context().num_replicas_in_sync
    1
    """
    return None if in_cross_replica_context() else ReplicaContext(get_strategy())


def get_loss_reduction() -> str:
    """How losses of replicas become one: by their mean, which of one is itself.

    >>> tf.distribute.get_loss_reduction()
    'MEAN'
    """
    return ReduceOp.MEAN
