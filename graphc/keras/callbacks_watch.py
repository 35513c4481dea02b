"""Callbacks that watch what training comes to: they end it, or change the learning rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import GraphError
from ..ir.node import here
from ..logging import warning
from .backend.values import get_value, set_value
from .callbacks_base import Callback


class Monitor(Callback):
    """What callbacks share that watch one value: which it is, which way is better, and what was best so far."""

    monitor = "val_loss"
    best: float = np.inf

    def _watch(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        """Watch the value of that name. `mode`: "min" or "max" is better, "auto" by the name."""
        if mode not in ("auto", "min", "max"):
            warning(f"{type(self).__name__} mode {mode} is unknown, fallback to auto mode.")
            mode = "auto"
        self.monitor, self.min_delta = monitor, abs(min_delta)
        self._up = mode == "max" or mode == "auto" and ("acc" in monitor or monitor.startswith("fmeasure") or monitor.endswith("auc"))
        self.best = -np.inf if self._up else np.inf

    def _better(self, value: Any, than: Any) -> bool:
        return bool(value - self.min_delta > than if self._up else value + self.min_delta < than)

    def _value(self, logs: Any) -> Any:
        """The value that is watched; None, with a warning, where there is none."""
        found = (logs or {}).get(self.monitor)
        if found is None:
            warning(f"{type(self).__name__} conditioned on metric `{self.monitor}` which is not available. "
                    f"Available metrics are: {','.join(logs or ())}")
        return found


class EarlyStopping(Monitor):
    """Ends training when the watched value has not become better, by `min_delta`, for `patience` epochs.

    `baseline`: a value that it has to be better than; `restore_best_weights`: the weights of the best epoch are set at the end.

    >>> tf.keras.callbacks.EarlyStopping(monitor="val_loss", patience=3).patience
    3
    """

    def __init__(self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0, mode: str = "auto",
                 baseline: float | None = None, restore_best_weights: bool = False):
        super().__init__()
        self._watch(monitor, mode, min_delta)
        self._mode = mode
        self.patience, self.verbose, self.baseline, self.restore_best_weights = patience, verbose, baseline, restore_best_weights
        self.wait = self.stopped_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin anew."""
        self._watch(self.monitor, self._mode, self.min_delta)
        self.wait = self.stopped_epoch = 0
        self.best_weights = None
        if self.baseline is not None:
            self.best = self.baseline

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """End training if nothing has become better for long enough."""
        current = self._value(logs)
        if current is None:
            return
        if self._better(current, self.best):
            self.best, self.wait = current, 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            if self.restore_best_weights and self.best_weights is not None:
                if self.verbose > 0:
                    print("Restoring model weights from the end of the best epoch.")
                self.model.set_weights(self.best_weights)

    def on_train_end(self, logs: Any = None) -> None:
        """Tell of it."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1:05d}: early stopping")


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by `factor` when the watched value has not become better for `patience` epochs; not below `min_lr`.

    `cooldown`: epochs behind that in which nothing is counted. GraphError: a factor of 1 or more.
    """

    def __init__(self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0, mode: str = "auto",
                 min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0, epsilon: float | None = None):
        super().__init__()
        if factor >= 1.0:
            raise GraphError(f"ReduceLROnPlateau does not support a factor >= 1.0, {factor}{here()}")
        self.factor, self.patience, self.verbose, self.cooldown, self.min_lr, self.mode = factor, patience, verbose, cooldown, min_lr, mode
        self.cooldown_counter = self.wait = 0
        self._watch(monitor, mode, min_delta if epsilon is None else epsilon)

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin anew."""
        self._watch(self.monitor, self.mode, self.min_delta)
        self.cooldown_counter = self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Lower the rate if nothing has become better for long enough."""
        logs = logs if logs is not None else {}
        logs["lr"] = get_value(self.model.optimizer.lr)
        current = self._value(logs)
        if current is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._better(current, self.best):
            self.best, self.wait = current, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience:
                old = float(get_value(self.model.optimizer.lr))
                if old > self.min_lr:
                    new = max(old * self.factor, self.min_lr)
                    set_value(self.model.optimizer.lr, new)
                    if self.verbose > 0:
                        print(f"\nEpoch {epoch + 1:05d}: ReduceLROnPlateau reducing learning rate to {new}.")
                    self.cooldown_counter, self.wait = self.cooldown, 0


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch to what `schedule(epoch, rate)`, or `schedule(epoch)`, gives. GraphError: no number."""

    def __init__(self, schedule: Callable[..., float], verbose: int = 0):
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the rate."""
        rate = float(get_value(self.model.optimizer.lr))
        try:
            new = self.schedule(epoch, rate)
        except TypeError:           # one of the epoch alone
            new = self.schedule(epoch)
        if not isinstance(new, (float, np.floating)):
            raise GraphError(f"LearningRateScheduler: the output of the schedule function should be a float, not {new!r:.60}{here()}")
        set_value(self.model.optimizer.lr, new)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: LearningRateScheduler reducing learning rate to {new}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the rate."""
        if logs is not None:
            logs["lr"] = get_value(self.model.optimizer.lr)


class TerminateOnNaN(Callback):
    """Ends training when the loss of a batch is a nan or an infinity."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """End training if the loss is no number."""
        loss = (logs or {}).get("loss")
        if loss is not None and not np.isfinite(loss):
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True
