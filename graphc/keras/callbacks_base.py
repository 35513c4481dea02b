"""What is called while a model is trained, evaluated or asked; the history of training; what is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..errors import GraphError
from ..ir.node import here
from .utils.progbar import Progbar

Logs = dict[str, Any]


class Callback:
    """What is called while a model is trained: a subclass says what to do in its methods. `self.model` is the model, `self.params` what is run.

    >>> class Stop(tf.keras.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         self.model.stop_training = logs["loss"] < 0.1
    """

    model: Any = None
    validation_data: Any = None

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}

    def set_params(self, params: dict[str, Any]) -> None:
        """Be told what is run: epochs, steps or samples, verbose, metrics."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Be told the model."""
        self.model = model

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch of training."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch of training; `logs`: the loss and the metrics, those of the validation data with `val_` before their names."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of training."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of training."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of training: `on_batch_begin`."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of training: `on_batch_end`."""
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of an evaluation."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of a prediction."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Before training."""

    def on_train_end(self, logs: Any = None) -> None:
        """After training."""

    def on_test_begin(self, logs: Any = None) -> None:
        """Before an evaluation."""

    def on_test_end(self, logs: Any = None) -> None:
        """After an evaluation."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Any = None) -> None:
        """After a prediction."""


class CallbackList:
    """Callbacks in order: each event goes to those that do something there, so that a batch costs nothing where none does."""

    def __init__(self, callbacks: Iterable[Any]):
        self.callbacks = list(callbacks)
        self.params: dict[str, Any] = {}

    def listeners(self, event: str) -> list[Callable[..., Any]]:
        """The methods that do something at an event."""
        found = []
        for each in self.callbacks:
            method = getattr(each, event, None)
            inner = event.replace("train_", "") if event.startswith("on_train_batch") else event
            if method is not None and any(getattr(type(each), e, None) is not getattr(Callback, e) or e in vars(each) for e in (event, inner)):
                found.append(method)
        return found

    def call(self, event: str, *args: Any) -> None:
        """Pass an event on."""
        for method in self.listeners(event):
            method(*args)

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell all of them what is run."""
        self.params = params
        for each in self.callbacks:
            each.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tell all of them the model."""
        for each in self.callbacks:
            each.set_model(model)


class History(Callback):
    """What `fit` returns: `history`, the loss and the metrics of each epoch by name, and `epoch`, the numbers of the epochs."""

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin anew."""
        self.epoch = []
        self.history = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class BaseLogger(Callback):
    """Nothing: the loop itself averages losses over an epoch."""

    def __init__(self, stateful_metrics: Iterable[str] | None = None):
        super().__init__()
        self.stateful_metrics = set(stateful_metrics or ())


class ProgbarLogger(Callback):
    """Prints a bar for each epoch, counted in samples or steps (`count_mode`), with the loss and the metrics."""

    def __init__(self, count_mode: str = "samples", stateful_metrics: Iterable[str] | None = None):
        super().__init__()
        self.use_steps = count_mode == "steps"
        self.stateful_metrics = frozenset(stateful_metrics or ())
        self.bar: Any = None
        self.seen = 0
        self._in_fit = False

    def _begin(self) -> None:
        self.seen = 0
        target = self.params.get("steps" if self.use_steps else "samples")
        self.bar = Progbar(target, verbose=self.params.get("verbose", 1), stateful_metrics=self.stateful_metrics,
                           unit_name="step" if self.use_steps else "sample")

    def _move(self, batch: int, logs: Any) -> None:
        size = (logs or {}).get("size", 0)
        self.seen += 1 if self.use_steps else size
        self.bar.update(self.seen, [(k, v) for k, v in (logs or {}).items() if k not in ("batch", "size")], finalize=False)

    def _end(self, logs: Any) -> None:
        if self.bar.target is None:
            self.bar.target = self.seen
        self.bar.update(self.bar.target, list((logs or {}).items()), finalize=True)

    def on_train_begin(self, logs: Any = None) -> None:
        """An evaluation within prints nothing."""
        self._in_fit = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin a bar."""
        self._begin()
        if self.params.get("epochs", 1) > 1:
            print(f"Epoch {epoch + 1}/{self.params['epochs']}")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        self._move(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """End the bar."""
        self._end(logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Begin a bar."""
        if not self._in_fit:
            self._begin()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        if not self._in_fit:
            self._move(batch, logs)

    def on_test_end(self, logs: Any = None) -> None:
        """End the bar."""
        if not self._in_fit:
            self._end(logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Begin a bar."""
        self._begin()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        self._move(batch, {"size": (logs or {}).get("size", 0)})

    def on_predict_end(self, logs: Any = None) -> None:
        """End the bar."""
        self._end(None)


class LambdaCallback(Callback):
    """A callback of functions, by the names of the events: `LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch))`."""

    def __init__(self, on_epoch_begin: Any = None, on_epoch_end: Any = None, on_batch_begin: Any = None, on_batch_end: Any = None,
                 on_train_begin: Any = None, on_train_end: Any = None, **kwargs: Any):
        super().__init__()
        given: Mapping[str, Any] = {"on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_batch_begin": on_batch_begin,
                                    "on_batch_end": on_batch_end, "on_train_begin": on_train_begin, "on_train_end": on_train_end, **kwargs}
        for event, function in given.items():
            if function is not None:
                setattr(self, event, function)


def with_own(callbacks: Any, history: History, verbose: int, unit: str, stateful: Sequence[str]) -> CallbackList:
    """The callbacks of a program, with the history and, where something is printed, the bar."""
    held = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
    wrong = next((c for c in held if not hasattr(c, "set_model")), None)
    if wrong is not None:
        raise GraphError(f"a callback is an instance of tf.keras.callbacks.Callback, not {wrong!r:.60}{here()}")
    return CallbackList([*held, history, *([ProgbarLogger(unit, stateful)] if verbose else [])])
