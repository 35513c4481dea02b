"""`tf.contrib.gan.losses`: losses of adversarial networks as functions of a model; `wargs` has them as functions of its parts."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ....errors import ArgumentError, GraphError
from ....ir.node import Node, here
from ....tf1_names import namespace as _namespace
from ..namedtuples import CycleGANModel
from . import wargs as wargs

__all__ = ["acgan_discriminator_loss", "acgan_generator_loss", "combine_adversarial_loss", "cycle_consistency_loss",
           "least_squares_discriminator_loss", "least_squares_generator_loss", "minimax_discriminator_loss", "minimax_generator_loss",
           "modified_discriminator_loss", "modified_generator_loss", "mutual_information_penalty", "wasserstein_discriminator_loss",
           "wasserstein_generator_loss", "wasserstein_gradient_penalty", "wargs"]


def _of_model(name: str) -> Callable[..., Node]:
    """The loss of that name as a function of a model, which has what the loss takes under the same names."""
    loss = getattr(wargs, name)
    takes = inspect.signature(loss).parameters

    def of_model(gan_model: Any, **kwargs: Any) -> Node:
        had = {word: getattr(gan_model, word) for word in takes if word in gan_model._fields}
        twice = sorted(had.keys() & kwargs.keys())
        missing = [word for word, p in takes.items() if p.default is p.empty and word not in had and word not in kwargs]
        if twice or missing:
            raise ArgumentError(f"{name}: the {type(gan_model).__name__} has {twice[0]} itself{here()}" if twice else
                                f"{name}: neither the {type(gan_model).__name__} nor a keyword has {missing[0]}{here()}")
        made: Node = loss(**had, **kwargs)
        return made
    of_model.__name__ = of_model.__qualname__ = name
    of_model.__doc__ = (f"`losses.wargs.{name}` of a model; further arguments are keywords. ArgumentError: the model has not what it takes, or a "
                        "keyword names what it has.")
    return of_model


acgan_discriminator_loss = _of_model("acgan_discriminator_loss")
acgan_generator_loss = _of_model("acgan_generator_loss")
least_squares_discriminator_loss = _of_model("least_squares_discriminator_loss")
least_squares_generator_loss = _of_model("least_squares_generator_loss")
minimax_discriminator_loss = _of_model("minimax_discriminator_loss")
minimax_generator_loss = _of_model("minimax_generator_loss")
modified_discriminator_loss = _of_model("modified_discriminator_loss")
modified_generator_loss = _of_model("modified_generator_loss")
mutual_information_penalty = _of_model("mutual_information_penalty")
wasserstein_discriminator_loss = _of_model("wasserstein_discriminator_loss")
wasserstein_generator_loss = _of_model("wasserstein_generator_loss")
wasserstein_gradient_penalty = _of_model("wasserstein_gradient_penalty")


def combine_adversarial_loss(gan_loss: Any, gan_model: Any, non_adversarial_loss: Any, weight_factor: Any = None, gradient_ratio: Any = None,
                             gradient_ratio_epsilon: Any = 1e-6, scalar_summaries: bool = True, gradient_summaries: bool = True) -> Any:
    """The `GANLoss`, the generator's loss being beside another one: `losses.wargs.combine_adversarial_loss`, by the generator's variables.

    ArgumentError: neither factor nor ratio, or both. ShapeError: a loss is no scalar.
    """
    combined = wargs.combine_adversarial_loss(non_adversarial_loss, gan_loss.generator_loss, weight_factor, gradient_ratio,
                                              gradient_ratio_epsilon, gan_model.generator_variables, scalar_summaries, gradient_summaries)
    return gan_loss._replace(generator_loss=combined)


def cycle_consistency_loss(cyclegan_model: Any, scope: str | None = None, add_summaries: bool = False) -> Node:
    """`losses.wargs.cycle_consistency_loss` of a `CycleGANModel`'s data. GraphError: another model."""
    if not isinstance(cyclegan_model, CycleGANModel):
        raise GraphError(f"cycle_consistency_loss takes a CycleGANModel, not a {type(cyclegan_model).__name__}{here()}")
    return wargs.cycle_consistency_loss(cyclegan_model.model_x2y.generator_inputs, cyclegan_model.reconstructed_x,
                                        cyclegan_model.model_y2x.generator_inputs, cyclegan_model.reconstructed_y, scope, add_summaries)


_namespace(globals())
