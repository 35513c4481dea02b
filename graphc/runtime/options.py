"""Options of TensorFlow's compiler that programs set on a session's `ConfigProto`: kept, and without effect."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class OptimizerOptions(SimpleNamespace):
    """Options of `GraphOptions.optimizer_options`: accepted and ignored, graphc compiles everything.

    >>> tf.OptimizerOptions(global_jit_level=tf.OptimizerOptions.ON_1).global_jit_level
    1
    """

    L1, L0 = 0, -1
    DEFAULT, OFF, ON_1, ON_2 = 0, -1, 1, 2

    def __init__(self, **options: Any):
        super().__init__(**{"do_common_subexpression_elimination": False, "do_constant_folding": False, "do_function_inlining": False,
                            "opt_level": 0, "global_jit_level": 0, **options})


class RewriterConfig(SimpleNamespace):
    """Options of `GraphOptions.rewrite_options`: accepted and ignored."""

    DEFAULT, ON, OFF, AGGRESSIVE = 0, 1, 2, 3
    DEFAULT_NUM_ITERS, ONE, TWO = 0, 1, 2
    DEFAULT_MEM_OPT, NO_MEM_OPT, MANUAL, SWAPPING_HEURISTICS, RECOMPUTATION_HEURISTICS, SCHEDULING_HEURISTICS, HEURISTICS = 0, 1, 2, 4, 5, 6, 3


class GraphOptions(SimpleNamespace):
    """Options of `ConfigProto.graph_options`: accepted and ignored.

    >>> config = tf.ConfigProto(graph_options=tf.GraphOptions(optimizer_options=tf.OptimizerOptions(opt_level=tf.OptimizerOptions.L0)))
    >>> config.graph_options.optimizer_options.opt_level
    -1
    """

    def __init__(self, **options: Any):
        super().__init__(**{"optimizer_options": OptimizerOptions(), "rewrite_options": RewriterConfig(), **options})
