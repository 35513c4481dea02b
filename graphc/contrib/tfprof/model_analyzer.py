"""`tf.contrib.tfprof.model_analyzer`: the profile of a model in one call, and the options that programs give it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...ir.graph import Graph
from ...profiler import GraphNodeProto, MultiGraphNodeProto, OpLogProto, ProfileOptionBuilder, Profiler, advise, profile
from ...profiler.model import ALL_ADVICE
from ...runtime.timeline import RunMetadata
from ...tf1_names import namespace as _namespace

__all__ = ["ALL_ADVICE", "FLOAT_OPS_OPTIONS", "PRINT_ALL_TIMING_MEMORY", "Profiler", "TRAINABLE_VARS_PARAMS_STAT_OPTIONS", "advise",
           "print_model_analysis", "profile"]

TRAINABLE_VARS_PARAMS_STAT_OPTIONS: dict[str, Any] = ProfileOptionBuilder.trainable_variables_parameter()
FLOAT_OPS_OPTIONS: dict[str, Any] = ProfileOptionBuilder.float_operation()
PRINT_ALL_TIMING_MEMORY: dict[str, Any] = ProfileOptionBuilder.time_and_memory()


def print_model_analysis(graph: Graph | None, run_meta: RunMetadata | None = None, op_log: OpLogProto | None = None, tfprof_cmd: str = "scope",
                         tfprof_options: Mapping[str, Any] = TRAINABLE_VARS_PARAMS_STAT_OPTIONS) -> GraphNodeProto | MultiGraphNodeProto:
    """`tf.profiler.profile`, by default of the numbers of the trainable variables. InvalidArgumentError: a command or an option that does not exist.

    >>> v = tf.get_variable("w", [3, 4])
    >>> tf.contrib.tfprof.model_analyzer.print_model_analysis(tf.get_default_graph()).total_parameters
    node name | # parameters
    _TFProfRoot (--/12 params)
      w (3x4, 12/12 params)
    12
    """
    return profile(graph, run_meta, op_log, tfprof_cmd, tfprof_options)


_namespace(globals())
