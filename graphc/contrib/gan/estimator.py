"""`tf.contrib.gan.estimator`: adversarial networks as estimators, which train, evaluate and make data by way of checkpoints."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from ... import metrics, summary
from ...errors import ArgumentError, GraphError, ShapeError
from ...estimator.estimator import Estimator
from ...estimator.spec import EstimatorSpec, ModeKeys
from ...ir.arguments import hold as _hold
from ...ir.graph import name_scope
from ...ir.node import Node, describe, here
from ...ops.array import concat, reshape, transpose
from ...tf1_names import namespace as _namespace
from ...variables import variable_scope
from ..framework import get_trainable_variables
from .namedtuples import GANLoss, GANModel
from .train import Hooks, gan_model, gan_train_ops, get_sequential_train_hooks, tensors

__all__ = ["GANEstimator", "SummaryType"]
__path__: list[str] = []           # a package: programs import modules from within


class SummaryType(enum.IntEnum):
    """What a `GANEstimator` writes of its model: histograms of variables, pictures, or pictures beside what they were made of."""

    NONE = 0
    VARIABLES = 1
    IMAGES = 2
    IMAGE_COMPARISON = 3


# ---------------------------------------------------------------------- summaries

def _pictures(what: str, x: Any) -> Node:
    if not isinstance(x, Node) or x.type.rank != 4 or x.type.shape is None or None in x.type.shape[1:]:
        said = describe(x) if isinstance(x, Node) else f"{x!r:.60}"
        raise ShapeError(f"GANEstimator: for summaries of pictures the {what}, {said}, is [batch, height, width, channels] of known sizes{here()}")
    return x


def _grid(x: Node, rows: int, columns: int) -> Node:
    """The first pictures side by side, as one: [1, rows * height, columns * width, channels]."""
    height, width, channels = (n for n in x.shape.as_list()[1:] if n is not None)           # all are known
    parts = reshape(x[:rows * columns], [rows, columns, height, width, channels])
    return reshape(transpose(parts, perm=[0, 2, 1, 3, 4]), [1, rows * height, columns * width, channels])


def _of_variables(model: GANModel) -> None:
    for scope, held in (("generator_variables", model.generator_variables), ("discriminator_variables", model.discriminator_variables)):
        with name_scope(scope):
            for v in held:
                summary.histogram(v.op.name, v)


def _of_pictures(model: GANModel) -> None:
    for name, x in (("real_data", model.real_data), ("generated_data", model.generated_data)):
        summary.image(name, _grid(_pictures(name, x), 4, 4), max_outputs=1)
    _of_variables(model)


def _of_comparisons(model: GANModel) -> None:
    given = [_pictures(name, getattr(model, name))[:2] for name in ("generator_inputs", "generated_data", "real_data")]
    summary.image("image_comparison", _grid(concat(given, 0), 3, 2), max_outputs=1)


_WRITTEN: dict[SummaryType, Callable[[GANModel], None]] = {
    SummaryType.NONE: lambda model: None, SummaryType.VARIABLES: _of_variables, SummaryType.IMAGES: _of_pictures,
    SummaryType.IMAGE_COMPARISON: _of_comparisons}


# ---------------------------------------------------------------------- the estimator

def _told(function: Callable[..., Any], mode: str) -> Callable[..., Any]:
    """A network's function, with the mode if it takes one."""
    return partial(function, mode=mode) if "mode" in inspect.signature(function).parameters else function


def _generated(generator_fn: Callable[..., Any], inputs: Any) -> Any:
    """What the generator makes, in the scope that training has it in."""
    with variable_scope("Generator") as scope:
        given = tensors(inputs)
        made = _told(generator_fn, ModeKeys.PREDICT)(given)
    return GANModel(given, made, get_trainable_variables(scope), scope, generator_fn, *[None] * 6).generated_data


class GANEstimator(Estimator):
    """An estimator of `gan_model`: features are the generator's inputs, labels the real data; `predict` gives what the generator makes.

    The functions as of `gan_model`, each with the argument `mode` if it takes one; losses as of `tf.contrib.gan.losses`; optimizers, or functions
    that make them. `get_hooks_fn(train_ops)` gives the hooks that train, by default `get_sequential_train_hooks()`;
    `get_eval_metric_ops_fn(gan_model)` more metrics beside both losses; `add_summaries`: a `SummaryType`, or several. ArgumentError: what is to
    be a function is none. GraphError, by a call: no real data to train on, or some to predict of.
    """

    def __init__(self, model_dir: Any = None, generator_fn: Any = None, discriminator_fn: Any = None, generator_loss_fn: Any = None,
                 discriminator_loss_fn: Any = None, generator_optimizer: Any = None, discriminator_optimizer: Any = None,
                 get_hooks_fn: Hooks | None = None, get_eval_metric_ops_fn: Callable[[GANModel], Any] | None = None, add_summaries: Any = None,
                 use_loss_summaries: bool | None = True, config: Any = None, warm_start_from: Any = None, is_chief: bool = True):
        functions = {"generator_fn": generator_fn, "discriminator_fn": discriminator_fn, "generator_loss_fn": generator_loss_fn,
                     "discriminator_loss_fn": discriminator_loss_fn,
                     **{k: v for k, v in (("get_hooks_fn", get_hooks_fn), ("get_eval_metric_ops_fn", get_eval_metric_ops_fn)) if v is not None}}
        for word, function in functions.items():
            if not callable(function):
                raise ArgumentError(f"GANEstimator: {word} is a function, not {function!r:.60}{here()}")
        kinds = list(add_summaries) if isinstance(add_summaries, (list, tuple)) else [] if add_summaries is None else [add_summaries]
        for kind in kinds:
            if kind not in _WRITTEN:
                raise ArgumentError(f"GANEstimator: add_summaries is a SummaryType, or several, not {kind!r:.40}{here()}")
        options = {} if use_loss_summaries is None else {"add_summaries": use_loss_summaries}

        def model_fn(features: Any, labels: Any, mode: str) -> EstimatorSpec:
            if mode == ModeKeys.PREDICT:
                if labels is not None:
                    raise GraphError(f"GANEstimator: to predict there are no labels, and the input function gives {labels!r:.60}{here()}")
                return EstimatorSpec(mode, _generated(generator_fn, features))
            if labels is None:
                raise GraphError(f"GANEstimator: there are no real data; the input function gives them beside the generator's inputs{here()}")
            model = gan_model(_told(generator_fn, mode), _told(discriminator_fn, mode), labels, features, check_shapes=False)
            with name_scope(None):
                for kind in kinds:
                    _WRITTEN[SummaryType(kind)](model)
            loss = GANLoss(generator_loss_fn(model, **options), discriminator_loss_fn(model, **options))
            total = loss.generator_loss + loss.discriminator_loss
            if mode == ModeKeys.EVAL:
                more = get_eval_metric_ops_fn(model) if get_eval_metric_ops_fn is not None else {}
                if not isinstance(more, dict):
                    raise ArgumentError(f"GANEstimator: get_eval_metric_ops_fn gives a dict of metrics, not {more!r:.60}{here()}")
                own = {"generator_loss": metrics.mean(loss.generator_loss), "discriminator_loss": metrics.mean(loss.discriminator_loss)}
                return EstimatorSpec(mode, model.generated_data, total, eval_metric_ops={**own, **more})
            first, second = (o() if callable(o) else o for o in (generator_optimizer, discriminator_optimizer))
            ops = gan_train_ops(model, loss, first, second, is_chief=is_chief)
            return EstimatorSpec(mode, None, total, ops.global_step_inc_op, training_hooks=(get_hooks_fn or get_sequential_train_hooks())(ops))
        super().__init__(model_fn=model_fn, model_dir=model_dir, config=config, warm_start_from=warm_start_from)


_hold(globals(), ["SummaryType"])

_namespace(globals())
