"""Models that can be trained: `compile` says how, `fit` trains, `evaluate` and `predict` use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import FeedError, GraphError
from ...ir.node import Node, here
from ...train.object_graph import held
from .. import callbacks_base as cbks
from ..backend import state
from . import batches as sources
from . import data, loops
from .compiled import Compiled
from .network import Network
from .saved import Saved

__all__ = ["Model"]


class Model(Saved, Network):
    """A model: `Model(inputs, outputs)` of tensors that layers made, or a subclass whose `call` says what it computes.

    `compile` gives it an optimizer and losses, `fit` trains it, in one run of the graph for each batch, `evaluate` and `predict` use it. Its
    variables stand in the session of `tf.keras.backend.get_session()`. GraphError: an argument that there is not, a tensor of no layer.

    >>> x = tf.keras.Input((2,))
    >>> model = tf.keras.Model(x, tf.keras.layers.Dense(1, kernel_initializer="ones")(x))
    >>> model.predict(np.array([[1.0, 2.0]]))
    array([[3.]], dtype=float32)
    """

    _compiled: Compiled | None = None
    _predicting: Compiled | None = None
    history: Any = None
    stop_training = False

    # ------------------------------------------------------------------ what compile says

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None, loss_weights: Any = None,
                sample_weight_mode: Any = None, weighted_metrics: Any = None, target_tensors: Any = None, **kwargs: Any) -> None:
        """Say how the model is trained and measured.

        `loss`: a name, a function of labels and predictions, or an object, for each output (a list, or a dict by name); `loss_weights`: how
        much each counts. `metrics`: names, functions or objects, `weighted_metrics`: those that sample weights concern. GraphError: no such
        optimizer, loss or metric; one for an output that there is not.
        """
        unknown = [k for k in kwargs if k not in ("distribute", "run_eagerly", "experimental_run_tf_function", "steps_per_execution")]
        if unknown:
            raise GraphError(f"compile has no argument {unknown[0]!r:.60}{here()}")
        self._compiled = Compiled(self, optimizer, loss, metrics, loss_weights, sample_weight_mode, weighted_metrics, target_tensors)
        if self.outputs is not None:
            self._compiled.ends  # noqa: B018  (wrong names are told of now)

    def _known(self) -> Compiled:
        if self._compiled is None:
            raise GraphError(f"the model {self.name} is not compiled: model.compile(optimizer, loss) comes before training and evaluation{here()}")
        return self._compiled

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        return [*super()._checkpoint_dependencies, *held([("optimizer", self.optimizer)])]

    @property
    def optimizer(self) -> Any:
        """The optimizer that `compile` was given; None before."""
        return None if self._compiled is None else self._compiled.optimizer

    @property
    def loss(self) -> Any:
        """The loss that `compile` was given; None before."""
        return None if self._compiled is None else self._compiled.loss

    @property
    def metrics(self) -> list[Any]:
        """The metrics as objects, those of layers too."""
        return [] if self._compiled is None or self.outputs is None else self._compiled.metrics

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns."""
        return self._known().names if self.outputs is not None else ["loss"]

    @property
    def total_loss(self) -> Node:
        """The loss that is minimized, as a tensor. GraphError: the model is not compiled."""
        compiled = self._known()
        for end in compiled.ends:
            if end.trained:
                end.fed(end.output.type.rank or 1)
        return compiled.report(tuple(0 for _ in compiled.ends))[0]

    @property
    def targets(self) -> list[Node]:
        """The placeholders of the targets."""
        return [end.fed(end.output.type.rank or 1) for end in self._known().ends if end.trained]

    def reset_metrics(self) -> None:
        """Let metrics begin anew."""
        for metric in self.metrics:
            metric.reset_states()

    # ------------------------------------------------------------------ data

    def _connected_to(self, x: Any) -> None:
        """Have inputs and outputs: a model that has none yet is called with placeholders like the data."""
        if self.inputs is not None:
            return

        def told(a: Any) -> tuple[Any, Any]:
            a = a if hasattr(a, "shape") and hasattr(a, "dtype") else np.asarray(a)
            dims = tuple(a.shape.as_list()) if isinstance(a, Node) else tuple(a.shape)
            kind = np.dtype(getattr(a.dtype, "as_numpy_dtype", a.dtype))
            return (None, *(dims[1:] or (1,))), state.floatx() if kind.kind == "f" else "string" if kind.kind in "SUO" else str(kind)
        many = isinstance(x, dict) or isinstance(x, (list, tuple)) and any(hasattr(a, "shape") for a in x)
        pairs = {k: told(v) for k, v in x.items()} if isinstance(x, dict) else [told(a) for a in x] if many else [told(x)]
        if isinstance(pairs, dict):
            self.connect_to({k: p[0] for k, p in pairs.items()}, {k: p[1] for k, p in pairs.items()})
        else:
            self.connect_to([p[0] for p in pairs] if many and len(pairs) > 1 else pairs[0][0],
                            [p[1] for p in pairs] if many and len(pairs) > 1 else pairs[0][1])

    def _standard(self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None,
                  targets: bool = True) -> tuple[list[Any], list[Any], list[Any], tuple[int, ...]]:
        """Arrays for the inputs, the targets and the sample weights, and the ranks of the weights of each output, 0 for none."""
        self._connected_to(x)
        xs = data.as_arrays(x, self.input_names, [tuple(i.shape.as_list()) if i.type.rank is not None else None for i in self.inputs], "input")
        if not targets:
            return xs, [], [], ()
        compiled = self._known()
        ends = [end for end in compiled.ends if end.trained]
        if y is None and ends:
            raise FeedError(f"the model {self.name} has losses of outputs: it needs targets{here()}")
        shapes = [_target_shape(end) for end in ends]
        given = y if not isinstance(y, dict) else {k: v for k, v in y.items() if k in [e.name for e in ends]}
        ys = data.as_arrays(given, [end.name for end in ends], shapes, "target")
        for end, array in zip(ends, ys, strict=True):
            end.fed(len(array.shape))
        each = data.each_weight(sample_weight, [end.name for end in ends])
        if class_weight is not None:
            each = [_times(w, data.weights_by_class(a, _for_output(class_weight, end.name))) for w, a, end in zip(each, ys, ends, strict=True)]
        by_end = dict(zip((end.name for end in ends), each, strict=True))
        ranks = tuple(np.ndim(by_end[end.name]) if by_end.get(end.name) is not None else 0 for end in compiled.ends)
        return xs, ys, [np.asarray(w) for w in each if w is not None], ranks

    def _batches(self, mode: str, x: Any, y: Any, sample_weight: Any, batch_size: Any, steps: Any, shuffle: Any,
                 class_weight: Any = None) -> tuple[Any, loops.Run]:
        """The batches of what is given, and the step that takes one."""
        wanted = mode != "predict"
        if sources.is_source(x) or sources.is_tensors(x):
            return self._streamed(mode, x, y, sample_weight, steps, shuffle, class_weight)
        size = data.batch_size_of(batch_size)
        xs, ys, ws, ranks = self._standard(x, y, sample_weight, class_weight, wanted)
        count = data.same_count(xs, ys, ws)
        step = self._step(mode, ranks)
        # What is wider than the graph takes is made so once, and not in each batch.
        arrays = [data.narrowed(a, place) for a, place in zip([*xs, *ys, *ws], self._places(mode, ranks), strict=False)]
        if steps is not None and size is None:
            size = max(1, -(-count // steps))
        return sources.ArrayBatches(arrays, count, size or 32, shuffle), lambda batch: step(*batch)

    def _streamed(self, mode: str, x: Any, y: Any, sample_weight: Any, steps: Any, shuffle: Any, class_weight: Any) -> tuple[Any, loops.Run]:
        """The same of what gives batches one after the other."""
        ranks: list[Any] = [()]

        def ready(given: Any) -> list[Any]:
            parts = sources.parts_of(given)
            xs, ys, ws, ranks[0] = self._standard(*parts, class_weight, mode != "predict")
            return [*xs, *ys, *ws]

        def run(arrays: list[Any]) -> Sequence[Any]:
            return self._step(mode, ranks[0])(*arrays)
        if sources.is_tensors(x):
            if steps is None:
                raise FeedError(f"with tensors the number of steps is to be given: steps_per_epoch, or steps{here()}")
            given = tuple(a for a in (x, y, sample_weight) if a is not None)
            return sources.StepBatches(sources.runs(given), steps, ready), run
        if sources.is_sequence(x):
            return sources.StepBatches(None, len(x) if steps is None else min(steps, len(x)), ready,
                                       lambda: sources.in_sequence(x, bool(shuffle) and mode == "train"), x.on_epoch_end), run
        if isinstance(x, sources.Dataset):
            source = sources.of_dataset(x) if steps is not None else None
            return sources.StepBatches(source, steps, ready, (lambda: sources.of_dataset(x)) if steps is None else None), run
        source = sources.runs(x.get_next()) if hasattr(x, "get_next") else x
        return sources.StepBatches(source, steps, ready), run

    def _places(self, mode: str, ranks: tuple[int, ...]) -> list[Node]:
        """The placeholders of a step, in the order of its arrays."""
        compiled = self._predicting if mode == "predict" else self._known()
        assert compiled is not None
        return compiled.feeds(mode, ranks)

    def _step(self, mode: str, ranks: tuple[int, ...]) -> Callable[..., Sequence[Any]]:
        if mode == "predict":
            if self._predicting is None or self._predicting.model.outputs is not self.outputs:
                self._predicting = self._compiled or Compiled(self, "sgd", None, None, None, None, None, None)
            return self._predicting.step(mode, ranks)
        return self._known().step(mode, ranks)

    # ------------------------------------------------------------------ training and use

    def fit(self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1, verbose: int = 1, callbacks: Any = None,
            validation_split: float = 0.0, validation_data: Any = None, shuffle: Any = True, class_weight: Any = None,
            sample_weight: Any = None, initial_epoch: int = 0, steps_per_epoch: int | None = None, validation_steps: int | None = None,
            validation_freq: Any = 1, max_queue_size: int = 10, workers: int = 1, use_multiprocessing: bool = False,
            **kwargs: Any) -> cbks.History:
        """Train for `epochs` epochs; returns a History, whose `history` has the loss and the metrics of each epoch.

        x, y: arrays (lists or dicts of them for several inputs or outputs), tensors, or as x alone a dataset, an iterator, a generator or a
        `Sequence`, which gives (inputs, targets) or (inputs, targets, sample_weights). `validation_data`: the same, or (x, y);
        `validation_split`: the part of the arrays, at their end, that is not trained on. `class_weight`: a weight for each class. FeedError:
        data that do not fit. GraphError: the model is not compiled.
        """
        epochs = kwargs.pop("nb_epoch", epochs)
        if kwargs:
            raise GraphError(f"fit has no argument {min(kwargs)!r:.60}{here()}")
        self._known()
        if validation_data is None and validation_split:
            if sources.is_source(x) or sources.is_tensors(x):
                raise FeedError(f"validation_split takes the end of arrays: with a dataset, a generator or tensors give validation_data{here()}")
            x, y, sample_weight, validation_data = self._split(x, y, sample_weight, validation_split)
        batches, run = self._batches("train", x, y, sample_weight, batch_size, steps_per_epoch, shuffle, class_weight)
        validate: Callable[[], list[Any]] | None = None
        told = ""
        history = cbks.History()
        listening: list[cbks.CallbackList] = []
        if validation_data is not None:
            vx, vy, vw = validation_data if _is_parts(validation_data) and len(validation_data) == 3 else \
                (*validation_data, None) if _is_parts(validation_data) else (validation_data, None, None)
            size = batch_size if batch_size is not None or isinstance(batches, sources.ArrayBatches) else 32
            held: list[Any] = []

            def validate() -> list[Any]:
                if not held:
                    held.extend(self._batches("test", vx, vy, vw, size, validation_steps, False))
                return loops.evaluate(self, held[0], held[1], self.metrics_names, listening[0], self.reset_metrics)
            if not (sources.is_source(vx) or sources.is_tensors(vx)):
                held.extend(self._batches("test", vx, vy, vw, size, None, "drawn"))
            told = f", validate on {held[0].count if held else validation_steps} {held[0].unit if held else 'steps'}"
        if verbose and (isinstance(batches, sources.ArrayBatches) or isinstance(x, sources.Dataset) or hasattr(x, "get_next")):
            print(f"Train on {batches.count} {batches.unit}{told}")
        names = self.metrics_names if self.outputs is not None else None
        listeners = self._listening(callbacks, history, verbose, batches, epochs, validate is not None, batch_size)
        listening.append(listeners)
        loops.train(self, batches, run, _Names(self, names), listeners, initial_epoch, epochs, validate, validation_freq, self.reset_metrics)
        return history

    def _split(self, x: Any, y: Any, sample_weight: Any, part: float) -> tuple[Any, Any, Any, Any]:
        """Arrays to train on, and (x, y, weights) to evaluate with: the end of the arrays. FeedError: nothing would be left."""
        if not 0 < part < 1:
            raise FeedError(f"validation_split is between 0 and 1, not {part}{here()}")
        xs, ys, ws, ranks = self._standard(x, y, sample_weight)
        at = int(data.same_count(xs, ys, ws) * (1.0 - part))
        if not at:
            raise FeedError(f"validation_split={part} leaves no example to train on{here()}")
        first, last = zip(*(data.split(held, at) for held in (xs, ys, ws)), strict=True)
        names = [end.name for end in self._known().ends if end.trained]
        weighted = [end.name for end, rank in zip(self._known().ends, ranks, strict=True) if rank]

        def back(held: Any) -> tuple[Any, Any, Any]:
            return (dict(zip(self.input_names, held[0], strict=True)), dict(zip(names, held[1], strict=True)) or None,
                    dict(zip(weighted, held[2], strict=True)) or None)
        return (*back(first), back(last))

    def _listening(self, callbacks: Any, history: Any, verbose: int, batches: Any, epochs: int, validates: bool,
                   batch_size: Any) -> cbks.CallbackList:
        """The callbacks, told what is run."""
        names = self.metrics_names if self._compiled is not None and self.outputs is not None else ["loss"]
        found = cbks.with_own(callbacks, history, verbose, batches.unit, names[1:])
        found.set_model(self)
        found.set_params({"batch_size": batch_size, "epochs": epochs, "verbose": verbose, "do_validation": validates,
                          "steps": batches.count if batches.unit == "steps" else -(-batches.count // batches.size),
                          "samples": batches.count if batches.unit == "samples" else None,
                          "metrics": [*names, *(f"val_{n}" for n in names if validates)]})
        self.history = history
        return found

    def evaluate(self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: int = 1, sample_weight: Any = None,
                 steps: int | None = None, callbacks: Any = None, max_queue_size: int = 10, workers: int = 1,
                 use_multiprocessing: bool = False) -> Any:
        """The loss, and with metrics a list of the loss and each of them (`metrics_names`), of data as `fit` takes them.

        FeedError: data that do not fit. GraphError: the model is not compiled.
        """
        self._known()
        batches, run = self._batches("test", x, y, sample_weight, batch_size, steps, False)
        listeners = self._listening(callbacks, cbks.History(), verbose, batches, 1, False, batch_size)
        found = loops.evaluate(self, batches, run, _Names(self, None), listeners, self.reset_metrics)
        return found[0] if len(found) == 1 else found

    def predict(self, x: Any, batch_size: int | None = None, verbose: int = 0, steps: int | None = None, callbacks: Any = None,
                max_queue_size: int = 10, workers: int = 1, use_multiprocessing: bool = False) -> Any:
        """The outputs for inputs as `fit` takes them: an array, or a list for several outputs. FeedError: data that do not fit."""
        batches, run = self._batches("predict", x, None, None, batch_size, steps, False)
        listeners = self._listening(callbacks, cbks.History(), verbose, batches, 1, False, batch_size)
        found = loops.predict(batches, run, listeners)
        return found[0] if len(found) == 1 else found

    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, reset_metrics: bool = True) -> Any:
        """One step of training with these examples: the loss, and the metrics behind it. FeedError: data that do not fit."""
        return self._on_batch("train", x, y, sample_weight, class_weight, reset_metrics)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, reset_metrics: bool = True) -> Any:
        """The loss, and the metrics behind it, of these examples. FeedError: data that do not fit."""
        return self._on_batch("test", x, y, sample_weight, None, reset_metrics)

    def _on_batch(self, mode: str, x: Any, y: Any, sample_weight: Any, class_weight: Any, anew: bool) -> Any:
        self._known()
        xs, ys, ws, ranks = self._standard(x, y, sample_weight, class_weight)
        if anew:
            self.reset_metrics()
        found = list(self._step(mode, ranks)(*xs, *ys, *ws))
        return found[0] if len(found) == 1 else found

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for these examples: an array, or a list for several outputs. FeedError: data that do not fit."""
        xs = self._standard(x, targets=False)[0]
        found = list(self._step("predict", ())(*xs))
        return found[0] if len(found) == 1 else found

    # ------------------------------------------------------------------ by their older names

    def fit_generator(self, generator: Any, steps_per_epoch: int | None = None, epochs: int = 1, verbose: int = 1, callbacks: Any = None,
                      validation_data: Any = None, validation_steps: int | None = None, validation_freq: Any = 1, class_weight: Any = None,
                      max_queue_size: int = 10, workers: int = 1, use_multiprocessing: bool = False, shuffle: bool = True,
                      initial_epoch: int = 0) -> cbks.History:
        """`fit` with a generator, or a `Sequence`."""
        return self.fit(generator, epochs=epochs, verbose=verbose, callbacks=callbacks, validation_data=validation_data, shuffle=shuffle,
                        class_weight=class_weight, initial_epoch=initial_epoch, steps_per_epoch=steps_per_epoch,
                        validation_steps=validation_steps, validation_freq=validation_freq)

    def evaluate_generator(self, generator: Any, steps: int | None = None, callbacks: Any = None, max_queue_size: int = 10, workers: int = 1,
                           use_multiprocessing: bool = False, verbose: int = 0) -> Any:
        """`evaluate` with a generator, or a `Sequence`."""
        return self.evaluate(generator, steps=steps, callbacks=callbacks, verbose=verbose)

    def predict_generator(self, generator: Any, steps: int | None = None, callbacks: Any = None, max_queue_size: int = 10, workers: int = 1,
                          use_multiprocessing: bool = False, verbose: int = 0) -> Any:
        """`predict` with a generator, or a `Sequence`."""
        return self.predict(generator, steps=steps, callbacks=callbacks, verbose=verbose)


class _Names(Sequence[str]):
    """The names of what is reported, asked for when they are needed: a model that the first batch makes has none before."""

    def __init__(self, model: Model, names: list[str] | None):
        self._model, self._names = model, names

    def _found(self) -> list[str]:
        if self._names is None:
            self._names = self._model.metrics_names
        return self._names

    def __len__(self) -> int:
        return len(self._found())

    def __getitem__(self, index: Any) -> Any:
        return self._found()[index]

    def __iter__(self) -> Any:
        return iter(self._found())


# Losses whose targets have the shape of the outputs.
_LIKE_OUTPUT = ("mean_squared_error", "binary_crossentropy", "categorical_crossentropy")


def _target_shape(end: Any) -> Any:
    """The shape of the targets, with the batch: that of the output where the loss wants it; None for any."""
    from .compiled import function_name
    dims = end.output.type.shape
    return tuple(d if isinstance(d, int) else None for d in dims) if dims is not None and function_name(end.loss) in _LIKE_OUTPUT else None


def _is_parts(given: Any) -> bool:
    """Whether validation data are (x, y) or (x, y, weights), and no source of batches."""
    return isinstance(given, (tuple, list)) and len(given) in (2, 3)


def _times(weights: Any, others: Any) -> Any:
    return others if weights is None else np.asarray(weights) * others


def _for_output(class_weight: Any, name: str) -> Any:
    """The weights of the classes of one output."""
    inner = class_weight.get(name) if isinstance(class_weight, dict) else None
    return inner if isinstance(inner, dict) else class_weight
