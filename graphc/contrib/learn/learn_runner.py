"""`tf.contrib.learn.learn_runner`: an experiment run by the name of its schedule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import ArgumentError
from ...ir.arguments import hold as _hold
from ...ir.node import here
from ...tf1_names import namespace as _namespace
from .experiment import SCHEDULES, Experiment

__all__ = ["run"]


def run(experiment_fn: Callable[..., Any], output_dir: Any = None, schedule: str | None = None, run_config: Any = None, hparams: Any = None) -> Any:
    """What an experiment's schedule gives, by default "train_and_evaluate"; the experiment is `experiment_fn(run_config, hparams)`, or of a folder.

    ArgumentError: no such function, experiment or schedule.
    """
    if not callable(experiment_fn):
        raise ArgumentError(f"learn_runner.run takes a function that gives an Experiment, not {experiment_fn!r:.80}{here()}")
    if (output_dir is None) == (run_config is None):
        raise ArgumentError(f"learn_runner.run takes output_dir or run_config{here()}")
    made = experiment_fn(output_dir) if run_config is None else experiment_fn(run_config, hparams)
    if not isinstance(made, Experiment):
        raise ArgumentError(f"learn_runner.run: the function gave {made!r:.80}, and no Experiment{here()}")
    name = schedule or "train_and_evaluate"
    if name not in SCHEDULES:
        raise ArgumentError(f"learn_runner.run: a schedule is one of {', '.join(SCHEDULES)}, not {schedule!r:.60}{here()}")
    return getattr(made, name)()


_hold(globals(), __all__)

_namespace(globals())
