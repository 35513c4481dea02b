"""What `compile` says of a model, and the graphs of losses, metrics and updates that are made of it: one run takes one batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ... import logging
from ...errors import GraphError
from ...ir.node import Node, Operation, here
from ...ops.array import expand_dims
from ...ops.math import add_n, cast, multiply
from ...ops.sources import placeholder
from .. import losses, metrics, optimizers
from ..backend import state
from . import history

Step = Callable[..., Sequence[Any]]


class End:
    """One output of a model: its loss, the weight of it, its metrics, and what is fed for it."""

    def __init__(self, name: str, output: Node, loss: Any, weight: float, plain: list[Any], weighted: list[Any]):
        self.name, self.output, self.loss, self.weight, self.plain, self.weighted = name, output, loss, weight, plain, weighted
        self.target: Node | None = None
        self.sample_weights: dict[int, Node] = {}       # by their rank
        self.mean: Any = None           # of its loss over the batches, where the model has several

    @property
    def sparse(self) -> bool:
        """Whether its targets are numbers of classes."""
        return function_name(self.loss).startswith("sparse_")

    @property
    def trained(self) -> bool:
        """Whether it has a target."""
        return self.loss is not None

    def fed(self, rank: int) -> Node:
        """The placeholder of the target, of arrays of that rank at the first time."""
        if self.target is None:
            with self.output.graph.as_default():
                self.target = placeholder(self.output.dtype, [None] * rank, name=f"{self.name}_target")
        return self.target

    def weights(self, rank: int) -> Node:
        """The placeholder of sample weights of that rank."""
        if rank not in self.sample_weights:
            with self.output.graph.as_default():
                self.sample_weights[rank] = placeholder(state.floatx(), [None] * rank, name=f"{self.name}_sample_weights")
        return self.sample_weights[rank]


def function_name(loss: Any) -> str:
    """The name of the function that a loss is, or wraps; else of its class."""
    fn = getattr(loss, "fn", loss)
    return str(getattr(fn, "__name__", type(fn).__name__))


class Compiled:
    """What `compile` was told: an optimizer, a loss for each output, metrics; and the runnable steps, each made once."""

    def __init__(self, model: Any, optimizer: Any, loss: Any, given: Any, loss_weights: Any, sample_weight_mode: Any, weighted: Any,
                 target_tensors: Any):
        self.model, self.loss, self.loss_weights, self.sample_weight_mode = model, loss, loss_weights, sample_weight_mode
        self.optimizer = optimizers.get(optimizer)
        self.given, self.given_weighted, self.target_tensors = given, weighted, target_tensors
        self._ends: list[End] | None = None
        self._built: dict[Any, Any] = {}
        self._steps: dict[Any, tuple[Any, Step]] = {}
        self.stepped = False            # whether the optimizer has what it keeps
        self.restored: Any = None       # values, by names, that it is to begin with
        # Of each layer whether it is trained: as now, or, if there are no inputs yet, as at the first step.
        self._flags: list[tuple[Any, bool]] | None = None if model.outputs is None else _flags_of(model)

    # ------------------------------------------------------------------ outputs

    @property
    def ends(self) -> list[End]:
        """The outputs with their losses and metrics. GraphError: a loss or metric for an output that there is not."""
        if self._ends is None:
            model, names = self.model, self.model.output_names
            found = self._each(self.loss, names, "loss")
            scales = self._each(self.loss_weights, names, "loss_weights")
            plain = self._each_list(self.given, names, "metrics")
            weighted = self._each_list(self.given_weighted, names, "weighted_metrics")
            targets = self._each(self.target_tensors, names, "target_tensors")
            self._ends = []
            with model.outputs[0].graph.as_default():
                for i, (name, x) in enumerate(zip(names, model.outputs, strict=True)):
                    end = End(name, x, None if found[i] is None else losses.get(found[i]), 1.0 if scales[i] is None else float(scales[i]), [], [])
                    end.target = targets[i]
                    many = len(names) > 1
                    end.plain, end.weighted = ([self._metric(m, end, many, prefix) for m in held]
                                               for held, prefix in ((plain[i], ""), (weighted[i], "weighted_")))
                    if many and end.trained:
                        end.mean = metrics.Mean(name=f"{name}_loss")
                    self._ends.append(end)
        return self._ends

    def _each(self, given: Any, names: list[str], what: str) -> list[Any]:
        """What is given for each output: by name, in order, or the same for all."""
        if isinstance(given, Mapping):
            unknown = [k for k in given if k not in names]
            if unknown:
                raise GraphError(f"{what}: {unknown[0]!r:.60} is no output of the model; there are {', '.join(names)}{here()}")
            return [given.get(name) for name in names]
        if isinstance(given, (list, tuple)):
            if len(given) != len(names):
                raise GraphError(f"{what}: {len(given)} given for {len(names)} outputs of the model{here()}")
            return list(given)
        return [given] * len(names)

    def _each_list(self, given: Any, names: list[str], what: str) -> list[list[Any]]:
        """The metrics of each output: a list for all of them, or lists by name or in order."""
        if given is None:
            return [[] for _ in names]
        if isinstance(given, (list, tuple)) and not any(isinstance(g, (list, tuple)) for g in given):
            return [list(given) for _ in names]
        each = self._each(given, names, what)
        return [list(e) if isinstance(e, (list, tuple)) else [] if e is None else [e] for e in each]

    def _metric(self, given: Any, end: End, many: bool, prefix: str) -> Any:
        """The metric object that a name, a function or an object stands for, of which there is one for each output."""
        if isinstance(given, metrics.Metric):
            found = given if not many else given.from_config(given.get_config())
        else:
            fn, name = _function_of(given, end)
            found = fn if isinstance(fn, metrics.Metric) else metrics.MeanMetricWrapper(fn, name=f"{prefix}{name}")
        if many:
            found._name = f"{end.name}_{found.name}"
        return found

    @property
    def metrics(self) -> list[Any]:
        """The metric objects, in the order in which they are reported."""
        means = [end.mean for end in self.ends if end.mean is not None]
        return [*means, *(m for end in self.ends for m in (*end.plain, *end.weighted)), *(m for m, _ in self._added())]

    @property
    def names(self) -> list[str]:
        """The names of what is reported: the loss, and the metrics."""
        names = ["loss"]
        for m in self.metrics:
            name, count = m.name, 1
            while name in names:
                name, count = f"{m.name}_{count}", count + 1
            names.append(name)
        return names

    def _added(self) -> list[tuple[Any, Any]]:
        """Metrics that layers added, each with its value."""
        if "added" not in self._built:
            held = [(name, value) for layer, _ in self.model._within() for name, value, _ in layer._metric_values]
            with self.model.outputs[0].graph.as_default():
                self._built["added"] = [(metrics.Mean(name=name), value) for name, value in held]
        found: list[tuple[Any, Any]] = self._built["added"]
        return found

    # ------------------------------------------------------------------ graphs

    def _weighing(self, end: End, fed: Node | None) -> Any:
        """The weights of an output's examples: what is fed, times its mask."""
        mask = history.mask_of(end.output)
        if mask is None:
            return fed
        mask = cast(mask, end.output.dtype)
        if fed is None:
            return mask
        while fed.type.rank is not None and mask.type.rank is not None and fed.type.rank < mask.type.rank:
            fed = expand_dims(fed, axis=-1)
        return multiply(fed, mask)

    def report(self, ranks: tuple[int, ...]) -> tuple[Node, list[Node], list[Any]]:
        """The total loss, what metrics say, and the operations that move them on; `ranks`: of the sample weights fed for each output, 0 for none."""
        key = ("report", ranks)
        if key not in self._built:
            with self.model.outputs[0].graph.as_default():
                self._built[key] = self._report(ranks)
        found: tuple[Node, list[Node], list[Any]] = self._built[key]
        return found

    def _report(self, ranks: tuple[int, ...]) -> tuple[Node, list[Node], list[Any]]:
        graph = self.model.outputs[0].graph
        total: list[Node] = []
        told: dict[Any, Node] = {}
        moves: list[Any] = []

        def follow(metric: Any, *given: Any, **options: Any) -> None:
            move = metric.update_state(*given, **options)
            with graph.control_dependencies([move]):
                told[metric] = metric.result()
            moves.append(move)

        for end, rank in zip(self.ends, ranks, strict=True):
            if not end.trained:
                continue
            assert end.target is not None
            fed = end.weights(rank) if rank else None
            with graph.name_scope("loss"), graph.name_scope(f"{end.name}_loss"):
                loss = _loss_of(end, self._weighing(end, fed))
            if end.mean is not None:
                follow(end.mean, loss)
            for metric in end.plain:
                follow(metric, end.target, end.output, sample_weight=self._weighing(end, None))
            for metric in end.weighted:
                follow(metric, end.target, end.output, sample_weight=self._weighing(end, fed))
            total.append(loss if end.weight == 1.0 else loss * end.weight)
        with graph.name_scope("loss"):
            total += [cast(loss, total[0].dtype) if total else loss for loss in self.model.losses]
            if not total:
                raise GraphError(f"the model {self.model.name} cannot be compiled because it has no loss to optimize{here()}")
            loss = total[0] if len(total) == 1 else add_n(total)
        for metric, value in self._added():
            follow(metric, value)
        return loss, [told[m] for m in self.metrics], moves

    def fetches(self, mode: str, ranks: tuple[int, ...]) -> tuple[list[Any], int]:
        """What a run of one batch fetches, and how many of these are told."""
        if mode == "predict":
            return [*self.model.outputs, *_nodes(self.model.state_updates)], len(self.model.outputs)
        loss, told, moves = self.report(ranks)
        ops = list(moves)
        if mode == "train":
            key = ("train", ranks)
            if key not in self._built:
                with loss.graph.as_default(), loss.graph.name_scope("training"), self._as_compiled():
                    params = self.model.trainable_weights
                    self._built[key] = [*(self.optimizer.get_updates(loss, params) if params else ()), *self.model.updates]
                    self.stepped = bool(params)
                    self._restore()
            ops += self._built[key]
        else:
            ops += self.model.state_updates
        return [loss, *told, *_nodes(ops)], 1 + len(told)

    @contextmanager
    def _as_compiled(self) -> Iterator[None]:
        """Within it layers are trained or not as when the model was compiled: in two nets that share layers each says which it trains."""
        now = _flags_of(self.model)
        if self._flags is None:
            self._flags = now
        trained, meant = ({v for layer, flag in held if flag for v in layer._weights} for held in (now, self._flags))
        if trained != meant:
            logging.warning("%s trains what it did when it was compiled: of its layers others are trainable now; compile says so anew",
                            self.model.name)
        try:
            _set(self._flags)
            yield
        finally:
            _set(now)

    def _restore(self) -> None:
        """Give the optimizer what a file has of it."""
        if self.restored and self.stepped:
            for variable, (_, array) in zip(self.kept(), self.restored, strict=False):
                if variable.shape.as_list() == list(array.shape):
                    state.session_of(variable.graph).load(variable, array)
        self.restored = None

    def kept(self) -> list[Any]:
        """The variables that the optimizer keeps, as Keras orders them: the count of steps, then those of one name beside each weight."""
        slots: dict[str, list[Any]] = {}
        for variable in self.optimizer.weights if self.stepped else ():
            slots.setdefault(variable.label.rpartition("/")[2], []).append(variable)
        return [variable for held in slots.values() for variable in held]

    def feeds(self, mode: str, ranks: tuple[int, ...]) -> list[Node]:
        """What a run of one batch feeds: inputs, targets, sample weights, and in training the learning phase."""
        found = list(self.model.inputs)
        if mode != "predict":
            found += [end.target for end in self.ends if end.trained and end.target is not None]
            found += [end.weights(rank) for end, rank in zip(self.ends, ranks, strict=True) if rank]
        phase = state.phase_tensor(self.model.outputs[0].graph)
        return [*found, phase] if mode == "train" and phase is not None else found

    def step(self, mode: str, ranks: tuple[int, ...]) -> Step:
        """A function of the arrays of one batch, which runs it: what it returns begins with the loss and the metrics."""
        graph = self.model.outputs[0].graph
        session = state.session_of(graph)
        key = (mode, ranks)
        held = self._steps.get(key)
        if held is None or held[0] is not session:
            with graph.as_default():
                fetches, told = self.fetches(mode, ranks)
                feeds = self.feeds(mode, ranks)
            run = session.make_callable(fetches, feeds)
            if mode == "train" and state.phase_tensor(graph) is not None:
                inner, on = run, np.True_
                run = lambda *arrays: inner(*arrays, on)  # noqa: E731
            held = self._steps[key] = (session, _first(run, told, len(fetches)))
        return held[1]


def _flags_of(model: Any) -> list[tuple[Any, bool]]:
    """The model and all layers in it, each with whether it is trained."""
    return [(layer, layer._trainable) for layer, _ in model._within()]


def _set(held: list[tuple[Any, bool]]) -> None:
    for layer, trained in held:
        layer._trainable = trained


def _first(run: Step, told: int, count: int) -> Step:
    """The step, without what operations give."""
    return run if told == count else lambda *arrays: run(*arrays)[:told]


def _nodes(operations: Sequence[Any]) -> list[Any]:
    """Operations as what a run fetches."""
    return [op.node if isinstance(op, Operation) else op for op in operations]


def _loss_of(end: End, weights: Any) -> Node:
    """The loss of an output: the mean over the batch of what the loss function gives, by the weights."""
    loss: Node = end.loss(end.target, end.output, sample_weight=weights) if isinstance(end.loss, losses.Loss) else \
        losses.LossFunctionWrapper(end.loss, name=function_name(end.loss))(end.target, end.output, sample_weight=weights)
    return loss


# Names of metrics that depend on what the output is, with the functions for one value a row, for numbers of classes, and for one-hot rows.
_BY_OUTPUT = {"accuracy": ("binary_accuracy", "sparse_categorical_accuracy", "categorical_accuracy"),
              "crossentropy": ("binary_crossentropy", "sparse_categorical_crossentropy", "categorical_crossentropy")}
_SHORT = {"acc": "accuracy", "ce": "crossentropy"}
_TOLD = {"accuracy": "acc", "crossentropy": "ce"}       # how TensorFlow 1 reports them


def _function_of(given: Any, end: End) -> tuple[Any, str]:
    """The function of a metric, and the name by which it is reported: as in TensorFlow 1 that of the function, and `acc`."""
    word = _SHORT.get(given, given) if isinstance(given, str) else None
    if word in _BY_OUTPUT:
        dims = end.output.type.shape
        one = bool(dims) and dims is not None and dims[-1] == 1 or function_name(end.loss) == "binary_crossentropy"
        return getattr(metrics, _BY_OUTPUT[word][0 if one else 1 if end.sparse else 2]), _TOLD[word]
    found = metrics.get(given)
    return found, function_name(found)


__all__ = ["Compiled", "End", "function_name"]
