"""`Estimator`: a model function, trained, evaluated and asked for predictions, each in a graph of its own, by way of checkpoints in a folder."""

from __future__ import annotations

import inspect
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import logging
from ..data import Dataset
from ..errors import ArgumentError, GraphError, InvalidArgumentError, NotFoundError, OutOfRangeError
from ..ir.collecting import GraphKeys
from ..ir.default_graph import set_random_seed
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Node, here
from ..metrics import mean
from ..ops.state import group
from ..summary import FileWriter, Summary
from ..train.checkpoints import latest_checkpoint
from ..train.hooks import LoggingTensorHook, NanTensorHook, StopAtStepHook
from ..train.hooks_files import CheckpointSaverHook
from ..train.monitored import ChiefSessionCreator, MonitoredSession, MonitoredTrainingSession, Scaffold
from ..train.saver import Saver
from ..train.steps import get_or_create_global_step
from ..variables import global_variables
from .exporting import exported, received
from .spec import EstimatorSpec, EvalSpec, ModeKeys, RunConfig, TrainSpec
from .warm import WarmStartSettings, warmed

__all__ = ["Estimator", "train_and_evaluate"]


class Evaluation(NamedTuple):
    """A model that is evaluated: what is measured by name, with the global step, and what counts a batch."""

    spec: EstimatorSpec
    values: dict[str, Any]
    update: Any


class Estimator:
    """A model that is trained, evaluated and asked, from a function that builds it: `model_fn(features, labels, mode, params, config)`.

    `input_fn()` gives features and labels: tensors, or a dataset of both. Each call builds the model anew and takes its variables from the
    newest checkpoint of `model_dir`, a temporary folder if none is given. `warm_start_from`: a checkpoint, or `WarmStartSettings`, that gives the
    trained variables their first values. GraphError: `model_fn` returns no `EstimatorSpec`, or takes other arguments.
    """

    def __init__(self, model_fn: Callable[..., Any], model_dir: Any = None, config: RunConfig | None = None, params: Any = None,
                 warm_start_from: Any = None):
        takes = [*inspect.signature(model_fn).parameters]
        wrong = set(takes) - {"features", "labels", "mode", "params", "config", "self"}
        if "features" not in takes or wrong:
            raise GraphError(f"Estimator: model_fn takes features, labels, mode, params and config, not {', '.join(takes)}{here()}")
        self._warm = WarmStartSettings(os.fspath(warm_start_from)) if isinstance(warm_start_from, (str, os.PathLike)) else warm_start_from
        if self._warm is not None and not isinstance(self._warm, WarmStartSettings):
            raise ArgumentError(f"Estimator: warm_start_from is a checkpoint's path or WarmStartSettings, not {warm_start_from!r:.80}{here()}")
        self._model_fn, self._takes, self._params = model_fn, takes, params
        given = model_dir or (config.model_dir if config is not None else None)
        self._dir = os.fspath(given) if given else tempfile.mkdtemp()
        self._config = (config or RunConfig()).replace(model_dir=self._dir)

    @property
    def model_dir(self) -> str:
        """The folder of the checkpoints."""
        return self._dir

    @property
    def config(self) -> RunConfig:
        """How it runs."""
        return self._config

    @property
    def params(self) -> Any:
        """What the model function is given as `params`."""
        return dict(self._params) if isinstance(self._params, Mapping) else self._params

    @property
    def model_fn(self) -> Callable[..., Any]:
        """The model function."""
        return self._model_fn

    def latest_checkpoint(self) -> str | None:
        """The newest checkpoint; None: there is none."""
        return latest_checkpoint(self._dir)

    def get_variable_names(self) -> list[str]:
        """The names of the variables in the newest checkpoint. NotFoundError: there is none."""
        from ..train.checkpoints import list_variables
        return [name for name, _ in list_variables(self._path(None))]

    def get_variable_value(self, name: str) -> Any:
        """A variable's value in the newest checkpoint. NotFoundError: there is none."""
        from ..train.checkpoints import load_variable
        return load_variable(self._path(None), name)

    # ------------------------------------------------------------------ the three things

    def train(self, input_fn: Callable[..., Any], hooks: Sequence[Any] | None = None, steps: int | None = None, max_steps: int | None = None,
              saving_listeners: Sequence[Any] | None = None) -> Estimator:
        """Train for `steps` more, or up to the global step `max_steps`, or to the end of the input; returns itself.

        ArgumentError: both are given, or a number below 1.
        """
        if steps is not None and max_steps is not None:
            raise ArgumentError(f"Estimator.train takes steps or max_steps{here()}")
        for word, number in (("steps", steps), ("max_steps", max_steps)):
            if number is not None and number <= 0:
                raise ArgumentError(f"Estimator.train: {word} is above 0, not {number}{here()}")
        config = self._config
        with Graph().as_default():
            set_random_seed(config.tf_random_seed)
            step = get_or_create_global_step()
            spec = self._spec(input_fn, ModeKeys.TRAIN)
            if self._warm is not None and self.latest_checkpoint() is None:
                warmed(self._warm)
            if max_steps is not None and self._reached(max_steps):
                logging.info("training has reached step %d already", max_steps)
                return self
            every = [StopAtStepHook(steps, max_steps)] if steps is not None or max_steps is not None else []
            scaffold = self._scaffold(spec)
            saving = CheckpointSaverHook(self._dir, config.save_checkpoints_secs, config.save_checkpoints_steps, scaffold=scaffold,
                                         listeners=saving_listeners)
            logged = [LoggingTensorHook({"loss": spec.loss, "step": step}, every_n_iter=config.log_step_count_steps)
                      ] if config.log_step_count_steps else []
            if not any(getattr(v, "label", "").endswith("loss") for v in get_default_graph().get_collection(GraphKeys.SUMMARIES)):
                from ..summary import scalar
                scalar("loss", spec.loss)
            all_hooks = [*(hooks or ()), *spec.training_hooks, *spec.training_chief_hooks, NanTensorHook(spec.loss), *logged, *every, saving]
            with MonitoredTrainingSession(checkpoint_dir=self._dir, scaffold=scaffold, hooks=all_hooks, save_checkpoint_secs=None,
                                          save_summaries_steps=config.save_summary_steps, config=config.session_config,
                                          log_step_count_steps=config.log_step_count_steps) as sess:
                while not sess.should_stop():
                    sess.run([spec.train_op, spec.loss])
        return self

    def evaluate(self, input_fn: Callable[..., Any], steps: int | None = None, hooks: Sequence[Any] | None = None, checkpoint_path: Any = None,
                 name: str | None = None) -> dict[str, Any]:
        """The metrics over `steps` batches of input (None: all of it), the mean loss and the global step, by name; written for TensorBoard too.

        NotFoundError: the model is not trained. ArgumentError: no number above 0. InvalidArgumentError: there is no input.
        """
        if steps is not None and steps <= 0:
            raise ArgumentError(f"Estimator.evaluate: steps is above 0, not {steps}{here()}")
        path = self._path(checkpoint_path)
        with Graph().as_default():
            model = self._evaluated(input_fn)
            return self._measured(model, self._scaffold(model.spec), path, steps, hooks, name)

    def predict(self, input_fn: Callable[..., Any], predict_keys: Any = None, hooks: Sequence[Any] | None = None, checkpoint_path: Any = None,
                yield_single_examples: bool = True) -> Iterator[Any]:
        """The predictions for each element of the input, one after another; or as they come, `yield_single_examples=False`.

        NotFoundError: the model is not trained. ArgumentError: `predict_keys` names no prediction.
        """
        path = self._path(checkpoint_path)
        with Graph().as_default():
            set_random_seed(self._config.tf_random_seed)
            get_or_create_global_step()
            spec = self._spec(input_fn, ModeKeys.PREDICT)
            wanted = spec.predictions
            if predict_keys is not None and isinstance(wanted, Mapping):
                keys = [predict_keys] if isinstance(predict_keys, str) else [*predict_keys]
                wanted = {k: v for k, v in wanted.items() if k in keys}
                if not wanted:
                    raise ArgumentError(f"Estimator.predict: there are the predictions {', '.join(spec.predictions)}, none of {keys!r:.80}{here()}")
            session = MonitoredSession(ChiefSessionCreator(self._scaffold(spec), checkpoint_filename_with_path=path,
                                                           config=self._config.session_config), [*(hooks or ()), *spec.prediction_hooks])
        # Not in the graph's `with`: the caller's code runs between two elements.
        once = not _arriving(session.graph)
        try:
            while not session.should_stop():
                try:
                    found = session.run(wanted)
                except OutOfRangeError:
                    break
                if not yield_single_examples:
                    yield found
                elif isinstance(found, Mapping):
                    for i in range(len(next(iter(found.values())))):
                        yield {k: v[i] for k, v in found.items()}
                else:
                    yield from found
                if once:
                    break
        finally:
            session.close()

    def export_savedmodel(self, export_dir_base: Any, serving_input_receiver_fn: Callable[[], Any], assets_extra: Mapping[str, str] | None = None,
                          as_text: bool = False, checkpoint_path: Any = None, strip_default_attrs: bool = False) -> bytes:
        """Write the model for those who use it, a saved model in a new folder of `export_dir_base` whose name is the time; its path.

        `serving_input_receiver_fn`: gives the features and what a client feeds, as `tf.estimator.export` makes some. `assets_extra`: files to
        copy beside it, by their names there. NotFoundError: the model is not trained. GraphError: it is no such function, or the model has
        nothing to offer.
        """
        path = self._path(checkpoint_path)
        with Graph().as_default() as graph:
            set_random_seed(self._config.tf_random_seed)
            get_or_create_global_step()
            receiver = received(serving_input_receiver_fn)
            spec = self._called(receiver.features, None, ModeKeys.PREDICT)
            return exported(graph, spec, self._scaffold(spec), receiver, path, export_dir_base, assets_extra, self._config.session_config)

    def export_saved_model(self, export_dir_base: Any, serving_input_receiver_fn: Callable[[], Any], assets_extra: Mapping[str, str] | None = None,
                           as_text: bool = False, checkpoint_path: Any = None, experimental_mode: str = ModeKeys.PREDICT) -> bytes:
        """`export_savedmodel` by its later name; errors as of it."""
        return self.export_savedmodel(export_dir_base, serving_input_receiver_fn, assets_extra, as_text, checkpoint_path)

    def eval_dir(self, name: str | None = None) -> str:
        """The folder of what an evaluation of that name writes."""
        return os.path.join(self._dir, "eval" if not name else f"eval_{name}")

    # ------------------------------------------------------------------ inside

    def _path(self, given: Any) -> str:
        path = given or self.latest_checkpoint()
        if path is None:
            raise NotFoundError(f"the estimator is not trained: there is no checkpoint in {self._dir}{here()}")
        return str(path)

    def _reached(self, last: int) -> bool:
        if self.latest_checkpoint() is None:
            return False
        from ..train.checkpoints import load_variable
        return int(load_variable(self._path(None), "global_step")) >= last

    def _scaffold(self, spec: EstimatorSpec) -> Scaffold:
        made = spec.scaffold or Scaffold()
        if made.saver is None and global_variables():
            saver = Saver(max_to_keep=self._config.keep_checkpoint_max, keep_checkpoint_every_n_hours=self._config.keep_checkpoint_every_n_hours)
            made = Scaffold(saver=saver, copy_from_scaffold=made)
        return made

    def _spec(self, input_fn: Callable[..., Any], mode: str) -> EstimatorSpec:
        features, labels = self._input(input_fn, mode)
        return self._called(features, labels, mode)

    def _evaluated(self, input_fn: Callable[..., Any]) -> Evaluation:
        """The model to evaluate, in the default graph."""
        set_random_seed(self._config.tf_random_seed)
        step = get_or_create_global_step()
        spec = self._spec(input_fn, ModeKeys.EVAL)
        pairs = {**(spec.eval_metric_ops or {}), "loss": mean(spec.loss)}
        return Evaluation(spec, {**{k: v for k, (v, _) in pairs.items()}, "global_step": step}, group(*(u for _, u in pairs.values())))

    def _measured(self, model: Evaluation, scaffold: Scaffold, path: str | None, steps: int | None, hooks: Sequence[Any] | None,
                  name: str | None) -> dict[str, Any]:
        """What a model measures in its graph, the default one, in a session that a scaffold begins, and a checkpoint if there is one."""
        batches = 0
        with MonitoredSession(ChiefSessionCreator(scaffold, checkpoint_filename_with_path=path, config=self._config.session_config),
                              [*(hooks or ()), *model.spec.evaluation_hooks]) as sess:
            while steps is None or batches < steps:
                try:
                    sess.run(model.update)
                except OutOfRangeError:
                    break
                batches += 1
            if not batches:
                raise InvalidArgumentError(f"Estimator.evaluate: the input has no batch{here()}")
            found = sess._session.run(model.values)     # type: ignore[union-attr]
        with FileWriter(self.eval_dir(name)) as writer:
            scalars = {k: float(v) for k, v in found.items() if k != "global_step" and not np.ndim(v)}
            writer.add_summary(Summary(value=[Summary.Value(tag=k, simple_value=v) for k, v in scalars.items()]), found["global_step"])
        logging.info("evaluated at step %d: %s", found["global_step"], ", ".join(f"{k} = {v}" for k, v in sorted(found.items())))
        return dict(sorted(found.items()))

    def _given(self, mode: str) -> Any:
        """What functions are given as `params` for a mode."""
        return self.params

    def _called(self, features: Any, labels: Any, mode: str) -> EstimatorSpec:
        given = {"features": features, "labels": labels, "mode": mode, "params": self._given(mode), "config": self._config}
        if labels is not None and "labels" not in self._takes:
            raise GraphError(f"Estimator: the input has labels, and model_fn takes none{here()}")
        spec = self._model_fn(**{k: v for k, v in given.items() if k in self._takes})
        if not isinstance(spec, EstimatorSpec):
            raise GraphError(f"Estimator: model_fn returned {spec!r:.80}, which is no EstimatorSpec{here()}")
        return spec

    def _input(self, input_fn: Callable[..., Any], mode: str) -> tuple[Any, Any]:
        takes = inspect.signature(input_fn).parameters
        known = {"mode": mode, "params": self._given(mode), "config": self._config}
        if "input_context" in takes:
            from ..distribute.strategies import InputContext
            known["input_context"] = InputContext()
        found = input_fn(**{k: v for k, v in known.items() if k in takes})
        if isinstance(found, Dataset):
            iterator = found.make_initializable_iterator()
            get_default_graph().add_to_collection(GraphKeys.TABLE_INITIALIZERS, iterator.initializer)
            found = iterator.get_next()
        if isinstance(found, (tuple, list)) and len(found) == 2 and not hasattr(found, "_fields"):
            return (found[0], found[1]) if mode != ModeKeys.PREDICT else (found[0], None)
        return found, None


def _arriving(graph: Graph) -> bool:
    """Whether something of a graph takes elements from outside, which come to an end."""
    return any(n.operator.family.arrives for n in graph.nodes if isinstance(n, Node))


def train_and_evaluate(estimator: Estimator, train_spec: TrainSpec, eval_spec: EvalSpec) -> tuple[dict[str, Any], list[Any]]:
    """Train and evaluate in turns: with each checkpoint of the estimator's interval of steps, and at the end; the last metrics, and what the
    exporters of `eval_spec` gave at the end.

    ArgumentError: `max_steps` is no number above 0. InvalidArgumentError, NotFoundError: as `Estimator.evaluate`.
    """
    last, every = train_spec.max_steps, estimator.config.save_checkpoints_steps
    given = eval_spec.exporters
    exporters = [] if given is None else list(given) if isinstance(given, (list, tuple)) else [given]
    at = 0
    while True:
        estimator.train(train_spec.input_fn, train_spec.hooks, max_steps=last if every is None or (last is not None and at + every >= last)
                        else at + every)
        found = estimator.evaluate(eval_spec.input_fn, eval_spec.steps, eval_spec.hooks, name=eval_spec.name)
        before, at = at, int(found["global_step"])
        ends = at == before or (last is not None and at >= last) or every is None or at < before + every
        made = [e.export(estimator, os.path.join(estimator.model_dir, "export", e.name), estimator.latest_checkpoint(), found, ends)
                for e in exporters]
        if ends:
            return found, made
