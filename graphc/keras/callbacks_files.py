"""Callbacks that write files while a model is trained: checkpoints, tables of values, and what TensorBoard shows."""

from __future__ import annotations

import csv
import os
from typing import Any

import numpy as np

from .. import summary
from ..errors import GraphError
from ..ir.node import here
from ..logging import warning
from .backend import state
from .callbacks_base import Callback
from .callbacks_watch import Monitor


class ModelCheckpoint(Monitor):
    """Writes the model, or its weights alone, after each epoch, or each `save_freq` examples.

    `filepath` may hold `{epoch:02d}` and names of values, as `{val_loss:.2f}`. `save_best_only`: only when the watched value has become
    better. `period`: epochs between two files. GraphError: another `save_freq`.
    """

    def __init__(self, filepath: Any, monitor: str = "val_loss", verbose: int = 0, save_best_only: bool = False, save_weights_only: bool = False,
                 mode: str = "auto", save_freq: Any = "epoch", period: int = 1, load_weights_on_restart: bool = False, **kwargs: Any):
        super().__init__()
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise GraphError(f"ModelCheckpoint: save_freq is 'epoch' or a number of examples, not {save_freq!r:.40}{here()}")
        self.filepath, self.verbose, self.save_best_only, self.save_weights_only = os.fspath(filepath), verbose, save_best_only, save_weights_only
        self.save_freq, self.period = save_freq, period
        self._epochs = self._examples = self._epoch = 0
        self._watch(monitor, mode)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write a file if that many examples were seen."""
        if isinstance(self.save_freq, int):
            self._examples += (logs or {}).get("size", 1)
            if self._examples >= self.save_freq:
                self._examples = 0
                self._save(self._epoch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write a file if it is time."""
        self._epochs += 1
        if self.save_freq == "epoch" and self._epochs >= self.period:
            self._epochs = 0
            self._save(epoch, logs or {})

    def _save(self, epoch: int, logs: dict[str, Any]) -> None:
        path = self.filepath.format(epoch=epoch + 1, **{k: v for k, v in logs.items() if k not in ("batch", "size")})
        if self.save_best_only:
            current = logs.get(self.monitor)
            if current is None:
                warning(f"Can save best model only with {self.monitor} available, skipping.")
                return
            if not self._better(current, self.best):
                if self.verbose > 0:
                    print(f"\nEpoch {epoch + 1:05d}: {self.monitor} did not improve from {self.best:.5f}")
                return
            if self.verbose > 0:
                print(f"\nEpoch {epoch + 1:05d}: {self.monitor} improved from {self.best:.5f} to {current:.5f}, saving model to {path}")
            self.best = current
        elif self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: saving model to {path}")
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)


class CSVLogger(Callback):
    """Writes the loss and the metrics of each epoch as a line of a file of values between commas (or `separator`)."""

    def __init__(self, filename: Any, separator: str = ",", append: bool = False):
        super().__init__()
        self.filename, self.sep, self.append = os.fspath(filename), separator, append
        self._file: Any = None
        self._names: list[str] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Open the file."""
        self._head = not (self.append and os.path.exists(self.filename) and os.path.getsize(self.filename))
        self._file = open(self.filename, "a" if self.append else "w", newline="")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write a line."""
        logs = logs or {}
        if self._names is None:
            self._names = sorted(logs)
        writer = csv.writer(self._file, delimiter=self.sep)
        if self._head:
            writer.writerow(["epoch", *self._names])
            self._head = False
        writer.writerow([epoch, *(_text(logs.get(name, "NA")) for name in self._names)])
        self._file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        """Close the file."""
        self._file.close()


def _text(value: Any) -> Any:
    return value if isinstance(value, str) or not np.ndim(value) else f"\"[{', '.join(map(str, value))}]\""


class TensorBoard(Callback):
    """Writes the loss and the metrics of each epoch (`epoch_loss`, ...), or of batches, and the graph, into files that TensorBoard shows.

    `histogram_freq`: epochs between two histograms of the weights, 0 for none. `update_freq`: "epoch", "batch", or a number of examples.
    """

    def __init__(self, log_dir: Any = "./logs", histogram_freq: int = 0, batch_size: int = 32, write_graph: bool = True,
                 write_grads: bool = False, write_images: bool = False, embeddings_freq: int = 0, embeddings_layer_names: Any = None,
                 embeddings_metadata: Any = None, embeddings_data: Any = None, update_freq: Any = "epoch", profile_batch: int = 2):
        super().__init__()
        self.log_dir, self.histogram_freq, self.write_graph = os.fspath(log_dir), histogram_freq, write_graph
        self.update_freq: Any = 1 if update_freq == "batch" else update_freq
        self.writer: Any = None
        self._seen = self._last = 0
        self._histograms: Any = None

    def set_model(self, model: Any) -> None:
        """Be told the model, and open a file."""
        super().set_model(model)
        self.writer = summary.FileWriter(self.log_dir)

    def on_train_begin(self, logs: Any = None) -> None:
        """Write the graph."""
        if self.write_graph and self.model.inputs is not None:
            self.writer.add_graph(self.model.graph)

    def _write(self, values: dict[str, Any], step: int) -> None:
        held = [summary.Summary.Value(tag=name, simple_value=float(value)) for name, value in values.items()]
        self.writer.add_summary(summary.Summary(value=held), step)
        self.writer.flush()

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write values if that many examples were seen."""
        if self.update_freq == "epoch":
            return
        logs = logs or {}
        self._seen += logs.get("size", 1)
        if self._seen - self._last >= self.update_freq:
            self._last = self._seen
            self._write({f"batch_{k}": v for k, v in logs.items() if k not in ("batch", "size")}, self._seen)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the values of the epoch."""
        self._write({f"epoch_{k}": v for k, v in (logs or {}).items()}, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            graph = self.model.graph
            if self._histograms is None:
                with graph.as_default():
                    self._histograms = [summary.histogram(v.label, v, collections=[]) for v in self.model.weights]
            for found in state.session_of(graph).run(self._histograms):
                self.writer.add_summary(found, epoch)

    def on_train_end(self, logs: Any = None) -> None:
        """Close the file."""
        self.writer.close()
