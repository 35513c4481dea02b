"""What `tf.contrib.gan` hands from one step to the next: models, losses, operations that train, and how often each is run, as named tuples."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["ACGANModel", "CycleGANLoss", "CycleGANModel", "GANLoss", "GANModel", "GANTrainOps", "GANTrainSteps", "InfoGANModel"]


class GANModel(NamedTuple):
    """A generator and a discriminator, with what they made of real data and of noise (Goodfellow et al. 2014).

    >>> tf.contrib.gan.GANModel._fields[:3]
    ('generator_inputs', 'generated_data', 'generator_variables')
    """

    generator_inputs: Any
    generated_data: Any
    generator_variables: Any
    generator_scope: Any
    generator_fn: Any
    real_data: Any
    discriminator_real_outputs: Any
    discriminator_gen_outputs: Any
    discriminator_variables: Any
    discriminator_scope: Any
    discriminator_fn: Any


class InfoGANModel(NamedTuple):
    """A `GANModel` whose discriminator also says which structured noise a picture was made of, as distributions (Chen et al. 2016).

    >>> tf.contrib.gan.InfoGANModel._fields[11:]
    ('structured_generator_inputs', 'predicted_distributions', 'discriminator_and_aux_fn')
    """

    generator_inputs: Any
    generated_data: Any
    generator_variables: Any
    generator_scope: Any
    generator_fn: Any
    real_data: Any
    discriminator_real_outputs: Any
    discriminator_gen_outputs: Any
    discriminator_variables: Any
    discriminator_scope: Any
    discriminator_fn: Any
    structured_generator_inputs: Any
    predicted_distributions: Any
    discriminator_and_aux_fn: Any


class ACGANModel(NamedTuple):
    """A `GANModel` whose discriminator also classifies (Odena, Olah and Shlens 2017).

    >>> tf.contrib.gan.ACGANModel._fields[11:]
    ('one_hot_labels', 'discriminator_real_classification_logits', 'discriminator_gen_classification_logits')
    """

    generator_inputs: Any
    generated_data: Any
    generator_variables: Any
    generator_scope: Any
    generator_fn: Any
    real_data: Any
    discriminator_real_outputs: Any
    discriminator_gen_outputs: Any
    discriminator_variables: Any
    discriminator_scope: Any
    discriminator_fn: Any
    one_hot_labels: Any
    discriminator_real_classification_logits: Any
    discriminator_gen_classification_logits: Any


class CycleGANModel(NamedTuple):
    """Two `GANModel`s, each of which makes of the one's data the other's, and what both make of it, one after the other (Zhu et al. 2017).

    >>> tf.contrib.gan.CycleGANModel._fields
    ('model_x2y', 'model_y2x', 'reconstructed_x', 'reconstructed_y')
    """

    model_x2y: Any
    model_y2x: Any
    reconstructed_x: Any
    reconstructed_y: Any


class GANLoss(NamedTuple):
    """What a generator and a discriminator are to make small.

    >>> tf.contrib.gan.GANLoss(1.0, 2.0)
    GANLoss(generator_loss=1.0, discriminator_loss=2.0)
    """

    generator_loss: Any
    discriminator_loss: Any


class CycleGANLoss(NamedTuple):
    """The `GANLoss` of each of a `CycleGANModel`'s two models.

    >>> tf.contrib.gan.CycleGANLoss._fields
    ('loss_x2y', 'loss_y2x')
    """

    loss_x2y: Any
    loss_y2x: Any


class GANTrainOps(NamedTuple):
    """What makes a step of the generator, of the discriminator, and counts them; and hooks that belong to these.

    >>> tf.contrib.gan.GANTrainOps(1, 2, 3).train_hooks
    ()
    """

    generator_train_op: Any
    discriminator_train_op: Any
    global_step_inc_op: Any
    train_hooks: Any = ()


class GANTrainSteps(NamedTuple):
    """How many steps of the generator and of the discriminator are one of both.

    >>> tf.contrib.gan.GANTrainSteps(1, 5)
    GANTrainSteps(generator_train_steps=1, discriminator_train_steps=5)
    """

    generator_train_steps: Any
    discriminator_train_steps: Any
