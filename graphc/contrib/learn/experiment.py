"""`Experiment`: an estimator with its input, trained and evaluated as a schedule says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import ArgumentError
from ...ir.node import here
from .estimator import Estimator
from .monitors import hooks_of

__all__ = ["Experiment"]

SCHEDULES = ("continuous_train_and_eval", "evaluate", "test", "train", "train_and_evaluate")


class Experiment:
    """An estimator, of `tf.contrib.learn` or `tf.estimator`, and the functions that give it input to train and to evaluate.

    ArgumentError: something else than an estimator.

    >>> x = np.float32([[1.0], [2.0]])
    >>> model = tf.contrib.learn.LinearRegressor(tf.contrib.learn.infer_real_valued_columns_from_input(x), "experiment")
    >>> given = lambda: (tf.constant(x), tf.constant(2 * x))
    >>> found, _ = tf.contrib.learn.Experiment(model, given, given, train_steps=3, eval_steps=1).train_and_evaluate()
    >>> int(found["global_step"])
    3
    """

    def __init__(self, estimator: Any, train_input_fn: Callable[..., Any], eval_input_fn: Callable[..., Any],
                 eval_metrics: Mapping[Any, Any] | None = None, train_steps: int | None = None, eval_steps: int | None = 100,
                 train_monitors: Sequence[Any] | None = None, eval_hooks: Sequence[Any] | None = None, local_eval_frequency: int | None = None,
                 eval_delay_secs: float = 120, continuous_eval_throttle_secs: float = 60, min_eval_frequency: int | None = None,
                 delay_workers_by_global_step: bool = False, export_strategies: Any = None, train_steps_per_iteration: int | None = None,
                 checkpoint_and_export: bool = False, saving_listeners: Any = None, check_interval_secs: float = 5):
        if not hasattr(estimator, "evaluate") or not hasattr(estimator, "predict"):
            raise ArgumentError(f"Experiment takes an estimator, not {estimator!r:.80}{here()}")
        self._estimator, self._train_fn, self._eval_fn, self._metrics = estimator, train_input_fn, eval_input_fn, eval_metrics
        self._train_steps, self._eval_steps = train_steps, eval_steps
        self._monitors, self._hooks = list(train_monitors or ()), list(eval_hooks or ())
        self._every = train_steps_per_iteration or min_eval_frequency or local_eval_frequency

    @property
    def estimator(self) -> Any:
        """The estimator."""
        return self._estimator

    @property
    def eval_metrics(self) -> Any:
        """The metrics beside the model's own."""
        return self._metrics

    @property
    def train_steps(self) -> int | None:
        """The step up to which it is trained."""
        return self._train_steps

    @property
    def eval_steps(self) -> int | None:
        """How many batches are evaluated."""
        return self._eval_steps

    def extend_train_hooks(self, additional_hooks: Sequence[Any]) -> None:
        """Watch training by more hooks."""
        self._monitors.extend(additional_hooks)

    def train(self, delay_secs: float | None = None) -> Any:
        """Train up to `train_steps`; the estimator."""
        return self._trained(self._train_steps)

    def _trained(self, last: int | None) -> Any:
        if isinstance(self._estimator, Estimator):
            return self._estimator.fit(input_fn=self._train_fn, max_steps=last, monitors=self._monitors)
        return self._estimator.train(self._train_fn, hooks=hooks_of(self._monitors, self._estimator), max_steps=last)

    def evaluate(self, delay_secs: float | None = None, name: str | None = None) -> dict[str, Any]:
        """The metrics over `eval_steps` batches. NotFoundError: the model is not trained."""
        more = {"metrics": self._metrics} if self._metrics is not None and isinstance(self._estimator, Estimator) else {}
        return self._estimator.evaluate(input_fn=self._eval_fn, steps=self._eval_steps, hooks=self._hooks, name=name, **more)

    def train_and_evaluate(self) -> tuple[dict[str, Any], list[Any]]:
        """Train and evaluate, in turns of `min_eval_frequency` or `train_steps_per_iteration` steps if it is given; the last metrics."""
        at, found = 0, {}
        while True:
            last = self._train_steps if self._every is None else at + self._every
            last = last if self._train_steps is None or last is None else min(last, self._train_steps)
            self._trained(last)
            found = self.evaluate()
            before, at = at, int(found["global_step"])
            if self._every is None or at == before or (last is not None and at < last) or (self._train_steps is not None and at >= self._train_steps):
                return found, []

    continuous_train_and_eval = train_and_evaluate

    def test(self) -> dict[str, Any]:
        """Train for a step and evaluate one batch, to see that both run."""
        self._trained(1)
        return self._estimator.evaluate(input_fn=self._eval_fn, steps=1)
