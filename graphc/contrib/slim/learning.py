"""`tf.contrib.slim.learning`: a training step made of a loss and an optimizer, and the loop that runs it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ... import summary
from ... import train as _train
from ...errors import GraphError, OutOfRangeError
from ...ir.arguments import hold as _hold
from ...ir.graph import Graph, get_default_graph
from ...ir.node import Node, here
from ...logging import info
from ...ops.math import cast, equal, greater_equal, mod
from ...ops.sources import constant
from ...ops.state import Variable
from ...runtime.session import ConfigProto, Session
from ...tf1_names import namespace as _namespace
from ...train import get_global_step
from ...train.optimizer import Optimizer
from ...variables import global_variables_initializer
from ..stepping import ABSENT, DEFAULT, Transform, add_gradients_summaries, clip_gradient_norms, made_step, multiply_gradients

__all__ = ["add_gradients_summaries", "clip_gradient_norms", "create_train_op", "multiply_gradients", "train", "train_step"]


def create_train_op(total_loss: Any, optimizer: Optimizer, global_step: Any = DEFAULT, update_ops: Sequence[Any] | None = None,
                    variables_to_train: Sequence[Variable] | None = None, clip_gradient_norm: float = 0, summarize_gradients: bool = False,
                    gate_gradients: Any = None, aggregation_method: Any = None, colocate_gradients_with_ops: bool = False,
                    gradient_multipliers: Mapping[Any, Any] | None = None, check_numerics: bool = True) -> Node:
    """The loss as a tensor whose run also takes a step of training, after the operations of UPDATE_OPS (or those given).

    `global_step`: what counts the steps, by default the graph's own, None for nothing; `check_numerics`: a run whose loss is nan or infinite
    fails. GraphError, GradientError, DTypeError as of `Optimizer.minimize`.

    >>> v = tf.Variable(2.0)
    >>> step = tf.contrib.slim.learning.create_train_op(tf.square(v), tf.train.GradientDescentOptimizer(0.25))
    >>> sess = tf.Session(jit=False)
    >>> sess.run(step), sess.run(v)
    (np.float32(4.0), np.float32(1.0))
    """
    transforms: list[Transform] = []
    if gradient_multipliers:
        transforms.append(lambda pairs: multiply_gradients(pairs, gradient_multipliers))
    if clip_gradient_norm > 0:
        transforms.append(lambda pairs: clip_gradient_norms(pairs, clip_gradient_norm))
    return made_step(total_loss, optimizer, global_step, update_ops, variables_to_train, transforms, summarize_gradients, check_numerics)


def train_step(sess: Session, train_op: Any, global_step: Any, train_step_kwargs: Mapping[str, Any] | None = None) -> tuple[Any, bool]:
    """A step of training: the loss, and whether it was the last. FetchError: nothing to run."""
    options = dict(train_step_kwargs or {})
    start = time.perf_counter()
    loss, count = sess.run([train_op, global_step])
    if "should_log" in options and sess.run(options["should_log"]):
        info("global step %d: loss = %.4f (%.3f sec/step)", count, loss, time.perf_counter() - start)
    stop = bool(sess.run(options["should_stop"])) if "should_stop" in options else False
    return loss, stop


def train(train_op: Any, logdir: str | None, train_step_fn: Callable[..., Any] | None = None, train_step_kwargs: Any = ABSENT,
          log_every_n_steps: int = 1, graph: Graph | None = None, master: str = "", is_chief: bool = True, global_step: Any = None,
          number_of_steps: int | None = None, init_op: Any = None, init_feed_dict: Mapping[Any, Any] | None = None, local_init_op: Any = None,
          init_fn: Callable[[Session], Any] | None = None, ready_op: Any = None, summary_op: Any = ABSENT, save_summaries_secs: float = 600,
          summary_writer: Any = None, startup_delay_steps: int = 0, saver: Any = None, save_interval_secs: float = 600, sync_optimizer: Any = None,
          session_config: ConfigProto | None = None, session_wrapper: Callable[[Session], Any] | None = None, trace_every_n_steps: Any = None,
          ignore_live_threads: bool = False) -> Any:
    """Run a training step until `number_of_steps` are done, or the step function says so; the last loss.

    With a `logdir` the newest checkpoint in it is gone on with, checkpoints are written there every `save_interval_secs` and at the end, and
    summaries of `summary_op` (all of the graph, unless others or None are given). Queues are filled by their threads; where the input has run out
    the training ends. Without one variables begin with `init_op` (default: their initial values) and `init_fn`. GraphError: there
    is no global step, or nothing that ends the training. What a run raises.
    """
    graph = graph or get_default_graph()
    with graph.as_default():
        step = global_step if global_step is not None else get_global_step()
        if step is None:
            raise GraphError(f"train: the graph has no global step; create_train_op makes one{here()}")
        start_op = init_op if init_op is not None else global_variables_initializer()
        local_op = local_init_op if local_init_op is not None else _train.Scaffold.default_local_init_op()
        keeper = saver if saver is not None else _train.Saver() if logdir else None
        shown = summary.merge_all() if summary_op is ABSENT else summary_op
        options = _step_options(step, number_of_steps, log_every_n_steps) if train_step_kwargs is ABSENT else dict(train_step_kwargs or {})
    with Session(graph=graph, config=session_config) as made:
        session = session_wrapper(made) if session_wrapper is not None else made
        newest = _train.latest_checkpoint(logdir) if logdir and os.path.isdir(logdir) else None
        if newest is not None and keeper is not None:
            keeper.restore(session, newest)
        else:
            session.run(start_op, init_feed_dict)
            if init_fn is not None:
                init_fn(session)
        session.run(local_op)
        coordinator = _train.Coordinator()
        _train.start_queue_runners(made, coordinator)
        step_fn = train_step_fn or (_plain_step if train_step_kwargs is ABSENT else train_step)
        try:
            loss = _loop(session, graph, train_op, step, step_fn, options, log_every_n_steps, number_of_steps, logdir, keeper,
                         save_interval_secs, shown, summary_writer, save_summaries_secs)
        finally:
            coordinator.request_stop()
            coordinator.join(ignore_live_threads=True)          # raises what a thread has raised
        return loss


def _step_options(step: Any, most: int | None, log_every: int) -> dict[str, Any]:
    """What a program's own step function finds in `train_step_kwargs`: whether the step was the last, and whether it is to be told of."""
    stop = greater_equal(step, cast(most, step.dtype)) if most else constant(False)
    return {"should_stop": stop, **({"should_log": equal(mod(step, cast(log_every, step.dtype)), 0)} if log_every > 0 else {})}


def _plain_step(sess: Session, train_op: Any, global_step: Any, train_step_kwargs: Mapping[str, Any]) -> tuple[Any, bool]:
    """`train_step` of a loop that counts and logs by itself."""
    return sess.run(train_op), False


def _loop(session: Any, graph: Graph, train_op: Any, step: Any, step_fn: Callable[..., Any], options: dict[str, Any], log_every: int,
          most: int | None, logdir: str | None, saver: Any, save_secs: float, summary_op: Any, writer: Any, summary_secs: float) -> Any:
    """The loop, its log, checkpoints and summaries."""
    loss, saved, shown = None, time.perf_counter(), 0.0
    own = writer is None and summary_op is not None and logdir is not None
    writer = summary.FileWriter(logdir, graph) if own else writer
    try:
        stop = False
        count = int(session.run(step))
        while not stop and (most is None or count < most):
            start = time.perf_counter()
            try:
                loss, stop = step_fn(session, train_op, step, options)
            except OutOfRangeError as e:
                info("training stops: %s", e)
                break
            count = int(session.run(step))
            now = time.perf_counter()
            if log_every and count % log_every == 0:
                info("global step %d: loss = %.4f (%.3f sec/step)", count, loss, now - start)
            if saver is not None and logdir and save_secs and now - saved >= save_secs:
                saver.save(session, os.path.join(logdir, "model.ckpt"), global_step=step)
                saved = now
            if writer is not None and summary_op is not None and summary_secs and now - shown >= summary_secs:
                writer.add_summary(session.run(summary_op), count)
                shown = now
        if saver is not None and logdir:
            saver.save(session, os.path.join(logdir, "model.ckpt"), global_step=step)
    finally:
        if own:
            writer.close()
    return loss


_hold(globals(), __all__)

_namespace(globals())
