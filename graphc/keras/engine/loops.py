"""The loops of `fit`, `evaluate` and `predict`: epochs of batches, with callbacks before and after each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import FeedError
from ...ir.node import here
from ..callbacks_base import CallbackList

Run = Callable[[list[Any]], Sequence[Any]]


class Means:
    """What an epoch came to: the mean of the loss over its examples, or steps, and the metrics as they stood last."""

    def __init__(self, by_examples: bool):
        self.by_examples, self.total, self.weight = by_examples, 0.0, 0
        self.last: Sequence[Any] = ()

    def add(self, results: Sequence[Any], size: int) -> None:
        """The results of a batch of that many examples."""
        weight = size if self.by_examples else 1
        self.total += float(results[0]) * weight
        self.weight += weight
        self.last = results

    def found(self) -> list[Any]:
        """The loss and the metrics of the epoch. FeedError: it had no batch."""
        if not self.weight:
            raise FeedError(f"there is no data: an epoch needs one batch at least{here()}")
        return [self.total / self.weight, *self.last[1:]]


def steps_of(mode: str, batches: Any, epoch: int, run: Run, names: Sequence[str], callbacks: CallbackList, model: Any) -> list[Any]:
    """One epoch of training or evaluation: what it came to."""
    begun, ended = callbacks.listeners(f"on_{mode}_batch_begin"), callbacks.listeners(f"on_{mode}_batch_end")
    means = Means(batches.unit == "samples")
    by_examples = batches.unit == "samples"
    for step, (arrays, size) in enumerate(batches.epoch(epoch)):
        if begun:
            logs = {"batch": step, "size": size}
            for method in begun:
                method(step, logs)
        results = run(arrays)
        means.add(results, size)
        if ended:
            logs = {"batch": step, "size": size if by_examples or batches.count is None else 1, **dict(zip(names, results, strict=False))}
            for method in ended:
                method(step, logs)
        if mode == "train" and model.stop_training:
            break
    return means.found()


def train(model: Any, batches: Any, run: Run, names: Sequence[str], callbacks: CallbackList, initial_epoch: int, epochs: int,
          validate: Callable[[], list[Any]] | None, validation_freq: Any, reset: Callable[[], None]) -> None:
    """Epochs of training, each with an evaluation of the validation data behind it where `validation_freq` says so."""
    model.stop_training = False
    callbacks.call("on_train_begin", {})
    for epoch in range(initial_epoch, epochs):
        if model.stop_training:
            break
        reset()
        callbacks.call("on_epoch_begin", epoch, {})
        logs = dict(zip(names, steps_of("train", batches, epoch - initial_epoch, run, names, callbacks, model), strict=True))
        if validate is not None and not model.stop_training and _wanted(validation_freq, epoch):
            logs.update(zip([f"val_{name}" for name in names], validate(), strict=True))
        callbacks.call("on_epoch_end", epoch, logs)
        if batches.unit == "steps":     # known once the data have ended
            callbacks.params["steps"] = batches.count
        if getattr(batches, "ran_out", False):
            model.stop_training = True
    callbacks.call("on_train_end", {})


def _wanted(frequency: Any, epoch: int) -> bool:
    """Whether an epoch is one behind which is evaluated: each n-th, or one of a list, counted from 1."""
    return (epoch + 1) % frequency == 0 if isinstance(frequency, (int, np.integer)) else epoch + 1 in frequency


def evaluate(model: Any, batches: Any, run: Run, names: Sequence[str], callbacks: CallbackList, reset: Callable[[], None]) -> list[Any]:
    """The loss and the metrics of all batches."""
    reset()
    callbacks.call("on_test_begin", {})
    found = steps_of("test", batches, 0, run, names, callbacks, model)
    callbacks.call("on_test_end", dict(zip(names, found, strict=True)))
    return found


def predict(batches: Any, run: Run, callbacks: CallbackList) -> list[Any]:
    """The outputs of all batches, one behind the other. FeedError: there is no batch."""
    begun, ended = callbacks.listeners("on_predict_batch_begin"), callbacks.listeners("on_predict_batch_end")
    parts: list[Sequence[Any]] = []
    callbacks.call("on_predict_begin", {})
    for step, (arrays, size) in enumerate(batches.epoch(0)):
        logs = {"batch": step, "size": size}
        for method in begun:
            method(step, logs)
        parts.append(run(arrays))
        for method in ended:
            method(step, logs)
    callbacks.call("on_predict_end", {})
    if not parts:
        raise FeedError(f"there is no data: a prediction needs one batch at least{here()}")
    return [each[0] if len(each) == 1 else np.concatenate(each) for each in zip(*parts, strict=True)]
