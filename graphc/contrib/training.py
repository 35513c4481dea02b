"""`tf.contrib.training`: hyperparameters with values from a text, steps and loops of training, evaluation of checkpoints, batches of a length."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, GraphError, InvalidArgumentError, ShapeError
from ..ir.arguments import hold as _hold
from ..ir.node import here
from ..tf1_names import namespace as _namespace
from ..train import MonitoredTrainingSession
from .buckets import bucket, bucket_by_sequence_length
from .evaluating import (
    StopAfterNEvalsHook,
    SummaryAtEndHook,
    checkpoints_iterator,
    evaluate_once,
    evaluate_repeatedly,
    get_or_create_eval_step,
    wait_for_new_checkpoint,
)
from .stepping import DEFAULT, Pairs, Transform, add_gradients_summaries, clip_gradient_norms, made_step, multiply_gradients

__all__ = ["GreedyLoadBalancingStrategy", "HParams", "RandomStrategy", "StopAfterNEvalsHook", "SummaryAtEndHook", "add_gradients_summaries",
           "bucket", "bucket_by_sequence_length", "byte_size_load_fn", "checkpoints_iterator", "clip_gradient_norms", "clip_gradient_norms_fn",
           "create_train_op", "evaluate_once", "evaluate_repeatedly", "get_or_create_eval_step", "multiply_gradients", "train",
           "wait_for_new_checkpoint"]
__path__: list[str] = []           # a package: programs import modules from within, `contrib.training.python`

_ITEM = re.compile(r"\s*(?P<name>[A-Za-z]\w*)(\[(?P<index>\d+)\])?\s*=\s*(\[(?P<several>[^\]]*)\]|(?P<one>[^,\[]*))\s*(,|$)")


class HParams:
    """Names with values, as attributes: `parse` sets some from `name=value,list=[1,2]`, each as the kind of value it has.

    ArgumentError: a name that is there, or is not. InvalidArgumentError: a text that says no value of its kind.

    >>> p = tf.contrib.training.HParams(rate=0.1, sizes=[1, 2], name="a")
    >>> p.parse("rate=0.5,sizes=[3,4]").values()
    {'rate': 0.5, 'sizes': [3, 4], 'name': 'a'}
    """

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **kwargs: Any):
        self.__dict__["_values"] = {}
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any) -> None:
        """A name more. ArgumentError: it is there."""
        if name in self._values or hasattr(type(self), name):
            raise ArgumentError(f"HParams: {name!r:.60} is there already{here()}")
        self._values[name] = value

    def set_hparam(self, name: str, value: Any) -> None:
        """Another value, as the kind of value it has. ArgumentError: no such name. InvalidArgumentError: of another kind."""
        self._values[self._known(name)] = _like(name, self._values[name], value)

    def del_hparam(self, name: str) -> None:
        """Forget a name, if it is there."""
        self._values.pop(name, None)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a name, or the default."""
        return self._values.get(key, default)

    def values(self) -> dict[str, Any]:
        """All values by their names."""
        return dict(self._values)

    def parse(self, values: str) -> HParams:
        """Set what a text says, `name=value` with commas between; itself."""
        at = 0
        while at < len(values):
            found = _ITEM.match(values, at)
            if found is None:
                raise InvalidArgumentError(f"HParams.parse: {values[at:at + 60]!r} is no name=value{here()}")
            name, at = self._known(found["name"]), found.end()
            old = self._values[name]
            if found["several"] is not None:
                kind = old[0] if isinstance(old, list) and old else ""
                self._values[name] = [_read(name, kind, part) for part in found["several"].split(",") if part.strip()]
            elif found["index"] is not None:
                listed = [*old]
                listed[int(found["index"])] = _read(name, listed[int(found["index"])], found["one"])
                self._values[name] = listed
            else:
                self._values[name] = _read(name, old, found["one"])
        return self

    def override_from_dict(self, values_dict: Mapping[str, Any]) -> HParams:
        """Set what a dict says; itself."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def parse_json(self, values_json: str) -> HParams:
        """Set what a JSON object says; itself."""
        try:
            return self.override_from_dict(json.loads(values_json))
        except json.JSONDecodeError as e:
            raise InvalidArgumentError(f"HParams.parse_json: {e}{here()}") from None

    def to_json(self, indent: Any = None, separators: Any = None, sort_keys: bool = False) -> str:
        """All values as a JSON object."""
        return json.dumps(self._values, indent=indent, separators=separators, sort_keys=sort_keys)

    def _known(self, name: str) -> str:
        if name not in self._values:
            raise ArgumentError(f"HParams: there is no {name!r:.60}{here()}")
        return name

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(f"HParams: there is no {name!r:.60}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self._values[name] = value

    def __repr__(self) -> str:
        return f"HParams({self._values})"


class GreedyLoadBalancingStrategy:
    """The parameter server for each variable, for `ps_strategy` of `replica_device_setter`: the one that has least to carry so far.

    `load_fn`: how much a variable is to carry, most often `byte_size_load_fn`.
    """

    def __init__(self, num_tasks: int, load_fn: Callable[[Any], float]):
        self._load_fn, self._loads = load_fn, np.zeros(num_tasks)

    def __call__(self, op: Any) -> int:
        task = int(np.argmin(self._loads))
        self._loads[task] += self._load_fn(op)
        return task


class RandomStrategy:
    """The parameter server for each variable, for `ps_strategy` of `replica_device_setter`: one that is drawn.

    Names of variables alone decide, and the seed.
    """

    def __init__(self, num_tasks: int, seed: int = 0):
        self._num_tasks, self._seed = num_tasks, seed

    def __call__(self, op: Any) -> int:
        return zlib.crc32(f"{self._seed}/{op.name}".encode()) % self._num_tasks


def byte_size_load_fn(op: Any) -> float:
    """The bytes of a variable, by its operation or itself. ShapeError: its shape is not known.

    >>> tf.contrib.training.byte_size_load_fn(tf.Variable(tf.zeros([2, 3])))
    24.0
    """
    output = op.outputs[0] if hasattr(op, "outputs") else op
    count = output.get_shape().num_elements()
    if count is None:
        raise ShapeError(f"byte_size_load_fn: the shape of {output!r:.60} is not known{here()}")
    return float(count * output.dtype.base_dtype.size)


def clip_gradient_norms_fn(max_norm: float) -> Callable[[Pairs], Pairs]:
    """`clip_gradient_norms` of that norm, for `transform_grads_fn` of `create_train_op`."""
    return lambda pairs: clip_gradient_norms(pairs, max_norm)


def create_train_op(total_loss: Any, optimizer: Any, global_step: Any = DEFAULT, update_ops: Sequence[Any] | None = None,
                    variables_to_train: Sequence[Any] | None = None, transform_grads_fn: Transform | None = None,
                    summarize_gradients: bool = False, gate_gradients: Any = None, aggregation_method: Any = None,
                    colocate_gradients_with_ops: bool = False, check_numerics: bool = True) -> Any:
    """The loss as a tensor whose run also takes a step of training, after the operations of UPDATE_OPS (or those given).

    `global_step`: what counts the steps, by default the graph's own, None for nothing; `transform_grads_fn`: what is done to pairs of gradients
    and variables; `check_numerics`: a run whose loss is nan or infinite fails. GraphError, GradientError, DTypeError as of `Optimizer.minimize`.

    >>> v = tf.Variable(2.0)
    >>> clip = tf.contrib.training.clip_gradient_norms_fn(1.0)
    >>> step = tf.contrib.training.create_train_op(tf.square(v), tf.train.GradientDescentOptimizer(0.25), transform_grads_fn=clip)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(step), sess.run(v)
    (np.float32(4.0), np.float32(1.75))
    """
    transforms = [] if transform_grads_fn is None else [transform_grads_fn]
    return made_step(total_loss, optimizer, global_step, update_ops, variables_to_train, transforms, summarize_gradients, check_numerics)


def train(train_op: Any, logdir: Any, master: str = "", is_chief: bool = True, scaffold: Any = None, hooks: Any = None,
          chief_only_hooks: Any = None, save_checkpoint_secs: float | None = 600, save_summaries_steps: int | None = 100, config: Any = None,
          max_wait_secs: int = 7200, run_metadata: Any = None) -> Any:
    """Run a training step in a `tf.train.MonitoredTrainingSession` until a hook or the end of the input ends it; the last loss.

    GraphError: no folder and something to write, or nothing that ends the training. What a run raises.
    """
    if logdir is None and is_chief and (save_checkpoint_secs or save_summaries_steps):
        raise GraphError(f"train: without logdir nothing is written: save_checkpoint_secs=None, save_summaries_steps=None{here()}")
    if logdir is None and not hooks:
        raise GraphError(f"train: nothing ends the training: hooks=[tf.train.StopAtStepHook(...)]{here()}")
    loss = None
    with MonitoredTrainingSession(master, is_chief, logdir, scaffold, hooks, chief_only_hooks, save_checkpoint_secs=save_checkpoint_secs,
                                  save_summaries_steps=save_summaries_steps, config=config, max_wait_secs=max_wait_secs) as session:
        while not session.should_stop():
            loss = session.run(train_op, run_metadata=run_metadata)
    return loss


def _read(name: str, like: Any, text: str) -> Any:
    """The value that a text says, of the kind of another."""
    text = text.strip()
    try:
        if isinstance(like, bool):
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        return type(like)(text) if isinstance(like, (int, float)) else text
    except (KeyError, ValueError):
        raise InvalidArgumentError(f"HParams: {name}={text!r:.60} is not of the kind of {like!r:.60}{here()}") from None


def _like(name: str, old: Any, value: Any) -> Any:
    fits = old is None or isinstance(value, type(old)) or (isinstance(old, float) and isinstance(value, int))
    if not fits or isinstance(old, bool) != isinstance(value, bool) and old is not None:
        raise InvalidArgumentError(f"HParams: {name}={value!r:.60} is not of the kind of {old!r:.60}{here()}")
    return float(value) if isinstance(old, float) else value


_hold(globals(), __all__)

_namespace(globals())
