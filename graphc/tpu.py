"""`tf.tpu` without such a processor: what would be dealt out to shards and compiled for it is called once, as the one shard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .errors import UnimplementedError
from .ir.arguments import hold as _hold
from .ir.node import Node, Operation, here
from .ir.operator import to_node
from .ops.state import group
from .tf1_names import namespace as _namespace
from .train.optimizer import Optimizer
from .train.replicas import Replica

__all__ = ["CrossShardOptimizer", "batch_parallel", "bfloat16_scope", "core", "cross_replica_sum", "initialize_system", "outside_compilation",
           "replicate", "rewrite", "shard", "shutdown_system"]


class CrossShardOptimizer(Replica):
    """The steps of another optimizer, from the mean of all shards' gradients: of one shard its own.

    >>> v = tf.Variable(1.0)
    >>> train = tf.tpu.CrossShardOptimizer(tf.train.GradientDescentOptimizer(0.5)).minimize(v * v)
    >>> with tf.Session(jit=False) as sess:
    ...     _ = sess.run(train)
    ...     print(sess.run(v))
    0.0
    """

    def __init__(self, opt: Optimizer, reduction: str = "weighted_mean", name: str = "CrossShardOptimizer", group_assignment: Any = None):
        super().__init__(opt, False, name)


def _called(computation: Callable[..., Any], inputs: Any) -> list[Any]:
    """What a computation gives, as a list of tensors and operations."""
    found = computation(*(inputs or ()))
    outputs = [*found] if isinstance(found, (tuple, list)) else [] if found is None else [found]
    return [x if isinstance(x, Operation) else to_node(x) for x in outputs]


def rewrite(computation: Callable[..., Any], inputs: Sequence[Any] | None = None, infeed_queue: Any = None, device_assignment: Any = None,
            name: str | None = None) -> list[Any]:
    """What a computation gives of its inputs, as a list. DTypeError: it gives what is no tensor.

    >>> tf.Session(jit=False).run(tf.tpu.rewrite(lambda x: x + 1, [tf.constant(1)]))
    [np.int32(2)]
    """
    return _called(computation, inputs)


def _one(what: str, count: int) -> None:
    if count != 1:
        raise UnimplementedError(f"{what}: {count} shards are asked for, and graphc computes on one device, the processor{here()}")


def replicate(computation: Callable[..., Any], inputs: Sequence[Sequence[Any]] | None = None, infeed_queue: Any = None,
              device_assignment: Any = None, name: str | None = None, maximum_shapes: Any = None) -> list[list[Any]]:
    """What a computation gives of each replica's inputs, as lists. UnimplementedError: inputs of more replicas than one."""
    given = [[]] if inputs is None else list(inputs)
    _one("tpu.replicate", len(given))
    return [_called(computation, given[0])]


def shard(computation: Callable[..., Any], inputs: Sequence[Any] | None = None, num_shards: int = 1, input_shard_axes: Any = None,
          outputs_from_all_shards: Any = True, output_shard_axes: Any = None, infeed_queue: Any = None, device_assignment: Any = None,
          name: str | None = None) -> list[Any]:
    """What a computation gives of all its inputs, as a list. UnimplementedError: more shards than one."""
    _one("tpu.shard", num_shards)
    return _called(computation, inputs)


def batch_parallel(computation: Callable[..., Any], inputs: Sequence[Any] | None = None, num_shards: int = 1, infeed_queue: Any = None,
                   device_assignment: Any = None, name: str | None = None) -> list[Any]:
    """What a computation gives of all the batch, as a list. UnimplementedError: more shards than one."""
    _one("tpu.batch_parallel", num_shards)
    return _called(computation, inputs)


def outside_compilation(computation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a function gives of the arguments: all is computed on the processor."""
    return computation(*args, **kwargs)


def cross_replica_sum(x: Any, group_assignment: Any = None, name: str | None = None) -> Node:
    """The sum over replicas: of the one itself. DTypeError: no tensor."""
    return to_node(x, name=name)


def core(num: int) -> str:
    """The name of a core, for `tf.device`.

    >>> tf.tpu.core(1)
    'device:TPU_REPLICATED_CORE:1'
    """
    return f"device:TPU_REPLICATED_CORE:{num}"


@contextmanager
def bfloat16_scope() -> Iterator[None]:
    """Nothing: what is `float32` stays so."""
    yield


def initialize_system(embedding_config: Any = None, job: str | None = None) -> Operation:
    """An operation that does nothing: there is nothing to start."""
    return group()


def shutdown_system(job: str | None = None) -> Operation:
    """An operation that does nothing."""
    return group()

_hold(globals(), __all__)
_namespace(globals())
