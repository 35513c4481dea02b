"""`tf.contrib.slim.learning`: a training step made of a loss and an optimizer, and the loop that runs it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ... import summary
from ... import train as _train
from ...errors import GraphError
from ...ir.arguments import hold as _hold
from ...ir.collecting import GraphKeys
from ...ir.graph import Graph, get_default_graph, name_scope
from ...ir.node import Node, here
from ...logging import info
from ...ops.array import identity
from ...ops.debug import check_numerics as checked
from ...ops.math import cast, multiply
from ...ops.state import Variable
from ...runtime.session import ConfigProto, Session
from ...tf1_names import namespace as _namespace
from ...train import clip_by_norm, get_global_step, get_or_create_global_step
from ...train.optimizer import Optimizer
from ...variables import global_variables_initializer, local_variables_initializer, trainable_variables

__all__ = ["add_gradients_summaries", "clip_gradient_norms", "create_train_op", "multiply_gradients", "train", "train_step"]

_DEFAULT = 0            # of `global_step`: the graph's own, which counts the steps; None: nothing counts them
Pairs = Sequence[tuple[Any, Variable]]


def clip_gradient_norms(gradients_to_variables: Pairs, max_norm: float) -> list[tuple[Any, Variable]]:
    """Pairs of gradients and variables, each gradient by itself of a norm of at most `max_norm`. DTypeError: no numbers."""
    return [(g if g is None else clip_by_norm(g, max_norm), v) for g, v in gradients_to_variables]


def multiply_gradients(grads_and_vars: Pairs, gradient_multipliers: Mapping[Any, Any]) -> list[tuple[Any, Variable]]:
    """Pairs of gradients and variables, the gradients multiplied by what a dict has for the variable or its name. GraphError: an empty dict, or
    a variable without gradient."""
    if not isinstance(gradient_multipliers, Mapping) or not gradient_multipliers:
        raise GraphError(f"multiply_gradients takes a dict of factors, not {gradient_multipliers!r:.60}{here()}")
    found = []
    for g, v in grads_and_vars:
        factor = gradient_multipliers.get(v, gradient_multipliers.get(v.op.name))
        if factor is not None and g is None:
            raise GraphError(f"multiply_gradients: {v.op.name} has no gradient{here()}")
        found.append((g if factor is None else multiply(g, cast(factor, g.dtype) if isinstance(factor, Node) else factor), v))
    return found


def add_gradients_summaries(grads_and_vars: Pairs) -> list[Any]:
    """A histogram of each gradient, and its norm. DTypeError: no numbers."""
    from ...train import global_norm
    found = []
    for g, v in grads_and_vars:
        if g is not None:
            found += [summary.histogram(f"{v.op.name}/gradient", g), summary.scalar(f"{v.op.name}/gradient_norm", global_norm([g]))]
    return found


def create_train_op(total_loss: Any, optimizer: Optimizer, global_step: Any = _DEFAULT, update_ops: Sequence[Any] | None = None,
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
    graph = get_default_graph()
    counter = get_or_create_global_step() if global_step is _DEFAULT else global_step
    updates = [*(graph.get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else update_ops)]
    with graph.control_dependencies(updates):
        loss = identity(total_loss)
    pairs = optimizer.compute_gradients(loss, variables_to_train if variables_to_train is not None else trainable_variables())
    if gradient_multipliers:
        pairs = multiply_gradients(pairs, gradient_multipliers)
    if clip_gradient_norm > 0:
        pairs = clip_gradient_norms(pairs, clip_gradient_norm)
    if summarize_gradients:
        add_gradients_summaries(pairs)
    applied = optimizer.apply_gradients(pairs, global_step=counter)
    with name_scope("train_op"), graph.control_dependencies([applied, *updates]):
        made = checked(loss, "LossTensor is inf or nan") if check_numerics else identity(loss)
    graph.add_to_collection(GraphKeys.TRAIN_OP, made)
    return made


def train_step(sess: Session, train_op: Any, global_step: Any, train_step_kwargs: Mapping[str, Any] | None = None) -> tuple[Any, bool]:
    """A step of training: the loss, and whether it was the last. FetchError: nothing to run."""
    options = dict(train_step_kwargs or {})
    start = time.perf_counter()
    loss, count = sess.run([train_op, global_step])
    if "should_log" in options and sess.run(options["should_log"]):
        info("global step %d: loss = %.4f (%.3f sec/step)", count, loss, time.perf_counter() - start)
    stop = bool(sess.run(options["should_stop"])) if "should_stop" in options else False
    return loss, stop


def train(train_op: Any, logdir: str | None, train_step_fn: Callable[..., Any] | None = None, train_step_kwargs: Any = None,
          log_every_n_steps: int = 1, graph: Graph | None = None, master: str = "", is_chief: bool = True, global_step: Any = None,
          number_of_steps: int | None = None, init_op: Any = None, init_feed_dict: Mapping[Any, Any] | None = None, local_init_op: Any = None,
          init_fn: Callable[[Session], Any] | None = None, ready_op: Any = None, summary_op: Any = None, save_summaries_secs: float = 600,
          summary_writer: Any = None, startup_delay_steps: int = 0, saver: Any = None, save_interval_secs: float = 600, sync_optimizer: Any = None,
          session_config: ConfigProto | None = None, session_wrapper: Callable[[Session], Any] | None = None, trace_every_n_steps: Any = None,
          ignore_live_threads: bool = False) -> Any:
    """Run a training step until `number_of_steps` are done, or the step function says so; the last loss.

    With a `logdir` the newest checkpoint in it is gone on with, checkpoints are written there every `save_interval_secs` and at the end, and
    summaries if `summary_op` gives them. Without one variables begin with `init_op` (default: their initial values) and `init_fn`. GraphError: there
    is no global step, or nothing that ends the training. What a run raises.
    """
    graph = graph or get_default_graph()
    with graph.as_default():
        step = global_step if global_step is not None else get_global_step()
        if step is None:
            raise GraphError(f"train: the graph has no global step; create_train_op makes one{here()}")
        start_op = init_op if init_op is not None else global_variables_initializer()
        local_op = local_init_op if local_init_op is not None else local_variables_initializer()
        keeper = saver if saver is not None else _train.Saver() if logdir else None
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
        return _loop(session, graph, train_op, step, train_step_fn or train_step, dict(train_step_kwargs or {}), log_every_n_steps,
                     number_of_steps, logdir, keeper, save_interval_secs, summary_op, summary_writer, save_summaries_secs)


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
            loss, stop = step_fn(session, train_op, step, options)
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
