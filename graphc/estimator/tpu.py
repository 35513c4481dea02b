"""`tf.estimator.tpu` without such a processor: its estimator, told not to use one, is the plain one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..errors import ArgumentError, UnimplementedError
from ..ir.node import here
from ..ops.state import group
from ..tf1_names import namespace as _namespace
from .estimator import Estimator
from .spec import EstimatorSpec, ModeKeys
from .spec import RunConfig as _RunConfig

__all__ = ["InputPipelineConfig", "RunConfig", "TPUConfig", "TPUEstimator", "TPUEstimatorSpec"]


class InputPipelineConfig:
    """How the input is dealt out to shards, of which there is one here."""

    PER_SHARD_V1, PER_HOST_V1, PER_HOST_V2, BROADCAST, SLICED = 1, 2, 3, 4, 5


class TPUConfig(NamedTuple):
    """What a run on such a processor would be told; nothing here asks for it."""

    iterations_per_loop: int = 2
    num_shards: int | None = None
    num_cores_per_replica: int | None = None
    per_host_input_for_training: Any = True
    tpu_job_name: str | None = None
    initial_infeed_sleep_secs: int | None = None
    input_partition_dims: Any = None
    eval_training_input_configuration: int = InputPipelineConfig.PER_HOST_V1


class RunConfig(_RunConfig):
    """How an estimator runs, as `tf.estimator.RunConfig`: ArgumentError as there.

    >>> tf.estimator.tpu.RunConfig(model_dir="runs", tpu_config=tf.estimator.tpu.TPUConfig(100)).tpu_config.iterations_per_loop
    100
    """

    def __init__(self, tpu_config: TPUConfig | None = None, evaluation_master: str | None = None, master: str | None = None, cluster: Any = None,
                 **kwargs: Any):
        super().__init__(**kwargs, tpu_config=tpu_config or TPUConfig(), evaluation_master=evaluation_master or master or "", master=master or "",
                         cluster=cluster)


class TPUEstimatorSpec(EstimatorSpec):
    """What a model function returns: as `tf.estimator.EstimatorSpec`, with metrics as a function of tensors, `eval_metrics=(function, tensors)`.

    `host_call`: a function and its tensors too, evaluated with each step of training; `scaffold_fn`: what gives the scaffold. GraphError, as
    there. ArgumentError: no pair of a function and tensors.
    """

    __slots__ = ()

    def __new__(cls, mode: str, predictions: Any = None, loss: Any = None, train_op: Any = None,
                eval_metrics: tuple[Callable[..., Any], Any] | None = None, export_outputs: Any = None,
                scaffold_fn: Callable[[], Any] | None = None, host_call: tuple[Callable[..., Any], Any] | None = None,
                training_hooks: Sequence[Any] | None = None, evaluation_hooks: Sequence[Any] | None = None,
                prediction_hooks: Sequence[Any] | None = None) -> TPUEstimatorSpec:
        metrics = _applied("eval_metrics", eval_metrics) if mode == ModeKeys.EVAL else None
        if mode == ModeKeys.TRAIN and host_call is not None and train_op is not None:
            train_op = group(train_op, _applied("host_call", host_call))
        made = super().__new__(cls, mode, predictions, loss, train_op, metrics, export_outputs, None, training_hooks,
                               scaffold_fn() if scaffold_fn is not None else None, evaluation_hooks, prediction_hooks)
        assert isinstance(made, cls)
        return made

    def as_estimator_spec(self) -> EstimatorSpec:
        """Itself."""
        return self


def _applied(word: str, pair: Any) -> Any:
    """What a function gives of its tensors: a list of them, or a dict by the names of its parameters."""
    if pair is None:
        return None
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not callable(pair[0]):
        raise ArgumentError(f"TPUEstimatorSpec: {word} is a function and its tensors, not {pair!r:.80}{here()}")
    function, tensors = pair
    return function(**tensors) if isinstance(tensors, dict) else function(*tensors)


class TPUEstimator(Estimator):
    """An estimator whose functions find the size of a batch, which differs by what is done, in `params["batch_size"]`; else `tf.estimator.Estimator`.

    UnimplementedError: `use_tpu` is true, as it is by default. ArgumentError: no size of a batch for what is done; `params` has one itself.
    """

    def __init__(self, model_fn: Callable[..., Any] | None = None, model_dir: Any = None, config: _RunConfig | None = None, params: Any = None,
                 use_tpu: bool = True, train_batch_size: int | None = None, eval_batch_size: int | None = None,
                 predict_batch_size: int | None = None, batch_axis: Any = None, eval_on_tpu: bool = True, export_to_tpu: bool = True,
                 export_to_cpu: bool = True, warm_start_from: Any = None):
        if use_tpu:
            raise UnimplementedError(f"TPUEstimator: graphc computes on the processor alone; use_tpu=False is the same there{here()}")
        if model_fn is None:
            raise ArgumentError(f"TPUEstimator needs a model_fn{here()}")
        if params is not None and "batch_size" in params:
            raise ArgumentError(f"TPUEstimator: params has a batch_size itself; it is given as train_batch_size and the like{here()}")
        super().__init__(model_fn, model_dir, config, params, warm_start_from)
        self._sizes = {ModeKeys.TRAIN: train_batch_size, ModeKeys.EVAL: eval_batch_size, ModeKeys.PREDICT: predict_batch_size}

    def _given(self, mode: str) -> Any:
        known, size = self.params or {}, self._sizes[mode]
        return {**known, "use_tpu": False} if size is None else {**known, "use_tpu": False, "batch_size": size}

_namespace(globals())
