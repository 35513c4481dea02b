"""`SyncReplicasOptimizer` for one replica, which waits for no other: the optimizer that it is given, with its hook and its operations."""

from __future__ import annotations

from typing import Any

from ..errors import GraphError, UnimplementedError
from ..ir.node import Node, Operation, here
from ..ops.state import Variable, group
from .averages import ExponentialMovingAverage
from .hooks import SessionRunHook
from .optimizer import Optimizer

__all__ = ["SyncReplicasOptimizer"]


class Replica(Optimizer):
    """An optimizer of one replica among none: what it is asked it asks the optimizer that it is given."""

    _opt: Optimizer

    def __init__(self, opt: Optimizer, use_locking: bool, name: str):
        super().__init__(use_locking, name)
        self._opt = opt

    def compute_gradients(self, *args: Any, **kwargs: Any) -> list[tuple[Node | None, Variable]]:
        """As of the optimizer that it is given: DTypeError, GradientError."""
        return self._opt.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Variable | None = None, name: str | None = None) -> Operation:
        """As of the optimizer that it is given: GraphError."""
        return self._opt.apply_gradients(grads_and_vars, global_step, name)

    def get_slot(self, var: Variable, name: str) -> Variable | None:
        """As of the optimizer that it is given."""
        return self._opt.get_slot(var, name)

    def get_slot_names(self) -> list[str]:
        """As of the optimizer that it is given."""
        return self._opt.get_slot_names()

    def variables(self) -> list[Variable]:
        """As of the optimizer that it is given."""
        return self._opt.variables()


class SyncReplicasOptimizer(Optimizer):
    """The steps of another optimizer, from the gradients of one replica, which is all there are.

    `variable_averages`, `variables_to_average`: moving averages of variables, moved with each step. UnimplementedError: more replicas than one.

    >>> v = tf.Variable(1.0)
    >>> step = tf.train.get_or_create_global_step()
    >>> optimizer = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(0.5), 1)
    >>> train = optimizer.minimize(v * v, global_step=step)
    >>> with tf.Session(jit=False) as sess:
    ...     _ = sess.run(train)
    ...     print(sess.run([v, step]))
    [np.float32(0.0), np.int64(1)]
    """

    def __init__(self, opt: Optimizer, replicas_to_aggregate: int, total_num_replicas: int | None = None,
                 variable_averages: ExponentialMovingAverage | None = None, variables_to_average: Any = None, use_locking: bool = False,
                 name: str = "sync_replicas"):
        if replicas_to_aggregate != 1 or total_num_replicas not in (None, 1):
            raise UnimplementedError(f"SyncReplicasOptimizer: gradients of {replicas_to_aggregate} of {total_num_replicas or replicas_to_aggregate} "
                                     f"replicas are not offered: graphc runs one, in one process{here()}")
        super().__init__(use_locking, name)
        self._opt = opt
        self._averages, self._averaged = variable_averages, variables_to_average
        self._applied = False

    def apply_gradients(self, grads_and_vars: Any, global_step: Variable | None = None, name: str | None = None) -> Operation:
        """As of the optimizer that it is given. GraphError: no global step, by which TensorFlow tells old gradients from new ones."""
        if global_step is None:
            raise GraphError(f"SyncReplicasOptimizer.apply_gradients needs a global_step{here()}")
        self._applied = True
        applied = self._opt.apply_gradients(grads_and_vars, global_step, name)
        if self._averages is None:
            return applied
        with applied.graph.control_dependencies([applied]):
            return group(applied, self._averages.apply(self._averaged))

    # Not by inheritance: programs take for optimizers what has `Optimizer` itself for its base, as all of `tf.train` have in TensorFlow.
    compute_gradients, get_slot, get_slot_names, variables = Replica.compute_gradients, Replica.get_slot, Replica.get_slot_names, Replica.variables

    def get_chief_queue_runner(self) -> Any:
        """A queue runner that deals out one token, which nobody waits for. GraphError: before `apply_gradients`."""
        from ..data.queues import FIFOQueue
        from .queue_runner import QueueRunner
        self._ready("get_chief_queue_runner")
        tokens = FIFOQueue(1, ["int64"], [()], name="sync_token_q")
        return QueueRunner(tokens, [tokens.enqueue([0])])

    def get_init_tokens_op(self, num_tokens: int = -1) -> Operation:
        """An operation that does nothing. GraphError: before `apply_gradients`."""
        self._ready("get_init_tokens_op")
        return group()

    @property
    def chief_init_op(self) -> Operation:
        """An operation that does nothing: nothing waits."""
        return group()

    @property
    def local_step_init_op(self) -> Operation:
        """An operation that does nothing: there is one count of steps."""
        return group()

    @property
    def ready_for_local_init_op(self) -> Operation:
        """An operation that does nothing: variables initialise themselves."""
        return group()

    def make_session_run_hook(self, is_chief: bool, num_tokens: int = -1) -> SessionRunHook:
        """A hook that does nothing."""
        return SessionRunHook()

    def _ready(self, what: str) -> None:
        if not self._applied:
            raise GraphError(f"SyncReplicasOptimizer.{what} is called after apply_gradients{here()}")
