"""Options of datasets: what programs say of TensorFlow's runtime, kept, joined and read again."""

from __future__ import annotations

from typing import Any, ClassVar

from ..errors import GraphError
from ..ir.node import here

__all__ = ["DistributeOptions", "MapVectorizationOptions", "OptimizationOptions", "Options", "StatsOptions", "ThreadingOptions"]


class _Options:
    """Values by the names of a table; None: nothing is said."""

    _names: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        vars(self).update((name, kind() if isinstance(kind, type) else None) for name, kind in self._names.items())

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._names:
            raise AttributeError(f"{type(self).__name__} has no option {name!r:.60}; it has {', '.join(self._names)}")
        vars(self)[name] = value

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items() if v is not None)})"

    def merge(self, options: Any) -> Any:
        """What both say; of what both say otherwise, what the other one says. GraphError: options of another class."""
        if type(options) is not type(self):
            raise GraphError(f"{type(self).__name__}.merge takes options of its class, not {options!r:.60}{here()}")
        made = type(self)()
        for name, value in vars(self).items():
            other = vars(options)[name]
            vars(made)[name] = value.merge(other) if isinstance(value, _Options) else value if other is None else other
        return made


def _named(text: str) -> dict[str, Any]:
    return dict.fromkeys(text.split())


class DistributeOptions(_Options):
    """Options of `Options.experimental_distribute`; they have no effect."""

    _names = _named("auto_shard auto_shard_policy num_devices")


class MapVectorizationOptions(_Options):
    """Options of `OptimizationOptions.map_vectorization`; they have no effect."""

    _names = _named("enabled use_choose_fastest")


class OptimizationOptions(_Options):
    """Options of `Options.experimental_optimization`; they have no effect."""

    _names = {**_named("apply_default_optimizations autotune autotune_algorithm autotune_buffers autotune_cpu_budget filter_fusion "
                       "filter_with_random_uniform_fusion hoist_random_uniform inject_prefetch map_and_batch_fusion map_and_filter_fusion "
                       "map_fusion map_parallelization noop_elimination parallel_batch reorder_data_discarding_ops shuffle_and_repeat_fusion "
                       "seq_interleave_prefetch"),
              "map_vectorization": MapVectorizationOptions}


class StatsOptions(_Options):
    """Options of `Options.experimental_stats`; they have no effect."""

    _names = _named("aggregator prefix counter_prefix latency_all_edges")


class ThreadingOptions(_Options):
    """Options of `Options.experimental_threading`; they have no effect."""

    _names = _named("max_intra_op_parallelism private_threadpool_size")


class Options(_Options):
    """Options for `Dataset.with_options`, which `Dataset.options()` gives again: what they say of TensorFlow's runtime has no effect.

    AttributeError: there is no option of a name.

    >>> options = tf.data.Options()
    >>> options.experimental_deterministic = False
    >>> tf.data.Dataset.range(3).with_options(options).options().experimental_deterministic
    False
    """

    _names = {**_named("experimental_deterministic experimental_slack experimental_autotune experimental_numa_aware experimental_stateful_whitelist "
                       "experimental_external_state_policy deterministic dataset_name framework_type"),
              "experimental_distribute": DistributeOptions, "experimental_optimization": OptimizationOptions, "experimental_stats": StatsOptions,
              "experimental_threading": ThreadingOptions, "threading": ThreadingOptions}
